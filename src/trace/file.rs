//! Trace files: opening one, and following one that still grows. The room's only input.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use recorder::{
    reader::{NotATrace, Reader, promised},
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

/// Bytes read at once, so that a large file never lies in memory beside its trace.
const CHUNK: u64 = 1 << 20;

/// A trace file being read: takes what is committed, as often as asked.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    file: File,
    /// Record bytes taken from the file so far.
    taken: u64,
    /// Those of them that are not whole records yet.
    pending: Vec<u8>,
    reader: Reader,
    builder: Builder,
}

impl Follow {
    /// Opens a file that may still be growing.
    ///
    /// # Errors
    /// When it cannot be read, or is no trace of this version.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| unreadable(path, source))?;
        let mut res = Self {
            path: path.into(),
            file,
            taken: 0,
            pending: Vec::new(),
            reader: Reader::default(),
            builder: Builder::default(),
        };
        res.advance()?;
        Ok(res)
    }

    /// Takes in what was committed since; says whether anything was. Costs what is new.
    ///
    /// # Errors
    /// When the file can no longer be read, or turns out to be no trace.
    pub fn advance(&mut self) -> Result<bool, Error> {
        let promised = self.promised()?;
        let before = self.taken;
        while self.taken < promised {
            let wanted = CHUNK.min(promised - self.taken);
            let got = self.read(HEADER as u64 + self.taken, wanted)?;
            if got == 0 {
                break;
            }
            self.taken += got;
            while let Some(record) = self.reader.next(&self.pending) {
                self.builder.push(record);
            }
            self.pending.drain(..self.reader.consumed());
            if self.reader.damaged() {
                self.builder.damaged();
                self.taken = promised;
            }
        }
        Ok(before < self.taken)
    }

    /// The trace as far as it was taken in.
    pub fn snapshot(&self) -> Trace {
        self.builder.snapshot()
    }

    fn promised(&mut self) -> Result<u64, Error> {
        let mut header = Vec::with_capacity(HEADER);
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| (&self.file).take(HEADER as u64).read_to_end(&mut header))
            .map_err(|source| unreadable(&self.path, source))?;
        let path = self.path.clone();
        promised(&header).map_err(|it| match it {
            NotATrace::Magic => Error::NotATrace { path },
            NotATrace::Version(version) => Error::Version { path, version },
        })
    }

    /// Appends up to `wanted` bytes from `at` to what is pending; fewer at the file's end.
    fn read(&mut self, at: u64, wanted: u64) -> Result<u64, Error> {
        self.file
            .seek(SeekFrom::Start(at))
            .and_then(|_| (&self.file).take(wanted).read_to_end(&mut self.pending))
            .map(|it| it as u64)
            .map_err(|source| unreadable(&self.path, source))
    }
}

fn unreadable(path: &Path, source: io::Error) -> Error {
    Error::Unreadable {
        path: path.into(),
        source,
    }
}

/// The trace in a file, as far as it was committed.
///
/// # Errors
/// As [`Follow::open`].
pub fn open(path: &Path) -> Result<Trace, Error> {
    Follow::open(path).map(|it| it.snapshot())
}

#[cfg(test)]
mod tests {
    use recorder::wire::{CodeKind, MAGIC, Record};

    use super::*;

    fn file(committed: usize, records: &[u8]) -> Vec<u8> {
        let mut res = MAGIC.to_vec();
        res.extend_from_slice(&VERSION.to_le_bytes());
        res.resize(16, 0);
        res.extend_from_slice(&(committed as u64).to_le_bytes());
        res.resize(HEADER, 0);
        res.extend_from_slice(records);
        res
    }

    fn records(steps: u32) -> Vec<u8> {
        let mut res = Vec::new();
        let mut all = vec![
            Record::File {
                path: "/a.py".into(),
                source: Some("x = 1\n".into()),
            },
            Record::Code {
                file: 0,
                first_line: 1,
                kind: CodeKind::Module,
                name: "<module>".into(),
                qualname: "<module>".into(),
                locals: Vec::new(),
                parameters: 0,
            },
            Record::Call {
                code: 0,
                line: 1,
                writes: Vec::new(),
            },
        ];
        all.extend((0..steps).map(|_| Record::Line {
            delta: 0,
            writes: Vec::new(),
        }));
        all.iter().for_each(|it| it.write(&mut res));
        res
    }

    fn steps(bytes: &[u8]) -> Result<u32, Error> {
        let path = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(path.path(), bytes).expect("it is written");
        open(path.path()).map(|it| it.steps().len())
    }

    #[test]
    fn every_prefix_opens() {
        let all = records(3);
        let whole = file(all.len(), &all);
        let mut seen = Vec::new();
        for end in 1..=whole.len() {
            seen.push(steps(&whole[..end]).expect("a prefix is a trace"));
        }
        assert!(seen.is_sorted());
        assert_eq!((seen[0], seen[seen.len() - 1]), (0, 3));
    }

    #[test]
    fn what_is_not_committed_is_not_there() {
        let all = records(3);
        assert_eq!(steps(&file(all.len() - 3, &all)).expect("a trace"), 2);
    }

    #[test]
    fn other_files_are_refused() {
        for bytes in [&b""[..], b"#!/bin/sh\n", b"monologX"] {
            assert!(matches!(steps(bytes), Err(Error::NotATrace { .. })));
        }
        let mut old = file(0, &[]);
        old[8] = 99;
        assert!(matches!(
            steps(&old),
            Err(Error::Version { version: 99, .. })
        ));
    }

    #[test]
    fn a_growing_file_is_followed() {
        let all = records(2000);
        let path = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(path.path(), file(40, &all)).expect("it is written");
        let mut follow = Follow::open(path.path()).expect("a trace");
        let first = follow.snapshot();
        std::fs::write(path.path(), file(all.len(), &all)).expect("it is written");
        assert!(follow.advance().expect("a trace"));
        assert!(!follow.advance().expect("a trace"));
        assert_eq!(follow.snapshot().steps().len(), 2000);
        assert!(first.steps().len() < 2000);
    }
}
