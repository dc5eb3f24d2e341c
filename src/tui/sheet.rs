//! One trace format on the screen: the page around the cursor, wrapped, with the cursor's span in sight.

use std::ops::Range;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use unicode_width::UnicodeWidthChar as _;

use super::{
    glyph,
    pane::{View, paint},
    text,
};
use crate::{
    represent::{Loss, Page, Representation, Request, page},
    trace::{Id, StepId, Trace},
};

/// Steps a page is written for at most, however long the trace.
pub const WINDOW: u32 = 512;
/// Pages begin at multiples of this, so that stepping seldom writes a new one.
const BLOCK: u32 = 128;

/// A page written for a window of steps, and how it is laid out.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    page: Page,
    window: Range<u32>,
    /// Events of the trace the page was written from, where the window reaches its end.
    events: Option<u32>,
    written: bool,
    characters: usize,
    width: usize,
    /// Byte ranges of the rows on the screen.
    rows: Vec<Range<usize>>,
    top: usize,
    /// The span selected by hand, and the step it was selected at.
    selected: Option<(usize, StepId)>,
    height: usize,
    shown: Option<StepId>,
}

/// The window of steps that a page around `step` tells of.
fn window(trace: &Trace, step: StepId) -> Range<u32> {
    let steps = trace.steps().len();
    if steps <= WINDOW {
        return 0..steps;
    }
    let start = (step.raw() / BLOCK).saturating_sub(1) * BLOCK;
    start..steps.min(start + WINDOW - BLOCK)
}

impl Sheet {
    /// Writes the page anew if the cursor left its window or the trace grew within it.
    pub(super) fn refresh(
        &mut self,
        representation: &dyn Representation,
        trace: &Trace,
        step: StepId,
    ) {
        let window = window(trace, step);
        let events = (window.end == trace.steps().len()).then(|| trace.events().len());
        if self.written && self.window == window && self.events == events {
            return;
        }
        let request = Request {
            window: Id::new(window.start)..Id::new(window.end),
            ..Request::whole(trace)
        };
        self.page = page(representation, trace, &request);
        self.characters = self.page.text().chars().count();
        self.window = window;
        self.events = events;
        self.written = true;
        self.width = 0;
        self.selected = None;
    }

    /// Its size, and which steps it tells of where those are not all.
    pub(super) fn size(&self, trace: &Trace) -> String {
        match self.window == (0..trace.steps().len()) {
            true => format!("{} ch", self.characters),
            false => format!(
                "{} ch of steps {}–{}",
                self.characters,
                self.window.start + 1,
                self.window.end
            ),
        }
    }

    /// Selects the next span after the selected or the current one, or the one before.
    pub(super) fn select(&mut self, step: StepId, down: bool, by: usize) {
        let Some(here) = self
            .selection(step)
            .or_else(|| self.current(step).map(|it| it.0))
        else {
            return;
        };
        let last = self.page.spans().len().saturating_sub(1);
        let to = match down {
            true => (here + by).min(last),
            false => here.saturating_sub(by),
        };
        self.selected = Some((to, step));
        self.shown = None;
    }

    /// Selects the next span whose text has `query`; whether there is one.
    pub(super) fn find(&mut self, step: StepId, query: &str, down: bool) -> bool {
        let spans = self.page.spans();
        let here = self
            .selection(step)
            .or_else(|| self.current(step).map(|it| it.0))
            .unwrap_or(0);
        let text = self.page.text();
        let has = |at: &usize| text[bytes(&spans[*at].bytes)].contains(query);
        let found = match down {
            true => (here + 1..spans.len()).find(has),
            false => (0..here.min(spans.len())).rev().find(has),
        };
        if let Some(at) = found {
            self.selected = Some((at, step));
            self.shown = None;
        }
        found.is_some()
    }

    /// The step that the selected span tells of.
    pub(super) fn chosen(&self, step: StepId) -> Option<StepId> {
        let at = self.selection(step)?;
        self.page.spans().get(at)?.step()
    }

    /// Selects the span on a row of the screen.
    pub(super) fn point(&mut self, step: StepId, row: u16) {
        let Some(row) = self.rows.get(self.top + usize::from(row)) else {
            return;
        };
        let spans = self.page.spans();
        let at = spans.partition_point(|it| it.bytes.end as usize <= row.start);
        if at < spans.len() {
            self.selected = Some((at, step));
        }
    }

    /// Rows shown when last drawn.
    pub(super) fn height(&self) -> usize {
        self.height
    }

