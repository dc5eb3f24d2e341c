//! Python objects as the recorder sees them: looked at for one event, never kept.
//!
//! An [`Obj`] is made from a pointer that Python lends for the length of a call, while the interpreter
//! lock is held, and does not outlive that call. Its methods rest on that and so are safe to use.
//! None of them runs code of the program: only exact types are asked, and only through C.

#![expect(unsafe_code, reason = "the C API of Python")]

use pyo3::ffi::{self, PyObject, PyTypeObject};
use std::{
    ffi::{CStr, c_char, c_int, c_ulong},
    ops::Deref,
    ptr, slice,
};

unsafe extern "C" {
    fn PyUnicode_AsUTF8AndSize(text: *mut PyObject, size: *mut isize) -> *const c_char;
    fn PyCell_Get(cell: *mut PyObject) -> *mut PyObject;
    fn PyObject_GenericGetDict(object: *mut PyObject, context: *mut PyObject) -> *mut PyObject;
    fn _PyType_Lookup(kind: *mut PyTypeObject, name: *mut PyObject) -> *mut PyObject;
    static mut PyCell_Type: PyTypeObject;
}

/// The address of a static type object.
macro_rules! kind {
    ($name:ident) => {
        (&raw mut pyo3::ffi::$name)
    };
}
pub(crate) use kind;

/// A borrowed object; see the head of the file for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Obj(*mut PyObject);

/// An object this value holds a reference to.
#[derive(Debug)]
pub(crate) struct Owned(Obj);

impl Deref for Owned {
    type Target = Obj;
    fn deref(&self) -> &Obj {
        &self.0
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the reference is ours and the lock is held.
        unsafe { ffi::Py_DECREF(self.0.0) }
    }
}

impl Owned {
    /// Takes over a new reference; `None` (and no Python error left behind) for null.
    ///
    /// # Safety
    /// `object` is null or a reference the caller owns, and the lock is held.
    pub(crate) unsafe fn new(object: *mut PyObject) -> Option<Self> {
        if object.is_null() {
            clear_error();
            return None;
        }
        Some(Self(Obj(object)))
    }

    /// Gives the reference away.
    pub(crate) fn into_ptr(self) -> *mut PyObject {
        let res = self.0.0;
        std::mem::forget(self);
        res
    }
}

/// Forgets a Python error.
pub(crate) fn clear_error() {
    // SAFETY: the lock is held wherever objects are looked at.
    unsafe { ffi::PyErr_Clear() }
}

impl Obj {
    /// `None` for null.
    ///
    /// # Safety
    /// `object` is null or alive for as long as the result is used, and the lock is held.
    #[inline(always)]
    pub(crate) unsafe fn new(object: *mut PyObject) -> Option<Self> {
        (!object.is_null()).then_some(Self(object))
    }

    /// An item that a container lends; `None` for null.
    #[inline(always)]
    pub(crate) fn lent(item: *mut PyObject) -> Option<Self> {
        (!item.is_null()).then_some(Self(item))
    }

    #[inline(always)]
    pub(crate) fn ptr(self) -> *mut PyObject {
        self.0
    }

    #[inline(always)]
    pub(crate) fn id(self) -> u64 {
        self.0 as u64
    }

    /// Holds a reference.
    pub(crate) fn own(self) -> Owned {
        // SAFETY: alive, lock held.
        unsafe { ffi::Py_INCREF(self.0) };
        Owned(self)
    }

    /// Its type.
    #[inline(always)]
    pub(crate) fn kind(self) -> *mut PyTypeObject {
        // SAFETY: alive.
        unsafe { ffi::Py_TYPE(self.0) }
    }

    /// Its type as an object.
    pub(crate) fn kind_object(self) -> Obj {
        Obj(self.kind().cast())
    }

    /// Whether its type is exactly that one.
    #[inline(always)]
    pub(crate) fn is(self, kind: *mut PyTypeObject) -> bool {
        self.kind() == kind
    }

    /// `PyType_GetFlags` of its type.
    pub(crate) fn kind_flags(self) -> c_ulong {
        // SAFETY: the type of a living object lives.
        unsafe { ffi::PyType_GetFlags(self.kind()) }
    }

