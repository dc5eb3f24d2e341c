//! What a line of source stores into, read from its text: a trace says which variables differ, and an
//! assignment that leaves its variable as it was differs in nothing.

/// A place that a statement stores into: a variable, and the way from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) way: Vec<Hop>,
}

/// One hop from an object to a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hop {
    Attribute(String),
    /// An index or key written as a literal.
    Int(i64),
    Text(String),
    /// An index or key that a variable holds.
    Variable(String),
}

/// When a statement stores into its targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Whenever it runs to its end.
    Always,
    /// A loop's header: when it goes on into the body.
    Entered,
}

/// A logical line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stores {
    /// Its first line, counted from 1.
    pub(super) first: u32,
    /// Its last.
    pub(super) last: u32,
    pub(super) when: When,
    pub(super) targets: Vec<Target>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Int(i64),
    Text(String),
    /// Numbers and strings whose value does not matter.
    Other,
    Sign(char),
    /// `+=` and its like.
    Augmented,
    Walrus,
}

/// What the logical line that `line` belongs to stores into; `from` is a line at which a logical line
/// begins. Linear in the text from `from` to there.
pub(super) fn stores<S: AsRef<str>>(lines: &[S], from: u32, line: u32) -> Option<Stores> {
    let start = from.max(1);
    let mut first = start;
    let mut reading = Reading::default();
    let end = u32::try_from(lines.len()).ok()?;
    for number in start..=end {
        reading.read(lines[number as usize - 1].as_ref());
        if reading.continues() && number < end {
            continue;
        }
        if line <= number {
            let (when, targets) = read(&reading.tokens);
            return (first <= line).then_some(Stores {
                first,
                last: number,
                when,
                targets,
            });
        }
        reading = Reading::default();
        first = number + 1;
    }
    None
}

/// A logical line's tokens, from one physical line after the other.
#[derive(Debug, Default)]
struct Reading {
    tokens: Vec<Token>,
    depth: u32,
    /// The quotes of a string that goes over lines.
    open: Option<&'static str>,
    escaped_end: bool,
}

impl Reading {
    fn continues(&self) -> bool {
        0 < self.depth || self.open.is_some() || self.escaped_end
    }

    fn read(&mut self, line: &str) {
        self.escaped_end = false;
        let mut rest = line;
        if let Some(quote) = self.open {
            match rest.find(quote) {
                Some(at) => {
                    rest = &rest[at + quote.len()..];
                    self.open = None;
                }
                None => return,
            }
        }
        while let Some(c) = rest.chars().next() {
            rest = self.token(c, rest);
        }
    }

    /// Takes the token that `rest` starts with; what is left is returned.
    fn token<'a>(&mut self, c: char, rest: &'a str) -> &'a str {
        let after = &rest[c.len_utf8()..];
        if c == '#' {
            return "";
        }
        if c == '\\' {
            self.escaped_end = after.is_empty();
            return after;
        }
        if c == '\'' || c == '"' {
            return self.string(rest);
        }
        if c.is_alphabetic() || c == '_' {
            let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_');
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            let is_prefix = word.len() <= 2 && word.chars().all(|it| "rRbBuUfFtT".contains(it));
            if is_prefix && after.starts_with(['\'', '"']) {
                let after = self.string(after);
                // What the prefix makes of it is not worked out here.
                if let Some(Token::Text(_)) = self.tokens.last() {
                    self.tokens.pop();
                    self.tokens.push(Token::Other);
                }
                return after;
            }
            self.tokens.push(Token::Word(word.into()));
            return after;
        }
        if c.is_ascii_digit() {
            let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_' && it != '.');
            let (number, after) = rest.split_at(end.unwrap_or(rest.len()));
            self.tokens
                .push(number.parse().map_or(Token::Other, Token::Int));
            return after;
        }
        for three in ["**=", "//=", ">>=", "<<="] {
            if let Some(after) = rest.strip_prefix(three) {
                self.tokens.push(Token::Augmented);
                return after;
            }
        }
        if let Some(after) = after
            .strip_prefix('=')
            .filter(|_| "=!<>:+-*/%@&|^".contains(c))
        {
            match c {
                ':' => self.tokens.push(Token::Walrus),
                '=' | '!' | '<' | '>' => self.tokens.push(Token::Other),
                _ => self.tokens.push(Token::Augmented),
            }
            return after;
        }
        match c {
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
            _ => (),
        }
        if !c.is_whitespace() {
            self.tokens.push(Token::Sign(c));
        }
        after
    }

    fn string<'a>(&mut self, rest: &'a str) -> &'a str {
        for quote in ["\"\"\"", "'''"] {
            if let Some(inside) = rest.strip_prefix(quote) {
                self.tokens.push(Token::Other);
                return match inside.find(quote) {
                    Some(at) => &inside[at + 3..],
                    None => {
                        self.open = Some(quote);
                        ""
                    }
                };
            }
        }
        let quote = rest.as_bytes()[0];
        let mut escaped = false;
        for (at, byte) in rest.bytes().enumerate().skip(1) {
            match byte {
                b'\\' if !escaped => escaped = true,
                _ if byte == quote && !escaped => {
                    let text = &rest[1..at];
                    self.tokens.push(match text.contains('\\') {
                        true => Token::Other,
                        false => Token::Text(text.into()),
                    });
                    return &rest[at + 1..];
                }
                _ => escaped = false,
            }
        }
        self.tokens.push(Token::Other);
        ""
    }
}

