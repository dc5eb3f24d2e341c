//! A value as the JSON that the Scratchpad format writes: `json.dumps` where Python could, and a JSON
//! string of its `repr` where not.

use recorder::value::{Sequence, Value};
use rustc_hash::FxHashMap;

use super::repr;

/// JSON text of a value, in the spelling of Python's `json.dumps` (`", "` and `": "`, ASCII only).
///
/// Tuples become their `repr` in a string, which tells them from lists.
pub fn json(value: &Value) -> String {
    written(value, &[Sequence::List])
}

/// As [`json`], with tuples as arrays, which is what `json.dumps` itself makes of them.
pub fn json_with_tuples(value: &Value) -> String {
    written(value, &[Sequence::List, Sequence::Tuple])
}

fn written(value: &Value, arrays: &[Sequence]) -> String {
    let mut out = String::new();
    put(value, arrays, &mut out);
    out
}

/// As [`json`], behind what is there.
pub(crate) fn put_json(value: &Value, out: &mut String) {
    put(value, &[Sequence::List], out);
}

fn put(value: &Value, arrays: &[Sequence], out: &mut String) {
    if !is_json(value, arrays) {
        return put_text(&repr(value), out);
    }
    match value {
        Value::None => out.push_str("null"),
        Value::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
        Value::Str { kept, .. } => put_text(&String::from_utf8_lossy(kept), out),
        Value::Sequence { items, .. } => {
            out.push('[');
            for (idx, item) in items.iter().enumerate() {
                if 0 < idx {
                    out.push_str(", ");
                }
                put(item, arrays, out);
            }
            out.push(']');
        }
        Value::Dict { items, .. } => {
            out.push('{');
            for (idx, (key, value)) in members(items).into_iter().enumerate() {
                if 0 < idx {
                    out.push_str(", ");
                }
                out.push_str(&key);
                out.push_str(": ");
                put(value, arrays, out);
            }
            out.push('}');
        }
        _ => super::put_repr(value, out),
    }
}

/// Whether `json.dumps` would take the value, and it is here whole.
fn is_json(value: &Value, arrays: &[Sequence]) -> bool {
    match value {
        Value::None | Value::Bool(_) | Value::Int(_) => true,
        Value::BigInt { cut, .. } => *cut == 0,
        Value::Float(it) => it.is_finite(),
        Value::Str { len, kept } => {
            std::str::from_utf8(kept).is_ok_and(|it| it.chars().count() as u64 == *len)
        }
        Value::Sequence {
            kind, len, items, ..
        } => {
            let whole = items.len() as u64 == *len;
            arrays.contains(kind) && whole && items.iter().all(|it| is_json(it, arrays))
        }
        Value::Dict { len, items, .. } => {
            items.len() as u64 == *len
                && items
                    .iter()
                    .all(|(key, it)| is_key(key) && is_json(it, arrays))
        }
        _ => false,
    }
}

/// What `json.dumps` takes as a key.
fn is_key(value: &Value) -> bool {
    let scalar = matches!(
        value,
        Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::BigInt { .. }
            | Value::Float(_)
            | Value::Str { .. }
    );
    scalar && is_json(value, &[])
}

/// An object has a name once: of keys that JSON spells alike, such as `1` and `"1"`, the last value stays,
/// in the place of the first.
fn members(items: &[(Value, Value)]) -> Vec<(String, &Value)> {
    let mut res: Vec<(String, &Value)> = Vec::with_capacity(items.len());
    let mut places: FxHashMap<String, usize> = FxHashMap::default();
    for (it, value) in items {
        let key = key(it);
        match places.get(&key) {
            Some(&at) => res[at].1 = value,
            None => {
                places.insert(key.clone(), res.len());
                res.push((key, value));
            }
        }
    }
    res
}

fn key(of: &Value) -> String {
    let mut out = String::new();
    match of {
        Value::Str { .. } => put(of, &[], &mut out),
        Value::None => out.push_str("\"null\""),
        Value::Bool(it) => out.push_str(if *it { "\"true\"" } else { "\"false\"" }),
        _ => put_text(&repr(of), &mut out),
    }
    out
}

/// A JSON string as `json.dumps` spells it: everything outside ASCII as `\uXXXX`.
pub(super) fn put_text(text: &str, out: &mut String) {
    out.push('"');
    let plain = |it: &u8| (b' '..=b'~').contains(it) && !matches!(it, b'"' | b'\\');
    if text.as_bytes().iter().all(plain) {
        out.push_str(text);
        return out.push('"');
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A `str` of which nothing is cut.
    pub(in crate::trace) fn text(it: &str) -> Value {
        Value::Str {
            len: it.chars().count() as u64,
            kept: it.into(),
        }
    }

    fn check(value: Value, expected: &str) {
        assert_eq!(json(&value), expected);
    }

    #[test]
    fn what_json_knows_is_json() {
        check(text("é\"😀\n"), r#""\u00e9\"\ud83d\ude00\n""#);
        check(Value::Float(1.0), "1.0");
        let key = |it| (it, Value::None);
        check(
            Value::Dict {
                id: 0,
                len: 3,
                items: vec![key(Value::Int(1)), key(Value::Bool(true)), key(text("a"))],
            },
            r#"{"1": null, "true": null, "a": null}"#,
        );
        check(
            Value::Dict {
                id: 0,
                len: 3,
                items: vec![key(Value::Int(1)), key(text("a")), (text("1"), text("b"))],
            },
            r#"{"1": "b", "a": null}"#,
        );
    }

    #[test]
    fn what_json_does_not_know_is_a_string_of_its_repr() {
        let tuple = Value::Sequence {
            kind: Sequence::Tuple,
            id: 0,
            len: 1,
            items: vec![text("a")],
        };
        assert_eq!(json_with_tuples(&tuple), r#"["a"]"#);
        check(tuple, r#""('a',)""#);
        check(Value::Float(f64::NAN), r#""nan""#);
    }
}
