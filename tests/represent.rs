//! Every representation of every program under `golden/`: its text, its spans, and the way back.
//!
//! `golden/*.jsonl` are recordings made by `golden/dump.py`, which shares no code with the recorder.
//! `golden/bs/` holds what the formats' reference implementation writes for the sample program.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]

#[path = "golden/programs.rs"]
mod programs;

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use monologue::{
    represent::{self, Moment, Page, Profile, Request, Span},
    trace::{Builder, Id, StepId, Trace},
};

use crate::programs::{PROGRAMS, all, page, records, trace};

fn moment(it: &Moment) -> String {
    match it {
        Moment::Step(step) => step.number().to_string(),
        Moment::Call(frame) => format!("C{}", frame.raw() + 1),
        Moment::Prelude => "M".into(),
    }
}

fn spans(page: &Page) -> String {
    let mut res = String::new();
    for it in page.spans() {
        let moments: Vec<_> = it.moments.iter().map(moment).collect();
        writeln!(
            res,
            "{:?} {:?} [{}] lines {:?} {:?}",
            it.bytes,
            it.kind,
            moments.join(", "),
            it.lines,
            it.loss
        )
        .expect("a string takes all");
    }
    res
}

#[test]
fn texts_and_spans_are_as_reviewed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("golden/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/snapshots");
    let mut reviewed = 0;
    settings.bind(|| {
        for program in PROGRAMS {
            let trace = trace(program);
            for (it, mode) in all() {
                let page = page(it, mode, &trace);
                let name = format!("{program}.{}", mode.unwrap_or(it.name()));
                let is_there = folder.join(format!("{name}.snap")).is_file();
                if !is_there && std::env::var_os("INSTA_UPDATE").is_none() {
                    eprintln!(
                        "SKIPPED: {name} was never reviewed; INSTA_UPDATE=new writes it down"
                    );
                    continue;
                }
                reviewed += 1;
                insta::assert_snapshot!(
                    name,
                    format!("{}\n-- spans\n{}", page.text(), spans(&page))
                );
            }
        }
    });
    assert!(7 * PROGRAMS.len() <= reviewed, "{reviewed} are left");
}

/// The pages of the sample program by name of representation or mode.
fn sample() -> Vec<(&'static str, Page)> {
    let trace = trace("bs");
    let written = all().map(|(it, mode)| {
        let request = Request {
            mode,
            expected: Some("[1, 2, 3, 4]".into()),
            ..Request::whole(&trace)
        };
        (
            mode.unwrap_or(it.name()),
            represent::page(it, &trace, &request),
        )
    });
    written.collect()
}

/// Compares with the text and, where there is one, the span table of the formats' reference.
fn compare(name: &str, page: &Page, text: &str, table: Option<&str>) {
    assert_eq!(page.text(), text, "{name}");
    let Some(table) = table else { return };
    let moments = |it: &serde_json::Value| match it.as_str() {
        Some(it) => it.to_owned(),
        None => it.to_string(),
    };
    let expected: Vec<_> = table
        .lines()
        .filter(|it| !it.is_empty())
        .map(|it| {
            let it: serde_json::Value = serde_json::from_str(it).expect("a span");
            let steps = it["steps"].as_array().expect("steps").iter().map(moments);
            (
                format!("{}..{}", it["a"], it["b"]),
                it["kind"].as_str().expect("a kind").to_owned(),
                steps.collect::<Vec<_>>(),
                it["lines"].to_string(),
                it["frame"].as_u64(),
            )
        })
        .collect();
    let got: Vec<_> = page
        .spans()
        .iter()
        .zip(&expected)
        .map(|(it, known)| {
            (
                format!("{:?}", it.bytes),
                format!("{:?}", it.kind).to_lowercase(),
                it.moments.iter().map(moment).collect::<Vec<_>>(),
                format!("{:?}", it.lines),
                known.4.and(it.frame).map(|it| u64::from(it.raw()) + 1),
            )
        })
        .collect();
    assert_eq!(got, expected, "{name}");
    assert_eq!(page.spans().len(), expected.len(), "{name}");
}

