//! `assert LEFT == RIGHT`, taken apart where Python would: not inside strings or brackets.

use std::ops::Range;

/// Both sides of an assertion, each an expression in balanced brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assertion<'a> {
    /// Before the first `==` outside of strings and brackets.
    pub left: &'a str,
    /// After it, up to the statement's end, its message or a comment.
    pub right: &'a str,
}

/// The first assertion in `text`; the word `assert` may be missing. None where there is no comparison, or
/// one whose strings or brackets do not close.
pub fn assertion(text: &str) -> Option<Assertion<'_>> {
    let statement = statement(text)?;
    comparison(statement)
}

fn comparison(statement: &str) -> Option<Assertion<'_>> {
    // `assert (a == b)` compares as `assert a == b` does.
    if is_bracketed(statement) && statement.starts_with('(') {
        let inside = &statement[1..statement.len() - 1];
        return comparison(inside.trim());
    }
    let at = outside(statement)?
        .into_iter()
        .find(|at| statement[*at..].starts_with("=="))?;
    let (left, right) = (statement[..at].trim(), statement[at + 2..].trim());
    (!left.is_empty() && !right.is_empty()).then_some(Assertion { left, right })
}

/// `text` without a comment, if it can be one expression: a single statement that is no assertion, and
/// whose strings and brackets close.
pub(super) fn expression(text: &str) -> Option<&str> {
    let mut found = statements(text)?
        .into_iter()
        .map(|place| text[place].trim())
        .filter(|statement| !statement.is_empty());
    let first = found.next().filter(|first| asserted(first).is_none())?;
    found.next().is_none().then_some(first)
}

/// Whether `text` begins with a bracket that closes at its end.
pub(super) fn is_bracketed(text: &str) -> bool {
    // Only the two brackets themselves may stand at depth 0; the closing one is reported with its depth.
    text.starts_with(['(', '[', '{'])
        && outside(text).is_some_and(|places| places == [0, text.len() - 1])
}

/// What the first `assert` asserts, without message and comment; the first statement where none does.
fn statement(text: &str) -> Option<&str> {
    let mut found = None;
    for line in statements(text)? {
        let statement = text[line].trim();
        if let Some(asserted) = asserted(statement) {
            let comma = outside(asserted)?
                .into_iter()
                .find(|at| asserted[*at..].starts_with(','));
            return Some(asserted[..comma.unwrap_or(asserted.len())].trim());
        }
        if found.is_none() && !statement.is_empty() {
            found = Some(statement);
        }
    }
    found
}

/// What stands behind the word `assert`.
fn asserted(statement: &str) -> Option<&str> {
    let rest = statement.strip_prefix("assert");
    rest.filter(|rest| rest.starts_with([' ', '\t', '(']))
}

/// The places of statements, split at line ends and semicolons, without comments.
fn statements(text: &str) -> Option<Vec<Range<usize>>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut comment = None;
    for at in outside(text)? {
        let rest = &text[at..];
        match rest.chars().next() {
            Some('#') => comment = Some(at),
            Some('\n' | ';') => {
                ranges.push(start..comment.take().unwrap_or(at));
                start = at + 1;
            }
            _ => {}
        }
    }
    ranges.push(start..comment.unwrap_or(text.len()));
    Some(ranges)
}

/// Byte offsets of all characters of `text` that lie outside of strings, comments and brackets; of those,
/// a comment's `#` and the outermost brackets and quotes are included. None where a string or a bracket
/// does not close.
fn outside(text: &str) -> Option<Vec<usize>> {
    let mut places = Vec::new();
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let mut next = at + letter.len_utf8();
        if open.is_empty() {
            places.push(at);
        }
        match letter {
            '"' | '\'' => next = string_end(text, at)?,
            '#' => next = at + text[at..].find('\n').unwrap_or(text.len() - at),
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            ')' | ']' | '}' => {
                if open.pop() != Some(letter) {
                    return None;
                }
                if open.is_empty() {
                    places.push(at);
                }
            }
            // A line that goes on: the backslash and what it hides.
            '\\' => next += text[next..].chars().next().map_or(0, char::len_utf8),
            _ => {}
        }
        at = next;
    }
    open.is_empty().then_some(places)
}

