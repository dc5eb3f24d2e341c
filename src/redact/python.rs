//! Python source as far as masking needs it: where its strings and comments stand, and which lines are
//! one statement.

use std::ops::Range;

/// What a stretch of source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A string; formatted ones hold expressions.
    Text {
        /// Whether it has the prefix `f`.
        formatted: bool,
    },
    /// From `#` to the line's end.
    Comment,
}

/// A file's source, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// All of it, lines joined by `\n`.
    pub(crate) text: String,
    /// Where each line begins.
    starts: Vec<usize>,
    /// Strings and comments, in order; quotes and prefixes are part of strings.
    pub(super) parts: Vec<(Range<usize>, Part)>,
    /// For each line, the first line of its statement; both counted from 0.
    firsts: Vec<u32>,
}

impl Source {
    /// Reads lines, which must have no line ends in them. What does not close goes on to the end. Linear.
    pub(crate) fn read<T: AsRef<str>>(lines: &[T]) -> Self {
        let mut res = Self::default();
        for line in lines {
            res.starts.push(res.text.len());
            res.text.push_str(line.as_ref());
            res.text.push('\n');
        }
        res.text.pop();
        // As many as there are line ends, should a line hold one after all.
        res.firsts = (0..=res.text.matches('\n').count() as u32).collect();
        res.scan();
        res
    }

    fn scan(&mut self) {
        let text = std::mem::take(&mut self.text);
        let bytes = text.as_bytes();
        let (mut at, mut depth, mut line, mut first) = (0, 0u32, 0u32, 0u32);
        while at < bytes.len() {
            match bytes[at] {
                b'#' => {
                    let end = text[at..].find('\n').map_or(text.len(), |it| at + it);
                    self.parts.push((at..end, Part::Comment));
                    at = end;
                    continue;
                }
                b'\'' | b'"' => {
                    let start = prefix(&text, at);
                    let end = string_end(&text, at);
                    let formatted = text[start..at].contains(['f', 'F', 't', 'T']);
                    self.parts.push((start..end, Part::Text { formatted }));
                    for _ in text[at..end].matches('\n') {
                        line += 1;
                        self.firsts[line as usize] = first;
                    }
                    at = end;
                    continue;
                }
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                b'\n' => {
                    let goes_on = 0 < depth || text[..at].ends_with('\\');
                    line += 1;
                    if !goes_on {
                        first = line;
                    }
                    self.firsts[line as usize] = first;
                }
                _ => {}
            }
            at += 1;
        }
        self.text = text;
    }

    /// The statement that `line`, counted from 1, belongs to: its first line, and where it stands.
    pub(crate) fn statement(&self, line: u32) -> Option<(u32, Range<usize>)> {
        let at = line.checked_sub(1)? as usize;
        let first = *self.firsts.get(at)?;
        let start = *self.starts.get(first as usize)?;
        let after = self.firsts[at..].iter().position(|it| *it != first);
        let end = after
            .and_then(|it| self.starts.get(at + it))
            .map_or(self.text.len(), |it| it - 1);
        Some((first + 1, start..end))
    }

    /// Whether a statement that runs begins on `line`, counted from 1: not on empty lines, comments, words
    /// that only part a statement from the next, or strings that stand alone.
    pub(crate) fn runs(&self, line: u32) -> bool {
        let Some((first, range)) = self.statement(line).filter(|it| it.0 == line) else {
            return false;
        };
        let code = self.code(range);
        let code = code.trim();
        let parts = ["else:", "try:", "finally:"];
        let text = code.starts_with('\'') && code.trim_matches(['\'', ' ', '\n']).is_empty();
        first == line && !code.is_empty() && !parts.contains(&code) && !text
    }

