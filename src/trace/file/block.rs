//! The blocks of a packed trace: a run of records each, compressed, readable one by one.
//!
//! A packed file is a header of [`HEADER`] bytes, blocks of records, one or more blocks of definitions,
//! a block that is the index, and a [`TRAILER`] that says where the definitions begin. The records of
//! all blocks, one behind the other, are the records of the trace; definitions and index only repeat
//! what stands in them, so a file that was cut short opens up to its last whole block.
//!
//! A block that begins a record may carry a keyframe: records that tell what there is at its beginning
//! to a reader that starts there.

use std::io;

use recorder::wire::VERSION;

/// The first eight bytes of a packed trace.
pub(super) const MAGIC: [u8; 8] = *b"monopack";
/// Version of the packing, beside that of the records.
pub(super) const PACKING: u16 = 1;
/// Bytes before the first block.
pub(super) const HEADER: usize = 16;
/// Bytes behind the last block: where the definitions begin, and [`END`].
pub(super) const TRAILER: usize = 16;
/// The last eight bytes of a whole packed trace.
pub(super) const END: [u8; 8] = *b"monoends";
/// Bytes of a block's head.
pub(super) const HEAD: usize = 24;
/// Bytes that a block unpacks to, at most: no file can ask for more memory at once.
pub(super) const MOST: usize = 2 << 20;
/// Begins every block.
const MARK: [u8; 2] = *b"mb";

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Records, from the beginning of one.
    Records,
    /// What follows of a record that began in an earlier block, and no other.
    Rest,
    /// Every record that others may name, and those about the run as a whole.
    Definitions,
    /// Where the blocks are.
    Index,
}

/// A block's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) holds: Holds,
    /// Bytes as stored, behind the head.
    pub(super) packed: u32,
    /// Bytes as unpacked.
    pub(super) whole: u32,
    /// Those of them that are the keyframe, at the start.
    pub(super) keyframe: u32,
    /// Steps of the run before it.
    pub(super) steps: u32,
}

impl Head {
    pub(super) fn bytes(self) -> [u8; HEAD] {
        let mut res = [0; HEAD];
        res[..2].copy_from_slice(&MARK);
        res[2] = self.holds as u8;
        let numbers = [self.packed, self.whole, self.keyframe, self.steps];
        for (at, number) in numbers.iter().enumerate() {
            res[4 + 4 * at..8 + 4 * at].copy_from_slice(&number.to_le_bytes());
        }
        res
    }

    /// `None` if no writer makes it.
    pub(super) fn of(bytes: &[u8; HEAD]) -> Option<Self> {
        let number = |at: usize| {
            let at = 4 + 4 * at;
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let holds = match bytes[2] {
            0 => Holds::Records,
            1 => Holds::Rest,
            2 => Holds::Definitions,
            3 => Holds::Index,
            _ => return None,
        };
        let res = Self {
            holds,
            packed: number(0),
            whole: number(1),
            keyframe: number(2),
            steps: number(3),
        };
        let most = MOST as u32;
        let fits = res.whole <= most && res.packed <= 2 * most && res.keyframe <= res.whole;
        (bytes[..2] == MARK && fits).then_some(res)
    }

    /// The head and the block behind it, of `whole`, compressed with a checksum.
    pub(super) fn pack(
        self,
        whole: &[u8],
        packer: &mut zstd::bulk::Compressor<'_>,
    ) -> io::Result<Vec<u8>> {
        debug_assert!(whole.len() <= MOST);
        let packed = packer.compress(whole)?;
        let head = Self {
            packed: packed.len() as u32,
            whole: whole.len() as u32,
            ..self
        };
        Ok([&head.bytes()[..], &packed].concat())
    }

    /// The block's content; `None` if it is not what the head and the checksum say. Costs at most
    /// [`MOST`] bytes.
    pub(super) fn unpack(
        self,
        packed: &[u8],
        unpacker: &mut zstd::bulk::Decompressor<'_>,
    ) -> Option<Vec<u8>> {
        let whole = self.whole as usize;
        let res = unpacker.decompress(packed, whole).ok()?;
        (res.len() == whole).then_some(res)
    }
}

/// What compresses blocks: the fastest level, with a checksum.
pub(super) fn packer() -> io::Result<zstd::bulk::Compressor<'static>> {
    let mut res = zstd::bulk::Compressor::new(1)?;
    res.include_checksum(true)?;
    Ok(res)
}

/// The header of a packed file.
pub(super) fn header() -> [u8; HEADER] {
    let mut res = [0; HEADER];
    res[..8].copy_from_slice(&MAGIC);
    res[8..10].copy_from_slice(&VERSION.to_le_bytes());
    res[10..12].copy_from_slice(&PACKING.to_le_bytes());
    res
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back_or_are_refused() {
        let head = Head {
            holds: Holds::Records,
            packed: 0,
            whole: 0,
            keyframe: 3,
            steps: 77,
        };
        let whole: Vec<u8> = (0..5000u32).map(|it| (it / 7) as u8).collect();
        let mut packer = packer().expect("a compressor");
        let mut block = head.pack(&whole, &mut packer).expect("it is packed");
        let mut unpacker = zstd::bulk::Decompressor::new().expect("a decompressor");
        let first = block[..HEAD].try_into().expect("a head");
        let read = Head::of(&first).expect("ours");
        assert_eq!((read.steps, read.keyframe, read.whole), (77, 3, 5000));
        assert_eq!(read.unpack(&block[HEAD..], &mut unpacker), Some(whole));
        *block.last_mut().expect("not empty") ^= 1;
        assert_eq!(read.unpack(&block[HEAD..], &mut unpacker), None);
        let larger = Head {
            whole: MOST as u32 + 1,
            ..read
        };
        assert_eq!(Head::of(&larger.bytes()), None);
    }
}
