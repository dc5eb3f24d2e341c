//! What the research code's log shows of a run, event by event, as notes of four kinds.
//!
//! Nothing is kept but what the frames that are not over hold, so that a kind that comes first in a text is
//! read first, and the others when it is their turn.

use std::{
    ops::{ControlFlow, Range},
    sync::Arc,
};

use super::{
    super::{
        Moment, Request,
        records::within,
        states::{States, is_shown},
        texts::{Texts, raised_short, same},
    },
    wrapped::Wrapped,
};
use crate::trace::{
    Code, EventId, Exception, FrameId, Id, Kind, NameId, Near, StepId, Trace, ValueId,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Start,
    Change,
    Exception,
    End,
}

/// What a note says.
#[derive(Debug, Clone, Copy)]
pub(super) enum What<'n> {
    /// Variables, in the order in which they are written.
    Pairs(&'n [(NameId, ValueId)]),
    Raised(Id<Exception>),
    Gave(ValueId),
}

/// One record of the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note<'n> {
    pub(super) of: Of,
    /// Counted from 1 over notes of its kind.
    pub(super) nth: usize,
    pub(super) moment: Moment,
    pub(super) line: u32,
    pub(super) what: What<'n>,
}

/// Which frames and events a log shows.
pub(super) struct Log<'a> {
    pub(super) trace: &'a Trace,
    window: Range<StepId>,
    /// The window's events.
    events: Range<EventId>,
    /// What the called frame runs.
    called: Id<Code>,
    /// Where a whole script ran.
    wrapped: Option<Wrapped<'a>>,
}

/// The texts of notes.
pub(super) struct Words<'l> {
    log: &'l Log<'l>,
    texts: Texts<'l>,
}

/// One way through a log.
struct Reading<'l> {
    log: &'l Log<'l>,
    wanted: &'l [Of],
    /// The line that the log showed last.
    logged: Option<u32>,
    /// The wrapping function's event that came last.
    around: Option<EventId>,
    states: States<'l>,
    near: Near,
    /// The kinds' numbers of notes.
    counts: [usize; 4],
    pairs: Vec<(NameId, ValueId)>,
    /// What an event writes, and what was there.
    touched: Vec<(NameId, Option<ValueId>)>,
    /// What reads differently since, and whether it is new.
    changed: Vec<(NameId, ValueId, bool)>,
}

impl<'a> Log<'a> {
    /// `None` where nothing of the program proper ran.
    pub(super) fn of(trace: &'a Trace, request: &Request) -> Option<Self> {
        let entry = trace.entry()?;
        let (start, end) = within(trace, &request.window);
        Some(Self {
            trace,
            window: request.window.clone(),
            events: start..end,
            called: trace.frames()[entry].code,
            wrapped: Wrapped::of(trace),
        })
    }

    pub(super) fn words(&self) -> Words<'_> {
        Words {
            log: self,
            texts: Texts::of(self.trace),
        }
    }

    /// Hands on the notes of the `wanted` kinds, in the order of the log. Linear in the window's events and
    /// their writes.
    pub(super) fn read(
        &self,
        wanted: &[Of],
        mut take: impl FnMut(&Note<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if wanted == [Of::Exception] && !self.trace.raises() {
            return ControlFlow::Continue(());
        }
        let root = self.wrapped.as_ref().map(|it| it.root);
        let before = self.events.start.minus(1);
        let mut reading = Reading {
            log: self,
            wanted,
            logged: None,
            around: root.and_then(|it| self.trace.event_in(it, before?)),
            states: States::of(self.trace),
            near: Near::default(),
            counts: [0; 4],
            pairs: Vec::new(),
            touched: Vec::new(),
            changed: Vec::new(),
        };
        // What the last steps did is seen after them.
        let mut later = Vec::new();
        for id in Id::range(self.events.clone()) {
            let event = &self.trace.events()[id];
            if !self.shows(event.frame) {
                continue;
            }
            later.extend(event.next.filter(|it| self.events.end <= *it));
            reading.take(id, &mut take)?;
        }
        later.sort_unstable();
        for id in later {
            reading.take(id, &mut take)?;
        }
        ControlFlow::Continue(())
    }

    fn shows(&self, frame: FrameId) -> bool {
        match &self.wrapped {
            Some(it) => it.shows(frame),
            None => self.trace.frames()[frame].code == self.called,
        }
    }

    /// The step that a frame was on at one of its events.
    fn step(&self, mut at: EventId) -> Option<StepId> {
        loop {
            let event = &self.trace.events()[at];
            if let Kind::Line(step) = event.kind {
                return step;
            }
            at = event.previous?;
        }
    }
}

