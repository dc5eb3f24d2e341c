//! The whole loop: a scripted model's answers in, a report and a patch out.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use monologue::repair::{Bug, Class, Error, Outcome, Plan, Progress, Question, Report, repair};
use monologue::sandbox::set_supervisor;

use super::{BUGGY, GOOD, PYTHON, TESTS};

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
fn a_hazardous_candidate_is_not_run_unless_that_is_accepted() {
    let project = Project::new(BUGGY);
    let mark = project.home.path().join("ran");
    let bad = format!(
        "```python\ndef total(xs):\n    os.system('touch {}')\n    return sum(xs)\n```",
        mark.display()
    );
    let (report, asked) = project.repaired(2, 1, &[&bad, &bad]);
    assert_eq!(report.outcome, Outcome::NotFixed);
    let tried = &report.rounds[0].candidates[0];
    assert_eq!(tried.judgement.class, Class::ExecuteFail);
    let json = report.json();
    let hazard = &json["rounds"][0]["candidates"][0]["hazards"][0];
    assert_eq!(hazard["kind"], "shell-execution");
    assert!(hazard["shown"].as_str().unwrap().contains("os.system"));
    // The model is told why.
    assert!(
        asked[1]
            .prompt
            .contains("it was not run: shell-execution at line")
    );

    let mut bug = project.bug();
    bug.accept_hazards = true;
    let plan = Plan::default();
    let mut ask = |_: &Question| Ok(bad.clone());
    let report = repair(&bug, plan, &mut ask, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(report.outcome, Outcome::Fixed);
    assert_eq!(report.rounds[0].candidates[0].hazards.len(), 1);
    assert!(!mark.exists(), "it ran in the sandbox alone");
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
