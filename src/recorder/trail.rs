//! What was seen of a value when it was written down: enough to tell later that it still is the same.
//!
//! A [`Trail`] is a list of checks, made beside the encoding and in its order. Each looks at one object
//! that the checks before it have shown to be there still. An address alone proves nothing, as Python
//! gives it to another object once the first is gone. So a check that passes means one of these:
//!
//! * numbers are held: while they are, nobody else gets their address. Exact ints and floats only, as
//!   those are never changed in place;
//! * what an unchanged dict or instance keeps alive is what it was, by the version of the dict;
//! * texts and bytes are compared by what they hold;
//! * anything else is encoded again and compared.
//!
//! A check may fail for a value that is the same: then it is encoded again, which only costs time.
//! An [`Obj`] in a check is no more than an address until the checks before it have passed.

#![expect(
    unsafe_code,
    reason = "reads words of objects that were shown to be there"
)]

use crate::{
    layout::Layout,
    object::{Obj, Owned, kind},
    opaque,
    values::Encoder,
};
use pyo3::ffi::PyObject;
use std::{ops::Range, slice};

/// Whether what is being encoded leaves a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    /// No: it will not be looked at again, or encoded again in any case.
    Off,
    /// Yes.
    Loose,
    /// Yes, and an unchanged dict around it keeps it alive: only what can change within needs a check.
    Fixed,
}

/// One thing to look at. Places are offsets in the value's bytes.
#[derive(Debug, Clone)]
pub(crate) enum Check {
    /// An exact list: its length, and items in [`Trail::words`].
    List { at: Obj, len: usize, items: Run },
    /// A tuple: as a list. Where it is not `exact`, the check before was about its type.
    Tuple {
        at: Obj,
        exact: bool,
        len: usize,
        items: Run,
    },
    /// An exact dict, by its version.
    Dict { at: Obj, version: u64 },
    /// An exact set or frozenset: how many, its table, and the first items.
    Set { at: Obj, len: usize, items: Run },
    /// An exact dict without a version: its keys and values.
    Pairs { at: Obj, len: usize, items: Run },
    /// An exact dict whose values lie within an object: as [`Layout::inline_values`] gives them.
    Inline {
        at: Obj,
        head: [usize; 3],
        values: Run,
    },
    /// Another text that Python keeps in one piece: its form, and its code units in words.
    Wide {
        at: Obj,
        len: usize,
        form: u32,
        units: Run,
    },
    /// Exact `bytes` or `bytearray`: length, and where what was kept stands.
    Bytes {
        at: Obj,
        mutable: bool,
        len: usize,
        kept: Run,
    },
    /// An object of that type, in that state of the type if it is not 0.
    Kind { at: Obj, kind: usize, version: u32 },
    /// A class, in that state.
    Class { at: Obj, version: u32 },
    /// The dictionary of an instance or module.
    DictOf { at: Obj, dict: Obj },
    /// A word of an object: a slot.
    Word { at: usize, value: usize },
    /// The name of a function, which the next check is about.
    Function { at: Obj, name: Obj },
    /// Anything else: what encoding starts from, and what it gave.
    Again {
        at: Obj,
        depth: u32,
        nodes: u32,
        path: Run,
        bytes: Run,
    },
}

/// An exact ASCII text: its length, and where those characters that were kept stand in the bytes.
#[derive(Debug, Clone, Copy)]
struct Ascii {
    at: Obj,
    len: u32,
    start: u32,
}

/// A part of a list.
pub(crate) type Run = Range<u32>;

/// See the head of the file.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    pub(crate) checks: Vec<Check>,
    pub(crate) words: Vec<usize>,
    /// Looked at once all checks have passed.
    texts: Vec<Ascii>,
    held: Vec<Owned>,
}

/// What checking says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the same.
    Same,
    /// Only the length of the list is another one now: this.
    Longer(usize),
    /// It may be another.
    Unsure,
}

impl Trail {
    /// Forgets all and holds nothing.
    pub(crate) fn clear(&mut self) {
        self.checks.clear();
        self.words.clear();
        self.texts.clear();
        self.held.clear();
    }

    /// Notes an exact ASCII text by its length and where in the bytes it starts; whether it is short
    /// enough for that.
    #[inline]
    pub(crate) fn text(&mut self, at: Obj, len: usize, start: usize) -> bool {
        let (Ok(len), Ok(start)) = (u32::try_from(len), u32::try_from(start)) else {
            return false;
        };
        self.texts.push(Ascii { at, len, start });
        true
    }

