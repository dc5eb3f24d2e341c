//! Text that remembers which moments of the run each stretch of it tells of.

use std::{ops::Range, sync::Arc};

use crate::trace::{FrameId, StepId};

/// What a span speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// A step.
    Step(StepId),
    /// The binding of a frame's arguments.
    Call(FrameId),
    /// A line that ran while the file of a `--call` was being imported.
    Prelude,
}

/// What kind of text a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// Source code.
    Code,
    /// A line and the state around it.
    Step,
    /// Changed variables, or a whole state.
    State,
    /// Arguments.
    Input,
    /// A returned value or printed text.
    Output,
    /// An exception.
    Exception,
    /// Stands for records left out.
    Elided,
    /// How the run compares with what was expected.
    Verdict,
    /// Sentences.
    Prose,
}

/// How much of the moment the text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loss {
    /// The span alone determines what the step did.
    Exact,
    /// Several steps share the text.
    Merged,
    /// The text stands for steps it does not show.
    Elided,
    /// The step has no text of its own; it borrows this span.
    Inherited,
    /// Linked by resemblance: model-written prose.
    Guess,
}

/// A stretch of text and the moments it tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Byte range in the page's text, on character borders.
    pub bytes: Range<u32>,
    /// What it is.
    pub kind: SpanKind,
    /// What it tells of, oldest first; empty only for verdicts, for code that never ran, and for the
    /// one span of a page that tells of nothing.
    pub moments: Vec<Moment>,
    /// Source lines it speaks of, counted from 1.
    pub lines: Vec<u32>,
    /// The frame it speaks of, where it is one.
    pub frame: Option<FrameId>,
    /// Variables it names.
    pub names: Vec<Arc<str>>,
    /// How much it tells.
    pub loss: Loss,
}

/// Text with spans.
///
/// Spans are sorted and disjoint, because only a [`Pen`](super::Pen) makes them, at the text's end. Text
/// is limited to 4 GiB.
#[derive(Debug, Clone, Default)]
pub struct Page {
    text: String,
    spans: Vec<Span>,
    /// For each step of `window`, the span that shows it; see [`Page::resolve`].
    resolved: Vec<Option<(u32, Loss)>>,
    window: Range<u32>,
}

impl Span {
    /// A span of `kind` about `moments`, exact, to be placed by [`Pen::tell`](super::Pen::tell).
    pub fn new(kind: SpanKind, moments: Vec<Moment>) -> Self {
        Self {
            bytes: 0..0,
            kind,
            moments,
            lines: Vec::new(),
            frame: None,
            names: Vec::new(),
            loss: match kind {
                SpanKind::Elided => Loss::Elided,
                _ => Loss::Exact,
            },
        }
    }

    /// The same, about a source line.
    pub fn line(mut self, line: u32) -> Self {
        self.lines.push(line);
        self
    }

    /// The same, about a frame.
    pub fn frame(mut self, frame: FrameId) -> Self {
        self.frame = Some(frame);
        self
    }

    /// The same, naming variables.
    pub fn names(mut self, names: impl IntoIterator<Item = Arc<str>>) -> Self {
        self.names.extend(names);
        self
    }

    /// The same, telling this much.
    pub fn loss(mut self, loss: Loss) -> Self {
        self.loss = loss;
        self
    }

    /// The first step it tells of.
    pub fn step(&self) -> Option<StepId> {
        self.moments.iter().find_map(|it| match it {
            Moment::Step(step) => Some(*step),
            Moment::Call(_) | Moment::Prelude => None,
        })
    }
}

impl Page {
    /// A page of `text`, told of by `spans`, which are sorted and disjoint.
    pub(super) fn of(text: String, spans: Vec<Span>) -> Self {
        Self {
            text,
            spans,
            resolved: Vec::new(),
            window: 0..0,
        }
    }

