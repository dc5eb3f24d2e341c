//! A Python value as bounded structure: what it was at one moment, without its code being run.
//!
//! The recorder writes these bytes, the program reads them. Containers carry their true size beside
//! the items kept, so that what a limit cut is always known.

use crate::bytes::{Broken, Input, put_bytes, put_i64, put_u64};

/// First bytes of an encoded value. The recorder encodes by these numbers directly.
pub mod tag {
    /// `None`.
    pub const NONE: u8 = 1;
    /// `True`.
    pub const TRUE: u8 = 2;
    /// `False`.
    pub const FALSE: u8 = 3;
    /// zigzag: an `int` that fits 64 bits.
    pub const INT: u8 = 4;
    /// digits in decimal (ASCII, with `-`), count of digits cut from the middle: a larger `int`.
    pub const BIG_INT: u8 = 5;
    /// eight bytes, little-endian IEEE 754.
    pub const FLOAT: u8 = 6;
    /// length in code points, then the kept prefix in WTF-8 (lone surrogates as three bytes).
    pub const STR: u8 = 7;
    /// length in bytes, then the kept prefix.
    pub const BYTES: u8 = 8;
    /// as `BYTES`, mutable.
    pub const BYTE_ARRAY: u8 = 9;
    /// id, length, count kept, items.
    pub const LIST: u8 = 10;
    /// id, length, count kept, items.
    pub const TUPLE: u8 = 11;
    /// id, length, count kept, items.
    pub const SET: u8 = 12;
    /// id, length, count kept, items.
    pub const FROZEN_SET: u8 = 13;
    /// id, length, count kept, key and value alternating.
    pub const DICT: u8 = 14;
    /// id, type name, shape byte, count of fields, count kept, (field name, value) alternating.
    pub const OBJECT: u8 = 15;
    /// type name, text: a value whose own `repr` is C code and safe, addresses removed.
    pub const OPAQUE: u8 = 16;
    /// id, tag of the container: one that holds itself, met again inside itself.
    pub const CYCLE: u8 = 17;
}

/// How an object's `repr` is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Shape {
    /// `Name(field=value, …)`; a field without a name is positional: `Name(value, …)`.
    Call = 0,
    /// `<Name.MEMBER: value>`: the one field is the member's name and value.
    Enum = 1,
    /// `<Name object>`: nothing can be seen without running code.
    Bare = 2,
}

/// One moment of one Python value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An `int` of 64 bits.
    Int(i64),
    /// A larger `int`: its decimal digits, and how many were cut from the middle.
    BigInt {
        /// Decimal digits with sign; cut in the middle when `cut` is not 0.
        digits: String,
        /// Digits left out.
        cut: u64,
    },
    /// A `float`.
    Float(f64),
    /// A `str`.
    Str {
        /// Length of the whole in code points.
        len: u64,
        /// What was kept, from the start, in WTF-8.
        kept: Vec<u8>,
    },
    /// `bytes` or `bytearray`.
    Bytes {
        /// Whether it is a `bytearray`.
        mutable: bool,
        /// Length of the whole in bytes.
        len: u64,
        /// What was kept, from the start.
        kept: Vec<u8>,
    },
    /// A list, tuple, set or frozenset.
    Sequence {
        /// Which of the four.
        kind: Sequence,
        /// Identity while it lives; equal ids at one step are one object.
        id: u64,
        /// How many items it has.
        len: u64,
        /// What was kept, from the start.
        items: Vec<Value>,
    },
    /// A `dict`, in its own order.
    Dict {
        /// Identity while it lives.
        id: u64,
        /// How many items it has.
        len: u64,
        /// What was kept, from the start.
        items: Vec<(Value, Value)>,
    },
    /// An object seen through its fields.
    Object {
        /// Identity while it lives.
        id: u64,
        /// The type's qualified name, as `repr` would show it.
        name: String,
        /// How it is laid out.
        shape: Shape,
        /// How many fields it has.
        len: u64,
        /// Those kept; a name may be empty (see [`Shape::Call`]).
        fields: Vec<(String, Value)>,
    },
    /// A function, type, module, range, date…: its own `repr`, addresses removed.
    Opaque {
        /// The type's name.
        name: String,
        /// The text.
        text: String,
    },
    /// A container met again inside itself.
    Cycle {
        /// Whose.
        id: u64,
        /// Its [`tag`].
        of: u8,
    },
}

/// The built-in sequences and sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sequence {
    /// `[…]`
    List,
    /// `(…)`
    Tuple,
    /// `{…}`
    Set,
    /// `frozenset({…})`
    FrozenSet,
}

/// Nesting past this is refused by the reader; writers stop far below it.
const DEPTH: u32 = 64;

impl Value {
    /// Reads one value; `Input` is left behind it.
    pub fn read(input: &mut Input<'_>) -> Result<Self, Broken> {
        read(input, DEPTH)
    }

    /// Reads a value from exactly `bytes`; damaged bytes read as [`Value::Opaque`] saying so, since a
    /// torn value is the file's fault and never the reader's.
    pub fn of(bytes: &[u8]) -> Self {
        Self::read(&mut Input::new(bytes)).unwrap_or_else(|_| Self::Opaque {
            name: "damaged".into(),
            text: "<damaged value>".into(),
        })
    }

