//! Python's built-in values as data: parsed from hostile bytes, compared as Python compares them, written as
//! `repr` writes them.

use std::cmp::Ordering;

use serde_json::Value as Json;

mod number;

pub use number::{Int, float_repr};

/// The deepest nesting that is believed.
const DEPTH: usize = 64;

/// A value of exactly a built-in type, or the name of another type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// Any integer.
    Int(Int),
    /// A float, which may be infinite or not a number.
    Float(f64),
    /// Real and imaginary part.
    Complex(f64, f64),
    /// Text without lone surrogates.
    Str(String),
    /// Text with lone surrogates, as `surrogatepass` encodes it, in hexadecimal.
    Surrogates(String),
    /// `bytes` or `bytearray`, in hexadecimal: they are equal where their bytes are.
    Bytes(String),
    /// A list.
    List(Vec<Value>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A set or frozenset, in any order.
    Set(Vec<Value>),
    /// A dict's items, in its order.
    Dict(Vec<(Value, Value)>),
    /// Something else, by the name of its type. Equal to nothing, itself included.
    Object(String),
}

impl Value {
    /// Reads what the harness wrote; `None` for anything that it would not have written.
    #[must_use]
    pub fn parse(json: &Json) -> Option<Value> {
        parse(json, 0)
    }

    /// Whether Python's `==` holds: numbers by value whatever their type, lists and tuples apart, dicts and
    /// sets in any order, nothing equal to NaN.
    #[must_use]
    pub fn equals(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::None, Value::None) => true,
            (Value::Str(a), Value::Str(b))
            | (Value::Surrogates(a), Value::Surrogates(b))
            | (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b))
            }
            (Value::Set(a), Value::Set(b)) => {
                a.len() == b.len() && a.iter().all(|a| b.iter().any(|b| a.equals(b)))
            }
            (Value::Dict(a), Value::Dict(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, value)| {
                        let found = b.iter().find(|(other, _)| key.equals(other));
                        found.is_some_and(|(_, other)| value.equals(other))
                    })
            }
            (Value::Complex(..), _) | (_, Value::Complex(..)) => {
                match (self.complex(), other.complex()) {
                    (Some(a), Some(b)) => a == b,
                    _ => false,
                }
            }
            _ => self.compared(other) == Some(Ordering::Equal),
        }
    }

    /// How two numbers are ordered; `None` where Python would raise, or for NaN.
    #[must_use]
    pub fn compared(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
            (Value::Float(a), b) => b.int()?.compared(*a).map(Ordering::reverse),
            (a, Value::Float(b)) => a.int()?.compared(*b),
            (a, b) => Some(a.int()?.cmp(&b.int()?)),
        }
    }

    /// The number as a float, if it is one that a float can hold.
    #[must_use]
    pub fn float(&self) -> Option<f64> {
        match self {
            Value::Float(x) => Some(*x),
            other => other.int().map(|int| int.float()),
        }
    }

    /// What `bool` gives; `None` for an object, whose class would decide.
    #[must_use]
    pub fn truth(&self) -> Option<bool> {
        match self {
            Value::None => Some(false),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                Some(self.compared(&Value::Float(0.0)) != Some(Ordering::Equal))
            }
            Value::Complex(re, im) => Some(*re != 0.0 || *im != 0.0),
            Value::Str(text) | Value::Surrogates(text) | Value::Bytes(text) => {
                Some(!text.is_empty())
            }
            Value::List(items) | Value::Tuple(items) | Value::Set(items) => Some(!items.is_empty()),
            Value::Dict(items) => Some(!items.is_empty()),
            Value::Object(_) => None,
        }
    }

    /// `repr`'s text.
    #[must_use]
    pub fn repr(&self) -> String {
        match self {
            Value::None => "None".to_owned(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Int(int) => int.to_string(),
            Value::Float(x) => float_repr(*x),
            Value::Complex(re, im) => format!("complex({}, {})", float_repr(*re), float_repr(*im)),
            Value::Str(text) => str_repr(text),
            Value::Surrogates(hex) => {
                format!("bytes.fromhex('{hex}').decode('utf-8', 'surrogatepass')")
            }
            Value::Bytes(hex) => format!("bytes.fromhex('{hex}')"),
            Value::List(items) => format!("[{}]", joined(items)),
            Value::Tuple(items) if items.len() == 1 => format!("({},)", items[0].repr()),
            Value::Tuple(items) => format!("({})", joined(items)),
            Value::Set(items) if items.is_empty() => "set()".to_owned(),
            Value::Set(items) => format!("{{{}}}", joined(items)),
            Value::Dict(items) => {
                let items: Vec<String> = items
                    .iter()
                    .map(|(key, value)| format!("{}: {}", key.repr(), value.repr()))
                    .collect();
                format!("{{{}}}", items.join(", "))
            }
            Value::Object(name) => format!("<{name} object>"),
        }
    }

    fn int(&self) -> Option<Int> {
        match self {
            Value::Bool(bit) => Some(Int::from(*bit)),
            Value::Int(int) => Some(int.clone()),
            _ => None,
        }
    }

    fn complex(&self) -> Option<(f64, f64)> {
        match self {
            Value::Complex(re, im) => Some((*re, *im)),
            other => other.float().map(|re| (re, 0.0)),
        }
    }
}

