//! Which panes are on the screen and where, by its size. Pure: an area in, a plan out.

use ratatui::layout::{Constraint, Layout, Rect};

use super::pane;

/// Below this many columns or rows one pane is shown at a time.
const COMPACT: (u16, u16) = (80, 20);
/// From this many columns and rows on, six panes are shown.
const ROOMY: (u16, u16) = (120, 30);
/// From this many on, the formats stand side by side too.
const WIDE: (u16, u16) = (200, 45);

/// How a pane is set off from its neighbors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// A border all round, with the title in it.
    Border,
    /// A title row of its own, inside another pane's border.
    Title,
    /// Nothing.
    Bare,
}

/// A pane on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// Which: a position in [`pane::ALL`].
    pub(super) pane: usize,
    /// Where, its frame included.
    pub(super) area: Rect,
    /// Set off how.
    pub(super) frame: Frame,
    /// The panes that take turns here, where there are several.
    pub(super) tabs: Vec<usize>,
    /// Rows at the bottom of its inside that another pane has.
    pub(super) lent: u16,
}

/// Everything on the screen.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) header: Rect,
    pub(super) slots: Vec<Slot>,
    pub(super) status: Rect,
    pub(super) hints: Rect,
}

/// What the user decided about the layout.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// The pane that has the focus: always on the screen.
    pub(super) focused: usize,
    /// The pane shown where several take turns.
    pub(super) tab: usize,
    /// Whether the focused pane has the whole screen.
    pub(super) zoomed: bool,
    /// Whether the place of turns is half the screen.
    pub(super) tall: bool,
}

/// The position in [`pane::ALL`] of the pane called `name`; 0, the source, if there is none.
pub(super) fn named(name: &str) -> usize {
    pane::ALL
        .iter()
        .position(|it| it.name() == name)
        .unwrap_or(0)
}

impl Slot {
    /// Where the pane itself draws.
    pub(super) fn inner(&self) -> Rect {
        let mut area = self.area;
        area.height = area.height.saturating_sub(self.lent);
        match self.frame {
            Frame::Border => Rect {
                x: area.x.saturating_add(1),
                y: area.y.saturating_add(1),
                width: area.width.saturating_sub(2),
                height: area.height.saturating_sub(2),
            },
            Frame::Title => Rect {
                y: area.y.saturating_add(1),
                height: area.height.saturating_sub(1),
                ..area
            },
            Frame::Bare => area,
        }
    }
}

/// The plan for a screen of this size.
pub(super) fn plan(area: Rect, wish: Wish) -> Plan {
    let tight = area.width < COMPACT.0 || area.height < COMPACT.1;
    // Of very few rows the pane gets the most.
    let (header, status, hints) = match area.height {
        ..=2 => (0, 0, 0),
        3..=4 => (1, 0, 0),
        5..=7 => (1, 0, 1),
        _ => (1, 1, 1),
    };
    let rows = Layout::vertical([
        Constraint::Length(header),
        Constraint::Fill(1),
        Constraint::Length(status),
        Constraint::Length(hints),
    ])
    .split(area);
    let body = rows[1];
    let slots = if wish.zoomed || tight {
        alone(body, wish, tight)
    } else if WIDE.0 <= area.width && WIDE.1 <= area.height {
        wide(body)
    } else if ROOMY.0 <= area.width && ROOMY.1 <= area.height {
        roomy(body, wish)
    } else {
        compact(body, wish)
    };
    Plan {
        header: rows[0],
        slots: slots.into_iter().filter(|it| !it.area.is_empty()).collect(),
        status: rows[2],
        hints: rows[3],
    }
}

fn bordered(name: &str, area: Rect) -> Slot {
    Slot {
        pane: named(name),
        area,
        frame: Frame::Border,
        tabs: Vec::new(),
        lent: 0,
    }
}

fn timeline(area: Rect) -> Slot {
    Slot {
        frame: Frame::Bare,
        ..bordered("timeline", area)
    }
}

/// The place where the panes called `names` take turns.
fn turns(names: &[&str], area: Rect, wish: Wish) -> Slot {
    let tabs: Vec<usize> = names.iter().map(|it| named(it)).collect();
    let shown = [wish.focused, wish.tab]
        .into_iter()
        .find(|it| tabs.contains(it));
    Slot {
        pane: shown.unwrap_or(tabs[0]),
        area,
        frame: Frame::Border,
        tabs,
        lent: 0,
    }
}

