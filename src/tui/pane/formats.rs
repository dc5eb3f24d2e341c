//! The trace as language models read it: one format, or all of them side by side, each at the cursor.

use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use crate::tui::{
    Action,
    pane::{Outcome, Pane, View, paint},
    sheet::Sheet,
    text,
};

/// See the module.
pub(super) struct Spec;

/// Columns below which a format is not shown beside others.
const NARROWEST: u16 = 22;
/// Columns from which on all are shown without being asked for.
const ROOMY: u16 = 180;

#[derive(Default)]
struct Formats {
    sheets: Vec<Sheet>,
    chosen: usize,
    side_by_side: bool,
    /// How many were shown when last drawn.
    shown: usize,
    area: Rect,
}

impl super::Spec for Spec {
    fn name(&self) -> &'static str {
        "formats"
    }
    fn make(&self) -> Box<dyn Pane> {
        Box::new(Formats::default())
    }
}

impl Pane for Formats {
    fn title(&self, view: View<'_>) -> String {
        match (self.chosen(view), self.shown) {
            (None, _) => "formats".into(),
            (Some(_), 2..) => "formats side by side".into(),
            (Some(it), _) => {
                let size = self.sheets.get(self.chosen).map(|it| it.size(view.trace));
                format!("formats: {}  {}", it.title(), size.unwrap_or_default())
            }
        }
    }

    fn act(&mut self, action: Action, view: View<'_>) -> Outcome {
        let count = view.representations.len();
        match action {
            Action::NextFormat if 0 < count => {
                self.chosen = (self.chosen + 1) % count;
                return Outcome::Done;
            }
            Action::AllFormats => {
                self.side_by_side = !self.side_by_side;
                return Outcome::Done;
            }
            _ => (),
        }
        let Some(cursor) = view.focus.cursor else {
            return Outcome::Ignored;
        };
        let step = cursor.step();
        let Some(sheet) = self.sheets.get_mut(self.chosen) else {
            return Outcome::Ignored;
        };
        let page = sheet.height().max(2) - 1;
        match action {
            Action::Down => sheet.select(step, true, 1),
            Action::Up => sheet.select(step, false, 1),
            Action::PageDown => sheet.select(step, true, page),
            Action::PageUp => sheet.select(step, false, page),
            Action::Open => return view.go(Some(sheet.chosen(step).unwrap_or(step))),
            Action::NextMatch | Action::PreviousMatch => {
                if !sheet.find(step, view.query, action == Action::NextMatch) {
                    return Outcome::Say(format!("the page has no {:?} that way", view.query));
                }
            }
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn click(&mut self, column: u16, row: u16, view: View<'_>) -> Outcome {
        let Some(cursor) = view.focus.cursor else {
            return Outcome::Ignored;
        };
        let head = u16::from(1 < self.shown);
        let Some(row) = row.checked_sub(head) else {
            return Outcome::Ignored;
        };
        if 1 < self.shown {
            let count = u16::try_from(self.shown).unwrap_or(1);
            self.chosen = usize::from(column * count / self.area.width.max(1)).min(self.shown - 1);
        }
        let Some(sheet) = self.sheets.get_mut(self.chosen) else {
            return Outcome::Ignored;
        };
        sheet.point(cursor.step(), row);
        view.go(Some(sheet.chosen(cursor.step()).unwrap_or(cursor.step())))
    }

    fn draw(&mut self, view: View<'_>, area: Rect, buf: &mut Buffer) {
        self.area = area;
        let (Some(cursor), count) = (view.focus.cursor, view.representations.len()) else {
            return;
        };
        self.sheets.resize_with(count, Sheet::default);
        self.chosen = self.chosen.min(count.saturating_sub(1));
        let room = usize::from(area.width / NARROWEST).max(1);
        let beside = self.side_by_side || ROOMY <= area.width;
        self.shown = if beside {
            room.min(count)
        } else {
            1.min(count)
        };
        if self.shown == 0 {
            return paint(
                [Line::styled(
                    "no trace formats are built in",
                    view.styles.dim,
                )],
                area,
                buf,
            );
        }
        // Where not all fit, the chosen one is among those that do.
        let first = self.chosen.saturating_sub(self.shown - 1);
        let columns = Layout::horizontal(vec![Constraint::Fill(1); self.shown]).split(area);
        for (at, &column) in (first..).zip(columns.iter()) {
            let sheet = &mut self.sheets[at];
            sheet.refresh(view.representations[at], view.trace, cursor.step());
            let mut inner = column;
            if 1 < self.shown {
                let style = if at == self.chosen {
                    view.styles.focus
                } else {
                    view.styles.dim
                };
                let width = usize::from(column.width).saturating_sub(1);
                let size = sheet.size(view.trace);
                let title = view.representations[at].title();
                let title = text::column(title, width.saturating_sub(text::width(&size) + 1));
                let head = Line::from(vec![
                    Span::styled(title, style),
                    Span::styled(format!(" {size}"), view.styles.dim),
                ]);
                paint([head], column, buf);
                inner.y += 1;
                inner.height = inner.height.saturating_sub(1);
                inner.width = inner.width.saturating_sub(1);
            }
            sheet.draw(view, cursor.step(), inner, buf);
        }
    }
}

impl Formats {
    fn chosen(&self, view: View<'_>) -> Option<&'static dyn crate::represent::Representation> {
        view.representations.get(self.chosen).copied()
    }
}
