//! An edit of one file: made from a candidate, shown as a diff, applied whole or not at all, undone.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use similar::TextDiff;

use super::Error;
use crate::sandbox::{Interpreter, Job, Limits, Verdict, run};

const OUTLINE: &str = include_str!("outline.py");

/// A file's old and new text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The file.
    pub path: PathBuf,
    /// Its text when it was read.
    pub old: String,
    /// Its text to be.
    pub new: String,
}

/// Where the parts of a source lie.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Outline {
    items: Vec<Item>,
    /// The last line of the imports and the docstring, 0 without any.
    imports_end: usize,
}

#[derive(Debug, Clone, Deserialize)]
struct Item {
    /// Qualified by its class; empty for what is no function or class.
    name: String,
    /// First line, decorators included, from 1.
    start: usize,
    /// Last line.
    end: usize,
    /// Columns before it.
    indent: usize,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Def,
    Import,
    Other,
}

/// Outlines two sources; `None` for one that does not parse. In the sandbox: parsing is all that happens, but
/// one of them may be hostile even to a parser.
pub(super) fn outlined(python: &Path, old: &str, new: &str) -> Result<[Option<Outline>; 2], Error> {
    let interpreter = Interpreter::of(python)?;
    let job = Job {
        python: interpreter.executable,
        argv: ["-I", "-B", "outline.py", "old.txt", "new.txt"]
            .map(str::to_owned)
            .to_vec(),
        files: vec![
            ("outline.py".into(), OUTLINE.into()),
            ("old.txt".into(), old.into()),
            ("new.txt".into(), new.into()),
        ],
        ..Job::default()
    };
    let exit = run(&job, Limits::default())?;
    if let Verdict::Refused(why) = exit.verdict {
        return Err(Error::Sandbox(crate::sandbox::Error::Lost(why)));
    }
    // A source that breaks the parser itself is none.
    Ok(serde_json::from_slice(&exit.stdout).unwrap_or_default())
}

impl Outline {
    fn tops(&self) -> impl Iterator<Item = &Item> {
        self.items
            .iter()
            .filter(|item| item.kind == Kind::Def && !item.name.contains('.'))
    }

    fn methods(&self, class: &str) -> impl Iterator<Item = &Item> {
        let prefix = format!("{class}.");
        self.items
            .iter()
            .filter(move |item| item.name.starts_with(&prefix))
    }

    fn named(&self, name: &str) -> Option<&Item> {
        self.items
            .iter()
            .find(|item| item.name == name && item.kind == Kind::Def)
    }

    /// The one method of that name in any class.
    fn method(&self, name: &str) -> Option<&Item> {
        let suffix = format!(".{name}");
        let mut found = self
            .items
            .iter()
            .filter(|item| item.name.ends_with(&suffix));
        found.next().filter(|_| found.next().is_none())
    }

    /// Statements at the top that define no function or class.
    fn loose(&self) -> usize {
        self.items
            .iter()
            .filter(|item| item.kind != Kind::Def)
            .count()
    }
}

/// New text in place of the lines `start` to `end`; before `start` where `end` is the line before it.
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