    pub(crate) fn hold(&mut self, number: Obj) {
        self.held.push(number.own());
    }

    /// The held number at that place becomes another one.
    #[inline]
    pub(crate) fn replace(&mut self, at: usize, number: Obj) {
        self.held[at] = number.own();
    }

    /// Keeps words for a check.
    pub(crate) fn keep(&mut self, words: impl IntoIterator<Item = usize>) -> Run {
        let start = self.words.len() as u32;
        self.words.extend(words);
        start..self.words.len() as u32
    }

    /// Whether nothing but the variable itself can make the value another one.
    pub(crate) fn is_fixed(&self) -> bool {
        let text = |it: &Check| match it {
            Check::Wide { .. } => true,
            Check::Bytes { mutable, .. } => !mutable,
            _ => false,
        };
        self.checks.iter().all(text)
    }

    /// Compares what is there now with what was there. `bytes` are the value's; a list may grow if it
    /// had `limit` items.
    #[inline]
    pub(crate) fn verdict(&self, bytes: &[u8], limit: usize, encoder: &mut Encoder) -> Verdict {
        let mut res = Verdict::Same;
        let mut checks = self.checks.iter();
        if let [check @ Check::Dict { .. }] = &self.checks[..] {
            // As it is, it keeps its texts.
            return match self.passes(check, bytes, encoder) {
                true => Verdict::Same,
                false => Verdict::Unsure,
            };
        }
        if let Some(Check::List { at, len, items }) = self.checks.first() {
            checks.next();
            let Some(now) = list(&encoder.layout, *at) else {
                return Verdict::Unsure;
            };
            if now.len() != *len {
                if now.len() < limit || *len < limit {
                    return Verdict::Unsure;
                }
                res = Verdict::Longer(now.len());
            }
            if !same_start(now, &self.words[run(items)]) {
                return Verdict::Unsure;
            }
        }
        for check in checks {
            if !self.passes(check, bytes, encoder) {
                return Verdict::Unsure;
            }
        }
        match self.texts_are_same(bytes, encoder) {
            true => res,
            false => Verdict::Unsure,
        }
    }

    /// Whether the texts still hold what they did; they must be there still.
    #[inline(always)]
    pub(crate) fn texts_are_same(&self, bytes: &[u8], encoder: &Encoder) -> bool {
        let (layout, limit) = (&encoder.layout, encoder.limits.text);
        let same = |text: &Ascii| {
            let len = text.len as usize;
            if !text.at.is(kind!(PyUnicode_Type))
                || !layout.is_ascii(text.at)
                || layout.text_len(text.at) != len
            {
                return false;
            }
            let (start, kept) = (text.start as usize, len.min(limit));
            let then = bytes.get(start..start + kept);
            then.is_some_and(|then| same_text(&layout.ascii(text.at)[..kept], then))
        };
        self.texts.iter().all(same)
    }

