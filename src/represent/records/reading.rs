//! Events in, records out.

use std::{collections::VecDeque, ops::Range};

use rustc_hash::FxHashMap;

use super::{
    super::{
        Moment,
        source::Sources,
        states::{States, is_shown},
        texts::same,
    },
    Change, Part, Record,
    comprehension::{Comprehension, Touched},
    is_prelude, owner, within,
};
use crate::trace::{EventId, Exception, FrameId, Id, Kind, Near, StepId, Trace};

/// Records in the making. Holds no more than the records that were not taken out yet and what the frames
/// that are not over hold.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) trace: &'a Trace,
    pub(super) sources: Sources<'a>,
    pub(super) window: Range<StepId>,
    /// Events before this one belong to earlier windows, those from `end` on to later ones.
    pub(super) start: EventId,
    pub(super) end: EventId,
    /// The event to be read next.
    now: EventId,
    states: States<'a>,
    near: Near,
    /// Those that were not taken out yet.
    list: VecDeque<Record>,
    /// How many were.
    gone: usize,
    /// Each frame's newest record, and the event up to which it has been read.
    open: FxHashMap<FrameId, (usize, EventId)>,
    touched: Touched,
}

impl<'a> Reading<'a> {
    pub(super) fn of(trace: &'a Trace, window: Range<StepId>) -> Self {
        let (start, end) = within(trace, &window);
        Self {
            trace,
            sources: Sources::of(trace),
            window,
            start,
            end,
            now: start,
            states: States::of(trace),
            near: Near::default(),
            list: VecDeque::new(),
            gone: 0,
            open: FxHashMap::default(),
            touched: Touched::default(),
        }
    }

    /// Reads the next event; whether there was one.
    pub(super) fn step(&mut self) -> bool {
        let more = self.now < self.end;
        if more {
            self.take(self.now);
            self.now = self.now.plus(1);
        }
        more
    }

    /// Takes out the oldest record that is there.
    pub(super) fn pop(&mut self) -> Option<Record> {
        let record = self.list.pop_front()?;
        self.gone += 1;
        Some(record)
    }

    fn take(&mut self, id: EventId) {
        let event = &self.trace.events()[id];
        if !matches!(event.kind, Kind::Call | Kind::Resume | Kind::Line(_)) {
            let over = matches!(event.kind, Kind::Return(_) | Kind::Unwind);
            if over && self.trace.frames()[event.frame].last == id {
                self.open.remove(&event.frame);
                self.states.forget(event.frame);
            }
            return;
        }
        if let Some(owner) = owner(self.trace, id) {
            if let Kind::Line(Some(step)) = event.kind {
                self.fold(owner, step);
            }
            return;
        }
        let (frame, previous) = (event.frame, event.previous);
        match event.kind {
            Kind::Line(step) => {
                let read = self.open.get(&frame).map(|it| it.1);
                if read.is_none_or(|it| it <= id) {
                    self.statement(id, step.map_or(Moment::Prelude, Moment::Step));
                }
            }
            Kind::Call | Kind::Resume => {
                let part = match event.kind {
                    Kind::Call => Part::Call,
                    _ => Part::Resume,
                };
                // The state before, then the writes of this event upon it.
                let mut touched = std::mem::take(&mut self.touched);
                touched.names.clear();
                if let Some(previous) = previous {
                    touched.note(self.trace, id, self.states.at(frame, previous));
                } else {
                    let writes = self.trace.writes(id);
                    touched.names.extend(writes.map(|it| (it.name, None)));
                }
                let mut record = self.begun(part, id, Moment::Call(frame));
                record.changes = self.changes(frame, id, &touched);
                self.touched = touched;
                record.done = Some(id);
                self.push(record, id);
                self.rest(id);
            }
            Kind::Return(_) | Kind::Yield(_) | Kind::Unwind | Kind::Exception(_) => (),
        }
    }

    /// What happens after an entry and before a line.
    fn rest(&mut self, entry: EventId) {
        let suspended = self.suspended_line(entry);
        let frame = self.trace.events()[entry].frame;
        let moment = match suspended.map(|it| self.trace.events()[it].kind) {
            Some(Kind::Line(Some(step))) if self.window.contains(&step) => Moment::Step(step),
            _ => Moment::Call(frame),
        };
        let mut record = self.begun(Part::Rest, entry, moment);
        if let Some(suspended) = suspended {
            record.line = self.trace.events()[suspended].line;
        }
        let read = self.read(&mut record);
        if !record.is_bare() || !record.folded.is_empty() {
            self.push(record, read);
        }
    }

    /// The line event that a resumed frame had stopped at.
    fn suspended_line(&self, entry: EventId) -> Option<EventId> {
        let mut at = self.trace.events()[entry].previous;
        while let Some(id) = at {
            let event = &self.trace.events()[id];
            if matches!(event.kind, Kind::Line(_)) {
                return Some(id);
            }
            at = event.previous;
        }
        None
    }

    fn statement(&mut self, id: EventId, moment: Moment) -> usize {
        let mut record = self.begun(Part::Line, id, moment);
        let read = self.read(&mut record);
        self.push(record, read)
    }

