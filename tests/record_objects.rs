//! Values of libraries and of the program's own classes: arrays, tables, and what `--call-repr` adds.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use monologue::{
    record::{Launch, record},
    trace::repr,
};
use std::{collections::BTreeMap, fs, time::Duration};
use support::{
    launch_script,
    pythons::{self, Interpreter},
    replay::replay,
};

/// The names of a script's body at its end, as texts.
fn names(python: &Interpreter, text: &str, call_repr: bool) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let (file, trace) = (folder.path().join("script.py"), folder.path().join("trace"));
    fs::write(&file, text).unwrap();
    let outcome = record(&Launch {
        call_repr,
        timeout: Some(Duration::from_secs(120)),
        ..launch_script(python, &file, &trace)
    });
    let outcome = outcome.unwrap();
    let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
    assert_eq!(outcome.status, 0, "3.{}: {said}", python.minor);
    let recorded = replay(&trace);
    let last = recorded.events.iter().rfind(|it| it.frame == 1).unwrap();
    let texts = last
        .locals
        .iter()
        .map(|(name, it)| (name.clone(), repr(it)));
    texts.collect()
}

fn check(python: &Interpreter, text: &str, call_repr: bool, expected: &[(&str, &str)]) {
    let names = names(python, text, call_repr);
    for (name, value) in expected {
        assert_eq!(names[*name], *value, "3.{} `{name}`", python.minor);
    }
}

#[test]
fn arrays_are_shown_by_shape_and_a_corner() {
    let text = "import numpy as np
a = np.arange(5)
a[0] = 50
b = np.zeros((3, 4))
b[1, 2] = 1.5
c = np.arange(40).reshape(20, 2)[::7]
d = np.array(['ab', 'c']), np.array([b'x'])
e = np.array([None, [1], 'x'], dtype=object)
f = np.array(['2020-01-01'], dtype='datetime64[D]')
g = np.float32(0.1), np.int64(7), np.float64(2.5)
h = np.ones((30, 30), dtype=np.uint8)
i = np.array([1 + 2j, 0.5])
j = np.array([1.5, np.inf], dtype='f2')
k = np.arange(3, dtype='>i4')
l = np.array([2**63], dtype=np.uint64)
class Own(np.ndarray):
    def __repr__(self):
        raise RuntimeError('asked')
m = np.arange(2).view(Own)
n = np.array(3)
";
    for python in pythons::with_module("numpy") {
        let ones = format!("[{}…]", "1, ".repeat(12));
        let rows = format!("{ones}, ").repeat(12);
        let h = format!("ndarray([{rows}…], shape=(30, 30), dtype='uint8')");
        let expected = [
            ("a", "ndarray([50, 1, 2, 3, 4], shape=(5,), dtype='int64')"),
            (
                "b",
                "ndarray([[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.5, 0.0], [0.0, 0.0, 0.0, 0.0]], shape=(3, 4), dtype='float64')",
            ),
            (
                "c",
                "ndarray([[0, 1], [14, 15], [28, 29]], shape=(3, 2), dtype='int64')",
            ),
            (
                "d",
                "(ndarray(['ab', 'c'], shape=(2,), dtype='U2'), ndarray([b'x'], shape=(1,), dtype='S1'))",
            ),
            ("e", "ndarray([None, [1], 'x'], shape=(3,), dtype='object')"),
            ("f", "ndarray(shape=(1,), dtype='<M8[D]')"),
            ("g", "(float32(0.1), int64(7), float64(2.5))"),
            ("h", &*h),
            (
                "i",
                "ndarray([(1+2j), (0.5+0j)], shape=(2,), dtype='complex128')",
            ),
            ("j", "ndarray([1.5, inf], shape=(2,), dtype='float16')"),
            ("k", "ndarray([…], shape=(3,), dtype='>i4')"),
            (
                "l",
                "ndarray([9223372036854775808], shape=(1,), dtype='uint64')",
            ),
            ("m", "Own([0, 1], shape=(2,), dtype='int64')"),
            ("n", "ndarray(3, shape=(), dtype='int64')"),
        ];
        check(&python, text, false, &expected);
    }
}

#[test]
fn tables_are_shown_by_their_columns() {
    let text = "import pandas as pd
df = pd.DataFrame({'a': [1, 2, 3], 'b': ['x', 'y', 'z'], 'c': [0.5, 1.5, 2.5]})
df.loc[1, 'a'] = 9
df['d'] = df['a'] * 2
s = df['c']
t = pd.Series([4, 5], index=['k', 'l'])
u = df.set_index('b')
v = pd.Series(['a', 'b'], dtype='category')
w = pd.DataFrame()
";
    for python in pythons::with_module("pandas") {
        let expected = [
            (
                "df",
                "DataFrame([[1, 9, 3], ['x', 'y', 'z'], [0.5, 1.5, 2.5], [2, 18, 6]], columns=['a', 'b', 'c', 'd'], index='0:3:1')",
            ),
            ("s", "Series([0.5, 1.5, 2.5], index='0:3:1')"),
            ("t", "Series([4, 5], index=['k', 'l'])"),
            (
                "u",
                "DataFrame([[1, 9, 3], [0.5, 1.5, 2.5], [2, 18, 6]], columns=['a', 'c', 'd'], index=['x', 'y', 'z'])",
            ),
            ("v", "Series([…], index='0:2:1')"),
            ("w", "DataFrame([], columns='0:0:1', index='0:0:1')"),
        ];
        check(&python, text, false, &expected);
    }
}

const OWN: &str = "class Fine:
    def __init__(self, n):
        self.n = n
    def __repr__(self):
        return 'Fine!%d' % self.n
class Bad:
    def __repr__(self):
        raise ValueError('no')
class Slow:
    def __init__(self):
        self.n = 1
    def __repr__(self):
        while True:
            pass
class Plain:
    def __init__(self):
        self.n = 2
fine = Fine(3)
both = [fine, Bad()]
slow = Slow()
plain = Plain()
fine.n = 4
";

#[test]
fn the_programs_own_repr_is_called_when_asked_for_and_guarded() {
    for python in pythons::installed() {
        let expected = [
            ("fine", "Fine!4"),
            (
                "both",
                "[Fine!4, <Bad object: its __repr__ raised ValueError>]",
            ),
            ("slow", "Slow(n=1)"),
            ("plain", "Plain(n=2)"),
        ];
        check(&python, OWN, true, &expected);
        let expected = [("fine", "Fine(n=4)"), ("both", "[Fine(n=4), <Bad object>]")];
        check(&python, OWN, false, &expected);
    }
}
