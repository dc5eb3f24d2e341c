//! The records of a long run: a sort of a list of a hundred with a call in each turn, as a recorder
//! would write them. Five steps and seven events a turn.

use recorder::{
    value::{Sequence, Value},
    wire::{CodeKind, Left, Record, Write},
};

const SOURCE: &str = "\
def smaller(a, b):
    return a < b
data = list(range(100))
for i in range(n):
    j = i * 7919 % 100
    data[j] = i
    smaller(j, i)
";

fn encoded(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    value.write(&mut out);
    out
}

fn list(items: &[i64]) -> Vec<u8> {
    encoded(&Value::Sequence {
        kind: Sequence::List,
        id: 7,
        len: items.len() as u64,
        items: items.iter().map(|&it| Value::Int(it)).collect(),
    })
}

/// Hands `put` the records of about `events` events.
pub(crate) fn records(events: u32, mut put: impl FnMut(Record)) {
    let write = |name, value: &Value| Write {
        name,
        left: Left::Whole(encoded(value)),
    };
    for name in ["data", "i", "j", "a", "b"] {
        put(Record::Name(name.into()));
    }
    put(Record::File {
        path: "/sort.py".into(),
        source: Some(SOURCE.into()),
    });
    for (kind, name, locals) in [
        (CodeKind::Module, "<module>", vec![]),
        (CodeKind::Function, "smaller", vec![3, 4]),
    ] {
        put(Record::Code {
            file: 0,
            first_line: 1,
            kind,
            name: name.into(),
            qualname: name.into(),
            parameters: locals.len() as u32,
            locals,
        });
    }
    put(Record::Call {
        code: 0,
        line: 1,
        writes: Vec::new(),
    });
    put(Record::Line {
        delta: 3,
        writes: Vec::new(),
    });
    let mut items: Vec<i64> = (0..100).collect();
    let mut now = list(&items);
    let mut whole = true;
    for i in 0..i64::from(events / 7) {
        let j = i * 7919 % 100;
        put(Record::Line {
            delta: 1,
            writes: vec![write(1, &Value::Int(i))],
        });
        put(Record::Line {
            delta: 1,
            writes: vec![write(2, &Value::Int(j))],
        });
        items[j as usize] = i;
        let new = list(&items);
        let head = now.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let tail = now[head..].iter().rev().zip(new[head..].iter().rev());
        let tail = tail.take_while(|(a, b)| a == b).count();
        let left = match std::mem::take(&mut whole) {
            true => Left::Whole(new.clone()),
            false => Left::Patch(head as u64, tail as u64, new[head..new.len() - tail].into()),
        };
        now = new;
        put(Record::Line {
            delta: 1,
            writes: vec![Write { name: 0, left }],
        });
        put(Record::Call {
            code: 1,
            line: 1,
            writes: vec![write(3, &Value::Int(j)), write(4, &Value::Int(i))],
        });
        put(Record::Line {
            delta: 1,
            writes: Vec::new(),
        });
        put(Record::Return {
            delta: 0,
            writes: Vec::new(),
            value: encoded(&Value::Bool(j < i)),
        });
        put(Record::Line {
            delta: -3,
            writes: Vec::new(),
        });
    }
    put(Record::End(0));
}
