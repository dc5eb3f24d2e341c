//! The records of a trace file, in the order they are written.
//!
//! A file is a [`HEADER`]-byte header and then records. The header holds [`MAGIC`], [`VERSION`]
//! (u16, little-endian, at byte 8) and, at byte [`COMMITTED_AT`], the number of bytes of whole
//! records behind it (u64, little-endian, aligned, so that one store publishes it). Whatever a record
//! names was introduced by an earlier record, so any prefix of a file is readable.
//!
//! Ids are counted from 0 in order of introduction: `Name`, `File`, `Code`. Frames are counted from 1
//! in order of entry. Each thread has a stack of frames: `Call` and `Resume` push, `Return`, `Yield`
//! and `Unwind` pop; `Line`, `Exception` and the three that pop speak of the top of the current
//! thread's stack. `Thread` says whose stack is meant from there on; a file starts on thread 1.

mod codec;

use crate::value::Value;

pub use codec::put_writes;

/// The first eight bytes of a trace file.
pub const MAGIC: [u8; 8] = *b"monologu";
/// Version of the format; a reader refuses any other.
pub const VERSION: u16 = 1;
/// Bytes before the first record.
pub const HEADER: usize = 64;
/// Where the committed length stands.
pub const COMMITTED_AT: usize = 16;

/// What a code object is to its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CodeKind {
    /// The body of a file.
    Module = 0,
    /// `def`.
    Function = 1,
    /// The body of a `class`.
    Class = 2,
    /// A list, set or dict comprehension with a frame of its own (3.11 and older).
    Comprehension = 3,
    /// A generator expression.
    GeneratorExpression = 4,
    /// `lambda`.
    Lambda = 5,
    /// `def` with `yield`.
    Generator = 6,
    /// `async def`.
    Coroutine = 7,
}

/// Where output went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Stream {
    /// `sys.stdout`.
    Stdout = 1,
    /// `sys.stderr`.
    Stderr = 2,
}

/// What a write left in a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Left {
    /// Nothing: the variable is unbound now.
    Unbound,
    /// A value, whole: bytes of [`Value`].
    Whole(Vec<u8>),
    /// The variable's previous value with its middle replaced: bytes kept at the start, bytes kept at
    /// the end, and what stands between.
    Patch(u64, u64, Vec<u8>),
}

/// A local variable that is not what it was at the frame's previous record.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// A name id.
    pub name: u32,
    /// What it holds now.
    pub left: Left,
}

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A fact about the run: `python`, `target`, `argv`, `cwd`, `call`, … The recorder writes what it
    /// knows first; whoever launched it may add more later.
    Fact(String, String),
    /// Gives the next name id to this text.
    Name(String),
    /// Gives the next file id to this path; the text is what Python compiled, if it could be read.
    File {
        /// As Python names it, made absolute.
        path: String,
        /// The source, decoded.
        source: Option<String>,
    },
    /// Gives the next code id to this code object.
    Code {
        /// A file id.
        file: u32,
        /// Counted from 1.
        first_line: u32,
        /// What it is.
        kind: CodeKind,
        /// `co_name`.
        name: String,
        /// `co_qualname`, or `name` where Python has none.
        qualname: String,
        /// Name ids of the fast locals in the order of formats: variables, cells, free variables.
        /// Empty for module and class bodies, whose names come in the order they are bound.
        locals: Vec<u32>,
        /// How many of `locals` are parameters, counted from the first.
        parameters: u32,
    },
    /// From here on, thread `0` of the file's numbering, counted from 1.
    Thread(u32),
    /// A frame is entered; it takes the next frame number.
    Call {
        /// A code id.
        code: u32,
        /// Where the frame starts, usually the `def` line.
        line: u32,
        /// The arguments.
        writes: Vec<Write>,
    },
    /// A suspended generator or coroutine runs on.
    Resume {
        /// A frame number given by an earlier `Call`.
        frame: u32,
        /// Its line.
        line: u32,
        /// What changed while it was suspended.
        writes: Vec<Write>,
    },
    /// A line is about to run.
    Line {
        /// Lines from the frame's previous record to this one.
        delta: i64,
        /// What the frame's previous line did.
        writes: Vec<Write>,
    },
    /// The frame ends with a value.
    Return {
        /// Lines from the frame's previous record to this one.
        delta: i64,
        /// What the frame's previous line did.
        writes: Vec<Write>,
        /// The value: bytes of [`Value`].
        value: Vec<u8>,
    },
    /// The frame is suspended with a value.
    Yield {
        /// Lines from the frame's previous record to this one.
        delta: i64,
        /// What the frame's previous line did.
        writes: Vec<Write>,
        /// The value: bytes of [`Value`].
        value: Vec<u8>,
    },
    /// The frame ends because an exception leaves it.
    Unwind {
        /// Lines from the frame's previous record to this one.
        delta: i64,
        /// What the frame's previous line did.
        writes: Vec<Write>,
    },
    /// An exception was raised in, or arrived in, the frame.
    Exception {
        /// Lines from the frame's previous record to this one.
        delta: i64,
        /// What the frame's previous line did, up to the raise.
        writes: Vec<Write>,
        /// The type's name, as a traceback shows it.
        name: String,
        /// `str` of the exception, or its arguments where that would run the program's own code.
        message: String,
        /// The exception itself: bytes of [`Value`].
        value: Vec<u8>,
    },
    /// The program printed.
    Output(Stream, Vec<u8>),
    /// The value of `--call`'s expression: bytes of [`Value`].
    Result(Vec<u8>),
    /// Something could not be followed, in words for the user.
    Note(String),
    /// The run is over: the process's exit status as a shell shows it (128 + N for signal N).
    End(i64),
    /// What follows was recorded later in the run than what came before it; [`Record::Live`] tells
    /// what there was then. No recorder writes this: it stands where records were left out.
    Start {
        /// Steps of the run before this point.
        steps: u32,
        /// Frames entered before this point.
        frames: u32,
        /// Whether the file of a `--call` was still being imported.
        prelude: bool,
    },
    /// A frame entered before a [`Record::Start`] that had not ended at it. Those on a stack come
    /// lowest first; its writes are its whole state.
    Live {
        /// Its number.
        frame: u32,
        /// A code id.
        code: u32,
        /// The line it stood on.
        line: u32,
        /// Whether it was suspended, on no stack.
        suspended: bool,
        /// Its variables.
        writes: Vec<Write>,
    },
}

