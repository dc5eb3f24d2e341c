//! The interpreters to test with.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// An interpreter and the second number of its version.
#[derive(Debug, Clone)]
pub(crate) struct Interpreter {
    pub(crate) path: PathBuf,
    pub(crate) minor: u8,
}

/// One of each version from 3.9 to 3.13 that is installed; says which are not.
pub(crate) fn installed() -> Vec<Interpreter> {
    let mut res = Vec::new();
    for minor in 9..=13 {
        match of_pyenv(minor).or_else(|| on_path(minor)) {
            Some(path) => res.push(Interpreter { path, minor }),
            None => eprintln!("SKIPPED: there is no Python 3.{minor} here"),
        }
    }
    assert!(!res.is_empty(), "there is no Python here to test with");
    res
}

fn of_pyenv(minor: u8) -> Option<PathBuf> {
    let versions = PathBuf::from(env::var_os("HOME")?).join(".pyenv/versions");
    let prefix = format!("3.{minor}.");
    let mut found: Vec<_> = fs::read_dir(versions)
        .ok()?
        .flatten()
        .filter(|it| it.file_name().to_string_lossy().starts_with(&prefix))
        .map(|it| it.path().join("bin/python"))
        .filter(|it| answers(it))
        .collect();
    found.sort();
    found.pop()
}

fn on_path(minor: u8) -> Option<PathBuf> {
    let name = format!("python3.{minor}");
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|it| it.join(&name))
        .find(|it| it.is_file() && answers(it))
}

fn answers(path: &Path) -> bool {
    runs(path, "")
}

fn runs(python: &Path, code: &str) -> bool {
    let mut command = Command::new(python);
    command
        .args(["-c", code])
        .output()
        .is_ok_and(|it| it.status.success())
}

/// Those that can import a module: of the installed ones, and of the virtual environments in the folder
/// that `MONOLOGUE_VENVS` names. Says so if there is none.
pub(crate) fn with_module(name: &str) -> Vec<Interpreter> {
    let mut all = installed();
    let folder = env::var_os("MONOLOGUE_VENVS").map(PathBuf::from);
    for entry in folder
        .iter()
        .filter_map(|it| fs::read_dir(it).ok())
        .flatten()
    {
        let path = entry.unwrap().path().join("bin/python");
        if let Some(minor) = minor(&path) {
            all.push(Interpreter { path, minor });
        }
    }
    all.retain(|it| runs(&it.path, &format!("import {name}")));
    if all.is_empty() {
        eprintln!(
            "SKIPPED: no Python here has {name}; MONOLOGUE_VENVS may name a folder of environments"
        );
    }
    all
}

fn minor(python: &Path) -> Option<u8> {
    let asked = Command::new(python)
        .args(["-c", "import sys; print(sys.version_info[1])"])
        .output()
        .ok()?;
    String::from_utf8_lossy(&asked.stdout).trim().parse().ok()
}
