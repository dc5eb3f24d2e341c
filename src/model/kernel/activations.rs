//! Activations as integers, in pieces with one scale each.

use std::{ops::Range, sync::OnceLock};

use candle_core::utils::barrier_pool;

use super::tile;

/// Rows that pass by a row of weights at a time, at most.
pub(super) const ROWS: usize = 8;
/// Four bytes, so many times, are a piece of a row.
pub(super) const FOURS: usize = 64;

/// How long the integers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// Within ±127: of a byte and its like two products fit 16 bits.
    Bytes,
    /// Within ±32767.
    Words,
}

impl Length {
    /// Numbers of a whole piece.
    pub(super) const fn numbers(self) -> usize {
        match self {
            Self::Bytes => FOURS * 4,
            Self::Words => FOURS * 2,
        }
    }
}

/// Numbers of one row: `number ≈ scale × integer`.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    /// Four bytes or two words each; 0 beyond the row's end.
    pub(super) fours: [i32; FOURS],
    /// Two words each: the sums of 16 bytes.
    pub(super) sixteens: [i32; 8],
    /// Likewise of 32.
    pub(super) sums: [i32; 4],
    pub(super) scale: f32,
}

impl Piece {
    pub(super) const NONE: Self = Self {
        fours: [0; FOURS],
        sixteens: [0; 8],
        sums: [0; 4],
        scale: 0.0,
    };

    /// Of at most [`Length::numbers`], a multiple of 32.
    fn of(numbers: &[f32], length: Length) -> Self {
        let mut res = Self::NONE;
        tile::integers(numbers, length, &mut res);
        res
    }
}

/// A row's pieces.
pub(super) type Row = Vec<Piece>;

/// Rows of integers.
pub(super) struct Activations(Vec<Row>);

impl Activations {
    /// Rows of `columns` numbers, a multiple of 32.
    pub(super) fn new(numbers: &[f32], columns: usize, length: Length) -> Self {
        let row = |of: &[f32]| -> Row {
            let pieces = of.chunks(length.numbers());
            pieces.map(|it| Piece::of(it, length)).collect()
        };
        let rows = numbers.len() / columns;
        if rows == 1 {
            return Self(vec![row(numbers)]);
        }
        let places: Vec<OnceLock<Row>> = (0..rows).map(|_| OnceLock::new()).collect();
        barrier_pool().execute_chunked(rows, |range| {
            for at in range {
                places[at].get_or_init(|| row(&numbers[at * columns..(at + 1) * columns]));
            }
        });
        let made = places.into_iter().filter_map(OnceLock::into_inner);
        Self(made.collect())
    }

    /// How many rows.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// As few groups of at most [`ROWS`] rows as can be, of about one size; each with the number of its first.
    pub(super) fn groups(&self) -> impl Iterator<Item = (usize, &[Row])> {
        groups(self.len()).map(|it| (it.start, &self.0[it]))
    }
}

fn groups(rows: usize) -> impl Iterator<Item = Range<usize>> {
    let count = rows.div_ceil(ROWS);
    (0..count).map(move |it| it * rows / count..(it + 1) * rows / count)
}
