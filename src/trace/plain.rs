//! Texts of the commonest values straight from their encodings: numbers, plain strings, and lists,
//! tuples and dicts of them, all there.

use recorder::{bytes::Input, value::tag};

use super::{Near, Trace, ValueId, ints, text};

/// Items of a list that its ends show: with what stands between them they have 23 characters at least.
const ENDS: usize = 8;

/// Nesting past this is left to the decoder.
const DEPTH: u32 = 16;

/// What was written of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plain {
    /// All of its `repr`.
    Whole,
    /// Text that begins and ends with the same 20 characters at least as its `repr`, which has more than 40.
    Ends,
    /// It is not plain.
    Nothing,
}

impl Trace {
    /// Appends a value's `repr`, or with `json` its JSON, if it is a plain one; tells whether it was.
    pub(crate) fn put_plain(
        &self,
        id: ValueId,
        json: bool,
        near: &mut Near,
        out: &mut String,
    ) -> bool {
        let start = out.len();
        let encoded = self.values.get_near(id, near);
        let done = put(&mut Input::new(encoded), json, DEPTH, out);
        if done.is_none() {
            out.truncate(start);
        }
        done.is_some()
    }

    /// Appends the `repr` of a number of 64 bits, a bool or None; tells whether it was one. That has 20
    /// characters at most, none of which anybody cleans or rewrites.
    pub(crate) fn put_scalar(&self, id: ValueId, near: &mut Near, out: &mut String) -> bool {
        let encoded = self.values.get_near(id, near);
        match encoded {
            [tag::NONE] => out.push_str("None"),
            [tag::TRUE] => out.push_str("True"),
            [tag::FALSE] => out.push_str("False"),
            [tag::INT, number @ ..] => match Input::new(number).i64() {
                Ok(number) => out.push_str(itoa::Buffer::new().format(number)),
                Err(_) => return false,
            },
            _ => return false,
        }
        true
    }

    /// Appends the first and the last items of a long list or tuple as its `repr` has them, or all of another
    /// value's, if all in it is plain.
    pub(crate) fn put_ends(&self, id: ValueId, near: &mut Near, out: &mut String) -> Plain {
        let start = out.len();
        let encoded = self.values.get_near(id, near);
        if ends(&mut Input::new(encoded), out).is_some() {
            return Plain::Ends;
        }
        out.truncate(start);
        if put(&mut Input::new(encoded), false, DEPTH, out).is_some() {
            return Plain::Whole;
        }
        out.truncate(start);
        Plain::Nothing
    }
}

fn ends(input: &mut Input<'_>, out: &mut String) -> Option<()> {
    let (open, close) = match input.byte().ok()? {
        tag::LIST => ('[', ']'),
        tag::TUPLE => ('(', ')'),
        _ => return None,
    };
    input.u64().ok()?;
    let (len, count) = (input.u64().ok()?, input.count().ok()?);
    let between = count.checked_sub(2 * ENDS)?;
    (len == count as u64).then_some(())?;
    out.push(open);
    list(input, ENDS, false, DEPTH, out)?;
    out.push_str(", ");
    for _ in ints::pass(input, between)..between {
        skip(input, DEPTH)?;
    }
    list(input, ENDS, false, DEPTH, out)?;
    out.push(close);
    Some(())
}

/// Passes over a value of any text.
fn skip(input: &mut Input<'_>, depth: u32) -> Option<()> {
    match input.byte().ok()? {
        tag::NONE | tag::TRUE | tag::FALSE => (),
        tag::INT => drop(input.u64().ok()?),
        tag::FLOAT => drop(input.take(8).ok()?),
        tag::STR => {
            input.u64().ok()?;
            input.bytes().ok()?;
        }
        kind @ (tag::LIST | tag::TUPLE | tag::DICT) => {
            let depth = depth.checked_sub(1)?;
            input.u64().ok()?;
            input.u64().ok()?;
            let each = if kind == tag::DICT { 2 } else { 1 };
            for _ in 0..each * input.count().ok()? {
                skip(input, depth)?;
            }
        }
        _ => return None,
    }
    Some(())
}

fn put(input: &mut Input<'_>, json: bool, depth: u32, out: &mut String) -> Option<()> {
    let word = |word: &str, in_json: &str, out: &mut String| {
        out.push_str(if json { in_json } else { word });
    };
    match input.byte().ok()? {
        tag::NONE => word("None", "null", out),
        tag::TRUE => word("True", "true", out),
        tag::FALSE => word("False", "false", out),
        tag::INT => out.push_str(itoa::Buffer::new().format(input.i64().ok()?)),
        tag::STR => {
            let (len, kept) = (input.u64().ok()?, input.bytes().ok()?);
            let text = text::plain(kept).filter(|it| it.len() as u64 == len)?;
            let quote = if json { '"' } else { '\'' };
            out.push(quote);
            out.push_str(text);
            out.push(quote);
        }
        tag::LIST => {
            out.push('[');
            items(input, json, depth, out)?;
            out.push(']');
        }
        tag::TUPLE if !json => {
            out.push('(');
            let count = items(input, json, depth, out)?;
            out.push_str(if count == 1 { ",)" } else { ")" });
        }
        tag::DICT => {
            out.push('{');
            let (count, depth) = (whole(input)?, depth.checked_sub(1)?);
            for nth in 0..count {
                if 0 < nth {
                    out.push_str(", ");
                }
                // JSON's keys are strings.
                (!json || input.rest().first() == Some(&tag::STR)).then_some(())?;
                put(input, json, depth, out)?;
                out.push_str(": ");
                put(input, json, depth, out)?;
            }
            out.push('}');
        }
        _ => return None,
    }
    Some(())
}

