//! Events as `oracle.py` writes them.

use crate::support::replay::Event;
use recorder::value::{Sequence, Shape, Value, tag};
use std::collections::HashMap;

/// Types whose objects both sides show by what they hold; of others neither says anything.
const KNOWN: &[&str] = &[
    "Both",
    "Color",
    "Counter",
    "Items",
    "Node",
    "OrderedDict",
    "Pair",
    "Plain",
    "Slotted",
    "Texts",
    "defaultdict",
    "deque",
    "dict_items",
    "dict_keys",
    "dict_values",
    "mappingproxy",
    "namespace",
    "odict_items",
    "odict_keys",
    "odict_values",
];

/// The event in one line: kind, line, function, variables.
pub(crate) fn event(event: &Event) -> String {
    let kind = match event.kind {
        // The oracle's kind of tracing does not tell these apart.
        "yield" | "unwind" => "return",
        "resume" => "call",
        kind => kind,
    };
    let mut numbers = HashMap::new();
    let locals = event.locals.iter();
    let locals = locals.map(|(name, value)| format!("{name}={}", shown(value, &mut numbers)));
    let head = [kind.into(), event.line.to_string(), event.function.clone()];
    head.into_iter()
        .chain(locals)
        .collect::<Vec<_>>()
        .join("\t")
}

/// Numbers objects in the order they are met.
fn number(id: u64, numbers: &mut HashMap<u64, usize>) -> usize {
    let next = numbers.len();
    *numbers.entry(id).or_insert(next)
}

fn shown(value: &Value, numbers: &mut HashMap<u64, usize>) -> String {
    match value {
        Value::None => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Int(it) => it.to_string(),
        Value::BigInt { digits, cut } => format!("{digits}{}", "?".repeat(*cut as usize)),
        Value::Float(_) => monologue::trace::repr(value),
        Value::Str { len, kept } => format!("str {len} {}", bytes(kept)),
        Value::Bytes { mutable, len, kept } => {
            let name = if *mutable { "bytearray" } else { "bytes" };
            format!("{name} {len} {}", bytes(kept))
        }
        Value::Sequence {
            kind,
            id,
            len,
            items,
        } => {
            let name = match kind {
                Sequence::List => "list",
                Sequence::Tuple => "tuple",
                Sequence::Set => "set",
                Sequence::FrozenSet => "frozenset",
            };
            let number = number(*id, numbers);
            let mut items: Vec<_> = items.iter().map(|it| shown(it, numbers)).collect();
            if matches!(kind, Sequence::Set | Sequence::FrozenSet) {
                items.sort();
            }
            format!("{name} {number} {len} [{}]", items.join(", "))
        }
        Value::Dict { id, len, items } => {
            let number = number(*id, numbers);
            let pair = |(key, value): &(Value, Value)| {
                let key = shown(key, numbers);
                format!("{key}: {}", shown(value, numbers))
            };
            let items: Vec<_> = items.iter().map(pair).collect();
            format!("dict {number} {len} [{}]", items.join(", "))
        }
        Value::Object {
            id,
            name,
            shape,
            len,
            fields,
        } => {
            if *shape == Shape::Bare && !KNOWN.contains(&name.as_str()) {
                return "?".into();
            }
            let number = number(*id, numbers);
            let shape = match shape {
                Shape::Call => "call",
                Shape::Enum => "enum",
                Shape::Bare => "bare",
            };
            let field =
                |(name, value): &(String, Value)| format!("{name}={}", shown(value, numbers));
            let fields: Vec<_> = fields.iter().map(field).collect();
            format!("{shape} {name} {number} {len} ({})", fields.join(", "))
        }
        Value::Opaque { name, text } => opaque(name, text),
        Value::Cycle { id, of } => {
            assert!((tag::LIST..=tag::OBJECT).contains(of), "a container");
            format!("cycle {}", number(*id, numbers))
        }
    }
}

fn opaque(name: &str, text: &str) -> String {
    let between = |start| text.strip_prefix(start)?.strip_suffix('>');
    if let Some(class) = between("<class '") {
        return format!("class {}", class.trim_end_matches('\''));
    }
    if name == "function"
        && let Some(name) = between("<function ")
    {
        return format!("function {name}");
    }
    if ["complex", "range", "array", "array.array"].contains(&name) {
        return format!("str {} {}", text.len(), bytes(text.as_bytes()));
    }
    "?".into()
}

/// As Python's `repr` of bytes.
fn bytes(bytes: &[u8]) -> String {
    let quote = match bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        true => '"',
        false => '\'',
    };
    let byte = |it: &u8| match it {
        b'\n' => "\\n".into(),
        b'\r' => "\\r".into(),
        b'\t' => "\\t".into(),
        b'\\' => "\\\\".into(),
        b'\'' if quote == '\'' => "\\'".into(),
        b' '..=b'~' => char::from(*it).to_string(),
        _ => format!("\\x{it:02x}"),
    };
    let text: String = bytes.iter().map(byte).collect();
    format!("b{quote}{text}{quote}")
}
