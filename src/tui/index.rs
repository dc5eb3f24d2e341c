//! Where in a run things happened: built once per stretch of trace, so that no key searches a run.

use rustc_hash::FxHashMap;

use super::{code::Outline, value::exception_in_words};
use crate::trace::{Code, EventId, File, FrameId, Id, Kind, StepId, Trace};

/// A source line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// In which file.
    pub file: Id<File>,
    /// Counted from 1.
    pub line: u32,
}

/// A run of a loop's header, and which execution of the loop it belongs to, counted from 0.
#[derive(Debug, Clone, Copy)]
struct Turn {
    step: StepId,
    execution: u32,
}

/// Which iteration of a loop a step is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Iteration {
    /// Counted from 1.
    pub(super) number: usize,
    /// Which run of the header it began with: one more than there are iterations where that run only found
    /// that nothing was left.
    pub(super) run: usize,
    /// How many this execution of the loop has, as far as the trace goes.
    pub(super) of: usize,
    /// Whether this execution began before the first step that was kept: then only those after it count.
    pub(super) cut: bool,
}

impl Iteration {
    /// What to say behind its numbers.
    pub(super) fn kept(self) -> &'static str {
        match self.cut {
            true => " kept",
            false => "",
        }
    }
}

/// Look-ups into one trace. Costs one pass over what the trace grew by, and about 6 bytes a step.
#[derive(Debug, Default)]
pub struct Index {
    events: u32,
    frames: u32,
    files: u32,
    outlines: Vec<Outline>,
    lines: FxHashMap<Place, Vec<StepId>>,
    turns: FxHashMap<(FrameId, u32), Vec<Turn>>,
    calls: FxHashMap<Id<Code>, Vec<FrameId>>,
    raised: Vec<EventId>,
    deepest: u32,
    failure: Option<Failure>,
}

/// The exception that ended the program.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// The step that raised it.
    pub(super) step: Option<StepId>,
    /// `Type: message`, or the type and the line that raised it.
    pub(super) text: String,
}

impl Index {
    /// Takes in what `trace` has and the snapshot before it had not.
    pub fn extend(&mut self, trace: &Trace) {
        for id in Id::range(Id::new(self.files)..trace.files().end()) {
            let lines = trace.files()[id].lines.as_deref().unwrap_or_default();
            self.outlines.push(Outline::of(lines));
        }
        for id in Id::range(Id::new(self.frames)..trace.frames().end()) {
            let code = trace.frames()[id].code;
            self.calls.entry(code).or_default().push(id);
        }
        for id in Id::range(Id::new(self.events)..trace.events().end()) {
            self.see(trace, id);
        }
        self.files = trace.files().len();
        self.frames = trace.frames().len();
        self.events = trace.events().len();
        self.failure = trace.uncaught().map(|(event, exception)| {
            let at = &trace.events()[event];
            let source = trace.source(at.frame, at.line).unwrap_or_default();
            Failure {
                step: trace.step_of(event),
                // An exception that says nothing is known by its line.
                text: match exception.message.is_empty() {
                    true => format!("{}  {}", exception.name, source.trim()),
                    false => exception_in_words(exception),
                },
            }
        });
    }

    fn see(&mut self, trace: &Trace, id: EventId) {
        let event = &trace.events()[id];
        match event.kind {
            Kind::Line(Some(step)) => {
                let file = trace.code(event.frame).file;
                let place = Place {
                    file,
                    line: event.line,
                };
                self.lines.entry(place).or_default().push(step);
                let outline = &self.outlines[file.raw() as usize];
                if let Some(it) = outline
                    .loop_at(event.line)
                    .filter(|it| it.header == event.line)
                {
                    let came_from = event.previous.map(|it| &trace.events()[it]);
                    let inside = came_from.is_some_and(|from| {
                        !matches!(from.kind, Kind::Call)
                            && (it.header..=it.end).contains(&from.line)
                    });
                    let turns = self.turns.entry((event.frame, event.line)).or_default();
                    let last = turns.last().map(|it| it.execution);
                    let execution = last.map_or(0, |it| it + u32::from(!inside));
                    turns.push(Turn { step, execution });
                }
            }
            Kind::Exception(_) if !self.is_passed_on(trace, id) => self.raised.push(id),
            Kind::Call | Kind::Resume => self.deepest = self.deepest.max(trace.depth(event)),
            _ => (),
        }
    }

    /// Whether the exception at `id` came from a call rather than being raised there.
    fn is_passed_on(&self, trace: &Trace, id: EventId) -> bool {
        let before = id.minus(1).map(|it| &trace.events()[it]);
        let here = &trace.events()[id];
        before.is_some_and(|it| match it.kind {
            Kind::Unwind => true,
            Kind::Exception(_) => it.frame == here.frame,
            _ => false,
        })
    }