    fn selection(&self, step: StepId) -> Option<usize> {
        self.selected.filter(|(_, at)| *at == step).map(|it| it.0)
    }

    fn current(&self, step: StepId) -> Option<(usize, Loss)> {
        let (span, loss) = self.page.resolve(step)?;
        let at = self
            .page
            .spans()
            .partition_point(|it| it.bytes.start < span.bytes.start);
        Some((at, loss))
    }

    /// Draws the rows around the current span, or the selected one.
    pub(super) fn draw(&mut self, view: View<'_>, step: StepId, area: Rect, buf: &mut Buffer) {
        let width = usize::from(area.width).saturating_sub(1).max(1);
        self.height = usize::from(area.height);
        if self.width != width {
            self.width = width;
            self.rows = wrapped(self.page.text(), width);
            self.shown = None;
        }
        let current = self.current(step);
        let selection = self.selection(step);
        let spans = self.page.spans();
        if self.shown != Some(step)
            && let Some(span) = selection
                .or(current.map(|it| it.0))
                .and_then(|it| spans.get(it))
        {
            self.shown = Some(step);
            let range = bytes(&span.bytes);
            let first = self
                .rows
                .partition_point(|it| it.end <= range.start && it.start < range.start);
            let last = self
                .rows
                .partition_point(|it| it.start < range.end)
                .saturating_sub(1)
                .max(first);
            let margin = usize::from(3 <= self.height);
            self.top = self
                .top
                .max((last + 1 + margin).saturating_sub(self.height));
            self.top = self.top.min(first.saturating_sub(margin));
        }
        self.top = self.top.min(self.rows.len().saturating_sub(self.height));
        let marked: Vec<(Range<usize>, Style)> = [
            current.and_then(|(at, loss)| {
                let style = match loss {
                    Loss::Inherited | Loss::Guess => view.styles.inherited,
                    Loss::Exact | Loss::Merged | Loss::Elided => view.styles.span,
                };
                Some((bytes(&spans.get(at)?.bytes), style))
            }),
            selection.and_then(|at| Some((bytes(&spans.get(at)?.bytes), view.styles.selected))),
        ]
        .into_iter()
        .flatten()
        .collect();
        let weak = current.is_some_and(|(_, loss)| matches!(loss, Loss::Inherited | Loss::Guess));
        let mark = if weak { glyph::INHERITED } else { glyph::SPAN };
        let shown = self.rows.iter().skip(self.top).take(self.height);
        let lines = shown.map(|row| {
            let touched = current.is_some()
                && marked.first().is_some_and(|(it, _)| {
                    it.start < row.end.max(row.start + 1) && row.start < it.end
                });
            let mut spans = vec![Span::styled(
                if touched { mark } else { " " },
                view.styles.now,
            )];
            spans.extend(styled(
                self.page.text(),
                row.clone(),
                &marked,
                view.styles.text,
            ));
            Line::from(spans)
        });
        paint(lines, area, buf);
    }
}

fn bytes(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// A row cut where the marked ranges begin and end.
fn styled<'a>(
    text: &str,
    row: Range<usize>,
    marked: &[(Range<usize>, Style)],
    plain: Style,
) -> Vec<Span<'a>> {
    let mut cuts = vec![row.start, row.end];
    for (range, _) in marked {
        cuts.extend(
            [range.start, range.end]
                .into_iter()
                .filter(|it| row.contains(it)),
        );
    }
    cuts.sort_unstable();
    cuts.dedup();
    let pieces = cuts.windows(2).map(|cut| {
        let style = marked
            .iter()
            .filter(|(range, _)| range.start <= cut[0] && cut[1] <= range.end)
            .fold(plain, |style, it| style.patch(it.1));
        Span::styled(text::clean(&text[cut[0]..cut[1]]), style)
    });
    pieces.collect()
}

/// Byte ranges of rows of at most `width` columns, line ends left out.
fn wrapped(text: &str, width: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        let whole = from..from + line.trim_end_matches('\n').len();
        from += line.len();
        let mut start = whole.start;
        let mut used = 0;
        for (at, c) in text[whole.clone()].char_indices() {
            let columns = match c.width() {
                Some(columns) if !c.is_control() => columns,
                _ => text::width(&text::clean(c.encode_utf8(&mut [0; 4]))),
            };
            if width < used + columns && 0 < used {
                rows.push(start..whole.start + at);
                start = whole.start + at;
                used = 0;
            }
            used += columns;
        }
        rows.push(start..whole.end);
    }
    rows
}
