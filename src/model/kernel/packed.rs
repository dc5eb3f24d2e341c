//! Quantised matrices in the order that the kernels read them: eight rows side by side.
//!
//! A register then has a few neighbouring numbers of each of the eight rows, and sums stay where they are:
//! each lane has its own row's. After llama.cpp's repacked types (`ggml-cpu/repack.cpp`).
//!
//! Unlike there, several eights are a slab, in which the first piece of each comes before the second of any:
//! what a piece is multiplied with is made ready once for a whole slab, and memory is read from end to end.

use std::ops::Range;
use std::thread;

use candle_core::Result;
use candle_core::quantized::{GgmlDType, QTensor};

use super::activations::Length;
use super::avx2::{self, EIGHT};
use super::pages::Pages;

/// Times eight rows of a slab; the last has what is left.
pub(super) const SLAB: usize = 16;

/// Which blocks a matrix has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Q8_0,
    Q4K,
    Q6K,
}

/// A matrix of `rows`, which are filled up to a multiple of eight by rows of zeros.
pub(in crate::model) struct Packed {
    pub(super) kind: Kind,
    rows: usize,
    columns: usize,
    /// `[slabs][pieces][eights]`, see [`Kind::put`].
    bytes: Pages,
}

impl Kind {
    pub(super) fn of(dtype: GgmlDType) -> Option<Self> {
        match dtype {
            GgmlDType::Q8_0 => Some(Self::Q8_0),
            GgmlDType::Q4K => Some(Self::Q4K),
            GgmlDType::Q6K => Some(Self::Q6K),
            _ => None,
        }
    }

    /// Numbers and bytes of a block as it is stored, and the bytes that it takes here.
    fn block(self) -> (usize, usize, usize) {
        match self {
            Self::Q8_0 => (32, 34, avx2::Q8_0 / EIGHT),
            Self::Q4K => (256, 144, avx2::Q4_K / EIGHT),
            Self::Q6K => (256, 210, avx2::Q6_K / EIGHT),
        }
    }

    /// How long the integers are that it is multiplied with.
    pub(super) fn length(self) -> Length {
        match self {
            Self::Q8_0 => Length::Words,
            Self::Q4K | Self::Q6K => Length::Bytes,
        }
    }

    /// Bytes that eight rows have of a piece.
    fn piece(self) -> usize {
        let (numbers, _, packed) = self.block();
        self.length().numbers() / numbers * packed * EIGHT
    }

    /// Writes a slab to `out`, from rows of `columns` numbers by their places in it, empty beyond the last.
    fn slab<'a>(self, columns: usize, row: impl Fn(usize) -> &'a [u8], out: &mut [u8]) {
        let (numbers, stored, packed) = self.block();
        let eights = out.len() / (columns / numbers * packed * EIGHT);
        let rows: Vec<[&[u8]; EIGHT]> = (0..eights)
            .map(|eight| std::array::from_fn(|at| row(eight * EIGHT + at)))
            .collect();
        let mut from = 0;
        for out in out.chunks_mut(eights * self.piece()) {
            let blocks = out.len() / (eights * packed * EIGHT);
            let blocks_of = |eight: &mut [u8], rows: [&[u8]; EIGHT]| {
                for (at, block) in eight.chunks_exact_mut(packed * EIGHT).enumerate() {
                    self.put(rows, from + at * stored, block);
                }
            };
            let each = out.chunks_exact_mut(blocks * packed * EIGHT);
            each.zip(&rows)
                .for_each(|(eight, rows)| blocks_of(eight, *rows));
            from += blocks * stored;
        }
    }

    /// Writes the block that begins at byte `from` of each of eight rows, layout as in ggml's
    /// `ggml-common.h`, to `out`, layout as in the kind's kernel.
    fn put(self, rows: [&[u8]; EIGHT], from: usize, out: &mut [u8]) {
        let (_, bytes, _) = self.block();
        let blocks = rows.map(|it| it.get(from..from + bytes).unwrap_or(&[0; 210][..bytes]));
        match self {
            Self::Q8_0 => avx2::q8_0::pack(blocks, out),
            Self::Q4K => avx2::q4_k::pack(blocks, out),
            Self::Q6K => avx2::q6_k::pack(blocks, out),
        }
    }
}

impl Packed {
    /// Bytes of a packed matrix of `dtype`; none where it has no kernel.
    pub(super) fn size(dtype: GgmlDType, rows: usize, columns: usize) -> Option<usize> {
        let (numbers, _, packed) = Kind::of(dtype)?.block();
        let fits = columns.is_multiple_of(numbers);
        fits.then(|| rows.next_multiple_of(EIGHT) * (columns / numbers) * packed)
    }

    /// A copy of `matrix`. None where there is no kernel for it.
    pub(super) fn of(matrix: &QTensor) -> Result<Option<Self>> {
        let (rows, columns) = matrix.shape().dims2()?;
        let (Some(kind), true) = (Kind::of(matrix.dtype()), matrix.device().is_cpu()) else {
            return Ok(None);
        };
        let Some(size) = Self::size(matrix.dtype(), rows, columns) else {
            return Ok(None);
        };
        let (numbers, stored, packed) = kind.block();
        let stride = columns / numbers * stored;
        let data = matrix.data()?;
        let row = |at: usize| data.get(at * stride..(at + 1) * stride).unwrap_or_default();
        let mut bytes = Pages::new(size)?;
        let of_slab = SLAB * columns / numbers * packed * EIGHT;
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let share = rows.div_ceil(SLAB * EIGHT).div_ceil(threads).max(1);
        thread::scope(|scope| {
            let parts = bytes.get_mut().chunks_mut((share * of_slab).max(1));
            for (part, out) in parts.enumerate() {
                let row = &row;
                scope.spawn(move || {
                    for (at, out) in out.chunks_mut(of_slab).enumerate() {
                        let first = (part * share + at) * SLAB * EIGHT;
                        kind.slab(columns, |at| row(first + at), out);
                    }
                });
            }
        });
        Ok(Some(Self {
            kind,
            rows,
            columns,
            bytes,
        }))
    }

    /// Rows and columns.
    pub(in crate::model) fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// How often there are eight rows.
    pub(super) fn eights(&self) -> usize {
        self.rows.div_ceil(EIGHT)
    }

    /// What some eights of one slab have of each piece, one eight behind the other, and how many bytes of others
    /// lie before what they have of the next.
    pub(super) fn pieces(&self, eights: Range<usize>) -> impl Iterator<Item = (&[u8], usize)> {
        let eight = self.columns / self.kind.block().0 * self.kind.block().2 * EIGHT;
        let slab = eights.start / SLAB * SLAB;
        let all = SLAB.min(self.eights() - slab);
        let bytes = &self.bytes.get()[slab * eight..(slab + all) * eight];
        let piece = self.kind.piece();
        let skipped = eights.start - slab;
        bytes.chunks(all * piece).map(move |pieces| {
            // The last may be shorter.
            let piece = pieces.len() / all;
            let ours = &pieces[skipped * piece..(skipped + eights.len()) * piece];
            (ours, pieces.len() - ours.len())
        })
    }

    /// How much memory it takes.
    pub(in crate::model) fn len(&self) -> usize {
        self.bytes.get().len()
    }
}
