//! Events through `sys.monitoring`, which 3.12 brought: code that is not the program's is switched off
//! where it stands, every thread is followed, and a trace function of the program's own is not in the
//! way. The events are those that `sys.settrace` would give.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::{
    codes::Code,
    frames::Running,
    layout::Layout,
    object::{Obj, Owned, clear_error, new_int, new_text},
    settrace::{line, reach},
    state::{self, Recorder},
};
use pyo3::ffi::{self, PyObject};
use std::{
    ffi::{CStr, c_int},
    ptr, slice,
    sync::atomic::{AtomicPtr, AtomicU32, Ordering},
};

unsafe extern "C" {
    fn PyCode_Addr2Line(code: *mut PyObject, offset: c_int) -> c_int;
}

type Callback = unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, isize) -> *mut PyObject;

/// Ids of tools that Python leaves to others than debuggers, coverage, profilers and optimisers.
const TOOLS: [u32; 2] = [3, 4];
/// As in every supported interpreter; the limited API knows it from 3.10 on.
const METH_FASTCALL: c_int = 0x80;

/// `sys.monitoring.DISABLE`.
static DISABLE: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());
/// The id we were given; 0 while there is none.
static TOOL: AtomicU32 = AtomicU32::new(0);

/// What a callback asks of Python.
enum Verdict {
    /// Tell us again.
    Go,
    /// This place need not tell us again. Not allowed for exceptions.
    Never,
}

/// Prepares callbacks; whether that worked. No event comes before [`arm`].
pub(crate) fn prepare(sys: Obj) -> bool {
    let res = set_up(sys).is_some();
    clear_error();
    res
}

fn set_up(sys: Obj) -> Option<()> {
    let monitoring = sys.attr(c"monitoring")?;
    let use_tool = monitoring.attr(c"use_tool_id")?;
    let name = new_text("monologue")?;
    let claim = |id: &u32| {
        let number = new_int(i64::from(*id));
        let claimed = number.and_then(|it| use_tool.call(&[*it, *name]));
        clear_error();
        claimed.is_some()
    };
    let tool = TOOLS.into_iter().find(claim)?;
    let disable = monitoring.attr(c"DISABLE")?;
    DISABLE.store(disable.into_ptr(), Ordering::Relaxed);
    TOOL.store(tool, Ordering::Relaxed);
    let callbacks: [(&'static CStr, Callback); 10] = [
        (c"PY_START", started),
        (c"PY_RESUME", resumed),
        (c"PY_THROW", thrown_into),
        (c"PY_RETURN", returned),
        (c"PY_YIELD", yielded),
        (c"PY_UNWIND", unwound),
        (c"LINE", at_line),
        (c"JUMP", jumped),
        (c"RAISE", raised),
        (c"STOP_ITERATION", raised),
    ];
    let register = monitoring.attr(c"register_callback")?;
    let events = monitoring.attr(c"events")?;
    let (events, tool) = (events.instance_dict()?, new_int(i64::from(tool))?);
    for (name, callback) in callbacks {
        register.call(&[*tool, events.item(name)?, *function(name, callback)?])?;
    }
    let names = callbacks.iter().map(|(name, _)| events.item(name)?.int());
    let all = names.sum::<Option<i64>>()?;
    EVENTS.store(all as u32, Ordering::Relaxed);
    Some(())
}

/// The events we registered for.
static EVENTS: AtomicU32 = AtomicU32::new(0);

/// Starts the events, on every thread.
pub(crate) fn arm() {
    set_events(EVENTS.load(Ordering::Relaxed));
}

/// Ends the events, if they were started.
pub(crate) fn disarm() {
    if EVENTS.swap(0, Ordering::Relaxed) != 0 {
        set_events(0);
    }
}

fn set_events(events: u32) {
    let set = crate::object::import(c"sys")
        .and_then(|it| it.attr(c"monitoring"))
        .and_then(|it| it.attr(c"set_events"));
    let tool = new_int(i64::from(TOOL.load(Ordering::Relaxed)));
    if let Some((set, (tool, events))) = set.zip(tool.zip(new_int(i64::from(events)))) {
        set.call(&[*tool, *events]);
    }
    clear_error();
}

fn function(name: &'static CStr, callback: Callback) -> Option<Owned> {
    // SAFETY: a union of function pointers, of which Python takes the one its flags name.
    let method = unsafe { std::mem::transmute::<Callback, ffi::PyMethodDefPointer>(callback) };
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: method,
        ml_flags: METH_FASTCALL,
        ml_doc: ptr::null(),
    }));
    // SAFETY: a definition that lives for ever, of a function with the arguments its flags promise.
    unsafe {
        Owned::new(ffi::PyCFunction_NewEx(
            definition,
            ptr::null_mut(),
            ptr::null_mut(),
        ))
    }
}

/// Declares a callback for one kind of event.
macro_rules! callback {
    ($name:ident, $body:expr, $foreign:expr) => {
        unsafe extern "C" fn $name(
            _: *mut PyObject,
            arguments: *const *mut PyObject,
            count: isize,
        ) -> *mut PyObject {
            enter(arguments, count, $body, $foreign)
        }
    };
}

callback!(started, on_start, Verdict::Never);
callback!(resumed, on_resume, Verdict::Never);
callback!(thrown_into, on_resume, Verdict::Go);
callback!(returned, on_return, Verdict::Never);
callback!(yielded, on_yield, Verdict::Never);
callback!(unwound, on_unwind, Verdict::Go);
callback!(at_line, on_line, Verdict::Never);
callback!(jumped, on_jump, Verdict::Never);
callback!(raised, on_raise, Verdict::Go);

