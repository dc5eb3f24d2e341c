//! Every limit has a program that tries to break it. `support/attacks` holds the programs; each prints
//! `ESCAPED` when it got what it must not, and most print `done` when all was refused.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use monologue::sandbox::{
    self, Exit, Job, Limits, Stdin, Tier, Verdict, run, set_supervisor, spawn, strength,
};

/// How an attack may end.
#[derive(Clone, Copy)]
enum Ends {
    /// By itself with status 0, having said `done`: everything was refused.
    Done,
    /// As one of these words of the contract, whatever it said.
    As(&'static [&'static str]),
}
use Ends::{As, Done};

const ATTACKS: &[(&str, Ends)] = &[
    ("read_files", Done),
    ("write_outside", Done),
    ("network", Done),
    ("fork_bomb", As(&["processes"])),
    ("thread_bomb", As(&["processes"])),
    ("memory_bomb", As(&["memory"])),
    ("memory_tree", As(&["memory"])),
    ("memory_shared", As(&["memory"])),
    ("output_flood", As(&["output"])),
    ("error_flood", As(&["output"])),
    ("infinite_loop", As(&["timeout"])),
    ("sleeper", As(&["timeout"])),
    ("stopped", As(&["timeout"])),
    ("deep_c_loop", As(&["timeout"])),
    ("daemon", Done),
    ("kill_everybody", As(&["exited", "killed"])),
    ("ptrace", Done),
    ("mount", Done),
    ("environment", Done),
    ("terminal", Done),
    ("symlinks", Done),
    ("namespaces", Done),
    ("kernel", Done),
    ("rights", Done),
    ("fill_disk", As(&["exited", "refused"])),
    ("many_files", As(&["exited", "refused", "timeout"])),
    ("crash", As(&["killed"])),
    ("deep_recursion", As(&["killed", "memory"])),
    ("escapes", Done),
];

const TIERS: [Tier; 2] = [Tier::Namespaces, Tier::Filtered];

/// An interpreter that every user can reach.
const PYTHON: &str = "/usr/bin/python3";

fn limits() -> Limits {
    Limits {
        wall: Duration::from_secs(2),
        memory_bytes: 128 << 20,
        output_bytes: 256 << 10,
        processes: 32,
        ..Limits::default()
    }
}

fn ready() {
    set_supervisor(&supervisor());
}

fn supervisor() -> PathBuf {
    std::env::var_os("MONOLOGUE_TEST_SUPERVISOR").map_or_else(
        || PathBuf::from(env!("CARGO_BIN_EXE_monologue")),
        PathBuf::from,
    )
}

fn attack(name: &str) -> Job {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/support/attacks/{name}.py"));
    let source = std::fs::read(path).unwrap();
    Job::script(Path::new(PYTHON), &attack_name(), source, &[])
}

/// Ours alone, so that tests beside this one are not taken for what it left.
fn attack_name() -> String {
    format!("attack-{}.py", std::process::id())
}

fn script(source: &str) -> Job {
    Job::script(Path::new(PYTHON), "main.py", source.into(), &[])
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs one attack and judges what came of it.
fn withstand(name: &str, ends: Ends, tier: Tier) {
    let job = Job {
        tier: Some(tier),
        ..attack(name)
    };
    let before = Instant::now();
    let exit = run(&job, limits()).unwrap();
    let took = before.elapsed();
    let (stdout, stderr) = (text(&exit.stdout), text(&exit.stderr));
    let told = format!("{name} in {tier:?}: {:?}\n{stdout}\n{stderr}", exit.verdict);
    assert!(!stdout.contains("ESCAPED"), "{told}");
    match ends {
        Done => {
            assert_eq!(exit.verdict, Verdict::Exited(0), "{told}");
            assert!(stdout.contains("done"), "{told}");
        }
        As(words) => assert!(words.contains(&exit.verdict.word()), "{told}"),
    }
    if let Verdict::Refused(why) = &exit.verdict {
        assert!(why.contains("stored more"), "{told}");
    }
    assert!(
        exit.stdout.len() + exit.stderr.len() <= 256 << 10,
        "{name} printed past its cap"
    );
    assert!(took < Duration::from_secs(4), "{name} took {took:?}");
    let left = processes(&attack_name());
    assert!(left.is_empty(), "{name} left {left:?}");
}

/// Processes of this machine whose command line has the word.
fn processes(word: &str) -> Vec<String> {
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| text(&line).replace('\0', " "))
        .filter(|line| line.split(' ').any(|part| part == word))
        .collect()
}

/// Boxes of the reduced tier whose supervisor has ended.
fn boxes() -> Vec<String> {
    std::fs::read_dir(std::env::temp_dir())
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| {
            let pid = name
                .strip_prefix("monologue-box-")
                .and_then(|rest| rest.split('-').next());
            pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists())
        })
        .collect()
}

#[test]
fn every_attack_is_contained() {
    ready();
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    for tier in TIERS {
        for (name, ends) in ATTACKS {
            withstand(name, *ends, tier);
        }
    }
    assert_eq!(
        std::fs::read_to_string("/proc/self/mounts").unwrap(),
        mounts
    );
    assert_eq!(boxes(), Vec::<String>::new(), "boxes were left behind");
    for path in [
        "/usr/attack",
        "/etc/attack",
        "/var/tmp/attack",
        "/attack",
        "/tmp/attack",
    ] {
        assert!(!Path::new(path).exists(), "{path} was made");
    }
}

/// The same attacks by a user who is not root, with a secret in the environment. Loud when it cannot be.
#[test]
fn every_attack_is_contained_for_an_ordinary_user() {
    let own = std::env::current_exe().unwrap();
    let mut command = if nix::unistd::Uid::effective().is_root() {
        let home = tempfile::tempdir().unwrap();
        let (tests, program) = (home.path().join("tests"), home.path().join("monologue"));
        open_to_all(home.path());
        std::fs::copy(&own, &tests).unwrap();
        std::fs::copy(supervisor(), &program).unwrap();
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(tests);
        command
            .env("MONOLOGUE_TEST_SUPERVISOR", program)
            .env("HOME_OF_TEST", home.keep());
        command
    } else {
        Command::new(own)
    };
    let output = command
        .args(["--exact", "every_attack_is_contained", "--nocapture"])
        .env("SECRET_TOKEN", "hunter2")
        .current_dir("/")
        .output();
    let kept = command.get_envs().find(|(key, _)| *key == "HOME_OF_TEST");
    if let Some((_, Some(home))) = kept {
        std::fs::remove_dir_all(home).unwrap();
    }
    match output {
        Ok(output) => {
            let told = format!("{}{}", text(&output.stdout), text(&output.stderr));
            assert!(output.status.success(), "{told}");
            assert!(told.contains("1 passed"), "{told}");
        }
        Err(error) => eprintln!("SKIPPED: cannot become another user here: {error}"),
    }
}

fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn this_machine_confines_fully_and_says_how() {
    ready();
    let strength = strength();
    assert_eq!(strength.tier, Tier::Namespaces, "{strength:?}");
    assert!(
        strength.layers.iter().all(|layer| layer.held),
        "{strength:?}"
    );
    let exit = run(&script("print('hello')"), limits()).unwrap();
    let told = exit.confinement.join("\n");
    for word in [
        "user namespace",
        "network",
        "Landlock",
        "system call filter",
        "no capabilities",
    ] {
        assert!(told.contains(word), "{word} is not in\n{told}");
    }
}

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
