//! A page with its spans as one JSON object.

use serde_json::{Value as Json, json};

use crate::{
    represent::{Loss, Moment, Page, Profile, Representation, Span, SpanKind},
    trace::{Id, StepId},
};

/// How long a text is for a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// What counted them.
    pub tokenizer: String,
    /// How many.
    pub count: usize,
}

/// What `show --json` prints.
///
/// Steps are numbers from 1, the binding of a frame's arguments is `"C"` and the frame's number, lines
/// run during an import are `"M"`. A step without text of its own follows the span it borrows, as one
/// more entry with that span's bytes and the loss `"inherited"`.
pub fn show_json(
    representation: &dyn Representation,
    profile: Profile,
    page: &Page,
    tokens: &Tokens,
) -> Json {
    let mut borrowers: Vec<Vec<StepId>> = vec![Vec::new(); page.spans().len()];
    for step in Id::range(page.window()) {
        if let Some((at, Loss::Inherited)) = page.resolved(step) {
            borrowers[at].push(step);
        }
    }
    let mut spans = Vec::new();
    for (span, borrowers) in page.spans().iter().zip(borrowers) {
        spans.push(entry(span, &span.moments, span.loss));
        for step in borrowers {
            spans.push(entry(span, &[Moment::Step(step)], Loss::Inherited));
        }
    }
    json!({
        "representation": representation.name(),
        "profile": match profile {
            Profile::Canonical => "canonical",
            Profile::Compat => "compat",
        },
        "text": page.text(),
        "spans": spans,
        "tokens": {"tokenizer": tokens.tokenizer, "count": tokens.count},
    })
}

fn entry(span: &Span, moments: &[Moment], loss: Loss) -> Json {
    let names: Vec<&str> = span.names.iter().map(|it| &**it).collect();
    json!({
        "start": span.bytes.start,
        "end": span.bytes.end,
        "kind": kind(span.kind),
        "steps": moments.iter().map(moment).collect::<Vec<_>>(),
        "lines": span.lines,
        "frame": span.frame.map(|it| it.raw() + 1),
        "names": names,
        "loss": match loss {
            Loss::Exact => "exact",
            Loss::Merged => "merged",
            Loss::Elided => "elided",
            Loss::Inherited => "inherited",
            Loss::Guess => "guess",
        },
    })
}

fn moment(moment: &Moment) -> Json {
    match moment {
        Moment::Step(step) => json!(step.number()),
        Moment::Call(frame) => json!(format!("C{}", frame.raw() + 1)),
        Moment::Prelude => json!("M"),
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