fn is_word(token: Option<&Token>, word: &str) -> bool {
    matches!(token, Some(Token::Word(it)) if it == word)
}

/// `tokens` cut at every token outside brackets that `cut` says yes to.
fn split(tokens: &[Token], cut: impl Fn(&Token) -> bool) -> Vec<&[Token]> {
    let (mut res, mut start, mut depth) = (Vec::new(), 0, 0i32);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth -= 1,
            _ if depth == 0 && cut(token) => {
                res.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => (),
        }
    }
    res.push(&tokens[start..]);
    res
}

fn read(tokens: &[Token]) -> (When, Vec<Target>) {
    let tokens = match tokens {
        [Token::Word(first), rest @ ..] if first == "async" => rest,
        _ => tokens,
    };
    let mut found = Vec::new();
    match tokens.first() {
        Some(Token::Word(word)) if word == "for" => {
            let header = split(tokens, |it| is_word(Some(it), "in"));
            put_list(&header[0][1..], &mut found);
            return (When::Entered, found);
        }
        Some(Token::Word(word)) if word == "def" || word == "class" => {
            put_one(&tokens[1..tokens.len().min(2)], &mut found);
        }
        Some(Token::Word(word)) if word == "with" => {
            for (at, token) in tokens.iter().enumerate() {
                if is_word(Some(token), "as") {
                    put_one(&tokens[at + 1..tokens.len().min(at + 2)], &mut found);
                }
            }
        }
        Some(Token::Word(word)) if is_compound(word) => (),
        _ => {
            for statement in split(tokens, |it| *it == Token::Sign(';')) {
                put_statement(statement, &mut found);
            }
        }
    }
    put_walruses(tokens, &mut found);
    (When::Always, found)
}

fn is_compound(word: &str) -> bool {
    matches!(
        word,
        "if" | "elif" | "else" | "while" | "try" | "except" | "finally" | "match" | "case"
    )
}

fn put_statement(tokens: &[Token], found: &mut Vec<Target>) {
    let sides = split(tokens, |it| {
        matches!(it, Token::Sign('=') | Token::Augmented)
    });
    for side in &sides[..sides.len() - 1] {
        // An annotation stands between the target and the sign.
        let target = split(side, |it| *it == Token::Sign(':'))[0];
        put_list(target, found);
    }
}

/// Those that are sure to be reached: the first operand of everything around them.
fn put_walruses(tokens: &[Token], found: &mut Vec<Target>) {
    for (at, token) in tokens.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        if matches!(&**word, "and" | "or" | "if" | "for" | "lambda" | "else") && 0 < at {
            return;
        }
        if tokens.get(at + 1) == Some(&Token::Walrus) {
            put_one(&tokens[at..=at], found);
        }
    }
}

fn put_list(tokens: &[Token], found: &mut Vec<Target>) {
    for part in split(tokens, |it| *it == Token::Sign(',')) {
        match part {
            [Token::Sign('*'), rest @ ..] => put_one(rest, found),
            [Token::Sign('(' | '['), inside @ .., Token::Sign(')' | ']')] => {
                put_list(inside, found);
            }
            _ => put_one(part, found),
        }
    }
}

fn put_one(tokens: &[Token], found: &mut Vec<Target>) {
    let Some((Token::Word(name), mut rest)) = tokens.split_first() else {
        return;
    };
    let mut way = Vec::new();
    while !rest.is_empty() {
        let (hop, after) = match rest {
            [Token::Sign('.'), Token::Word(name), after @ ..] => {
                (Hop::Attribute(name.clone()), after)
            }
            [Token::Sign('['), key, Token::Sign(']'), after @ ..] => match key {
                Token::Int(it) => (Hop::Int(*it), after),
                Token::Text(it) => (Hop::Text(it.clone()), after),
                Token::Word(it) => (Hop::Variable(it.clone()), after),
                _ => return,
            },
            [
                Token::Sign('['),
                Token::Sign('-'),
                Token::Int(it),
                Token::Sign(']'),
                after @ ..,
            ] => (Hop::Int(-it), after),
            // A call, a slice, a computed key: which part it is cannot be told from here.
            _ => return,
        };
        way.push(hop);
        rest = after;
    }
    let target = Target {
        name: name.clone(),
        way,
    };
    if !found.contains(&target) {
        found.push(target);
    }
}

#[cfg(test)]
mod tests;
