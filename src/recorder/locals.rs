//! Which variables are not what they were at the frame's previous event.
//!
//! Any call may reach any object, so every variable is looked at at every event. What it was when it
//! was last written down has left a [`Trail`], which tells most times, without encoding it again, that
//! it still is that. Where it does not, the value is encoded and the bytes decide.

use crate::{
    bytes::{put_bytes, put_i64, put_u64, put_word, short, zigzag},
    edit,
    layout::Layout,
    object::{Obj, kind},
    trail::{Trail, Verdict},
    value::tag,
    values::{Count, Encoder},
    wire::hot,
};

/// What a variable was. Numbers are compared in the words that Python keeps them in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Last {
    Unbound,
    /// An object that is there as long as Python is, by its address: `None`, `True`, `False`.
    Constant(usize),
    /// An int of one digit: length and sign, digit.
    Short(usize, u32),
    /// Another int of 64 bits.
    Int(i64),
    /// By its bits, so that every NaN equals itself.
    Float(u64),
    /// In [`Slot::deep`].
    Deep,
}

/// A variable's last recorded state.
#[derive(Debug)]
pub(crate) struct Slot {
    last: Last,
    deep: Option<Box<Deep>>,
}

/// What a variable was that is more than a number.
#[derive(Debug, Default)]
pub(crate) struct Deep {
    /// Where the object was.
    pub(crate) root: usize,
    pub(crate) bytes: Vec<u8>,
    pub(crate) trail: Trail,
    /// If it is a container of numbers alone, where in `bytes` each item (or key and value) starts, and
    /// where the last ends.
    pub(crate) offsets: Vec<u32>,
}

impl Default for Slot {
    fn default() -> Self {
        Self {
            last: Last::Unbound,
            deep: None,
        }
    }
}

impl Slot {
    /// Forgets what it was, keeping its room.
    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        self.last = Last::Unbound;
    }

    pub(crate) fn is_unbound(&self) -> bool {
        self.last == Last::Unbound
    }

    /// Whether it is as it was so long as the variable holds the same object and that is alive.
    pub(crate) fn is_fixed(&self) -> bool {
        let fixed = |it: &Deep| it.trail.is_fixed();
        self.last != Last::Deep || self.deep.as_deref().is_some_and(fixed)
    }

    /// As [`Self::update`], when the variable is known to hold the same object still.
    pub(crate) fn look(&mut self, name: u32, with: &mut Values, out: &mut Vec<u8>) -> bool {
        let root = self.deep.as_ref().map(|it| it.root as *mut _);
        match root.filter(|_| self.last == Last::Deep) {
            Some(root) => self.update(name, Obj::lent(root), with, out),
            None => false,
        }
    }

    /// Appends a write to `out` if the variable is not what it was; whether it did.
    #[inline(always)]
    pub(crate) fn update(
        &mut self,
        name: u32,
        now: Option<Obj>,
        with: &mut Values,
        out: &mut Vec<u8>,
    ) -> bool {
        let same = match (self.last, now) {
            (Last::Unbound, None) => true,
            (Last::Constant(at), Some(now)) => at == now.ptr() as usize,
            (Last::Short(word, digit), Some(now)) => {
                now.is(kind!(PyLong_Type)) && with.encoder.layout.digit(now) == (word, digit)
            }
            _ => false,
        };
        !same && self.update_other(name, now, with, out)
    }

    #[inline]
    fn update_other(
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
        let Some(quick) = quick(now, &with.encoder.layout) else {
            return self.update_deep(name, now, with, out);
        };
        if self.last == quick {
            return false;
        }
        self.last = quick;
        match name < 0x80 {
            true => put_word(out, u64::from(hot::WHOLE) << 8 | u64::from(name), 2),
            false => {
                put_u64(out, u64::from(name));
                out.push(hot::WHOLE);
            }
        }
        put_quick(quick, &with.encoder.layout, out);
        true
    }

    fn update_deep(&mut self, name: u32, now: Obj, with: &mut Values, out: &mut Vec<u8>) -> bool {
        let known = self.last == Last::Deep;
        self.last = Last::Deep;
        let deep = self.deep.get_or_insert_default();
        if !known {
            deep.bytes.clear();
        } else if deep.root == now.ptr() as usize {
            let limit = with.encoder.limits.items;
            match deep.trail.verdict(&deep.bytes, limit, &mut with.encoder) {
                Verdict::Same => return false,
                Verdict::Longer(len) => {
                    edit::lengthen(deep, len, name, out);
                    return true;
                }
                Verdict::Unsure if deep.offsets.is_empty() => {}
                Verdict::Unsure => {
                    if let Some(res) = edit::items(deep, now, name, with, out) {
                        return res;
                    }
                }
            }
        }
        deep.write_anew(name, now, with, out)
    }
}

