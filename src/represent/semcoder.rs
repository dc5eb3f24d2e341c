//! SemCoder: what ran, told in order; three ways to tell it.
//!
//! After Yangruibo Ding et al., "SemCoder: Training Code Language Models with Comprehensive Semantics
//! Reasoning", 2024, arXiv 2406.01006. `narrator` tells a monologue's execution part from the trace
//! alone; `bullets` is the list that the research code calls by this name; `inline` is the comments
//! that SemCoder's refinement reads, with the variants that its two flags make. The compatible profile knows the bullets alone, whatever the mode.

mod clauses;
mod narrator;
mod story;
pub(super) mod verdict;
mod writer;

use super::{
    Pen, Profile, Representation, Request,
    annotate::{Fact, Facts, Item, Told, code, elided, shown, span},
    compat,
    next::{bound, left},
    records::Records,
    texts::{Texts, json_text, raised},
};
use crate::trace::Trace;

/// The SemCoder formats.
#[derive(Debug)]
pub(super) struct SemCoder;

impl Representation for SemCoder {
    fn name(&self) -> &'static str {
        "semcoder"
    }

    fn title(&self) -> &'static str {
        "SemCoder"
    }

    fn modes(&self) -> &'static [&'static str] {
        &["narrator", "bullets", "inline"]
    }

    fn variants(&self) -> &'static [&'static str] {
        &["inline-all", "inline-plain", "inline-plain-all"]
    }

    fn write(&self, trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
        if request.profile == Profile::Compat {
            return compat::bullets(trace, request, pen);
        }
        let records = Records::of(trace, request.window.clone());
        match request.mode {
            Some("bullets") => bullets(&records, pen),
            Some("inline") => inline(&records, request, (true, true), pen),
            Some("inline-all") => inline(&records, request, (true, false), pen),
            Some("inline-plain") => inline(&records, request, (false, true), pen),
            Some("inline-plain-all") => inline(&records, request, (false, false), pen),
            _ => narrator::write(&records, request, pen),
        }
    }
}

fn bullets(records: &Records<'_>, pen: &mut Pen<'_>) {
    let mut texts = Texts::of(records.trace);
    for (&line, facts) in &Facts::of(records).lines {
        pen.say_fmt(format_args!("* line {line}: "));
        let items = shown(facts);
        let between = if 3 < items.len() { "; " } else { " " };
        let mut separator = "";
        for item in items {
            pen.say(separator);
            separator = between;
            match item {
                Item::One(fact) => {
                    let text = left(records.trace, fact.told, &mut texts).unwrap_or_else(|| {
                        format!("({}) {}", fact.number, bound(records, fact, &mut texts))
                    });
                    pen.tell(|| span(records, fact, line), format_args!("{text}"));
                }
                Item::Elided(facts) => {
                    pen.tell(|| elided(records, facts, line), format_args!("..."));
                }
            }
        }
        pen.say("\n");
    }
}

/// SemCoder's two flags: whether states are `numbered` in their order, and whether of more than three on a
/// line those between are left out (`elides`).
fn inline(
    records: &Records<'_>,
    request: &Request,
    (numbered, elides): (bool, bool),
    pen: &mut Pen<'_>,
) {
    let facts = Facts::of(records);
    let mut texts = Texts::of(records.trace);
    let beside = |line, pen: &mut Pen<'_>| {
        let Some(facts) = facts.lines.get(&line) else {
            return;
        };
        pen.say(" # ");
        let mut separator = "";
        // Only states are many on a line, and only they are left out.
        let mut groups: Vec<&[Fact]> = facts
            .chunk_by(|a, b| a.told == Told::State && b.told == Told::State)
            .collect();
        groups.retain(|it| !it.is_empty());
        for group in groups {
            pen.say(separator);
            separator = " ";
            let items = match elides {
                true => shown(group),
                false => group.iter().map(Item::One).collect(),
            };
            for item in items {
                match item {
                    Item::One(fact) => {
                        let text = comment(records, fact, numbered, &mut texts);
                        pen.tell(|| span(records, fact, line), format_args!("{text}"));
                    }
                    Item::Elided(facts) => {
                        pen.say(" ");
                        pen.tell(|| elided(records, facts, line), format_args!("..."));
                        pen.say(" ");
                    }
                }
            }
        }
    };
    let window = request.window.clone();
    code(records.trace, facts.file, window, pen, beside);
}

fn comment(records: &Records<'_>, fact: &Fact, numbered: bool, texts: &mut Texts<'_>) -> String {
    match fact.told {
        Told::Input => format!("[INPUT] {} [/INPUT]", object(records, fact, texts)),
        Told::State => {
            let tag = match numbered {
                true => format!("STATE-{}", fact.nth),
                false => "STATE".into(),
            };
            let state = object(records, fact, texts);
            format!("[{tag}] {state} [/{tag}]")
        }
        Told::Exception(it) => {
            let text = raised(records.trace.exception(it));
            format!("[EXCEPTION] {text} [/EXCEPTION]")
        }
        Told::Returned(it) | Told::Yielded(it) => {
            format!("[OUTPUT] {} [/OUTPUT]", texts.repr(it).whole)
        }
    }
}

/// What is bound after a fact's record, as a JSON object.
fn object(records: &Records<'_>, fact: &Fact, texts: &mut Texts<'_>) -> String {
    let changes = records.list[fact.record].changes.iter();
    let bound = changes.filter_map(|it| Some((records.trace.name(it.name), it.value?)));
    let pairs: Vec<String> = bound
        .map(|(name, value)| format!("{}: {}", json_text(name), texts.json(value).whole))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}
