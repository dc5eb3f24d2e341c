//! What must be known at one point of a run to read on from there, kept while its records go by.

use std::collections::BTreeMap;

use recorder::wire::{Left, Record, Write};
use rustc_hash::FxHashMap;

use crate::trace::values::splice;

/// One point of a run, between two records.
///
/// As [`Builder`](crate::trace::Builder), it drops records that name what was not introduced.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    /// Steps before it.
    pub(super) steps: u32,
    /// Frames entered before it.
    frames: u32,
    /// Whether the file of a `--call` is still being imported.
    prelude: bool,
    thread: u32,
    /// The frames on each thread's stack, lowest first.
    stacks: BTreeMap<u32, Vec<u32>>,
    live: FxHashMap<u32, Live>,
}

/// A frame that has not ended.
#[derive(Debug, Clone)]
struct Live {
    code: u32,
    line: u32,
    state: Vec<(u32, Vec<u8>)>,
}

impl Default for Moment {
    fn default() -> Self {
        Self {
            steps: 0,
            frames: 0,
            prelude: false,
            thread: 1,
            stacks: BTreeMap::new(),
            live: FxHashMap::default(),
        }
    }
}

impl Moment {
    /// Goes on to behind `record`.
    pub(super) fn pass(&mut self, record: &Record) {
        // What does not fit is dropped, as a reader drops it.
        let _ = self.take(record);
    }

    /// Appends the records that a reader needs to go on from here. Costs the state of every frame that
    /// has not ended.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        Record::Start {
            steps: self.steps,
            frames: self.frames,
            prelude: self.prelude,
        }
        .write(out);
        let on_stack = |it: &u32| self.stacks.values().any(|stack| stack.contains(it));
        let mut suspended: Vec<u32> = match self.live.len() == self.depth() {
            true => Vec::new(),
            false => self.live.keys().copied().collect(),
        };
        suspended.retain(|it| !on_stack(it));
        suspended.sort_unstable();
        // While no stack has a frame, so that these are taken to be on none.
        for frame in suspended {
            self.write_live(frame, true, out);
        }
        for (&thread, stack) in self.stacks.iter().filter(|it| !it.1.is_empty()) {
            Record::Thread(thread).write(out);
            for &frame in stack {
                self.write_live(frame, false, out);
            }
        }
        Record::Thread(self.thread).write(out);
    }

    fn depth(&self) -> usize {
        self.stacks.values().map(Vec::len).sum()
    }

    fn write_live(&self, frame: u32, suspended: bool, out: &mut Vec<u8>) {
        let Some(live) = self.live.get(&frame) else {
            return;
        };
        let writes = live.state.iter().map(|(name, bytes)| Write {
            name: *name,
            left: Left::Whole(bytes.clone()),
        });
        Record::Live {
            frame,
            code: live.code,
            line: live.line,
            suspended,
            writes: writes.collect(),
        }
        .write(out);
    }

    fn take(&mut self, record: &Record) -> Option<()> {
        match record {
            Record::Fact(key, _) => self.prelude |= key == "call",
            Record::Thread(thread) => self.thread = *thread,
            Record::Call { code, line, writes } => {
                self.frames += 1;
                self.enter(self.frames, *code, *line, writes, false);
            }
            Record::Start {
                steps,
                frames,
                prelude,
            } => (self.steps, self.frames, self.prelude) = (*steps, *frames, *prelude),
            Record::Live {
                frame,
                code,
                line,
                suspended,
                writes,
            } => self.enter(*frame, *code, *line, writes, *suspended),
            Record::Resume {
                frame,
                line,
                writes,
            } => {
                self.live.get_mut(frame)?.line = *line;
                self.stacks.entry(self.thread).or_default().push(*frame);
                self.happen(0, writes)?;
            }
            Record::Line { delta, writes } => {
                self.happen(*delta, writes)?;
                self.steps += u32::from(!self.prelude);
            }
            Record::Exception { delta, writes, .. } => {
                self.happen(*delta, writes)?;
            }
            Record::Yield { delta, writes, .. } => {
                self.happen(*delta, writes)?;
                self.stacks.get_mut(&self.thread)?.pop();
            }
            Record::Return { delta, writes, .. } | Record::Unwind { delta, writes } => {
                // What it wrote last is nobody's state; only that it can be applied matters.
                let frame = self.happen(*delta, writes)?;
                self.stacks.get_mut(&self.thread)?.pop();
                self.live.remove(&frame);
                self.prelude &= frame != 1;
            }
            Record::Name(_)
            | Record::File { .. }
            | Record::Code { .. }
            | Record::Output(..)
            | Record::Result(_)
            | Record::Note(_)
            | Record::End(_) => (),
        }
        Some(())
    }

    fn enter(&mut self, frame: u32, code: u32, line: u32, writes: &[Write], suspended: bool) {
        let mut live = Live {
            code,
            line,
            state: Vec::new(),
        };
        for write in writes {
            live.apply(write);
        }
        self.live.insert(frame, live);
        if !suspended {
            self.stacks.entry(self.thread).or_default().push(frame);
        }
    }

    /// Something happened in the frame on top.
    fn happen(&mut self, delta: i64, writes: &[Write]) -> Option<u32> {
        let frame = *self.stacks.get(&self.thread)?.last()?;
        let live = self.live.get_mut(&frame)?;
        live.line = u32::try_from(i64::from(live.line).checked_add(delta)?).ok()?;
        for write in writes {
            live.apply(write);
        }
        Some(frame)
    }
}

impl Live {
    fn apply(&mut self, write: &Write) -> Option<()> {
        let at = self.state.iter().position(|it| it.0 == write.name);
        match (&write.left, at) {
            (Left::Unbound, Some(at)) => {
                self.state.remove(at);
            }
            (Left::Unbound, None) => (),
            (Left::Whole(bytes), Some(at)) => self.state[at].1.clone_from(bytes),
            (Left::Whole(bytes), None) => self.state.push((write.name, bytes.clone())),
            (Left::Patch(prefix, suffix, middle), at) => {
                let whole = &mut self.state[at?].1;
                let (prefix, suffix) = ((*prefix).try_into().ok()?, (*suffix).try_into().ok()?);
                splice(whole, prefix, suffix, middle)?;
            }
        }
        Some(())
    }
}
