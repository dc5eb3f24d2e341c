//! Two answers side by side: what both say, what only one does.

use ratatui::{
    style::Style,
    text::{Line, Span},
};
use similar::{ChangeTag, TextDiff};

use crate::tui::{Styles, asker::Answer, text};

/// The rows: the one before on the left, the newest on the right.
pub(super) fn compare<'a>(
    styles: &Styles,
    previous: &Answer,
    answer: &Answer,
    width: usize,
) -> Vec<Line<'a>> {
    let column = width.saturating_sub(3) / 2;
    let left = sentences(&previous.text);
    let right = sentences(&answer.text);
    let title = |it: &Answer| {
        let arrives = it.answer.as_deref().unwrap_or("no answer");
        text::clean(&format!("seed {}: {arrives}", it.seed))
    };
    let mut lines = vec![pair(
        (&title(previous), styles.focus),
        (&title(answer), styles.focus),
        column,
        styles.border,
    )];
    let diff = TextDiff::from_slices(&left, &right);
    // What was replaced stands beside what replaced it.
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    let mut close = |gone: &mut Vec<String>, new: &mut Vec<String>| {
        for at in 0..gone.len().max(new.len()) {
            let side = |all: &[String]| all.get(at).cloned().unwrap_or_default();
            let (old, fresh) = (side(gone), side(new));
            lines.push(pair(
                (&old, styles.bad),
                (&fresh, styles.good),
                column,
                styles.border,
            ));
        }
        gone.clear();
        new.clear();
        std::mem::take(&mut lines)
    };
    let mut all = Vec::new();
    for change in diff.iter_all_changes() {
        let rows = text::wrap(change.value().trim(), column.max(1));
        match change.tag() {
            ChangeTag::Delete => gone.extend(rows),
            ChangeTag::Insert => new.extend(rows),
            ChangeTag::Equal => {
                all.extend(close(&mut gone, &mut new));
                let same = rows
                    .iter()
                    .map(|it| pair((it, styles.dim), (it, styles.dim), column, styles.border));
                all.extend(same);
            }
        }
    }
    all.extend(close(&mut gone, &mut new));
    all
}

fn pair<'a>(left: (&str, Style), right: (&str, Style), column: usize, rule: Style) -> Line<'a> {
    Line::from(vec![
        Span::styled(text::column(left.0, column), left.1),
        Span::styled(" │ ", rule),
        Span::styled(text::fit(right.0, column), right.1),
    ])
}

/// A text by its lines and sentences.
fn sentences(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|it| !it.trim().is_empty());
    lines.flat_map(|line| line.split_inclusive(". ")).collect()
}
