//! An execution as data: events, steps, frames, values, and the way through them.
//!
//! A trace is a value. It can be taken from a recording at any moment, sent to any thread, and never
//! changes afterwards; cloning copies one pointer per 1024 items of each list.
//!
//! The event model is the one that every representation is defined on: a *step* is a `line` event;
//! its *effect* is what differs, in the same frame, between that event and the frame's next one.

mod alike;
mod builder;
mod cursor;
pub mod file;
mod ints;
mod json;
mod lines;
mod plain;
mod rewritten;
mod rows;
#[cfg(test)]
pub(crate) mod sample;
mod state;
mod tape;
mod text;
mod values;
mod weight;

use std::{collections::BTreeMap, sync::Arc};

pub use builder::Builder;
pub use cursor::{Cursor, Heading, Motion, Stride};
pub(crate) use json::put_json;
pub use json::{json, json_with_tuples};
pub(crate) use plain::Plain;
pub use recorder::{
    value::{Sequence, Shape, Value},
    wire::{CodeKind, Stream},
};
pub use rewritten::Rewrite;
pub use rows::{Row, Rows};
pub use state::{Binding, Effect};
pub use tape::{Id, Tape};
pub use text::{literal, repr};
pub(crate) use text::{put as put_repr, put_literal};
pub(crate) use values::Near;

/// Names a [`Step`]: its position in time, counted from 0. People count from 1: [`StepId::number`].
pub type StepId = Id<Step>;
/// Names an [`Event`]: its position among all events.
pub type EventId = Id<Event>;
/// Names a [`Frame`], counted from 0 in order of entry. Files and people count from 1.
pub type FrameId = Id<Frame>;
/// Names one stay in a frame.
pub type ActivationId = Id<Activation>;
/// Names an interned value; equal ids are equal values, but not the same object.
pub type ValueId = Id<Stored>;
/// Names an interned name.
pub type NameId = Id<Arc<str>>;

impl StepId {
    /// The step's number as people and files write it, counted from 1.
    pub fn number(self) -> u32 {
        self.raw() + 1
    }

    /// The step that people call `number`; `None` for 0.
    pub fn numbered(number: u32) -> Option<Self> {
        number.checked_sub(1).map(Self::new)
    }
}

/// A source file that the run stepped through.
#[derive(Debug, Clone)]
pub struct File {
    /// Absolute, as Python named it.
    pub path: Arc<str>,
    /// Its text when it ran, by line without line ends; `None` if it could not be read.
    pub lines: Option<Arc<[Arc<str>]>>,
}

/// A code object.
#[derive(Debug, Clone)]
pub struct Code {
    /// Where it was written.
    pub file: Id<File>,
    /// Counted from 1.
    pub first_line: u32,
    /// Function, module, comprehension…
    pub kind: CodeKind,
    /// `co_name`.
    pub name: Arc<str>,
    /// With the classes and functions around it.
    pub qualname: Arc<str>,
    /// Fast locals in the order of formats; empty for module and class bodies.
    pub locals: Arc<[NameId]>,
    /// How many of `locals` are parameters.
    pub parameters: u32,
}

/// A call of a code object, from entry to end. A generator is one frame over all its resumptions.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What runs in it.
    pub code: Id<Code>,
    /// The frame below it when it was entered, if one of the recorded files'.
    pub parent: Option<FrameId>,
    /// Which thread entered it, counted from 1.
    pub thread: u32,
    /// Its first event, a [`Kind::Call`].
    pub call: EventId,
    /// Its newest event.
    pub last: EventId,
    keyframes: Arc<Vec<state::Keyframe>>,
    events: u32,
}

/// One stay on the stack: a call until it returns, or a generator from resumption to `yield`.
#[derive(Debug, Clone)]
pub struct Activation {
    /// Whose.
    pub frame: FrameId,
    /// The event of the frame below at which it began.
    pub caller: Option<EventId>,
    /// Recorded frames below it on its thread's stack.
    pub depth: u32,
    /// Its first event.
    pub entered: EventId,
    /// Its last event, if it is over.
    pub left: Option<EventId>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The frame was entered; the event's writes are the arguments.
    Call,
    /// A suspended generator or coroutine ran on.
    Resume,
    /// A line is about to run. Without a step: a line that ran before the program proper, while the
    /// file of a `--call` was being imported.
    Line(Option<StepId>),
    /// The frame ended with this value.
    Return(ValueId),
    /// The frame was suspended with this value.
    Yield(ValueId),
    /// The frame ended because an exception left it.
    Unwind,
    /// An exception was raised in, or arrived in, the frame.
    Exception(Id<Exception>),
}

/// One thing that happened in one frame.
#[derive(Debug, Clone)]
pub struct Event {
    /// What.
    pub kind: Kind,
    /// Where.
    pub frame: FrameId,
    /// During which stay.
    pub activation: ActivationId,
    /// Which line, counted from 1.
    pub line: u32,
    /// The frame's event before this one.
    pub previous: Option<EventId>,
    /// The frame's event after this one, as far as the trace goes.
    pub next: Option<EventId>,
    // Invariant: its writes end where the next event's begin.
    first_write: Id<Write>,
}

/// A line about to run, in the order of the whole run.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The event.
    pub event: EventId,
}

/// A change of one local variable, seen at an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write {
    /// The variable.
    pub name: NameId,
    /// What it holds now; `None` when it was unbound.
    pub value: Option<ValueId>,
}

/// An exception as it was when it was raised.
#[derive(Debug, Clone)]
pub struct Exception {
    /// The type's name.
    pub name: Arc<str>,
    /// `str` of it, or its arguments.
    pub message: Arc<str>,
    /// The exception object.
    pub value: ValueId,
}

