//! Where the recorder has to be told: new threads, the end, and a tracer that takes its place.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::{
    monitor,
    native::{Arguments, function, native, none},
    object::{Obj, Owned, clear_error, import},
    output, processes, settrace, state,
    wire::Record,
};
use pyo3::ffi;

native!(enter_thread, on_thread);
native!(start_thread, on_start_thread);
native!(set_trace, on_set_trace);
native!(ending, on_ending);

/// Forks and the end of the program, on every version.
pub(crate) fn follow(sys: Obj) {
    processes::follow();
    let register = import(c"atexit").and_then(|it| it.attr(c"register"));
    let last = function(c"ending", ending, sys);
    if let Some((register, last)) = register.zip(last) {
        register.call(&[*last]);
    }
    clear_error();
}

/// What `PyEval_SetTrace` needs beside: it is set for each thread on its own, and can be replaced.
pub(crate) fn follow_tracing(sys: Obj) {
    let starters = [
        (c"_thread", c"start_new_thread", c"_start_new_thread"),
        (
            c"_thread",
            c"start_joinable_thread",
            c"_start_joinable_thread",
        ),
    ];
    let modules = sys.attr(c"modules");
    let threading = modules.and_then(|it| it.item(c"threading"));
    for (module, name, alias) in starters {
        let Some(module) = import(module) else {
            continue;
        };
        let Some(original) = module.attr(name) else {
            continue;
        };
        let Some(hook) = function(name, start_thread, *original) else {
            continue;
        };
        module.set_attr(name, *hook);
        if let Some(threading) = threading
            && threading.attr(alias).is_some()
        {
            threading.set_attr(alias, *hook);
        }
    }
    let hook = sys
        .attr(c"settrace")
        .and_then(|it| function(c"settrace", set_trace, *it));
    if let Some(hook) = hook {
        sys.set_attr(c"settrace", *hook);
    }
    clear_error();
}

/// Runs in a new thread, in front of its function.
fn on_thread(function: Obj, arguments: Arguments) -> Option<Owned> {
    if !state::is_over() {
        settrace::arm();
    }
    arguments.pass_to(function)
}

fn on_start_thread(original: Obj, arguments: Arguments) -> Option<Owned> {
    let first = arguments.positional.tuple_item(0);
    // SAFETY: a living object.
    let first = first.filter(|it| unsafe { ffi::PyCallable_Check(it.ptr()) != 0 });
    let entered = first.and_then(|it| function(c"thread", enter_thread, it));
    let Some(entered) = entered.filter(|_| !state::is_over()) else {
        return arguments.pass_to(original);
    };
    // SAFETY: a new tuple that takes its own references.
    let positional = unsafe {
        let rest = 1..arguments.positional.tuple_len();
        let res = ffi::PyTuple_New(arguments.positional.tuple_len() as isize);
        let res = Owned::new(res)?;
        ffi::PyTuple_SetItem(res.ptr(), 0, entered.into_ptr());
        for at in rest {
            let item = arguments.positional.tuple_item(at)?.own().into_ptr();
            ffi::PyTuple_SetItem(res.ptr(), at as isize, item);
        }
        res
    };
    let arguments = Arguments {
        positional: *positional,
        named: arguments.named,
    };
    arguments.pass_to(original)
}

fn on_set_trace(original: Obj, arguments: Arguments) -> Option<Owned> {
    let res = arguments.pass_to(original)?;
    if state::is_over() {
        return Some(res);
    }
    let theirs = arguments.positional.tuple_item(0);
    if theirs.is_some_and(Obj::is_none) {
        settrace::arm();
    } else if settrace::arm_before_theirs() {
        hear_all_lines();
    } else {
        let text = "the program set a trace function of its own; until it takes it away again, that \
                    thread is not recorded";
        state::with(|recorder| recorder.put(&Record::Note(text.into())));
    }
    Some(res)
}

/// Lets lines of the frames that run now be heard again, where they were not of interest to us alone.
fn hear_all_lines() {
    // SAFETY: the frame that runs, alive for this call; a static object.
    let (mut frame, yes) = unsafe {
        let frame = Obj::new(ffi::PyEval_GetFrame().cast());
        (frame.map(Obj::own), Obj::new(ffi::Py_True()))
    };
    while let Some((at, yes)) = frame.zip(yes) {
        at.set_attr(c"f_trace_lines", yes);
        frame = at.attr(c"f_back").filter(|it| !it.is_none());
    }
    clear_error();
}

fn on_ending(sys: Obj, _: Arguments) -> Option<Owned> {
    finish(sys);
    Some(none())
}

/// Ends the recording: nothing of the interpreter is looked at while it is taken down.
fn finish(sys: Obj) {
    if !settrace::is_armed() {
        let text = "an extension of the program's traced it as well, without asking Python's `sys` for \
                    that; from there on its thread was not recorded";
        state::with(|recorder| recorder.put(&Record::Note(text.into())));
    }
    state::with(|recorder| recorder.stop(None));
    monitor::disarm();
    settrace::disarm();
    output::leave(sys);
    clear_error();
}
