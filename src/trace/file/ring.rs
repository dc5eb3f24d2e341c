//! The newest end of a trace that grows without end, followed while it is kept small.
//!
//! Where the file or what is in memory of it grows too large, the older half goes: first from the file,
//! as [`Keeper`] does it, then from memory, by reading what is left anew. Until that is done the trace
//! that is there stays as it is, so that whoever looks at it never sees less than what is kept. Passing the
//! records to be dropped is done beside that: a program may write about as fast as one thread reads.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    Error, Follow,
    keep::{Keeper, head_of},
    unreadable,
};
use crate::trace::Trace;

/// How long is waited for records to be passed where there is nothing else to do.
const PAUSE: Duration = Duration::from_millis(1);

/// A raw trace that grows, of which the newest steps are kept: on disk and in memory.
pub struct Ring {
    path: PathBuf,
    /// Unless it is under way.
    keeper: Option<Keeper>,
    pub(super) shown: Follow,
    next: Next,
    /// Bytes of memory that the trace may take, about.
    room: u64,
    /// Bytes of memory from which on the older half goes.
    most: u64,
}

/// What is under way.
enum Next {
    /// Nothing: the trace is taken in as it grows.
    Nothing,
    /// The records to be dropped are passed.
    Passing(JoinHandle<io::Result<Keeper>>),
    /// What is left is read anew.
    Reading(Box<Follow>),
}

impl Ring {
    /// Opens the raw trace at `path`, which a recorder writes and nobody else keeps small, and takes in
    /// nothing of it yet. About `bytes` of its records are kept on disk, at least half of that once they
    /// were more, and about `room` bytes of memory are taken; up to half as many more for as long as the
    /// older half is being dropped.
    ///
    /// # Errors
    /// When it cannot be read, or is no trace of this version.
    pub fn begin(path: &Path, bytes: u64, room: u64) -> Result<Self, Error> {
        let mut shown = Follow::begin(path)?;
        shown.room = u64::MAX;
        // What an earlier trace of this name left means nothing now.
        let _ = fs::remove_file(head_of(path));
        let keeper = Keeper::of(path, bytes).map_err(|it| unreadable(path, it))?;
        Ok(Self {
            path: path.into(),
            keeper: Some(keeper),
            shown,
            next: Next::Nothing,
            room,
            most: room,
        })
    }

    /// Takes in what was committed since, and drops what is too much, until there is nothing more to do
    /// or the time is up; whether there is nothing more.
    ///
    /// # Errors
    /// When the file can no longer be read.
    pub fn advance_until(&mut self, time: Duration) -> Result<bool, Error> {
        let until = Instant::now() + time;
        while self.advance_a_little()? {
            if until <= Instant::now() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// As [`Self::advance_until`], by about a megabyte; `false` once there is nothing more for now.
    fn advance_a_little(&mut self) -> Result<bool, Error> {
        match &mut self.next {
            Next::Nothing => {
                let too_many = self.too_many();
                let Some((to, keeper)) = too_many.and_then(|to| Some((to, self.keeper.take()?)))
                else {
                    return self.shown.advance_a_little();
                };
                self.next = Next::Passing(thread::spawn(move || pass(keeper, to)));
            }
            Next::Passing(passing) if !passing.is_finished() => {
                if !self.shown.advance_a_little()? {
                    thread::sleep(PAUSE);
                }
            }
            Next::Passing(_) => {
                let passing = std::mem::replace(&mut self.next, Next::Nothing);
                // A panic of the thread has been reported where it happened.
                if let Next::Passing(it) = passing
                    && let Ok(Ok(keeper)) = it.join()
                    && let Ok(new) = self.dropped(&keeper)
                {
                    self.keeper = Some(keeper);
                    self.next = Next::Reading(new);
                } else {
                    // Nothing can be dropped any more: what there is room for is taken in, and that said.
                    self.shown.room = self.most;
                }
            }
            Next::Reading(new) => {
                let all = !new.advance_a_little()?;
                if all || self.shown.taken() <= new.taken() {
                    let Next::Reading(new) = std::mem::replace(&mut self.next, Next::Nothing)
                    else {
                        return Ok(true);
                    };
                    self.shown = *new;
                    // What cannot be dropped is not dropped again and again.
                    let weight = self.shown.builder.weight();
                    self.most = self.room.max(weight + self.room / 2);
                }
            }
        }
        Ok(true)
    }

    /// Where the records are to begin, if there are too many and they can be dropped.
    fn too_many(&self) -> Option<u64> {
        let keeper = self.keeper.as_ref()?;
        // A file that cannot be read is found out about where it is taken in.
        let on_disk = keeper.too_many().unwrap_or_default();
        let (at, taken) = (keeper.at(), self.shown.taken());
        let half = at + taken.saturating_sub(at) / 2;
        let heavy = self.most < self.shown.builder.weight();
        on_disk.or_else(|| (heavy && at < half).then_some(half))
    }

    /// Begins to read what is left once the records that were passed are dropped.
    fn dropped(&self, keeper: &Keeper) -> Result<Box<Follow>, Error> {
        let mut new = Follow::begin(&self.path)?;
        new.room = u64::MAX;
        // Where the file system cannot do it, the file grows. From here on the old trace takes in nothing.
        let _ = keeper.give_back();
        Ok(Box::new(new))
    }

    /// The trace as far as it was taken in. Its steps have the numbers that they have in the run.
    pub fn snapshot(&self) -> Trace {
        self.shown.snapshot()
    }
}

/// Goes on to the record at `to`, and has the trace begin there.
fn pass(mut keeper: Keeper, to: u64) -> io::Result<Keeper> {
    while keeper.pass_a_little(to)? {}
    keeper.write_head()?;
    Ok(keeper)
}
