//! What encoding notes of each kind of value, for [`trail`](crate::trail) to look at later.

use crate::{
    kinds::{Kind, Shown},
    object::{Obj, kind},
    opaque::{self, How},
    quiet::Quiet,
    trail::{Check, Trail, Watch, pairs, words},
    values::Encoder,
};
use std::ops::Range;

impl Encoder {
    /// Appends the encoding of `object`; `trail` becomes that of the object.
    pub(crate) fn watched(&mut self, object: Obj, trail: &mut Trail, out: &mut Vec<u8>) {
        std::mem::swap(&mut self.trail, trail);
        self.trail.clear();
        self.watch = Watch::Loose;
        self.value(object, out);
        self.watch = Watch::Off;
        std::mem::swap(&mut self.trail, trail);
    }

    /// Whether encoding `object` would give `bytes`, with that depth and number of values left, within
    /// the containers of `path`.
    pub(crate) fn gives(
        &mut self,
        object: Obj,
        (depth, nodes): (u32, u32),
        path: &[usize],
        bytes: &[u8],
    ) -> bool {
        let _quiet = Quiet::new(self.layout.minor);
        let mut out = std::mem::take(&mut self.spare);
        out.clear();
        self.path.clear();
        self.path.extend_from_slice(path);
        self.nodes = nodes;
        self.encode(object, depth, &mut out);
        let res = out == bytes;
        self.spare = out;
        res
    }

