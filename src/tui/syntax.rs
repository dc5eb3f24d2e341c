//! Source lines as styled spans, cached by line: a line is parsed once a sitting.

use std::{collections::HashMap, sync::LazyLock};

use ratatui::{style::Style, text::Span};
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

use super::{Styles, text};
use crate::trace::{File, Id, Trace};

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_nonewlines);

/// A part of a line and the role it plays.
type Piece = (String, Role);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Text,
    Keyword,
    Literal,
    Comment,
    Name,
}

/// Which scopes play which role, most telling last.
static SCOPES: LazyLock<Vec<(Scope, Role)>> = LazyLock::new(|| {
    let scopes = [
        ("keyword", Role::Keyword),
        ("storage", Role::Keyword),
        ("keyword.operator.assignment", Role::Text),
        ("keyword.operator.arithmetic", Role::Text),
        ("keyword.operator.comparison", Role::Text),
        ("variable.language", Role::Keyword),
        ("constant", Role::Literal),
        ("string", Role::Literal),
        ("comment", Role::Comment),
        ("entity.name", Role::Name),
        ("support.function.builtin", Role::Name),
        ("support.type", Role::Name),
    ];
    let parsed = scopes
        .into_iter()
        .filter_map(|(it, role)| Some((Scope::new(it).ok()?, role)));
    parsed.collect()
});

/// The styled lines of every file looked at. Parses ahead no further than the line asked for.
#[derive(Default)]
pub(super) struct Syntax {
    files: HashMap<u32, Parsed>,
}

struct Parsed {
    state: ParseState,
    stack: ScopeStack,
    lines: Vec<Vec<Piece>>,
}

/// Lines parsed for one look at most; those beyond are shown plain until looked at again.
const AT_ONCE: usize = 20_000;
/// A longer line is shown plain.
const LONGEST: usize = 2_000;

impl Syntax {
    /// The spans of a line, cleaned for the screen.
    pub(super) fn line<'a>(
        &mut self,
        trace: &Trace,
        file: Id<File>,
        line: u32,
        styles: &Styles,
    ) -> Vec<Span<'a>> {
        let lines = trace.files()[file].lines.as_deref().unwrap_or_default();
        let at = (line as usize).saturating_sub(1);
        let parsed = self.files.entry(file.raw()).or_insert_with(Parsed::new);
        let upto = (at + 1).min(lines.len());
        for line in lines[..upto].iter().skip(parsed.lines.len()).take(AT_ONCE) {
            let next = parsed.next(line);
            parsed.lines.push(next);
        }
        match parsed.lines.get(at) {
            Some(pieces) => pieces
                .iter()
                .map(|(text, role)| Span::styled(text.clone(), role.style(styles)))
                .collect(),
            None => {
                let plain = lines.get(at).map_or(String::new(), |it| text::clean(it));
                vec![Span::styled(plain, styles.text)]
            }
        }
    }
}

impl Parsed {
    fn new() -> Self {
        let python = SYNTAXES.find_syntax_by_extension("py");
        let syntax = python.unwrap_or_else(|| SYNTAXES.find_syntax_plain_text());
        Self {
            state: ParseState::new(syntax),
            stack: ScopeStack::new(),
            lines: Vec::new(),
        }
    }

    fn next(&mut self, line: &str) -> Vec<Piece> {
        let plain = || vec![(text::clean(line), Role::Text)];
        if LONGEST < line.len() {
            return plain();
        }
        let Ok(parsed) = self.state.parse_line(line, &SYNTAXES) else {
            return plain();
        };
        let mut pieces: Vec<Piece> = Vec::new();
        let mut from = 0;
        // Tab stops count from the line's start, so the line is cleaned as a whole and cut after.
        let mut seen = String::new();
        let mut push = |text: &str, role: Role| {
            let before = seen.len();
            text.chars().for_each(|c| text::put_clean(c, &mut seen));
            let text = &seen[before..];
            match pieces.last_mut() {
                Some((last, same)) if *same == role => last.push_str(text),
                _ => pieces.push((text.into(), role)),
            }
        };
        for (at, op) in parsed {
            if from < at {
                push(&line[from..at], role(&self.stack));
                from = at;
            }
            if self.stack.apply(&op).is_err() {
                self.stack = ScopeStack::new();
            }
        }
        push(&line[from..], role(&self.stack));
        pieces
    }
}

/// The role of text under `stack`: the innermost scope that plays one; inside a comment or a string,
/// that.
fn role(stack: &ScopeStack) -> Role {
    for scope in stack.scopes.iter().rev() {
        let found = SCOPES
            .iter()
            .rev()
            .find(|(prefix, _)| prefix.is_prefix_of(*scope));
        if let Some((_, role)) = found {
            return *role;
        }
    }
    Role::Text
}

impl Role {
    fn style(self, styles: &Styles) -> Style {
        match self {
            Self::Text => styles.text,
            Self::Keyword => styles.keyword,
            Self::Literal => styles.literal,
            Self::Comment => styles.comment,
            Self::Name => styles.name,
        }
    }
}
