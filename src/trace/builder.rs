//! Records in, a trace out.

use std::sync::Arc;

use recorder::wire::{self, Left, Record};
use rustc_hash::FxHashMap;

use super::{
    Activation, ActivationId, Binding, Code, Ending, Event, EventId, Exception, File, Frame,
    FrameId, Id, Kind, NameId, Output, Step, Tape, Trace, ValueId, Write,
    lines::lines,
    state::{KEYFRAME_EVERY, Keyframe, apply},
    values::{Interned, splice},
};

/// Bytes that outputs are merged up to.
const MERGED: usize = 4096;
/// Steps that a trace may begin after: ids reach as far again.
const LATEST: u32 = u32::MAX / 2;

/// Turns the records of one run into a [`Trace`] that can be taken at any moment.
///
/// A record that names what no earlier record introduced is dropped: that is a damaged file's doing,
/// and what can be shown still is.
#[derive(Debug, Default)]
pub struct Builder {
    trace: Trace,
    interned: Interned,
    threads: FxHashMap<u32, Vec<ActivationId>>,
    thread: u32,
    /// The state of each frame that may still run.
    states: FxHashMap<FrameId, State>,
    /// Whether the file of a `--call` is still being imported.
    prelude: bool,
    before: Before,
    texts: u64,
}

/// What a frame's variables hold now.
#[derive(Debug, Default)]
struct State {
    bindings: Vec<Binding>,
    /// The bytes of those that change by differences.
    whole: FxHashMap<NameId, Vec<u8>>,
}

/// The frames that were entered before the trace begins.
#[derive(Debug, Default)]
struct Before {
    /// How many.
    entered: u32,
    /// Those that live on, by their number in the run.
    live: FxHashMap<u32, FrameId>,
}

impl Builder {
    /// Takes the next record.
    pub fn push(&mut self, record: Record) {
        // A dropped record leaves the trace as it was.
        let _ = self.take(record);
    }

    /// On top of a trace that has no event, only what events name.
    pub(super) fn over(known: Trace) -> Self {
        Self {
            trace: known,
            ..Self::default()
        }
    }

    /// The trace so far, as it is being built.
    pub(super) fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The trace so far.
    pub fn snapshot(&self) -> Trace {
        self.trace.clone()
    }

    /// Says that the file held bytes that no recorder writes.
    pub fn damaged(&mut self) {
        self.trace.damaged = true;
    }

    /// Bytes of memory that it takes, about.
    pub fn weight(&self) -> u64 {
        self.trace.weight() + self.texts
    }

