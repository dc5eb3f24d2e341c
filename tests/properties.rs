//! What holds of every representation of any run at all, and of any part of it.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

#[path = "support/concise.rs"]
mod concise;
#[path = "support/random.rs"]
mod random;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use monologue::{
    represent::{self, Loss, Moment, Page, Profile, Representation, Request, Span, SpanKind},
    trace::{CodeKind, Id, StepId, Trace},
};
use proptest::prelude::*;

/// Every representation in each of its modes and profiles, for any request of which it may be asked.
fn manners() -> Vec<(&'static dyn Representation, Option<&'static str>, Profile)> {
    let mut res = Vec::new();
    for &it in represent::ALL {
        let modes: Vec<_> = match it.modes() {
            [] => vec![None],
            modes => modes.iter().map(|&it| Some(it)).collect(),
        };
        res.extend(modes.iter().map(|&mode| (it, mode, Profile::Canonical)));
        res.push((it, None, Profile::Compat));
    }
    res
}

fn whole(trace: &Trace) -> Range<StepId> {
    trace.steps().start()..trace.steps().end()
}

/// The part of a trace's steps that lies between two parts in a thousand.
fn part(trace: &Trace, (a, b): (u32, u32)) -> Range<StepId> {
    let at = |it: u32| Id::new(trace.steps().len() * it / 1000);
    at(a.min(b))..at(a.max(b))
}

fn request(window: Range<StepId>, mode: Option<&'static str>, profile: Profile) -> Request {
    Request {
        window,
        profile,
        mode,
        expected: None,
    }
}

fn of<'p>(page: &'p Page, span: &Span) -> &'p str {
    let bytes = span.bytes.start as usize..span.bytes.end as usize;
    page.text()
        .get(bytes)
        .expect("spans end between characters")
}

fn page(name: &str, trace: &Trace, window: Range<StepId>, profile: Profile) -> Page {
    let (name, mode) = match name {
        "bullets" => ("semcoder", Some("bullets")),
        name => (name, None),
    };
    let it = represent::ALL.iter().find(|it| it.name() == name).unwrap();
    represent::page(*it, trace, &request(window, mode, profile))
}

/// What must hold of any page's spans.
fn spans_hold(page: &Page, window: &Range<StepId>, what: &str) {
    let mut end = 0;
    for span in page.spans() {
        let text = of(page, span);
        assert!(
            end <= span.bytes.start,
            "{what}: {span:?} is not after {end}"
        );
        end = span.bytes.end;
        // A blank line of code is a span, and so is what stands for a page that tells of nothing.
        let may_be_empty = span.kind == SpanKind::Code || page.spans().len() == 1;
        assert!(
            may_be_empty || !text.is_empty(),
            "{what}: {span:?} is empty"
        );
        let elided = span.kind == SpanKind::Elided;
        assert!(!elided || !span.moments.is_empty(), "{what}: {span:?}");
        assert!(
            !elided || text == "...",
            "{what}: {text:?} stands for others"
        );
        let steps = span.moments.iter().filter_map(|it| match it {
            Moment::Step(step) => Some(*step),
            Moment::Call(_) | Moment::Prelude => None,
        });
        let all: Vec<_> = steps.collect();
        let unique: BTreeSet<_> = all.iter().copied().collect();
        assert_eq!(all.len(), unique.len(), "{what}: {span:?} repeats a step");
        assert!(all.iter().all(|it| window.contains(it)), "{what}: {span:?}");
    }
    for step in Id::range(window.clone()) {
        let resolved = page.resolve(step);
        let (span, loss) = resolved.unwrap_or_else(|| panic!("{what}: {step:?} is nowhere"));
        let tells = span.moments.contains(&Moment::Step(step));
        assert_eq!(tells, loss != Loss::Inherited, "{what}: {step:?}");
        assert_eq!(
            tells,
            page.spans_of(step).next().is_some(),
            "{what}: {step:?}"
        );
        if span.bytes.start < span.bytes.end {
            for at in [span.bytes.start, span.bytes.end - 1] {
                let back = page.span_at(at).expect("it is in a span");
                assert_eq!(back.bytes, span.bytes, "{what}: {step:?}");
            }
        }
    }
    assert!(page.resolve(window.end).is_none(), "{what}");
}

