//! Two answers side by side: what both say, what only one does.

use ratatui::{
    style::Style,
    text::{Line, Span},
};
use similar::{ChangeTag, TextDiff};

use crate::tui::{asker::Answer, masks::Marked, pane::View, text};

/// The rows: the one before on the left, the newest on the right.
pub(super) fn compare<'a>(
    view: View<'_>,
    previous: &Answer,
    answer: &Answer,
    width: usize,
) -> Vec<Line<'a>> {
    let (styles, masks) = (view.styles, &view.jobs.masks);
    let column = width.saturating_sub(3) / 2;
    let left = sentences(&previous.text);
    let right = sentences(&answer.text);
    let title = |it: &Answer| {
        let arrives = it.answer.as_deref().unwrap_or("no answer");
        masks.marked(text::clean(&format!("seed {}: {arrives}", it.seed)))
    };
    let pair = |left: (&Marked, Style), right: (&Marked, Style)| {
        let shown = left.0.cut(text::column(&left.0.text, column));
        let mut spans = shown.spans(left.1, styles);
        spans.push(Span::styled(" │ ", styles.border));
        spans.extend(right.0.fit(column).spans(right.1, styles));
        Line::from(spans)
    };
    let heads = [title(previous), title(answer)];
    let mut lines = vec![pair((&heads[0], styles.focus), (&heads[1], styles.focus))];
    let diff = TextDiff::from_slices(&left, &right);
    // What was replaced stands beside what replaced it.
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    let mut close = |gone: &mut Vec<Marked>, new: &mut Vec<Marked>| {
        for at in 0..gone.len().max(new.len()) {
            let side = |all: &[Marked]| all.get(at).cloned().unwrap_or_default();
            let (old, fresh) = (side(gone), side(new));
            lines.push(pair((&old, styles.bad), (&fresh, styles.good)));
        }
        gone.clear();
        new.clear();
        std::mem::take(&mut lines)
    };
    let mut all = Vec::new();
    for change in diff.iter_all_changes() {
        let said = masks.marked(change.value().trim().to_owned());
        let rows = said.wrapped(column.max(1));
        match change.tag() {
            ChangeTag::Delete => gone.extend(rows),
            ChangeTag::Insert => new.extend(rows),
            ChangeTag::Equal => {
                all.extend(close(&mut gone, &mut new));
                let same = rows
                    .iter()
                    .map(|it| pair((it, styles.dim), (it, styles.dim)));
                all.extend(same);
            }
        }
    }
    all.extend(close(&mut gone, &mut new));
    all
}

/// A text by its lines and sentences.
fn sentences(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|it| !it.trim().is_empty());
    lines.flat_map(|line| line.split_inclusive(". ")).collect()
}
