//! Events through `PyEval_SetTrace`: every version has it, each thread sets its own.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::{
    chain::{self, Tracer},
    codes::{Code, Ends},
    layout::PyFrame_GetCode,
    object::{Obj, clear_error},
    state::{self, Recorder},
};
use pyo3::ffi::{self, PyObject};
use std::{ffi::c_int, ptr};

unsafe extern "C" {
    fn PyEval_SetTrace(tracer: Option<Tracer>, object: *mut PyObject);
    fn PyFrame_GetLineNumber(frame: *mut PyObject) -> c_int;
}

mod event {
    pub(super) const CALL: i32 = 0;
    pub(super) const EXCEPTION: i32 = 1;
    pub(super) const LINE: i32 = 2;
    pub(super) const RETURN: i32 = 3;
}

/// Starts recording this thread, whose own tracer is gone.
pub(crate) fn arm() {
    chain::forget();
    // SAFETY: the lock is held.
    unsafe { PyEval_SetTrace(Some(trace), ptr::null_mut()) }
    chain::learn(trace);
}

/// Goes on recording this thread in front of the tracer that the program has just set; `false` where
/// that cannot be done.
pub(crate) fn arm_before_theirs() -> bool {
    chain::take_over(trace)
}

/// Whether this thread's events come here.
pub(crate) fn is_armed() -> bool {
    chain::is_set(trace)
}

/// Stops recording this thread. A tracer of the program's own goes on to get its events through us.
pub(crate) fn disarm() {
    if chain::is_theirs() || !is_armed() {
        return;
    }
    // SAFETY: the lock is held.
    unsafe { PyEval_SetTrace(None, ptr::null_mut()) }
}

/// What Python calls. Fails only as the program's own tracer does, so that no exception of ours reaches
/// the program.
unsafe extern "C" fn trace(
    object: *mut PyObject,
    frame: *mut PyObject,
    what: c_int,
    argument: *mut PyObject,
) -> c_int {
    // SAFETY: Python lends frame and argument for this call.
    let (at, with) = unsafe { (Obj::new(frame), Obj::new(argument)) };
    if let Some(at) = at {
        state::with(|recorder| on_event(recorder, at, what, with));
    }
    if state::is_over() {
        disarm();
    }
    // SAFETY: what came here for this event.
    unsafe { chain::pass_on(trace, (object, frame), what, argument) }
}

#[inline(always)]
fn on_event(recorder: &mut Recorder, frame: Obj, what: c_int, argument: Option<Obj>) {
    let key = recorder.frames.layout.key(frame);
    if what != event::CALL
        && let Some(code) = recorder.frames.running(key)
    {
        return inside(recorder, frame, code, what, argument);
    }
    elsewhere(recorder, (key, frame), what, argument);
}

/// An event of the innermost frame.
#[inline(always)]
fn inside(
    recorder: &mut Recorder,
    frame: Obj,
    code: &'static Code,
    what: c_int,
    argument: Option<Obj>,
) {
    match what {
        event::LINE => on_line(recorder, frame),
        event::RETURN => on_return(recorder, frame, code, argument),
        event::EXCEPTION => on_exception(recorder, frame, argument),
        _ => {}
    }
}

/// An event of a frame that is new, not the program's, or another than the innermost known.
#[inline]
fn elsewhere(
    recorder: &mut Recorder,
    (key, frame): (usize, Obj),
    what: c_int,
    argument: Option<Obj>,
) {
    let Some(code) = code_of(recorder, key, frame) else {
        return;
    };
    let code = recorder.code(code);
    if code.id.is_none() {
        let lines = what == event::CALL && !chain::is_theirs();
        if lines && !recorder.frames.layout.mute(frame) {
            // SAFETY: a static object.
            let no = unsafe { Obj::new(ffi::Py_False()) };
            if let Some(no) = no {
                frame.set_attr(c"f_trace_lines", no);
            }
        }
        return;
    }
    recorder.on_this_thread();
    if what == event::CALL {
        on_call(recorder, (key, frame), code);
    } else if reach(recorder, key) {
        inside(recorder, frame, code, what, argument);
    }
}

