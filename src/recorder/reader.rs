//! Committed bytes back to records; never past the committed length.

use crate::{
    bytes::{Broken, Input},
    wire::{COMMITTED_AT, HEADER, MAGIC, Record, VERSION},
};

/// Why a file is not a trace this program can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotATrace {
    /// It does not start as a trace does.
    Magic,
    /// It is of another version: this one.
    Version(u16),
}

/// How many bytes of whole records a file's start promises behind its header.
///
/// A file shorter than its header promises nothing, if what is there could be the start of one: a
/// writer may have been stopped that early.
///
/// # Errors
/// When the file starts as no trace of this version does; an empty file is no trace.
pub fn promised(start: &[u8]) -> Result<u64, NotATrace> {
    let magic = start.len().min(MAGIC.len());
    if start.is_empty() || start[..magic] != MAGIC[..magic] {
        return Err(NotATrace::Magic);
    }
    let Some(header) = start.get(..HEADER) else {
        return Ok(0);
    };
    let version = u16::from_le_bytes([header[8], header[9]]);
    if version != VERSION {
        return Err(NotATrace::Version(version));
    }
    let mut raw = [0; 8];
    raw.copy_from_slice(&header[COMMITTED_AT..COMMITTED_AT + 8]);
    Ok(u64::from_le_bytes(raw))
}

/// The bytes of whole records that the header promises and `file` holds.
///
/// # Errors
/// As [`promised`].
pub fn committed(file: &[u8]) -> Result<&[u8], NotATrace> {
    let promised = usize::try_from(promised(file)?).unwrap_or(usize::MAX);
    let there = file.get(HEADER..).unwrap_or_default();
    Ok(&there[..promised.min(there.len())])
}

/// Reads records one by one and remembers where it stopped.
#[derive(Debug, Default, Clone)]
pub struct Reader {
    /// Bytes of whole records read, counted from the first that was not taken as consumed.
    at: usize,
    broken: bool,
}

impl Reader {
    /// The next whole record of `records`, which must extend what earlier calls were given; `None` at
    /// the end of what is there, or for ever once nonsense was met.
    pub fn next(&mut self, records: &[u8]) -> Option<Record> {
        if self.broken {
            return None;
        }
        let mut input = Input::new(records.get(self.at..)?);
        let before = input.rest().len();
        match Record::read(&mut input) {
            Ok(record) => {
                self.at += before - input.rest().len();
                Some(record)
            }
            Err(Broken::Short) => None,
            Err(Broken::Nonsense) => {
                self.broken = true;
                None
            }
        }
    }

    /// Bytes of whole records read since the last call: whoever holds them may drop them, and gives
    /// [`Self::next`] what follows them from then on.
    pub fn consumed(&mut self) -> usize {
        std::mem::take(&mut self.at)
    }

    /// Whether bytes were met that no writer makes.
    pub fn damaged(&self) -> bool {
        self.broken
    }
}
