//! The programs that representations are tested on, and the recordings that `dump.py` made of them.

use std::path::Path;

use monologue::{
    represent::{self, Page, Representation, Request},
    trace::{Builder, CodeKind, Sequence, Shape, Stream, Trace, Value},
};
use recorder::wire::{Left, Record, Write};
use serde_json::Value as Json;

/// Every program.
pub(crate) const PROGRAMS: &[&str] = &[
    "bs",
    "errors",
    "folds",
    "folds312",
    "generators",
    "loops",
    "prints",
    "recursion",
    "script",
    "threads",
    "uncaught",
];

/// A program's whole trace.
pub(crate) fn trace(program: &str) -> Trace {
    let mut builder = Builder::default();
    for record in records(program) {
        builder.push(record);
    }
    builder.snapshot()
}

/// Every representation in each of its modes.
pub(crate) fn all() -> impl Iterator<Item = (&'static dyn Representation, Option<&'static str>)> {
    represent::ALL.iter().flat_map(|&it| {
        let modes: Vec<_> = match it.modes() {
            [] => vec![None],
            modes => modes.iter().map(|&it| Some(it)).collect(),
        };
        modes.into_iter().map(move |mode| (it, mode))
    })
}

/// The whole run in one mode.
pub(crate) fn page(it: &dyn Representation, mode: Option<&'static str>, trace: &Trace) -> Page {
    let request = Request {
        mode,
        ..Request::whole(trace)
    };
    represent::page(it, trace, &request)
}

/// The records of one program.
pub(crate) fn records(program: &str) -> Vec<Record> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{program}.jsonl"));
    let text = std::fs::read_to_string(path).expect("a recording of the program");
    text.lines()
        .map(|it| record(&serde_json::from_str(it).expect("a JSON list")))
        .collect()
}

fn record(json: &Json) -> Record {
    let text = |at: usize| json[at].as_str().expect("a text").to_owned();
    let number = |at: usize| json[at].as_u64().expect("a number") as u32;
    let delta = || json[1].as_i64().expect("a difference");
    match json[0].as_str().expect("a kind") {
        "fact" => Record::Fact(text(1), text(2)),
        "name" => Record::Name(text(1)),
        "file" => Record::File {
            path: text(1),
            source: Some(text(2)),
        },
        "code" => Record::Code {
            file: number(1),
            first_line: number(2),
            kind: kind(&text(3)),
            name: text(4),
            qualname: text(5),
            locals: items(&json[6])
                .iter()
                .map(|it| it.as_u64().expect("a name") as u32)
                .collect(),
            parameters: number(7),
        },
        "thread" => Record::Thread(number(1)),
        "call" => Record::Call {
            code: number(1),
            line: number(2),
            writes: writes(&json[3]),
        },
        "resume" => Record::Resume {
            frame: number(1),
            line: number(2),
            writes: writes(&json[3]),
        },
        "line" => Record::Line {
            delta: delta(),
            writes: writes(&json[2]),
        },
        "return" => Record::Return {
            delta: delta(),
            writes: writes(&json[2]),
            value: bytes(&json[3]),
        },
        "yield" => Record::Yield {
            delta: delta(),
            writes: writes(&json[2]),
            value: bytes(&json[3]),
        },
        "unwind" => Record::Unwind {
            delta: delta(),
            writes: writes(&json[2]),
        },
        "exception" => Record::Exception {
            delta: delta(),
            writes: writes(&json[2]),
            name: text(3),
            message: text(4),
            value: bytes(&json[5]),
        },
        "output" => Record::Output(Stream::Stdout, text(1).into()),
        "result" => Record::Result(bytes(&json[1])),
        "end" => Record::End(delta()),
        other => panic!("no record is called {other}"),
    }
}

fn kind(text: &str) -> CodeKind {
    match text {
        "module" => CodeKind::Module,
        "function" => CodeKind::Function,
        "class" => CodeKind::Class,
        "comprehension" => CodeKind::Comprehension,
        "genexpr" => CodeKind::GeneratorExpression,
        "lambda" => CodeKind::Lambda,
        "generator" => CodeKind::Generator,
        "coroutine" => CodeKind::Coroutine,
        other => panic!("no code is called {other}"),
    }
}

fn items(json: &Json) -> &[Json] {
    json.as_array().expect("a list")
}

fn writes(json: &Json) -> Vec<Write> {
    let write = |it: &Json| Write {
        name: it[0].as_u64().expect("a name") as u32,
        left: match it.get(1) {
            Some(value) => Left::Whole(bytes(value)),
            None => Left::Unbound,
        },
    };
    items(json).iter().map(write).collect()
}

fn bytes(json: &Json) -> Vec<u8> {
    let mut res = Vec::new();
    value(json).write(&mut res);
    res
}

fn value(json: &Json) -> Value {
    let Json::Object(object) = json else {
        return match json {
            Json::Null => Value::None,
            Json::Bool(it) => Value::Bool(*it),
            Json::Number(it) => Value::Int(it.as_i64().expect("an int")),
            Json::String(it) => Value::Str {
                len: it.chars().count() as u64,
                kept: it.as_bytes().into(),
            },
            _ => panic!("no value: {json}"),
        };
    };
    let (tag, it) = object.iter().next().expect("a tag");
    let len = || it[0].as_u64().expect("a length");
    let sequence = |kind| Value::Sequence {
        kind,
        id: 1,
        len: len(),
        items: items(&it[1]).iter().map(value).collect(),
    };
    match &**tag {
        "float" => Value::Float(it.as_str().and_then(|it| it.parse().ok()).expect("a float")),
        "list" => sequence(Sequence::List),
        "tuple" => sequence(Sequence::Tuple),
        "set" => sequence(Sequence::Set),
        "frozenset" => sequence(Sequence::FrozenSet),
        "dict" => Value::Dict {
            id: 1,
            len: len(),
            items: items(&it[1])
                .iter()
                .map(|it| (value(&it[0]), value(&it[1])))
                .collect(),
        },
        "object" => Value::Object {
            id: 1,
            name: it[0].as_str().expect("a name").into(),
            shape: Shape::Call,
            len: items(&it[1]).len() as u64,
            fields: items(&it[1])
                .iter()
                .map(|it| (it[0].as_str().expect("a name").into(), value(&it[1])))
                .collect(),
        },
        "opaque" => Value::Opaque {
            name: it[0].as_str().expect("a name").into(),
            text: it[1].as_str().expect("a text").into(),
        },
        "bare" => Value::Object {
            id: 1,
            name: it.as_str().expect("a name").into(),
            shape: Shape::Bare,
            len: 0,
            fields: Vec::new(),
        },
        other => panic!("no value is called {other}"),
    }
}
