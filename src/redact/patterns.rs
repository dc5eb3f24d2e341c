//! What secrets look like: key shapes, assignments, personal data, and the checks that tell them from
//! numbers and words of the same shape.

use std::{ops::Range, sync::LazyLock};

use regex::{Regex, RegexSet};

use super::{Kind, checks, names};

/// A shape: what it is, how it reads (the group `s`, where there is one, is the secret), and whether a
/// match is one.
struct Shape {
    kind: Kind,
    regex: &'static str,
    holds: fn(&str) -> bool,
}

const fn shape(kind: Kind, regex: &'static str) -> Shape {
    Shape {
        kind,
        regex,
        holds: |_| true,
    }
}

const fn checked(kind: Kind, regex: &'static str, holds: fn(&str) -> bool) -> Shape {
    Shape { kind, regex, holds }
}

/// In order of precedence: where two shapes overlap, the earlier names the mask.
const SHAPES: &[Shape] = &[
    // To the text's end where the closing line is missing: a limit may have cut it off.
    shape(
        Kind::PrivateKey,
        r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\z)",
    ),
    shape(
        Kind::Jwt,
        r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?",
    ),
    shape(
        Kind::Aws,
        r"\b(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AIPA|ANPA|ANVA|AROA)[A-Z0-9]{16}\b",
    ),
    shape(
        Kind::Gcp,
        r"\bAIza[0-9A-Za-z_-]{35,}|\bya29\.[0-9A-Za-z_-]{20,}|\bGOCSPX-[0-9A-Za-z_-]{20,}",
    ),
    shape(
        Kind::Azure,
        r"(?i)(?:AccountKey|SharedAccessKey|[?&]sig)=(?P<s>[A-Za-z0-9%+/=]{20,})",
    ),
    shape(
        Kind::Azure,
        r"\b[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,34}",
    ),
    shape(
        Kind::Slack,
        r"\bx(?:ox[abeoprs]|app)-[A-Za-z0-9-]{10,}|https://hooks\.slack\.com/services/[A-Za-z0-9/]+",
    ),
    shape(
        Kind::GitHub,
        r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{20,}",
    ),
    shape(
        Kind::Key,
        r"\b[spr]k[-_](?:live[-_]|test[-_]|ant[-_]|proj[-_])?[A-Za-z0-9_-]{16,}|\bhf_[A-Za-z0-9]{20,}|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[A-Za-z0-9_-]{16,}|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    ),
    shape(
        Kind::Bearer,
        r"(?i)\bbearer\s+(?P<s>[A-Za-z0-9._~+/=-]{8,})",
    ),
    shape(
        Kind::Bearer,
        r#"(?i)\bauthorization['"]?\s*[:=]\s*['"]?(?:basic|token|digest)\s+(?P<s>[A-Za-z0-9._~+/=-]{4,})"#,
    ),
    shape(
        Kind::Password,
        r#"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@'"]*:(?P<s>[^\s/@'"]+)@"#,
    ),
    shape(
        Kind::Email,
        r"\b[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b",
    ),
    checked(
        Kind::Iban,
        r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b",
        checks::iban,
    ),
    checked(Kind::Card, r"\b\d(?:[ -]?\d){12,18}\b", checks::card),
    checked(Kind::NationalId, r"\b\d{3}-\d{2}-\d{4}\b", checks::ssn),
    shape(
        Kind::NationalId,
        r"\b[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b|\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b",
    ),
    checked(
        Kind::NationalId,
        r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b",
        checks::cpf,
    ),
    checked(Kind::NationalId, r"\b\d{8}-?[A-Z]\b", checks::dni),
    checked(
        Kind::NationalId,
        r"\b\d{17}[\dX]\b",
        checks::resident_identity,
    ),
    checked(Kind::Phone, r"\+\d[\d ().-]{6,18}\d\b", checks::phone),
    shape(
        Kind::Phone,
        r"\(\d{3}\) ?\d{3}[ .-]\d{4}\b|\b\d{3}[ .-]\d{3}[ .-]\d{4}\b",
    ),
    checked(Kind::Ip, r"\b\d{1,3}(?:\.\d{1,3}){3}\b", checks::ipv4),
    checked(
        Kind::Ip,
        r"(?i)\b[0-9a-f]{1,4}:[0-9a-f:]{2,}[0-9a-f]\b",
        checks::ipv6,
    ),
    shape(
        Kind::Home,
        r#"(?:/home|/Users|[A-Za-z]:\\{1,2}Users)[/\\]{1,2}[^/\\\s'":,;<>()\[\]{}]+|/root\b"#,
    ),
];

