//! What stands above and below a format's text: its name and size, and what it tells of the step.

use ratatui::text::{Line, Span};

use crate::{
    represent::{Loss, Profile},
    trace::StepId,
    tui::{
        glyph,
        pane::View,
        sheet::{Manner, Sheet},
        text,
    },
};

/// Its characters and tokens, and which steps these are of where not all; in at most `room` columns
/// the tokens alone.
pub(super) fn size(view: View<'_>, sheet: &Sheet, room: usize) -> String {
    let characters = sheet.characters();
    let tokens = match sheet.tokens(&view.jobs.counts) {
        Some(tokens) => format!("{tokens} tok"),
        None if view.jobs.counts.any() => "… tok".into(),
        None => String::new(),
    };
    let tokens = match view.jobs.budget {
        Some(budget) if !tokens.is_empty() => format!("{tokens} of {budget}"),
        _ => tokens,
    };
    let part = sheet.part(view.trace);
    let part = part.map_or(String::new(), |(from, to)| format!(" of steps {from}–{to}"));
    let whole = match tokens.is_empty() {
        true => format!("{characters} ch{part}"),
        false => format!("{characters} ch {tokens}{part}"),
    };
    match text::width(&whole) <= room || tokens.is_empty() {
        true => whole,
        false => tokens + &part,
    }
}

/// The mode and the profile, where they are not the first ones.
pub(super) fn manner(manner: Manner) -> String {
    let mode = manner.mode.map_or(String::new(), |it| format!(" {it}"));
    match manner.profile {
        Profile::Canonical => mode,
        Profile::Compat => mode + " compat",
    }
}

/// The row above a format that stands beside others.
pub(super) fn line<'a>(
    view: View<'_>,
    sheet: &Sheet,
    title: &str,
    chosen: bool,
    width: usize,
) -> Line<'a> {
    let style = match chosen {
        true => view.styles.focus,
        false => view.styles.text,
    };
    let size = size(view, sheet, width.saturating_sub(text::width(title) + 2));
    let over = view
        .jobs
        .budget
        .zip(sheet.tokens(&view.jobs.counts))
        .is_some_and(|(budget, tokens)| budget < tokens);
    let room = width.saturating_sub(text::width(&size) + 2);
    let mark = if chosen { glyph::HERE } else { " " };
    Line::from(vec![
        Span::styled(mark, style),
        Span::styled(text::column(title, room), style),
        Span::styled(
            format!(" {size}"),
            if over {
                view.styles.warn
            } else {
                view.styles.dim
            },
        ),
    ])
}

/// The row below a format: how much it tells of `step`, and which of the step's writes it leaves out.
pub(super) fn told<'a>(view: View<'_>, sheet: &Sheet, step: StepId, width: usize) -> Line<'a> {
    let Some(told) = sheet.told(step) else {
        let Some(budget) = sheet.cut() else {
            return Line::default();
        };
        let said = format!(
            "{} step {} is left out: pages have {budget} tokens at most",
            glyph::INHERITED,
            step.number()
        );
        return Line::styled(text::fit(&said, width), view.styles.warn);
    };
    let said = match told.speaks() {
        true => {
            let silent: Vec<String> = written(view, step)
                .into_iter()
                .filter(|it| !told.names(it))
                .map(|it| text::clean(&it))
                .collect();
            let count = told.text.chars().count();
            let without = match silent.is_empty() {
                true => String::new(),
                false => format!(", not {}", silent.join(" ")),
            };
            format!("{}, {count} ch{without}", told.in_words())
        }
        false => told.in_words(),
    };
    let masked = match sheet.marked(&told, view).any() {
        true => ", masked before it leaves",
        false => "",
    };
    let said = said + masked;
    let (mark, style) = match (told.speaks(), told.loss) {
        (false, _) => (glyph::INHERITED, view.styles.warn),
        (true, Loss::Guess) => (glyph::UNKNOWN, view.styles.warn),
        (true, _) => (glyph::SPAN, view.styles.dim),
    };
    Line::from(vec![
        Span::styled(mark, view.styles.now),
        Span::styled(text::fit(&said, width.saturating_sub(1)), style),
    ])
}

/// The variables that the step wrote, each once.
pub(super) fn written(view: View<'_>, step: StepId) -> Vec<String> {
    let rows = view.trace.rows(step).rows;
    let mut names: Vec<String> = Vec::new();
    for row in rows {
        let name = view.trace.name(row.name);
        if !names.iter().any(|it| **it == **name) {
            names.push(name.to_string());
        }
    }
    names
}
