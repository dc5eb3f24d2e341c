//! Where in time the cursor stands: depth of the stack over the run, breakpoints hit, exceptions.

use ratatui::{buffer::Buffer, layout::Rect, style::Style, text::Line};

use crate::{
    trace::{Id, StepId},
    tui::{
        Action, glyph,
        pane::{Outcome, Pane, View, paint},
    },
};

/// See the module.
pub(super) struct Spec;

/// Steps sampled for the depth of one column.
const SAMPLES: u32 = 16;
/// Columns before and behind the bars.
const LABEL: u16 = 7;
const LEGEND: &str = "▏ ●you ◆hit ✖err";

struct Timeline {
    /// The depth of each column, for this many steps; made once per snapshot and width.
    depths: Vec<u32>,
    steps: u32,
    /// The first of them: a trace may have lost its oldest.
    first: StepId,
    /// The columns of the bars: where they begin, how many.
    bars: (u16, u16),
}

impl super::Spec for Spec {
    fn name(&self) -> &'static str {
        "timeline"
    }
    fn make(&self) -> Box<dyn Pane> {
        Box::new(Timeline {
            depths: Vec::new(),
            steps: 0,
            first: Id::new(0),
            bars: (0, 0),
        })
    }
}

impl Pane for Timeline {
    fn title(&self, view: View<'_>) -> String {
        let steps = view.trace.steps();
        let count = steps.len();
        match view.trace.dropped() {
            0 => format!("time  {count} steps"),
            _ => format!(
                "time  {count} steps, {} to {}",
                steps.start().number(),
                steps.end().raw()
            ),
        }
    }

    fn act(&mut self, action: Action, view: View<'_>) -> Outcome {
        let Some(cursor) = view.focus.cursor else {
            return Outcome::Ignored;
        };
        // A column at a time.
        let stride = (self.steps / u32::from(self.bars.1.max(1))).max(1);
        match action {
            Action::PageDown => {
                let last = view.trace.steps().last();
                view.go(last.map(|it| it.min(cursor.step().plus(stride))))
            }
            Action::PageUp => {
                let back = cursor.step().minus(stride).unwrap_or(self.first);
                view.go(Some(back.max(self.first)))
            }
            _ => Outcome::Ignored,
        }
    }

    fn click(&mut self, column: u16, _row: u16, view: View<'_>) -> Outcome {
        let (first, count) = self.bars;
        let Some(at) = column.checked_sub(first).filter(|&it| it < count) else {
            return Outcome::Ignored;
        };
        view.go(Some(self.first_step(at)))
    }

    fn draw(&mut self, view: View<'_>, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let (styles, steps) = (view.styles, view.trace.steps().len());
        if area.is_empty() || steps == 0 {
            return;
        }
        let legend = u16::try_from(LEGEND.chars().count()).unwrap_or(0);
        let roomy = LABEL + legend + 20 <= area.width;
        let (left, right) = if roomy { (LABEL, legend) } else { (0, 0) };
        let count = area.width - left - right;
        self.bars = (left, count);
        let first = view.trace.steps().start();
        if (self.first, self.steps) != (first, steps) || self.depths.len() != usize::from(count) {
            (self.first, self.steps) = (first, steps);
            self.depths = (0..count).map(|it| self.depth(view, it, count)).collect();
        }
        if roomy {
            let line = Line::styled(
                format!("{:>width$}▕", "time ", width = usize::from(LABEL) - 1),
                styles.dim,
            );
            paint([line], area, buf);
            let behind = Rect {
                x: area.right() - right,
                width: right,
                height: 1,
                ..area
            };
            paint([Line::styled(LEGEND, styles.dim)], behind, buf);
        }
        // Shallow runs make low bars.
        let deepest = view.index.deepest().max(6);
        let bars = Rect {
            x: area.x + left,
            width: count,
            ..area
        };
        let rows = u32::from(area.height);
        for (at, column) in bars.columns().enumerate() {
            // In eighths of a row, one at least.
            let bar = 1 + self.depths[at] * (rows * 8 - 2) / deepest;
            for (up, cell) in column.rows().rev().enumerate() {
                let here = bar
                    .saturating_sub(8 * u32::try_from(up).unwrap_or(0))
                    .min(8);
                if let Some(top) = (here as usize).checked_sub(1) {
                    buf[cell.as_position()]
                        .set_char(glyph::DEPTHS[top])
                        .set_style(styles.dim);
                }
            }
        }
        let mut mark = |step: StepId, glyph: &str, style: Style| {
            let at = self.column(step);
            let cell = (bars.x + at, bars.bottom() - 1);
            if at < bars.width {
                buf[cell].set_symbol(glyph).set_style(style);
            }
        };
        for breakpoint in view.breakpoints {
            for place in breakpoint.places(view.trace) {
                for step in self.spread(view.index.runs(place), count) {
                    mark(step, glyph::HIT, styles.bad);
                }
            }
        }
        if let Some(step) = view.index.failure().and_then(|it| it.step) {
            mark(step, glyph::ERROR, styles.bad);
        }
        if let Some(cursor) = view.focus.cursor {
            mark(cursor.step(), glyph::YOU, styles.now);
        }
    }
}

impl Timeline {
    fn first_step(&self, column: u16) -> StepId {
        let at = u64::from(column) * u64::from(self.steps) / u64::from(self.bars.1.max(1));
        self.first.plus(u32::try_from(at).unwrap_or(u32::MAX))
    }

    fn column(&self, step: StepId) -> u16 {
        let at = u64::from(step.raw().saturating_sub(self.first.raw())) * u64::from(self.bars.1)
            / u64::from(self.steps.max(1));
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    fn depth(&self, view: View<'_>, column: u16, count: u16) -> u32 {
        let from = self.first_step(column).raw();
        let upto = if column + 1 == count {
            self.first.raw() + self.steps
        } else {
            self.first_step(column + 1).raw()
        };
        let stride = ((upto - from.min(upto)) / SAMPLES).max(1);
        let sampled = (from..upto.max(from + 1)).step_by(stride as usize);
        let depths = sampled.filter_map(|it| {
            view.trace.steps().get(Id::new(it))?;
            Some(view.trace.depth(view.trace.at(Id::new(it))))
        });
        depths.max().unwrap_or(0)
    }

    /// One of `runs` a column at most, found without walking them.
    fn spread<'a>(&'a self, runs: &'a [StepId], count: u16) -> impl Iterator<Item = StepId> + 'a {
        (0..count).filter_map(move |column| {
            let at = runs.partition_point(|&it| it < self.first_step(column));
            runs.get(at)
                .copied()
                .filter(|&it| self.column(it) == column)
        })
    }
}
