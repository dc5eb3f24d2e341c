//! The interpreter: found, asked what it is, and refused where the recorder does not load.

use super::Error;
use std::{
    collections::HashMap,
    env,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{LazyLock, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// An interpreter that the recorder loads into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    /// What is run.
    pub path: PathBuf,
    /// Its version, as `3.12.1`.
    pub version: String,
    /// The second number of the version, 9 to 13.
    pub minor: u8,
}

/// How long an interpreter may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(20);

const QUESTION: &str = "import sys; print('monologue', sys.implementation.name, \
                        '.'.join(map(str, sys.version_info[:3])), sys.abiflags)";

/// The interpreter to use: the one given, else that of the active virtual environment, else `python3`
/// of `PATH`. Its answer is remembered for the life of this process.
pub fn find(given: Option<&Path>) -> Result<Python, Error> {
    static KNOWN: LazyLock<Mutex<HashMap<PathBuf, Python>>> = LazyLock::new(Mutex::default);
    let path = match given {
        Some(given) => given.to_owned(),
        None => usual(env::var_os("VIRTUAL_ENV").map(PathBuf::from)).ok_or(Error::NoPython)?,
    };
    if let Some(known) = KNOWN
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&path)
    {
        return Ok(known.clone());
    }
    let res = ask(&path).map_err(|reason| Error::Python {
        path: path.clone(),
        reason,
    })?;
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.insert(path, res.clone());
    Ok(res)
}

/// Refuses an interpreter without pytest, which `-m pytest` would look for on the same path.
pub(super) fn require_pytest(python: &Python) -> Result<(), Error> {
    const QUESTION: &str = "import importlib.util as it; \
                            print('monologue', it.find_spec('pytest') is not None)";
    let found = answer(&python.path, &["-c", QUESTION]);
    let reason = match found {
        Ok(text) if text.ends_with("monologue True\n") => return Ok(()),
        Ok(_) => {
            "pytest is not installed there; install it, or name another interpreter with --python PATH"
        }
        Err(reason) => return Err(unusable(python, reason)),
    };
    Err(unusable(python, reason.into()))
}

fn unusable(python: &Python, reason: String) -> Error {
    Error::Python {
        path: python.path.clone(),
        reason,
    }
}

fn usual(environment: Option<PathBuf>) -> Option<PathBuf> {
    let of_environment = environment
        .map(|it| it.join("bin/python"))
        .filter(|it| it.exists());
    of_environment.or_else(|| on_path("python3"))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|it| it.join(name))
        .find(|it| it.is_file())
}

fn ask(path: &Path) -> Result<Python, String> {
    let answer = answer(path, &["-I", "-S", "-c", QUESTION])?;
    let mut words = answer.split_whitespace();
    if words.next() != Some("monologue") {
        return Err(
            "it does not answer as a Python interpreter; name one with --python PATH".into(),
        );
    }
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (implementation, version, flags) = (word(), word(), word());
    if implementation != "cpython" {
        return Err(format!(
            "it is {implementation}; CPython 3.9 to 3.13 is needed"
        ));
    }
    let mut numbers = version.split('.').map(|it| it.parse::<u8>().unwrap_or(0));
    let minor = match (numbers.next(), numbers.next()) {
        (Some(3), Some(minor @ 9..=13)) => minor,
        _ => {
            return Err(format!(
                "it is Python {version}; Python 3.9 to 3.13 is needed (name one with --python PATH)"
            ));
        }
    };
    if flags.contains('t') {
        let text = "it is a free-threaded build, which the recorder does not load into";
        return Err(format!("{text}; name another with --python PATH"));
    }
    Ok(Python {
        path: path.to_owned(),
        version,
        minor,
    })
}

/// What the interpreter prints, or a reason. Whatever is run, it is given up after [`PATIENCE`].
fn answer(path: &Path, words: &[&str]) -> Result<String, String> {
    let mut child = Command::new(path)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("it cannot be started ({error})"))?;
    let end = Instant::now() + PATIENCE;
    loop {
        match child.try_wait() {
            Ok(Some(_)) => break,
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(2)),
            Ok(None) => {
                // Gone already is as good.
                let _ = child.kill();
                let _ = child.wait();
                return Err("it does not answer; name another with --python PATH".into());
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    let mut res = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        // It has ended; a pipe holds more than the answer is long.
        let _ = stdout.by_ref().take(4096).read_to_end(&mut res);
    }
    Ok(String::from_utf8_lossy(&res).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};

    fn check(script: &str, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("python");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let text = find(Some(&path))
            .map(|it| it.version)
            .unwrap_or_else(|it| it.to_string());
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn interpreters_are_known_by_their_answer() {
        check("echo monologue cpython 3.12.1", "3.12.1");
        check(
            "echo monologue cpython 3.8.18",
            "Python 3.9 to 3.13 is needed",
        );
        check("echo monologue cpython 3.14.0", "it is Python 3.14.0");
        check("echo monologue cpython 3.13.0 t", "free-threaded");
        check("echo monologue pypy 3.10.0", "it is pypy");
        check("echo hello", "does not answer as a Python");
        check("exit 1", "does not answer as a Python");
    }

    #[test]
    fn what_is_not_there_is_said() {
        let text = find(Some(Path::new("/nowhere/python")))
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("cannot record with /nowhere/python"),
            "{text}"
        );
    }
}