    /// Appends the encoding that [`Value::read`] inverts.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::None => out.push(tag::NONE),
            Self::Bool(true) => out.push(tag::TRUE),
            Self::Bool(false) => out.push(tag::FALSE),
            Self::Int(v) => {
                out.push(tag::INT);
                put_i64(out, *v);
            }
            Self::BigInt { digits, cut } => {
                out.push(tag::BIG_INT);
                put_bytes(out, digits.as_bytes());
                put_u64(out, *cut);
            }
            Self::Float(v) => {
                out.push(tag::FLOAT);
                out.extend_from_slice(&v.to_le_bytes());
            }
            Self::Str { len, kept } => {
                out.push(tag::STR);
                put_u64(out, *len);
                put_bytes(out, kept);
            }
            Self::Bytes { mutable, len, kept } => {
                out.push(if *mutable {
                    tag::BYTE_ARRAY
                } else {
                    tag::BYTES
                });
                put_u64(out, *len);
                put_bytes(out, kept);
            }
            Self::Sequence {
                kind,
                id,
                len,
                items,
            } => {
                out.push(kind.tag());
                put_u64(out, *id);
                put_u64(out, *len);
                put_u64(out, items.len() as u64);
                items.iter().for_each(|it| it.write(out));
            }
            Self::Dict { id, len, items } => {
                out.push(tag::DICT);
                put_u64(out, *id);
                put_u64(out, *len);
                put_u64(out, items.len() as u64);
                for (key, value) in items {
                    key.write(out);
                    value.write(out);
                }
            }
            Self::Object {
                id,
                name,
                shape,
                len,
                fields,
            } => {
                out.push(tag::OBJECT);
                put_u64(out, *id);
                put_bytes(out, name.as_bytes());
                out.push(*shape as u8);
                put_u64(out, *len);
                put_u64(out, fields.len() as u64);
                for (name, value) in fields {
                    put_bytes(out, name.as_bytes());
                    value.write(out);
                }
            }
            Self::Opaque { name, text } => {
                out.push(tag::OPAQUE);
                put_bytes(out, name.as_bytes());
                put_bytes(out, text.as_bytes());
            }
            Self::Cycle { id, of } => {
                out.push(tag::CYCLE);
                put_u64(out, *id);
                out.push(*of);
            }
        }
    }
}

impl Sequence {
    /// Its [`tag`].
    pub fn tag(self) -> u8 {
        match self {
            Self::List => tag::LIST,
            Self::Tuple => tag::TUPLE,
            Self::Set => tag::SET,
            Self::FrozenSet => tag::FROZEN_SET,
        }
    }
}

fn read(input: &mut Input<'_>, depth: u32) -> Result<Value, Broken> {
    let depth = depth.checked_sub(1).ok_or(Broken::Nonsense)?;
    let sequence = |kind, input: &mut Input<'_>| {
        let (id, len, kept) = (input.u64()?, input.u64()?, input.count()?);
        // Not `with_capacity`: the count is the file's word until the items are there.
        let items = (0..kept)
            .map(|_| read(input, depth))
            .collect::<Result<_, _>>()?;
        Ok(Value::Sequence {
            kind,
            id,
            len,
            items,
        })
    };
    match input.byte()? {
        tag::NONE => Ok(Value::None),
        tag::TRUE => Ok(Value::Bool(true)),
        tag::FALSE => Ok(Value::Bool(false)),
        tag::INT => Ok(Value::Int(input.i64()?)),
        tag::BIG_INT => Ok(Value::BigInt {
            digits: input.text()?.into(),
            cut: input.u64()?,
        }),
        tag::FLOAT => {
            let raw = input.take(8)?.try_into().map_err(|_| Broken::Nonsense)?;
            Ok(Value::Float(f64::from_le_bytes(raw)))
        }
        tag::STR => Ok(Value::Str {
            len: input.u64()?,
            kept: input.bytes()?.into(),
        }),
        mutable @ (tag::BYTES | tag::BYTE_ARRAY) => Ok(Value::Bytes {
            mutable: mutable == tag::BYTE_ARRAY,
            len: input.u64()?,
            kept: input.bytes()?.into(),
        }),
        tag::LIST => sequence(Sequence::List, input),
        tag::TUPLE => sequence(Sequence::Tuple, input),
        tag::SET => sequence(Sequence::Set, input),
        tag::FROZEN_SET => sequence(Sequence::FrozenSet, input),
        tag::DICT => {
            let (id, len, kept) = (input.u64()?, input.u64()?, input.count()?);
            let items = (0..kept)
                .map(|_| Ok((read(input, depth)?, read(input, depth)?)))
                .collect::<Result<_, _>>()?;
            Ok(Value::Dict { id, len, items })
        }
        tag::OBJECT => {
            let id = input.u64()?;
            let name = input.text()?.into();
            let shape = match input.byte()? {
                0 => Shape::Call,
                1 => Shape::Enum,
                2 => Shape::Bare,
                _ => return Err(Broken::Nonsense),
            };
            let (len, kept) = (input.u64()?, input.count()?);
            let fields = (0..kept)
                .map(|_| Ok((input.text()?.into(), read(input, depth)?)))
                .collect::<Result<_, _>>()?;
            Ok(Value::Object {
                id,
                name,
                shape,
                len,
                fields,
            })
        }
        tag::OPAQUE => Ok(Value::Opaque {
            name: input.text()?.into(),
            text: input.text()?.into(),
        }),
        tag::CYCLE => Ok(Value::Cycle {
            id: input.u64()?,
            of: input.byte()?,
        }),
        _ => Err(Broken::Nonsense),
    }
}
