//! Values that are best shown by a text: functions, types, modules, dates, patterns.
//!
//! The text is what `repr` gives, without the address. It is asked of the object only where `repr` is C
//! code that cannot reach code of the program; elsewhere it is put together from fields.

#![expect(unsafe_code, reason = "reads descriptors of slots")]

use crate::{
    kinds::{type_attr, type_text},
    object::{Obj, Owned, clear_error, kind},
};
use pyo3::ffi::{self, PyObject, PyTypeObject};
use std::ffi::{c_int, c_ulong};

unsafe extern "C" {
    static mut PyFunction_Type: PyTypeObject;
    static mut PyMethod_Type: PyTypeObject;
}

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// A class.
    Type,
    /// A function written in Python.
    Function,
    /// A function or bound method written in C.
    Builtin,
    /// A bound method written in Python.
    Method,
    /// A module.
    Module,
    /// A generator, coroutine or asynchronous generator.
    Generator,
    /// `repr`, always harmless.
    Repr,
    /// `repr`, harmless if these members are built-in scalars.
    ReprIf(&'static [&'static std::ffi::CStr]),
    /// `repr`, harmless if only built-in types are named: `list[int]`, `int | None`.
    Alias,
}

/// C types whose `repr` cannot reach code of the program.
const HARMLESS: &[&str] = &[
    "NotImplementedType",
    "array.array",
    "cell",
    "classmethod_descriptor",
    "code",
    "complex",
    "datetime.date",
    "datetime.timedelta",
    "decimal.Decimal",
    "ellipsis",
    "frame",
    "getset_descriptor",
    "member_descriptor",
    "memoryview",
    "method-wrapper",
    "method_descriptor",
    "super",
    "wrapper_descriptor",
];

impl How {
    /// `None` when the object is better shown by what it holds. `builtin` is the full name of a C type.
    pub(crate) fn of(object: Obj, builtin: Option<&str>) -> Option<Self> {
        if object.is(&raw mut PyFunction_Type) {
            return Some(Self::Function);
        }
        if object.is(kind!(PyCFunction_Type)) {
            return Some(Self::Builtin);
        }
        if object.is(&raw mut PyMethod_Type) {
            return Some(Self::Method);
        }
        if object.derives(kind!(PyModule_Type)) {
            return Some(Self::Module);
        }
        Some(match builtin? {
            "generator" | "coroutine" | "async_generator" => Self::Generator,
            "range" | "slice" => Self::ReprIf(&[c"start", c"stop", c"step"]),
            "datetime.datetime" | "datetime.time" => Self::ReprIf(&[c"tzinfo"]),
            "re.Pattern" => Self::ReprIf(&[c"pattern"]),
            "re.Match" => Self::ReprIf(&[c"string"]),
            "types.GenericAlias" | "types.UnionType" => Self::Alias,
            name if HARMLESS.contains(&name) => Self::Repr,
            _ => return None,
        })
    }
}

/// The text; `None` when it cannot be had without running code of the program.
pub(crate) fn text(how: How, object: Obj) -> Option<String> {
    Some(match how {
        How::Type => type_shown(object),
        How::Function => format!("<function {}>", object.attr_text(c"__qualname__")),
        How::Builtin => builtin(object),
        How::Method => method(object),
        How::Module => module(object),
        How::Generator => {
            let kind = type_text(object.kind_object(), "__qualname__");
            format!("<{kind} object {}>", object.attr_text(c"__qualname__"))
        }
        How::Repr => without_address(object.repr()?),
        How::Alias => {
            names_built_in(object, 8).then_some(())?;
            object.repr()?
        }
        How::ReprIf(members) => {
            let harmless = |name: &&std::ffi::CStr| object.attr(name).is_some_and(|it| scalar(*it));
            if !members.iter().all(harmless) {
                return None;
            }
            without_address(object.repr()?)
        }
    })
}

/// Whether it is exactly a built-in type whose `repr` and `str` are C and reach nothing else.
pub(crate) fn scalar(object: Obj) -> bool {
    let kinds = [
        kind!(PyUnicode_Type),
        kind!(PyLong_Type),
        kind!(PyFloat_Type),
        kind!(PyBool_Type),
        kind!(PyBytes_Type),
        kind!(PyComplex_Type),
    ];
    object.is_none() || kinds.contains(&object.kind())
}

fn is_alias(object: Obj) -> bool {
    let of = object.kind_object();
    let names = ["GenericAlias", "UnionType"];
    is_made_in_c(of)
        && type_text(of, "__module__") == "types"
        && names.contains(&type_text(of, "__qualname__").as_str())
}

/// Whether an alias names types that are made in C and nothing else.
fn names_built_in(alias: Obj, depth: u32) -> bool {
    let named = |it: Obj| {
        let fixed = it.is_none() || it.is(kind!(PyEllipsis_Type));
        fixed
            || it.is(kind!(PyType_Type)) && is_made_in_c(it)
            || 0 < depth && is_alias(it) && names_built_in(it, depth - 1)
    };
    // Both types have these as members; only an alias has an origin.
    let origin = alias.attr(c"__origin__").is_none_or(|it| named(*it));
    let arguments = alias.attr(c"__args__");
    origin && arguments.is_some_and(|it| it.tuple().all(named))
}

fn type_shown(of: Obj) -> String {
    let (module, name) = (type_text(of, "__module__"), type_text(of, "__qualname__"));
    match module.as_str() {
        "" | "builtins" => format!("<class '{name}'>"),
        module => format!("<class '{module}.{name}'>"),
    }
}

