//! CodeExecutor: the whole state of the frame after each line; three ways to write it.
//!
//! After Chenxiao Liu et al., "Code Execution with Pre-trained Language Models", 2023, arXiv
//! 2305.05383. Unlike the paper, lines count from 1, values are Python's `repr`, and exceptions are told;
//! `zero-based` differs in its line numbers alone. `upstream` is what the paper's own model was
//! trained on: lines from 0, records on one line, values in tokens between spaces, strings without quotes,
//! no exceptions, and always an output. The compatible profile knows one way alone, whatever the mode.

use std::ops::Range;

use super::{
    Loss, Moment, Pen, Profile, Representation, Request, Span, SpanKind, compat,
    records::{Feed, Part, Record},
    states::{States, is_shown},
    texts::{Texts, put_number, raised},
};
use crate::trace::{EventId, Id, Output, StepId, Stream, Trace};

/// The CodeExecutor format.
#[derive(Debug)]
pub(super) struct CodeExecutor;

impl Representation for CodeExecutor {
    fn name(&self) -> &'static str {
        "codeexecutor"
    }

    fn title(&self) -> &'static str {
        "CodeExecutor"
    }

    fn variants(&self) -> &'static [&'static str] {
        &["zero-based", "upstream"]
    }

    fn write(&self, trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
        if request.profile == Profile::Compat {
            return compat::code_executor(trace, request, pen);
        }
        let feed = Feed::of(trace, request.window.clone(), pen.keeps());
        let events = feed.events();
        let mut texts = Texts::of(trace);
        let mut states = States::of(trace);
        let way = match request.mode {
            Some("zero-based") => Way::ZeroBased,
            Some("upstream") => Way::Upstream,
            _ => Way::Full,
        };
        for record in feed.filter(|it| it.part == Part::Line && !it.prelude) {
            put(trace, &record, way, &mut states, &mut texts, pen);
            if record.done == Some(trace.frames()[record.frame].last) {
                states.forget(record.frame);
            }
            if pen.is_over() {
                return;
            }
        }
        let some = printed(trace, events, &request.window, pen);
        if !some && way == Way::Upstream {
            pen.say("<output> ");
            let last = request.window.end == trace.steps().end();
            if let Some(value) = trace.result().filter(|_| last) {
                let span = || Span::new(SpanKind::Output, Vec::new());
                let text = spaced(&texts.repr(value).whole);
                pen.tell(span, format_args!("{text}\n"));
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Full,
    ZeroBased,
    Upstream,
}

fn put(
    trace: &Trace,
    record: &Record,
    way: Way,
    states: &mut States<'_>,
    texts: &mut Texts<'_>,
    pen: &mut Pen<'_>,
) {
    let line = match way {
        Way::Full => record.line,
        Way::ZeroBased | Way::Upstream => record.line.saturating_sub(1),
    };
    let (start, text) = pen.begin();
    text.push_str("<line> <");
    put_number(text, line);
    text.push('>');
    let mut cut = false;
    // A line whose effect is not known yet has no state to show.
    if let Some(done) = record.done {
        text.push_str(" <state> ");
        let mut separator = "";
        for &(name, value) in states.at(record.frame, done).bindings() {
            if !is_shown(trace, record.frame, name) {
                continue;
            }
            text.push_str(separator);
            text.push_str(trace.name(name));
            text.push_str(" : ");
            if way == Way::Upstream {
                let value = texts.repr(value);
                text.push_str(&spaced(&value.whole));
                cut |= value.cut;
            } else {
                cut |= texts.put(value, text);
            }
            separator = " <dictsep> ";
        }
        text.push_str(" </state>");
    }
    let told = record.exceptions.iter().filter(|_| way != Way::Upstream);
    for &exception in told {
        text.push_str(" <exception> ");
        text.push_str(&raised(trace.exception(exception)));
    }
    text.push(match way {
        Way::Upstream => ' ',
        _ => '\n',
    });
    pen.told(start, || {
        Span::new(SpanKind::State, record.moments())
            .line(record.line)
            .frame(record.frame)
            .names(record.changes.iter().map(|it| trace.name(it.name).clone()))
            .loss(match (record.folded.is_empty(), cut) {
                (false, _) => Loss::Merged,
                (true, true) => Loss::Elided,
                (true, false) => Loss::Exact,
            })
    });
}

/// A `repr` in the tokens that the paper's data have: marks between spaces, strings without quotes.
fn spaced(repr: &str) -> String {
    let mut res = String::with_capacity(repr.len() + 8);
    let mut rest = repr.chars();
    while let Some(c) = rest.next() {
        match c {
            '\'' | '"' => {
                while let Some(it) = rest.next().filter(|it| *it != c) {
                    res.push(it);
                    if it == '\\' {
                        res.extend(rest.next());
                    }
                }
            }
            '(' | ')' | '[' | ']' | '{' | '}' | ',' | ':' => {
                if !res.is_empty() && !res.ends_with(' ') {
                    res.push(' ');
                }
                res.push(c);
                res.push(' ');
            }
            ' ' if res.ends_with(' ') => (),
            _ => res.push(c),
        }
    }
    res.truncate(res.trim_end().len());
    res
}

/// What the window's steps printed; whether that is anything.
fn printed(
    trace: &Trace,
    events: Range<EventId>,
    window: &Range<StepId>,
    pen: &mut Pen<'_>,
) -> bool {
    let outputs = trace.outputs();
    let skipped = outputs.partition_point(|it| it.before <= events.start);
    let told = |it: &&Output| it.stream == Stream::Stdout && !it.bytes.is_empty();
    let printed: Vec<&Output> = Id::range(Id::new(skipped)..outputs.end())
        .map(|it| &outputs[it])
        .take_while(|it| it.before <= events.end)
        .filter(told)
        .collect();
    if printed.is_empty() {
        return false;
    }
    pen.say("<output> ");
    for group in printed.chunk_by(|a, b| a.step == b.step) {
        let bytes: Vec<u8> = group
            .iter()
            .flat_map(|it| it.bytes.iter().copied())
            .collect();
        let step = group[0].step.filter(|it| window.contains(it));
        let span = || {
            let moments = step.map(Moment::Step).into_iter().collect();
            Span::new(SpanKind::Output, moments)
        };
        pen.tell(span, format_args!("{}", String::from_utf8_lossy(&bytes)));
    }
    if !pen.ends_line() {
        pen.say("\n");
    }
    true
}

#[cfg(test)]
mod tests {
    use super::spaced;

    #[test]
    fn values_become_tokens() {
        for (repr, tokens) in [
            ("['x', 'y', 'z']", "[ x , y , z ]"),
            ("{'a': (1, -2.5)}", "{ a : ( 1 , -2.5 ) }"),
            ("'a, [b]'", "a, [b]"),
            (r"'it\'s'", r"it\'s"),
            ("[]", "[ ]"),
            ("7", "7"),
        ] {
            assert_eq!(spaced(repr), tokens);
        }
    }
}
