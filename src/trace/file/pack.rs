//! A raw trace made a packed one: a tenth of its size, and readable from any keyframe on.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Seek as _, SeekFrom},
    path::Path,
};

use recorder::{
    bytes::{Broken, Input, put_u64},
    reader,
    wire::{self, Record},
};

use super::{
    block::{self, END, HEAD, Holds, MOST, header, packer},
    keep::{Head, head, head_of},
    moment::Moment,
};

/// Events a block.
const EVENTS: u32 = 1024;
/// Bytes of records a block is ended at.
const BYTES: usize = 64 << 10;
/// Keyframes take at most this share of what is stored before compression: one byte in so many.
const SHARE: u64 = 4;
/// Bytes read at once.
const CHUNK: u64 = 1 << 20;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed {
    /// Steps of the run up to the trace's end.
    pub steps: u32,
    /// Its events.
    pub events: u64,
    /// Bytes of the file, before and after.
    pub bytes: (u64, u64),
}

/// Packs the raw trace at `path` in its place, at once or not at all. `None` if it was left as it is:
/// it is packed already, holds what no recorder writes, or is no ordinary file.
pub(super) fn pack(path: &Path) -> io::Result<Option<Packed>> {
    // A link stays, what it leads to is replaced.
    let path = path.canonicalize()?;
    let mut raw = File::open(&path)?;
    if !raw.metadata()?.is_file() {
        return Ok(None);
    }
    let mut start = Vec::new();
    Read::by_ref(&mut raw)
        .take(wire::HEADER as u64)
        .read_to_end(&mut start)?;
    let Ok(promised) = reader::promised(&start) else {
        return Ok(None);
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    // Made as the raw one is: for nobody else.
    let new = tempfile::Builder::new()
        .prefix(".monologue-")
        .tempfile_in(folder)?;
    let mut packing = Packing::new(BufWriter::new(new.as_file()))?;
    let (mut pending, dropped) = match head(&path, &start) {
        Head::Whole => (Vec::new(), 0),
        Head::Instead(records, dropped) => (records, dropped),
        Head::Missing => return Ok(None),
    };
    raw.seek(SeekFrom::Start(wire::HEADER as u64 + dropped))?;
    let mut records = raw.take(promised.saturating_sub(dropped));
    loop {
        let got = records.by_ref().take(CHUNK).read_to_end(&mut pending)?;
        let used = match packing.take(&pending)? {
            Some(used) => used,
            None => return Ok(None),
        };
        pending.drain(..used);
        if got == 0 {
            break;
        }
    }
    // Half a record at the end is what a writer may have left; it is not thrown away.
    if !pending.is_empty() || promised == 0 {
        return Ok(None);
    }
    let (steps, events, size) = packing.finish()?;
    if MOST as u64 <= size {
        new.as_file().sync_data()?;
    }
    new.persist(&path).map_err(|it| it.error)?;
    // What it told is in the blocks; one that stays is nobody's.
    let _ = fs::remove_file(head_of(&path));
    Ok(Some(Packed {
        steps,
        events,
        bytes: (promised + wire::HEADER as u64, size),
    }))
}

/// Writes a packed trace record by record.
struct Packing<W: io::Write> {
    out: W,
    written: u64,
    packer: zstd::bulk::Compressor<'static>,
    moment: Moment,
    /// The records of the block being filled, behind its keyframe.
    block: Vec<u8>,
    keyframe: usize,
    steps: u32,
    events: u32,
    all_events: u64,
    definitions: Vec<u8>,
    /// Bytes that the next keyframe may take.
    credit: u64,
    /// Blocks until a keyframe is tried again.
    patience: u32,
    /// Each block's size in the file, steps before it, and whether it has a keyframe.
    index: Vec<(u32, u32, bool)>,
}

impl<W: io::Write> Packing<W> {
    fn new(mut out: W) -> io::Result<Self> {
        let header = header();
        out.write_all(&header)?;
        Ok(Self {
            out,
            written: header.len() as u64,
            packer: packer()?,
            moment: Moment::default(),
            block: Vec::new(),
            keyframe: 0,
            steps: 0,
            events: 0,
            all_events: 0,
            definitions: Vec::new(),
            credit: 0,
            patience: 0,
            index: Vec::new(),
        })
    }

    /// Takes the whole records at the start of `bytes` and says how many bytes that was; `None` at what
    /// is no record.
    fn take(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        let mut input = Input::new(bytes);
        loop {
            let here = input.rest();
            match Record::read(&mut input) {
                Ok(record) => {
                    self.put(&record, &here[..here.len() - input.rest().len()])?;
                }
                Err(Broken::Short) => return Ok(Some(bytes.len() - here.len())),
                Err(Broken::Nonsense) => return Ok(None),
            }
        }
    }

    fn put(&mut self, record: &Record, bytes: &[u8]) -> io::Result<()> {
        if record.is_definition() {
            self.definitions.extend_from_slice(bytes);
        }
        if BYTES < self.block.len() - self.keyframe + bytes.len()
            && self.keyframe < self.block.len()
        {
            self.end_block()?;
        }
        self.moment.pass(record);
        if let Record::Start { steps, .. } = record {
            self.steps = *steps;
        }
        self.credit += bytes.len() as u64;
        self.events += u32::from(record.is_event());
        self.all_events += u64::from(record.is_event());
        if BYTES < bytes.len() {
            // One that is too long for a block goes over several.
            let mut holds = Holds::Records;
            for part in bytes.chunks(MOST / 2) {
                self.block.extend_from_slice(part);
                self.put_block(holds)?;
                holds = Holds::Rest;
            }
            self.begin_block();
            return Ok(());
        }
        self.block.extend_from_slice(bytes);
        if EVENTS <= self.events {
            self.end_block()?;
        }
        Ok(())
    }

    fn end_block(&mut self) -> io::Result<()> {
        self.put_block(Holds::Records)?;
        self.begin_block();
        Ok(())
    }

    fn put_block(&mut self, holds: Holds) -> io::Result<()> {
        let head = block::Head {
            holds,
            packed: 0,
            whole: 0,
            keyframe: self.keyframe as u32,
            steps: self.steps,
        };
        let block = head.pack(&self.block, &mut self.packer)?;
        self.out.write_all(&block)?;
        self.written += block.len() as u64;
        if matches!(holds, Holds::Records | Holds::Rest) {
            self.index
                .push((block.len() as u32, self.steps, 0 < self.keyframe));
        }
        self.block.clear();
        self.keyframe = 0;
        Ok(())
    }

    fn begin_block(&mut self) {
        (self.events, self.steps) = (0, self.moment.steps);
        self.patience = self.patience.saturating_sub(1);
        if 0 < self.patience {
            return;
        }
        self.moment.write(&mut self.block);
        let size = self.block.len() as u64;
        let allowed = self.credit / SHARE;
        if size <= allowed && size <= MOST as u64 / 2 {
            self.keyframe = self.block.len();
            self.credit -= size * SHARE;
        } else {
            // A deep stack: not before enough has been stored to carry its weight.
            self.block.clear();
            self.patience = u32::try_from(size / allowed.max(1))
                .unwrap_or(u32::MAX)
                .clamp(1, 64);
        }
    }

    /// Writes what is left and the index; steps, events and bytes of it all.
    fn finish(mut self) -> io::Result<(u32, u64, u64)> {
        if self.keyframe < self.block.len() {
            self.put_block(Holds::Records)?;
        }
        (self.keyframe, self.steps) = (0, self.moment.steps);
        let tail = self.written;
        let mut index = Vec::new();
        put_u64(&mut index, self.index.len() as u64);
        let mut before = 0;
        for &(size, steps, keyframe) in &self.index {
            put_u64(&mut index, u64::from(size) << 1 | u64::from(keyframe));
            put_u64(&mut index, u64::from(steps.saturating_sub(before)));
            before = steps;
        }
        let definitions = std::mem::take(&mut self.definitions);
        for (whole, holds) in [(definitions, Holds::Definitions), (index, Holds::Index)] {
            for part in whole.chunks(MOST / 2) {
                self.block = part.into();
                self.put_block(holds)?;
            }
        }
        self.out.write_all(&tail.to_le_bytes())?;
        self.out.write_all(&END)?;
        self.out.flush()?;
        let size = self.written + 16;
        debug_assert!(HEAD < size as usize);
        Ok((self.moment.steps, self.all_events, size))
    }
}
