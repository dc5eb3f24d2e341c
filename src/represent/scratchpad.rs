//! Scratchpad: each line, then the whole state of the frame that runs next.
//!
//! After Maxwell Nye et al., "Show Your Work: Scratchpads for Intermediate Computation with Language
//! Models", 2021, arXiv 2112.00114, appendix C. Unlike the paper, exceptions are told, and what JSON
//! does not know is a string of its `repr`, tuples too; in the compatible profile they are arrays. No
//! released code writes this format, so the profile promises no more.

use std::{collections::VecDeque, ops::Range};

use super::{
    Loss, Moment, Pen, Profile, Representation, Request, Span, SpanKind,
    records::{Feed, Part, Record, owner},
    source::Sources,
    states::{States, is_shown},
    texts::{Texts, raised},
};
use crate::trace::{Ending, EventId, FrameId, Id, Kind, NameId, Trace, ValueId};

/// The Scratchpad format.
#[derive(Debug)]
pub(super) struct Scratchpad;

impl Representation for Scratchpad {
    fn name(&self) -> &'static str {
        "scratchpad"
    }

    fn title(&self) -> &'static str {
        "Scratchpad"
    }

    fn write(&self, trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
        let texts = match request.profile {
            Profile::Canonical => Texts::of(trace),
            Profile::Compat => Texts::of(trace).with_tuples(),
        };
        let feed = Feed::of(trace, request.window.clone(), pen.keeps());
        let mut writer = Writer {
            trace,
            events: feed.events(),
            sources: Sources::of(trace),
            feed,
            coming: VecDeque::new(),
            states: States::of(trace),
            texts,
        };
        pen.say("[BEGIN]\n\nstate: ");
        let inside = EventId::new(0) < writer.events.start;
        let first = writer.peek(0).map(|it| (it.frame, it.event));
        match first.filter(|_| inside) {
            Some((frame, event)) => {
                let mut text = String::new();
                writer.state(frame, event, &mut text);
                pen.say(&text);
            }
            None => pen.say("{}"),
        }
        pen.say("\n");
        writer.lines(pen);
        pen.say("\n[DONE]\n");
    }
}

/// What comes after a line.
enum After {
    /// The line that calls.
    Call,
    /// A record that begins with this event of a frame.
    Record(FrameId, EventId),
    /// An event beyond the window.
    Event(EventId),
    /// The end of the program.
    End,
    /// Something that is not known yet.
    Unknown,
}

struct Writer<'a> {
    trace: &'a Trace,
    /// Those of the window.
    events: Range<EventId>,
    sources: Sources<'a>,
    feed: Feed<'a>,
    /// Records that were looked at ahead: a statement's, and those up to the next that begins something.
    coming: VecDeque<Record>,
    states: States<'a>,
    texts: Texts<'a>,
}

