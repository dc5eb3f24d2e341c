//! Records one after another, for those who need not have them all.

use std::{iter::Peekable, ops::Range};

use super::{Part, Record, Records, reading::Reading};
use crate::trace::{EventId, StepId, Trace};

/// The records of a window, in order of beginning.
#[derive(Debug)]
pub(in crate::represent) struct Feed<'a> {
    reading: Reading<'a>,
}

/// The records of a window, in order of completion; those not completed come last. Holds those that are
/// not complete yet: as many as there are frames.
#[derive(Debug)]
pub(in crate::represent) struct Completed<'a> {
    feed: Peekable<Feed<'a>>,
    /// Sorted, the first to come last.
    waiting: Vec<(Key, Record)>,
    /// How many have been met.
    met: usize,
    /// Stands for the event at which those are complete that are not yet.
    end: EventId,
}

/// What is complete at an event comes where it was met, if that was later.
type Key = (EventId, EventId, usize);

impl<'a> Feed<'a> {
    /// Those of `window`; with `moments`, each with all of its moments, for which all are read first. Without,
    /// steps folded into a record after it was handed out are missing.
    pub(in crate::represent) fn of(trace: &'a Trace, window: Range<StepId>, moments: bool) -> Self {
        let mut reading = Reading::of(trace, window);
        while moments && reading.step() {}
        Self { reading }
    }

    pub(in crate::represent) fn into_records(mut self) -> Records<'a> {
        let list = self.by_ref().collect();
        Records {
            trace: self.reading.trace,
            start: self.reading.start,
            end: self.reading.end,
            sources: self.reading.sources,
            list,
        }
    }

    /// The same records in order of completion.
    pub(in crate::represent) fn completed(self) -> Completed<'a> {
        Completed {
            end: self.reading.trace.events().end(),
            feed: self.peekable(),
            waiting: Vec::new(),
            met: 0,
        }
    }

    /// The first event of the window, and the first after it.
    pub(in crate::represent) fn events(&self) -> Range<EventId> {
        self.reading.start..self.reading.end
    }
}

impl Iterator for Feed<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            if let Some(record) = self.reading.pop() {
                return Some(record);
            }
            if !self.reading.step() {
                return None;
            }
        }
    }
}

impl Iterator for Completed<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while let Some(coming) = self.feed.peek() {
            // What is still to be met is complete no earlier than where it is met.
            let met = coming.met;
            if let Some((_, record)) = self.waiting.pop_if(|it| it.0.0 < met) {
                return Some(record);
            }
            let coming = self.feed.next()?;
            self.put(coming);
        }
        self.waiting.pop().map(|it| it.1)
    }
}

impl Completed<'_> {
    fn put(&mut self, record: Record) {
        let done = match record.part {
            Part::Call | Part::Resume => record.event,
            Part::Line | Part::Rest => record.done.unwrap_or(self.end),
        };
        let key = (done.max(record.met), done, self.met);
        self.met += 1;
        let at = self.waiting.partition_point(|it| key < it.0);
        self.waiting.insert(at, (key, record));
    }
}
