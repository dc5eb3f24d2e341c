//! Functions of ours that Python code can call.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::object::{Obj, Owned};
use pyo3::ffi::{self, PyObject};
use std::{ffi::CStr, panic, ptr};

/// Positional arguments as a tuple, and keyword arguments as a dict if there are any.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arguments {
    pub(crate) positional: Obj,
    pub(crate) named: Option<Obj>,
}

impl Arguments {
    /// Passes them on; an exception stays set when this is `None`.
    pub(crate) fn pass_to(self, function: Obj) -> Option<Owned> {
        let named = self.named.map_or(ptr::null_mut(), Obj::ptr);
        // SAFETY: a tuple, and a dict or null.
        let res = unsafe { ffi::PyObject_Call(function.ptr(), self.positional.ptr(), named) };
        // SAFETY: a new reference; an error must stay, which `Owned::new` would clear.
        unsafe { Obj::new(res).and_then(|it| Owned::new(it.ptr())) }
    }
}

/// The body of a function. `None` with an exception set is that exception; without one, `None`.
pub(crate) type Body = fn(bound: Obj, arguments: Arguments) -> Option<Owned>;

/// Declares a function that Python can call, from a [`Body`].
macro_rules! native {
    ($name:ident, $body:path) => {
        unsafe extern "C" fn $name(
            bound: *mut pyo3::ffi::PyObject,
            positional: *mut pyo3::ffi::PyObject,
            named: *mut pyo3::ffi::PyObject,
        ) -> *mut pyo3::ffi::PyObject {
            crate::native::enter($body, bound, positional, named)
        }
    };
}
pub(crate) use native;

pub(crate) fn enter(
    body: Body,
    bound: *mut PyObject,
    positional: *mut PyObject,
    named: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: Python lends all three for this call.
    let (bound, positional, named) =
        unsafe { (Obj::new(bound), Obj::new(positional), Obj::new(named)) };
    let run = || {
        let arguments = Arguments {
            positional: positional?,
            named,
        };
        body(bound?, arguments)
    };
    match panic::catch_unwind(panic::AssertUnwindSafe(run)) {
        Ok(Some(res)) => res.into_ptr(),
        // SAFETY: the lock is held.
        _ if unsafe { !ffi::PyErr_Occurred().is_null() } => ptr::null_mut(),
        _ => none().into_ptr(),
    }
}

/// `None`.
pub(crate) fn none() -> Owned {
    // SAFETY: a static object.
    unsafe { Obj::new(ffi::Py_None()) }
        .expect("None exists")
        .own()
}

pub(crate) type Entry =
    unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject;

/// A function object that hands `bound` to its body.
pub(crate) fn function(name: &'static CStr, entry: Entry, bound: Obj) -> Option<Owned> {
    // Python keeps the definition for as long as the function lives, which may be for ever.
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunctionWithKeywords: entry,
        },
        ml_flags: ffi::METH_VARARGS | ffi::METH_KEYWORDS,
        ml_doc: ptr::null(),
    }));
    // SAFETY: the definition lives for ever.
    unsafe {
        Owned::new(ffi::PyCFunction_NewEx(
            definition,
            bound.ptr(),
            ptr::null_mut(),
        ))
    }
}
