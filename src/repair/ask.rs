//! What a model is asked: the code and a failing test, then what became of its earlier answers.

use super::cases::Cases;
use super::verdict::{Answer, Judgement};
use super::{Bug, Round};
use crate::explain::prompt;

/// One question to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// From 0.
    pub round: usize,
    /// From 0, within the round.
    pub sample: usize,
    /// The whole prompt.
    pub prompt: String,
}

/// The prompt of the first round: SemCoder's own.
pub(super) fn first(bug: &Bug, original: &Judgement) -> String {
    let test = failed_test(&bug.cases, original);
    prompt::refine(&bug.problem, bug.source.trim_end(), &test).text
}

/// The first test that fails, as statements.
fn failed_test(cases: &Cases, original: &Judgement) -> String {
    let failed = original
        .tests
        .iter()
        .position(|(_, answer)| !matches!(answer, Answer::Right(_) | Answer::ReportedRight))
        .unwrap_or(0);
    if let Some(case) = cases.cases.get(failed) {
        return case.statements();
    }
    match cases.reported.get(failed - cases.cases.len()) {
        Some(test) => format!("{}\n{}", test.setup.trim(), test.call),
        None => String::new(),
    }
}

/// The prompt of a later round: the first, and after each earlier round its code and what the tests said.
/// `trace` is the text of the run in a representation, empty for none.
pub(super) fn again(first: &str, rounds: &[Round], cases: &Cases, trace: &str) -> String {
    let mut prompt = first.to_owned();
    for (number, round) in rounds.iter().enumerate() {
        let mut told: Vec<&str> = Vec::new();
        for tried in &round.candidates {
            let code = tried.code.as_deref().unwrap_or("");
            // Equal answers of one round need telling once.
            if told.contains(&code) {
                continue;
            }
            told.push(code);
            prompt.push_str(&format!("\n [Round {number} Generated code]: {code} \n"));
            let feedback = feedback(cases, &tried.judgement, trace);
            prompt.push_str(&format!("[Round {number} Test Feedback]: {feedback}"));
        }
    }
    prompt
}

/// What the tests said, a line each.
pub(super) fn feedback(cases: &Cases, judgement: &Judgement, trace: &str) -> String {
    if let Some(why) = &judgement.why {
        return format!("Error: {why}\n");
    }
    let mut text = String::new();
    for (number, (name, answer)) in judgement.tests.iter().enumerate() {
        let (input, expected) = match cases.cases.get(number) {
            Some(case) if case.setup.is_empty() => (case.call.clone(), case.expected.as_str()),
            Some(case) => (
                format!("{}\n{}", case.setup, case.call),
                case.expected.as_str(),
            ),
            None => (name.clone(), "no exception"),
        };
        let message = match answer {
            Answer::Late => "Error: Time out!".to_owned(),
            Answer::NotRun => continue,
            Answer::Right(got) => format!(
                "For test input: {input}. Expected output is: {expected}, your solution correctly \
                 passes this test with output {got}."
            ),
            Answer::ReportedRight => format!(
                "For test input: {input}. Expected output is: {expected}, your solution correctly \
                 passes this test with output None."
            ),
            Answer::Wrong(got) => format!(
                "FAIL: For test input: {input}. Expected output is: {expected}, but got: {got}.{trace}"
            ),
            Answer::Raised(got) | Answer::Broken(got) | Answer::ReportedWrong(got) => format!(
                "FAIL: For test input: {input}. Expected output is: {expected}, but got error: \
                 {got}.{trace}"
            ),
        };
        text.push_str(&format!("[Test {number} - ]{message}\n"));
    }
    text
}
