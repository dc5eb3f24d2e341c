//! What the program had printed by the step at the cursor.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    trace::{EventId, Id, Output as Printed, Stream, Trace},
    tui::{
        Action, glyph,
        pane::{Outcome, Pane, View, paint},
        text,
    },
};

/// See the module.
pub(super) struct Spec;

/// Bytes of one printed line that are kept.
const LONGEST: usize = 16 * 1024;
/// Lines looked through by one search.
const FAR: usize = 20_000;

#[derive(Default)]
struct Output {
    /// Lines between the selected one and the newest.
    back: usize,
    height: usize,
    /// Lines between the last one shown and the newest.
    below: usize,
}

/// A printed line.
#[derive(Debug, PartialEq)]
struct Row {
    stream: Stream,
    text: String,
    /// The write that began it.
    began: Id<Printed>,
}

impl super::Spec for Spec {
    fn name(&self) -> &'static str {
        "output"
    }
    fn make(&self) -> Box<dyn Pane> {
        Box::new(Output::default())
    }
}

impl Pane for Output {
    fn title(&self, view: View<'_>) -> String {
        let upto = view
            .focus
            .cursor
            .map_or(0, |it| printed(view.trace, seen(view, it)));
        match view.trace.outputs().len() - upto {
            0 => "output up to now".into(),
            later => format!("output up to now, {later} more later"),
        }
    }

    fn act(&mut self, action: Action, view: View<'_>) -> Outcome {
        let Some(cursor) = view.focus.cursor else {
            return Outcome::Ignored;
        };
        let upto = seen(view, cursor);
        let page = self.height.max(2) - 1;
        self.back = match action {
            Action::Down => self.back.saturating_sub(1),
            Action::PageDown => self.back.saturating_sub(page),
            Action::Up => self.back + 1,
            Action::PageUp => self.back + page,
            Action::Open => {
                let rows = last(view.trace, upto, self.back + 1);
                let row = rows.len().checked_sub(self.back + 1).map(|it| &rows[it]);
                let step = row.map(|it| view.trace.outputs()[it.began].step);
                return match step {
                    Some(step) => view.go(step),
                    None => Outcome::Say("nothing was printed yet".into()),
                };
            }
            Action::NextMatch | Action::PreviousMatch => {
                let rows = last(view.trace, upto, FAR);
                let here = rows.len().saturating_sub(self.back + 1);
                let has = |at: &usize| rows[*at].text.contains(view.query);
                let found = match action {
                    Action::NextMatch => (here + 1..rows.len()).find(has),
                    _ => (0..here).rev().find(has),
                };
                let Some(at) = found else {
                    return Outcome::Say(format!("no printed line that way has {:?}", view.query));
                };
                rows.len() - 1 - at
            }
            _ => return Outcome::Ignored,
        };
        let lines = last(view.trace, upto, self.back + 1).len();
        self.back = self.back.min(lines.saturating_sub(1));
        Outcome::Done
    }

    fn click(&mut self, _column: u16, row: u16, view: View<'_>) -> Outcome {
        let Some(cursor) = view.focus.cursor else {
            return Outcome::Ignored;
        };
        let rows = last(view.trace, seen(view, cursor), self.below + self.height);
        let shown = rows.len().saturating_sub(self.below).min(self.height);
        if shown <= usize::from(row) {
            return Outcome::Ignored;
        }
        self.back = self.below + shown - 1 - usize::from(row);
        self.act(Action::Open, view)
    }

