//! A program under the debugger: started, watched while it runs, interrupted, typed to, stopped.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use super::Failure;
use crate::{
    record::{self, Input},
    trace::{Trace, file},
    tui::Program,
};

/// How long a program may take before the screen opens on it while it still runs.
pub(super) const SHORT: Duration = Duration::from_millis(300);
/// How often a growing trace is looked at.
const GLANCE: Duration = Duration::from_millis(33);
/// Bytes of memory that a trace may take, about.
const ROOM: u64 = 1 << 30;

/// A program, and what it has left so far.
pub(super) struct Followed {
    /// Its trace as it is now.
    pub(super) trace: Trace,
    /// Later snapshots.
    pub(super) traced: Receiver<Trace>,
    /// The way to it, if it still runs.
    pub(super) program: Option<Box<dyn Program>>,
    /// It stops when this is dropped.
    pub(super) watched: Watched,
}

/// What is wanted of the thread that watches a program.
#[derive(Default)]
struct Wishes {
    interrupt: AtomicBool,
    kill: AtomicBool,
    stop: AtomicBool,
}

/// The debugger's way to the program.
struct Reins {
    wishes: Arc<Wishes>,
    input: Option<Input>,
}

impl Program for Reins {
    fn interrupt(&mut self) {
        self.wishes.interrupt.store(true, Ordering::Relaxed);
    }

    fn kill(&mut self) {
        self.wishes.kill.store(true, Ordering::Relaxed);
    }

    fn send(&mut self, bytes: Vec<u8>) -> bool {
        self.input.as_ref().is_some_and(|it| it.send(bytes))
    }

    fn close(&mut self) {
        self.input = None;
    }
}

/// Starts the program and reads what it leaves. A short one is waited for, so that the screen opens on
/// its end; a longer one is watched, and about `kept` bytes of its trace are kept, the newest.
///
/// # Errors
/// When it cannot be started, or its trace not be read.
pub(super) fn follow(launch: &record::Launch, kept: u64) -> Result<Followed, Failure> {
    let mut running = record::start(launch)?;
    let until = Instant::now() + SHORT;
    let mut ended = false;
    while !ended && Instant::now() < until {
        ended = running.poll()?.is_some();
        thread::sleep(Duration::from_millis(2));
    }
    let (first, follow) = begin(&launch.trace, kept, ended)?;
    let (tx, rx) = mpsc::channel();
    let mut watched = Watched::default();
    let mut program: Option<Box<dyn Program>> = None;
    if !ended {
        let input = running.input();
        let wishes = Arc::clone(&watched.wishes);
        program = Some(Box::new(Reins { wishes, input }));
        let (path, wishes) = (launch.trace.clone(), Arc::clone(&watched.wishes));
        watched.thread = Some(thread::spawn(move || {
            watch(running, follow, (&path, kept), &tx, &wishes);
        }));
    }
    Ok(Followed {
        trace: first,
        traced: rx,
        program,
        watched,
    })
}

/// A program that may still run; dropping this stops it and waits until it has.
#[derive(Default)]
pub(super) struct Watched {
    wishes: Arc<Wishes>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.wishes.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of the watcher has been reported where it happened.
            let _ = thread.join();
        }
    }
}

/// The trace so far, and the file to read on from. A program that has not come as far as its first record
/// has an empty one; one that `ended` left a finite one, which is read whole.
fn begin(path: &Path, kept: u64, ended: bool) -> Result<(Trace, Option<file::Ring>), Failure> {
    let mut follow = match file::Ring::begin(path, kept, ROOM) {
        Ok(follow) => follow,
        Err(file::Error::NotATrace { .. } | file::Error::Unreadable { .. }) => {
            return Ok((Trace::default(), None));
        }
        Err(error) => return Err(error.into()),
    };
    while !follow.advance_until(GLANCE)? && ended {}
    Ok((follow.snapshot(), Some(follow)))
}

/// Sends a snapshot whenever the trace has grown, until the program has ended or it is to stop; then
/// the program, which is dropped here, is stopped.
fn watch(
    mut running: record::Running,
    mut follow: Option<file::Ring>,
    (path, kept): (&Path, u64),
    tx: &Sender<Trace>,
    wishes: &Wishes,
) {
    while !wishes.stop.load(Ordering::Relaxed) {
        if wishes.interrupt.swap(false, Ordering::Relaxed) {
            running.interrupt();
        }
        if wishes.kill.swap(false, Ordering::Relaxed) {
            running.stop();
        }
        let ended = !matches!(running.poll(), Ok(None));
        if follow.is_none() {
            follow = file::Ring::begin(path, kept, ROOM).ok();
        }
        if let Some(follow) = &mut follow {
            // A program may write faster than is read: show what there is, and go on. What it left at its
            // end is finite, and all of it is read.
            let mut all = false;
            while !all {
                let seen = |it: &Trace| (it.dropped(), it.events().end());
                let before = seen(&follow.snapshot());
                all = follow.advance_until(GLANCE).unwrap_or(true);
                let now = follow.snapshot();
                let grown = seen(&now) != before;
                if (grown || (all && ended)) && tx.send(now).is_err() {
                    return;
                }
                if !ended || wishes.stop.load(Ordering::Relaxed) {
                    break;
                }
            }
        }
        if ended {
            return;
        }
        thread::sleep(GLANCE);
    }
}
