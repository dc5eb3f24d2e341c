//! Work beside the screen: one monologue, one repair and one page at a time, the newest wins, dropping
//! cancels.

mod fix;
mod talk;

use std::{
    cell::RefCell,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    thread,
};

pub(super) use self::{
    fix::{Fix, NO_TESTS},
    talk::{Phase, Talk},
};
use super::{
    asker::Asker,
    counts::Counts,
    event::{Event, JobId, Progress},
    masks::Masks,
    pane::{Part, Wanted},
    session::{Counter, Repairer},
    since::{Files, Look},
};
use crate::{
    redact::{Masker, redacted},
    represent::{Representation, Request, page, within},
    trace::{Cursor, Heading, Trace},
};

/// The name of threads that may fail without the screen failing.
pub(super) const THREAD: &str = "job";

/// Steps of a run whose whole page may be asked for here; `monologue show` writes any.
const PAGED: u32 = 1_000_000;

/// What can be asked to be done beside the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// A monologue from the cursor, in this direction.
    Ask(Heading),
    /// Another answer to what was asked last.
    Retry,
    /// The model anew.
    Reload,
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

/// Something that has been made elsewhere and is to be taken along.
#[derive(Debug)]
pub(super) struct Parcel {
    /// What it is, in words.
    pub(super) what: String,
    /// The text, or why there is none.
    pub(super) text: Result<Arc<str>, String>,
    /// Where to.
    pub(super) to: Target,
}

/// Where a text is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The terminal's clipboard.
    Clipboard,
    /// A file, as its path was typed.
    File(String),
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
    /// Whether what is asked leaves this machine.
    leaves: bool,
    /// The newest monologue.
    pub(super) talk: Talk,
    /// The newest search.
    pub(super) fix: Fix,
    /// How many tokens texts have.
    pub(super) counts: Counts,
    /// What of texts would be masked.
    pub(super) masks: Masks,
    /// What became of the program's files.
    pub(super) files: Files,
    /// The tokens that a page has at most.
    pub(super) budget: Option<usize>,
    page: Option<(Running, String, Target)>,
}

impl Jobs {
    /// Nothing under way; news will go to `events`.
    pub(super) fn new(
        events: Sender<Event>,
        asker: Option<Box<dyn Asker>>,
        repairer: Option<Box<dyn Repairer>>,
        counter: Option<Box<dyn Counter>>,
        budget: Option<usize>,
        look: Option<Look>,
    ) -> Self {
        Self {
            counts: Counts::new(events.clone(), counter),
            masks: Masks::new(events.clone()),
            files: Files::new(events.clone(), look),
            events,
            next: 0,
            leaves: asker.as_ref().is_some_and(|it| it.leaves()),
            asker_is: asker.as_ref().map(|it| it.describe()),
            repairer_is: repairer.as_ref().map(|it| it.describe()),
            asker: asker.map(|it| Arc::new(Mutex::new(it))),
            repairer: repairer.map(|it| Arc::new(Mutex::new(it))),
            talk: Talk::default(),
            fix: Fix::default(),
            budget,
            page: None,
        }
    }

    /// Starts `job` at `cursor`; answers why it cannot be, where it cannot be.
    pub(super) fn start(&mut self, job: Job, trace: &Trace, cursor: Cursor) -> Result<(), String> {
        match job {
            Job::Ask(direction) => self.ask(trace, cursor, direction),
            Job::Retry => self.retry(trace),
            Job::Reload => self.reload(),
            Job::Repair => self.repair(trace, cursor),
            Job::Apply | Job::Undo => self.write(job),
        }
    }

    /// Starts to write `representation`, or what of it is `wanted`, to be taken to `to`: as the model is
    /// given it, which is masked where the model is not on this machine, and then cut.
    ///
    /// # Errors
    /// In words, when the run is too long for that.
    pub(super) fn page(
        &mut self,
        representation: &'static dyn Representation,
        wanted: Wanted,
        trace: &Trace,
        to: Target,
    ) -> Result<(), String> {
        let Wanted { manner, part, .. } = wanted;
        let steps = trace.steps().len();
        if PAGED < steps && part.is_none() {
            return Err(format!(
                "the run has {steps} steps, too many for one text; `monologue show --steps A..B` writes a part"
            ));
        }
        let (running, tell) = self.running();
        let (whole, leaves) = (trace.clone(), self.leaves);
        let work = move |count: &dyn Fn(&str) -> usize| {
            let written = guarded(|| {
                let text = |trace: &Trace, count: &dyn Fn(&str) -> usize| {
                    let all = Request::whole(trace);
                    let request = Request {
                        window: part.map_or(all.window.clone(), |it| it.steps.0..it.steps.1),
                        profile: manner.profile,
                        mode: manner.mode,
                        ..all
                    };
                    let cut =
                        part.map(|it| within(representation, trace, &request, it.budget, count));
                    // Where not even a step fits, all of it is shown.
                    let fitted = cut.and_then(Result::ok).map(|it| it.page);
                    let page = fitted.unwrap_or_else(|| page(representation, trace, &request));
                    page.text().to_owned()
                };
                if !leaves {
                    return Ok(text(&whole, count).into());
                }
                // Twice, as what is asked is: formats shorten what they are given, and add to it.
                let mut masker = Masker::new(&whole);
                let masked = redacted(&whole, &mut masker);
                let masker = RefCell::new(masker);
                let count = |text: &str| count(&masker.borrow_mut().masked(text));
                let text = text(&masked, &count);
                Ok(masker.into_inner().masked(&text).into())
            });
            tell(Progress::Paged(written));
        };
        match part {
            Some(_) => self.counts.lend(work),
            None => spawn(move || work(&|_| 0))?,
        }
        let mut what = representation.title().to_owned();
        if let Some(Part { steps, budget }) = part {
            if steps != (trace.steps().start(), trace.steps().end()) {
                what += &format!(" of steps {}–{}", steps.0.number(), steps.1.raw());
            }
            what += &format!(", {budget} tokens at most");
        }
        if leaves {
            what += ", masked as the server would get it";
        }
        self.page = Some((running, what, to));
        Ok(())
    }

    /// Stops what runs; whether anything did.
    pub(super) fn cancel(&mut self) -> bool {
        let (talk, fix) = (self.talk.stop(), self.fix.stop());
        talk || fix || self.page.take().is_some()
    }

    /// Takes news, unless it is of a job no longer waited for; answers with what is to be taken along.
    pub(super) fn take(&mut self, id: JobId, progress: Progress) -> Option<Parcel> {
        let is = |running: Option<&Running>| running.is_some_and(|it| it.id == id);
        match progress {
            Progress::Paged(text) if is(self.page.as_ref().map(|it| &it.0)) => {
                let (_, what, to) = self.page.take()?;
                return Some(Parcel { what, text, to });
            }
            Progress::Telling(_) | Progress::Told(_) | Progress::Reloaded(_)
                if is(self.talk.running()) =>
            {
                if let Some(name) = self.talk.take(progress) {
                    self.asker_is = Some(name);
                }
            }
            Progress::Repairing(_) | Progress::Repaired(_) | Progress::Written(_)
                if is(self.fix.running()) =>
            {
                self.fix.take(progress);
            }
            _ => (),
        }
        None
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
