//! What a program starts beside itself, and what it does to being traced: followed, or said in the trace.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use monologue::{
    export,
    record::{Backend, Launch, Outcome, record},
    trace::file,
};
use serde_json::{Value as Json, json};
use std::{fs, path::Path};
use support::{
    launch_script,
    pythons::{self, Interpreter},
    replay::{Replay, is_call, replay},
};

fn run(python: &Interpreter, backend: Backend, folder: &Path, text: &str) -> (Outcome, Replay) {
    let (file, trace) = (folder.join("script.py"), folder.join("trace"));
    fs::write(&file, text).unwrap();
    let outcome = record(&Launch {
        backend,
        ..launch_script(python, &file, &trace)
    });
    (outcome.unwrap(), replay(&trace))
}

/// Notes without the numbers of processes.
fn notes(replay: &Replay) -> Vec<String> {
    let is_number = |it: &&str| 3 < it.len() && it.bytes().all(|it| it.is_ascii_digit());
    let masked = |it: &String| {
        let words = it
            .split(' ')
            .map(|it| if is_number(&it) { "N" } else { it });
        words.collect::<Vec<_>>().join(" ")
    };
    replay.notes.iter().map(masked).collect()
}

const FORKING: &str = "import os, sys

def work(n):
    total = 0
    for i in range(n):
        total += i
    return total

sys.stdout.flush()
pid = os.fork()
if pid == 0:
    work(2000)
    os._exit(5)
work(300)
print(os.waitpid(pid, 0)[1] >> 8)
";

#[test]
fn a_forked_process_does_not_write_and_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    for python in pythons::installed() {
        let (outcome, recorded) = run(&python, Backend::Own, folder.path(), FORKING);
        assert_eq!((outcome.status, &*outcome.stdout), (0, &b"5\n"[..]));
        let told = "child process N was forked at step 4; it is not followed";
        assert_eq!(notes(&recorded), [told], "3.{}", python.minor);
        let calls = recorded.events.iter().filter(|it| is_call(it, "work"));
        assert_eq!(calls.count(), 1, "3.{}", python.minor);
    }
}

const STARTING: &str = "import ctypes, os, subprocess, sys
import multiprocessing

def double(n):
    return n * 2

if __name__ == '__main__':
    sys.stdout.flush()
    subprocess.run(['true'])
    os.system('exit 1')
    with multiprocessing.get_context('fork').Pool(1) as pool:
        print(pool.map(double, [1]))
    sys.stdout.flush()
    child = ctypes.CDLL(None).fork()
    if child == 0:
        for n in range(500):
            double(n)
        os._exit(0)
    os.waitpid(child, 0)
    os.execv('/bin/echo', ['echo', 'last'])
";

#[test]
fn every_way_to_start_a_process_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    for python in pythons::installed() {
        let (outcome, recorded) = run(&python, Backend::Own, folder.path(), STARTING);
        let text = String::from_utf8_lossy(&outcome.stdout).into_owned();
        assert_eq!((outcome.status, &*text), (0, "[2]\nlast\n"));
        let told: Vec<_> = notes(&recorded)
            .iter()
            .map(|it| it.split(" at step ").next().unwrap().to_owned())
            .collect();
        let expected = [
            "child process N was started (true)",
            "a shell command `exit 1` was run",
            "child process N was forked",
            "the process gave way to another program (/bin/echo)",
        ];
        assert_eq!(told, expected, "3.{}", python.minor);
        // Not those of the process that was forked behind Python's back.
        assert!(recorded.events.iter().all(|it| !is_call(it, "double")));
    }
}

const TRACING: &str = "import sys

def tracer(frame, event, arg):
    return tracer

def work(n):
    m = n + 1
    return m

sys.settrace(tracer)
work(1)
assert sys.gettrace() is tracer
sys.settrace(None)
work(2)
assert sys.gettrace() is None
";

#[test]
fn a_trace_function_of_the_programs_own_does_not_end_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    for python in pythons::installed() {
        for backend in [Backend::Own, Backend::SetTrace] {
            let (outcome, recorded) = run(&python, backend, folder.path(), TRACING);
            let text = String::from_utf8_lossy(&outcome.stderr).into_owned();
            assert_eq!(outcome.status, 0, "{text}");
            let of = |name: &str| {
                let events = recorded.events.iter().filter(|it| it.function == name);
                events.count()
            };
            assert_eq!(of("work"), 8, "3.{}", python.minor);
            // Their function is the program's code as well; Python does not trace what traces.
            assert_eq!(of("tracer"), 0, "3.{}", python.minor);
            assert_eq!(recorded.notes, [""; 0]);
        }
    }
}

const CHAINED: &str = "def low():
    {}['k']

def high():
    try:
        low()
    except KeyError as error:
        raise ValueError('v') from error

try:
    high()
except ValueError:
    try:
        raise OSError(2, 'gone') from None
    except OSError as error:
        caught = error
";

const GROUPED: &str = "try:
    noted = ValueError('one')
    noted.add_note('said later')
    raise ExceptionGroup('all', [noted, ExceptionGroup('in', [KeyError(2)])])
except ExceptionGroup:
    pass
";

/// The exceptions of a trace as `export` gives them, by what is beside type and message.
fn exported(folder: &Path) -> Vec<Json> {
    let mut out = Vec::new();
    export::events(&file::open(&folder.join("trace")).unwrap(), &mut out, None).unwrap();
    let events = String::from_utf8(out).unwrap();
    let events = events
        .lines()
        .map(|it| serde_json::from_str::<Json>(it).unwrap());
    events.filter(|it| it["event"] == "exception").collect()
}

#[test]
fn chains_and_groups_of_exceptions_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    for python in pythons::installed() {
        run(&python, Backend::Own, folder.path(), CHAINED);
        let found = exported(folder.path());
        let cause = json!({"type": "KeyError", "message": "'k'"});
        let first = &found[0];
        assert_eq!(
            (&first["type"], first.get("cause")),
            (&json!("KeyError"), None)
        );
        let raised = found.iter().find(|it| it["type"] == "ValueError").unwrap();
        assert_eq!(raised["cause"], cause);
        assert_eq!(raised["suppress_context"], true);
        let last = found.last().unwrap();
        assert_eq!(last["type"], "FileNotFoundError");
        assert_eq!(last["context"]["type"], "ValueError");
        assert_eq!(last["context"]["cause"], cause);
        assert_eq!(last["suppress_context"], true);
        assert_eq!(last.get("cause"), None);

        if 11 <= python.minor {
            run(&python, Backend::Own, folder.path(), GROUPED);
            let found = exported(folder.path());
            assert_eq!(found[0]["message"], "all (2 sub-exceptions)");
            let members = json!([
                {"type": "ValueError", "message": "one", "notes": ["said later"]},
                {"type": "ExceptionGroup", "message": "in (1 sub-exception)",
                 "exceptions": [{"type": "KeyError", "message": "2"}]},
            ]);
            assert_eq!(found[0]["exceptions"], members);
        }
    }
}
