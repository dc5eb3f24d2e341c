//! Python literals as values: what a model claims, made comparable with what was recorded.

use crate::trace::{Sequence, Value};

/// Nesting past this is not read.
const DEPTH: u32 = 64;

/// The value that `text` spells, if it is one whole literal: numbers, strings, bytes, `None`, `True`,
/// `False`, and lists, tuples, sets, dicts of them. Never runs anything.
pub fn parse(text: &str) -> Option<Value> {
    let mut parser = Parser { rest: text };
    let value = parser.value(DEPTH)?;
    parser.blank();
    parser.rest.is_empty().then_some(value)
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Python's `==` would say so.
    Equal,
    /// It would not.
    Different,
    /// One of them was cut, or is no literal: it cannot be said.
    Unknown,
}

/// Compares as Python's `==` does between built-in types: `1 == 1.0 == True`, dicts and sets in any
/// order, lists and tuples apart, NaN equal to nothing.
pub fn compare(a: &Value, b: &Value) -> Comparison {
    use Comparison::{Different, Equal, Unknown};
    let known = |it: bool| if it { Equal } else { Different };
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return known(a == b);
    }
    match (a, b) {
        (Value::Opaque { .. } | Value::Cycle { .. } | Value::Object { .. }, _)
        | (_, Value::Opaque { .. } | Value::Cycle { .. } | Value::Object { .. }) => Unknown,
        (Value::None, Value::None) => Equal,
        (Value::BigInt { digits: a, cut: 0 }, Value::BigInt { digits: b, cut: 0 }) => known(a == b),
        (Value::BigInt { .. }, Value::BigInt { .. }) => Unknown,
        (Value::Str { len: n, kept: a }, Value::Str { len: m, kept: b }) => {
            if n != m {
                Different
            } else if a == b && String::from_utf8_lossy(a).chars().count() as u64 == *n {
                Equal
            } else if a == b {
                Unknown
            } else {
                Different
            }
        }
        (
            Value::Bytes {
                len: n, kept: a, ..
            },
            Value::Bytes {
                len: m, kept: b, ..
            },
        ) => {
            if n != m || a != b {
                Different
            } else {
                known(a.len() as u64 == *n)
            }
        }
        (
            Value::Sequence {
                kind: k,
                len: n,
                items: a,
                ..
            },
            Value::Sequence {
                kind: l,
                len: m,
                items: b,
                ..
            },
        ) => {
            let set = |it: &Sequence| matches!(it, Sequence::Set | Sequence::FrozenSet);
            if n != m || (k != l && !(set(k) && set(l))) {
                return Different;
            }
            let whole = a.len() as u64 == *n && b.len() as u64 == *m;
            if !set(k) {
                return pairs(a.iter().zip(b), whole);
            }
            if !whole {
                return Unknown;
            }
            known(a.iter().all(|x| b.iter().any(|y| compare(x, y) == Equal)))
        }
        (
            Value::Dict {
                len: n, items: a, ..
            },
            Value::Dict {
                len: m, items: b, ..
            },
        ) => {
            if n != m {
                return Different;
            }
            if a.len() as u64 != *n || b.len() as u64 != *m {
                return Unknown;
            }
            let found = a.iter().map(|(key, value)| {
                let other = b.iter().find(|(it, _)| compare(key, it) == Equal);
                other.map_or(Different, |(_, it)| compare(value, it))
            });
            worst(found)
        }
        _ => Different,
    }
}

fn pairs<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>, whole: bool) -> Comparison {
    match worst(pairs.map(|(a, b)| compare(a, b))) {
        Comparison::Equal if !whole => Comparison::Unknown,
        it => it,
    }
}

