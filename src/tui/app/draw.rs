//! The whole screen: header, panes in their frames, status, hints, and what lies over them.

use ratatui::{
    Frame as Canvas,
    buffer::Buffer,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
    widgets::{Block, BorderType, Widget as _},
};

use super::App;
use crate::{
    trace::Ending,
    tui::{
        Action, glyph,
        layout::{Frame, Slot},
        pane::{self, paint},
        text,
    },
};

/// What the bottom row names, most useful first; what does not fit is left out, the last one never.
const HINTS: &[(&str, &[Action])] = &[
    ("over", &[Action::StepOver, Action::StepOverBack]),
    ("into", &[Action::StepInto, Action::StepIntoBack]),
    ("out", &[Action::StepOut, Action::StepOutBack]),
    ("run", &[Action::Continue, Action::ContinueBack]),
    ("iter", &[Action::PreviousIteration, Action::NextIteration]),
    ("write", &[Action::PreviousWrite, Action::NextWrite]),
    ("why", &[Action::Why]),
    ("ask", &[Action::AskForward]),
    ("quit", &[Action::Quit]),
    ("break", &[Action::ToggleBreakpoint]),
    ("call", &[Action::PreviousCall, Action::NextCall]),
    (
        "exception",
        &[Action::NextException, Action::PreviousException],
    ),
    ("frame", &[Action::FrameUp, Action::FrameDown]),
    ("formats", &[Action::NextFormat, Action::AllFormats]),
    ("repair", &[Action::Repair]),
    ("zoom", &[Action::Zoom]),
    ("commands", &[Action::Palette]),
    ("help", &[Action::Help]),
];

impl App {
    /// Draws the whole screen.
    pub fn draw(&mut self, canvas: &mut Canvas<'_>) {
        let area = canvas.area();
        self.draw_into(area, canvas.buffer_mut());
    }

    fn draw_into(&mut self, area: Rect, buf: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        buf.set_style(area, self.screen.styles.text);
        self.screen.plan = self.plan(area);
        let plan = self.screen.plan.clone();
        paint(
            [self.header(usize::from(plan.header.width))],
            plan.header,
            buf,
        );
        for slot in &plan.slots {
            // The pane first: what stands in its border is known once it has drawn.
            self.with(slot.pane, |it, view| {
                it.draw(view, slot.inner().intersection(area), buf)
            });
            self.frame(slot, buf);
        }
        paint(
            [self.status(usize::from(plan.status.width))],
            plan.status,
            buf,
        );
        paint([self.hints(usize::from(plan.hints.width))], plan.hints, buf);
        if let Some(overlay) = &mut self.screen.overlay {
            let looks = (&self.screen.styles, &self.jobs.masks);
            overlay.draw(&self.input.keymap, looks, area, buf);
        }
        if self.screen.ascii {
            glyph::respell(buf);
        }
    }

    fn frame(&mut self, slot: &Slot, buf: &mut Buffer) {
        let styles = &self.screen.styles;
        let focused = slot.pane == self.screen.focused;
        let style = if focused { styles.focus } else { styles.border };
        let width = usize::from(slot.area.width);
        match slot.frame {
            Frame::Bare => (),
            Frame::Title => {
                let title = self.title(slot.pane);
                let rule = format!("─ {title} {}", "─".repeat(width));
                paint(
                    [Line::styled(text::head(&rule, width), style)],
                    slot.area,
                    buf,
                );
            }
            Frame::Border => {
                let block = Block::bordered()
                    .border_type(BorderType::Rounded)
                    .border_style(style);
                block
                    .title(self.tabs(slot, width.saturating_sub(4)))
                    .render(slot.area.intersection(buf.area), buf);
            }
        }
    }