    /// Adds text that tells of no moment in particular.
    pub(super) fn add(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// The same without the text from byte `end` on, a character's border: spans past it are empty, and
    /// what is left of one that it goes through tells less than all.
    pub fn cut(mut self, end: usize) -> Self {
        self.text.truncate(end);
        let end = self.offset();
        for span in self.spans.iter_mut().filter(|it| end < it.bytes.end) {
            span.bytes = span.bytes.start.min(end)..end;
            span.loss = Loss::Elided;
        }
        self
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every span, in order of text.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The steps it was written for.
    pub fn window(&self) -> Range<StepId> {
        StepId::new(self.window.start)..StepId::new(self.window.end)
    }

    /// The span at byte `at`, if there is one.
    pub fn span_at(&self, at: u32) -> Option<&Span> {
        let idx = self.spans.partition_point(|it| it.bytes.end <= at);
        self.spans.get(idx).filter(|it| it.bytes.contains(&at))
    }

    /// Where `step` is shown, and how much of it: its own span, else code of its line, else the nearest
    /// earlier step's span, as [`Loss::Inherited`]. `None` outside the window the page was written for.
    /// Costs nothing: the table is made when the page is finished.
    pub fn resolve(&self, step: StepId) -> Option<(&Span, Loss)> {
        let (at, loss) = self.resolved(step)?;
        Some((&self.spans[at], loss))
    }

    /// As [`Self::resolve`], by position among [`Self::spans`].
    pub fn resolved(&self, step: StepId) -> Option<(usize, Loss)> {
        let at = step.raw().checked_sub(self.window.start)?;
        let (span, loss) = (*self.resolved.get(at as usize)?)?;
        Some((span as usize, loss))
    }

    /// Every span that tells of `step`. Linear in the spans.
    pub fn spans_of(&self, step: StepId) -> impl Iterator<Item = &Span> {
        self.spans
            .iter()
            .filter(move |it| it.moments.contains(&Moment::Step(step)))
    }

    /// Makes the table behind [`Self::resolve`] for the steps of `window`. Call once, when all is told.
    ///
    /// Of several spans about a step the most particular is taken: records before code, few moments
    /// before many, then the first. A step that nothing tells of borrows the last span of the nearest
    /// earlier step that something does tell of, and where there is none, the first span; a page that
    /// tells of nothing gets an empty span at its end for that.
    pub fn finish(&mut self, window: Range<StepId>) {
        self.window = window.start.raw()..window.end.raw();
        if self.spans.is_empty() && !self.window.is_empty() {
            let end = self.offset();
            self.spans.push(Span {
                bytes: end..end,
                ..Span::new(SpanKind::Prose, Vec::new())
            });
        }
        let mut own: Vec<Option<(u32, Loss)>> = vec![None; self.window.len()];
        let mut newest: Vec<u32> = vec![0; self.window.len()];
        // Records of the step are better than the code of its line.
        let rank = |it: &Span| (it.kind == SpanKind::Code, it.moments.len());
        for (idx, span) in self.spans.iter().enumerate() {
            for moment in &span.moments {
                let Moment::Step(step) = moment else { continue };
                let at = step.raw().wrapping_sub(self.window.start) as usize;
                let Some(slot) = own.get_mut(at) else {
                    continue;
                };
                let old = slot.map(|(old, _)| &self.spans[old as usize]);
                if old.is_none_or(|old| rank(span) < rank(old)) {
                    *slot = Some((idx as u32, span.loss));
                }
                if old.is_none_or(|old| old.kind == SpanKind::Code || span.kind != SpanKind::Code) {
                    newest[at] = idx as u32;
                }
            }
        }
        let mut last = (!self.spans.is_empty()).then_some(0);
        for (slot, newest) in own.iter_mut().zip(newest) {
            match slot {
                Some(_) => last = Some(newest),
                None => *slot = last.map(|it| (it, Loss::Inherited)),
            }
        }
        self.resolved = own;
    }

    fn offset(&self) -> u32 {
        u32::try_from(self.text.len()).unwrap_or(u32::MAX)
    }
}
