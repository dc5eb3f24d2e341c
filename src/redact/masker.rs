//! Texts with what must not leave replaced by placeholders, the same for the same everywhere.

use std::{collections::BTreeMap, env, ops::Range, sync::LazyLock};

use regex::Regex;
use rustc_hash::FxHashMap;

use super::{
    Kind, Mask,
    patterns::{self, Place},
    python,
    seeds::{Finder, Seeds},
    taint,
};
use crate::trace::Trace;

static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("⟦(?:redacted|tainted):[^⟦⟧]*⟧").expect("it is tested"));

/// Sources whose texts may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trust {
    /// What programs read from their standard input: in some studies, the test's own data.
    pub stdin: bool,
}

/// Finds and replaces what must not leave this machine.
#[derive(Debug, Clone, Default)]
pub struct Masker {
    finder: Finder,
    /// The number given to each distinct text, by kind.
    numbers: FxHashMap<Kind, FxHashMap<String, usize>>,
    originals: FxHashMap<String, String>,
    counts: BTreeMap<Kind, usize>,
}

impl Masker {
    /// For texts of no trace: knows shapes, names, this machine's user, and the secrets in our own
    /// environment.
    pub fn plain() -> Self {
        Self::of(Seeds::default())
    }

    /// For a trace and all that is said of it: knows, beside, what the program got from outside. Costs
    /// one to four readings of the trace.
    pub fn new(trace: &Trace) -> Self {
        Self::trusting(trace, Trust::default())
    }

    /// As [`Self::new`], with some sources left alone.
    pub fn trusting(trace: &Trace, trust: Trust) -> Self {
        let mut seeds = taint::seeds(trace, trust);
        let paths = trace.files().iter().map(|it| &*it.path);
        let facts = ["cwd", "executable", "argv"].map(|it| trace.fact(it).unwrap_or_default());
        for text in paths.chain(facts) {
            for name in users(text) {
                seeds.insert_user(name);
            }
        }
        Self::of(seeds)
    }

    fn of(mut seeds: Seeds) -> Self {
        for (name, value) in env::vars() {
            if matches!(&*name, "USER" | "LOGNAME" | "USERNAME") {
                seeds.insert_user(&value);
            } else if name == "HOME" {
                users(&value).for_each(|it| seeds.insert_user(it));
            } else if name != "PWD" && super::names::holds_secret(&name, &value) {
                seeds.insert(&value, Kind::Password);
            }
        }
        Self {
            finder: seeds.finder(),
            ..Self::default()
        }
    }

    /// What of `text` would be masked, in order and disjoint.
    pub fn masks(&self, text: &str) -> Vec<Mask> {
        let mut all = self.finder.found(text);
        // Names of users come last: an address with one in it is an address.
        let users = all.extract_if(.., |it| it.1 == Kind::User);
        let users: Vec<_> = users.collect();
        all.extend(patterns::found(text, Place::Text));
        all.extend(users);
        joined(text, all)
    }

    /// As [`Self::masks`], for a text that a limit has cut at its end: what is torn there is masked too,
    /// since the start of a secret need not look like one.
    pub fn masks_cut(&self, text: &str) -> Vec<Mask> {
        let mut all: Vec<(Range<usize>, Kind)> = self
            .masks(text)
            .into_iter()
            .map(|it| (it.bytes, it.kind))
            .collect();
        let words = |it: char| it.is_whitespace();
        let word = text
            .rfind(words)
            .map_or(0, |at| text.ceil_char_boundary(at + 1));
        // Cards and telephone numbers are written with blanks.
        let number = text
            .trim_end_matches(|it: char| it.is_ascii_digit() || " -().+".contains(it))
            .len();
        let number = text.len() - text[number..].trim_start().len();
        let torn = self.finder.torn(text).unwrap_or(text.len());
        let start = word.min(number).min(torn);
        // Very long words are data; the end of one is enough.
        let start =
            text.ceil_char_boundary(start.max(text.len().saturating_sub(256)).min(text.len()));
        let start = start.min(torn);
        if start < text.len() {
            all.push((start..text.len(), Kind::Cut));
        }
        joined(text, all)
    }

    /// What of a Python file's lines would be masked, by line: in code only strings, comments and
    /// cards' numbers are, and names never.
    pub fn source<T: AsRef<str>>(&self, lines: &[T]) -> Vec<Vec<Mask>> {
        let source = python::Source::read(lines);
        let text = &source.text;
        let mut all = self.finder.found(text);
        all.extend(patterns::found(text, Place::Code));
        for (range, part) in &source.parts {
            if *part == python::Part::Comment {
                let found = patterns::found(&text[range.clone()], Place::Text);
                let moved = |it: Range<usize>| it.start + range.start..it.end + range.start;
                all.extend(found.into_iter().map(|it| (moved(it.0), it.1)));
            }
        }
        let mut inside: Vec<Mask> = Vec::new();
        for mask in joined(text, all) {
            // A card's number needs no quotes.
            if mask.kind == Kind::Card {
                inside.push(mask);
                continue;
            }
            let from = source
                .parts
                .partition_point(|it| it.0.end <= mask.bytes.start);
            let parts = source.parts[from..].iter().map(|it| &it.0);
            inside.extend(
                parts
                    .take_while(|it| it.start < mask.bytes.end)
                    .map(|part| Mask {
                        bytes: part.start.max(mask.bytes.start)..part.end.min(mask.bytes.end),
                        kind: mask.kind,
                    }),
            );
        }
        let mut res = Vec::new();
        for line in 0..source.len() {
            let line = source.line(line);
            let from = inside.partition_point(|it| it.bytes.end <= line.start);
            let on = inside[from..]
                .iter()
                .take_while(|it| it.bytes.start < line.end);
            let masks = on.map(|it| Mask {
                bytes: it.bytes.start.max(line.start) - line.start
                    ..it.bytes.end.min(line.end) - line.start,
                kind: it.kind,
            });
            res.push(masks.collect());
        }
        res
    }