/// The file with a candidate in it. A candidate that has all that the file has replaces it; another replaces
/// the functions, classes and methods that it has, brings its new helpers and missing imports along, and
/// leaves its demonstrations behind.
pub(super) fn spliced(old: &str, new: &str, outlines: [&Outline; 2]) -> String {
    let [of_old, of_new] = outlines;
    let whole = of_old.tops().all(|item| of_new.named(&item.name).is_some())
        && of_old.loose() <= of_new.loose();
    let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    let mut edits: Vec<Edit> = Vec::new();
    let mut helpers = String::new();
    let mut cut_down = false;
    for item in of_new.tops() {
        let place = of_old
            .named(&item.name)
            .or_else(|| of_old.method(&item.name));
        let Some(place) = place else {
            helpers.push_str(&lines(&new_lines, item.start, item.end));
            helpers.push_str("\n\n");
            continue;
        };
        let kept = |method: &Item| of_new.named(&method.name).is_none();
        if of_old.methods(&item.name).any(kept) && of_new.methods(&item.name).next().is_some() {
            // A class that was cut down to what changed in it.
            cut_down = true;
            for method in of_new.methods(&item.name) {
                let text = lines(&new_lines, method.start, method.end);
                edits.push(match of_old.named(&method.name) {
                    Some(place) => Edit {
                        start: place.start,
                        end: place.end,
                        text: shifted(&text, method.indent, place.indent),
                    },
                    // A new one, after the class's last.
                    None => Edit {
                        start: place.end + 1,
                        end: place.end,
                        text: format!("\n{}", shifted(&text, method.indent, place.indent + 4)),
                    },
                });
            }
        } else {
            edits.push(Edit {
                start: place.start,
                end: place.end,
                text: shifted(
                    &lines(&new_lines, item.start, item.end),
                    item.indent,
                    place.indent,
                ),
            });
        }
    }
    if whole && !cut_down || edits.is_empty() {
        return new.to_owned();
    }
    let imports: String = of_new
        .items
        .iter()
        .filter(|item| item.kind == Kind::Import)
        .map(|item| lines(&new_lines, item.start, item.end))
        .filter(|line| {
            !old_lines
                .iter()
                .any(|old| old.trim_end() == line.trim_end())
        })
        .collect();
    let first = of_old
        .tops()
        .filter(|top| {
            edits
                .iter()
                .any(|edit| top.start <= edit.start && edit.end <= top.end)
        })
        .map(|top| top.start)
        .min();
    let mut inserts = vec![(of_old.imports_end + 1, imports)];
    inserts.extend(first.map(|line| (line, helpers)));
    edits.extend(inserts.into_iter().map(|(start, text)| Edit {
        start,
        end: start - 1,
        text,
    }));
    // At one line insertions come before what replaces it.
    edits.sort_by_key(|edit| (edit.start, edit.end));
    let mut text = String::with_capacity(old.len() + new.len());
    let mut at = 1;
    for edit in edits.into_iter().filter(|edit| !edit.text.is_empty()) {
        // Two candidates' functions for one place: the first wins.
        if edit.start < at {
            continue;
        }
        text.push_str(&lines(&old_lines, at, edit.start - 1));
        text.push_str(&edit.text);
        at = edit.end + 1;
    }
    text.push_str(&lines(&old_lines, at, old_lines.len()));
    text
}

/// Lines `start` to `end`, from 1, both included, each ended.
fn lines(all: &[&str], start: usize, end: usize) -> String {
    let end = end.min(all.len());
    let Some(range) = all.get(start.saturating_sub(1)..end) else {
        return String::new();
    };
    let mut text = range.concat();
    if !text.is_empty() && !text.ends_with('\n') && end < all.len() {
        text.push('\n');
    }
    text
}

/// Text that began at one column, moved to another.
fn shifted(text: &str, from: usize, to: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            let known = line.len() - line.trim_start_matches([' ', '\t']).len();
            out.push_str(&" ".repeat(to));
            out.push_str(&line[known.min(from)..]);
        } else {
            out.push_str(line);
        }
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

impl Patch {
    /// The edit as a unified diff with three lines around; empty where nothing changes.
    #[must_use]
    pub fn diff(&self) -> String {
        let name = self.path.display().to_string();
        let name = name.trim_start_matches("./").trim_start_matches('/');
        TextDiff::from_lines(&self.old, &self.new)
            .unified_diff()
            .context_radius(3)
            .header(&format!("a/{name}"), &format!("b/{name}"))
            .to_string()
    }

    /// Writes the new text: beside the file, then in its place, so that no reader and no crash ever sees a
    /// part. Keeps the file's permissions; a symbolic link stays one.
    ///
    /// # Errors
    ///
    /// When the file is not what it was when it was read, or cannot be written.
    pub fn apply(&self) -> Result<Applied, Error> {
        replace(&self.path, &self.old, &self.new)?;
        Ok(Applied {
            patch: self.clone(),
        })
    }
}

/// An edit that was made, and can be taken back.
#[derive(Debug)]
#[must_use = "dropping it gives up the way back"]
pub struct Applied {
    patch: Patch,
}

impl Applied {
    /// Brings the old text back.
    ///
    /// # Errors
    ///
    /// When the file has changed since, or cannot be written.
    pub fn undo(self) -> Result<(), Error> {
        replace(&self.patch.path, &self.patch.new, &self.patch.old)
    }
}

fn replace(path: &Path, from: &str, to: &str) -> Result<(), Error> {
    let fail = |source: std::io::Error| Error::Write {
        path: path.to_owned(),
        source,
    };
    let path = path.canonicalize().map_err(fail)?;
    if std::fs::read(&path).map_err(fail)? != from.as_bytes() {
        return Err(Error::Changed(path));
    }
    let permissions = std::fs::metadata(&path).map_err(fail)?.permissions();
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(fail)?;
    file.write_all(to.as_bytes()).map_err(fail)?;
    file.as_file().set_permissions(permissions).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(&path).map_err(|error| fail(error.error))?;
    Ok(())
}
