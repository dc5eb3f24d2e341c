//! Files that are whole, growing, cut short and packed.

use recorder::wire::{CodeKind, MAGIC, Record};

mod hostile;
mod kept;
mod ring;

use super::*;
use crate::trace::sample;

fn file(committed: usize, records: &[u8]) -> Vec<u8> {
    let mut res = MAGIC.to_vec();
    res.extend_from_slice(&VERSION.to_le_bytes());
    res.resize(16, 0);
    res.extend_from_slice(&(committed as u64).to_le_bytes());
    res.resize(HEADER, 0);
    res.extend_from_slice(records);
    res
}

fn records(steps: u32) -> Vec<u8> {
    let mut res = Vec::new();
    let mut all = Vec::from(sample::module(Some("x = 1\n")));
    all.push(Record::Call {
        code: 0,
        line: 1,
        writes: Vec::new(),
    });
    all.extend((0..steps).map(|_| Record::Line {
        delta: 0,
        writes: Vec::new(),
    }));
    all.iter().for_each(|it| it.write(&mut res));
    res
}

fn steps(bytes: &[u8]) -> Result<u32, Error> {
    let path = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(path.path(), bytes).expect("it is written");
    open(path.path()).map(|it| it.steps().len())
}

#[test]
fn every_prefix_opens() {
    let all = records(3);
    let whole = file(all.len(), &all);
    let mut seen = Vec::new();
    for end in 1..=whole.len() {
        seen.push(steps(&whole[..end]).expect("a prefix is a trace"));
    }
    assert!(seen.is_sorted());
    assert_eq!((seen[0], seen[seen.len() - 1]), (0, 3));
}

#[test]
fn what_is_not_committed_is_not_there() {
    let all = records(3);
    assert_eq!(steps(&file(all.len() - 3, &all)).expect("a trace"), 2);
}

#[test]
fn other_files_are_refused() {
    for bytes in [&b""[..], b"#!/bin/sh\n", b"monologX"] {
        assert!(matches!(steps(bytes), Err(Error::NotATrace { .. })));
    }
    let mut old = file(0, &[]);
    old[8] = 99;
    assert!(matches!(
        steps(&old),
        Err(Error::Version { version: 99, .. })
    ));
}

#[test]
fn a_growing_file_is_followed() {
    let all = records(2000);
    let path = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(path.path(), file(40, &all)).expect("it is written");
    let mut follow = Follow::open(path.path()).expect("a trace");
    let first = follow.snapshot();
    std::fs::write(path.path(), file(all.len(), &all)).expect("it is written");
    assert!(follow.advance().expect("a trace"));
    assert!(!follow.advance().expect("a trace"));
    assert_eq!(follow.snapshot().steps().len(), 2000);
    assert!(first.steps().len() < 2000);
}

/// A run of `turns` turns of a loop, with a list that changes and a call in each, and a suspended
/// generator beside it.
fn busy(turns: u32) -> Vec<u8> {
    use recorder::{
        value::{Sequence, Value},
        wire::{Left, Write},
    };
    let bytes = |it: &Value| {
        let mut out = Vec::new();
        it.write(&mut out);
        out
    };
    let list = |n: i64| Value::Sequence {
        kind: Sequence::List,
        id: 4,
        len: 50,
        // One item a turn changes.
        items: (0..50).map(|it| Value::Int((n - it) / 50)).collect(),
    };
    let write = |name, it: &Value| Write {
        name,
        left: Left::Whole(bytes(it)),
    };
    let mut all = vec![
        Record::Fact("target".into(), "a.py".into()),
        Record::Name("i".into()),
        Record::Name("data".into()),
        Record::File {
            path: "/a.py".into(),
            source: Some("def f(i):\n  return i\nfor i in x:\n  f(i)\n".into()),
        },
    ];
    for (kind, name) in [
        (CodeKind::Module, "<module>"),
        (CodeKind::Function, "f"),
        (CodeKind::Generator, "g"),
    ] {
        all.push(Record::Code {
            file: 0,
            first_line: 1,
            kind,
            name: name.into(),
            qualname: name.into(),
            locals: Vec::new(),
            parameters: 0,
        });
    }
    let none = bytes(&Value::None);
    let call = |code, writes| Record::Call {
        code,
        line: 1,
        writes,
    };
    all.push(call(0, Vec::new()));
    all.push(call(2, vec![write(0, &Value::Int(-1))]));
    all.push(Record::Yield {
        delta: 2,
        writes: Vec::new(),
        value: none.clone(),
    });
    all.push(Record::Line {
        delta: 2,
        writes: vec![write(1, &list(1))],
    });
    for n in 0..turns {
        let old = bytes(&list(i64::from(n)));
        let new = bytes(&list(i64::from(n + 1)));
        let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let tail = old[head..].iter().rev().zip(new[head..].iter().rev());
        let tail = tail.take_while(|(a, b)| a == b).count();
        all.push(Record::Line {
            delta: 1,
            writes: vec![
                write(0, &Value::Int(i64::from(n))),
                Write {
                    name: 1,
                    left: match n {
                        0 => Left::Whole(new),
                        _ => Left::Patch(
                            head as u64,
                            tail as u64,
                            new[head..new.len() - tail].into(),
                        ),
                    },
                },
            ],
        });
        all.push(call(1, vec![write(0, &Value::Int(i64::from(n)))]));
        all.push(Record::Line {
            delta: 1,
            writes: Vec::new(),
        });
        all.push(Record::Return {
            delta: 0,
            writes: Vec::new(),
            value: none.clone(),
        });
        if n % 500 == 0 {
            all.push(Record::Output(
                recorder::wire::Stream::Stdout,
                b"hi\n".into(),
            ));
        }
        all.push(Record::Line {
            delta: -1,
            writes: Vec::new(),
        });
    }
    all.push(Record::Resume {
        frame: 2,
        line: 4,
        writes: vec![write(1, &Value::Int(5))],
    });
    all.push(Record::Line {
        delta: 1,
        writes: Vec::new(),
    });
    all.push(Record::Return {
        delta: 0,
        writes: Vec::new(),
        value: none,
    });
    all.push(Record::End(0));
    let mut res = Vec::new();
    all.iter().for_each(|it| it.write(&mut res));
    res
}

