//! The source around the cursor: what ran, what it did, and where the user stands.

mod beside;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use self::beside::beside;
use crate::{
    trace::{Cursor, File, Id},
    tui::{
        Action, Place, glyph, masks,
        pane::{Outcome, Pane, View, paint},
        syntax::Syntax,
        text, travel,
    },
};

/// See the module.
pub(super) struct Spec;

/// Columns of the gutter besides the number: breakpoint, here, whether it ran, a space.
const GUTTER: usize = 4;
/// Columns that values have at least; below this many for code, there are no values.
const VALUES: usize = 11;
/// Lines kept in sight above and below the cursor.
const MARGIN: usize = 3;

#[derive(Default)]
struct Source {
    syntax: Syntax,
    top: usize,
    height: usize,
    shown: Option<(Place, Option<Cursor>)>,
    hides_values: bool,
}

/// How a row is divided: digits of the line number, columns of code, columns of code and values.
#[derive(Clone, Copy)]
struct Columns {
    digits: usize,
    code: usize,
    room: usize,
}

impl super::Spec for Spec {
    fn name(&self) -> &'static str {
        "source"
    }
    fn make(&self) -> Box<dyn Pane> {
        Box::new(Source::default())
    }
}

impl Pane for Source {
    fn title(&self, view: View<'_>) -> String {
        let place = view.focus.place.or_else(|| view.current());
        place.map_or_else(
            || "source".into(),
            |it| {
                let path = &view.trace.files()[it.file].path;
                let name = text::clean(path.rsplit('/').next().unwrap_or(path));
                match view.jobs.files.of(it.file) {
                    Some(since) => format!("{name}  {}", since.in_words()),
                    None => name,
                }
            },
        )
    }

    fn act(&mut self, action: Action, view: View<'_>) -> Outcome {
        let Some(place) = view.focus.place.or_else(|| view.current()) else {
            return Outcome::Ignored;
        };
        let last = self.lines(view, place.file);
        let page = u32::try_from(self.height.max(2) - 1).unwrap_or(1);
        let line = match action {
            Action::Down => place.line.saturating_add(1),
            Action::Up => place.line.saturating_sub(1),
            Action::PageDown => place.line.saturating_add(page),
            Action::PageUp => place.line.saturating_sub(page),
            Action::Open => return self.open(view, place),
            Action::ToggleValues => {
                self.hides_values = !self.hides_values;
                return Outcome::Done;
            }
            Action::NextMatch | Action::PreviousMatch => {
                let Some(line) = self.find(view, place, action == Action::NextMatch) else {
                    return Outcome::Say(format!("no line has {:?}", view.query));
                };
                line
            }
            _ => return Outcome::Ignored,
        };
        Outcome::Point(Place {
            line: line.clamp(1, last.max(1)),
            ..place
        })
    }

    fn click(&mut self, _column: u16, row: u16, view: View<'_>) -> Outcome {
        let Some(place) = view.focus.place.or_else(|| view.current()) else {
            return Outcome::Ignored;
        };
        let line = u32::try_from(self.top)
            .unwrap_or(u32::MAX)
            .saturating_add(u32::from(row) + 1);
        match line <= self.lines(view, place.file) {
            true => Outcome::Point(Place { line, ..place }),
            false => Outcome::Ignored,
        }
    }

    fn draw(&mut self, view: View<'_>, area: Rect, buf: &mut Buffer) {
        let Some(place) = view.focus.place.or_else(|| view.current()) else {
            let waiting = match view.trace.ending() {
                crate::trace::Ending::Open => "waiting for the first step …",
                crate::trace::Ending::Exited(_) => "the run has no steps in the recorded files",
            };
            return paint([Line::styled(waiting, view.styles.dim)], area, buf);
        };
        let Some(lines) = &view.trace.files()[place.file].lines else {
            let path = text::clean(&view.trace.files()[place.file].path);
            let said = format!("line {} of {path}: the source was not recorded", place.line);
            return paint([Line::styled(said, view.styles.dim)], area, buf);
        };
        self.scroll(
            place,
            view.focus.cursor,
            lines.len(),
            usize::from(area.height),
        );
        let width = usize::from(area.width);
        let shown = (self.top..lines.len()).take(usize::from(area.height));
        let digits = lines.len().to_string().len().max(3);
        let room = width.saturating_sub(GUTTER + digits);
        let places = shown.map(|at| Place {
            line: u32::try_from(at + 1).unwrap_or(u32::MAX),
            ..place
        });
        let tells = !self.hides_values && 2 * VALUES <= room;
        let rows: Vec<(Place, Vec<Span<'_>>)> = places
            .map(|it| (it, if tells { beside(view, it) } else { Vec::new() }))
            .collect();
        // Values stand in one column behind the code they belong to, and are cut before it is.
        let told = rows.iter().filter(|it| !it.1.is_empty());
        let widest = told.map(|it| text::width(&text::clean(&lines[it.0.line as usize - 1])));
        let code = widest
            .max()
            .unwrap_or(0)
            .min(room.saturating_sub(VALUES.max(room / 4) + 2));
        let columns = Columns { digits, code, room };
        let rows: Vec<Line<'_>> = rows
            .into_iter()
            .map(|(place, values)| self.row(view, place, values, columns))
            .collect();
        paint(rows, area, buf);
    }
}

impl Source {
    fn lines(&self, view: View<'_>, file: Id<File>) -> u32 {
        let lines = view.trace.files()[file]
            .lines
            .as_deref()
            .unwrap_or_default();
        u32::try_from(lines.len()).unwrap_or(u32::MAX)
    }

