//! Keeps Python's garbage collector from running where the recorder makes objects of its own.
//!
//! Up to 3.11 making any container may start a collection, and that may run the program's finalizers:
//! under the recorder's hands, and at a moment when the program would not have run them. Later versions
//! collect between instructions only.

#![expect(unsafe_code, reason = "the C API of Python")]

use std::{ffi::c_int, sync::OnceLock};

type Switch = unsafe extern "C" fn() -> c_int;

/// `PyGC_Disable` and `PyGC_Enable`, which 3.9 does not have.
static SWITCHES: OnceLock<Option<(Switch, Switch)>> = OnceLock::new();

/// No collection while this is alive.
pub(crate) struct Quiet(Option<Switch>);

impl Quiet {
    #[inline]
    pub(crate) fn new(minor: u8) -> Self {
        if !(10..=11).contains(&minor) {
            return Self(None);
        }
        let Some((off, on)) = *SWITCHES.get_or_init(find) else {
            return Self(None);
        };
        // SAFETY: the lock is held. A program that has switched it off itself gets it back that way.
        let was_on = unsafe { off() } != 0;
        Self(was_on.then_some(on))
    }
}

impl Drop for Quiet {
    #[inline]
    fn drop(&mut self) {
        if let Some(on) = self.0 {
            // SAFETY: the lock is held.
            unsafe { on() };
        }
    }
}

fn find() -> Option<(Switch, Switch)> {
    let named = |name: &std::ffi::CStr| {
        // SAFETY: looks a symbol up; both have this signature in every version that has them.
        unsafe {
            let found = libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr());
            (!found.is_null()).then(|| std::mem::transmute::<*mut libc::c_void, Switch>(found))
        }
    };
    named(c"PyGC_Disable").zip(named(c"PyGC_Enable"))
}
