//! How runs behave that attack nothing: what they read, print and leave, and how they are ended.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use monologue::sandbox::{self, Exit, Job, Limits, Stdin, Tier, Verdict, run, spawn};

use super::{PYTHON, TIERS, limits, open_to_all, processes, ready, script, text};

#[test]
fn an_honest_program_runs_as_it_would_outside() {
    ready();
    for tier in TIERS {
        let job = Job {
            stdin: Stdin::Bytes(b"one\ntwo\n".to_vec()),
            tier: Some(tier),
            ..script(
                "import sys, os, json, asyncio, subprocess, threading, sqlite3, tempfile\n\
                 lines = sys.stdin.read().split()\n\
                 async def f(): return 7\n\
                 assert asyncio.run(f()) == 7\n\
                 assert subprocess.run(['/bin/echo', 'x'], capture_output=True).stdout == b'x\\n'\n\
                 with tempfile.TemporaryFile() as t: t.write(b'x')\n\
                 print(lines, sys.argv[0], __name__)\n\
                 print('to stderr', file=sys.stderr)\n\
                 sys.exit(3)\n",
            )
        };
        let exit = run(&job, limits()).unwrap();
        assert_eq!(exit.verdict, Verdict::Exited(3), "{}", text(&exit.stderr));
        assert_eq!(text(&exit.stdout), "['one', 'two'] main.py __main__\n");
        assert_eq!(text(&exit.stderr), "to stderr\n");
    }
}

#[test]
fn much_input_and_much_output_at_once_do_not_lock_up() {
    ready();
    let input = vec![b'x'; 3 << 20];
    let job = Job {
        stdin: Stdin::Bytes(input.clone()),
        ..script(
            "import sys\nfor part in iter(lambda: sys.stdin.buffer.read(999), b''): sys.stdout.buffer.write(part)",
        )
    };
    let roomy = Limits {
        output_bytes: 4 << 20,
        ..limits()
    };
    assert_eq!(run(&job, roomy).unwrap().stdout, input);
    // One who never reads, and one who closes early.
    for source in [
        "import time; print('x')",
        "import os; os.close(0); print('x')",
    ] {
        let exit = run(
            &Job {
                stdin: Stdin::Bytes(input.clone()),
                ..script(source)
            },
            limits(),
        );
        assert_eq!(text(&exit.unwrap().stdout), "x\n");
    }
}

#[test]
fn a_channel_carries_questions_and_answers() {
    ready();
    for tier in TIERS {
        let job = Job {
            tier: Some(tier),
            ..script("import os\nfor line in os.fdopen(3): os.write(4, line.upper().encode())")
        };
        let (session, mut channel) = spawn(&job, limits()).unwrap();
        let mut answer = [0u8; 4];
        for _ in 0..3 {
            channel.requests.write_all(b"abc\n").unwrap();
            channel.replies.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"ABC\n");
        }
        drop(channel.requests);
        assert_eq!(session.finish().unwrap().verdict, Verdict::Exited(0));
        assert_eq!(
            channel.replies.read(&mut answer).unwrap(),
            0,
            "the channel ended"
        );
    }
}

#[test]
fn stopping_and_dropping_end_the_run() {
    ready();
    for tier in TIERS {
        let job = Job {
            tier: Some(tier),
            ..Job::script(
                Path::new(PYTHON),
                "stopped_run.py",
                b"import time, os\nos.fork()\nos.write(4, b'x')\ntime.sleep(1000)".to_vec(),
                &[],
            )
        };
        let roomy = Limits {
            wall: Duration::from_secs(60),
            ..limits()
        };
        let before = Instant::now();
        let (session, mut channel) = spawn(&job, roomy).unwrap();
        channel.replies.read_exact(&mut [0]).unwrap();
        assert_eq!(session.stop().unwrap().verdict, Verdict::Killed(9));
        let (session, mut channel) = spawn(&job, roomy).unwrap();
        channel.replies.read_exact(&mut [0]).unwrap();
        drop(session);
        assert!(before.elapsed() < Duration::from_secs(5));
        assert_eq!(processes("stopped_run.py"), Vec::<String>::new());
    }
}

