//! What the calls and statements of a window did, in order: the facts that every format tells.
//!
//! A record is a call's binding of arguments or a statement's effect. Frames that belong to a statement
//! (comprehensions, generator expressions, lambdas) are folded into it on every Python version: before
//! 3.12 by their frames, from 3.12 on, where comprehensions run in their function's frame (PEP 709), by
//! their variables, which differ from what they were only while the comprehension runs.

use rustc_hash::FxHashMap;

use super::{
    Moment,
    source::Sources,
    statements::Statement,
    states::{State, States, is_shown},
    texts::same,
};
use crate::trace::{
    ActivationId, CodeKind, EventId, Exception, FrameId, Id, Kind, NameId, StepId, Trace, ValueId,
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
    /// Whether the last of them left the frame.
    pub(super) unwound: bool,
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
    window: std::ops::Range<StepId>,
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
    /// The records of `window`. Linear in its events and their writes.
    pub(super) fn of(trace: &'a Trace, window: std::ops::Range<StepId>) -> Self {
        let steps = trace.steps();
        let last = window.end.min(steps.end());
        let start = match window.start.minus(1).and_then(|it| steps.get(it)) {
            Some(before) => before.event.plus(1),
            None => EventId::new(0),
        };
        let end = match last.minus(1).and_then(|it| steps.get(it)) {
            Some(step) if last < steps.end() => step.event.plus(1),
            _ => trace.events().end(),
        };
        let mut reading = Reading {
            trace,
            states: States::of(trace),
            open: FxHashMap::default(),
            records: Self {
                trace,
                sources: Sources::of(trace),
                list: Vec::new(),
                start,
                end,
                window,
            },
        };
        for event in Id::range(start..end) {
            reading.take(event);
        }
        reading.records
    }

    /// Positions of the records in order of completion; those not completed come last.
    pub(super) fn completed(&self) -> Vec<usize> {
        let mut res: Vec<usize> = (0..self.list.len()).collect();
        res.sort_by_key(|&it| {
            let record = &self.list[it];
            match record.part {
                Part::Call | Part::Resume => record.event,
                Part::Line | Part::Rest => record.done.unwrap_or(self.trace.events().end()),
            }
        });
        res
    }

    /// Whether the window reaches the end of what was recorded.
    pub(super) fn reaches_the_end(&self) -> bool {
        self.end == self.trace.events().end()
    }
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

struct Reading<'a> {
    trace: &'a Trace,
    states: States<'a>,
    records: Records<'a>,
    /// Each frame's newest record, and the event up to which it has been read.
    open: FxHashMap<FrameId, (usize, EventId)>,
}