fn worst(all: impl Iterator<Item = Comparison>) -> Comparison {
    let mut res = Comparison::Equal;
    for it in all {
        match it {
            Comparison::Different => return it,
            Comparison::Unknown => res = it,
            Comparison::Equal => (),
        }
    }
    res
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(it) => Some(f64::from(u8::from(*it))),
        // Beyond 2⁵³ a double would call neighbors equal.
        Value::Int(it) if it.unsigned_abs() <= 1 << 53 => Some(*it as f64),
        Value::Float(it) => Some(*it),
        Value::Int(_) => None,
        _ => None,
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.blank();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A word that is not the start of a longer one.
    fn word(&mut self, word: &str) -> bool {
        self.blank();
        let longer = |it: char| it.is_alphanumeric() || it == '_';
        match self.rest.strip_prefix(word) {
            Some(rest) if !rest.starts_with(longer) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn value(&mut self, depth: u32) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        if self.word("None") {
            return Some(Value::None);
        }
        if self.word("True") {
            return Some(Value::Bool(true));
        }
        if self.word("False") {
            return Some(Value::Bool(false));
        }
        for (call, kind) in [("set", Sequence::Set), ("frozenset", Sequence::FrozenSet)] {
            let before = self.rest;
            if self.word(call) && self.eat("(") {
                if self.eat(")") {
                    return Some(sequence(kind, Vec::new()));
                }
                let Value::Sequence { items, .. } = self.value(depth)? else {
                    return None;
                };
                return self.eat(")").then(|| sequence(kind, items));
            }
            self.rest = before;
        }
        if self.eat("[") {
            return Some(sequence(Sequence::List, self.items("]", depth)?.0));
        }
        if self.eat("(") {
            let (mut items, comma) = self.items(")", depth)?;
            return match (items.len(), comma) {
                (1, false) => items.pop(),
                _ => Some(sequence(Sequence::Tuple, items)),
            };
        }
        if self.eat("{") {
            return self.braces(depth);
        }
        self.blank();
        self.text().or_else(|| self.number())
    }

    fn items(&mut self, close: &str, depth: u32) -> Option<(Vec<Value>, bool)> {
        let (mut items, mut comma) = (Vec::new(), false);
        while !self.eat(close) {
            if !items.is_empty() && !comma {
                return None;
            }
            items.push(self.value(depth)?);
            comma = self.eat(",");
        }
        Some((items, comma))
    }

    fn braces(&mut self, depth: u32) -> Option<Value> {
        let (mut items, mut keys, mut comma) = (Vec::new(), Vec::new(), true);
        while !self.eat("}") {
            if !comma {
                return None;
            }
            let first = self.value(depth)?;
            if self.eat(":") {
                items.push((first, self.value(depth)?));
            } else {
                keys.push(first);
            }
            comma = self.eat(",");
        }
        match (items.is_empty(), keys.is_empty()) {
            (false, false) => None,
            (true, false) => Some(sequence(Sequence::Set, keys)),
            _ => Some(Value::Dict {
                id: 0,
                len: items.len() as u64,
                items,
            }),
        }
    }

    fn text(&mut self) -> Option<Value> {
        let body = self.rest.trim_start_matches(['r', 'R', 'b', 'B', 'u', 'U']);
        let prefix = self.rest[..self.rest.len() - body.len()].to_ascii_lowercase();
        let quote = body.chars().next().filter(|it| matches!(it, '\'' | '"'))?;
        if !matches!(prefix.as_str(), "" | "b" | "u" | "r" | "rb" | "br") {
            return None;
        }
        let triple = [quote; 3].iter().collect::<String>();
        let close = if body.starts_with(&triple) {
            triple
        } else {
            quote.to_string()
        };
        let mut kept = Vec::new();
        let mut rest = &body[close.len()..];
        let bytes = prefix.contains('b');
        loop {
            if let Some(after) = rest.strip_prefix(&close) {
                self.rest = after;
                break;
            }
            let c = rest.chars().next()?;
            rest = &rest[c.len_utf8()..];
            if c == '\\' && !prefix.contains('r') {
                rest = escape(rest, bytes, &mut kept)?;
            } else {
                kept.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        Some(if bytes {
            Value::Bytes {
                mutable: false,
                len: kept.len() as u64,
                kept,
            }
        } else {
            Value::Str {
                len: String::from_utf8_lossy(&kept).chars().count() as u64,
                kept,
            }
        })
    }

    fn number(&mut self) -> Option<Value> {
        let end = self
            .rest
            .char_indices()
            .find(|&(at, it)| {
                let sign =
                    matches!(it, '+' | '-') && (at == 0 || self.rest[..at].ends_with(['e', 'E']));
                !(it.is_ascii_alphanumeric() || matches!(it, '.' | '_') || sign)
            })
            .map_or(self.rest.len(), |(at, _)| at);
        let text = self.rest[..end].replace('_', "");
        let value = if let Ok(it) = text.parse() {
            Value::Int(it)
        } else if text
            .trim_start_matches('-')
            .chars()
            .all(|it| it.is_ascii_digit())
            && end > 0
        {
            Value::BigInt {
                digits: text,
                cut: 0,
            }
        } else if text.chars().any(|it| it.is_ascii_digit()) || is_named_float(&text) {
            Value::Float(text.parse().ok()?)
        } else {
            return None;
        };
        self.rest = &self.rest[end..];
        Some(value)
    }
}

/// `inf` and `nan` as `repr` prints them inside containers.
fn is_named_float(text: &str) -> bool {
    matches!(text, "inf" | "-inf" | "nan")
}

fn sequence(kind: Sequence, items: Vec<Value>) -> Value {
    Value::Sequence {
        kind,
        id: 0,
        len: items.len() as u64,
        items,
    }
}

/// Reads what follows a backslash; the rest behind it.
fn escape<'a>(rest: &'a str, bytes: bool, kept: &mut Vec<u8>) -> Option<&'a str> {
    let c = rest.chars().next()?;
    let after = &rest[c.len_utf8()..];
    let simple = match c {
        'n' => Some(b'\n'),
        'r' => Some(b'\r'),
        't' => Some(b'\t'),
        '0' => Some(0),
        'a' => Some(7),
        'b' => Some(8),
        'f' => Some(12),
        'v' => Some(11),
        '\\' | '\'' | '"' => u8::try_from(c).ok(),
        _ => None,
    };
    if let Some(byte) = simple {
        kept.push(byte);
        return Some(after);
    }
    let digits = match c {
        'x' => 2,
        'u' if !bytes => 4,
        'U' if !bytes => 8,
        '\n' => return Some(after),
        _ => {
            kept.push(b'\\');
            return Some(rest);
        }
    };
    let code = u32::from_str_radix(after.get(..digits)?, 16).ok()?;
    if bytes {
        kept.push(u8::try_from(code).ok()?);
    } else {
        kept.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Some(&after[digits..])
}

#[cfg(test)]
mod tests;