/// The supervisor's death is the end of the tree where namespaces hold it.
#[test]
fn nothing_outlives_a_killed_supervisor() {
    ready();
    let source = b"import os, time\nfor _ in range(3):\n  if os.fork() == 0: os.setsid()\nos.write(4, b'x')\ntime.sleep(1000)";
    let job = Job::script(Path::new(PYTHON), "orphan_run.py", source.to_vec(), &[]);
    for _ in 0..5 {
        let (session, mut channel) = spawn(&job, limits()).unwrap();
        channel.replies.read_exact(&mut [0]).unwrap();
        let ours = std::process::id().to_string();
        let supervisor = children_of(&ours)
            .into_iter()
            .find(|pid| descends("orphan_run.py", *pid));
        let pid = nix::unistd::Pid::from_raw(supervisor.expect("the supervisor runs"));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
        assert!(
            session.finish().is_err(),
            "a killed supervisor reports nothing"
        );
        let before = Instant::now();
        while !processes("orphan_run.py").is_empty() {
            assert!(
                before.elapsed() < Duration::from_secs(2),
                "orphans were left"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn children_of(pid: &str) -> Vec<i32> {
    std::fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|line| {
            line.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Whether a process or one below it has the word in its command line.
fn descends(word: &str, pid: i32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    text(&line).split('\0').any(|part| part == word)
        || children_of(&pid.to_string())
            .into_iter()
            .any(|child| descends(word, child))
}

#[test]
fn only_the_paths_asked_for_are_shown() {
    ready();
    let home = tempfile::tempdir().unwrap();
    open_to_all(home.path());
    let (shown, hidden) = (home.path().join("shown"), home.path().join("hidden"));
    for path in [&shown, &hidden] {
        std::fs::create_dir(path).unwrap();
        std::fs::write(path.join("data"), "here").unwrap();
    }
    let source = format!(
        "print(open('{0}/data').read())\n\
         for act in (lambda: open('{0}/data', 'w'), lambda: open('{1}/data')):\n\
         \x20 try: act(); print('ESCAPED')\n\
         \x20 except OSError: print('refused')\n",
        shown.display(),
        hidden.display()
    );
    for tier in TIERS {
        let job = Job {
            read_only: vec![shown.clone()],
            tier: Some(tier),
            ..script(&source)
        };
        assert_eq!(
            text(&run(&job, limits()).unwrap().stdout),
            "here\nrefused\nrefused\n"
        );
    }
}

#[test]
fn what_cannot_be_run_is_said() {
    ready();
    let nowhere = Job {
        python: "/nowhere/python".into(),
        ..script("")
    };
    let error = run(&nowhere, limits()).unwrap_err().to_string();
    assert!(
        error.contains("/nowhere/python") && error.contains("--python"),
        "{error}"
    );
    let outside = Job {
        files: vec![("../x".into(), vec![])],
        ..script("")
    };
    assert!(matches!(
        run(&outside, limits()),
        Err(sandbox::Error::OutsideBox(_))
    ));
    let none = Job {
        tier: Some(Tier::Nothing),
        ..script("")
    };
    assert_eq!(run(&none, limits()).unwrap().verdict.word(), "refused");
    let both = Job {
        stdin: Stdin::Inherit,
        ..script("")
    };
    assert!(matches!(
        spawn(&both, limits()),
        Err(sandbox::Error::TwoInputs)
    ));
}

/// The interpreter of this user, wherever it lies, with many runs at once: each has its own limits.
#[test]
fn runs_beside_each_other_do_not_share_limits() {
    ready();
    let exits: Vec<Exit> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|n| {
                scope.spawn(move || {
                    let source = format!("import threading, time\nts = [threading.Thread(target=time.sleep, args=(.2,)) for _ in range(20)]\nfor t in ts: t.start()\nfor t in ts: t.join()\nprint({n})");
                    let job = Job { python: "python3".into(), ..script(&source) };
                    run(&job, Limits { wall: Duration::from_secs(8),
 memory_bytes: 512 << 20, ..limits() }).unwrap()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    for (n, exit) in exits.iter().enumerate() {
        assert_eq!(
            text(&exit.stdout),
            format!("{n}\n"),
            "{}",
            text(&exit.stderr)
        );
    }
}

/// Our own standard input reaches the program as a pipe's copy. A process of its own, for a test's standard
/// input is nobody's to say.
#[test]
fn our_own_standard_input_is_passed_on() {
    ready();
    if std::env::var_os("MONOLOGUE_TEST_INPUT").is_some() {
        let source = "import os, sys\ndata = sys.stdin.buffer.read()\n\
                      print('COPIED', len(data), os.isatty(0), sum(data) % 251)";
        let job = Job {
            stdin: Stdin::Inherit,
            ..script(source)
        };
        let exit = run(&job, limits()).unwrap();
        std::io::stdout().write_all(&exit.stdout).unwrap();
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "runs::our_own_standard_input_is_passed_on",
            "--nocapture",
        ])
        .env("MONOLOGUE_TEST_INPUT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input: Vec<u8> = (0..1_000_000u32).map(|n| (n % 253) as u8).collect();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    let sum: u64 = input.iter().map(|byte| u64::from(*byte)).sum();
    let line = format!("COPIED 1000000 False {}", sum % 251);
    assert!(
        text(&output.stdout).contains(&line),
        "{}",
        text(&output.stdout)
    );
}
