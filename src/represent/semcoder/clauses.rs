//! What a record says in words: only what the recorder saw.

use rustc_hash::FxHashMap;

use super::super::{
    annotate::gives,
    records::{Change, Record, Records},
    statements::{Head, Statement},
    texts::{Texts, raised, shorten},
};
use crate::trace::{self, CodeKind, Exception, FrameId, Id, Kind, StepId, Stream, Trace};

/// Characters of source text, and of printed text, that a sentence quotes.
const QUOTED: usize = 60;

/// Characters of an exception's text that a sentence quotes.
const MESSAGE: usize = 100;

/// Turns records into clauses.
pub(super) struct Clauses<'a> {
    trace: &'a Trace,
    records: &'a Records<'a>,
    texts: Texts<'a>,
    /// What each step printed.
    printed: FxHashMap<StepId, Vec<(Stream, Vec<u8>)>>,
}

impl<'a> Clauses<'a> {
    pub(super) fn of(records: &'a Records<'a>) -> Self {
        let trace = records.trace;
        let outputs = trace.outputs();
        let skipped = outputs.partition_point(|it| it.before <= records.start);
        let mut printed: FxHashMap<StepId, Vec<(Stream, Vec<u8>)>> = FxHashMap::default();
        for id in Id::range(Id::new(skipped)..outputs.end()) {
            let output = &outputs[id];
            if records.end < output.before {
                break;
            }
            let Some(step) = output.step else { continue };
            let known = printed.entry(step).or_default();
            match known.last_mut().filter(|it| it.0 == output.stream) {
                Some((_, bytes)) => bytes.extend_from_slice(&output.bytes),
                None => known.push((output.stream, output.bytes.to_vec())),
            }
        }
        Self {
            trace,
            records,
            texts: Texts::of(trace),
            printed,
        }
    }

    /// `` `f` is called with `a = 1` ``, or what else entering a frame is.
    pub(super) fn entry(&mut self, record: &Record, is: &str) -> String {
        let code = self.trace.code(record.frame);
        match code.kind {
            CodeKind::Module => {
                return format!(
                    "the file {} {is} run",
                    file(&self.trace.file(record.frame).path)
                );
            }
            CodeKind::Class => return format!("the body of class `{}` {is} run", code.name),
            CodeKind::Function
            | CodeKind::Comprehension
            | CodeKind::GeneratorExpression
            | CodeKind::Lambda
            | CodeKind::Generator
            | CodeKind::Coroutine => (),
        }
        let verb = match record.part {
            super::super::records::Part::Resume => "resumed",
            _ => "called",
        };
        let name = &code.name;
        if record.changes.is_empty() {
            return format!("`{name}` {is} {verb}");
        }
        let pairs = self.pairs(&record.changes);
        format!("`{name}` {is} {verb} with `{pairs}`")
    }

    /// `i = 0, x = 1`, each as code.
    pub(super) fn header(&mut self, record: &Record) -> Vec<String> {
        let bound = record.changes.iter();
        bound
            .map(|it| {
                let name = self.trace.name(it.name);
                match it.value {
                    Some(value) => format!("`{name}` = {}", self.texts.repr(value).whole),
                    None => format!("`{name}` is deleted"),
                }
            })
            .collect()
    }

    fn pairs(&mut self, changes: &[Change]) -> String {
        let bound = changes.iter().filter_map(|it| Some((it.name, it.value?)));
        let pairs: Vec<String> = bound
            .map(|(name, value)| {
                let value = self.texts.repr(value);
                format!("{} = {}", self.trace.name(name), value.whole)
            })
            .collect();
        pairs.join(", ")
    }

