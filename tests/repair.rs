//! The whole repair with a scripted model and the real sandbox: honest candidates, wrong ones, malformed
//! answers, and every way to fake a verdict that we know (`support/attacks/cheat_*.py`).
#![cfg(target_os = "linux")]

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use monologue::repair::{
    Answer, Bug, Cases, Class, Court, Error, Judgement, Outcome, Plan, Progress, Question, Report,
    repair,
};
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
        patience: Duration::from_secs(2),
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

/// A directory with the buggy program and its tests.
struct Project {
    home: tempfile::TempDir,
}

impl Project {
    fn new(source: &str) -> Project {
        set_supervisor(Path::new(env!("CARGO_BIN_EXE_monologue")));
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("prog.py"), source).unwrap();
        std::fs::write(home.path().join("checks.py"), TESTS).unwrap();
        Project { home }
    }

    fn path(&self) -> PathBuf {
        self.home.path().join("prog.py")
    }

    fn bug(&self) -> Bug {
        Bug::read(
            Path::new(PYTHON),
            &self.path(),
            &self.home.path().join("checks.py"),
        )
        .unwrap()
    }

    /// Repairs with these answers, in order; the report and the questions.
    fn repaired(&self, rounds: usize, samples: usize, answers: &[&str]) -> (Report, Vec<Question>) {
        let plan = Plan {
            rounds: NonZeroUsize::new(rounds).unwrap(),
            samples: NonZeroUsize::new(samples).unwrap(),
        };
        let mut asked = Vec::new();
        let mut ask = |question: &Question| {
            asked.push(question.clone());
            Ok(answers[asked.len() - 1].to_owned())
        };
        let report = repair(&self.bug(), plan, &mut ask, &mut |_| {
            ControlFlow::Continue(())
        });
        (report.unwrap(), asked)
    }
}

#[test]
fn a_fix_is_found_shown_applied_and_undone() {
    let project = Project::new(BUGGY);
    let answer =
        format!("I see.\n[Refined]\n```python\n{GOOD}\nprint(total([1]))\n```\n[/Refined]");
    let (report, asked) = project.repaired(1, 1, &[&answer]);
    assert_eq!(report.outcome, Outcome::Fixed);
    assert!(
        asked[0]
            .prompt
            .contains("```python\nretv = total([1, 2, 3])\nassert retv == 6\n```")
    );
    let json = report.json();
    assert_eq!(json["outcome"], "fixed");
    assert_eq!(json["chosen"]["round"], 0);
    assert_eq!(json["rounds"][0]["candidates"][0]["class"], "pass");
    assert_eq!(json["rounds"][0]["candidates"][0]["tests"][0]["got"], "6");
    let diff = json["chosen"]["diff"].as_str().unwrap();
    assert!(
        diff.contains("-    for x in xs[:-1]:") && diff.contains("+    return sum(xs)"),
        "{diff}"
    );
    assert!(
        !diff.contains("print(total"),
        "a demonstration came along: {diff}"
    );
    assert_eq!(
        std::fs::read_to_string(project.path()).unwrap(),
        BUGGY,
        "nothing is written yet"
    );

    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(project.path(), std::fs::Permissions::from_mode(0o751)).unwrap();
    let fix = report.fix().unwrap();
    let applied = fix.apply().unwrap();
    let fixed = std::fs::read_to_string(project.path()).unwrap();
    assert!(
        fixed.contains("LIMIT = 3") && fixed.contains("def other") && fixed.contains("sum(xs)")
    );
    let mode = std::fs::metadata(project.path())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o751);
    assert!(
        matches!(fix.apply(), Err(Error::Changed(_))),
        "it is applied once"
    );
    applied.undo().unwrap();
    assert_eq!(std::fs::read_to_string(project.path()).unwrap(), BUGGY);
    assert_eq!(
        std::fs::read_dir(project.home.path()).unwrap().count(),
        2,
        "nothing else is left"
    );
}

#[test]
fn what_passes_already_is_left_alone() {
    let (report, asked) = Project::new(GOOD).repaired(2, 2, &[]);
    assert_eq!(report.outcome, Outcome::AlreadyPassing);
    assert!(asked.is_empty());
    assert!(report.json()["chosen"].is_null());
}