    #[inline]
    fn passes(&self, check: &Check, bytes: &[u8], encoder: &mut Encoder) -> bool {
        let layout = encoder.layout;
        match check {
            Check::List { at, len, items } => list(&layout, *at)
                .is_some_and(|now| now.len() == *len && same_start(now, &self.words[run(items)])),
            Check::Tuple {
                at,
                exact,
                len,
                items,
            } => {
                if *exact && !at.is(kind!(PyTuple_Type)) {
                    return false;
                }
                let now = layout.items(*at, false);
                now.len() == *len && same_start(now, &self.words[run(items)])
            }
            Check::Dict { at, version } => {
                at.is(kind!(PyDict_Type)) && layout.dict_version(*at) == Some(*version)
            }
            Check::Kind { at, kind, version } => {
                at.kind() as usize == *kind
                    && (*version == 0 || layout.version(at.kind()) == Some(*version))
            }
            Check::Class { at, version } => {
                at.is(kind!(PyType_Type)) && layout.version(at.ptr().cast()) == Some(*version)
            }
            Check::DictOf { at, dict } => at.instance_dict().is_some_and(|it| *it == *dict),
            // SAFETY: a field of an object that was just shown to be there.
            Check::Word { at, value } => unsafe { *(*at as *const usize) == *value },
            Check::Function { at, name } => {
                at.is(opaque::function_type()) && layout.qualname(*at) == Some(*name)
            }
            Check::Bytes {
                at,
                mutable,
                len,
                kept,
            } => {
                let right = match mutable {
                    true => kind!(PyByteArray_Type),
                    false => kind!(PyBytes_Type),
                };
                if !at.is(right) {
                    return false;
                }
                let (now, kept) = (at.byte_slice(), &bytes[run(kept)]);
                now.len() == *len && now[..kept.len()] == *kept
            }
            Check::Wide {
                at,
                len,
                form,
                units,
            } => {
                if !at.is(kind!(PyUnicode_Type)) {
                    return false;
                }
                let Some((count, now_form, now)) = layout.units(*at, encoder.limits.text) else {
                    return false;
                };
                count == *len
                    && now_form == *form
                    && words(now).eq(self.words[run(units)].iter().copied())
            }
            Check::Set { at, len, items } => {
                let known = &self.words[run(items)];
                if !at.is(kind!(PySet_Type)) && !at.is(kind!(PyFrozenSet_Type)) {
                    return false;
                }
                let now = layout.set_items(*at).map(|it| it.ptr() as usize);
                at.set_len() == *len && now.take(known.len()).eq(known.iter().copied())
            }
            Check::Pairs { at, len, items } => {
                let still = at.is(kind!(PyDict_Type)) && layout.dict_version(*at).is_none();
                if !still || at.dict_len() != *len {
                    return false;
                }
                let known = &self.words[run(items)];
                pairs(*at).take(known.len()).eq(known.iter().copied())
            }
            Check::Inline { at, head, values } => {
                at.is(kind!(PyDict_Type))
                    && layout.inline_values(*at).is_some_and(|(now, words)| {
                        now == *head && *words == self.words[run(values)]
                    })
            }
            Check::Again {
                at,
                depth,
                nodes,
                path,
                bytes: range,
            } => encoder.gives(
                *at,
                (*depth, *nodes),
                &self.words[run(path)],
                &bytes[run(range)],
            ),
        }
    }
}

/// Bytes as words, the last one filled up with zeros.
pub(crate) fn words(bytes: &[u8]) -> impl Iterator<Item = usize> {
    bytes.chunks(8).map(|it| {
        let mut word = [0; 8];
        word[..it.len()].copy_from_slice(it);
        usize::from_ne_bytes(word)
    })
}

/// The addresses of keys and values of an exact dict, in turn.
pub(crate) fn pairs(dict: Obj) -> impl Iterator<Item = usize> {
    dict.dict()
        .flat_map(|(key, value)| [key.ptr() as usize, value.ptr() as usize])
}

#[inline(always)]
pub(crate) fn run(of: &Run) -> Range<usize> {
    of.start as usize..of.end as usize
}

/// The items of what should be an exact list.
#[inline(always)]
fn list<'a>(layout: &Layout, at: Obj) -> Option<&'a [*mut PyObject]> {
    at.is(kind!(PyList_Type)).then(|| layout.items(at, true))
}

/// Whether the items start with these.
#[inline(always)]
fn same_start(now: &[*mut PyObject], then: &[usize]) -> bool {
    // SAFETY: pointers and words of one size; any value is a word.
    let now = unsafe { slice::from_raw_parts(now.as_ptr().cast::<usize>(), now.len()) };
    now.get(..then.len()) == Some(then)
}

/// Short texts compare faster than a call of the library takes. Both are of one length.
#[inline(always)]
fn same_text(a: &[u8], b: &[u8]) -> bool {
    let len = a.len();
    if len != b.len() || 16 < len {
        return a == b;
    }
    let (a, b) = (a.as_ptr(), b.as_ptr());
    // SAFETY: two words that overlap cover any of these lengths, and lie within both.
    unsafe {
        let word = |of: *const u8, at: usize| of.add(at).cast::<u64>().read_unaligned();
        let half = |of: *const u8, at: usize| of.add(at).cast::<u32>().read_unaligned();
        match len {
            8.. => word(a, 0) == word(b, 0) && word(a, len - 8) == word(b, len - 8),
            4.. => half(a, 0) == half(b, 0) && half(a, len - 4) == half(b, len - 4),
            _ => (0..len).all(|at| *a.add(at) == *b.add(at)),
        }
    }
}
