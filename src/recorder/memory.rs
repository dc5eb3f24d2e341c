//! More of what [`Layout`] proves: dicts, numbers, functions, and the frame that runs.
//!
//! As there, each place is looked at with known contents before it is relied on.

#![expect(unsafe_code, reason = "reads interpreter structures")]

use crate::{
    layout::{Layout, PyFrame_GetCode},
    object::{Obj, Owned, kind, new_int, new_text},
    opaque,
};
use pyo3::ffi::{self, PyObject};
use std::{ffi::CStr, slice};

unsafe extern "C" {
    fn PyDict_Copy(dict: *mut PyObject) -> *mut PyObject;
}

impl Layout {
    /// A number that no other state of any dict ever has; `None` where a dict can change without it.
    #[inline(always)]
    pub(crate) fn dict_version(&self, dict: Obj) -> Option<u64> {
        // SAFETY: a dict (or subclass): count, version, keys and shared values follow the head.
        let (version, values) = unsafe {
            let at = dict.ptr().cast::<u8>();
            (*at.add(24).cast::<u64>(), *at.add(40).cast::<usize>())
        };
        // From 3.13 on values that lie within an object are written past the dict that shows them.
        let trusted = self.dicts && (self.minor < 13 || values == 0);
        trusted.then_some(version)
    }

