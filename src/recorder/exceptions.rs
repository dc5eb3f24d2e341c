//! An exception's name and message, as a traceback shows them.

use crate::{
    chained::members,
    kinds::type_text,
    object::{Obj, kind, new_text},
    opaque::{self, scalar},
};
use pyo3::ffi;

/// The type's name and `str` of the exception; where `str` could run code of the program, its arguments.
pub(crate) fn describe(exception: Obj) -> (String, String) {
    let name = type_text(exception.kind_object(), "__name__");
    if exception.kind_flags() & ffi::Py_TPFLAGS_BASE_EXC_SUBCLASS == 0 {
        return (name, String::new());
    }
    let arguments = opaque::exception_arguments(exception);
    let Some(arguments) = arguments.filter(|it| it.is(kind!(PyTuple_Type))) else {
        return (name, String::new());
    };
    if let Some(message) = of_group(exception, *arguments) {
        return (name, message);
    }
    let message = if shows_itself_in_c(exception) && plain(*arguments, 3) {
        exception.to_str()
    } else {
        None
    };
    (name, message.unwrap_or_else(|| joined(*arguments)))
}

/// A group says how many it is of.
fn of_group(exception: Obj, arguments: Obj) -> Option<String> {
    let text = arguments.tuple().next()?;
    let sure = arguments.tuple_len() == 2
        && text.is(kind!(PyUnicode_Type))
        && shows_itself_in_c(exception);
    let count = sure.then(|| members(exception))??.tuple_len();
    let s = if count == 1 { "" } else { "s" };
    Some(format!("{} ({count} sub-exception{s})", text.text()))
}

/// Whether `__str__` is a slot of a type written in C.
fn shows_itself_in_c(exception: Obj) -> bool {
    let found = new_text("__str__").and_then(|it| exception.kind_object().lookup(*it));
    found.is_some_and(|it| type_text(it.kind_object(), "__name__") == "wrapper_descriptor")
}

/// Built-in scalars and tuples of them.
fn plain(tuple: Obj, depth: u32) -> bool {
    tuple
        .tuple()
        .all(|it| scalar(it) || (0 < depth && it.is(kind!(PyTuple_Type)) && plain(it, depth - 1)))
}

fn joined(arguments: Obj) -> String {
    let shown = |it: Obj| match () {
        () if it.is(kind!(PyUnicode_Type)) => it.text(),
        () if scalar(it) => it.repr().unwrap_or_default(),
        () => format!("<{} object>", type_text(it.kind_object(), "__qualname__")),
    };
    arguments.tuple().map(shown).collect::<Vec<_>>().join(", ")
}
