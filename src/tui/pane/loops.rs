//! The iterations of the loop around the cursor: a row each, with what the loop's variables held at
//! its end.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    trace::{Binding, EventId, FrameId, NameId, StepId},
    tui::{
        Action, Place, glyph,
        index::Iteration,
        masks::Marked,
        pane::{Outcome, Pane, View, paint},
        text,
        value::{is_data, short},
    },
};

/// See the module.
pub(super) struct Spec;

/// Columns of a value at most.
const WIDEST: usize = 18;

#[derive(Default)]
struct Loops {
    /// The iteration selected by hand, from the first of this execution, and the step it was at.
    selected: Option<(usize, StepId)>,
    height: usize,
    top: usize,
}

/// The loop around the cursor.
struct Around {
    place: Place,
    frame: FrameId,
    step: StepId,
    header: u32,
    now: Iteration,
}

impl super::Spec for Spec {
    fn name(&self) -> &'static str {
        "loop"
    }
    fn make(&self) -> Box<dyn Pane> {
        Box::new(Loops::default())
    }
}

impl Pane for Loops {
    fn title(&self, view: View<'_>) -> String {
        match around(view) {
            Some(it) => format!(
                "loop at L{}, iteration {} of {}{}",
                it.header,
                it.now.number,
                it.now.of,
                it.now.kept()
            ),
            None => "loop".into(),
        }
    }

    fn act(&mut self, action: Action, view: View<'_>) -> Outcome {
        let Some(it) = around(view) else {
            return Outcome::Ignored;
        };
        let here = self.selection(&it);
        let page = self.height.max(2) - 1;
        let to = match action {
            Action::Down => here + 1,
            Action::Up => here.saturating_sub(1),
            Action::PageDown => here + page,
            Action::PageUp => here.saturating_sub(page),
            Action::Open => return view.go(it.begin(view, here)),
            _ => return Outcome::Ignored,
        };
        self.selected = Some((to.clamp(1, it.now.of), it.step));
        Outcome::Done
    }

    fn click(&mut self, _column: u16, row: u16, view: View<'_>) -> Outcome {
        let (Some(it), Some(row)) = (around(view), row.checked_sub(1)) else {
            return Outcome::Ignored;
        };
        self.selected = Some(((self.top + usize::from(row)).clamp(1, it.now.of), it.step));
        self.act(Action::Open, view)
    }

    fn rebase(&mut self, _frame: &dyn Fn(FrameId) -> Option<FrameId>) {
        self.selected = None;
    }

