//! Journeys longer than a step: to breakpoints, iterations, calls, writes and exceptions.
//!
//! Each ends in a place and what is to be said of it, or in the reason why there is none.

use super::{
    index::{Index, Place, is_resumed},
    session::Breakpoint,
};
use crate::trace::{Cursor, EventId, Heading, Id, NameId, StepId, Trace};

/// Where a journey ended, and why there.
#[derive(Debug, PartialEq)]
pub(super) struct Arrival {
    pub(super) cursor: Cursor,
    pub(super) said: String,
}

/// Runs of a line looked at in search of a write.
const FAR: usize = 20_000;

type Journey = Result<Arrival, String>;

fn arrive(trace: &Trace, step: StepId, said: impl Into<String>) -> Journey {
    let cursor = Cursor::on(trace, step).ok_or("the trace does not reach that far yet")?;
    Ok(Arrival {
        cursor,
        said: said.into(),
    })
}

/// The first of `runs` after `step`, or the last before it.
fn beside(runs: &[StepId], step: StepId, heading: Heading) -> Option<StepId> {
    match heading {
        Heading::Forward => runs.get(runs.partition_point(|&it| it <= step)),
        Heading::Backward => runs[..runs.partition_point(|&it| it < step)].last(),
    }
    .copied()
}

fn nearer(a: StepId, b: StepId, heading: Heading) -> bool {
    match heading {
        Heading::Forward => a < b,
        Heading::Backward => b < a,
    }
}

/// To the next breakpoint or fatal exception, else to the end of the run on that side.
pub(super) fn run(
    trace: &Trace,
    index: &Index,
    breakpoints: &[Breakpoint],
    from: Cursor,
    heading: Heading,
) -> Journey {
    let mut best: Option<(StepId, String)> = None;
    let mut offer = |step: StepId, said: String| {
        if best
            .as_ref()
            .is_none_or(|(it, _)| nearer(step, *it, heading))
        {
            best = Some((step, said));
        }
    };
    for breakpoint in breakpoints {
        for place in breakpoint.places(trace) {
            if let Some(step) = beside(index.runs(place), from.step(), heading) {
                offer(step, format!("stopped at breakpoint {breakpoint}"));
            }
        }
    }
    if let Some(failure) = index.failure()
        && let Some(step) = failure.step
        && beside(&[step], from.step(), heading).is_some()
    {
        offer(step, format!("stopped at {}", failure.text));
    }
    if let Some((step, said)) = best {
        return arrive(trace, step, said);
    }
    let (end, said, already) = match heading {
        Heading::Forward => (
            trace.steps().last(),
            "ran to the last step: no breakpoint after",
            "already at the last step",
        ),
        Heading::Backward => (
            trace.steps().first(),
            "ran back to the first step: no breakpoint before",
            "already at the first step",
        ),
    };
    match end {
        Some(end) if end != from.step() => arrive(trace, end, said),
        _ => Err(already.into()),
    }
}

/// To the next run of a line.
pub(super) fn to_line(
    trace: &Trace,
    index: &Index,
    place: Place,
    from: Cursor,
    heading: Heading,
) -> Journey {
    match beside(index.runs(place), from.step(), heading) {
        Some(step) => arrive(trace, step, ""),
        None if index.runs(place).is_empty() => {
            Err(format!("line {} {}", place.line, never(trace)))
        }
        None => Err(format!(
            "line {} does not run {}",
            place.line,
            side(heading)
        )),
    }
}

/// What is said of a line without a run.
pub(super) fn never(trace: &Trace) -> &'static str {
    match trace.dropped() {
        0 => "never runs",
        _ => "never runs in the steps that were kept",
    }
}

fn side(heading: Heading) -> &'static str {
    match heading {
        Heading::Forward => "after this",
        Heading::Backward => "before this",
    }
}

/// To the same line in the neighboring iteration of the loop around it, else to the loop's header.
pub(super) fn iteration(trace: &Trace, index: &Index, from: Cursor, heading: Heading) -> Journey {
    let event = &trace.events()[from.event(trace)];
    let place = Place {
        file: trace.code(event.frame).file,
        line: event.line,
    };
    let around = index
        .outline(place.file)
        .and_then(|it| it.loop_at(place.line));
    let Some(around) = around else {
        return Err(format!("line {} is in no loop", place.line));
    };
    let by = match heading {
        Heading::Forward => 1,
        Heading::Backward => -1,
    };
    let at = (event.frame, place.line);
    let Some(steps) = index.turn_beside(trace, at, from.step(), by) else {
        return Err(format!(
            "no iteration of line {} {}",
            around.header,
            side(heading)
        ));
    };
    let step = index
        .first_run(trace, place, event.frame, steps)
        .unwrap_or(steps.0);
    arrive(trace, step, "")
}

/// To the first step of the neighboring call of the current function.
pub(super) fn call(trace: &Trace, index: &Index, from: Cursor, heading: Heading) -> Journey {
    let code = trace.frames()[from.frame()].code;
    let frames = index.frames_of(code);
    let at = frames.partition_point(|&it| it < from.frame());
    let to = match heading {
        Heading::Forward => at.checked_add(1),
        Heading::Backward => at.checked_sub(1),
    };
    let name = &trace.codes()[code].name;
    let Some(&frame) = to.and_then(|it| frames.get(it)) else {
        return Err(format!("no call of {name} {}", side(heading)));
    };
    let Some(step) = first_step(trace, trace.frames()[frame].call) else {
        return Err(format!("that call of {name} ran no line"));
    };
    arrive(
        trace,
        step,
        format!("call {} of {} of {name}", to.unwrap_or(0) + 1, frames.len()),
    )
}

