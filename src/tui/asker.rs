//! Whoever writes monologues: what the screen asks, is told meanwhile, and gets in the end.

use std::ops::{ControlFlow, Range};

use crate::trace::{Cursor, Heading, StepId, Trace};

/// Whether a statement holds in the recorded run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The run shows it.
    True,
    /// The run shows otherwise.
    Contradicted,
    /// A run cannot show it either way.
    Uncheckable,
}

/// One statement of a monologue, checked against the run.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Its byte range in the monologue.
    pub range: Range<usize>,
    /// Whether it holds.
    pub verdict: Verdict,
    /// The step it was checked at.
    pub step: Option<StepId>,
    /// What the run shows instead, or why it could not be checked.
    pub note: String,
}

/// A finished monologue.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The whole text.
    pub text: String,
    /// The value it arrives at, where it names one.
    pub answer: Option<String>,
    /// Its statements, in order of text.
    pub claims: Vec<Claim>,
    /// Tokens read.
    pub prompt_tokens: usize,
    /// Tokens written.
    pub output_tokens: usize,
    /// From the question to the first token, in seconds.
    pub prefill: f64,
    /// From then to the end, in seconds.
    pub decode: f64,
    /// What was left out or cut short, in sentences.
    pub notes: Vec<String>,
    /// The seed it was sampled with.
    pub seed: u64,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Where.
    pub cursor: Cursor,
    /// From the input to the output, or back.
    pub direction: Heading,
    /// 0 for the first answer; another number for another one to the same question.
    pub seed: u64,
}

/// What is told while somebody waits.
#[derive(Debug, Clone, PartialEq)]
pub enum Telling {
    /// The model is being loaded.
    Loading {
        /// Which, and what of it.
        what: String,
        /// How much is done, from 0 to 1, where that is known.
        share: Option<f32>,
    },
    /// The model is there: which, on which device, in which number format.
    Ready(String),
    /// What of the question was left out so that it fits.
    Cut(String),
    /// The question is being read: so many tokens.
    Reading(usize),
    /// The next piece of text, empty where there is nothing new.
    Piece(String),
}

/// Writes monologues. Runs on a thread of its own.
pub trait Asker: Send {
    /// A monologue about what `wish` says. Whatever happens meanwhile goes to `on_news`, at least ten
    /// times a second; when that answers `Break`, the answer is wanted no longer.
    ///
    /// # Errors
    /// In words for the user: what was attempted, what was wrong, what to do.
    fn ask(
        &mut self,
        trace: &Trace,
        wish: Wish,
        on_news: &mut dyn FnMut(Telling) -> ControlFlow<()>,
    ) -> Result<Answer, String>;

    /// Forgets the model and loads it again, as its files are now.
    ///
    /// # Errors
    /// In words for the user; there is then no model until it is loaded again.
    fn reload(&mut self, on_news: &mut dyn FnMut(Telling) -> ControlFlow<()>)
    -> Result<(), String>;

    /// Whether what is asked leaves this machine; it is then masked.
    fn leaves(&self) -> bool;

    /// Which model on which device, in a few words.
    fn describe(&self) -> String;
}

impl Answer {
    /// Wall time in seconds.
    pub fn seconds(&self) -> f64 {
        self.prefill + self.decode
    }
}
