//! Everything that can wake the screen. A closed list: read it to know what can happen.

use std::sync::Arc;

use ratatui::crossterm::event::Event as Terminal;

use super::{
    Index,
    asker::{Answer, Telling},
    masks::Reading,
    session::{RepairProgress, RepairReport},
    since::Since,
};
use crate::{represent::Fitted, trace::Trace};

/// Names one job; a job's news is dropped once another has taken its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobId(pub u64);

/// What can happen.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a snapshot is a few dozen pointers and comes at most 30 times a second"
)]
pub enum Event {
    /// A key, a click, a resize.
    Terminal(Terminal),
    /// The terminal can no longer be read.
    Gone,
    /// The recording grew.
    Traced(Trace),
    /// The recording lost its oldest steps: what is left of it, and where in that things happened.
    Rebased(Box<(Trace, Index)>),
    /// A job has news.
    Job(JobId, Progress),
    /// A text's tokens were counted.
    Counted {
        /// Which text.
        key: u64,
        /// How many; `None` where it was not counted after all.
        tokens: Option<usize>,
        /// What counted.
        by: Arc<str>,
    },
    /// A page was cut to a number of tokens.
    Fitted {
        /// Which page, and to how many.
        key: (u64, usize),
        /// What is left, or what the least would have; `None` where it was not done after all.
        fitted: Option<Arc<Result<Fitted, usize>>>,
    },
    /// The program's files were looked at; what became of each, by their ids.
    Since(Vec<Option<Since>>),
    /// It is known what would be masked before it left this machine.
    Masks {
        /// What was found.
        reading: Arc<Reading>,
        /// Whether that is all there is to know of the trace that was read.
        last: bool,
    },
}

/// News of a job.
#[derive(Debug)]
pub enum Progress {
    /// Whoever writes a monologue has news.
    Telling(Telling),
    /// The monologue is done, or could not be written.
    Told(Result<Answer, String>),
    /// The model was loaded again, or could not be.
    Reloaded(Result<(), String>),
    /// A whole page is written, or could not be.
    Paged(Result<Arc<str>, String>),
    /// A search for a fix has news.
    Repairing(RepairProgress),
    /// The search is over, or failed.
    Repaired(Result<RepairReport, String>),
    /// A fix was applied or undone, or could not be.
    Written(Result<String, String>),
}
