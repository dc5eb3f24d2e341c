//! The newest end of a trace that grows without end, kept in a bounded file.
//!
//! The recorder only ever appends. Whoever started it gives back the disk under the oldest records, and
//! beside the trace puts a *head*: what a reader must know to begin behind them. The head is replaced
//! whole and before the records go, and names the trace it belongs to, so that at any moment, however
//! either process ends, what lies on disk opens.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    hash::{BuildHasher as _, RandomState},
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use recorder::{
    bytes::{Broken, Input},
    reader,
    wire::{HEADER, Record, VERSION},
};

use super::moment::Moment;

/// How often the size of a growing trace is looked at.
const GLANCE: Duration = Duration::from_millis(100);
/// The first eight bytes of a head.
const MAGIC: [u8; 8] = *b"monohead";
/// Where in a raw file's header the number stands that its head repeats; 0 while there is none.
const NUMBER_AT: usize = 24;
/// Bytes of a head before its records.
const START: usize = 32;
/// Bytes read at once.
const CHUNK: usize = 1 << 20;
/// Disk is given back in pages.
const PAGE: u64 = 4096;

/// Keeps a growing trace within a number of bytes until it is dropped.
#[derive(Debug)]
pub struct Keeping {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Keeping {
    /// Begins to keep the raw trace at `path`, which is there already, at about `bytes` of disk: from
    /// half of that, which is left of it when it grows past, to the whole.
    ///
    /// It may grow further where the file system cannot give back a part of a file.
    pub fn start(path: &Path, bytes: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (ended, path) = (Arc::clone(&stop), path.to_owned());
        let thread = thread::spawn(move || {
            // What an earlier trace of this name left means nothing now.
            let _ = fs::remove_file(head_of(&path));
            let Ok(mut keeper) = Keeper::of(&path, bytes) else {
                return;
            };
            while !ended.load(Ordering::Relaxed) && keeper.look().is_ok() {
                thread::park_timeout(GLANCE);
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of the thread has been reported where it happened.
            let _ = thread.join();
        }
    }
}

/// What there is where the kept part of a trace begins.
pub(super) struct Keeper {
    path: PathBuf,
    file: File,
    limit: u64,
    number: u64,
    moment: Moment,
    /// The definitions passed so far, as they were written.
    definitions: Vec<u8>,
    /// Bytes of records passed: what is kept begins here, or will once more is dropped.
    at: u64,
}

impl Keeper {
    pub(super) fn of(path: &Path, limit: u64) -> io::Result<Self> {
        Ok(Self {
            path: path.into(),
            file: OpenOptions::new().read(true).write(true).open(path)?,
            limit,
            number: RandomState::new().hash_one(path) | 1,
            moment: Moment::default(),
            definitions: Vec::new(),
            at: 0,
        })
    }

    /// Drops the oldest records if there are too many; says whether it did.
    pub(super) fn look(&mut self) -> io::Result<bool> {
        let Some(to) = self.too_many()? else {
            return Ok(false);
        };
        while self.pass_a_little(to)? {}
        self.write_head()?;
        self.give_back()?;
        Ok(true)
    }

    /// Where the records would have to begin for half of the bytes that may be kept to be left, if there
    /// are more than may be.
    pub(super) fn too_many(&self) -> io::Result<Option<u64>> {
        let mut header = [0; HEADER];
        if self.file.read_at(&mut header, 0)? < HEADER {
            return Ok(None);
        }
        // The recorder has not come as far as its first record.
        let committed = reader::promised(&header).unwrap_or(0);
        let too_many = self.limit < committed - self.at.min(committed);
        Ok(too_many.then(|| committed - self.limit / 2))
    }

    /// Bytes of records before those that are kept, or will be.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Goes on toward the first record at or behind `to`, by about a megabyte; whether there is more to
    /// go. The bytes up to `to` must be committed.
    pub(super) fn pass_a_little(&mut self, to: u64) -> io::Result<bool> {
        let mut pending = vec![0; CHUNK];
        let got = self.file.read_at(&mut pending, HEADER as u64 + self.at)?;
        pending.truncate(got);
        let from = self.at;
        loop {
            let passed = self.pass_all(&pending[(self.at - from) as usize..], to)?;
            if passed || from < self.at {
                return Ok(!passed);
            }
            // One record is larger than that.
            let before = pending.len();
            pending.resize(2 * before.max(CHUNK), 0);
            let at = HEADER as u64 + from + before as u64;
            let got = self.file.read_at(&mut pending[before..], at)?;
            pending.truncate(before + got);
            if got == 0 {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// Goes on through whole records; whether it came to `to`.
    fn pass_all(&mut self, records: &[u8], to: u64) -> io::Result<bool> {
        let mut input = Input::new(records);
        while self.at < to {
            let here = input.rest();
            match Record::read(&mut input) {
                Ok(record) => {
                    let bytes = &here[..here.len() - input.rest().len()];
                    if record.is_definition() {
                        self.definitions.extend_from_slice(bytes);
                    }
                    self.moment.pass(&record);
                    self.at += bytes.len() as u64;
                }
                Err(Broken::Short) => return Ok(false),
                Err(Broken::Nonsense) => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        Ok(true)
    }

    /// Gives back the disk under the records before those that are kept.
    pub(super) fn give_back(&self) -> io::Result<()> {
        let until = (HEADER as u64 + self.at) / PAGE * PAGE;
        give_back(&self.file, PAGE, until.saturating_sub(PAGE))
    }

    /// From now on the trace is read from the records that were come to.
    pub(super) fn write_head(&self) -> io::Result<()> {
        let mut res = MAGIC.to_vec();
        res.extend(VERSION.to_le_bytes());
        res.resize(16, 0);
        res.extend(self.number.to_le_bytes());
        res.extend(self.at.to_le_bytes());
        res.extend(&self.definitions);
        Record::Note(format!(
            "steps 1 to {} were dropped to keep the trace small: it begins at step {}",
            self.moment.steps,
            self.moment.steps + 1
        ))
        .write(&mut res);
        self.moment.write(&mut res);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut new = tempfile::Builder::new()
            .prefix(".monologue-")
            .tempfile_in(folder)?;
        new.write_all(&res)?;
        new.persist(head_of(&self.path)).map_err(|it| it.error)?;
        // Only now, since from here on the trace is read with its head.
        self.file
            .write_all_at(&self.number.to_le_bytes(), NUMBER_AT as u64)
    }
}

/// Where the head of the trace at `path` lies.
pub(super) fn head_of(path: &Path) -> PathBuf {
    let mut res = OsString::from(path);
    res.push(".head");
    res.into()
}

/// What a raw file begins with in place of its oldest records.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// Nothing: it is whole.
    Whole,
    /// Records to be read first, and how many bytes of the file's own are then left out.
    Instead(Vec<u8>, u64),
    /// It is gone, or another trace's.
    Missing,
}

/// The head of the raw trace at `path`, whose own header is `header`.
pub(super) fn head(path: &Path, header: &[u8]) -> Head {
    let number = |bytes: &[u8], at: usize| {
        let bytes = bytes.get(at..at + 8)?.try_into().ok()?;
        Some(u64::from_le_bytes(bytes))
    };
    let Some(wanted) = number(header, NUMBER_AT).filter(|it| *it != 0) else {
        return Head::Whole;
    };
    let Ok(mut bytes) = fs::read(head_of(path)) else {
        return Head::Missing;
    };
    let known = bytes.starts_with(&MAGIC) && bytes.get(8..10) == Some(&VERSION.to_le_bytes());
    match (number(&bytes, 16), number(&bytes, 24)) {
        (Some(found), Some(at)) if known && found == wanted => {
            bytes.drain(..START);
            Head::Instead(bytes, at)
        }
        _ => Head::Missing,
    }
}

#[cfg(target_os = "linux")]
fn give_back(file: &File, at: u64, len: u64) -> io::Result<()> {
    use nix::fcntl::{FallocateFlags, fallocate};
    let how = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    let (at, len) = (at.cast_signed(), len.cast_signed());
    if len <= 0 {
        return Ok(());
    }
    fallocate(file, how, at, len).map_err(io::Error::from)
}

#[cfg(not(target_os = "linux"))]
fn give_back(_: &File, _: u64, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
