//! All that was tried for one bug, and the contract's object of it.

use serde_json::{Value as Json, json};

use super::patch::Patch;
use super::verdict::Judgement;
use crate::explain::answer::Hazard;

/// One answer of the model and what became of it.
#[derive(Debug, Clone)]
pub struct Tried {
    /// The model's text.
    pub text: String,
    /// The code in it.
    pub code: Option<String>,
    /// The file with that code in it.
    pub patch: Option<Patch>,
    /// What it does that the file did not and a fix seldom needs.
    pub hazards: Vec<Hazard>,
    /// Its verdict.
    pub judgement: Judgement,
}

/// The candidates of one round.
#[derive(Debug, Clone, Default)]
pub struct Round {
    /// In the order in which they were asked for.
    pub candidates: Vec<Tried>,
}

/// How it came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A candidate passes every test, and could not have faked it.
    Fixed,
    /// None does. One that passes tests which it could have faked may still be [`Report::chosen`].
    NotFixed,
    /// The file as it is passes every test.
    AlreadyPassing,
}

/// All that was tried.
#[derive(Debug, Clone)]
pub struct Report {
    /// How it came out.
    pub outcome: Outcome,
    /// The verdict on the file as it is.
    pub original: Judgement,
    /// Every round.
    pub rounds: Vec<Round>,
    /// Round and candidate, from 0.
    pub chosen: Option<(usize, usize)>,
}

impl Report {
    /// The patch to apply, if one is proven; one that merely passes is for the user to read.
    #[must_use]
    pub fn fix(&self) -> Option<&Patch> {
        let (round, candidate) = self.chosen?;
        let tried = &self.rounds[round].candidates[candidate];
        tried.patch.as_ref().filter(|_| tried.judgement.proven())
    }

    /// The contract's object.
    #[must_use]
    pub fn json(&self) -> Json {
        let diff = |tried: &Tried| tried.patch.as_ref().map(Patch::diff);
        let rounds: Vec<Json> = self
            .rounds
            .iter()
            .map(|round| {
                let candidates = round.candidates.iter().map(|tried| {
                    let mut candidate = json!({
                        "class": tried.judgement.class.word(),
                        "tests": tried.judgement.tests_json(),
                        "diff": diff(tried),
                    });
                    if !tried.hazards.is_empty() {
                        candidate["hazards"] = tried.hazards.iter().map(hazard).collect();
                    }
                    candidate
                });
                json!({ "candidates": candidates.collect::<Vec<_>>() })
            })
            .collect();
        let chosen = self.chosen.map(|(round, candidate)| {
            let tried = &self.rounds[round].candidates[candidate];
            json!({
                "round": round,
                "candidate": candidate,
                "diff": diff(tried),
                "proven": tried.judgement.proven(),
            })
        });
        json!({
            "outcome": match self.outcome {
                Outcome::Fixed => "fixed",
                Outcome::NotFixed => "not-fixed",
                Outcome::AlreadyPassing => "already-passing",
            },
            "rounds": rounds,
            "chosen": chosen,
        })
    }
}

fn hazard(hazard: &Hazard) -> Json {
    json!({"kind": hazard.kind.name(), "line": hazard.line, "shown": hazard.shown})
}
