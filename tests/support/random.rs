//! Runs that no program made: any order of calls, lines, exceptions and values that a recorder could
//! write, with everything in the values that formats themselves are made of.

use monologue::trace::{Builder, CodeKind, Sequence, Shape, Stream, Trace, Value};
use proptest::{collection::vec, prelude::*, sample::select};
use recorder::{
    value::tag,
    wire::{Left, Record, Write},
};

const SOURCE: &str = "\
def f(a, b):  # [/L1] ; ... [/STATE]
    for c in a:
        b = [c for c in a if c]

        while b:
            try:
                d = g(a,
                      b)
            except E: pass
    else:
        return b  # é <state> 😀
def g(a, *b):
    yield a; b = (
        a)
class C:
    x = lambda a: a
x = f(1, 2)
";

/// What the formats' own texts are made of, and what is hard to write.
const PIECES: &[&str] = &[
    "[/STATE-0]",
    "[STATE-1] ",
    " [/INPUT] [/L3]",
    "[OUTPUT] ",
    " <dictsep> ",
    " </state>",
    "<line> <9>",
    "]]",
    "}}",
    "{",
    "[",
    "(",
    ", ",
    " = ",
    "a = 1, ",
    "del a",
    "; ",
    "...",
    "…",
    "#",
    "# ",
    "\n",
    "\r\n",
    "[DONE]\n",
    "\nstate: {",
    "line: ",
    "'",
    "\"",
    "\\",
    "\\'",
    "\t",
    "\0",
    "\u{2028}",
    "\u{85}",
    "\u{200b}",
    "é",
    "😀",
    "e\u{301}",
    " at 0x7f00aabbcc",
    " at 0x",
    "`",
    "* line 1: ",
    "__return__=",
    "x",
    "longer than it is useful to look at",
];

const NAMES: &[&str] = &["a", "b", "c", "d", "x", "y", "é", "__name__", ".0"];

const CODES: &[(CodeKind, u32, &[u32])] = &[
    (CodeKind::Module, 1, &[]),
    (CodeKind::Function, 1, &[0, 1, 2, 3]),
    (CodeKind::Generator, 12, &[0, 1]),
    (CodeKind::Class, 15, &[]),
    (CodeKind::Lambda, 16, &[0]),
    (CodeKind::Comprehension, 3, &[8, 2]),
    // In a file whose text is not known.
    (CodeKind::Function, 1, &[0, 5]),
];

/// One thing that happens, if it can where it would.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    Line(u32, Vec<(u32, Option<Value>)>),
    Call(u32, Vec<(u32, Option<Value>)>),
    Return(Value, Vec<(u32, Option<Value>)>),
    Yield(Value),
    Resume(usize, Vec<(u32, Option<Value>)>),
    Raise(String, String),
    Unwind,
    Print(String),
    Thread(u32),
}

/// A text made of pieces.
pub(crate) fn text() -> impl Strategy<Value = String> {
    vec(select(PIECES), 0..5).prop_map(|it| it.concat())
}

fn string() -> impl Strategy<Value = Value> {
    (vec(select(PIECES), 0..4), 0_u8..8).prop_map(|(pieces, how)| {
        let mut kept = pieces.concat().into_bytes();
        let mut len = pieces.concat().chars().count() as u64;
        match how {
            // A lone surrogate.
            0 => {
                kept.extend([0xed, 0xa0, 0x80]);
                len += 1;
            }
            // Cut by the recorder.
            1 => len += 7,
            _ => (),
        }
        Value::Str { len, kept }
    })
}

