//! Where CPython 3.9 to 3.13 keep what no API shows without side effects, each checked at start.
//!
//! Asking a frame for `f_locals` changes the program on 3.12 and older, and costs several times more
//! than the whole event. So locals are read where the interpreter keeps them. Every offset here is
//! proven on a frame with known contents before it is used; what fails is read the slow way.

#![expect(unsafe_code, reason = "reads interpreter structures")]

use crate::object::{Obj, Owned, kind, new_int, new_text};
use pyo3::ffi::{self, PyObject, PyTypeObject};
use std::ffi::c_int;

unsafe extern "C" {
    pub(crate) fn PyFrame_GetCode(frame: *mut PyObject) -> *mut PyObject;
}

/// What was proven.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// 9 to 13.
    pub(crate) minor: u8,
    /// Fast locals can be read in place.
    pub(crate) fast: bool,
    /// The namespace of a module or class body can be read in place.
    pub(crate) namespace: bool,
    /// Whether a `str` is ASCII can be read in place.
    pub(crate) ascii: bool,
    /// Ints of one digit, items of lists and tuples, and ASCII text can be read in place.
    pub(crate) plain: bool,
    /// Types carry a version that changes whenever they do.
    pub(crate) versions: bool,
    /// Dicts do, too.
    pub(crate) dicts: bool,
    /// Values that lie within an object can be read in place.
    pub(crate) inline: bool,
    /// The table of a dict can be read in place.
    pub(crate) tables: bool,
    /// The table of a set can be read in place.
    pub(crate) sets: bool,
    /// A frame's code can be read in place.
    pub(crate) codes: bool,
    /// The frame that runs can be found without making an object of it.
    pub(crate) running: bool,
    /// Where a frame object keeps whether it wants line events; 0 when that is not known.
    pub(crate) wants_lines: usize,
    /// Where a function keeps its qualified name; 0 when that is not known.
    pub(crate) qualname: usize,
    /// Where a class made by a program keeps its qualified name; 0 when that is not known.
    pub(crate) class_name: usize,
    /// Where a text that is not ASCII keeps its code units; 0 when that is not known.
    pub(crate) units: usize,
}

impl Layout {
    /// Checks everything but frames; see [`Layout::prove_frame`].
    pub(crate) fn new(minor: u8) -> Self {
        let mut res = Self {
            minor,
            fast: false,
            namespace: false,
            ascii: true,
            plain: false,
            versions: true,
            dicts: false,
            codes: false,
            running: false,
            wants_lines: 0,
            qualname: 0,
            class_name: 0,
            units: 0,
            sets: false,
            tables: false,
            inline: false,
        };
        let plain = new_text("plain").zip(new_text("naïve"));
        res.ascii =
            plain.is_some_and(|(plain, accent)| res.is_ascii(*plain) && !res.is_ascii(*accent));
        res.plain = res.ascii && res.prove_plain();
        res.versions = res.prove_versions();
        res.plain = res.plain && res.prove_float();
        res.prove_objects();
        res
    }

    /// Checks frames on one that runs now and whose second and third fast locals are these.
    pub(crate) fn prove_frame(&mut self, frame: Obj, second: Obj, third: Obj) {
        self.fast = true;
        let slots = self.slots(self.key(frame));
        // SAFETY: were the layout another, these would still be words of the interpreter's memory.
        self.fast = unsafe { *slots.add(1) == second.ptr() && *slots.add(2) == third.ptr() };
        if self.fast {
            self.prove_running(frame);
        }
    }

    /// Checks frames on one that runs a module whose dictionary is `globals`.
    pub(crate) fn prove_module(&mut self, frame: Obj, globals: Obj) {
        self.namespace = self.fast && self.namespace_at(self.key(frame)) == Some(globals);
    }

    /// What identifies a frame while it lives: where its locals are found from.
    #[inline(always)]
    pub(crate) fn key(&self, frame: Obj) -> usize {
        if self.minor < 11 || !self.fast {
            return frame.ptr() as usize;
        }
        // SAFETY: `f_frame` follows the head and `f_back`.
        unsafe { *frame.ptr().cast::<u8>().add(24).cast::<usize>() }
    }

    /// The fast locals of a live frame. Only if [`Self::fast`].
    #[inline(always)]
    pub(crate) fn slots(&self, key: usize) -> *const *mut PyObject {
        let at = match self.minor {
            9 => 360,
            10 => 352,
            _ => 72,
        };
        (key + at) as *const *mut PyObject
    }

    /// The namespace of a live frame that runs a module or class body. Only if [`Self::namespace`].
    #[inline(always)]
    pub(crate) fn namespace_at(&self, key: usize) -> Option<Obj> {
        let at = match self.minor {
            9 | 10 => 56,
            11 => 24,
            _ => 40,
        };
        // SAFETY: a live frame; the field is null or a borrowed object.
        unsafe { Obj::new(*((key + at) as *const *mut PyObject)) }
    }

