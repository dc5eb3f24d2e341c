//! What the layout of Python source says: where statements begin, and which lines a loop spans.

use std::sync::Arc;

/// A loop: its header's line and its last line, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Loop {
    pub(super) header: u32,
    pub(super) end: u32,
}

/// The outline of one file.
#[derive(Debug, Clone, Default)]
pub(super) struct Outline {
    /// For each line, the indentation of the statement that begins on it.
    statements: Vec<Option<usize>>,
    /// For each line, the innermost loop around it, the header's own line included.
    around: Vec<Option<Loop>>,
}

impl Outline {
    /// Reads the lines once, without parsing: strings, brackets and indentation are enough.
    pub(super) fn of(lines: &[Arc<str>]) -> Self {
        let statements = statements(lines);
        let mut around = vec![None; lines.len()];
        for (idx, line) in lines.iter().enumerate() {
            let Some(indent) = statements[idx] else {
                continue;
            };
            if !is_loop(line) {
                continue;
            }
            let body = (idx + 1..lines.len())
                .take_while(|&at| statements[at].is_none_or(|it| indent < it));
            let end = body
                .filter(|&at| statements[at].is_some())
                .last()
                .unwrap_or(idx);
            let it = Loop {
                header: number(idx),
                end: number(end),
            };
            // An inner loop comes later and overwrites.
            around[idx..=end].fill(Some(it));
        }
        Self { statements, around }
    }

    /// The innermost loop around `line`.
    pub(super) fn loop_at(&self, line: u32) -> Option<Loop> {
        *self.around.get(line.checked_sub(1)? as usize)?
    }

    /// Whether something that Python would report as a line begins on `line`.
    pub(super) fn runs(&self, line: u32, text: &str) -> bool {
        let begins = line
            .checked_sub(1)
            .and_then(|it| self.statements.get(it as usize));
        let silent = [
            "else:",
            "try:",
            "finally:",
            "global ",
            "nonlocal ",
            "\"",
            "'",
            "@",
        ];
        begins.is_some_and(Option::is_some)
            && !silent.iter().any(|it| text.trim_start().starts_with(it))
    }
}

/// The plain names that a statement on one line assigns, as far as its layout shows.
pub(super) fn assigned(line: &str) -> Vec<&str> {
    let line = line.trim();
    let loop_head = line
        .strip_prefix("for ")
        .and_then(|it| it.split_once(" in "));
    let targets = match loop_head {
        Some((targets, _)) => targets,
        None => {
            let Some(at) = equals_sign(line) else {
                return Vec::new();
            };
            let left = line[..at]
                .trim_end_matches(['+', '-', '*', '/', '%', '@', '&', '|', '^', '<', '>', ' ']);
            left.split_once(':').map_or(left, |it| it.0)
        }
    };
    let names = targets
        .split(',')
        .map(|it| it.trim().trim_matches(['(', ')']));
    let is_name = |it: &&str| {
        !it.is_empty()
            && !it.starts_with(|c: char| c.is_numeric())
            && it.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    names.filter(is_name).collect()
}

/// The plain names that a statement on one line reads: not what it only assigns, not attributes, keyword
/// names or what stands in strings and comments.
pub(super) fn read(line: &str) -> Vec<&str> {
    let line = line.trim();
    let from = match (line.strip_prefix("for "), equals_sign(line)) {
        (Some(_), _) => line.find(" in ").map_or(0, |it| it + 4),
        // `x += 1` reads `x`; `x = 1` does not.
        (None, Some(at))
            if line[..at].ends_with(|c: char| c.is_alphanumeric() || "_ )".contains(c)) =>
        {
            at + 1
        }
        (None, _) => 0,
    };
    let mut names = Vec::new();
    let (mut quote, mut start) = (None, None);
    for (at, c) in line
        .char_indices()
        .filter(|it| from <= it.0)
        .chain([(line.len(), ' ')])
    {
        let is_word = quote.is_none() && (c.is_alphanumeric() || c == '_');
        match (start, is_word) {
            (None, true) => start = Some(at),
            (Some(first), false) => {
                let word: &str = &line[first..at];
                let is_attribute = line[..first].ends_with('.');
                let rest = line[at..].trim_start();
                let is_keyword =
                    rest.starts_with('=') && !rest.starts_with("==") && !names.is_empty();
                if !is_attribute && !is_keyword && !word.starts_with(|c: char| c.is_numeric()) {
                    names.push(word);
                }
                start = None;
            }
            (None, false) | (Some(_), true) => (),
        }
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c == '#' => break,
            _ => (),
        }
    }
    names
}

