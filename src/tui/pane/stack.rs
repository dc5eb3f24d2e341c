//! The frames on the stack at the cursor, innermost first.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    trace::{Cursor, Heading},
    tui::{
        Action, glyph,
        pane::{List, Outcome, Pane, View, paint},
        text,
    },
};

/// See the module.
pub(super) struct Spec;

#[derive(Default)]
struct Stack {
    list: List,
    seen: Option<Cursor>,
}

impl super::Spec for Spec {
    fn name(&self) -> &'static str {
        "stack"
    }
    fn make(&self) -> Box<dyn Pane> {
        Box::new(Stack::default())
    }
}

impl Pane for Stack {
    fn title(&self, view: View<'_>) -> String {
        let frame = view.focus.cursor.map(|it| it.frame());
        let thread = frame.map_or(1, |it| view.trace.frames()[it].thread);
        match thread {
            1 => "stack".into(),
            thread => format!("stack of thread {thread}"),
        }
    }

    fn act(&mut self, action: Action, view: View<'_>) -> Outcome {
        let Some(cursor) = view.focus.cursor else {
            return Outcome::Ignored;
        };
        let stack = view.trace.stack(view.trace.steps()[cursor.step()].event);
        if self.list.act(action, stack.len()) {
            return Outcome::Done;
        }
        if action != Action::Open {
            return Outcome::Ignored;
        }
        // From the innermost frame up to the selected one.
        let mut at = Cursor::on(view.trace, cursor.step());
        for _ in 0..self.list.selected {
            at = at.and_then(|it| it.looking(view.trace, Heading::Backward));
        }
        at.map_or(Outcome::Done, Outcome::Go)
    }

    fn click(&mut self, _column: u16, row: u16, view: View<'_>) -> Outcome {
        self.list.selected = self.list.top + usize::from(row);
        self.act(Action::Open, view)
    }

    fn draw(&mut self, view: View<'_>, area: Rect, buf: &mut Buffer) {
        let Some(cursor) = view.focus.cursor else {
            return;
        };
        let stack = view.trace.stack(view.trace.steps()[cursor.step()].event);
        let frame = |at: usize| view.trace.events()[stack[at]].frame;
        if self.seen != Some(cursor) {
            self.seen = Some(cursor);
            self.list.selected = (0..stack.len())
                .find(|&at| frame(at) == cursor.frame())
                .unwrap_or(0);
        }
        let width = usize::from(area.width);
        let shown = self.list.shown(stack.len(), usize::from(area.height));
        let lines = shown.map(|at| {
            let event = &view.trace.events()[stack[at]];
            let here = event.frame == cursor.frame();
            let mark = match (here, at) {
                (true, 0) => glyph::HERE,
                (true, _) => glyph::OUTER,
                (false, _) => " ",
            };
            let path = &view.trace.file(event.frame).path;
            let file = text::clean(path.rsplit('/').next().unwrap_or(path));
            let place = text::fit(&format!("{file}:{}", event.line), width / 2);
            let name = text::clean(&view.trace.code(event.frame).qualname);
            let name = text::column(&name, width.saturating_sub(4 + text::width(&place)));
            let style = if here {
                view.styles.now
            } else {
                view.styles.text
            };
            let line = Line::from(vec![
                Span::styled(format!("{mark} "), view.styles.now),
                Span::styled(name, style),
                Span::styled(format!(" {place} "), view.styles.dim),
            ]);
            match view.focused && at == self.list.selected {
                true => line.style(view.styles.selected),
                false => line,
            }
        });
        paint(lines, area, buf);
    }
}
