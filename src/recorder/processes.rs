//! Processes that the program starts: not followed, and said so.
//!
//! A forked process shares the file that is written to. It lets go of it before it runs anything, by a
//! handler of the C library, which is called however the fork came about.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::{
    native::{Arguments, Entry, function, native},
    object::{Obj, Owned, clear_error, import, kind},
    state::{self, Recorder},
    wire::Record,
};
use std::ffi::CStr;

native!(fork, on_fork);
native!(spawn, on_spawn);
native!(shell, on_shell);
native!(replace, on_replace);

/// What starts processes, by module; `os` has copies of what `posix` has.
const STARTERS: [(&CStr, &CStr, Entry); 9] = [
    (c"posix", c"fork", fork),
    (c"posix", c"fork1", fork),
    (c"posix", c"forkpty", fork),
    (c"posix", c"posix_spawn", spawn),
    (c"posix", c"posix_spawnp", spawn),
    (c"posix", c"system", shell),
    (c"posix", c"execv", replace),
    (c"posix", c"execve", replace),
    (c"_posixsubprocess", c"fork_exec", spawn),
];

/// Stands in front of the functions that start processes.
pub(crate) fn follow() {
    // SAFETY: the handler is there for as long as the process, since extensions are not unloaded.
    unsafe {
        libc::pthread_atfork(None, None, Some(let_go));
    }
    let os = import(c"os");
    for (module, name, entry) in STARTERS {
        let Some(module) = import(module) else {
            continue;
        };
        let Some(original) = module.attr(name) else {
            continue;
        };
        let Some(hook) = function(name, entry, *original) else {
            continue;
        };
        module.set_attr(name, *hook);
        let copy = os
            .as_ref()
            .filter(|it| it.attr(name).is_some_and(|it| *it == *original));
        if let Some(os) = copy {
            os.set_attr(name, *hook);
        }
    }
    clear_error();
}

extern "C" fn let_go() {
    state::with(Recorder::abandon);
}

fn on_fork(original: Obj, arguments: Arguments) -> Option<Owned> {
    let res = arguments.pass_to(original)?;
    // `forkpty` gives a pair.
    let child = match res.is(kind!(PyTuple_Type)) {
        true => res.tuple_item(0).and_then(number),
        false => number(*res),
    };
    if let Some(child @ 1..) = child {
        say(
            &format!("child process {child} was forked"),
            "; it is not followed",
        );
    }
    Some(res)
}

fn on_spawn(original: Obj, arguments: Arguments) -> Option<Owned> {
    let res = arguments.pass_to(original)?;
    if let Some(child @ 1..) = number(*res) {
        let what = program(arguments.positional);
        say(
            &format!("child process {child} was started{what}"),
            "; it is not followed",
        );
    }
    Some(res)
}

fn on_shell(original: Obj, arguments: Arguments) -> Option<Owned> {
    let command = first(arguments.positional).map(Obj::text);
    let command = command.filter(|it| !it.is_empty());
    let command = command.map_or_else(String::new, |it| format!(" `{}`", short(&it)));
    say(
        &format!("a shell command{command} was run"),
        "; it is not followed",
    );
    arguments.pass_to(original)
}

fn on_replace(original: Obj, arguments: Arguments) -> Option<Owned> {
    let what = program(arguments.positional);
    say(
        &format!("the process gave way to another program{what}"),
        "; that is not followed",
    );
    arguments.pass_to(original)
}

fn number(object: Obj) -> Option<i64> {
    object
        .is(kind!(PyLong_Type))
        .then(|| object.int())
        .flatten()
}

/// ` (NAME)`, where the first argument is a name or a list of words.
fn program(arguments: Obj) -> String {
    let first = first(arguments).and_then(|it| match () {
        () if it.is(kind!(PyList_Type)) => (0 < it.list_len()).then(|| it.list_item(0)).flatten(),
        () if it.is(kind!(PyTuple_Type)) => first(it),
        () => Some(it),
    });
    let text = first.map_or_else(String::new, |it| match it.is(kind!(PyBytes_Type)) {
        true => String::from_utf8_lossy(it.byte_slice()).into_owned(),
        false => it.text(),
    });
    match text.is_empty() {
        true => text,
        false => format!(" ({})", short(&text)),
    }
}

fn first(tuple: Obj) -> Option<Obj> {
    (0 < tuple.tuple_len())
        .then(|| tuple.tuple_item(0))
        .flatten()
}

fn short(text: &str) -> String {
    const KEPT: usize = 80;
    match text.char_indices().nth(KEPT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.into(),
    }
}

fn say(what: &str, and: &str) {
    state::with(|recorder| {
        let text = format!("{what} at step {}{and}", recorder.steps());
        recorder.put(&Record::Note(text));
    });
}