/// The offset behind the string literal that begins at `start`.
fn string_end(text: &str, start: usize) -> Option<usize> {
    let quote = &text[start..=start];
    let triple = quote.repeat(3);
    let (quote, many_lines) = match text[start..].starts_with(&triple) {
        true => (triple.as_str(), true),
        false => (quote, false),
    };
    let mut at = start + quote.len();
    while let Some(letter) = text[at..].chars().next() {
        if text[at..].starts_with(quote) {
            return Some(at + quote.len());
        }
        at += letter.len_utf8();
        match letter {
            // In raw strings too, a backslash keeps the quote behind it from closing.
            '\\' => at += text[at..].chars().next().map_or(0, char::len_utf8),
            '\n' if !many_lines => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: Option<(&str, &str)>) {
        let wanted = wanted.map(|(left, right)| Assertion { left, right });
        assert_eq!(assertion(text), wanted, "{text}");
    }

    #[test]
    fn the_right_comparison_is_found() {
        check("assert f(1) == 2", Some(("f(1)", "2")));
        check("f(1)==2", Some(("f(1)", "2")));
        check(
            "assert f('a == b') == 'c == d'",
            Some(("f('a == b')", "'c == d'")),
        );
        check(
            r#"assert f("\" == ") == "x""#,
            Some((r#"f("\" == ")"#, "\"x\"")),
        );
        check(
            "assert f(\"\"\"a\n\" == \"\"\") == 1",
            Some(("f(\"\"\"a\n\" == \"\"\")", "1")),
        );
        check(
            "assert f(x == 1)[y == 2] == {3: 4 == 5}",
            Some(("f(x == 1)[y == 2]", "{3: 4 == 5}")),
        );
        check("assert (f(1) == 2)", Some(("f(1)", "2")));
        check("assert(f(1) == 2)", Some(("f(1)", "2")));
        check("assert (f(1)) == (2)", Some(("(f(1))", "(2)")));
        check("assert f('é') == '数'", Some(("f('é')", "'数'")));
    }

    #[test]
    fn what_follows_the_value_is_left_out() {
        check("assert f(1) == 2, 'message == 3'", Some(("f(1)", "2")));
        check("assert f(1) == 2  # since 1 == 1", Some(("f(1)", "2")));
        check("assert f(1) == 2; assert g(1) == 3", Some(("f(1)", "2")));
        check(
            "# a == b\nx = f(1)\nassert f(1) == 2\nassert f(2) == 3",
            Some(("f(1)", "2")),
        );
        check(
            "assert f(1) == [2,\n  3]\nmore",
            Some(("f(1)", "[2,\n  3]")),
        );
        check("assert f(1) == \\\n  2", Some(("f(1)", "\\\n  2")));
    }

    #[test]
    fn what_is_no_assertion() {
        for text in [
            "",
            "4",
            "assert f(1)",
            "assert f(1) ==",
            "== 3",
            "assert f(1) == [2",
            "assert f('a) == 2",
            "assert f(1)) == 2",
            "assertion == x)",
            "'a == b'",
        ] {
            check(text, None);
        }
        // Only the whole word asserts.
        check("asserted == 1", Some(("asserted", "1")));
    }

    #[test]
    fn expressions() {
        assert_eq!(expression("[1, 'a']  # so"), Some("[1, 'a']"));
        for text in ["assert f(1)", "[1, 'a", "1\n2", "# nothing", ""] {
            assert_eq!(expression(text), None, "{text}");
        }
        assert!(is_bracketed("[(1), ')']"));
        for text in ["(a)(b)", "a", "(a", "a(b)"] {
            assert!(!is_bracketed(text), "{text}");
        }
    }
}