/// An event: the code it happens in and what comes with it.
#[derive(Clone, Copy)]
struct Event<'a> {
    /// Of the frame that runs.
    key: usize,
    code: &'static Code,
    arguments: &'a [*mut PyObject],
}

impl Event<'_> {
    fn argument(&self, at: usize) -> Option<Obj> {
        // SAFETY: Python lends the arguments for this call.
        unsafe { Obj::new(*self.arguments.get(at)?) }
    }

    fn number(&self, at: usize) -> i32 {
        self.argument(at).and_then(Obj::int).unwrap_or(0) as i32
    }

    /// The object of the frame, where it is needed: making one takes time.
    fn running(&self, layout: &Layout) -> Running {
        let needed = !layout.fast || !layout.namespace;
        (self.key, needed.then(frame).flatten())
    }
}

/// The object of the frame that runs.
fn frame() -> Option<Obj> {
    // SAFETY: the lock is held; the frame runs for longer than this event.
    unsafe { Obj::new(ffi::PyEval_GetFrame().cast()) }
}

/// `foreign` is the verdict on code that is not the program's.
#[inline(always)]
fn enter(
    arguments: *const *mut PyObject,
    count: isize,
    body: fn(&mut Recorder, Event<'_>) -> Verdict,
    foreign: Verdict,
) -> *mut PyObject {
    // SAFETY: that many arguments, the first of which is a code object.
    let (arguments, code) = unsafe {
        let arguments = slice::from_raw_parts(arguments, count.max(0) as usize);
        let code = arguments.first().and_then(|it| Obj::new(*it));
        (arguments, code)
    };
    let verdict = state::with(|recorder| {
        let Some(object) = code else {
            return foreign;
        };
        let code = recorder.code(object);
        if code.id.is_none() {
            return foreign;
        }
        let layout = &recorder.frames.layout;
        let key = match layout.running {
            true => layout.running_key(),
            false => frame().map_or(0, |it| layout.key(it)),
        };
        if recorder.frames.running(key).is_none() {
            recorder.on_this_thread();
        }
        body(
            recorder,
            Event {
                key,
                code,
                arguments,
            },
        )
    });
    if state::is_over() {
        disarm();
    }
    // SAFETY: static objects, given out as new references.
    unsafe {
        let res = match verdict {
            Some(Verdict::Never) => DISABLE.load(Ordering::Relaxed),
            _ => ffi::Py_None(),
        };
        ffi::Py_INCREF(res);
        res
    }
}

fn on_start(recorder: &mut Recorder, event: Event<'_>) -> Verdict {
    if event.code.suspends {
        // Whatever was suspended there is gone: it was closed without being run again.
        recorder.frames.forget(event.key);
    }
    call(recorder, event)
}

fn call(recorder: &mut Recorder, event: Event<'_>) -> Verdict {
    let running = event.running(&recorder.frames.layout);
    recorder.event(|frames, names, out| frames.call(running, event.code, 0, names, out));
    Verdict::Go
}

fn on_resume(recorder: &mut Recorder, event: Event<'_>) -> Verdict {
    if !recorder.frames.is_suspended(event.key) {
        return call(recorder, event);
    }
    let running = event.running(&recorder.frames.layout);
    recorder.event(|frames, names, out| {
        frames.resume(running, 0, names, out);
    });
    Verdict::Go
}

fn on_line(recorder: &mut Recorder, event: Event<'_>) -> Verdict {
    if reach(recorder, event.key) && recorder.step() {
        let line = event.number(1);
        recorder.event(|frames, names, out| frames.line(line, names, out));
    }
    Verdict::Go
}

/// A loop that stands on one line meets it again by jumping back, which is no line event by itself.
fn on_jump(recorder: &mut Recorder, event: Event<'_>) -> Verdict {
    let (from, to) = (event.number(1), event.number(2));
    let Some(code) = event.argument(0).filter(|_| to <= from) else {
        return Verdict::Never;
    };
    // SAFETY: a code object, and offsets that Python gave for it.
    let (from, to) = unsafe {
        (
            PyCode_Addr2Line(code.ptr(), from),
            PyCode_Addr2Line(code.ptr(), to),
        )
    };
    if from != to {
        return Verdict::Never;
    }
    if reach(recorder, event.key) && recorder.step() {
        recorder.event(|frames, names, out| frames.line(to, names, out));
    }
    Verdict::Go
}

fn on_return(recorder: &mut Recorder, event: Event<'_>) -> Verdict {
    leave(recorder, event, false)
}

fn on_yield(recorder: &mut Recorder, event: Event<'_>) -> Verdict {
    leave(recorder, event, true)
}

/// The line is that of the last line event: looking it up costs more than all else here.
fn leave(recorder: &mut Recorder, event: Event<'_>, yields: bool) -> Verdict {
    if let Some(value) = event.argument(2)
        && reach(recorder, event.key)
    {
        recorder.event(|frames, names, out| match yields {
            true => frames.yielded(0, value, names, out),
            false => frames.returned(0, value, names, out),
        });
    }
    Verdict::Go
}

fn on_unwind(recorder: &mut Recorder, event: Event<'_>) -> Verdict {
    if reach(recorder, event.key) {
        let line = frame().map_or(0, line);
        recorder.event(|frames, names, out| frames.unwound(line, names, out));
    }
    Verdict::Go
}

fn on_raise(recorder: &mut Recorder, event: Event<'_>) -> Verdict {
    if let Some(value) = event.argument(2)
        && reach(recorder, event.key)
    {
        let line = frame().map_or(0, line);
        recorder.event(|frames, names, out| frames.raised(line, value, names, out));
        recorder.chained(value);
    }
    Verdict::Go
}