/// How many items a container has, which must be all of it.
fn whole(input: &mut Input<'_>) -> Option<usize> {
    input.u64().ok()?;
    let (len, count) = (input.u64().ok()?, input.count().ok()?);
    (len == count as u64).then_some(count)
}

/// Appends what a sequence holds, which must be all of it, and counts it.
fn items(input: &mut Input<'_>, json: bool, depth: u32, out: &mut String) -> Option<usize> {
    let (count, depth) = (whole(input)?, depth.checked_sub(1)?);
    list(input, count, json, depth, out)?;
    Some(count)
}

/// Appends the next `count` values with `, ` between them.
fn list(
    input: &mut Input<'_>,
    count: usize,
    json: bool,
    depth: u32,
    out: &mut String,
) -> Option<()> {
    let mut left = count;
    while 0 < left {
        if input.rest().first() == Some(&tag::INT) {
            left -= ints::put(input, left, out)?;
        } else {
            put(input, json, depth, out)?;
            left -= 1;
        }
        if 0 < left {
            out.push_str(", ");
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use recorder::{
        bytes::Input,
        value::{Sequence, Value},
    };

    use super::{
        super::{json, repr},
        DEPTH, ends, put,
    };

    #[test]
    fn plain_values_read_as_decoded_ones() {
        let text = |it: &str| Value::Str {
            len: it.chars().count() as u64,
            kept: it.into(),
        };
        let sequence = |kind, more, items: Vec<Value>| Value::Sequence {
            kind,
            id: 9,
            len: items.len() as u64 + more,
            items,
        };
        let dict = |items: Vec<(Value, Value)>| Value::Dict {
            id: 9,
            len: items.len() as u64,
            items,
        };
        let scalars = || {
            vec![
                Value::None,
                Value::Bool(true),
                Value::Bool(false),
                Value::Int(i64::MIN),
                Value::Float(1e16),
                text(""),
                text("a b"),
                text("it's"),
                text("\"\\\n"),
                text("é"),
            ]
        };
        let mut all = scalars();
        let sizes = [0, 9, 10, 99, 100, 999, 1000, 9999, 10_000, -1, i64::MAX];
        let numbers = |n: usize| sizes.iter().cycle().take(n).map(|&it| Value::Int(it));
        for n in [1, 11, 60, 300] {
            let mixed = numbers(n)
                .chain(scalars().into_iter().take(4))
                .chain(numbers(n));
            all.push(sequence(Sequence::List, 0, mixed.collect()));
            all.push(sequence(Sequence::Tuple, 0, numbers(n).collect()));
        }
        for it in scalars() {
            all.push(sequence(Sequence::List, 0, vec![it.clone(), Value::Int(1)]));
            all.push(sequence(Sequence::List, 1, vec![it.clone()]));
            all.push(sequence(Sequence::Tuple, 0, vec![it.clone()]));
            all.push(sequence(Sequence::Set, 0, vec![it.clone()]));
            all.push(dict(vec![(it.clone(), it.clone()), (text("k"), it)]));
        }
        all.push(sequence(Sequence::List, 0, Vec::new()));
        all.push(sequence(Sequence::Tuple, 0, Vec::new()));
        all.push(dict(Vec::new()));
        let mut plain = 0;
        for value in &all {
            let mut encoded = Vec::new();
            value.write(&mut encoded);
            for (as_json, expected) in [(false, repr(value)), (true, json(value))] {
                let mut out = String::new();
                if put(&mut Input::new(&encoded), as_json, DEPTH, &mut out).is_some() {
                    assert_eq!(out, expected, "{value:?}");
                    plain += 1;
                }
            }
        }
        assert!(40 < plain, "only {plain}");
    }

    #[test]
    fn the_ends_of_long_lists_are_those_of_their_texts() {
        let text = |it: &str| Value::Str {
            len: it.chars().count() as u64,
            kept: it.into(),
        };
        let one = [
            Value::Int(-7),
            Value::None,
            text("a, ]"),
            text("é"),
            Value::Float(0.5),
            text("line\n"),
        ];
        let mut long = 0;
        for (nth, it) in one.iter().enumerate() {
            for len in [0, 15, 16, 17, 40] {
                let mut items = vec![Value::Int(1); len];
                // What is not plain may stand between the ends only.
                items
                    .iter_mut()
                    .skip(8)
                    .rev()
                    .skip(8)
                    .for_each(|at| *at = it.clone());
                if nth < 3 {
                    items.fill(it.clone());
                }
                for kind in [Sequence::List, Sequence::Tuple] {
                    let value = Value::Sequence {
                        kind,
                        id: 3,
                        len: len as u64,
                        items: items.clone(),
                    };
                    let mut encoded = Vec::new();
                    value.write(&mut encoded);
                    let (mut out, whole) = (String::new(), repr(&value));
                    let done = ends(&mut Input::new(&encoded), &mut out);
                    assert_eq!(done.is_some(), 16 <= len, "{whole}");
                    if done.is_some() {
                        assert!(40 < whole.len());
                        assert_eq!(
                            (&whole[..20], &whole[whole.len() - 20..]),
                            (&out[..20], &out[out.len() - 20..])
                        );
                        long += 1;
                    }
                }
            }
        }
        assert_eq!(long, 36);
    }
}
