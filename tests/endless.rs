//! A program that never ends, under the debugger: a bounded trace, the newest steps on the screen.

#[expect(dead_code, reason = "each test takes what it needs")]
#[path = "support/pty.rs"]
mod pty;

use std::{fs, os::unix::fs::MetadataExt as _, thread, time::Duration};

use nix::{sys::signal::kill, unistd::Pid};
use pty::Terminal;

/// Sleeps, so that what a debug build makes of it keeps up with what is recorded.
const PROGRAM: &str = "\
import os, time
open('pid', 'w').write(str(os.getpid()))


def step(n):
    m = [n]
    return m


n = 0
while True:
    n += 1
    step(n)
    time.sleep(0.0002)
";

/// The number that stands behind `what` on the screen.
fn number(screen: &str, what: &str) -> Option<u32> {
    let rest = &screen[screen.find(what)? + what.len()..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}

fn gone(screen: &str) -> Option<u32> {
    number(screen, "RUNNING, first ")
}

#[test]
fn of_a_program_that_never_ends_the_newest_steps_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("loop.py"), PROGRAM).expect("it is written");
    let trace = folder.path().join("kept.trace");
    let args = ["--max-bytes", "100000", "-o", "kept.trace", "loop.py"];
    let mut terminal = Terminal::start(&args, folder.path(), 160, 40);
    // Nobody has moved: what is looked at goes, and that is said.
    terminal.wait_for("is gone, as only the newest are kept: this is the oldest one");
    let screen = terminal.wait("steps to go", |it| gone(it).is_some_and(|it| 50_000 < it));
    let first = gone(&screen).expect("it was waited for");
    terminal.wait("more of them to go", |it| {
        gone(it).is_some_and(|it| first + 30_000 < it)
    });
    let (held, long) = fs::metadata(&trace)
        .map(|it| (it.blocks() * 512, it.len()))
        .expect("it is there");
    // What went was some bytes a step; the recorder has room ahead that it has not written to.
    assert!(held + 300_000 < long, "{held} bytes are held of {long}");
    // The keys do what they do.
    terminal.send("G");
    let screen = terminal.wait("the newest steps", |it| {
        let at = number(it, "  step ").zip(gone(it));
        at.is_some_and(|(step, gone)| gone + 1 < step)
    });
    assert!(screen.contains("while True:"), "{screen}");
    terminal.send("?");
    terminal.wait_for("step_into");
    terminal.send("\x1b");
    terminal.wait("the panes", |it| !it.contains("step_into"));
    // It ends where it is, and everything left can be gone to.
    terminal.send("\x03");
    terminal.wait_for("KeyboardInterrupt");
    terminal.send("gg");
    let screen = terminal.wait("the oldest step", |it| it.contains("steps 1 to "));
    let dropped = number(&screen, "steps 1 to ").expect("it was waited for");
    terminal.wait_for(&format!("  step {}/", dropped + 1));
    terminal.send("ss");
    terminal.wait_for(&format!("  step {}/", dropped + 3));
    terminal.send("q");
    assert_eq!(terminal.end().exit_code(), 0);
}

#[test]
fn a_program_whose_oldest_steps_went_ends_with_the_debugger() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("loop.py"), PROGRAM).expect("it is written");
    let args = ["--max-bytes", "50000", "loop.py"];
    let mut terminal = Terminal::start(&args, folder.path(), 160, 40);
    terminal.wait("steps to go", |it| gone(it).is_some());
    terminal.send("q");
    assert_eq!(terminal.end().exit_code(), 0);
    let pid = fs::read_to_string(folder.path().join("pid")).expect("it wrote it");
    let pid = Pid::from_raw(pid.parse().expect("a number"));
    let mut patience = 100;
    while kill(pid, None).is_ok() {
        patience -= 1;
        assert_ne!(patience, 0, "the program outlived the debugger");
        thread::sleep(Duration::from_millis(50));
    }
}
