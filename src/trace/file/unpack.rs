//! Blocks back to records: one after the other, or from a keyframe on.

use std::{
    fs::File,
    io::{self, Read, Seek as _, SeekFrom},
    ops::Range,
    path::Path,
};

use recorder::{
    bytes::Input,
    wire::{Record, VERSION},
};

use super::{
    Error,
    block::{END, HEAD, HEADER, Head, Holds, MAGIC, PACKING, TRAILER},
    unreadable,
};
use crate::trace::{Builder, StepId, Trace};

/// Where blocks are read one after the other.
pub(super) struct Blocks {
    file: File,
    unpacker: zstd::bulk::Decompressor<'static>,
}

/// What comes next in a packed file.
#[derive(Debug)]
pub(super) enum Next {
    Block(Head, Vec<u8>),
    /// Nothing: the file ends between two blocks, or earlier.
    Cut,
    /// Bytes that no writer makes.
    Damaged,
}

impl Blocks {
    /// Over an open file; `None` if it is not a packed trace.
    ///
    /// # Errors
    /// When it cannot be read, or is of another version.
    pub(super) fn of(mut file: File, path: &Path) -> Result<Option<Self>, Error> {
        let mut start = Vec::new();
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.by_ref().take(HEADER as u64).read_to_end(&mut start))
            .map_err(|it| unreadable(path, it))?;
        if start.is_empty() || !start.starts_with(&MAGIC) {
            return Ok(None);
        }
        let number = |at: usize| {
            let bytes = start.get(at..at + 2);
            bytes.map(|it| u16::from_le_bytes([it[0], it[1]]))
        };
        let (records, packing) = (number(8), number(10));
        let wrong = records.filter(|it| *it != VERSION);
        let wrong = wrong.or(packing.filter(|it| *it != PACKING));
        if let Some(version) = wrong {
            let path = path.into();
            return Err(Error::Version { path, version });
        }
        let unpacker = zstd::bulk::Decompressor::new().map_err(|it| unreadable(path, it))?;
        Ok(Some(Self { file, unpacker }))
    }

    /// The next block, unpacked.
    pub(super) fn next(&mut self) -> io::Result<Next> {
        let mut head = Vec::with_capacity(HEAD);
        Read::by_ref(&mut self.file)
            .take(HEAD as u64)
            .read_to_end(&mut head)?;
        let Ok(bytes) = <[u8; HEAD]>::try_from(head) else {
            return Ok(Next::Cut);
        };
        let Some(head) = Head::of(&bytes) else {
            return Ok(Next::Damaged);
        };
        let mut packed = Vec::new();
        Read::by_ref(&mut self.file)
            .take(u64::from(head.packed))
            .read_to_end(&mut packed)?;
        if packed.len() < head.packed as usize {
            return Ok(Next::Cut);
        }
        Ok(match head.unpack(&packed, &mut self.unpacker) {
            Some(whole) => Next::Block(head, whole),
            None => Next::Damaged,
        })
    }

    fn go(&mut self, at: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(at)).map(|_| ())
    }
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// A packed trace on disk, read where it is asked for.
#[derive(Debug)]
pub struct Archive {
    blocks: Blocks,
    /// Names, files and codes of the whole run, and no event.
    known: Trace,
    /// Where each block with a keyframe stands, and the steps before it.
    entries: Vec<(u64, u32)>,
    steps: Range<u32>,
}