    /// Whether its type derives from (or is) that one, by the type's own record of its bases.
    pub(crate) fn derives(self, kind: *mut PyTypeObject) -> bool {
        // SAFETY: both are type objects.
        unsafe { ffi::PyType_IsSubtype(self.kind(), kind) != 0 }
    }

    #[inline(always)]
    pub(crate) fn is_none(self) -> bool {
        // SAFETY: a static object.
        self.0 == unsafe { ffi::Py_None() }
    }

    #[inline(always)]
    pub(crate) fn is_true(self) -> bool {
        // SAFETY: a static object.
        self.0 == unsafe { ffi::Py_True() }
    }

    /// An `int` (or subclass) that fits 64 bits.
    #[inline(always)]
    pub(crate) fn int(self) -> Option<i64> {
        let mut overflow: c_int = 0;
        // SAFETY: reads the digits of an int; for what is no int the caller does not ask.
        let res = unsafe { ffi::PyLong_AsLongLongAndOverflow(self.0, &raw mut overflow) };
        (overflow == 0).then_some(res)
    }

    /// A `float` (or subclass).
    #[inline(always)]
    pub(crate) fn float(self) -> f64 {
        // SAFETY: the caller has checked the type, so that this reads a field.
        unsafe { ffi::PyFloat_AsDouble(self.0) }
    }

    /// The text of a `str`, lone surrogates replaced; empty for what is none.
    pub(crate) fn text(self) -> String {
        if self.kind_flags() & ffi::Py_TPFLAGS_UNICODE_SUBCLASS == 0 {
            return String::new();
        }
        let mut size = 0;
        // SAFETY: a str; the bytes belong to it and are copied at once.
        unsafe {
            let bytes = PyUnicode_AsUTF8AndSize(self.0, &raw mut size);
            if !bytes.is_null() {
                let bytes = slice::from_raw_parts(bytes.cast::<u8>(), size as usize);
                return String::from_utf8_lossy(bytes).into_owned();
            }
            clear_error();
            let encoded =
                ffi::PyUnicode_AsEncodedString(self.0, c"utf-8".as_ptr(), c"replace".as_ptr());
            Owned::new(encoded).map_or_else(String::new, |it| {
                String::from_utf8_lossy(it.byte_slice()).into_owned()
            })
        }
    }

    /// The characters of a `str` object known to be ASCII, in place.
    ///
    /// # Safety
    /// It is an ASCII `str` (or subclass), which holds its text as UTF-8; the result is used at once.
    #[inline(always)]
    pub(crate) unsafe fn ascii<'a>(self) -> &'a [u8] {
        let mut size = 0;
        // SAFETY: the caller's word; no second copy is made of an ASCII text.
        unsafe {
            let bytes = PyUnicode_AsUTF8AndSize(self.0, &raw mut size);
            if bytes.is_null() {
                clear_error();
                return &[];
            }
            slice::from_raw_parts(bytes.cast(), size as usize)
        }
    }

    /// The bytes of a `bytes` or `bytearray` (or subclass), to be used at once.
    pub(crate) fn byte_slice<'a>(self) -> &'a [u8] {
        // SAFETY: by its flags a bytes, else asked to be a bytearray; both hold that many bytes.
        unsafe {
            let (bytes, size) = if self.kind_flags() & ffi::Py_TPFLAGS_BYTES_SUBCLASS != 0 {
                (ffi::PyBytes_AsString(self.0), ffi::PyBytes_Size(self.0))
            } else if self.derives(kind!(PyByteArray_Type)) {
                let size = ffi::PyByteArray_Size(self.0);
                (ffi::PyByteArray_AsString(self.0), size)
            } else {
                return &[];
            };
            if bytes.is_null() || size <= 0 {
                return &[];
            }
            slice::from_raw_parts(bytes.cast(), size as usize)
        }
    }

    /// What a cell holds; an object that is no cell is what it is.
    #[inline(always)]
    pub(crate) fn through_cell(self) -> Option<Obj> {
        // SAFETY: a cell keeps its content alive for as long as this event lasts, since no code of the
        // program runs in it; so the new reference can go at once.
        unsafe {
            if self.kind() != (&raw mut PyCell_Type) {
                return Some(self);
            }
            let content = PyCell_Get(self.0);
            if content.is_null() {
                clear_error();
                return None;
            }
            ffi::Py_DECREF(content);
            Some(Obj(content))
        }
    }