    /// Whether a `str` holds ASCII only; `false` when that cannot be told in place.
    #[inline(always)]
    pub(crate) fn is_ascii(&self, text: Obj) -> bool {
        const COMPACT_ASCII: u32 = 0b110_0000;
        // SAFETY: a str; its state follows head, length and hash.
        let state = unsafe { *text.ptr().cast::<u8>().add(32).cast::<u32>() };
        self.ascii && state & COMPACT_ASCII == COMPACT_ASCII
    }

    /// An int of one digit (30 bits); `None` for a longer one. Only if [`Self::plain`].
    #[inline(always)]
    pub(crate) fn short_int(&self, int: Obj) -> Option<i64> {
        let (word, digit) = self.digit(int);
        self.is_short(int).then(|| self.signed(word, digit))
    }

    /// Of an exact int, the word of sign and length that follows the head, and its first digit.
    #[inline(always)]
    pub(crate) fn digit(&self, int: Obj) -> (usize, u32) {
        // SAFETY: an exact int, which has room for one digit at least.
        unsafe {
            let at = int.ptr().cast::<u8>().add(16);
            (*at.cast::<usize>(), *at.add(8).cast::<u32>())
        }
    }

    /// Whether an exact int has no more than one digit. Only if [`Self::plain`].
    #[inline(always)]
    pub(crate) fn is_short(&self, int: Obj) -> bool {
        let (word, _) = self.digit(int);
        match self.minor < 12 {
            // The length, negative if the number is.
            true => word.wrapping_add(1) < 3,
            // The length from bit 3 on.
            false => word < 16,
        }
    }

    /// The number of that sign and digit; zero's digit may be anything.
    #[inline(always)]
    pub(crate) fn signed(&self, word: usize, digit: u32) -> i64 {
        let sign = match self.minor < 12 {
            true => word as i64,
            // The two lowest bits: 0 for positive, 1 for zero, 2 for negative.
            false => 1 - (word as i64 & 3),
        };
        sign * i64::from(digit)
    }

    /// The items of an exact list or tuple, to be used at once. Only if [`Self::plain`].
    #[inline(always)]
    pub(crate) fn items<'a>(&self, of: Obj, list: bool) -> &'a [*mut PyObject] {
        // SAFETY: a length follows the head; then the items (tuple) or where they are (list).
        unsafe {
            let at = of.ptr().cast::<u8>();
            let len = *at.add(16).cast::<usize>();
            let start = at.add(24).cast::<*mut PyObject>();
            match list {
                _ if len == 0 => &[],
                true => std::slice::from_raw_parts(*start.cast::<*const *mut PyObject>(), len),
                false => std::slice::from_raw_parts(start, len),
            }
        }
    }

    /// The length of an exact `str` in code points. Only if [`Self::plain`].
    #[inline(always)]
    pub(crate) fn text_len(&self, text: Obj) -> usize {
        // SAFETY: the length follows the head.
        unsafe { *text.ptr().cast::<u8>().add(16).cast::<usize>() }
    }

    /// The characters of a `str` that [`Self::is_ascii`], to be used at once. Only if [`Self::plain`].
    #[inline(always)]
    pub(crate) fn ascii<'a>(&self, text: Obj) -> &'a [u8] {
        // SAFETY: a compact ASCII str: its length follows the head, its characters the structure.
        unsafe {
            let at = text.ptr().cast::<u8>();
            let start = at.add(if self.minor < 12 { 48 } else { 40 });
            std::slice::from_raw_parts(start, self.text_len(text))
        }
    }

    fn prove_plain(&self) -> bool {
        let numbers = [0, 1, -1, 7, -300, 1 << 20, (1 << 30) - 1, 1 - (1 << 30)];
        let ints = numbers
            .iter()
            .all(|&number| new_int(number).is_some_and(|it| self.short_int(*it) == Some(number)));
        let long = new_int(1 << 30).is_some_and(|it| self.short_int(*it).is_none());
        let text = new_text("some text").is_some_and(|it| self.ascii(*it) == b"some text");
        let (first, second) = (new_text("first"), new_text("second"));
        let Some((first, second)) = first.zip(second) else {
            return false;
        };
        let expected = [first.ptr(), second.ptr()];
        // SAFETY: new containers; appending and packing take references of their own.
        let items = unsafe {
            let tuple = Owned::new(ffi::PyTuple_Pack(2, first.ptr(), second.ptr()));
            let list = Owned::new(ffi::PyList_New(0));
            if let Some(list) = &list {
                ffi::PyList_Append(list.ptr(), first.ptr());
                ffi::PyList_Append(list.ptr(), second.ptr());
            }
            list.is_some_and(|it| self.items(*it, true) == expected)
                && tuple.is_some_and(|it| self.items(*it, false) == expected)
        };
        ints && long && text && items
    }

