//! What became of a candidate and of each of its tests, as values and as the contract's JSON.

use serde_json::{Value as Json, json};

use super::cases::Cases;

/// What became of a candidate: the classes of the paper's error table, in the order in which they are
/// decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The model's text holds no code.
    ExtractFail,
    /// The code does not compile.
    SyntaxError,
    /// A test ended with an exception, by a limit or without an answer.
    ExecuteFail,
    /// Every test was answered, one of them wrongly.
    TestCaseFail,
    /// Every test was answered rightly.
    Pass,
}

impl Class {
    /// The contract's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Class::ExtractFail => "extract-fail",
            Class::SyntaxError => "syntax-error",
            Class::ExecuteFail => "execute-fail",
            Class::TestCaseFail => "test-case-fail",
            Class::Pass => "pass",
        }
    }
}

/// What became of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The right value.
    Right(String),
    /// Another value, as `repr` writes it.
    Wrong(String),
    /// An exception, as the last line of a traceback.
    Raised(String),
    /// No answer in time.
    Late,
    /// No answer, for this reason.
    Broken(String),
    /// Not asked: an earlier test broke the candidate off.
    NotRun,
    /// Ran as it is, beside the candidate, and did not complain. Proves nothing.
    ReportedRight,
    /// Ran as it is and complained so.
    ReportedWrong(String),
}

impl Answer {
    /// The word for it in JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Answer::Right(_) => "pass",
            Answer::Wrong(_) => "fail",
            Answer::Raised(_) | Answer::Broken(_) => "error",
            Answer::Late => "timeout",
            Answer::NotRun => "not-run",
            Answer::ReportedRight => "reported-pass",
            Answer::ReportedWrong(_) => "reported-fail",
        }
    }

    /// What was got, as text.
    #[must_use]
    pub fn got(&self) -> Option<&str> {
        match self {
            Answer::Right(text)
            | Answer::Wrong(text)
            | Answer::Raised(text)
            | Answer::Broken(text)
            | Answer::ReportedWrong(text) => Some(text),
            Answer::Late => Some("timed out"),
            Answer::NotRun | Answer::ReportedRight => None,
        }
    }

    pub(super) fn class(&self) -> Class {
        match self {
            Answer::Right(_) | Answer::ReportedRight => Class::Pass,
            Answer::Wrong(_) | Answer::ReportedWrong(_) => Class::TestCaseFail,
            Answer::Raised(_) | Answer::Broken(_) | Answer::Late | Answer::NotRun => {
                Class::ExecuteFail
            }
        }
    }
}

/// A candidate's verdict, test by test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The class of the whole.
    pub class: Class,
    /// The tests by name, lifted ones first, each with its answer.
    pub tests: Vec<(String, Answer)>,
    /// What the compiler said, or why no code was found.
    pub why: Option<String>,
}

impl Judgement {
    /// A verdict without any test run.
    pub(super) fn unasked(class: Class, why: String, cases: &Cases) -> Judgement {
        let lifted = cases.cases.iter().map(|case| &case.name);
        let names = lifted.chain(cases.reported.iter().map(|test| &test.name));
        Judgement {
            class,
            tests: names.map(|name| (name.clone(), Answer::NotRun)).collect(),
            why: Some(why),
        }
    }

    /// Whether it passed, and on tests that the candidate could not fake.
    #[must_use]
    pub fn proven(&self) -> bool {
        let lifted = |answer: &Answer| matches!(answer, Answer::Right(_));
        self.class == Class::Pass
            && !self.tests.is_empty()
            && self.tests.iter().all(|(_, answer)| lifted(answer))
    }

    /// The tests as the contract's JSON.
    #[must_use]
    pub fn tests_json(&self) -> Json {
        self.tests
            .iter()
            .map(|(name, answer)| json!({"name": name, "verdict": answer.word(), "got": answer.got()}))
            .collect()
    }
}
