//! Scratchpad: each line, then the whole state of the frame that runs next.
//!
//! After Maxwell Nye et al., "Show Your Work: Scratchpads for Intermediate Computation with Language
//! Models", 2021, arXiv 2112.00114, appendix C. Unlike the paper, exceptions are told, and what JSON
//! does not know is a string of its `repr`.

use super::{
    Loss, Moment, Page, Representation, Request, Span, SpanKind,
    records::{Part, Record, Records, owner},
    states::{States, is_shown},
    texts::{Texts, json_text, raised},
};
use crate::trace::{Ending, EventId, FrameId, Id, Kind, Trace, ValueId};

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

    fn write(&self, trace: &Trace, request: &Request, page: &mut Page) {
        let mut writer = Writer {
            trace,
            records: Records::of(trace, request.window.clone()),
            states: States::of(trace),
            texts: Texts::of(trace),
        };
        page.say("[BEGIN]\n\nstate: ");
        let first = writer.records.list.first();
        let before = first
            .filter(|_| EventId::new(0) < writer.records.start)
            .map(|it| (it.frame, it.event));
        page.say(&match before {
            Some((frame, event)) => writer.state(frame, event).0,
            None => "{}".into(),
        });
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
        let mut text = format!("line: {}\n", self.records.sources.line(frame, first));
        let mut span = Span::new(SpanKind::Step, Vec::new()).frame(frame);
        for record in &self.records.list[at..end] {
            span.moments.extend(record.moments());
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
                text += &format!("exception: {}\n", raised(self.trace.exception(it)));
            }
        }
        if 1 < span.moments.len() && span.moments[0] != Moment::Prelude {
            span.loss = Loss::Merged;
        }
        let state = match after {
            After::Call => self.module(None),
            After::Record(next) => {
                let next = &self.records.list[next];
                let (frame, event) = (next.frame, next.event);
                Some(self.state(frame, event))
            }
            After::Event(next) => Some(self.state(self.trace.events()[next].frame, next)),
            After::End => self.last(),
            After::Unknown => None,
        };
        if let Some((state, cut)) = state {
            text += &format!("state: {state}\n");
            if cut && span.loss == Loss::Exact {
                span.loss = Loss::Elided;
            }
        }
        page.tell(span, format_args!("{text}"));
    }

    /// Writes the line that calls, before the record `at`.
    fn call(&mut self, at: Option<usize>, page: &mut Page) {
        let (Some(call), Some(module)) = (self.trace.call(), self.trace.frames().first()) else {
            return;
        };
        let mut text = format!("line: output = {call}\n");
        let state = match at {
            Some(at) => {
                let record = &self.records.list[at];
                let (frame, event) = (record.frame, record.event);
                Some(self.state(frame, event))
            }
            None => self.last(),
        };
        if let Some((state, _)) = state {
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

    /// The state at the end of the program.
    fn last(&mut self) -> Option<(String, bool)> {
        if self.imported() {
            let result = self.trace.result();
            // A call that neither gave a value nor ended otherwise is not over yet.
            let over = result.is_some()
                || self.trace.uncaught().is_some()
                || self.trace.ending() != Ending::Open;
            return self.module(result).filter(|_| over);
        }
        let last = self.trace.events().last()?;
        let frame = self.trace.events()[last].frame;
        Some(self.state(frame, last))
    }

    /// The module's own state, with the value of the call where there is one.
    fn module(&mut self, output: Option<ValueId>) -> Option<(String, bool)> {
        let module = self.trace.frames().first()?;
        let last = self.trace.frames()[module].last;
        let output = output.map(|it| self.texts.json(it));
        let (mut pairs, mut cut) = self.pairs(module, last);
        if let Some(output) = output {
            cut |= output.cut;
            let pair = ("\"output\"".into(), output.whole.to_string());
            match pairs.iter_mut().find(|it| it.0 == pair.0) {
                Some(known) => *known = pair,
                None => pairs.push(pair),
            }
        }
        Some((object(&pairs), cut))
    }

    /// A frame's state at one of its events, and whether it is cut.
    fn state(&mut self, frame: FrameId, event: EventId) -> (String, bool) {
        let (pairs, cut) = self.pairs(frame, event);
        (object(&pairs), cut)
    }

    fn pairs(&mut self, frame: FrameId, event: EventId) -> (Vec<(String, String)>, bool) {
        let mut cut = false;
        let mut pairs = Vec::new();
        for &(name, value) in self.states.at(frame, event).bindings() {
            if is_shown(self.trace, frame, name) {
                let value = self.texts.json(value);
                cut |= value.cut;
                let name = json_text(self.trace.name(name));
                pairs.push((name, value.whole.to_string()));
            }
        }
        (pairs, cut)
    }
}

impl Record {
    /// Whether nothing happened in it but its lines and changes.
    fn is_silent(&self) -> bool {
        self.exceptions.is_empty() && self.returned.is_none() && self.yielded.is_none()
    }
}

fn object(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}
