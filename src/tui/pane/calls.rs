//! The calls of the run as a tree, in the order they began, around the one the cursor is in.

use std::collections::HashSet;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    trace::{Activation, ActivationId, CodeKind, EventId, FrameId, Id, Kind, StepId, Trace},
    tui::{
        Action, glyph,
        pane::{Outcome, Pane, View, paint},
        text, travel,
        value::short,
    },
};

/// See the module.
pub(super) struct Spec;

/// Calls looked through by one search.
const FAR: usize = 50_000;

#[derive(Default)]
struct Calls {
    top: Option<ActivationId>,
    selected: Option<ActivationId>,
    folded: HashSet<ActivationId>,
    height: usize,
    followed: Option<StepId>,
}

impl super::Spec for Spec {
    fn name(&self) -> &'static str {
        "calls"
    }
    fn make(&self) -> Box<dyn Pane> {
        Box::new(Calls::default())
    }
}

impl Pane for Calls {
    fn title(&self, view: View<'_>) -> String {
        format!("calls, {} in the run", view.trace.activations().len())
    }

    fn act(&mut self, action: Action, view: View<'_>) -> Outcome {
        let Some(here) = self.selected.or_else(|| current(view)) else {
            return Outcome::Ignored;
        };
        let page = self.height.max(2) - 1;
        match action {
            Action::Down => self.selected = Some(self.moved(view.trace, here, 1)),
            Action::Up => self.selected = Some(self.moved_back(view.trace, here, 1)),
            Action::PageDown => self.selected = Some(self.moved(view.trace, here, page)),
            Action::PageUp => self.selected = Some(self.moved_back(view.trace, here, page)),
            Action::Open => {
                let entered = view.trace.activations()[here].entered;
                return view.go(travel::first_step(view.trace, entered));
            }
            Action::Unfold => {
                if !self.folded.remove(&here) {
                    self.folded.insert(here);
                }
            }
            Action::NextMatch | Action::PreviousMatch => return self.find(view, here, action),
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn click(&mut self, _column: u16, row: u16, view: View<'_>) -> Outcome {
        let Some(top) = self.top else {
            return Outcome::Ignored;
        };
        self.selected = Some(self.moved(view.trace, top, usize::from(row)));
        self.act(Action::Open, view)
    }

    fn rebase(&mut self, _frame: &dyn Fn(FrameId) -> Option<FrameId>) {
        let height = self.height;
        *self = Self {
            height,
            ..Self::default()
        };
    }

    fn draw(&mut self, view: View<'_>, area: Rect, buf: &mut Buffer) {
        self.height = usize::from(area.height);
        let (Some(now), Some(cursor)) = (current(view), view.focus.cursor) else {
            return;
        };
        if self.followed != Some(cursor.step()) {
            self.followed = Some(cursor.step());
            self.selected = Some(now);
        }
        let selected = self.selected.unwrap_or(now);
        let top = self.scrolled(view.trace, selected);
        self.top = Some(top);
        let mut at = Some(top);
        let rows = std::iter::from_fn(|| {
            let id = at?;
            at = self.next(view.trace, id);
            let line = self.line(view, id, id == now, usize::from(area.width));
            Some(match view.focused && id == selected {
                true => line.style(view.styles.selected),
                false => line,
            })
        });
        paint(rows, area, buf);
    }
}

impl Calls {
    /// The row after `id`: its first call, or past it where it is folded.
    fn next(&self, trace: &Trace, id: ActivationId) -> Option<ActivationId> {
        let next = match (self.folded.contains(&id), trace.activations()[id].left) {
            (true, Some(left)) => {
                Id::new(trace.activations().partition_point(|it| it.entered <= left))
            }
            (true, None) => return None,
            (false, _) => id.plus(1),
        };
        trace.activations().get(next).map(|_| next)
    }

    /// The row before `id`: the call before it, or the outermost folded one around that.
    fn previous(&self, trace: &Trace, id: ActivationId) -> Option<ActivationId> {
        let before = id.minus(1)?;
        if self.folded.is_empty() {
            return Some(before);
        }
        let mut row = before;
        let mut at = before;
        while let Some(caller) = trace.activations()[at].caller {
            at = trace.events()[caller].activation;
            if self.folded.contains(&at) && at < id && is_within(trace, at, id) != Some(true) {
                row = at;
            }
        }
        Some(row)
    }

    fn moved(&self, trace: &Trace, from: ActivationId, rows: usize) -> ActivationId {
        (0..rows)
            .try_fold(from, |at, _| self.next(trace, at).ok_or(at))
            .unwrap_or_else(|at| at)
    }

    fn moved_back(&self, trace: &Trace, from: ActivationId, rows: usize) -> ActivationId {
        (0..rows)
            .try_fold(from, |at, _| self.previous(trace, at).ok_or(at))
            .unwrap_or_else(|at| at)
    }

    /// The first row to show so that `selected` is in sight.
    fn scrolled(&self, trace: &Trace, selected: ActivationId) -> ActivationId {
        let height = self.height.max(1);
        if let Some(top) = self.top.filter(|&it| it <= selected) {
            let mut at = Some(top);
            for _ in 0..height {
                if at == Some(selected) {
                    return top;
                }
                at = at.and_then(|it| self.next(trace, it));
            }
        }
        self.moved_back(trace, selected, height / 2)
    }

    fn find(&mut self, view: View<'_>, here: ActivationId, action: Action) -> Outcome {
        let mut at = here;
        for _ in 0..FAR {
            let next = match action {
                Action::NextMatch => self.next(view.trace, at),
                _ => self.previous(view.trace, at),
            };
            let Some(next) = next else { break };
            at = next;
            let frame = view.trace.activations()[at].frame;
            if view.trace.code(frame).qualname.contains(view.query) {
                self.selected = Some(at);
                return Outcome::Done;
            }
        }
        Outcome::Say(format!(
            "no call of {:?} within {FAR} calls that way",
            view.query
        ))
    }

    fn line<'a>(&self, view: View<'_>, id: ActivationId, is_now: bool, width: usize) -> Line<'a> {
        let (trace, styles) = (view.trace, view.styles);
        let it = &trace.activations()[id];
        let calls = is_within(trace, id, id.plus(1)) == Some(true);
        let fold = match (calls, self.folded.contains(&id)) {
            (false, _) => glyph::NEVER,
            (true, true) => glyph::FOLDED,
            (true, false) => glyph::UNFOLDED,
        };
        let unwound = it
            .left
            .is_some_and(|it| trace.events()[it].kind == Kind::Unwind);
        let mark = match (is_now, unwound) {
            (true, _) => glyph::HERE,
            (false, true) => glyph::ERROR,
            (false, false) => " ",
        };
        let indent = " ".repeat((2 * it.depth as usize).min(width / 3));
        let first = trace
            .steps()
            .partition_point(|step| step.event < it.entered);
        let end = it.left.map_or(trace.steps().end().raw(), |left| {
            trace.steps().partition_point(|step| step.event <= left)
        });
        let line = trace.events()[it.entered].line;
        let size = format!(" L{line} {:>6} steps", end - first);
        let room = width.saturating_sub(text::width(&size) + 5 + indent.len());
        let said = spoken(trace, it);
        // The mark in front says it already.
        let said = said.trim_end_matches([' ', '✖']).to_owned()
            + if is_now && unwound { " ✖" } else { "" };
        let said = text::clean(&said);
        let shown = text::column(&text::fit_middle(&said, room), room);
        let said = view.jobs.masks.cut(&said, shown);
        let style = match (is_now, unwound) {
            (true, _) => styles.now,
            (false, true) => styles.bad,
            (false, false) => styles.text,
        };
        let mut spans = vec![
            Span::styled(mark, if unwound { styles.bad } else { styles.now }),
            Span::styled(said.sign(), styles.masked),
            Span::styled(format!("{indent}{fold} "), styles.dim),
        ];
        spans.extend(said.spans(style, styles));
        spans.push(Span::styled(size, styles.dim));
        Line::from(spans)
    }
}

