//! A value as the text that Python's `repr` gives.
//!
//! For the built-in types exactly so; what a limit cut carries `…`. Objects of other types are shown
//! by their fields, since their own `repr` is the program's code and was not run.

use recorder::value::{Sequence, Shape, Value, tag};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// Stands for what was cut.
const CUT: char = '…';

/// The text of a value.
pub fn repr(value: &Value) -> String {
    let mut out = String::new();
    put(value, &mut out);
    out
}

/// A `str` of Python holding `text`, as `repr` writes it.
pub fn literal(text: &str) -> String {
    let mut out = String::new();
    put_literal(text, &mut out);
    out
}

/// As [`literal`], behind what is there.
pub(crate) fn put_literal(text: &str, out: &mut String) {
    put_str(text.as_bytes(), false, out);
}

/// As [`repr`], behind what is there.
pub(crate) fn put(value: &Value, out: &mut String) {
    match value {
        Value::None => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(v) => out.push_str(itoa::Buffer::new().format(*v)),
        Value::BigInt { digits, cut: 0 } => out.push_str(digits),
        Value::BigInt { digits, .. } => {
            let middle = digits.len() / 2;
            let (head, tail) = digits.split_at_checked(middle).unwrap_or((digits, ""));
            out.push_str(head);
            out.push(CUT);
            out.push_str(tail);
        }
        Value::Float(v) => out.push_str(&float(*v)),
        Value::Str { len, kept } => put_str(kept, code_points(kept) < *len, out),
        Value::Bytes { mutable, len, kept } => {
            if *mutable {
                out.push_str("bytearray(");
            }
            put_bytes(kept, *mutable, (kept.len() as u64) < *len, out);
            if *mutable {
                out.push(')');
            }
        }
        Value::Sequence {
            kind, len, items, ..
        } => put_sequence(*kind, *len, items, out),
        Value::Dict { len, items, .. } => {
            out.push('{');
            put_list(out, *len, items, |(key, value), out| {
                put(key, out);
                out.push_str(": ");
                put(value, out);
            });
            out.push('}');
        }
        Value::Object {
            name,
            shape,
            len,
            fields,
            ..
        } => put_object(name, *shape, *len, fields, out),
        Value::Opaque { text, .. } => out.push_str(text),
        Value::Cycle { of, .. } => out.push_str(match *of {
            tag::LIST => "[...]",
            tag::TUPLE => "(...)",
            tag::DICT | tag::SET | tag::FROZEN_SET => "{...}",
            _ => "...",
        }),
    }
}

fn put_sequence(kind: Sequence, len: u64, items: &[Value], out: &mut String) {
    let (open, close) = match (kind, len) {
        (Sequence::Set, 0) => ("set(", ")"),
        (Sequence::FrozenSet, 0) => ("frozenset(", ")"),
        (Sequence::List, _) => ("[", "]"),
        (Sequence::Tuple, 1) => ("(", ",)"),
        (Sequence::Tuple, _) => ("(", ")"),
        (Sequence::Set, _) => ("{", "}"),
        (Sequence::FrozenSet, _) => ("frozenset({", "})"),
    };
    out.push_str(open);
    put_list(out, len, items, put);
    out.push_str(close);
}

fn put_object(name: &str, shape: Shape, len: u64, fields: &[(String, Value)], out: &mut String) {
    let empty = (String::new(), Value::None);
    match shape {
        Shape::Bare => {
            out.push('<');
            out.push_str(name);
            out.push_str(" object>");
        }
        Shape::Enum => {
            let (member, value) = fields.first().unwrap_or(&empty);
            out.push('<');
            out.push_str(name);
            out.push('.');
            out.push_str(member);
            out.push_str(": ");
            put(value, out);
            out.push('>');
        }
        Shape::Call => {
            out.push_str(name);
            out.push('(');
            put_list(out, len, fields, |(name, value), out| {
                if !name.is_empty() {
                    out.push_str(name);
                    out.push('=');
                }
                put(value, out);
            });
            out.push(')');
        }
    }
}

fn put_list<T>(out: &mut String, len: u64, items: &[T], mut one: impl FnMut(&T, &mut String)) {
    for (idx, item) in items.iter().enumerate() {
        if 0 < idx {
            out.push_str(", ");
        }
        one(item, out);
    }
    if (items.len() as u64) < len {
        if !items.is_empty() {
            out.push_str(", ");
        }
        out.push(CUT);
    }
}

/// `repr` of a float: the shortest digits that read back as the same number, in the notation that
/// `float.__repr__` chooses (exponent below -4 or from 16 on).
fn float(v: f64) -> String {
    if v.is_nan() {
        return "nan".into();
    }
    if v.is_infinite() {
        return if v < 0.0 { "-inf" } else { "inf" }.into();
    }
    // Rust's `e` notation has the same shortest digits, as `d.ddde±x`.
    let text = format!("{v:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let text = format!("{v}");
        return if text.contains('.') {
            text
        } else {
            text + ".0"
        };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn code_points(wtf8: &[u8]) -> u64 {
    wtf8.iter().filter(|&&it| it & 0xc0 != 0x80).count() as u64
}

/// The code points of WTF-8, lone surrogates among them; bytes that are neither come as U+FFFD.
fn scalars(bytes: &[u8]) -> impl Iterator<Item = Result<char, u32>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let first = *rest.first()?;
        let len = match first {
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            _ => 1,
        };
        let (head, tail) = rest.split_at(len.min(rest.len()));
        rest = tail;
        if let Ok(text) = std::str::from_utf8(head) {
            return text.chars().next().map(Ok);
        }
        Some(match *head {
            [0xed, second @ 0xa0..=0xbf, third] => {
                Err(0xd000 | (u32::from(second & 0x3f) << 6) | u32::from(third & 0x3f))
            }
            _ => Ok(char::REPLACEMENT_CHARACTER),
        })
    })
}

