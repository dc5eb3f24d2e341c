//! The records of one call as the released research code keeps them, its quirks included.
//!
//! Variables come in reverse order; those that are new and those that changed make separate records;
//! records are numbered kind by kind, kinds in the order in which each was first seen; every exception
//! counts as one that ended the call. Of a call, only the called function is told of (depth 1), its own
//! calls of itself included; of a script, its body and the functions it calls itself (depth 2): a change
//! belongs to the line that the log showed last, so that their arguments stand on the calling line, and
//! what changed over such a call on the last line of the callee. Values are shortened to 40 characters,
//! and comprehensions are told as the running Python shows them.

mod wrapped;

use std::{collections::BTreeMap, sync::Arc};

use wrapped::Wrapped;

use super::{
    Moment, Pen, Request, Span, SpanKind,
    annotate::{code, file},
    records::within,
    states::{States, is_shown},
    texts::{SHORT, Texts, raised_short, same, shorten},
};
use crate::trace::{self, EventId, FrameId, Id, Kind, NameId, Near, StepId, Trace, ValueId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Start,
    Change,
    Exception,
    End,
}

/// One record.
struct Note {
    of: Of,
    number: usize,
    moment: Moment,
    line: u32,
    /// `b = 2, a = 1`, or the value or exception that ended the call.
    text: String,
    names: Vec<Arc<str>>,
}

/// The called frame's records in the window, numbered.
fn notes(trace: &Trace, request: &Request) -> Vec<Note> {
    let Some(frame) = trace.entry() else {
        return Vec::new();
    };
    let wrapped = Wrapped::of(trace);
    let events = match &wrapped {
        Some(it) => logged(trace, request, |frame| it.shows(frame)),
        None => {
            let code = trace.frames()[frame].code;
            logged(trace, request, |frame| trace.frames()[frame].code == code)
        }
    };
    let mut reading = Reading {
        trace,
        wrapped,
        logged: None,
        states: States::of(trace),
        texts: Texts::of(trace),
        near: Near::default(),
        notes: Vec::new(),
    };
    for event in events {
        reading.take(event, request);
    }
    let mut notes = reading.notes;
    let mut seen: Vec<Of> = Vec::new();
    for note in &notes {
        if !seen.contains(&note.of) {
            seen.push(note.of);
        }
    }
    notes.sort_by_key(|note| seen.iter().position(|it| *it == note.of));
    for (idx, note) in notes.iter_mut().enumerate() {
        note.number = idx + 1;
    }
    notes
}

/// The events of the frames that the log shows, in order.
fn logged(trace: &Trace, request: &Request, shows: impl Fn(FrameId) -> bool) -> Vec<EventId> {
    let (start, end) = within(trace, &request.window);
    let own = |it: &EventId| shows(trace.events()[*it].frame);
    let mut res: Vec<EventId> = Id::range(start..end).filter(own).collect();
    // What the last steps did is seen after them.
    let next = |it: &EventId| trace.events()[*it].next;
    let later: Vec<EventId> = res
        .iter()
        .filter_map(next)
        .filter(|it| end <= *it)
        .collect();
    res.extend(later);
    res.sort_unstable();
    res
}

struct Reading<'a> {
    trace: &'a Trace,
    /// Where a whole script ran.
    wrapped: Option<Wrapped<'a>>,
    /// The line that the log showed last.
    logged: Option<u32>,
    states: States<'a>,
    texts: Texts<'a>,
    near: Near,
    notes: Vec<Note>,
}

impl Reading<'_> {
    fn take(&mut self, id: EventId, request: &Request) {
        let trace = self.trace;
        let event = &trace.events()[id];
        let logged = self.logged.replace(event.line);
        let Some(previous) = event.previous else {
            let state = self.bindings(event.frame, id);
            let all: Vec<_> = state.iter().map(|it| (it.0, it.1, true)).collect();
            let moment = Moment::Call(event.frame);
            let line = logged.unwrap_or(event.line);
            return self.changes(Of::Start, event.frame, moment, line, &all);
        };
        let Some(step) = self.step(previous).filter(|it| request.window.contains(it)) else {
            return;
        };
        let moment = Moment::Step(step);
        let before: BTreeMap<_, _> = self.bindings(event.frame, previous).into_iter().collect();
        let after = self.bindings(event.frame, id);
        let near = &mut self.near;
        let changed = |&(name, value): &(NameId, ValueId)| {
            let old = before.get(&name);
            let same = old.is_some_and(|&old| same(trace, old, value, near));
            (!same).then_some((name, value, old.is_none()))
        };
        let changed: Vec<_> = after.iter().filter_map(changed).collect();
        let line = logged.unwrap_or(trace.events()[previous].line);
        self.changes(Of::Change, event.frame, moment, line, &changed);
        let (of, text) = match event.kind {
            Kind::Exception(it) => (Of::Exception, raised_short(trace.exception(it))),
            Kind::Return(it) | Kind::Yield(it) => (Of::End, self.short(it)),
            Kind::Call | Kind::Resume | Kind::Line(_) | Kind::Unwind => return,
        };
        self.note(of, moment, event.line, text, Vec::new());
    }

    /// A frame's variables at one of its events.
    fn bindings(&mut self, frame: FrameId, event: EventId) -> Vec<(NameId, ValueId)> {
        match &self.wrapped {
            Some(it) => it.bindings(&mut self.states, frame, event),
            None => self.states.at(frame, event).bindings().to_vec(),
        }
    }

    fn short(&mut self, value: ValueId) -> String {
        let text = &self.texts.repr(value).whole;
        let text = match &self.wrapped {
            Some(it) => it.inside(text),
            None => text.to_string(),
        };
        shorten(&text, SHORT).unwrap_or(text)
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

    /// A record for each run of new, and each run of changed, variables.
    fn changes(
        &mut self,
        of: Of,
        frame: FrameId,
        moment: Moment,
        line: u32,
        changed: &[(NameId, ValueId, bool)],
    ) {
        let shown: Vec<_> = changed
            .iter()
            .filter(|it| is_shown(self.trace, frame, it.0))
            .collect();
        for group in shown.chunk_by(|a, b| a.2 == b.2) {
            let mut pairs = Vec::new();
            let mut names = Vec::new();
            for &&(name, value, _) in group.iter().rev() {
                let name = self.trace.name(name);
                pairs.push(format!("{name} = {}", self.short(value)));
                names.push(name.clone());
            }
            self.note(of, moment, line, pairs.join(", "), names);
        }
    }

    fn note(&mut self, of: Of, moment: Moment, line: u32, text: String, names: Vec<Arc<str>>) {
        self.notes.push(Note {
            of,
            number: 0,
            moment,
            line,
            text,
            names,
        });
    }
}