impl Reading<'_> {
    fn take(
        &mut self,
        id: EventId,
        take: &mut impl FnMut(&Note<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let log = self.log;
        let event = &log.trace.events()[id];
        let logged = self.logged.replace(event.line);
        let root = log.wrapped.as_ref().map(|it| it.root);
        if root == Some(event.frame) {
            self.around = Some(id);
        }
        let wants = |of| self.wanted.contains(&of);
        let Some(previous) = event.previous else {
            if wants(Of::Start) {
                self.started(event.frame, id);
                let moment = Moment::Call(event.frame);
                let line = logged.unwrap_or(event.line);
                self.changes(Of::Start, event.frame, moment, line, take)?;
            }
            return ControlFlow::Continue(());
        };
        let end = match event.kind {
            Kind::Exception(it) => Some((Of::Exception, What::Raised(it))),
            Kind::Return(it) | Kind::Yield(it) => Some((Of::End, What::Gave(it))),
            Kind::Call | Kind::Resume | Kind::Line(_) | Kind::Unwind => None,
        };
        let end = end.filter(|it| wants(it.0));
        let change = wants(Of::Change);
        if !change && end.is_none() {
            return ControlFlow::Continue(());
        }
        let step = log.step(previous).filter(|it| log.window.contains(it));
        if let Some(step) = step {
            let moment = Moment::Step(step);
            if change {
                self.changed(event.frame, previous, id);
                let line = logged.unwrap_or(log.trace.events()[previous].line);
                self.changes(Of::Change, event.frame, moment, line, take)?;
            }
            if let Some((of, what)) = end {
                self.note(of, moment, event.line, what, take)?;
            }
        }
        let over = matches!(event.kind, Kind::Return(_) | Kind::Unwind);
        if over && log.trace.frames()[event.frame].last == id {
            self.states.forget(event.frame);
        }
        ControlFlow::Continue(())
    }

    /// Finds what a frame holds as it begins.
    fn started(&mut self, frame: FrameId, id: EventId) {
        let log = self.log;
        self.changed.clear();
        let own = self.states.at(frame, id).bindings().iter();
        self.changed.extend(own.map(|it| (it.0, it.1, true)));
        if !self.wanted.contains(&Of::Change) {
            self.states.forget(frame);
        }
        let Some(wrapped) = &log.wrapped else { return };
        if frame == wrapped.root {
            return wrapped.sort(&mut self.changed);
        }
        // What it reads of what is around it stands behind its own.
        let free = wrapped.free(frame);
        let Some(around) = self.around.filter(|_| !free.is_empty()) else {
            return;
        };
        let around = self.states.at(wrapped.root, around);
        let read = free
            .iter()
            .filter_map(|&it| Some((it, around.get(it)?, true)));
        self.changed.extend(read);
    }

    /// Finds what reads differently in a frame than at its event before.
    fn changed(&mut self, frame: FrameId, previous: EventId, id: EventId) {
        let trace = self.log.trace;
        self.changed.clear();
        self.touched.clear();
        let writes = trace.writes(id);
        if writes.len() == 0 {
            return;
        }
        let state = self.states.at(frame, previous);
        for write in writes {
            if !self.touched.iter().any(|it| it.0 == write.name) {
                self.touched.push((write.name, state.get(write.name)));
            }
        }
        let state = self.states.at(frame, id);
        for &(name, old) in &self.touched {
            let Some(value) = state.get(name) else {
                continue;
            };
            if old.is_none_or(|old| !same(trace, old, value, &mut self.near)) {
                self.changed.push((name, value, old.is_none()));
            }
        }
        if 1 < self.changed.len() {
            self.changed.sort_by_key(|it| state.position(it.0));
        }
        let wrapped = self.log.wrapped.as_ref();
        if let Some(wrapped) = wrapped.filter(|it| it.root == frame) {
            wrapped.sort(&mut self.changed);
        }
    }

    /// A note for each run of new, and each run of changed, variables; the last of them comes first.
    fn changes(
        &mut self,
        of: Of,
        frame: FrameId,
        moment: Moment,
        line: u32,
        take: &mut impl FnMut(&Note<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let trace = self.log.trace;
        let mut changed = std::mem::take(&mut self.changed);
        let mut pairs = std::mem::take(&mut self.pairs);
        changed.retain(|it| is_shown(trace, frame, it.0));
        for group in changed.chunk_by(|a, b| a.2 == b.2) {
            pairs.clear();
            pairs.extend(group.iter().rev().map(|it| (it.0, it.1)));
            self.note(of, moment, line, What::Pairs(&pairs), take)?;
        }
        (self.changed, self.pairs) = (changed, pairs);
        ControlFlow::Continue(())
    }

    fn note(
        &mut self,
        of: Of,
        moment: Moment,
        line: u32,
        what: What<'_>,
        take: &mut impl FnMut(&Note<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let nth = &mut self.counts[of as usize];
        *nth += 1;
        take(&Note {
            of,
            nth: *nth,
            moment,
            line,
            what,
        })
    }
}

impl Words<'_> {
    /// Appends what a note says: `b = 2, a = 1`, or the value or exception that ended the call.
    pub(super) fn put(&mut self, what: What<'_>, out: &mut String) {
        match what {
            What::Raised(it) => out.push_str(&raised_short(self.log.trace.exception(it))),
            What::Gave(it) => self.put_short(it, out),
            What::Pairs(pairs) => {
                for (nth, &(name, value)) in pairs.iter().enumerate() {
                    if 0 < nth {
                        out.push_str(", ");
                    }
                    out.push_str(self.log.trace.name(name));
                    out.push_str(" = ");
                    self.put_short(value, out);
                }
            }
        }
    }

    /// The variables that a note names.
    pub(super) fn names(&self, what: What<'_>) -> Vec<Arc<str>> {
        match what {
            What::Raised(_) | What::Gave(_) => Vec::new(),
            What::Pairs(pairs) => {
                let names = pairs.iter().map(|it| self.log.trace.name(it.0).clone());
                names.collect()
            }
        }
    }

    /// Appends a value's text, shortened.
    fn put_short(&mut self, value: ValueId, out: &mut String) {
        let wrapped = self.log.wrapped.as_ref();
        let inside = |text: &str| wrapped?.inside(text);
        self.texts.put_short(value, inside, out);
    }
}