impl Archive {
    /// Reads the definitions and the index. Costs their size; the events stay on disk.
    ///
    /// `None` if the file is no packed trace, or its index is not whole: [`open`](super::open) reads
    /// what there is of it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(path: &Path) -> Result<Option<Self>, Error> {
        let failed = |it| unreadable(path, it);
        let mut file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut trailer = [0; TRAILER];
        if size < (HEADER + TRAILER) as u64 {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(size - TRAILER as u64))
            .and_then(|_| file.read_exact(&mut trailer))
            .map_err(failed)?;
        let (tail, end) = trailer.split_at(8);
        let tail = u64::from_le_bytes(tail.try_into().unwrap_or_default());
        if end != END || size < tail {
            return Ok(None);
        }
        let Some(mut blocks) = Blocks::of(file, path)? else {
            return Ok(None);
        };
        blocks.go(tail).map_err(failed)?;
        let (mut definitions, mut index, mut steps) = (Vec::new(), Vec::new(), 0);
        while let Next::Block(head, whole) = blocks.next().map_err(failed)? {
            steps = head.steps;
            match head.holds {
                Holds::Definitions => definitions.extend(whole),
                Holds::Index => index.extend(whole),
                Holds::Records | Holds::Rest => return Ok(None),
            }
        }
        let Some((entries, first)) = entries(&index) else {
            return Ok(None);
        };
        let mut builder = Builder::default();
        let mut input = Input::new(&definitions);
        while let Ok(record) = Record::read(&mut input) {
            builder.push(record);
        }
        Ok(Some(Self {
            blocks,
            known: builder.snapshot(),
            entries,
            steps: first..steps,
        }))
    }

    /// What is needed to read on from the first keyframe behind which there are at most `steps` steps:
    /// the blocks from there on, and what they name. `None` if the whole is no longer than that.
    pub(super) fn newest(mut self, steps: u32) -> Option<(Blocks, Trace)> {
        if self.steps.len() <= steps as usize {
            return None;
        }
        let from = self.steps.end - steps;
        let entry = self.entries.partition_point(|it| it.1 < from);
        let (at, _) = *self.entries.get(entry)?;
        self.blocks.go(at).ok()?;
        Some((self.blocks, self.known))
    }

    /// Where in the run its steps lie, counted from 0.
    pub fn steps(&self) -> Range<u32> {
        self.steps.clone()
    }

    /// The stretch of the run from the last keyframe before `step` to the end of the block that `step`
    /// is in; its steps have the numbers that they have in the whole. `None` if there is no such step,
    /// or it cannot be read.
    ///
    /// Costs a block's decompression and its events, as a rule 1024, more where keyframes are far apart.
    pub fn around(&mut self, step: StepId) -> Option<Trace> {
        if !self.steps.contains(&step.raw()) {
            return None;
        }
        let entry = self.entries.partition_point(|it| it.1 <= step.raw());
        let (at, _) = *self.entries.get(entry.checked_sub(1)?)?;
        self.blocks.go(at).ok()?;
        let mut builder = Builder::over(self.known.clone());
        let mut rest = Vec::new();
        let mut is_first = true;
        while let Next::Block(head, whole) = self.blocks.next().ok()? {
            if matches!(head.holds, Holds::Definitions | Holds::Index) {
                break;
            }
            let skipped = if is_first { 0 } else { head.keyframe as usize };
            is_first = false;
            rest.extend_from_slice(&whole[skipped..]);
            let mut input = Input::new(&rest);
            let mut read = 0;
            while let Ok(record) = Record::read(&mut input) {
                read = rest.len() - input.rest().len();
                if !record.is_definition() {
                    builder.push(record);
                }
            }
            rest.drain(..read);
            if builder.trace().steps().get(step).is_some() {
                return Some(builder.snapshot());
            }
        }
        builder.trace().steps().get(step)?;
        Some(builder.snapshot())
    }
}

/// The blocks that one can start from, and the steps before the first.
fn entries(index: &[u8]) -> Option<(Vec<(u64, u32)>, u32)> {
    let mut input = Input::new(index);
    let count = input.count().ok()?;
    let (mut at, mut steps, mut first) = (HEADER as u64, 0u32, None);
    let mut res = Vec::new();
    for number in 0..count {
        let size = input.u64().ok()?;
        steps = steps.checked_add(input.u32().ok()?)?;
        first.get_or_insert(steps);
        // The first block begins the file, and needs no keyframe to be read from.
        if size & 1 == 1 || number == 0 {
            res.push((at, steps));
        }
        at = at.checked_add(size >> 1)?;
    }
    Some((res, first.unwrap_or(0)))
}
