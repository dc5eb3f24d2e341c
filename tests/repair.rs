//! The whole repair with a scripted model and the real sandbox: honest candidates, wrong ones, malformed
//! answers, and every way to fake a verdict that we know (`support/attacks/cheat_*.py`).
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::time::Duration;

#[path = "support/repairs.rs"]
mod repairs;

use monologue::repair::{Answer, Cases, Class, Court, Judgement};
use monologue::sandbox::set_supervisor;

const PYTHON: &str = "/usr/bin/python3";

const TESTS: &str = "from prog import total\n\
    assert total([1, 2, 3]) == 6\n\
    assert total([]) == 0\n\
    def test_more():\n    xs = [2, 2]\n    assert total(xs) == 4\n    assert total([5]) == 5\n";

const BUGGY: &str = "\"\"\"Sums.\"\"\"\nimport os\n\nLIMIT = 3\n\n\ndef total(xs):\n    # the last one is lost\n    \
    s = 0\n    for x in xs[:-1]:\n        s += x\n    return s\n\n\ndef other():\n    return LIMIT\n";

const GOOD: &str = "def total(xs):\n    return sum(xs)\n";

fn lifted(tests: &str) -> Cases {
    set_supervisor(Path::new(env!("CARGO_BIN_EXE_monologue")));
    Cases::lift(Path::new(PYTHON), tests, "prog").unwrap()
}

fn judged_by(tests: &str, source: &str) -> Judgement {
    let cases = lifted(tests);
    let court = Court {
        python: PYTHON.into(),
        file: "prog.py".to_owned(),
        beside: &[],
        cases: &cases,
        patience: Duration::from_millis(1500),
    };
    court.judge(source).unwrap()
}

fn judged(source: &str) -> Judgement {
    judged_by(TESTS, source)
}

#[test]
fn an_honest_candidate_passes_and_it_is_proven() {
    let judgement = judged(GOOD);
    assert_eq!(judgement.class, Class::Pass, "{judgement:?}");
    assert!(judgement.proven());
    let names: Vec<&str> = judgement
        .tests
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["line 2", "line 3", "test_more:6", "test_more:7"]);
}

#[test]
fn honest_mistakes_are_told_apart() {
    let wrong = judged("def total(xs): return 6");
    assert_eq!(wrong.class, Class::TestCaseFail);
    assert_eq!(wrong.tests[0].1, Answer::Right("6".to_owned()));
    assert_eq!(wrong.tests[1].1, Answer::Wrong("6".to_owned()));
    let raising = judged("def total(xs): return sum(xs) // len(xs) * len(xs)");
    assert_eq!(raising.class, Class::ExecuteFail);
    let Answer::Raised(text) = &raising.tests[1].1 else {
        panic!("{raising:?}");
    };
    assert!(
        text.starts_with("ZeroDivisionError: ") && text.ends_with("(line 1)"),
        "{text}"
    );
    let broken = judged("def total(xs) return 1");
    assert_eq!(broken.class, Class::SyntaxError);
    assert!(broken.why.unwrap().contains("line 1"));
    let missing = judged("def sum_of(xs): return sum(xs)");
    assert_eq!(missing.class, Class::ExecuteFail);
}

#[test]
fn no_cheat_passes() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/attacks");
    let mut cheats: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("cheat_")
        })
        .collect();
    cheats.sort();
    assert!(20 <= cheats.len());
    for cheat in cheats {
        let judgement = judged(&std::fs::read_to_string(&cheat).unwrap());
        let told = format!("{}: {judgement:?}", cheat.display());
        assert!(
            matches!(judgement.class, Class::ExecuteFail | Class::TestCaseFail),
            "{told}"
        );
        assert!(!judgement.proven(), "{told}");
    }
}

#[test]
fn the_reason_is_given() {
    for (source, reason) in [
        (
            "import os\ndef total(xs): os._exit(0)",
            "left with status 0",
        ),
        ("import os\ndef total(xs): os.abort()", "died of signal 6"),
        (
            "import os\ndef total(xs):\n  os.write(4, b'{}\\n')\n  return 6",
            "tampered",
        ),
        (
            "def total(xs):\n  while True: print('x' * 9999)",
            "printed more",
        ),
        (
            "def total(xs):\n  a = []\n  while True:\n    try: a.append(b'x' * (1 << 24))\n    except MemoryError: pass",
            "more memory",
        ),
    ] {
        let judgement = judged(source);
        let got = judgement.tests[0].1.got().unwrap();
        assert!(got.contains(reason), "{source}: {judgement:?}");
    }
}

#[test]
fn tests_after_one_that_hangs_still_run() {
    let judgement = judged("def total(xs):\n  while not xs: pass\n  return sum(xs)");
    let answers: Vec<&str> = judgement
        .tests
        .iter()
        .map(|(_, answer)| answer.word())
        .collect();
    assert_eq!(answers, ["pass", "timeout", "pass", "pass"]);
    assert_eq!(judgement.class, Class::ExecuteFail);
}

