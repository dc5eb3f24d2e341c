//! The narrator's lines: numbered, indented, made of clauses, each with what it tells of.

use std::sync::Arc;

use super::super::{Loss, Moment, Pen, Span, SpanKind};
use crate::trace::{EventId, Trace};

/// Clauses that a line takes before the next statement gets a line of its own.
const CLAUSES: u32 = 10;

/// Where the next clause goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Indentation of new lines, counted from 0, the numbered ones.
    pub(super) level: u32,
    /// A line must be begun first, at this indentation.
    pub(super) fresh: Option<u32>,
    /// Whether clauses may join the line that is there.
    pub(super) joined: bool,
}

/// Lines on their way to the pen.
pub(super) struct Writer<'p, 'w> {
    pen: &'p mut Pen<'w>,
    trace: &'p Trace,
    numbered: u32,
    line: Option<Line>,
    /// What happened without a word; told by the next clause.
    silent: Vec<Moment>,
}

struct Line {
    level: u32,
    text: String,
    moments: Vec<Moment>,
    lines: Vec<u32>,
    names: Vec<Arc<str>>,
    clauses: u32,
    /// Records whose line it has said, by position.
    labeled: Vec<usize>,
    /// The record that it spoke of last.
    of: Option<usize>,
}

/// What a clause tells of.
#[derive(Debug, Clone)]
pub(super) struct About {
    /// Position of the record.
    pub(super) record: usize,
    pub(super) line: u32,
    pub(super) moments: Vec<Moment>,
}

impl Place {
    /// Each statement on a line of its own.
    pub(super) fn listing(level: u32) -> Self {
        Self {
            level: level + 1,
            fresh: Some(level),
            joined: false,
        }
    }

    /// Behind what is there, on a line of indentation `level`.
    pub(super) fn joining(level: u32) -> Self {
        Self {
            level: level + 1,
            fresh: None,
            joined: true,
        }
    }

    /// Where a block of lines begins.
    pub(super) fn block(self) -> u32 {
        self.fresh.unwrap_or(self.level)
    }

    /// After a block has been written.
    pub(super) fn passed(&mut self) {
        self.joined = false;
    }
}

impl<'p, 'w> Writer<'p, 'w> {
    pub(super) fn of(trace: &'p Trace, pen: &'p mut Pen<'w>) -> Self {
        Self {
            pen,
            trace,
            numbered: 0,
            line: None,
            silent: Vec::new(),
        }
    }

    /// Begins a line with `text`.
    pub(super) fn open(&mut self, level: u32, text: String, moments: Vec<Moment>, lines: Vec<u32>) {
        self.close(".");
        self.line = Some(Line {
            level,
            text,
            moments: std::mem::take(&mut self.silent),
            lines,
            names: Vec::new(),
            clauses: 0,
            labeled: Vec::new(),
            of: None,
        });
        self.add(&moments);
    }

    /// Adds a clause where `place` says, with its source line's number unless the line said it before.
    pub(super) fn clause(&mut self, place: &mut Place, about: &About, text: &str) {
        let full = self.line.as_ref().is_some_and(|it| CLAUSES <= it.clauses);
        let goes_on = self
            .line
            .as_ref()
            .is_some_and(|it| it.of == Some(about.record));
        if let Some(level) = place.fresh.take() {
            self.open(level, String::new(), Vec::new(), Vec::new());
            place.joined = true;
        } else if self.line.is_none() || !goes_on && (full || !place.joined) {
            self.open(place.level, String::new(), Vec::new(), Vec::new());
        }
        self.add(&about.moments);
        let silent = std::mem::take(&mut self.silent);
        self.add(&silent);
        let Some(line) = &mut self.line else { return };
        if !line.text.is_empty() && !line.text.ends_with(": ") {
            line.text.push_str("; ");
        }
        line.clauses += 1;
        if !line.labeled.contains(&about.record) {
            line.labeled.push(about.record);
            line.text.push_str(&format!("[L{}] ", about.line));
        }
        if !line.lines.contains(&about.line) {
            line.lines.push(about.line);
        }
        line.of = Some(about.record);
        line.text.push_str(text);
    }

    /// Says that the line there is about this record, whose label it need not repeat.
    pub(super) fn on(&mut self, record: usize) {
        if let Some(line) = &mut self.line {
            line.labeled.push(record);
            line.of = Some(record);
        }
    }

    /// Gives the line there more to tell of.
    pub(super) fn add(&mut self, moments: &[Moment]) {
        match &mut self.line {
            Some(line) => line.moments.extend_from_slice(moments),
            None => self.silent.extend_from_slice(moments),
        }
    }

    /// Leaves moments to the next clause.
    pub(super) fn pass(&mut self, moments: Vec<Moment>) {
        self.silent.extend(moments);
    }

    /// Names variables on the line there.
    pub(super) fn name(&mut self, name: &Arc<str>) {
        if let Some(line) = &mut self.line
            && !line.names.contains(name)
        {
            line.names.push(name.clone());
        }
    }

    /// Ends the line there with `end`.
    pub(super) fn close(&mut self, end: &str) {
        if let Some(line) = self.line.take() {
            let mut text = line.text;
            text.truncate(text.trim_end_matches([':', ' ']).len());
            text.push_str(end);
            self.put(
                line.level,
                SpanKind::Prose,
                line.moments,
                line.lines,
                line.names,
                &text,
            );
        }
    }

    /// Writes a line that stands for what it does not show.
    pub(super) fn elide(&mut self, level: u32, moments: Vec<Moment>) {
        self.close(".");
        self.put(
            level,
            SpanKind::Elided,
            moments,
            Vec::new(),
            Vec::new(),
            "...",
        );
    }

    /// Writes text of no statement.
    pub(super) fn say(&mut self, text: &str) {
        self.close(".");
        self.pen.say(text);
    }

    /// Writes how the run compares with what was expected.
    pub(super) fn verdict(&mut self, text: &str) {
        let span = || Span::new(SpanKind::Verdict, Vec::new());
        self.pen.tell(span, format_args!("{text}"));
        self.pen.say("\n");
    }

    fn put(
        &mut self,
        level: u32,
        kind: SpanKind,
        mut moments: Vec<Moment>,
        lines: Vec<u32>,
        names: Vec<Arc<str>>,
        text: &str,
    ) {
        if level == 0 {
            self.numbered += 1;
            self.pen.say_fmt(format_args!("{}. ", self.numbered));
        } else {
            let indent = level as usize * 2 + 1;
            self.pen.say_fmt(format_args!("{:indent$}- ", ""));
        }
        let span = || {
            moments.sort_by_key(|it| when(self.trace, it));
            moments.dedup();
            let merged = 1 < moments.len() && kind == SpanKind::Prose;
            let mut span = Span::new(kind, moments).names(names);
            if merged {
                span.loss = Loss::Merged;
            }
            span.lines = lines;
            span
        };
        self.pen.tell(span, format_args!("{text}"));
        self.pen.say("\n");
    }
}

fn when(trace: &Trace, moment: &Moment) -> EventId {
    match moment {
        Moment::Step(step) => trace.steps()[*step].event,
        Moment::Call(frame) => trace.frames()[*frame].call,
        Moment::Prelude => EventId::new(0),
    }
}
