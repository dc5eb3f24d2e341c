//! What the recorder knows of a type: how its objects are shown without asking them.

use crate::{
    arrays,
    layout::Layout,
    object::{Obj, Owned, kind, new_text},
    opaque::{self, How},
    tables,
    views::View,
};
use pyo3::ffi;
use std::{collections::HashMap, rc::Rc};

/// How objects of a type are written down.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// By a text.
    Opaque(How),
    /// As a member of an enumeration.
    Enum,
    /// By the arguments it was made with.
    Exception,
    /// By these fields, in the order of its items.
    NamedTuple(Vec<String>),
    /// By what its built-in base type holds, and its attributes.
    Holder(Inner),
    /// By what the dict behind it holds.
    View(View),
    /// By the mapping behind it.
    Proxy,
    /// By the numbers it holds.
    Array,
    /// By the columns it holds.
    Table,
    /// By its attributes.
    Plain,
}

/// The built-in type an object's type derives from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inner {
    List,
    Tuple,
    Set,
    Dict,
    DefaultDict,
    Ordered,
    Deque,
    Int,
    Float,
    Str,
    Bytes,
    ByteArray,
}

/// Where a member of a built-in base is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Before what the object holds, without a name.
    Before,
    /// After it, by its name.
    After,
}

impl Inner {
    /// The type of `collections` it stands for.
    pub(crate) fn collection(self) -> Option<&'static str> {
        Some(match self {
            Self::DefaultDict => "defaultdict",
            Self::Ordered => "OrderedDict",
            Self::Deque => "deque",
            _ => return None,
        })
    }

    /// A member that belongs to what is shown.
    pub(crate) fn member(self) -> Option<(Place, &'static str)> {
        Some(match self {
            Self::DefaultDict => (Place::Before, "default_factory"),
            Self::Deque => (Place::After, "maxlen"),
            _ => return None,
        })
    }
}

/// A type, as far as it matters here.
#[derive(Debug)]
pub(crate) struct Shown {
    /// As `repr` would show it.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Names declared in `__slots__`, with their offsets in the object.
    pub(crate) slots: Vec<(String, isize)>,
    /// Whether its objects have a dictionary that is the program's.
    pub(crate) has_dict: bool,
    /// Where an object keeps its dictionary, in bytes from its start; 0 when that is not known.
    pub(crate) dict_at: isize,
}

/// The attributes an object itself holds; see [`Shown::attributes`].
pub(crate) struct Attributes {
    slots: Vec<(String, Obj)>,
    dict: Option<Owned>,
}

impl Attributes {
    /// Slots, bases first, then the dictionary in its order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (String, Obj)> {
        let dict = self.dict.iter().flat_map(|it| it.dict());
        let named =
            |(key, value): (Obj, Obj)| key.is(kind!(PyUnicode_Type)).then(|| (key.text(), value));
        self.slots.iter().cloned().chain(dict.filter_map(named))
    }
}

impl Shown {
    /// Reads them from the object's memory and dictionary; no look-up, no property, no `__getattr__`.
    pub(crate) fn attributes(&self, object: Obj) -> Attributes {
        let slot = |(name, offset): &(String, isize)| {
            Some((name.clone(), opaque::word_at(object, *offset)?))
        };
        Attributes {
            slots: self.slots.iter().filter_map(slot).collect(),
            dict: self.has_dict.then(|| object.instance_dict()).flatten(),
        }
    }
}

/// Types already described. An entry holds for one version of one type only.
#[derive(Debug, Default)]
pub(crate) struct Kinds(HashMap<usize, (u32, Rc<Shown>)>);

impl Kinds {
    /// How to show `object`.
    pub(crate) fn of(&mut self, object: Obj, layout: &Layout) -> Rc<Shown> {
        let at = object.kind() as usize;
        if let Some(version) = layout.version(object.kind())
            && let Some((known, shown)) = self.0.get(&at)
            && *known == version
        {
            return shown.clone();
        }
        let shown = Rc::new(describe(object, layout));
        object.kind_object().be_versioned();
        if let Some(version) = layout.version(object.kind()) {
            self.0.insert(at, (version, shown.clone()));
        }
        shown
    }
}

