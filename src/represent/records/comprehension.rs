//! Comprehensions that run in the frame of their statement, told by their variables.

use super::super::{statements::Statement, states::State};
use crate::trace::{CodeKind, EventId, FrameId, NameId, Trace, ValueId};

/// Variables written since some event, and what they held at it.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) names: Vec<(NameId, Option<ValueId>)>,
}

impl Touched {
    pub(super) fn note(&mut self, trace: &Trace, event: EventId, before: &State) {
        for write in trace.writes(event) {
            if !self.names.iter().any(|it| it.0 == write.name) {
                self.names.push((write.name, before.get(write.name)));
            }
        }
    }
}

/// A statement with comprehensions that may run in the frame of the statement itself.
pub(super) struct Comprehension<'a> {
    statement: &'a Statement,
    /// Their variables, as far as the frame shows them.
    targets: Vec<NameId>,
    /// Whether the frame is one that hides them: a file's body from Python 3.12 on.
    hidden: bool,
}

impl<'a> Comprehension<'a> {
    pub(super) fn of(trace: &Trace, frame: FrameId, statement: &'a Statement) -> Self {
        let code = trace.code(frame);
        let named = |id: &NameId| statement.targets.iter().any(|it| **it == **trace.name(*id));
        Self {
            statement,
            targets: code.locals.iter().copied().filter(named).collect(),
            hidden: code.kind == CodeKind::Module
                && !statement.is_loop()
                && inlines_comprehensions(trace),
        }
    }

    /// Whether one is running when the frame comes to `line`.
    pub(super) fn runs(&self, line: u32, touched: &Touched, state: &State) -> bool {
        if !(self.statement.first..=self.statement.last).contains(&line) {
            return false;
        }
        let bound = |it: &&(NameId, Option<ValueId>)| self.targets.contains(&it.0);
        let mut bound = touched.names.iter().filter(bound);
        self.hidden || bound.any(|&(name, old)| state.get(name) != old)
    }
}

/// Whether comprehensions run in their function's frame: Python 3.12 and later.
fn inlines_comprehensions(trace: &Trace) -> bool {
    let version = trace.fact("python").unwrap_or_default();
    let mut parts = version.split('.').map(|it| it.parse::<u32>().unwrap_or(0));
    (parts.next(), parts.next()) >= (Some(3), Some(12))
}
