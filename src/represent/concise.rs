//! Concise: one record a line for each change, in the order in which changes were complete.
//!
//! After "Do Code Semantics Help? A Comprehensive Study on Execution Trace-Based Information for Code
//! Large Language Models", section 3.2. Unlike the released code, a call's changes come after its
//! callee's, arguments stand on the callee's line, exceptions and deletions are told as such.

use super::{
    Loss, Pen, Profile, Representation, Request, Span, SpanKind,
    annotate::gives,
    compat,
    records::{Change, Feed, Part, Record},
    texts::{Texts, put_number, raised},
};
use crate::trace::Trace;

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

    fn write(&self, trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
        if request.profile == Profile::Compat {
            return compat::concise(trace, request, pen);
        }
        let feed = Feed::of(trace, request.window.clone(), pen.keeps());
        let mut texts = Texts::of(trace);
        for record in feed.completed().filter(|it| !it.prelude) {
            put(trace, &record, &mut texts, pen);
            if pen.is_over() {
                break;
            }
        }
    }
}

fn put(trace: &Trace, record: &Record, texts: &mut Texts<'_>, pen: &mut Pen<'_>) {
    let changes = &record.changes;
    if !changes.is_empty() {
        let input = matches!(record.part, Part::Call | Part::Resume);
        let kind = match input {
            true => SpanKind::Input,
            false => SpanKind::State,
        };
        tell(trace, record, (kind, changes), pen, |text| {
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
        tell(trace, record, (kind, &[]), pen, |text| {
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
    if let Some(value) = record.returned.or(record.yielded)
        && gives(trace, record.frame)
    {
        tell(trace, record, (SpanKind::Output, &[]), pen, |text| {
            text.push_str("[OUTPUT] ");
            let cut = texts.put(value, text);
            text.push_str(" [/OUTPUT]");
            if cut { Loss::Elided } else { Loss::Exact }
        });
    }
}
/// Writes one text of a record, `write` what it says and how much of it; `changes` are those it tells.
fn tell(
    trace: &Trace,
    record: &Record,
    (kind, changes): (SpanKind, &[Change]),
    pen: &mut Pen<'_>,
    write: impl FnOnce(&mut String) -> Loss,
) {
    let (start, text) = pen.begin();
    text.push_str("[L");
    put_number(text, record.line);
    text.push_str("] ");
    let loss = write(text);
    text.push_str(" [/L");
    put_number(text, record.line);
    text.push_str("]\n");
    pen.told(start, || {
        Span::new(kind, record.moments())
            .line(record.line)
            .frame(record.frame)
            .names(changes.iter().map(|it| trace.name(it.name).clone()))
            .loss(match record.folded.is_empty() {
                true => loss,
                false => Loss::Merged,
            })
    });
}

/// `a = 1, b = 2, del c`: what is bound, then what no longer is.
fn changed(trace: &Trace, changes: &[Change], texts: &mut Texts<'_>, text: &mut String) -> Loss {
    let mut loss = Loss::Exact;
    let mut separator = "";
    for change in changes {
        let Some(value) = change.value else { continue };
        text.push_str(separator);
        text.push_str(trace.name(change.name));
        text.push_str(" = ");
        if texts.put(value, text) {
            loss = Loss::Elided;
        }
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
