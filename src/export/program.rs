//! What records of a run say of its program: the source, the call, what went in and came out.

use crate::trace::{CodeKind, FrameId, Kind, NameId, Sequence, Trace, Value, ValueId};

/// One call of a function, with all that data sets say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) frame: FrameId,
    pub(super) name: String,
    /// The arguments as they stood between the parentheses, e.g. `[3, 1], 2`.
    pub(super) input: String,
    /// What it returned, as Python text.
    pub(super) output: String,
}

/// The text of the file that the program proper begins in; empty where it was not recorded.
pub(super) fn source(trace: &Trace) -> String {
    let Some(frame) = trace.entry() else {
        return String::new();
    };
    let lines = trace.file(frame).lines.as_deref().unwrap_or_default();
    let mut text: String = lines.iter().map(|it| format!("{it}\n")).collect();
    text.truncate(text.trim_end().len());
    text
}

/// What the entry was called with, and what became of it; a script is not called with anything.
pub(super) fn entry_input(trace: &Trace) -> String {
    let function = trace
        .entry()
        .filter(|&it| trace.code(it).kind == CodeKind::Function);
    function.map_or_else(String::new, |it| arguments(trace, it).join(", "))
}

/// What the entry gave back: its value, or for a script all it printed.
pub(super) fn entry_output(trace: &Trace) -> Option<String> {
    let frame = trace.entry()?;
    match trace.events()[trace.frames()[frame].last].kind {
        _ if trace.code(frame).kind == CodeKind::Module => {
            let bytes = trace
                .outputs()
                .iter()
                .flat_map(|it| it.bytes.iter().copied());
            let text = String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned();
            Some(text.trim_end().to_owned())
        }
        Kind::Return(value) => Some(trace.repr(value)),
        _ => None,
    }
}

/// Every call whose arguments and value can be written down whole, of functions that stand by themselves
/// in the program's first file; each distinct one once, in order of entry.
pub(super) fn calls(trace: &Trace) -> Vec<Call> {
    let Some(entry) = trace.entry() else {
        return Vec::new();
    };
    let file = trace.code(entry).file;
    let mut res: Vec<Call> = Vec::new();
    for frame in trace.frames().ids() {
        let code = trace.code(frame);
        let alone = code.kind == CodeKind::Function
            && code.file == file
            && code.qualname == code.name
            && !trace
                .frames()
                .get(frame)
                .and_then(|it| it.parent)
                .is_some_and(|it| trace.code(it).kind == CodeKind::Class);
        if !alone || code.parameters as usize != bound(trace, frame).len() {
            continue;
        }
        let Kind::Return(value) = trace.events()[trace.frames()[frame].last].kind else {
            continue;
        };
        let values = bound(trace, frame);
        if !values
            .iter()
            .chain([&value])
            .all(|&it| is_literal(&trace.value(it)))
        {
            continue;
        }
        let call = Call {
            frame,
            name: code.name.to_string(),
            input: arguments(trace, frame).join(", "),
            output: trace.repr(value),
        };
        let same = |it: &Call| it.name == call.name && it.input == call.input;
        if !res.iter().any(same) {
            res.push(call);
        }
    }
    res
}

/// The values of a frame's parameters when it was called.
fn bound(trace: &Trace, frame: FrameId) -> Vec<ValueId> {
    let code = trace.code(frame);
    let parameters = &code.locals[..(code.parameters as usize).min(code.locals.len())];
    let held = trace.locals(frame, trace.frames()[frame].call);
    let value = |name: &NameId| held.iter().find(|it| it.name == *name).map(|it| it.value);
    parameters.iter().filter_map(value).collect()
}

fn arguments(trace: &Trace, frame: FrameId) -> Vec<String> {
    let values = bound(trace, frame);
    values.into_iter().map(|it| trace.repr(it)).collect()
}

/// Whether Python reads the value's text as the same value again: whole, and of built-in types alone.
fn is_literal(value: &Value) -> bool {
    match value {
        Value::None | Value::Bool(_) | Value::Int(_) => true,
        Value::BigInt { cut, .. } => *cut == 0,
        Value::Float(it) => it.is_finite(),
        Value::Str { len, kept } => {
            std::str::from_utf8(kept).is_ok_and(|it| it.chars().count() as u64 == *len)
        }
        Value::Bytes { mutable, len, kept } => !mutable && kept.len() as u64 == *len,
        Value::Sequence {
            kind, len, items, ..
        } => {
            let written = !(*len == 0 && matches!(kind, Sequence::Set | Sequence::FrozenSet));
            written
                && *kind != Sequence::FrozenSet
                && items.len() as u64 == *len
                && items.iter().all(is_literal)
        }
        Value::Dict { len, items, .. } => {
            let whole = |(key, it): &(Value, Value)| is_literal(key) && is_literal(it);
            items.len() as u64 == *len && items.iter().all(whole)
        }
        // What a mask stands for is one of these.
        Value::Object { .. } | Value::Opaque { .. } | Value::Cycle { .. } => false,
    }
}