    /// The pane's title, or where several take turns, each one's name, the shown one's in brackets.
    fn tabs(&self, slot: &Slot, room: usize) -> Line<'static> {
        let styles = &self.screen.styles;
        let focused = slot.pane == self.screen.focused;
        let (style, rule) = match focused {
            true => (styles.focus, styles.focus),
            false => (styles.text, styles.border),
        };
        if slot.tabs.len() < 2 {
            let title = text::fit(&self.title(slot.pane), room.saturating_sub(1));
            return Line::from(vec![
                Span::styled("─", rule),
                Span::styled(format!(" {title} "), style),
            ]);
        }
        let others: usize = slot
            .tabs
            .iter()
            .filter(|it| **it != slot.pane)
            .map(|it| pane::ALL[*it].name().len() + 4)
            .sum();
        let mut spans = vec![Span::styled("─", rule)];
        for &tab in &slot.tabs {
            if tab == slot.pane {
                let title = text::fit(&self.title(tab), room.saturating_sub(others + 5));
                spans.push(Span::styled(format!(" [{title}] "), style));
            } else {
                spans.push(Span::styled(
                    format!(" {} {} ", (tab + 1) % 10, pane::ALL[tab].name()),
                    styles.dim,
                ));
            }
        }
        Line::from(spans)
    }

    fn title(&self, pane: usize) -> String {
        format!(
            "{} {}",
            (pane + 1) % 10,
            self.panes[pane].title(self.view(pane))
        )
    }

    /// What is debugged and how it ended on the left, where the user stands on the right.
    fn header(&self, width: usize) -> Line<'static> {
        let styles = &self.screen.styles;
        let (state, is_bad) = self.state();
        let place = self.place_in_words(width);
        let room = width.saturating_sub(text::width(&place) + 2);
        let title = text::fit_middle(&text::clean(&self.run.title), room / 2);
        let name = if room < 40 { "" } else { "monologue  " };
        let left = text::width(&title) + name.len() + 3;
        let state = self.jobs.masks.marked(text::clean(&state));
        let state = state.fit(room.saturating_sub(left));
        let gap = width.saturating_sub(left + text::width(&state.text) + text::width(&place) + 1);
        let mut spans = vec![
            Span::styled(format!(" {name}"), styles.dim),
            Span::styled(
                format!("{title}  "),
                styles.text.add_modifier(Modifier::BOLD),
            ),
        ];
        spans.extend(state.spans(if is_bad { styles.bad } else { styles.good }, styles));
        spans.push(Span::raw(" ".repeat(gap)));
        spans.push(Span::styled(place, styles.now));
        Line::from(spans)
    }

    /// How the run ended, and whether that is bad.
    fn state(&self) -> (String, bool) {
        let trace = &self.run.trace;
        if let Some(failure) = self.run.index.failure() {
            return (format!("FAILED  {}", failure.text), true);
        }
        match trace.ending() {
            Ending::Exited(0) => ("exit 0".into(), false),
            Ending::Exited(status) => (format!("exit {status}"), true),
            Ending::Open if self.stopped().is_some() => ("RUNNING, recording stopped".into(), true),
            Ending::Open if self.run.grows && 0 < trace.dropped() => {
                let gone = trace.dropped();
                (format!("RUNNING, first {gone} steps gone"), false)
            }
            Ending::Open if self.run.grows => ("RUNNING".into(), false),
            Ending::Open if trace.damaged() => {
                ("the recording is damaged from here on".into(), true)
            }
            Ending::Open => ("the recording was cut short".into(), true),
        }
    }

    /// Why nothing more is recorded of a program that still runs.
    fn stopped(&self) -> Option<&str> {
        let notes = self.run.trace.notes().iter();
        let mut stops = notes.filter(|it| it.starts_with("recording stopped"));
        stops.next().filter(|_| self.run.grows).map(|it| &**it)
    }

    fn place_in_words(&self, width: usize) -> String {
        let trace = &self.run.trace;
        // Steps keep their numbers where the oldest are gone.
        let steps = trace.steps().end().raw();
        let view = self.view(0);
        let Some((cursor, event)) = view.here() else {
            return "no step yet ".into();
        };
        let mut said = format!("step {}/{steps}", cursor.step().number());
        let event = &trace.events()[event];
        if width < 50 {
            return said + " ";
        }
        said.push_str(&format!("  L{}", event.line));
        let iteration = self
            .run
            .index
            .iteration(trace, event.frame, event.line, cursor.step());
        if let Some(it) = iteration {
            said.push_str(&format!("  iter {}/{}{}", it.number, it.of, it.kept()));
        }
        if 100 <= width {
            said.push_str(&format!("  depth {}", trace.depth(event) + 1));
        }
        said + " "
    }

    /// What was last said, or what is half typed, or what is worth knowing of the recording.
    fn status(&self, width: usize) -> Line<'static> {
        let styles = &self.screen.styles;
        if let Some(toast) = &self.screen.toast {
            return Line::styled(
                text::fit(&format!(" {}", text::clean(toast)), width),
                styles.now,
            );
        }
        if let Some(typed) = self.input.typed() {
            return Line::styled(text::fit(&format!(" {typed}"), width), styles.focus);
        }
        let mut said = Vec::new();
        if self.jobs.talk.is_running() {
            said.push("monologue under way".to_owned());
        }
        if self.jobs.fix.is_running() {
            said.push("repair under way".to_owned());
        }
        match self.route.breakpoints.len() {
            0 => (),
            1 => said.push("1 breakpoint".to_owned()),
            n => said.push(format!("{n} breakpoints")),
        }
        if let Some(variable) = self.focus.variable {
            said.push(format!("variable {}", self.run.trace.name(variable)));
        }
        if !self.screen.query.is_empty() {
            said.push(format!("search {:?}", self.screen.query));
        }
        if let Some(why) = self.stopped() {
            // Before all else: what is done from here on is not seen.
            let more = match why.contains("--max-steps") {
                true => "; a larger --max-steps records more",
                false => "",
            };
            said.insert(0, format!("{why}: the program goes on{more}"));
        } else if let Some(note) = self.run.trace.notes().iter().last() {
            said.push(note.to_string());
        }
        let said = text::clean(&said.join("  ·  "));
        Line::styled(text::fit(&format!(" {said}"), width), styles.dim)
    }

    fn hints(&self, width: usize) -> Line<'static> {
        let styles = &self.screen.styles;
        let hint = |(what, actions): &(&str, &[Action])| {
            let keys: Vec<String> = actions
                .iter()
                .map(|it| self.input.keymap.key_of(*it))
                .collect();
            let keys = keys.join("/");
            let columns = text::width(&keys) + what.len() + 3;
            let spans = [
                Span::styled(format!(" {keys} "), styles.focus),
                Span::styled(format!("{what} "), styles.dim),
            ];
            (columns, spans)
        };
        let mut hints: Vec<_> = HINTS.iter().map(hint).collect();
        let Some((kept, help)) = hints.pop() else {
            return Line::default();
        };
        let mut room = width.saturating_sub(kept);
        let mut spans = Vec::new();
        for (columns, hint) in hints {
            if let Some(rest) = room.checked_sub(columns) {
                room = rest;
                spans.extend(hint);
            }
        }
        spans.extend(help);
        Line::from(spans)
    }
}
