//! A search for a fix, its report, and the writing of what it found.

use std::sync::{PoisonError, atomic::Ordering};

use super::{Job, Jobs, Running, flow, guarded, spawn};
use crate::{
    trace::{Cursor, Trace},
    tui::{
        event::Progress,
        session::{Judged, RepairProgress, RepairReport},
    },
};

pub(in crate::tui) const NO_TESTS: &str =
    "a repair needs tests and a model; start with --tests FILE and --model DIR";

/// A search for a fix and what came of it.
#[derive(Debug, Default)]
pub(in crate::tui) struct Fix {
    running: Option<Running>,
    /// Where it was asked.
    pub(in crate::tui) cursor: Option<Cursor>,
    /// Which round of how many.
    pub(in crate::tui) round: Option<(usize, usize)>,
    /// What the model writes now.
    pub(in crate::tui) text: String,
    /// The candidates judged so far.
    pub(in crate::tui) judged: Vec<Judged>,
    /// How it ended.
    pub(in crate::tui) report: Option<RepairReport>,
    /// What was written to the files, or why nothing was.
    pub(in crate::tui) said: Option<Result<String, String>>,
}

impl Fix {
    /// Whether it still searches or writes.
    pub(in crate::tui) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub(super) fn running(&self) -> Option<&Running> {
        self.running.as_ref()
    }

    /// Stops it; whether it ran.
    pub(super) fn stop(&mut self) -> bool {
        let was = self.running.take().is_some();
        if was {
            self.said = Some(Err("stopped; nothing was written".into()));
        }
        was
    }

    /// Takes news of its own job.
    pub(super) fn take(&mut self, progress: Progress) {
        match progress {
            Progress::Repairing(news) => match news {
                RepairProgress::Round(round, of) => {
                    self.round = Some((round, of));
                    self.text.clear();
                }
                RepairProgress::Piece(text) => self.text.push_str(&text),
                RepairProgress::Judged(judged) => {
                    self.text.clear();
                    self.judged.push(judged);
                }
            },
            Progress::Repaired(done) => {
                self.running = None;
                match done {
                    Ok(report) => self.report = Some(report),
                    Err(why) => self.said = Some(Err(why)),
                }
            }
            Progress::Written(written) => {
                self.running = None;
                self.said = Some(written);
            }
            _ => (),
        }
    }
}

impl Jobs {
    pub(super) fn repair(&mut self, trace: &Trace, cursor: Cursor) -> Result<(), String> {
        let repairer = self.repairer.clone().ok_or(NO_TESTS)?;
        let (running, tell) = self.running();
        let trace = trace.clone();
        let cancelled = running.cancelled.clone();
        spawn(move || {
            let done = guarded(|| {
                let mut repairer = repairer.lock().unwrap_or_else(PoisonError::into_inner);
                if cancelled.load(Ordering::Relaxed) {
                    return Err("stopped".into());
                }
                repairer.repair(&trace, cursor, &mut |news| {
                    tell(Progress::Repairing(news));
                    flow(&cancelled)
                })
            });
            tell(Progress::Repaired(done));
        })?;
        self.fix = Fix {
            running: Some(running),
            cursor: Some(cursor),
            ..Fix::default()
        };
        Ok(())
    }

    pub(super) fn write(&mut self, job: Job) -> Result<(), String> {
        let repairer = self.repairer.clone().ok_or(NO_TESTS)?;
        let found = self.fix.report.as_ref().is_some_and(|it| it.diff.is_some());
        if !found || self.fix.is_running() {
            return Err("there is no verified fix to write; R searches for one".into());
        }
        let (running, tell) = self.running();
        spawn(move || {
            let written = guarded(|| {
                let mut repairer = repairer.lock().unwrap_or_else(PoisonError::into_inner);
                match job {
                    Job::Undo => repairer.undo(),
                    _ => repairer.apply(),
                }
            });
            tell(Progress::Written(written));
        })?;
        self.fix.running = Some(running);
        Ok(())
    }
}