/// The call that the frame looked at is in.
fn current(view: View<'_>) -> Option<ActivationId> {
    let (_, event): (_, EventId) = view.here()?;
    Some(view.trace.events()[event].activation)
}

/// Whether `inner` began during `outer` on the same thread; `None` if there is no such call.
fn is_within(trace: &Trace, outer: ActivationId, inner: ActivationId) -> Option<bool> {
    let inner = trace.activations().get(inner)?;
    let outer = &trace.activations()[outer];
    let thread = |it: &Activation| trace.frames()[it.frame].thread;
    Some(
        outer.depth < inner.depth
            && thread(outer) == thread(inner)
            && outer.left.is_none_or(|left| inner.entered < left),
    )
}

/// `name(argument=value, …) → result`, not cleaned for the screen.
pub(super) fn spoken(trace: &Trace, it: &Activation) -> String {
    let code = trace.code(it.frame);
    let frame = &trace.frames()[it.frame];
    let parameters = &code.locals[..(code.parameters as usize).min(code.locals.len())];
    let call = trace
        .writes(frame.call)
        .filter(|it| parameters.contains(&it.name));
    let arguments: Vec<String> = call
        .filter_map(|it| {
            Some(format!(
                "{}={}",
                trace.name(it.name),
                short(&trace.value(it.value?))
            ))
        })
        .collect();
    let resumed = match it.entered == frame.call {
        true => "",
        false => "resume ",
    };
    let result = match it.left.map(|it| trace.events()[it].kind) {
        Some(Kind::Return(value)) => format!(" {} {}", glyph::ARROW, short(&trace.value(value))),
        Some(Kind::Yield(value)) => {
            format!(" {} yield {}", glyph::ARROW, short(&trace.value(value)))
        }
        Some(Kind::Unwind) => format!(" {}", glyph::ERROR),
        _ => String::new(),
    };
    match code.kind {
        CodeKind::Module => format!("{resumed}{}{result}", code.qualname),
        // A class body has no arguments, and its result is no value.
        CodeKind::Class => format!("class {}", code.qualname),
        _ => format!(
            "{resumed}{}({}){result}",
            code.qualname,
            arguments.join(", ")
        ),
    }
}
