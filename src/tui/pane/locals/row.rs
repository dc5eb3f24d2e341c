//! One row of the variables: a mark, a name, a value, a kind.

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use crate::{
    trace::{NameId, Row as Written, Value},
    tui::{
        glyph,
        pane::View,
        text,
        value::{kind, short},
    },
};

/// One row, ready to draw.
pub(super) struct Row {
    pub(super) mark: &'static str,
    pub(super) depth: usize,
    pub(super) label: String,
    pub(super) text: String,
    pub(super) kind: String,
    pub(super) look: Look,
    /// The variable it belongs to.
    pub(super) variable: Option<NameId>,
    /// What unfolds it.
    pub(super) path: Option<String>,
    /// The value in full, for the overlay.
    pub(super) full: Option<Value>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Look {
    Plain,
    Dim,
    Changed,
    Bad,
}

impl Row {
    pub(super) fn said(mark: &'static str, text: String, look: Look) -> Self {
        Self {
            mark,
            depth: 0,
            label: String::new(),
            text,
            kind: String::new(),
            look,
            variable: None,
            path: None,
            full: None,
        }
    }

    /// A part of a variable that the step wrote.
    pub(super) fn written(row: &Written) -> Self {
        let (old, new) = (row.old.as_ref().map(short), row.new.as_ref().map(short));
        let (mark, look) = match row.unchanged {
            true => (glyph::SAME, Look::Plain),
            false => (glyph::CHANGED, Look::Changed),
        };
        let mut text = match (old, new) {
            (Some(old), _) if row.unchanged => format!("{old}, written again"),
            (Some(old), Some(new)) => format!("{old} {} {new}", glyph::ARROW),
            (Some(old), None) => format!("{old} {} gone", glyph::ARROW),
            (None, new) => format!("{} {}", glyph::ARROW, new.unwrap_or_default()),
        };
        if !row.also.is_empty() {
            text += &format!(", also {}", text::clean(&row.also.join(" ")));
        }
        Self {
            depth: 1,
            label: text::clean(&row.path),
            kind: row.new.as_ref().map(kind).unwrap_or_default(),
            variable: Some(row.name),
            full: row.new.clone(),
            ..Self::said(mark, text, look)
        }
    }

    pub(super) fn line<'a>(&self, view: View<'_>, width: usize, name: usize) -> Line<'a> {
        let styles = view.styles;
        let style = match self.look {
            Look::Plain => styles.text,
            Look::Dim => styles.dim,
            Look::Changed => styles.changed,
            Look::Bad => styles.bad,
        };
        let fold = if self.path.is_some() {
            glyph::FOLDED
        } else {
            " "
        };
        let whole = view.jobs.masks.marked(self.text.clone());
        let mut spans = vec![
            Span::styled(self.mark, style),
            Span::styled(whole.sign(), styles.masked),
            Span::styled(format!("{fold} "), styles.dim),
        ];
        let mut room = width.saturating_sub(5);
        if !self.label.is_empty() {
            let label = format!("{}{}", " ".repeat(self.depth * 2), self.label);
            // A changed part's path may be longer than names are; its value moves aside for it.
            let columns = name.max(text::width(&label).min(room / 2));
            spans.push(Span::styled(
                text::column(&label, columns),
                if self.look == Look::Changed {
                    style
                } else {
                    Style::new()
                },
            ));
            spans.push(Span::raw("  "));
            room = room.saturating_sub(columns + 2);
        }
        let kind = if 28 <= width {
            text::fit(&self.kind, 12)
        } else {
            String::new()
        };
        let kept = if kind.is_empty() {
            0
        } else {
            text::width(&kind) + 1
        };
        let value = text::fit_middle(&self.text, room.saturating_sub(kept));
        let gap = room.saturating_sub(text::width(&value) + text::width(&kind));
        spans.extend(whole.cut(value).spans(style, styles));
        if !kind.is_empty() {
            spans.push(Span::raw(" ".repeat(gap)));
            spans.push(Span::styled(kind, styles.dim));
        }
        Line::from(spans)
    }
}
