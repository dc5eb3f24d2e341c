//! The recorder in real interpreters: it agrees with an independent oracle, the program does not notice
//! it, and what it wrote survives every kind of end.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use monologue::record::{Backend, Launch, Target, record};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
};
use support::{
    launch, oracle,
    pythons::{self, Interpreter},
    replay::replay,
};

/// Programs in which the oracle's own calls, or what it keeps alive, are part of what happens.
const NOT_FOR_THE_ORACLE: &[&str] = &[
    "class_finalizer",
    "debugs_itself",
    "exits_at_once",
    "recursion_error",
    "recursion_limit",
    "special_names",
    "streams",
    "threads_low",
    "traces_and_fails",
    "traces_itself",
    "traces_threads",
];

/// The oldest Python whose grammar a program needs, which its name ends with: `_310` and later.
fn oldest(program: &Path) -> u8 {
    let stem = program.file_stem().unwrap().to_string_lossy();
    let version = stem.rsplit_once("_3").map(|it| it.1.parse());
    version.and_then(Result::ok).unwrap_or(9)
}

fn programs(minor: u8) -> Vec<PathBuf> {
    let mut res: Vec<_> = fs::read_dir("tests/programs")
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| it.extension().is_some_and(|it| it == "py"))
        .collect();
    res.sort();
    assert!(160 <= res.len(), "programs are missing");
    let (res, newer): (Vec<_>, Vec<_>) = res.into_iter().partition(|it| oldest(it) <= minor);
    if !newer.is_empty() {
        eprintln!("SKIPPED: Python 3.{minor} does not know the grammar of {newer:?}");
    }
    res
}

/// Does something for every item, two at a time; panics with all that went wrong.
fn for_all<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<(), String> + Sync) {
    let (next, failures) = (Mutex::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = {
                        let mut next = next.lock().unwrap();
                        *next += 1;
                        *next - 1
                    };
                    let Some(item) = items.get(at) else {
                        return;
                    };
                    if let Err(what) = work(item) {
                        failures.lock().unwrap().push(what);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn check(python: &Interpreter, program: &Path, backend: Backend) -> Result<(), String> {
    let name = format!("3.{} {backend:?} {}", python.minor, program.display());
    let work = tempfile::tempdir().unwrap();
    let trace = work.path().join("trace");

    let plain = Command::new(&python.path)
        .arg(program)
        .args(["one", "two"])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let target = Target::Script {
        file: program.into(),
    };
    let outcome = record(&Launch {
        args: vec!["one".into(), "two".into()],
        backend,
        ..launch(python, target, &trace)
    })
    .map_err(|error| format!("{name}: {error}"))?;
    let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
    if Some(outcome.status) != plain.status.code()
        || outcome.stdout != plain.stdout
        || outcome.stderr != plain.stderr
    {
        return Err(format!(
            "{name}: it noticed\n--- plain {:?}\n{}{}--- recorded {}\n{}{}",
            plain.status.code(),
            text(&plain.stdout),
            text(&plain.stderr),
            outcome.status,
            text(&outcome.stdout),
            text(&outcome.stderr)
        ));
    }

    let recorded = replay(&trace);
    if recorded.stdout != outcome.stdout || recorded.stderr != outcome.stderr {
        return Err(format!(
            "{name}: output in the trace\n{}{}",
            text(&recorded.stdout),
            text(&recorded.stderr)
        ));
    }
    let monitors = 12 <= python.minor && backend == Backend::Own;
    let followed = if monitors { "monitoring" } else { "settrace" };
    if recorded.facts["backend"] != followed || recorded.facts.contains_key("locals") {
        return Err(format!("{name}: {:?}", recorded.facts));
    }
    if recorded.end != Some(outcome.status.into()) {
        return Err(format!("{name}: the trace ends with {:?}", recorded.end));
    }
    let stem = program.file_stem().unwrap().to_string_lossy();
    if NOT_FOR_THE_ORACLE.contains(&&*stem) {
        return Ok(());
    }
    let script = fs::canonicalize(program).unwrap();
    let oracle = oracle::ask(&python.path, &script, work.path());
    match oracle::difference(&oracle, &recorded.events) {
        None => Ok(()),
        Some(what) => Err(format!("{name}: {what}")),
    }
}

#[test]
fn programs_are_recorded_as_the_oracle_sees_them_and_do_not_notice() {
    let mut all = Vec::new();
    for python in pythons::installed() {
        let both = [Backend::Own, Backend::SetTrace];
        let backends = if 12 <= python.minor {
            &both[..]
        } else {
            &both[..1]
        };
        for program in programs(python.minor) {
            all.extend(
                backends
                    .iter()
                    .map(|&it| (python.clone(), program.clone(), it)),
            );
        }
    }
    for_all(&all, |(python, program, backend)| {
        check(python, program, *backend)
    });
}
