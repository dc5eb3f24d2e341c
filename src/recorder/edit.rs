//! Containers of numbers that change by little: the write is made from what changed, and the rest is not
//! encoded again.

use crate::{
    bytes::{Input, put_bytes, put_u64},
    layout::Layout,
    locals::{Deep, Values, common},
    object::{Obj, kind},
    table::Pairs,
    trail::Check,
    value::tag,
    values::{Encoder, put_float, put_int},
    wire::hot,
};
use pyo3::ffi::PyObject;
use std::{iter::Take, slice};

/// Encodes `now` if it is an exact list of numbers alone, or an exact dict of short ASCII texts to
/// numbers, and notes where each of them stands; whether it is one.
pub(crate) fn numbers(deep: &mut Deep, now: Obj, encoder: &mut Encoder, out: &mut Vec<u8>) -> bool {
    let (layout, limits) = (encoder.layout, encoder.limits);
    let list = now.is(kind!(PyList_Type));
    let len = match () {
        () if !layout.plain || limits.depth == 0 => 0,
        () if list => layout.items(now, true).len(),
        () if layout.dicts && now.is(kind!(PyDict_Type)) => now.dict_len(),
        () => 0,
    };
    let kept = len.min(limits.items);
    if kept == 0 || limits.nodes as usize <= 2 * kept {
        return false;
    }
    out.push(if list { tag::LIST } else { tag::DICT });
    put_u64(out, now.id());
    put_u64(out, len as u64);
    put_u64(out, kept as u64);
    deep.trail.clear();
    let all = match list {
        true => list_of_numbers(deep, &layout.items(now, true)[..kept], &layout, out),
        false => dict_of_numbers(deep, now, kept, encoder, out),
    };
    deep.offsets.push(out.len() as u32);
    if !all {
        return false;
    }
    let words = deep.trail.keep(match list {
        true => Words::List(layout.items(now, true)[..kept].iter()),
        false => Words::Dict(layout.pairs(now).take(kept), None),
    });
    let check = match layout.dict_version(now) {
        _ if list => Check::List {
            at: now,
            len,
            items: words,
        },
        Some(version) => Check::Dict { at: now, version },
        None => return false,
    };
    deep.trail.checks.push(check);
    true
}

fn list_of_numbers(
    deep: &mut Deep,
    items: &[*mut PyObject],
    layout: &Layout,
    out: &mut Vec<u8>,
) -> bool {
    items.iter().all(|item| {
        deep.offsets.push(out.len() as u32);
        let item = Obj::lent(*item).filter(|it| number(*it, layout, out));
        item.inspect(|it| deep.trail.hold(*it)).is_some()
    })
}

fn dict_of_numbers(
    deep: &mut Deep,
    dict: Obj,
    kept: usize,
    encoder: &mut Encoder,
    out: &mut Vec<u8>,
) -> bool {
    let layout = encoder.layout;
    layout.pairs(dict).take(kept).all(|(key, value)| {
        let short = key.is(kind!(PyUnicode_Type)) && layout.is_ascii(key);
        if !short || 100.min(encoder.limits.text) < layout.text_len(key) {
            return false;
        }
        deep.offsets.push(out.len() as u32);
        encoder.string(key, out);
        let len = layout.text_len(key);
        deep.trail.text(key, len, out.len() - len);
        deep.offsets.push(out.len() as u32);
        let is = number(value, &layout, out);
        if is {
            deep.trail.hold(value);
        }
        is
    })
}

/// The addresses of the items of a list, or of keys and values in turn.
enum Words<'a> {
    List(slice::Iter<'a, *mut PyObject>),
    Dict(Take<Pairs>, Option<Obj>),
}

impl Iterator for Words<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        match self {
            Self::List(items) => items.next().map(|it| *it as usize),
            Self::Dict(pairs, value) => {
                if let Some(value) = value.take() {
                    return Some(value.ptr() as usize);
                }
                let (key, after) = pairs.next()?;
                *value = Some(after);
                Some(key.ptr() as usize)
            }
        }
    }
}

/// Encodes an object that cannot change and is small; whether it is one.
#[inline(always)]
fn number(object: Obj, layout: &Layout, out: &mut Vec<u8>) -> bool {
    let is = object.kind();
    if is == kind!(PyLong_Type) {
        let Some(value) = layout.short_int(object).or_else(|| object.int()) else {
            return false;
        };
        put_int(value, out);
    } else if is == kind!(PyFloat_Type) {
        put_float(object, out);
    } else if is == kind!(PyBool_Type) {
        out.push(if object.is_true() {
            tag::TRUE
        } else {
            tag::FALSE
        });
    } else if object.is_none() {
        out.push(tag::NONE);
    } else {
        return false;
    }
    true
}