impl Writer<'_> {
    /// The record `ahead` records further on.
    fn peek(&mut self, ahead: usize) -> Option<&Record> {
        while self.coming.len() <= ahead {
            self.coming.push_back(self.feed.next()?);
        }
        self.coming.get(ahead)
    }

    fn lines(&mut self, pen: &mut Pen<'_>) {
        let mut called = !self.has_prelude();
        while let Some(record) = self.peek(0) {
            let line = record.part == Part::Line;
            let (prelude, at) = (record.prelude, (record.frame, record.event));
            if !called && !prelude {
                called = true;
                self.call(Some(at), pen);
            }
            let mut len = 1;
            if line {
                len = self.statement();
                self.line(len, pen);
            }
            for record in self.coming.drain(..len) {
                if record.done == Some(self.trace.frames()[record.frame].last) {
                    self.states.forget(record.frame);
                }
            }
            if pen.is_over() {
                return;
            }
        }
        if !called && self.imported() {
            self.call(None, pen);
        }
    }

    /// How many records the statement has that begins with the next one. Records of calls it makes end it:
    /// what comes after them has a state to show.
    fn statement(&mut self) -> usize {
        let first = &self.coming[0];
        let frame = first.frame;
        let statements = self.sources.statements(frame);
        let Some(statement) = statements.at(first.line).filter(|it| it.first < it.last) else {
            return 1;
        };
        let mut len = 1;
        while self.peek(len).is_some() {
            let (before, it) = (&self.coming[len - 1], &self.coming[len]);
            let goes_on = it.part == Part::Line
                && it.frame == frame
                && before.is_silent()
                && (statement.first..=statement.last).contains(&it.line)
                // From its first line to its first line it has begun anew.
                && (it.line != before.line || it.line != statement.first);
            if !goes_on {
                break;
            }
            len += 1;
        }
        len
    }

    /// Writes the line of the next `len` records, and what follows.
    fn line(&mut self, len: usize, pen: &mut Pen<'_>) {
        let after = self.after(len);
        let next = match after {
            After::Record(_, next) | After::Event(next) => next,
            After::Call | After::End | After::Unknown => self.trace.events().end(),
        };
        let record = &self.coming[0];
        let frame = record.frame;
        let statements = self.sources.statements(frame);
        let first = statements
            .at(record.line)
            .map_or(record.line, |it| it.first);
        let (start, text) = pen.begin();
        text.push_str("line: ");
        text.push_str(&self.sources.line(frame, first));
        text.push('\n');
        // An exception that arrives from a call is told where it was raised.
        let told = self.coming.range(..len).filter(|it| it.done < Some(next));
        for &it in told.flat_map(|it| &it.exceptions) {
            text.push_str("exception: ");
            text.push_str(&raised(self.trace.exception(it)));
            text.push('\n');
        }
        let known = text.len();
        text.push_str("state: ");
        let cut = match after {
            After::Call => self.module(None, text),
            After::Record(frame, event) => Some(self.state(frame, event, text)),
            After::Event(next) => Some(self.state(self.trace.events()[next].frame, next, text)),
            After::End => self.last(text),
            After::Unknown => None,
        };
        match cut {
            Some(_) => text.push('\n'),
            None => text.truncate(known),
        }
        pen.told(start, || self.span(len, cut == Some(true)));
    }

    /// About the next `len` records, the state after which is `cut`.
    fn span(&self, len: usize, cut: bool) -> Span {
        let mut span = Span::new(SpanKind::Step, Vec::new()).frame(self.coming[0].frame);
        for record in self.coming.range(..len) {
            match span.moments.is_empty() {
                true => span.moments = record.moments(),
                false => span.moments.extend(record.moments()),
            }
            let names = record.changes.iter().map(|it| self.trace.name(it.name));
            span.names.extend(names.cloned());
            if !span.lines.contains(&record.line) {
                span.lines.push(record.line);
            }
        }
        if 1 < span.moments.len() && span.moments[0] != Moment::Prelude {
            span.loss = Loss::Merged;
        } else if cut {
            span.loss = Loss::Elided;
        }
        span
    }

    /// Writes the line that calls, before the record that begins with `at`.
    fn call(&mut self, at: Option<(FrameId, EventId)>, pen: &mut Pen<'_>) {
        let (Some(call), Some(module)) = (self.trace.call(), self.trace.frames().first()) else {
            return;
        };
        let mut state = String::new();
        let known = match at {
            Some((frame, event)) => Some(self.state(frame, event, &mut state)),
            None => self.last(&mut state),
        };
        let mut text = format!("line: output = {call}\n");
        if known.is_some() {
            text += &format!("state: {state}\n");
        }
        let span = || {
            let line = super::source::lines(self.trace.file(module)).len() as u32 + 1;
            Span::new(SpanKind::Step, vec![Moment::Prelude])
                .line(line)
                .frame(module)
        };
        pen.tell(span, format_args!("{text}"));
    }

    /// Whether the window tells of the import that comes before a call.
    fn has_prelude(&self) -> bool {
        self.trace.call().is_some() && self.events.start == EventId::new(0)
    }

    /// Whether the module of a call was imported without an exception.
    fn imported(&self) -> bool {
        let module = self.trace.frames().first();
        self.trace.call().is_some()
            && module.is_some_and(|it| {
                let last = self.trace.frames()[it].last;
                matches!(self.trace.events()[last].kind, Kind::Return(_))
            })
    }

    /// What runs after the next `len` records.
    fn after(&mut self, len: usize) -> After {
        let last = self.coming[len - 1].prelude;
        let mut next = None;
        let mut ahead = len;
        while let Some(it) = self.peek(ahead) {
            // A statement that began before the window does not begin here.
            if it.part != Part::Rest && it.moment.is_some() {
                next = Some((it.frame, it.event, it.prelude));
                break;
            }
            ahead += 1;
        }
        if last && next.is_none_or(|it| !it.2) && self.imported() {
            return After::Call;
        }
        if let Some((frame, event, _)) = next {
            return After::Record(frame, event);
        }
        for event in Id::range(self.events.end..self.trace.events().end()) {
            let kind = self.trace.events()[event].kind;
            if matches!(kind, Kind::Call | Kind::Resume | Kind::Line(_))
                && owner(self.trace, event).is_none()
            {
                return After::Event(event);
            }
        }
        if self.is_over() {
            After::End
        } else {
            After::Unknown
        }
    }

    /// Whether nothing more of the program's own main thread can come.
    fn is_over(&self) -> bool {
        let Some(last) = self.trace.events().last() else {
            return false;
        };
        let event = &self.trace.events()[last];
        let left = matches!(event.kind, Kind::Return(_) | Kind::Unwind)
            && self.trace.activations()[event.activation].caller.is_none()
            && self.trace.frames()[event.frame].thread == 1;
        left || self.trace.ending() != Ending::Open
    }

    /// Appends the state at the end of the program, and tells whether it is cut; `None` where there is
    /// none to tell.
    fn last(&mut self, out: &mut String) -> Option<bool> {
        if self.imported() {
            let result = self.trace.result();
            // A call that neither gave a value nor ended otherwise is not over yet.
            let over = result.is_some()
                || self.trace.uncaught().is_some()
                || self.trace.ending() != Ending::Open;
            return over.then(|| self.module(result, out)).flatten();
        }
        let last = self.trace.events().last()?;
        let frame = self.trace.events()[last].frame;
        Some(self.state(frame, last, out))
    }

    /// Appends the module's own state, with the value of the call where there is one.
    fn module(&mut self, output: Option<ValueId>, out: &mut String) -> Option<bool> {
        let module = self.trace.frames().first()?;
        let last = self.trace.frames()[module].last;
        let name = output.and_then(|_| self.trace.name_of("output"));
        let own = name.filter(|it| self.states.at(module, last).get(*it).is_some());
        let mut cut = self.pairs(module, last, own.zip(output), out);
        if let Some(output) = output.filter(|_| own.is_none()) {
            let text = self.texts.json(output);
            cut |= text.cut;
            if !out.ends_with('{') {
                out.push_str(", ");
            }
            out.push_str("\"output\": ");
            out.push_str(&text.whole);
        }
        out.push('}');
        Some(cut)
    }

    /// Appends a frame's state at one of its events, and tells whether it is cut.
    fn state(&mut self, frame: FrameId, event: EventId, out: &mut String) -> bool {
        let cut = self.pairs(frame, event, None, out);
        out.push('}');
        cut
    }

    /// As [`Self::state`], without the bracket at its end, and with the value of one name replaced.
    fn pairs(
        &mut self,
        frame: FrameId,
        event: EventId,
        instead: Option<(NameId, ValueId)>,
        out: &mut String,
    ) -> bool {
        let mut cut = false;
        let mut separator = "{";
        for &(name, value) in self.states.at(frame, event).bindings() {
            if !is_shown(self.trace, frame, name) {
                continue;
            }
            out.push_str(separator);
            separator = ", ";
            out.push_str(self.texts.name(name));
            out.push_str(": ");
            let value = instead.filter(|it| it.0 == name).map_or(value, |it| it.1);
            let text = self.texts.json(value);
            cut |= text.cut;
            out.push_str(&text.whole);
        }
        if separator == "{" {
            out.push_str(separator);
        }
        cut
    }
}

impl Record {
    /// Whether nothing happened in it but its lines and changes.
    fn is_silent(&self) -> bool {
        self.exceptions.is_empty() && self.returned.is_none() && self.yielded.is_none()
    }
}