impl Reading<'_> {
    fn take(&mut self, id: EventId) {
        let event = &self.trace.events()[id];
        if !matches!(event.kind, Kind::Call | Kind::Resume | Kind::Line(_)) {
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
                let mut touched = Touched::default();
                if let Some(previous) = previous {
                    touched.note(self.trace, id, self.states.at(frame, previous));
                } else {
                    touched.names = self.trace.writes(id).map(|it| (it.name, None)).collect();
                }
                let mut record = self.begun(part, id, Moment::Call(frame));
                record.changes = self.changes(frame, id, &touched);
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
            Some(Kind::Line(Some(step))) if self.records.window.contains(&step) => {
                Moment::Step(step)
            }
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
            activation: event.activation,
            frame: event.frame,
            line: event.line,
            moment: Some(if prelude { Moment::Prelude } else { moment }),
            folded: Vec::new(),
            changes: Vec::new(),
            exceptions: Vec::new(),
            unwound: false,
            returned: None,
            yielded: None,
            done: None,
            prelude,
        }
    }

    fn push(&mut self, record: Record, read: EventId) -> usize {
        let at = self.records.list.len();
        self.open.insert(record.frame, (at, read));
        self.records.list.push(record);
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
                self.records.list[at].moment = None;
                at
            }
        };
        self.records.list[at].folded.push(step);
    }

    /// Follows the frame from the record's event to the next that is not part of the same statement;
    /// returns that one, or the last there is.
    fn read(&mut self, record: &mut Record) -> EventId {
        let trace = self.trace;
        let statements = self.records.sources.statements(record.frame);
        let comprehension = statements
            .at(record.line)
            .filter(|it| !it.targets.is_empty())
            .map(|it| Comprehension::of(trace, record.frame, it));
        let mut touched = Touched::default();
        let mut last = record.event;
        let mut at = trace.events()[last].next;
        while let Some(id) = at {
            touched.note(trace, id, self.states.at(record.frame, last));
            let state = self.states.at(record.frame, id);
            let event = &trace.events()[id];
            last = id;
            at = event.next;
            match event.kind {
                Kind::Line(step) => {
                    let runs = comprehension
                        .as_ref()
                        .is_some_and(|it| it.runs(event.line, &touched, state));
                    if !runs || !record.exceptions.is_empty() {
                        record.done.get_or_insert(id);
                        break;
                    }
                    let step = step.filter(|it| self.records.window.contains(it));
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
                Kind::Unwind => record.unwound = true,
                Kind::Call | Kind::Resume => (),
            }
            record.done.get_or_insert(id);
            break;
        }
        if record.done.is_some() {
            record.changes = self.changes(record.frame, last, &touched);
        }
        last
    }

    /// How the variables that were touched read at `event` and did not before.
    fn changes(&mut self, frame: FrameId, event: EventId, touched: &Touched) -> Vec<Change> {
        let trace = self.trace;
        let state = self.states.at(frame, event);
        let mut res: Vec<Change> = Vec::new();
        for &(name, old) in &touched.names {
            let value = state.get(name);
            let differs = match (old, value) {
                (Some(old), Some(new)) => !same(trace, old, new),
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

/// Variables written since some event, and what they held at it.
#[derive(Default)]
struct Touched {
    names: Vec<(NameId, Option<ValueId>)>,
}

impl Touched {
    fn note(&mut self, trace: &Trace, event: EventId, before: &State) {
        for write in trace.writes(event) {
            if !self.names.iter().any(|it| it.0 == write.name) {
                self.names.push((write.name, before.get(write.name)));
            }
        }
    }
}

/// A statement with comprehensions that may run in the frame of the statement itself.
struct Comprehension<'a> {
    statement: &'a Statement,
    /// Their variables, as far as the frame shows them.
    targets: Vec<NameId>,
    /// Whether the frame is one that hides them: a file's body from Python 3.12 on.
    hidden: bool,
}

impl<'a> Comprehension<'a> {
    fn of(trace: &Trace, frame: FrameId, statement: &'a Statement) -> Self {
        let code = trace.code(frame);
        let named = |id: &NameId| statement.targets.iter().any(|it| **it == **trace.name(*id));
        Self {
            statement,
            targets: code.locals.iter().copied().filter(named).collect(),
            hidden: code.kind == CodeKind::Module
                && !statement.is_loop()
                && inlines_comprehensions(trace),
        }
    }

    /// Whether one is running when the frame comes to `line`.
    fn runs(&self, line: u32, touched: &Touched, state: &State) -> bool {
        if !(self.statement.first..=self.statement.last).contains(&line) {
            return false;
        }
        let bound = |it: &&(NameId, Option<ValueId>)| self.targets.contains(&it.0);
        let mut bound = touched.names.iter().filter(bound);
        self.hidden || bound.any(|&(name, old)| state.get(name) != old)
    }
}

/// Whether comprehensions run in their function's frame: Python 3.12 and later.
fn inlines_comprehensions(trace: &Trace) -> bool {
    let version = trace.fact("python").unwrap_or_default();
    let mut parts = version.split('.').map(|it| it.parse::<u32>().unwrap_or(0));
    (parts.next(), parts.next()) >= (Some(3), Some(12))
}
