//! Every representation of every program under `golden/`: its text, its spans, and the way back.
//!
//! `golden/*.jsonl` are recordings made by `golden/dump.py`, which shares no code with the recorder.
//! `golden/bs/` holds what the formats' reference implementation writes for the sample program.

#[path = "golden/records.rs"]
mod records;

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use monologue::{
    export,
    represent::{self, Moment, Page, Profile, Representation, Request, Span},
    trace::{Builder, Id, StepId, Trace},
};

const PROGRAMS: &[&str] = &[
    "bs",
    "errors",
    "folds",
    "folds312",
    "generators",
    "loops",
    "recursion",
    "script",
    "threads",
    "uncaught",
];

fn trace(program: &str) -> Trace {
    let mut builder = Builder::default();
    for record in records::read(program) {
        builder.push(record);
    }
    builder.snapshot()
}

/// Every representation in each of its modes.
fn all() -> impl Iterator<Item = (&'static dyn Representation, Option<&'static str>)> {
    represent::ALL.iter().flat_map(|&it| {
        let modes: Vec<_> = match it.modes() {
            [] => vec![None],
            modes => modes.iter().map(|&it| Some(it)).collect(),
        };
        modes.into_iter().map(move |mode| (it, mode))
    })
}

fn page(it: &dyn Representation, mode: Option<&'static str>, trace: &Trace) -> Page {
    let request = Request {
        mode,
        ..Request::whole(trace)
    };
    represent::page(it, trace, &request)
}

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
    settings.bind(|| {
        for program in PROGRAMS {
            let trace = trace(program);
            for (it, mode) in all() {
                let page = page(it, mode, &trace);
                let name = format!("{program}.{}", mode.unwrap_or(it.name()));
                insta::assert_snapshot!(
                    name,
                    format!("{}\n-- spans\n{}", page.text(), spans(&page))
                );
            }
        }
    });
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
    for (name, page) in sample() {
        let text = fs::read_to_string(golden.join(format!("{name}.txt"))).expect("its text");
        let table = fs::read_to_string(golden.join(format!("{name}.spans.jsonl"))).ok();
        compare(name, &page, &text, table.as_deref());
    }
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
            let (span, loss) = page.resolve(step).expect("it is in the window");
            if loss == represent::Loss::Inherited {
                let at = page.spans().iter().position(|it| std::ptr::eq(it, span));
                got.push((step.number(), at.expect("one of the page's")));
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
    for (name, page) in sample() {
        let section = match name {
            "bullets" => "our01",
            "narrator" | "inline" => continue,
            other => other,
        };
        let head = format!("## {section}\n");
        let start = all.find(&head).expect("a section") + head.len();
        let (text, rest) = all[start..].split_once("-- spans\n").expect("a span table");
        let table = rest.split("\n\n").next().unwrap_or(rest);
        let table = table.split("# check").next().unwrap_or(table);
        compare(name, &page, text, Some(table));
    }
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
    }
}

#[test]
fn any_window_of_any_prefix_is_a_page() {
    for program in PROGRAMS {
        let records = records::read(program);
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
                    let page = represent::page(it, &trace, &request);
                    let what = format!(
                        "{program} after {at} as {} {window:?}",
                        mode.unwrap_or(it.name())
                    );
                    check(&page, window, &what);
                }
            }
        }
    }
}

#[test]
fn exported_events_are_as_reviewed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("golden/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for program in ["bs", "generators", "uncaught"] {
            let mut out = Vec::new();
            export::events(&trace(program), &mut out, None).expect("memory takes all");
            let text = String::from_utf8(out).expect("JSON is text");
            insta::assert_snapshot!(format!("{program}.events"), text);
        }
    });
}

#[test]
fn every_line_of_the_events_knows_what_the_trace_knows() {
    for program in PROGRAMS {
        let trace = trace(program);
        let mut out = Vec::new();
        export::events(&trace, &mut out, None).expect("memory takes all");
        let mut step = 0;
        for line in String::from_utf8(out).expect("JSON is text").lines() {
            let it: serde_json::Value = serde_json::from_str(line).expect("JSON");
            if it["event"] != "line" {
                continue;
            }
            let at = StepId::new(step);
            step += 1;
            assert_eq!(it["step"], step);
            let event = trace.at(at);
            let locals: Vec<_> = trace
                .locals(event.frame, trace.steps()[at].event)
                .into_iter()
                .map(|it| (trace.name(it.name).to_string(), trace.repr(it.value)))
                .collect();
            let got: Vec<_> = it["locals"]
                .as_object()
                .expect("an object")
                .iter()
                .map(|(name, it)| (name.clone(), it.as_str().expect("a text").to_owned()))
                .collect();
            assert_eq!(got, locals, "{program} step {step}");
        }
        assert_eq!(step, trace.steps().len(), "{program}");
    }
}

#[test]
fn shown_json_has_an_entry_for_every_step() {
    let trace = trace("bs");
    let tokens = export::Tokens {
        tokenizer: "bytes".into(),
        count: 7,
    };
    for (it, mode) in all() {
        let page = page(it, mode, &trace);
        let json = export::show_json(it, Profile::Canonical, &page, &tokens);
        assert_eq!(json["representation"], it.name());
        assert_eq!(json["text"], page.text());
        assert_eq!(json["tokens"]["count"], 7);
        let spans = json["spans"].as_array().expect("spans");
        for step in 1..=21 {
            let of = |it: &&serde_json::Value| {
                it["steps"]
                    .as_array()
                    .is_some_and(|it| it.contains(&step.into()))
            };
            assert!(spans.iter().any(|it| of(&it)), "{} {step}", it.name());
        }
        let borrowed = spans.windows(2).filter(|it| it[1]["loss"] == "inherited");
        for pair in borrowed {
            assert_eq!(pair[0]["start"], pair[1]["start"]);
            assert_eq!(pair[0]["end"], pair[1]["end"]);
        }
    }
    let concise = represent::ALL.iter().find(|it| it.name() == "concise");
    let page = page(*concise.expect("one is called so"), None, &trace);
    let json = export::show_json(represent::ALL[4], Profile::Canonical, &page, &tokens);
    assert_eq!(
        json["spans"][0].to_string(),
        r#"{"start":0,"end":47,"kind":"input","steps":["C2"],"lines":[1],"frame":2,"names":["arr"],"loss":"exact"}"#
    );
}