#[inline(always)]
fn code_of(recorder: &Recorder, key: usize, frame: Obj) -> Option<Obj> {
    // SAFETY: the frame holds its code object, so the new reference can go at once.
    unsafe {
        match recorder.frames.layout.code_at(key) {
            0 => {
                let code = PyFrame_GetCode(frame.ptr());
                ffi::Py_DECREF(code);
                Obj::new(code)
            }
            at => Obj::new(at as *mut PyObject),
        }
    }
}

fn on_call(recorder: &mut Recorder, (key, frame): (usize, Obj), code: &'static Code) {
    let line = line(frame);
    let running = (key, Some(frame));
    if code.suspends {
        let at = frame.attr_int(c"f_lasti");
        // The first time code is entered it is entered at its start.
        let start = code.starts_at.get().unwrap_or(at);
        code.starts_at.set(Some(start));
        if at == start {
            recorder.frames.forget(key);
        } else if recorder.frames.is_suspended(key) {
            let line = line_of_end(frame, recorder.frames.layout.minor);
            recorder.event(|frames, names, out| {
                frames.resume(running, line, names, out);
            });
            return;
        }
    }
    recorder.event(|frames, names, out| frames.call(running, code, line, names, out));
}

/// Makes the frame with that key the innermost one; `false` if it was entered before the recording began.
#[inline(always)]
pub(crate) fn reach(recorder: &mut Recorder, key: usize) -> bool {
    if recorder.frames.top().is_some_and(|it| it.key == key) {
        return true;
    }
    let Some(inside) = recorder.frames.inside(key) else {
        return false;
    };
    for _ in 0..inside {
        recorder.event(|frames, _, out| frames.lost(out));
    }
    true
}

#[inline(always)]
fn on_line(recorder: &mut Recorder, frame: Obj) {
    if recorder.step() {
        let line = line(frame);
        recorder.event(|frames, names, out| frames.line(line, names, out));
    }
}

fn on_return(recorder: &mut Recorder, frame: Obj, code: &'static Code, value: Option<Obj>) {
    let minor = recorder.frames.layout.minor;
    let line = line_of_end(frame, minor);
    // 3.12 alone passes `None` for a frame that an exception ends.
    let vague = minor == 12 && value.is_some_and(Obj::is_none);
    let ends = match code.suspends || vague {
        true => code.ends_at(frame.attr_int(c"f_lasti"), minor),
        false => Ends::Return,
    };
    let raised = recorder.frames.has_raised();
    let unwinds = vague && (ends == Ends::Neither || ends == Ends::Yield && raised);
    let Some(value) = value.filter(|_| !unwinds) else {
        return recorder.event(|frames, names, out| frames.unwound(line, names, out));
    };
    if code.suspends && ends != Ends::Return {
        recorder.event(|frames, names, out| frames.yielded(line, value, names, out));
    } else {
        recorder.event(|frames, names, out| frames.returned(line, value, names, out));
    }
}

fn on_exception(recorder: &mut Recorder, frame: Obj, argument: Option<Obj>) {
    // Type, value, traceback.
    let value = argument.and_then(|it| it.tuple().nth(1));
    if let Some(value) = value {
        let line = line_of_end(frame, recorder.frames.layout.minor);
        recorder.event(|frames, names, out| frames.raised(line, value, names, out));
        recorder.chained(value);
    }
    clear_error();
}

/// The line of an event that is no line event. On 3.9 code that Python adds at the end of a function
/// counts as part of whatever line stands before it, so there the last line is kept.
#[inline(always)]
fn line_of_end(frame: Obj, minor: u8) -> i32 {
    if minor == 9 { 0 } else { line(frame) }
}

/// 0 where the frame is at no line of the source.
#[inline(always)]
pub(crate) fn line(frame: Obj) -> i32 {
    // SAFETY: a live frame.
    unsafe { PyFrame_GetLineNumber(frame.ptr()) }
}
