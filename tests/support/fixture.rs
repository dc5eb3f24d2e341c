//! Runs to look at, built from records as a recorder would write them.

use std::collections::HashMap;

use monologue::trace::{Builder, CodeKind, Sequence, Shape, Stream, Trace, Value};
use recorder::wire::{Left, Record, Write};

/// Writes the records of one run, keeping count of names and lines.
#[derive(Default)]
pub(crate) struct Run {
    builder: Builder,
    names: HashMap<String, u32>,
    /// The line that each frame on the stack stands on.
    lines: Vec<u32>,
    codes: u32,
}

/// A change of a local variable.
pub(crate) type Wrote<'a> = (&'a str, Value);

pub(crate) fn int(it: i64) -> Value {
    Value::Int(it)
}

pub(crate) fn list(items: &[i64]) -> Value {
    Value::Sequence {
        kind: Sequence::List,
        id: 7,
        len: items.len() as u64,
        items: items.iter().map(|&it| Value::Int(it)).collect(),
    }
}

pub(crate) fn text(it: &str) -> Value {
    Value::Str {
        len: it.chars().count() as u64,
        kept: it.into(),
    }
}

pub(crate) fn function(name: &str) -> Value {
    Value::Opaque {
        name: "function".into(),
        text: format!("<function {name}>"),
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    value.write(&mut out);
    out
}

impl Run {
    /// A run of one file.
    pub(crate) fn of(path: &str, source: &str) -> Self {
        let mut run = Self::default();
        run.push(Record::Fact("target".into(), path.into()));
        run.push(Record::File {
            path: path.into(),
            source: Some(source.into()),
        });
        run
    }

    fn push(&mut self, record: Record) {
        self.builder.push(record);
    }

    fn name(&mut self, text: &str) -> u32 {
        if let Some(&id) = self.names.get(text) {
            return id;
        }
        let id = u32::try_from(self.names.len()).unwrap();
        self.names.insert(text.into(), id);
        self.push(Record::Name(text.into()));
        id
    }

    /// Declares a code object; its number is what [`Self::call`] wants.
    pub(crate) fn code(
        &mut self,
        kind: CodeKind,
        name: &str,
        first_line: u32,
        locals: &[&str],
        parameters: u32,
    ) -> u32 {
        let locals = locals.iter().map(|it| self.name(it)).collect();
        self.push(Record::Code {
            file: 0,
            first_line,
            kind,
            name: name.into(),
            qualname: name.into(),
            locals,
            parameters,
        });
        self.codes += 1;
        self.codes - 1
    }

    fn writes(&mut self, wrote: &[Wrote<'_>]) -> Vec<Write> {
        let writes = wrote.iter().map(|(name, value)| Write {
            name: self.name(name),
            left: Left::Whole(bytes(value)),
        });
        writes.collect()
    }

    pub(crate) fn call(&mut self, code: u32, line: u32, wrote: &[Wrote<'_>]) {
        let writes = self.writes(wrote);
        self.push(Record::Call { code, line, writes });
        self.lines.push(line);
    }

    fn delta(&mut self, line: u32) -> i64 {
        let at = self.lines.last_mut().unwrap();
        let delta = i64::from(line) - i64::from(*at);
        *at = line;
        delta
    }

    /// `line` is about to run; the line before wrote `wrote`.
    pub(crate) fn line(&mut self, line: u32, wrote: &[Wrote<'_>]) {
        let (writes, delta) = (self.writes(wrote), self.delta(line));
        self.push(Record::Line { delta, writes });
    }

    pub(crate) fn returns(&mut self, value: &Value, wrote: &[Wrote<'_>]) {
        let writes = self.writes(wrote);
        self.push(Record::Return {
            delta: 0,
            writes,
            value: bytes(value),
        });
        self.lines.pop();
    }

    pub(crate) fn raises(&mut self, name: &str, message: &str) {
        self.push(Record::Exception {
            delta: 0,
            writes: Vec::new(),
            name: name.into(),
            message: message.into(),
            value: bytes(&Value::None),
        });
    }

    pub(crate) fn unwinds(&mut self) {
        self.push(Record::Unwind {
            delta: 0,
            writes: Vec::new(),
        });
        self.lines.pop();
    }

    pub(crate) fn prints(&mut self, stream: Stream, text: &str) {
        self.push(Record::Output(stream, text.into()));
    }

    pub(crate) fn ends(mut self, status: i64) -> Trace {
        self.push(Record::End(status));
        self.builder.snapshot()
    }
}

const MOVING_SUM: &str = "\
def moving_sum(xs, k):
    out = []
    s = sum(xs[:k])
    out.append(s)
    for i in range(k, len(xs)):
        s += xs[i] - xs[i-k+1]
        out.append(s)
    return out

def test_basic():
    data = [1, 2, 3, 4]
    assert moving_sum(data, 2) == [3, 5, 7]

test_basic()
";

/// `moving_sum([1, 2, 3, 4], 2)` with an off-by-one at line 6, and the assert that it fails: 16 steps.
pub(crate) fn moving_sum() -> Trace {
    let mut run = Run::of("/home/me/moving_sum.py", MOVING_SUM);
    let module = run.code(CodeKind::Module, "<module>", 1, &[], 0);
    let test = run.code(CodeKind::Function, "test_basic", 10, &["data"], 0);
    let sum = run.code(
        CodeKind::Function,
        "moving_sum",
        1,
        &["xs", "k", "out", "s", "i"],
        2,
    );
    run.call(module, 1, &[]);
    run.line(1, &[]);
    run.line(10, &[("moving_sum", function("moving_sum"))]);
    run.line(14, &[("test_basic", function("test_basic"))]);
    run.call(test, 10, &[]);
    run.line(11, &[]);
    run.line(12, &[("data", list(&[1, 2, 3, 4]))]);
    run.call(sum, 1, &[("xs", list(&[1, 2, 3, 4])), ("k", int(2))]);
    run.line(2, &[]);
    run.line(3, &[("out", list(&[]))]);
    run.line(4, &[("s", int(3))]);
    run.line(5, &[("out", list(&[3]))]);
    run.line(6, &[("i", int(2))]);
    run.line(7, &[("s", int(4))]);
    run.line(5, &[("out", list(&[3, 4]))]);
    run.line(6, &[("i", int(3))]);
    run.line(7, &[("s", int(5))]);
    run.line(5, &[("out", list(&[3, 4, 5]))]);
    run.line(8, &[]);
    run.returns(&list(&[3, 4, 5]), &[]);
    run.raises("AssertionError", "");
    run.unwinds();
    run.raises("AssertionError", "");
    run.unwinds();
    run.ends(1)
}

/// A program that prints, recurses, catches an exception, writes the same value again, and whose text
/// tries to command the terminal.
pub(crate) fn odds() -> Trace {
    let source = "\
def down(n):
    print('down', n)
    if n:
        return down(n - 1)
    raise KeyError('none')

same = 1
same = 1
wide = '日本語\\x1b[31m'
try:
    down(2)
except KeyError:
    pass
print('done')
";
    let mut run = Run::of("/home/me/odds.py", source);
    let module = run.code(CodeKind::Module, "<module>", 1, &[], 0);
    let down = run.code(CodeKind::Function, "down", 1, &["n"], 1);
    run.call(module, 1, &[]);
    run.line(1, &[]);
    run.line(7, &[("down", function("down"))]);
    run.line(8, &[("same", int(1))]);
    run.line(9, &[]);
    run.line(10, &[("wide", text("日本語\x1b[31m"))]);
    run.line(11, &[]);
    for n in [2, 1, 0] {
        run.call(down, 1, &[("n", int(n))]);
        run.line(2, &[]);
        run.prints(Stream::Stdout, &format!("down {n}\x1b[2J\n"));
        run.line(3, &[]);
        if n != 0 {
            run.line(4, &[]);
        }
    }
    run.line(5, &[]);
    for _ in 0..3 {
        run.raises("KeyError", "'none'");
        run.unwinds();
    }
    run.raises("KeyError", "'none'");
    run.line(12, &[]);
    run.line(13, &[]);
    run.prints(Stream::Stderr, "careful\n");
    run.line(14, &[]);
    run.prints(Stream::Stdout, "done\n");
    run.returns(&Value::None, &[]);
    run.ends(0)
}

/// A loop of `steps` steps in one frame, a call in each turn of it.
pub(crate) fn long(steps: u32) -> Trace {
    let source = "def f(x):\n    return x\n\nfor i in range(9):\n    y = f(i)\n    z = y\n";
    let mut run = Run::of("/home/me/long.py", source);
    let module = run.code(CodeKind::Module, "<module>", 1, &[], 0);
    let f = run.code(CodeKind::Function, "f", 1, &["x"], 1);
    run.call(module, 1, &[]);
    run.line(1, &[]);
    for turn in 0..(steps - 1) / 4 {
        let turn = i64::from(turn);
        run.line(4, &[("z", int(turn % 7))]);
        run.line(5, &[("i", int(turn))]);
        run.call(f, 1, &[("x", int(turn))]);
        run.line(2, &[]);
        run.returns(&int(turn), &[]);
        run.line(6, &[("y", int(turn))]);
    }
    run.returns(&Value::None, &[]);
    run.ends(0)
}

/// A program that holds a password, and something that it wrote of it: 4 steps.
pub(crate) fn secret() -> Trace {
    let source = "\
password = 'correct horse 42'
greeting = 'I am ' + password
n = 1
print(n)
";
    let mut run = Run::of("/srv/secret.py", source);
    let module = run.code(CodeKind::Module, "<module>", 1, &[], 0);
    run.call(module, 1, &[]);
    run.line(1, &[]);
    run.line(2, &[("password", text("correct horse 42"))]);
    run.line(3, &[("greeting", text("I am correct horse 42"))]);
    run.line(4, &[("n", int(1))]);
    run.prints(Stream::Stdout, "1\n");
    run.returns(&Value::None, &[]);
    run.ends(0)
}

/// A point as an object would be recorded.
pub(crate) fn point(x: i64, y: i64) -> Value {
    Value::Object {
        id: 9,
        name: "Point".into(),
        shape: Shape::Call,
        len: 2,
        fields: vec![("x".into(), int(x)), ("y".into(), int(y))],
    }
}

/// A program that writes attributes and items, some with what they held: 7 steps.
pub(crate) fn parts() -> Trace {
    let source = "\
p = Point(1, 2)
d = {'k': [1, 2, 3]}
p.x = 5
p.y = 2
d['k'][2] = 9
n = 1
n = 1
";
    let mut run = Run::of("/srv/parts.py", source);
    let module = run.code(CodeKind::Module, "<module>", 1, &[], 0);
    let dict = |items: &[i64]| Value::Dict {
        id: 8,
        len: 1,
        items: vec![(text("k"), list(items))],
    };
    run.call(module, 1, &[]);
    run.line(1, &[]);
    run.line(2, &[("p", point(1, 2))]);
    run.line(3, &[("d", dict(&[1, 2, 3]))]);
    run.line(4, &[("p", point(5, 2))]);
    run.line(5, &[]);
    run.line(6, &[("d", dict(&[1, 2, 9]))]);
    run.line(7, &[("n", int(1))]);
    run.returns(&Value::None, &[]);
    run.ends(0)
}

/// The end of a run of which the first 1000 steps are gone, within a loop: steps 1001 to 1012.
pub(crate) fn kept() -> Trace {
    let source = "total = 0\nfor i in range(9):\n    total += i\nprint(total)\n";
    let mut run = Run::of("/srv/kept.py", source);
    let module = run.code(CodeKind::Module, "<module>", 1, &[], 0);
    let writes = run.writes(&[("total", int(3)), ("i", int(3))]);
    run.push(Record::Start {
        steps: 1000,
        frames: 1,
        prelude: false,
    });
    run.push(Record::Live {
        frame: 0,
        code: module,
        line: 3,
        suspended: false,
        writes,
    });
    run.lines.push(3);
    let mut total = 6;
    for i in 4..9 {
        run.line(2, &[("total", int(total))]);
        run.line(3, &[("i", int(i))]);
        total += i;
    }
    run.line(2, &[("total", int(total))]);
    run.line(4, &[]);
    run.prints(Stream::Stdout, "36\n");
    run.returns(&Value::None, &[]);
    run.ends(0)
}
