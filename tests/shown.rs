//! `show` from outside: the test case around each representation, and forms made for other readers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/sample.rs"]
mod sample;
#[path = "support/shown.rs"]
mod shown;

use crate::{
    sample::{PROGRAM, recorded, run},
    shown::shown,
};

const CALL: &str = "bubble_sort([3, 4, 1, 2])";

#[test]
fn the_released_code_puts_this_around_its_bullets() {
    let folder = recorded(PROGRAM, CALL);
    let ran = run(
        folder.path(),
        &[
            "show",
            "run.trace",
            "--as",
            "semcoder",
            "--profile",
            "compat",
            "--expected",
            "[1, 2, 3, 4]",
        ],
    );
    let wanted = "
## Trace \n
## TESTCASES \n

**TEST1**

input1='3, 4, 1, 2'

expect output1='1, 2, 3, 4'


## EXPLANATION


**TEST1_RESULT**

* line 1: (1) arr = [3, 4, 1, 2]
* line 2: (2) n = 4
* line 3: (3) i = 0; (7) i = 1; ...; (11) i = 3
* line 4: (4) j = 0 (5) j = 1 (8) j = 0
* line 6: (6) arr = [3, 1, 4, 2] (9) arr = [1, 3, 4, 2]
* line 7: __return__=[1, 3, 4, 2]
  \nTEST1_BUGGY_PROGRAM_OUTPUT = execute (BUGGY_PROGRAM, input1) = \"[1, 3, 4, 2]\"    \n
**FAILED** \n
assert TEST1_BUGGY_PROGRAM_OUTPUT == output1 is False \n

TEST1 failed in BUGGY_PROGRAM \n";
    assert_eq!(ran.out, wanted, "{}", ran.err);
}

#[test]
fn the_verdict_is_the_runs() {
    let folder = recorded(PROGRAM, CALL);
    for (expected, word, truth) in [
        ("[1, 2, 3, 4]", "**FAILED**", "output1 is False"),
        ("[1,3,4,2]", "**PASSED**", "output1 is True"),
    ] {
        for (name, mode) in [
            ("scratchpad", ""),
            ("next", ""),
            ("semcoder", "bullets"),
            ("semcoder", "inline"),
            ("codeexecutor", ""),
            ("concise", ""),
        ] {
            let bare = shown(folder.path(), name, mode, &[]);
            let wrapped = shown(folder.path(), name, mode, &["--expected", expected]);
            let text = wrapped["text"].as_str().unwrap();
            let inner = bare["text"].as_str().unwrap();
            let at = text.find(inner).expect("the trace itself");
            for part in [
                "## Trace\n".to_owned(),
                "input1=[3, 4, 1, 2]\n".to_owned(),
                format!("expect output1={expected}\n"),
                "= [1, 3, 4, 2]\n".to_owned(),
                word.to_owned(),
                truth.to_owned(),
            ] {
                assert!(text.contains(&part), "{name} {mode}: {part} in {text}");
            }
            // Spans moved with their text.
            let spans = [&bare, &wrapped].map(|it| it["spans"].as_array().unwrap());
            let [bare, wrapped] = spans;
            assert!(!bare.is_empty() && bare.len() <= wrapped.len(), "{name}");
            for (a, b) in bare.iter().zip(wrapped) {
                let start = a["start"].as_u64().unwrap() as usize;
                assert_eq!(b["start"].as_u64().unwrap() as usize, start + at, "{name}");
                assert_eq!(a["steps"], b["steps"]);
            }
        }
        let ran = run(
            folder.path(),
            &[
                "show",
                "run.trace",
                "--as",
                "semcoder",
                "--expected",
                expected,
            ],
        );
        // It has headings and a verdict of its own.
        assert!(
            ran.out.starts_with("### Execution Simulation\n"),
            "{}",
            ran.out
        );
        assert!(ran.out.contains(&format!("{}.\n", word.trim_matches('*'))));
    }
}

#[test]
fn what_the_released_code_writes_ends_at_2048_tokens() {
    let numbers: Vec<String> = (0..40).rev().map(|it| it.to_string()).collect();
    let call = format!("bubble_sort([{}])", numbers.join(", "));
    let folder = recorded(PROGRAM, &call);
    let show = |more: &[&str]| {
        let more = [&["--profile", "compat"], more].concat();
        shown(folder.path(), "concise", "", &more)
    };
    let alone = show(&[]);
    assert!(4096 < alone["tokens"]["count"].as_u64().unwrap());
    let wrapped = show(&["--expected", "[1]"]);
    assert_eq!(wrapped["tokens"]["count"], 2048);
    let text = wrapped["text"].as_str().unwrap();
    assert!(text.starts_with("\n## Trace \n"));
    let whole = show(&["--expected", "[1]", "--budget", "1000000"]);
    assert!(whole["text"].as_str().unwrap().starts_with(text));
    assert!(text.len() < whole["text"].as_str().unwrap().len());
}

#[test]
fn tuples_are_arrays_in_the_compatible_scratchpad() {
    let folder = recorded("def f(p):\n    q = (p, [1])\n    return q\n", "f((1, 2))");
    let show = |profile: &str| {
        let args = [
            "show",
            "run.trace",
            "--as",
            "scratchpad",
            "--profile",
            profile,
        ];
        run(folder.path(), &args).out
    };
    let last = |text: &str, wanted: &str| {
        let line = text.lines().rfind(|it| it.starts_with("state: "));
        assert!(line.unwrap().ends_with(wanted), "{text}");
    };
    last(&show("canonical"), r#""output": "((1, 2), [1])"}"#);
    last(&show("compat"), r#""output": [[1, 2], [1]]}"#);
    assert!(show("compat").contains(r#"state: {"p": [1, 2]}"#));
}

#[test]
fn the_upstream_way_is_in_tokens_and_lines_from_0() {
    let program = "def f(s):\n    t = s + ['z']\n    return len(t)\n";
    let folder = recorded(program, "f(['x', 'y'])");
    let show = |mode: &[&str]| {
        let args = ["show", "run.trace", "--as", "codeexecutor"];
        run(folder.path(), &[&args, mode].concat()).out
    };
    assert_eq!(
        show(&["--mode", "upstream"]),
        "<line> <1> <state> s : [ x , y ] <dictsep> t : [ x , y , z ] </state> \
         <line> <2> <state> s : [ x , y ] <dictsep> t : [ x , y , z ] </state> <output> 3\n"
    );
    let full = show(&[]);
    assert!(
        full.starts_with("<line> <2> <state> s : ['x', 'y'] <dictsep> t : "),
        "{full}"
    );
    let numbered = full
        .replace("<line> <2>", "<line> <1>")
        .replace("<line> <3>", "<line> <2>");
    assert_eq!(show(&["--mode", "zero-based"]), numbered);
}
