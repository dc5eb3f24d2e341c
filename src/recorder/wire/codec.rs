//! Records to bytes and back.

use super::{CodeKind, Left, Record, Stream, Write, hot, kind};
use crate::bytes::{Broken, Input, put_bytes, put_i64, put_u64};

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
            Self::Start {
                steps,
                frames,
                prelude,
            } => {
                out.push(kind::START);
                put_u64(out, u64::from(*steps));
                put_u64(out, u64::from(*frames));
                out.push(u8::from(*prelude));
            }
            Self::Live {
                frame,
                code,
                line,
                suspended,
                writes,
            } => {
                out.push(kind::LIVE);
                put_u64(out, u64::from(*frame));
                put_u64(out, u64::from(*code));
                put_u64(out, u64::from(*line));
                out.push(u8::from(*suspended));
                put_writes(out, writes);
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
            kind::START => Self::Start {
                steps: input.u32()?,
                frames: input.u32()?,
                prelude: input.byte()? == 1,
            },
            kind::LIVE => Self::Live {
                frame: input.u32()?,
                code: input.u32()?,
                line: input.u32()?,
                suspended: input.byte()? == 1,
                writes: writes(input)?,
            },
            _ => return Err(Broken::Nonsense),
        })
    }
}

fn put_moved(out: &mut Vec<u8>, kind: u8, delta: i64, writes: &[Write]) {
    out.push(kind);
    put_i64(out, delta);
    put_writes(out, writes);
}
