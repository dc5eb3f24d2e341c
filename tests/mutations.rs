//! Every change of every value is seen: programs made to hide changes, event by event against an oracle
//! that looks at everything every time.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

#[path = "support/mutations/shown.rs"]
mod shown;

use monologue::record::{Backend, Launch, Target, record};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use support::{
    launch,
    pythons::{self, Interpreter},
    replay::replay,
};

fn here(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/mutations");
    folder.join(name)
}

/// What a script prints.
fn printed(python: &Interpreter, script: &str, words: &[&str]) -> String {
    let mut command = Command::new(&python.path);
    let output = command.arg(here(script)).args(words).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Compares what both say of a program; `what` names it.
fn check(python: &Interpreter, program: &Path, what: &str) {
    let work = tempfile::tempdir().unwrap();
    let expected = work.path().join("expected");
    let words = [expected.to_str().unwrap(), program.to_str().unwrap()];
    printed(python, "oracle.py", &words);
    let expected = fs::read_to_string(expected).unwrap();

    let both = [Backend::Own, Backend::SetTrace];
    let backends = if 12 <= python.minor {
        &both[..]
    } else {
        &both[..1]
    };
    for &backend in backends {
        let trace = work.path().join("trace");
        let target = Target::Script {
            file: program.into(),
        };
        let outcome = record(&Launch {
            backend,
            ..launch(python, target, &trace)
        });
        assert_eq!(outcome.unwrap().status, 0, "{what}");
        let events = replay(&trace).events;
        let name = format!("3.{} {backend:?} {what}", python.minor);
        assert_eq!(expected.lines().count(), events.len(), "{name}");
        for (at, (expected, event)) in expected.lines().zip(&events).enumerate() {
            let found = shown::event(event);
            let mut fields = expected.split('\t').zip(found.split('\t'));
            let first = fields.find(|(expected, found)| expected != found);
            assert_eq!(first, None, "{name}: event {at}, line {}", event.line);
            assert_eq!(expected, found, "{name}: event {at}");
        }
    }
}

#[test]
fn no_change_of_a_value_is_missed() {
    for python in pythons::installed() {
        // One in three works at the level of the module, one with a generator that is suspended.
        for seed in 0..3 {
            let program = printed(&python, "generate.py", &[&seed.to_string(), "160"]);
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("program.py");
            fs::write(&file, program).unwrap();
            check(
                &python,
                &file.canonicalize().unwrap(),
                &format!("seed {seed}"),
            );
        }
    }
}

#[test]
fn addresses_used_again_and_names_that_share_hide_nothing() {
    for python in pythons::installed() {
        for name in ["reuse.py", "shared.py", "large.py"] {
            check(&python, &here(name), name);
        }
    }
}
