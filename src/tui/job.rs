//! Work beside the screen: one monologue and one repair at a time, the newest wins, dropping cancels.

use std::{
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    thread,
};

use super::{
    event::{Event, JobId, Progress},
    session::{Answer, Asker, Judged, RepairProgress, RepairReport, Repairer},
};
use crate::trace::{Cursor, Heading, Trace};

/// The name of threads that may fail without the screen failing.
pub(super) const THREAD: &str = "job";

/// What can be asked to be done beside the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// A monologue from the cursor, in this direction.
    Ask(Heading),
    /// A search for a fix.
    Repair,
    /// Write the fix to the files.
    Apply,
    /// Take it back.
    Undo,
}

/// A job under way. Dropping it tells the work that nobody waits any more.
#[derive(Debug)]
struct Running {
    id: JobId,
    cancelled: Arc<AtomicBool>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

/// A monologue: being written, finished, or broken off. Stays tied to the step it was asked for.
#[derive(Debug, Default)]
pub(super) struct Talk {
    running: Option<Running>,
    /// Where it was asked.
    pub(super) cursor: Option<Cursor>,
    /// Forward or backward.
    pub(super) direction: Option<Heading>,
    /// What was written so far.
    pub(super) text: String,
    /// The checked whole, once it is done.
    pub(super) answer: Option<Answer>,
    /// Why there is none.
    pub(super) failed: Option<String>,
}

/// A search for a fix and what came of it.
#[derive(Debug, Default)]
pub(super) struct Fix {
    running: Option<Running>,
    /// Where it was asked.
    pub(super) cursor: Option<Cursor>,
    /// Which round of how many.
    pub(super) round: Option<(usize, usize)>,
    /// What the model writes now.
    pub(super) text: String,
    /// The candidates judged so far.
    pub(super) judged: Vec<Judged>,
    /// How it ended.
    pub(super) report: Option<RepairReport>,
    /// What was written to the files, or why nothing was.
    pub(super) said: Option<Result<String, String>>,
}

impl Talk {
    /// Whether it is still being written.
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }
}

impl Fix {
    /// Whether it still searches or writes.
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }
}

/// Every job, and who does them.
pub struct Jobs {
    events: Sender<Event>,
    next: u64,
    asker: Option<Arc<Mutex<Box<dyn Asker>>>>,
    repairer: Option<Arc<Mutex<Box<dyn Repairer>>>>,
    /// Who writes monologues, in a few words.
    pub(super) asker_is: Option<String>,
    /// Who searches for fixes, in a few words.
    pub(super) repairer_is: Option<String>,
    /// The newest monologue.
    pub(super) talk: Talk,
    /// The newest search.
    pub(super) fix: Fix,
}

impl Jobs {
    /// Nothing under way; news will go to `events`.
    pub(super) fn new(
        events: Sender<Event>,
        asker: Option<Box<dyn Asker>>,
        repairer: Option<Box<dyn Repairer>>,
    ) -> Self {
        Self {
            events,
            next: 0,
            asker_is: asker.as_ref().map(|it| it.describe()),
            repairer_is: repairer.as_ref().map(|it| it.describe()),
            asker: asker.map(|it| Arc::new(Mutex::new(it))),
            repairer: repairer.map(|it| Arc::new(Mutex::new(it))),
            talk: Talk::default(),
            fix: Fix::default(),
        }
    }

    /// Starts `job` at `cursor`; answers why it cannot be, where it cannot be.
    pub(super) fn start(&mut self, job: Job, trace: &Trace, cursor: Cursor) -> Result<(), String> {
        match job {
            Job::Ask(direction) => self.ask(trace, cursor, direction),
            Job::Repair => self.repair(trace, cursor),
            Job::Apply | Job::Undo => self.write(job),
        }
    }

    /// Stops what runs; whether anything did.
    pub(super) fn cancel(&mut self) -> bool {
        let talk = self.talk.running.take().is_some();
        if talk {
            self.talk.failed = Some("stopped".into());
        }
        let fix = self.fix.running.take().is_some();
        if fix {
            self.fix.said = Some(Err("stopped; nothing was written".into()));
        }
        talk || fix
    }

    /// Takes news, unless it is of a job no longer waited for.
    pub(super) fn take(&mut self, id: JobId, progress: Progress) {
        let is = |running: &Option<Running>| running.as_ref().is_some_and(|it| it.id == id);
        match progress {
            Progress::Piece(text) if is(&self.talk.running) => self.talk.text.push_str(&text),
            Progress::Told(told) if is(&self.talk.running) => {
                self.talk.running = None;
                match told {
                    Ok(answer) => {
                        self.talk.text.clone_from(&answer.text);
                        self.talk.answer = Some(answer);
                    }
                    Err(why) => self.talk.failed = Some(why),
                }
            }
            Progress::Repairing(news) if is(&self.fix.running) => match news {
                RepairProgress::Round(round, of) => {
                    self.fix.round = Some((round, of));
                    self.fix.text.clear();
                }
                RepairProgress::Piece(text) => self.fix.text.push_str(&text),
                RepairProgress::Judged(judged) => {
                    self.fix.text.clear();
                    self.fix.judged.push(judged);
                }
            },
            Progress::Repaired(done) if is(&self.fix.running) => {
                self.fix.running = None;
                match done {
                    Ok(report) => self.fix.report = Some(report),
                    Err(why) => self.fix.said = Some(Err(why)),
                }
            }
            Progress::Written(written) if is(&self.fix.running) => {
                self.fix.running = None;
                self.fix.said = Some(written);
            }
            _ => (),
        }
    }

    fn ask(&mut self, trace: &Trace, cursor: Cursor, direction: Heading) -> Result<(), String> {
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
                asker.ask(&trace, cursor, direction, &mut |piece| {
                    tell(Progress::Piece(piece.into()));
                    flow(&cancelled)
                })
            });
            tell(Progress::Told(told));
        })?;
        self.talk = Talk {
            running: Some(running),
            cursor: Some(cursor),
            direction: Some(direction),
            ..Talk::default()
        };
        Ok(())
    }

    fn repair(&mut self, trace: &Trace, cursor: Cursor) -> Result<(), String> {
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

    fn write(&mut self, job: Job) -> Result<(), String> {
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

    fn running(&mut self) -> (Running, impl Fn(Progress) + Send + use<>) {
        let id = JobId(self.next);
        self.next += 1;
        let events = self.events.clone();
        let running = Running {
            id,
            cancelled: Arc::default(),
        };
        // Nobody listens any more only when the screen is closed; then nothing needs telling.
        let tell = move |progress| drop(events.send(Event::Job(id, progress)));
        (running, tell)
    }
}

pub(super) const NO_MODEL: &str =
    "no model is loaded; name one with --model DIR, MONOLOGUE_MODEL or `model` in the settings";
pub(super) const NO_TESTS: &str =
    "a repair needs tests and a model; start with --tests FILE and --model DIR";

fn flow(cancelled: &AtomicBool) -> ControlFlow<()> {
    match cancelled.load(Ordering::Relaxed) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let spawned = thread::Builder::new().name(THREAD.into()).spawn(work);
    spawned
        .map(drop)
        .map_err(|err| format!("could not start a thread: {err}"))
}

/// The work's result; a panic in it becomes a sentence, and the screen goes on.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!(
            "it failed inside: {}",
            text.unwrap_or("no reason given")
        ))
    })
}
