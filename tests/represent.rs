//! Every representation of every program under `golden/`: its text, its spans, and the way back.
//!
//! `golden/*.jsonl` are recordings made by `golden/dump.py`, which shares no code with the recorder.
//! `golden/bs/` holds what the formats' reference implementation writes for the sample program.

#[path = "golden/records.rs"]
mod records;

use std::{collections::BTreeSet, fmt::Write as _};

use monologue::{
    represent::{self, Moment, Page, Representation, Request, Span},
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