/// The first step at or after `event` in its own frame.
pub(super) fn first_step(trace: &Trace, event: EventId) -> Option<StepId> {
    let mut at = Some(event);
    while let Some(id) = at {
        if let crate::trace::Kind::Line(Some(step)) = trace.events()[id].kind {
            return Some(step);
        }
        at = trace.events()[id].next;
    }
    None
}

/// To the step that wrote `name`, of the frame looked at, next or before. Costs the same wherever a
/// change is: states are compared, events are not walked. What was written and did not change is looked
/// for among the runs of the lines that could.
pub(super) fn write(
    trace: &Trace,
    index: &Index,
    name: NameId,
    from: Cursor,
    heading: Heading,
) -> Journey {
    let changed = change(trace, name, from, heading);
    let until = changed.as_ref().ok().map(|it| it.cursor.step());
    match again(trace, index, name, from, heading, until) {
        Some(step) => {
            let spelled = trace.name(name);
            let said = format!("{spelled} is written here, and is what it was");
            arrive(trace, step, said)
        }
        None => changed,
    }
}

/// The step nearest to `from`, before `until`, that wrote `name` or a part of it with what it held.
fn again(
    trace: &Trace,
    index: &Index,
    name: NameId,
    from: Cursor,
    heading: Heading,
    until: Option<StepId>,
) -> Option<StepId> {
    let frame = from.frame();
    let here = step_at_or_before(trace, from.event(trace))?;
    let wrote = |step: StepId| {
        let rows = trace.rows(step).rows;
        let mut rows = rows.iter();
        rows.any(|it| it.unchanged && it.name == name)
    };
    let file = trace.code(frame).file;
    let mut best = until;
    let mut found = None;
    for line in trace.storing(frame, name) {
        let runs = index.runs(Place { file, line });
        let mut step = here;
        // What is asked of every step is its frame; only of this frame's, what they wrote.
        for _ in 0..FAR {
            let Some(next) = beside(runs, step, heading) else {
                break;
            };
            if best.is_some_and(|it| !nearer(next, it, heading)) {
                break;
            }
            step = next;
            if trace.at(step).frame == frame && wrote(step) {
                (best, found) = (Some(step), Some(step));
                break;
            }
        }
    }
    found
}

/// To the step that changed `name`.
fn change(trace: &Trace, name: NameId, from: Cursor, heading: Heading) -> Journey {
    let frame = from.frame();
    let here = from.event(trace);
    let since = |at: EventId| {
        let locals = trace.locals(frame, at);
        locals
            .into_iter()
            .find(|it| it.name == name)
            .map(|it| it.since)
    };
    let seen = match heading {
        Heading::Backward => since(here),
        Heading::Forward => {
            // The step's own write is seen at its frame's next event; look past that.
            let start = trace.events()[here].next.unwrap_or(here);
            let now = since(start);
            let (mut low, mut stride) = (start.raw(), 1u32);
            let end = trace.events().len();
            let mut high = None;
            while low < end && high.is_none() {
                let at = low.saturating_add(stride).min(end - 1);
                if since(Id::new(at)) != now {
                    high = Some(at);
                } else if at == end - 1 {
                    break;
                } else {
                    low = at;
                    stride = stride.saturating_mul(2);
                }
            }
            high.and_then(|mut high| {
                while 1 < high - low {
                    let middle = low + (high - low) / 2;
                    if since(Id::new(middle)) == now {
                        low = middle;
                    } else {
                        high = middle;
                    }
                }
                trace.event_in(frame, Id::new(high))
            })
        }
    };
    let spelled = trace.name(name);
    let seen = seen.ok_or_else(|| format!("{spelled} is not written {}", side(heading)))?;
    let before = || format!("{spelled} was written before the first step that was kept");
    let Some(writer) = trace.events()[seen].previous else {
        return Err(match is_resumed(trace, frame) {
            true => before(),
            false => format!("{spelled} came in as an argument of this call"),
        });
    };
    match step_at_or_before(trace, writer) {
        Some(step) if step != from.step() => {
            arrive(trace, step, format!("{spelled} is written here"))
        }
        None if is_resumed(trace, frame) => Err(before()),
        _ => Err(format!("{spelled} is not written {}", side(heading))),
    }
}

fn step_at_or_before(trace: &Trace, event: EventId) -> Option<StepId> {
    let mut at = Some(event);
    while let Some(id) = at {
        if let crate::trace::Kind::Line(Some(step)) = trace.events()[id].kind {
            return Some(step);
        }
        at = trace.events()[id].previous;
    }
    None
}

/// To the neighboring raise, caught or not.
pub(super) fn exception(trace: &Trace, index: &Index, from: Cursor, heading: Heading) -> Journey {
    let step_of = |event: EventId| trace.step_of(event);
    let raised = index.raised();
    let found = match heading {
        Heading::Forward => {
            let at = raised.partition_point(|&it| step_of(it).is_none_or(|it| it <= from.step()));
            raised.get(at)
        }
        Heading::Backward => {
            let at = raised.partition_point(|&it| step_of(it).is_none_or(|it| it < from.step()));
            raised[..at].last()
        }
    };
    let Some(&event) = found else {
        return Err(format!("no exception {}", side(heading)));
    };
    let crate::trace::Kind::Exception(id) = trace.events()[event].kind else {
        return Err("no exception there".into());
    };
    let exception = trace.exception(id);
    let said = super::value::exception_in_words(exception);
    match step_of(event) {
        Some(step) => arrive(trace, step, said),
        None => Err("that exception was raised before the first step".into()),
    }
}
