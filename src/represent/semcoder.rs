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
    texts::{Texts, raised},
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
        for group in facts.chunk_by(|a, b| a.told == Told::State && b.told == Told::State) {
            pen.say(separator);
            separator = " ";
            let items = match elides {
                true => shown(group),
                false => group.iter().map(Item::One).collect(),
            };
            for item in items {
                match item {
                    Item::One(fact) => {
                        let (start, text) = pen.begin();
                        comment(records, fact, numbered, &mut texts, text);
                        pen.told(start, || span(records, fact, line));
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

fn comment(
    records: &Records<'_>,
    fact: &Fact,
    numbered: bool,
    texts: &mut Texts<'_>,
    text: &mut String,
) {
    match fact.told {
        Told::Input => {
            text.push_str("[INPUT] ");
            object(records, fact, texts, text);
            text.push_str(" [/INPUT]");
        }
        Told::State => {
            let tag = match numbered {
                true => format!("STATE-{}", fact.nth),
                false => "STATE".into(),
            };
            text.push_str(&format!("[{tag}] "));
            object(records, fact, texts, text);
            text.push_str(&format!(" [/{tag}]"));
        }
        Told::Exception(it) => {
            text.push_str("[EXCEPTION] ");
            text.push_str(&raised(records.trace.exception(it)));
            text.push_str(" [/EXCEPTION]");
        }
        Told::Returned(it) | Told::Yielded(it) => {
            text.push_str("[OUTPUT] ");
            texts.put(it, text);
            text.push_str(" [/OUTPUT]");
        }
    }
}

/// Appends what is bound after a fact's record, as a JSON object.
fn object(records: &Records<'_>, fact: &Fact, texts: &mut Texts<'_>, text: &mut String) {
    text.push('{');
    let mut separator = "";
    for change in &records.list[fact.record].changes {
        let Some(value) = change.value else { continue };
        text.push_str(separator);
        text.push_str(texts.name(change.name));
        text.push_str(": ");
        text.push_str(&texts.json(value).whole);
        separator = ", ";
    }
    text.push('}');
}
