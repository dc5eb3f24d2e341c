//! Dot products of rows of a packed matrix with rows of activations, in AVX2.
//!
//! What is multiplied at a time is a piece: the weights of [`WIDE`] numbers of eight rows, with as many numbers
//! of each of some rows of activations.
#![expect(
    unsafe_code,
    reason = "loads of 32 bytes at a time, and calls of what was compiled for a processor that was looked for"
)]

use core::arch::x86_64::{
    __m256, __m256i, _MM_HINT_T0, _mm_loadu_si128, _mm_prefetch, _mm256_broadcast_ss,
    _mm256_cvtph_ps, _mm256_loadu_si256, _mm256_set1_epi32, _mm256_setzero_ps,
};

use super::activations::{Group, WIDE};

pub(super) mod q4_k;
pub(super) mod q6_k;
pub(super) mod q8_0;
mod quantise;

/// Rows that are packed side by side.
pub(super) const EIGHT: usize = 8;

/// Bytes of a packed block of eight rows of Q8_0.
pub(super) const Q8_0: usize = 34 * EIGHT;
/// Likewise of Q4_K, whose six-bit scales have a byte each here.
pub(super) const Q4_K: usize = 148 * EIGHT;
/// Likewise of Q6_K.
pub(super) const Q6_K: usize = 210 * EIGHT;

/// Times eight rows of a matrix that one thread takes at a time: they stay in its cache while rows of
/// activations pass by.
pub(super) const TAKEN: usize = 4;

/// Bytes between what is multiplied and what is asked of memory meanwhile: weights are read from end to end,
/// and the processor alone does not look far enough ahead.
const AHEAD: usize = 2048;

pub(super) use quantise::{bytes, words};

/// A kind of blocks.
pub(super) trait Blocks {
    /// Bytes of [`WIDE`] numbers of eight rows.
    const PIECE: usize;

    /// Adds to `sums`, one of each of the eight rows, the products of the piece `weights` with piece number
    /// `at` of each of `N` rows, and asks memory for as much from `next` on, bit by bit.
    ///
    /// # Safety
    /// The processor has AVX2, FMA and F16C.
    unsafe fn add<const N: usize>(
        weights: &[u8],
        x: Group<'_>,
        at: usize,
        next: *const u8,
        sums: &mut [__m256; N],
    );
}

/// Blocks of Q8_0.
pub(super) struct Q8;
/// Blocks of Q4_K.
pub(super) struct Q4K;
/// Blocks of Q6_K.
pub(super) struct Q6K;

/// The products of some rows of weights, [`TAKEN`] times eight at most, `stride` bytes each eight, with the
/// `N` rows of `x`: `set(which eight of the rows, row of x, their products)`.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn products<B: Blocks, const N: usize>(
    weights: &[u8],
    stride: usize,
    x: Group<'_>,
    set: impl Fn(usize, usize, __m256),
) {
    for (eight, weights) in weights.chunks_exact(stride).enumerate() {
        let mut sums = [_mm256_setzero_ps(); N];
        for (at, piece) in weights.chunks(B::PIECE).enumerate() {
            let next = piece.as_ptr().wrapping_add(AHEAD);
            // SAFETY: whoever called this has looked at the processor.
            unsafe { B::add(piece, x, at, next, &mut sums) };
        }
        for (token, sum) in sums.into_iter().enumerate() {
            set(eight, token, sum);
        }
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

/// The four bytes from the number at `at`, eight times.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn four<T: Copy>(from: &[T], at: usize) -> __m256i {
    debug_assert!(
        (at * size_of::<T>()) + 4 <= size_of_val(from),
        "a load beyond the end"
    );
    // SAFETY: as in `load`.
    _mm256_set1_epi32(unsafe { from.as_ptr().add(at).cast::<i32>().read_unaligned() })
}

/// The eight half-precision numbers from the byte numbered `at`.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn halves(bytes: &[u8], at: usize) -> __m256 {
    // SAFETY: the slice has sixteen bytes.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(bytes[at..at + 16].as_ptr().cast()) })
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
fn ask(from: *const u8, length: usize) {
    for line in (0..length).step_by(64) {
        _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add(line).cast());
    }
}

/// Where the numbers of piece `at` of `N` rows begin.
fn start<const N: usize>(at: usize) -> usize {
    at * WIDE * N
}

/// `count`, in a way that the compiler cannot see where the rows are four or more: a loop of which it knows
/// the length it unrolls, and then has too many numbers at a time for the registers.
#[inline(always)]
fn some<const N: usize>(count: usize) -> usize {
    match N {
        4.. => core::hint::black_box(count),
        _ => count,
    }
}
