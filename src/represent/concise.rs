//! Concise: one record a line for each change, in the order in which changes were complete.
//!
//! After "Do Code Semantics Help? A Comprehensive Study on Execution Trace-Based Information for Code
//! Large Language Models", section 3.2. Unlike the released code, a call's changes come after its
//! callee's, arguments stand on the callee's line, exceptions and deletions are told as such.

use super::{
    Loss, Page, Profile, Representation, Request, Span, SpanKind, compat,
    records::{Change, Part, Record, Records},
    texts::{Texts, put_number, raised},
};
use crate::trace::{CodeKind, Trace};

/// The Concise format.
#[derive(Debug)]
pub(super) struct Concise;

impl Representation for Concise {
    fn name(&self) -> &'static str {
        "concise"
    }

    fn title(&self) -> &'static str {
        "Concise"
    }

    fn knows(&self, _: Profile) -> bool {
        true
    }

    fn write(&self, trace: &Trace, request: &Request, page: &mut Page) {
        if request.profile == Profile::Compat {
            return compat::concise(trace, request, page);
        }
        let records = Records::of(trace, request.window.clone());
        let mut texts = Texts::of(trace);
        for at in records.completed() {
            let record = &records.list[at];
            if !record.prelude {
                put(trace, record, &mut texts, page);
            }
        }
    }
}

fn put(trace: &Trace, record: &Record, texts: &mut Texts<'_>, page: &mut Page) {
    let changes = &record.changes;
    if !changes.is_empty() {
        let input = matches!(record.part, Part::Call | Part::Resume);
        let kind = match input {
            true => SpanKind::Input,
            false => SpanKind::State,
        };
        let names = changes.iter().map(|it| trace.name(it.name).clone());
        let span = about(record, kind).names(names);
        tell(record.line, page, span, |text| {
            if input {
                text.push_str("[INPUT] ");
            }
            let loss = changed(trace, changes, texts, text);
            if input {
                text.push_str(" [/INPUT]");
            }
            loss
        });
    }
    let mut raise = |kind, [before, after]: [&str; 2], exception| {
        tell(record.line, page, about(record, kind), |text| {
            text.push_str(before);
            text.push_str(&raised(trace.exception(exception)));
            text.push_str(after);
            Loss::Exact
        });
    };
    for &exception in &record.exceptions {
        let around = ["[EXCEPTION] ", " [/EXCEPTION]"];
        raise(SpanKind::Exception, around, exception);
    }
    if let Some(exception) = record.leaving {
        raise(
            SpanKind::Output,
            ["[OUTPUT] raise ", " [/OUTPUT]"],
            exception,
        );
    }
    // That the body of a file or a class is over is no value it gave.
    let gives = !matches!(
        trace.code(record.frame).kind,
        CodeKind::Module | CodeKind::Class
    );
    if let Some(value) = record.returned.or(record.yielded).filter(|_| gives) {
        tell(record.line, page, about(record, SpanKind::Output), |text| {
            let value = texts.repr(value);
            text.push_str("[OUTPUT] ");
            text.push_str(&value.whole);
            text.push_str(" [/OUTPUT]");
            if value.cut { Loss::Elided } else { Loss::Exact }
        });
    }
}

fn about(record: &Record, kind: SpanKind) -> Span {
    Span::new(kind, record.moments())
        .line(record.line)
        .frame(record.frame)
        .loss(match record.folded.is_empty() {
            true => Loss::Exact,
            false => Loss::Merged,
        })
}

/// Writes one record, `write` what it says and how much of it.
fn tell(line: u32, page: &mut Page, mut span: Span, write: impl FnOnce(&mut String) -> Loss) {
    let (start, text) = page.begin();
    text.push_str("[L");
    put_number(text, line);
    text.push_str("] ");
    let loss = write(text);
    text.push_str(" [/L");
    put_number(text, line);
    text.push_str("]\n");
    if span.loss == Loss::Exact {
        span.loss = loss;
    }
    page.told(start, span);
}

/// `a = 1, b = 2, del c`: what is bound, then what no longer is.
fn changed(trace: &Trace, changes: &[Change], texts: &mut Texts<'_>, text: &mut String) -> Loss {
    let mut loss = Loss::Exact;
    let mut separator = "";
    for change in changes {
        let Some(value) = change.value else { continue };
        let value = texts.repr(value);
        if value.cut {
            loss = Loss::Elided;
        }
        text.push_str(separator);
        text.push_str(trace.name(change.name));
        text.push_str(" = ");
        text.push_str(&value.whole);
        separator = ", ";
    }
    for change in changes.iter().filter(|it| it.value.is_none()) {
        text.push_str(separator);
        text.push_str("del ");
        text.push_str(trace.name(change.name));
        separator = ", ";
    }
    loss
}