/// Where the first `=` of an assignment stands; comparisons, keyword arguments and walruses have none.
fn equals_sign(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let at = line.find(['=', '(', '[', '\'', '"', '#', '{'])?;
    let next = bytes.get(at + 1);
    let before = at.checked_sub(1).map(|it| bytes[it]);
    let shifts = at
        .checked_sub(2)
        .is_some_and(|it| matches!(&bytes[it..at], b"<<" | b">>"));
    let compares = next == Some(&b'=')
        || (matches!(before, Some(b'!' | b'<' | b'>')) && !shifts)
        || before == Some(b':');
    (bytes[at] == b'=' && !compares).then_some(at)
}

fn number(idx: usize) -> u32 {
    u32::try_from(idx + 1).unwrap_or(u32::MAX)
}

fn is_loop(line: &str) -> bool {
    let text = line.trim_start();
    let text = text.strip_prefix("async ").map_or(text, str::trim_start);
    ["for", "while"].iter().any(|word| {
        text.strip_prefix(word)
            .is_some_and(|rest| rest.starts_with([' ', '(', '\t']))
    })
}

fn statements(lines: &[Arc<str>]) -> Vec<Option<usize>> {
    let mut open = 0usize;
    let mut string: Option<&str> = None;
    let mut continued = false;
    let mut res = Vec::with_capacity(lines.len());
    for line in lines {
        let text = line.trim_start();
        let begins = open == 0
            && string.is_none()
            && !continued
            && !text.is_empty()
            && !text.starts_with('#');
        res.push(begins.then(|| line.len() - text.len()));
        let mut rest: &str = line;
        while !rest.is_empty() {
            if let Some(quote) = string {
                if let Some(tail) = rest.strip_prefix('\\') {
                    rest = skip_one(tail);
                } else if let Some(tail) = rest.strip_prefix(quote) {
                    string = None;
                    rest = tail;
                } else {
                    rest = skip_one(rest);
                }
                continue;
            }
            if rest.starts_with('#') {
                break;
            }
            let quote = ["\"\"\"", "'''", "\"", "'"]
                .into_iter()
                .find(|it| rest.starts_with(it));
            if let Some(quote) = quote {
                string = Some(quote);
                rest = &rest[quote.len()..];
                continue;
            }
            match rest.as_bytes()[0] {
                b'(' | b'[' | b'{' => open += 1,
                b')' | b']' | b'}' => open = open.saturating_sub(1),
                _ => (),
            }
            rest = skip_one(rest);
        }
        continued = line.ends_with('\\');
        // A short string cannot outlast its line unless the line says so.
        if string.is_some_and(|it| it.len() == 1) && !continued {
            string = None;
        }
    }
    res
}

fn skip_one(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Outline {
        let lines: Vec<Arc<str>> = text.lines().map(Into::into).collect();
        Outline::of(&lines)
    }

    #[test]
    fn loops_span_their_bodies() {
        let it = outline("for a in b:\n    x = (1,\n2)\n    while x:\n        y\n\n    z\nw\n");
        let whole = Some(Loop { header: 1, end: 7 });
        let inner = Some(Loop { header: 4, end: 5 });
        let found: Vec<_> = (1..=8).map(|line| it.loop_at(line)).collect();
        assert_eq!(
            found,
            [whole, whole, whole, inner, inner, whole, whole, None]
        );
    }

    #[test]
    fn assignments_are_recognized() {
        for (line, names) in [
            ("  x = 1", &["x"][..]),
            ("x, y = y, x", &["x", "y"]),
            ("x += y == z", &["x"]),
            ("x <<= 1", &["x"]),
            ("x: int = 3", &["x"]),
            ("for a, (b) in c:", &["a", "b"]),
            ("x == 1", &[]),
            ("if x <= 1:", &[]),
            ("f(a=1)", &[]),
            ("x[0] = 1", &[]),
            ("self.x = 1", &[]),
            ("return x", &[]),
        ] {
            assert_eq!(assigned(line), names, "{line}");
        }
    }

    #[test]
    fn reads_are_recognized() {
        for (line, names) in [
            ("x = y", &["y"][..]),
            ("x += y", &["x", "y"]),
            ("s += xs[i] - xs[i-k+1]", &["s", "xs", "i", "xs", "i", "k"]),
            ("for i in range(k, len(xs)):", &["range", "k", "len", "xs"]),
            ("out.append(s)", &["out", "s"]),
            ("f(a=b, c='d') # e", &["f", "b"]),
            ("x = 1", &[]),
        ] {
            assert_eq!(read(line), names, "{line}");
        }
    }

    #[test]
    fn strings_and_brackets_hide_lines() {
        let text =
            "s = '''\nfor a in b:\n'''\nf(1, # (\n  2)\nformat = 1\n# no\nx = 'it\\'s ('\ny\n";
        let it = outline(text);
        let lines: Vec<&str> = text.lines().collect();
        let runs: Vec<u32> = (1..=9)
            .filter(|&at| it.runs(at, lines[at as usize - 1]))
            .collect();
        assert_eq!(runs, [1, 4, 6, 8, 9]);
        assert_eq!(it.loop_at(2), None);
    }
}
