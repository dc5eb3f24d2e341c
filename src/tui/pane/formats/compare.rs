//! What each format tells of one step, one below the other: how much, in which words, about which
//! variables.

use ratatui::{
    layout::Rect,
    text::{Line, Span},
};

use super::head::written;
use crate::{
    represent::Loss,
    trace::Cursor,
    tui::{
        counts, glyph,
        pane::View,
        sheet::{Sheet, Told},
        text,
    },
};

/// The rows that fill `area`.
pub(super) fn compare<'a>(
    view: View<'_>,
    sheets: &[Sheet],
    cursor: Cursor,
    area: Rect,
) -> Vec<Line<'a>> {
    let (styles, step) = (view.styles, cursor.step());
    let width = usize::from(area.width);
    let names = written(view, step);
    let event = view.trace.at(step);
    let source = view.trace.source(event.frame, event.line);
    let head = format!(
        "step {}  L{}  {}",
        step.number(),
        event.line,
        text::clean(source.unwrap_or_default().trim())
    );
    let mut lines = vec![Line::styled(text::fit(&head, width), styles.now)];
    let count = sheets.len().max(1);
    // Every format has its row; what is left is shared by their words.
    let each = (usize::from(area.height).saturating_sub(1) / count).max(1) - 1;
    let widest = view.representations.iter().map(|it| it.title().len()).max();
    for (sheet, representation) in sheets.iter().zip(view.representations) {
        let Some(told) = sheet.told(step) else {
            continue;
        };
        let title = text::column(representation.title(), widest.unwrap_or(0) + 2);
        lines.push(summary(view, &told, &title, &names, width));
        let style = match told.speaks() {
            true => styles.text,
            false => styles.dim,
        };
        let words = sheet.marked(&told, view).wrapped(width.saturating_sub(4));
        let words = words.into_iter().filter(|it| !it.text.trim().is_empty());
        lines.extend(words.take(each).map(|it| {
            let sign = format!("   {}", it.sign());
            let mut spans = vec![Span::styled(sign, styles.masked)];
            spans.extend(it.spans(style, styles));
            Line::from(spans)
        }));
    }
    lines
}

/// The format, how much it tells, its size, and each variable that the step wrote with whether it is
/// named.
fn summary<'a>(
    view: View<'_>,
    told: &Told<'_>,
    title: &str,
    names: &[String],
    width: usize,
) -> Line<'a> {
    let styles = view.styles;
    let (mark, style) = match (told.speaks(), told.loss) {
        (false, _) => (glyph::INHERITED, styles.warn),
        (true, Loss::Guess) => (glyph::UNKNOWN, styles.warn),
        (true, _) => (glyph::SPAN, styles.text),
    };
    let size = match told.speaks() {
        true => {
            let tokens = view.jobs.counts.of(counts::key(told.text), told.text);
            let tokens = tokens.map_or("…".into(), |it| it.to_string());
            format!("{} ch {tokens} tok", told.text.chars().count())
        }
        false => "0 ch 0 tok".into(),
    };
    let mut spans = vec![
        Span::styled(format!("{mark} "), styles.now),
        Span::styled(title.to_owned(), styles.focus),
        Span::styled(text::column(&size, 17), styles.dim),
        Span::styled(text::column(&told.in_words(), 38), style),
    ];
    let mut room = width.saturating_sub(57 + text::width(title));
    for name in names {
        let (mark, style) = match told.names(name) {
            true => (glyph::TRUE, styles.good),
            false => (glyph::FALSE, styles.bad),
        };
        let said = format!("  {} {mark}", text::clean(name));
        let Some(rest) = room.checked_sub(text::width(&said)) else {
            break;
        };
        room = rest;
        spans.push(Span::styled(said, style));
    }
    Line::from(spans)
}