fn tell(pen: &mut Pen<'_>, kind: SpanKind, note: &Note, text: std::fmt::Arguments<'_>) {
    let span = || {
        Span::new(kind, vec![note.moment])
            .line(note.line)
            .names(note.names.iter().cloned())
    };
    pen.tell(span, text);
}

/// Concise: all arguments, all changes, all exceptions, all returns.
pub(super) fn concise(trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
    let notes = notes(trace, request);
    for of in [Of::Start, Of::Change, Of::Exception, Of::End] {
        for note in notes.iter().filter(|it| it.of == of) {
            let (line, text) = (note.line, &note.text);
            match of {
                Of::Start => tell(
                    pen,
                    SpanKind::Input,
                    note,
                    format_args!(
                        "[L{line}] [INPUT] [{}] [/INPUT] [/L{line}]\n",
                        trace::literal(text)
                    ),
                ),
                Of::Change => tell(
                    pen,
                    SpanKind::State,
                    note,
                    format_args!("[L{line}] {text} [/L{line}]\n"),
                ),
                Of::Exception | Of::End => tell(
                    pen,
                    SpanKind::Output,
                    note,
                    format_args!("[L{line}] [OUTPUT] {text} [/OUTPUT] [/L{line}]\n"),
                ),
            }
        }
    }
}

/// CodeExecutor: changes alone, then how the call ended.
pub(super) fn code_executor(trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
    let notes = notes(trace, request);
    for of in [Of::Change, Of::Exception, Of::End] {
        for note in notes.iter().filter(|it| it.of == of) {
            let (line, text) = (note.line, &note.text);
            match of {
                Of::Start | Of::Change => tell(
                    pen,
                    SpanKind::State,
                    note,
                    format_args!("<line> <{line}> <state>{text}</state>\n"),
                ),
                Of::Exception | Of::End => {
                    tell(
                        pen,
                        SpanKind::Output,
                        note,
                        format_args!("<output>{text}\n"),
                    );
                }
            }
        }
    }
}

/// The records each line shows: of several kinds on a line the last wins.
fn by_line(notes: &[Note]) -> BTreeMap<u32, Vec<&Note>> {
    let mut res = BTreeMap::new();
    for kinds in [&[Of::Change][..], &[Of::Start], &[Of::Exception, Of::End]] {
        let mut lines: BTreeMap<u32, Vec<&Note>> = BTreeMap::new();
        for note in notes.iter().filter(|it| kinds.contains(&it.of)) {
            lines.entry(note.line).or_default().push(note);
        }
        res.extend(lines);
    }
    res
}

/// A line's records behind one another, of more than three the first two and the last.
fn records(notes: &[&Note], pen: &mut Pen<'_>, text: impl Fn(&Note) -> String) {
    let between = if 3 < notes.len() { "; " } else { " " };
    for (idx, note) in notes.iter().enumerate() {
        let hidden = 3 < notes.len() && 2 <= idx && idx + 1 < notes.len();
        if hidden && 2 < idx {
            continue;
        }
        if 0 < idx {
            pen.say(between);
        }
        if hidden {
            let mut moments: Vec<Moment> = Vec::new();
            moments.extend(notes[2..notes.len() - 1].iter().map(|it| it.moment));
            moments.dedup();
            let span = Span::new(SpanKind::Elided, moments).line(note.line);
            pen.tell(|| span, format_args!("..."));
        } else {
            tell(pen, SpanKind::State, note, format_args!("{}", text(note)));
        }
    }
}

/// SemCoder's bullets, which the research code calls by its name.
pub(super) fn bullets(trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
    let notes = notes(trace, request);
    for (line, notes) in by_line(&notes) {
        pen.say_fmt(format_args!("* line {line}: "));
        records(&notes, pen, |it| match it.of {
            Of::Start | Of::Change => format!("({}) {}", it.number, it.text),
            Of::Exception | Of::End => format!("__return__={}", it.text),
        });
        pen.say("\n");
    }
}

/// NExT: the records behind the code of their lines.
pub(super) fn next(trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
    let notes = notes(trace, request);
    let lines = by_line(&notes);
    let window = request.window.clone();
    code(trace, file(trace), window, pen, |line, pen| {
        let Some(notes) = lines.get(&line) else {
            return;
        };
        pen.say(" #");
        records(notes, pen, |it| match it.of {
            Of::Start | Of::Change => format!("({}) [{}]", it.number, trace::literal(&it.text)),
            Of::Exception | Of::End => format!("__return__={}", it.text),
        });
    });
}