/// Appends a write of the numbers that are not those they were, in what [`numbers`] took; whether any
/// changed. `None` when it is not to be told this way.
pub(crate) fn items(
    deep: &mut Deep,
    now: Obj,
    name: u32,
    with: &mut Values,
    out: &mut Vec<u8>,
) -> Option<bool> {
    let layout = with.encoder.layout;
    let kept = deep.trail.words.len();
    let words = &mut with.words;
    words.clear();
    let (len, of_each) = match deep.trail.checks.first_mut()? {
        Check::List { len, .. } if now.is(kind!(PyList_Type)) => {
            let items = layout.items(now, true);
            if items.len() != *len {
                return None;
            }
            words.extend(items[..kept].iter().map(|it| *it as usize));
            (*len, 1)
        }
        Check::Dict { version, .. } if now.is(kind!(PyDict_Type)) => {
            words.extend(Words::Dict(layout.pairs(now).take(kept / 2), None));
            *version = layout.dict_version(now)?;
            (now.dict_len(), 2)
        }
        _ => return None,
    };
    let known = &deep.trail.words;
    let limit = with.encoder.limits.items;
    if of_each == 2 {
        // Keys that are where they were are there, so their texts can be looked at.
        let keys = words.iter().step_by(2).eq(known.iter().step_by(2));
        let same = len.min(limit) == kept / 2 && words.len() == kept && keys;
        if !same || !deep.trail.texts_are_same(&deep.bytes, &with.encoder) {
            return None;
        }
    }
    let Some(first) = words.iter().zip(known).position(|(now, then)| now != then) else {
        let grown = len as u64 != length(&deep.bytes);
        if grown {
            lengthen(deep, len, name, out);
        }
        return Some(grown);
    };
    let last = words
        .iter()
        .zip(known)
        .rposition(|(now, then)| now != then)?;
    if len as u64 != length(&deep.bytes) {
        return None;
    }

    let new = &mut with.scratch;
    new.clear();
    with.offsets.clear();
    let (start, end) = (
        deep.offsets[first] as usize,
        deep.offsets[last + 1] as usize,
    );
    for (index, (&now, &then)) in words
        .iter()
        .zip(known)
        .enumerate()
        .take(last + 1)
        .skip(first)
    {
        with.offsets.push((start + new.len()) as u32);
        if now == then {
            let at = deep.offsets[index] as usize..deep.offsets[index + 1] as usize;
            new.extend_from_slice(&deep.bytes[at]);
            continue;
        }
        let is_value = index % of_each == of_each - 1;
        let item = Obj::lent(now as *mut PyObject).filter(|_| is_value)?;
        if !number(item, &layout, new) {
            return None;
        }
    }
    // From here on the trail and the offsets become those of what is there now.
    for (index, &word) in words.iter().enumerate().take(last + 1).skip(first) {
        if word != deep.trail.words[index] {
            let item = Obj::lent(word as *mut PyObject)?;
            deep.trail.words[index] = word;
            deep.trail.replace(index / of_each, item);
        }
        deep.offsets[index] = with.offsets[index - first];
    }
    let old = &deep.bytes[start..end];
    if *old == new[..] {
        return Some(false);
    }
    let (before, after) = common(old, new);
    let suffix = deep.bytes.len() - end + after;
    patch(
        name,
        start + before,
        suffix,
        &new[before..new.len() - after],
        out,
    );
    splice(deep, start..end, last + 1, new);
    Some(true)
}

/// The length that the encoding of a container says it has.
fn length(bytes: &[u8]) -> u64 {
    let mut input = Input::new(&bytes[1..]);
    let _ = input.u64();
    input.u64().unwrap_or(0)
}

/// Appends a write of a list that has another length now and the same items as far as they are kept.
pub(crate) fn lengthen(deep: &mut Deep, len: usize, name: u32, out: &mut Vec<u8>) {
    let size = |from: usize| {
        deep.bytes[from..]
            .iter()
            .take_while(|it| 0x80 <= **it)
            .count()
            + 1
    };
    let start = 1 + size(1);
    let end = start + size(start);
    let mut new = [0; 10];
    let mut count = 0;
    let mut rest = len as u64;
    while 0x80 <= rest {
        new[count] = rest as u8 | 0x80;
        rest >>= 7;
        count += 1;
    }
    new[count] = rest as u8;
    let new = &new[..=count];
    patch(name, start, deep.bytes.len() - end, new, out);
    splice(deep, start..end, 0, new);
    if let Some(Check::List { len: known, .. }) = deep.trail.checks.first_mut() {
        *known = len;
    }
}

fn patch(name: u32, prefix: usize, suffix: usize, middle: &[u8], out: &mut Vec<u8>) {
    put_u64(out, u64::from(name));
    out.push(hot::PATCH);
    put_u64(out, prefix as u64);
    put_u64(out, suffix as u64);
    put_bytes(out, middle);
}

/// Replaces a part of the bytes and moves the offsets from `from` on.
fn splice(deep: &mut Deep, at: std::ops::Range<usize>, from: usize, new: &[u8]) {
    let (old, count) = (at.len(), new.len());
    if old == count {
        deep.bytes[at].copy_from_slice(new);
        return;
    }
    deep.bytes.splice(at, new.iter().copied());
    for offset in deep.offsets.iter_mut().skip(from) {
        *offset = (*offset as usize + count - old) as u32;
    }
}
