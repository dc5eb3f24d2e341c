//! Every limit has a program that tries to break it. `support/attacks` holds the programs; each prints
//! `ESCAPED` when it got what it must not, and most print `done` when all was refused.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed, and one that is skipped says so"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

#[path = "support/runs.rs"]
mod runs;

use monologue::sandbox::{Job, Limits, Tier, Verdict, run, set_supervisor, strength};

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
    ("fill_disk", As(&["exited", "output"])),
    ("many_files", As(&["exited", "output", "timeout"])),
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