#[test]
fn the_sample_is_what_the_reference_writes() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bs");
    let (mut compared, mut tables) = (0, 0);
    for (name, page) in sample() {
        // The reference writes these seven; what is new here it does not know.
        let Ok(text) = fs::read_to_string(golden.join(format!("{name}.txt"))) else {
            continue;
        };
        let table = fs::read_to_string(golden.join(format!("{name}.spans.jsonl"))).ok();
        compare(name, &page, &text, table.as_deref());
        compared += 1;
        tables += usize::from(table.is_some());
    }
    assert_eq!((compared, tables), (7, 5));
}

fn compat(trace: &Trace) -> Vec<(&'static str, Page)> {
    // Of others nothing was released; Scratchpad's two forms are one where there are no tuples.
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bs");
    let released = |it: &str| golden.join(format!("{it}.compat.txt")).is_file();
    let known = represent::ALL.iter().filter(|it| released(it.name()));
    let written = known.map(|it| {
        let request = Request {
            profile: Profile::Compat,
            ..Request::whole(trace)
        };
        (it.name(), represent::page(*it, trace, &request))
    });
    written.collect()
}

#[test]
fn the_sample_is_also_what_the_research_code_writes() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bs");
    let mut compared = 0;
    for (name, page) in compat(&trace("bs")) {
        let read = |it: &str| fs::read_to_string(golden.join(format!("{name}.compat.{it}")));
        let [text, table] = ["txt", "spans.jsonl"].map(|it| read(it).expect("both"));
        compare(name, &page, &text, Some(&table));
        compared += 1;
    }
    assert_eq!(compared, 4);
}

#[test]
fn compatible_texts_are_as_reviewed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("golden/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for program in ["errors", "loops", "recursion", "script"] {
            let trace = trace(program);
            for (name, page) in compat(&trace) {
                let what = format!("{program} as compatible {name}");
                check(&page, Request::whole(&trace).window, &what);
                let text = format!("{}\n-- spans\n{}", page.text(), spans(&page));
                insta::assert_snapshot!(format!("{program}.{name}.compat"), text);
            }
        }
    });
}

/// The span that steps without text of their own borrow, by position, as the reference says.
#[test]
fn steps_without_text_borrow_what_the_reference_says() {
    let borrowed: &[(&str, &[(u32, usize)])] = &[
        ("scratchpad", &[]),
        ("next", &[]),
        ("codeexecutor", &[]),
        (
            "concise",
            &[
                (4, 3),
                (6, 4),
                (9, 7),
                (12, 10),
                (15, 13),
                (17, 15),
                (19, 16),
                (20, 16),
            ],
        ),
        (
            "bullets",
            &[
                (4, 6),
                (6, 7),
                (8, 9),
                (9, 9),
                (12, 8),
                (14, 10),
                (15, 10),
                (17, 4),
                (19, 5),
                (20, 5),
            ],
        ),
    ];
    for (name, page) in sample() {
        let Some((_, expected)) = borrowed.iter().find(|it| it.0 == name) else {
            continue;
        };
        let mut got = Vec::new();
        for step in (0..21).map(StepId::new) {
            let (at, loss) = page.resolved(step).expect("it is in the window");
            if loss == represent::Loss::Inherited {
                got.push((step.number(), at));
            }
        }
        assert_eq!(got, *expected, "{name}");
    }
}

/// Where the formats' own files are at hand, ours are theirs.
#[test]
fn the_reference_files_are_the_same() {
    let Some(formats) = std::env::var_os("MONOLOGUE_FORMATS") else {
        eprintln!("skipped: MONOLOGUE_FORMATS does not name the formats' directory");
        return;
    };
    let path = Path::new(&formats).join("golden/bs.canonical_and_spans.txt");
    let all = fs::read_to_string(&path).expect("the reference's output");
    let mut sections = 0;
    for (name, page) in sample() {
        let section = match name {
            "bullets" => "our01",
            "narrator" | "inline" => continue,
            other => other,
        };
        let head = format!("## {section}\n");
        let Some(start) = all.find(&head).map(|it| it + head.len()) else {
            continue;
        };
        sections += 1;
        let (text, rest) = all[start..].split_once("-- spans\n").expect("a span table");
        let table = rest.split("\n\n").next().unwrap_or(rest);
        let table = table.split("# check").next().unwrap_or(table);
        compare(name, &page, text, Some(table));
    }
    assert_eq!(sections, 5);
}