/// That the lines of a text are its own: no value began one.
fn lines_hold(name: &str, page: &Page) {
    for span in page.spans() {
        let text = of(page, span);
        if text.is_empty() {
            continue;
        }
        let line = text.strip_suffix('\n').unwrap_or(text);
        match (name, span.kind) {
            ("scratchpad", _) => {
                for line in line.split('\n') {
                    let state = line.strip_prefix("state: ");
                    if let Some(state) = state {
                        let read: Result<serde_json::Value, _> = serde_json::from_str(state);
                        assert!(read.is_ok_and(|it| it.is_object()), "{state}");
                    }
                    let begins = ["line: ", "exception: "]
                        .iter()
                        .any(|it| line.starts_with(it));
                    assert!(state.is_some() || begins, "{text:?}");
                }
            }
            // What was printed stands as it is.
            ("codeexecutor", SpanKind::Output) => (),
            _ => assert!(!line.contains(['\n', '\r']), "{name}: {text:?}"),
        }
    }
}

/// How many records a line has, and which steps they tell of, by the format that leaves none out.
fn recorded(trace: &Trace, page: &Page, profile: Profile) -> BTreeMap<u32, Vec<BTreeSet<Moment>>> {
    let entry = trace.entry();
    let first = entry.or_else(|| trace.frames().first());
    let mut kinds: BTreeMap<u32, u32> = BTreeMap::new();
    let mut res: BTreeMap<u32, Vec<BTreeSet<Moment>>> = BTreeMap::new();
    for span in page.spans().iter().filter(|it| !it.moments.is_empty()) {
        let text = of(page, span);
        let line = span.lines[0];
        let inner = text.strip_prefix(&format!("[L{line}] ")).unwrap();
        if profile == Profile::Canonical {
            let frame = span.frame.unwrap();
            let other = trace.call().is_some() && entry.is_some_and(|it| it != frame);
            let far = trace.code(frame).file != trace.code(first.unwrap()).file;
            let named = matches!(span.kind, SpanKind::State | SpanKind::Input);
            // Neither what is unbound nor that an exception leaves is written beside the code.
            let unbound = named && inner.trim_start_matches("[INPUT] ").starts_with("del ");
            let leaves = span.kind == SpanKind::Output && inner.starts_with("[OUTPUT] raise ");
            if other || far || unbound || leaves {
                continue;
            }
        } else {
            // Of several kinds on a line the last wins.
            let kind = match span.kind {
                SpanKind::State => 0,
                SpanKind::Input => 1,
                _ => 2,
            };
            let newest = kinds.entry(line).or_insert(kind);
            if kind < *newest {
                continue;
            }
            if *newest < kind {
                res.remove(&line);
            }
            *newest = kind;
        }
        let moments = span.moments.iter().copied().collect();
        res.entry(line).or_default().push(moments);
    }
    res
}

/// That a format that shows three records of a line at most tells how many it hides, and of what.
fn counts_hold(trace: &Trace, window: &Range<StepId>, profile: Profile) {
    let all = page("concise", trace, window.clone(), profile);
    let expected = recorded(trace, &all, profile);
    let first = trace.entry().or_else(|| trace.frames().first()).unwrap();
    let lines = trace.file(first).lines.as_ref().map_or(0, |it| it.len()) as u32;
    for name in ["bullets", "next"] {
        let page = page(name, trace, window.clone(), profile);
        let mut got: BTreeMap<u32, Vec<&Span>> = BTreeMap::new();
        let told = page.spans().iter().filter(|it| it.kind != SpanKind::Code);
        for span in told.filter(|it| !it.lines.is_empty()) {
            got.entry(span.lines[0]).or_default().push(span);
        }
        for (line, records) in &expected {
            let Some(spans) = got.remove(line) else {
                // A line beyond the file's end has no place beside the code.
                assert!(name == "next" && lines < *line, "{name}: line {line}");
                continue;
            };
            let hidden = spans
                .iter()
                .filter(|it| it.kind == SpanKind::Elided)
                .count();
            let (most, elided) = if 3 < records.len() {
                (4, 1)
            } else {
                (records.len(), 0)
            };
            assert_eq!((spans.len(), hidden), (most, elided), "{name}: line {line}");
            let told: BTreeSet<_> = spans.iter().flat_map(|it| &it.moments).copied().collect();
            let there: BTreeSet<_> = records.iter().flatten().copied().collect();
            assert_eq!(told, there, "{name}: line {line}");
        }
        assert!(got.is_empty(), "{name}: {:?}", got.keys());
    }
}