fn parse(json: &Json, depth: usize) -> Option<Value> {
    if DEPTH < depth {
        return None;
    }
    let (tag, body) = match json {
        Json::Null => return Some(Value::None),
        Json::Bool(bit) => return Some(Value::Bool(*bit)),
        Json::String(text) => return Some(Value::Str(text.clone())),
        Json::Object(map) if map.len() == 1 => map.iter().next()?,
        Json::Object(_) | Json::Array(_) | Json::Number(_) => return None,
    };
    let items = || -> Option<Vec<Value>> {
        let array = body.as_array()?;
        array.iter().map(|item| parse(item, depth + 1)).collect()
    };
    Some(match tag.as_str() {
        "int" => Value::Int(Int::parse(body.as_str()?)?),
        "float" => Value::Float(body.as_str()?.parse().ok()?),
        "complex" => match body.as_array()?.as_slice() {
            [re, im] => Value::Complex(re.as_str()?.parse().ok()?, im.as_str()?.parse().ok()?),
            _ => return None,
        },
        "surrogates" => Value::Surrogates(hex(body)?),
        "bytes" | "bytearray" => Value::Bytes(hex(body)?),
        "list" => Value::List(items()?),
        "tuple" => Value::Tuple(items()?),
        "set" | "frozenset" => Value::Set(items()?),
        "dict" => {
            let array = body.as_array()?;
            let pairs = array.iter().map(|pair| match pair.as_array()?.as_slice() {
                [key, value] => Some((parse(key, depth + 1)?, parse(value, depth + 1)?)),
                _ => None,
            });
            Value::Dict(pairs.collect::<Option<_>>()?)
        }
        "object" => Value::Object(body.as_str()?.to_owned()),
        _ => return None,
    })
}

fn hex(json: &Json) -> Option<String> {
    let text = json.as_str()?;
    let plain = text.len() % 2 == 0 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    plain.then(|| text.to_owned())
}

fn joined(items: &[Value]) -> String {
    let items: Vec<String> = items.iter().map(Value::repr).collect();
    items.join(", ")
}

fn str_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            // Invisible characters too: this text goes to a terminal.
            c if (c as u32) < 0x20 || (0x7f..=0xa0).contains(&(c as u32)) || c == '\u{ad}' => {
                out.push_str(&format!("\\x{:02x}", c as u32));
            }
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            '\u{e0000}'..='\u{e007f}' => out.push_str(&format!("\\U{:08x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests;
