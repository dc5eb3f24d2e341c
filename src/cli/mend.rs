//! Repairs with the model that was named: for the debugger's repair pane and for `repair`.

use std::{collections::VecDeque, num::NonZeroUsize, ops::ControlFlow, path::PathBuf};

use super::{model::Choice, think::loaded};
use crate::{
    explain::prompt,
    model::{self, Backend, Finish, Limits, Prompt},
    repair::{self, Answer, Applied, Bug, Outcome, Patch, Plan, Progress, Question, Report},
    trace::{Cursor, Trace},
    tui::{Judged, RepairProgress, RepairReport, Repairer},
};

/// A model, tests, and the fix that was found last.
pub(super) struct Mender {
    choice: Choice,
    tests: PathBuf,
    backend: Option<Box<dyn Backend>>,
    fix: Option<Patch>,
    applied: Option<Applied>,
}

impl Mender {
    /// Ready to be asked, where there are both a model and tests; loads nothing yet.
    pub(super) fn boxed(
        choice: Option<Choice>,
        tests: Option<PathBuf>,
    ) -> Option<Box<dyn Repairer>> {
        Some(Box::new(Self {
            choice: choice?,
            tests: tests?,
            backend: None,
            fix: None,
            applied: None,
        }))
    }
}

/// Asks `backend` one question of a repair, handing the text on as it comes; the whole text.
///
/// # Errors
/// In a sentence: when the model fails, or when `on_piece` broke it off.
pub(super) fn asked(
    backend: &mut dyn Backend,
    question: &Question,
    limits: &Limits,
    on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> Result<String, String> {
    let mut text = String::new();
    let limits = limits_of(question, limits);
    let completion = backend
        .stream(&prompt_of(question), &limits, &mut |piece| {
            text.push_str(piece);
            on_piece(piece)
        })
        .map_err(reason)?;
    whole(text, completion.finish)
}

/// The answers of a round, made together.
#[derive(Default)]
pub(super) struct Answers {
    ready: VecDeque<String>,
}

impl Answers {
    /// As [`asked`], for one of `samples` questions that differ in their number alone: the first asks for
    /// all of them at once, and the likeliest is answered with first where the backend tells which that is.
    ///
    /// # Errors
    /// As [`asked`].
    pub(super) fn asked(
        &mut self,
        backend: &mut dyn Backend,
        question: &Question,
        limits: &Limits,
        samples: NonZeroUsize,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<String, String> {
        if question.sample == 0 {
            self.ready.clear();
        }
        if let Some(text) = self.ready.pop_front() {
            return Ok(text);
        }
        if question.sample != 0 || samples.get() == 1 {
            return asked(backend, question, limits, on_piece);
        }
        let limits = limits_of(question, limits);
        let seeds = (0..samples.get()).map(|it| limits.seed.wrapping_add(it as u64));
        let seeds: Vec<u64> = seeds.collect();
        let mut texts = vec![String::new(); seeds.len()];
        let made = backend
            .sample_many(&prompt_of(question), &limits, &seeds, &mut |row, piece| {
                texts[row].push_str(piece);
                on_piece(piece)
            })
            .map_err(reason)?;
        let mut order: Vec<usize> = (0..made.len()).collect();
        let likelihoods = backend.likelihoods();
        if likelihoods.len() == made.len() {
            order.sort_by(|a, b| likelihoods[*b].total_cmp(&likelihoods[*a]));
        }
        for row in order {
            let text = std::mem::take(&mut texts[row]);
            self.ready.push_back(whole(text, made[row].finish.clone())?);
        }
        let first = self.ready.pop_front();
        first.ok_or_else(|| "it gave no answer".to_owned())
    }
}

/// What the model is asked.
pub(super) fn prompt_of(question: &Question) -> Prompt {
    Prompt {
        text: question.prompt.clone(),
        stops: prompt::refine("", "", "").stops,
    }
}

/// Samples of one prompt must differ, and a retry must not.
fn limits_of(question: &Question, limits: &Limits) -> Limits {
    Limits {
        seed: limits
            .seed
            .wrapping_add((question.round * 1000 + question.sample) as u64),
        ..limits.clone()
    }
}

fn whole(text: String, finish: Finish) -> Result<String, String> {
    match finish {
        Finish::Stopped => Err("it was stopped".into()),
        Finish::StopWord(word) => Ok(text + &word),
        Finish::EndOfText | Finish::TokenLimit => Ok(text),
    }
}

/// The error without what was attempted, which the room of repairs says itself.
pub(super) fn reason(error: model::Error) -> String {
    match error {
        model::Error::Remote { reason, .. } => reason,
        other => other.to_string(),
    }
}

impl Repairer for Mender {
    fn repair(
        &mut self,
        trace: &Trace,
        cursor: Cursor,
        on_progress: &mut dyn FnMut(RepairProgress) -> ControlFlow<()>,
    ) -> Result<RepairReport, String> {
        self.fix = None;
        let python = trace.fact("executable").unwrap_or("python3");
        let path = PathBuf::from(&*trace.file(cursor.frame()).path);
        let bug = Bug::read(python.as_ref(), &path, &self.tests).map_err(|it| it.to_string())?;
        let plan = Plan::default();
        // What the program got from outside is masked in what a server is asked.
        self.choice.outgoing.trace(trace);
        let outgoing = self.choice.outgoing.clone();
        let backend = loaded(&mut self.backend, &self.choice, &mut || {
            on_progress(RepairProgress::Piece(String::new()))
        })?;
        let limits = Limits {
            new_tokens: 1024,
            temperature: 0.0,
            top_p: 1.0,
            seed: 0,
        };
        // Both closures report to the screen, one at a time.
        let screen = std::cell::RefCell::new(on_progress);
        let report = repair::repair(
            &bug,
            plan,
            &mut |question| {
                let text = asked(&mut **backend, question, &limits, &mut |piece| match piece
                    .is_empty()
                {
                    true => (screen.borrow_mut())(RepairProgress::Piece(String::new())),
                    false => (screen.borrow_mut())(RepairProgress::Piece(piece.to_owned())),
                })?;
                Ok(outgoing.unmasked(&text))
            },
            &mut |progress| {
                let news = match progress {
                    Progress::Original(_) => return ControlFlow::Continue(()),
                    Progress::Asking(question) => {
                        RepairProgress::Round(question.round + 1, plan.rounds.get())
                    }
                    Progress::Judged(_, _, tried) => RepairProgress::Judged(Judged {
                        verdict: tried.judgement.class.word().into(),
                        passed: tried.judgement.proven(),
                        tests: shown(&tried.judgement.tests),
                    }),
                };
                (screen.borrow_mut())(news)
            },
        )
        .map_err(|it| it.to_string())?;
        self.fix = report.fix().cloned();
        Ok(RepairReport {
            diff: self.fix.as_ref().map(Patch::diff),
            tests: last_tests(&report),
            summary: summary(&report),
        })
    }

    fn apply(&mut self) -> Result<String, String> {
        let fix = self.fix.as_ref().ok_or("there is no fix to apply")?;
        self.applied = Some(fix.apply().map_err(|it| it.to_string())?);
        Ok(format!("wrote {}", fix.path.display()))
    }

    fn undo(&mut self) -> Result<String, String> {
        let applied = self.applied.take().ok_or("nothing was applied")?;
        applied.undo().map_err(|it| it.to_string())?;
        Ok("took the fix back".into())
    }

    fn describe(&self) -> String {
        format!("{} judged by {}", self.choice.spec, self.tests.display())
    }
}

/// One sentence about the whole search.
pub(super) fn summary(report: &Report) -> String {
    let tried: usize = report.rounds.iter().map(|it| it.candidates.len()).sum();
    match (report.outcome, report.chosen) {
        (Outcome::AlreadyPassing, _) => "the program passes its tests as it is".into(),
        (Outcome::Fixed, _) => "a fix passes every test".into(),
        (Outcome::NotFixed, Some(_)) => {
            "a candidate passes, but on tests it could have faked: read it before you trust it"
                .into()
        }
        (Outcome::NotFixed, None) => format!("none of {tried} candidates passes every test"),
    }
}

/// The tests of the candidate chosen, else of the last one tried.
fn last_tests(report: &Report) -> Vec<(String, bool, String)> {
    let chosen = report
        .chosen
        .map(|(round, candidate)| &report.rounds[round].candidates[candidate]);
    let last = || report.rounds.last()?.candidates.last();
    chosen
        .or_else(last)
        .map_or_else(Vec::new, |it| shown(&it.judgement.tests))
}

fn shown(tests: &[(String, Answer)]) -> Vec<(String, bool, String)> {
    tests
        .iter()
        .map(|(name, answer)| {
            let passed = matches!(answer, Answer::Right(_) | Answer::ReportedRight);
            (
                name.clone(),
                passed,
                answer.got().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}
