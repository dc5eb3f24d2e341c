//! Dot products of rows of a quantised matrix with rows of activations, in AVX2.
//!
//! What is multiplied at a time is a piece: one row's weights of [`WIDE`] numbers, with as many numbers of
//! each of some rows of activations. Where the rows are many, each piece of all of them passes by all rows
//! of weights before the next does, because they stay in the nearest cache then; the sums wait in memory.
#![expect(
    unsafe_code,
    reason = "loads of 32 bytes at a time, and calls of what was compiled for a processor that was looked for"
)]

use core::arch::x86_64::{
    __m256, __m256i, _MM_HINT_T0, _MM_HINT_T1, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32,
    _mm_movehdup_ps, _mm_movehl_ps, _mm_prefetch, _mm_set1_epi16, _mm256_broadcast_ss,
    _mm256_castps256_ps128, _mm256_cvtph_ps, _mm256_extractf128_ps, _mm256_loadu_si256,
    _mm256_setzero_ps,
};

use super::activations::{Group, WIDE};

mod q4_k;
mod q6_k;
mod q8_0;
mod quantise;

/// Numbers in a Q8_0 block, and its bytes.
pub(super) const Q8_0: (usize, usize) = (32, 34);
/// Likewise of Q4_K.
pub(super) const Q4_K: (usize, usize) = (256, 144);
/// Likewise of Q6_K.
pub(super) const Q6_K: (usize, usize) = (256, 210);

/// Rows of a matrix that one thread takes at a time: they stay in its cache while rows of activations
/// pass by.
pub(super) const TAKEN: usize = 32;

/// From so many rows of activations on they go piece by piece.
const MANY: usize = 4;

/// Bytes between what is multiplied with few rows and what is asked of memory meanwhile: weights are read
/// once, from end to end, and the processor alone does not look far enough ahead.
const AHEAD: usize = 1024;

pub(super) use quantise::{bytes, words};

/// A kind of blocks.
pub(super) trait Blocks {
    /// Bytes of [`WIDE`] numbers.
    const PIECE: usize;

    /// Adds to `sums` the products of the piece `weights` with piece number `at` of each of `N` rows.
    ///
    /// # Safety
    /// The processor has AVX2, FMA and F16C.
    unsafe fn add<const N: usize>(weights: &[u8], x: Group<'_>, at: usize, sums: &mut [__m256; N]);
}

/// Blocks of Q8_0.
pub(super) struct Q8;
/// Blocks of Q4_K.
pub(super) struct Q4K;
/// Blocks of Q6_K.
pub(super) struct Q6K;

/// The products of some rows of weights, [`TAKEN`] at most, `stride` bytes each, with the `N` rows of `x`:
/// `set(row of weights, row of x, product)`.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn products<B: Blocks, const N: usize>(
    weights: &[u8],
    stride: usize,
    x: Group<'_>,
    set: impl Fn(usize, usize, f32),
) {
    let give = |row: usize, sums: [__m256; N]| {
        for (token, sum) in sums.into_iter().enumerate() {
            set(row, token, total(sum));
        }
    };
    let none = [_mm256_setzero_ps(); N];
    if N < MANY {
        for (row, weights) in weights.chunks_exact(stride).enumerate() {
            let mut sums = none;
            for (at, piece) in weights.chunks(B::PIECE).enumerate() {
                ask::<_MM_HINT_T0>(piece.as_ptr().wrapping_add(AHEAD), piece.len());
                // SAFETY: whoever called this has looked at the processor.
                unsafe { B::add(piece, x, at, &mut sums) };
            }
            give(row, sums);
        }
        return;
    }
    let mut sums = [none; TAKEN];
    // The rows that come next, from end to end, while pieces of these are picked from here and there.
    let mut next = weights.as_ptr().wrapping_add(weights.len());
    for (at, from) in (0..stride).step_by(B::PIECE).enumerate() {
        let piece = from..stride.min(from + B::PIECE);
        for (weights, sums) in weights.chunks_exact(stride).zip(&mut sums) {
            ask::<_MM_HINT_T1>(next, piece.len());
            next = next.wrapping_add(piece.len());
            // SAFETY: as above.
            unsafe { B::add(&weights[piece.clone()], x, at, sums) };
        }
    }
    for (row, sums) in sums.into_iter().take(weights.len() / stride).enumerate() {
        give(row, sums);
    }
}

/// 32 bytes from the number at `at`.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn load<T: Copy>(from: &[T], at: usize) -> __m256i {
    debug_assert!(
        (at * size_of::<T>()) + 32 <= size_of_val(from),
        "a load beyond the end"
    );
    // SAFETY: callers assert the lengths before their loops; integers have no invalid bits.
    unsafe { _mm256_loadu_si256(from.as_ptr().add(at).cast()) }
}

/// The sum of eight numbers, always in the same order.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn total(of: __m256) -> f32 {
    let halves = _mm_add_ps(_mm256_castps256_ps128(of), _mm256_extractf128_ps::<1>(of));
    let pairs = _mm_add_ps(halves, _mm_movehl_ps(halves, halves));
    _mm_cvtss_f32(_mm_add_ss(pairs, _mm_movehdup_ps(pairs)))
}

/// The half-precision number from the byte numbered `at`, eight times.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn half(bytes: &[u8], at: usize) -> __m256 {
    debug_assert!(at + 2 <= bytes.len(), "a load beyond the end");
    // SAFETY: as in `load`.
    let bits = unsafe { bytes.as_ptr().add(at).cast::<i16>().read_unaligned() };
    // All eight are converted: the compiler would insert a single one into whatever register comes
    // handy, and wait for what that one is for.
    _mm256_cvtph_ps(_mm_set1_epi16(bits))
}

/// The number at `at`, eight times.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn all(numbers: &[f32], at: usize) -> __m256 {
    _mm256_broadcast_ss(&numbers[at])
}

/// Asks for `length` bytes, which may lie beyond the end of what there is.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn ask<const NEAR: i32>(from: *const u8, length: usize) {
    for line in (0..length).step_by(64) {
        _mm_prefetch::<NEAR>(from.wrapping_add(line).cast());
    }
}

/// Where the numbers of piece `at` of `N` rows begin.
fn start<const N: usize>(at: usize) -> usize {
    at * WIDE * N
}
