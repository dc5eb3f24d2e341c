//! Items of dicts, read from their tables where these were proven to be laid out as expected.

#![expect(unsafe_code, reason = "reads interpreter structures")]

use crate::{
    containers::DictItems,
    layout::Layout,
    object::{Obj, Owned, kind, new_int, new_text},
};
use pyo3::ffi::{self, PyObject};

/// Keys and values of a dict in its own order, to be used at once.
pub(crate) enum Pairs {
    /// Entries from there on: how many, and how many words each has.
    Table(*const *mut PyObject, usize, usize),
    /// Asked for one by one.
    Asked(DictItems),
}

impl Iterator for Pairs {
    type Item = (Obj, Obj);

    #[inline(always)]
    fn next(&mut self) -> Option<(Obj, Obj)> {
        let (at, left, step) = match self {
            Self::Asked(items) => return items.next(),
            Self::Table(at, left, step) => (at, left, *step),
        };
        while *left != 0 {
            // SAFETY: so many entries of so many words, of which the last two are key and value. Nothing
            // changes the dict meanwhile, as no code of the program runs.
            let (key, value) = unsafe {
                let entry = *at;
                *at = entry.add(step);
                (*entry.add(step - 2), *entry.add(step - 1))
            };
            *left -= 1;
            if let (Some(key), Some(value)) = (Obj::lent(key), Obj::lent(value)) {
                return Some((key, value));
            }
        }
        None
    }
}

impl Layout {
    /// The items of a dict (or an object of a type derived from it).
    #[inline(always)]
    pub(crate) fn pairs(&self, dict: Obj) -> Pairs {
        if !self.tables || !dict.is(kind!(PyDict_Type)) {
            return Pairs::Asked(dict.dict());
        }
        // SAFETY: an exact dict: keys and shared values stand behind count and version. The keys start
        // with counts and sizes, then comes an index, then the entries.
        unsafe {
            let at = dict.ptr().cast::<u8>();
            let (keys, values) = (*at.add(32).cast::<*const u8>(), *at.add(40).cast::<usize>());
            if values != 0 {
                return Pairs::Asked(dict.dict());
            }
            let (head, index, count, step) = match self.minor < 11 {
                true => {
                    let size = *keys.add(8).cast::<usize>();
                    let width = match size {
                        0..=0xff => 1,
                        0x100..=0xffff => 2,
                        0x1_0000..=0xffff_ffff => 4,
                        _ => 8,
                    };
                    (40, size * width, *keys.add(32).cast::<usize>(), 3)
                }
                false => {
                    let texts = *keys.add(10) != 0;
                    let step = if texts { 2 } else { 3 };
                    (32, 1 << *keys.add(9), *keys.add(24).cast::<usize>(), step)
                }
            };
            Pairs::Table(keys.add(head + index).cast(), count, step)
        }
    }

    /// Compares tables of all widths, of texts and of other keys, with and without gaps.
    pub(crate) fn prove_tables(&self) -> bool {
        let trusting = Self {
            tables: true,
            ..*self
        };
        let proven = |(count, texts): (i64, bool)| {
            // SAFETY: a new dict, filled through the API.
            unsafe {
                let dict = Owned::new(ffi::PyDict_New())?;
                for number in 0..count {
                    let value = new_int(number << 33)?;
                    let key = match texts {
                        true => new_text(&format!("key {number}"))?,
                        false => new_int(number)?,
                    };
                    ffi::PyDict_SetItem(dict.ptr(), key.ptr(), value.ptr());
                    if number % 7 == 3 {
                        ffi::PyDict_DelItem(dict.ptr(), key.ptr());
                    }
                }
                let table = trusting.pairs(*dict);
                let right = matches!(table, Pairs::Table(..)) && table.eq(dict.dict());
                Some(right)
            }
        };
        [
            (0, true),
            (5, true),
            (5, false),
            (40, true),
            (300, true),
            (300, false),
        ]
        .map(proven)
        .iter()
        .all(|it| *it == Some(true))
    }
}