/// That a part tells of a step what the whole tells of it, in formats that say the same wherever they
/// begin.
fn parts_hold(trace: &Trace, window: &Range<StepId>) {
    let inside = |it: &Moment| match it {
        Moment::Step(step) => window.contains(step),
        Moment::Call(_) | Moment::Prelude => false,
    };
    for name in ["scratchpad", "codeexecutor", "concise"] {
        let all = page(name, trace, whole(trace), Profile::Canonical);
        let part = page(name, trace, window.clone(), Profile::Canonical);
        for span in all.spans().iter().filter(|it| it.kind != SpanKind::Output) {
            // What a generator's step does once it is resumed may lie beyond the part.
            let kind = span.frame.map(|it| trace.code(it).kind);
            let resumed = kind == Some(CodeKind::Generator);
            if resumed || span.moments.is_empty() || !span.moments.iter().all(inside) {
                continue;
            }
            let same = |it: &&Span| it.moments == span.moments && of(&part, it) == of(&all, span);
            let found = part.spans().iter().find(same);
            assert!(found.is_some(), "{name} {window:?}: {:?}", of(&all, span));
        }
    }
}

/// That what is cut to fit is cut between records, and says how many are gone.
fn budgets_hold(trace: &Trace, window: &Range<StepId>, budget: usize) {
    let count = |it: &str| it.split_whitespace().count();
    let records = |it: &Page| {
        let spans = it.spans().iter();
        spans.filter(|it| it.kind != SpanKind::Code).count()
    };
    for (it, mode, profile) in manners() {
        let name = mode.unwrap_or(it.name());
        let request = request(window.clone(), mode, profile);
        let all = represent::page(it, trace, &request);
        let fitted = match represent::within(it, trace, &request, budget, &count) {
            Ok(it) => it,
            Err(least) => {
                assert!(budget < least, "{name}: {least} would fit");
                continue;
            }
        };
        let text = fitted.page.text();
        assert!(count(text) <= budget, "{name}: {} tokens", count(text));
        let Some(left_out) = fitted.left_out else {
            assert!(all.text().starts_with(text), "{name}");
            let whole = text == all.text();
            assert!(whole || profile == Profile::Compat, "{name}");
            continue;
        };
        assert_eq!(left_out.steps.end, window.end, "{name}");
        assert!(left_out.steps.start < window.end, "{name}: none left out");
        let kept = Request {
            window: window.start..left_out.steps.start,
            ..request
        };
        let kept = represent::page(it, trace, &kept);
        assert_eq!(kept.spans(), fitted.page.spans(), "{name}");
        let line = text
            .strip_prefix(kept.text())
            .expect("what is kept comes first");
        let gone = records(&all).saturating_sub(records(&kept));
        let (first, last) = (left_out.steps.start.number(), window.end.raw());
        let said = format!("… {gone} records (steps {first}..{last}) left out\n");
        assert_eq!(line.trim_start_matches('\n'), said, "{name}");
        assert_eq!(left_out.records, gone, "{name}");
    }
}

/// What happens, whether it happens in a call, and by which Python.
fn run() -> impl Strategy<Value = (Vec<random::Deed>, bool, &'static str)> {
    let python = prop_oneof![Just("3.11.7"), Just("3.13.0")];
    (
        random::deeds(random::value().boxed()),
        any::<bool>(),
        python,
    )
}

fn parts() -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![1 => Just((0, 1000)), 2 => (0_u32..=1000, 0_u32..=1000)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn spans_of_any_part_of_any_run_are_in_order(run in run(), at in parts()) {
        let trace = random::trace(&run.0, run.1, run.2);
        let window = part(&trace, at);
        for (it, mode, profile) in manners() {
            let page = represent::page(it, &trace, &request(window.clone(), mode, profile));
            let name = mode.unwrap_or(it.name());
            spans_hold(&page, &window, &format!("{name} {profile:?} {window:?}"));
            if profile == Profile::Canonical && mode.is_none() {
                lines_hold(name, &page);
            }
        }
    }

    #[test]
    fn what_is_hidden_is_counted(run in run(), at in parts()) {
        let trace = random::trace(&run.0, run.1, run.2);
        let window = part(&trace, at);
        counts_hold(&trace, &window, Profile::Canonical);
        counts_hold(&trace, &window, Profile::Compat);
    }

    #[test]
    fn a_part_tells_what_the_whole_tells(run in run(), at in parts()) {
        let trace = random::trace(&run.0, run.1, run.2);
        parts_hold(&trace, &part(&trace, at));
    }

    #[test]
    fn what_does_not_fit_is_cut_between_records(run in run(), at in parts(), budget in 0_usize..200) {
        let trace = random::trace(&run.0, run.1, run.2);
        budgets_hold(&trace, &part(&trace, at), budget);
    }

    #[test]
    fn values_of_any_text_are_read_back(deeds in random::deeds(random::literal().boxed())) {
        concise::check(&random::trace(&deeds, false, "3.12.1"), "random");
    }
}