    /// The instance dictionary, without asking the object; `None` where its type gives it none.
    pub(crate) fn instance_dict(self) -> Option<Owned> {
        // SAFETY: goes by the type's `tp_dictoffset`, no look-up.
        unsafe { Owned::new(PyObject_GenericGetDict(self.0, ptr::null_mut())) }
    }

    /// An attribute. Only for objects whose attribute access is known to be C.
    pub(crate) fn attr(self, name: &CStr) -> Option<Owned> {
        // SAFETY: lock held, name ends in zero.
        unsafe { Owned::new(ffi::PyObject_GetAttrString(self.0, name.as_ptr())) }
    }

    /// An attribute's text; empty when it has none.
    pub(crate) fn attr_text(self, name: &CStr) -> String {
        self.attr(name).map_or_else(String::new, |it| it.text())
    }

    /// An attribute that is an int.
    pub(crate) fn attr_int(self, name: &CStr) -> i64 {
        let found = self.attr(name).filter(|it| it.is(kind!(PyLong_Type)));
        found.and_then(|it| it.int()).unwrap_or(0)
    }

    /// Sets an attribute; whether that worked.
    pub(crate) fn set_attr(self, name: &CStr, value: Obj) -> bool {
        // SAFETY: lock held, both alive.
        let res = unsafe { ffi::PyObject_SetAttrString(self.0, name.as_ptr(), value.0) };
        if res != 0 {
            clear_error();
        }
        res == 0
    }

    /// Looks a name up along the type's bases, in C and without binding. For type objects.
    pub(crate) fn lookup(self, name: Obj) -> Option<Obj> {
        // SAFETY: the caller has a type object; the result is borrowed from its dictionaries.
        unsafe { Obj::new(_PyType_Lookup(self.0.cast(), name.0)) }
    }

    /// Lets Python give a version to this type: it does so when a name is looked up.
    pub(crate) fn be_versioned(self) {
        if let Some(name) = new_text("__class__") {
            self.lookup(*name);
        }
    }

    /// `repr`, for objects whose `repr` is known to be C.
    pub(crate) fn repr(self) -> Option<String> {
        // SAFETY: the caller knows the type.
        unsafe { Owned::new(ffi::PyObject_Repr(self.0)).map(|it| it.text()) }
    }

    /// `str`, for objects whose `str` is known to be C.
    pub(crate) fn to_str(self) -> Option<String> {
        // SAFETY: the caller knows the type.
        unsafe { Owned::new(ffi::PyObject_Str(self.0)).map(|it| it.text()) }
    }

    /// Calls it with positional arguments; a Python error stays set when this is `None`.
    pub(crate) fn call(self, arguments: &[Obj]) -> Option<Owned> {
        // SAFETY: the tuple takes its own references.
        unsafe {
            let tuple = ffi::PyTuple_New(arguments.len() as isize);
            if tuple.is_null() {
                return None;
            }
            for (index, argument) in arguments.iter().enumerate() {
                ffi::Py_INCREF(argument.0);
                ffi::PyTuple_SetItem(tuple, index as isize, argument.0);
            }
            let res = ffi::PyObject_Call(self.0, tuple, ptr::null_mut());
            ffi::Py_DECREF(tuple);
            (!res.is_null()).then(|| Owned(Obj(res)))
        }
    }
}

/// A new `str`; `None` when Python is out of memory.
pub(crate) fn new_text(text: &str) -> Option<Owned> {
    // SAFETY: the bytes are UTF-8 of that length.
    unsafe {
        Owned::new(ffi::PyUnicode_FromStringAndSize(
            text.as_ptr().cast(),
            text.len() as isize,
        ))
    }
}

/// A new `int`.
pub(crate) fn new_int(value: i64) -> Option<Owned> {
    // SAFETY: lock held.
    unsafe { Owned::new(ffi::PyLong_FromLongLong(value)) }
}

/// A module by name, importing it if need be. Runs Python code.
pub(crate) fn import(name: &CStr) -> Option<Owned> {
    // SAFETY: lock held.
    unsafe { Owned::new(ffi::PyImport_ImportModule(name.as_ptr())) }
}
