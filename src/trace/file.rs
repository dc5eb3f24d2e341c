//! Trace files: opening one, following one that still grows, packing one that is done. The room's only
//! input and output.
//!
//! A recorder writes a *raw* file: records behind a header that says how many of them are whole. Once
//! the run is over, [`pack`] makes it a *packed* one, of compressed blocks. Both are read here, and
//! whoever reads them cannot tell which it was.

mod block;
mod keep;
mod moment;
mod pack;
mod ring;
mod unpack;

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use recorder::{
    reader::{NotATrace, Reader, promised},
    wire::{HEADER, Record, VERSION},
};

use super::{Builder, Trace};
use block::Holds;
use keep::{Head, head};
use unpack::{Blocks, Next};

pub use keep::Keeping;
pub use pack::Packed;
pub use ring::Ring;
pub use unpack::Archive;

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
    /// The file could not be packed.
    #[error("could not compress the trace {}: {source}; it was left as it was and can be opened", path.display())]
    Unpacked {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Bytes read at once, so that a large file never lies in memory beside its trace.
const CHUNK: u64 = 1 << 20;
/// How often a trace that is taken in beside the screen is shown: what a pass over the new events may
/// cost each time is a few milliseconds.
const GLANCE: Duration = Duration::from_millis(50);
/// Bytes that one record may take: more is a hostile file's doing.
const RECORD: usize = 256 << 20;
/// Bytes of memory that a trace may take, about: what a file unpacks to is not bounded by its size.
const MEMORY: u64 = 2 << 30;
/// Steps taken in of a packed trace, at most: of a longer one the newest, as of a recording.
const NEWEST: u32 = 16 << 20;
/// Said of a trace whose older part was dropped and cannot be read on from.
const BEHEADED: &str =
    "the file that tells how this trace begins, its name with `.head`, is missing";
/// Records between two looks at how much memory they took.
const LOOK: u32 = 64;

/// A trace file being read: takes what is committed, as often as asked.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    source: Source,
    /// Bytes taken from the file that are not whole records yet.
    pending: Vec<u8>,
    reader: Reader,
    builder: Builder,
    /// What the records name is known: they are read from the middle of a file on.
    defined: bool,
    /// Bytes of memory it may take.
    room: u64,
    /// Nothing more is taken in: the file ends here, is damaged from here on, or is too large.
    over: bool,
}

#[derive(Debug)]
enum Source {
    /// And how many bytes of records were taken from it.
    Raw(File, u64),
    Packed(Blocks),
}

