//! What init and the candidate tell the supervisor before the program takes over: lines on a pipe that no
//! program inherits.

use std::fs::File;
use std::io::Write;

/// `E` and a sentence: the sandbox could not be built.
pub(super) const FAILED: char = 'E';
/// `L` and words: a layer engaged.
pub(super) const ENGAGED: char = 'L';
/// `X` and a wait status: the program ended.
pub(super) const ENDED: char = 'X';
/// `+` and words: the probe tried this and was refused.
pub(super) const HELD: char = '+';
/// `-` and words: the probe tried this and it worked.
pub(super) const BROKEN: char = '-';

/// The writing end.
#[derive(Debug)]
pub(super) struct Status(pub(super) File);

impl Status {
    /// Writes one line. A reader that is gone needs no news.
    pub(super) fn say(&mut self, kind: char, text: &str) {
        let text = text.replace('\n', " ");
        let _ = self.0.write_all(format!("{kind}{text}\n").as_bytes());
    }
}

/// The layer that engages last: after it comes the program.
pub(super) const FILTERED: &str = "system call filter: an allow-list, refusals by name";

/// What went wrong in a process that only has the status pipe to say it on.
pub(super) type Failure = String;

/// Names the step that failed.
pub(super) trait During<T> {
    /// The value, or a sentence that says what was attempted.
    fn during(self, step: &str) -> Result<T, Failure>;
}

impl<T, E: std::fmt::Display> During<T> for Result<T, E> {
    fn during(self, step: &str) -> Result<T, Failure> {
        self.map_err(|error| format!("cannot {step}: {error}"))
    }
}
