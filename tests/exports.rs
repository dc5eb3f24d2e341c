//! `export` from outside: what data sets are given of a run.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/sample.rs"]
mod sample;

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::sample::{PROGRAM, recorded, run};

fn lines(folder: &Path, args: &[&str]) -> Vec<Value> {
    let ran = run(folder, args);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let lines = ran.out.lines().map(|it| serde_json::from_str(it).unwrap());
    lines.collect()
}

fn set<'a>(records: &'a [Value], name: &str) -> &'a Value {
    let found = records.iter().find(|it| it["set"] == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

const ASKED: &str = "\nProvide a self-contained, buggy Python function or class that fails specific tests. Correct the provided BUGGY_PROGRAM. Output only the corrected code; do not include explanations, test cases, examples, or execution results.\n";

#[test]
fn fine_tuning_records_are_the_released_ones_with_our_facts() {
    let folder = recorded(PROGRAM, "bubble_sort([3, 4, 1, 2])");
    let fixed = PROGRAM.replace("- 2", "- 1");
    fs::write(folder.path().join("fixed.py"), &fixed).unwrap();
    let records = lines(
        folder.path(),
        &[
            "export",
            "run.trace",
            "--as",
            "sft",
            "--fixed",
            "fixed.py",
            "--expected",
            "[1, 2, 3, 4]",
        ],
    );
    let sets: Vec<&str> = records.iter().filter_map(|it| it["set"].as_str()).collect();
    assert_eq!(
        sets,
        [
            "naive",
            "next",
            "concise2",
            "concise",
            "codeexecutor",
            "semcoder_x",
            "semcoder_y"
        ]
    );
    let turn = |set: &Value, at: usize| set["messages"][at]["content"].as_str().unwrap().to_owned();
    let (program, fixed) = (PROGRAM.trim_end(), fixed.trim_end());

    let naive = set(&records, "naive");
    let user = format!("{ASKED}**BUGGY_PROGRAM**\n```python\n{program}\n```\n");
    let assistant = format!("\n```python\n{fixed}\n```\n");
    assert_eq!(turn(naive, 0), user);
    assert_eq!(turn(naive, 1), assistant);
    assert_eq!(naive["messages"][0]["role"], "user");
    assert_eq!(naive["messages"][1]["role"], "assistant");

    let (x, y) = (set(&records, "semcoder_x"), set(&records, "semcoder_y"));
    let told = turn(x, 0)
        .strip_prefix(&format!("{user}\n"))
        .unwrap()
        .to_owned();
    assert!(told.starts_with("### Execution Simulation\n1. [L1] `bubble_sort`"));
    assert!(told.ends_with("Expected `[1, 2, 3, 4]`, got `[1, 3, 4, 2]`: FAILED."));
    assert_eq!((turn(x, 1), turn(y, 0)), (assistant.clone(), user));
    assert_eq!(turn(y, 1), format!("{assistant}\n{told}"));
    assert_eq!(x["token_size"], y["token_size"]);
    assert!(naive["token_size"].as_u64() < x["token_size"].as_u64());
    assert!(0.95 < x["sim_score"].as_f64().unwrap());

    let concise = turn(set(&records, "concise"), 0);
    assert!(concise.starts_with(ASKED));
    assert!(concise.contains("\n## Trace \n\n## TESTCASES \n\n\n**TEST1**\n\ninput1='[3, 4, 1, 2]'\n\nexpect_output1='[1, 2, 3, 4]'\n"));
    assert!(concise.contains("\n[L1] [INPUT] arr = [3, 4, 1, 2] [/INPUT] [/L1]\n"));
    assert!(concise.ends_with("\nnow you can output the correct code here \n```python\n"));
    let bullets = turn(set(&records, "concise2"), 0);
    assert!(bullets.contains("**TEST1_RESULT**\n\n* line 1: (1) arr = [3, 4, 1, 2]\n"));
    assert!(bullets.contains("assert TEST1_BUGGY_PROGRAM_OUTPUT == expect_output1 is False \n"));

    // The same again is the same; without a correction there is nobody to answer.
    let mut ids: Vec<&str> = records
        .iter()
        .filter_map(|it| it["uuid"].as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 7);
    let ran = run(folder.path(), &["export", "run.trace", "--as", "sft"]);
    assert_eq!(ran.out.lines().count(), 6);
    assert!(ran.err.contains("--fixed"), "{}", ran.err);
}

#[test]
fn cruxeval_records_hold_when_they_are_run() {
    let program = "import os\nN = 2\n\ndef add(xs, n=N):\n    return [x + n for x in xs]\n\ndef f(s):\n    return s * 2\n\nadd([1])\nadd([1])\nadd([True, None and 1 or 2.5], 3)\nf('a')\nf(len)if 0 else f('b')\nprint(os.sep)\n";
    let folder = recorded(program, "");
    let forward = lines(
        folder.path(),
        &["export", "run.trace", "--as", "cruxeval-o"],
    );
    let calls: Vec<(&str, &str)> = forward
        .iter()
        .map(|it| {
            (
                it["input"].as_str().unwrap(),
                it["output"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        calls,
        [
            ("[1], 2", "[3]"),
            ("[True, 2.5], 3", "[4, 5.5]"),
            ("'a'", "'aa'"),
            ("'b'", "'bb'")
        ]
    );
    let backward = lines(
        folder.path(),
        &["export", "run.trace", "--as", "cruxeval-i"],
    );
    for (at, (o, i)) in forward.iter().zip(&backward).enumerate() {
        assert_eq!(o["id"], format!("sample_{at}"));
        for key in ["code", "input", "output", "id"] {
            assert_eq!(o[key], i[key]);
        }
        let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
        let check = format!(
            "{}\nassert f({}) == {}\n",
            text(o, "code"),
            text(o, "input"),
            text(o, "output")
        );
        let ran = Command::new("python3")
            .args(["-c", &check])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(
            ran.status.success() && ran.stdout.is_empty(),
            "{check}{said}"
        );
        assert!(text(o, "prompt").starts_with("Simulate the Execution: "));
        assert!(text(o, "prompt").ends_with(") == ??\n[/PYTHON]\n[MONOLOGUE]\n"));
        assert!(text(i, "prompt").starts_with("Deduce the Semantic Constraints: "));
        assert!(text(i, "prompt").contains("\nPYTHON]\n"));
        assert_eq!(o["stop"][0], "[/ANSWER]");
    }
}

#[test]
fn next_states_follow_one_another() {
    let folder = recorded(PROGRAM, "bubble_sort([3, 4, 1, 2])");
    let records = lines(
        folder.path(),
        &["export", "run.trace", "--as", "next-state"],
    );
    assert_eq!(records[0]["record"], "program");
    let steps = &records[1..];
    assert_eq!(steps.len(), 21);
    for step in steps {
        // What changed is the difference of the two states.
        let (before, after) = (&step["before"], &step["after"]);
        for (name, value) in after.as_object().unwrap() {
            let changed = step["changed"].get(name);
            assert_eq!(changed.is_some(), before.get(name) != Some(value), "{step}");
        }
    }
    assert_eq!(steps[0]["changed"]["n"], "4");
    assert_eq!(
        (&steps[0]["next_line"], &steps[0]["event"]),
        (&3.into(), &"line".into())
    );
    assert_eq!(steps[20]["event"], "return");
    assert_eq!(steps[20]["next_line"], Value::Null);
    for (a, b) in steps
        .iter()
        .zip(&steps[1..])
        .filter(|it| it.0["frame"] == it.1["frame"])
    {
        assert_eq!(a["after"], b["before"]);
    }
}

#[test]
fn coverage_tells_statements_that_ran_from_those_that_did_not() {
    let program = "def f(x):\n    \"\"\"Doc.\"\"\"\n    if (x and\n            x > 1):\n        # never\n        return 'more'\n    else:\n        y = [\n            x,\n        ]\n    return y\n";
    let folder = recorded(program, "f(1)");
    let records = lines(folder.path(), &["export", "run.trace", "--as", "coverage"]);
    let it = &records[1];
    assert_eq!(it["executed"].to_string(), "[1,3,8,11]");
    assert_eq!(it["missed"].to_string(), "[6]");
    assert_eq!(it["call"], "f(1)");
    assert_eq!(it["input"], "1");
    let marked = it["marked"].as_str().unwrap();
    assert!(marked.starts_with("> def f(x):\n      \"\"\"Doc.\"\"\"\n>     if (x and\n"));
    assert!(marked.contains("!         return 'more'\n"), "{marked}");
}

#[test]
fn options_of_another_form_are_refused() {
    let folder = recorded(PROGRAM, "bubble_sort([1])");
    for (args, words) in [
        (["--as", "events", "--fixed", "prog.py"], "--as sft alone"),
        (["--as", "coverage", "--steps", "1..2"], "--as html alone"),
        (
            ["--as", "sft", "--fixed", "no.py"],
            "could not read the corrected program",
        ),
    ] {
        let ran = run(
            folder.path(),
            &[&["export", "run.trace"][..], &args].concat(),
        );
        assert_ne!(ran.status, 0);
        assert!(ran.err.contains(words), "{}", ran.err);
    }
}

#[test]
fn what_is_exported_is_masked_and_shown_text_is_on_request() {
    let program =
        "def f(password):\n    mail = 'ann@mail.example.org'\n    return password + mail\n";
    let folder = recorded(program, "f('hunter2-seed')");
    for form in [
        "events",
        "sft",
        "cruxeval-i",
        "cruxeval-o",
        "next-state",
        "coverage",
        "html",
    ] {
        let ran = run(folder.path(), &["export", "run.trace", "--as", form]);
        assert_eq!(ran.status, 0, "{form}: {}", ran.err);
        for secret in ["hunter2", "ann@mail"] {
            assert!(
                !ran.out.contains(secret),
                "{form} tells {secret}: {}",
                ran.out
            );
        }
        assert!(ran.err.contains("masked ("), "{}", ran.err);
    }
    let show = |more: &[&str]| {
        let args = [&["show", "run.trace", "--as", "concise"], more].concat();
        run(folder.path(), &args).out
    };
    assert!(show(&[]).contains("hunter2-seed"));
    let masked = show(&["--redact"]);
    assert!(
        masked.contains("password = '⟦redacted:password:1⟧'"),
        "{masked}"
    );
    assert!(!masked.contains("hunter2"));
}
