//! The representations against the formats' reference implementation, on programs that its own files do not
//! have: both record each program on the same Python, and every page of both profiles is compared byte for
//! byte. `agreement/driver.py` runs the reference and says where the formats' text overrules it.
//!
//! What SemCoder itself writes of the formats' sample is compared as well: it has flags of its own.
//!
//! The reference has one writer of SemCoder, that of its bullets in the compatible profile.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]
#![expect(clippy::print_stderr, reason = "what is skipped is said")]

mod support;

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use monologue::{
    record::{Target, record},
    represent::{self, Profile, Request},
    trace::{Trace, file},
};
use serde_json::{Value as Json, json};
use support::{launch, pythons, pythons::Interpreter};

/// Problems of CRUXEval to compare on.
const PROBLEMS: usize = 100;

/// Where we are known to differ: program, page, and how many lines.
///
/// What a call did to its module's variables is not in a trace: the module's frame was over before the call.
const KNOWN: &[(&str, &str, usize)] = &[("globals_changed", "canonical scratchpad", 1)];

/// A program and the call to record.
struct Program {
    name: String,
    source: String,
    call: String,
}

/// How much was compared, and what differs.
#[derive(Default)]
struct Count {
    /// Programs every page of which was compared, in both profiles.
    whole: usize,
    pages: usize,
    differing: Vec<String>,
}

/// The interpreters that the reference was tried on, and which are here.
fn interpreters() -> Vec<Interpreter> {
    let mut res = pythons::installed();
    res.retain(|it| [11, 12].contains(&it.minor));
    // What is compared on 3.12 leans on what the reference writes on 3.11.
    if res.first().is_none_or(|it| it.minor != 11) {
        eprintln!("skipped: there is no Python 3.11 here");
        res.clear();
    }
    res
}

/// One of the formats' own files, where they are at hand.
fn formats(file: &str) -> Option<PathBuf> {
    let folder = env::var_os("MONOLOGUE_FORMATS");
    if folder.is_none() {
        eprintln!("skipped: MONOLOGUE_FORMATS does not name the formats' directory");
    }
    Some(Path::new(&folder?).join(file))
}

/// What the reference writes of each program.
fn written(python: &Interpreter, reference: &Path, programs: &[Program]) -> Vec<Json> {
    let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/agreement/driver.py");
    let mut run = Command::new(&python.path)
        .arg(driver)
        .arg(reference)
        .arg("program")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let asked: Vec<Json> = programs
        .iter()
        .map(|it| json!({"source": it.source, "call": format!("output = {}", it.call)}))
        .collect();
    let mut stdin = run.stdin.take().unwrap();
    stdin
        .write_all(json!(asked).to_string().as_bytes())
        .unwrap();
    drop(stdin);
    let out = run.wait_with_output().unwrap();
    assert!(out.status.success(), "the driver ends well");
    let pages: Vec<Json> = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(pages.len(), programs.len());
    pages
}

fn recorded(python: &Interpreter, program: &Program, folder: &Path) -> Trace {
    let (source, path) = (folder.join("program.py"), folder.join("trace"));
    fs::write(&source, &program.source).unwrap();
    let target = Target::Call {
        expr: program.call.clone().into(),
        file: source,
    };
    let mut launch = launch(python, target, &path);
    // The reference asks objects for their own text.
    launch.call_repr = true;
    launch.max_items = 1000;
    record(&launch).unwrap();
    file::open(&path).unwrap()
}

/// A page of ours, in one of its modes or variants.
fn written_by_us(trace: &Trace, name: &str, profile: Profile, mode: Option<&str>) -> String {
    let it = represent::ALL.iter().find(|it| it.name() == name).unwrap();
    let known = [it.modes(), it.variants()].concat();
    let mode = mode.map(|mode| *known.iter().find(|it| **it == mode).unwrap());
    let request = Request {
        profile,
        mode,
        ..Request::whole(trace)
    };
    represent::page(*it, trace, &request).text().to_owned()
}

/// Compares every page that the reference writes of a program with ours.
fn compare(program: &str, trace: &Trace, theirs: &Json, minor: u8, count: &mut Count) {
    let what = format!("{program} on 3.{minor}");
    let mut whole = true;
    for (name, profile) in [
        ("canonical", Profile::Canonical),
        ("compat", Profile::Compat),
    ] {
        // The golden files have the quirks of the released code on recursion; the reference has not.
        let again = profile == Profile::Compat && theirs["again"] == true;
        if again {
            whole = false;
            continue;
        }
        let pages = theirs[name].as_object().unwrap();
        assert!(4 <= pages.len(), "{what}");
        for (of, text) in pages {
            let text = text.as_str().unwrap();
            let (it, mode) = match of.split_once(' ') {
                Some((it, mode)) => (it, Some(mode)),
                None => (of.as_str(), None),
            };
            let ours = written_by_us(trace, it, profile, mode);
            count.pages += 1;
            let lines = difference(text, &ours);
            let page = format!("{name} {of}");
            let known = KNOWN.iter().find(|it| it.0 == program && it.1 == page);
            if lines.len() != known.map_or(0, |it| it.2) {
                let line = lines.first().map_or("they agree now", |it| it);
                count.differing.push(format!("{what}, {page}: {line}"));
            }
            whole &= known.is_none();
        }
    }
    count.whole += usize::from(whole);
}

