//! Records for supervised fine-tuning, as the released research code makes them: a buggy program in, the
//! corrected one out, with and without the run's trace.
//!
//! Of each run: `naive` has the program alone; `next`, `concise2` (SemCoder's bullets), `concise` and
//! `codeexecutor` have the trace in the user's turn; `semcoder_x` has a monologue behind the naive user's
//! turn, `semcoder_y` behind the assistant's, after the code. Unlike the released sets, whose monologues a
//! language model wrote, ours are the narrator's: facts of the trace.

use std::io::{self, Write};

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use similar::TextDiff;

use super::program;
use crate::{
    represent::{self, Representation, Request},
    trace::Trace,
};

/// What a run's records are made with.
#[derive(Debug, Clone, Default)]
pub struct Lesson {
    /// The corrected program: what the assistant says. Without it records end with the user's turn, and
    /// there is no `semcoder_y`, which differs in the assistant's alone.
    pub fixed: Option<String>,
    /// What the run should have given, as Python text.
    pub expected: Option<String>,
}

const ASKED: &str = "\nProvide a self-contained, buggy Python function or class that fails specific tests. Correct the provided BUGGY_PROGRAM. Output only the corrected code; do not include explanations, test cases, examples, or execution results.\n";

/// Sic: a fence that the assistant's turn opens again.
const ENDED: &str = "\nnow you can output the correct code here \n```python\n";

/// Writes the run's records, one a line. `count` says how many tokens a text has; a record's `token_size`
/// is that of all its turns, and of `semcoder_y`, as released, that of `semcoder_x`.
///
/// # Errors
/// When `out` does not take what is written.
pub fn sft(
    trace: &Trace,
    lesson: &Lesson,
    count: &dyn Fn(&str) -> usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let program = program::source(trace);
    let naive = format!("{ASKED}**BUGGY_PROGRAM**\n```python\n{program}\n```\n");
    let code = lesson
        .fixed
        .as_ref()
        .map(|it| format!("\n```python\n{}\n```\n", it.trim_end()));
    let told = page(trace, lesson, "semcoder", Some("narrator"));
    let told = told.trim_end();
    let near = lesson.fixed.as_ref().map(|it| {
        // Of characters, as the released data are filtered by.
        f64::from(TextDiff::from_chars(program.as_str(), it.trim_end()).ratio())
    });

    let mut sets: Vec<(&str, String, Option<String>)> =
        vec![("naive", naive.clone(), code.clone())];
    for (set, name, mode) in [
        ("next", "next", None),
        ("concise2", "semcoder", Some("bullets")),
        ("concise", "concise", None),
        ("codeexecutor", "codeexecutor", None),
    ] {
        let text = page(trace, lesson, name, mode);
        let traced = traced(trace, lesson, set, &program, text.trim_end());
        sets.push((set, format!("{ASKED}{traced}{ENDED}"), code.clone()));
    }
    sets.push(("semcoder_x", format!("{naive}\n{told}"), code.clone()));
    if let Some(code) = code {
        sets.push(("semcoder_y", naive, Some(format!("{code}\n{told}"))));
    }
    let mut size = 0;
    for (set, user, assistant) in sets {
        if set != "semcoder_y" {
            size = count(&user) + assistant.as_deref().map_or(0, count);
        }
        let record = record(set, &user, assistant.as_deref(), size, near);
        serde_json::to_writer(&mut *out, &record)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn record(set: &str, user: &str, assistant: Option<&str>, size: usize, near: Option<f64>) -> Json {
    let mut messages = vec![json!({"role": "user", "content": user})];
    messages.extend(assistant.map(|it| json!({"role": "assistant", "content": it})));
    json!({
        "messages": messages,
        "uuid": uuid(&[set, user, assistant.unwrap_or_default()]),
        "token_size": size,
        "sim_score": near,
        "set": set,
    })
}

/// The same for the same record: a version 8 UUID of its texts' hash.
fn uuid(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    let mut bytes: [u8; 16] = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|it| format!("{it:02x}")).collect();
    let part = |range: std::ops::Range<usize>| &hex[range];
    [
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32),
    ]
    .join("-")
}

fn page(trace: &Trace, lesson: &Lesson, name: &str, mode: Option<&'static str>) -> String {
    let found = represent::ALL.iter().find(|it| it.name() == name);
    let Some(&representation) = found else {
        return String::new();
    };
    // What was expected stands in the headings around a trace; only sentences speak of it themselves.
    let expected = lesson.expected.clone();
    let request = Request {
        mode,
        expected: expected.filter(|_| mode == Some("narrator")),
        ..Request::whole(trace)
    };
    written(representation, trace, &request)
}

fn written(representation: &dyn Representation, trace: &Trace, request: &Request) -> String {
    represent::page(representation, trace, request)
        .text()
        .to_owned()
}

/// A trace with the headings of the fine-tuning data around it.
fn traced(trace: &Trace, lesson: &Lesson, set: &str, program: &str, text: &str) -> String {
    let input = program::entry_input(trace);
    let mut tests = format!("## TESTCASES \n\n\n**TEST1**\n\ninput1='{input}'\n");
    if let Some(expected) = &lesson.expected {
        tests.push_str(&format!("\nexpect_output1='{expected}'\n"));
    }
    if set == "next" {
        return format!("\n## Trace \n\n**BUGGY_PROGRAM**\n\n```python\n{text}\n```\n\n{tests}\n");
    }
    let program = format!("**BUGGY_PROGRAM**\n\n```python\n{program}\n```\n");
    let told = match set {
        "concise2" => {
            let output = program::entry_output(trace).unwrap_or_default();
            format!(
                "## EXPLANATION\n\n\n**TEST1_RESULT**\n\n{text}\n{}",
                verdict(lesson, &output)
            )
        }
        "codeexecutor" => format!("## EXPLANATION \n\n{text}\n"),
        _ => format!("## EXPLANATION\n\n{text}\n"),
    };
    format!("\n{program}\n## Trace \n\n{tests}\n\n{told}")
}

/// How the run compares. Unlike the released text, which says FAILED whatever came out, this says so of a
/// run that did fail alone, and nothing where nothing was expected.
fn verdict(lesson: &Lesson, output: &str) -> String {
    let Some(expected) = &lesson.expected else {
        return String::new();
    };
    let held = expected.trim() == output.trim();
    let (word, truth, what) = match held {
        true => ("PASSED", "True", "passed"),
        false => ("FAILED", "False", "failed"),
    };
    format!(
        "  \nTEST1_BUGGY_PROGRAM_OUTPUT = execute (BUGGY_PROGRAM, input1) = \"{output}\"    \n\n\
         **{word}** \n\nassert TEST1_BUGGY_PROGRAM_OUTPUT == expect_output1 is {truth} \n\n\n\
         TEST1 {what} in BUGGY_PROGRAM \n"
    )
}
