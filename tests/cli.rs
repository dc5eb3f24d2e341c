//! The command line from outside: exit statuses, one sentence for each bad input, JSON as promised.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/tiny_model.rs"]
mod tiny_model;

use std::{fs, path::Path, process::Command};

use serde_json::Value;
use tempfile::TempDir;

struct Ran {
    status: i32,
    out: String,
    err: String,
}

fn run(folder: &Path, args: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_monologue"))
        .args(args)
        .current_dir(folder)
        .env("XDG_CONFIG_HOME", folder.join("no-config"))
        .env_remove("MONOLOGUE_MODEL")
        .output()
        .unwrap();
    Ran {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn recorded() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("prog.py"),
        "def f(x):\n    y = x + 1\n    return y * 2\n",
    )
    .unwrap();
    let ran = run(
        folder.path(),
        &["record", "-o", "run.trace", "--call", "f(3)", "prog.py"],
    );
    assert_eq!((ran.status, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    folder
}

#[test]
fn bad_input_gets_a_sentence_and_a_status() {
    let folder = recorded();
    let here = folder.path();
    fs::create_dir(here.join("empty")).unwrap();
    fs::write(here.join("junk.py"), [0, 159, 146, 150]).unwrap();
    fs::write(here.join("half.trace"), "monologu").unwrap();
    for (args, status, words) in [
        (&["missing.py"][..], 1, "there is no such file"),
        (&["empty"], 1, "it is a directory"),
        (&["junk.py"], 1, "binary data"),
        (
            &["--python", "/bin/true", "prog.py"],
            1,
            "does not answer as a Python",
        ),
        (&["record", "missing.py"], 125, "there is no such file"),
        (&["open", "prog.py"], 1, "it is not a trace"),
        (&["open", "missing.trace"], 1, "could not read the trace"),
        (&["open", "run.trace", "--goto", "99"], 2, "steps 1 to 2"),
        (
            &["show", "run.trace", "--as", "nope"],
            2,
            "use one of scratchpad",
        ),
        (
            &["show", "run.trace", "--as", "concise", "--steps", "9..10"],
            2,
            "has 2 steps",
        ),
        (&["explain", "run.trace"], 2, "none was named"),
        (&["explain", "run.trace", "--frame", "9"], 1, "frames"),
        (&["model", "info", "--model", "empty"], 1, "config.json"),
        (&["model", "info", "--model", "missing"], 1, "missing"),
        (&["sandbox", "missing.py"], 1, "cannot be read"),
        (&[], 2, "nothing to debug"),
    ] {
        let ran = run(here, args);
        assert_eq!(ran.status, status, "{args:?}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{args:?}: {}", ran.err);
        assert!(!ran.err.contains("panicked"), "{args:?}: {}", ran.err);
    }
    let ran = run(here, &["open", "half.trace"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("cut short"), "{}", ran.out);
}

#[test]
fn every_representation_is_shown_as_text_and_as_json() {
    let folder = recorded();
    for name in ["scratchpad", "next", "semcoder", "codeexecutor", "concise"] {
        let text = run(folder.path(), &["show", "run.trace", "--as", name]).out;
        let json = run(
            folder.path(),
            &["show", "run.trace", "--as", name, "--json"],
        )
        .out;
        let json: Value = serde_json::from_str(&json).unwrap();
        let told = json["text"].as_str().unwrap();
        assert_eq!(text.trim_end(), told.trim_end());
        assert_eq!(json["representation"], name);
        assert!(0 < json["tokens"]["count"].as_u64().unwrap());
        for step in [1, 2] {
            let spans = json["spans"].as_array().unwrap();
            let shown = spans.iter().find(|it| {
                let steps = it["steps"].as_array().unwrap();
                steps.contains(&Value::from(step))
            });
            let shown = shown.unwrap_or_else(|| panic!("{name} does not tell of step {step}"));
            let (start, end) = (shown["start"].as_u64(), shown["end"].as_u64());
            let (start, end) = (start.unwrap() as usize, end.unwrap() as usize);
            assert!(told.get(start..end).is_some(), "{name}: {shown}");
        }
    }
}

#[test]
fn events_are_json_lines_in_order() {
    let folder = recorded();
    let text = run(folder.path(), &["export", "run.trace", "--as", "events"]).out;
    let events: Vec<Value> = text
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    let steps: Vec<u64> = events.iter().filter_map(|it| it["step"].as_u64()).collect();
    assert_eq!(steps, [1, 2]);
    let returned = events.iter().rfind(|it| it["event"] == "return").unwrap();
    assert_eq!(
        (&returned["value"], &returned["line"]),
        (&"8".into(), &3.into())
    );
    assert_eq!(events.last().unwrap()["status"], 0);
}

#[test]
fn a_model_explains_both_ways() {
    let folder = recorded();
    let model = folder.path().join("tiny");
    fs::create_dir(&model).unwrap();
    tiny_model::write(&model);
    for direction in ["forward", "backward"] {
        let ran = run(
            folder.path(),
            &[
                "explain",
                "run.trace",
                &format!("--{direction}"),
                "--model",
                "tiny",
                "--max-tokens",
                "20",
                "--json",
            ],
        );
        assert_eq!(ran.status, 0, "{}", ran.err);
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(json["direction"], direction);
        assert!(json["prompt"].as_str().unwrap().ends_with("[MONOLOGUE]\n"));
        assert!(json["tokens"]["output"].as_u64().unwrap() <= 20);
        assert_eq!(json["answer_verdict"], "uncheckable");
        assert!(json["claims"].is_array() && json["seconds"].is_number());
    }
}

#[test]
fn a_program_that_passes_its_tests_needs_no_repair() {
    let folder = recorded();
    fs::write(folder.path().join("tests.py"), "assert f(3) == 8\n").unwrap();
    let ran = run(
        folder.path(),
        &["repair", "prog.py", "--tests", "tests.py", "--json"],
    );
    assert_eq!(ran.status, 0, "{}", ran.err);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["outcome"], "already-passing");
}

#[test]
fn a_model_that_finds_nothing_leaves_the_file_alone() {
    let folder = recorded();
    let model = folder.path().join("tiny");
    fs::create_dir(&model).unwrap();
    tiny_model::write(&model);
    fs::write(folder.path().join("tests.py"), "assert f(3) == 9\n").unwrap();
    let before = fs::read(folder.path().join("prog.py")).unwrap();
    let ran = run(
        folder.path(),
        &[
            "repair",
            "--call",
            "f(3)",
            "--model",
            "tiny",
            "--max-tokens",
            "40",
            "--tests",
            "tests.py",
            "--apply",
            "--json",
            "prog.py",
        ],
    );
    assert_eq!(ran.status, 3, "{}", ran.err);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["outcome"], "not-fixed");
    assert_eq!(fs::read(folder.path().join("prog.py")).unwrap(), before);
}
