//! What frames' variables hold, followed forward through a window.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::trace::{CodeKind, EventId, FrameId, NameId, Trace, ValueId};

/// Names that Python itself puts into modules and classes.
const IMPLICIT: &[&str] = &[
    "__annotate__",
    "__annotations__",
    "__builtins__",
    "__cached__",
    "__classcell__",
    "__classdict__",
    "__classdictcell__",
    "__conditional_annotations__",
    "__doc__",
    "__file__",
    "__firstlineno__",
    "__loader__",
    "__module__",
    "__name__",
    "__package__",
    "__path__",
    "__qualname__",
    "__spec__",
    "__static_attributes__",
];

/// One frame's variables at one of its events.
#[derive(Debug)]
pub(crate) struct State {
    /// In the order of formats.
    bindings: Vec<(NameId, ValueId)>,
    order: Arc<[NameId]>,
    upto: EventId,
}

/// The states of every frame met so far. Each frame is followed forward only, at the cost of the
/// writes passed.
#[derive(Debug)]
pub(crate) struct States<'a> {
    trace: &'a Trace,
    frames: FxHashMap<FrameId, State>,
    /// Room of frames that are over.
    spare: Vec<Vec<(NameId, ValueId)>>,
}

impl State {
    pub(super) fn get(&self, name: NameId) -> Option<ValueId> {
        let it = self.bindings.iter().find(|it| it.0 == name)?;
        Some(it.1)
    }

    /// Every variable, in the order of formats.
    pub(crate) fn bindings(&self) -> &[(NameId, ValueId)] {
        &self.bindings
    }

    /// Where `name` stands among [`Self::bindings`]; behind them where it is not there.
    pub(super) fn position(&self, name: NameId) -> usize {
        let found = self.bindings.iter().position(|it| it.0 == name);
        found.unwrap_or(self.bindings.len())
    }

    /// Where `name` stands in the order of formats; module and class names stand as they come.
    pub(super) fn place(&self, name: NameId) -> usize {
        let found = self.order.iter().position(|&it| it == name);
        found.unwrap_or(self.order.len())
    }

    fn set(&mut self, name: NameId, value: Option<ValueId>) {
        let at = self.bindings.iter().position(|it| it.0 == name);
        match (at, value) {
            (Some(at), Some(value)) => self.bindings[at].1 = value,
            (Some(at), None) => {
                self.bindings.remove(at);
            }
            (None, Some(value)) => {
                let place = self.place(name);
                let at = self
                    .bindings
                    .partition_point(|it| self.place(it.0) <= place);
                self.bindings.insert(at, (name, value));
            }
            (None, None) => (),
        }
    }
}

impl<'a> States<'a> {
    pub(crate) fn of(trace: &'a Trace) -> Self {
        Self {
            trace,
            frames: FxHashMap::default(),
            spare: Vec::new(),
        }
    }

    /// `frame`'s variables at `event`, one of its own, which must not lie before one asked for earlier.
    pub(crate) fn at(&mut self, frame: FrameId, event: EventId) -> &State {
        let trace = self.trace;
        let spare = &mut self.spare;
        let state = self.frames.entry(frame).or_insert_with(|| {
            let mut state = State {
                bindings: spare.pop().unwrap_or_default(),
                order: trace.code(frame).locals.clone(),
                upto: event,
            };
            if event == trace.frames()[frame].call {
                for write in trace.writes(event) {
                    state.set(write.name, write.value);
                }
            } else {
                let held = trace.locals(frame, event).into_iter();
                state.bindings.extend(held.map(|it| (it.name, it.value)));
            }
            state
        });
        while state.upto < event {
            let Some(next) = trace.events()[state.upto].next else {
                break;
            };
            for write in trace.writes(next) {
                state.set(write.name, write.value);
            }
            state.upto = next;
        }
        state
    }

    /// Gives up what is known of a frame that is over.
    pub(super) fn forget(&mut self, frame: FrameId) {
        if let Some(mut state) = self.frames.remove(&frame) {
            state.bindings.clear();
            self.spare.push(state.bindings);
        }
    }
}

/// Whether texts speak of a variable: not of those that only the interpreter sees.
pub(super) fn is_shown(trace: &Trace, frame: FrameId, name: NameId) -> bool {
    let text = trace.name(name);
    if text.starts_with('.') {
        return false;
    }
    !text.starts_with("__")
        || !matches!(trace.code(frame).kind, CodeKind::Module | CodeKind::Class)
        || !IMPLICIT.contains(&&**text)
}
