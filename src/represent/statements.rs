//! Source text as statements: which lines belong together, and which loop they run in.
//!
//! Read from the text by brackets, quotes and indentation, since the source a trace carries may be of
//! any Python version.

/// What a statement starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    For,
    /// `while` with a condition that runs.
    While,
    /// `while True`, whose line the interpreter passes once at most.
    Forever,
    /// `if` and `elif`.
    If,
    Case,
    /// `def` and `class`: what stands in it runs in a frame of its own.
    Definition,
    Import,
    Other,
}

/// A simple statement, or the header of a compound one. Lines are counted from 1, ends included.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) head: Head,
    pub(super) first: u32,
    pub(super) last: u32,
    /// The last line of what is indented under it; `last` where nothing is.
    pub(super) body_end: u32,
    /// The first line of the innermost loop of the same scope around it.
    pub(super) within: Option<u32>,
    /// Its text on one line, without the colon and what follows it.
    pub(super) text: String,
    /// All of its text on one line, without comments and what stands in quotes.
    pub(super) bare: String,
    /// Variables of the comprehensions in it.
    pub(super) targets: Vec<String>,
    indent: u32,
}

/// The statements of a file.
#[derive(Debug, Default)]
pub(super) struct Statements {
    all: Vec<Statement>,
    /// For each line, the statement it belongs to plus one; 0 for none.
    of_line: Vec<u32>,
}

impl Statement {
    pub(super) fn is_loop(&self) -> bool {
        matches!(self.head, Head::For | Head::While | Head::Forever)
    }

    /// Whether `line` stands indented under it.
    pub(super) fn holds(&self, line: u32) -> bool {
        self.last < line && line <= self.body_end
    }

    pub(super) fn has_body(&self) -> bool {
        self.last < self.body_end
    }

    /// What a `def` or `class` defines.
    pub(super) fn name(&self) -> Option<&str> {
        let mut words = words(&self.text).skip_while(|it| !matches!(*it, "def" | "class"));
        words.nth(1)
    }
}

impl Statements {
    /// Reads a file's lines. Linear in their text.
    pub(super) fn read<S: AsRef<str>>(lines: &[S]) -> Self {
        let mut res = Self {
            all: Vec::new(),
            of_line: vec![0; lines.len()],
        };
        let mut open: Vec<usize> = Vec::new();
        let mut logical = Logical::default();
        let mut first = 0;
        for (idx, line) in lines.iter().enumerate() {
            let line = line.as_ref();
            let number = idx as u32 + 1;
            if !logical.continues {
                let code = line.trim_start();
                if code.is_empty() || code.starts_with('#') {
                    continue;
                }
                logical = Logical::default();
                first = number;
            }
            logical.read(line);
            if !logical.continues || idx + 1 == lines.len() {
                let start = lines[first as usize - 1].as_ref();
                res.add(&logical, indent(start), first, number, &mut open);
            }
        }
        let end = res.all.last().map_or(0, |it| it.last);
        for idx in open {
            res.all[idx].body_end = end;
        }
        res
    }

    /// Every statement, in order of text.
    pub(super) fn all(&self) -> impl Iterator<Item = &Statement> {
        self.all.iter()
    }

    /// The statement that `line` belongs to.
    pub(super) fn at(&self, line: u32) -> Option<&Statement> {
        let slot = *self.of_line.get(line.checked_sub(1)? as usize)?;
        self.all.get(slot.checked_sub(1)? as usize)
    }

    fn add(
        &mut self,
        logical: &Logical,
        indent: u32,
        first: u32,
        last: u32,
        open: &mut Vec<usize>,
    ) {
        let before = self.all.last().map_or(0, |it| it.last);
        while let Some(&top) = open.last() {
            if self.all[top].indent < indent {
                break;
            }
            self.all[top].body_end = before;
            open.pop();
        }
        let within = open.last().and_then(|&it| {
            let around = &self.all[it];
            match around.head {
                Head::For | Head::While | Head::Forever => Some(around.first),
                Head::Definition => None,
                Head::If | Head::Case | Head::Import | Head::Other => around.within,
            }
        });
        let head = head(&logical.shown);
        let text = match logical.colon {
            Some(at) if !matches!(head, Head::Import | Head::Other) => &logical.shown[..at],
            _ => logical.shown.as_str(),
        };
        open.push(self.all.len());
        self.all.push(Statement {
            head,
            first,
            last,
            body_end: last,
            within,
            text: text.trim_end().into(),
            targets: targets(&logical.bare),
            bare: logical.bare.clone(),
            indent,
        });
        let slot = self.all.len() as u32;
        for line in first..=last {
            self.of_line[line as usize - 1] = slot;
        }
    }
}

/// A logical line being put together from physical ones.
#[derive(Debug, Default)]
struct Logical {
    /// The text, line ends and indentation of continuation lines as one space, without comments.
    shown: String,
    /// As `shown`, without what stands in quotes.
    bare: String,
    /// Where in `shown` the first colon outside brackets is.
    colon: Option<usize>,
    depth: u32,
    /// The quote of a string that goes over lines.
    triple: Option<char>,
    continues: bool,
}

