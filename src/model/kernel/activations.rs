//! Activations in 8 bits, as the kernels multiply them.

use rayon::prelude::*;

use super::tile;

/// Numbers that the sums are kept of.
pub(super) const SUMMED: usize = 16;

/// Rows of numbers, each block of a row as bytes with one scale: `number ≈ scale × byte`.
///
/// Bytes are between -127 and 127: of a byte and its like two products fit 16 bits.
pub(super) struct Activations {
    /// `[rows][columns]`.
    bytes: Vec<i8>,
    /// `[rows][columns / block]`.
    scales: Vec<f32>,
    /// Of every [`SUMMED`] bytes, `[rows][columns / SUMMED]`.
    sums: Vec<i16>,
    columns: usize,
    block: usize,
}

/// One of the rows.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) bytes: &'a [i8],
    pub(super) scales: &'a [f32],
    pub(super) sums: &'a [i16],
}

impl Activations {
    /// Rows of `columns` numbers, in blocks of `block`, a multiple of [`SUMMED`] that divides `columns`.
    pub(super) fn new(numbers: &[f32], columns: usize, block: usize) -> Self {
        let rows = numbers.len() / columns;
        let mut res = Self {
            bytes: vec![0; rows * columns],
            scales: vec![0.0; rows * (columns / block)],
            sums: vec![0; rows * (columns / SUMMED)],
            columns,
            block,
        };
        res.bytes
            .par_chunks_mut(columns)
            .zip(res.scales.par_chunks_mut(columns / block))
            .zip(res.sums.par_chunks_mut(columns / SUMMED))
            .zip(numbers.par_chunks(columns))
            .for_each(|(((bytes, scales), sums), numbers)| {
                for ((bytes, scale), numbers) in bytes
                    .chunks_exact_mut(block)
                    .zip(scales)
                    .zip(numbers.chunks_exact(block))
                {
                    *scale = tile::quantise(numbers, bytes);
                }
                for (sum, bytes) in sums.iter_mut().zip(bytes.chunks_exact(SUMMED)) {
                    *sum = bytes.iter().map(|&it| i16::from(it)).sum();
                }
            });
        res
    }

    /// How many rows.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() / self.columns
    }

    pub(super) fn row(&self, index: usize) -> Row<'_> {
        let of = |each: usize| index * (self.columns / each)..(index + 1) * (self.columns / each);
        Row {
            bytes: &self.bytes[of(1)],
            scales: &self.scales[of(self.block)],
            sums: &self.sums[of(SUMMED)],
        }
    }
}
