//! The records of one call as the released research code keeps them, its quirks included.
//!
//! Variables come in reverse order; those that are new and those that changed make separate records;
//! records are numbered kind by kind, kinds in the order in which each was first seen; every exception
//! counts as one that ended the call. Of a call, only the called function is told of (depth 1), its own
//! calls of itself included; of a script, its body and the functions it calls itself (depth 2): a change
//! belongs to the line that the log showed last, so that their arguments stand on the calling line, and
//! what changed over such a call on the last line of the callee. Values are shortened to 40 characters,
//! and comprehensions are told as the running Python shows them.
//!
//! What stands first in a text is read first: nothing is kept but, for NExT and the bullets, what each
//! line shows.

mod lines;
mod log;
mod wrapped;

use std::ops::ControlFlow;

use lines::{Item, Shown};
use log::{Log, Note, Of, What, Words};

use super::{
    Pen, Request, Span, SpanKind,
    annotate::{code, file},
    texts::put_number,
};
use crate::trace::{self, Trace};

/// Writes one note, `write` what it says.
fn tell(
    words: &mut Words<'_>,
    kind: SpanKind,
    note: &Note<'_>,
    pen: &mut Pen<'_>,
    write: impl FnOnce(&mut Words<'_>, &mut String),
) -> ControlFlow<()> {
    let (start, text) = pen.begin();
    write(words, text);
    pen.told(start, || {
        Span::new(kind, vec![note.moment])
            .line(note.line)
            .names(words.names(note.what))
    });
    match pen.is_over() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}

/// Concise: all arguments, all changes, all exceptions, all returns.
pub(super) fn concise(trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
    let Some(log) = Log::of(trace, request) else {
        return;
    };
    let (mut words, mut inner) = (log.words(), String::new());
    for of in [Of::Start, Of::Change, Of::Exception, Of::End] {
        let kind = match of {
            Of::Start => SpanKind::Input,
            Of::Change => SpanKind::State,
            Of::Exception | Of::End => SpanKind::Output,
        };
        let over = log.read(&[of], |note| {
            tell(&mut words, kind, note, pen, |words, text| {
                text.push_str("[L");
                put_number(text, note.line);
                text.push_str("] ");
                match of {
                    Of::Start => {
                        inner.clear();
                        words.put(note.what, &mut inner);
                        text.push_str("[INPUT] [");
                        trace::put_literal(&inner, text);
                        text.push_str("] [/INPUT]");
                    }
                    Of::Change => words.put(note.what, text),
                    Of::Exception | Of::End => {
                        text.push_str("[OUTPUT] ");
                        words.put(note.what, text);
                        text.push_str(" [/OUTPUT]");
                    }
                }
                text.push_str(" [/L");
                put_number(text, note.line);
                text.push_str("]\n");
            })
        });
        if over.is_break() {
            return;
        }
    }
}

/// CodeExecutor: changes alone, then how the call ended.
pub(super) fn code_executor(trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
    let Some(log) = Log::of(trace, request) else {
        return;
    };
    let mut words = log.words();
    for of in [Of::Change, Of::Exception, Of::End] {
        let over = log.read(&[of], |note| match of {
            Of::Start | Of::Change => {
                tell(&mut words, SpanKind::State, note, pen, |words, text| {
                    text.push_str("<line> <");
                    put_number(text, note.line);
                    text.push_str("> <state>");
                    words.put(note.what, text);
                    text.push_str("</state>\n");
                })
            }
            Of::Exception | Of::End => {
                tell(&mut words, SpanKind::Output, note, pen, |words, text| {
                    text.push_str("<output>");
                    words.put(note.what, text);
                    text.push('\n');
                })
            }
        });
        if over.is_break() {
            return;
        }
    }
}

/// A line's records behind one another, `state` what those say that are numbered.
fn records(
    words: &mut Words<'_>,
    shown: &Shown,
    pen: &mut Pen<'_>,
    state: impl Fn(usize, &str, &mut String),
) {
    let mut separator = "";
    for item in shown.items() {
        pen.say(separator);
        separator = if shown.elides() { "; " } else { " " };
        match item {
            Item::Elided => pen.tell(|| shown.elided(), format_args!("...")),
            Item::One(note) => {
                let mut inner = String::new();
                words.put(note.what, &mut inner);
                let over = tell(words, SpanKind::State, &note, pen, |_, text| {
                    match note.what {
                        What::Pairs(_) => state(shown.number(&note), &inner, text),
                        What::Raised(_) | What::Gave(_) => {
                            text.push_str("__return__=");
                            text.push_str(&inner);
                        }
                    }
                });
                if over.is_break() {
                    return;
                }
            }
        }
    }
}

/// SemCoder's bullets, which the research code calls by its name.
pub(super) fn bullets(trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
    let Some(log) = Log::of(trace, request) else {
        return;
    };
    let mut words = log.words();
    for (line, shown) in lines::of(&log, pen.keeps()) {
        pen.say_fmt(format_args!("* line {line}: "));
        records(&mut words, &shown, pen, |number, inner, text| {
            text.push('(');
            put_number(text, number as u32);
            text.push_str(") ");
            text.push_str(inner);
        });
        pen.say("\n");
    }
}

/// NExT: the records behind the code of their lines.
pub(super) fn next(trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
    let log = Log::of(trace, request);
    let lines = log.as_ref().map(|it| lines::of(it, pen.keeps()));
    let lines = lines.unwrap_or_default();
    let mut words = log.as_ref().map(Log::words);
    let window = request.window.clone();
    code(trace, file(trace), window, pen, |line, pen| {
        let (Some(shown), Some(words)) = (lines.get(&line), &mut words) else {
            return;
        };
        pen.say(" #");
        records(words, shown, pen, |number, inner, text| {
            text.push('(');
            put_number(text, number as u32);
            text.push_str(") [");
            trace::put_literal(inner, text);
            text.push(']');
        });
    });
}
