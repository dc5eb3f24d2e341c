//! What a monologue claims, sentence by sentence, held against the recorded run.
//!
//! A claim is a sentence that says of a variable what it holds (`` `x` becomes `4` ``, `x = 4`), or of
//! the function what it returns. It is *true* when a step it can mean bears it out, *contradicted* when
//! every such step has the variable with another value, and *uncheckable* otherwise: a sentence that is
//! not understood is never called true.

use std::ops::Range;

use super::literal::{Comparison, compare, parse};
use crate::trace::{EventId, FrameId, Kind, StepId, Trace, Value, repr};

/// Whether the run bears a claim out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It does.
    True,
    /// It does not.
    Contradicted,
    /// The run cannot tell.
    Uncheckable,
}

/// A sentence and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Byte range of the sentence in the text.
    pub bytes: Range<usize>,
    /// What the run says.
    pub verdict: Verdict,
    /// The step that decided it.
    pub step: Option<StepId>,
    /// What was claimed, e.g. `s = 4`.
    pub claimed: Option<String>,
    /// What was recorded there instead, or in agreement.
    pub recorded: Option<String>,
}

/// A fact a sentence states.
#[derive(Debug, Clone, PartialEq)]
enum Fact {
    Holds { name: String, value: Value },
    Returns(Value),
}

impl Verdict {
    /// As JSON and messages write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::Contradicted => "contradicted",
            Self::Uncheckable => "uncheckable",
        }
    }
}

/// Every sentence of `text` that says something about the run of `frame`, checked.
///
/// `line_of` turns the `k` of an `[Lk]` label into a source line. Costs the frame's events once a fact.
pub fn check(
    trace: &Trace,
    frame: FrameId,
    text: &str,
    line_of: impl Fn(u32) -> Option<u32>,
) -> Vec<Claim> {
    let mut line = None;
    let mut res = Vec::new();
    for bytes in sentences(text) {
        let sentence = &text[bytes.clone()];
        line = label(sentence)
            .and_then(&line_of)
            .or(line.filter(|_| sentence.trim_start().starts_with('-')));
        let facts = facts(sentence);
        if facts.is_empty() {
            if says_something(sentence) {
                res.push(Claim {
                    bytes,
                    verdict: Verdict::Uncheckable,
                    step: None,
                    claimed: None,
                    recorded: None,
                });
            }
            continue;
        }
        for fact in facts {
            res.push(judge(trace, frame, line, bytes.clone(), &fact));
        }
    }
    res
}

fn judge(
    trace: &Trace,
    frame: FrameId,
    line: Option<u32>,
    bytes: Range<usize>,
    fact: &Fact,
) -> Claim {
    let (claimed, found) = match fact {
        Fact::Holds { name, value } => (
            format!("{name} = {}", repr(value)),
            holds(trace, frame, line, name, value),
        ),
        Fact::Returns(value) => (
            format!("return {}", repr(value)),
            returned(trace, frame).map(|(step, it)| match compare(value, &it) {
                Comparison::Equal => (Verdict::True, step, it),
                Comparison::Different => (Verdict::Contradicted, step, it),
                Comparison::Unknown => (Verdict::Uncheckable, step, it),
            }),
        ),
    };
    let (verdict, step, recorded) = match found {
        Some((verdict, step, value)) => (verdict, step, Some(repr(&value))),
        None => (Verdict::Uncheckable, None, None),
    };
    Claim {
        bytes,
        verdict,
        step,
        claimed: Some(claimed),
        recorded,
    }
}

/// Looks for a step of `line` (of any line where `None`) after which `name` held `value`.
fn holds(
    trace: &Trace,
    frame: FrameId,
    line: Option<u32>,
    name: &str,
    value: &Value,
) -> Option<(Verdict, Option<StepId>, Value)> {
    let name = trace.name_of(name)?;
    let mut other = None;
    let mut event = Some(trace.frames()[frame].call);
    while let Some(id) = event {
        let here = &trace.events()[id];
        event = here.next;
        let meant = line.is_none_or(|it| it == here.line)
            && matches!(here.kind, Kind::Line(_) | Kind::Call);
        let Some(seen) = event.or(Some(id)).filter(|_| meant) else {
            continue;
        };
        let Some(binding) = trace
            .locals(frame, seen)
            .into_iter()
            .find(|it| it.name == name)
        else {
            continue;
        };
        let recorded = trace.value(binding.value);
        let step = step(trace, id);
        match compare(value, &recorded) {
            Comparison::Equal => return Some((Verdict::True, step, recorded)),
            Comparison::Different => {
                other = other.or(Some((Verdict::Contradicted, step, recorded)))
            }
            Comparison::Unknown => return Some((Verdict::Uncheckable, step, recorded)),
        }
    }
    other
}