fn describe(object: Obj, layout: &Layout) -> Shown {
    let of = object.kind_object();
    let flags = object.kind_flags();
    let (module, qualname) = (type_text(of, "__module__"), type_text(of, "__qualname__"));
    let builtin = is_builtin(flags);
    let full = match module.as_str() {
        "" | "builtins" => qualname.clone(),
        module => format!("{module}.{qualname}"),
    };
    let kind = kind_of(object, flags, builtin.then_some(full.as_str()));
    let name = match &kind {
        Kind::Plain if full == "types.SimpleNamespace" => "namespace".into(),
        Kind::Plain | Kind::NamedTuple(_) if builtin => full.clone(),
        _ => qualname,
    };
    let own = !builtin || full == "types.SimpleNamespace";
    Shown {
        name,
        kind,
        slots: if builtin { Vec::new() } else { slots(of) },
        has_dict: own && object.instance_dict().is_some(),
        dict_at: dict_at(of, flags, layout),
    }
}

/// Where objects of a type may keep their dictionary.
fn dict_at(of: Obj, flags: std::ffi::c_ulong, layout: &Layout) -> isize {
    /// From 3.11 on: it stands in front of the object.
    const MANAGED: std::ffi::c_ulong = 1 << 4;
    if 11 <= layout.minor && flags & MANAGED != 0 {
        return -24;
    }
    let offset = type_attr(of, "__dictoffset__").and_then(|it| it.int());
    offset.unwrap_or(0).max(0) as isize
}

/// Whether a type is made in C, where the program cannot have changed it.
fn is_builtin(flags: std::ffi::c_ulong) -> bool {
    const IMMUTABLE: std::ffi::c_ulong = 1 << 8;
    flags & ffi::Py_TPFLAGS_HEAPTYPE == 0 || flags & IMMUTABLE != 0
}

fn kind_of(object: Obj, flags: std::ffi::c_ulong, builtin: Option<&str>) -> Kind {
    if flags & ffi::Py_TPFLAGS_TYPE_SUBCLASS != 0 {
        return Kind::Opaque(How::Type);
    }
    if let Some(how) = How::of(object, builtin) {
        return Kind::Opaque(how);
    }
    if let Some(view) = builtin.and_then(View::named) {
        return Kind::View(view);
    }
    if object.is(kind!(PyDictProxy_Type)) {
        return Kind::Proxy;
    }
    if arrays::is_array(object.kind_object()) {
        return Kind::Array;
    }
    if tables::is_table(object.kind_object()) {
        return Kind::Table;
    }
    if is_enumeration(object.kind_object()) {
        return Kind::Enum;
    }
    if flags & ffi::Py_TPFLAGS_BASE_EXC_SUBCLASS != 0 {
        return Kind::Exception;
    }
    if flags & ffi::Py_TPFLAGS_TUPLE_SUBCLASS != 0 {
        let names = field_names(object, builtin.is_some());
        return names.map_or(Kind::Holder(Inner::Tuple), Kind::NamedTuple);
    }
    holder(object, flags).map_or(Kind::Plain, Kind::Holder)
}

