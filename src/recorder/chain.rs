//! A trace function of the program's own, behind ours.
//!
//! `PyEval_SetTrace` has one place a thread. When the program takes it, what stands there then is looked
//! up and ours is put in front: each event is recorded and then passed on, with the object that Python
//! set it with, so that `sys.gettrace()` answers as it would without us.
//!
//! Where in the thread's state that place is, is found once by looking for our own function there.

#![expect(unsafe_code, reason = "the C API of Python")]

use pyo3::ffi::{self, PyObject};
use std::{
    cell::Cell,
    ffi::c_int,
    ptr,
    sync::atomic::{AtomicUsize, Ordering},
};

/// What `PyEval_SetTrace` takes.
pub(crate) type Tracer =
    unsafe extern "C" fn(*mut PyObject, *mut PyObject, c_int, *mut PyObject) -> c_int;

unsafe extern "C" {
    fn PyEval_SetTrace(tracer: Option<Tracer>, object: *mut PyObject);
}

/// Words of a thread's state that are looked through; it is longer in every version.
const WORDS: usize = 32;
/// The tracer's object stands so many words behind the tracer; between them is the profiler's.
const TO_OBJECT: usize = 2;

/// Where the tracer stands, in words, plus one; 0 while that is not known.
static PLACE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The tracer that this thread's events are passed on to.
    static THEIRS: Cell<Option<Tracer>> = const { Cell::new(None) };
}

/// Finds the place; `ours` stands there now, on this thread.
pub(crate) fn learn(ours: Tracer) {
    let state = state();
    let found = (0..WORDS).find(|&at| {
        // SAFETY: within the thread's state.
        unsafe { *state.add(at) == ours as usize }
    });
    PLACE.store(found.map_or(0, |it| it + 1), Ordering::Relaxed);
}

/// Whether this thread's events come to `ours`; taken for granted where the place is not known.
pub(crate) fn is_set(ours: Tracer) -> bool {
    standing().is_none_or(|(tracer, _)| tracer == ours as usize)
}

/// Puts `ours` in front of what the program has just set; `false` where that cannot be done.
pub(crate) fn take_over(ours: Tracer) -> bool {
    let Some((tracer, object)) = standing() else {
        return false;
    };
    if tracer == ours as usize {
        return true;
    }
    // SAFETY: a function pointer or null is what Python keeps there; the object is alive for as long as
    // it is set, and setting it takes a reference of its own before the old one goes.
    unsafe {
        THEIRS.set(std::mem::transmute::<usize, Option<Tracer>>(tracer));
        PyEval_SetTrace(Some(ours), object);
    }
    true
}

/// Forgets the program's tracer: it has taken it away.
pub(crate) fn forget() {
    THEIRS.set(None);
}

/// Whether the program traces this thread as well.
#[inline(always)]
pub(crate) fn is_theirs() -> bool {
    THEIRS.get().is_some()
}

/// Passes an event on. When their function fails it is gone, as without us, and the failure is the
/// program's: a result below zero, with the exception set.
///
/// # Safety
/// The arguments are what Python gave to `ours` for this event.
#[inline(always)]
pub(crate) unsafe fn pass_on(
    ours: Tracer,
    (object, frame): (*mut PyObject, *mut PyObject),
    what: c_int,
    argument: *mut PyObject,
) -> c_int {
    let Some(theirs) = THEIRS.get() else {
        return 0;
    };
    // SAFETY: as promised; their object may be let go of while their function runs.
    unsafe {
        ffi::Py_XINCREF(object);
        let res = theirs(object, frame, what, argument);
        ffi::Py_XDECREF(object);
        if res < 0 {
            forget();
            PyEval_SetTrace(Some(ours), ptr::null_mut());
        }
        res
    }
}

/// The tracer and its object that this thread has.
fn standing() -> Option<(usize, *mut PyObject)> {
    let at = PLACE.load(Ordering::Relaxed).checked_sub(1)?;
    let state = state();
    // SAFETY: within the thread's state, where the place was found.
    unsafe {
        let object = *state.add(at + TO_OBJECT) as *mut PyObject;
        Some((*state.add(at), object))
    }
}

fn state() -> *const usize {
    // SAFETY: the lock is held, so there is a state.
    unsafe { ffi::PyThreadState_Get().cast_const().cast() }
}
