//! Source lines and statements of the files that frames run in, read once each.

use std::{cell::RefCell, rc::Rc};

use rustc_hash::FxHashMap;

use super::statements::Statements;
use crate::trace::{File, FrameId, Id, Trace};

/// The sources of a trace.
#[derive(Debug)]
pub(super) struct Sources<'a> {
    trace: &'a Trace,
    files: RefCell<FxHashMap<Id<File>, Rc<Statements>>>,
}

impl<'a> Sources<'a> {
    pub(super) fn of(trace: &'a Trace) -> Self {
        Self {
            trace,
            files: RefCell::default(),
        }
    }

    /// The statements of the file that `frame` runs in; none where its text is not known.
    pub(super) fn statements(&self, frame: FrameId) -> Rc<Statements> {
        let file = self.trace.code(frame).file;
        let read = || {
            let lines = self.trace.files()[file].lines.as_deref();
            Rc::new(Statements::read(lines.unwrap_or_default()))
        };
        self.files
            .borrow_mut()
            .entry(file)
            .or_insert_with(read)
            .clone()
    }

    /// The text of a line of `frame`, or words that say which it is.
    pub(super) fn line(&self, frame: FrameId, line: u32) -> std::borrow::Cow<'a, str> {
        match self.trace.source(frame, line) {
            Some(text) => text.into(),
            None => format!("<line {line} of {}>", self.trace.file(frame).path).into(),
        }
    }
}

/// A file's lines without the empty ones at its end.
pub(super) fn lines(file: &File) -> &[std::sync::Arc<str>] {
    let all = file.lines.as_deref().unwrap_or_default();
    let end = all.iter().rposition(|it| !it.is_empty());
    &all[..end.map_or(0, |it| it + 1)]
}
