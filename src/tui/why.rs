//! Where a variable's value came from: the write, the variables its line read, and theirs in turn.
//!
//! Read off the recorded writes and the text of the lines, so a chain is as honest as the recording:
//! it ends where a line reads nothing recorded, at a call's arguments, or at its limits, and says so.

use std::collections::HashSet;

use super::{
    code::{assigned, read},
    index::is_resumed,
    masks::{Marked, Masks},
    text,
    value::{is_data, short},
};
use crate::trace::{Cursor, EventId, FrameId, Kind, NameId, StepId, Trace};

/// Moments of a chain, at most.
const LONGEST: usize = 60;
/// Links from the value asked about to the farthest moment.
const DEEPEST: usize = 6;

/// Columns of a name and its value.
const TOLD: usize = 26;

/// A moment that took part, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// In words, indented by its distance.
    pub(super) text: Marked,
    /// Where to go to see it.
    pub(super) step: Option<StepId>,
}

struct Chain<'a> {
    trace: &'a Trace,
    masks: &'a Masks,
    frame: FrameId,
    seen: HashSet<(NameId, EventId)>,
    moments: Vec<Moment>,
}

/// The chain behind the value of `name` in the frame looked at; a value that the step itself writes is
/// explained by the step. Costs at most [`LONGEST`] states.
pub(super) fn chain(trace: &Trace, masks: &Masks, cursor: Cursor, name: NameId) -> Vec<Moment> {
    let event = cursor.event(trace);
    let mut chain = Chain {
        trace,
        masks,
        frame: cursor.frame(),
        seen: HashSet::new(),
        moments: Vec::new(),
    };
    let writes = trace
        .effect_of(event)
        .writes
        .iter()
        .any(|it| it.name == name);
    let at = match trace.events()[event].next.filter(|_| writes) {
        Some(next) => next,
        None => event,
    };
    chain.follow(name, at, 0);
    chain.moments
}

impl Chain<'_> {
    /// Tells of the write that `name` holds at `at`, then of what that write read.
    fn follow(&mut self, name: NameId, at: EventId, depth: usize) {
        let trace = self.trace;
        let locals = trace.locals(self.frame, at);
        let Some(bound) = locals.iter().find(|it| it.name == name) else {
            return;
        };
        let value = trace.value(bound.value);
        if (0 < depth && !is_data(&value)) || !self.seen.insert((name, bound.since)) {
            return;
        }
        let spelled = text::clean(trace.name(name));
        let value = short(&value);
        let room = TOLD.saturating_sub(2 * depth + text::width(&spelled) + 3);
        let shown = text::fit_middle(&value, room.max(9));
        let shown = format!("{spelled} = {shown}");
        let what = self.masks.cut(&format!("{spelled} = {value}"), shown);
        if LONGEST <= self.moments.len() {
            return;
        }
        let Some(writer) = trace.events()[bound.since].previous else {
            if is_resumed(trace, self.frame) {
                let how = "was there before the first step that was kept";
                return self.tell(depth, &what, how, None);
            }
            let caller = trace.activations()[trace.events()[bound.since].activation].caller;
            let step = caller.and_then(|it| trace.step_of(it));
            return self.tell(depth, &what, "came in as an argument", step);
        };
        let event = &trace.events()[writer];
        let Kind::Line(step) = event.kind else {
            if is_resumed(trace, self.frame) && event.kind == Kind::Call {
                let how = "was written before the first step that was kept";
                return self.tell(depth, &what, how, None);
            }
            return self.tell(depth, &what, "changed outside the recorded lines", None);
        };
        let line = trace
            .source(self.frame, event.line)
            .unwrap_or_default()
            .trim();
        let before = trace.locals(self.frame, writer);
        let names = read(line);
        let read: Vec<NameId> = before
            .iter()
            .map(|it| it.name)
            .filter(|it| names.contains(&&**trace.name(*it)))
            .collect();
        let by_itself = assigned(line).contains(&&**trace.name(name)) && read.is_empty();
        let end = match (by_itself, depth == DEEPEST) {
            (true, _) => "   (reads no variable)",
            (false, true) => "   (the chain goes on)",
            (false, false) => "",
        };
        self.tell(
            depth,
            &what,
            &format!("L{} {}{end}", event.line, text::clean(line)),
            step,
        );
        if depth < DEEPEST {
            for name in read {
                self.follow(name, writer, depth + 1);
            }
        }
    }

    fn tell(&mut self, depth: usize, what: &Marked, how: &str, step: Option<StepId>) {
        let number = step.map_or(String::new(), |it| format!("step {}", it.number()));
        let number = format!("  {}  ", text::column(&number, 12));
        let what = Marked::own("  ".repeat(depth)).and(what.clone());
        let what = what.cut(text::column(&what.text, TOLD));
        let how = self.masks.marked(how.to_owned());
        let text = what.and(Marked::own(number)).and(how);
        self.moments.push(Moment { text, step });
    }
}

/// Every write of `name` in the frame looked at up to the step, newest first, at most [`LONGEST`].
pub(super) fn history(trace: &Trace, masks: &Masks, cursor: Cursor, name: NameId) -> Vec<Moment> {
    let mut moments = Vec::new();
    let frame = cursor.frame();
    let event = cursor.event(trace);
    let mut at = trace.events()[event].next.unwrap_or(event);
    while moments.len() < LONGEST {
        let locals = trace.locals(frame, at);
        let Some(bound) = locals.iter().find(|it| it.name == name) else {
            break;
        };
        let value = short(&trace.value(bound.value));
        let value = masks.cut(&value, text::fit_middle(&value, 40));
        let told = |when: String| Marked::own(when).and(value);
        let Some(writer) = trace.events()[bound.since].previous else {
            let caller = trace.activations()[trace.events()[bound.since].activation].caller;
            let origin = match is_resumed(trace, frame) {
                true => "before       ",
                false => "argument     ",
            };
            moments.push(Moment {
                text: told(format!("{origin} ")),
                step: caller.and_then(|it| trace.step_of(it)),
            });
            break;
        };
        let (line, step) = match trace.events()[writer].kind {
            Kind::Line(step) => (trace.events()[writer].line, step),
            _ => (trace.events()[writer].line, None),
        };
        let number = step.map_or(String::new(), |it| format!("step {}", it.number()));
        moments.push(Moment {
            text: told(format!("{} L{line:<5} ", text::column(&number, 13))),
            step,
        });
        at = writer;
    }
    moments
}