    /// Of a dict whose values lie within an object (from 3.13 on): count, keys, where the values are, and
    /// the words there, which hold the values and their order. `None` for any other, and where this was
    /// not proven.
    #[inline]
    pub(crate) fn inline_values<'a>(&self, dict: Obj) -> Option<([usize; 3], &'a [usize])> {
        if !self.inline {
            return None;
        }
        // SAFETY: as above; the values start with how many there is room for, and end in as many bytes
        // of order, filled up to a word.
        unsafe {
            let at = dict.ptr().cast::<u8>();
            let values = *at.add(40).cast::<*const u8>();
            if values.is_null() {
                return None;
            }
            let room = usize::from(*values);
            let head = [*at.add(16).cast(), *at.add(32).cast(), values as usize];
            let words = 1 + room + room.div_ceil(8);
            Some((head, slice::from_raw_parts(values.cast(), words)))
        }
    }

    /// An exact `float`'s value. Only if [`Layout::plain`].
    #[inline(always)]
    pub(crate) fn float(&self, float: Obj) -> f64 {
        // SAFETY: the value follows the head.
        unsafe { *float.ptr().cast::<u8>().add(16).cast::<f64>() }
    }

    /// The code object of the frame with that key; 0 where that cannot be told in place.
    #[inline(always)]
    pub(crate) fn code_at(&self, key: usize) -> usize {
        if !self.codes {
            return 0;
        }
        let at = if self.minor < 12 { 32 } else { 0 };
        // SAFETY: a live frame.
        unsafe { *((key + at) as *const usize) }
    }

    /// The key of the frame that runs. Only if [`Layout::running`].
    #[inline(always)]
    pub(crate) fn running_key(&self) -> usize {
        // SAFETY: the state of this thread, which holds the lock.
        unsafe {
            let thread = ffi::PyThreadState_Get().cast::<u8>();
            match self.minor {
                12 => **thread.add(56).cast::<*const usize>(),
                _ => *thread.add(72).cast::<usize>(),
            }
        }
    }

    /// Tells Python that a frame wants no line events; whether that could be done in place.
    #[inline(always)]
    pub(crate) fn mute(&self, frame: Obj) -> bool {
        if self.wants_lines == 0 {
            return false;
        }
        // SAFETY: a flag of a live frame object.
        unsafe { *frame.ptr().cast::<u8>().add(self.wants_lines) = 0 };
        true
    }

    /// What a function calls itself: an object that the function keeps. Only for exact functions.
    #[inline(always)]
    pub(crate) fn qualname(&self, function: Obj) -> Option<Obj> {
        if self.qualname == 0 {
            return None;
        }
        // SAFETY: a field of a live function, never null.
        unsafe { Obj::new(*function.ptr().cast::<u8>().add(self.qualname).cast()) }
    }

    /// The name of a class that can be given another one: where that stands, and what stands there.
    /// `None` where this is not known.
    pub(crate) fn class_name(&self, class: Obj) -> Option<Option<(usize, usize)>> {
        if opaque::type_flags(class) & ffi::Py_TPFLAGS_HEAPTYPE == 0 {
            return Some(None);
        }
        if self.class_name == 0 {
            return None;
        }
        let at = class.ptr() as usize + self.class_name;
        // SAFETY: a field of a class on the heap.
        Some(Some((at, unsafe { *(at as *const usize) })))
    }

    /// The items of an exact set or frozenset in its own order. Only if [`Layout::sets`].
    #[inline(always)]
    pub(crate) fn set_items(&self, set: Obj) -> impl Iterator<Item = Obj> {
        // SAFETY: the number in use and the mask follow the head and the fill, then the table of keys
        // with their hashes; where the key was deleted the hash is -1.
        let entries = unsafe {
            let at = set.ptr().cast::<u8>();
            let mask = *at.add(32).cast::<usize>();
            slice::from_raw_parts(
                *at.add(40).cast::<*const (*mut PyObject, isize)>(),
                mask + 1,
            )
        };
        let there = entries.iter().filter(|(_, hash)| *hash != -1);
        there.filter_map(|(key, _)| Obj::lent(*key))
    }

    /// Of an exact `str` that is not ASCII: its length in code points, the form of its code units, and
    /// as many of them as `limit` code points take. `None` for one that Python does not keep in one
    /// piece.
    pub(crate) fn units<'a>(&self, text: Obj, limit: usize) -> Option<(usize, u32, &'a [u8])> {
        if self.units == 0 {
            return None;
        }
        // SAFETY: a str: length, hash and state follow the head; if it is compact its units the rest.
        unsafe {
            let at = text.ptr().cast::<u8>();
            let (len, state) = (*at.add(16).cast::<usize>(), *at.add(32).cast::<u32>());
            let form = state & 0b111_1100;
            let width = (form >> 2 & 7) as usize;
            if form & 0b110_0000 != 0b10_0000 || ![1, 2, 4].contains(&width) {
                return None;
            }
            let units = slice::from_raw_parts(at.add(self.units), width * len.min(limit));
            Some((len, form, units))
        }
    }

    /// Proves what is told of dicts, sets, texts and classes.
    pub(crate) fn prove_objects(&mut self) {
        self.dicts = self.plain && self.prove_dicts();
        self.tables = self.plain && self.prove_tables();
        self.sets = self.plain && self.prove_sets().unwrap_or(false);
        if self.plain {
            self.units = if self.minor < 12 { 72 } else { 56 };
            if !self.prove_units().unwrap_or(false) {
                self.units = 0;
            }
            self.class_name = self.find_class_name().unwrap_or(0);
            self.inline = 13 <= self.minor;
            self.inline = self.inline && self.prove_inline().unwrap_or(false);
        }
    }

    fn prove_sets(&self) -> Option<bool> {
        // SAFETY: a new set.
        let set = unsafe { Owned::new(ffi::PySet_New(std::ptr::null_mut()))? };
        let numbers: Vec<_> = (0..9).filter_map(|it| new_int(it << 40)).collect();
        for number in &numbers {
            // SAFETY: a set and an int.
            unsafe { ffi::PySet_Add(set.ptr(), number.ptr()) };
        }
        // SAFETY: as above.
        unsafe { ffi::PySet_Discard(set.ptr(), numbers.get(4)?.ptr()) };
        let found: Vec<_> = self.set_items(*set).collect();
        let expected: Vec<_> = set.iterate()?.map(|it| *it).collect();
        Some(expected.len() == 8 && found == expected)
    }

    fn prove_units(&self) -> Option<bool> {
        let (latin, wide, wider) = (new_text("naïve")?, new_text("日本")?, new_text("a🐍")?);
        let units = |of: &Owned| self.units(**of, 2).map(|(len, _, units)| (len, units));
        let bytes = |of: &[u32]| -> Vec<u8> { of.iter().flat_map(|it| it.to_ne_bytes()).collect() };
        Some(
            units(&latin) == Some((5, b"na"))
                && units(&wide) == Some((2, &[0xe5, 0x65, 0x2c, 0x67]))
                && units(&wider) == Some((2, &bytes(&[0x61, 0x1f40d])))
                && units(&new_text("plain")?).is_none(),
        )
    }

    fn prove_inline(&self) -> Option<bool> {
        // SAFETY: static types and new objects.
        unsafe {
            let (name, bases) = (new_text("A")?, Owned::new(ffi::PyTuple_New(0))?);
            let names = Owned::new(ffi::PyDict_New())?;
            let class = opaque::type_type().call(&[*name, *bases, *names])?;
            let object = class.call(&[])?;
            let (one, two) = (new_int(1 << 40)?, new_int(1 << 41)?);
            let set = object.set_attr(c"one", *one) && object.set_attr(c"two", *two);
            let dict = object.instance_dict()?;
            let ([count, keys, _], words) = self.inline_values(*dict)?;
            let there = words.starts_with(&[words[0], one.ptr() as usize, two.ptr() as usize]);
            let before = words.to_vec();
            let same = self.inline_values(*dict)?.1 == before;
            object.set_attr(c"one", *two);
            let (after, words) = self.inline_values(*dict)?;
            let changed = words[1] == two.ptr() as usize && after == [count, keys, after[2]];
            Some(set && there && same && changed && count == 2)
        }
    }

    /// Makes a class, names it, and looks where in it the name came to stand.
    fn find_class_name(&self) -> Option<usize> {
        // SAFETY: static types and new objects.
        unsafe {
            let (name, bases) = (new_text("A")?, Owned::new(ffi::PyTuple_New(0))?);
            let names = Owned::new(ffi::PyDict_New())?;
            let class = opaque::type_type().call(&[*name, *bases, *names])?;
            let other = new_text("another name")?;
            if !class.set_attr(c"__qualname__", *other) {
                return None;
            }
            let size = opaque::type_type().attr_int(c"__basicsize__") as usize;
            let words = slice::from_raw_parts(class.ptr().cast::<usize>(), size / 8);
            let at = words.iter().position(|it| *it == other.ptr() as usize)?;
            Some(at * 8)
        }
    }

    /// Proves what is told of frames beside their locals on the one that runs.
    pub(crate) fn prove_running(&mut self, frame: Obj) {
        let key = self.key(frame);
        // SAFETY: the frame holds its code object; on a version laid out otherwise the words read are
        // still words of the thread's state.
        unsafe {
            let code = PyFrame_GetCode(frame.ptr());
            ffi::Py_DECREF(code);
            self.codes = true;
            self.codes = self.code_at(key) == code as usize;
        }
        self.running = (12..=13).contains(&self.minor) && self.running_key() == key;
        self.prove_mute(frame);
    }

    fn prove_mute(&mut self, frame: Obj) {
        let at = match self.minor {
            9 => 88,
            10 => 84,
            _ => 44,
        };
        let flag = || {
            // SAFETY: within the frame object of every version.
            unsafe { *frame.ptr().cast::<u8>().add(at) }
        };
        let set = |to: *mut PyObject| {
            // SAFETY: a static object.
            let to = unsafe { Obj::new(to) };
            to.is_some_and(|it| frame.set_attr(c"f_trace_lines", it))
        };
        // SAFETY: static objects.
        let (no, yes) = unsafe { (ffi::Py_False(), ffi::Py_True()) };
        let before = flag();
        let off = set(no) && flag() == 0;
        let on = set(yes) && flag() == 1;
        if before == 1 && off && on {
            self.wants_lines = at;
        }
    }

    /// Proves where a function keeps its name on one that has some.
    pub(crate) fn prove_function(&mut self, function: Obj) {
        let at = if self.minor < 10 { 104 } else { 40 };
        let name = function.attr(c"__qualname__");
        // SAFETY: within the function object of every version.
        let found = unsafe { *function.ptr().cast::<u8>().add(at).cast::<*mut PyObject>() };
        if name.is_some_and(|it| it.ptr() == found) {
            self.qualname = at;
        }
    }

    pub(crate) fn prove_float(&self) -> bool {
        // SAFETY: a new float.
        let float = unsafe { Owned::new(ffi::PyFloat_FromDouble(-1.25e300)) };
        float.is_some_and(|it| it.is(kind!(PyFloat_Type)) && self.float(*it) == -1.25e300)
    }

    /// Every way to change a dict that C offers must change its version, and none be met twice.
    fn prove_dicts(&self) -> bool {
        self.dicts_change().unwrap_or(false)
    }

    fn dicts_change(&self) -> Option<bool> {
        let trusting = Self {
            dicts: true,
            ..*self
        };
        let version = |of: Obj| trusting.dict_version(of);
        // SAFETY: new dicts, changed through the API alone; arguments live.
        unsafe {
            let (first, second) = (
                Owned::new(ffi::PyDict_New())?,
                Owned::new(ffi::PyDict_New())?,
            );
            let (key, one, two) = (new_text("some key")?, new_int(1 << 40)?, new_int(1 << 41)?);
            let mut seen = Vec::new();
            let set = |to: Obj| ffi::PyDict_SetItem(first.ptr(), key.ptr(), to.ptr());
            set(*one);
            seen.push(version(*first)?);
            set(*two);
            seen.push(version(*first)?);
            let call = |name: &CStr, arguments: &[Obj]| first.attr(name)?.call(arguments);
            call(c"setdefault", &[*one, *two])?;
            seen.push(version(*first)?);
            call(c"pop", &[*key])?;
            seen.push(version(*first)?);
            ffi::PyDict_Update(second.ptr(), first.ptr());
            seen.push(version(*second)?);
            ffi::PyDict_SetItem(second.ptr(), key.ptr(), one.ptr());
            seen.push(version(*second)?);
            call(c"update", &[*second])?;
            seen.push(version(*first)?);
            call(c"popitem", &[])?;
            seen.push(version(*first)?);
            ffi::PyDict_Clear(first.ptr());
            seen.push(version(*first)?);
            let copy = Owned::new(PyDict_Copy(second.ptr()))?;
            seen.push(version(*copy)?);
            let quiet = version(*second)?;
            second.at(*key)?;
            let looked = version(*second)? == quiet;
            let count = seen.len();
            seen.sort_unstable();
            seen.dedup();
            Some(looked && seen.len() == count)
        }
    }
}
