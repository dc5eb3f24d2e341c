//! Records onto a file that can be read at any moment.
//!
//! The file is mapped shared, window by window, and a length in its header says how much of it is
//! whole records. Storing a record is two memory writes; what was stored is in the page cache and so
//! outlives the process however it ends.

#![expect(unsafe_code, reason = "memory mapping")]

use crate::wire::{COMMITTED_AT, HEADER, MAGIC, VERSION};
use std::{
    fs::{File, OpenOptions},
    io,
    os::{
        fd::AsRawFd,
        unix::fs::{MetadataExt, OpenOptionsExt},
    },
    path::Path,
    ptr,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Bytes mapped at once. Small programs map one; a page is touched only when it is written.
const WINDOW: usize = 4 << 20;
const PAGE: usize = 4096;
/// What is really mapped: a page more, for what must still be said when there is no room for another.
const MAPPED: usize = WINDOW + PAGE;
/// How long is waited at a time for disk to be given back.
const PAUSE: Duration = Duration::from_millis(1);
/// How long nothing may be given back before it is not waited for any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why a record was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It would pass the byte limit.
    Limit,
    /// The disk is full, or the file was taken away.
    NoSpace,
}

/// A trace file being written.
pub(crate) struct Writer {
    file: File,
    header: *mut u8,
    window: *mut u8,
    /// Where in the file the window starts, in bytes.
    start: u64,
    /// Where in the window the next record goes.
    at: usize,
    /// Bytes of whole records.
    committed: u64,
    limit: u64,
    /// Bytes of disk beyond which is waited.
    held: u64,
}

// SAFETY: used by whichever thread holds the interpreter lock, one at a time.
unsafe impl Send for Writer {}