impl Record {
    /// Whether it is an event: something that happened in a frame.
    pub fn is_event(&self) -> bool {
        matches!(
            self,
            Self::Call { .. }
                | Self::Resume { .. }
                | Self::Line { .. }
                | Self::Return { .. }
                | Self::Yield { .. }
                | Self::Unwind { .. }
                | Self::Exception { .. }
                | Self::Live { .. }
        )
    }

    /// Whether later records may name what it introduces, or it speaks of the run as a whole: it is
    /// kept when the events around it are left out.
    pub fn is_definition(&self) -> bool {
        matches!(
            self,
            Self::Fact(..) | Self::Name(_) | Self::File { .. } | Self::Code { .. } | Self::Note(_)
        )
    }
}

mod kind {
    pub(in crate::wire) const FACT: u8 = 1;
    pub(in crate::wire) const NAME: u8 = 2;
    pub(in crate::wire) const FILE: u8 = 3;
    pub(in crate::wire) const CODE: u8 = 4;
    pub(in crate::wire) const THREAD: u8 = 5;
    pub(in crate::wire) const CALL: u8 = 6;
    pub(in crate::wire) const RESUME: u8 = 7;
    pub(in crate::wire) const LINE: u8 = 8;
    pub(in crate::wire) const RETURN: u8 = 9;
    pub(in crate::wire) const YIELD: u8 = 10;
    pub(in crate::wire) const UNWIND: u8 = 11;
    pub(in crate::wire) const EXCEPTION: u8 = 12;
    pub(in crate::wire) const OUTPUT: u8 = 13;
    pub(in crate::wire) const RESULT: u8 = 14;
    pub(in crate::wire) const NOTE: u8 = 15;
    pub(in crate::wire) const END: u8 = 16;
    pub(in crate::wire) const START: u8 = 32;
    pub(in crate::wire) const LIVE: u8 = 33;
}

/// First bytes of records that the recorder's hot path writes without building a [`Record`].
pub mod hot {
    /// [`Record::Call`](super::Record::Call).
    pub const CALL: u8 = super::kind::CALL;
    /// [`Record::Resume`](super::Record::Resume).
    pub const RESUME: u8 = super::kind::RESUME;
    /// [`Record::Line`](super::Record::Line).
    pub const LINE: u8 = super::kind::LINE;
    /// [`Record::Return`](super::Record::Return).
    pub const RETURN: u8 = super::kind::RETURN;
    /// [`Record::Yield`](super::Record::Yield).
    pub const YIELD: u8 = super::kind::YIELD;
    /// [`Record::Unwind`](super::Record::Unwind).
    pub const UNWIND: u8 = super::kind::UNWIND;
    /// [`Record::Exception`](super::Record::Exception).
    pub const EXCEPTION: u8 = super::kind::EXCEPTION;
    /// First byte of [`Left::Unbound`](super::Left::Unbound).
    pub const UNBOUND: u8 = 0;
    /// First byte of [`Left::Whole`](super::Left::Whole): then length and bytes.
    pub const WHOLE: u8 = 1;
    /// First byte of [`Left::Patch`](super::Left::Patch): then prefix, suffix, length and bytes.
    pub const PATCH: u8 = 2;
}

/// The value a [`Left::Whole`] or an event's `value` holds.
pub fn value(bytes: &[u8]) -> Value {
    Value::of(bytes)
}