fn put_str(wtf8: &[u8], cut: bool, out: &mut String) {
    let quote = quote(wtf8);
    out.push(quote);
    if let Some(text) = plain(wtf8).filter(|_| !cut) {
        out.push_str(text);
        return out.push(quote);
    }
    for it in scalars(wtf8) {
        match it {
            Err(surrogate) => out.push_str(&format!("\\u{surrogate:04x}")),
            Ok(c) if c == quote || c == '\\' => {
                out.push('\\');
                out.push(c);
            }
            Ok('\n') => out.push_str("\\n"),
            Ok('\r') => out.push_str("\\r"),
            Ok('\t') => out.push_str("\\t"),
            Ok(c) if is_printable(c) => out.push(c),
            Ok(c) => out.push_str(&match u32::from(c) {
                code @ 0..=0xff => format!("\\x{code:02x}"),
                code @ 0x100..=0xffff => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
        }
    }
    if cut {
        out.push(CUT);
    }
    out.push(quote);
}

/// The text that a `str` is written as between single or double quotes, if that is the text itself.
pub(super) fn plain(wtf8: &[u8]) -> Option<&str> {
    let plain = |it: &u8| (b' '..=b'~').contains(it) && !matches!(it, b'\'' | b'"' | b'\\');
    let text = wtf8.iter().all(plain).then_some(wtf8)?;
    std::str::from_utf8(text).ok()
}

/// Of a `bytearray` Python escapes single quotes even between double ones.
fn put_bytes(bytes: &[u8], mutable: bool, cut: bool, out: &mut String) {
    let quote = quote(bytes);
    out.push('b');
    out.push(quote);
    for &byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            it if char::from(it) == quote || mutable && it == b'\'' => {
                out.push('\\');
                out.push(char::from(it));
            }
            0x20..=0x7e => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    if cut {
        out.push(CUT);
    }
    out.push(quote);
}

/// Single quotes, unless the text has some and no double ones.
fn quote(text: &[u8]) -> char {
    if text.contains(&b'\'') && !text.contains(&b'"') {
        '"'
    } else {
        '\''
    }
}

/// `str.isprintable` of one character.
fn is_printable(c: char) -> bool {
    use GeneralCategory as G;
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    !matches!(
        c.general_category(),
        G::Control
            | G::Format
            | G::Surrogate
            | G::PrivateUse
            | G::Unassigned
            | G::LineSeparator
            | G::ParagraphSeparator
            | G::SpaceSeparator
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value, expected: &str) {
        assert_eq!(repr(&value), expected);
    }

    fn list(kind: Sequence, len: u64, items: &[i64]) -> Value {
        Value::Sequence {
            kind,
            id: 1,
            len,
            items: items.iter().map(|&it| Value::Int(it)).collect(),
        }
    }

    #[test]
    fn floats_read_as_python_writes_them() {
        for (v, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (1e15, "1000000000000000.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e300, "1.5e+300"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            check(Value::Float(v), expected);
        }
    }

    #[test]
    fn strings_choose_quotes_and_escape() {
        for (text, expected) in [
            ("a", "'a'"),
            ("it's", "\"it's\""),
            ("'\"", "'\\'\"'"),
            ("a\n\t\\", "'a\\n\\t\\\\'"),
            (
                "\u{1}\u{7f}é\u{a0}\u{200b}😀",
                "'\\x01\\x7fé\\xa0\\u200b😀'",
            ),
        ] {
            assert_eq!(literal(text), expected);
        }
        let lone = Value::Str {
            len: 1,
            kept: vec![0xed, 0xa0, 0x80],
        };
        check(lone, "'\\ud800'");
        let cut = Value::Str {
            len: 9,
            kept: b"ab".to_vec(),
        };
        check(cut, "'ab…'");
    }

    #[test]
    fn containers_show_what_was_cut() {
        check(list(Sequence::List, 2, &[1, 2]), "[1, 2]");
        check(list(Sequence::List, 3, &[1, 2]), "[1, 2, …]");
        check(list(Sequence::List, 3, &[]), "[…]");
        check(list(Sequence::Tuple, 0, &[]), "()");
        check(list(Sequence::Tuple, 1, &[7]), "(7,)");
        check(list(Sequence::Set, 0, &[]), "set()");
        check(list(Sequence::FrozenSet, 1, &[7]), "frozenset({7})");
    }

    #[test]
    fn objects_show_their_fields() {
        let object = |shape, fields: &[(&str, i64)]| Value::Object {
            id: 1,
            name: "P".into(),
            shape,
            len: fields.len() as u64,
            fields: fields
                .iter()
                .map(|&(name, it)| (name.into(), Value::Int(it)))
                .collect(),
        };
        check(object(Shape::Call, &[("x", 1), ("", 2)]), "P(x=1, 2)");
        check(object(Shape::Enum, &[("RED", 1)]), "<P.RED: 1>");
        check(object(Shape::Bare, &[]), "<P object>");
    }
}
