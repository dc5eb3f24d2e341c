//! Programs that end badly, or not by themselves: the trace holds everything up to that moment.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use monologue::record::{Launch, Running, Stdin, start};
use recorder::{reader, value::Value};
use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};
use support::{
    launch_script, pythons,
    replay::{Replay, replay},
};

/// A loop whose counter shows how far the trace reaches, then `end`.
fn counting(folder: &Path, end: &str) -> std::path::PathBuf {
    let file = folder.join("counting.py");
    let text = format!(
        "import ctypes, os, signal, sys\n\ndef run():\n    n = 0\n    while n < 500:\n        \
         n += 1\n    {end}\n    n = -1\n\nrun()\n"
    );
    fs::write(&file, text).unwrap();
    file
}

fn last_count(replay: &Replay) -> &Value {
    let event = replay
        .events
        .iter()
        .rev()
        .find(|it| it.function == "run")
        .unwrap();
    &event.locals["n"]
}

#[test]
fn every_event_before_a_sudden_end_is_there() {
    let ends = [
        ("os._exit(7)", 7),
        ("ctypes.string_at(0)", 128 + 11),
        ("os.kill(os.getpid(), signal.SIGKILL)", 128 + 9),
        ("os.abort()", 128 + 6),
    ];
    let folder = tempfile::tempdir().unwrap();
    for python in pythons::installed() {
        for (end, status) in ends {
            let trace = folder.path().join("trace");
            let file = counting(folder.path(), end);
            let outcome =
                monologue::record::record(&launch_script(&python, &file, &trace)).unwrap();
            assert_eq!(outcome.status, status, "3.{} {end}", python.minor);
            let recorded = replay(&trace);
            assert_eq!(
                last_count(&recorded),
                &Value::Int(500),
                "3.{} {end}",
                python.minor
            );
            assert_eq!(
                recorded.events.last().unwrap().line,
                7,
                "3.{} {end}",
                python.minor
            );
            assert_eq!(recorded.end, Some(status.into()));
        }
    }
}

fn endless(folder: &Path) -> std::path::PathBuf {
    let file = folder.join("endless.py");
    let text = "import time\nn = 0\nwhile True:\n    try:\n        n += 1\n        time.sleep(0.0005)\n    except BaseException:\n        pass\n";
    fs::write(&file, text).unwrap();
    file
}

/// Waits until the trace holds that many bytes of records.
fn grown(running: &Running, bytes: usize) {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let file = fs::read(running.trace()).unwrap();
        if reader::committed(&file).is_ok_and(|it| bytes <= it.len()) {
            return;
        }
        assert!(Instant::now() < end, "the trace does not grow");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_stopped_program_leaves_a_whole_trace() {
    let folder = tempfile::tempdir().unwrap();
    let file = endless(folder.path());
    for python in pythons::installed() {
        let trace = folder.path().join("trace");
        let mut running = start(&launch_script(&python, &file, &trace)).unwrap();
        grown(&running, 10_000);
        running.stop();
        let outcome = running.wait().unwrap();
        assert_eq!((outcome.status, outcome.timed_out), (137, false));
        let recorded = replay(&trace);
        assert_eq!(recorded.end, Some(137));
        assert!(1000 < recorded.events.len());
    }
}

#[test]
fn a_trace_of_several_windows_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large.py");
    let text = "rows = []\nfor i in range(9000):\n    text = str(i) * 300\nlast = 1\n";
    fs::write(&file, text).unwrap();
    let trace = folder.path().join("trace");
    for python in pythons::installed() {
        monologue::record::record(&launch_script(&python, &file, &trace)).unwrap();
        let size = fs::metadata(&trace).unwrap().len();
        assert!((8 << 20) < size && size < (12 << 20), "{size} bytes");
        let recorded = replay(&trace);
        let last = &recorded.events.last().unwrap().locals;
        assert_eq!(last["last"], Value::Int(1));
        assert_eq!(last["i"], Value::Int(8999));
        let Value::Str { len, .. } = &last["text"] else {
            panic!("{:?}", last["text"]);
        };
        assert_eq!(*len, 1200);
    }
}

#[test]
fn time_and_steps_are_limited() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    for python in pythons::installed() {
        let file = endless(folder.path());
        let outcome = monologue::record::record(&Launch {
            timeout: Some(Duration::from_millis(700)),
            ..launch_script(&python, &file, &trace)
        });
        let outcome = outcome.unwrap();
        assert_eq!((outcome.status, outcome.timed_out), (137, true));
        assert_eq!(replay(&trace).end, Some(137));

        let file = counting(folder.path(), "print(n)");
        let outcome = monologue::record::record(&Launch {
            max_steps: Some(100),
            ..launch_script(&python, &file, &trace)
        });
        assert_eq!(outcome.unwrap().stdout, b"500\n");
        let recorded = replay(&trace);
        let lines = recorded.events.iter().filter(|it| it.kind == "line");
        assert_eq!(lines.count(), 100);
        assert_eq!(
            recorded.notes,
            ["recording stopped after 100 steps (--max-steps)"]
        );
        assert_eq!(recorded.end, Some(0));
    }
}

#[test]
fn a_running_program_can_be_typed_to_and_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("asking.py");
    let text = "import time\nname = input('name? ')\nprint('hello', name, flush=True)\n\
                try:\n    while True:\n        time.sleep(0.0005)\nexcept KeyboardInterrupt:\n    print('stopped')\n\
                rest = input()\n";
    fs::write(&file, text).unwrap();
    for python in pythons::installed() {
        let trace = folder.path().join("trace");
        let mut running = start(&Launch {
            stdin: Stdin::Piped,
            ..launch_script(&python, &file, &trace)
        })
        .unwrap();
        let input = running.input().unwrap();
        assert!(running.input().is_none());
        assert!(input.send("Ada\n"));
        // Past its greeting it loops.
        grown(&running, 3_000);
        running.interrupt();
        drop(input);
        let outcome = running.wait().unwrap();
        let text = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert_eq!(outcome.stdout, b"name? hello Ada\nstopped\n", "{text}");
        assert_eq!(outcome.status, 1, "{text}");
        assert!(
            text.ends_with("EOFError: EOF when reading a line\n"),
            "{text}"
        );
        let last = replay(&trace).events.into_iter().rev();
        let raised: Vec<_> = last.filter_map(|it| it.exception).map(|it| it.0).collect();
        assert_eq!(raised, ["EOFError", "KeyboardInterrupt"]);
    }
}
