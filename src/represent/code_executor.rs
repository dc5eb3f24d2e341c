//! CodeExecutor: the whole state of the frame after each line.
//!
//! After Chenxiao Liu et al., "Code Execution with Pre-trained Language Models", 2023, arXiv
//! 2305.05383. Unlike the paper, lines count from 1, values are Python's `repr`, and exceptions are
//! told.

use std::ops::Range;

use super::{
    Loss, Moment, Page, Profile, Representation, Request, Span, SpanKind, compat,
    records::{Part, Record, Records},
    states::{States, is_shown},
    texts::{Texts, put_number, raised},
};
use crate::trace::{Id, Output, StepId, Stream, Trace};

/// The CodeExecutor format.
#[derive(Debug)]
pub(super) struct CodeExecutor;

impl Representation for CodeExecutor {
    fn name(&self) -> &'static str {
        "codeexecutor"
    }

    fn title(&self) -> &'static str {
        "CodeExecutor"
    }

    fn knows(&self, _: Profile) -> bool {
        true
    }

    fn write(&self, trace: &Trace, request: &Request, page: &mut Page) {
        if request.profile == Profile::Compat {
            return compat::code_executor(trace, request, page);
        }
        let records = Records::of(trace, request.window.clone());
        let mut texts = Texts::of(trace);
        let mut states = States::of(trace);
        for record in &records.list {
            if record.part == Part::Line && !record.prelude {
                put(trace, record, &mut states, &mut texts, page);
            }
        }
        printed(trace, &records, &request.window, page);
    }
}

fn put(
    trace: &Trace,
    record: &Record,
    states: &mut States<'_>,
    texts: &mut Texts<'_>,
    page: &mut Page,
) {
    let (start, text) = page.begin();
    text.push_str("<line> <");
    put_number(text, record.line);
    text.push('>');
    let mut cut = false;
    // A line whose effect is not known yet has no state to show.
    if let Some(done) = record.done {
        text.push_str(" <state> ");
        let mut separator = "";
        for &(name, value) in states.at(record.frame, done).bindings() {
            if !is_shown(trace, record.frame, name) {
                continue;
            }
            let value = texts.repr(value);
            cut |= value.cut;
            text.push_str(separator);
            text.push_str(trace.name(name));
            text.push_str(" : ");
            text.push_str(&value.whole);
            separator = " <dictsep> ";
        }
        text.push_str(" </state>");
    }
    for &exception in &record.exceptions {
        text.push_str(" <exception> ");
        text.push_str(&raised(trace.exception(exception)));
    }
    text.push('\n');
    let span = Span::new(SpanKind::State, record.moments())
        .line(record.line)
        .frame(record.frame)
        .names(record.changes.iter().map(|it| trace.name(it.name).clone()))
        .loss(match (record.folded.is_empty(), cut) {
            (false, _) => Loss::Merged,
            (true, true) => Loss::Elided,
            (true, false) => Loss::Exact,
        });
    page.told(start, span);
}

/// What the window's steps printed, if anything.
fn printed(trace: &Trace, records: &Records<'_>, window: &Range<StepId>, page: &mut Page) {
    let outputs = trace.outputs();
    let skipped = outputs.partition_point(|it| it.before <= records.start);
    let told = |it: &&Output| it.stream == Stream::Stdout && !it.bytes.is_empty();
    let printed: Vec<&Output> = Id::range(Id::new(skipped)..outputs.end())
        .map(|it| &outputs[it])
        .take_while(|it| it.before <= records.end)
        .filter(told)
        .collect();
    if printed.is_empty() {
        return;
    }
    page.say("<output> ");
    for group in printed.chunk_by(|a, b| a.step == b.step) {
        let bytes: Vec<u8> = group
            .iter()
            .flat_map(|it| it.bytes.iter().copied())
            .collect();
        let step = group[0].step.filter(|it| window.contains(it));
        let span = Span::new(
            SpanKind::Output,
            step.map(Moment::Step).into_iter().collect(),
        );
        page.tell(span, format_args!("{}", String::from_utf8_lossy(&bytes)));
    }
    if !page.text().ends_with('\n') {
        page.say("\n");
    }
}
