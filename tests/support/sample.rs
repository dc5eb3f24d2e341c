//! The command line run on the sample program.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

/// The sample: its loop ends one turn too early.
pub(crate) const PROGRAM: &str = "\
def bubble_sort(arr):
    n = len(arr)
    for i in range(n):
        for j in range(n - i - 2):
            if arr[j] > arr[j + 1]:
                swap(arr, j, j + 1)
    return arr

def swap(a, x, y):
    a[x], a[y] = a[y], a[x]
";

/// What a command said.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `monologue` in a folder, without the settings and the model of whoever tests.
pub(crate) fn run(folder: &Path, args: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_monologue"))
        .args(args)
        .current_dir(folder)
        .env("XDG_CONFIG_HOME", folder.join("no-config"))
        .env_remove("MONOLOGUE_MODEL")
        .output()
        .unwrap();
    Ran {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A program's run, or its call's, as `run.trace` in a folder of its own.
pub(crate) fn recorded(program: &str, call: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("prog.py"), program).unwrap();
    let ran = match call {
        "" => run(folder.path(), &["record", "-o", "run.trace", "prog.py"]),
        call => run(
            folder.path(),
            &["record", "-o", "run.trace", "--call", call, "prog.py"],
        ),
    };
    assert_eq!(ran.status, 0, "{}", ran.err);
    folder
}
