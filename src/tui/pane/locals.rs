//! The variables of the frame looked at: what this step changed first, then the most recently written.

mod happened;
mod row;

use std::{cmp::Reverse, collections::HashSet};

use ratatui::{buffer::Buffer, layout::Rect};

use self::{
    happened::happened,
    row::{Look, Row},
};
use crate::{
    trace::{FrameId, NameId, Row as Written, Rows, Value, repr},
    tui::{
        Action, glyph, masks,
        pane::{List, Outcome, Pane, View, paint},
        text,
        value::{is_data, kind, parts, short},
    },
};

/// See the module.
pub(super) struct Spec;

/// Written parts shown under a variable that is folded.
const PARTS: usize = 8;
/// Rows a frame can have; deeper unfolding is cut there.
const ROWS: usize = 10_000;

#[derive(Default)]
struct Locals {
    list: List,
    /// Which paths are unfolded, e.g. `out[2]`, by frame: stepping keeps them.
    unfolded: HashSet<(FrameId, String)>,
    shows_hidden: bool,
    rows: Vec<Row>,
    /// What the step wrote.
    written: Rows,
    /// Whether anything shown would be masked before it left this machine.
    masked: bool,
}

impl super::Spec for Spec {
    fn name(&self) -> &'static str {
        "locals"
    }
    fn make(&self) -> Box<dyn Pane> {
        Box::new(Locals::default())
    }
}

impl Pane for Locals {
    fn title(&self, view: View<'_>) -> String {
        let name = view
            .focus
            .cursor
            .map(|it| text::clean(&view.trace.code(it.frame()).name));
        let masked = masks::note(self.masked);
        let name = name.unwrap_or_else(|| "nothing yet".into());
        format!("locals of {name}{masked}")
    }

    fn act(&mut self, action: Action, view: View<'_>) -> Outcome {
        self.refresh(view);
        if self.list.act(action, self.rows.len()) {
            return self.select();
        }
        match action {
            Action::Open => match self.rows.get(self.list.selected) {
                Some(Row {
                    label,
                    full: Some(value),
                    ..
                }) => Outcome::Show(format!("{label}  {}", kind(value)), unfolded(value)),
                _ => Outcome::Done,
            },
            Action::Unfold => {
                let frame = view.focus.cursor.map(|it| it.frame());
                let path = self
                    .rows
                    .get(self.list.selected)
                    .and_then(|it| it.path.clone());
                let Some(key) = frame.zip(path) else {
                    return Outcome::Say("there is nothing in it to unfold".into());
                };
                if !self.unfolded.remove(&key) {
                    self.unfolded.insert(key);
                }
                Outcome::Done
            }
            Action::ToggleHidden => {
                self.shows_hidden = !self.shows_hidden;
                Outcome::Say(match self.shows_hidden {
                    true => "functions, modules, classes and dunder names are shown".into(),
                    false => "functions, modules, classes and dunder names are hidden".into(),
                })
            }
            Action::NextMatch | Action::PreviousMatch => {
                let len = self.rows.len();
                let has = |&at: &usize| {
                    let row = &self.rows[at];
                    row.label.contains(view.query) || row.text.contains(view.query)
                };
                let order: Vec<usize> = (1..=len)
                    .map(|it| (self.list.selected + it) % len)
                    .collect();
                let found = match action {
                    Action::NextMatch => order.into_iter().find(has),
                    _ => order.into_iter().rev().skip(1).find(has),
                };
                match found {
                    Some(at) => {
                        self.list.selected = at;
                        self.select()
                    }
                    None => Outcome::Say(format!("no variable has {:?}", view.query)),
                }
            }
            _ => Outcome::Ignored,
        }
    }

    fn click(&mut self, _column: u16, row: u16, view: View<'_>) -> Outcome {
        self.refresh(view);
        let at = self.list.top + usize::from(row);
        if self.rows.len() <= at {
            return Outcome::Ignored;
        }
        self.list.selected = at;
        self.select()
    }

    fn rebase(&mut self, frame: &dyn Fn(FrameId) -> Option<FrameId>) {
        let unfolded = std::mem::take(&mut self.unfolded).into_iter();
        let unfolded = unfolded.filter_map(|(it, path)| Some((frame(it)?, path)));
        self.unfolded = unfolded.collect();
    }

    fn draw(&mut self, view: View<'_>, area: Rect, buf: &mut Buffer) {
        self.refresh(view);
        if let Some(variable) = view.focus.variable
            && self
                .rows
                .get(self.list.selected)
                .is_none_or(|it| it.variable != Some(variable))
            && let Some(at) = self
                .rows
                .iter()
                .position(|it| it.variable == Some(variable))
        {
            self.list.selected = at;
        }
        let shown = self.list.shown(self.rows.len(), usize::from(area.height));
        let names = self
            .rows
            .iter()
            .map(|it| 2 * it.depth + text::width(&it.label));
        let width = usize::from(area.width);
        let name = names.max().unwrap_or(0).clamp(3, (width / 3).max(3));
        let masks = &view.jobs.masks;
        let mut seen = self.rows[shown.clone()].iter();
        self.masked = seen.any(|it| !masks.of(&it.text).is_empty());
        let lines = shown.map(|at| {
            let line = self.rows[at].line(view, width, name);
            match view.focused && at == self.list.selected {
                true => line.style(view.styles.selected),
                false => line,
            }
        });
        paint(lines, area, buf);
    }
}

impl Locals {
    fn select(&self) -> Outcome {
        match self.rows.get(self.list.selected).and_then(|it| it.variable) {
            Some(variable) => Outcome::Select(variable),
            None => Outcome::Done,
        }
    }

