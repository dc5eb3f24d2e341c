//! Views of dicts (`keys()`, `values()`, `items()`) and the proxy around a mapping.
//!
//! A view holds nothing itself. It is written as what the dict behind it holds at that moment, straight
//! from the dict's own table, and changes whenever the dict does.

#![expect(unsafe_code, reason = "reads what a view stands for")]

use crate::{
    bytes::put_u64,
    object::{Obj, kind},
    opaque,
    trail::Check,
    value::tag,
    values::{Count, Encoder, ordered_keys},
};
use pyo3::ffi::{self, PyObject};

/// Where a view or proxy keeps what it stands for: behind the head of the object.
const BEHIND: usize = 16;

/// What of a dict a view shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Keys,
    Values,
    Items,
}

/// A type of views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    part: Part,
    /// Whether it goes by the order that an `OrderedDict` keeps beside its table.
    ordered: bool,
}

impl View {
    /// The views that a C type of this name makes.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let (ordered, name) = match name.strip_prefix('o') {
            Some(rest) => (true, rest),
            None => (false, name),
        };
        let part = match name {
            "dict_keys" => Part::Keys,
            "dict_values" => Part::Values,
            "dict_items" => Part::Items,
            _ => return None,
        };
        Some(Self { part, ordered })
    }
}

/// The dict behind a view.
pub(crate) fn behind(view: Obj) -> Option<Obj> {
    let dict = opaque::word_at(view, BEHIND as isize)?;
    (dict.kind_flags() & ffi::Py_TPFLAGS_DICT_SUBCLASS != 0).then_some(dict)
}

impl Encoder {
    /// Writes what a view shows of its dict, as a list.
    pub(crate) fn view(
        &mut self,
        view: View,
        (object, dict): (Obj, Obj),
        depth: u32,
        out: &mut Vec<u8>,
    ) {
        let keys = view.ordered.then(|| ordered_keys(dict)).flatten();
        let head = (tag::LIST, object, dict.dict_len());
        self.container(head, depth, out, |this, depth, out| match &keys {
            Some(keys) => {
                let items = keys.iter().filter_map(|it| Some((**it, dict.at(**it)?)));
                this.viewed(view.part, object, items, depth, out)
            }
            None => {
                let items = this.layout.pairs(dict);
                this.viewed(view.part, object, items, depth, out)
            }
        });
    }

    fn viewed(
        &mut self,
        part: Part,
        object: Obj,
        items: impl Iterator<Item = (Obj, Obj)>,
        depth: u32,
        out: &mut Vec<u8>,
    ) -> u64 {
        match part {
            Part::Keys => self.items(items.map(|(key, _)| key), depth, out),
            Part::Values => self.items(items.map(|(_, value)| value), depth, out),
            Part::Items => {
                let mut kept = 0;
                for (key, value) in items.take(self.limits.items) {
                    if self.nodes == 0 {
                        break;
                    }
                    self.nodes -= 1;
                    // There is no such tuple: its id is one that no object has, within the view.
                    let id = object.id() + 1 + kept % 15;
                    self.pair(id, key, value, depth, out);
                    kept += 1;
                }
                kept
            }
        }
    }

    fn pair(&mut self, id: u64, key: Obj, value: Obj, depth: u32, out: &mut Vec<u8>) {
        out.push(tag::TUPLE);
        put_u64(out, id);
        put_u64(out, 2);
        let count = Count::begin(out);
        let items = [key, value].into_iter();
        let kept = match depth.checked_sub(1) {
            Some(depth) => self.items(items, depth, out),
            None => 0,
        };
        count.end(out, kept);
    }

    /// Notes a view or proxy, which `of` is a check of the type of, and what it stands for; whether that
    /// is all there is to note.
    pub(crate) fn note_view(&mut self, at: Obj, of: Check, depth: u32) -> bool {
        // A proxy's mapping is noted where it is written.
        let dict = match at.is(kind!(PyDictProxy_Type)) {
            true => None,
            false => match behind(at) {
                Some(dict) if dict.is(kind!(PyDict_Type)) => Some(dict),
                _ => return false,
            },
        };
        let place = at.ptr() as usize + BEHIND;
        // SAFETY: a word of a living view or proxy.
        let value = unsafe { *(place as *const *mut PyObject) } as usize;
        self.trail.checks.push(of);
        self.trail.checks.push(Check::Word { at: place, value });
        if let Some(dict) = dict {
            self.note_dict(dict, depth);
        }
        true
    }
}
