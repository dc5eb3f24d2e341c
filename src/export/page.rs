//! A page with its spans as one JSON object.

use serde::{Serialize, Serializer, ser::SerializeSeq as _};

use crate::{
    represent::{LeftOut, Loss, Moment, Page, Profile, Representation, Span, SpanKind},
    trace::{Id, StepId},
};

/// How long a text is for a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// What counted them.
    pub tokenizer: String,
    /// How many.
    pub count: usize,
}

/// What `show --json` prints: made while it is written, so that it needs no room beside the page.
///
/// Steps are numbers from 1, the binding of a frame's arguments is `"C"` and the frame's number, lines
/// run during an import are `"M"`. A step without text of its own follows the span it borrows, as one
/// more entry with that span's bytes and the loss `"inherited"`.
#[derive(Debug, Serialize)]
pub struct Shown<'a> {
    representation: &'static str,
    profile: &'static str,
    text: &'a str,
    spans: Spans<'a>,
    tokens: &'a Tokens,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<Absent>,
}

/// What a page leaves out: how many records, and the first and the last of their steps.
#[derive(Debug, Serialize)]
struct Absent {
    records: usize,
    steps: [u32; 2],
}

#[derive(Debug)]
struct Spans<'a>(&'a Page);

#[derive(Serialize)]
struct Entry<'a> {
    start: u32,
    end: u32,
    kind: &'static str,
    steps: Vec<Told>,
    lines: &'a [u32],
    frame: Option<u32>,
    names: Vec<&'a str>,
    loss: &'static str,
}

/// A moment.
#[derive(Serialize)]
#[serde(untagged)]
enum Told {
    Step(u32),
    Named(String),
}

impl<'a> Shown<'a> {
    /// Of `page`, which `representation` wrote by the rules of `profile`.
    pub fn new(
        representation: &dyn Representation,
        profile: Profile,
        page: &'a Page,
        tokens: &'a Tokens,
    ) -> Self {
        Self {
            representation: representation.name(),
            profile: match profile {
                Profile::Canonical => "canonical",
                Profile::Compat => "compat",
            },
            text: page.text(),
            spans: Spans(page),
            tokens,
            left_out: None,
        }
    }

    /// The same, and what the page had to leave out.
    pub fn without(self, left_out: Option<&LeftOut>) -> Self {
        let left_out = left_out.map(|it| Absent {
            records: it.records,
            steps: [it.steps.start.number(), it.steps.end.raw()],
        });
        Self { left_out, ..self }
    }
}

impl Serialize for Spans<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let page = self.0;
        let mut borrowers: Vec<(usize, StepId)> = Id::range(page.window())
            .filter_map(|step| match page.resolved(step) {
                Some((at, Loss::Inherited)) => Some((at, step)),
                _ => None,
            })
            .collect();
        borrowers.sort();
        let mut borrowers = borrowers.into_iter().peekable();
        let mut list = serializer.serialize_seq(None)?;
        for (at, span) in page.spans().iter().enumerate() {
            list.serialize_element(&entry(span, &span.moments, span.loss))?;
            while let Some((_, step)) = borrowers.next_if(|it| it.0 == at) {
                let moments = [Moment::Step(step)];
                list.serialize_element(&entry(span, &moments, Loss::Inherited))?;
            }
        }
        list.end()
    }
}

fn entry<'a>(span: &'a Span, moments: &[Moment], loss: Loss) -> Entry<'a> {
    Entry {
        start: span.bytes.start,
        end: span.bytes.end,
        kind: kind(span.kind),
        steps: moments.iter().map(told).collect(),
        lines: &span.lines,
        frame: span.frame.map(|it| it.raw() + 1),
        names: span.names.iter().map(|it| &**it).collect(),
        loss: match loss {
            Loss::Exact => "exact",
            Loss::Merged => "merged",
            Loss::Elided => "elided",
            Loss::Inherited => "inherited",
            Loss::Guess => "guess",
        },
    }
}

fn told(moment: &Moment) -> Told {
    match moment {
        Moment::Step(step) => Told::Step(step.number()),
        Moment::Call(frame) => Told::Named(format!("C{}", frame.raw() + 1)),
        Moment::Prelude => Told::Named("M".into()),
    }
}

fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Code => "code",
        SpanKind::Step => "step",
        SpanKind::State => "state",
        SpanKind::Input => "input",
        SpanKind::Output => "output",
        SpanKind::Exception => "exception",
        SpanKind::Elided => "elided",
        SpanKind::Verdict => "verdict",
        SpanKind::Prose => "prose",
    }
}