fn step(trace: &Trace, event: EventId) -> Option<StepId> {
    match trace.events()[event].kind {
        Kind::Line(step) => step,
        _ => None,
    }
}

/// What the frame returned, and the step that did it.
pub(super) fn returned(trace: &Trace, frame: FrameId) -> Option<(Option<StepId>, Value)> {
    let last = trace.frames()[frame].last;
    match trace.events()[last].kind {
        Kind::Return(value) => Some((trace.step_of(last), trace.value(value))),
        _ => None,
    }
}

/// Byte ranges of sentences: lines, cut at a full stop that a blank follows outside of backticks.
fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut res = Vec::new();
    let (mut start, mut quoted) = (0, false);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '`' => quoted = !quoted,
            '\n' => {
                push(&mut res, text, start..at);
                (start, quoted) = (at + 1, false);
            }
            ' ' if matches!(before, '.' | ';') && !quoted && !numbers(&text[start..at]) => {
                push(&mut res, text, start..at);
                start = at + 1;
            }
            _ => (),
        }
        before = c;
    }
    push(&mut res, text, start..text.len());
    res
}

/// Whether the text so far is only a list's number, as in `3.`.
fn numbers(text: &str) -> bool {
    text.trim().trim_end_matches('.').parse::<u32>().is_ok()
}

fn push(res: &mut Vec<Range<usize>>, text: &str, range: Range<usize>) {
    let sentence = &text[range.clone()];
    let start = range.start + (sentence.len() - sentence.trim_start().len());
    let end = start + sentence.trim().len();
    if start < end {
        res.push(start..end);
    }
}

/// The first `[Lk]` of a sentence.
fn label(sentence: &str) -> Option<u32> {
    let (_, rest) = sentence.split_once("[L")?;
    rest.split_once(']')?.0.parse().ok()
}

/// Whether a line is prose rather than a heading, a fence or a tag.
fn says_something(sentence: &str) -> bool {
    let mark =
        sentence.starts_with('#') || sentence.starts_with("```") || sentence.starts_with('[');
    !mark && sentence.split_whitespace().nth(2).is_some()
}

const BECOMES: &[&str] = &[
    "becomes",
    "is now",
    "is set to",
    "is initialized to",
    "is initialized as",
    "is assigned",
    "is updated to",
    "is equal to",
    "equals",
    "is",
    "=",
];

/// The facts a sentence states: each `` `name` becomes `value` `` and `` `name = value` ``.
fn facts(sentence: &str) -> Vec<Fact> {
    let mut res = Vec::new();
    let parts: Vec<&str> = sentence.split('`').collect();
    for (idx, part) in parts.iter().enumerate().skip(1).step_by(2) {
        if let Some((name, value)) = part.split_once(" = ")
            && let (true, Some(value)) = (is_name(name.trim()), parse(value))
        {
            res.push(Fact::Holds {
                name: name.trim().into(),
                value,
            });
            continue;
        }
        let Some(value) = parse(part) else { continue };
        let before = parts[idx - 1].trim();
        let word = before.to_ascii_lowercase();
        if word.ends_with("returns") || word.ends_with("returned") || word.ends_with("return") {
            res.push(Fact::Returns(value));
            continue;
        }
        let name = idx.checked_sub(2).map(|it| parts[it].trim());
        if let Some(name) = name.filter(|it| is_name(it))
            && BECOMES.contains(&word.as_str())
        {
            res.push(Fact::Holds {
                name: name.into(),
                value,
            });
        }
    }
    res
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|it| it.is_alphabetic() || it == '_')
        && chars.all(|it| it.is_alphanumeric() || it == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sentence: &str, expected: &[&str]) {
        let shown: Vec<String> = facts(sentence)
            .iter()
            .map(|it| match it {
                Fact::Holds { name, value } => format!("{name}={}", repr(value)),
                Fact::Returns(value) => format!("return {}", repr(value)),
            })
            .collect();
        assert_eq!(shown, expected, "{sentence}");
    }

    #[test]
    fn facts_are_found_where_they_are_stated() {
        found("[L3] `n` becomes `4`.", &["n=4"]);
        found("Here `i = 0` and `xs = [1, 2]`.", &["i=0", "xs=[1, 2]"]);
        found("`f` returned `[1]`; fine", &["return [1]"]);
        found("The value `4` is nice.", &[]);
        found("`x` is larger than `4`.", &[]);
        found("`k` is meant to be the window width.", &[]);
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        let text = "1. `a` is `1.5`. Then more.\n- next; last";
        let shown: Vec<&str> = sentences(text).into_iter().map(|it| &text[it]).collect();
        assert_eq!(shown, ["1. `a` is `1.5`.", "Then more.", "- next;", "last"]);
    }

    #[test]
    fn labels_are_read() {
        assert_eq!(label("3. [L12] so"), Some(12));
        assert_eq!(label("[L] none"), None);
    }
}
