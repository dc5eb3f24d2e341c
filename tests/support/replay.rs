//! Records read back to what the oracle writes: events with the frame's names at that moment.
//!
//! On purpose not the program's own reading of traces: this one is short enough to be seen to be right.

use recorder::{
    reader::{self, Reader},
    value::Value,
    wire::{Left, Record, Write},
};
use std::{collections::BTreeMap, fs, path::Path};

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    pub(crate) thread: u32,
    pub(crate) frame: u32,
    pub(crate) line: i64,
    pub(crate) function: String,
    pub(crate) locals: BTreeMap<String, Value>,
    pub(crate) value: Option<Value>,
    /// The exception's type and message.
    pub(crate) exception: Option<(String, String)>,
}

/// A whole trace.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    pub(crate) events: Vec<Event>,
    pub(crate) facts: BTreeMap<String, String>,
    pub(crate) notes: Vec<String>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) result: Option<Value>,
    pub(crate) end: Option<i64>,
    pub(crate) sources: Vec<(String, Option<String>)>,
}

struct Frame {
    code: usize,
    line: i64,
    names: BTreeMap<u32, Vec<u8>>,
}

#[derive(Default)]
struct State {
    names: Vec<String>,
    codes: Vec<String>,
    frames: Vec<Frame>,
    stacks: BTreeMap<u32, Vec<u32>>,
    thread: u32,
    res: Replay,
}

/// Reads a trace; panics on one that a recorder could not have written.
pub(crate) fn replay(trace: &Path) -> Replay {
    let file = fs::read(trace).unwrap();
    let bytes = reader::committed(&file).unwrap();
    let mut reader = Reader::default();
    let mut state = State {
        thread: 1,
        ..State::default()
    };
    while let Some(record) = reader.next(bytes) {
        state.take(record);
    }
    assert!(!reader.damaged(), "the trace is damaged");
    assert_eq!(
        reader.consumed(),
        bytes.len(),
        "the trace ends within a record"
    );
    state.res
}

impl State {
    fn take(&mut self, record: Record) {
        match record {
            Record::Fact(key, value) => {
                self.res.facts.insert(key, value);
            }
            Record::Name(name) => self.names.push(name),
            Record::File { path, source } => self.res.sources.push((path, source)),
            Record::Code { name, .. } => self.codes.push(name),
            Record::Thread(thread) => self.thread = thread,
            Record::Call { code, line, writes } => {
                self.frames.push(Frame {
                    code: code as usize,
                    line: line.into(),
                    names: BTreeMap::new(),
                });
                self.stack().push(0);
                let frame = self.frames.len() as u32;
                *self.stack().last_mut().unwrap() = frame;
                self.event("call", 0, &writes);
            }
            Record::Resume {
                frame,
                line,
                writes,
            } => {
                self.stack().push(frame);
                self.frames[frame as usize - 1].line = line.into();
                self.event("resume", 0, &writes);
            }
            Record::Line { delta, writes } => self.event("line", delta, &writes),
            Record::Return {
                delta,
                writes,
                value,
            } => self.leave("return", delta, &writes, Some(value)),
            Record::Yield {
                delta,
                writes,
                value,
            } => self.leave("yield", delta, &writes, Some(value)),
            Record::Unwind { delta, writes } => self.leave("unwind", delta, &writes, None),
            Record::Exception {
                delta,
                writes,
                name,
                message,
                ..
            } => {
                self.event("exception", delta, &writes);
                self.res.events.last_mut().unwrap().exception = Some((name, message));
            }
            Record::Output(stream, bytes) => match stream {
                recorder::wire::Stream::Stdout => self.res.stdout.extend(bytes),
                recorder::wire::Stream::Stderr => self.res.stderr.extend(bytes),
            },
            Record::Result(value) => self.res.result = Some(Value::of(&value)),
            Record::Note(note) => self.res.notes.push(note),
            Record::End(status) => self.res.end = Some(status),
            Record::Start { .. } | Record::Live { .. } => panic!("no recorder writes it"),
        }
    }

    fn stack(&mut self) -> &mut Vec<u32> {
        self.stacks.entry(self.thread).or_default()
    }

    fn leave(&mut self, kind: &'static str, delta: i64, writes: &[Write], value: Option<Vec<u8>>) {
        self.event(kind, delta, writes);
        let event = self.res.events.last_mut().unwrap();
        event.value = value.map(|it| Value::of(&it));
        self.stack().pop();
    }

    fn event(&mut self, kind: &'static str, delta: i64, writes: &[Write]) {
        let thread = self.thread;
        let number = *self.stack().last().expect("an event without a frame");
        let frame = &mut self.frames[number as usize - 1];
        frame.line += delta;
        for Write { name, left } in writes {
            let new = match left {
                Left::Unbound => {
                    assert!(frame.names.remove(name).is_some(), "unbound twice");
                    continue;
                }
                Left::Whole(bytes) => bytes.clone(),
                Left::Patch(prefix, suffix, middle) => {
                    let old = &frame.names[name];
                    let (prefix, suffix) = (*prefix as usize, *suffix as usize);
                    [&old[..prefix], middle, &old[old.len() - suffix..]].concat()
                }
            };
            let old = frame.names.insert(*name, new.clone());
            assert_ne!(old, Some(new), "a write that changed nothing");
        }
        let named = |(name, bytes): (&u32, &Vec<u8>)| {
            (self.names[*name as usize].clone(), Value::of(bytes))
        };
        self.res.events.push(Event {
            kind,
            thread,
            frame: number,
            line: frame.line,
            function: self.codes[frame.code].clone(),
            locals: frame.names.iter().map(named).collect(),
            value: None,
            exception: None,
        });
    }
}

/// Whether an event is the call of that function.
pub(crate) fn is_call(event: &Event, function: &str) -> bool {
    event.kind == "call" && event.function == function
}
