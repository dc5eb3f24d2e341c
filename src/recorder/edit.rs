//! Lists that change by little: the write is made from what changed, and the rest is not looked at.

use crate::{
    bytes::{put_bytes, put_u64},
    layout::Layout,
    locals::{Deep, Values, common},
    object::{Obj, kind},
    trail::{Check, run},
    value::tag,
    values::{Encoder, put_float, put_int},
    wire::hot,
};

/// Encodes `now` if it is an exact list of numbers alone, and notes where each of them stands; whether
/// it is one.
pub(crate) fn numbers(deep: &mut Deep, now: Obj, encoder: &mut Encoder, out: &mut Vec<u8>) -> bool {
    let layout = encoder.layout;
    if !layout.plain || !now.is(kind!(PyList_Type)) {
        return false;
    }
    let (items, limits) = (layout.items(now, true), encoder.limits);
    let kept = items.len().min(limits.items);
    if limits.depth == 0 || kept == 0 || limits.nodes as usize <= kept {
        return false;
    }
    out.push(tag::LIST);
    put_u64(out, now.id());
    put_u64(out, items.len() as u64);
    put_u64(out, kept as u64);
    deep.trail.clear();
    for item in &items[..kept] {
        deep.offsets.push(out.len() as u32);
        let Some(item) = Obj::lent(*item).filter(|it| number(*it, &layout, out)) else {
            return false;
        };
        deep.trail.hold(item);
    }
    deep.offsets.push(out.len() as u32);
    let words = deep.trail.keep(items[..kept].iter().map(|it| *it as usize));
    deep.trail.checks.push(Check::List {
        at: now,
        len: items.len(),
        items: words,
    });
    true
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

/// Appends a write of the items that are not those they were, of a list that [`numbers`] took and that
/// is as long as it was; whether any changed. `None` when it is not to be told this way.
pub(crate) fn items(
    deep: &mut Deep,
    now: Obj,
    name: u32,
    with: &mut Values,
    out: &mut Vec<u8>,
) -> Option<bool> {
    let layout = with.encoder.layout;
    let Some(Check::List { len, items, .. }) = deep.trail.checks.first() else {
        return None;
    };
    if !now.is(kind!(PyList_Type)) {
        return None;
    }
    let now = layout.items(now, true);
    let (len, words) = (*len, run(items));
    if now.len() != len {
        return None;
    }
    let known = &deep.trail.words[words.clone()];
    let now = &now[..known.len()];
    let differs = |(now, then): (&*mut _, &usize)| *now as usize != *then;
    let first = now.iter().zip(known).position(differs)?;
    let last = now.iter().zip(known).rposition(differs)?;

    let new = &mut with.scratch;
    new.clear();
    let (start, end) = (
        deep.offsets[first] as usize,
        deep.offsets[last + 1] as usize,
    );
    let numbers = now[first..=last]
        .iter()
        .all(|item| Obj::lent(*item).is_some_and(|it| number(it, &layout, new)));
    if !numbers {
        return None;
    }
    // From here on the trail and the offsets become those of what is there now.
    let mut at = start as u32;
    let mut rest = &new[..];
    for index in first..=last {
        let item = Obj::lent(now[index])?;
        deep.trail.words[words.start + index] = now[index] as usize;
        deep.trail.replace(index, item);
        let size = encoded(rest);
        rest = &rest[size..];
        deep.offsets[index] = at;
        at += size as u32;
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

/// How many bytes the number at the front takes.
#[inline(always)]
fn encoded(bytes: &[u8]) -> usize {
    match bytes[0] {
        tag::FLOAT => 9,
        tag::INT => 1 + bytes[1..].iter().take_while(|it| 0x80 <= **it).count() + 1,
        _ => 1,
    }
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
