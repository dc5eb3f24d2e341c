//! Literals read and compared.

use super::*;
use crate::trace::repr;

fn check(text: &str, expected: &str) {
    assert_eq!(parse(text).map(|it| repr(&it)).as_deref(), Some(expected));
}

#[test]
fn literals_come_back_as_python_would_print_them() {
    for (text, expected) in [
        ("1", "1"),
        (" -12 ", "-12"),
        ("1_000", "1000"),
        ("123456789012345678901", "123456789012345678901"),
        ("1e3", "1000.0"),
        ("-0.5", "-0.5"),
        ("\"it's\"", "\"it's\""),
        ("'a\\n\\x41\\u00e9'", "'a\\nAé'"),
        ("r'\\d'", "'\\\\d'"),
        ("b'\\xff'", "b'\\xff'"),
        ("[1, 'a', (2,), {}]", "[1, 'a', (2,), {}]"),
        ("(1)", "1"),
        ("{1: [2], 'b': None}", "{1: [2], 'b': None}"),
        ("{1, 2,}", "{1, 2}"),
        ("set()", "set()"),
        ("frozenset({1})", "frozenset({1})"),
        ("[True, False]", "[True, False]"),
    ] {
        check(text, expected);
    }
}

#[test]
fn what_is_no_literal_is_refused() {
    for text in [
        "",
        "x",
        "f(1)",
        "[1",
        "1 2",
        "{1: 2, 3}",
        "'a",
        "Trueish",
        "[1 2]",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn values_compare_as_python_compares_them() {
    use Comparison::{Different, Equal};
    for (a, b, expected) in [
        ("1", "1.0", Equal),
        ("True", "1", Equal),
        ("[1, 2]", "(1, 2)", Different),
        ("{1, 2}", "{2, 1}", Equal),
        ("{'a': 1, 'b': 2}", "{'b': 2.0, 'a': True}", Equal),
        ("{'a': 1}", "{'a': 2}", Different),
        ("nan", "nan", Different),
        ("'a'", "'a'", Equal),
        ("'1'", "1", Different),
        ("9007199254740993", "9007199254740992", Different),
        ("None", "False", Different),
    ] {
        let (x, y) = (parse(a).expect("a literal"), parse(b).expect("a literal"));
        assert_eq!(compare(&x, &y), expected, "{a} == {b}");
    }
}
