//! Queries that look at the same keys and values, which are read once for all of them.
//!
//! There are two passes, one over keys and one over values, a few positions at a time: what a query needs of
//! them is in the nearest memory until the last one has had it.
#![expect(
    unsafe_code,
    reason = "a call of what was compiled for a processor that was looked for"
)]

use std::ops::Range;

use super::can;
use super::lanes::{self, Lanes};

/// Positions that are taken at a time; a register's worth, so that a lone query fills one with its scores.
const STEP: usize = 8;

/// Numbers that a head's width has to be a multiple of.
pub(super) const UNIT: usize = size_of::<Lanes>() / size_of::<f32>();

/// Positions one behind the other that the same queries see.
pub(super) struct Stretch<'a> {
    /// `[positions][width]`.
    pub keys: &'a [f32],
    /// Likewise.
    pub values: &'a [f32],
    /// How many positions those who see it saw before.
    pub at: usize,
    /// Who see it.
    pub queries: Range<usize>,
}

/// What each of `queries [queries][width]` makes of the stretches that it sees, in the same shape. A query's
/// stretches follow one another without a gap.
pub(super) fn mixed(
    queries: &[f32],
    width: usize,
    stretches: &[Stretch<'_>],
    scale: f32,
) -> Vec<f32> {
    debug_assert!(can(), "no kernel for this processor");
    // SAFETY: nothing gets here unless it `can`.
    unsafe { attended(queries, width / UNIT, stretches, scale) }
}

/// Likewise, of rows that are `wide` registers long.
#[target_feature(enable = "avx2,fma")]
fn attended(queries: &[f32], wide: usize, stretches: &[Stretch<'_>], scale: f32) -> Vec<f32> {
    let scaled = |it: &Lanes| it.map(|it| it * scale);
    let queries: Vec<Lanes> = queries.as_chunks().0.iter().map(scaled).collect();
    let mut seen = vec![0; queries.len() / wide];
    for it in stretches {
        let end = it.at + it.keys.len() / (wide * UNIT);
        for seen in &mut seen[it.queries.clone()] {
            *seen = end.max(*seen);
        }
    }
    let stride = seen.iter().copied().max().unwrap_or(0);
    let stride = stride.next_multiple_of(UNIT);

    // What nobody writes counts nothing.
    let mut scores = vec![f32::NEG_INFINITY; seen.len() * stride];
    each_step(
        stretches,
        wide,
        |it| it.keys,
        |keys, at, queried| {
            let to = &mut scores[queried.start * stride + at..];
            let from = &queries[queried.start * wide..];
            match queried.len() {
                4 => score::<4, 2>(from, keys, wide, to, stride),
                2 => score::<2, 4>(from, keys, wide, to, stride),
                _ => score::<1, 8>(from, keys, wide, to, stride),
            }
        },
    );

    let mut sums = Vec::with_capacity(seen.len());
    for (scores, seen) in scores.chunks_exact_mut(stride.max(1)).zip(&seen) {
        let scores = &mut scores.as_chunks_mut().0[..seen.div_ceil(UNIT)];
        sums.push(lanes::powers(scores));
    }

    let mut res = vec![[0.0; UNIT]; queries.len()];
    each_step(
        stretches,
        wide,
        |it| it.values,
        |values, at, queried| {
            let to = &mut res[queried.start * wide..];
            let from = &scores[queried.start * stride + at..];
            match queried.len() {
                4 => add::<4, 2>(from, stride, values, wide, to),
                2 => add::<2, 4>(from, stride, values, wide, to),
                _ => add::<1, 8>(from, stride, values, wide, to),
            }
        },
    );
    for (res, sum) in res.chunks_exact_mut(wide).zip(sums) {
        for it in res.as_flattened_mut() {
            *it /= sum;
        }
    }
    res.into_flattened()
}

/// Calls `of` with some positions' `rows` of a stretch, the first one's place, and four, two or one of those
/// who see it; all who do before the next positions are taken.
#[target_feature(enable = "avx2,fma")]
fn each_step<'a>(
    stretches: &'a [Stretch<'a>],
    wide: usize,
    rows: impl Fn(&Stretch<'a>) -> &'a [f32],
    mut of: impl FnMut(&[Lanes], usize, Range<usize>),
) {
    let steps = stretches.iter().flat_map(|it| {
        let steps = rows(it).as_chunks().0.chunks(STEP * wide);
        let places = (it.at..).step_by(STEP);
        steps.zip(places).map(move |(rows, at)| (it, rows, at))
    });
    let mut steps = steps.peekable();
    while let Some((it, rows, at)) = steps.next() {
        if let Some((_, next, _)) = steps.peek() {
            lanes::fetch(next);
        }
        let mut first = it.queries.start;
        while first < it.queries.end {
            let together = match it.queries.end - first {
                4.. => 4,
                2.. => 2,
                _ => 1,
            };
            of(rows, at, first..first + together);
            first += together;
        }
    }
}

/// The scores of `Q` of `queries [_][wide]` with `keys [positions][wide]`, as rows of `scores [_][stride]`.
#[target_feature(enable = "avx2,fma")]
fn score<const Q: usize, const K: usize>(
    queries: &[Lanes],
    keys: &[Lanes],
    wide: usize,
    scores: &mut [f32],
    stride: usize,
) {
    let positions = keys.len() / wide;
    let mut asked = [&queries[..wide]; Q];
    for (at, it) in asked.iter_mut().enumerate() {
        *it = &queries[at * wide..][..wide];
    }
    for first in (0..positions).step_by(K) {
        let mut looked = [&keys[..wide]; K];
        for (at, it) in looked.iter_mut().enumerate() {
            // Beyond the last it is the last again, whose other results nobody takes.
            let at = (first + at).min(positions - 1);
            *it = &keys[at * wide..][..wide];
        }
        let found = lanes::products(asked, looked);
        let taken = K.min(positions - first);
        for (at, found) in found.chunks_exact(K).enumerate() {
            scores[at * stride + first..][..taken].copy_from_slice(&found[..taken]);
        }
    }
}

/// Adds to `Q` rows of `to [_][wide]` what each row of `shares [_][stride]` has of `values
/// [positions][wide]`.
#[target_feature(enable = "avx2,fma")]
fn add<const Q: usize, const C: usize>(
    shares: &[f32],
    stride: usize,
    values: &[Lanes],
    wide: usize,
    to: &mut [Lanes],
) {
    let positions = values.len() / wide;
    let mut each = [&shares[..positions]; Q];
    for (at, it) in each.iter_mut().enumerate() {
        *it = &shares[at * stride..][..positions];
    }
    let to = &mut to[..Q * wide];
    let whole = wide - wide % C;
    for column in (0..whole).step_by(C) {
        lanes::add::<Q, C>(to, each, values, (wide, column));
    }
    for column in whole..wide {
        lanes::add::<Q, 1>(to, each, values, (wide, column));
    }
}
