//! Which variables are not what they were at the frame's previous event.
//!
//! Every variable is encoded again at every event and compared with what was written last: nothing
//! cheaper is sound, as any call may reach any object. Numbers compare without being encoded. No
//! reference to the program's objects is kept between events, so nothing they do changes.

use crate::{
    bytes::{put_bytes, put_i64, put_u64},
    layout::Layout,
    object::{Obj, kind},
    value::tag,
    values::{Count, Encoder},
    wire::hot,
};

/// What a variable was.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Last {
    Unbound,
    None,
    Bool(bool),
    Int(i64),
    /// By its bits, so that every NaN equals itself.
    Float(u64),
    /// In [`Slot::bytes`].
    Bytes,
}

/// A variable's last recorded state.
#[derive(Debug)]
pub(crate) struct Slot {
    last: Last,
    bytes: Vec<u8>,
}

impl Default for Slot {
    fn default() -> Self {
        Self {
            last: Last::Unbound,
            bytes: Vec::new(),
        }
    }
}

impl Slot {
    /// Forgets what it was, keeping its room.
    pub(crate) fn clear(&mut self) {
        self.last = Last::Unbound;
    }

    pub(crate) fn is_unbound(&self) -> bool {
        self.last == Last::Unbound
    }

    /// Appends a write to `out` if the variable is not what it was; whether it did.
    #[inline]
    pub(crate) fn update(
        &mut self,
        name: u32,
        now: Option<Obj>,
        with: &mut Values,
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(now) = now else {
            if self.last == Last::Unbound {
                return false;
            }
            self.last = Last::Unbound;
            put_u64(out, u64::from(name));
            out.push(hot::UNBOUND);
            return true;
        };
        let quick = quick(now, &with.encoder.layout);
        if let Some(quick) = quick {
            if self.last == quick {
                return false;
            }
            self.last = quick;
            put_u64(out, u64::from(name));
            put_quick(quick, out);
            return true;
        }
        self.update_bytes(name, now, with, out)
    }

    fn update_bytes(&mut self, name: u32, now: Obj, with: &mut Values, out: &mut Vec<u8>) -> bool {
        let new = &mut with.scratch;
        new.clear();
        with.encoder.value(now, new);
        let known = self.last == Last::Bytes;
        if known && self.bytes == *new {
            return false;
        }
        put_u64(out, u64::from(name));
        let (prefix, suffix) = match known {
            true => common(&self.bytes, new),
            false => (0, 0),
        };
        if 8 < prefix + suffix {
            out.push(hot::PATCH);
            put_u64(out, prefix as u64);
            put_u64(out, suffix as u64);
            put_bytes(out, &new[prefix..new.len() - suffix]);
        } else {
            out.push(hot::WHOLE);
            put_bytes(out, new);
        }
        std::mem::swap(&mut self.bytes, new);
        self.last = Last::Bytes;
        true
    }
}

/// What encoding takes, beside the slot.
pub(crate) struct Values {
    pub(crate) encoder: Encoder,
    scratch: Vec<u8>,
}

impl Values {
    pub(crate) fn new(encoder: Encoder) -> Self {
        Self {
            encoder,
            scratch: Vec::new(),
        }
    }

    /// Appends length and bytes of a value.
    pub(crate) fn put(&mut self, value: Obj, out: &mut Vec<u8>) {
        self.scratch.clear();
        self.encoder.value(value, &mut self.scratch);
        put_bytes(out, &self.scratch);
    }
}

#[inline(always)]
fn quick(object: Obj, layout: &Layout) -> Option<Last> {
    let is = object.kind();
    if is == kind!(PyLong_Type) {
        if layout.plain
            && let Some(value) = layout.short_int(object)
        {
            return Some(Last::Int(value));
        }
        return object.int().map(Last::Int);
    }
    if is == kind!(PyFloat_Type) {
        return Some(Last::Float(object.float().to_bits()));
    }
    if is == kind!(PyBool_Type) {
        return Some(Last::Bool(object.is_true()));
    }
    object.is_none().then_some(Last::None)
}

#[inline]
fn put_quick(value: Last, out: &mut Vec<u8>) {
    out.push(hot::WHOLE);
    let count = Count::begin(out);
    let start = out.len();
    match value {
        Last::None => out.push(tag::NONE),
        Last::Bool(true) => out.push(tag::TRUE),
        Last::Bool(false) => out.push(tag::FALSE),
        Last::Int(value) => {
            out.push(tag::INT);
            put_i64(out, value);
        }
        Last::Float(bits) => {
            out.push(tag::FLOAT);
            out.extend_from_slice(&bits.to_le_bytes());
        }
        Last::Unbound | Last::Bytes => {}
    }
    let len = out.len() - start;
    count.end(out, len as u64);
}

/// How many bytes are the same at the start, and of the rest at the end.
fn common(old: &[u8], new: &[u8]) -> (usize, usize) {
    let same = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let mut prefix = 0;
    for (a, b) in old.chunks_exact(16).zip(new.chunks_exact(16)) {
        if a != b {
            break;
        }
        prefix += 16;
    }
    prefix += same(&old[prefix..], &new[prefix..]);
    let (old, new) = (&old[prefix..], &new[prefix..]);
    let suffix = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(a, b)| a == b);
    (prefix, suffix.count())
}