fn builtin(object: Obj) -> String {
    let name = object.attr_text(c"__name__");
    let of = object.attr(c"__self__");
    match of.filter(|it| !it.is_none() && !it.derives(kind!(PyModule_Type))) {
        Some(of) => {
            let of = type_text(of.kind_object(), "__name__");
            format!("<built-in method {name} of {of} object>")
        }
        None => format!("<built-in function {name}>"),
    }
}

fn method(object: Obj) -> String {
    let function = object.attr(c"__func__");
    let name = function.filter(|it| it.is(&raw mut PyFunction_Type));
    let name = name.map_or_else(|| "?".into(), |it| it.attr_text(c"__qualname__"));
    match object.attr(c"__self__") {
        Some(of) if is_type(*of) => format!("<bound method {name} of {}>", type_shown(*of)),
        Some(of) => {
            let of = type_text(of.kind_object(), "__qualname__");
            format!("<bound method {name} of <{of} object>>")
        }
        None => format!("<bound method {name}>"),
    }
}

fn is_type(object: Obj) -> bool {
    object.kind_flags() & ffi::Py_TPFLAGS_TYPE_SUBCLASS != 0
}

fn module(object: Obj) -> String {
    let Some(names) = object.instance_dict() else {
        return "<module>".into();
    };
    let text = |of: &Owned, key| of.item(key).map_or_else(String::new, Obj::text);
    let name = text(&names, c"__name__");
    let spec = names.item(c"__spec__").filter(|it| !it.is_none());
    let origin = spec.and_then(|it| it.instance_dict());
    let origin = origin.map_or_else(String::new, |it| text(&it, c"origin"));
    let file = text(&names, c"__file__");
    match (origin.as_str(), file.as_str()) {
        ("built-in" | "frozen", _) => format!("<module '{name}' ({origin})>"),
        (_, "") if origin.is_empty() => format!("<module '{name}'>"),
        (_, "") => format!("<module '{name}' ({origin})>"),
        (_, file) => format!("<module '{name}' from '{file}'>"),
    }
}

/// Cuts ` at 0x…` out, wherever it stands.
fn without_address(text: String) -> String {
    const AT: &str = " at 0x";
    let mut parts = text.split(AT);
    let mut res: String = parts.next().unwrap_or("").into();
    for part in parts {
        res.push_str(part.trim_start_matches(|it: char| it.is_ascii_hexdigit()));
    }
    res
}

/// The type of functions written in Python.
pub(crate) fn function_type() -> *mut PyTypeObject {
    &raw mut PyFunction_Type
}

/// A static type as an object.
pub(crate) fn static_type(kind: *mut PyTypeObject) -> Obj {
    // SAFETY: a static object.
    unsafe { Obj::new(kind.cast()) }.expect("a static object has an address")
}

/// `type`.
pub(crate) fn type_type() -> Obj {
    static_type(kind!(PyType_Type))
}

/// The flags of a type object.
pub(crate) fn type_flags(of: Obj) -> c_ulong {
    // SAFETY: the caller has a type object.
    unsafe { ffi::PyType_GetFlags(of.ptr().cast()) }
}

/// Whether a type object is none that a program made.
pub(crate) fn is_made_in_c(of: Obj) -> bool {
    type_flags(of) & ffi::Py_TPFLAGS_HEAPTYPE == 0
}

/// The dictionary behind a type's `__dict__`, which only shows it.
pub(crate) fn behind_view(view: Obj) -> Option<Obj> {
    if !view.is(kind!(PyDictProxy_Type)) {
        return None;
    }
    // SAFETY: a mapping proxy holds its mapping behind the head of the object.
    unsafe { Obj::new(*view.ptr().cast::<u8>().add(16).cast::<*mut PyObject>()) }
}

/// Where in an object a slot stands, if `descriptor` is what `__slots__` makes.
pub(crate) fn slot_offset(descriptor: Obj) -> Option<isize> {
    #[repr(C)]
    struct Member {
        name: *const std::ffi::c_char,
        kind: c_int,
        offset: isize,
        flags: c_int,
    }
    /// `T_OBJECT_EX`: an object or null.
    const OBJECT: c_int = 16;
    if !descriptor.is(kind!(PyMemberDescr_Type)) {
        return None;
    }
    // SAFETY: a member descriptor holds its member behind head, type, name and qualified name.
    unsafe {
        let member = *descriptor
            .ptr()
            .cast::<u8>()
            .add(40)
            .cast::<*const Member>();
        ((*member).kind == OBJECT).then_some((*member).offset)
    }
}

/// The object that stands at an offset in `object`, which [`slot_offset`] gave for its type.
pub(crate) fn word_at(object: Obj, offset: isize) -> Option<Obj> {
    // SAFETY: a slot of this type: null or an object it holds.
    unsafe {
        Obj::new(
            *object
                .ptr()
                .cast::<u8>()
                .offset(offset)
                .cast::<*mut PyObject>(),
        )
    }
}

/// The arguments an exception was made with.
pub(crate) fn exception_arguments(object: Obj) -> Option<Owned> {
    let name = crate::object::new_text("args")?;
    // SAFETY: a static type.
    let base = unsafe { Obj::new(ffi::PyExc_BaseException) }?;
    let get = base.lookup(*name)?.attr(c"__get__")?;
    let res = get.call(&[object]);
    clear_error();
    res
}

/// The base that shows what an object holds: its iterator and members cannot be the program's.
pub(crate) fn base_attr(base: Obj, name: &str, object: Obj) -> Option<Owned> {
    let dict = type_attr(base, "__dict__")?;
    let key = crate::object::new_text(name)?;
    let descriptor = behind_view(*dict)?.at(*key)?;
    let get = descriptor.attr(c"__get__")?;
    let res = get.call(&[object]);
    clear_error();
    res
}
