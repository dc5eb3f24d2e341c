//! Objects to the bytes of [`value`](crate::value), bounded, without running code of the program.

use crate::{
    bytes::{put_bytes, put_i64, put_u64},
    containers::Items,
    digits,
    kinds::{Kinds, built_in_base},
    layout::Layout,
    object::{Obj, Owned, kind},
    opaque,
    own_repr::OwnRepr,
    quiet::Quiet,
    text::put_text,
    trail::{Trail, Watch},
    value::tag,
};
use pyo3::ffi;

/// How much of a value is written down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Items of one container.
    pub(crate) items: usize,
    /// Containers within containers.
    pub(crate) depth: u32,
    /// Code points of a text, bytes of a `bytes`, digits of an `int`.
    pub(crate) text: usize,
    /// Values within one value, all levels together.
    pub(crate) nodes: u32,
}

/// Encodes values; keeps buffers and what it learned of types between them.
pub(crate) struct Encoder {
    pub(crate) limits: Limits,
    pub(crate) layout: Layout,
    pub(crate) kinds: Kinds,
    /// Containers being encoded, outermost first.
    pub(crate) path: Vec<usize>,
    pub(crate) nodes: u32,
    pub(crate) own_repr: OwnRepr,
    pub(crate) watch: Watch,
    /// What is noted of the value being encoded, unless that is off.
    pub(crate) trail: Trail,
    pub(crate) spare: Vec<u8>,
    characters: Vec<u32>,
}

impl Encoder {
    pub(crate) fn new(limits: Limits, layout: Layout) -> Self {
        Self {
            limits,
            layout,
            kinds: Kinds::default(),
            path: Vec::new(),
            nodes: 0,
            own_repr: OwnRepr::default(),
            watch: Watch::Off,
            trail: Trail::default(),
            spare: Vec::new(),
            characters: Vec::new(),
        }
    }

    /// Appends the encoding of `object`.
    pub(crate) fn value(&mut self, object: Obj, out: &mut Vec<u8>) {
        let _quiet = Quiet::new(self.layout.minor);
        self.nodes = self.limits.nodes;
        self.path.clear();
        self.encode(object, self.limits.depth, out);
    }

    pub(crate) fn encode(&mut self, object: Obj, depth: u32, out: &mut Vec<u8>) {
        let nodes = self.nodes;
        self.nodes = nodes.saturating_sub(1);
        let is = object.kind();
        if is == kind!(PyLong_Type) {
            self.int(object, out);
            self.hold(object);
        } else if is == kind!(PyUnicode_Type) {
            self.string(object, out);
            self.note_text(object, out.len());
        } else if object.is_none() {
            out.push(tag::NONE);
        } else if is == kind!(PyBool_Type) {
            out.push(if object.is_true() {
                tag::TRUE
            } else {
                tag::FALSE
            });
        } else if is == kind!(PyFloat_Type) {
            put_float(object, out);
            self.hold(object);
        } else if is == kind!(PyList_Type) {
            self.list(object, depth, out);
        } else if is == kind!(PyTuple_Type) {
            self.tuple(object, depth, out);
        } else if is == kind!(PyDict_Type) {
            self.dict(object, depth, out);
        } else if is == kind!(PySet_Type) || is == kind!(PyFrozenSet_Type) {
            match self.note_set(object, depth) {
                Some(around) => {
                    self.set(object, depth, out);
                    self.watch = around;
                }
                None => self.again(object, (depth, nodes), out, Self::set),
            }
        } else if is == kind!(PyBytes_Type) || is == kind!(PyByteArray_Type) {
            let mutable = is == kind!(PyByteArray_Type);
            self.bytes(object, mutable, out);
            self.note_bytes(object, mutable, out.len());
        } else {
            self.other(object, (depth, nodes), out);
        }
    }

    #[inline(always)]
    pub(crate) fn int(&mut self, object: Obj, out: &mut Vec<u8>) {
        if self.layout.plain
            && object.is(kind!(PyLong_Type))
            && let Some(value) = self.layout.short_int(object)
        {
            return put_int(value, out);
        }
        self.long_int(object, out);
    }

    fn long_int(&mut self, object: Obj, out: &mut Vec<u8>) {
        if let Some(value) = object.int() {
            return put_int(value, out);
        }
        match digits::of(object, self.limits.text) {
            Some((digits, cut)) => {
                out.push(tag::BIG_INT);
                put_bytes(out, digits.as_bytes());
                put_u64(out, cut);
            }
            None => put_opaque(out, "int", &digits::too_large(object)),
        }
    }

