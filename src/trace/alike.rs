//! Whether two values read the same, told from their encodings where that is certain.

use recorder::{bytes::Input, value::tag};

use super::{Near, Trace, ValueId, ints};

/// Nesting past this is left to whoever writes the texts.
const DEPTH: u32 = 16;

impl Trace {
    /// Whether two values read the same; `None` where only their texts tell. Costs less than those.
    pub(crate) fn alike(&self, a: ValueId, b: ValueId, near: &mut Near) -> Option<bool> {
        if a == b {
            return Some(true);
        }
        self.values.both((a, b), near, alike)
    }
}

/// Whether the texts of two encoded values are the same; `None` where only the texts tell.
///
/// Ids of objects have no text. Addresses in texts may be left out by whoever shows them, so texts that
/// hold some are never told apart here.
fn alike(a: &[u8], b: &[u8]) -> Option<bool> {
    walk(&mut Input::new(a), &mut Input::new(b), DEPTH)
}

/// As [`alike`], for the values that come next. `Some(false)` only where the texts differ at a place that
/// no other part of them can make up for.
fn walk(a: &mut Input<'_>, b: &mut Input<'_>, depth: u32) -> Option<bool> {
    let (kind, other) = (a.byte().ok()?, b.byte().ok()?);
    if kind != other {
        let plain = |it| matches!(it, tag::NONE | tag::TRUE | tag::FALSE | tag::INT);
        return (plain(kind) && plain(other)).then_some(false);
    }
    match kind {
        tag::NONE | tag::TRUE | tag::FALSE => Some(true),
        tag::INT => Some(a.u64().ok()? == b.u64().ok()?),
        tag::FLOAT => (a.take(8).ok()? == b.take(8).ok()?).then_some(true),
        tag::STR => {
            let (len, of) = (a.u64().ok()?, b.u64().ok()?);
            let (text, other) = (a.bytes().ok()?, b.bytes().ok()?);
            if text == other {
                return (len == of).then_some(true);
            }
            (is_plain(text) && is_plain(other)).then_some(false)
        }
        tag::LIST | tag::TUPLE | tag::SET | tag::FROZEN_SET => items(a, b, depth, 1),
        tag::DICT => items(a, b, depth, 2),
        tag::OPAQUE => {
            let same = a.bytes().ok()? == b.bytes().ok()? && a.bytes().ok()? == b.bytes().ok()?;
            same.then_some(true)
        }
        _ => None,
    }
}

/// What a container holds, `each` values an item.
fn items(a: &mut Input<'_>, b: &mut Input<'_>, depth: u32, each: usize) -> Option<bool> {
    let depth = depth.checked_sub(1)?;
    let head = |it: &mut Input<'_>| {
        it.u64().ok()?;
        Some((it.u64().ok()?, it.count().ok()?))
    };
    let (first, second) = (head(a)?, head(b)?);
    let whole = |it: (u64, usize)| it.0 == it.1 as u64;
    let shared = first.1.min(second.1);
    // A longer one goes on where the shorter one ends.
    let longer = first != second;
    if longer && !(whole(first) && whole(second) && 0 < shared && first.1 != second.1) {
        return None;
    }
    // Lists are mostly of numbers, most of which did not change.
    let all = shared * each;
    for _ in ints::pass_same(a, b, all)..all {
        if let (Some(&tag::INT), Some(&tag::INT)) = (a.rest().first(), b.rest().first()) {
            a.byte().ok()?;
            b.byte().ok()?;
            if a.u64().ok()? != b.u64().ok()? {
                return Some(false);
            }
            continue;
        }
        if !walk(a, b, depth)? {
            return Some(false);
        }
    }
    Some(!longer)
}

/// Whether a `str` is written as it is, but for quotes and escapes.
fn is_plain(text: &[u8]) -> bool {
    text.is_ascii() && !text.windows(4).any(|it| it == b" at ")
}

#[cfg(test)]
mod tests {
    use recorder::value::{Sequence, Value};

    use super::{
        super::{json::tests::text, repr},
        alike,
    };

    fn list(id: u64, len: u64, items: Vec<Value>) -> Value {
        Value::Sequence {
            kind: Sequence::List,
            id,
            len,
            items,
        }
    }

    #[test]
    fn what_is_told_is_what_the_texts_tell() {
        let opaque = |text: &str| Value::Opaque {
            name: "T".into(),
            text: text.into(),
        };
        let dict = |id, items: Vec<(Value, Value)>| Value::Dict {
            id,
            len: items.len() as u64,
            items,
        };
        let ints = |it: &[i64]| it.iter().map(|&it| Value::Int(it)).collect::<Vec<_>>();
        let all = [
            Value::None,
            Value::Bool(true),
            Value::Int(1),
            Value::Int(12),
            Value::Int(-1),
            Value::Float(1.0),
            Value::Float(-0.0),
            Value::Float(0.0),
            text("a"),
            text("b'"),
            text("x at 0x1234"),
            text("\u{fffd}"),
            Value::Str {
                len: 9,
                kept: b"a".to_vec(),
            },
            Value::Str {
                len: 8,
                kept: b"a".to_vec(),
            },
            opaque("[1]"),
            opaque("1"),
            opaque("]"),
            list(1, 0, vec![]),
            list(1, 1, ints(&[1])),
            list(2, 1, ints(&[1])),
            list(1, 2, ints(&[1, 2])),
            list(1, 2, ints(&[12, 2])),
            list(1, 2, ints(&[1, 23])),
            list(1, 9, ints(&[1])),
            list(1, 8, ints(&[1])),
            list(1, 1, vec![opaque("1, 2")]),
            list(1, 1, vec![opaque("…")]),
            list(1, 1, vec![list(2, 1, ints(&[1]))]),
            dict(1, vec![(Value::Int(1), text("a"))]),
            dict(2, vec![(Value::Int(1), text("a"))]),
            dict(
                1,
                vec![(Value::Int(1), text("a")), (Value::None, Value::None)],
            ),
        ];
        let encoded = |it: &Value| {
            let mut out = Vec::new();
            it.write(&mut out);
            out
        };
        let mut told = 0;
        for a in &all {
            for b in &all {
                if let Some(said) = alike(&encoded(a), &encoded(b)) {
                    assert_eq!(said, repr(a) == repr(b), "{a:?} and {b:?}");
                    told += 1;
                }
            }
        }
        assert!(80 < told, "only {told}");
        assert_eq!(alike(b"", b""), None);
    }
}
