//! What the program prints, seen where it is printed.
//!
//! `sys.stdout` and `sys.stderr` keep their own `write`; in front of it stands a function that calls it
//! and then notes what was written. Text that ends up in the stream's buffer passes there as bytes
//! again, at once or later; what happens within a call of the text stream is not noted twice.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::{
    native::{Arguments, function, native},
    object::{Obj, Owned, clear_error, kind, new_int},
    state,
    wire::Stream,
};
use pyo3::ffi;
use std::{
    cell::Cell,
    ffi::{CStr, CString},
    ptr,
};

thread_local! {
    /// How many functions of this module this thread is in.
    static INSIDE: Cell<u32> = const { Cell::new(0) };
}

/// Calls of the text stream that may hand bytes to its buffer.
const PASSING: [&CStr; 6] = [
    c"flush",
    c"close",
    c"detach",
    c"reconfigure",
    c"seek",
    c"truncate",
];

/// Puts the functions in place. A stream that cannot take them is left alone.
pub(crate) fn follow(sys: Obj) {
    let streams = [(c"stdout", Stream::Stdout), (c"stderr", Stream::Stderr)];
    for (name, stream) in streams {
        let Some(text) = sys.attr(name).filter(|it| is_plain(it.kind_object())) else {
            continue;
        };
        let Some(buffer) = text.attr(c"buffer") else {
            continue;
        };
        replace(*text, c"write", write_text, stream);
        for name in PASSING {
            replace(*text, name, pass, stream);
        }
        replace(*buffer, c"write", write_bytes, stream);
    }
    clear_error();
}

/// Takes them away again.
pub(crate) fn leave(sys: Obj) {
    for name in [c"__stdout__", c"__stderr__"] {
        let Some(text) = sys.attr(name).filter(|it| is_plain(it.kind_object())) else {
            continue;
        };
        let buffer = text.attr(c"buffer");
        for name in PASSING.into_iter().chain([c"write"]) {
            remove(*text, name);
        }
        if let Some(buffer) = buffer {
            remove(*buffer, c"write");
        }
    }
}

fn is_plain(kind: Obj) -> bool {
    crate::kinds::type_text(kind, "__qualname__") == "TextIOWrapper"
        && crate::kinds::type_text(kind, "__module__") == "_io"
}

fn replace(of: Obj, name: &'static CStr, entry: crate::native::Entry, stream: Stream) {
    let original = of.attr(name);
    // What a hook needs: the original, the stream object, and which of the two it is.
    let bound = original
        .zip(new_int(stream as i64))
        .and_then(|(original, number)| {
            // SAFETY: the tuple takes its own references.
            unsafe { Owned::new(ffi::PyTuple_Pack(3, original.ptr(), of.ptr(), number.ptr())) }
        });
    if let Some(hook) = bound.and_then(|it| function(name, entry, *it)) {
        of.set_attr(name, *hook);
    }
}

fn remove(of: Obj, name: &CStr) {
    // SAFETY: setting an attribute to null deletes it.
    unsafe { ffi::PyObject_SetAttrString(of.ptr(), name.as_ptr(), ptr::null_mut()) };
    clear_error();
}

native!(write_text, on_text);
native!(write_bytes, on_bytes);
native!(pass, on_pass);

fn on_text(bound: Obj, arguments: Arguments) -> Option<Owned> {
    let res = call(bound, arguments)?;
    let text = arguments.positional.tuple_item(0);
    note(bound, || encoded(text?, bound.tuple_item(1)?));
    Some(res)
}

fn on_bytes(bound: Obj, arguments: Arguments) -> Option<Owned> {
    let res = call(bound, arguments)?;
    let bytes = arguments.positional.tuple_item(0);
    note(bound, || {
        let bytes = bytes?;
        if bytes.is(kind!(PyMemoryView_Type)) {
            // SAFETY: copies what an exact memoryview shows.
            let copy = unsafe { Owned::new(ffi::PyBytes_FromObject(bytes.ptr())) }?;
            return Some(copy.byte_slice().to_vec());
        }
        Some(bytes.byte_slice().to_vec())
    });
    Some(res)
}

fn on_pass(bound: Obj, arguments: Arguments) -> Option<Owned> {
    call(bound, arguments)
}

/// Calls the original.
fn call(bound: Obj, arguments: Arguments) -> Option<Owned> {
    INSIDE.set(INSIDE.get() + 1);
    let res = bound.tuple_item(0).and_then(|it| arguments.pass_to(it));
    INSIDE.set(INSIDE.get() - 1);
    res
}

/// Notes what was written, unless that is part of a call that notes it.
fn note(bound: Obj, bytes: impl FnOnce() -> Option<Vec<u8>>) {
    if INSIDE.get() != 0 || state::is_over() {
        return;
    }
    let number = bound.tuple_item(2).and_then(Obj::int);
    let stream = match number {
        Some(2) => Stream::Stderr,
        _ => Stream::Stdout,
    };
    if let Some(bytes) = bytes().filter(|it| !it.is_empty()) {
        state::with(|recorder| {
            recorder.on_this_thread();
            recorder.printed(stream, bytes);
        });
    }
}

/// The bytes that a text becomes in a stream.
fn encoded(text: Obj, stream: Obj) -> Option<Vec<u8>> {
    if text.kind_flags() & ffi::Py_TPFLAGS_UNICODE_SUBCLASS == 0 {
        return None;
    }
    let name = |key| CString::new(stream.attr_text(key)).ok();
    let (encoding, errors) = (name(c"encoding")?, name(c"errors")?);
    // SAFETY: a str, and names that end in zero.
    let bytes =
        unsafe { ffi::PyUnicode_AsEncodedString(text.ptr(), encoding.as_ptr(), errors.as_ptr()) };
    // SAFETY: a new reference or null.
    unsafe { Owned::new(bytes).map(|it| it.byte_slice().to_vec()) }
}
