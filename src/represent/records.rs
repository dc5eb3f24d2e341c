//! What the calls and statements of a window did, in order: the facts that every format tells.
//!
//! A record is a call's binding of arguments or a statement's effect. Frames that belong to a statement
//! (comprehensions, generator expressions, lambdas) are folded into it on every Python version: before
//! 3.12 by their frames, from 3.12 on, where comprehensions run in their function's frame (PEP 709), by
//! their variables, which differ from what they were only while the comprehension runs.

mod comprehension;
mod feed;
mod reading;

use std::ops::Range;

pub(super) use self::feed::Feed;
use super::{Moment, source::Sources};
use crate::trace::{
    ActivationId, EventId, Exception, FrameId, Id, Kind, NameId, StepId, Trace, ValueId,
    is_part_of_a_statement,
};

/// What a record tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A frame's entry; the changes are the arguments.
    Call,
    /// A generator's or coroutine's resumption; the changes were made while it was suspended.
    Resume,
    /// A statement, or a line of one.
    Line,
    /// What happened between an entry and the first line after it: the rest of the statement that
    /// yielded, or of a call that runs no line.
    Rest,
}

/// A variable that reads differently after a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: NameId,
    /// What it holds now; `None` when it was unbound.
    pub(super) value: Option<ValueId>,
    /// Whether it held nothing before.
    pub(super) fresh: bool,
}

/// One call or statement and all it did in its own frame.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) part: Part,
    /// The call, resume or line event it begins with.
    pub(super) event: EventId,
    /// The window's event at which it was met: its own, unless it began before the window.
    pub(super) met: EventId,
    pub(super) activation: ActivationId,
    pub(super) frame: FrameId,
    pub(super) line: u32,
    /// Its own moment; `None` when that lies outside the window and only `folded` ones lie inside.
    pub(super) moment: Option<Moment>,
    /// Steps of the frames folded into it.
    pub(super) folded: Vec<StepId>,
    /// In the order of formats.
    pub(super) changes: Vec<Change>,
    /// Raised in it, or arrived from a call it made.
    pub(super) exceptions: Vec<Id<Exception>>,
    /// Whether an exception left the frame.
    pub(super) unwound: bool,
    /// Which, as far as it can be told.
    pub(super) leaving: Option<Id<Exception>>,
    pub(super) returned: Option<ValueId>,
    pub(super) yielded: Option<ValueId>,
    /// The frame's event at which the effect was seen; `None` while it is unknown.
    pub(super) done: Option<EventId>,
    /// Whether it ran while the file of a `--call` was being imported.
    pub(super) prelude: bool,
}

/// The records of a window, in order of beginning.
#[derive(Debug)]
pub(super) struct Records<'a> {
    pub(super) trace: &'a Trace,
    pub(super) sources: Sources<'a>,
    pub(super) list: Vec<Record>,
    /// Events before this one belong to earlier windows, those from `end` on to later ones.
    pub(super) start: EventId,
    pub(super) end: EventId,
}

impl Record {
    /// Everything it tells of, oldest first.
    pub(super) fn moments(&self) -> Vec<Moment> {
        let folded = self.folded.iter().map(|&it| Moment::Step(it));
        self.moment.into_iter().chain(folded).collect()
    }

    /// Whether nothing in its frame came of it.
    pub(super) fn is_bare(&self) -> bool {
        self.changes.is_empty()
            && self.exceptions.is_empty()
            && !self.unwound
            && self.returned.is_none()
            && self.yielded.is_none()
    }
}

impl<'a> Records<'a> {
    /// The records of `window`, all at once. Linear in its events and their writes.
    pub(super) fn of(trace: &'a Trace, window: Range<StepId>) -> Self {
        Feed::of(trace, window, true).into_records()
    }

    /// Whether the window reaches the end of what was recorded.
    pub(super) fn reaches_the_end(&self) -> bool {
        self.end == self.trace.events().end()
    }
}

/// The first event of a window, and the first after it: what came before a step since the step before
/// belongs to it.
pub(super) fn within(trace: &Trace, window: &Range<StepId>) -> (EventId, EventId) {
    let steps = trace.steps();
    let last = window.end.min(steps.end());
    let start = match window.start.minus(1).and_then(|it| steps.get(it)) {
        Some(before) => before.event.plus(1),
        None => EventId::new(0),
    };
    let end = match last.minus(1).and_then(|it| steps.get(it)) {
        _ if last == steps.end() => trace.events().end(),
        Some(step) => step.event.plus(1),
        // Nothing before the first step is asked for.
        None => start,
    };
    (start, end)
}

/// The event of an ordinary frame that a folded frame's event belongs to; `None` for events of ordinary
/// frames.
pub(super) fn owner(trace: &Trace, event: EventId) -> Option<EventId> {
    let mut at = event;
    loop {
        let here = &trace.events()[at];
        if !is_part_of_a_statement(trace.code(here.frame).kind) {
            break;
        }
        // One that nothing recorded called is a frame like any other.
        let Some(caller) = trace.activations()[here.activation].caller else {
            break;
        };
        at = caller;
    }
    (at != event).then_some(at)
}

/// Whether an event happened while the file of a `--call` was being imported.
pub(super) fn is_prelude(trace: &Trace, event: EventId) -> bool {
    let first = trace.frames().first().map(|it| &trace.frames()[it]);
    trace.call().is_some()
        && first.is_some_and(|it| {
            let over = matches!(trace.events()[it.last].kind, Kind::Return(_) | Kind::Unwind);
            !over || event <= it.last
        })
}
