//! One core is left to the program that is debugged: a model's threads spin while they wait, and lose most
//! of their speed when they are more than the cores.
//!
//! The library that calculates reads its numbers of threads from the environment alone. They are set before
//! anything runs, and kept from the programs that are started.
#![expect(
    unsafe_code,
    reason = "the environment is changed while nobody reads it"
)]

use std::sync::OnceLock;

use crate::model;

static SET: OnceLock<Vec<&'static str>> = OnceLock::new();

/// Sets what the person has not. Call before any thread exists.
pub(super) fn leave_a_core() {
    let settings = model::thread_settings();
    for (name, value) in &settings {
        // SAFETY: no other thread exists, so none reads the environment meanwhile.
        unsafe { std::env::set_var(name, value) };
    }
    let names = settings.into_iter().map(|(name, _)| name).collect();
    // Set once a process; a second call would find all of them set.
    let _ = SET.set(names);
}

/// The variables that were set here, which are none of another program's business.
pub(super) fn set() -> Vec<String> {
    let names = SET.get().into_iter().flatten();
    names.map(|name| (*name).to_owned()).collect()
}