    /// A number that no other state of any type has; `None` when Python has given none.
    pub(crate) fn version(&self, kind: *mut PyTypeObject) -> Option<u32> {
        if !self.versions {
            return None;
        }
        // SAFETY: a type object; the field follows `tp_del`.
        let res = unsafe { *kind.cast::<u8>().add(384).cast::<u32>() };
        (res != 0).then_some(res)
    }

    fn prove_versions(&self) -> bool {
        let Some(name) = new_text("__repr__") else {
            return false;
        };
        let kinds = [
            kind!(PyLong_Type),
            kind!(PyList_Type),
            kind!(PyUnicode_Type),
        ];
        let versions = kinds.map(|kind| {
            // SAFETY: static types. Looking a name up is what makes Python give a version.
            unsafe { Obj::new(kind.cast()) }.map(|it| it.lookup(*name));
            self.version(kind)
        });
        let [Some(a), Some(b), Some(c)] = versions else {
            return false;
        };
        a != b && b != c && a != c && a.max(b).max(c) < 1 << 24
    }
}

/// Takes our own frame, and the depth it adds, out of the program's sight while it is alive.
///
/// To a program that asks for its callers, or recurses to the limit, it then looks as if Python had
/// started it directly.
pub(crate) struct Hidden {
    undo: Vec<(*mut u8, usize)>,
    depth: Option<(*mut c_int, c_int)>,
}

impl Hidden {
    /// Hides the frame that runs now. Where the interpreter is not laid out as expected, hides less.
    pub(crate) fn current(layout: &Layout, recursion_limit: c_int) -> Self {
        let mut res = Self {
            undo: Vec::new(),
            depth: None,
        };
        // SAFETY: every word that is changed was first seen to hold what the layout says, belongs to
        // this thread, and is put back before the interpreter looks at it again.
        unsafe {
            let thread = ffi::PyThreadState_Get().cast::<u8>();
            let frame = ffi::PyEval_GetFrame().cast::<PyObject>();
            let Some(frame) = Obj::new(frame) else {
                return res;
            };
            if layout.minor < 11 {
                let current = thread.add(24);
                if *current.cast::<usize>() == frame.ptr() as usize {
                    res.put(current, 0);
                }
            } else if layout.fast {
                let inner = layout.key(frame) as *mut u8;
                let code = PyFrame_GetCode(frame.ptr());
                ffi::Py_DECREF(code);
                let next_instruction = inner.add(56);
                let pointed = *next_instruction.cast::<usize>();
                // An instruction pointer before the code's first instruction marks a frame that has
                // not started, which every walk over frames leaves out.
                if (code as usize) < pointed && pointed < code as usize + (1 << 20) {
                    res.put(next_instruction, code as usize);
                }
            }
            if !ffi::PyEval_GetFrame().is_null() {
                res.show();
            }
            res.hide_depth(layout.minor, thread, recursion_limit);
        }
        res
    }

    unsafe fn put(&mut self, at: *mut u8, value: usize) {
        // SAFETY: the caller's.
        unsafe {
            self.undo.push((at, *at.cast::<usize>()));
            *at.cast::<usize>() = value;
        }
    }

    unsafe fn hide_depth(&mut self, minor: u8, thread: *mut u8, limit: c_int) {
        // SAFETY: the caller's; on 3.11 and later what is left stands beside the limit, which is known.
        unsafe {
            let offset = match minor {
                12 => 28,
                13 => 44,
                _ => 32,
            };
            let at = thread.add(offset).cast::<c_int>();
            if minor < 11 {
                if (1..=8).contains(&*at) {
                    self.depth = Some((at, *at));
                    *at = 0;
                }
            } else if *at.add(1) == limit && (limit - 16..limit).contains(&*at) {
                self.depth = Some((at, *at - limit));
                *at = limit;
            }
        }
    }

    fn show(&mut self) {
        for (at, value) in self.undo.drain(..) {
            // SAFETY: what `put` changed, put back.
            unsafe { *at.cast::<usize>() = value };
        }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.show();
        if let Some((at, difference)) = self.depth.take() {
            // SAFETY: what `hide_depth` changed; the program may have left another depth behind.
            unsafe { *at += difference };
        }
    }
}

/// A fast local: `None` when unbound.
#[inline(always)]
pub(crate) fn slot(slots: *const *mut PyObject, at: usize) -> Option<Obj> {
    // SAFETY: `slots` are those of a live frame, `at` comes from its code object.
    unsafe { Obj::new(*slots.add(at)) }
}