/// One pane at a time, and the timeline where there is a row for it.
fn alone(body: Rect, wish: Wish, tight: bool) -> Vec<Slot> {
    let line = u16::from(10 <= body.height && wish.focused != named("timeline"));
    let rows = Layout::vertical([Constraint::Fill(1), Constraint::Length(line)]).split(body);
    let frame = if tight && (rows[0].height < 5 || rows[0].width < 12) {
        Frame::Bare
    } else {
        Frame::Border
    };
    vec![
        Slot {
            pane: wish.focused,
            area: rows[0],
            frame,
            tabs: Vec::new(),
            lent: 0,
        },
        timeline(rows[1]),
    ]
}

/// 80 columns: source and locals, the stack within the locals' border, the rest by turns.
fn compact(body: Rect, wish: Wish) -> Vec<Slot> {
    let strip = if wish.tall {
        body.height / 2
    } else {
        (body.height / 3).clamp(6, 12)
    };
    let rows = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(strip),
    ])
    .split(body);
    let columns =
        Layout::horizontal([Constraint::Percentage(58), Constraint::Fill(1)]).split(rows[0]);
    let mut locals = bordered("locals", columns[1]);
    let inner = locals.inner();
    let stack = Rect {
        y: inner.bottom().saturating_sub(4),
        height: inner.height.min(4),
        ..inner
    };
    locals.lent = stack.height;
    let stack = Slot {
        frame: Frame::Title,
        ..bordered("stack", stack)
    };
    let tabs = ["output", "calls", "loop", "formats", "monologue", "repair"];
    vec![
        bordered("source", columns[0]),
        locals,
        stack,
        timeline(rows[1]),
        turns(&tabs, rows[2], wish),
    ]
}

/// 120 columns: source over calls, locals over stack and loop, the rest by turns.
fn roomy(body: Rect, wish: Wish) -> Vec<Slot> {
    let strip = if wish.tall {
        body.height / 2
    } else {
        (body.height * 3 / 10).max(9)
    };
    let rows = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(strip),
    ])
    .split(body);
    let columns =
        Layout::horizontal([Constraint::Percentage(54), Constraint::Fill(1)]).split(rows[0]);
    let left = Layout::vertical([Constraint::Fill(2), Constraint::Fill(1)]).split(columns[0]);
    let right = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Length(6),
        Constraint::Length(if wish.tall { 0 } else { 7 }),
    ])
    .split(columns[1]);
    let tabs = ["output", "formats", "monologue", "repair"];
    vec![
        bordered("source", left[0]),
        bordered("locals", right[0]),
        bordered("calls", left[1]),
        bordered("stack", right[1]),
        bordered("loop", right[2]),
        timeline(rows[1]),
        turns(&tabs, rows[2], wish),
    ]
}

/// 200 columns: three columns, the formats side by side, then monologue and repair.
fn wide(body: Rect) -> Vec<Slot> {
    let rows = Layout::vertical([
        Constraint::Fill(5),
        Constraint::Length(1),
        Constraint::Fill(3),
        Constraint::Fill(3),
    ])
    .split(body);
    let columns = Layout::horizontal([
        Constraint::Fill(38),
        Constraint::Fill(30),
        Constraint::Fill(32),
    ])
    .split(rows[0]);
    let middle = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Length(6),
        Constraint::Length(8),
    ])
    .split(columns[1]);
    let right = Layout::vertical([Constraint::Fill(3), Constraint::Fill(2)]).split(columns[2]);
    let below = Layout::horizontal([Constraint::Fill(56), Constraint::Fill(44)]).split(rows[3]);
    vec![
        bordered("source", columns[0]),
        bordered("locals", middle[0]),
        bordered("stack", middle[1]),
        bordered("loop", middle[2]),
        bordered("calls", right[0]),
        bordered("output", right[1]),
        timeline(rows[1]),
        bordered("formats", rows[2]),
        bordered("monologue", below[0]),
        bordered("repair", below[1]),
    ]
}
