//! What an exception says beyond its name: what it came from, notes, and the members of a group.
//!
//! Read by C alone, out of the exception itself, and written as a fact named for the exception's place in
//! the order of exception records, counted from 1: `exception.3`. Its value is a JSON object with those of
//! `cause`, `context`, `suppress_context`, `notes` and `exceptions` that say something; members and causes
//! are objects with `type` and `message` and the same keys again.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::{
    exceptions, json,
    kinds::{type_attr, type_text},
    object::{Obj, Owned, kind, new_text},
    opaque,
    state::Recorder,
    wire::Record,
};
use pyo3::ffi;
use std::sync::atomic::{AtomicU32, Ordering};

/// Exceptions told of one by one, whether side by side or behind one another.
const MOST: usize = 40;
/// How far one is followed into another.
const DEEP: usize = 12;
/// Code points kept of one message.
const LONG: usize = 1000;

/// Facts written, of a run that may raise for ever.
const FACTS: u32 = 20_000;

/// Exception records so far, and those with a fact. Changed under the interpreter lock.
static COUNT: AtomicU32 = AtomicU32::new(0);
static TOLD: AtomicU32 = AtomicU32::new(0);

impl Recorder {
    /// Adds to the exception record just written what is not in it.
    pub(crate) fn chained(&mut self, exception: Obj) {
        let number = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
        let told = TOLD.load(Ordering::Relaxed);
        if FACTS < told {
            return;
        }
        let mut seen = vec![exception.id()];
        let fields = fields(exception, &mut seen, DEEP);
        if !fields.is_empty() {
            TOLD.store(told + 1, Ordering::Relaxed);
            if told == FACTS {
                let text = "more exceptions came from others; what they came from is told of the first \
                            20000 alone";
                return self.put(&Record::Note(text.into()));
            }
            let key = format!("exception.{number}");
            self.put(&Record::Fact(key, format!("{{{}}}", fields.join(", "))));
        }
    }
}

/// `"key": value`, of what is worth telling.
fn fields(exception: Obj, seen: &mut Vec<u64>, deep: usize) -> Vec<String> {
    let mut res = Vec::new();
    if exception.kind_flags() & ffi::Py_TPFLAGS_BASE_EXC_SUBCLASS == 0 {
        return res;
    }
    // SAFETY: an exception; both read a field and give a new reference or null, without an error.
    let (cause, context) = unsafe {
        (
            Owned::new(ffi::PyException_GetCause(exception.ptr())),
            Owned::new(ffi::PyException_GetContext(exception.ptr())),
        )
    };
    let mut tell = |key: &str, other: Option<Owned>| {
        let told = other.and_then(|it| shown(*it, seen, deep));
        res.extend(told.map(|it| format!("\"{key}\": {it}")));
    };
    tell("cause", cause);
    tell("context", context);
    if !res.is_empty() && is_context_suppressed(exception) {
        res.push("\"suppress_context\": true".into());
    }
    let notes = notes(exception);
    if !notes.is_empty() {
        res.push(format!("\"notes\": {}", json::array(&notes)));
    }
    if let Some(members) = members(exception) {
        let told = members.tuple().take(MOST);
        let told: Vec<_> = told.filter_map(|it| shown(it, seen, deep)).collect();
        res.push(format!("\"exceptions\": [{}]", told.join(", ")));
    }
    res
}

/// An exception as an object; `None` for one met before, and past the limits.
fn shown(exception: Obj, seen: &mut Vec<u64>, deep: usize) -> Option<String> {
    if seen.contains(&exception.id()) || MOST < seen.len() || deep == 0 {
        return None;
    }
    seen.push(exception.id());
    let (name, message) = exceptions::describe(exception);
    let mut all = vec![
        format!("\"type\": {}", json::string(&name)),
        format!("\"message\": {}", json::string(&cut(message))),
    ];
    all.extend(fields(exception, seen, deep - 1));
    Some(format!("{{{}}}", all.join(", ")))
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONG) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// `__suppress_context__`, as the base of all exceptions keeps it.
fn is_context_suppressed(exception: Obj) -> bool {
    // SAFETY: a static type.
    let base = unsafe { Obj::new(ffi::PyExc_BaseException) };
    let found = base.and_then(|it| opaque::base_attr(it, "__suppress_context__", exception));
    found.is_some_and(|it| it.is_true())
}

/// `__notes__`, as `add_note` keeps them.
fn notes(exception: Obj) -> Vec<String> {
    let dict = exception.instance_dict();
    let notes = dict.as_ref().and_then(|it| it.item(c"__notes__"));
    let Some(notes) = notes.filter(|it| it.is(kind!(PyList_Type))) else {
        return Vec::new();
    };
    let all = (0..notes.list_len().min(MOST)).filter_map(|it| notes.list_item(it));
    all.filter(|it| it.is(kind!(PyUnicode_Type)))
        .map(|it| cut(it.text()))
        .collect()
}

/// The members of a group, as the base of all groups keeps them.
pub(crate) fn members(exception: Obj) -> Option<Owned> {
    let bases = type_attr(exception.kind_object(), "__mro__")?;
    let group = bases.tuple().find(|it| {
        opaque::type_flags(*it) & ffi::Py_TPFLAGS_HEAPTYPE == 0
            && type_text(*it, "__name__") == "BaseExceptionGroup"
    })?;
    let descriptor = group.lookup(*new_text("exceptions")?)?;
    let res = descriptor.attr(c"__get__")?.call(&[exception]);
    crate::object::clear_error();
    res.filter(|it| it.is(kind!(PyTuple_Type)))
}