impl Deep {
    fn write_anew(&mut self, name: u32, now: Obj, with: &mut Values, out: &mut Vec<u8>) -> bool {
        let new = &mut with.scratch;
        new.clear();
        self.root = now.ptr() as usize;
        self.offsets.clear();
        if !edit::numbers(self, now, &mut with.encoder, new) {
            new.clear();
            self.offsets.clear();
            with.encoder.watched(now, &mut self.trail, new);
        }
        if self.bytes == *new {
            return false;
        }
        put_u64(out, u64::from(name));
        let (prefix, suffix) = common(&self.bytes, new);
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
        true
    }
}

/// What encoding takes, beside the slot.
pub(crate) struct Values {
    pub(crate) encoder: Encoder,
    pub(crate) scratch: Vec<u8>,
    /// Room for the addresses of items, and for where they stand.
    pub(crate) words: Vec<usize>,
    pub(crate) offsets: Vec<u32>,
}

impl Values {
    pub(crate) fn new(encoder: Encoder) -> Self {
        Self {
            encoder,
            scratch: Vec::new(),
            words: Vec::new(),
            offsets: Vec::new(),
        }
    }

    /// Appends length and bytes of a value.
    #[inline]
    pub(crate) fn put(&mut self, value: Obj, out: &mut Vec<u8>) {
        if let Some(quick) = quick(value, &self.encoder.layout) {
            return put_quick(quick, &self.encoder.layout, out);
        }
        self.scratch.clear();
        self.encoder.value(value, &mut self.scratch);
        put_bytes(out, &self.scratch);
    }
}

#[inline(always)]
fn quick(object: Obj, layout: &Layout) -> Option<Last> {
    let is = object.kind();
    if is == kind!(PyLong_Type) {
        if layout.plain && layout.is_short(object) {
            let (word, digit) = layout.digit(object);
            // What stands in zero's place for a digit says nothing.
            let digit = if layout.signed(word, digit) == 0 {
                0
            } else {
                digit
            };
            return Some(Last::Short(word, digit));
        }
        return object.int().map(Last::Int);
    }
    if is == kind!(PyFloat_Type) {
        let value = match layout.plain {
            true => layout.float(object),
            false => object.float(),
        };
        return Some(Last::Float(value.to_bits()));
    }
    let constant = is == kind!(PyBool_Type) || object.is_none();
    constant.then_some(Last::Constant(object.ptr() as usize))
}

/// Length and bytes.
#[inline(always)]
fn put_quick(value: Last, layout: &Layout, out: &mut Vec<u8>) {
    let int = |value: i64, out: &mut Vec<u8>| match short(zigzag(value)) {
        Some((word, len)) => {
            let head = u64::from(tag::INT) << 8 | (1 + len as u64);
            put_word(out, word << 16 | head, 2 + len);
        }
        None => put_long(value, out),
    };
    match value {
        Last::Constant(at) => {
            let tag = match Obj::lent(at as *mut _) {
                Some(it) if it.is_none() => tag::NONE,
                Some(it) if it.is_true() => tag::TRUE,
                _ => tag::FALSE,
            };
            put_word(out, u64::from(tag) << 8 | 1, 2);
        }
        Last::Short(word, digit) => int(layout.signed(word, digit), out),
        Last::Int(value) => int(value, out),
        Last::Float(bits) => {
            put_word(out, u64::from(tag::FLOAT) << 8 | 9, 2);
            put_word(out, bits.to_le(), 8);
        }
        Last::Unbound | Last::Deep => {}
    }
}

fn put_long(value: i64, out: &mut Vec<u8>) {
    let count = Count::begin(out);
    let start = out.len();
    out.push(tag::INT);
    put_i64(out, value);
    let len = out.len() - start;
    count.end(out, len as u64);
}

/// How many bytes are the same at the start, and of the rest at the end.
pub(crate) fn common(old: &[u8], new: &[u8]) -> (usize, usize) {
    const STEP: usize = 16;
    let blocks = old.chunks_exact(STEP).zip(new.chunks_exact(STEP));
    let mut prefix = STEP * blocks.take_while(|(a, b)| a == b).count();
    let rest = old[prefix..].iter().zip(&new[prefix..]);
    prefix += rest.take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[prefix..], &new[prefix..]);
    let blocks = old.rchunks_exact(STEP).zip(new.rchunks_exact(STEP));
    let mut suffix = STEP * blocks.take_while(|(a, b)| a == b).count();
    let rest = old[..old.len() - suffix].iter().rev();
    let rest = rest.zip(new[..new.len() - suffix].iter().rev());
    suffix += rest.take_while(|(a, b)| a == b).count();
    (prefix, suffix)
}
