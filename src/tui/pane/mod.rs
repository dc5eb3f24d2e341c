//! Panes: each a view of the trace at the focus, with its own small state.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use super::{
    Action, Index, Place, Styles,
    job::{Job, Jobs},
    session::Breakpoint,
    sheet::Manner,
};
use crate::{
    represent::Representation,
    trace::{Cursor, EventId, FrameId, NameId, StepId, Trace},
};

/// What every pane is about: a step, a frame, a variable, a line. Panes have no time of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Focus {
    /// The step and frame; `None` before the first step arrives.
    pub cursor: Option<Cursor>,
    /// The selected variable, once one was selected.
    pub variable: Option<NameId>,
    /// The selected line, where it is not the one that runs.
    pub place: Option<Place>,
}

/// What every pane may look at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The run.
    pub trace: &'a Trace,
    /// Where in it things happened.
    pub index: &'a Index,
    /// What the user looks at.
    pub focus: Focus,
    /// Where `c` stops.
    pub breakpoints: &'a [Breakpoint],
    /// What runs beside the screen.
    pub jobs: &'a Jobs,
    /// The trace formats.
    pub representations: &'a [&'static dyn Representation],
    /// What was searched for last.
    pub query: &'a str,
    /// What to draw with.
    pub styles: &'a Styles,
    /// Whether the program can be typed to.
    pub listens: bool,
    /// What is half typed to it.
    pub typing: Option<&'a str>,
    /// Whether the pane has the focus.
    pub focused: bool,
}

/// What a pane wants done. Panes hold no channels: this is their only way out.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// Not mine; ask the app.
    Ignored,
    /// Done, nothing more to do.
    Done,
    /// Tell the user this.
    Say(String),
    /// Move the cursor here.
    Go(Cursor),
    /// Select this variable.
    Select(NameId),
    /// Select this line.
    Point(Place),
    /// Start this beside the screen.
    Start(Job),
    /// Show this text over the panes, under this title.
    Show(String, String),
    /// Copy this to the terminal's clipboard.
    Copy(Copied),
    /// Save this to a file, whose name is asked for; this one is proposed.
    Save(Copied, String),
}

/// Something to be taken along.
#[derive(Debug, Clone, PartialEq)]
pub enum Copied {
    /// A trace format's text.
    Page(Wanted),
    /// A text that is there.
    Text {
        /// What it is, in words.
        what: String,
        /// As it is.
        text: String,
    },
}

/// Which page is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// Which format: its position in menu order.
    pub(super) at: usize,
    /// By whose rules.
    pub(super) manner: Manner,
    /// What of it, where pages are cut; all of it otherwise.
    pub(super) part: Option<Part>,
}

/// What of a page is wanted: that which the pane shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// The steps that are told of: the first, and the one after the last.
    pub(super) steps: (StepId, StepId),
    /// As much of that as has so many tokens.
    pub(super) budget: usize,
}

/// A rectangle of the screen.
pub trait Pane {
    /// What stands in its border.
    fn title(&self, view: View<'_>) -> String;

    /// Answers an action while focused, or one that is this pane's own.
    fn act(&mut self, action: Action, view: View<'_>) -> Outcome;

    /// Answers a click at a column and row of its area; what Enter does there, as a rule.
    fn click(&mut self, _column: u16, _row: u16, _view: View<'_>) -> Outcome {
        Outcome::Ignored
    }

    /// The trace begins later than it did: what was known by the ids of events, frames and values is
    /// forgotten. `frame` tells what a frame is called now, where that is known.
    fn rebase(&mut self, _frame: &dyn Fn(FrameId) -> Option<FrameId>) {}

    /// Draws. May clamp its own scroll to `area`; changes nothing else.
    fn draw(&mut self, view: View<'_>, area: Rect, buf: &mut Buffer);
}

/// How a pane is listed and made.
pub trait Spec: Sync {
    /// Its name in settings and on its border.
    fn name(&self) -> &'static str;
    /// A fresh one.
    fn make(&self) -> Box<dyn Pane>;
}

family! {
    /// Every pane, in the order of their digits.
    dyn Spec:
    source::Spec,
    locals::Spec,
    stack::Spec,
    calls::Spec,
    output::Spec,
    formats::Spec,
    monologue::Spec,
    repair::Spec,
    timeline::Spec,
    loops::Spec,
}

impl View<'_> {
    /// The cursor, and the event of the frame looked at.
    pub(super) fn here(&self) -> Option<(Cursor, EventId)> {
        let cursor = self.focus.cursor?;
        Some((cursor, cursor.event(self.trace)))
    }

    /// The line that runs in the frame looked at.
    pub(super) fn current(&self) -> Option<Place> {
        let (_, event) = self.here()?;
        let event = &self.trace.events()[event];
        Some(Place {
            file: self.trace.code(event.frame).file,
            line: event.line,
        })
    }

    /// Goes to `step`, or says why not.
    pub(super) fn go(&self, step: Option<StepId>) -> Outcome {
        match step.and_then(|it| Cursor::on(self.trace, it)) {
            Some(cursor) => Outcome::Go(cursor),
            None => Outcome::Say("no step belongs to that".into()),
        }
    }
}

/// The selected row of a list and the first row shown.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::tui) struct List {
    /// Which row is selected.
    pub(in crate::tui) selected: usize,
    /// Which row is the first shown.
    pub(super) top: usize,
    height: usize,
}

impl List {
    /// Moves the selection among `len` rows; whether `action` was a movement.
    pub(in crate::tui) fn act(&mut self, action: Action, len: usize) -> bool {
        let page = self.height.max(2) - 1;
        self.selected = match action {
            Action::Down => self.selected.saturating_add(1),
            Action::Up => self.selected.saturating_sub(1),
            Action::PageDown => self.selected.saturating_add(page),
            Action::PageUp => self.selected.saturating_sub(page),
            _ => return false,
        };
        self.selected = self.selected.min(len.saturating_sub(1));
        true
    }

    /// Brings the selection into the `height` rows that are shown; answers which rows those are.
    pub(in crate::tui) fn shown(&mut self, len: usize, height: usize) -> std::ops::Range<usize> {
        self.height = height;
        self.selected = self.selected.min(len.saturating_sub(1));
        self.top = self.top.min(self.selected);
        if self.top + height <= self.selected {
            self.top = self.selected + 1 - height.min(self.selected + 1);
        }
        self.top = self.top.min(len.saturating_sub(height));
        self.top..len.min(self.top + height)
    }
}

/// Draws `lines` from the top of `area`; those that do not fit are left out.
pub(super) fn paint<'a>(lines: impl IntoIterator<Item = Line<'a>>, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    for (row, line) in area.rows().zip(lines) {
        buf.set_style(row, line.style);
        buf.set_line(row.x, row.y, &line, row.width);
    }
}
