//! Representations of what the recorder itself writes: each program is run, and each step found in each
//! page and back.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

#[path = "golden/programs.rs"]
mod programs;
mod support;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use monologue::{
    export,
    record::{Launch, Output, Stdin, Target, record},
    represent::{self, Loss, Moment, Profile, Request},
    trace::{Id, Kind, Trace, file},
};

use crate::programs::{PROGRAMS, all, page, trace as trace_of};
use crate::support::pythons;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a program under the recorder.
fn recorded(target: Target, python: Option<PathBuf>, dir: &Path) -> Trace {
    let mut launch = Launch::new(target, dir.join("run.trace"));
    launch.output = Output::Piped;
    launch.stdin = Stdin::Null;
    launch.python = python;
    launch.timeout = Some(std::time::Duration::from_secs(60));
    record(&launch).expect("the program is recorded");
    file::open(&dir.join("run.trace")).expect("a trace")
}

fn call(program: &str, expr: &str, dir: &Path) -> Trace {
    let target = Target::Call {
        expr: expr.into(),
        file: root().join(format!("tests/golden/programs/{program}.py")),
    };
    recorded(target, None, dir)
}

#[test]
fn the_sample_recorded_is_what_the_reference_writes() {
    let dir = tempfile::tempdir().expect("a folder");
    let trace = call("bs", "bubble_sort([3, 4, 1, 2])", dir.path());
    for (it, mode) in all() {
        let request = Request {
            mode,
            expected: Some("[1, 2, 3, 4]".into()),
            ..Request::whole(&trace)
        };
        let page = represent::page(it, &trace, &request);
        let name = mode.unwrap_or(it.name());
        let golden = root().join(format!("tests/golden/bs/{name}.txt"));
        let text = fs::read_to_string(golden).expect("its text");
        assert_eq!(page.text(), text, "{name}");
    }
}