    /// `text` with its masks in place.
    pub fn masked(&mut self, text: &str) -> String {
        let masks = self.masks(text);
        self.put(text, &masks)
    }

    /// `text` with these masks in place.
    pub fn put(&mut self, text: &str, masks: &[Mask]) -> String {
        let mut res = String::with_capacity(text.len());
        let mut at = 0;
        for mask in masks {
            res.push_str(&text[at..mask.bytes.start]);
            res.push_str(&self.placeholder(&text[mask.bytes.clone()], mask.kind));
            at = mask.bytes.end;
        }
        res.push_str(&text[at..]);
        res
    }

    /// `text` with every placeholder that this masker gave out replaced by what it stands for: what comes
    /// back from where a masked text was sent.
    pub fn unmasked(&self, text: &str) -> String {
        let original = |it: &regex::Captures<'_>| match self.originals.get(&it[0]) {
            Some(original) => original.clone(),
            None => it[0].to_owned(),
        };
        PLACEHOLDER.replace_all(text, original).into_owned()
    }

    /// How many masks were put, by kind.
    pub fn counts(&self) -> impl Iterator<Item = (Kind, usize)> {
        self.counts.iter().map(|(&kind, &count)| (kind, count))
    }

    /// `4 values masked (2 env, 1 email, 1 user)`, or that none was.
    pub fn summary(&self) -> String {
        let all: usize = self.counts.values().sum();
        let kinds: Vec<String> = self
            .counts
            .iter()
            .map(|(kind, count)| format!("{count} {}", kind.word()))
            .collect();
        match all {
            0 => "nothing in it had to be masked".to_owned(),
            1 => format!("1 value masked ({})", kinds.join(", ")),
            _ => format!("{all} values masked ({})", kinds.join(", ")),
        }
    }

    pub(super) fn finder(&self) -> &Finder {
        &self.finder
    }

    /// What stands for `text`: the same for the same, and nothing of it but its length.
    pub(super) fn placeholder(&mut self, text: &str, kind: Kind) -> String {
        *self.counts.entry(kind).or_default() += 1;
        let known = self.numbers.entry(kind).or_default();
        let next = known.len() + 1;
        let n = *known.entry(text.to_owned()).or_insert(next);
        let word = kind.word();
        let res = match kind {
            Kind::Tainted(_) => {
                let number = text.parse::<f64>().is_ok();
                let of = if number { "number" } else { "str" };
                format!("⟦tainted:{word}:{n}:{of}:{}⟧", text.chars().count())
            }
            _ => format!("⟦redacted:{word}:{n}⟧"),
        };
        self.originals
            .entry(res.clone())
            .or_insert_with(|| text.to_owned());
        res
    }
}

/// The names of users that home directories in `text` are called by.
fn users(text: &str) -> impl Iterator<Item = &str> {
    let homes = ["/home/", "/Users/", "\\Users\\"];
    homes.into_iter().flat_map(move |home| {
        text.match_indices(home).filter_map(move |(at, _)| {
            let rest = &text[at + home.len()..];
            rest.split(['/', '\\', '"', '\'', ' ', ',']).next()
        })
    })
}

/// Ranges in order of precedence as masks in order of text; those that overlap become one. What stands in
/// a placeholder already is left alone.
fn joined(text: &str, all: Vec<(Range<usize>, Kind)>) -> Vec<Mask> {
    let mut ranked: Vec<(usize, (Range<usize>, Kind))> = all.into_iter().enumerate().collect();
    if text.contains('⟦') {
        let placed: Vec<Range<usize>> = PLACEHOLDER.find_iter(text).map(|it| it.range()).collect();
        let apart = |it: &Range<usize>| {
            placed
                .iter()
                .all(|placed| it.end <= placed.start || placed.end <= it.start)
        };
        ranked.retain(|it| apart(&it.1.0));
    }
    ranked.retain(|it| !it.1.0.is_empty());
    ranked.sort_by_key(|(rank, it)| (it.0.start, *rank));
    let mut res: Vec<(usize, Mask)> = Vec::new();
    for (rank, (bytes, kind)) in ranked {
        match res.last_mut().filter(|it| bytes.start < it.1.bytes.end) {
            Some((best, last)) => {
                last.bytes.end = last.bytes.end.max(bytes.end);
                if rank < *best {
                    (*best, last.kind) = (rank, kind);
                }
            }
            None => res.push((rank, Mask { bytes, kind })),
        }
    }
    res.into_iter().map(|it| it.1).collect()
}
