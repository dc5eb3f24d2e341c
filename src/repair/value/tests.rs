//! Values against what Python says of them.

use serde_json::json;

use super::*;

fn value(json: serde_json::Value) -> Value {
    Value::parse(&json).unwrap()
}

fn int(text: &str) -> Value {
    value(json!({ "int": text }))
}

fn float(text: &str) -> Value {
    value(json!({ "float": text }))
}

#[test]
fn numbers_are_equal_by_value() {
    let huge = format!("0x1{}", "0".repeat(32));
    for (a, b) in [
        (int("0x2"), float("2.0")),
        (int("0x1"), Value::Bool(true)),
        (int("0x0"), float("-0.0")),
        (float("0.0"), Value::Bool(false)),
        (int("-0x5"), float("-5.0")),
        (int(&huge), float("3.402823669209385e+38")),
        (value(json!({"complex": ["2.0", "0.0"]})), int("0x2")),
        (int("0x00ff"), int("0xff")),
    ] {
        assert!(a.equals(&b) && b.equals(&a), "{a:?} {b:?}");
    }
    for (a, b) in [
        (int("0x2"), float("2.5")),
        (int("-0x2"), float("-2.5")),
        (float("nan"), float("nan")),
        (int("0x20000000000001"), float("9007199254740992.0")),
        (int("0x1"), value(json!("1"))),
        (int("0x0"), Value::None),
        (int("0x5"), int("-0x5")),
        (float("inf"), int(&huge)),
    ] {
        assert!(!a.equals(&b) && !b.equals(&a), "{a:?} {b:?}");
    }
}

#[test]
fn containers_keep_their_kind_and_some_their_order() {
    let (one, two) = (json!({"int": "0x1"}), json!({"int": "0x2"}));
    let list = value(json!({"list": [one, two]}));
    assert!(!list.equals(&value(json!({"tuple": [one, two]}))));
    assert!(!list.equals(&value(json!({"list": [two, one]}))));
    let set = value(json!({"set": [one, two]}));
    assert!(set.equals(&value(json!({"frozenset": [two, one]}))));
    assert!(!set.equals(&value(json!({"set": [one, one]}))));
    let dict = value(json!({"dict": [["a", one], ["b", two]]}));
    assert!(dict.equals(&value(json!({"dict": [["b", two], ["a", one]]}))));
    assert!(!dict.equals(&value(json!({"dict": [["a", one], ["a", one]]}))));
    let object = value(json!({"object": "Equal"}));
    assert!(!object.equals(&object.clone()));
}

#[test]
fn what_the_harness_would_not_write_is_refused() {
    for bad in [
        json!(1),
        json!([1]),
        json!({}),
        json!({"int": 1}),
        json!({"int": "1"}),
        json!({"int": "0x"}),
        json!({"int": "0x-1"}),
        json!({"float": "one"}),
        json!({"list": {}}),
        json!({"dict": [[null]]}),
        json!({"bytes": "zz"}),
        json!({"bytes": "é"}),
        json!({"list": [], "tuple": []}),
        json!({"other": 1}),
    ] {
        assert_eq!(Value::parse(&bad), None, "{bad}");
    }
    let mut deep = json!(null);
    for _ in 0..100 {
        deep = json!({ "list": [deep] });
    }
    assert_eq!(Value::parse(&deep), None);
}

#[test]
fn repr_is_pythons() {
    for (json, repr) in [
        (json!({"float": "1e16"}), "1e+16"),
        (json!({"float": "1e-05"}), "1e-05"),
        (json!({"float": "0.0001"}), "0.0001"),
        (json!({"float": "1234567890123456.0"}), "1234567890123456.0"),
        (json!({"float": "1.5e+300"}), "1.5e+300"),
        (json!({"float": "-0.0"}), "-0.0"),
        (json!({"int": "-0xff"}), "-255"),
        (json!("it's"), "\"it's\""),
        (json!("'\"\n\u{1b}"), "'\\'\"\\n\\x1b'"),
        (json!({"tuple": [null]}), "(None,)"),
        (json!({"dict": [["k", {"list": [true]}]]}), "{'k': [True]}"),
        (json!({"set": []}), "set()"),
    ] {
        assert_eq!(value(json).repr(), repr);
    }
}

#[test]
fn order_is_exact() {
    use std::cmp::Ordering::{Equal, Greater, Less};
    for (a, b, order) in [
        (int("0x2"), float("2.5"), Some(Less)),
        (int("-0x2"), float("-2.5"), Some(Greater)),
        (int("0x10"), int("0x9"), Some(Greater)),
        (int("-0x10"), int("-0x9"), Some(Less)),
        (float("1.0"), Value::Bool(true), Some(Equal)),
        (float("nan"), int("0x1"), None),
        (value(json!("a")), int("0x1"), None),
    ] {
        assert_eq!(a.compared(&b), order, "{a:?} {b:?}");
    }
}
