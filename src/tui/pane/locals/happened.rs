//! What a step did besides writing variables: calls it made, what it gave back or raised.

use super::row::{Look, Row};
use crate::{
    trace::{Effect, EventId, Id, Trace},
    tui::{
        glyph,
        pane::calls,
        text,
        value::{exception_in_words, short},
    },
};

/// Finished calls shown under the step that made them.
const CALLS: usize = 3;

/// What the step did besides writing variables: calls it made, what it gave back or raised.
pub(super) fn happened(trace: &Trace, event: EventId, effect: &Effect) -> Vec<Row> {
    let mut rows = Vec::new();
    for said in finished_calls(trace, event, effect.done) {
        rows.push(Row::said(glyph::RETURN, said, Look::Dim));
    }
    if let Some(value) = effect.returned {
        let said = format!("return {}", short(&trace.value(value)));
        rows.push(Row::said(glyph::RETURN, said, Look::Changed));
    }
    if let Some(value) = effect.yielded {
        let said = format!("yield {}", short(&trace.value(value)));
        rows.push(Row::said(glyph::RETURN, said, Look::Changed));
    }
    if let Some(exception) = effect.exception {
        let exception = trace.exception(exception);
        let said = text::clean(&exception_in_words(exception));
        rows.push(Row::said(glyph::ERROR, said, Look::Bad));
    }
    rows
}

/// `f(…) → value` of the first calls that the step at `event` made and that ended before `done`.
fn finished_calls(trace: &Trace, event: EventId, done: Option<EventId>) -> Vec<String> {
    let activations = trace.activations();
    let mut at = activations.partition_point(|it| it.entered <= event);
    let mut said = Vec::new();
    while let Some(it) = activations.get(Id::new(at)) {
        let inside = it.caller == Some(event) && done.is_none_or(|done| it.entered < done);
        let Some(left) = it.left.filter(|_| inside && said.len() < CALLS) else {
            break;
        };
        said.push(text::clean(&calls::spoken(trace, it)));
        at = activations.partition_point(|it| it.entered <= left);
    }
    said
}
