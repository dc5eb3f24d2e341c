//! Names that live in a dictionary: those of module and class bodies.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::{
    codes::Code,
    layout::Layout,
    locals::{Slot, Values},
    names::Names,
    object::{Obj, Owned, clear_error, kind},
};
use pyo3::ffi;

/// The names of one frame, in the order they were first met.
#[derive(Debug, Default)]
pub(crate) struct Namespace {
    names: Vec<Named>,
    round: u32,
    /// The dictionary and its version when it was last looked through; 0 when that says nothing.
    dict: (usize, u64),
    /// Those of `names` that can be something else although the dictionary is as it was.
    loose: Vec<usize>,
}

#[derive(Debug)]
struct Named {
    /// Where its key was last time: a hint, as addresses are used again.
    key: usize,
    text: Box<str>,
    id: u32,
    slot: Slot,
    /// The last round in which it was bound.
    seen: u32,
}

impl Namespace {
    /// Forgets all names.
    pub(crate) fn clear(&mut self) {
        self.names.clear();
        self.dict = (0, 0);
    }

    /// Appends what changed; how many writes that is. `key` and `object` are the frame's.
    pub(crate) fn update(
        &mut self,
        (key, object): (usize, usize),
        code: &Code,
        layout: &Layout,
        values: &mut Values,
        names: &mut Names,
        out: &mut Vec<u8>,
    ) -> u64 {
        let owned;
        let dict = if layout.namespace {
            layout.namespace_at(key)
        } else {
            owned = slow_locals(object);
            owned.as_deref().copied()
        };
        let Some(dict) = dict else {
            return 0;
        };
        let seen = (dict.ptr() as usize, layout.dict_version(dict).unwrap_or(0));
        if self.dict == seen && seen.1 != 0 {
            let mut written = 0;
            for &at in &self.loose {
                let Named { id, slot, .. } = &mut self.names[at];
                written += u64::from(slot.look(*id, values, out));
            }
            return written;
        }
        // What a comprehension binds stands in front of the body's own name until it is over.
        let hidden: Vec<_> = match layout.fast && !code.locals.is_empty() {
            true => bound(layout, key, code).collect(),
            false => Vec::new(),
        };
        self.round = self.round.wrapping_add(1);
        let (mut written, mut expected) = (0, 0);
        for (key, value) in layout.pairs(dict) {
            if !key.is(kind!(PyUnicode_Type)) {
                continue;
            }
            let Some(at) = self.find(key, expected, layout, names) else {
                continue;
            };
            expected = at + 1;
            let named = &mut self.names[at];
            named.seen = self.round;
            if hidden.iter().any(|(id, _, _)| *id == named.id) {
                continue;
            }
            written += u64::from(named.slot.update(named.id, Some(value), values, out));
        }
        for (id, name, value) in hidden {
            let known = self.names.iter().position(|it| it.id == id);
            let at = known.unwrap_or_else(|| self.add(0, name, id));
            self.names[at].seen = self.round;
            written += u64::from(self.names[at].slot.update(id, Some(value), values, out));
        }
        for named in &mut self.names {
            if named.seen != self.round && !named.slot.is_unbound() {
                written += u64::from(named.slot.update(named.id, None, values, out));
            }
        }
        let slots = layout.fast && !code.locals.is_empty();
        self.dict = if slots || !dict.is(kind!(PyDict_Type)) {
            (0, 0)
        } else {
            seen
        };
        self.loose.clear();
        let loose = self
            .names
            .iter()
            .enumerate()
            .filter(|(_, it)| !it.slot.is_fixed());
        self.loose.extend(loose.map(|(at, _)| at));
        written
    }

    /// Where a name stands, added if it is new; `None` for Python's own. `expected` is tried first.
    fn find(
        &mut self,
        key: Obj,
        expected: usize,
        layout: &Layout,
        names: &mut Names,
    ) -> Option<usize> {
        let address = key.ptr() as usize;
        if let Some(named) = self.names.get(expected)
            && named.key == address
            && ascii(key, layout).is_some_and(|it| it == named.text.as_bytes())
        {
            return Some(expected);
        }
        let own = |it: &[u8]| 4 <= it.len() && it.starts_with(b"__") && it.ends_with(b"__");
        if ascii(key, layout).is_some_and(own) {
            return None;
        }
        let text = key.text();
        if own(text.as_bytes()) || !crate::codes::is_written(&text) {
            return None;
        }
        if let Some(at) = self.names.iter().position(|it| *it.text == *text) {
            self.names[at].key = address;
            return Some(at);
        }
        Some(self.add(address, &text, names.id(&text)))
    }

    fn add(&mut self, key: usize, text: &str, id: u32) -> usize {
        self.names.push(Named {
            key,
            id,
            text: text.into(),
            slot: Slot::default(),
            seen: 0,
        });
        self.names.len() - 1
    }
}

/// The characters of a `str` if they can be read in place.
#[inline(always)]
fn ascii<'a>(text: Obj, layout: &Layout) -> Option<&'a [u8]> {
    (layout.plain && layout.is_ascii(text)).then(|| layout.ascii(text))
}

/// The names in slots that are bound now.
fn bound<'a>(
    layout: &Layout,
    key: usize,
    code: &'a Code,
) -> impl Iterator<Item = (u32, &'a str, Obj)> {
    let slots = layout.slots(key);
    let all = code.locals.iter().zip(&code.names);
    all.filter_map(move |(local, name)| {
        let now = crate::layout::slot(slots, local.at).and_then(Obj::through_cell)?;
        Some((local.name, name.as_str(), now))
    })
}

/// Reads fast locals through `f_locals`, where the interpreter is laid out unexpectedly.
pub(crate) fn update_slowly(
    object: usize,
    slots: &mut [Slot],
    code: &Code,
    values: &mut Values,
    out: &mut Vec<u8>,
) -> u64 {
    let Some(locals) = slow_locals(object) else {
        return 0;
    };
    let mut written = 0;
    for ((slot, local), name) in slots.iter_mut().zip(&code.locals).zip(&code.names) {
        let key = crate::object::new_text(name);
        let now = key.and_then(|it| locals.at(*it));
        written += u64::from(slot.update(local.name, now, values, out));
    }
    written
}

/// `f_locals` as a dict.
fn slow_locals(object: usize) -> Option<Owned> {
    // SAFETY: the frame object of a frame that runs now.
    let frame = unsafe { Obj::new(object as *mut ffi::PyObject) }?;
    let locals = frame.attr(c"f_locals")?;
    if locals.kind_flags() & ffi::Py_TPFLAGS_DICT_SUBCLASS != 0 {
        return Some(locals);
    }
    if frame.is(kind!(PyDict_Type)) {
        return None;
    }
    // SAFETY: a view of the frame's locals, made in C.
    unsafe {
        let res = Owned::new(ffi::PyDict_New())?;
        if ffi::PyDict_Update(res.ptr(), locals.ptr()) != 0 {
            clear_error();
            return None;
        }
        Some(res)
    }
}
