//! What an interpreter needs to see of the file system in order to start.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::Error;

/// Prints the executable and every directory that the interpreter was installed into, one a line.
const ASK: &str = "\
import os, sys
print(sys.executable)
for root in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix):
    print(root)
print(os.path.dirname(os.path.dirname(os.path.realpath(sys.executable))))
";

/// The parts of an installation that a program needs. Not the prefix itself: a prefix such as `~/.local`
/// holds more than Python.
const PARTS: &[&str] = &["bin", "lib", "lib64", "pyvenv.cfg"];

/// An interpreter and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// The real executable, absolute: what stands behind a version manager's shim.
    pub executable: PathBuf,
    /// Absolute paths it reads at run time: its own and, in a virtual environment, its base's.
    pub reads: Vec<PathBuf>,
}

impl Interpreter {
    /// Asks `python`, once per process and path: about 15 ms the first time, then nothing.
    ///
    /// # Errors
    ///
    /// When it cannot be started or answers something else.
    pub fn of(python: &Path) -> Result<Interpreter, Error> {
        static KNOWN: OnceLock<Mutex<HashMap<PathBuf, Interpreter>>> = OnceLock::new();
        let known = KNOWN.get_or_init(Mutex::default);
        let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = lock().get(python) {
            return Ok(found.clone());
        }
        let found = ask(python)?;
        lock().insert(python.to_owned(), found.clone());
        Ok(found)
    }
}

fn ask(python: &Path) -> Result<Interpreter, Error> {
    let fail = |why: String| Error::Interpreter {
        python: python.to_owned(),
        why,
    };
    let output = Command::new(python)
        .args(["-I", "-c", ASK])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| fail(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(fail(said.lines().last().unwrap_or("it failed").to_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines().map(PathBuf::from);
    let executable = lines
        .next()
        .filter(|path| path.is_absolute())
        .ok_or_else(|| fail("it does not know its own path".to_owned()))?;
    let mut reads: Vec<PathBuf> = Vec::new();
    for root in lines {
        for part in PARTS {
            let path = root.join(part);
            if root.is_absolute() && path.exists() && !reads.contains(&path) {
                reads.push(path);
            }
        }
    }
    Ok(Interpreter { executable, reads })
}