    fn begun(&self, part: Part, id: EventId, moment: Moment) -> Record {
        let event = &self.trace.events()[id];
        let prelude = match event.kind {
            Kind::Line(step) => step.is_none(),
            _ => is_prelude(self.trace, id),
        };
        Record {
            part,
            event: id,
            met: id,
            activation: event.activation,
            frame: event.frame,
            line: event.line,
            moment: Some(if prelude { Moment::Prelude } else { moment }),
            folded: Vec::new(),
            changes: Vec::new(),
            exceptions: Vec::new(),
            unwound: false,
            leaving: None,
            returned: None,
            yielded: None,
            done: None,
            prelude,
        }
    }

    fn push(&mut self, record: Record, read: EventId) -> usize {
        let at = self.gone + self.list.len();
        self.open.insert(record.frame, (at, read));
        self.list.push_back(record);
        at
    }

    /// Gives a step of a folded frame to the statement it belongs to.
    fn fold(&mut self, owner: EventId, step: StepId) {
        let frame = self.trace.events()[owner].frame;
        let at = match self.open.get(&frame) {
            Some(&(at, _)) => at,
            // The statement began before the window; its text is the only place for the step.
            None => {
                let mut begin = owner;
                while !matches!(
                    self.trace.events()[begin].kind,
                    Kind::Line(_) | Kind::Call | Kind::Resume
                ) {
                    let Some(previous) = self.trace.events()[begin].previous else {
                        break;
                    };
                    begin = previous;
                }
                let at = self.statement(begin, Moment::Call(frame));
                let record = &mut self.list[at - self.gone];
                (record.moment, record.met) = (None, self.now);
                at
            }
        };
        // Who takes records out before all are read asks for no moments.
        let there = at.checked_sub(self.gone);
        if let Some(record) = there.and_then(|it| self.list.get_mut(it)) {
            record.folded.push(step);
        }
    }

    /// Follows the frame from the record's event to the next that is not part of the same statement;
    /// lines of the frame before what is returned belong to the record.
    fn read(&mut self, record: &mut Record) -> EventId {
        let trace = self.trace;
        let statements = self.sources.statements(record.frame);
        let comprehension = statements
            .at(record.line)
            .filter(|it| !it.targets.is_empty())
            .map(|it| Comprehension::of(trace, record.frame, it));
        let mut touched = std::mem::take(&mut self.touched);
        touched.names.clear();
        let mut last = record.event;
        let mut read = last.plus(1);
        let mut at = trace.events()[last].next;
        while let Some(id) = at {
            if trace.writes(id).len() != 0 {
                touched.note(trace, id, self.states.at(record.frame, last));
            }
            let event = &trace.events()[id];
            last = id;
            read = id.plus(1);
            at = event.next;
            match event.kind {
                Kind::Line(step) => {
                    let runs = comprehension.as_ref().is_some_and(|it| {
                        let state = self.states.at(record.frame, id);
                        it.runs(event.line, &touched, state)
                    });
                    if !runs || !record.exceptions.is_empty() {
                        record.done.get_or_insert(id);
                        read = id;
                        break;
                    }
                    let step = step.filter(|it| self.window.contains(it));
                    record.folded.extend(step);
                    continue;
                }
                Kind::Exception(exception) => {
                    let new = trace.exception(exception);
                    let known = record.exceptions.last().map(|&it| trace.exception(it));
                    if known.is_none_or(|it| (&it.name, &it.message) != (&new.name, &new.message)) {
                        record.exceptions.push(exception);
                    }
                    record.done.get_or_insert(id);
                    continue;
                }
                Kind::Return(value) => record.returned = Some(value),
                Kind::Yield(value) => record.yielded = Some(value),
                Kind::Unwind => {
                    record.unwound = true;
                    let last = record.exceptions.last().copied();
                    record.leaving = last.or_else(|| self.leaving(id));
                }
                Kind::Call | Kind::Resume => (),
            }
            record.done.get_or_insert(id);
            break;
        }
        if record.done.is_some() {
            record.changes = self.changes(record.frame, last, &touched);
        }
        self.touched = touched;
        read
    }

    /// The exception that leaves a frame at `unwind`, where the statement it ends did not raise it: what
    /// arrives in the caller, else what the frame met last.
    fn leaving(&self, unwind: EventId) -> Option<Id<Exception>> {
        let events = self.trace.events();
        let caller = self.trace.activations()[events[unwind].activation].caller;
        if let (Some(caller), Some(next)) = (caller, events.get(unwind.plus(1)))
            && next.frame == events[caller].frame
            && let Kind::Exception(exception) = next.kind
        {
            return Some(exception);
        }
        let mut at = events[unwind].previous;
        while let Some(id) = at {
            if let Kind::Exception(exception) = events[id].kind {
                return Some(exception);
            }
            at = events[id].previous;
        }
        None
    }

    /// How the variables that were touched read at `event` and did not before.
    fn changes(&mut self, frame: FrameId, event: EventId, touched: &Touched) -> Vec<Change> {
        let mut res: Vec<Change> = Vec::new();
        if touched.names.is_empty() {
            return res;
        }
        let trace = self.trace;
        let state = self.states.at(frame, event);
        for &(name, old) in &touched.names {
            let value = state.get(name);
            let differs = match (old, value) {
                (Some(old), Some(new)) => !same(trace, old, new, &mut self.near),
                (old, new) => old != new,
            };
            if differs && is_shown(trace, frame, name) {
                res.push(Change {
                    name,
                    value,
                    fresh: old.is_none(),
                });
            }
        }
        res.sort_by_key(|it| state.place(it.name));
        res
    }
}