    fn take(&mut self, record: Record) -> Option<()> {
        match record {
            Record::Fact(key, value) => {
                self.prelude |= key == "call";
                self.texts += (key.len() + value.len()) as u64;
                Arc::make_mut(&mut self.trace.facts).insert(key, value);
            }
            Record::Note(text) => {
                self.trace.notes.push(text.into());
            }
            Record::Name(text) => {
                self.texts += text.len() as u64;
                self.trace.names.push(text.into());
            }
            Record::File { path, source } => {
                // Lines are texts of their own.
                self.texts += 4 * source.as_ref().map_or(0, |it| it.len() as u64);
                self.trace.files.push(File {
                    path: path.into(),
                    lines: source.map(|it| lines(&it)),
                });
            }
            Record::Code {
                file,
                first_line,
                kind,
                name,
                qualname,
                locals,
                parameters,
            } => {
                let file = Id::new(file);
                self.trace.files.get(file)?;
                let locals: Vec<NameId> = locals.into_iter().map(Id::new).collect();
                locals
                    .iter()
                    .all(|&it| self.trace.names.get(it).is_some())
                    .then_some(())?;
                self.trace.codes.push(Code {
                    file,
                    first_line,
                    kind,
                    name: name.into(),
                    qualname: qualname.into(),
                    locals: locals.into(),
                    parameters,
                });
            }
            Record::Thread(thread) => self.thread = thread.saturating_sub(1),
            Record::Call { code, line, writes } => {
                let frame = self.frame(code)?;
                self.enter(frame);
                self.happen(Kind::Call, frame, line, writes)?;
            }
            Record::Start {
                steps,
                frames,
                prelude,
            } => {
                (self.trace.events.is_empty() && steps <= LATEST).then_some(())?;
                self.trace.steps = Tape::starting(Id::new(steps));
                self.before.entered = frames;
                self.prelude = prelude;
            }
            Record::Live {
                frame: number,
                code,
                line,
                suspended,
                writes,
            } => {
                let is_first = self.trace.frames.len() as usize == self.before.live.len();
                let known = self.before.live.contains_key(&number);
                (is_first && !known && number <= self.before.entered).then_some(())?;
                let frame = self.frame(code)?;
                self.before.live.insert(number, frame);
                self.enter(frame);
                let event = self.happen(Kind::Call, frame, line, writes)?;
                if suspended {
                    let activation = self.threads.get_mut(&self.thread)?.pop()?;
                    let activation = self.trace.activations.get_mut(activation)?;
                    (activation.caller, activation.left) = (None, Some(event));
                }
            }
            Record::Resume {
                frame,
                line,
                writes,
            } => {
                let frame = self.numbered(frame)?;
                self.enter(frame);
                self.happen(Kind::Resume, frame, line, writes)?;
            }
            Record::Line { delta, writes } => {
                let (frame, line) = self.here(delta)?;
                let step = (!self.prelude).then(|| self.trace.steps.end());
                let event = self.happen(Kind::Line(step), frame, line, writes)?;
                if step.is_some() {
                    self.trace.steps.push(Step { event });
                }
            }
            Record::Exception {
                delta,
                writes,
                name,
                message,
                value,
            } => {
                let (frame, line) = self.here(delta)?;
                let value = self.intern(&value)?;
                self.texts += (name.len() + message.len()) as u64;
                let exception = self.trace.exceptions.push(Exception {
                    name: name.into(),
                    message: message.into(),
                    value,
                });
                self.happen(Kind::Exception(exception), frame, line, writes)?;
            }
            Record::Return {
                delta,
                writes,
                value,
            } => {
                let value = self.intern(&value)?;
                self.leave(Kind::Return(value), delta, writes)?;
            }
            Record::Yield {
                delta,
                writes,
                value,
            } => {
                let value = self.intern(&value)?;
                self.leave(Kind::Yield(value), delta, writes)?;
            }
            Record::Unwind { delta, writes } => self.leave(Kind::Unwind, delta, writes)?,
            Record::Output(stream, bytes) => {
                let before = self.trace.events.end();
                self.texts += bytes.len() as u64;
                // A traceback comes a character at a time: what nothing separates is one output.
                let last = self.trace.outputs.last();
                if let Some(last) = last.and_then(|it| self.trace.outputs.get_mut(it))
                    && (last.before, last.stream) == (before, stream)
                    && last.bytes.len() < MERGED
                {
                    last.bytes = [&last.bytes[..], &bytes].concat().into();
                    return Some(());
                }
                // Not the newest step of any frame: that may be a callee's which has returned.
                let step = self.top().and_then(|it| {
                    let frame = self.trace.activations[it].frame;
                    self.trace.step_of(self.trace.frames[frame].last)
                });
                self.trace.outputs.push(Output {
                    before,
                    step,
                    stream,
                    bytes: bytes.into(),
                });
            }
            Record::Result(value) => self.trace.result = Some(self.intern(&value)?),
            Record::End(status) => self.trace.ending = Ending::Exited(status),
        }
        Some(())
    }

    /// Adds a frame that runs `code`.
    fn frame(&mut self, code: u32) -> Option<FrameId> {
        let code = Id::new(code);
        self.trace.codes.get(code)?;
        let event = self.trace.events.end();
        let parent = self.top().map(|it| self.trace.activations[it].frame);
        let frame = self.trace.frames.push(Frame {
            code,
            parent,
            thread: self.thread + 1,
            call: event,
            last: event,
            keyframes: Arc::default(),
            events: 0,
        });
        self.states.insert(frame, State::default());
        Some(frame)
    }

    /// The frame that has this number in the run.
    fn numbered(&self, number: u32) -> Option<FrameId> {
        match number.checked_sub(self.before.entered + 1) {
            None => self.before.live.get(&number).copied(),
            Some(later) => {
                let frame = FrameId::new(u32::try_from(self.before.live.len()).ok()?).plus(later);
                self.trace.frames.get(frame).map(|_| frame)
            }
        }
    }

