//! Dot products of rows of a packed matrix with rows of activations, in AVX2.
//!
//! What is multiplied at a time is a piece of eight rows of weights with the same piece of each of some rows of
//! activations. Of these every four bytes stand in memory eight times, once for each row of weights: an
//! instruction multiplies them where they lie, and another to spread them would cost as much as that one.
#![expect(
    unsafe_code,
    reason = "loads of 32 bytes at a time, and calls of what was compiled for a processor that was looked for"
)]

use core::arch::x86_64::{
    __m256, __m256i, _MM_HINT_T0, _mm_loadu_si128, _mm_prefetch, _mm256_broadcast_ss,
    _mm256_cvtph_ps, _mm256_loadu_si256, _mm256_set1_epi32, _mm256_setzero_si256,
};

use super::activations::{FOURS, Piece, ROWS, Row};

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

/// Bytes between what is multiplied and what is asked of memory meanwhile: weights are read from end to end,
/// and the processor alone does not look far enough ahead.
const AHEAD: usize = 2048;

pub(super) use quantise::{bytes, words};

/// A piece of each of some rows of activations, each number in all lanes.
pub(super) struct Spread {
    /// By eight, so that they are read from end to end.
    fours: [[[__m256i; 8]; ROWS]; FOURS / 8],
    sixteens: [[__m256i; 8]; ROWS],
    sums: [[__m256i; 4]; ROWS],
    scales: [f32; ROWS],
}

impl Spread {
    /// Nothing yet.
    #[target_feature(enable = "avx2,fma,f16c")]
    pub(super) fn new() -> Self {
        let zero = _mm256_setzero_si256();
        Self {
            fours: [[[zero; 8]; ROWS]; FOURS / 8],
            sixteens: [[zero; 8]; ROWS],
            sums: [[zero; 4]; ROWS],
            scales: [0.0; ROWS],
        }
    }

    /// Puts in a row's place what `from` has.
    #[target_feature(enable = "avx2,fma,f16c")]
    #[inline]
    fn set(&mut self, row: usize, from: &Piece) {
        for (from, to) in from.fours.as_chunks().0.iter().zip(&mut self.fours) {
            lanes(from, &mut to[row]);
        }
        self.scales[row] = from.scale;
    }
}

/// A kind of blocks.
pub(super) trait Blocks {
    /// Makes piece `at` of the rows `x` ready: what the kind needs of it.
    ///
    /// # Safety
    /// The processor has AVX2, FMA and F16C.
    unsafe fn spread(x: &[Row], at: usize, to: &mut Spread);

    /// Adds to `sums`, one of each of the eight rows, the products of the piece `weights` with `x`, and asks
    /// memory for as much from `next` on, bit by bit.
    ///
    /// # Safety
    /// Likewise.
    unsafe fn add<const N: usize>(
        weights: &[u8],
        x: &Spread,
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

/// Adds to `sums` the products of `weights`, piece `at` of as many times eight rows as there are sums, with
/// that of the `N` rows `x`, which `spread` is for. The next piece begins `gap` bytes behind this one.
///
/// # Safety
/// The processor has AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn add<B: Blocks, const N: usize>(
    (weights, gap): (&[u8], usize),
    (x, at): (&[Row], usize),
    spread: &mut Spread,
    sums: &mut [[__m256; N]],
) {
    const { assert!(N <= ROWS, "more rows than there is room for") };
    // SAFETY: the caller's promise.
    unsafe { B::spread(x, at, spread) };
    let eight = weights.len() / sums.len().max(1);
    for (from, sums) in (0..).step_by(eight.max(1)).zip(sums) {
        let ahead = match from + AHEAD {
            it if weights.len() <= it => it + gap,
            it => it,
        };
        let next = weights.as_ptr().wrapping_add(ahead);
        // SAFETY: likewise.
        unsafe { B::add(&weights[from..from + eight], spread, next, sums) };
    }
}

/// Each of `from` in all lanes.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn lanes<const C: usize>(from: &[i32; C], to: &mut [__m256i; C]) {
    for (from, to) in from.iter().zip(to) {
        *to = _mm256_set1_epi32(*from);
    }
}

/// 32 bytes from that at `at`.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn load(from: &[u8], at: usize) -> __m256i {
    debug_assert!(at + 32 <= from.len(), "a load beyond the end");
    // SAFETY: callers assert the lengths before their loops.
    unsafe { _mm256_loadu_si256(from.as_ptr().add(at).cast()) }
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

/// `from`, in a way that the compiler cannot see how long it is where the rows are four or more: a loop of which
/// it knows the length it unrolls, and then has too many numbers at a time for the registers.
#[inline(always)]
fn some<const N: usize, T>(from: &[T]) -> &[T] {
    match N {
        4.. => core::hint::black_box(from),
        _ => from,
    }
}