/// What must hold of any page.
fn check(page: &Page, window: std::ops::Range<StepId>, what: &str) {
    let mut end = 0;
    for span in page.spans() {
        assert!(
            end <= span.bytes.start,
            "{what}: spans overlap at {}",
            span.bytes.start
        );
        assert!(span.bytes.start <= span.bytes.end, "{what}");
        let bytes = span.bytes.start as usize..span.bytes.end as usize;
        assert!(page.text().get(bytes).is_some(), "{what}: {:?}", span.bytes);
        let unique: BTreeSet<String> = span.moments.iter().map(moment).collect();
        let prelude = span.moments.contains(&Moment::Prelude);
        assert!(
            unique.len() == span.moments.len() || prelude,
            "{what}: {:?}",
            span.moments
        );
        for it in &span.moments {
            if let Moment::Step(step) = it {
                assert!(window.contains(step), "{what}: step {}", step.number());
            }
        }
        end = span.bytes.end;
    }
    for step in Id::range(window) {
        let (span, loss) = page
            .resolve(step)
            .unwrap_or_else(|| panic!("{what}: step {} is nowhere", step.number()));
        let tells = |it: &Span| it.moments.contains(&Moment::Step(step));
        assert_eq!(
            !tells(span),
            loss == represent::Loss::Inherited,
            "{what}: step {}",
            step.number()
        );
        if tells(span) && !span.bytes.is_empty() {
            let back = page.span_at(span.bytes.start).expect("a span is there");
            assert_eq!(back.bytes, span.bytes, "{what}");
        }
    }
}

#[test]
fn every_step_is_somewhere_in_every_page() {
    for program in PROGRAMS {
        let trace = trace(program);
        for (it, mode) in all() {
            let what = format!("{program} as {}", mode.unwrap_or(it.name()));
            let window = Request::whole(&trace).window;
            check(&page(it, mode, &trace), window, &what);
        }
        for it in represent::ALL {
            for &mode in it.modes() {
                let window = Request::whole(&trace).window;
                check(&page(*it, Some(mode), &trace), window, mode);
            }
        }
    }
}

#[test]
fn any_window_of_any_prefix_is_a_page() {
    for program in PROGRAMS {
        let records = records(program);
        let mut builder = Builder::default();
        for (at, record) in records.into_iter().enumerate() {
            builder.push(record);
            let trace = builder.snapshot();
            let end = trace.steps().end();
            for (it, mode) in all() {
                for start in [0, end.raw() / 3, end.raw().saturating_sub(2)] {
                    let window = Id::new(start)..end.minus(at as u32 % 3).unwrap_or(end);
                    if window.end <= window.start {
                        continue;
                    }
                    let request = Request {
                        window: window.clone(),
                        mode,
                        expected: Some("[1]".into()),
                        ..Request::whole(&trace)
                    };
                    let name = mode.unwrap_or(it.name());
                    let what = format!("{program} after {at} as {name} {window:?}");
                    let page = represent::page(it, &trace, &request);
                    check(&page, window.clone(), &what);
                    let profile = Profile::Compat;
                    let request = Request { profile, ..request };
                    let page = represent::page(it, &trace, &request);
                    check(&page, window, &format!("{what}, compatible"));
                }
            }
        }
    }
}

#[test]
fn what_a_growing_trace_says_stays_true() {
    for program in PROGRAMS {
        let scratchpad = represent::ALL[0];
        let body = |trace: &Trace| {
            let page = page(scratchpad, None, trace);
            let end = "\n[DONE]\n";
            page.text().strip_suffix(end).expect("its end").to_owned()
        };
        let whole = body(&trace(program));
        let mut builder = Builder::default();
        for (at, record) in records(program).into_iter().enumerate() {
            builder.push(record);
            let text = body(&builder.snapshot());
            assert!(whole.starts_with(&text), "{program} after {at}:\n{text}");
        }
    }
}
