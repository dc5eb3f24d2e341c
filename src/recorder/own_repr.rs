//! `--call-repr`: the program's own `__repr__`, called under guard.
//!
//! Its code is not recorded, and neither is any other thread's while it runs. What it raises is caught, and
//! past its time it is interrupted by an exception, at the next instruction of Python's that it comes to;
//! objects of that type are then shown by their attributes, as without this option. A call that blocks
//! outside Python cannot be interrupted.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::{
    kinds::{Kind, Shown, type_text},
    object::{Obj, Owned, kind, new_text},
    values::{Encoder, put_opaque},
};
use pyo3::ffi::{self, PyObject};
use std::{
    collections::HashSet,
    ffi::{c_int, c_ulong},
    ptr,
    sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

unsafe extern "C" {
    fn PyThreadState_SetAsyncExc(thread: c_ulong, exception: *mut PyObject) -> c_int;
    fn PyThread_get_thread_ident() -> c_ulong;
}

/// How long one call may take.
const PATIENCE: Duration = Duration::from_millis(100);

/// Which types are asked, and which are not any more.
#[derive(Debug, Default)]
pub(crate) struct OwnRepr {
    pub(crate) is_on: bool,
    refused: HashSet<usize>,
}

impl Encoder {
    /// Whether an object's own `__repr__` is to be asked. Then it is asked each time: what it says may
    /// hang on anything.
    pub(crate) fn asks(&self, shown: &Shown, object: Obj) -> bool {
        self.own_repr.is_on
            && !matches!(shown.kind, Kind::Opaque(_) | Kind::Array | Kind::Table)
            && !self.own_repr.refused.contains(&(object.kind() as usize))
            && is_own(object)
    }

    /// Writes what an object's own `__repr__` says; `false`, and nothing, where none is to be asked.
    pub(crate) fn own_repr(&mut self, shown: &Shown, object: Obj, out: &mut Vec<u8>) -> bool {
        if !self.asks(shown, object) {
            return false;
        }
        match called(object) {
            Ok(text) => {
                let kept = match text.char_indices().nth(self.limits.text) {
                    Some((at, _)) => format!("{}…", &text[..at]),
                    None => text,
                };
                put_opaque(out, &shown.name, &kept);
                true
            }
            Err(Failed::Raised(name)) => {
                let text = format!("<{} object: its __repr__ raised {name}>", shown.name);
                put_opaque(out, &shown.name, &text);
                true
            }
            Err(Failed::TooLate) => {
                self.own_repr.refused.insert(object.kind() as usize);
                false
            }
        }
    }
}

/// Whether `__repr__` is code of the program rather than of C.
fn is_own(object: Obj) -> bool {
    let found = new_text("__repr__").and_then(|it| object.kind_object().lookup(*it));
    found.is_some_and(|it| type_text(it.kind_object(), "__name__") == "function")
}

enum Failed {
    /// An exception of that type.
    Raised(String),
    /// It was interrupted.
    TooLate,
}

fn called(object: Obj) -> Result<String, Failed> {
    // It may let go of what it shows.
    let object = object.own();
    WATCH.begin();
    // SAFETY: a living object; the exception is taken below.
    let res = unsafe { ffi::PyObject_Repr(object.ptr()) };
    let late = WATCH.end(!res.is_null());
    // SAFETY: a new reference or null.
    unsafe {
        if let Some(text) = Obj::new(res).and_then(|it| Owned::new(it.ptr())) {
            return if late {
                Err(Failed::TooLate)
            } else {
                Ok(text.text())
            };
        }
        let (mut of, mut value, mut traceback) =
            (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        ffi::PyErr_Fetch(&raw mut of, &raw mut value, &raw mut traceback);
        let (of, _value, _traceback) = (Owned::new(of), Owned::new(value), Owned::new(traceback));
        if late {
            return Err(Failed::TooLate);
        }
        let name = of.filter(|it| it.derives(kind!(PyType_Type)));
        Err(Failed::Raised(
            name.map_or_else(String::new, |it| type_text(*it, "__name__")),
        ))
    }
}

static WATCH: LazyLock<Watch> = LazyLock::new(Watch::start);

/// A thread that interrupts a call that takes too long.
struct Watch {
    call: Mutex<Call>,
    begun: Condvar,
}

#[derive(Default)]
struct Call {
    /// The thread of the call and its end, while one runs.
    running: Option<(c_ulong, Instant)>,
    interrupted: bool,
}

impl Watch {
    fn start() -> Self {
        thread::spawn(|| WATCH.watch());
        Self {
            call: Mutex::default(),
            begun: Condvar::new(),
        }
    }

    fn call(&self) -> MutexGuard<'_, Call> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) {
        // SAFETY: asks the system.
        let thread = unsafe { PyThread_get_thread_ident() };
        *self.call() = Call {
            running: Some((thread, Instant::now() + PATIENCE)),
            interrupted: false,
        };
        self.begun.notify_one();
    }

    /// Ends the watch of a call; whether it was interrupted. If it ended well all the same, what has not
    /// reached it is taken back.
    fn end(&self, well: bool) -> bool {
        let mut call = self.call();
        let running = call.running.take();
        if let Some((thread, _)) = running.filter(|_| call.interrupted && well) {
            // SAFETY: the lock is held.
            unsafe { PyThreadState_SetAsyncExc(thread, ptr::null_mut()) };
        }
        call.interrupted
    }

    fn watch(&self) {
        loop {
            let mut call = self.call();
            let Some((_, end)) = call.running else {
                drop(self.begun.wait(call));
                continue;
            };
            let left = end.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                drop(self.begun.wait_timeout(call, left));
                continue;
            }
            // Again later: the first may be caught.
            call.running = call
                .running
                .map(|(thread, _)| (thread, Instant::now() + PATIENCE));
            drop(call);
            self.interrupt();
        }
    }

    fn interrupt(&self) {
        // SAFETY: takes the interpreter lock, which the call lets go of now and then; the thread is the one
        // that the call runs on for as long as it is running.
        unsafe {
            let state = ffi::PyGILState_Ensure();
            let mut call = self.call();
            if let Some((thread, _)) = call.running {
                call.interrupted = true;
                PyThreadState_SetAsyncExc(thread, ffi::PyExc_KeyboardInterrupt);
            }
            drop(call);
            ffi::PyGILState_Release(state);
        }
    }
}
