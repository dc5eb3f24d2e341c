//! From a bug to a judged fix: ask a model, find the code in its answer, put it into the file, judge it in
//! the sandbox, and ask again with what the tests said.
//!
//! ```text
//! cases ── what must hold, lifted from the tests; stays out here
//! ask ───> model ───> answer ───> patch ───> judge ═══ sandbox ═══ harness
//!  ^                                           │
//!  └───────────────── feedback ────────────────┘
//! ```
//!
//! Nothing is written to disk until [`Patch::apply`] is called.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::explain::answer::{self, Code};

mod ask;
pub mod cases;
pub mod judge;
pub mod patch;
mod report;
mod talk;
pub mod value;
mod verdict;

pub use ask::Question;
pub use cases::Cases;
pub use judge::Court;
pub use patch::{Applied, Patch};
pub use report::{Outcome, Report, Round, Tried};
pub use verdict::{Answer, Class, Judgement};

/// The most bytes of neighbouring files that a candidate gets to import.
const BESIDE_MAX: u64 = 1 << 20;

/// How long one test may take: as long as in the released evaluation code.
const PATIENCE: Duration = Duration::from_secs(6);

/// A file that fails its tests.
#[derive(Debug, Clone)]
pub struct Bug {
    /// The interpreter that the program runs under.
    pub python: PathBuf,
    /// The file under repair.
    pub path: PathBuf,
    /// Its text.
    pub source: String,
    /// What it is for, in words; may be empty.
    pub problem: String,
    /// What must hold.
    pub cases: Cases,
    /// Other files that it imports, by the path relative to its directory.
    pub beside: Vec<(PathBuf, Vec<u8>)>,
    /// The failing run as text for the model, empty for none.
    pub trace: String,
    /// Whether candidates that start programs, run text as code or leave their folder, where the file
    /// itself does not, are run nevertheless.
    pub accept_hazards: bool,
}

impl Bug {
    /// Reads a file, its tests, and the other Python files of its directory that are no tests, up to 1 MiB.
    ///
    /// # Errors
    ///
    /// When a file cannot be read as text, or holds no test.
    pub fn read(python: &Path, path: &Path, tests: &Path) -> Result<Bug, Error> {
        let text = |path: &Path| {
            std::fs::read_to_string(path).map_err(|source| Error::Read {
                path: path.to_owned(),
                source,
            })
        };
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Bug {
            python: python.to_owned(),
            path: path.to_owned(),
            source: text(path)?,
            problem: String::new(),
            cases: Cases::lift(python, &text(tests)?, &stem)?,
            beside: beside(path, tests),
            trace: String::new(),
            accept_hazards: false,
        })
    }
}

/// The file's neighbours. Never a test: what it expects must stay outside.
fn beside(path: &Path, tests: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let real = |path: &Path| path.canonicalize().ok();
    let not = [real(path), real(tests)];
    let mut found = Vec::new();
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let (path, name) = (
            entry.path(),
            entry.file_name().to_string_lossy().into_owned(),
        );
        let test = name.starts_with("test") || name.ends_with("_test.py") || name == "conftest.py";
        if test || !name.ends_with(".py") || not.contains(&real(&path)) {
            continue;
        }
        if let Ok(content) = std::fs::read(&path) {
            bytes += content.len() as u64;
            if bytes <= BESIDE_MAX {
                found.push((PathBuf::from(name), content));
            }
        }
    }
    found.sort();
    found
}

/// How hard to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Candidates of one round, all asked with the same prompt.
    pub samples: NonZeroUsize,
    /// Rounds; each later one is told what became of the earlier ones. One round is best-of-n.
    pub rounds: NonZeroUsize,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            samples: NonZeroUsize::MIN,
            rounds: NonZeroUsize::MIN,
        }
    }
}

