//! One trace format on the screen: the page around the cursor, and what of it tells of which step.

mod draw;
mod rows;

use std::{collections::HashSet, ops::Range};

use self::rows::Row;
use super::{counts, masks::Marked, pane::View, text};
use crate::{
    represent::{Loss, Moment, Page, Profile, Representation, Request, SpanKind, page},
    trace::{Id, StepId, Trace},
};

/// Steps a page is written for at most, however long the trace.
pub const WINDOW: u32 = 512;
/// Pages begin at multiples of this, so that stepping seldom writes a new one.
const BLOCK: u32 = 128;

/// By whose rules a page is written, and in which of its modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Manner {
    /// Whose rules, for formats that know both.
    pub(super) profile: Profile,
    /// The format's own mode; its first where `None`.
    pub(super) mode: Option<&'static str>,
}

/// A page written for a window of steps, and how it is laid out.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    page: Page,
    cut: Option<Cut>,
    manner: Manner,
    window: Range<u32>,
    /// Events of the trace the page was written from, where the window reaches its end.
    events: Option<u32>,
    written: bool,
    characters: usize,
    key: counts::Key,
    width: usize,
    rows: Vec<Row>,
    top: usize,
    /// The span selected by hand, and the step it was selected at.
    selected: Option<(usize, StepId)>,
    /// The match found last, and the step it was found at.
    found: Option<(Range<usize>, StepId)>,
    /// Spans of hidden steps that are shown open, by the first of these steps.
    open: HashSet<StepId>,
    height: usize,
    shown: Option<StepId>,
}

/// What a page was cut to, and the whole of it.
#[derive(Debug)]
struct Cut {
    /// In tokens.
    budget: usize,
    whole: Page,
}

/// What a page tells of one step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told<'a> {
    /// The text of the span that shows the step: its own, or the one it borrows.
    pub(super) text: &'a str,
    /// How much of the step it tells.
    pub(super) loss: Loss,
    /// What it is.
    pub(super) kind: SpanKind,
    /// How many moments share it.
    pub(super) shared: usize,
    /// The first step it tells of.
    pub(super) of: Option<StepId>,
    /// Where the text stands in the page.
    bytes: Range<usize>,
    /// Whether the step's text names the variable.
    names: Vec<&'a str>,
}

impl Told<'_> {
    /// Whether the format has words for this step alone or among others, not only its line's code.
    pub(super) fn speaks(&self) -> bool {
        !self.text.is_empty()
            && self.kind != SpanKind::Code
            && !matches!(self.loss, Loss::Inherited)
    }

    /// Whether it names the variable `name` at this step.
    pub(super) fn names(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    /// How much of the step is told, in a few words.
    pub(super) fn in_words(&self) -> String {
        let of = match self.of {
            Some(step) => format!("step {}'s stands in", step.number()),
            None => "nothing stands in".into(),
        };
        match (self.loss, self.kind) {
            (Loss::Inherited, _) => format!("no text at this step; {of}"),
            (_, SpanKind::Code) => "no text at this step but its line of code".into(),
            (Loss::Elided, SpanKind::Elided) => {
                format!("hidden with {} others", self.shared.saturating_sub(1))
            }
            (Loss::Elided, _) => "told, cut short".into(),
            (Loss::Merged, _) => format!("told together with {} others", self.shared.max(1) - 1),
            (Loss::Guess, _) => "a guess: linked by resemblance".into(),
            (Loss::Exact, _) => "told exactly".into(),
        }
    }
}

/// The steps that a page around `step` tells of: the first, and the one after the last.
pub(super) fn window(trace: &Trace, step: StepId) -> (StepId, StepId) {
    // The oldest steps of a long run may be gone.
    let (first, end) = (trace.steps().start(), trace.steps().end());
    if end.raw() - first.raw() <= WINDOW {
        return (first, end);
    }
    let start = (step.raw() / BLOCK).saturating_sub(1) * BLOCK;
    let start = start.max(first.raw());
    (Id::new(start), end.min(Id::new(start + WINDOW - BLOCK)))
}

