//! Concise: one record a line for each change, in the order in which changes were complete.
//!
//! After "Do Code Semantics Help? A Comprehensive Study on Execution Trace-Based Information for Code
//! Large Language Models", section 3.2. Unlike the released code, a call's changes come after its
//! callee's, arguments stand on the callee's line, exceptions and deletions are told as such.

use std::fmt::Write as _;

use super::{
    Loss, Page, Profile, Representation, Request, Span, SpanKind, compat,
    records::{Change, Part, Record, Records},
    texts::{Texts, raised},
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
    let line = record.line;
    let mut tell = |kind, loss, text: std::fmt::Arguments<'_>| {
        let names = record.changes.iter().map(|it| trace.name(it.name).clone());
        let span = Span::new(kind, record.moments())
            .line(line)
            .frame(record.frame)
            .names(names.filter(|_| matches!(kind, SpanKind::State | SpanKind::Input)))
            .loss(if record.folded.is_empty() {
                loss
            } else {
                Loss::Merged
            });
        page.tell(span, format_args!("[L{line}] {text} [/L{line}]\n"));
    };
    if !record.changes.is_empty() {
        let (text, loss) = changed(trace, &record.changes, texts);
        match record.part {
            Part::Call | Part::Resume => {
                tell(
                    SpanKind::Input,
                    loss,
                    format_args!("[INPUT] {text} [/INPUT]"),
                );
            }
            Part::Line | Part::Rest => tell(SpanKind::State, loss, format_args!("{text}")),
        }
    }
    for &exception in &record.exceptions {
        let text = raised(trace.exception(exception));
        tell(
            SpanKind::Exception,
            Loss::Exact,
            format_args!("[EXCEPTION] {text} [/EXCEPTION]"),
        );
    }
    if let Some(exception) = record.leaving {
        let text = raised(trace.exception(exception));
        tell(
            SpanKind::Output,
            Loss::Exact,
            format_args!("[OUTPUT] raise {text} [/OUTPUT]"),
        );
    }
    // That the body of a file or a class is over is no value it gave.
    let gives = !matches!(
        trace.code(record.frame).kind,
        CodeKind::Module | CodeKind::Class
    );
    if let Some(value) = record.returned.or(record.yielded).filter(|_| gives) {
        let text = texts.repr(value);
        let loss = if text.cut { Loss::Elided } else { Loss::Exact };
        tell(
            SpanKind::Output,
            loss,
            format_args!("[OUTPUT] {} [/OUTPUT]", text.whole),
        );
    }
}

/// `a = 1, b = 2, del c`: what is bound, then what no longer is.
fn changed(trace: &Trace, changes: &[Change], texts: &mut Texts<'_>) -> (String, Loss) {
    let (mut text, mut gone, mut loss) = (String::new(), String::new(), Loss::Exact);
    for change in changes {
        let name = trace.name(change.name);
        // Writing to a `String` cannot fail.
        let _ = match change.value {
            Some(value) => {
                let value = texts.repr(value);
                if value.cut {
                    loss = Loss::Elided;
                }
                write!(text, ", {name} = {}", value.whole)
            }
            None => write!(gone, ", del {name}"),
        };
    }
    text.push_str(&gone);
    (text.split_off(2), loss)
}