fn holder(object: Obj, flags: std::ffi::c_ulong) -> Option<Inner> {
    let by_flag = [
        (ffi::Py_TPFLAGS_LONG_SUBCLASS, Inner::Int),
        (ffi::Py_TPFLAGS_LIST_SUBCLASS, Inner::List),
        (ffi::Py_TPFLAGS_BYTES_SUBCLASS, Inner::Bytes),
        (ffi::Py_TPFLAGS_UNICODE_SUBCLASS, Inner::Str),
    ];
    let by_type = [
        (kind!(PyFloat_Type), Inner::Float),
        (kind!(PySet_Type), Inner::Set),
        (kind!(PyFrozenSet_Type), Inner::Set),
        (kind!(PyByteArray_Type), Inner::ByteArray),
    ];
    if let Some((_, inner)) = by_flag.iter().find(|(it, _)| flags & it != 0) {
        return Some(*inner);
    }
    if let Some((_, inner)) = by_type.iter().find(|(it, _)| object.derives(*it)) {
        return Some(*inner);
    }
    let of = object.kind_object();
    let derives = |name: &str| built_in_base(of, name).is_some();
    if flags & ffi::Py_TPFLAGS_DICT_SUBCLASS != 0 {
        return Some(match () {
            () if derives("defaultdict") => Inner::DefaultDict,
            () if derives("OrderedDict") => Inner::Ordered,
            () => Inner::Dict,
        });
    }
    derives("deque").then_some(Inner::Deque)
}

/// A type of `collections` that is made in C, among the bases of a type.
pub(crate) fn built_in_base(of: Obj, name: &str) -> Option<Owned> {
    bases(of).tuple().find_map(|it| {
        let flags = opaque::type_flags(it);
        let found = is_builtin(flags)
            && type_text(it, "__qualname__") == name
            && type_text(it, "__module__") == "collections";
        found.then(|| it.own())
    })
}

fn is_enumeration(of: Obj) -> bool {
    of.kind() != kind!(PyType_Type)
        && bases(of.kind_object()).tuple().any(|it| {
            let name = type_text(it, "__qualname__");
            (name == "EnumMeta" || name == "EnumType") && type_text(it, "__module__") == "enum"
        })
}

/// The names of a named tuple's items, from the type and not from the object.
fn field_names(object: Obj, builtin: bool) -> Option<Vec<String>> {
    let key = new_text(if builtin { "__match_args__" } else { "_fields" })?;
    let names = object.kind_object().lookup(*key)?;
    let exact = names.is(kind!(PyTuple_Type))
        && names.tuple_len() == object.tuple_len()
        && names.tuple().all(|it| it.is(kind!(PyUnicode_Type)));
    exact.then(|| names.tuple().map(Obj::text).collect())
}

/// What `__slots__` made, bases first. Dictionaries of C types are not looked into.
fn slots(of: Obj) -> Vec<(String, isize)> {
    let bases = bases(of);
    let mut res = Vec::new();
    for base in bases.tuple().collect::<Vec<_>>().into_iter().rev() {
        if is_builtin(opaque::type_flags(base)) {
            continue;
        }
        let Some(names) = type_attr(base, "__dict__") else {
            continue;
        };
        // A view; its own dictionary is what the type holds.
        for (name, descriptor) in opaque::behind_view(*names).iter().flat_map(|it| it.dict()) {
            if let Some(offset) = opaque::slot_offset(descriptor) {
                res.push((name.text(), offset));
            }
        }
    }
    res
}

/// The type and its bases in the order of look-ups.
fn bases(of: Obj) -> Bases {
    Bases(type_attr(of, "__mro__"))
}

struct Bases(Option<Owned>);

impl Bases {
    fn tuple(&self) -> impl Iterator<Item = Obj> {
        self.0.iter().flat_map(|it| it.tuple())
    }
}

/// What `type` itself says of a type object, whatever its metaclass would.
pub(crate) fn type_attr(of: Obj, name: &str) -> Option<Owned> {
    let name = new_text(name)?;
    let descriptor = opaque::type_type().lookup(*name)?;
    let get = descriptor.attr(c"__get__")?;
    let res = get.call(&[of]);
    crate::object::clear_error();
    res
}

/// As [`type_attr`], for texts; empty when it is none.
pub(crate) fn type_text(of: Obj, name: &str) -> String {
    type_attr(of, name).map_or_else(String::new, |it| it.text())
}
