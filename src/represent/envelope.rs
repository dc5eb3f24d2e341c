//! A test case around a representation: what went in, what should have come out, how it compares.
//!
//! In the compatible profile it is byte for byte what the released research code's inference puts around
//! one failed test, its quirks included: doubled quotes, brackets lost, texts cut at 100 columns, and a
//! list of SemCoder's bullets that says FAILED whatever came out. Unlike that code, the arguments are those
//! of the call as it began, not what the program made of them. In the canonical profile the headings are
//! the same, values are Python's, and the verdict is the run's. The narrator's text has its own headings
//! and verdict, and stays as it is.

use super::{
    Pen, Profile, Representation, Request, Span, SpanKind,
    semcoder::verdict::{self, Outcome},
};
use crate::trace::{CodeKind, FrameId, Trace, literal};

/// Columns of a value that the research code shows.
const COLUMNS: usize = 100;

/// A representation, with the test case around it where the request says what was expected.
#[derive(Clone, Copy)]
pub struct Enveloped<'a>(pub &'a dyn Representation);

impl Representation for Enveloped<'_> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn title(&self) -> &'static str {
        self.0.title()
    }

    fn modes(&self) -> &'static [&'static str] {
        self.0.modes()
    }

    fn write(&self, trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
        let named = match self.0.modes() {
            [] => Some(self.0.name()),
            modes => request.mode.or(modes.first().copied()),
        };
        let compat = request.profile == Profile::Compat;
        match &request.expected {
            Some(expected) if compat => released(self.0, trace, request, expected, pen),
            Some(expected) if named != Some("narrator") => {
                canonical(self.0, trace, request, expected, pen);
            }
            _ => self.0.write(trace, request, pen),
        }
    }
}

fn canonical(
    inner: &dyn Representation,
    trace: &Trace,
    request: &Request,
    expected: &str,
    pen: &mut Pen<'_>,
) {
    let tests = format!(
        "## TESTCASES\n\n**TEST1**\n\ninput1={}\n\nexpect output1={expected}\n",
        arguments(trace).join(", ")
    );
    pen.say("## Trace\n\n");
    if inner.name() == "next" {
        pen.say("**BUGGY_PROGRAM**\n\n```python\n");
        inner.write(trace, request, pen);
        ended(pen);
        pen.say_fmt(format_args!("```\n\n{tests}"));
    } else {
        pen.say_fmt(format_args!(
            "{tests}\n## EXPLANATION\n\n**TEST1_RESULT**\n\n"
        ));
        inner.write(trace, request, pen);
        ended(pen);
    }
    let Some(Outcome { got, held }) = verdict::outcome(trace, expected) else {
        return;
    };
    let mut text =
        format!("TEST1_BUGGY_PROGRAM_OUTPUT = execute (BUGGY_PROGRAM, input1) = {got}\n");
    if let Some(held) = held {
        let (word, truth, what) = match held {
            true => ("PASSED", "True", "passed"),
            false => ("FAILED", "False", "failed"),
        };
        text += &format!(
            "\n**{word}**\n\nassert TEST1_BUGGY_PROGRAM_OUTPUT == output1 is {truth}\n\n\
             TEST1 {what} in BUGGY_PROGRAM\n"
        );
    }
    pen.say("\n");
    pen.tell(
        || Span::new(SpanKind::Verdict, Vec::new()),
        format_args!("{text}"),
    );
}

fn released(
    inner: &dyn Representation,
    trace: &Trace,
    request: &Request,
    expected: &str,
    pen: &mut Pen<'_>,
) {
    let (input, output) = (given(trace), wanted(trace, expected));
    let quote = match inner.name() {
        "semcoder" => "",
        _ => "'",
    };
    let tests = format!(
        "## TESTCASES \n\n\n**TEST1**\n\ninput1={quote}{input}{quote}\n\n\
         expect output1={quote}{output}{quote}\n"
    );
    pen.say("\n## Trace \n\n");
    match inner.name() {
        "next" => {
            pen.say("**BUGGY_PROGRAM**\n\n```python\n");
            inner.write(trace, request, pen);
            ended(pen);
            pen.say_fmt(format_args!("\n```\n\n{tests}\n"));
        }
        "semcoder" => {
            pen.say_fmt(format_args!(
                "{tests}\n\n## EXPLANATION\n\n\n**TEST1_RESULT**\n\n"
            ));
            inner.write(trace, request, pen);
            ended(pen);
            let got = verdict::outcome(trace, expected).map(|it| first_line(&it.got));
            pen.say("  \n");
            pen.tell(
                || Span::new(SpanKind::Verdict, Vec::new()),
                format_args!(
                    "TEST1_BUGGY_PROGRAM_OUTPUT = execute (BUGGY_PROGRAM, input1) = \"{}\"    \n\n\
                     **FAILED** \n\nassert TEST1_BUGGY_PROGRAM_OUTPUT == output1 is False \n\n\n\
                     TEST1 failed in BUGGY_PROGRAM \n",
                    got.unwrap_or_default()
                ),
            );
        }
        name => {
            let (before, after) = match name {
                "concise" => ("\n", ""),
                _ => ("", " "),
            };
            pen.say_fmt(format_args!("{before}{tests}\n\n## EXPLANATION{after}\n\n"));
            inner.write(trace, request, pen);
        }
    }
}