    /// Every run of a line, oldest first.
    pub(super) fn runs(&self, place: Place) -> &[StepId] {
        self.lines.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The frames that ran `code`, oldest first.
    pub(super) fn frames_of(&self, code: Id<Code>) -> &[FrameId] {
        self.calls.get(&code).map_or(&[], Vec::as_slice)
    }

    /// Every raise, caught or not, oldest first.
    pub(super) fn raised(&self) -> &[EventId] {
        &self.raised
    }

    /// The outline of a file.
    pub(super) fn outline(&self, file: Id<File>) -> Option<&Outline> {
        self.outlines.get(file.raw() as usize)
    }

    /// The most frames that were ever on a stack below another.
    pub(super) fn deepest(&self) -> u32 {
        self.deepest
    }

    /// The exception that ended the program.
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// The innermost loop's iteration that `event`, a line of its frame, is in at `step`.
    pub(super) fn iteration(
        &self,
        trace: &Trace,
        frame: FrameId,
        line: u32,
        step: StepId,
    ) -> Option<Iteration> {
        let (turns, at) = self.turn(trace, frame, line, step)?;
        let here = turns[at].execution;
        let first = turns.partition_point(|it| it.execution < here);
        let end = turns.partition_point(|it| it.execution <= here);
        let whole = end - first;
        // The header's last run only found that there was nothing left to do.
        let idle = 1 < whole && !self.enters(trace, frame, line, turns[end - 1].step);
        let of = whole - usize::from(idle);
        let run = at - first + 1;
        let number = run.min(of);
        let header = &trace.at(turns[first].step);
        let cut = header.previous.is_some_and(|from| {
            let around = self.outline(trace.code(frame).file);
            let around = around.and_then(|it| it.loop_at(line));
            let from = &trace.events()[from];
            is_resumed(trace, frame)
                && from.kind == Kind::Call
                && around.is_some_and(|it| (it.header..=it.end).contains(&from.line))
        });
        Some(Iteration {
            number,
            run,
            of,
            cut,
        })
    }

    /// Whether the loop's header at `step` went on into the body.
    fn enters(&self, trace: &Trace, frame: FrameId, line: u32, step: StepId) -> bool {
        let file = trace.code(frame).file;
        let around = self.outline(file).and_then(|it| it.loop_at(line));
        let next = trace.at(step).next.map(|it| &trace.events()[it]);
        around.zip(next).is_some_and(|(it, next)| {
            next.kind != Kind::Unwind && (it.header < next.line && next.line <= it.end)
        })
    }

    /// The header's runs in `frame` of the loop around `line`, and which of them `step` follows.
    fn turn(
        &self,
        trace: &Trace,
        frame: FrameId,
        line: u32,
        step: StepId,
    ) -> Option<(&[Turn], usize)> {
        let file = trace.code(frame).file;
        let around = self.outline(file)?.loop_at(line)?;
        let turns = self.turns.get(&(frame, around.header))?;
        let at = turns.partition_point(|it| it.step <= step).checked_sub(1)?;
        Some((turns, at))
    }

    /// The steps from a header's run, `by` iterations from the one `step` is in, to its next run:
    /// where that iteration begins, and the step at which the one after it does.
    pub(super) fn turn_beside(
        &self,
        trace: &Trace,
        (frame, line): (FrameId, u32),
        step: StepId,
        by: isize,
    ) -> Option<(StepId, StepId)> {
        let (turns, at) = self.turn(trace, frame, line, step)?;
        let to = at.checked_add_signed(by)?;
        let begins = turns.get(to)?.step;
        let ends = turns.get(to + 1).map_or(trace.steps().end(), |it| it.step);
        Some((begins, ends))
    }

    /// The first run of `place` in `frame` among `steps`.
    pub(super) fn first_run(
        &self,
        trace: &Trace,
        place: Place,
        frame: FrameId,
        steps: (StepId, StepId),
    ) -> Option<StepId> {
        let runs = self.runs(place);
        let from = runs.partition_point(|&it| it < steps.0);
        let among = runs[from..].iter().copied().take_while(|&it| it < steps.1);
        among
            .into_iter()
            .take(NEAR)
            .find(|&it| trace.at(it).frame == frame)
    }

    /// The last run of `place` in `frame` at or before `step`, among the nearest.
    pub(super) fn last_run(
        &self,
        trace: &Trace,
        place: Place,
        frame: FrameId,
        step: StepId,
    ) -> Option<StepId> {
        let runs = self.runs(place);
        let upto = runs.partition_point(|&it| it <= step);
        let near = runs[..upto].iter().rev().copied().take(NEAR);
        near.into_iter().find(|&it| trace.at(it).frame == frame)
    }
}

/// Whether the frame was entered before the first step that was kept: what its call shows is then the
/// state at that step.
pub(super) fn is_resumed(trace: &Trace, frame: FrameId) -> bool {
    let first = trace.steps().first().map(|it| trace.steps()[it].event);
    0 < trace.dropped() && first.is_none_or(|first| trace.frames()[frame].call < first)
}

/// How many runs of a line by other frames are looked past in search of one frame's own.
const NEAR: usize = 4096;