    pub(crate) fn string(&mut self, object: Obj, out: &mut Vec<u8>) {
        out.push(tag::STR);
        let (limit, characters) = (self.limits.text, &mut self.characters);
        put_text(object, &self.layout, limit, characters, out);
    }

    pub(crate) fn bytes(&mut self, object: Obj, mutable: bool, out: &mut Vec<u8>) {
        let bytes = object.byte_slice();
        out.push(if mutable { tag::BYTE_ARRAY } else { tag::BYTES });
        put_u64(out, bytes.len() as u64);
        put_bytes(out, &bytes[..bytes.len().min(self.limits.text)]);
    }

    /// Writes a container: its head, then as many items as the limits let `items` write.
    pub(crate) fn container(
        &mut self,
        (tag, object, len): (u8, Obj, usize),
        depth: u32,
        out: &mut Vec<u8>,
        items: impl FnOnce(&mut Self, u32, &mut Vec<u8>) -> u64,
    ) {
        let id = object.id();
        if self.path.contains(&(id as usize)) {
            out.push(tag::CYCLE);
            put_u64(out, id);
            out.push(tag);
            return;
        }
        out.push(tag);
        put_u64(out, id);
        put_u64(out, len as u64);
        let count = Count::begin(out);
        let mut kept = 0;
        if 0 < depth {
            self.path.push(id as usize);
            kept = items(self, depth - 1, out);
            self.path.pop();
        }
        count.end(out, kept);
    }

    /// Writes items while the limits allow; how many.
    pub(crate) fn items(
        &mut self,
        items: impl Iterator<Item = Obj>,
        depth: u32,
        out: &mut Vec<u8>,
    ) -> u64 {
        let mut kept = 0;
        for item in items.take(self.limits.items) {
            if self.nodes == 0 {
                break;
            }
            if item.is(kind!(PyLong_Type)) {
                self.nodes -= 1;
                self.int(item, out);
                self.hold(item);
            } else {
                self.encode(item, depth, out);
            }
            kept += 1;
        }
        kept
    }

    pub(crate) fn list(&mut self, list: Obj, depth: u32, out: &mut Vec<u8>) {
        let len = list.list_len();
        let plain = self.layout.plain && list.is(kind!(PyList_Type));
        let around = self.note_list(list, depth);
        self.container((tag::LIST, list, len), depth, out, |this, depth, out| {
            if plain {
                return this.run(this.layout.items(list, true), depth, out);
            }
            let items = (0..len).map_while(|it| list.list_item(it));
            this.items(items, depth, out)
        });
        self.watch = around;
    }

    pub(crate) fn tuple(&mut self, tuple: Obj, depth: u32, out: &mut Vec<u8>) {
        let len = tuple.tuple_len();
        let plain = self.layout.plain && tuple.is(kind!(PyTuple_Type));
        self.note_tuple(tuple, depth);
        self.container((tag::TUPLE, tuple, len), depth, out, |this, depth, out| {
            if plain {
                return this.run(this.layout.items(tuple, false), depth, out);
            }
            let items = (0..len).map_while(|it| tuple.tuple_item(it));
            this.items(items, depth, out)
        });
    }

    /// As [`Self::items`], of items in place.
    fn run(&mut self, items: &[*mut ffi::PyObject], depth: u32, out: &mut Vec<u8>) -> u64 {
        let items = items.iter().filter_map(|it| Obj::lent(*it));
        self.items(items, depth, out)
    }

    pub(crate) fn set(&mut self, set: Obj, depth: u32, out: &mut Vec<u8>) {
        let frozen = set.derives(kind!(PyFrozenSet_Type));
        let tag = if frozen { tag::FROZEN_SET } else { tag::SET };
        self.container((tag, set, set.set_len()), depth, out, |this, depth, out| {
            let limit = this.limits.items;
            let mut kept = 0;
            for item in own_items(Some(set_type(frozen)), set).take(limit) {
                if this.nodes == 0 {
                    break;
                }
                this.encode(*item, depth, out);
                kept += 1;
            }
            kept
        });
    }

    pub(crate) fn dict(&mut self, dict: Obj, depth: u32, out: &mut Vec<u8>) {
        let len = dict.dict_len();
        let around = self.note_dict(dict, depth);
        self.container((tag::DICT, dict, len), depth, out, |this, depth, out| {
            this.pairs(this.layout.pairs(dict), depth, out)
        });
        self.watch = around;
    }

