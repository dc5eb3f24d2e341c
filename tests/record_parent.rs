//! `monologue record` as a process: signals sent to it, its sudden end, and a disk that takes no more.

#![cfg(unix)]
#![expect(clippy::print_stderr, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use monologue::trace::{Ending, Trace, file};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use support::pythons;

const WAITING: &str = "import signal, sys, time

def got(number, frame):
    print('got', signal.Signals(number).name, flush=True)
    sys.exit(7)

for name in ('SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGQUIT'):
    signal.signal(getattr(signal, name), got)
print('ready', flush=True)
for line in sys.stdin:
    print('read', line.strip(), flush=True)
n = 0
while n < 300:
    n += 1
print('done', n, flush=True)
";

fn script(folder: &Path, text: &str) -> (PathBuf, PathBuf) {
    let file = folder.join("script.py");
    fs::write(&file, text).unwrap();
    (file, folder.join("trace"))
}

/// Starts `record` and waits until the program says that it is ready.
fn started(folder: &Path) -> (Child, BufReader<impl Read + use<>>, PathBuf) {
    let (file, trace) = script(folder, WAITING);
    let mut child = Command::new(env!("CARGO_BIN_EXE_monologue"))
        .args(["record", "--python"])
        .arg(pythons::installed().pop().unwrap().path)
        .arg("-o")
        .args([&trace, &file])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, out, trace)
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
}

fn rest(mut out: BufReader<impl Read>) -> String {
    let mut res = String::new();
    out.read_to_string(&mut res).unwrap();
    res
}

fn opened(trace: &Path) -> Trace {
    file::open(trace).unwrap()
}

#[test]
fn signals_are_the_programs_own() {
    let folder = tempfile::tempdir().unwrap();
    for signal in [
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGUSR1,
        Signal::SIGQUIT,
    ] {
        let (mut child, out, trace) = started(folder.path());
        send(&child, signal);
        assert_eq!(rest(out), format!("got {signal}\n"));
        assert_eq!(child.wait().unwrap().code(), Some(7));
        assert_eq!(opened(&trace).ending(), Ending::Exited(7));
    }
    // One it does not listen for ends it.
    let (mut child, out, trace) = started(folder.path());
    send(&child, Signal::SIGUSR2);
    assert_eq!(rest(out), "");
    let status = 128 + Signal::SIGUSR2 as i32;
    assert_eq!(child.wait().unwrap().code(), Some(status));
    assert_eq!(opened(&trace).ending(), Ending::Exited(status.into()));
}

#[test]
fn a_program_outlives_the_one_that_records_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, out, trace) = started(folder.path());
    send(&child, Signal::SIGKILL);
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    // The end of its input lets it go on.
    drop(child.stdin.take());
    assert_eq!(rest(out), "done 300\n");
    let trace = opened(&trace);
    assert_eq!(trace.ending(), Ending::Open);
    assert!(600 < trace.steps().len(), "{} steps", trace.steps().len());
}

#[test]
fn a_full_disk_ends_the_recording_and_not_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let text = "for i in range(12000):\n    text = str(i) * 300\nprint('done', i)\n";
    let (file, trace) = script(folder.path(), text);
    for python in pythons::installed() {
        // Files of this shell and what it starts end at six MiB.
        let done = Command::new("bash")
            .args(["-c", "ulimit -f 6144; exec \"$@\"", "bash"])
            .arg(env!("CARGO_BIN_EXE_monologue"))
            .args(["record", "--python"])
            .arg(&python.path)
            .arg("-o")
            .args([&trace, &file])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.stdout, b"done 11999\n", "{said}");
        assert_eq!(done.status.code(), Some(0), "{said}");
        let trace = opened(&trace);
        let notes: Vec<_> = trace.notes().iter().map(|it| it.to_string()).collect();
        let told = ["recording stopped: there is no space left for the trace"];
        assert_eq!(notes, told, "3.{}", python.minor);
        assert!(5000 < trace.steps().len(), "{} steps", trace.steps().len());
        assert_eq!(trace.ending(), Ending::Exited(0));
    }
}
