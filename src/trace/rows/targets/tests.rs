//! Targets of Python's statements.

use super::*;

fn spelled(it: &Target) -> String {
    let mut res = it.name.clone();
    for hop in &it.way {
        res += &match hop {
            Hop::Attribute(it) => format!(".{it}"),
            Hop::Int(it) => format!("[{it}]"),
            Hop::Text(it) => format!("['{it}']"),
            Hop::Variable(it) => format!("[{it}]"),
        };
    }
    res
}

fn check(source: &str, line: u32, expected: &str) {
    let lines: Vec<&str> = source.lines().collect();
    let found = stores(&lines, 1, line).expect("a line of the source");
    let found: Vec<String> = found.targets.iter().map(spelled).collect();
    assert_eq!(found.join(" "), expected, "{source}");
}

#[test]
fn targets_are_what_stands_before_the_sign() {
    for (source, expected) in [
        ("x = 1", "x"),
        ("x == 1", ""),
        ("f(x=1)", ""),
        ("x = y = f(a=1)  # z = 2", "x y"),
        ("a, (b, *c) = [d, e] = it", "a b c d e"),
        ("x: dict[str, int] = {}", "x"),
        ("x: int", ""),
        ("n += 1; m //= 2", "n m"),
        (
            "self.c.d = a[3] = d['k'] = a[i] = a[-1] = 0",
            "self.c.d a[3] d['k'] a[i] a[-1]",
        ),
        ("a[i + 1] = f().x = a[1:] = 0", ""),
        ("if x: y = 1", ""),
        ("for i, (a, b) in zip(x, y): z = 1", "i a b"),
        ("async for x in y:", "x"),
        ("with open('a=b') as f, g() as h:", "f h"),
        ("while (n := f()) != 0:", "n"),
        ("if a and (n := f()):", ""),
        ("def f(x=1): pass", "f"),
        ("x = lambda y=1: y", "x"),
        ("d[\"a#\"] = r'\\\\' ; e = '''", "d['a#'] e"),
    ] {
        check(source, 1, expected);
    }
}

#[test]
fn a_statement_goes_over_lines() {
    let source = "x = f(\n  y=1,\n)\ns = '''\nt = 1\n'''; u = 2\nv = 1 + \\\n  2\n";
    for (line, expected) in [(1, "x"), (3, "x"), (5, "s u"), (7, "v"), (8, "v")] {
        check(source, line, expected);
    }
    let lines: Vec<&str> = source.lines().collect();
    let it = stores(&lines, 1, 2).expect("a line of the source");
    assert_eq!((it.first, it.last, it.when), (1, 3, When::Always));
    assert_eq!(stores(&lines, 1, 99), None);
}