    /// The changes of a statement; `called` says whether calls were told of before.
    pub(super) fn changes(&mut self, record: &Record, called: bool) -> Option<String> {
        let head = self.statement(record).map(|it| it.head);
        let one = |it: &Change, texts: &mut Texts<'_>| {
            let name = self.trace.name(it.name);
            let Some(value) = it.value else {
                return format!("`{name}` is deleted");
            };
            match head {
                Some(Head::Definition) => format!("`{name}` is defined"),
                Some(Head::Import) => format!("`{name}` is imported"),
                _ => {
                    let verb = if called && !it.fresh {
                        "is now"
                    } else {
                        "becomes"
                    };
                    format!("`{name}` {verb} `{}`", texts.repr(value).whole)
                }
            }
        };
        let changes = record.changes.iter();
        let texts: Vec<String> = changes.map(|it| one(it, &mut self.texts)).collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    }

    /// How a condition came out, where the line after it shows it.
    pub(super) fn condition(&self, record: &Record) -> Option<&'static str> {
        let statements = self.records.sources.statements(record.frame);
        let statement = statements.at(record.line)?;
        if !statement.has_body() || !record.exceptions.is_empty() {
            return None;
        }
        let done = &self.trace.events()[record.done?];
        let entered = match done.kind {
            Kind::Line(_) => statement.holds(done.line),
            Kind::Return(_) => false,
            _ => return None,
        };
        let jumps = statements
            .at(statement.last + 1)
            .is_none_or(|it| ["continue", "break", "pass"].contains(&it.text.as_str()));
        // Before 3.10 the interpreter may pass over the line of a bare jump.
        if !entered && jumps && !self.tells_every_line() {
            return None;
        }
        match (statement.head, entered) {
            (Head::If | Head::While, true) => Some("the condition was true"),
            (Head::If | Head::While, false) => Some("the condition was false"),
            (Head::Case, true) => Some("the pattern matched"),
            (Head::Case, false) => Some("the pattern did not match"),
            (Head::For | Head::Forever | Head::Definition | Head::Import | Head::Other, _) => None,
        }
    }

    fn tells_every_line(&self) -> bool {
        let version = self.trace.fact("python").unwrap_or_default();
        let mut parts = version.split('.').map(|it| it.parse::<u32>().unwrap_or(0));
        (parts.next(), parts.next()) >= (Some(3), Some(10))
    }

    /// What the steps of a record printed.
    pub(super) fn printed(&self, record: &Record) -> Option<String> {
        let own = record.moments();
        let steps = own.iter().filter_map(|it| match it {
            super::super::Moment::Step(step) => Some(step),
            _ => None,
        });
        let texts: Vec<String> = steps
            .filter_map(|it| self.printed.get(it))
            .flatten()
            .map(|(stream, bytes)| {
                let text = trace::literal(&String::from_utf8_lossy(bytes));
                let text = shorten(&text, QUOTED).unwrap_or(text);
                match stream {
                    Stream::Stdout => format!("printed `{text}`"),
                    Stream::Stderr => format!("wrote `{text}` to stderr"),
                }
            })
            .collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    }

    /// Exceptions and values that ended the statement; `arrived` says whether the first exception left a
    /// call told of before.
    pub(super) fn outcome(&mut self, record: &Record, arrived: bool) -> Vec<String> {
        let mut res = Vec::new();
        let name = self.frame(record.frame);
        for (nth, &exception) in record.exceptions.iter().enumerate() {
            if nth == 0 && arrived || self.is_mechanism(record, exception) {
                continue;
            }
            res.push(format!("`{}` was raised", self.exception(exception)));
        }
        if record.unwound {
            res.push(match record.leaving {
                Some(it) => format!("`{}` left {name}", self.exception(it)),
                None => format!("an exception left {name}"),
            });
        }
        if gives(self.trace, record.frame) {
            if let Some(value) = record.returned {
                let value = self.texts.repr(value).whole.clone();
                res.push(format!("{name} returned `{value}`"));
            }
            if let Some(value) = record.yielded {
                let value = self.texts.repr(value).whole.clone();
                res.push(match self.trace.code(record.frame).kind {
                    CodeKind::Coroutine => format!("{name} was suspended"),
                    _ => format!("{name} yielded `{value}`"),
                });
            }
        }
        res
    }

    /// Whether an exception is how the interpreter ends a loop or an `await`, and nothing went wrong.
    fn is_mechanism(&self, record: &Record, exception: Id<Exception>) -> bool {
        let name = &*self.trace.exception(exception).name;
        !record.unwound
            && ["StopIteration", "StopAsyncIteration"].contains(&name)
            && self.statement(record).is_some_and(|it| {
                let words = ["await ", "async ", "yield from "];
                it.head == Head::For || words.iter().any(|word| it.text.contains(word))
            })
    }

    /// That a statement ran of which there is no more to say.
    pub(super) fn ran(&self, record: &Record) -> String {
        let text = match self.statement(record) {
            Some(it) => it.text,
            None => self
                .records
                .sources
                .line(record.frame, record.line)
                .trim()
                .into(),
        };
        let text = shorten(&text, QUOTED).unwrap_or(text);
        match record.done {
            Some(_) => format!("`{text}` ran"),
            None => format!("`{text}` is about to run"),
        }
    }

    /// Whether a statement is not worth a word of its own.
    pub(super) fn is_silent(&self, record: &Record) -> bool {
        record.done.is_some()
            && record.is_bare()
            && self.statement(record).is_some_and(|it| it.text == "try:")
    }

    pub(super) fn statement(&self, record: &Record) -> Option<Statement> {
        let statements = self.records.sources.statements(record.frame);
        statements.at(record.line).cloned()
    }

    fn exception(&self, id: Id<Exception>) -> String {
        let text = raised(self.trace.exception(id));
        shorten(&text, MESSAGE).unwrap_or(text)
    }

    fn frame(&self, frame: FrameId) -> String {
        let code = self.trace.code(frame);
        match code.kind {
            CodeKind::Module => format!("the file {}", file(&self.trace.file(frame).path)),
            CodeKind::Class => format!("the body of class `{}`", code.name),
            CodeKind::Function
            | CodeKind::Comprehension
            | CodeKind::GeneratorExpression
            | CodeKind::Lambda
            | CodeKind::Generator
            | CodeKind::Coroutine => format!("`{}`", code.name),
        }
    }
}

fn file(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