    /// To the nearest run of the selected line, later ones first.
    fn open(&self, view: View<'_>, place: Place) -> Outcome {
        let Some(cursor) = view.focus.cursor else {
            return Outcome::Ignored;
        };
        let runs = view.index.runs(place);
        let at = runs.partition_point(|&it| it <= cursor.step());
        match runs.get(at).or(runs[..at].last()) {
            Some(&step) => view.go(Some(step)),
            None => Outcome::Say(format!("line {} {}", place.line, travel::never(view.trace))),
        }
    }

    fn find(&self, view: View<'_>, place: Place, down: bool) -> Option<u32> {
        let lines = view.trace.files()[place.file].lines.as_deref()?;
        let here = place.line as usize;
        let all = (here..lines.len()).chain(0..here.min(lines.len()));
        let has = |&at: &usize| !view.query.is_empty() && lines[at].contains(view.query);
        let found = match down {
            true => all.into_iter().find(has),
            false => all.rev().skip_while(|&it| it + 1 == here).find(has),
        };
        found.and_then(|it| u32::try_from(it + 1).ok())
    }

    fn scroll(&mut self, place: Place, cursor: Option<Cursor>, len: usize, height: usize) {
        self.height = height;
        let at = (place.line as usize).saturating_sub(1);
        let margin = MARGIN.min(height.saturating_sub(1) / 2);
        let (low, high) = (at.saturating_sub(margin), (at + margin + 1).min(len));
        let far = self.shown.is_none_or(|(it, _)| it.file != place.file)
            || high + height < self.top
            || self.top + 2 * height < low;
        if far {
            self.top = at.saturating_sub(height / 2);
        }
        self.top = self.top.min(low).max(high.saturating_sub(height));
        self.top = self.top.min(len.saturating_sub(height));
        self.shown = Some((place, cursor));
    }

    fn row<'a>(
        &mut self,
        view: View<'_>,
        place: Place,
        values: Vec<Span<'a>>,
        columns: Columns,
    ) -> Line<'a> {
        let styles = view.styles;
        let current = view.current() == Some(place);
        let here = match (current, view.here()) {
            (true, Some((cursor, event))) => match view.trace.steps()[cursor.step()].event == event
            {
                true => glyph::HERE,
                false => glyph::OUTER,
            },
            _ => " ",
        };
        let stops = view
            .breakpoints
            .iter()
            .any(|it| it.is_at(view.trace, place.file, place.line));
        let code = &view.trace.files()[place.file]
            .lines
            .as_deref()
            .unwrap_or_default()[place.line as usize - 1];
        let ran = !view.index.runs(place).is_empty();
        let runs = view
            .index
            .outline(place.file)
            .is_some_and(|it| it.runs(place.line, code));
        // Where the oldest steps are gone nobody knows.
        let never = runs && !ran && view.trace.dropped() == 0;
        let selected = view.focused && view.focus.place == Some(place);
        let number = if selected || current {
            styles.now
        } else {
            styles.dim
        };
        let masks = view.jobs.masks.source(view.trace, place.file, place.line);
        let sign = if masks.is_empty() { " " } else { glyph::MASKED };
        let mut spans = vec![
            Span::styled(if stops { glyph::BREAKPOINT } else { " " }, styles.bad),
            Span::styled(here, styles.now),
            Span::styled(format!("{:>1$}", place.line, columns.digits), number),
            Span::styled(if never { glyph::NEVER } else { " " }, styles.dim),
            Span::styled(sign, styles.masked),
        ];
        let room = match values.is_empty() {
            true => columns.room,
            false => columns.code,
        };
        let mut code = self.syntax.line(view.trace, place.file, place.line, styles);
        if never {
            for span in &mut code {
                span.style = styles.dim;
            }
        }
        let code = masks::over(code, &masks, styles.masked);
        let used = push_fitted(&mut spans, code, room);
        if !values.is_empty() {
            spans.push(Span::raw(" ".repeat(room.saturating_sub(used) + 2)));
            push_fitted(&mut spans, values, columns.room.saturating_sub(room + 2));
        }
        let line = Line::from(spans);
        match (selected, current) {
            (true, _) => line.style(styles.selected),
            (false, true) => line.style(styles.line),
            (false, false) => line,
        }
    }
}

/// Appends as many columns of `spans` as there is room for, `…` at a cut; answers how many.
fn push_fitted<'a>(out: &mut Vec<Span<'a>>, spans: Vec<Span<'a>>, room: usize) -> usize {
    let mut used = 0;
    let whole: usize = spans.iter().map(|it| text::width(&it.content)).sum();
    for span in spans {
        let left = room - used;
        let width = text::width(&span.content);
        if width < left || (width == left && whole <= room) {
            used += width;
            out.push(span);
            continue;
        }
        let cut = text::fit(&(span.content.into_owned() + "…"), left);
        used += text::width(&cut);
        out.push(Span::styled(cut, span.style));
        break;
    }
    used
}
