//! Values as panes show them: one line, a kind, their parts, and what changed inside them.

use crate::trace::{Exception, Sequence, Shape, Value, repr};

use super::text;

/// The value on one line, safe to show. As long as its `repr`.
pub(super) fn short(value: &Value) -> String {
    text::clean(&repr(value))
}

/// An exception as a traceback's last line has it. Not cleaned for the screen.
pub(super) fn exception_in_words(it: &Exception) -> String {
    match it.message.is_empty() {
        true => it.name.to_string(),
        false => format!("{}: {}", it.name, it.message),
    }
}

/// Whether the value is data rather than a function, module or class.
pub(super) fn is_data(value: &Value) -> bool {
    let Value::Opaque { name, text } = value else {
        return true;
    };
    let code = [
        "<function ",
        "<module ",
        "<class ",
        "<built-in ",
        "<bound method ",
        "<slot wrapper ",
    ];
    !(code.iter().any(|it| text.starts_with(it))
        || matches!(name.as_str(), "function" | "module" | "type"))
}

/// The type's name, with its size where it has one.
pub(super) fn kind(value: &Value) -> String {
    match value {
        Value::None => "None".into(),
        Value::Bool(_) => "bool".into(),
        Value::Int(_) | Value::BigInt { .. } => "int".into(),
        Value::Float(_) => "float".into(),
        Value::Str { len, .. } => format!("str({len})"),
        Value::Bytes {
            mutable: true, len, ..
        } => format!("bytearray({len})"),
        Value::Bytes { len, .. } => format!("bytes({len})"),
        Value::Sequence { kind, len, .. } => {
            let name = match kind {
                Sequence::List => "list",
                Sequence::Tuple => "tuple",
                Sequence::Set => "set",
                Sequence::FrozenSet => "frozenset",
            };
            format!("{name}({len})")
        }
        Value::Dict { len, .. } => format!("dict({len})"),
        Value::Object { name, .. } | Value::Opaque { name, .. } => text::clean(name),
        Value::Cycle { .. } => "cycle".into(),
    }
}

/// The parts a value unfolds into: `[0]`, `['key']`, `.field`.
pub(super) fn parts(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Sequence { items, kind, .. } => {
            let unordered = matches!(kind, Sequence::Set | Sequence::FrozenSet);
            let name = |at: usize| {
                if unordered {
                    "·".into()
                } else {
                    format!("[{at}]")
                }
            };
            items
                .iter()
                .enumerate()
                .map(|(at, it)| (name(at), it))
                .collect()
        }
        Value::Dict { items, .. } => items
            .iter()
            .map(|(key, it)| (format!("[{}]", short(key)), it))
            .collect(),
        Value::Object { fields, shape, .. } if *shape != Shape::Bare => fields
            .iter()
            .enumerate()
            .map(|(at, (name, it))| match name.is_empty() {
                true => (format!("({at})"), it),
                false => (format!(".{}", text::clean(name)), it),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// A part that differs between two moments of a value.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    /// From the variable's name on, e.g. `[2].x`.
    pub(super) path: String,
    /// What it was, if it was there.
    pub(super) old: Option<String>,
    /// What it is, if it is there.
    pub(super) new: Option<String>,
}

/// The parts that differ, innermost ones, at most `max`; nothing where the whole was replaced.
pub(super) fn changes(old: &Value, new: &Value, max: usize) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", old, new, max, &mut found);
    if found.first().is_some_and(|it| it.path.is_empty()) {
        found.clear();
    }
    found
}

fn compare(path: &str, old: &Value, new: &Value, max: usize, found: &mut Vec<Change>) {
    if old == new || max <= found.len() {
        return;
    }
    let (before, after) = (parts(old), parts(new));
    let unordered = matches!(
        new,
        Value::Sequence {
            kind: Sequence::Set | Sequence::FrozenSet,
            ..
        }
    );
    let same_kind = std::mem::discriminant(old) == std::mem::discriminant(new);
    if !same_kind || unordered || (before.is_empty() && after.is_empty()) {
        found.push(Change {
            path: path.into(),
            old: Some(short(old)),
            new: Some(short(new)),
        });
        return;
    }
    for (name, value) in &after {
        if max <= found.len() {
            return;
        }
        let path = format!("{path}{name}");
        match before.iter().find(|(it, _)| it == name) {
            Some((_, old)) => compare(&path, old, value, max, found),
            None => found.push(Change {
                path,
                old: None,
                new: Some(short(value)),
            }),
        }
    }
    for (name, value) in &before {
        if found.len() < max && !after.iter().any(|(it, _)| it == name) {
            found.push(Change {
                path: format!("{path}{name}"),
                old: Some(short(value)),
                new: None,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[i64]) -> Value {
        Value::Sequence {
            kind: Sequence::List,
            id: 1,
            len: items.len() as u64,
            items: items.iter().map(|&it| Value::Int(it)).collect(),
        }
    }

    #[test]
    fn changes_name_the_part() {
        let change = |path: &str, old: Option<&str>, new: Option<&str>| Change {
            path: path.into(),
            old: old.map(Into::into),
            new: new.map(Into::into),
        };
        assert_eq!(
            changes(&list(&[1]), &list(&[1, 2]), 9),
            [change("[1]", None, Some("2"))]
        );
        assert_eq!(
            changes(&list(&[1, 2]), &list(&[3]), 9),
            [
                change("[0]", Some("1"), Some("3")),
                change("[1]", Some("2"), None)
            ]
        );
        assert_eq!(changes(&Value::Int(1), &Value::Int(2), 9), []);
        assert_eq!(changes(&list(&[1, 2, 3]), &list(&[4, 5, 6]), 2).len(), 2);
    }
}