    fn draw(&mut self, view: View<'_>, area: Rect, buf: &mut Buffer) {
        let area = prompt(view, area, buf);
        self.height = usize::from(area.height);
        let Some(cursor) = view.focus.cursor else {
            return;
        };
        self.below = self
            .below
            .min(self.back)
            .max((self.back + 1).saturating_sub(self.height));
        let rows = last(view.trace, seen(view, cursor), self.below + self.height);
        if rows.is_empty() {
            return paint(
                [Line::styled("(nothing printed yet)", view.styles.dim)],
                area,
                buf,
            );
        }
        let event = view.trace.steps()[cursor.step()].event;
        let end = rows.len().saturating_sub(self.below);
        let start = end.saturating_sub(self.height);
        let selected = rows.len().checked_sub(self.back + 1);
        let shown = &rows[start..end];
        // A stream is read as a whole: a secret may go over several of its lines.
        let mut marked = [Stream::Stdout, Stream::Stderr].map(|stream| {
            let own = shown.iter().filter(|it| it.stream == stream);
            let texts: Vec<String> = own.map(|it| it.text.clone()).collect();
            view.jobs.masks.lines(&texts).into_iter()
        });
        let lines = shown.iter().enumerate().map(|(at, row)| {
            let fresh = event < view.trace.outputs()[row.began].before;
            let [out, err] = &mut marked;
            let (mark, style, text) = match row.stream {
                Stream::Stdout => (" ", view.styles.text, out.next()),
                Stream::Stderr => ("!", view.styles.warn, err.next()),
            };
            let text = text.unwrap_or_default();
            let text = text.fit(usize::from(area.width).saturating_sub(3));
            let mut spans = vec![
                Span::styled(
                    if fresh { glyph::CHANGED } else { " " },
                    view.styles.changed,
                ),
                Span::styled(mark, view.styles.warn),
                Span::styled(text.sign(), view.styles.masked),
            ];
            spans.extend(text.spans(style, view.styles));
            let line = Line::from(spans);
            match view.focused && Some(start + at) == selected {
                true => line.style(view.styles.selected),
                false => line,
            }
        });
        paint(lines, area, buf);
    }
}

/// The bottom row while the program can be typed to: what is typed, or how to type. The rest is left.
fn prompt(view: View<'_>, area: Rect, buf: &mut Buffer) -> Rect {
    if !view.listens || area.height < 2 {
        return area;
    }
    let foot = Rect {
        y: area.bottom() - 1,
        height: 1,
        ..area
    };
    let line = match view.typing {
        Some(typed) => {
            let typed = text::clean(typed);
            let room = usize::from(area.width).saturating_sub(3);
            let cut = text::width(&typed).saturating_sub(room);
            let shown: String = typed.chars().skip(cut).collect();
            let used = text::width(&shown) + 3;
            let mut spans = vec![
                Span::styled(format!("> {shown}"), view.styles.focus),
                Span::styled(" ", view.styles.selected),
            ];
            let help = "  Enter sends, Ctrl-D ends the input, Esc leaves";
            if used + help.len() <= usize::from(area.width) {
                spans.push(Span::styled(help, view.styles.dim));
            }
            Line::from(spans)
        }
        None => Line::styled("> I types to the program", view.styles.dim),
    };
    paint([line], foot, buf);
    Rect {
        height: area.height - 1,
        ..area
    }
}

/// The event up to which output is shown: the one after the cursor's, so that a step is shown with
/// what it printed.
fn seen(view: View<'_>, cursor: crate::trace::Cursor) -> EventId {
    view.trace.steps()[cursor.step()].event.plus(1)
}

/// How many writes had happened before `upto`.
fn printed(trace: &Trace, upto: EventId) -> u32 {
    trace.outputs().partition_point(|it| it.before <= upto)
}

/// The last `want` lines printed before `upto`, oldest first. Costs those lines.
fn last(trace: &Trace, upto: EventId, want: usize) -> Vec<Row> {
    let end = printed(trace, upto);
    let mut start = end;
    let (mut breaks, mut kept) = (0, 0);
    while 0 < start && breaks <= want {
        let bytes = &trace.outputs()[Id::new(start - 1)].bytes;
        start -= 1;
        breaks += bytes.iter().filter(|&&it| it == b'\n').count();
        kept = if bytes.contains(&b'\n') {
            0
        } else {
            kept + bytes.len()
        };
        if LONGEST < kept {
            break;
        }
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut line: Option<(Stream, Vec<u8>, Id<Printed>)> = None;
    let mut close = |line: &mut Option<(Stream, Vec<u8>, Id<Printed>)>| {
        if let Some((stream, mut bytes, began)) = line.take() {
            bytes.truncate(LONGEST);
            let text = text::clean(&String::from_utf8_lossy(&bytes));
            rows.push(Row {
                stream,
                text,
                began,
            });
        }
    };
    for id in Id::range(Id::new(start)..Id::new(end)) {
        let output = &trace.outputs()[id];
        if line.as_ref().is_some_and(|it| it.0 != output.stream) {
            close(&mut line);
        }
        for part in output.bytes.split_inclusive(|&it| it == b'\n') {
            let text = part.strip_suffix(b"\n").unwrap_or(part);
            let (_, bytes, _) = line.get_or_insert_with(|| (output.stream, Vec::new(), id));
            bytes.extend_from_slice(text);
            if text.len() < part.len() {
                close(&mut line);
            }
        }
    }
    close(&mut line);
    let extra = rows.len().saturating_sub(want);
    rows.drain(..extra);
    rows
}
