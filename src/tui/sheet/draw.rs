//! Draws a page: the rows around the cursor's span, with marks on what tells of its step.

use std::ops::Range;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
    text::{Line, Span},
};

use super::{
    Sheet, bytes,
    rows::{Row, rows},
};
use crate::{
    represent::Loss,
    trace::StepId,
    tui::{
        glyph,
        pane::{View, paint},
        text,
    },
};

/// A stretch of text and how it looks.
type Mark = (Range<usize>, Style);

impl Sheet {
    /// Draws the rows around the current span, or the selected one.
    pub(in crate::tui) fn draw(
        &mut self,
        view: View<'_>,
        step: StepId,
        area: Rect,
        buf: &mut Buffer,
    ) {
        let width = usize::from(area.width).saturating_sub(1).max(1);
        self.height = usize::from(area.height);
        if self.width != width {
            self.width = width;
            self.rows = rows(&self.page, view.trace, &self.open, width);
            self.shown = None;
        }
        self.scroll(step);
        let masks = self.masks(view);
        let mut marks = self.marks(view, step);
        // Over the step's own style, under what was selected or found.
        let masked = masks.iter().map(|it| (it.clone(), view.styles.masked));
        marks.splice(0..0, masked);
        let current = self.current(step);
        let primary = current.and_then(|it| self.page.spans().get(it.0));
        let primary = primary.map(|it| bytes(&it.bytes));
        let weak = current.is_some_and(|(_, loss)| matches!(loss, Loss::Inherited | Loss::Guess));
        let mark = if weak { glyph::INHERITED } else { glyph::SPAN };
        let shown = self.rows.iter().skip(self.top).take(self.height);
        let lines = shown.map(|row| match row {
            Row::Text(row) => {
                let touched = primary
                    .as_ref()
                    .is_some_and(|it| it.start < row.end.max(row.start + 1) && row.start < it.end);
                let masked = masks
                    .iter()
                    .any(|it| it.start < row.end && row.start < it.end);
                let margin = match (touched, masked) {
                    (true, true) => Span::styled(glyph::MASKED_NOW, view.styles.now),
                    (false, true) => Span::styled(glyph::MASKED, view.styles.masked),
                    (true, false) => Span::styled(mark, view.styles.now),
                    (false, false) => Span::raw(" "),
                };
                let mut spans = vec![margin];
                spans.extend(styled(
                    self.page.text(),
                    row.clone(),
                    &marks,
                    view.styles.text,
                ));
                spans.extend(self.hint(row, view));
                Line::from(spans)
            }
            Row::Hidden { step: at, said } => {
                let style = match *at == step {
                    true => view.styles.now,
                    false => view.styles.dim,
                };
                let said = format!("{} {said}", glyph::INHERITED);
                Line::styled(text::fit(&format!(" {said}"), width + 1), style)
            }
            Row::More(count) => Line::styled(format!(" … {count} more"), view.styles.dim),
        });
        paint(lines, area, buf);
    }

    /// What of the rows in sight would be masked before it left this machine.
    fn masks(&self, view: View<'_>) -> Vec<Range<usize>> {
        self.seen().map_or(Vec::new(), |seen| {
            view.jobs.masks.page(view.trace, &self.page, seen)
        })
    }

    /// The bytes of the rows in sight.
    fn seen(&self) -> Option<Range<usize>> {
        let seen = self.rows.iter().skip(self.top).take(self.height);
        let mut seen = seen.filter_map(|it| match it {
            Row::Text(range) => Some(range.clone()),
            Row::Hidden { .. } | Row::More(_) => None,
        });
        let first = seen.next()?;
        let end = seen.next_back().map_or(first.end, |it| it.end);
        Some(first.start..end)
    }

