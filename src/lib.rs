//! A terminal debugger for Python that thinks out loud.
//!
//! Rooms, lowest first. Who may import whom is a table in `tests/tidy.rs`; nothing imports `tui` but
//! `cli` and `main`.
//!
//! | room | owns |
//! | --- | --- |
//! | [`trace`] | an execution as data: steps, frames, values, and the way through them |
//! | [`represent`] | a trace as text, in five representations, with the way back to its steps |
//! | [`redact`] | what must not leave this machine, masked |
//! | [`sandbox`] | a command run confined, and how it ended |
//! | [`record`] | a program run under the recorder, into a growing trace file |
//! | [`model`] | text in, tokens out; knows nothing of traces |
//! | [`explain`] | monologues: the prompts, the answers, the claims |
//! | [`export`] | traces and pages as data for other programs |
//! | [`repair`] | from a bug to a judged fix |
//! | [`settings`] | the settings files, typed |
//! | [`tui`] | the screen |
//! | [`cli`] | the command line |
//!
//! What holds everywhere: a Python exception, a model's mistake and a torn file are data, never an
//! `Err`. `trace` does no input or output but in `trace::file`. `model` has never heard of a step. No
//! room below `tui` names ratatui. Code that a model wrote runs in `sandbox` and nowhere else.

/// Declares the modules of a family and lists its members in menu order, so that the two cannot drift.
macro_rules! family {
    ($(#[$doc:meta])* dyn $member_trait:path: $($module:ident :: $member:ident),+ $(,)?) => {
        $(mod $module;)+
        $(#[$doc])*
        pub const ALL: &[&dyn $member_trait] = &[$(&$module::$member),+];
    };
}

pub mod trace;

pub mod represent;

pub mod redact;

pub mod sandbox;

pub mod record;

pub mod model;

pub mod explain;

pub mod export;

pub mod repair;

pub mod settings;

pub mod tui;

pub mod cli;