/// What happens on the way.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// The file as it is was judged.
    Original(&'a Judgement),
    /// The model is about to be asked.
    Asking(&'a Question),
    /// Round and candidate, from 0, and what became of it.
    Judged(usize, usize, &'a Tried),
}

/// What keeps us from trying. A model's bad answer and a candidate's misdeeds are never errors.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The tests are no tests.
    #[error("cannot use the tests: {why}")]
    Tests {
        /// What is wrong with them.
        why: String,
    },
    /// The model did not answer.
    #[error("cannot ask the model: {0}")]
    Ask(String),
    /// The sandbox cannot be used.
    #[error(transparent)]
    Sandbox(#[from] crate::sandbox::Error),
    /// The file to be patched is another by now.
    #[error("cannot apply the change: {0} has changed since it was read; run the repair again")]
    Changed(PathBuf),
    /// The patched file cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// Tries to repair `bug`: judges the file as it is, then asks `ask` for candidates until one passes or the
/// plan is through. `ask` gets a prompt and gives the model's text; `on_progress` may break it off, which
/// yields what was tried so far. Writes nothing.
///
/// # Errors
///
/// When the model or the sandbox cannot be used.
pub fn repair(
    bug: &Bug,
    plan: Plan,
    ask: &mut dyn FnMut(&Question) -> Result<String, String>,
    on_progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<Report, Error> {
    let court = bug.court();
    let original = court.judge(&bug.source)?;
    let passing = original.class == Class::Pass;
    let mut report = Report {
        outcome: Outcome::NotFixed,
        original,
        rounds: Vec::new(),
        chosen: None,
    };
    if passing {
        report.outcome = Outcome::AlreadyPassing;
    }
    if on_progress(Progress::Original(&report.original)).is_break() || passing {
        return Ok(report);
    }
    let first = ask::first(bug, &report.original);
    for round in 0..plan.rounds.get() {
        let prompt = ask::again(&first, &report.rounds, &bug.cases, &bug.trace);
        report.rounds.push(Round::default());
        for sample in 0..plan.samples.get() {
            let question = Question {
                round,
                sample,
                prompt: prompt.clone(),
            };
            if on_progress(Progress::Asking(&question)).is_break() {
                return Ok(report);
            }
            let text = ask(&question).map_err(Error::Ask)?;
            let tried = attempt(bug, &court, text, &report.rounds)?;
            let stop = on_progress(Progress::Judged(round, sample, &tried)).is_break();
            let (class, proven) = (tried.judgement.class, tried.judgement.proven());
            report.rounds[round].candidates.push(tried);
            if class == Class::Pass && (proven || report.chosen.is_none()) {
                report.chosen = Some((round, sample));
            }
            if proven {
                report.outcome = Outcome::Fixed;
                return Ok(report);
            }
            if stop {
                return Ok(report);
            }
        }
    }
    Ok(report)
}

impl Bug {
    fn court(&self) -> Court<'_> {
        let name = self.path.file_name().unwrap_or_default();
        Court {
            python: self.python.clone(),
            file: name.to_string_lossy().into_owned(),
            beside: &self.beside,
            cases: &self.cases,
            patience: PATIENCE,
        }
    }
}

/// Makes a candidate of a model's text and judges it.
fn attempt(bug: &Bug, court: &Court<'_>, text: String, before: &[Round]) -> Result<Tried, Error> {
    let failed = |text, code, class, why: &str| Tried {
        text,
        code,
        patch: None,
        hazards: Vec::new(),
        judgement: Judgement::unasked(class, why.to_owned(), &bug.cases),
    };
    let Some(found) = answer::code(&text) else {
        return Ok(failed(
            text,
            None,
            Class::ExtractFail,
            "the answer holds no code",
        ));
    };
    let marked = matches!(found, Code::Marked(_));
    let code = format!("{}\n", found.text().trim_end());
    let outlines = patch::outlined(&bug.python, &bug.source, &code)?;
    let new = match &outlines {
        [Some(old), Some(new)] => patch::spliced(&bug.source, &code, [old, new]),
        // The file itself does not parse, so there is nothing to splice into.
        [None, Some(_)] => code.clone(),
        [_, None] if !marked => {
            return Ok(failed(
                text,
                None,
                Class::ExtractFail,
                "the answer holds no code",
            ));
        }
        // The judge will say what is wrong with it.
        [_, None] => code.clone(),
    };
    let patch = Patch {
        path: bug.path.clone(),
        old: bug.source.clone(),
        new,
    };
    let same = before.iter().flat_map(|round| &round.candidates);
    let same = same
        .into_iter()
        .find(|tried| tried.patch.as_ref() == Some(&patch));
    // What does not parse is not run anyway.
    let hazards = match &outlines[1] {
        Some(_) => answer::new_hazards(&bug.source, &patch.new),
        None => Vec::new(),
    };
    let judgement = match same {
        Some(tried) => tried.judgement.clone(),
        None if !hazards.is_empty() && !bug.accept_hazards => {
            let why = format!("it was not run: {}", answer::told(&hazards));
            Judgement::unasked(Class::ExecuteFail, why, &bug.cases)
        }
        None => court.judge(&patch.new)?,
    };
    Ok(Tried {
        text,
        code: Some(code),
        patch: Some(patch),
        hazards,
        judgement,
    })
}
