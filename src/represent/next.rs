//! NExT: what each line did, beside it.
//!
//! After Ansong Ni et al., "NExT: Teaching Large Language Models to Reason about Code Execution", 2024,
//! arXiv 2404.14662, in the form that the released research code gives it. Unlike that code, records
//! are always parted by `; `, one step has one record, and exceptions are told beside the others.

use super::{
    Pen, Profile, Representation, Request,
    annotate::{Fact, Facts, Item, Told, code, elided, shown, span},
    compat,
    records::Records,
    texts::{Texts, raised},
};
use crate::trace::{self, Trace};

/// The NExT format.
#[derive(Debug)]
pub(super) struct Next;

impl Representation for Next {
    fn name(&self) -> &'static str {
        "next"
    }

    fn title(&self) -> &'static str {
        "NExT"
    }

    fn write(&self, trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
        if request.profile == Profile::Compat {
            return compat::next(trace, request, pen);
        }
        let records = Records::of(trace, request.window.clone());
        let facts = Facts::of(&records);
        let mut texts = Texts::of(trace);
        let beside = |line, pen: &mut Pen<'_>| {
            let Some(facts) = facts.lines.get(&line) else {
                return;
            };
            let mut separator = " #";
            for item in shown(facts) {
                pen.say(separator);
                separator = "; ";
                match item {
                    Item::One(fact) => {
                        let text = text(&records, fact, &mut texts);
                        pen.tell(|| span(&records, fact, line), format_args!("{text}"));
                    }
                    Item::Elided(facts) => {
                        pen.tell(|| elided(&records, facts, line), format_args!("..."));
                    }
                }
            }
        };
        code(trace, facts.file, request.window.clone(), pen, beside);
    }
}

fn text(records: &Records<'_>, fact: &Fact, texts: &mut Texts<'_>) -> String {
    left(records.trace, fact.told, texts).unwrap_or_else(|| {
        let text = bound(records, fact, texts);
        format!("({}) [{}]", fact.number, trace::literal(&text))
    })
}

/// `__return__=…` and its like, for the facts of a line being left.
pub(super) fn left(trace: &Trace, told: Told, texts: &mut Texts<'_>) -> Option<String> {
    Some(match told {
        Told::Input | Told::State => return None,
        Told::Exception(it) => format!("__exception__={}", raised(trace.exception(it))),
        Told::Returned(it) => format!("__return__={}", texts.repr(it).whole),
        Told::Yielded(it) => format!("__yield__={}", texts.repr(it).whole),
    })
}

/// `a = 1, b = 2`: what is bound after a fact's record.
pub(super) fn bound(records: &Records<'_>, fact: &Fact, texts: &mut Texts<'_>) -> String {
    let changes = records.list[fact.record].changes.iter();
    let bound = changes.filter_map(|it| Some((records.trace.name(it.name), it.value?)));
    let pairs: Vec<String> = bound
        .map(|(name, value)| format!("{name} = {}", texts.repr(value).whole))
        .collect();
    pairs.join(", ")
}
