//! Activations as integers, laid out as the kernels read them.

use std::{ops::Range, sync::OnceLock};

use candle_core::utils::barrier_pool;

use super::tile;

/// Numbers of a row that have one scale; the last may be fewer.
pub(super) const WIDE: usize = 256;
/// Sums kept of so many numbers, each of 32.
pub(super) const SUMS: usize = 8;
/// Likewise, of 16.
pub(super) const SIXTEENS: usize = 16;
/// Rows that pass by a row of weights at a time, at most.
pub(super) const ROWS: usize = 8;

/// How long the integers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// Within ±127: of a byte and its like two products fit 16 bits.
    Bytes,
    /// Within ±32767.
    Words,
}

/// Rows of numbers, each piece of a row with one scale: `number ≈ scale × integer`.
///
/// Rows stand in groups of [`ROWS`] at most.
pub(super) struct Activations(Vec<Held>);

/// A group of rows: the first piece of each, then the second of each, and so on.
struct Held {
    rows: Range<usize>,
    bytes: Near<i8>,
    words: Near<i16>,
    scales: Vec<f32>,
    /// Of every 32 bytes.
    sums: Vec<i16>,
    /// Of every 16 bytes.
    sixteens: Vec<i16>,
}

/// A group of rows as the kernels see it: empty is what its length of integers has not.
#[derive(Clone, Copy)]
pub(super) struct Group<'a> {
    /// `[pieces][rows][WIDE]`.
    pub(super) bytes: &'a [i8],
    /// Likewise.
    pub(super) words: &'a [i16],
    /// `[pieces][rows]`.
    pub(super) scales: &'a [f32],
    /// `[pieces][rows][SUMS]`.
    pub(super) sums: &'a [i16],
    /// `[pieces][rows][SIXTEENS]`.
    pub(super) sixteens: &'a [i16],
}

/// Numbers that begin where a line of the cache does, so that no load of 32 bytes touches two.
pub(super) struct Near<T> {
    all: Vec<T>,
    from: usize,
    len: usize,
}

impl<T: Copy + Default> Near<T> {
    /// Zeros.
    pub(super) fn new(len: usize) -> Self {
        let line = 64 / size_of::<T>();
        let all = vec![T::default(); if len == 0 { 0 } else { len + line }];
        let from = all.as_ptr().align_offset(64).min(line);
        Self { all, from, len }
    }

    pub(super) fn get(&self) -> &[T] {
        self.all.get(self.from..).map_or(&[], |it| &it[..self.len])
    }

    pub(super) fn get_mut(&mut self) -> &mut [T] {
        let all = self.all.get_mut(self.from..);
        all.map_or(&mut [], |it| &mut it[..self.len])
    }
}

/// The groups of `rows` rows: as few as can be, and of about one size.
fn groups(rows: usize) -> impl Iterator<Item = Range<usize>> {
    let count = rows.div_ceil(ROWS);
    (0..count).map(move |it| it * rows / count..(it + 1) * rows / count)
}

impl Activations {
    /// Rows of `columns` numbers, a multiple of 32, as bytes one of [`WIDE`].
    pub(super) fn new(numbers: &[f32], columns: usize, length: Length) -> Self {
        let groups: Vec<Range<usize>> = groups(numbers.len() / columns).collect();
        let held = |rows: &Range<usize>| {
            let numbers = &numbers[rows.start * columns..rows.end * columns];
            Held::new(rows.clone(), numbers, columns, length)
        };
        if let [alone] = &groups[..] {
            return Self(vec![held(alone)]);
        }
        let places: Vec<OnceLock<Held>> = groups.iter().map(|_| OnceLock::new()).collect();
        barrier_pool().execute_chunked(groups.len(), |range| {
            for at in range {
                places[at].get_or_init(|| held(&groups[at]));
            }
        });
        Self(
            places
                .into_iter()
                .filter_map(OnceLock::into_inner)
                .collect(),
        )
    }

    /// How many rows.
    pub(super) fn len(&self) -> usize {
        self.0.last().map_or(0, |it| it.rows.end)
    }

    /// Each group, with the numbers of its rows.
    pub(super) fn groups(&self) -> impl Iterator<Item = (Range<usize>, Group<'_>)> {
        self.0.iter().map(|it| {
            let group = Group {
                bytes: it.bytes.get(),
                words: it.words.get(),
                scales: &it.scales,
                sums: &it.sums,
                sixteens: &it.sixteens,
            };
            (it.rows.clone(), group)
        })
    }
}

impl Held {
    fn new(rows: Range<usize>, numbers: &[f32], columns: usize, length: Length) -> Self {
        let (bytes, words) = match length {
            Length::Bytes => (numbers.len(), 0),
            Length::Words => (0, numbers.len()),
        };
        let mut res = Self {
            bytes: Near::new(bytes),
            words: Near::new(words),
            scales: Vec::with_capacity(rows.len() * columns.div_ceil(WIDE)),
            sums: Vec::with_capacity(bytes / WIDE * SUMS),
            sixteens: Vec::with_capacity(bytes / WIDE * SIXTEENS),
            rows,
        };
        let mut to = 0;
        for from in (0..columns).step_by(WIDE) {
            let wide = WIDE.min(columns - from);
            for row in numbers.chunks_exact(columns) {
                let numbers = &row[from..from + wide];
                match length {
                    Length::Bytes => res.put_bytes(numbers, to),
                    Length::Words => {
                        let words = &mut res.words.get_mut()[to..to + wide];
                        res.scales.push(tile::words(numbers, words));
                    }
                }
                to += wide;
            }
        }
        res
    }

    fn put_bytes(&mut self, numbers: &[f32], to: usize) {
        let bytes = &mut self.bytes.get_mut()[to..to + numbers.len()];
        let scale = tile::bytes(numbers, bytes);
        self.scales.push(scale);
        for two in bytes.chunks_exact(32) {
            let (a, b) = two.split_at(16);
            let [a, b] = [a, b].map(|it| it.iter().map(|&it| i16::from(it)).sum::<i16>());
            self.sixteens.extend([a, b]);
            self.sums.push(a + b);
        }
    }
}
