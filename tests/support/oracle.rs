//! The recorder's events against those of `oracle.py`, which shares nothing with it.

use super::replay::Event;
use monologue::trace::repr;
use recorder::value::Value;
use serde_json::Value as Json;
use std::{fs, path::Path, process::Command};

/// What the oracle says of a program.
pub(crate) fn ask(python: &Path, script: &Path, work: &Path) -> Vec<Json> {
    let out = work.join("oracle.jsonl");
    let oracle = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/oracle.py");
    let run = Command::new(python)
        .arg(oracle)
        .args([&out, script])
        .output()
        .unwrap();
    let text = fs::read_to_string(&out).unwrap_or_else(|error| {
        panic!(
            "no oracle ({error}): {}",
            String::from_utf8_lossy(&run.stderr)
        )
    });
    text.lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect()
}

/// The first difference, in words.
pub(crate) fn difference(oracle: &[Json], recorded: &[Event]) -> Option<String> {
    for (at, (expected, found)) in oracle.iter().zip(recorded).enumerate() {
        if let Some(what) = event_difference(expected, found) {
            let names: Vec<_> = found
                .locals
                .iter()
                .map(|(k, v)| format!("{k}={}", repr(v)))
                .collect();
            return Some(format!(
                "event {at}: {what}\n  expected {expected}\n  recorded {} L{} {} frame {} thread {} {names:?}",
                found.kind, found.line, found.function, found.frame, found.thread
            ));
        }
    }
    (oracle.len() != recorded.len()).then(|| {
        let (long, name): (String, _) = match oracle.get(recorded.len()) {
            Some(it) => (it.to_string(), "oracle"),
            None => (format!("{:?}", recorded[oracle.len()]), "trace"),
        };
        let counts = (oracle.len(), recorded.len());
        format!("{counts:?} events (oracle, trace); the {name} goes on with {long}")
    })
}

fn event_difference(expected: &Json, found: &Event) -> Option<String> {
    let kind = match found.kind {
        // The oracle's kind of tracing does not tell these apart.
        "yield" => "return",
        kind => kind,
    };
    let untold = expected["event"] == "" && matches!(kind, "return" | "unwind");
    if expected["event"] != kind && !untold {
        return Some("kind".into());
    }
    if expected["frame"] != found.frame {
        return Some("frame".into());
    }
    if expected["thread"] != found.thread {
        return Some("thread".into());
    }
    if expected["function"] != found.function {
        return Some("function".into());
    }
    // Where Python knows no line the trace keeps the last one.
    if let Some(line) = expected["line"].as_i64()
        && line.max(1) != found.line
    {
        return Some("line".into());
    }
    let locals = expected["locals"].as_object()?;
    let hidden = |name: &str| {
        let names = expected["hidden"].as_array();
        names.is_some_and(|it| it.iter().any(|it| it == name))
    };
    if let Some(name) = locals
        .keys()
        .find(|it| !hidden(it) && !found.locals.contains_key(*it))
    {
        return Some(format!("`{name}` is missing"));
    }
    if let Some(name) = found
        .locals
        .keys()
        .find(|it| !hidden(it) && !locals.contains_key(*it))
    {
        return Some(format!("`{name}` is too many"));
    }
    for (name, text) in locals {
        if !hidden(name) && !same(text, &found.locals[name]) {
            return Some(format!("`{name}` is {}", repr(&found.locals[name])));
        }
    }
    match found.kind {
        "return" | "yield" if !same(&expected["value"], found.value.as_ref()?) => {
            Some(format!("the value is {}", repr(found.value.as_ref()?)))
        }
        "exception" if expected["type"] != found.exception.as_ref()?.0 => {
            Some("the exception's type".into())
        }
        _ => None,
    }
}

/// `text` is null where the oracle does not judge.
fn same(text: &Json, value: &Value) -> bool {
    text.as_str().is_none_or(|it| it == repr(value))
}
