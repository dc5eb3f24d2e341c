//! Where in time the user stands, and how that moves.

use super::{CodeKind, EventId, FrameId, Kind, StepId, Trace};

/// A step of a trace, and a frame on that step's stack: the one focus that every pane follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    // Invariant: a step of the trace the cursor was made from, and of every later snapshot of it.
    step: StepId,
    // Invariant: a frame on the step's stack.
    frame: FrameId,
}

/// Which way time runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heading {
    /// Toward the end of the run.
    Forward,
    /// Toward its beginning.
    Backward,
}

/// How far one motion goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stride {
    /// To the neighboring step, entering calls.
    Into,
    /// To the neighboring step of this frame; at its end, to the caller's.
    Over,
    /// Forward: to the caller's first step after this frame ends. Backward: to the caller's step that
    /// entered it.
    Out,
}

/// A stride and a heading; every stepping command is one of these six.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Motion {
    /// How far.
    pub stride: Stride,
    /// Which way.
    pub heading: Heading,
}

impl Cursor {
    /// On `step`, looking at its own frame; `None` if the trace does not reach that far.
    pub fn on(trace: &Trace, step: StepId) -> Option<Self> {
        let event = trace.steps().get(step)?.event;
        Some(Self {
            step,
            frame: trace.events()[event].frame,
        })
    }

    /// On the first step, if there is one.
    pub fn first(trace: &Trace) -> Option<Self> {
        Self::on(trace, trace.steps().first()?)
    }

    /// On the newest step, if there is one.
    pub fn last(trace: &Trace) -> Option<Self> {
        Self::on(trace, trace.steps().last()?)
    }

    /// Where a debugger opens: on the raise of the exception that ended the program, else on the
    /// first step.
    pub fn opening(trace: &Trace) -> Option<Self> {
        let raised = trace
            .uncaught()
            .and_then(|(event, _)| Self::on(trace, trace.step_of(event)?));
        raised.or_else(|| Self::first(trace))
    }

    /// The same place in another snapshot of the same run, of which older steps were dropped; `None` where
    /// its step was. Costs the step's stack in both.
    pub fn carried(self, from: &Trace, to: &Trace) -> Option<Self> {
        let here = Self::on(to, self.step)?;
        let stack = |of: &Trace| of.stack(of.steps()[self.step].event);
        let below = stack(from)
            .into_iter()
            .position(|it| from.events()[it].frame == self.frame);
        let event = below.and_then(|it| stack(to).get(it).copied());
        let frame = event.map_or(here.frame, |it| to.events()[it].frame);
        Some(Self { frame, ..here })
    }

    /// The step stood on.
    pub fn step(self) -> StepId {
        self.step
    }

    /// The frame looked at.
    pub fn frame(self) -> FrameId {
        self.frame
    }

    /// The event in the frame looked at that was current at the step.
    pub fn event(self, trace: &Trace) -> EventId {
        let at = trace.steps()[self.step].event;
        let on = |it: &EventId| trace.events()[*it].frame == self.frame;
        trace.stack(at).into_iter().find(on).unwrap_or(at)
    }

    /// Looks at the caller's frame (`Forward`: toward the inner frame); `None` at the stack's end.
    pub fn looking(self, trace: &Trace, heading: Heading) -> Option<Self> {
        let stack = trace.stack(trace.steps()[self.step].event);
        let frame = |at: usize| stack.get(at).map(|&it| trace.events()[it].frame);
        let here = (0..stack.len()).find(|&at| frame(at) == Some(self.frame))?;
        let frame = match heading {
            Heading::Backward => frame(here + 1)?,
            Heading::Forward => frame(here.checked_sub(1)?)?,
        };
        Some(Self { frame, ..self })
    }

    /// Moves; `None` where the motion would leave the trace. `Into` costs nothing; the others cost the
    /// frame's events up to its neighboring step.
    pub fn moved(self, trace: &Trace, motion: Motion) -> Option<Self> {
        let step = match (motion.stride, motion.heading) {
            (Stride::Into, Heading::Forward) => self.step.plus(1),
            (Stride::Into, Heading::Backward) => self.step.minus(1)?,
            (Stride::Over, Heading::Forward) => after(trace, self.event(trace))?,
            (Stride::Over, Heading::Backward) => before(trace, self.start(trace)?)?,
            (Stride::Out, Heading::Forward) => after(trace, caller(trace, self.event(trace))?)?,
            (Stride::Out, Heading::Backward) => {
                at_or_before(trace, caller(trace, self.event(trace))?)?
            }
        };
        Self::on(trace, step)
    }

    /// Where stepping over backward starts from: the step itself when its own frame is looked at,
    /// otherwise the looked-at frame's event after it.
    fn start(self, trace: &Trace) -> Option<EventId> {
        let event = self.event(trace);
        if event == trace.steps()[self.step].event {
            return Some(event);
        }
        trace.events()[event].next.or(Some(event))
    }
}

fn caller(trace: &Trace, event: EventId) -> Option<EventId> {
    trace.activations()[trace.events()[event].activation].caller
}

/// Whether stepping over a suspension waits for the frame to run on, as in a coroutine, rather than
/// follow the value to whoever asked for it, as in a generator.
fn waits(trace: &Trace, frame: FrameId) -> bool {
    trace.code(frame).kind == CodeKind::Coroutine
}

/// The step of the event's frame after `event`, or of the frames below once that one has ended.
fn after(trace: &Trace, event: EventId) -> Option<StepId> {
    let mut at = event;
    loop {
        let here = &trace.events()[at];
        let suspended = matches!(here.kind, Kind::Yield(_)) && !waits(trace, here.frame);
        at = match here.next.filter(|_| !suspended) {
            Some(next) => next,
            // A caller's event lies before us, its next event behind everything the call did.
            None => loop {
                at = caller(trace, at)?;
                if let Some(next) = trace.events()[at].next {
                    break next;
                }
            },
        };
        if let Kind::Line(Some(step)) = trace.events()[at].kind {
            return Some(step);
        }
    }
}

/// The step of the event's frame before `event`, or of the caller at its beginning.
fn before(trace: &Trace, event: EventId) -> Option<StepId> {
    let mut at = event;
    loop {
        let here = &trace.events()[at];
        let resumed = here.kind == Kind::Resume && !waits(trace, here.frame);
        at = match here.previous.filter(|_| !resumed) {
            Some(previous) => previous,
            None => caller(trace, at)?,
        };
        if let Kind::Line(Some(step)) = trace.events()[at].kind {
            return Some(step);
        }
    }
}

fn at_or_before(trace: &Trace, event: EventId) -> Option<StepId> {
    match trace.events()[event].kind {
        Kind::Line(Some(step)) => Some(step),
        _ => before(trace, event),
    }
}
