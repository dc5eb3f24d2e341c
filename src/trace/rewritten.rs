//! A trace told again in other words: every text and value of it passed through somebody's hands.

use std::sync::Arc;

use recorder::wire::{Left, Record, Write};
use rustc_hash::FxHashMap;

use super::{
    Builder, Code, EventId, File, FrameId, Id, Kind, NameId, Output, Trace, Value, ValueId,
};

/// Says what a trace's texts and values become.
pub trait Rewrite {
    /// A text: a fact's, a path, a note, an exception's message.
    fn text(&mut self, text: &str) -> String;
    /// The name of a variable.
    fn name(&mut self, name: &str) -> String;
    /// A file's lines; as many come back.
    fn lines(&mut self, file: Id<File>, lines: &[Arc<str>]) -> Vec<String>;
    /// A value. Asked once for each that the trace holds.
    fn value(&mut self, value: Value) -> Value;
    /// What the program printed in one piece.
    fn output(&mut self, id: Id<Output>, output: &Output) -> Vec<u8>;
}

impl Trace {
    /// The same run with other texts and values: events, steps and frames keep their ids, names and values
    /// get new ones. Costs a second trace.
    pub fn rewritten(&self, rewrite: &mut dyn Rewrite) -> Self {
        let mut retelling = Retelling {
            trace: self,
            rewrite,
            builder: Builder::default(),
            names: FxHashMap::default(),
            values: FxHashMap::default(),
            codes: FxHashMap::default(),
            lines: FxHashMap::default(),
            files: 0,
            thread: 1,
        };
        retelling.all();
        retelling.builder.snapshot()
    }
}

struct Retelling<'a> {
    trace: &'a Trace,
    rewrite: &'a mut dyn Rewrite,
    builder: Builder,
    names: FxHashMap<NameId, u32>,
    values: FxHashMap<ValueId, Vec<u8>>,
    codes: FxHashMap<Id<Code>, u32>,
    /// The line each frame was last seen on.
    lines: FxHashMap<FrameId, u32>,
    files: u32,
    thread: u32,
}

