//! The trace as language models read it: one format, all of them side by side, or what each of them
//! tells of the step at the cursor.

mod compare;
mod head;

use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    text::Line,
};

use self::compare::compare;
use crate::{
    represent::{Profile, Representation},
    trace::{FrameId, StepId},
    tui::{
        Action,
        pane::{Copied, Outcome, Pane, Part, View, Wanted, paint},
        sheet::{Manner, Sheet, possible, window},
    },
};

/// See the module.
pub(super) struct Spec;

/// Columns below which a format is not shown beside others.
const NARROWEST: u16 = 22;
/// Columns from which on all are shown without being asked for.
const ROOMY: u16 = 180;
/// Rows from which on each format has a last row that says what it tells of the step.
const FOOTED: u16 = 6;

#[derive(Default)]
struct Formats {
    sheets: Vec<Sheet>,
    chosen: usize,
    side_by_side: bool,
    /// Whether what each tells of the step is shown instead of the texts.
    compares: bool,
    profile: Profile,
    /// The mode chosen for each format that has several.
    modes: Vec<usize>,
    /// How many were shown when last drawn.
    shown: usize,
    /// The first that was.
    first: usize,
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
        let profile = match self.profile {
            Profile::Canonical => "",
            Profile::Compat => ", compat",
        };
        let by = match view.jobs.counts.by() {
            Some(by) => format!(", tokens by {by}"),
            None => String::new(),
        };
        match (self.chosen(view), self.shown) {
            (None, _) => "formats".into(),
            (Some(_), _) if self.compares => format!("what the formats tell{profile}{by}"),
            (Some(_), 2..) => format!("formats side by side{profile}{by}"),
            (Some(it), _) => {
                let sheet = self.sheets.get(self.chosen);
                let size = sheet.map(|it| head::size(view, it, usize::MAX));
                let kind = sheet.map(|it| head::manner(it.manner()));
                format!(
                    "formats: {}{}  {}{by}",
                    it.title(),
                    kind.unwrap_or_default(),
                    size.unwrap_or_default()
                )
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
                self.compares = false;
                self.side_by_side = !self.side_by_side;
                return Outcome::Done;
            }
            Action::CompareFormats => {
                self.compares = !self.compares;
                return Outcome::Done;
            }
            Action::ToggleProfile => return self.toggle_profile(),
            Action::NextMode => return self.next_mode(view),
            _ => (),
        }
        let Some(cursor) = view.focus.cursor else {
            return Outcome::Ignored;
        };
        let step = cursor.step();
        match action {
            Action::Copy | Action::Save => {
                let Some(it) = self.chosen(view) else {
                    return Outcome::Ignored;
                };
                // Where pages are cut, the page around the cursor is what is cut.
                let budget = view.jobs.budget.filter(|_| view.jobs.counts.any());
                let part = budget.map(|budget| Part {
                    steps: window(view.trace, step),
                    budget,
                });
                let page = Wanted {
                    at: self.chosen,
                    manner: possible(it, self.manner(view, self.chosen)),
                    part,
                };
                return match action {
                    Action::Copy => Outcome::Copy(Copied::Page(page)),
                    _ => Outcome::Save(Copied::Page(page), format!("{}.txt", it.name())),
                };
            }
            _ => (),
        }
        let Some(sheet) = self.sheets.get_mut(self.chosen) else {
            return Outcome::Ignored;
        };
        let page = sheet.height().max(2) - 1;
        match action {
            Action::Down => sheet.select(step, true, 1),
            Action::Up => sheet.select(step, false, 1),
            Action::PageDown => sheet.select(step, true, page),
            Action::PageUp => sheet.select(step, false, page),
            Action::Unfold => {
                if !sheet.unfold(step) {
                    return Outcome::Say("no steps are hidden there".into());
                }
            }
            Action::Open => {
                let chosen = sheet.chosen(step);
                if chosen.is_none_or(|it| it == step) && sheet.unfold(step) {
                    return Outcome::Done;
                }
                return view.go(Some(chosen.unwrap_or(step)));
            }
            Action::NextMatch | Action::PreviousMatch => {
                if !sheet.find(step, view.query, action == Action::NextMatch) {
                    let within = match sheet.part(view.trace) {
                        Some((from, to)) => format!(" among steps {from}–{to}"),
                        None => String::new(),
                    };
                    return Outcome::Say(format!(
                        "the page has no {:?} that way{within}",
                        view.query
                    ));
                }
            }
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn click(&mut self, column: u16, row: u16, view: View<'_>) -> Outcome {
        let Some(cursor) = view.focus.cursor.filter(|_| !self.compares) else {
            return Outcome::Ignored;
        };
        let head = u16::from(1 < self.shown);
        let Some(row) = row.checked_sub(head) else {
            return Outcome::Ignored;
        };
        if 1 < self.shown {
            let count = u16::try_from(self.shown).unwrap_or(1);
            let at = usize::from(column * count / self.area.width.max(1)).min(self.shown - 1);
            self.chosen = self.first + at;
        }
        let Some(sheet) = self.sheets.get_mut(self.chosen) else {
            return Outcome::Ignored;
        };
        let hidden = sheet.point(cursor.step(), row);
        let to = hidden.or_else(|| sheet.chosen(cursor.step()));
        view.go(Some(to.unwrap_or(cursor.step())))
    }

    fn rebase(&mut self, _frame: &dyn Fn(FrameId) -> Option<FrameId>) {
        self.sheets.iter_mut().for_each(Sheet::forget);
    }

    fn draw(&mut self, view: View<'_>, area: Rect, buf: &mut Buffer) {
        self.area = area;
        let (Some(cursor), count) = (view.focus.cursor, view.representations.len()) else {
            return;
        };
        self.sheets.resize_with(count, Sheet::default);
        self.modes.resize(count, 0);
        self.chosen = self.chosen.min(count.saturating_sub(1));
        let room = usize::from(area.width / NARROWEST).max(1);
        let beside = self.side_by_side || ROOMY <= area.width;
        self.shown = match beside {
            true => room.min(count),
            false => 1.min(count),
        };
        if self.shown == 0 {
            let said = "no trace formats are built in";
            return paint([Line::styled(said, view.styles.dim)], area, buf);
        }
        let step = cursor.step();
        if self.compares {
            for at in 0..count {
                self.refresh(view, at, step);
            }
            return paint(compare(view, &self.sheets, cursor, area), area, buf);
        }
        // Where not all fit, the chosen one is among those that do.
        self.first = self.chosen.saturating_sub(self.shown - 1);
        let columns = Layout::horizontal(vec![Constraint::Fill(1); self.shown]).split(area);
        for (at, &column) in (self.first..).zip(columns.iter()) {
            self.refresh(view, at, step);
            let sheet = &mut self.sheets[at];
            let mut inner = column;
            if 1 < self.shown {
                let manner = head::manner(sheet.manner());
                let title = format!("{}{manner}", view.representations[at].title());
                let width = usize::from(column.width).saturating_sub(1);
                let head = head::line(view, sheet, &title, at == self.chosen, width);
                paint([head], column, buf);
                inner.y += 1;
                inner.height = inner.height.saturating_sub(1);
                inner.width = inner.width.saturating_sub(1);
            }
            if FOOTED <= area.height {
                inner.height -= 1;
                let foot = Rect {
                    y: inner.bottom(),
                    height: 1,
                    ..inner
                };
                let said = head::told(view, sheet, step, usize::from(foot.width));
                paint([said], foot, buf);
            }
            sheet.draw(view, step, inner, buf);
        }
    }
}

impl Formats {
    fn chosen(&self, view: View<'_>) -> Option<&'static dyn Representation> {
        view.representations.get(self.chosen).copied()
    }

    fn manner(&self, view: View<'_>, at: usize) -> Manner {
        let modes = view.representations[at].modes();
        let mode = self.modes.get(at).and_then(|&it| modes.get(it));
        Manner {
            profile: self.profile,
            mode: mode.copied(),
        }
    }

    fn refresh(&mut self, view: View<'_>, at: usize, step: StepId) {
        let manner = self.manner(view, at);
        let (it, sheet) = (view.representations[at], &mut self.sheets[at]);
        sheet.refresh(it, view.trace, step, manner);
        sheet.fit(it, view.trace, view.jobs.budget, &view.jobs.counts);
    }

    fn toggle_profile(&mut self) -> Outcome {
        self.profile = match self.profile {
            Profile::Canonical => Profile::Compat,
            Profile::Compat => Profile::Canonical,
        };
        let said = match self.profile {
            Profile::Canonical => "canonical: chronological, rightly attributed, nothing lost",
            Profile::Compat => {
                "compat: byte for byte as the released research code, where there is any"
            }
        };
        Outcome::Say(said.into())
    }

    fn next_mode(&mut self, view: View<'_>) -> Outcome {
        let Some(it) = self.chosen(view) else {
            return Outcome::Ignored;
        };
        let modes = it.modes();
        if modes.len() < 2 {
            let said = format!(
                "{} is written in one way only; v chooses another format",
                it.title()
            );
            return Outcome::Say(said);
        }
        self.modes.resize(view.representations.len(), 0);
        let mode = &mut self.modes[self.chosen];
        *mode = (*mode + 1) % modes.len();
        Outcome::Say(format!("{}: {}", it.title(), modes[*mode]))
    }
}
