//! A monologue on its way: asked for, told piece by piece, asked for again.

use std::{
    sync::{PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{Jobs, Running, flow, guarded, spawn};
use crate::{
    trace::{Cursor, Heading, Trace},
    tui::{
        asker::{Answer, Telling, Wish},
        event::Progress,
    },
};

pub(in crate::tui) const NO_MODEL: &str =
    "no model is loaded; name one with --model DIR, MONOLOGUE_MODEL or `model` in the settings";

/// Pieces of text are told to the screen at most this often: it draws no oftener.
const TOLD_EVERY: Duration = Duration::from_millis(16);

/// What whoever writes is doing.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::tui) enum Phase {
    /// Waiting for the model, which may be at work on what was stopped.
    #[default]
    Waiting,
    /// Loading it.
    Loading {
        /// Which, and what of it.
        what: String,
        /// How much is done, from 0 to 1.
        share: Option<f32>,
    },
    /// Reading so many tokens, since.
    Reading(usize, Instant),
    /// Writing: the tokens so far, when the first came, and how long reading took.
    Writing {
        /// So far.
        tokens: usize,
        /// When the first came.
        since: Instant,
        /// Tokens read, and in which time.
        read: (usize, Duration),
    },
}

/// A monologue: being written, finished, or broken off. Stays tied to the step it was asked for.
#[derive(Debug, Default)]
pub(in crate::tui) struct Talk {
    running: Option<Running>,
    /// Where it was asked, and which way.
    pub(in crate::tui) wish: Option<Wish>,
    /// What is being done.
    pub(in crate::tui) phase: Phase,
    /// What was written so far.
    pub(in crate::tui) text: String,
    /// What was left out of the question.
    pub(in crate::tui) cut: Option<String>,
    /// The checked whole, once it is done.
    pub(in crate::tui) answer: Option<Answer>,
    /// The answer before.
    pub(in crate::tui) previous: Option<Answer>,
    /// Why there is none.
    pub(in crate::tui) failed: Option<String>,
    /// What else there is to say, such as that the model was loaded again.
    pub(in crate::tui) said: Option<String>,
}

impl Talk {
    /// Whether it is still being written.
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
            self.failed = Some("stopped".into());
        }
        was
    }

    /// Takes news of its own job; answers with the model's description when that is news.
    pub(super) fn take(&mut self, progress: Progress) -> Option<String> {
        match progress {
            Progress::Telling(telling) => return self.hear(telling),
            Progress::Told(told) => {
                self.running = None;
                match told {
                    Ok(answer) => {
                        self.text.clone_from(&answer.text);
                        self.answer = Some(answer);
                    }
                    Err(why) => self.failed = Some(why),
                }
            }
            Progress::Reloaded(done) => {
                self.running = None;
                match done {
                    Ok(()) => self.said = Some("the model was loaded again".into()),
                    Err(why) => self.failed = Some(why),
                }
            }
            _ => (),
        }
        None
    }

    fn hear(&mut self, telling: Telling) -> Option<String> {
        match telling {
            Telling::Loading { what, share } => self.phase = Phase::Loading { what, share },
            Telling::Ready(name) => return Some(name),
            Telling::Cut(what) => self.cut = Some(what),
            Telling::Reading(tokens) => self.phase = Phase::Reading(tokens, Instant::now()),
            Telling::Piece(text) => {
                match &mut self.phase {
                    Phase::Writing { tokens, .. } => *tokens += 1,
                    Phase::Reading(read, since) if !text.is_empty() => {
                        self.phase = Phase::Writing {
                            tokens: 1,
                            since: Instant::now(),
                            read: (*read, since.elapsed()),
                        };
                    }
                    Phase::Waiting | Phase::Loading { .. } | Phase::Reading(..) => (),
                }
                self.text.push_str(&text);
            }
        }
        None
    }
}

impl Jobs {
    pub(super) fn ask(
        &mut self,
        trace: &Trace,
        cursor: Cursor,
        direction: Heading,
    ) -> Result<(), String> {
        let seed = 0;
        self.wish(
            trace,
            Wish {
                cursor,
                direction,
                seed,
            },
        )
    }

    /// Asks once more what was asked last, with another seed.
    pub(super) fn retry(&mut self, trace: &Trace) -> Result<(), String> {
        let wish = self.talk.wish.ok_or("nothing was asked yet; a asks")?;
        self.wish(
            trace,
            Wish {
                seed: wish.seed + 1,
                ..wish
            },
        )
    }

    fn wish(&mut self, trace: &Trace, wish: Wish) -> Result<(), String> {
        let asker = self.asker.clone().ok_or(NO_MODEL)?;
        let (running, tell) = self.running();
        let trace = trace.clone();
        let cancelled = running.cancelled.clone();
        spawn(move || {
            let told = guarded(|| {
                let mut asker = asker.lock().unwrap_or_else(PoisonError::into_inner);
                if cancelled.load(Ordering::Relaxed) {
                    return Err("stopped".into());
                }
                let mut quiet = Instant::now();
                asker.ask(&trace, wish, &mut |telling| {
                    // Layers ask far oftener than anybody looks.
                    let empty = matches!(&telling, Telling::Piece(it) if it.is_empty());
                    if !empty || TOLD_EVERY <= quiet.elapsed() {
                        quiet = Instant::now();
                        tell(Progress::Telling(telling));
                    }
                    flow(&cancelled)
                })
            });
            tell(Progress::Told(told));
        })?;
        let last = std::mem::take(&mut self.talk);
        self.talk = Talk {
            running: Some(running),
            wish: Some(wish),
            previous: last.answer.or(last.previous),
            ..Talk::default()
        };
        Ok(())
    }

    /// Loads the model again.
    pub(super) fn reload(&mut self) -> Result<(), String> {
        let asker = self.asker.clone().ok_or(NO_MODEL)?;
        let (running, tell) = self.running();
        let cancelled = running.cancelled.clone();
        spawn(move || {
            let done = guarded(|| {
                let mut asker = asker.lock().unwrap_or_else(PoisonError::into_inner);
                asker.reload(&mut |telling| {
                    tell(Progress::Telling(telling));
                    flow(&cancelled)
                })
            });
            tell(Progress::Reloaded(done));
        })?;
        let last = std::mem::take(&mut self.talk);
        self.talk = Talk {
            running: Some(running),
            phase: Phase::Waiting,
            said: None,
            failed: None,
            ..last
        };
        Ok(())
    }
}