impl Retelling<'_> {
    fn all(&mut self) {
        let trace = self.trace;
        for (key, text) in trace.facts() {
            let text = self.rewrite.text(text);
            self.builder.push(Record::Fact(key.to_owned(), text));
        }
        for note in trace.notes().iter() {
            let text = self.rewrite.text(note);
            self.builder.push(Record::Note(text));
        }
        let mut printed = Id::<Output>::new(0);
        for id in trace.events().ids() {
            self.print(&mut printed, id);
            self.event(id);
        }
        self.print(&mut printed, trace.events().end());
        if let Some(value) = trace.result() {
            let value = self.value(value);
            self.builder.push(Record::Result(value));
        }
        if trace.damaged() {
            self.builder.damaged();
        }
        if let super::Ending::Exited(status) = trace.ending() {
            self.builder.push(Record::End(status));
        }
    }

    /// Everything printed before an event.
    fn print(&mut self, printed: &mut Id<Output>, before: EventId) {
        let outputs = self.trace.outputs();
        while let Some(output) = outputs.get(*printed).filter(|it| it.before <= before) {
            let bytes = self.rewrite.output(*printed, output);
            self.builder.push(Record::Output(output.stream, bytes));
            *printed = printed.plus(1);
        }
    }

    fn event(&mut self, id: EventId) {
        let trace = self.trace;
        let event = &trace.events()[id];
        self.follow(id);
        let writes = self.writes(id);
        let before = self.lines.insert(event.frame, event.line);
        let delta = i64::from(event.line) - i64::from(before.unwrap_or(event.line));
        let record = match event.kind {
            Kind::Call => Record::Call {
                code: self.code(trace.frames()[event.frame].code),
                line: event.line,
                writes,
            },
            Kind::Resume => Record::Resume {
                frame: event.frame.raw() + 1,
                line: event.line,
                writes,
            },
            Kind::Line(_) => Record::Line { delta, writes },
            Kind::Return(value) => Record::Return {
                delta,
                writes,
                value: self.value(value),
            },
            Kind::Yield(value) => Record::Yield {
                delta,
                writes,
                value: self.value(value),
            },
            Kind::Unwind => Record::Unwind { delta, writes },
            Kind::Exception(exception) => {
                let exception = trace.exception(exception);
                Record::Exception {
                    delta,
                    writes,
                    name: exception.name.to_string(),
                    message: self.rewrite.text(&exception.message),
                    value: self.value(exception.value),
                }
            }
        };
        self.builder.push(record);
    }

    /// Says whose stack the event is on, where that is another than before.
    fn follow(&mut self, id: EventId) {
        let trace = self.trace;
        let event = &trace.events()[id];
        let caller = trace.activations()[event.activation].caller;
        // Who resumes a generator may be another thread than the one that made it.
        let frame = caller.map_or(event.frame, |it| trace.events()[it].frame);
        let thread = trace.frames()[frame].thread;
        if thread != self.thread {
            self.thread = thread;
            self.builder.push(Record::Thread(thread));
        }
    }

    fn writes(&mut self, id: EventId) -> Vec<Write> {
        let trace = self.trace;
        let mut res = Vec::new();
        for write in trace.writes(id) {
            res.push(Write {
                name: self.name(write.name),
                left: match write.value {
                    None => Left::Unbound,
                    Some(value) => Left::Whole(self.value(value)),
                },
            });
        }
        res
    }

    fn name(&mut self, id: NameId) -> u32 {
        if let Some(&known) = self.names.get(&id) {
            return known;
        }
        let text = self.rewrite.name(self.trace.name(id));
        self.builder.push(Record::Name(text));
        let new = self.names.len() as u32;
        self.names.insert(id, new);
        new
    }

    fn value(&mut self, id: ValueId) -> Vec<u8> {
        if let Some(known) = self.values.get(&id) {
            return known.clone();
        }
        let mut bytes = Vec::new();
        self.rewrite.value(self.trace.value(id)).write(&mut bytes);
        self.values.insert(id, bytes.clone());
        bytes
    }

    fn code(&mut self, id: Id<Code>) -> u32 {
        if let Some(&known) = self.codes.get(&id) {
            return known;
        }
        let code = &self.trace.codes()[id];
        while self.files <= code.file.raw() {
            self.file(Id::new(self.files));
            self.files += 1;
        }
        let locals = code.locals.iter().map(|&it| self.name(it)).collect();
        self.builder.push(Record::Code {
            file: code.file.raw(),
            first_line: code.first_line,
            kind: code.kind,
            name: code.name.to_string(),
            qualname: code.qualname.to_string(),
            locals,
            parameters: code.parameters,
        });
        let new = self.codes.len() as u32;
        self.codes.insert(id, new);
        new
    }

    fn file(&mut self, id: Id<File>) {
        let file = &self.trace.files()[id];
        let source = file.lines.as_ref().map(|lines| {
            let lines = self.rewrite.lines(id, lines);
            lines.iter().map(|it| format!("{it}\n")).collect()
        });
        let path = self.rewrite.text(&file.path);
        self.builder.push(Record::File { path, source });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leaves everything as it is.
    struct Same;

    impl Rewrite for Same {
        fn text(&mut self, text: &str) -> String {
            text.to_owned()
        }
        fn name(&mut self, name: &str) -> String {
            name.to_owned()
        }
        fn lines(&mut self, _: Id<File>, lines: &[Arc<str>]) -> Vec<String> {
            lines.iter().map(ToString::to_string).collect()
        }
        fn value(&mut self, value: Value) -> Value {
            value
        }
        fn output(&mut self, _: Id<Output>, output: &Output) -> Vec<u8> {
            output.bytes.to_vec()
        }
    }

    fn text(it: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let value = Value::Str {
            len: it.chars().count() as u64,
            kept: it.into(),
        };
        value.write(&mut bytes);
        bytes
    }

    #[test]
    fn nothing_is_lost_in_the_retelling() {
        let mut builder = Builder::default();
        let write = |name, it: &str| Write {
            name,
            left: Left::Whole(text(it)),
        };
        let code = |name: &str| Record::Code {
            file: 0,
            first_line: 1,
            kind: super::super::CodeKind::Function,
            name: name.into(),
            qualname: name.into(),
            locals: vec![1, 0],
            parameters: 1,
        };
        for record in [
            Record::Fact("cwd".into(), "/a".into()),
            Record::Name("x".into()),
            Record::Name("y".into()),
            Record::File {
                path: "/a/b.py".into(),
                source: Some("def f():\n    x = 1\n".into()),
            },
            code("f"),
            code("g"),
            Record::Call {
                code: 1,
                line: 1,
                writes: vec![write(0, "a")],
            },
            Record::Line {
                delta: 1,
                writes: Vec::new(),
            },
            Record::Output(super::super::Stream::Stdout, b"hello\n".to_vec()),
            Record::Thread(2),
            Record::Call {
                code: 0,
                line: 1,
                writes: Vec::new(),
            },
            Record::Yield {
                delta: 0,
                writes: vec![write(1, "b")],
                value: text("v"),
            },
            Record::Thread(1),
            Record::Resume {
                frame: 2,
                line: 3,
                writes: vec![write(1, "c")],
            },
            Record::Return {
                delta: 1,
                writes: Vec::new(),
                value: text("w"),
            },
            Record::Exception {
                delta: 0,
                writes: vec![write(0, "d")],
                name: "E".into(),
                message: "m".into(),
                value: text("e"),
            },
            Record::Unwind {
                delta: 0,
                writes: Vec::new(),
            },
            Record::Note("n".into()),
            Record::End(3),
        ] {
            builder.push(record);
        }
        let trace = builder.snapshot();
        let again = trace.rewritten(&mut Same);
        assert_eq!(again.events().len(), trace.events().len());
        for id in trace.events().ids() {
            let (a, b) = (&trace.events()[id], &again.events()[id]);
            assert_eq!(
                (a.frame, a.line, a.previous, a.next),
                (b.frame, b.line, b.previous, b.next)
            );
            assert_eq!(
                std::mem::discriminant(&a.kind),
                std::mem::discriminant(&b.kind)
            );
            let shown = |it: &Trace| -> Vec<(String, String)> {
                let locals = it.locals(it.events()[id].frame, id);
                let pair =
                    |at: super::super::Binding| (it.name(at.name).to_string(), it.repr(at.value));
                locals.into_iter().map(pair).collect()
            };
            assert_eq!(shown(&trace), shown(&again));
        }
        let threads = |it: &Trace| it.frames().iter().map(|it| it.thread).collect::<Vec<_>>();
        assert_eq!(threads(&trace), threads(&again));
        assert_eq!(again.source(FrameId::new(0), 2), Some("    x = 1"));
        assert_eq!(
            again.outputs()[Id::new(0)].before,
            trace.outputs()[Id::new(0)].before
        );
        assert_eq!(again.fact("cwd"), Some("/a"));
        assert_eq!(again.ending(), trace.ending());
        assert_eq!(again.notes().len(), 1);
    }
}
