//! What the screen is given to work with: a trace, and whoever can explain it or repair the program.

use std::{fmt, ops::ControlFlow, sync::mpsc::Receiver};

use super::{Keymap, Place, Since, Styles, asker::Asker};
use crate::{
    represent::Representation,
    trace::{Cursor, File, Id, StepId, Trace},
};

/// Everything one sitting starts from.
pub struct Session {
    /// The run, as far as it is known.
    pub trace: Trace,
    /// Later snapshots of the same run, if it still goes on.
    pub traced: Option<Receiver<Trace>>,
    /// What is debugged, in a few words: the header shows it.
    pub title: String,
    /// Where `c` and `C` stop.
    pub breakpoints: Vec<Breakpoint>,
    /// The step to open on, instead of the exception that ended the program.
    pub goto: Option<StepId>,
    /// Who writes monologues; without one the narrator's words are shown.
    pub asker: Option<Box<dyn Asker>>,
    /// Who searches for fixes.
    pub repairer: Option<Box<dyn Repairer>>,
    /// The program, where it still runs and can be talked to.
    pub program: Option<Box<dyn Program>>,
    /// Who counts tokens; without one sizes are in characters.
    pub counter: Option<Box<dyn Counter>>,
    /// The tokens that a page has at most.
    pub budget: Option<usize>,
    /// Who tells what became of a file of the program since it was recorded.
    pub since: Option<fn(&File) -> Option<Since>>,
    /// The trace formats, in menu order.
    pub representations: &'static [&'static dyn Representation],
    /// How it looks and which keys it knows.
    pub look: Look,
}

/// How the screen looks and which keys it knows.
#[derive(Debug, Clone)]
pub struct Look {
    /// Keys.
    pub keymap: Keymap,
    /// Colors.
    pub styles: Styles,
    /// Whether marks are spelled in ASCII.
    pub ascii: bool,
    /// Whether the mouse is taken from the start.
    pub mouse: bool,
}

/// A program that is being recorded.
pub trait Program: Send {
    /// Interrupts it, as Ctrl-C at its own terminal would; its trace stays.
    fn interrupt(&mut self);

    /// Ends it at once; its trace stays.
    fn kill(&mut self);

    /// Types `bytes`, a line with its end; returns at once. `false` when it reads no more.
    fn send(&mut self, bytes: Vec<u8>) -> bool;

    /// Ends its input.
    fn close(&mut self);
}

/// Counts tokens. Runs on a thread of its own.
pub trait Counter: Send {
    /// What counts, in a word: the model's name, or that of a well-known vocabulary.
    fn name(&self) -> String;

    /// The tokens of `text`.
    fn count(&mut self, text: &str) -> usize;
}

/// A line to stop at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakpoint {
    /// The file's path, or its last parts.
    pub file: String,
    /// Counted from 1.
    pub line: u32,
}

/// News of a search for a fix.
#[derive(Debug, Clone)]
pub enum RepairProgress {
    /// A new round begins, counted from 1: of how many, and asking for what.
    Round(usize, usize),
    /// The model wrote this.
    Piece(String),
    /// A candidate was judged.
    Judged(Judged),
}

/// A candidate and its test results.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What became of it, in a few words.
    pub verdict: String,
    /// Whether every test passed.
    pub passed: bool,
    /// Each test's name, whether it passed, and what it got where it did not.
    pub tests: Vec<(String, bool, String)>,
}

/// The end of a search for a fix.
#[derive(Debug, Clone, Default)]
pub struct RepairReport {
    /// The fix that passed every test, as a unified diff; `None` if there is none.
    pub diff: Option<String>,
    /// Its test results.
    pub tests: Vec<(String, bool, String)>,
    /// One sentence about the whole search.
    pub summary: String,
}

/// Searches for a fix and applies it when told. Runs on a thread of its own.
pub trait Repairer: Send {
    /// Searches. Writes nothing to the program's files.
    ///
    /// # Errors
    /// In words for the user.
    fn repair(
        &mut self,
        trace: &Trace,
        cursor: Cursor,
        on_progress: &mut dyn FnMut(RepairProgress) -> ControlFlow<()>,
    ) -> Result<RepairReport, String>;

    /// Writes the fix last found to the program's files; answers with what was written.
    ///
    /// # Errors
    /// In words for the user; the files are then as they were.
    fn apply(&mut self) -> Result<String, String>;

    /// Takes back what [`Self::apply`] wrote.
    ///
    /// # Errors
    /// In words for the user.
    fn undo(&mut self) -> Result<String, String>;

    /// Which tests in which sandbox, in a few words.
    fn describe(&self) -> String;
}

impl Default for Look {
    fn default() -> Self {
        let palette =
            super::Palette::named(super::THEMES[0].0).expect("built-in themes are tested");
        Self {
            keymap: Keymap::default(),
            styles: Styles::of(&palette),
            ascii: false,
            mouse: false,
        }
    }
}

impl Session {
    /// A sitting over a finished run, without a model.
    pub fn new(trace: Trace, title: impl Into<String>) -> Self {
        Self {
            trace,
            traced: None,
            title: title.into(),
            breakpoints: Vec::new(),
            goto: None,
            asker: None,
            repairer: None,
            program: None,
            counter: None,
            budget: None,
            since: None,
            representations: &[],
            look: Look::default(),
        }
    }
}

impl Breakpoint {
    /// Reads `FILE:LINE`.
    pub fn parse(text: &str) -> Option<Self> {
        let (file, line) = text.trim().rsplit_once(':')?;
        let line = line.parse().ok().filter(|it| 0 < *it)?;
        (!file.is_empty()).then(|| Self {
            file: file.into(),
            line,
        })
    }

    /// The places of `trace` it means: its path must end in the breakpoint's, part by part.
    pub(super) fn places(&self, trace: &Trace) -> impl Iterator<Item = Place> {
        let files = trace.files().ids();
        files
            .filter(|&it| std::path::Path::new(&*trace.files()[it].path).ends_with(&self.file))
            .map(|file| Place {
                file,
                line: self.line,
            })
    }

    /// Whether it means the line `line` of `file`.
    pub(super) fn is_at(&self, trace: &Trace, file: Id<File>, line: u32) -> bool {
        let path = &trace.files()[file].path;
        self.line == line && std::path::Path::new(&**path).ends_with(&self.file)
    }
}

impl fmt::Display for Breakpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.rsplit('/').next().unwrap_or(&self.file);
        write!(f, "{file}:{}", self.line)
    }
}
