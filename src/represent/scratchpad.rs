//! Scratchpad: each line, then the whole state of the frame that runs next.
//!
//! After Maxwell Nye et al., "Show Your Work: Scratchpads for Intermediate Computation with Language
//! Models", 2021, arXiv 2112.00114, appendix C. Unlike the paper, exceptions are told, and what JSON
//! does not know is a string of its `repr`, tuples too; in the compatible profile they are arrays. No
//! released code writes this format, so the profile promises no more.

use super::{
    Loss, Moment, Page, Profile, Representation, Request, Span, SpanKind,
    records::{Part, Record, Records, owner},
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

    fn knows(&self, _: Profile) -> bool {
        true
    }

    fn write(&self, trace: &Trace, request: &Request, page: &mut Page) {
        let texts = match request.profile {
            Profile::Canonical => Texts::of(trace),
            Profile::Compat => Texts::of(trace).with_tuples(),
        };
        let mut writer = Writer {
            trace,
            records: Records::of(trace, request.window.clone()),
            states: States::of(trace),
            texts,
        };
        page.say("[BEGIN]\n\nstate: ");
        let first = writer.records.list.first();
        let before = first
            .filter(|_| EventId::new(0) < writer.records.start)
            .map(|it| (it.frame, it.event));
        match before {
            Some((frame, event)) => {
                writer.state(frame, event, page.begin().1);
            }
            None => page.say("{}"),
        }
        page.say("\n");
        writer.lines(page);
        page.say("\n[DONE]\n");
    }
}

/// What comes after a line.
enum After {
    /// The line that calls.
    Call,
    /// This record's first event.
    Record(usize),
    /// An event beyond the window.
    Event(EventId),
    /// The end of the program.
    End,
    /// Something that is not known yet.
    Unknown,
}

struct Writer<'a> {
    trace: &'a Trace,
    records: Records<'a>,
    states: States<'a>,
    texts: Texts<'a>,
}

impl Writer<'_> {
    fn lines(&mut self, page: &mut Page) {
        let len = self.records.list.len();
        let mut called = !self.has_prelude();
        let mut at = 0;
        while at < len {
            let record = &self.records.list[at];
            if !called && !record.prelude {
                called = true;
                self.call(Some(at), page);
            }
            let record = &self.records.list[at];
            if record.part == Part::Line {
                let end = self.end_of_statement(at);
                self.line(at, end, page);
            }
            at = self.next(at);
        }
        if !called && self.imported() {
            self.call(None, page);
        }
    }

    /// The next record that is not a later line of the statement at `at`.
    fn next(&self, at: usize) -> usize {
        if self.records.list[at].part == Part::Line {
            self.end_of_statement(at)
        } else {
            at + 1
        }
    }

    /// One past the last record of the statement that begins at `at`. Records of calls it makes end it:
    /// what comes after them has a state to show.
    fn end_of_statement(&self, at: usize) -> usize {
        let first = &self.records.list[at];
        let statements = self.records.sources.statements(first.frame);
        let Some(statement) = statements.at(first.line).filter(|it| it.first < it.last) else {
            return at + 1;
        };
        let goes_on = |pair: &[Record]| {
            let (before, it) = (&pair[0], &pair[1]);
            it.part == Part::Line
                && it.frame == first.frame
                && before.is_silent()
                && (statement.first..=statement.last).contains(&it.line)
                // From its first line to its first line it has begun anew.
                && (it.line != before.line || it.line != statement.first)
        };
        let rest = self.records.list[at..].windows(2);
        at + 1 + rest.take_while(|it| goes_on(it)).count()
    }

    /// Writes the line of the records from `at` to before `end`, and what follows.
    fn line(&mut self, at: usize, end: usize, page: &mut Page) {
        let record = &self.records.list[at];
        let frame = record.frame;
        let statements = self.records.sources.statements(frame);
        let first = statements
            .at(record.line)
            .map_or(record.line, |it| it.first);
        let after = self.after(end);
        let next = match after {
            After::Call => self.trace.events().end(),
            After::Record(next) => self.records.list[next].event,
            After::Event(next) => next,
            After::End | After::Unknown => self.trace.events().end(),
        };
        let (start, text) = page.begin();
        text.push_str("line: ");
        text.push_str(&self.records.sources.line(frame, first));
        text.push('\n');
        let mut span = Span::new(SpanKind::Step, Vec::new()).frame(frame);
        for record in &self.records.list[at..end] {
            match span.moments.is_empty() {
                true => span.moments = record.moments(),
                false => span.moments.extend(record.moments()),
            }
            let names = record.changes.iter().map(|it| self.trace.name(it.name));
            span.names.extend(names.cloned());
            if !span.lines.contains(&record.line) {
                span.lines.push(record.line);
            }
            // An exception that arrives from a call is told where it was raised.
            for &it in record
                .exceptions
                .iter()
                .filter(|_| record.done < Some(next))
            {
                text.push_str("exception: ");
                text.push_str(&raised(self.trace.exception(it)));
                text.push('\n');
            }
        }
        if 1 < span.moments.len() && span.moments[0] != Moment::Prelude {
            span.loss = Loss::Merged;
        }
        let known = text.len();
        text.push_str("state: ");
        let cut = match after {
            After::Call => self.module(None, text),
            After::Record(next) => {
                let next = &self.records.list[next];
                let (frame, event) = (next.frame, next.event);
                Some(self.state(frame, event, text))
            }
            After::Event(next) => Some(self.state(self.trace.events()[next].frame, next, text)),
            After::End => self.last(text),
            After::Unknown => None,
        };
        match cut {
            Some(_) => text.push('\n'),
            None => text.truncate(known),
        }
        if cut == Some(true) && span.loss == Loss::Exact {
            span.loss = Loss::Elided;
        }
        page.told(start, span);
    }

    /// Writes the line that calls, before the record `at`.
    fn call(&mut self, at: Option<usize>, page: &mut Page) {
        let (Some(call), Some(module)) = (self.trace.call(), self.trace.frames().first()) else {
            return;
        };
        let mut state = String::new();
        let known = match at {
            Some(at) => {
                let record = &self.records.list[at];
                let (frame, event) = (record.frame, record.event);
                Some(self.state(frame, event, &mut state))
            }
            None => self.last(&mut state),
        };
        let mut text = format!("line: output = {call}\n");
        if known.is_some() {
            text += &format!("state: {state}\n");
        }
        let line = super::source::lines(self.trace.file(module)).len() as u32 + 1;
        let span = Span::new(SpanKind::Step, vec![Moment::Prelude])
            .line(line)
            .frame(module);
        page.tell(span, format_args!("{text}"));
    }

    /// Whether the window tells of the import that comes before a call.
    fn has_prelude(&self) -> bool {
        self.trace.call().is_some() && self.records.start == EventId::new(0)
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

    /// What runs after the records before `end`.
    fn after(&self, end: usize) -> After {
        let list = &self.records.list;
        // A statement that began before the window does not begin here.
        let begins = |it: &usize| list[*it].part != Part::Rest && list[*it].moment.is_some();
        let next = (end..list.len()).find(begins);
        let imported = list[end - 1].prelude && next.is_none_or(|it| !list[it].prelude);
        if imported && self.imported() {
            return After::Call;
        }
        if let Some(next) = next {
            return After::Record(next);
        }
        for event in Id::range(self.records.end..self.trace.events().end()) {
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
