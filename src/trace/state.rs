//! What a frame's variables hold at a moment, what a step did, and who called whom.

use std::sync::Arc;

use super::{
    CodeKind, Ending, Event, EventId, Exception, FrameId, Id, Kind, NameId, StepId, Trace, ValueId,
    Write, is_part_of_a_statement,
};

/// A frame's whole state every so many of its events, so that no look-up replays more than that.
pub(super) const KEYFRAME_EVERY: u32 = 256;

/// A variable and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// The variable.
    pub name: NameId,
    /// What it holds.
    pub value: ValueId,
    /// The frame's event at which it was seen to have changed last.
    pub since: EventId,
}

#[derive(Debug, Clone)]
pub(super) struct Keyframe {
    pub(super) at: EventId,
    pub(super) bindings: Arc<[Binding]>,
}

/// What one step did, seen at the frame's next event.
#[derive(Debug, Clone)]
pub struct Effect {
    /// The frame's next event, at which the effect was seen; `None` when the trace ends before it.
    pub done: Option<EventId>,
    /// Variables that changed, in the order of formats (see [`Trace::locals`]).
    pub writes: Vec<Write>,
    /// The value the frame returned on this step.
    pub returned: Option<ValueId>,
    /// The value the frame yielded on this step.
    pub yielded: Option<ValueId>,
    /// The exception raised on this step, or arrived from a call it made.
    pub exception: Option<Id<Exception>>,
    /// Whether that exception left the frame.
    pub unwound: bool,
}

/// Applies one write to a state kept in order of binding.
pub(super) fn apply(state: &mut Vec<Binding>, write: Write, since: EventId) {
    let at = state.iter().position(|it| it.name == write.name);
    match (at, write.value) {
        (Some(at), Some(value)) => {
            state[at].value = value;
            state[at].since = since;
        }
        (Some(at), None) => {
            state.remove(at);
        }
        (None, Some(value)) => state.push(Binding {
            name: write.name,
            value,
            since,
        }),
        (None, None) => (),
    }
}

impl Trace {
    /// What `frame`'s variables hold at `at`, in the order of formats: parameters and variables as the
    /// code names them, module and class names as they were bound.
    ///
    /// For an event of another frame: as of `frame`'s last event before it. Costs at most 256 events.
    pub fn locals(&self, frame: FrameId, at: EventId) -> Vec<Binding> {
        let known = &self.frames[frame];
        let upto = known.keyframes.partition_point(|it| it.at <= at);
        let (mut state, mut event) = match upto.checked_sub(1) {
            Some(idx) => {
                let keyframe = &known.keyframes[idx];
                (keyframe.bindings.to_vec(), self.events[keyframe.at].next)
            }
            None => (Vec::new(), Some(known.call)),
        };
        while let Some(id) = event.filter(|&it| it <= at) {
            for write in self.writes(id) {
                apply(&mut state, write, id);
            }
            event = self.events[id].next;
        }
        let order = &self.code(frame).locals;
        state.sort_by_key(|it| place(order, it.name));
        state
    }

    /// What a step did.
    pub fn effect(&self, step: StepId) -> Effect {
        self.effect_of(self.steps[step].event)
    }

    /// As [`Self::effect`], for any line, call or resume event.
    pub fn effect_of(&self, event: EventId) -> Effect {
        let done = self.events[event].next;
        let mut effect = Effect {
            done,
            writes: Vec::new(),
            returned: None,
            yielded: None,
            exception: None,
            unwound: false,
        };
        let Some(id) = done else { return effect };
        let order = &self.code(self.events[id].frame).locals;
        effect.writes.extend(self.writes(id));
        effect.writes.sort_by_key(|it| place(order, it.name));
        match self.events[id].kind {
            Kind::Return(value) => effect.returned = Some(value),
            Kind::Yield(value) => effect.yielded = Some(value),
            Kind::Exception(exception) => {
                effect.exception = Some(exception);
                effect.unwound = self.unwinds(id);
            }
            Kind::Unwind => effect.unwound = true,
            Kind::Call | Kind::Resume | Kind::Line(_) => (),
        }
        effect
    }

    /// Whether the exception seen at `event` leaves the frame without another line of it running.
    pub fn unwinds(&self, event: EventId) -> bool {
        let mut at = event;
        while let Some(next) = self.events[at].next {
            match self.events[next].kind {
                Kind::Unwind => return true,
                Kind::Exception(_) => at = next,
                _ => return false,
            }
        }
        false
    }