impl Sheet {
    /// Writes the page anew if the cursor left its window, the trace grew within it, or it is to be
    /// written in another manner.
    pub(super) fn refresh(
        &mut self,
        representation: &dyn Representation,
        trace: &Trace,
        step: StepId,
        manner: Manner,
    ) {
        let manner = possible(representation, manner);
        let (start, end) = window(trace, step);
        let window = start.raw()..end.raw();
        let end = trace.steps().end().raw();
        let events = (window.end == end).then(|| trace.events().end().raw());
        let same = self.window == window && self.events == events && self.manner == manner;
        if self.written && same {
            return;
        }
        self.window = window;
        self.events = events;
        self.manner = manner;
        self.written = true;
        self.cut = None;
        self.put(page(representation, trace, &self.request(trace)));
    }

    /// Cuts the page to the tokens that pages are to have at most, or shows it whole again; where that has to
    /// be counted first, later.
    pub(super) fn fit(
        &mut self,
        representation: &'static dyn Representation,
        trace: &Trace,
        budget: Option<usize>,
        counts: &counts::Counts,
    ) {
        if self.cut.as_ref().map(|it| it.budget) == budget {
            return;
        }
        if let Some(cut) = self.cut.take() {
            self.put(cut.whole);
        }
        let tokens = self.tokens(counts);
        let Some(budget) = budget.filter(|it| tokens.is_some_and(|tokens| *it < tokens)) else {
            return;
        };
        let fitted = counts.fit(self.key, budget, || counts::Fit {
            representation,
            trace: trace.clone(),
            request: self.request(trace),
        });
        // Where not even a step fits, all of it is shown.
        if let Some(Ok(fitted)) = fitted.as_deref() {
            let whole = std::mem::take(&mut self.page);
            self.put(fitted.page.clone());
            self.cut = Some(Cut { budget, whole });
        }
    }

    /// The tokens it was cut to.
    pub(super) fn cut(&self) -> Option<usize> {
        self.cut.as_ref().map(|it| it.budget)
    }

    /// Sees to it that the page is written anew.
    pub(super) fn forget(&mut self) {
        self.written = false;
    }

    fn request(&self, trace: &Trace) -> Request {
        Request {
            window: Id::new(self.window.start)..Id::new(self.window.end),
            profile: self.manner.profile,
            mode: self.manner.mode,
            ..Request::whole(trace)
        }
    }

    fn put(&mut self, page: Page) {
        self.characters = page.text().chars().count();
        self.key = counts::key(page.text());
        self.page = page;
        self.width = 0;
        self.selected = None;
        self.found = None;
    }

    /// By whose rules it was written, and in which mode.
    pub(super) fn manner(&self) -> Manner {
        self.manner
    }

    /// Its characters.
    pub(super) fn characters(&self) -> usize {
        self.characters
    }

    /// Its tokens, once they are counted.
    pub(super) fn tokens(&self, counts: &counts::Counts) -> Option<usize> {
        match self.written {
            true => counts.of(self.key, self.page.text()),
            false => None,
        }
    }

    /// The steps it tells of where those are not all, counted from 1.
    pub(super) fn part(&self, trace: &Trace) -> Option<(u32, u32)> {
        let steps = trace.steps();
        let all = self.window == (steps.start().raw()..steps.end().raw());
        (!all).then(|| (self.window.start + 1, self.window.end))
    }

    /// Selects the next span after the selected or the current one, or the one before.
    pub(super) fn select(&mut self, step: StepId, down: bool, by: usize) {
        let Some(here) = self
            .selection(step)
            .or_else(|| self.current(step).map(|it| it.0))
        else {
            return;
        };
        let last = self.page.spans().len().saturating_sub(1);
        let to = match down {
            true => (here + by).min(last),
            false => here.saturating_sub(by),
        };
        self.selected = Some((to, step));
        self.found = None;
        self.shown = None;
    }

