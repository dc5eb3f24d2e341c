//! The real program in a real pseudo-terminal: what a person sees, and what is left when it ends.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "what was measured is told")]

#[path = "support/pty.rs"]
mod pty;
#[path = "support/tiny_model.rs"]
mod tiny_model;

use std::{
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use pty::Terminal;
use tempfile::TempDir;

const PROGRAM: &str = "\
def add(a, b):
    total = a + b
    return total


def run(n):
    acc = 0
    for i in range(n):
        acc = add(acc, i)
    print('acc', acc)
    return acc


run(4)
";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("prog.py"), PROGRAM).expect("it is written");
    folder
}

fn open(folder: &Path, columns: u16, rows: u16) -> Terminal {
    let mut terminal = Terminal::start(&["prog.py"], folder, columns, rows);
    terminal.wait_for("step 1/");
    terminal
}

/// The same, with a tiny model beside it.
fn with_a_model(folder: &Path, columns: u16, rows: u16) -> Terminal {
    let model = folder.join("model");
    fs::create_dir(&model).expect("it is made");
    tiny_model::write(&model);
    let model = model.to_string_lossy();
    let mut terminal = Terminal::start(&["--model", &model, "prog.py"], folder, columns, rows);
    terminal.wait_for("step 1/");
    terminal
}

fn quit(mut terminal: Terminal) {
    terminal.send("q");
    assert_eq!(terminal.end().exit_code(), 0);
}

#[test]
fn steps_go_forward_and_back() {
    let folder = folder();
    let mut terminal = open(folder.path(), 120, 40);
    terminal.send("s");
    terminal.wait_for("step 2/");
    terminal.send("5s");
    terminal.wait_for("step 7/");
    terminal.send("S");
    terminal.wait_for("step 6/");
    terminal.send("G");
    let screen = terminal.wait_for("acc 6");
    assert!(screen.contains("prog.py"), "{screen}");
    terminal.send("gg");
    terminal.wait_for("step 1/");
    quit(terminal);
}

#[test]
fn breakpoints_stop_both_ways() {
    let folder = folder();
    let mut terminal = open(folder.path(), 120, 40);
    terminal.send(":break prog.py:3\r");
    terminal.wait_for("●");
    terminal.send("c");
    let first = terminal.wait("a stop at line 3", |it| it.contains("  L3"));
    terminal.send("c");
    terminal.wait("the next stop", |it| {
        it.contains("  L3") && header(it) != header(&first)
    });
    terminal.send("C");
    terminal.wait("the first stop again", |it| header(it) == header(&first));
    quit(terminal);
}

#[test]
fn five_representations_stand_side_by_side() {
    let folder = folder();
    let mut terminal = open(folder.path(), 200, 60);
    terminal.send("V");
    terminal.wait("five titles", |it| {
        ["Scratchpad", "NExT", "SemCoder", "CodeExecutor", "Concise"]
            .iter()
            .all(|title| it.contains(title))
    });
    quit(terminal);
}

#[test]
fn a_small_screen_still_works() {
    let folder = folder();
    let mut terminal = Terminal::start(&["prog.py"], folder.path(), 20, 6);
    terminal.wait("something", |it| !it.trim().is_empty());
    terminal.send("s?");
    thread::sleep(Duration::from_millis(100));
    terminal.send("\x1b");
    thread::sleep(Duration::from_millis(100));
    quit(terminal);
}

#[test]
fn a_monologue_streams_and_stops() {
    let folder = folder();
    let mut terminal = with_a_model(folder.path(), 120, 40);
    terminal.send("5sa");
    terminal.wait_for("Esc stops");
    terminal.send("\x1b");
    terminal.wait_for("stopped");
    // The debugger went on all the while.
    terminal.send("gg");
    terminal.wait_for("step 1/");
    quit(terminal);
}