fn written(bytes: &[u8]) -> tempfile::NamedTempFile {
    let path = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(path.path(), bytes).expect("it is written");
    path
}

fn packed(turns: u32) -> (Trace, tempfile::NamedTempFile, Packed) {
    let all = busy(turns);
    let path = written(&file(all.len(), &all));
    let raw = open(path.path()).expect("a trace");
    let done = pack(path.path()).expect("room").expect("it is packed");
    (raw, path, done)
}

/// Everything that can be asked of a step, in words.
fn told(trace: &Trace, step: crate::trace::StepId) -> String {
    let at = trace.at(step);
    let state: Vec<String> = trace
        .stack(trace.steps()[step].event)
        .into_iter()
        .map(|it| {
            let event = &trace.events()[it];
            let locals = trace.locals(event.frame, it).into_iter();
            let locals =
                locals.map(|it| format!("{}={}", trace.name(it.name), trace.repr(it.value)));
            let code = trace.code(event.frame);
            format!(
                "{}:{} {:?}",
                code.name,
                event.line,
                locals.collect::<Vec<_>>()
            )
        })
        .collect();
    format!("{} {:?} {state:?}", step.number(), at.kind)
}

#[test]
fn a_packed_trace_is_the_raw_one() {
    let (raw, path, done) = packed(5000);
    let again = open(path.path()).expect("a trace");
    assert_eq!(
        (again.steps().len(), again.damaged()),
        (raw.steps().len(), false)
    );
    assert_eq!(again.events().len(), raw.events().len());
    assert_eq!(
        (done.steps, done.events),
        (raw.steps().len(), raw.events().len().into())
    );
    assert_eq!(again.ending(), raw.ending());
    for step in raw.steps().ids().step_by(331) {
        assert_eq!(told(&raw, step), told(&again, step));
    }
    assert!(done.bytes.1 < 4 * done.events, "{done:?}");
    assert_eq!(
        std::fs::metadata(path.path()).expect("it is there").len(),
        done.bytes.1
    );
    assert_eq!(pack(path.path()).expect("no error"), None);
}

#[test]
fn any_step_is_read_from_a_keyframe() {
    let (raw, path, done) = packed(5000);
    let mut archive = Archive::open(path.path())
        .expect("a file")
        .expect("an index");
    assert_eq!(archive.steps(), 0..done.steps);
    for step in raw.steps().ids().step_by(257) {
        let part = archive.around(step).expect("the step");
        assert_eq!(told(&raw, step), told(&part, step));
        assert!(part.events().len() < 5000, "{}", part.events().len());
        assert_eq!(part.dropped(), part.steps().first().expect("steps").raw());
    }
    // The generator that was suspended all the while runs on.
    let last = raw.steps().last().expect("steps");
    let part = archive.around(last).expect("the step");
    assert_eq!(told(&raw, last), told(&part, last));
    assert!(archive.around(last.plus(1)).is_none());
    assert!(
        Archive::open(written(&file(0, &[])).path())
            .expect("a file")
            .is_none()
    );
}

#[test]
fn what_is_not_whole_is_not_packed() {
    let all = busy(50);
    let mut bytes = file(all.len() - 3, &all);
    for _ in 0..2 {
        let path = written(&bytes);
        assert_eq!(pack(path.path()).expect("no error"), None);
        assert_eq!(std::fs::read(path.path()).expect("it is there"), bytes);
        // Nonsense in the middle.
        bytes = file(all.len(), &all);
        bytes[HEADER + 3] = 0xff;
    }
    let folder = tempfile::tempdir().expect("a folder");
    assert!(matches!(
        pack(&folder.path().join("none")),
        Err(Error::Unpacked { .. })
    ));
    assert_eq!(pack(folder.path()).ok().flatten(), None);
}

#[test]
fn a_cut_packed_trace_opens_up_to_its_last_whole_block() {
    let (raw, path, _) = packed(2000);
    let whole = std::fs::read(path.path()).expect("it is there");
    let mut seen = Vec::new();
    for end in (1..whole.len())
        .step_by(whole.len() / 40)
        .chain([whole.len()])
    {
        seen.push(steps(&whole[..end]).expect("a prefix is a trace"));
    }
    assert!(seen.is_sorted());
    assert_eq!((seen[0], seen.last()), (0, Some(&raw.steps().len())));
    let distinct: std::collections::BTreeSet<_> = seen.into_iter().collect();
    assert!(5 < distinct.len(), "{distinct:?}");
}
