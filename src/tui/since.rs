//! Whether the program's files are still what they were when it was recorded: read beside the screen.

use std::{sync::mpsc::Sender, thread};

use super::{Event, job};
use crate::trace::{File, Id, Trace};

/// What became of a file since it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// It has another text.
    Changed,
    /// It is there no more.
    Gone,
}

/// Tells what became of a file; `None` where nothing did, or where nothing can be known.
pub(super) type Look = fn(&File) -> Option<Since>;

/// What became of every file.
pub(super) struct Files {
    look: Option<Look>,
    /// By the files' ids.
    known: Vec<Option<Since>>,
    /// Files that were there when they were looked at last.
    seen: Option<u32>,
    events: Sender<Event>,
}

impl Files {
    /// Nothing is known yet; news will go to `events`, if there is anybody to `look`.
    pub(super) fn new(events: Sender<Event>, look: Option<Look>) -> Self {
        Self {
            look,
            known: Vec::new(),
            seen: None,
            events,
        }
    }

    /// Looks at all files where `trace` has new ones. Returns at once.
    pub(super) fn prepare(&mut self, trace: &Trace) {
        if self.seen != Some(trace.files().len()) {
            self.look(trace);
        }
    }

    /// Looks at all files. Returns at once.
    pub(super) fn look(&mut self, trace: &Trace) {
        let Some(look) = self.look else {
            return;
        };
        self.seen = Some(trace.files().len());
        let (trace, to) = (trace.clone(), self.events.clone());
        let work = move || {
            let since = trace.files().iter().map(look).collect();
            // Nobody is told any more only when the screen is closed.
            let _ = to.send(Event::Since(since));
        };
        // A thread that does not start tells nothing, which is no harm.
        let _ = thread::Builder::new().name(job::THREAD.into()).spawn(work);
    }

    /// Takes what was found.
    pub(super) fn take(&mut self, since: Vec<Option<Since>>) {
        self.known = since;
    }

    /// What became of `file`, where it is not what is shown.
    pub(super) fn of(&self, file: Id<File>) -> Option<Since> {
        *self.known.get(file.raw() as usize)?
    }
}

impl Since {
    /// In words, of a file that is shown.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Changed => "changed on disk since; shown as recorded",
            Self::Gone => "gone from disk since; shown as recorded",
        }
    }
}