/// Any value whose `repr` is Python's, so that it can be read back.
pub(crate) fn literal() -> impl Strategy<Value = Value> {
    let one = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (0_i64..4).prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        string(),
        vec(any::<u8>(), 0..6).prop_map(|kept| Value::Bytes {
            mutable: false,
            len: kept.len() as u64 + u64::from(kept.len() == 5),
            kept,
        }),
        Just(Value::BigInt {
            digits: "-123456789012345678901234567890".into(),
            cut: 0,
        }),
        Just(Value::Cycle {
            id: 3,
            of: tag::LIST,
        }),
    ];
    one.prop_recursive(3, 12, 4, |inner| {
        let kinds = vec![
            Sequence::List,
            Sequence::Tuple,
            Sequence::Set,
            Sequence::FrozenSet,
        ];
        prop_oneof![
            (select(kinds), vec(inner.clone(), 0..4), 0_u64..8, 0_u64..3).prop_map(
                |(kind, items, more, id)| Value::Sequence {
                    kind,
                    id,
                    len: items.len() as u64 + u64::from(more == 0),
                    items,
                }
            ),
            (vec((inner.clone(), inner.clone()), 0..3), 0_u64..3).prop_map(|(items, id)| {
                Value::Dict {
                    id,
                    len: items.len() as u64,
                    items,
                }
            }),
            vec(("[a-z]{0,2}", inner), 0..3).prop_map(|fields| Value::Object {
                id: 1,
                name: "P".into(),
                shape: Shape::Call,
                len: fields.len() as u64,
                fields,
            }),
        ]
    })
}

/// Any value, texts that only look like Python among them.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => literal(),
        1 => text().prop_map(|text| Value::Opaque { name: "T".into(), text }),
        1 => text().prop_map(|name| Value::Object {
            id: 2,
            name,
            shape: Shape::Bare,
            len: 0,
            fields: Vec::new(),
        }),
    ]
}

/// What happens, of such values.
pub(crate) fn deeds(
    value: impl Strategy<Value = Value> + Clone + 'static,
) -> impl Strategy<Value = Vec<Deed>> {
    let name = 0..NAMES.len() as u32;
    let writes = || {
        let left = proptest::option::weighted(0.85, value.clone());
        vec((name.clone(), left), 0..4)
    };
    let deed = prop_oneof![
        16 => (1_u32..20, writes()).prop_map(|(line, it)| Deed::Line(line, it)),
        4 => (0..CODES.len() as u32, writes()).prop_map(|(code, it)| Deed::Call(code, it)),
        4 => (value.clone(), writes()).prop_map(|(value, it)| Deed::Return(value, it)),
        1 => value.clone().prop_map(Deed::Yield),
        1 => (0_usize..4, writes()).prop_map(|(at, it)| Deed::Resume(at, it)),
        1 => (text(), text()).prop_map(|(name, it)| Deed::Raise(name, it)),
        1 => Just(Deed::Unwind),
        1 => text().prop_map(Deed::Print),
        1 => (1_u32..3).prop_map(Deed::Thread),
    ];
    vec(deed, 1..60)
}

fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    value.write(&mut out);
    out
}

fn writes(all: &[(u32, Option<Value>)]) -> Vec<Write> {
    let write = |it: &(u32, Option<Value>)| Write {
        name: it.0,
        left: match &it.1 {
            Some(value) => Left::Whole(bytes(value)),
            None => Left::Unbound,
        },
    };
    // A recorder writes a variable once.
    let first = |at: usize| all[..at].iter().all(|it| it.0 != all[at].0);
    (0..all.len())
        .filter(|&at| first(at))
        .map(|at| write(&all[at]))
        .collect()
}

/// A frame that has not ended, and where it stands.
#[derive(Clone, Copy)]
struct Here {
    frame: u32,
    code: u32,
    line: u32,
    /// Whether a line of it ran: nothing is called before one does.
    ran: bool,
}

/// The stacks of a run as it goes.
#[derive(Default)]
struct Run {
    builder: Builder,
    frames: u32,
    thread: usize,
    /// Of each thread.
    stacks: [Vec<Here>; 2],
    suspended: Vec<Here>,
}