/// Each step is told of or borrows, and each span's steps lead back to it.
fn check(trace: &Trace, what: &str) {
    let window = Request::whole(trace).window;
    for (it, mode) in all() {
        let page = page(it, mode, trace);
        let what = format!("{what} as {}", mode.unwrap_or(it.name()));
        for step in Id::range(window.clone()) {
            let (at, loss) = page
                .resolved(step)
                .unwrap_or_else(|| panic!("{what}: step {} is nowhere", step.number()));
            let span = &page.spans()[at];
            let tells = span.moments.contains(&Moment::Step(step));
            assert_eq!(tells, loss != Loss::Inherited, "{what}: {}", step.number());
        }
        let mut end = 0;
        for span in page.spans() {
            assert!(end <= span.bytes.start, "{what}: spans overlap");
            end = span.bytes.end;
            let steps: BTreeSet<_> = span
                .moments
                .iter()
                .filter_map(|it| match it {
                    Moment::Step(step) => Some(*step),
                    Moment::Call(_) | Moment::Prelude => None,
                })
                .collect();
            for step in steps {
                assert!(page.spans_of(step).any(|it| it == span), "{what}");
            }
        }
        assert!(end as usize <= page.text().len(), "{what}");
    }
    let mut out = Vec::new();
    export::events(trace, &mut out, None).expect("memory takes all");
    let text = String::from_utf8(out).expect("JSON is text");
    let lines = text
        .lines()
        .filter(|it| it.starts_with(r#"{"event":"line""#));
    assert_eq!(lines.count() as u32, trace.steps().len(), "{what}");
}

#[test]
fn every_step_of_every_program_is_found_and_leads_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut programs: Vec<PathBuf> = ["tests/programs", "tests/golden/programs"]
        .iter()
        .flat_map(|it| fs::read_dir(root().join(it)).expect("a folder of programs"))
        .map(|it| it.expect("an entry").path())
        .filter(|it| it.extension().is_some_and(|it| it == "py"))
        .collect();
    programs.sort();
    for file in programs {
        let what = file.display().to_string();
        let trace = recorded(Target::Script { file }, None, dir.path());
        // What holds in the hundredth iteration held in the tenth.
        if trace.steps().len() < 2000 {
            check(&trace, &what);
        }
    }
}

/// Python 3.12 runs comprehensions in their function's frame; the texts are the same.
#[test]
fn comprehensions_are_folded_alike_on_every_python() {
    let dir = tempfile::tempdir().expect("a folder");
    let trace = call("folds", "f([3, 4])", dir.path());
    let recorded: Vec<_> = all()
        .map(|(it, mode)| page(it, mode, &trace).text().to_owned())
        .collect();
    for known in ["folds", "folds312"] {
        assert!(PROGRAMS.contains(&known), "{known} is reviewed");
        let known = trace_of(known);
        let texts: Vec<_> = all()
            .map(|(it, mode)| page(it, mode, &known).text().to_owned())
            .collect();
        assert_eq!(texts, recorded);
    }
    let inner = trace
        .events()
        .iter()
        .filter(|it| matches!(it.kind, Kind::Line(Some(_))));
    assert!(30 < inner.count(), "the comprehensions are in the trace");
}

/// Where the formats' own files are at hand, what the research code wrote on this Python's version is what
/// the compatible profile writes.
#[test]
fn compatible_texts_are_the_research_codes() {
    let Some(formats) = std::env::var_os("MONOLOGUE_FORMATS") else {
        eprintln!("skipped: MONOLOGUE_FORMATS does not name the formats' directory");
        return;
    };
    let golden = Path::new(&formats).join("golden");
    let dir = tempfile::tempdir().expect("a folder");
    let mut compared = 0;
    for python in pythons::installed() {
        let version = format!("3.{}", python.minor);
        let written = |name: &str| {
            fs::read_to_string(golden.join(format!("{name}.tracewise.py{version}.txt"))).ok()
        };
        for (name, program, expr) in [
            ("bs", "bs", Some("bubble_sort([3, 4, 1, 2])")),
            ("rec", "rec", Some("fact(4)")),
            ("exc2", "exc2", Some("f([1, 2])")),
            ("mix", "mix", Some("f([1, 2])")),
            ("multi", "multi", Some("f([3, 4])")),
            ("bs_stdin", "bs_stdin", None),
            ("mf_case1", "mf", None),
            ("mf_case2", "mf", None),
        ] {
            let Some(written) = written(name) else {
                eprintln!("skipped: nothing was written down of {name} on Python {version}");
                continue;
            };
            let file = golden.join(format!("{program}.py"));
            let mut launch = Launch::new(
                match expr {
                    Some(expr) => Target::Call {
                        expr: expr.into(),
                        file,
                    },
                    None => Target::Script { file },
                },
                dir.path().join("run.trace"),
            );
            launch.python = Some(python.path.clone());
            launch.output = Output::Piped;
            launch.stdin = match expr {
                Some(_) => Stdin::Null,
                None => {
                    let input = dir.path().join("input");
                    fs::write(&input, given(&written)).expect("a file");
                    Stdin::File(input)
                }
            };
            record(&launch).expect("the program is recorded");
            let trace = file::open(&dir.path().join("run.trace")).expect("a trace");
            // Of Scratchpad no code was released.
            let released = represent::ALL.iter().filter(|it| it.name() != "scratchpad");
            for it in released {
                let request = Request {
                    profile: Profile::Compat,
                    ..Request::whole(&trace)
                };
                let page = represent::page(*it, &trace, &request);
                let held = squeezed(&written).contains(squeezed(page.text()).trim());
                let what = format!("{name} as {} on {version}", it.name());
                assert!(held, "{what}:\n{}\n---\n{written}", page.text());
                assert!(!page.text().trim().is_empty(), "{what}");
                compared += 1;
                let request = Request {
                    expected: Some(match expr {
                        Some(_) if name == "bs" => "[1, 2, 3, 4]".into(),
                        Some(_) => "0".into(),
                        None => after(&written, "expect output1=''").into(),
                    }),
                    ..request
                };
                let page = represent::page(&represent::Enveloped(*it), &trace, &request);
                let theirs = section(&written, it.name());
                // Theirs shows arguments as the program left them; of a script they are its input.
                let line = |it: &str| {
                    it.lines()
                        .find(|it| it.starts_with("input1="))
                        .map(str::to_owned)
                };
                let (our, their) = (line(page.text()), line(theirs));
                let ours = page
                    .text()
                    .replace(&our.expect("an input"), &their.expect("an input"));
                assert_eq!(ours.trim_end(), theirs.trim_end(), "{what}, wrapped");
            }
        }
    }
    assert!(0 < compared, "no text of the reference was compared");
    eprintln!("{compared} texts compared");
}

/// Text without its empty lines.
fn squeezed(text: &str) -> String {
    let lines = text.lines().filter(|it| !it.trim().is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// What the golden text says in a representation's form.
fn section<'a>(written: &'a str, name: &str) -> &'a str {
    let class = match name {
        "next" => "NEXT",
        "semcoder" => "OUR01",
        "concise" => "CONCISETRACE",
        _ => "CODEEXECUTOR",
    };
    let head = format!("===== bug_trace_TPL_{class}\n");
    let start = written.find(&head).expect("its section") + head.len();
    written[start..].split("=====").next().unwrap_or_default()
}

/// What stands between `mark` and the closing quotes of its line.
fn after<'a>(written: &'a str, mark: &str) -> &'a str {
    let line = written.lines().find_map(|it| it.strip_prefix(mark));
    line.and_then(|it| it.strip_suffix("''"))
        .expect("a quoted text")
}

/// The standard input that a golden text names.
fn given(written: &str) -> String {
    let line = written.lines().find_map(|it| it.strip_prefix("input1=''"));
    let text = line.and_then(|it| it.strip_suffix("''"));
    text.expect("its input").replace("\\n", "\n")
}
