//! Where programs read from outside: the calls that do, and the objects that stand for it.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::Source;
use crate::trace::Value;

/// What a statement's code says when it reads from outside, the most particular first.
const CALLS: &[(Source, &str)] = &[
    (
        Source::Environment,
        r"\b(?:environb?|getenvb?|dotenv_values)\b",
    ),
    (Source::Prompted, r"\bgetpass\b"),
    (Source::Keyring, r"\bkeyring\b"),
    (
        Source::Arguments,
        r"\b(?:argv|parse_args|parse_known_args|getopt)\b",
    ),
    (Source::Stdin, r"\binput\s*\(|\bstdin\b|\bfileinput\b"),
    (
        Source::Network,
        r"\b(?:recv|recvfrom|recv_into|recvmsg|urlopen|urlretrieve|getresponse|makefile|gethostby\w+|getaddrinfo|accept|getpeername)\s*\(|\b(?:requests|httpx|aiohttp|urllib3|urllib|socket|ssl|websockets?)\s*\.|\bhttp\.client\b",
    ),
    (
        Source::File,
        r"\b(?:open|fdopen|loadtxt|genfromtxt|read_\w+|fetchone|fetchall|fetchmany)\s*\(|\.(?:read|readline|readlines|readinto|read1)\s*\(|\b(?:json|pickle|toml|tomllib|yaml|marshal|csv|shelve|plistlib)\.(?:load|safe_load|full_load|load_all|reader|DictReader|open)\b|\b(?:configparser|linecache|sqlite3|getlines?)\b",
    ),
];

/// What the text of an object says when it stands for the outside.
const OBJECTS: &[(Source, &str)] = &[
    (Source::Environment, r"\benviron\b|\b_Environ\b"),
    (Source::Stdin, r"name='<stdin>'"),
    (
        Source::Network,
        r"\b(?:socket|SSLSocket|HTTPResponse|SocketIO|HTTPConnection|HTTPSConnection)\b",
    ),
    (
        Source::File,
        r"\b(?:TextIOWrapper|BufferedReader|BufferedRandom|FileIO|ZipExtFile|GzipFile|_csv\.reader|DictReader|sqlite3\.(?:Cursor|Row|Connection)|RawConfigParser|ConfigParser|SectionProxy)\b",
    ),
];

static CALL_SET: LazyLock<RegexSet> = LazyLock::new(|| compiled(CALLS));
static OBJECT_SET: LazyLock<RegexSet> = LazyLock::new(|| compiled(OBJECTS));
static MENTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"[\p{L}_][\p{L}\p{N}_]*"#).expect("the table is tested"));

fn compiled(table: &[(Source, &str)]) -> RegexSet {
    RegexSet::new(table.iter().map(|it| it.1)).expect("the table is tested")
}

/// From where a statement reads, as far as its own code tells.
pub(super) fn read_by(code: &str) -> Option<Source> {
    let at = CALL_SET.matches(code).into_iter().next()?;
    Some(CALLS[at].0)
}

/// What an object stands for, as far as its type and text tell.
pub(super) fn stands_for(value: &Value) -> Option<Source> {
    let text = match value {
        Value::Opaque { name, text } => format!("{name} {text}"),
        Value::Object { name, .. } => name.clone(),
        _ => return None,
    };
    // A class or a module is not yet something that was read.
    if text.contains("<class '") || text.contains("<module '") {
        return None;
    }
    let at = OBJECT_SET.matches(&text).into_iter().next()?;
    Some(OBJECTS[at].0)
}

/// A variable that a statement mentions, and the attribute or item of it that alone is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) name: String,
    /// Only this field or key, where the code says so.
    pub(super) part: Option<String>,
}

/// The variables that `code` mentions, each mention once. `plain` is the same with its strings left in.
pub(super) fn mentions(code: &str, plain: &str) -> Vec<Mention> {
    const WORDS: &[&str] = &[
        "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
        "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with",
        "yield", "None", "True", "False", "print", "len", "str", "int", "range",
    ];
    let mut res: Vec<Mention> = Vec::new();
    for word in MENTION.find_iter(code) {
        let name = word.as_str();
        let attribute = code[..word.start()].trim_end().ends_with('.');
        if attribute || WORDS.contains(&name) {
            continue;
        }
        let mention = Mention {
            name: name.to_owned(),
            part: part(&code[word.end()..], plain.get(word.end()..).unwrap_or("")),
        };
        if !res.contains(&mention) {
            res.push(mention);
        }
    }
    res
}

/// `.x` or `['x']` at the start.
fn part(code: &str, plain: &str) -> Option<String> {
    if let Some(rest) = code.strip_prefix('.') {
        let end = rest
            .find(|it: char| !it.is_alphanumeric() && it != '_')
            .unwrap_or(rest.len());
        // A method's result may be anything of the object's.
        let called = rest[end..].trim_start().starts_with('(');
        return (0 < end && !called).then(|| rest[..end].to_owned());
    }
    let inside = plain.strip_prefix('[')?;
    let quote = inside
        .chars()
        .next()
        .filter(|it| matches!(it, '\'' | '"'))?;
    let (key, rest) = inside[1..].split_once(quote)?;
    rest.starts_with(']').then(|| key.to_owned())
}

/// The part of `value` that a mention means; all of it where the part is not to be seen.
pub(super) fn meant<'a>(value: &'a Value, part: Option<&str>) -> &'a Value {
    let Some(part) = part else { return value };
    let found = match value {
        Value::Object { fields, .. } => fields.iter().find(|it| it.0 == part).map(|it| &it.1),
        Value::Dict { items, .. } => items
            .iter()
            .find(|it| matches!(&it.0, Value::Str { kept, .. } if kept == part.as_bytes()))
            .map(|it| &it.1),
        _ => None,
    };
    found.unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_known_by_their_calls() {
        for (code, source) in [
            ("key = os.environ['  ']", Some(Source::Environment)),
            ("key = getenv('  ')", Some(Source::Environment)),
            ("p = getpass.getpass()", Some(Source::Prompted)),
            ("n = int(input())", Some(Source::Stdin)),
            ("for line in sys.stdin:", Some(Source::Stdin)),
            ("with open(path) as f:", Some(Source::File)),
            ("text = path.read_text()", Some(Source::File)),
            ("data = s.recv(10)", Some(Source::Network)),
            ("r = requests.get(url)", Some(Source::Network)),
            ("a = sys.argv[1]", Some(Source::Arguments)),
            ("k = keyring.get_password('', '')", Some(Source::Keyring)),
            ("reopened = opening + inputs", None),
            ("x = f(y)", None),
        ] {
            assert_eq!(read_by(code), source, "{code}");
        }
    }

    #[test]
    fn mentions_are_roots_with_their_part() {
        let plain = "x = a.b + c['k'] + d.e(f) if g else 'h'";
        let code = "x = a.b + c[' '] + d.e(f) if g else ' '";
        let found: Vec<String> = mentions(code, plain)
            .into_iter()
            .map(|it| format!("{}:{}", it.name, it.part.unwrap_or_default()))
            .collect();
        assert_eq!(found, ["x:", "a:b", "c:k", "d:", "f:", "g:"]);
    }
}
