//! The texts and numbers that values hold.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::{names, seeds::SHORTEST};
use crate::trace::{Trace, Value, ValueId, repr};

/// Bytes of decoded texts kept for values met again.
const CACHED: usize = 64 << 20;

/// The leaves of a trace's values, each decoded once while there is room.
pub(super) struct Leaves<'a> {
    trace: &'a Trace,
    known: FxHashMap<ValueId, Rc<[Leaf]>>,
    size: usize,
}

impl<'a> Leaves<'a> {
    pub(super) fn of_trace(trace: &'a Trace) -> Self {
        Self {
            trace,
            known: FxHashMap::default(),
            size: 0,
        }
    }

    /// Those that are long enough to be told from others.
    pub(super) fn of(&mut self, id: ValueId) -> Rc<[Leaf]> {
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        let mut found = Vec::new();
        put(&self.trace.value(id), &mut found);
        found.retain(|it| SHORTEST <= it.text().len());
        let leaves: Rc<[Leaf]> = found.into();
        self.size += leaves.iter().map(|it| it.text().len() + 64).sum::<usize>();
        if CACHED < self.size {
            self.size = 0;
            self.known.clear();
        }
        self.known.insert(id, leaves.clone());
        leaves
    }
}

/// Every text in `value`, decoded; numbers as Python writes them.
pub(super) fn put(value: &Value, out: &mut Vec<Leaf>) {
    match value {
        Value::Str { kept, .. } => out.push(Leaf::Text(String::from_utf8_lossy(kept).into())),
        Value::Bytes { kept, .. } => out.push(Leaf::Text(String::from_utf8_lossy(kept).into())),
        Value::Int(it) => out.push(Leaf::Number(it.to_string())),
        Value::BigInt { digits, .. } => out.push(Leaf::Number(digits.clone())),
        Value::Float(_) => out.push(Leaf::Number(repr(value))),
        Value::Sequence { items, .. } => items.iter().for_each(|it| put(it, out)),
        Value::Dict { items, .. } => items.iter().for_each(|(key, it)| {
            put(key, out);
            put(it, out);
        }),
        Value::Object { fields, .. } => fields.iter().for_each(|it| put(&it.1, out)),
        Value::None | Value::Bool(_) | Value::Opaque { .. } | Value::Cycle { .. } => {}
    }
}

/// A text or a number in a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Leaf {
    Text(String),
    Number(String),
}

impl Leaf {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
        }
    }
}

/// The texts that `name`, or a key or field within what it holds, calls secret.
pub(super) fn secret(name: &str, value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Str { kept, .. } | Value::Bytes { kept, .. } => {
            let text = String::from_utf8_lossy(kept);
            if names::holds_secret(name, &text) {
                out.push(text.into());
            }
        }
        Value::Sequence { items, .. } => items.iter().for_each(|it| secret(name, it, out)),
        Value::Dict { items, .. } => items.iter().for_each(|(key, it)| {
            let own = match key {
                Value::Str { kept, .. } => String::from_utf8_lossy(kept),
                _ => "".into(),
            };
            secret(&own, it, out);
        }),
        Value::Object { fields, .. } => {
            fields.iter().for_each(|(field, it)| secret(field, it, out));
        }
        _ => {}
    }
}
