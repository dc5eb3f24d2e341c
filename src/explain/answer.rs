//! What a model's completion holds: the monologue, the answer, the code. Pure text in and out.
//!
//! A completion without what was asked for is data: the functions answer `None`, and nothing errs.

mod assertion;
mod code;
mod hazard;

use std::ops::Range;

pub use assertion::{Assertion, assertion};
pub use code::{Code, code};
pub use hazard::{Hazard, HazardKind, hazards, new_hazards, told};

/// The monologue's place in a completion, in bytes: what is said before the answer, without the tags
/// around it.
pub fn monologue(completion: &str) -> Range<usize> {
    let end = opening(completion).map_or(completion.len(), |tag| tag.start);
    let end = completion[..end].find("[/MONOLOGUE]").unwrap_or(end);
    let tag = "[MONOLOGUE]";
    let start = completion[..end].rfind(tag).map_or(0, |at| at + tag.len());
    let said = &completion[start..end];
    let start = start + (said.len() - said.trim_start().len());
    start..start + said.trim().len()
}

/// What stands between `[ANSWER]` and `[/ANSWER]`, without the space around it.
///
/// The last opening tag counts, since monologues speak of tags too, and the last closing one: its
/// beginning `[/ANS` is enough, and where a stop word took it away the text's end is. Without an opening
/// tag there is no answer, nor is an empty one.
pub fn tagged(completion: &str) -> Option<&str> {
    let rest = &completion[opening(completion)?.end..];
    let answer = rest.rfind("[/ANS").map_or(rest, |end| &rest[..end]);
    Some(answer.trim()).filter(|answer| !answer.is_empty())
}

/// The value that a forward answer gives: the side of its assertion that is not the call, or the whole
/// answer where it is no assertion.
pub fn output(completion: &str) -> Option<&str> {
    let answer = tagged(completion)?;
    match assertion(answer) {
        Some(Assertion { left, right }) => match is_call(right) && !is_call(left) {
            true => Some(left),
            false => Some(right),
        },
        None => assertion::expression(answer),
    }
}

/// The call that a backward answer gives, such as `f(3)`: the side of its assertion that is one, or the
/// whole answer.
pub fn input(completion: &str) -> Option<&str> {
    let answer = tagged(completion)?;
    let sides = match assertion(answer) {
        Some(Assertion { left, right }) => [left, right],
        None => [answer, ""],
    };
    let call = |side: &&str| is_call(side) && !side.contains("??");
    sides.into_iter().find(call)
}

/// The last tag that opens an answer. Models copy the prompt's slip too: `ANSWER]` at a line's start.
fn opening(completion: &str) -> Option<Range<usize>> {
    let whole = completion
        .rfind("[ANSWER]")
        .map(|at| at..at + "[ANSWER]".len());
    let slip = completion
        .rmatch_indices("ANSWER]")
        .map(|(at, tag)| at..at + tag.len())
        .find(|tag| tag.start == 0 || completion[..tag.start].ends_with('\n'));
    match (whole, slip) {
        (Some(whole), Some(slip)) if whole.start < slip.start => Some(slip),
        (Some(whole), _) => Some(whole),
        (None, slip) => slip,
    }
}

/// Whether `text` is a dotted name and one pair of parentheses to its end.
fn is_call(text: &str) -> bool {
    let Some(open) = text.find('(') else {
        return false;
    };
    let name = &text[..open];
    let word = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .is_some_and(|c| c.is_alphabetic() || c == '_')
            && letters.all(|c| c.is_alphanumeric() || c == '_')
    };
    name.split('.').all(word) && assertion::is_bracketed(&text[open..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_between_tags() {
        for (completion, wanted) in [
            (
                "so it is 4\n[ANSWER]\nassert f(3) == 4\n",
                Some("assert f(3) == 4"),
            ),
            ("[ANSWER]4[/ANSWER]", Some("4")),
            ("in [ANSWER] and [/ANSWER] tags\n[ANSWER]5[/ANS", Some("5")),
            ("text\nANSWER]\n6", Some("6")),
            ("ANSWER]7", Some("7")),
            ("[ANSWER]1[/ANSWER]\nANSWER]2", Some("2")),
            ("no tag == at all", None),
            ("the word [/ANSWER] alone", None),
            ("[ANSWER]  \n[/ANSWER]", None),
            ("", None),
        ] {
            assert_eq!(tagged(completion), wanted, "{completion:?}");
        }
    }

    #[test]
    fn outputs() {
        for (answer, wanted) in [
            ("assert f(3) == 4", Some("4")),
            ("assert f(\"a == b\") == \"x == y\"", Some("\"x == y\"")),
            ("assert f(a == 1) == [b == 2]", Some("[b == 2]")),
            ("f(3) == {1: 2}", Some("{1: 2}")),
            ("assert 4 == f(3)", Some("4")),
            ("assert f(3) == set([1])", Some("set([1])")),
            ("\"just a value\"", Some("\"just a value\"")),
            ("4  # as said", Some("4")),
            ("assert f(3)", None),
            ("assert f(3) == [1, 2", None),
            ("assert f(3) ==", None),
        ] {
            let completion = format!("monologue\n[ANSWER]\n{answer}\n[/ANSWER]");
            assert_eq!(output(&completion), wanted, "{answer}");
        }
        assert_eq!(output("assert f(3) == 4"), None);
    }

    #[test]
    fn inputs() {
        for (answer, wanted) in [
            ("assert f(3) == 4", Some("f(3)")),
            ("assert f(\"==\", [1]) == 4", Some("f(\"==\", [1])")),
            ("f([1, 2])", Some("f([1, 2])")),
            ("assert 4 == f(3)", Some("f(3)")),
            ("assert a.b(3) == 4", Some("a.b(3)")),
            ("assert f(??) == 4", None),
            ("3", None),
            ("assert f(3)(4) == 4", None),
            ("assert (f(3) == 4)", Some("f(3)")),
        ] {
            let completion = format!("[ANSWER]\n{answer}");
            assert_eq!(input(&completion), wanted, "{answer}");
        }
    }

    #[test]
    fn monologues() {
        for (completion, wanted) in [
            ("\nFirst, x.\nThen y.\n[ANSWER]\n4", "First, x.\nThen y."),
            ("[MONOLOGUE]\nx\n[/MONOLOGUE]\n[ANSWER]4[/ANSWER]", "x"),
            ("still thinking", "still thinking"),
            ("x\nANSWER]4", "x"),
            ("[ANSWER]4", ""),
            ("", ""),
        ] {
            assert_eq!(&completion[monologue(completion)], wanted, "{completion:?}");
        }
    }
}