    fn pairs(
        &mut self,
        items: impl Iterator<Item = (Obj, Obj)>,
        depth: u32,
        out: &mut Vec<u8>,
    ) -> u64 {
        let mut kept = 0;
        for (key, value) in items.take(self.limits.items) {
            if self.nodes == 0 {
                break;
            }
            self.encode(key, depth, out);
            self.encode(value, depth, out);
            kept += 1;
        }
        kept
    }

    pub(crate) fn deque(&mut self, deque: Obj, depth: u32, out: &mut Vec<u8>) {
        let base = built_in_base(deque.kind_object(), "deque");
        let items: Vec<_> = own_items(base, deque).collect();
        let head = (tag::LIST, deque, items.len());
        self.container(head, depth, out, |this, depth, out| {
            this.items(items.iter().map(|it| **it), depth, out)
        });
    }

    /// An `OrderedDict` keeps its order beside its table; keys that C can look up show it.
    pub(crate) fn ordered(&mut self, dict: Obj, depth: u32, out: &mut Vec<u8>) {
        let Some(keys) = ordered_keys(dict) else {
            return self.dict(dict, depth, out);
        };
        let head = (tag::DICT, dict, keys.len());
        self.container(head, depth, out, |this, depth, out| {
            let items = keys.iter().filter_map(|it| Some((**it, dict.at(**it)?)));
            this.pairs(items, depth, out)
        });
    }
}

/// The keys of an `OrderedDict` in its own order; `None` where its iterator, which looks each of them up,
/// may run the program's code.
pub(crate) fn ordered_keys(dict: Obj) -> Option<Vec<Owned>> {
    let plain = [
        kind!(PyUnicode_Type),
        kind!(PyLong_Type),
        kind!(PyBytes_Type),
    ];
    let all = dict.dict().all(|(key, _)| plain.contains(&key.kind()));
    let base = built_in_base(dict.kind_object(), "OrderedDict");
    all.then(|| own_items(base, dict).collect())
}

/// A count written before what it counts.
pub(crate) struct Count(usize);

impl Count {
    pub(crate) fn begin(out: &mut Vec<u8>) -> Self {
        out.push(0);
        Self(out.len() - 1)
    }

    /// Fills the count in; one past 127 moves what was counted.
    #[inline(always)]
    pub(crate) fn end(self, out: &mut Vec<u8>, count: u64) {
        match count < 0x80 {
            true => out[self.0] = count as u8,
            false => self.end_long(out, count),
        }
    }

    #[cold]
    fn end_long(self, out: &mut Vec<u8>, count: u64) {
        let mut long = Vec::new();
        put_u64(&mut long, count);
        out.splice(self.0..=self.0, long);
    }
}

/// Most ints take a byte or two.
#[inline(always)]
pub(crate) fn put_int(value: i64, out: &mut Vec<u8>) {
    let raw = (value << 1 ^ value >> 63) as u64;
    if raw < 0x80 {
        out.extend_from_slice(&[tag::INT, raw as u8]);
    } else if raw < 0x4000 {
        out.extend_from_slice(&[tag::INT, raw as u8 | 0x80, (raw >> 7) as u8]);
    } else {
        out.push(tag::INT);
        put_i64(out, value);
    }
}

pub(crate) fn put_float(object: Obj, out: &mut Vec<u8>) {
    out.push(tag::FLOAT);
    out.extend_from_slice(&object.float().to_le_bytes());
}

pub(crate) fn put_opaque(out: &mut Vec<u8>, name: &str, text: &str) {
    out.push(tag::OPAQUE);
    put_bytes(out, name.as_bytes());
    put_bytes(out, text.as_bytes());
}

fn set_type(frozen: bool) -> Owned {
    let kind = if frozen {
        kind!(PyFrozenSet_Type)
    } else {
        kind!(PySet_Type)
    };
    opaque::static_type(kind).own()
}

/// Iterates as the built-in base does, whatever a derived type's `__iter__` is.
fn own_items(base: Option<Owned>, object: Obj) -> impl Iterator<Item = Owned> {
    let exact = base.as_ref().is_some_and(|it| **it == object.kind_object());
    let iterator = if exact {
        object.iterate()
    } else {
        let bound = base.and_then(|it| opaque::base_attr(*it, "__iter__", object));
        bound.and_then(|it| it.call(&[])).map(Items::new)
    };
    iterator.into_iter().flatten()
}
