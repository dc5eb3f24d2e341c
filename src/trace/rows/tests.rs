//! What becomes of programs in rows.

use recorder::{
    value::{Sequence, Shape},
    wire::{Left, Record, Write},
};

use super::*;
use crate::trace::{Builder, repr, sample};

fn int(it: i64) -> Value {
    Value::Int(it)
}

fn list(id: u64, items: &[i64]) -> Value {
    Value::Sequence {
        kind: Sequence::List,
        id,
        len: items.len() as u64,
        items: items.iter().map(|&it| int(it)).collect(),
    }
}

fn object(c: Value) -> Value {
    Value::Object {
        id: 9,
        name: "P".into(),
        shape: Shape::Call,
        len: 1,
        fields: vec![("c".into(), c)],
    }
}

/// Lines that are reached in order, each with what the line before it wrote: the rows of each line.
fn check(source: &str, events: &[(u32, &[(&str, Value)])], expected: &[&str]) {
    let names = ["x", "y", "a", "b", "i", "d", "self"];
    let mut builder = Builder::default();
    for name in names {
        builder.push(Record::Name(name.into()));
    }
    for record in sample::module(Some(source)) {
        builder.push(record);
    }
    builder.push(Record::Call {
        code: 0,
        line: 1,
        writes: Vec::new(),
    });
    let mut at = 1;
    for (line, wrote) in events {
        let writes = wrote.iter().map(|(name, value)| {
            let mut bytes = Vec::new();
            value.write(&mut bytes);
            Write {
                name: names.iter().position(|it| it == name).expect("a name") as u32,
                left: Left::Whole(bytes),
            }
        });
        builder.push(Record::Line {
            delta: i64::from(*line) - i64::from(at),
            writes: writes.collect(),
        });
        at = *line;
    }
    let trace = builder.snapshot();
    let said = trace.steps().ids().map(|step| {
        let rows = trace.rows(step).rows.into_iter().map(|it| {
            let text = |it: &Option<Value>| it.as_ref().map_or("-".into(), repr);
            let arrow = if it.unchanged { "=" } else { "→" };
            let also: Vec<String> = it.also.iter().map(|it| format!(" ({it})")).collect();
            let (old, new) = (text(&it.old), text(&it.new));
            format!("{}{} {old} {arrow} {new}", it.path, also.concat())
        });
        rows.collect::<Vec<_>>().join("; ")
    });
    let said: Vec<String> = said.collect();
    assert_eq!(said, expected, "{source}");
}

#[test]
fn a_write_of_the_same_value_is_a_write() {
    check(
        "x = 1\nx = 1\ny = 2\ny == x\n0\n",
        &[
            (1, &[]),
            (2, &[("x", int(1))]),
            (3, &[]),
            (4, &[("y", int(2))]),
            (5, &[]),
        ],
        &["x - → 1", "x 1 = 1", "y - → 2", "", ""],
    );
}

#[test]
fn parts_have_rows_of_their_own() {
    let a = |it: i64| list(5, &[1, it]);
    check(
        "a = [1, 2]\ni = 1\na[i] = 3\na[i] = 3\na[-1] = 3\nself = P(3)\nself.c = 3\nself.c = 4\n0\n",
        &[
            (1, &[]),
            (2, &[("a", a(2))]),
            (3, &[("i", int(1))]),
            (4, &[("a", a(3))]),
            (5, &[]),
            (6, &[]),
            (7, &[("self", object(int(3)))]),
            (8, &[]),
            (9, &[("self", object(int(4)))]),
        ],
        &[
            "a - → [1, 2]",
            "i - → 1",
            "a[1] 2 → 3",
            "a[1] 3 = 3",
            "a[1] 3 = 3",
            "self - → P(c=3)",
            "self.c 3 = 3",
            "self.c 3 → 4",
            "",
        ],
    );
}

#[test]
fn one_place_under_two_names_is_one_row() {
    let a = |it: i64| list(5, &[it]);
    check(
        "a = b = [1]\nb[0] = 2\nb[0] = 2\nself = P(a)\na[0] = 3\n0\n",
        &[
            (1, &[]),
            (2, &[("a", a(1)), ("b", a(1))]),
            (3, &[("a", a(2)), ("b", a(2))]),
            (4, &[]),
            (5, &[("self", object(a(2)))]),
            (6, &[("a", a(3)), ("b", a(3)), ("self", object(a(3)))]),
        ],
        &[
            "a - → [1]; b - → [1]",
            "a[0] (b[0]) 1 → 2",
            "b[0] 2 = 2",
            "self - → P(c=[2])",
            "a[0] (b[0]) (self.c[0]) 2 → 3",
            "",
        ],
    );
}

#[test]
fn a_loop_writes_its_variable_where_it_goes_on() {
    check(
        "for x in [1, 1]:\n    0\n0\n",
        &[
            (1, &[]),
            (2, &[("x", int(1))]),
            (1, &[]),
            (2, &[]),
            (1, &[]),
            (3, &[]),
        ],
        &["x - → 1", "", "x 1 = 1", "", "", ""],
    );
}

#[test]
fn a_statement_over_lines_writes_at_its_end() {
    check(
        "x = f(\n  1)\nx = f(\n  1)\n0\n",
        &[
            (1, &[]),
            (2, &[]),
            (1, &[]),
            (3, &[("x", int(1))]),
            (4, &[]),
            (3, &[]),
            (5, &[]),
        ],
        &["", "", "x - → 1", "", "", "x 1 = 1", ""],
    );
}
