//! Texts of the commonest values straight from their encodings: numbers, plain strings, and lists,
//! tuples and dicts of them, all there.

use recorder::{bytes::Input, value::tag};

use super::{Near, Trace, ValueId, text};

/// Nesting past this is left to the decoder.
const DEPTH: u32 = 16;

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
            items(input, depth, out, |input, depth, out| {
                put(input, json, depth, out)
            })?;
            out.push(']');
        }
        tag::TUPLE if !json => {
            out.push('(');
            let count = items(input, depth, out, |input, depth, out| {
                put(input, json, depth, out)
            })?;
            out.push_str(if count == 1 { ",)" } else { ")" });
        }
        tag::DICT => {
            out.push('{');
            items(input, depth, out, |input, depth, out| {
                // JSON's keys are strings.
                (!json || input.rest().first() == Some(&tag::STR)).then_some(())?;
                put(input, json, depth, out)?;
                out.push_str(": ");
                put(input, json, depth, out)
            })?;
            out.push('}');
        }
        _ => return None,
    }
    Some(())
}

/// Appends what a container holds, which must be all of it, and counts it.
fn items(
    input: &mut Input<'_>,
    depth: u32,
    out: &mut String,
    one: impl Fn(&mut Input<'_>, u32, &mut String) -> Option<()>,
) -> Option<u64> {
    let depth = depth.checked_sub(1)?;
    input.u64().ok()?;
    let (len, count) = (input.u64().ok()?, input.count().ok()? as u64);
    (len == count).then_some(())?;
    for nth in 0..count {
        if 0 < nth {
            out.push_str(", ");
        }
        one(input, depth, out)?;
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use recorder::{
        bytes::Input,
        value::{Sequence, Value},
    };

    use super::{
        super::{json, repr},
        DEPTH, put,
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
}
