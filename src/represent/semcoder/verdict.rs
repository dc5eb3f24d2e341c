//! How a run ended, and how that compares with what was expected.

use super::super::{
    Request,
    records::Records,
    texts::{clean, raised, shorten},
};
use crate::trace::{Ending, Kind, Stream, Trace, literal};

/// Characters of a value that a verdict quotes.
const QUOTED: usize = 200;

/// The sentence under `### Result`.
pub(super) fn text(records: &Records<'_>, request: &Request) -> String {
    let trace = records.trace;
    if !records.reaches_the_end() {
        let last = request.window.end.raw();
        return format!("The run goes on after step {last}.");
    }
    let raised = trace.uncaught().map(|(_, it)| raised(it));
    let got = trace.result().map(|it| clean(trace.repr(it)));
    let expected = request.expected.as_deref().map(str::trim);
    match (expected, got, raised) {
        (Some(expected), Some(got), _) => {
            let verdict = match compare(expected, &got) {
                Some(true) => ": PASSED",
                Some(false) => ": FAILED",
                None => "",
            };
            format!(
                "Expected `{}`, got `{}`{verdict}.",
                quote(expected),
                quote(&got)
            )
        }
        (Some(expected), None, Some(raised)) => {
            format!(
                "Expected `{}`, got `{}`: FAILED.",
                quote(expected),
                quote(&raised)
            )
        }
        (Some(expected), None, None) if trace.call().is_none() => printed(trace, expected),
        (Some(expected), None, None) => {
            format!("Expected `{}`. {}", quote(expected), ending(trace))
        }
        (None, Some(got), _) => format!("{} gave `{}`.", subject(trace), quote(&got)),
        (None, None, Some(raised)) => {
            format!("{} ended with `{}`.", subject(trace), quote(&raised))
        }
        (None, None, None) => ending(trace),
    }
}

/// What came out, and whether that was expected.
pub(in crate::represent) struct Outcome {
    /// As Python text; of an exception, its last line.
    pub(in crate::represent) got: String,
    /// `None` where the texts do not tell.
    pub(in crate::represent) held: Option<bool>,
}

/// How the whole run compares with `expected`; `None` where nothing came out, or not yet.
pub(in crate::represent) fn outcome(trace: &Trace, expected: &str) -> Option<Outcome> {
    let expected = expected.trim();
    if let Some(got) = trace.result().map(|it| clean(trace.repr(it))) {
        let held = compare(expected, &got);
        return Some(Outcome { got, held });
    }
    if let Some((_, it)) = trace.uncaught() {
        let got = raised(it);
        return Some(Outcome {
            got,
            held: Some(false),
        });
    }
    if trace.call().is_some() || trace.ending() == Ending::Open {
        return None;
    }
    let (text, held) = stdout(trace, expected);
    Some(Outcome {
        got: literal(text.trim_end()),
        held: Some(held),
    })
}

/// What a script printed, and whether that is `expected`; ends of lines at its end do not count.
fn stdout(trace: &Trace, expected: &str) -> (String, bool) {
    let outputs = trace.outputs().iter();
    let stdout = outputs.filter(|it| it.stream == Stream::Stdout);
    let bytes: Vec<u8> = stdout.flat_map(|it| it.bytes.iter().copied()).collect();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let got = text.trim_end();
    let same = got == expected || literal(got) == expected || literal(&text) == expected;
    (text, same)
}

/// How what a script printed compares.
fn printed(trace: &Trace, expected: &str) -> String {
    let (text, same) = stdout(trace, expected);
    let got = text.trim_end();
    let verdict = match same {
        true => "PASSED",
        false => "FAILED",
    };
    let expected = quote(expected);
    format!(
        "Expected `{expected}`, printed `{}`: {verdict}. {}",
        quote(&literal(got)),
        ending(trace)
    )
}

fn subject(trace: &Trace) -> String {
    let module = trace.frames().first().map(|it| trace.frames()[it].last);
    if trace.call().is_some() && module.is_some_and(|it| trace.events()[it].kind == Kind::Unwind) {
        return "The import before the call".into();
    }
    match trace.call() {
        Some(call) => format!("`{call}`"),
        None => "The program".into(),
    }
}

fn ending(trace: &Trace) -> String {
    match trace.ending() {
        Ending::Open => "The recording ends before the program does.".into(),
        Ending::Exited(status) => format!("The program ended with status {status}."),
    }
}