#[test]
fn errors_leave_the_terminal_alone() {
    let folder = folder();
    let mut terminal = Terminal::start(&["open", "prog.py"], folder.path(), 80, 24);
    terminal.wait_for("it is not a trace");
    assert_eq!(terminal.end().exit_code(), 1);
    let mut terminal = Terminal::start(&["missing.py"], folder.path(), 80, 24);
    terminal.wait_for("there is no such file");
    assert_eq!(terminal.end().exit_code(), 1);
}

#[test]
fn a_panic_gives_the_terminal_back() {
    let folder = folder();
    let mut terminal = Terminal::start_with(
        &["prog.py"],
        folder.path(),
        80,
        24,
        &[("MONOLOGUE_PANIC_ON_F12", "1")],
    );
    terminal.wait_for("step 1/");
    terminal.send("\x1b[24~");
    assert_ne!(terminal.end().exit_code(), 0);
}

#[test]
fn sigterm_ends_it_and_restores_the_terminal() {
    let folder = folder();
    let terminal = open(folder.path(), 80, 24);
    kill(Pid::from_raw(terminal.pid()), Signal::SIGTERM).expect("it can be signalled");
    assert_ne!(terminal.end().exit_code(), 0);
}

#[test]
fn a_killed_screen_leaves_a_restored_terminal() {
    let folder = folder();
    for signal in [
        Signal::SIGKILL,
        Signal::SIGABRT,
        Signal::SIGILL,
        Signal::SIGTERM,
    ] {
        let terminal = open(folder.path(), 80, 24);
        let screens = terminal.children();
        assert_eq!(screens.len(), 1, "one process draws");
        kill(Pid::from_raw(screens[0]), signal).expect("it can be signalled");
        if signal == Signal::SIGSEGV {
            // Rust's own handler waits for the fault to happen again; what was sent once does not.
            thread::sleep(Duration::from_millis(100));
            kill(Pid::from_raw(screens[0]), signal).expect("it can be signalled");
        }
        assert_ne!(terminal.end().exit_code(), 0);
    }
}