impl Writer {
    /// Makes an empty trace of at most `limit` bytes, replacing what is there. Where more than `held` bytes of
    /// disk are taken, it waits for some to be given back: a program may write faster than one reads, and
    /// would else fill the disk.
    pub(crate) fn create(path: &Path, (limit, held): (u64, u64)) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        let file = options.mode(0o600).open(path)?;
        reserve(&file, 0)?;
        let header = map(&file, 0, PAGE)?;
        let window = map(&file, 0, MAPPED)?;
        let mut first = [0; HEADER];
        first[..MAGIC.len()].copy_from_slice(&MAGIC);
        first[8..10].copy_from_slice(&VERSION.to_le_bytes());
        // SAFETY: the window is larger than the header.
        unsafe { ptr::copy_nonoverlapping(first.as_ptr(), window, HEADER) };
        Ok(Self {
            header,
            window,
            start: 0,
            at: HEADER,
            committed: 0,
            limit,
            held: match can_give_back(&file) {
                true => held,
                false => u64::MAX,
            },
            file,
        })
    }

    /// Stores one whole record, or nothing.
    #[inline]
    pub(crate) fn put(&mut self, record: &[u8]) -> Result<(), Refused> {
        if self.limit < self.committed + record.len() as u64 {
            return Err(Refused::Limit);
        }
        let mut rest = record;
        while WINDOW - self.at < rest.len() {
            let (now, later) = rest.split_at(WINDOW - self.at);
            self.copy(now);
            self.advance()?;
            rest = later;
        }
        self.copy(rest);
        self.commit(record.len());
        Ok(())
    }

    /// Stores the little that must still be said at the end, whatever the limit and although there may be
    /// no room for another window.
    pub(crate) fn put_last(&mut self, records: &[u8]) -> Result<(), Refused> {
        // Not `at`: a record that did not fit may have been begun there.
        let behind = HEADER as u64 + self.committed;
        let at = behind.checked_sub(self.start).ok_or(Refused::NoSpace)? as usize;
        if MAPPED < at + records.len() {
            return Err(Refused::NoSpace);
        }
        // SAFETY: within what is mapped.
        unsafe {
            ptr::copy_nonoverlapping(records.as_ptr(), self.window.add(at), records.len());
        }
        self.commit(records.len());
        Ok(())
    }

    #[inline(always)]
    fn commit(&mut self, len: usize) {
        self.committed += len as u64;
        // SAFETY: the header is mapped, the field lies in it and is aligned to eight bytes.
        let committed = unsafe { AtomicU64::from_ptr(self.header.add(COMMITTED_AT).cast()) };
        committed.store(self.committed.to_le(), Ordering::Release);
    }

    #[inline(always)]
    fn copy(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.len() <= WINDOW - self.at);
        let len = bytes.len();
        // SAFETY: the caller has cut `bytes` to what is left of the window.
        unsafe {
            let (from, to) = (bytes.as_ptr(), self.window.add(self.at));
            match len {
                // Most records are that short; two stores that overlap copy any of these lengths.
                8..=16 => {
                    let (first, last) = (from.cast::<u64>(), from.add(len - 8).cast::<u64>());
                    let (first, last) = (first.read_unaligned(), last.read_unaligned());
                    to.cast::<u64>().write_unaligned(first);
                    to.add(len - 8).cast::<u64>().write_unaligned(last);
                }
                3..=7 => {
                    for at in 0..len {
                        *to.add(at) = *from.add(at);
                    }
                }
                _ => ptr::copy_nonoverlapping(from, to, len),
            }
        }
        self.at += len;
    }

    #[cold]
    fn advance(&mut self) -> Result<(), Refused> {
        self.wait();
        let start = self.start + WINDOW as u64;
        // Space is asked for before it is touched: a hole that cannot be filled would kill the program.
        let window = reserve(&self.file, start).and_then(|()| map(&self.file, start, MAPPED));
        let window = window.map_err(|_| Refused::NoSpace)?;
        // SAFETY: mapped by us, with that length.
        unsafe { libc::munmap(self.window.cast(), MAPPED) };
        (self.window, self.start, self.at) = (window, start, 0);
        Ok(())
    }

    /// Waits until no more disk is taken than may be.
    fn wait(&mut self) {
        let taken = || self.file.metadata().map_or(0, |it| it.blocks() * 512);
        let (mut least, mut since) = (taken(), Instant::now());
        while self.held < least {
            thread::sleep(PAUSE);
            let now = taken();
            if now < least {
                (least, since) = (now, Instant::now());
            } else if PATIENCE < since.elapsed() {
                // Whoever was to give back is gone: the program goes on, whatever becomes of the disk.
                self.held = u64::MAX;
            }
        }
    }

    /// Ends the file where its last record ends.
    pub(crate) fn close(self) {
        let Self {
            file,
            header,
            window,
            committed,
            ..
        } = self;
        unmap(header, window);
        // A longer file is as good a trace; only its size is wrong.
        let _ = file.set_len(HEADER as u64 + committed);
    }

    /// Lets go of the file without a trace, in a process that shares it with the one that writes.
    pub(crate) fn abandon(self) {
        unmap(self.header, self.window);
    }
}

fn unmap(header: *mut u8, window: *mut u8) {
    // SAFETY: mapped by us, with these lengths, and not used again.
    unsafe {
        libc::munmap(header.cast(), PAGE);
        libc::munmap(window.cast(), MAPPED);
    }
}

/// Whether parts of the file can be given back to the disk.
fn can_give_back(file: &File) -> bool {
    #[cfg(target_os = "linux")]
    {
        let how = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        // Behind its end, where there is nothing to lose.
        let (at, len) = (1 << 40, PAGE as i64);
        // SAFETY: a plain system call on an open file.
        unsafe { libc::fallocate(file.as_raw_fd(), how, at, len) == 0 }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file;
        false
    }
}

/// Gives the file room for a window at `start`.
fn reserve(file: &File, start: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: a plain system call on an open file.
        let res = unsafe { libc::fallocate(file.as_raw_fd(), 0, start as i64, MAPPED as i64) };
        if res == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        // Some file systems cannot promise room; there a hole has to do.
        if error.raw_os_error() != Some(libc::EOPNOTSUPP) {
            return Err(error);
        }
    }
    file.set_len(start + MAPPED as u64)
}

fn map(file: &File, start: u64, len: usize) -> io::Result<*mut u8> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping at an address of the system's choice.
    let res = unsafe {
        libc::mmap(
            ptr::null_mut(),
            len,
            access,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            start as libc::off_t,
        )
    };
    if res == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(res.cast())
}
