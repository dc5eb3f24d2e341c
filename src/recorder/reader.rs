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

/// The bytes of whole records that the header promises and `file` holds.
///
/// A file shorter than its header is an empty trace if what is there could be the start of one: a
/// writer may have been stopped that early.
pub fn committed(file: &[u8]) -> Result<&[u8], NotATrace> {
    let start = file.len().min(MAGIC.len());
    if file[..start] != MAGIC[..start] {
        return Err(NotATrace::Magic);
    }
    let Some(header) = file.get(..HEADER) else {
        return if file.is_empty() {
            Err(NotATrace::Magic)
        } else {
            Ok(&[])
        };
    };
    let version = u16::from_le_bytes([header[8], header[9]]);
    if version != VERSION {
        return Err(NotATrace::Version(version));
    }
    let mut raw = [0; 8];
    raw.copy_from_slice(&header[COMMITTED_AT..COMMITTED_AT + 8]);
    let promised = usize::try_from(u64::from_le_bytes(raw)).unwrap_or(usize::MAX);
    let there = &file[HEADER..];
    Ok(&there[..promised.min(there.len())])
}

/// Reads records one by one and remembers where it stopped.
#[derive(Debug, Default, Clone)]
pub struct Reader {
    /// Bytes of whole records read so far, counted from the first record.
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

    /// Bytes of whole records read so far.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Whether bytes were met that no writer makes.
    pub fn damaged(&self) -> bool {
        self.broken
    }
}
