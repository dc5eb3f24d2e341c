//! Where two moments of one object differ, part by part.

use recorder::value::{Sequence, Value};

use crate::trace::repr;

/// A part that is not what it was.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    /// From the whole to it, as Python spells it: `[3].name`.
    pub(super) path: String,
    pub(super) old: Option<Value>,
    pub(super) new: Option<Value>,
    /// The object it is a part of, and which part: the same for every way that leads there.
    pub(super) of: Option<(u64, String)>,
}

/// The parts in which `new` differs from `old`; the whole, where they are not one object.
/// Linear in their sizes, but for dictionaries whose order changed.
pub(super) fn parts(old: &Value, new: &Value) -> Vec<Part> {
    let mut found = Vec::new();
    compare(old, new, "", None, &mut found);
    found
}

fn compare(old: &Value, new: &Value, path: &str, of: Option<(u64, &str)>, found: &mut Vec<Part>) {
    if old == new {
        return;
    }
    let before = found.len();
    match (old, new) {
        (
            Value::Sequence {
                kind,
                id,
                items: old,
                ..
            },
            Value::Sequence {
                kind: new_kind,
                id: new_id,
                items: new,
                ..
            },
        ) if (kind, id) == (new_kind, new_id)
            && matches!(kind, Sequence::List | Sequence::Tuple) =>
        {
            items(old, new, path, *id, found);
        }
        (
            Value::Dict { id, items: old, .. },
            Value::Dict {
                id: new_id,
                items: new,
                ..
            },
        ) if id == new_id => {
            let spelled = |key: &Value| format!("[{}]", repr(key));
            keyed(old, new, path, *id, found, spelled);
        }
        (
            Value::Object {
                id, fields: old, ..
            },
            Value::Object {
                id: new_id,
                fields: new,
                ..
            },
        ) if id == new_id && old.iter().chain(new).all(|(name, _)| !name.is_empty()) => {
            keyed(old, new, path, *id, found, |name| format!(".{name}"));
        }
        _ => (),
    }
    // Different objects, or one that differs in nothing that has a path.
    if found.len() == before {
        found.push(Part {
            path: path.into(),
            old: Some(old.clone()),
            new: Some(new.clone()),
            of: of.map(|(id, part)| (id, part.into())),
        });
    }
}

fn items(old: &[Value], new: &[Value], path: &str, id: u64, found: &mut Vec<Part>) {
    // What was put in or taken out in one place moves the rest, which is not a write of the rest.
    let same = |(a, b): &(&Value, &Value)| a == b;
    let (head, tail) = match old.len() == new.len() {
        true => (0, 0),
        false => {
            let head = old.iter().zip(new).take_while(same).count();
            let tail = old[head..].iter().rev().zip(new[head..].iter().rev());
            (head, tail.take_while(same).count())
        }
    };
    let (old, new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    for at in 0..old.len().max(new.len()) {
        let step = format!("[{}]", head + at);
        part((old.get(at), new.get(at)), path, (id, &step), found);
    }
}

fn keyed<K: PartialEq>(
    old: &[(K, Value)],
    new: &[(K, Value)],
    path: &str,
    id: u64,
    found: &mut Vec<Part>,
    spelled: impl Fn(&K) -> String,
) {
    let value = |all: &[(K, Value)], near: usize, key: &K| -> Option<usize> {
        // Dictionaries keep their order: the same place is the likely one.
        let there = all.get(near).is_some_and(|it| it.0 == *key);
        match there {
            true => Some(near),
            false => all.iter().position(|it| it.0 == *key),
        }
    };
    for (at, (key, was)) in old.iter().enumerate() {
        let is = value(new, at, key).map(|it| &new[it].1);
        if is != Some(was) {
            part((Some(was), is), path, (id, &spelled(key)), found);
        }
    }
    for (at, (key, is)) in new.iter().enumerate() {
        if value(old, at, key).is_none() {
            part((None, Some(is)), path, (id, &spelled(key)), found);
        }
    }
}

fn part(
    (old, new): (Option<&Value>, Option<&Value>),
    path: &str,
    (id, step): (u64, &str),
    found: &mut Vec<Part>,
) {
    let path = format!("{path}{step}");
    if let (Some(old), Some(new)) = (old, new) {
        return compare(old, new, &path, Some((id, step)), found);
    }
    found.push(Part {
        path,
        old: old.cloned(),
        new: new.cloned(),
        of: Some((id, step.into())),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(id: u64, items: &[Value]) -> Value {
        Value::Sequence {
            kind: Sequence::List,
            id,
            len: items.len() as u64,
            items: items.to_vec(),
        }
    }

    fn ints(id: u64, items: &[i64]) -> Value {
        list(
            id,
            &items.iter().map(|&it| Value::Int(it)).collect::<Vec<_>>(),
        )
    }

    fn check(old: &Value, new: &Value, expected: &str) {
        let said = parts(old, new).into_iter().map(|it| {
            let text = |it: Option<Value>| it.map_or("-".into(), |it| repr(&it));
            format!("{}: {} → {}", it.path, text(it.old), text(it.new))
        });
        assert_eq!(said.collect::<Vec<_>>().join("; "), expected);
    }

    #[test]
    fn one_object_differs_in_its_parts() {
        let a = ints(1, &[1, 2, 3]);
        check(&a, &ints(1, &[1, 5, 3]), "[1]: 2 → 5");
        check(&a, &ints(1, &[1, 2, 3, 4]), "[3]: - → 4");
        check(&a, &ints(1, &[2, 3]), "[0]: 1 → -");
        check(&a, &ints(1, &[9, 1, 2, 3]), "[0]: - → 9");
        check(&a, &a, "");
        check(&a, &ints(2, &[1, 5, 3]), ": [1, 2, 3] → [1, 5, 3]");
        let nested = |it: i64| list(3, &[Value::None, ints(1, &[it])]);
        check(&nested(1), &nested(2), "[1][0]: 1 → 2");
    }

    #[test]
    fn keys_and_attributes_have_paths() {
        let dict = |items: &[(&str, i64)]| Value::Dict {
            id: 4,
            len: items.len() as u64,
            items: items
                .iter()
                .map(|&(key, it)| {
                    let key = Value::Str {
                        len: key.len() as u64,
                        kept: key.into(),
                    };
                    (key, Value::Int(it))
                })
                .collect(),
        };
        check(
            &dict(&[("a", 1), ("b", 2)]),
            &dict(&[("b", 3), ("c", 4)]),
            "['a']: 1 → -; ['b']: 2 → 3; ['c']: - → 4",
        );
        let object = |it: Value| Value::Object {
            id: 5,
            name: "P".into(),
            shape: recorder::value::Shape::Call,
            len: 1,
            fields: vec![("x".into(), it)],
        };
        check(
            &object(ints(6, &[1])),
            &object(ints(6, &[2])),
            ".x[0]: 1 → 2",
        );
        check(&object(Value::None), &object(Value::Int(3)), ".x: None → 3");
    }
}
