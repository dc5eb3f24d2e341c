//! Strings known to be secret, found again wherever they stand.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Kind;
use crate::trace;

/// Characters a tainted string has at least; shorter ones stand everywhere.
pub(super) const SHORTEST: usize = 4;

/// Secret strings, each with what it is.
#[derive(Debug, Default, Clone)]
pub(super) struct Seeds {
    known: FxHashMap<String, Kind>,
    /// Runs of digits in them, which may come back as numbers.
    numbers: FxHashMap<String, Kind>,
    /// Names of users: masked as words, never inside of one.
    users: FxHashSet<String>,
}

/// Seeds made ready for search.
#[derive(Debug, Default, Clone)]
pub(super) struct Finder {
    seeds: Seeds,
    automaton: Option<AhoCorasick>,
    /// What each of the automaton's patterns is.
    kinds: Vec<(Kind, bool)>,
}

impl Seeds {
    /// Takes `text` in, and its lines where it has several; says whether it is new. Texts that are too
    /// short to be told from others are left out.
    pub(super) fn insert(&mut self, text: &str, kind: Kind) -> bool {
        let text = text.trim();
        if text.chars().count() < SHORTEST || text.bytes().all(|it| it == text.as_bytes()[0]) {
            return false;
        }
        if self.known.contains_key(text) {
            return false;
        }
        self.known.insert(text.to_owned(), kind);
        for number in numbers(text) {
            self.numbers.entry(number.to_owned()).or_insert(kind);
        }
        for line in text.lines().filter(|it| it.len() < text.len()) {
            self.insert(line, kind);
        }
        true
    }

    /// Takes in the name of a user.
    pub(super) fn insert_user(&mut self, name: &str) {
        const COMMON: &[&str] = &[
            "root", "user", "users", "home", "admin", "guest", "test", "runner", "ubuntu",
            "python", "build", "data", "main", "work", "shared", "public", "default", "name",
        ];
        if SHORTEST <= name.chars().count() && !COMMON.contains(&name.to_ascii_lowercase().as_str())
        {
            self.users.insert(name.to_owned());
        }
    }

    /// What `text` is, where all of it is a seed.
    pub(super) fn whole(&self, text: &str) -> Option<Kind> {
        self.known.get(text.trim()).copied()
    }

    /// What a number, as Python writes it, is, where a seed holds it.
    pub(super) fn number(&self, text: &str) -> Option<Kind> {
        let bare = text.trim_start_matches('-');
        self.numbers.get(bare).copied().or_else(|| self.whole(text))
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Makes them ready for search. Linear in their length.
    pub(super) fn finder(self) -> Finder {
        let mut patterns: Vec<(String, Kind, bool)> = Vec::new();
        let mut known: Vec<_> = self.known.iter().collect();
        known.sort();
        for (text, &kind) in known {
            let literal = trace::literal(text);
            let escaped = &literal[1..literal.len() - 1];
            let json = trace::json(&trace::Value::Str {
                len: text.chars().count() as u64,
                kept: text.as_bytes().to_vec(),
            });
            let json = &json[1..json.len() - 1];
            // As it is, as `repr` shows it, as JSON does, and quoted in what is quoted itself.
            let twice = escaped.replace('\\', r"\\").replace('\'', r"\'");
            for form in [escaped, json, twice.as_str()] {
                if form != text {
                    patterns.push((form.to_owned(), kind, false));
                }
            }
            patterns.push((text.clone(), kind, false));
        }
        let users = self.users.iter().cloned();
        patterns.extend(users.map(|it| (it, Kind::User, true)));
        patterns.sort();
        patterns.dedup_by(|a, b| a.0 == b.0);
        let kinds = patterns.iter().map(|it| (it.1, it.2)).collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(patterns.iter().map(|it| &it.0))
            .ok();
        Finder {
            seeds: self,
            automaton,
            kinds,
        }
    }
}

impl Finder {
    pub(super) fn seeds(&self) -> &Seeds {
        &self.seeds
    }

    /// Every place where a seed stands, in order and disjoint.
    pub(super) fn found(&self, text: &str) -> Vec<(Range<usize>, Kind)> {
        let Some(automaton) = &self.automaton else {
            return Vec::new();
        };
        let found = automaton.find_iter(text).filter_map(|it| {
            let (kind, words) = self.kinds[it.pattern().as_usize()];
            (!words || is_word(text, &it.range())).then(|| (it.range(), kind))
        });
        found.collect()
    }

    /// Where the start of a seed begins that the end of `text` cuts off.
    pub(super) fn torn(&self, text: &str) -> Option<usize> {
        let from = text.len().saturating_sub(4096);
        let tail = &text[text.ceil_char_boundary(from)..];
        let mut first: Option<usize> = None;
        for seed in self.seeds.known.keys() {
            let head = seed
                .char_indices()
                .nth(SHORTEST)
                .map_or(seed.len(), |it| it.0);
            for (at, _) in tail.rmatch_indices(&seed[..head]) {
                if seed.starts_with(&tail[at..]) {
                    first = Some(first.map_or(at, |it| it.min(at)));
                }
            }
        }
        first.map(|it| it + text.len() - tail.len())
    }
}

fn is_word(text: &str, range: &Range<usize>) -> bool {
    let inside = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
    !inside(text[..range.start].chars().next_back()) && !inside(text[range.end..].chars().next())
}

/// The runs of digits that are long enough to be told from others.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !it.is_ascii_digit() && it != '.')
        .map(|it| it.trim_matches('.'))
        .filter(|it| SHORTEST <= it.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Source;

    const FILE: Kind = Kind::Tainted(Source::File);

    fn shown(texts: &[&str], text: &str) -> Vec<String> {
        let mut seeds = Seeds::default();
        for text in texts {
            seeds.insert(text, FILE);
        }
        let found = seeds.finder().found(text);
        found.into_iter().map(|it| text[it.0].to_owned()).collect()
    }

    #[test]
    fn seeds_are_found_raw_escaped_and_by_line() {
        assert_eq!(shown(&["hunter2"], "a hunter2b"), ["hunter2"]);
        assert_eq!(shown(&["it's\ta"], r#"x "it's\ta" y"#), [r"it's\ta"]);
        assert_eq!(shown(&["first\nsecond"], "say second"), ["second"]);
        assert_eq!(
            shown(&["first\nsecond"], "first\nsecond"),
            ["first\nsecond"]
        );
        assert!(shown(&["abc", "    ", "aaaa"], "abc aaaa").is_empty());
    }

    #[test]
    fn users_are_words() {
        let mut seeds = Seeds::default();
        seeds.insert_user("mark");
        seeds.insert_user("root");
        let found = seeds.finder().found("mark benchmark root");
        assert_eq!(found, [(0..4, Kind::User)]);
    }

    #[test]
    fn torn_ends_are_seen() {
        let mut seeds = Seeds::default();
        seeds.insert("correct horse battery", FILE);
        let finder = seeds.finder();
        assert_eq!(finder.torn("the correct hor"), Some(4));
        assert_eq!(finder.torn("the corrected"), None);
    }
}
