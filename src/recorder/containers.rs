//! Items of built-in containers, straight from their tables.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::object::{Obj, Owned, clear_error};
use pyo3::ffi::{self, PyObject};
use std::{ffi::CStr, ptr};

impl Obj {
    /// An item of a `dict` (or subclass) by a `str` key.
    pub(crate) fn item(self, key: &CStr) -> Option<Obj> {
        // SAFETY: for a dict, a str key is hashed and compared in C.
        unsafe {
            let key = Owned::new(ffi::PyUnicode_FromString(key.as_ptr()))?;
            let res = ffi::PyDict_GetItemWithError(self.ptr(), key.ptr());
            if res.is_null() {
                clear_error();
            }
            Obj::new(res)
        }
    }

    /// How many items an exact list has.
    #[inline(always)]
    pub(crate) fn list_len(self) -> usize {
        // SAFETY: a list (or subclass): reads a field.
        unsafe { ffi::PyList_Size(self.ptr()).max(0) as usize }
    }

    /// An item of a list, if there is one.
    #[inline(always)]
    pub(crate) fn list_item(self, index: usize) -> Option<Obj> {
        // SAFETY: bounds are checked by the callee.
        unsafe { Obj::new(ffi::PyList_GetItem(self.ptr(), index as isize)) }
    }

    /// How many items a tuple has.
    #[inline(always)]
    pub(crate) fn tuple_len(self) -> usize {
        // SAFETY: a tuple (or subclass): reads a field.
        unsafe { ffi::PyTuple_Size(self.ptr()).max(0) as usize }
    }

    /// An item of a tuple, if there is one.
    #[inline(always)]
    pub(crate) fn tuple_item(self, index: usize) -> Option<Obj> {
        // SAFETY: bounds are checked by the callee.
        unsafe { Obj::new(ffi::PyTuple_GetItem(self.ptr(), index as isize)) }
    }

    /// The items of a tuple; none for what is no tuple.
    pub(crate) fn tuple(self) -> impl Iterator<Item = Obj> {
        let tuple = self.kind_flags() & ffi::Py_TPFLAGS_TUPLE_SUBCLASS != 0;
        let len = if tuple { self.tuple_len() } else { 0 };
        (0..len).filter_map(move |it| self.tuple_item(it))
    }

    /// The items of a `dict` (or subclass) in its own order, straight from its table.
    #[inline(always)]
    pub(crate) fn dict(self) -> DictItems {
        let dict = self.kind_flags() & ffi::Py_TPFLAGS_DICT_SUBCLASS != 0;
        DictItems {
            dict: dict.then_some(self.ptr()),
            at: 0,
        }
    }

    /// How many items a `dict` (or subclass) has.
    pub(crate) fn dict_len(self) -> usize {
        // SAFETY: a dict: reads a field.
        unsafe { ffi::PyDict_Size(self.ptr()).max(0) as usize }
    }

    /// How many items a set or frozenset (or subclass) has.
    pub(crate) fn set_len(self) -> usize {
        // SAFETY: reads a field; -1 for what is no set.
        let len = unsafe { ffi::PySet_Size(self.ptr()) };
        if len < 0 {
            clear_error();
        }
        len.max(0) as usize
    }

    /// Iterates an object whose iterator is known to be C.
    pub(crate) fn iterate(self) -> Option<Items> {
        // SAFETY: the caller knows the type.
        unsafe { Owned::new(ffi::PyObject_GetIter(self.ptr())).map(Items::new) }
    }

    /// An item of a `dict` (or subclass) by a key whose hash and comparison are C.
    pub(crate) fn at(self, key: Obj) -> Option<Obj> {
        // SAFETY: lock held; the result is borrowed from the dict.
        unsafe {
            let res = ffi::PyDict_GetItemWithError(self.ptr(), key.ptr());
            if res.is_null() {
                clear_error();
            }
            Obj::new(res)
        }
    }
}

/// The items of a dict; see [`Obj::dict`].
pub(crate) struct DictItems {
    dict: Option<*mut PyObject>,
    at: isize,
}

impl Iterator for DictItems {
    type Item = (Obj, Obj);
    #[inline(always)]
    fn next(&mut self) -> Option<(Obj, Obj)> {
        let (mut key, mut value) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: a dict by its flags; nothing changes it meanwhile, as no code of the program runs.
        unsafe {
            if ffi::PyDict_Next(self.dict?, &raw mut self.at, &raw mut key, &raw mut value) == 0 {
                return None;
            }
        }
        // SAFETY: lent by the dict for as long as nothing changes it.
        unsafe { Obj::new(key).zip(Obj::new(value)) }
    }
}

/// The items of an iterator that is C.
pub(crate) struct Items(Owned);

impl Items {
    pub(crate) fn new(iterator: Owned) -> Self {
        Self(iterator)
    }
}

impl Iterator for Items {
    type Item = Owned;
    fn next(&mut self) -> Option<Owned> {
        // SAFETY: an iterator; null ends it, with or without an error.
        unsafe { Owned::new(ffi::PyIter_Next(self.0.ptr())) }
    }
}
