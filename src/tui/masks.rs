//! What of the texts on the screen would be masked before it left this machine.
//!
//! Whoever knows that has to read the whole trace first, which is done on a thread of its own. Only what is
//! on the screen is looked through, and what was looked through is remembered.

use std::{
    cell::RefCell,
    ops::Range,
    rc::Rc,
    sync::{Arc, mpsc::Sender},
    thread,
};

use ratatui::{style::Style, text::Span};
use rustc_hash::FxHashMap;

use super::{
    Event,
    counts::{self, Key},
    job,
};
use crate::{redact::Masker, trace::Trace};

/// Texts remembered at most.
const REMEMBERED: usize = 10_000;

/// Knows what would be masked, once the trace is read for it.
pub(super) struct Masks {
    masker: Option<Arc<Masker>>,
    /// Events of the trace that was read last, or is being read.
    read: Option<u32>,
    reading: bool,
    known: RefCell<FxHashMap<Key, Rc<[Range<usize>]>>>,
    events: Sender<Event>,
}

impl Masks {
    /// Nothing known yet; news will go to `events`.
    pub(super) fn new(events: Sender<Event>) -> Self {
        Self {
            masker: None,
            read: None,
            reading: false,
            known: RefCell::default(),
            events,
        }
    }

    /// Begins to read `trace` where that could show what the last reading did not: it has ended, or has
    /// twice as many events. Returns at once.
    pub(super) fn prepare(&mut self, trace: &Trace, ended: bool) {
        let events = trace.events().len();
        let grown = self
            .read
            .is_none_or(|it| it.saturating_mul(2) <= events || (ended && it != events));
        if self.reading || events == 0 || !grown {
            return;
        }
        let (trace, to, first) = (trace.clone(), self.events.clone(), self.read.is_none());
        let work = move || {
            let tell = |masker: Masker, last| {
                // The first search makes the patterns ready.
                masker.masks("ready");
                let masker = Arc::new(masker);
                // Nobody is told any more only when the screen is closed.
                let _ = to.send(Event::Masks { masker, last });
            };
            if first {
                tell(Masker::plain(), false);
            }
            tell(Masker::new(&trace), true);
        };
        let started = thread::Builder::new().name(job::THREAD.into()).spawn(work);
        self.read = Some(events);
        self.reading = started.is_ok();
    }

    /// The trace has lost its oldest events: it is read again once it has twice as many as now.
    pub(super) fn rebase(&mut self, trace: &Trace) {
        let events = trace.events().len();
        self.read = self.read.map(|it| it.min(events));
    }

    /// Takes what was read; `last` where nothing more of this reading will come.
    pub(super) fn take(&mut self, masker: Arc<Masker>, last: bool) {
        self.masker = Some(masker);
        self.reading &= !last;
        self.known.borrow_mut().clear();
    }

    /// What of `text` would be masked, in order and disjoint. Linear in it the first time.
    pub(super) fn of(&self, text: &str) -> Rc<[Range<usize>]> {
        let Some(masker) = self.masker.as_ref().filter(|_| !text.is_empty()) else {
            return Rc::default();
        };
        let key = counts::key(text);
        if let Some(known) = self.known.borrow().get(&key) {
            return Rc::clone(known);
        }
        let found = masker.masks(text).into_iter().map(|it| it.bytes);
        let found: Rc<[Range<usize>]> = found.collect();
        let mut known = self.known.borrow_mut();
        if REMEMBERED <= known.len() {
            known.clear();
        }
        known.insert(key, Rc::clone(&found));
        found
    }
}

/// `fitted`, which is `text` or what a cut left of it, with `masked` over what of `text` is in `masks`.
pub(super) fn spans<'a>(
    text: &str,
    fitted: &str,
    masks: &[Range<usize>],
    (plain, masked): (Style, Style),
) -> Vec<Span<'a>> {
    // What is left of it stands at both its ends; between them is the sign of the cut.
    let same = |it: &((usize, char), char)| it.0.1 == it.1;
    let head = fitted.char_indices().zip(text.chars());
    let head = head.take_while(same).last();
    let head = head.map_or(0, |((at, c), _)| at + c.len_utf8());
    let tail = fitted[head..].chars().rev().zip(text[head..].chars().rev());
    let tail: usize = tail
        .take_while(|it| it.0 == it.1)
        .map(|it| it.0.len_utf8())
        .sum();
    let (cut, end) = (fitted.len() - tail, text.len() - tail);
    // Where a byte of the text went.
    let place = |at: usize, rounded: usize| match at {
        at if at <= head => at,
        at if end <= at => cut + (at - end),
        _ => rounded,
    };
    let mut res = Vec::new();
    let mut at = 0;
    let mut put = |upto: usize, style: Style| {
        if at < upto {
            res.push(Span::styled(fitted[at..upto].to_owned(), style));
            at = upto;
        }
    };
    for mask in masks {
        put(place(mask.start, head), plain);
        put(place(mask.end, cut), masked);
    }
    put(fitted.len(), plain);
    res
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_follow_the_text_through_a_cut() {
        let shown = |text: &str, fitted: &str, mask: &[(usize, usize)]| {
            let mask: Vec<_> = mask.iter().map(|&(from, to)| from..to).collect();
            let masked = Style::new().italic();
            let spans = spans(text, fitted, &mask, (Style::new(), masked));
            let marked = |it: Span<'_>| match it.style == masked {
                true => format!("<{}>", it.content),
                false => it.content.into_owned(),
            };
            spans.into_iter().map(marked).collect::<String>()
        };
        assert_eq!(shown("abcdef", "abcdef", &[(1, 3)]), "a<bc>def");
        assert_eq!(shown("abcdef", "a…f", &[(2, 4)]), "a<…>f");
        assert_eq!(shown("abcdef", "ab…f", &[(0, 1), (5, 6)]), "<a>b…<f>");
        assert_eq!(shown("abcdef", "ab…f", &[(1, 6)]), "a<b…f>");
        assert_eq!(shown("aaaaa", "a…", &[(0, 5)]), "<a…>");
        assert_eq!(shown("abc", "", &[(0, 3)]), "");
        assert_eq!(shown("é日本", "é…", &[(2, 5)]), "é<…>");
    }
}