/// The lines that differ.
fn difference(theirs: &str, ours: &str) -> Vec<String> {
    let (theirs, ours): (Vec<_>, Vec<_>) =
        (theirs.split('\n').collect(), ours.split('\n').collect());
    (0..theirs.len().max(ours.len()))
        .filter(|&at| theirs.get(at) != ours.get(at))
        .map(|at| {
            format!(
                "line {}\n  theirs {:?}\n  ours   {:?}",
                at + 1,
                theirs.get(at),
                ours.get(at)
            )
        })
        .collect()
}

/// Compares on each interpreter, and says how much was; at least `least` programs whole in both profiles.
fn agree(programs: &[Program], what: &str, least: usize) {
    let Some(reference) = formats("reference.py") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut differing = Vec::new();
    let mut before: Option<Vec<Json>> = None;
    for python in interpreters() {
        let mut count = Count::default();
        let mut pages = written(&python, &reference, programs);
        // From Python 3.12 on comprehensions run in their function's frame, where the reference tells of
        // them; the canonical texts are the same on every version (decided 5), so as on 3.11.
        // (Only variables that they read from around them stand elsewhere: on 3.11 those are cells.)
        for (it, before) in pages.iter_mut().zip(before.iter().flatten()) {
            if it["comprehends"] == true {
                it["canonical"] = before["canonical"].clone();
            }
        }
        for (program, theirs) in programs.iter().zip(&pages) {
            let trace = recorded(&python, program, folder.path());
            compare(&program.name, &trace, theirs, python.minor, &mut count);
        }
        eprintln!(
            "{what} on 3.{}: {} pages compared, {} of {} programs whole in both profiles",
            python.minor,
            count.pages,
            count.whole,
            programs.len()
        );
        assert!(least <= count.whole, "{} are too few", count.whole);
        before.get_or_insert(pages);
        differing.append(&mut count.differing);
    }
    let all = differing.join("\n");
    assert!(differing.is_empty(), "{} differ:\n{all}", differing.len());
}

#[test]
fn the_reference_writes_the_same_of_each_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agreement/programs");
    let mut programs: Vec<Program> = fs::read_dir(folder)
        .unwrap()
        .map(|it| {
            let path = it.unwrap().path();
            let source = fs::read_to_string(&path).unwrap();
            let call = source.lines().next().unwrap().strip_prefix("# ").unwrap();
            Program {
                name: path.file_stem().unwrap().to_str().unwrap().into(),
                call: call.into(),
                source,
            }
        })
        .collect();
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    agree(&programs, "programs", 32);
}

#[test]
fn the_reference_writes_the_same_of_cruxeval_problems() {
    let Some(data) = env::var_os("MONOLOGUE_DATA") else {
        eprintln!("skipped: MONOLOGUE_DATA does not name the datasets' directory");
        return;
    };
    let text = fs::read_to_string(Path::new(&data).join("cruxeval-dev.jsonl")).unwrap();
    let programs: Vec<Program> = text
        .lines()
        .take(PROBLEMS)
        .map(|it| {
            let row: Json = serde_json::from_str(it).unwrap();
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            Program {
                name: text("id"),
                source: text("code") + "\n",
                call: format!("f({})", text("input")),
            }
        })
        .collect();
    agree(&programs, "problems", 30);
}

/// In SemCoder's own words, its flags `state_order` and `ignore_intermediate`.
const FLAGS: &[(&str, &str)] = &[
    ("inline", "True True"),
    ("inline-all", "True False"),
    ("inline-plain", "False True"),
    ("inline-plain-all", "False False"),
];

/// The sample of the formats in a mode or variant.
fn variant(name: &str, mode: &'static str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/programs/bs.py");
    let sample = Program {
        name: "bs".into(),
        source: fs::read_to_string(path).unwrap(),
        call: "bubble_sort([3, 4, 1, 2])".into(),
    };
    let folder = tempfile::tempdir().unwrap();
    let python = &pythons::installed()[0];
    let trace = recorded(python, &sample, folder.path());
    written_by_us(&trace, name, Profile::Canonical, Some(mode))
}

/// Where the formats' own files are at hand, the comments are SemCoder's under each of its flags.
#[test]
fn comments_are_semcoders_under_its_flags() {
    let Some(path) = formats("golden/bs.semcoder_inline.txt") else {
        return;
    };
    let all = fs::read_to_string(&path).expect("what SemCoder writes");
    for (mode, flags) in FLAGS {
        let (order, ignore) = flags.split_once(' ').expect("two flags");
        let head = format!("=== state_order {order} ignore_intermediate {ignore}\n");
        let start = all.find(&head).expect("its section") + head.len();
        let text = all[start..].split("\n=== ").next().expect("a text");
        let text = text.split("\nFAILED TEST:").next().expect("a text");
        assert_eq!(
            variant("semcoder", mode),
            text.trim_end().to_owned() + "\n",
            "{mode}"
        );
    }
}

/// The model that the format is of counts lines from 0.
#[test]
fn codeexecutor_counts_from_zero_on_request() {
    let lines = |text: &str| -> Vec<(u32, String)> {
        let line = |it: &str| {
            let (line, rest) = it.strip_prefix("<line> <")?.split_once('>')?;
            Some((line.parse().ok()?, rest.to_owned()))
        };
        text.lines().map(|it| line(it).expect("a line")).collect()
    };
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bs/codeexecutor.txt");
    let mut from_one = lines(&fs::read_to_string(golden).expect("its text"));
    for it in &mut from_one {
        it.0 -= 1;
    }
    assert_eq!(lines(&variant("codeexecutor", "zero-based")), from_one);
}
