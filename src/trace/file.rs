//! Trace files: opening one, and following one that still grows. The room's only input.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use recorder::{
    reader::{NotATrace, Reader, committed},
    wire::{HEADER, VERSION},
};

use super::{Builder, Trace};

/// Why a trace could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error("could not read the trace {}: {source}; give the path of a file that `monologue record` wrote", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is something else.
    #[error("could not open {}: it is not a trace; give the path of a file that `monologue record` wrote", path.display())]
    NotATrace {
        /// Which file.
        path: PathBuf,
    },
    /// The file is of another version of the format.
    #[error("could not open {}: it is a trace of format version {version}, and this program reads version {VERSION}; record the program again", path.display())]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u16,
    },
}

/// A trace file being read: takes what is committed, as often as asked.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    file: File,
    /// The header, then every record byte read so far.
    bytes: Vec<u8>,
    reader: Reader,
    builder: Builder,
}

impl Follow {
    /// Opens a file that may still be growing.
    ///
    /// # Errors
    /// When it cannot be read, or is no trace of this version.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| Error::Unreadable {
            path: path.into(),
            source,
        })?;
        let mut res = Self {
            path: path.into(),
            file,
            bytes: Vec::new(),
            reader: Reader::default(),
            builder: Builder::default(),
        };
        res.advance()?;
        Ok(res)
    }

    /// Takes in what was committed since; says whether anything was.
    ///
    /// # Errors
    /// When the file can no longer be read, or turns out to be no trace.
    pub fn advance(&mut self) -> Result<bool, Error> {
        self.refill().map_err(|source| Error::Unreadable {
            path: self.path.clone(),
            source,
        })?;
        let records = committed(&self.bytes).map_err(|it| match it {
            NotATrace::Magic => Error::NotATrace {
                path: self.path.clone(),
            },
            NotATrace::Version(version) => Error::Version {
                path: self.path.clone(),
                version,
            },
        })?;
        let before = self.reader.position();
        while let Some(record) = self.reader.next(records) {
            self.builder.push(record);
        }
        if self.reader.damaged() {
            self.builder.damaged();
        }
        Ok(before < self.reader.position())
    }

    /// The trace as far as it was taken in.
    pub fn snapshot(&self) -> Trace {
        self.builder.snapshot()
    }

    /// Reads the header anew and whatever lies behind the bytes already here, up to the committed
    /// length: what lies past it is not there yet.
    fn refill(&mut self) -> io::Result<()> {
        let mut header = Vec::with_capacity(HEADER);
        self.file.seek(SeekFrom::Start(0))?;
        (&mut self.file)
            .take(HEADER as u64)
            .read_to_end(&mut header)?;
        self.bytes.truncate(self.bytes.len().max(header.len()));
        if self.bytes.len() < header.len() {
            self.bytes.resize(header.len(), 0);
        }
        self.bytes[..header.len()].copy_from_slice(&header);
        if header.len() < HEADER {
            return Ok(());
        }
        let mut raw = [0; 8];
        raw.copy_from_slice(&header[recorder::wire::COMMITTED_AT..][..8]);
        let promised = u64::from_le_bytes(raw).saturating_add(HEADER as u64);
        let have = self.bytes.len() as u64;
        if have < promised {
            self.file.seek(SeekFrom::Start(have))?;
            (&mut self.file)
                .take(promised - have)
                .read_to_end(&mut self.bytes)?;
        }
        Ok(())
    }
}

/// The trace in a file, as far as it was committed.
///
/// # Errors
/// As [`Follow::open`].
pub fn open(path: &Path) -> Result<Trace, Error> {
    Follow::open(path).map(|it| it.snapshot())
}