impl Run {
    fn call(&mut self, code: u32, all: &[(u32, Option<Value>)]) {
        let line = CODES[code as usize].1;
        self.builder.push(Record::Call {
            code,
            line,
            writes: writes(all),
        });
        // Frames are numbered from 1.
        self.frames += 1;
        self.stacks[self.thread].push(Here {
            frame: self.frames,
            code,
            line,
            ran: false,
        });
    }

    fn happen(&mut self, deed: &Deed) {
        match deed {
            Deed::Call(code, all) => {
                if self.stacks[self.thread].last().is_none_or(|it| it.ran) {
                    self.call(*code, all);
                }
                return;
            }
            Deed::Thread(thread) => {
                self.thread = *thread as usize - 1;
                return self.builder.push(Record::Thread(*thread));
            }
            Deed::Print(text) => {
                let bytes = text.clone().into_bytes();
                return self.builder.push(Record::Output(Stream::Stdout, bytes));
            }
            Deed::Resume(at, all) if *at < self.suspended.len() => {
                let here = self.suspended.remove(*at);
                self.stacks[self.thread].push(here);
                return self.builder.push(Record::Resume {
                    frame: here.frame,
                    line: here.line,
                    writes: writes(all),
                });
            }
            _ => (),
        }
        let stack = &mut self.stacks[self.thread];
        let Some(top) = stack.last_mut() else { return };
        let yields = matches!(CODES[top.code as usize].0, CodeKind::Generator);
        let record = match deed {
            Deed::Yield(_) if !yields => return,
            Deed::Line(line, all) => {
                let delta = i64::from(*line) - i64::from(top.line);
                (top.line, top.ran) = (*line, true);
                Record::Line {
                    delta,
                    writes: writes(all),
                }
            }
            Deed::Return(value, all) => Record::Return {
                delta: 0,
                writes: writes(all),
                value: bytes(value),
            },
            Deed::Yield(value) => {
                self.suspended.extend(stack.last().copied());
                Record::Yield {
                    delta: 0,
                    writes: Vec::new(),
                    value: bytes(value),
                }
            }
            Deed::Raise(name, message) => Record::Exception {
                delta: 0,
                writes: Vec::new(),
                name: name.clone(),
                message: message.clone(),
                value: bytes(&Value::None),
            },
            Deed::Unwind => Record::Unwind {
                delta: 0,
                writes: Vec::new(),
            },
            Deed::Call(..) | Deed::Resume(..) | Deed::Print(_) | Deed::Thread(_) => return,
        };
        self.builder.push(record);
        if matches!(deed, Deed::Return(..) | Deed::Yield(_) | Deed::Unwind) {
            stack.pop();
        }
    }
}

/// The trace of a script, or of a call, in which all this happens.
pub(crate) fn trace(deeds: &[Deed], called: bool, python: &str) -> Trace {
    let mut run = Run::default();
    let mut put = |record| run.builder.push(record);
    put(Record::Fact("python".into(), python.into()));
    if called {
        put(Record::Fact("call".into(), "f([1], 2)".into()));
    }
    for name in NAMES {
        put(Record::Name((*name).into()));
    }
    for source in [Some(SOURCE), None] {
        put(Record::File {
            path: "/p.py".into(),
            source: source.map(Into::into),
        });
    }
    for (at, &(kind, first_line, locals)) in CODES.iter().enumerate() {
        put(Record::Code {
            file: u32::from(at + 1 == CODES.len()),
            first_line,
            kind,
            name: format!("f{at}"),
            qualname: format!("f{at}"),
            parameters: locals.len().min(2) as u32,
            locals: locals.into(),
        });
    }
    run.call(0, &[]);
    if called {
        run.happen(&Deed::Line(1, Vec::new()));
        run.happen(&Deed::Return(Value::None, Vec::new()));
        run.call(1, &[(0, Some(Value::Int(1)))]);
    }
    for deed in deeds {
        run.happen(deed);
    }
    run.builder.snapshot()
}
