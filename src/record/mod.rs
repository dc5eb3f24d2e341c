//! A program run under the recorder, into a growing trace file.
//!
//! [`start`] launches the interpreter and returns at once; the file at [`Running::trace`] can be read
//! from then on, up to the length its header promises. [`record`] waits for the end. How the program
//! fares, a crash included, is its [`Outcome`]; an [`Error`] means that it was not recorded.

mod finish;
mod input;
mod install;
mod launch;
mod python;
mod running;
mod signals;
mod tail;

pub use input::Input;
pub use launch::{Backend, Launch, Output, Stdin, Target};
pub use python::{Python, find as find_python};
pub use running::{Outcome, Running};
pub use signals::Forwarding;

use std::{io, path::PathBuf};

/// Exit status that says the recorder itself failed, as `env` and `timeout` use it.
pub const FAILED: i32 = 125;

/// Runs the program to its end. Costs the program's own time and what recording adds.
pub fn record(launch: &Launch) -> Result<Outcome, Error> {
    start(launch)?.wait()
}

/// Starts the program and returns while it runs. The first time for an interpreter it is asked for its
/// version, which takes some tens of milliseconds.
pub fn start(launch: &Launch) -> Result<Running, Error> {
    launch.check()?;
    let python = python::find(launch.python.as_deref())?;
    if matches!(launch.target, Target::Pytest { .. }) {
        python::require_pytest(&python)?;
    }
    let installed = install::install().map_err(Error::Install)?;
    launch::spawn(launch, python, &installed)
}

/// Why a program was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file of the target cannot be run.
    #[error("cannot run {}: {reason}", path.display())]
    Target {
        /// As it was given.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No interpreter was named and none was found.
    #[error(
        "cannot find a Python: there is no active virtual environment and no `python3` on PATH; name one with --python PATH"
    )]
    NoPython,
    /// The interpreter cannot be used.
    #[error("cannot record with {}: {reason}", path.display())]
    Python {
        /// The interpreter.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The file for standard input cannot be opened.
    #[error("cannot read standard input from {}: {error}", path.display())]
    Stdin {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The trace cannot be written.
    #[error("cannot write the trace {}: {error}", path.display())]
    Trace {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The extension could not be put where Python can load it.
    #[error("cannot install the recorder: {0}")]
    Install(io::Error),
    /// The process could not be started or waited for.
    #[error("cannot run {}: {error}", path.display())]
    Run {
        /// The interpreter.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The interpreter ran, the recorder in it did not.
    #[error("the recorder did not start in {} (exit status {status}){}", path.display(), said(text))]
    Recorder {
        /// The interpreter.
        path: PathBuf,
        /// As a shell shows it.
        status: i32,
        /// What it wrote to stderr, if that was ours to read.
        text: String,
    },
}

fn said(text: &str) -> String {
    match text.trim().lines().last() {
        Some(line) => format!(": {line}"),
        None => String::new(),
    }
}