    fn refresh(&mut self, view: View<'_>) {
        self.rows.clear();
        let Some((cursor, event)) = view.here() else {
            return;
        };
        let (trace, frame) = (view.trace, cursor.frame());
        let effect = trace.effect_of(event);
        let mut seen: Vec<(NameId, Option<Value>, Option<Value>, u32)> = Vec::new();
        for it in trace.locals(frame, event) {
            let value = Some(trace.value(it.value));
            seen.push((it.name, value.clone(), value, it.since.raw()));
        }
        for write in &effect.writes {
            let new = write.value.map(|it| trace.value(it));
            match seen.iter_mut().find(|it| it.0 == write.name) {
                Some(it) => (it.2, it.3) = (new, u32::MAX),
                None => seen.push((write.name, None, new, u32::MAX)),
            }
        }
        self.written = trace.rows_of(event);
        for row in &self.written.rows {
            if let Some(it) = seen.iter_mut().find(|it| it.0 == row.name) {
                it.3 = it.3.max(u32::MAX - 1);
            }
        }
        // Stable: what was written together stays in the order of the code.
        seen.sort_by_key(|it| Reverse(it.3));
        let mut hidden = 0;
        for (name, old, new, since) in seen {
            let spelled = trace.name(name);
            let quiet = spelled.starts_with("__") && spelled.ends_with("__");
            let is_code = ![&old, &new].into_iter().flatten().any(is_data);
            if !self.shows_hidden && (quiet || is_code) {
                hidden += 1;
                continue;
            }
            self.variable(
                frame,
                (name, text::clean(spelled)),
                old,
                new,
                since == u32::MAX,
            );
        }
        if 0 < self.written.more {
            let said = format!("+{} places written", self.written.more);
            self.rows.push(Row::said(" ", said, Look::Changed));
        }
        self.rows.extend(happened(trace, event, &effect));
        if 0 < hidden {
            self.rows.push(Row::said(
                " ",
                format!("+{hidden} functions, modules and the like"),
                Look::Dim,
            ));
        }
    }

    fn variable(
        &mut self,
        frame: FrameId,
        (name, label): (NameId, String),
        old: Option<Value>,
        new: Option<Value>,
        changed: bool,
    ) {
        let text = match (&old, &new) {
            (Some(old), Some(new)) if changed => {
                format!("{} {} {}", short(old), glyph::ARROW, short(new))
            }
            (Some(old), None) => format!("{} {} deleted", short(old), glyph::ARROW),
            (_, Some(new)) => short(new),
            (None, None) => String::new(),
        };
        let value = new.clone().or_else(|| old.clone());
        let own = |it: &&Written| it.name == name;
        let whole = |it: &&Written| *it.path == label;
        let again = self
            .written
            .rows
            .iter()
            .find(|it| whole(it) && it.unchanged);
        let (mark, text) = match (changed, again) {
            (_, Some(_)) => (glyph::SAME, format!("{text}, written again")),
            (true, None) => (glyph::CHANGED, text),
            (false, None) => (" ", text),
        };
        let is_unfolded = self.unfolded.contains(&(frame, label.clone()));
        self.rows.push(Row {
            mark,
            depth: 0,
            label: label.clone(),
            text,
            kind: value.as_ref().map(kind).unwrap_or_default(),
            look: match changed && again.is_none() {
                true => Look::Changed,
                false => Look::Plain,
            },
            variable: Some(name),
            path: value
                .as_ref()
                .filter(|it| !parts(it).is_empty())
                .map(|_| label.clone()),
            full: value.clone(),
        });
        if is_unfolded {
            if let Some(value) = &value {
                self.parts(frame, name, &label, value, 1);
            }
            return;
        }
        let inner = || self.written.rows.iter().filter(|it| own(it) && !whole(it));
        let more = inner().count().saturating_sub(PARTS);
        let mut rows: Vec<Row> = inner().take(PARTS).map(Row::written).collect();
        if 0 < more {
            let said = format!("+{more} places written");
            rows.push(Row::said(" ", said, Look::Changed));
        }
        self.rows.append(&mut rows);
    }

    fn parts(&mut self, frame: FrameId, variable: NameId, path: &str, value: &Value, depth: usize) {
        for (name, part) in parts(value) {
            if ROWS <= self.rows.len() {
                return;
            }
            let inner = format!("{path}{name}");
            let unfolds = !parts(part).is_empty();
            let is_unfolded = unfolds && self.unfolded.contains(&(frame, inner.clone()));
            let written = self.written.rows.iter().find(|it| it.path == inner);
            let told = written.map(Row::written);
            self.rows.push(Row {
                mark: told.as_ref().map_or(" ", |it| it.mark),
                depth,
                label: name,
                look: told.as_ref().map_or(Look::Plain, |it| it.look),
                text: told.map_or_else(|| short(part), |it| it.text),
                kind: kind(part),
                variable: Some(variable),
                path: unfolds.then(|| inner.clone()),
                full: Some(part.clone()),
            });
            if is_unfolded {
                self.parts(frame, variable, &inner, part, depth + 1);
            }
        }
    }
}

/// The whole value, a part a line where it has parts.
fn unfolded(value: &Value) -> String {
    let parts = parts(value);
    let whole = match value {
        // Text reads best as itself.
        Value::Str { kept, .. } => String::from_utf8_lossy(kept).into_owned(),
        _ => repr(value),
    };
    let lines: Vec<String> = parts
        .iter()
        .map(|(name, it)| format!("{name}  {}", repr(it)))
        .collect();
    match lines.is_empty() {
        true => whole,
        false => format!("{whole}\n\n{}", lines.join("\n")),
    }
}