/// Ends the last line of what is written.
fn ended(pen: &mut Pen<'_>) {
    if !pen.ends_line() {
        pen.say("\n");
    }
}

/// What the entry was called with; nothing of a script.
fn arguments(trace: &Trace) -> Vec<String> {
    let function = |it: &FrameId| trace.code(*it).kind == CodeKind::Function;
    let Some(frame) = trace.entry().filter(function) else {
        return Vec::new();
    };
    let code = trace.code(frame);
    let parameters = &code.locals[..(code.parameters as usize).min(code.locals.len())];
    let held = trace.locals(frame, trace.frames()[frame].call);
    parameters
        .iter()
        .filter_map(|name| held.iter().find(|it| it.name == *name))
        .map(|it| trace.repr(it.value))
        .collect()
}

/// The input as the research code shows it: of one argument its `repr`, of several a list's.
fn given(trace: &Trace) -> String {
    let arguments = arguments(trace);
    first_line(&match &arguments[..] {
        [] => "''".into(),
        [one] => unbracketed(one),
        several => literal(&several.join(", ")),
    })
}

/// What was expected as the research code shows it: of a script, text.
fn wanted(trace: &Trace, expected: &str) -> String {
    let expected = expected.trim();
    let quoted = expected.starts_with(['\'', '"']);
    first_line(&match trace.call() {
        None if !quoted => literal(expected),
        _ => unbracketed(expected),
    })
}

/// A value's `repr`; lists and tuples become the text between their brackets first.
fn unbracketed(repr: &str) -> String {
    let inside = |open, close| repr.strip_prefix(open)?.strip_suffix(close);
    match inside('[', ']').or_else(|| inside('(', ')')) {
        Some(inner) if !inner.is_empty() => literal(inner),
        _ => repr.to_owned(),
    }
}

/// The first line of a text wrapped at [`COLUMNS`] between words. Words longer than that are broken.
fn first_line(text: &str) -> String {
    let byte = |n: usize| text.char_indices().nth(n).map_or(text.len(), |it| it.0);
    let end = byte(COLUMNS);
    if end == text.len() {
        return text.to_owned();
    }
    let line = &text[..end];
    let space = match text[end..].starts_with(' ') {
        true => Some(end),
        false => line.rfind(' '),
    };
    // A word that does not fit any line fills this one.
    let long = |at: usize| {
        let word = text[at..].trim_start().split(' ').next();
        word.is_some_and(|it| COLUMNS < it.chars().count())
    };
    match space.filter(|&at| at == end || !long(at)) {
        Some(at) => text[..at].trim_end().to_owned(),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lose_their_brackets_and_gain_quotes() {
        for (repr, shown) in [
            ("[1, 2]", "'1, 2'"),
            ("['a']", "\"'a'\""),
            ("(1, 2)", "'1, 2'"),
            ("[]", "[]"),
            ("4", "4"),
            ("'a'", "'a'"),
            ("{1: 2}", "{1: 2}"),
        ] {
            assert_eq!(unbracketed(repr), shown);
        }
    }

    #[test]
    fn a_long_value_shows_its_first_line() {
        // As Python's `textwrap.wrap(text, width=100)[0]`.
        assert_eq!(first_line("short"), "short");
        let words = "1234, ".repeat(30);
        assert_eq!(first_line(&words), "1234, ".repeat(16).trim_end());
        assert_eq!(first_line(&"x".repeat(130)).len(), 100);
        let mixed = format!("ab {}", "x".repeat(130));
        assert_eq!(first_line(&mixed), format!("ab {}", "x".repeat(97)));
    }
}