#[test]
fn later_rounds_are_told_what_became_of_earlier_ones() {
    let project = Project::new(BUGGY);
    let answers = [
        "I do not know.",
        "```python\ndef total(xs):\n    return 6\n```",
        "```python\ndef total(xs)\n```",
        "```python\ndef total(xs):\n    return sum(xs)\n",
    ];
    let (report, asked) = project.repaired(4, 1, &answers);
    assert_eq!(report.outcome, Outcome::Fixed);
    assert_eq!(report.chosen, Some((3, 0)));
    let classes: Vec<Class> = report
        .rounds
        .iter()
        .map(|round| round.candidates[0].judgement.class)
        .collect();
    use Class::{ExtractFail, Pass, SyntaxError, TestCaseFail};
    assert_eq!(classes, [ExtractFail, TestCaseFail, SyntaxError, Pass]);
    assert!(!asked[0].prompt.contains("Test Feedback"));
    let last = &asked[3].prompt;
    for told in [
        "[Round 1 Generated code]: def total(xs):\n    return 6\n",
        "FAIL: For test input: total([]). Expected output is: 0, but got: 6.",
        "your solution correctly passes this test with output 6.",
        "[Round 2 Test Feedback]: Error: ",
    ] {
        assert!(last.contains(told), "{told} is not in\n{last}");
    }
}

#[test]
fn samples_of_one_round_stop_at_the_first_proof() {
    let answers = [
        "```\ndef total(xs): return 1\n```",
        "```\ndef total(xs): return sum(xs)\n```",
    ];
    let (report, asked) = Project::new(BUGGY).repaired(1, 8, &answers);
    assert_eq!(report.chosen, Some((0, 1)));
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].prompt, asked[1].prompt, "one round, one prompt");
}

#[test]
fn nothing_works_and_that_is_said() {
    let (report, _) = Project::new(BUGGY).repaired(2, 1, &["no", "```\nwhile True: pass\n```"]);
    assert_eq!(report.outcome, Outcome::NotFixed);
    assert!(report.fix().is_none());
    assert_eq!(
        report.json()["rounds"][1]["candidates"][0]["class"],
        "execute-fail"
    );
}

#[test]
fn a_repair_can_be_broken_off() {
    let project = Project::new(BUGGY);
    let mut ask = |_: &Question| -> Result<String, String> { panic!("asked after the break") };
    let mut stop = |progress: Progress<'_>| match progress {
        Progress::Asking(_) => ControlFlow::Break(()),
        Progress::Original(_) | Progress::Judged(..) => ControlFlow::Continue(()),
    };
    let report = repair(&project.bug(), Plan::default(), &mut ask, &mut stop).unwrap();
    assert_eq!(report.outcome, Outcome::NotFixed);
    let mut ask = |_: &Question| Err("no model".to_owned());
    let error = repair(&project.bug(), Plan::default(), &mut ask, &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(error.unwrap_err().to_string().contains("no model"));
}

#[test]
fn a_method_and_its_helper_go_where_they_belong() {
    let source = "import os\n\n\nclass Sums:\n    n = 1\n\n    def total(self, xs):\n        return 0\n\n    def rest(self):\n        return 1\n\n\ndef total(xs):\n    return Sums().total(xs)\n";
    let answer = "```python\nimport math\n\ndef helper(x):\n    return x\n\n\nclass Sums:\n    def total(self, xs):\n        return math.fsum(helper(x) for x in xs)\n```";
    let (report, _) = Project::new(source).repaired(1, 1, &[answer]);
    let new = &report.rounds[0].candidates[0].patch.as_ref().unwrap().new;
    assert_eq!(report.outcome, Outcome::Fixed, "{new}");
    assert!(new.starts_with("import os\nimport math\n"), "{new}");
    assert!(new.contains("n = 1") && new.contains("def rest"), "{new}");
    let answer = "```python\ndef rest(self):\n    return 2\n```";
    let (report, _) = Project::new(source).repaired(1, 1, &[answer]);
    let new = &report.rounds[0].candidates[0].patch.as_ref().unwrap().new;
    assert!(
        new.contains("    def rest(self):\n        return 2\n"),
        "{new}"
    );
    assert!(
        new.contains("def total(self, xs):\n        return 0\n"),
        "{new}"
    );
}

#[test]
fn what_a_candidate_leaves_out_stays() {
    let source = "import os\n\nLIMIT = 10\n\n\ndef total(xs):\n    return 0\n\n\nif __name__ == '__main__':\n    print(total([LIMIT]))\n";
    let answer = format!("```python\n{GOOD}```");
    let (report, _) = Project::new(source).repaired(1, 1, &[&answer]);
    let new = &report.rounds[0].candidates[0].patch.as_ref().unwrap().new;
    assert_eq!(*new, source.replace("return 0", "return sum(xs)"));
    let whole = source
        .replace("return 0", "return sum(xs)")
        .replace("LIMIT = 10", "LIMIT = 11");
    let (report, _) = Project::new(source).repaired(1, 1, &[&format!("```python\n{whole}```")]);
    let new = &report.rounds[0].candidates[0].patch.as_ref().unwrap().new;
    assert_eq!(*new, whole, "a candidate that has everything is the file");
}
