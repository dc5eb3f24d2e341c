//! What of the texts on the screen would be masked before it left this machine: the one place that panes and
//! overlays ask before they show anything of the run.
//!
//! Whoever knows that has to read the whole trace first, which is done on a thread of its own. Only what is
//! on the screen is looked through, and what was looked through is remembered: values by their ids, all
//! else by its text. What is shown shortened is looked through whole.

mod marked;
mod shortened;

use std::{
    cell::RefCell,
    ops::Range,
    rc::Rc,
    sync::{Arc, mpsc::Sender},
    thread,
};

use rustc_hash::FxHashMap;

pub(super) use self::marked::{Marked, over};
use super::{
    Event,
    counts::{self, Key},
    glyph, job, text,
};
use crate::{
    redact::Masker,
    trace::{File, Id, Trace, ValueId},
};

/// Texts remembered at most.
const REMEMBERED: usize = 10_000;
/// Bytes before and behind what is in sight that are looked through with it.
const AROUND: usize = 4096;

/// Ranges of a text, in order and disjoint.
type Ranges = Rc<[Range<usize>]>;

/// What a reading of a trace found.
#[derive(Debug)]
pub struct Reading {
    masker: Masker,
    /// What of each line of each file would be masked, in bytes; empty for files whose text is not known.
    files: Vec<Vec<Vec<Range<usize>>>>,
}

/// The text of a value that something in would be masked, with what; `None` for others.
type Known = Option<Rc<(String, Ranges)>>;

/// Knows what would be masked, once the trace is read for it.
pub(super) struct Masks {
    newest: Option<Arc<Reading>>,
    /// Events of the trace that was read last, or is being read.
    read: Option<u32>,
    reading: bool,
    known: RefCell<FxHashMap<Key, Ranges>>,
    values: RefCell<FxHashMap<ValueId, Known>>,
    events: Sender<Event>,
}

impl Masks {
    /// Nothing known yet; news will go to `events`.
    pub(super) fn new(events: Sender<Event>) -> Self {
        Self {
            newest: None,
            read: None,
            reading: false,
            known: RefCell::default(),
            values: RefCell::default(),
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
                let reading = Arc::new(Reading::of(&trace, masker));
                // Nobody is told any more only when the screen is closed.
                let _ = to.send(Event::Masks { reading, last });
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
        // The ids of values are others' now.
        self.values.borrow_mut().clear();
    }

    /// Takes what was read; `last` where nothing more of this reading will come.
    pub(super) fn take(&mut self, reading: Arc<Reading>, last: bool) {
        self.newest = Some(reading);
        self.reading &= !last;
        self.known.borrow_mut().clear();
        self.values.borrow_mut().clear();
    }

    /// What of `text` would be masked. Linear in it, and the first time in what the patterns make of it.
    pub(super) fn of(&self, text: &str) -> Ranges {
        let Some(reading) = self.newest.as_ref().filter(|_| !text.is_empty()) else {
            return Rc::default();
        };
        let key = counts::key(text);
        if let Some(known) = self.known.borrow().get(&key) {
            return Rc::clone(known);
        }
        let found = reading.masker.masks(text).into_iter().map(|it| it.bytes);
        let found: Ranges = found.collect();
        let mut known = self.known.borrow_mut();
        if REMEMBERED <= known.len() {
            known.clear();
        }
        known.insert(key, Rc::clone(&found));
        found
    }

    /// `text` as it is to be shown.
    pub(super) fn marked(&self, text: String) -> Marked {
        let masks = self.of(&text).to_vec();
        Marked { text, masks }
    }

    /// `text` shown as `shown`, which is what a cut left of it, perhaps padded.
    pub(super) fn cut(&self, text: &str, shown: String) -> Marked {
        marked::cut(text, &self.of(text), shown)
    }

    /// The lines of one text, none of which has a line end. What goes over several of them is known for
    /// what it is.
    pub(super) fn lines(&self, lines: &[String]) -> Vec<Marked> {
        let masks = self.of(&lines.join("\n"));
        let mut start = 0;
        let marked = lines.iter().map(|line| {
            let part = Marked::part(line, start, &masks);
            start += line.len() + 1;
            part
        });
        marked.collect()
    }

    /// What of a line of source, cleaned for the screen, would be masked: strings and comments alone.
    pub(super) fn source(&self, trace: &Trace, file: Id<File>, line: u32) -> Vec<Range<usize>> {
        let at = (line as usize).saturating_sub(1);
        let files = self.newest.as_ref().map(|it| &it.files);
        let masks = files.and_then(|it| it.get(file.raw() as usize)?.get(at));
        let text = trace.files()[file].lines.as_ref();
        let (Some(masks), Some(text)) = (masks, text.and_then(|it| it.get(at))) else {
            return Vec::new();
        };
        let cleaned = |at: usize| text::clean(text.get(..at).unwrap_or(text)).len();
        let moved = masks.iter().map(|it| cleaned(it.start)..cleaned(it.end));
        moved.collect()
    }

    /// The text of a value in which something would be masked, with what.
    fn value(&self, trace: &Trace, id: ValueId) -> Option<Rc<(String, Ranges)>> {
        if let Some(known) = self.values.borrow().get(&id) {
            return known.clone();
        }
        // Formats write a value on one line.
        let text = trace.repr(id).replace(['\n', '\r'], "");
        let masks = self.of(&text);
        let known = (!masks.is_empty()).then(|| Rc::new((text, masks)));
        let mut values = self.values.borrow_mut();
        if REMEMBERED <= values.len() {
            values.clear();
        }
        values.insert(id, known.clone());
        known
    }
}

impl Reading {
    fn of(trace: &Trace, masker: Masker) -> Self {
        let files = trace.files().iter().map(|file| {
            let lines = file.lines.as_deref().unwrap_or_default();
            let lines = masker.source(lines).into_iter();
            let ranges = lines.map(|it| it.into_iter().map(|it| it.bytes).collect());
            ranges.collect()
        });
        let files = files.collect();
        Self { masker, files }
    }
}

/// What says so in a title, where anything shown is marked.
pub(super) fn note(any: bool) -> String {
    match any {
        true => format!("  {} masked before it leaves", glyph::MASKED),
        false => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Builder, Value, sample};
    use recorder::wire::{Left, Record, Write};

    /// A run whose first value is that text.
    fn holding(text: &str) -> Trace {
        let mut bytes = Vec::new();
        Value::Str {
            len: text.len() as u64,
            kept: text.into(),
        }
        .write(&mut bytes);
        let mut builder = Builder::default();
        builder.push(Record::Name("x".into()));
        for record in sample::module(None).into_iter().chain([Record::Call {
            code: 0,
            line: 1,
            writes: vec![Write {
                name: 0,
                left: Left::Whole(bytes),
            }],
        }]) {
            builder.push(record);
        }
        builder.snapshot()
    }

    #[test]
    fn a_trace_that_lost_its_oldest_events_has_other_values() {
        let mut masks = Masks::new(std::sync::mpsc::channel().0);
        let reading = Reading {
            masker: Masker::plain(),
            files: Vec::new(),
        };
        masks.take(Arc::new(reading), true);
        let harmless = holding("hello");
        let secret = holding(&format!("ghp_{}", "a1B2".repeat(9)));
        let first = Id::new(0);
        assert!(masks.value(&harmless, first).is_none());
        masks.rebase(&secret);
        assert!(masks.value(&secret, first).is_some());
    }
}