    fn top(&self) -> Option<ActivationId> {
        self.threads.get(&self.thread)?.last().copied()
    }

    fn here(&self, delta: i64) -> Option<(FrameId, u32)> {
        let frame = self.trace.activations[self.top()?].frame;
        let line = i64::from(self.trace.events[self.trace.frames[frame].last].line);
        let line = line.checked_add(delta)?.try_into().ok()?;
        Some((frame, line))
    }

    fn enter(&mut self, frame: FrameId) {
        let below = self.top();
        let activation = self.trace.activations.push(Activation {
            frame,
            caller: below.map(|it| self.trace.frames[self.trace.activations[it].frame].last),
            depth: below.map_or(0, |it| self.trace.activations[it].depth + 1),
            entered: self.trace.events.end(),
            left: None,
        });
        self.threads
            .entry(self.thread)
            .or_default()
            .push(activation);
    }

    fn leave(&mut self, kind: Kind, delta: i64, writes: Vec<wire::Write>) -> Option<()> {
        let (frame, line) = self.here(delta)?;
        let event = self.happen(kind, frame, line, writes)?;
        let activation = self.threads.get_mut(&self.thread)?.pop()?;
        self.trace.activations.get_mut(activation)?.left = Some(event);
        if !matches!(kind, Kind::Yield(_)) {
            self.states.remove(&frame);
            // The import of a `--call` is over when the module's own frame, the first, ends.
            self.prelude &= frame != FrameId::new(0);
        }
        Some(())
    }

    fn happen(
        &mut self,
        kind: Kind,
        frame: FrameId,
        line: u32,
        writes: Vec<wire::Write>,
    ) -> Option<EventId> {
        let activation = self.top()?;
        let id = self.trace.events.end();
        let first_write = self.trace.writes.end();
        for write in writes {
            self.write(frame, id, write);
        }
        let known = self.trace.frames.get_mut(frame)?;
        let previous = (known.call != id).then_some(known.last);
        known.last = id;
        known.events += 1;
        if known.events.is_multiple_of(KEYFRAME_EVERY)
            && let Some(state) = self.states.get(&frame)
        {
            self.texts += (state.bindings.len() * size_of::<Binding>()) as u64;
            Arc::make_mut(&mut known.keyframes).push(Keyframe {
                at: id,
                bindings: state.bindings.as_slice().into(),
            });
        }
        if let Some(previous) = previous {
            self.trace.events.get_mut(previous)?.next = Some(id);
        }
        self.trace.events.push(Event {
            kind,
            frame,
            activation,
            line,
            previous,
            next: None,
            first_write,
        });
        Some(id)
    }

    fn write(&mut self, frame: FrameId, at: EventId, write: wire::Write) -> Option<()> {
        let name = NameId::new(write.name);
        self.trace.names.get(name)?;
        let state = self.states.get_mut(&frame)?;
        let (trace, interned) = (&mut self.trace, &mut self.interned);
        let value = match write.left {
            Left::Unbound => {
                state.whole.remove(&name);
                None
            }
            Left::Whole(bytes) => {
                state.whole.remove(&name);
                Some(interned.id(&mut trace.values, &bytes, None)?)
            }
            Left::Patch(prefix, suffix, middle) => {
                let old = state.bindings.iter().find(|it| it.name == name)?.value;
                let whole = state
                    .whole
                    .entry(name)
                    .or_insert_with(|| trace.values.get(old).into_owned());
                let (prefix, suffix) = (prefix.try_into().ok()?, suffix.try_into().ok()?);
                splice(whole, prefix, suffix, &middle)?;
                Some(interned.id(&mut trace.values, whole, Some((old, prefix, suffix)))?)
            }
        };
        let write = Write { name, value };
        trace.writes.push(write);
        apply(&mut state.bindings, write, at);
        Some(())
    }

    fn intern(&mut self, bytes: &[u8]) -> Option<ValueId> {
        self.interned.id(&mut self.trace.values, bytes, None)
    }
}