/// Every comparison that is lifted: one candidate meets it, another does not.
#[test]
fn comparisons_mean_what_python_means() {
    for (test, right, wrong) in [
        ("assert f() == 2", "2.0", "3"),
        ("assert f() == 1", "True", "'1'"),
        ("assert 2 == f()", "2", "None"),
        (
            "assert f() == {'a': 1, 'b': [2]}",
            "{'b': [2], 'a': 1}",
            "{'a': 1, 'b': (2,)}",
        ),
        ("assert f() == (1,)", "(1,)", "[1]"),
        ("assert f() == {1, 2}", "{2, 1}", "[1, 2]"),
        ("assert f() == set()", "frozenset()", "{}"),
        ("assert f() == -1.5e300", "-1.5e300", "float('nan')"),
        ("assert f() == float('inf')", "float('inf')", "10**400"),
        ("assert f() == 2**100", "1 << 100", "2.0**100 + 2.0**60"),
        ("assert f() == b'x'", "bytearray(b'x')", "'x'"),
        (
            "assert f() == '\u{e9}\\ud800'",
            "'\u{e9}' + chr(0xd800)",
            "'\u{e9}'",
        ),
        ("assert f() != 2", "3", "2.0"),
        ("assert f() is None", "None", "0"),
        ("assert f() is True", "True", "1"),
        ("assert f() is not None", "object()", "None"),
        ("assert f()", "[0]", "[]"),
        ("assert not f()", "0.0", "'x'"),
        ("assert f() < 3", "2.5", "3"),
        ("assert 3 <= f()", "3", "2"),
        ("assert f() in (1, 2)", "2", "3"),
        (
            "import math\nassert math.isclose(f(), 0.3)",
            "0.1 + 0.2",
            "0.31",
        ),
        (
            "import pytest\nassert f() == pytest.approx([0.3], abs=1e-3)",
            "[0.3004]",
            "[0.302]",
        ),
        ("assert abs(f() - 1.5) < 1e-6", "1.5000001", "1.6"),
        (
            "import pytest\nwith pytest.raises(LookupError): f()",
            "{}[1]",
            "1",
        ),
        ("E = [1]\ndef test_e():\n  assert f() == E", "[1]", "[2]"),
        (
            "import pytest\n@pytest.mark.parametrize('e', [[1], [1.0]])\ndef test_p(e): assert f() == e",
            "[True]",
            "[2]",
        ),
        (
            "import unittest\nclass T(unittest.TestCase):\n  def test_u(self): self.assertEqual(f(), 3)",
            "3",
            "4",
        ),
        (
            "def check(candidate):\n  assert candidate() == 3\ncheck(f)",
            "3",
            "4",
        ),
        ("assert f() == 1 and f() == 1", "1", "2"),
        (
            "def test_e():\n  e = [1]\n  assert f() == e\n  e = [True]\n  assert f() == e",
            "[1]",
            "[0]",
        ),
        (
            "from collections import Counter\nassert f() == {'a': 1}",
            "__import__('collections').Counter('a')",
            "{}",
        ),
    ] {
        let good = judged_by(test, &format!("def f(): return {right}"));
        assert!(good.proven(), "{test}: {right} is wrong: {good:?}");
        let bad = judged_by(test, &format!("def f(): return {wrong}"));
        assert!(
            !bad.proven() && bad.class != Class::Pass,
            "{test}: {wrong} is right: {bad:?}"
        );
    }
}

#[test]
fn what_cannot_be_lifted_is_reported_and_proves_nothing() {
    let tests = "from prog import total\ndef test_all():\n    for n in range(3):\n        assert total([n]) == n\n";
    let good = judged_by(tests, GOOD);
    assert_eq!(good.tests, [("test_all".to_owned(), Answer::ReportedRight)]);
    assert_eq!(good.class, Class::Pass);
    assert!(!good.proven());
    let bad = judged_by(tests, "def total(xs): return 0");
    assert_eq!(bad.class, Class::TestCaseFail, "{bad:?}");
    for test in [
        // Whoever defines `==` inside would decide.
        "assert all(f() == n for n in [1])",
        "assert (f() == 1) is True",
        // What is expected is not known outside.
        "assert f() == f()",
        "def test_e():\n  e = 1\n  e = f()\n  assert f() == e",
        "E = 1\ndef test_e():\n  E = f()\n  assert f() == E",
        "def test_e(tmp_path): assert f() == 1",
        "import pytest\n@pytest.mark.skip\ndef test_e(): assert f() == 1",
    ] {
        let faked = judged_by(
            test,
            "class E(int):\n  __eq__ = lambda *_: True\ndef f(): return E(1)",
        );
        assert!(!faked.proven(), "{test}: {faked:?}");
        assert!(
            faked
                .tests
                .iter()
                .all(|(_, answer)| answer.word().starts_with("reported")),
            "{test}: {faked:?}"
        );
    }
}

#[test]
fn tests_that_are_none_are_refused() {
    set_supervisor(Path::new(env!("CARGO_BIN_EXE_monologue")));
    for (source, why) in [("x = 1", "no `assert`"), ("def test(:", "line 1")] {
        let error = Cases::lift(Path::new(PYTHON), source, "prog").unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}