/// Something the program printed.
#[derive(Debug, Clone)]
pub struct Output {
    /// Events before this one had happened when it was printed; later ones had not.
    pub before: EventId,
    /// The step that was running, if one was.
    pub step: Option<StepId>,
    /// To where.
    pub stream: Stream,
    /// What; text in the program's encoding.
    pub bytes: Arc<[u8]>,
}

/// What a [`ValueId`] names: bytes, to be decoded when somebody looks. There is none outside a trace.
#[derive(Debug)]
pub enum Stored {}

/// How a run ended, as far as the trace tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// No end was recorded: it still runs, or the recording was cut short.
    #[default]
    Open,
    /// The process ended with this status, as a shell shows it (128 + N for signal N).
    Exited(i64),
}

/// An execution, finished or still growing, seen at one instant.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    facts: Arc<BTreeMap<String, String>>,
    notes: Tape<Arc<str>>,
    names: Tape<Arc<str>>,
    files: Tape<File>,
    codes: Tape<Code>,
    frames: Tape<Frame>,
    activations: Tape<Activation>,
    events: Tape<Event>,
    steps: Tape<Step>,
    writes: Tape<Write>,
    values: values::Values,
    exceptions: Tape<Exception>,
    outputs: Tape<Output>,
    result: Option<ValueId>,
    ending: Ending,
    damaged: bool,
}

// Ten million events are to fit in a gigabyte with everything around them.
const _: () = assert!(size_of::<Event>() <= 32 && size_of::<Write>() <= 8);

impl Trace {
    /// What is known of the run as a whole: `python`, `target`, `argv`, `cwd`, `call`…
    pub fn fact(&self, key: &str) -> Option<&str> {
        self.facts.get(key).map(String::as_str)
    }

    /// Every such fact, by key.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.facts.iter().map(|(key, it)| (&**key, &**it))
    }

    /// The expression of `--call`, if that was the program.
    pub fn call(&self) -> Option<&str> {
        self.fact("call")
    }

    /// What could not be followed, in words.
    pub fn notes(&self) -> &Tape<Arc<str>> {
        &self.notes
    }

    /// Every source file.
    pub fn files(&self) -> &Tape<File> {
        &self.files
    }

    /// Every code object.
    pub fn codes(&self) -> &Tape<Code> {
        &self.codes
    }

    /// Every frame, in order of entry.
    pub fn frames(&self) -> &Tape<Frame> {
        &self.frames
    }

    /// Every stay on a stack, in order of entry.
    pub fn activations(&self) -> &Tape<Activation> {
        &self.activations
    }

    /// Everything that happened, in order.
    pub fn events(&self) -> &Tape<Event> {
        &self.events
    }

    /// Every step, in order.
    pub fn steps(&self) -> &Tape<Step> {
        &self.steps
    }

    /// How many steps of the run came before the first one here: a trace of a long run may keep only
    /// its end. Steps have the numbers that they had in the run.
    pub fn dropped(&self) -> u32 {
        self.steps.start().raw()
    }

    /// Everything printed, in order.
    pub fn outputs(&self) -> &Tape<Output> {
        &self.outputs
    }

    /// The value of `--call`'s expression, if it had one.
    pub fn result(&self) -> Option<ValueId> {
        self.result
    }

    /// How it ended.
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// Whether the file held bytes that no recorder writes; what came before them is whole.
    pub fn damaged(&self) -> bool {
        self.damaged
    }

    /// The text of an interned name.
    pub fn name(&self, id: NameId) -> &Arc<str> {
        &self.names[id]
    }

    /// The name spelled `text`, if any variable is called so. Linear in the number of names.
    pub fn name_of(&self, text: &str) -> Option<NameId> {
        self.names.ids().find(|&id| &*self.names[id] == text)
    }

    /// A value, decoded. Costs its size.
    pub fn value(&self, id: ValueId) -> Value {
        Value::of(&self.values.get(id))
    }

    /// A value as Python's `repr` shows it.
    pub fn repr(&self, id: ValueId) -> String {
        repr(&self.value(id))
    }

    /// The exception an event speaks of.
    pub fn exception(&self, id: Id<Exception>) -> &Exception {
        &self.exceptions[id]
    }

    /// Whether any event speaks of an exception.
    pub(crate) fn raises(&self) -> bool {
        !self.exceptions.is_empty()
    }

    /// What changed in the event's frame since its previous event.
    pub fn writes(&self, event: EventId) -> impl ExactSizeIterator<Item = Write> {
        let first = self.events[event].first_write;
        let after = self.events.get(event.plus(1));
        let end = after.map_or(self.writes.end(), |it| it.first_write);
        Id::range(first..end).map(|id| self.writes[id])
    }

    /// The code that runs in a frame.
    pub fn code(&self, frame: FrameId) -> &Code {
        &self.codes[self.frames[frame].code]
    }

    /// The file a frame's code is in.
    pub fn file(&self, frame: FrameId) -> &File {
        &self.files[self.code(frame).file]
    }

    /// The step's event.
    pub fn at(&self, step: StepId) -> &Event {
        &self.events[self.steps[step].event]
    }

    /// The source line an event of `frame` stands on, without its line end.
    pub fn source(&self, frame: FrameId, line: u32) -> Option<&str> {
        let at = line.checked_sub(1)? as usize;
        self.file(frame).lines.as_ref()?.get(at).map(|it| &**it)
    }
}

/// Whether frames of this kind belong to the statement that made them: comprehensions, generator
/// expressions and lambdas, which formats fold and `step over` does not enter.
pub fn is_part_of_a_statement(kind: CodeKind) -> bool {
    matches!(
        kind,
        CodeKind::Comprehension | CodeKind::GeneratorExpression | CodeKind::Lambda
    )
}
