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

use crate::{
    bytes::{Broken, Input, put_bytes, put_i64, put_u64},
    value::Value,
};

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
}

mod kind {
    pub(super) const FACT: u8 = 1;
    pub(super) const NAME: u8 = 2;
    pub(super) const FILE: u8 = 3;
    pub(super) const CODE: u8 = 4;
    pub(super) const THREAD: u8 = 5;
    pub(super) const CALL: u8 = 6;
    pub(super) const RESUME: u8 = 7;
    pub(super) const LINE: u8 = 8;
    pub(super) const RETURN: u8 = 9;
    pub(super) const YIELD: u8 = 10;
    pub(super) const UNWIND: u8 = 11;
    pub(super) const EXCEPTION: u8 = 12;
    pub(super) const OUTPUT: u8 = 13;
    pub(super) const RESULT: u8 = 14;
    pub(super) const NOTE: u8 = 15;
    pub(super) const END: u8 = 16;
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

impl CodeKind {
    fn from(byte: u8) -> Result<Self, Broken> {
        Ok(match byte {
            0 => Self::Module,
            1 => Self::Function,
            2 => Self::Class,
            3 => Self::Comprehension,
            4 => Self::GeneratorExpression,
            5 => Self::Lambda,
            6 => Self::Generator,
            7 => Self::Coroutine,
            _ => return Err(Broken::Nonsense),
        })
    }
}

/// Appends a count and the writes.
pub fn put_writes(out: &mut Vec<u8>, writes: &[Write]) {
    put_u64(out, writes.len() as u64);
    for Write { name, left } in writes {
        put_u64(out, u64::from(*name));
        match left {
            Left::Unbound => out.push(hot::UNBOUND),
            Left::Whole(value) => {
                out.push(hot::WHOLE);
                put_bytes(out, value);
            }
            Left::Patch(prefix, suffix, middle) => {
                out.push(hot::PATCH);
                put_u64(out, *prefix);
                put_u64(out, *suffix);
                put_bytes(out, middle);
            }
        }
    }
}

fn writes(input: &mut Input<'_>) -> Result<Vec<Write>, Broken> {
    let count = input.count()?;
    (0..count)
        .map(|_| {
            let name = input.u32()?;
            let left = match input.byte()? {
                hot::UNBOUND => Left::Unbound,
                hot::WHOLE => Left::Whole(input.bytes()?.into()),
                hot::PATCH => Left::Patch(input.u64()?, input.u64()?, input.bytes()?.into()),
                _ => return Err(Broken::Nonsense),
            };
            Ok(Write { name, left })
        })
        .collect()
}

impl Record {
    /// Appends the encoding that [`Record::read`] inverts.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Fact(key, value) => {
                out.push(kind::FACT);
                put_bytes(out, key.as_bytes());
                put_bytes(out, value.as_bytes());
            }
            Self::Name(text) => {
                out.push(kind::NAME);
                put_bytes(out, text.as_bytes());
            }
            Self::File { path, source } => {
                out.push(kind::FILE);
                put_bytes(out, path.as_bytes());
                out.push(u8::from(source.is_some()));
                put_bytes(out, source.as_deref().unwrap_or_default().as_bytes());
            }
            Self::Code {
                file,
                first_line,
                kind,
                name,
                qualname,
                locals,
                parameters,
            } => {
                out.push(kind::CODE);
                put_u64(out, u64::from(*file));
                put_u64(out, u64::from(*first_line));
                out.push(*kind as u8);
                put_bytes(out, name.as_bytes());
                put_bytes(out, qualname.as_bytes());
                put_u64(out, locals.len() as u64);
                locals.iter().for_each(|&it| put_u64(out, u64::from(it)));
                put_u64(out, u64::from(*parameters));
            }
            Self::Thread(thread) => {
                out.push(kind::THREAD);
                put_u64(out, u64::from(*thread));
            }
            Self::Call { code, line, writes } => {
                out.push(kind::CALL);
                put_u64(out, u64::from(*code));
                put_u64(out, u64::from(*line));
                put_writes(out, writes);
            }
            Self::Resume {
                frame,
                line,
                writes,
            } => {
                out.push(kind::RESUME);
                put_u64(out, u64::from(*frame));
                put_u64(out, u64::from(*line));
                put_writes(out, writes);
            }
            Self::Line { delta, writes } => put_moved(out, kind::LINE, *delta, writes),
            Self::Unwind { delta, writes } => put_moved(out, kind::UNWIND, *delta, writes),
            Self::Return {
                delta,
                writes,
                value,
            } => {
                put_moved(out, kind::RETURN, *delta, writes);
                put_bytes(out, value);
            }
            Self::Yield {
                delta,
                writes,
                value,
            } => {
                put_moved(out, kind::YIELD, *delta, writes);
                put_bytes(out, value);
            }
            Self::Exception {
                delta,
                writes,
                name,
                message,
                value,
            } => {
                put_moved(out, kind::EXCEPTION, *delta, writes);
                put_bytes(out, name.as_bytes());
                put_bytes(out, message.as_bytes());
                put_bytes(out, value);
            }
            Self::Output(stream, bytes) => {
                out.push(kind::OUTPUT);
                out.push(*stream as u8);
                put_bytes(out, bytes);
            }
            Self::Result(value) => {
                out.push(kind::RESULT);
                put_bytes(out, value);
            }
            Self::Note(text) => {
                out.push(kind::NOTE);
                put_bytes(out, text.as_bytes());
            }
            Self::End(status) => {
                out.push(kind::END);
                put_i64(out, *status);
            }
        }
    }

    /// Reads one record; `Input` is left behind it.
    pub fn read(input: &mut Input<'_>) -> Result<Self, Broken> {
        Ok(match input.byte()? {
            kind::FACT => Self::Fact(input.text()?.into(), input.text()?.into()),
            kind::NAME => Self::Name(input.text()?.into()),
            kind::FILE => {
                let path = input.text()?.into();
                let known = input.byte()? == 1;
                let source: String = input.text()?.into();
                Self::File {
                    path,
                    source: known.then_some(source),
                }
            }
            kind::CODE => {
                let (file, first_line) = (input.u32()?, input.u32()?);
                let kind = CodeKind::from(input.byte()?)?;
                let (name, qualname) = (input.text()?.into(), input.text()?.into());
                let count = input.count()?;
                let locals = (0..count).map(|_| input.u32()).collect::<Result<_, _>>()?;
                Self::Code {
                    file,
                    first_line,
                    kind,
                    name,
                    qualname,
                    locals,
                    parameters: input.u32()?,
                }
            }
            kind::THREAD => Self::Thread(input.u32()?),
            kind::CALL => Self::Call {
                code: input.u32()?,
                line: input.u32()?,
                writes: writes(input)?,
            },
            kind::RESUME => Self::Resume {
                frame: input.u32()?,
                line: input.u32()?,
                writes: writes(input)?,
            },
            kind::LINE => Self::Line {
                delta: input.i64()?,
                writes: writes(input)?,
            },
            kind::UNWIND => Self::Unwind {
                delta: input.i64()?,
                writes: writes(input)?,
            },
            kind::RETURN => Self::Return {
                delta: input.i64()?,
                writes: writes(input)?,
                value: input.bytes()?.into(),
            },
            kind::YIELD => Self::Yield {
                delta: input.i64()?,
                writes: writes(input)?,
                value: input.bytes()?.into(),
            },
            kind::EXCEPTION => Self::Exception {
                delta: input.i64()?,
                writes: writes(input)?,
                name: input.text()?.into(),
                message: input.text()?.into(),
                value: input.bytes()?.into(),
            },
            kind::OUTPUT => {
                let stream = match input.byte()? {
                    1 => Stream::Stdout,
                    2 => Stream::Stderr,
                    _ => return Err(Broken::Nonsense),
                };
                Self::Output(stream, input.bytes()?.into())
            }
            kind::RESULT => Self::Result(input.bytes()?.into()),
            kind::NOTE => Self::Note(input.text()?.into()),
            kind::END => Self::End(input.i64()?),
            _ => return Err(Broken::Nonsense),
        })
    }
}

fn put_moved(out: &mut Vec<u8>, kind: u8, delta: i64, writes: &[Write]) {
    out.push(kind);
    put_i64(out, delta);
    put_writes(out, writes);
}

/// The value a [`Left::Whole`] or an event's `value` holds.
pub fn value(bytes: &[u8]) -> Value {
    Value::of(bytes)
}
