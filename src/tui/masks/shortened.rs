//! What of a format's page would be masked, where the format shortened it: no pattern knows the two ends of a
//! secret, so the values that the text tells of are looked through whole, and what is left of them is found
//! around the signs of the cuts.

use std::ops::Range;

use super::Masks;
use crate::{
    represent::{Moment, Page, SpanKind},
    trace::{EventId, FrameId, Trace, ValueId},
    tui::value::exception_in_words,
};

/// How formats show that they left something out.
const SIGNS: [&str; 2] = ["...", "…"];
/// Bytes of a text that stand on either side of a cut, at least and at most.
const SIDES: (usize, usize) = (4, 128);

/// A text in which something would be masked, and what.
type Whole<'a> = (&'a str, &'a [Range<usize>]);

impl Masks {
    /// What of the bytes `seen` of `page` would be masked, in order and disjoint. Linear in what is seen
    /// and in the values that it tells of.
    pub(in crate::tui) fn page(
        &self,
        trace: &Trace,
        page: &Page,
        seen: Range<usize>,
    ) -> Vec<Range<usize>> {
        if self.newest.is_none() {
            return Vec::new();
        }
        let text = page.text();
        // Whole lines: what is torn looks like something else.
        let start = text[..seen.start].rfind('\n').map_or(0, |it| it + 1);
        let start = text.ceil_char_boundary(start.max(seen.start.saturating_sub(super::AROUND)));
        let end = text[seen.end..].find('\n').unwrap_or(text.len() - seen.end);
        let end = text.floor_char_boundary(seen.end + end.min(super::AROUND));
        let found = self.of(&text[start..end]);
        let mut all: Vec<_> = found
            .iter()
            .map(|it| start + it.start..start + it.end)
            .collect();
        let spans = page.spans();
        let from = spans.partition_point(|it| it.bytes.end as usize <= seen.start);
        for span in spans[from..]
            .iter()
            .take_while(|it| (it.bytes.start as usize) < seen.end)
        {
            let at = span.bytes.start as usize;
            let part = &text[at..span.bytes.end as usize];
            // What stands for hidden records shows no value.
            let hides = span.kind == SpanKind::Elided;
            if hides || !SIGNS.iter().any(|it| part.contains(it)) {
                continue;
            }
            for &moment in &span.moments {
                let found = self.around(trace, moment, part).into_iter();
                all.extend(found.map(|it| at + it.start..at + it.end));
            }
        }
        joined(all)
    }

    /// What of `part`, a text about `moment`, is left of values that would be masked.
    fn around(&self, trace: &Trace, moment: Moment, part: &str) -> Vec<Range<usize>> {
        let mut all = Vec::new();
        let mut look = |whole: Whole<'_>| all.extend(left(part, whole));
        let value = |id: ValueId| self.value(trace, id);
        let (frame, event): (FrameId, EventId) = match moment {
            Moment::Step(step) => {
                let event = trace.steps()[step].event;
                let effect = trace.effect_of(event);
                let written = effect.writes.iter().filter_map(|it| it.value);
                let given = effect.returned.into_iter().chain(effect.yielded);
                for it in written.chain(given).filter_map(value) {
                    look((&it.0, &it.1));
                }
                if let Some(it) = effect.exception {
                    let said = exception_in_words(trace.exception(it));
                    look((&said, &self.of(&said)));
                }
                (trace.events()[event].frame, effect.done.unwrap_or(event))
            }
            Moment::Call(frame) => (frame, trace.frames()[frame].call),
            Moment::Prelude => return all,
        };
        // Formats of states write all that the frame holds.
        for it in trace.locals(frame, event) {
            if let Some(it) = value(it.value) {
                look((&it.0, &it.1));
            }
        }
        all
    }
}

/// What is left in `text` of what would be masked in `whole`, wherever that stands in it cut in its middle;
/// where nothing is left, the sign of the cut.
fn left(text: &str, (whole, masks): Whole<'_>) -> Vec<Range<usize>> {
    let mut res = Vec::new();
    if masks.is_empty() {
        return res;
    }
    let signs = SIGNS
        .iter()
        .flat_map(|sign| text.match_indices(sign).map(|(at, it)| at..at + it.len()));
    for sign in signs {
        let (before, after) = (&text[..sign.start], &text[sign.end..]);
        let most = |room: usize| whole.len().min(room).min(SIDES.1);
        let head = (SIDES.0..=most(before.len()))
            .rev()
            .find(|&it| whole.is_char_boundary(it) && before.ends_with(&whole[..it]));
        let tail = (SIDES.0..=most(after.len())).rev().find(|&it| {
            let at = whole.len() - it;
            whole.is_char_boundary(at) && after.starts_with(&whole[at..])
        });
        let (Some(head), Some(tail)) = (head, tail) else {
            continue;
        };
        let Some(end) = whole.len().checked_sub(tail).filter(|it| head <= *it) else {
            continue;
        };
        let start = sign.start - head;
        for mask in masks {
            let from = match mask.start {
                at if at < head => start + at,
                at if at < end => sign.start,
                at => sign.end + at - end,
            };
            let to = match mask.end {
                at if at <= head => start + at,
                at if at <= end => sign.end,
                at => sign.end + at - end,
            };
            res.push(from..to);
        }
    }
    res
}

/// In order, and those that overlap as one.
fn joined(mut all: Vec<Range<usize>>) -> Vec<Range<usize>> {
    all.sort_by_key(|it| (it.start, it.end));
    let mut res: Vec<Range<usize>> = Vec::new();
    for it in all {
        match res.last_mut().filter(|last| it.start < last.end) {
            Some(last) => last.end = last.end.max(it.end),
            None => res.push(it),
        }
    }
    res
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_value_is_found() {
        let whole = "'user correct horse battery staple end'";
        let secret = whole.find("correct").unwrap()..whole.find(" end").unwrap();
        let found = |text: &str| -> Vec<String> {
            let found = left(text, (whole, std::slice::from_ref(&secret)));
            found.into_iter().map(|it| text[it].to_owned()).collect()
        };
        assert_eq!(found("x = 'user corr...ple end' y"), ["corr...ple"]);
        assert_eq!(found("x = 'user...ple end'"), ["...ple"]);
        assert_eq!(found("x = 'user co… end'"), ["co…"]);
        assert_eq!(found("x = 'user... end'"), ["..."]);
        assert!(found("x = 'abcdefgh...stuvwxyz'").is_empty());
        assert!(found("x = 'user...user corr'").is_empty());
    }

    #[test]
    fn overlapping_ranges_are_one() {
        assert_eq!(joined(vec![4..6, 0..2, 1..3, 5..9]), [0..3, 4..9]);
    }
}