    /// Brings the match found last, the selected span or the current one into sight.
    fn scroll(&mut self, step: StepId) {
        let found = self.found.as_ref().filter(|it| it.1 == step);
        let span = self
            .selection(step)
            .or_else(|| self.current(step).map(|it| it.0))
            .and_then(|it| self.page.spans().get(it));
        let wanted = found
            .map(|it| it.0.clone())
            .or_else(|| span.map(|it| bytes(&it.bytes)));
        if self.shown != Some(step)
            && let Some(range) = wanted
        {
            self.shown = Some(step);
            let place = |upto: &dyn Fn(&Range<usize>) -> bool| {
                self.rows
                    .iter()
                    .position(|it| matches!(it, Row::Text(row) if !upto(row)))
                    .unwrap_or(self.rows.len())
            };
            let first = place(&|it| it.end <= range.start && it.start < range.start);
            let last = place(&|it| it.start < range.end)
                .saturating_sub(1)
                .max(first);
            let margin = usize::from(3 <= self.height);
            self.top = self
                .top
                .max((last + 1 + margin).saturating_sub(self.height));
            self.top = self.top.min(first.saturating_sub(margin));
        }
        self.top = self.top.min(self.rows.len().saturating_sub(self.height));
    }

    /// What stands out in the text, the later over the earlier.
    fn marks(&self, view: View<'_>, step: StepId) -> Vec<Mark> {
        let spans = self.page.spans();
        let mut marks = Vec::new();
        if let Some((at, loss)) = self.current(step) {
            let others = spans.iter().enumerate().filter(|(other, it)| {
                *other != at && it.moments.contains(&crate::represent::Moment::Step(step))
            });
            let underlined = Style::new().add_modifier(Modifier::UNDERLINED);
            marks.extend(others.map(|(_, it)| (bytes(&it.bytes), underlined)));
            let style = match loss {
                Loss::Inherited | Loss::Guess => view.styles.inherited,
                Loss::Exact | Loss::Merged | Loss::Elided => view.styles.span,
            };
            marks.extend(spans.get(at).map(|it| (bytes(&it.bytes), style)));
        }
        if let Some(it) = self.selection(step).and_then(|it| spans.get(it)) {
            marks.push((bytes(&it.bytes), view.styles.selected));
        }
        if let Some(seen) = self.seen().filter(|_| !view.query.is_empty()) {
            let part = &self.page.text()[seen.clone()];
            let mut from = 0;
            while let Some(it) = text::find(part, view.query, from, true) {
                from = it.end;
                let range = seen.start + it.start..seen.start + it.end;
                marks.push((range, view.styles.found));
            }
        }
        marks
    }

    /// How many steps the row hides, where it ends in what hides them.
    fn hint(&self, row: &Range<usize>, view: View<'_>) -> Option<Span<'static>> {
        let spans = self.page.spans();
        let at = spans.partition_point(|it| (it.bytes.end as usize) < row.start.max(1));
        let near = (at..spans.len()).take_while(|&it| spans[it].bytes.end as usize <= row.end);
        let (first, count) = near.filter_map(|it| self.hidden(it)).last()?;
        let said = match first.is_some_and(|it| self.open.contains(&it)) {
            true => format!("  {} {count} steps", glyph::UNFOLDED),
            false => format!("  {} {count} steps hidden", glyph::FOLDED),
        };
        Some(Span::styled(said, view.styles.dim))
    }
}

/// A row cut where the marked ranges begin and end.
fn styled<'a>(text: &str, row: Range<usize>, marks: &[Mark], plain: Style) -> Vec<Span<'a>> {
    let near = |it: &&Mark| it.0.start < row.end && row.start < it.0.end;
    let marks: Vec<&Mark> = marks.iter().filter(near).collect();
    let mut cuts = vec![row.start, row.end];
    for (range, _) in &marks {
        let within = [range.start, range.end];
        cuts.extend(within.into_iter().filter(|it| row.contains(it)));
    }
    cuts.sort_unstable();
    cuts.dedup();
    let pieces = cuts.windows(2).map(|cut| {
        let style = marks
            .iter()
            .filter(|(range, _)| range.start <= cut[0] && cut[1] <= range.end)
            .fold(plain, |style, it| style.patch(it.1));
        Span::styled(text::clean(&text[cut[0]..cut[1]]), style)
    });
    pieces.collect()
}
