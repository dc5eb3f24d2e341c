//! A page broken into rows: its own text, and under what hides steps, these steps where they are wanted.

use std::{collections::HashSet, ops::Range};

use unicode_width::UnicodeWidthChar as _;

use crate::{
    represent::{Moment, Page, SpanKind},
    trace::{StepId, Trace},
    tui::{text, value::short},
};

/// Hidden steps that are shown of one span.
const SHOWN: usize = 200;

/// A row of a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Row {
    /// This range of bytes of its text.
    Text(Range<usize>),
    /// A step that the span before hides, and what it did.
    Hidden {
        /// Which.
        step: StepId,
        /// In words, cleaned.
        said: String,
    },
    /// So many more hidden steps.
    More(usize),
}

/// The rows of `page` at `width` columns, with the hidden steps of the spans whose first one is `open`.
pub(super) fn rows(page: &Page, trace: &Trace, open: &HashSet<StepId>, width: usize) -> Vec<Row> {
    let mut opened = page.spans().iter().filter(|it| {
        it.kind == SpanKind::Elided && it.step().is_some_and(|step| open.contains(&step))
    });
    let mut next = opened.next();
    let mut res = Vec::new();
    for row in wrapped(page.text(), width) {
        let end = row.end;
        res.push(Row::Text(row));
        while let Some(span) = next.filter(|it| it.bytes.end as usize <= end) {
            let steps = span.moments.iter().filter_map(|it| match it {
                Moment::Step(step) => Some(*step),
                Moment::Call(_) | Moment::Prelude => None,
            });
            let count = steps.clone().count();
            res.extend(steps.take(SHOWN).map(|step| Row::Hidden {
                step,
                said: said(trace, step),
            }));
            if SHOWN < count {
                res.push(Row::More(count - SHOWN));
            }
            next = opened.next();
        }
    }
    res
}

/// What a step did, on one line.
fn said(trace: &Trace, step: StepId) -> String {
    let event = trace.at(step);
    let writes = trace.effect(step).writes;
    let writes: Vec<String> = writes
        .iter()
        .map(|it| match it.value {
            Some(value) => format!("{} = {}", trace.name(it.name), short(&trace.value(value))),
            None => format!("del {}", trace.name(it.name)),
        })
        .collect();
    let did = match writes.is_empty() {
        true => trace
            .source(event.frame, event.line)
            .unwrap_or_default()
            .trim()
            .to_owned(),
        false => writes.join(", "),
    };
    text::clean(&format!("step {} L{}  {did}", step.number(), event.line))
}

/// Byte ranges of rows of at most `width` columns, line ends left out.
fn wrapped(text: &str, width: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        let whole = from..from + line.trim_end_matches('\n').len();
        from += line.len();
        let mut start = whole.start;
        let mut used = 0;
        for (at, c) in text[whole.clone()].char_indices() {
            let columns = match c.width() {
                Some(columns) if !c.is_control() => columns,
                _ => text::width(&text::clean(c.encode_utf8(&mut [0; 4]))),
            };
            if width < used + columns && 0 < used {
                rows.push(start..whole.start + at);
                start = whole.start + at;
                used = 0;
            }
            used += columns;
        }
        rows.push(start..whole.end);
    }
    rows
}
