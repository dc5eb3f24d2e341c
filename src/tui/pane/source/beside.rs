//! What stands beside a line of code: what it did when it last ran in the frame looked at.

use ratatui::{style::Style, text::Span};

use crate::{
    trace::{Effect, EventId, Trace, Write},
    tui::{
        Place, glyph,
        pane::View,
        text,
        value::{changes, exception_in_words, is_data, short},
    },
};

/// Names shown beside one line.
const NAMES: usize = 3;
/// Changed parts shown of one name.
const PARTS: usize = 2;

/// What the line did; what it will do is not told. Functions, modules and classes are left out.
pub(super) fn beside<'a>(view: View<'_>, place: Place) -> Vec<Span<'a>> {
    let Some((cursor, event)) = view.here() else {
        return Vec::new();
    };
    let (trace, frame) = (view.trace, cursor.frame());
    if trace.code(frame).file != place.file {
        return Vec::new();
    }
    let call = trace.frames()[frame].call;
    let is_head =
        trace.code(frame).first_line == place.line && trace.events()[call].line == place.line;
    let is_now = view.current() == Some(place);
    let ran = match is_now {
        true => Some(event),
        false => {
            let step = view.index.last_run(trace, place, frame, cursor.step());
            step.map(|it| trace.steps()[it].event)
        }
    };
    let style = if is_now {
        view.styles.changed
    } else {
        view.styles.dim
    };
    let (told, bad) = match ran {
        Some(ran) => told(trace, ran, is_now),
        None if is_head => (arguments(trace, call), None),
        None => return Vec::new(),
    };
    let mut spans: Vec<Span<'a>> = Vec::new();
    let told = told.into_iter().map(|it| (it, style));
    for (text, style) in told.chain(bad.map(|it| (it, view.styles.bad))) {
        if !spans.is_empty() {
            spans.push(Span::styled("  ", Style::new()));
        }
        let marked = view.jobs.masks.marked(text);
        if marked.any() {
            let masked = style.patch(view.styles.masked);
            spans.push(Span::styled(marked.sign(), masked));
        }
        spans.extend(marked.spans(style, view.styles));
    }
    spans
}

fn arguments(trace: &Trace, call: EventId) -> Vec<String> {
    let said = trace.writes(call).filter_map(|it| written(trace, it, None));
    said.flatten().take(NAMES).collect()
}

/// What the line at `ran` wrote, what it gave back where that is now, and what it raised.
fn told(trace: &Trace, ran: EventId, is_now: bool) -> (Vec<String>, Option<String>) {
    let effect: Effect = trace.effect_of(ran);
    let before = trace.locals(trace.events()[ran].frame, ran);
    let mut said: Vec<String> = effect
        .writes
        .iter()
        .filter_map(|&it| {
            let old = before.iter().find(|old| old.name == it.name);
            let old = old.map(|it| it.value);
            written(trace, it, old.map(|it| (it, is_now)))
        })
        .flatten()
        .take(NAMES)
        .collect();
    if let Some(exception) = effect.exception {
        let words = exception_in_words(trace.exception(exception));
        return (
            said,
            Some(text::clean(&format!("{} {words}", glyph::ERROR))),
        );
    }
    let gave = effect.returned.map(|it| ("return", it));
    let gave = gave.or(effect.yielded.map(|it| ("yield", it)));
    if let Some((how, value)) = gave.filter(|_| is_now) {
        said.push(format!("{how} {}", short(&trace.value(value))));
    }
    (said, None)
}

/// `name = value`; where only parts of the old value changed, those parts; with the old value where it
/// is wanted.
fn written(
    trace: &Trace,
    write: Write,
    old: Option<(crate::trace::ValueId, bool)>,
) -> Option<Vec<String>> {
    let value = trace.value(write.value?);
    if !is_data(&value) {
        return None;
    }
    let name = text::clean(trace.name(write.name));
    let Some((old, wants_old)) = old else {
        return Some(vec![format!("{name} = {}", short(&value))]);
    };
    let old = trace.value(old);
    let arrow = |old: Option<&str>| match old.filter(|_| wants_old) {
        Some(old) => format!("{old} {} ", glyph::ARROW),
        None => String::new(),
    };
    let parts = changes(&old, &value, PARTS);
    let whole = short(&value);
    // A short value is clearest whole.
    if parts.is_empty() || text::width(&whole) <= 16 {
        return Some(vec![format!(
            "{name} = {}{whole}",
            arrow(Some(&short(&old)))
        )]);
    }
    let said = parts.into_iter().map(|it| {
        let new = it.new.unwrap_or_else(|| "gone".into());
        format!("{name}{} = {}{new}", it.path, arrow(it.old.as_deref()))
    });
    Some(said.collect())
}