    fn draw(&mut self, view: View<'_>, area: Rect, buf: &mut Buffer) {
        let Some(it) = around(view) else {
            return paint(
                [Line::styled("the cursor is in no loop", view.styles.dim)],
                area,
                buf,
            );
        };
        self.height = usize::from(area.height).saturating_sub(1);
        let selected = self.selection(&it);
        self.top = selected
            .saturating_sub(self.height / 2)
            .min((it.now.of + 1).saturating_sub(self.height))
            .max(1);
        let shown: Vec<usize> = (self.top..=it.now.of).take(self.height).collect();
        let states: Vec<Vec<Binding>> =
            shown.iter().map(|&number| it.state(view, number)).collect();
        let names = it.names(view, states.last().map_or(&[], Vec::as_slice));
        let cell = |state: &[Binding], name: NameId| {
            let bound = state.iter().find(|it| it.name == name);
            bound.map_or(String::new(), |it| short(&view.trace.value(it.value)))
        };
        let widths: Vec<usize> = names
            .iter()
            .map(|&name| {
                let cells = states.iter().map(|it| text::width(&cell(it, name)));
                cells
                    .chain([view.trace.name(name).len()])
                    .max()
                    .unwrap_or(1)
                    .clamp(2, WIDEST)
            })
            .collect();
        let digits = it.now.of.to_string().len().max(2);
        let mut head = " ".repeat(digits + 4);
        for (&name, &width) in names.iter().zip(&widths) {
            head += &format!(
                "{}  ",
                text::column(&text::clean(view.trace.name(name)), width)
            );
        }
        let mut lines = vec![Line::styled(head, view.styles.dim)];
        for (&number, state) in shown.iter().zip(&states) {
            let is_now = number == it.now.number;
            let style = if is_now {
                view.styles.now
            } else {
                view.styles.text
            };
            let mark = if is_now { glyph::HERE } else { " " };
            let cells: Vec<Marked> = names
                .iter()
                .zip(&widths)
                .map(|(&name, &width)| {
                    let value = cell(state, name);
                    let shown = text::column(&text::fit_middle(&value, width), width);
                    view.jobs.masks.cut(&value, shown + "  ")
                })
                .collect();
            let sign = match cells.iter().any(Marked::any) {
                true => glyph::MASKED,
                false => " ",
            };
            let mut spans = vec![
                Span::styled(mark, view.styles.now),
                Span::styled(sign, view.styles.masked),
                Span::styled(format!("{number:>digits$}  "), view.styles.now),
            ];
            spans.extend(cells.iter().flat_map(|it| it.spans(style, view.styles)));
            let line = Line::from(spans);
            lines.push(match view.focused && number == selected {
                true => line.style(view.styles.selected),
                false => line,
            });
        }
        paint(lines, area, buf);
    }
}

impl Loops {
    fn selection(&self, it: &Around) -> usize {
        let by_hand = self.selected.filter(|(_, at)| *at == it.step);
        by_hand.map_or(it.now.number, |it| it.0)
    }
}

fn around(view: View<'_>) -> Option<Around> {
    let (cursor, event) = view.here()?;
    let place = view.current()?;
    let frame = view.trace.events()[event].frame;
    let header = view.index.outline(place.file)?.loop_at(place.line)?.header;
    let now = view
        .index
        .iteration(view.trace, frame, place.line, cursor.step())?;
    Some(Around {
        place,
        frame,
        step: cursor.step(),
        header,
        now,
    })
}

impl Around {
    /// The steps that iteration `number` spans.
    fn steps(&self, view: View<'_>, number: usize) -> Option<(StepId, StepId)> {
        let by = isize::try_from(number).ok()? - isize::try_from(self.now.run).ok()?;
        view.index
            .turn_beside(view.trace, (self.frame, self.place.line), self.step, by)
    }

    /// Where iteration `number` runs the cursor's line, or begins.
    fn begin(&self, view: View<'_>, number: usize) -> Option<StepId> {
        let steps = self.steps(view, number)?;
        let run = view
            .index
            .first_run(view.trace, self.place, self.frame, steps);
        run.or(Some(steps.0))
    }

    /// What the frame held when iteration `number` was over.
    fn state(&self, view: View<'_>, number: usize) -> Vec<Binding> {
        let Some((_, end)) = self.steps(view, number) else {
            return Vec::new();
        };
        let at: EventId = match view.trace.steps().get(end) {
            Some(step) => step.event,
            None => view.trace.frames()[self.frame].last,
        };
        view.trace.locals(self.frame, at)
    }

    /// The variables written since the loop began: its own first, in the order of the code.
    fn names(&self, view: View<'_>, state: &[Binding]) -> Vec<NameId> {
        let Some((first, _)) = self.steps(view, 1) else {
            return Vec::new();
        };
        let began = view.trace.steps()[first].event;
        let written = state
            .iter()
            .filter(|it| began < it.since && is_data(&view.trace.value(it.value)));
        let mut names: Vec<NameId> = written.map(|it| it.name).collect();
        let header = view
            .trace
            .source(self.frame, self.header)
            .unwrap_or_default();
        let own = crate::tui::code::assigned(header);
        names.sort_by_key(|it| !own.contains(&&**view.trace.name(*it)));
        names
    }
}
