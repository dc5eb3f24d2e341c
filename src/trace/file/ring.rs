//! The newest end of a trace that grows without end, followed while it is kept small.
//!
//! Where the file or what is in memory of it grows too large, the older half goes: first from the file,
//! as [`Keeper`] does it, then from memory, by reading what is left anew. Until that is done the trace
//! that is there stays as it is, so that whoever looks at it never sees less than what is kept.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    Error, Follow,
    keep::{Keeper, head_of},
    unreadable,
};
use crate::trace::Trace;

/// A raw trace that grows, of which the newest steps are kept: on disk and in memory.
pub struct Ring {
    path: PathBuf,
    keeper: Keeper,
    pub(super) shown: Follow,
    next: Next,
    /// Bytes of memory that the trace may take, about.
    room: u64,
    /// Bytes of memory from which on the older half goes.
    most: u64,
    /// Whether older records can still be dropped.
    keeps: bool,
}

/// What is under way.
enum Next {
    /// Nothing: the trace is taken in as it grows.
    Nothing,
    /// The records up to there are passed, to be dropped.
    Passing(u64),
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
            keeper,
            shown,
            next: Next::Nothing,
            room,
            most: room,
            keeps: true,
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
                let Some(to) = self.too_many() else {
                    return self.shown.advance_a_little();
                };
                self.next = Next::Passing(to);
            }
            Next::Passing(to) => match self.keeper.pass_a_little(*to) {
                Ok(true) => (),
                Ok(false) => self.next = self.dropped(),
                Err(_) => self.stop(),
            },
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

    /// Where the records are to begin, if there are too many.
    fn too_many(&self) -> Option<u64> {
        if !self.keeps {
            return None;
        }
        // A file that cannot be read is found out about where it is taken in.
        let on_disk = self.keeper.too_many().unwrap_or_default();
        let (at, taken) = (self.keeper.at(), self.shown.taken());
        let half = at + taken.saturating_sub(at) / 2;
        let heavy = self.most < self.shown.builder.weight();
        on_disk.or_else(|| (heavy && at < half).then_some(half))
    }

    /// Drops the records that were passed, and begins to read those that are left.
    fn dropped(&mut self) -> Next {
        let new = self.keeper.write_head().ok();
        let new = new.and_then(|()| Follow::begin(&self.path).ok());
        let Some(mut new) = new else {
            self.stop();
            return Next::Nothing;
        };
        new.room = u64::MAX;
        // Where the file system cannot do it, the file grows.
        let _ = self.keeper.give_back();
        Next::Reading(Box::new(new))
    }

    /// Nothing can be dropped any more: what there is room for is taken in, and that is said.
    fn stop(&mut self) {
        self.keeps = false;
        self.next = Next::Nothing;
        self.shown.room = self.most;
    }

    /// The trace as far as it was taken in. Its steps have the numbers that they have in the run.
    pub fn snapshot(&self) -> Trace {
        self.shown.snapshot()
    }
}