/// The number in a file that a program writes soon after it was started; the file is taken away.
fn written(path: &Path) -> i32 {
    for _ in 0..600 {
        if let Ok(text) = fs::read_to_string(path)
            && let Ok(number) = text.parse()
        {
            fs::remove_file(path).expect("it goes");
            return number;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("{} was never written", path.display());
}

#[test]
fn a_program_that_never_ends_ends_with_the_debugger() {
    let folder = folder();
    let script =
        "import os\nopen('pid', 'w').write(str(os.getpid()))\nn = 0\nwhile True:\n    n += 1\n";
    fs::write(folder.path().join("loop.py"), script).expect("it is written");
    for how in ["q", "kill"] {
        let mut terminal = Terminal::start(&["loop.py"], folder.path(), 80, 24);
        terminal.wait_for("RUNNING");
        let pid = Pid::from_raw(written(&folder.path().join("pid")));
        match how {
            "q" => terminal.send("q"),
            _ => kill(Pid::from_raw(terminal.children()[0]), Signal::SIGKILL).expect("it runs"),
        }
        terminal.end();
        let mut patience = 100;
        while kill(pid, None).is_ok() {
            patience -= 1;
            assert_ne!(patience, 0, "the program outlived the debugger after {how}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn a_program_that_outlives_its_recording_is_said_to() {
    let folder = folder();
    let script = "n = 0\nwhile True:\n    n += 1\n";
    fs::write(folder.path().join("loop.py"), script).expect("it is written");
    let args = ["--max-steps", "500", "loop.py"];
    let mut terminal = Terminal::start(&args, folder.path(), 120, 40);
    terminal.wait_for("RUNNING, recording stopped");
    let screen = terminal.wait_for("recording stopped after 500 steps (--max-steps)");
    let told = "the program goes on; a larger --max-steps records more";
    assert!(screen.contains(told), "{screen}");
    // What was recorded is there.
    terminal.send("G");
    terminal.wait_for("step 500/500");
    terminal.send("gg");
    terminal.wait_for("step 1/500");
    quit(terminal);
}

#[test]
fn a_running_program_is_typed_to() {
    let folder = folder();
    let script = "name = input('name? ')\nprint('hello', name)\nprint('rest', input())\n";
    fs::write(folder.path().join("asks.py"), script).expect("it is written");
    let mut terminal = Terminal::start(&["asks.py"], folder.path(), 120, 40);
    terminal.wait_for("RUNNING");
    terminal.send("IAda\r");
    terminal.send("more\r");
    terminal.wait_for("exit 0");
    terminal.send("G");
    let screen = terminal.wait_for("rest more");
    assert!(screen.contains("hello Ada"), "{screen}");
    quit(terminal);
}

#[test]
fn an_interrupted_program_keeps_its_trace() {
    let folder = folder();
    fs::write(
        folder.path().join("loop.py"),
        "import time\nn = 0\nwhile True:\n    n += 1\n    time.sleep(0.001)\n",
    )
    .expect("it is written");
    let mut terminal = Terminal::start(&["loop.py"], folder.path(), 120, 40);
    // Before its first step an interrupt would meet Python's own start.
    terminal.wait_for("step 1/");
    terminal.send("\x03");
    terminal.wait_for("KeyboardInterrupt");
    terminal.send("gg");
    terminal.wait_for("step 1/");
    terminal.send("ss");
    terminal.wait_for("step 3/");
    quit(terminal);
}

#[test]
fn a_model_is_asked_again_and_loaded_again() {
    let folder = folder();
    // What lies around the function does not fit into the tiny model's context.
    let long = "x = 'a line of a module that is longer than the model can take'\n".repeat(100);
    fs::write(folder.path().join("prog.py"), PROGRAM.to_owned() + &long).expect("it is written");
    let mut terminal = with_a_model(folder.path(), 200, 60);
    terminal.send("5sa");
    terminal.wait_for("were left out");
    terminal.wait("the end of the answer", |it| it.contains("uncheckable"));
    terminal.send("r");
    terminal.wait_for("seed 1");
    terminal.send("\x1b");
    terminal.wait_for("stopped");
    terminal.send("\x12");
    terminal.wait_for("loaded again");
    quit(terminal);
}

/// From the key on its way to the word on the screen. What the machine does besides makes it longer, never
/// shorter: the shortest of several is what the debugger takes.
#[test]
fn escape_stops_a_monologue_at_once() {
    let folder = folder();
    let mut terminal = with_a_model(folder.path(), 120, 40);
    let mut took = Vec::new();
    for seed in 0..8 {
        terminal.send(if seed == 0 { "5sa" } else { "r" });
        let asked = match seed {
            0 => "forward from step 6".to_owned(),
            _ => format!("seed {seed}"),
        };
        let screen = terminal.wait("a monologue", |it| {
            it.contains(&asked) && (it.contains("Esc stops") || it.contains("contradicted"))
        });
        // Some are short, and told to their end before anybody could stop them.
        if !screen.contains("Esc stops") {
            continue;
        }
        let pressed = Instant::now();
        terminal.send("\x1b");
        let screen = terminal.wait("its end", |it| !it.contains("Esc stops"));
        if screen.contains("stopped") {
            took.push(pressed.elapsed());
        }
    }
    eprintln!("from Esc to \"stopped\" on the screen: {took:?}");
    let least = took.iter().min().expect("one was stopped");
    assert!(*least < Duration::from_millis(500), "{took:?}");
    quit(terminal);
}

#[test]
fn without_a_terminal_the_end_is_printed() {
    let folder = folder();
    let output = Command::new(env!("CARGO_BIN_EXE_monologue"))
        .arg("prog.py")
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("exit status 0") && text.contains("acc 6"),
        "{text}"
    );
    assert!(!text.contains('\x1b'), "{text}");
}

/// The first row: program, how it ended, where we stand.
fn header(screen: &str) -> &str {
    screen.lines().next().unwrap_or_default()
}