    /// Where `line`, counted from 0, stands.
    pub(super) fn line(&self, line: usize) -> Range<usize> {
        let end = self
            .starts
            .get(line + 1)
            .map_or(self.text.len(), |it| it - 1);
        self.starts[line]..end
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The text with blanks for its comments.
    pub(crate) fn without_comments(&self) -> String {
        let mut res = String::new();
        let mut at = 0;
        for (range, _) in self.parts.iter().filter(|it| it.1 == Part::Comment) {
            res.push_str(&self.text[at..range.start]);
            res.extend(std::iter::repeat_n(' ', range.len()));
            at = range.end;
        }
        res.push_str(&self.text[at..]);
        res
    }

    /// The code in `range`: comments and the insides of plain strings are blank, one for one but for their
    /// line ends.
    pub(crate) fn code(&self, range: Range<usize>) -> String {
        let mut res = String::new();
        let mut at = range.start;
        let from = self.parts.partition_point(|it| it.0.end <= range.start);
        for (part, what) in &self.parts[from..] {
            if range.end <= part.start {
                break;
            }
            let (start, end) = (part.start.max(range.start), part.end.min(range.end));
            res.push_str(&self.text[at..start]);
            match what {
                Part::Text { formatted: true } => res.push_str(&self.text[start..end]),
                Part::Text { formatted: false } => {
                    res.push('\'');
                    let inside = &self.text.as_bytes()[start..end];
                    let inside = inside.get(1..inside.len().saturating_sub(1));
                    let blank = |it: &u8| if *it == b'\n' { '\n' } else { ' ' };
                    res.extend(inside.unwrap_or_default().iter().map(blank));
                    res.push('\'');
                }
                Part::Comment => res.extend(std::iter::repeat_n(' ', end - start)),
            }
            at = end;
        }
        res.push_str(&self.text[at..range.end]);
        res
    }

    /// What stands in each string, without prefix and quotes; escapes are left as they are.
    pub(super) fn literals(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|(range, part)| {
            let text = &self.text[range.clone()];
            let quoted = text.trim_start_matches(|it: char| it.is_ascii_alphabetic());
            let quote = quoted.chars().next()?;
            let is_text = matches!(part, Part::Text { .. });
            is_text.then(|| quoted.trim_matches(quote))
        })
    }
}

/// Where the letters before a quote begin, if they are a string's prefix.
fn prefix(text: &str, quote: usize) -> usize {
    let letters = text[..quote]
        .bytes()
        .rev()
        .take_while(|it| b"rRbBuUfFtT".contains(it))
        .count();
    let start = quote - letters.min(3);
    let named = text[..start]
        .chars()
        .next_back()
        .is_some_and(|it| it.is_alphanumeric() || it == '_');
    if named { quote } else { start }
}

/// The offset behind the string that begins with the quote at `start`.
fn string_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let quote = bytes[start];
    let triple = bytes[start..].starts_with(&[quote; 3]);
    let mut at = start + if triple { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'\n' if !triple => return at,
            it if it == quote && !triple => return at + 1,
            it if it == quote && bytes[at..].starts_with(&[quote; 3]) => return at + 3,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_comments_and_statements() {
        let lines = [
            "x = f('a # b', # c",
            "  rb\"d\\\"\" )",
            "y = '''e",
            "f''' + \\",
            " f'{x}'",
            "z = 1",
        ];
        let it = Source::read(&lines);
        let shown: Vec<&str> = it
            .parts
            .iter()
            .map(|part| &it.text[part.0.clone()])
            .collect();
        assert_eq!(
            shown,
            ["'a # b'", "# c", "rb\"d\\\"\"", "'''e\nf'''", "f'{x}'"]
        );
        let first = |line| it.statement(line).map(|it| it.0);
        assert_eq!(
            [
                first(1),
                first(2),
                first(3),
                first(4),
                first(5),
                first(6),
                first(7)
            ],
            [Some(1), Some(1), Some(3), Some(3), Some(3), Some(6), None]
        );
        let (_, range) = it.statement(2).expect("a statement");
        assert_eq!(it.code(range), "x = f('     ',    \n  '     ' )");
        let literals: Vec<&str> = it.literals().collect();
        assert_eq!(literals, ["a # b", "d\\", "e\nf", "{x}"]);
    }

    #[test]
    fn what_does_not_close_ends_with_the_file() {
        let it = Source::read(&["x = '''a", "b"]);
        assert_eq!(it.parts, [(4..10, Part::Text { formatted: false })]);
        assert_eq!(it.statement(2).map(|it| it.0), Some(1));
        let nothing = Source::read::<&str>(&[]);
        assert!(nothing.parts.is_empty() && nothing.statement(1).is_none());
        let torn = Source::read(&["x = '''a\nb'''\n", "y"]);
        assert!((0..9).all(|it| torn.statement(it).is_none_or(|it| it.0 < 5)));
    }
}
