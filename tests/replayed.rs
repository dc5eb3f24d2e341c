//! The canonical Concise text read back: what it says of each frame, replayed in order, is what the
//! recorder saw the frame's variables hold when it ended.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]
#![expect(clippy::print_stderr, reason = "what is skipped is said")]

mod support;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use monologue::{
    record::{Target, record},
    represent::{self, Request, SpanKind},
    trace::{FrameId, Kind, Trace, file, is_part_of_a_statement},
};
use regex::Regex;
use support::{launch, pythons};

/// Variables by name, as text.
type Locals = BTreeMap<String, String>;

/// `a = 1, b = [2, 3], del c`, taken apart where a comma stands outside brackets and quotes; outside
/// quotes, `<` and `>` are brackets around what has no literal.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut depth, mut quote) = (vec![String::new()], 0_usize, None);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let part = parts.last_mut().unwrap();
        match (quote, c) {
            (None, ',') if depth == 0 => {
                assert_eq!(chars.next(), Some(' '), "{text}");
                parts.push(String::new());
                continue;
            }
            (None, '(' | '[' | '{' | '<') => depth += 1,
            (None, ')' | ']' | '}' | '>') => depth = depth.saturating_sub(1),
            (None, '\'' | '"') => quote = Some(c),
            (Some(_), '\\') => {
                part.push(c);
                part.extend(chars.next());
                continue;
            }
            (Some(open), c) if open == c => quote = None,
            _ => (),
        }
        part.push(c);
    }
    parts
}

/// What `representation` says that each frame held at last, from its text alone.
fn replayed(trace: &Trace) -> BTreeMap<FrameId, Locals> {
    let concise = represent::ALL.iter().find(|it| it.name() == "concise");
    let page = represent::page(*concise.unwrap(), trace, &Request::whole(trace));
    let mut frames: BTreeMap<FrameId, Locals> = BTreeMap::new();
    for span in page.spans() {
        if !matches!(span.kind, SpanKind::State | SpanKind::Input) {
            continue;
        }
        let text = &page.text()[span.bytes.start as usize..span.bytes.end as usize];
        let line = span.lines[0];
        let text = text.strip_prefix(&format!("[L{line}] ")).unwrap();
        let text = text.strip_suffix(&format!(" [/L{line}]\n")).unwrap();
        let text = match span.kind {
            SpanKind::Input => text
                .strip_prefix("[INPUT] ")
                .and_then(|it| it.strip_suffix(" [/INPUT]"))
                .unwrap(),
            _ => text,
        };
        let locals = frames.entry(span.frame.unwrap()).or_default();
        for part in parts(text) {
            if let Some(gone) = part.strip_prefix("del ") {
                assert!(locals.remove(gone).is_some(), "{gone} was there");
            } else {
                let (name, value) = part.split_once(" = ").unwrap_or_else(|| panic!("{text}"));
                locals.insert(name.into(), value.into());
            }
        }
    }
    frames
}

/// Texts of values as formats clean them: on one line, without addresses.
fn clean(text: &str) -> String {
    static ADDRESS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(" at 0x[0-9a-fA-F]{4,}").unwrap());
    ADDRESS
        .replace_all(&text.replace(['\r', '\n'], ""), "")
        .into_owned()
}

/// Compares each frame that ended; gives how many did.
fn check(trace: &Trace, what: &str) -> usize {
    let said = replayed(trace);
    let mut ended = 0;
    for id in trace.frames().ids() {
        let frame = &trace.frames()[id];
        let last = &trace.events()[frame.last];
        let over = matches!(last.kind, Kind::Return(_) | Kind::Unwind);
        if !over || trace.is_prelude(id) || is_part_of_a_statement(trace.code(id).kind) {
            continue;
        }
        let held: Locals = trace
            .locals(id, frame.last)
            .into_iter()
            .map(|it| {
                (
                    trace.name(it.name).to_string(),
                    clean(&trace.repr(it.value)),
                )
            })
            .filter(|(name, _)| !name.starts_with('.') && !name.starts_with("__"))
            .collect();
        let mut told = said.get(&id).cloned().unwrap_or_default();
        told.retain(|name, _| !name.starts_with("__"));
        assert_eq!(told, held, "{what}: {}", trace.code(id).qualname);
        ended += 1;
    }
    ended
}

fn programs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut res: Vec<PathBuf> = ["tests/programs", "tests/golden/programs"]
        .iter()
        .flat_map(|it| fs::read_dir(root.join(it)).unwrap())
        .map(|it| it.unwrap().path())
        .filter(|it| it.extension().is_some_and(|it| it == "py"))
        .collect();
    res.sort();
    res
}

#[test]
fn each_frame_of_each_program_ends_as_the_text_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace");
    let mut ended = 0;
    for python in pythons::installed() {
        for file in programs() {
            let what = format!("{} on 3.{}", file.display(), python.minor);
            let mut launch = launch(&python, Target::Script { file }, &path);
            launch.timeout = Some(std::time::Duration::from_secs(60));
            record(&launch).unwrap();
            let trace = file::open(&path).unwrap();
            if trace.steps().len() < 3000 {
                ended += check(&trace, &what);
            }
        }
    }
    assert!(100 < ended, "only {ended} frames ended");
}

#[test]
fn each_known_problem_ends_as_the_text_says() {
    let Some(data) = std::env::var_os("MONOLOGUE_DATA") else {
        eprintln!("SKIPPED: MONOLOGUE_DATA names no folder with cruxeval-dev.jsonl");
        return;
    };
    let text = fs::read_to_string(Path::new(&data).join("cruxeval-dev.jsonl")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (
        folder.path().join("problem.py"),
        folder.path().join("trace"),
    );
    let pythons = pythons::installed();
    let mut checked = 0;
    for (at, line) in text.lines().enumerate() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        fs::write(&file, row["code"].as_str().unwrap()).unwrap();
        let target = Target::Call {
            expr: format!("f({})", row["input"].as_str().unwrap()).into(),
            file: file.clone(),
        };
        let python = &pythons[at % pythons.len()];
        record(&launch(python, target, &path)).unwrap();
        let trace = file::open(&path).unwrap();
        let ended = check(&trace, &format!("problem {at} on 3.{}", python.minor));
        assert!(0 < ended, "problem {at}: no frame ended");
        checked += 1;
    }
    assert_eq!(checked, text.lines().count());
    eprintln!("{checked} problems replayed");
}