    /// Lets `write` encode what only encoding it again can check.
    pub(crate) fn again(
        &mut self,
        object: Obj,
        (depth, nodes): (u32, u32),
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Self, Obj, u32, &mut Vec<u8>),
    ) {
        let (start, around) = (out.len(), self.watch);
        self.watch = Watch::Off;
        write(self, object, depth, out);
        self.watch = around;
        self.note_again(object, (depth, nodes), start..out.len());
    }

    fn note_again(&mut self, at: Obj, (depth, nodes): (u32, u32), bytes: Range<usize>) {
        if self.watch == Watch::Off {
            return;
        }
        let path = self.trail.keep(self.path.iter().copied());
        let bytes = bytes.start as u32..bytes.end as u32;
        self.trail.checks.push(Check::Again {
            at,
            depth,
            nodes,
            path,
            bytes,
        });
    }

    /// Notes an exact int or float.
    #[inline(always)]
    pub(crate) fn hold(&mut self, number: Obj) {
        if self.watch == Watch::Loose {
            self.trail.hold(number);
        }
    }

    /// Notes an exact text whose encoding ends at `end`.
    #[inline]
    pub(crate) fn note_text(&mut self, at: Obj, end: usize) {
        if self.watch != Watch::Loose {
            return;
        }
        if self.layout.plain && self.layout.is_ascii(at) {
            let len = self.layout.text_len(at);
            if self.trail.text(at, len, end - len.min(self.limits.text)) {
                return;
            }
        }
        let check = match self.layout.units(at, self.limits.text) {
            Some((len, form, units)) => Check::Wide {
                at,
                len,
                form,
                units: self.trail.keep(words(units)),
            },
            // It is not told in which form it is; no object has this type.
            None => Check::Kind {
                at,
                kind: 0,
                version: 0,
            },
        };
        self.trail.checks.push(check);
    }

    /// Notes exact `bytes` or `bytearray` whose encoding ends at `end`.
    pub(crate) fn note_bytes(&mut self, at: Obj, mutable: bool, end: usize) {
        if self.watch == Watch::Off || self.watch == Watch::Fixed && !mutable {
            return;
        }
        let len = at.byte_slice().len();
        let kept = (end - len.min(self.limits.text)) as u32..end as u32;
        self.trail.checks.push(Check::Bytes {
            at,
            mutable,
            len,
            kept,
        });
    }

    /// Notes a list, and how its items are to be noted; gives back how it was for the list itself.
    #[inline]
    pub(crate) fn note_list(&mut self, at: Obj, depth: u32) -> Watch {
        let around = self.watch;
        if around == Watch::Off {
            return around;
        }
        let items = self.layout.items(at, true);
        let limit = if depth == 0 { 0 } else { self.limits.items };
        let kept = items.iter().take(limit).map(|it| *it as usize);
        let (len, items) = (items.len(), self.trail.keep(kept));
        self.trail.checks.push(Check::List { at, len, items });
        self.watch = Watch::Loose;
        around
    }

    /// Notes a tuple; its items are noted as it is.
    pub(crate) fn note_tuple(&mut self, at: Obj, depth: u32) {
        if self.watch != Watch::Loose {
            return;
        }
        let items = self.layout.items(at, false);
        let limit = if depth == 0 { 0 } else { self.limits.items };
        let kept = items.iter().take(limit).map(|it| *it as usize);
        let (len, items) = (items.len(), self.trail.keep(kept));
        self.trail.checks.push(Check::Tuple {
            at,
            exact: at.is(kind!(PyTuple_Type)),
            len,
            items,
        });
    }

    /// Notes an exact dict, and how what it holds is to be noted; gives back how it was for the dict.
    pub(crate) fn note_dict(&mut self, at: Obj, depth: u32) -> Watch {
        let around = self.watch;
        if around == Watch::Off {
            return around;
        }
        if let Some(version) = self.layout.dict_version(at) {
            self.trail.checks.push(Check::Dict { at, version });
            self.watch = Watch::Fixed;
            return around;
        }
        if let Some((head, words)) = self.layout.inline_values(at) {
            let values = self.trail.keep(words.iter().copied());
            self.trail.checks.push(Check::Inline { at, head, values });
            self.watch = Watch::Loose;
            return around;
        }
        let limit = if depth == 0 { 0 } else { self.limits.items };
        let (len, items) = (at.dict_len(), self.trail.keep(pairs(at).take(2 * limit)));
        self.trail.checks.push(Check::Pairs { at, len, items });
        self.watch = Watch::Loose;
        around
    }

    /// As [`Self::note_dict`], of an exact set; `None` when it has to be encoded again.
    pub(crate) fn note_set(&mut self, at: Obj, depth: u32) -> Option<Watch> {
        let around = self.watch;
        if around == Watch::Off {
            return Some(around);
        }
        if !self.layout.sets {
            return None;
        }
        let limit = if depth == 0 { 0 } else { self.limits.items };
        let items = self.layout.set_items(at).map(|it| it.ptr() as usize);
        let (len, items) = (at.set_len(), self.trail.keep(items.take(limit)));
        self.trail.checks.push(Check::Set { at, len, items });
        self.watch = Watch::Loose;
        Some(around)
    }

    /// Notes an object of no built-in type, and how what it holds is to be noted; whether that is all
    /// there is to note.
    pub(crate) fn note_object(&mut self, shown: &Shown, at: Obj, depth: u32) -> bool {
        if self.watch == Watch::Off {
            return true;
        }
        let version = self.layout.version(at.kind());
        let Some(version) = version.filter(|_| self.layout.dicts) else {
            return false;
        };
        let of = Check::Kind {
            at,
            kind: at.kind() as usize,
            version,
        };
        match &shown.kind {
            Kind::Opaque(How::Type) => self.note_class(at),
            Kind::Opaque(How::Module) => {
                self.trail.checks.push(of);
                self.note_attributes(at, shown.dict_at);
                // Where the module is from is an attribute of an attribute.
                let spec = at.instance_dict().and_then(|it| it.item(c"__spec__"));
                match spec.filter(|it| !it.is_none()) {
                    None => {}
                    Some(spec) => {
                        let kind = spec.kind() as usize;
                        self.trail.checks.push(Check::Kind {
                            at: spec,
                            kind,
                            version: 0,
                        });
                        self.note_attributes(spec, 0);
                    }
                }
                true
            }
            Kind::View(_) | Kind::Proxy => self.note_view(at, of, depth),
            Kind::NamedTuple(_) => {
                self.trail.checks.push(of);
                self.note_tuple(at, depth);
                true
            }
            Kind::Plain | Kind::Enum => {
                self.trail.checks.push(of);
                for (_, offset) in &shown.slots {
                    let value = opaque::word_at(at, *offset).map_or(0, |it| it.ptr() as usize);
                    let at = (at.ptr() as usize).wrapping_add_signed(*offset);
                    self.trail.checks.push(Check::Word { at, value });
                }
                let by_dict = shown.has_dict || matches!(shown.kind, Kind::Enum);
                let fixed =
                    by_dict && self.note_attributes(at, shown.dict_at) && shown.slots.is_empty();
                self.watch = if fixed { Watch::Fixed } else { Watch::Loose };
                true
            }
            Kind::Opaque(_) | Kind::Array | Kind::Table | Kind::Exception | Kind::Holder(_) => {
                false
            }
        }
    }

    /// Notes the dictionary of an instance, which may stand that far from its start; whether it keeps
    /// what it holds as long as it is unchanged.
    fn note_attributes(&mut self, at: Obj, offset: isize) -> bool {
        let Some(dict) = at.instance_dict() else {
            return true;
        };
        let value = dict.ptr() as usize;
        let there = offset != 0 && opaque::word_at(at, offset) == Some(*dict);
        self.trail.checks.push(match there {
            true => Check::Word {
                at: (at.ptr() as usize).wrapping_add_signed(offset),
                value,
            },
            false => Check::DictOf { at, dict: *dict },
        });
        let around = self.watch;
        self.note_dict(*dict, 1);
        let fixed = self.watch == Watch::Fixed;
        self.watch = around;
        fixed
    }

    fn note_class(&mut self, at: Obj) -> bool {
        let version = || self.layout.version(at.ptr().cast());
        if version().is_none() {
            at.be_versioned();
        }
        let (Some(version), true) = (version(), at.is(kind!(PyType_Type))) else {
            return false;
        };
        let Some(name) = self.layout.class_name(at) else {
            return false;
        };
        self.trail.checks.push(Check::Class { at, version });
        if let Some((at, value)) = name {
            self.trail.checks.push(Check::Word { at, value });
        }
        true
    }

    /// Notes a function, whose encoding is `bytes` and ends in its name and `>`.
    pub(crate) fn note_function(&mut self, at: Obj, left: (u32, u32), bytes: Range<usize>) {
        if self.watch == Watch::Off {
            return;
        }
        let name = self.layout.qualname(at);
        let short = |it: &Obj| {
            it.is(kind!(PyUnicode_Type))
                && self.layout.is_ascii(*it)
                && self.layout.ascii(*it).len() <= self.limits.text
        };
        let Some(name) = name.filter(|it| self.layout.plain && short(it)) else {
            return self.note_again(at, left, bytes);
        };
        self.trail.checks.push(Check::Function { at, name });
        // An unchanged dict around the function does not keep its name.
        let around = std::mem::replace(&mut self.watch, Watch::Loose);
        self.note_text(name, bytes.end - 1);
        self.watch = around;
    }
}