impl Follow {
    /// Opens a file that may still be growing, and takes in what is there.
    ///
    /// # Errors
    /// When it cannot be read, or is no trace of this version.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut res = Self::begin(path)?;
        res.advance()?;
        Ok(res)
    }

    /// Opens a file, and takes in nothing of it yet.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn begin(path: &Path) -> Result<Self, Error> {
        Self::begin_with(path, NEWEST)
    }

    /// As [`Self::begin`], of a longer packed trace only the newest `steps`.
    fn begin_with(path: &Path, steps: u32) -> Result<Self, Error> {
        let open = || File::open(path).map_err(|source| unreadable(path, source));
        let mut builder = Builder::default();
        let mut pending = Vec::new();
        let newest = Archive::open(path)?.and_then(|it| it.newest(steps));
        let defined = newest.is_some();
        let source = match Blocks::of(open()?, path)? {
            Some(blocks) => Source::Packed(match newest {
                Some((blocks, known)) => {
                    builder = Builder::over(known);
                    builder.push(Record::Note(format!(
                        "the trace is long: only its newest {steps} steps are shown"
                    )));
                    blocks
                }
                None => blocks,
            }),
            None => {
                let mut file = open()?;
                let (_, header) = committed(&mut file, path)?;
                let mut taken = 0;
                match head(path, &header) {
                    Head::Whole => (),
                    Head::Instead(records, dropped) => (pending, taken) = (records, dropped),
                    Head::Missing => builder.push(Record::Note(BEHEADED.into())),
                }
                Source::Raw(file, taken)
            }
        };
        Ok(Self {
            path: path.into(),
            source,
            pending,
            reader: Reader::default(),
            builder,
            defined,
            room: MEMORY,
            over: false,
        })
    }

    /// Takes in what was committed since; says whether anything was. Costs what is new.
    ///
    /// # Errors
    /// When the file can no longer be read, or turns out to be no trace.
    pub fn advance(&mut self) -> Result<bool, Error> {
        let mut any = false;
        while self.advance_a_little()? {
            any = true;
        }
        Ok(any)
    }

    /// As [`Self::advance`], but takes in at most a megabyte, a few milliseconds' worth; `false` once
    /// there is nothing more for now.
    ///
    /// # Errors
    /// As [`Self::advance`].
    pub fn advance_a_little(&mut self) -> Result<bool, Error> {
        if self.over {
            return Ok(false);
        }
        let before = self.pending.len();
        let mut damaged = false;
        match &mut self.source {
            Source::Raw(file, taken) => {
                let (promised, _) = committed(file, &self.path)?;
                let wanted = CHUNK.min(promised.saturating_sub(*taken));
                let got = file
                    .seek(SeekFrom::Start(HEADER as u64 + *taken))
                    .and_then(|_| file.take(wanted).read_to_end(&mut self.pending))
                    .map_err(|source| unreadable(&self.path, source))?;
                *taken += got as u64;
            }
            Source::Packed(blocks) => {
                while self.pending.len() < before + CHUNK as usize {
                    match blocks.next().map_err(|it| unreadable(&self.path, it))? {
                        Next::Block(head, whole) => match head.holds {
                            Holds::Records | Holds::Rest => {
                                // A reader that starts here is told what there is.
                                let starts = self.defined
                                    && self.pending.is_empty()
                                    && self.builder.trace().events().is_empty();
                                let skipped = if starts { 0 } else { head.keyframe as usize };
                                self.pending.extend_from_slice(&whole[skipped..]);
                            }
                            // What stands there stood in the blocks before.
                            Holds::Definitions | Holds::Index => {
                                self.over = true;
                                break;
                            }
                        },
                        // A packed file is made whole: it was cut.
                        Next::Cut | Next::Damaged => {
                            (self.over, damaged) = (true, true);
                            break;
                        }
                    }
                }
            }
        }
        let any = before < self.pending.len();
        let mut count = 0u32;
        let mut too_large = false;
        while !too_large && let Some(record) = self.reader.next(&self.pending) {
            if !(self.defined && record.is_definition()) {
                self.builder.push(record);
            }
            count += 1;
            too_large = count.is_multiple_of(LOOK) && self.room < self.builder.weight();
        }
        self.pending.drain(..self.reader.consumed());
        if damaged || self.reader.damaged() || RECORD < self.pending.len() {
            self.over = true;
            self.builder.damaged();
        }
        if too_large || self.room < self.builder.weight() {
            self.over = true;
            self.builder.push(Record::Note(
                "the trace is longer than fits in memory: it is shown up to here".into(),
            ));
        }
        if self.over {
            self.pending = Vec::new();
        }
        Ok(any)
    }

    /// Takes in what is there; stops once the time is up and it is `enough`. Says whether it is all.
    ///
    /// # Errors
    /// As [`Self::advance`].
    pub fn advance_until(
        &mut self,
        time: Duration,
        enough: impl Fn(&Trace) -> bool,
    ) -> Result<bool, Error> {
        let until = Instant::now() + time;
        while self.advance_a_little()? {
            if until <= Instant::now() && enough(self.builder.trace()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Goes on with what is there on a thread of its own, and sends the trace whenever it has grown by
    /// enough to show. The channel closes at the end of the file.
    pub fn in_background(mut self) -> Receiver<Trace> {
        let (sender, res) = mpsc::channel();
        thread::spawn(move || {
            // A file that can no longer be read is shown as far as it was.
            while !self.advance_until(GLANCE, |_| true).unwrap_or(true) {
                if sender.send(self.snapshot()).is_err() {
                    return;
                }
            }
            // Nobody may be looking any more.
            let _ = sender.send(self.snapshot());
        });
        res
    }

    /// Bytes of records taken from a raw file, those that its head stands for among them.
    fn taken(&self) -> u64 {
        match &self.source {
            Source::Raw(_, taken) => *taken,
            Source::Packed(_) => 0,
        }
    }

    /// The trace as far as it was taken in.
    pub fn snapshot(&self) -> Trace {
        self.builder.snapshot()
    }
}

/// How many bytes of whole records a raw file promises, and its header.
fn committed(file: &mut File, path: &Path) -> Result<(u64, Vec<u8>), Error> {
    let mut header = Vec::with_capacity(HEADER);
    file.seek(SeekFrom::Start(0))
        .and_then(|_| file.take(HEADER as u64).read_to_end(&mut header))
        .map_err(|source| unreadable(path, source))?;
    let path = path.into();
    match promised(&header) {
        Ok(promised) => Ok((promised, header)),
        Err(NotATrace::Magic) => Err(Error::NotATrace { path }),
        Err(NotATrace::Version(version)) => Err(Error::Version { path, version }),
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

/// Makes the raw trace at `path` a packed one, a tenth of its size, in its place: at once or not at
/// all. `None` if it was left as it is, because it is packed already or not whole.
///
/// # Errors
/// When it cannot be read, or there is no room for the packed one; the raw one is left then.
pub fn pack(path: &Path) -> Result<Option<Packed>, Error> {
    pack::pack(path).map_err(|source| Error::Unpacked {
        path: path.into(),
        source,
    })
}

#[cfg(test)]
mod tests;
