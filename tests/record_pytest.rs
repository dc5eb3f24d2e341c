//! One test of pytest's as the program: recorded as `python -m pytest` runs it, and opened where it fails.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use monologue::{
    record::{Launch, Outcome, Target, record},
    trace::{Trace, file},
};
use std::{fs, path::Path};
use support::{
    launch,
    pythons::{self, Interpreter},
};

const TESTS: &str = "import pytest

def total(xs):
    s = 0
    for x in xs:
        s += x
    return s

@pytest.fixture
def data():
    yield [1, 2, 3]

def test_right(data):
    assert total(data) == 6

def test_wrong(data):
    got = total(data)
    assert got == 6, 'first'
    assert got == 7, 'second'

def test_helped():
    check(total([1]))

def check(n):
    assert n == 2

def test_raises():
    with pytest.raises(ValueError):
        int('x')
    pytest.skip('later')
";

fn run(python: &Interpreter, folder: &Path, test: &str) -> (Outcome, Trace) {
    let node = format!("{}::{test}", folder.join("test_sums.py").display());
    let trace = folder.join("trace");
    let target = Target::Pytest { node: node.into() };
    let outcome = record(&Launch {
        args: ["-q", "-p", "no:cacheprovider"].map(Into::into).into(),
        ..launch(python, target, &trace)
    });
    (outcome.unwrap(), file::open(&trace).unwrap())
}

#[test]
fn a_failing_test_opens_on_its_assert() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("test_sums.py"), TESTS).unwrap();
    for python in pythons::with_module("pytest") {
        for (test, status, opens) in [
            ("test_right", 0, None),
            ("test_wrong", 1, Some((19, "second\nassert 6 == 7"))),
            ("test_helped", 1, Some((25, "assert 1 == 2"))),
            ("test_raises", 0, None),
            ("test_nothing", 4, None),
        ] {
            let (outcome, trace) = run(&python, folder.path(), test);
            let text = String::from_utf8_lossy(&outcome.stdout).into_owned();
            assert_eq!(outcome.status, status, "3.{} {test}\n{text}", python.minor);
            let opened = trace
                .uncaught()
                .map(|(event, exception)| (trace.events()[event].line, &*exception.message));
            assert_eq!(opened, opens, "3.{} {test}", python.minor);
            let invented = trace.frames().iter().any(|it| {
                let names = &trace.codes()[it.code].locals;
                names.iter().any(|&it| trace.name(it).starts_with('@'))
            });
            assert!(!invented, "pytest's own names are in the trace");
        }
    }
}

#[test]
fn an_interpreter_without_pytest_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::Pytest {
        node: "test_sums.py::test_right".into(),
    };
    let trace = folder.path().join("trace");
    // Isolated: whatever is installed beside it is not seen.
    let python = folder.path().join("python");
    let real = pythons::installed().remove(0);
    fs::write(
        &python,
        format!("#!/bin/sh\nexec {} -I -S \"$@\"\n", real.path.display()),
    )
    .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&python, mode).unwrap();
    let res = record(&Launch {
        python: Some(python),
        ..launch(&real, target, &trace)
    });
    let text = res.unwrap_err().to_string();
    assert!(text.contains("pytest is not installed there"), "{text}");
}