    /// The event of `frame` at or before `at`; `None` if the frame was entered later. Linear in the
    /// events after `at` in that frame, or before it, whichever the caller is nearer to.
    pub fn event_in(&self, frame: FrameId, at: EventId) -> Option<EventId> {
        let known = &self.frames[frame];
        if at < known.call {
            return None;
        }
        let upto = known.keyframes.partition_point(|it| it.at <= at);
        let mut event = match upto.checked_sub(1) {
            Some(idx) => known.keyframes[idx].at,
            None => known.call,
        };
        while let Some(next) = self.events[event].next.filter(|&it| it <= at) {
            event = next;
        }
        Some(event)
    }

    /// The stack at an event, innermost first: for each frame, its event that was current then.
    pub fn stack(&self, event: EventId) -> Vec<EventId> {
        let mut res = vec![event];
        let mut at = event;
        while let Some(caller) = self.activations[self.events[at].activation].caller {
            res.push(caller);
            at = caller;
        }
        res
    }

    /// Recorded frames below this event's on its thread's stack.
    pub fn depth(&self, event: &Event) -> u32 {
        self.activations[event.activation].depth
    }

    /// The newest step at or before `event`, on any frame; `None` before the first.
    pub fn step_at(&self, event: EventId) -> Option<StepId> {
        let after = self.steps.partition_point(|it| it.event <= event);
        let last = Id::new(after).minus(1)?;
        self.steps.get(last).map(|_| last)
    }

    /// The step of `event`'s own frame that was running at it; falls back to the nearest step of any.
    pub fn step_of(&self, event: EventId) -> Option<StepId> {
        let mut at = Some(event);
        while let Some(id) = at {
            if let Kind::Line(step) = self.events[id].kind {
                return step;
            }
            at = self.events[id].previous;
        }
        self.step_at(event)
    }

    /// The first frame of the program proper: the entry of a `--call`, or the script's own body.
    pub fn entry(&self) -> Option<FrameId> {
        if self.call().is_none() {
            return self.frames.first();
        }
        let first = self.steps.first()?;
        let mut frame = self.at(first).frame;
        while is_part_of_a_statement(self.code(frame).kind) {
            match self.frames[frame].parent {
                Some(parent) => frame = parent,
                None => break,
            }
        }
        Some(frame)
    }

    /// The exception that ended the program, and the event at which it was first raised.
    ///
    /// `None` when the program ended well, left by `SystemExit`, or has not ended.
    pub fn uncaught(&self) -> Option<(EventId, &Exception)> {
        let root = match self.call() {
            // The module's own frame failed to import, or else the call did.
            Some(_) => self
                .frames
                .first()
                .filter(|&it| self.events[self.frames[it].last].kind == Kind::Unwind)
                .or_else(|| self.entry())?,
            // What a test raises ends in its runner, which is none of the program's frames.
            None if self.fact("target") == Some("pytest") => self.failed_in_a_runner()?,
            None => self.frames.first()?,
        };
        let mut at = self.frames[root].last;
        if self.events[at].kind != Kind::Unwind {
            return None;
        }
        let mut raised = None;
        while let Some(before) = at.minus(1) {
            match self.events[before].kind {
                Kind::Exception(exception) => raised = Some((before, exception)),
                Kind::Unwind => (),
                _ => break,
            }
            at = before;
        }
        let (event, exception) = raised?;
        let exception = &self.exceptions[exception];
        (&*exception.name != "SystemExit").then_some((event, exception))
    }

    /// The last frame that nothing of the program's called and that an exception left: of a run of one
    /// test, the test itself or a fixture. `None` when the run went well.
    fn failed_in_a_runner(&self) -> Option<FrameId> {
        if self.ending == Ending::Exited(0) {
            return None;
        }
        let left = self.activations.ids().rev().find(|&it| {
            let activation = &self.activations[it];
            let left = activation.left.map(|it| self.events[it].kind);
            activation.caller.is_none() && left == Some(Kind::Unwind)
        })?;
        Some(self.activations[left].frame)
    }

    /// Whether a frame was entered while the file of a `--call` was still being imported.
    pub fn is_prelude(&self, frame: FrameId) -> bool {
        self.call().is_some()
            && self.code(frame).kind == CodeKind::Module
            && frame == FrameId::new(0)
    }
}

fn place(order: &[NameId], name: NameId) -> usize {
    order
        .iter()
        .position(|&it| it == name)
        .unwrap_or(order.len())
}
