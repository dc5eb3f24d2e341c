//! What the tests of the recorder share.

#![expect(dead_code, reason = "each test takes what it needs")]

pub(crate) mod oracle;
pub(crate) mod pythons;
pub(crate) mod replay;

use monologue::record::{Launch, Output, Stdin, Target};
use pythons::Interpreter;
use std::path::Path;

/// A launch whose output is ours to look at.
pub(crate) fn launch(python: &Interpreter, target: Target, trace: &Path) -> Launch {
    Launch {
        python: Some(python.path.clone()),
        stdin: Stdin::Null,
        output: Output::Piped,
        ..Launch::new(target, trace)
    }
}

/// The same for a script.
pub(crate) fn launch_script(python: &Interpreter, file: &Path, trace: &Path) -> Launch {
    launch(python, Target::Script { file: file.into() }, trace)
}