/// `NAME = VALUE` in any of its spellings; whether NAME names a secret is decided by [`names`].
const ASSIGNMENT: &str = r#"(?i)\b(?P<n>[a-z0-9_.-]*(?:pass|pwd|secret|token|key|credential)[a-z0-9_-]*)\\?['"]?\]?\s*(?:=>|:=|=|:)\s*[rbuf]{0,2}(?:\\?"(?P<d>[^"\n\\]+)|\\?'(?P<q>[^'\n\\]+)|(?P<b>[^\s'",;&|(){}\[\]<>\\]{4,}))"#;

/// What may be a string of high entropy.
const DENSE: &str = r"[A-Za-z0-9+/=_~-]{20,}";

struct Compiled {
    set: RegexSet,
    shapes: Vec<Regex>,
    assignment: Regex,
    dense: Regex,
}

static COMPILED: LazyLock<Compiled> = LazyLock::new(|| {
    let compile = |it: &str| Regex::new(it).expect("the table is tested");
    let all = SHAPES.iter().map(|it| it.regex).chain([ASSIGNMENT, DENSE]);
    Compiled {
        set: RegexSet::new(all).expect("the table is tested"),
        shapes: SHAPES.iter().map(|it| compile(it.regex)).collect(),
        assignment: compile(ASSIGNMENT),
        dense: compile(DENSE),
    }
});

/// Where text is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Text: anything may be a value.
    Text,
    /// Python code: of assignments only quoted values count.
    Code,
}

/// Every secret that `text` shows by its shape, in order of precedence; they may overlap.
pub(super) fn found(text: &str, place: Place) -> Vec<(Range<usize>, Kind)> {
    let mut res = Vec::new();
    if text.len() < 4 {
        return res;
    }
    let compiled = &*COMPILED;
    for at in compiled.set.matches(text) {
        match SHAPES.get(at) {
            Some(shape) => {
                for found in compiled.shapes[at].captures_iter(text) {
                    let secret = found.name("s").or_else(|| found.get(0));
                    res.extend(
                        secret
                            .filter(|it| (shape.holds)(it.as_str()))
                            .map(|it| (it.range(), shape.kind)),
                    );
                }
            }
            None if at == SHAPES.len() => assignments(&compiled.assignment, text, place, &mut res),
            None => {
                let dense = compiled.dense.find_iter(text);
                res.extend(
                    dense
                        .filter(|it| checks::dense(it.as_str()))
                        .map(|it| (it.range(), Kind::Entropy)),
                );
            }
        }
    }
    res
}

fn assignments(regex: &Regex, text: &str, place: Place, res: &mut Vec<(Range<usize>, Kind)>) {
    let mut at = 0;
    while let Some(found) = regex.captures_at(text, at) {
        let quoted = found.name("d").or_else(|| found.name("q"));
        let bare = found.name("b").filter(|_| place == Place::Text);
        let name = found.name("n").map_or("", |it| it.as_str());
        let value = quoted.or(bare);
        if let Some(value) = value.filter(|it| names::holds_secret(name, it.as_str())) {
            res.push((value.range(), Kind::Password));
        }
        // A value may itself be an assignment: `header: token=…`.
        let start = found.get(0).map_or(at, |it| it.start());
        let name_end = found.name("n").map_or(start + 1, |it| it.end());
        at = name_end.max(at + 1);
        if text.len() <= at || !text.is_char_boundary(at) {
            break;
        }
    }
}