fn quote(text: &str) -> String {
    shorten(text, QUOTED).unwrap_or_else(|| text.into())
}

/// Whether two Python literals are equal; `None` where their texts do not tell.
fn compare(expected: &str, got: &str) -> Option<bool> {
    let (a, b) = (tokens(expected)?, tokens(got)?);
    if a == b {
        // The recorder may have left out where they differ.
        return (!got.contains('…')).then_some(true);
    }
    // Sets and dicts are equal in any order; names and calls stand for values that are not here.
    let unclear = |it: &Token| matches!(it, Token::Mark('{') | Token::Other(_));
    (!a.iter().chain(&b).any(unclear)).then_some(false)
}

#[derive(Debug, PartialEq)]
enum Token {
    /// Brackets, commas and colons.
    Mark(char),
    Text(String),
    Number(f64),
    Other(String),
}

/// The tokens of a literal, commas before closing brackets left out; `None` where it does not end.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut res: Vec<Token> = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => (),
            '\'' | '"' => {
                let mut inner = String::new();
                loop {
                    match rest.next()? {
                        it if it == c => break,
                        '\\' => match rest.next()? {
                            it @ ('\'' | '"') => inner.push(it),
                            it => inner.extend(['\\', it]),
                        },
                        it => inner.push(it),
                    }
                }
                res.push(Token::Text(inner));
            }
            '(' | '[' | '{' | ':' | ',' => res.push(Token::Mark(c)),
            ')' | ']' | '}' => {
                // A tuple of one keeps its comma.
                let one = matches!(res[..], [.., Token::Mark('('), _, Token::Mark(',')]);
                if !one && res.last() == Some(&Token::Mark(',')) {
                    res.pop();
                }
                res.push(Token::Mark(c));
            }
            _ => {
                let mut word = String::from(c);
                while let Some(&it) = rest.peek() {
                    if " \t\n\r'\"()[]{}:,".contains(it) {
                        break;
                    }
                    word.push(it);
                    rest.next();
                }
                res.push(match (&*word, word.parse::<i64>(), word.parse::<f64>()) {
                    ("True", ..) => Token::Number(1.0),
                    ("False", ..) => Token::Number(0.0),
                    ("None", ..) => Token::Text("\0None".into()),
                    // Beyond 2⁵³ equal floats are not equal numbers.
                    (_, Ok(it), _) if it.unsigned_abs() <= 1 << 53 => Token::Number(it as f64),
                    (_, Err(_), Ok(it)) if c != 'n' && c != 'i' && word.contains(['.', 'e']) => {
                        Token::Number(it)
                    }
                    _ => Token::Other(word),
                });
            }
        }
    }
    Some(res)
}

#[cfg(test)]
mod tests {
    use recorder::wire::Record;

    use super::*;
    use crate::trace::Builder;

    fn script(printed: &str) -> Trace {
        let mut builder = Builder::default();
        builder.push(Record::Output(Stream::Stdout, printed.into()));
        builder.push(Record::End(0));
        builder.snapshot()
    }

    #[test]
    fn a_script_is_judged_by_what_it_printed() {
        for (out, expected, verdict) in [
            ("6\n", "6", "PASSED"),
            ("6\n", "'6\\n'", "PASSED"),
            ("6\n", "'6'", "PASSED"),
            ("6\n", "7", "FAILED"),
        ] {
            let text = printed(&script(out), expected);
            assert!(text.contains(verdict), "{text}");
        }
    }

    #[test]
    fn literals_are_compared_by_what_they_mean() {
        for (a, b, expected) in [
            ("[1,2]", "[1, 2]", Some(true)),
            ("[1, 2,]", "[1, 2]", Some(true)),
            ("\"it's\"", "'it\\'s'", Some(true)),
            ("1.0", "1", Some(true)),
            ("True", "1", Some(true)),
            ("(1,)", "(1)", Some(false)),
            ("[1]", "[2]", Some(false)),
            ("None", "'None'", Some(false)),
            ("{1, 2}", "{2, 1}", None),
            ("f(1)", "2", None),
            ("'open", "1", None),
            ("[1, …]", "[1, …]", None),
        ] {
            assert_eq!(compare(a, b), expected, "{a} and {b}");
        }
    }
}