    /// Finds the next place that has `query`, and selects the span there; whether there is one.
    pub(super) fn find(&mut self, step: StepId, query: &str, down: bool) -> bool {
        let spans = self.page.spans();
        let last = self.found.as_ref().filter(|it| it.1 == step);
        let here = self
            .selection(step)
            .or_else(|| self.current(step).map(|it| it.0))
            .and_then(|it| spans.get(it));
        let from = match (last, here) {
            (Some((range, _)), _) if down => range.end,
            (Some((range, _)), _) => range.start,
            (None, Some(span)) => span.bytes.start as usize,
            (None, None) => 0,
        };
        let Some(range) = text::find(self.page.text(), query, from, down) else {
            return false;
        };
        let at = spans.partition_point(|it| it.bytes.end as usize <= range.start);
        let within = spans
            .get(at)
            .is_some_and(|it| (it.bytes.start as usize) < range.end);
        self.selected = within.then_some((at, step));
        self.found = Some((range, step));
        self.shown = None;
        true
    }

    /// The step that the selected span tells of.
    pub(super) fn chosen(&self, step: StepId) -> Option<StepId> {
        let at = self.selection(step)?;
        self.page.spans().get(at)?.step()
    }

    /// Opens or closes the hidden steps of the selected span, or of the one at the cursor; whether it
    /// has any.
    pub(super) fn unfold(&mut self, step: StepId) -> bool {
        let at = self
            .selection(step)
            .or_else(|| self.current(step).map(|it| it.0));
        let Some(first) = at.and_then(|it| self.hidden(it)).and_then(|it| it.0) else {
            return false;
        };
        if !self.open.remove(&first) {
            self.open.insert(first);
        }
        self.width = 0;
        true
    }

    /// The hidden steps of span `at`: the first, and how many; `None` for a span that hides none.
    fn hidden(&self, at: usize) -> Option<(Option<StepId>, usize)> {
        let span = self.page.spans().get(at)?;
        let steps = span.moments.iter().filter_map(|it| match it {
            Moment::Step(step) => Some(*step),
            Moment::Call(_) | Moment::Prelude => None,
        });
        (span.kind == SpanKind::Elided && !span.moments.is_empty())
            .then(|| (steps.clone().next(), steps.count()))
    }

    /// Selects what is on a row of the screen: a span, or a hidden step, which is answered.
    pub(super) fn point(&mut self, step: StepId, row: u16) -> Option<StepId> {
        let row = self.rows.get(self.top + usize::from(row))?;
        let start = match row {
            Row::Text(range) => range.start,
            Row::Hidden { step, .. } => return Some(*step),
            Row::More(_) => return None,
        };
        let spans = self.page.spans();
        let at = spans.partition_point(|it| it.bytes.end as usize <= start);
        if at < spans.len() {
            self.selected = Some((at, step));
        }
        None
    }

    /// What it tells of `step`; `None` outside its window.
    pub(super) fn told(&self, step: StepId) -> Option<Told<'_>> {
        let (span, loss) = self.page.resolve(step)?;
        let own = self.page.spans_of(step).flat_map(|it| &it.names);
        Some(Told {
            text: &self.page.text()[bytes(&span.bytes)],
            bytes: bytes(&span.bytes),
            loss,
            kind: span.kind,
            shared: span.moments.len(),
            of: span.step(),
            names: match loss {
                Loss::Inherited => Vec::new(),
                _ => own.map(|it| &**it).collect(),
            },
        })
    }

    /// What is told, and what of it would be masked before it left this machine.
    pub(super) fn marked(&self, told: &Told<'_>, view: View<'_>) -> Marked {
        let masks = &view.jobs.masks;
        let page = masks.page(view.trace, &self.page, told.bytes.clone());
        Marked::part(told.text, told.bytes.start, &page)
    }

    /// Rows shown when last drawn.
    pub(super) fn height(&self) -> usize {
        self.height
    }

    fn selection(&self, step: StepId) -> Option<usize> {
        self.selected.filter(|(_, at)| *at == step).map(|it| it.0)
    }

    fn current(&self, step: StepId) -> Option<(usize, Loss)> {
        self.page.resolved(step)
    }
}

/// The manner nearest to `wanted` that the format knows.
pub(super) fn possible(representation: &dyn Representation, wanted: Manner) -> Manner {
    let mode = wanted.mode.filter(|it| representation.modes().contains(it));
    Manner { mode, ..wanted }
}

fn bytes(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}