impl Logical {
    fn read(&mut self, line: &str) {
        let line = if self.triple.is_some() {
            line
        } else {
            line.trim_start()
        };
        if !self.shown.is_empty() {
            if self.triple.is_none() {
                self.shown.truncate(self.shown.trim_end().len());
            }
            self.shown.push(' ');
            self.bare.push(' ');
        }
        let mut rest = line.chars().peekable();
        let mut escaped_end = false;
        // The quote of a string that ends on this line.
        let mut quote = None;
        while let Some(c) = rest.next() {
            if self.triple.is_some() || quote.is_some() {
                self.shown.push(c);
                if c == '\\' {
                    escaped_end = rest.peek().is_none();
                    self.shown.extend(rest.next());
                } else if quote == Some(c) {
                    quote = None;
                } else if self.triple == Some(c) && starts(&rest, c) {
                    self.shown.extend(rest.by_ref().take(2));
                    self.triple = None;
                }
                continue;
            }
            match c {
                '#' => break,
                '\'' | '"' => {
                    self.shown.push(c);
                    self.bare.push(c);
                    if starts(&rest, c) {
                        self.shown.extend(rest.by_ref().take(2));
                        self.triple = Some(c);
                    } else {
                        quote = Some(c);
                    }
                    continue;
                }
                '\\' if rest.peek().is_none() => {
                    escaped_end = true;
                    break;
                }
                '(' | '[' | '{' => self.depth += 1,
                ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
                ':' if self.depth == 0 && self.colon.is_none() && rest.peek() != Some(&'=') => {
                    self.colon = Some(self.shown.len());
                }
                _ => (),
            }
            self.shown.push(c);
            self.bare.push(c);
        }
        self.continues = self.triple.is_some() || 0 < self.depth || escaped_end;
    }
}

fn starts(rest: &std::iter::Peekable<std::str::Chars<'_>>, quote: char) -> bool {
    let mut rest = rest.clone();
    rest.next() == Some(quote) && rest.next() == Some(quote)
}

fn indent(line: &str) -> u32 {
    let mut column = 0;
    for c in line.chars() {
        match c {
            ' ' => column += 1,
            '\t' => column = column / 8 * 8 + 8,
            _ => break,
        }
    }
    column
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !it.is_alphanumeric() && it != '_')
        .filter(|it| !it.is_empty())
}

fn head(text: &str) -> Head {
    let text = text.strip_prefix("async ").unwrap_or(text).trim_start();
    match words(text).next().filter(|it| text.starts_with(it)) {
        Some("for") => Head::For,
        Some("while") => match text["while".len()..].split(':').next().map(str::trim) {
            Some("True" | "1") => Head::Forever,
            _ => Head::While,
        },
        Some("if" | "elif") => Head::If,
        Some("case") => Head::Case,
        Some("def" | "class") => Head::Definition,
        Some("import" | "from") => Head::Import,
        _ => Head::Other,
    }
}

/// Names bound by `for … in` behind an opening bracket.
fn targets(bare: &str) -> Vec<String> {
    let mut res: Vec<String> = Vec::new();
    let Some(at) = bare.find(['(', '[', '{']) else {
        return res;
    };
    let mut binding = false;
    for word in words(&bare[at..]) {
        match word {
            "for" => binding = true,
            "in" => binding = false,
            _ if binding && !res.iter().any(|it| it == word) => res.push(word.into()),
            _ => (),
        }
    }
    res
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> Statements {
        Statements::read(&source.lines().collect::<Vec<_>>())
    }

    #[test]
    fn lines_of_one_statement_belong_together() {
        let it = read(
            "x = (1,  # a (\n  2)\n\ny = '''a\n# b\n''' + \"(\"\nz = 1 + \\\n  2\nif x: y = {1: 2}\n",
        );
        for (a, b, expected) in [
            (1, 2, true),
            (2, 4, false),
            (4, 6, true),
            (6, 7, false),
            (7, 8, true),
        ] {
            let first = |line| it.at(line).map(|it| it.first);
            assert_eq!(first(a) == first(b), expected, "{a} {b}");
        }
        assert!(it.at(3).is_none());
        assert_eq!(it.at(9).map(|it| &*it.text), Some("if x"));
        assert_eq!(it.at(2).map(|it| &*it.text), Some("x = (1, 2)"));
    }

    #[test]
    fn bodies_end_where_indentation_does() {
        let it = read(
            "def f(x):\n  for a in x:\n    while a[1:]:\n      b = a\n    else:\n      c = 1\n\n  return b\nd = 1\n",
        );
        let ends = |line| it.at(line).map(|it| (it.first, it.body_end, it.within));
        assert_eq!(ends(1), Some((1, 8, None)));
        assert_eq!(ends(2), Some((2, 6, None)));
        assert_eq!(ends(3), Some((3, 4, Some(2))));
        assert_eq!(ends(4), Some((4, 4, Some(3))));
        assert_eq!(ends(6), Some((6, 6, Some(2))));
        assert_eq!(ends(8), Some((8, 8, None)));
    }

    #[test]
    fn comprehensions_bind_names_of_their_own() {
        let it = read("for q in [(a, b) for a, b in zip(x, y) for c in 'for d in']: pass");
        let all = it.at(1).expect("a statement");
        assert_eq!(
            (all.head, &*all.targets),
            (Head::For, &["a".into(), "b".into(), "c".into()][..])
        );
    }
}
