//! Q8_0: of each of eight rows a 16-bit scale, then of each in turn two of its 32 signed bytes, and so on.
//!
//! Activations have 16 bits: signed bytes times signed bytes is what AVX2 has no instruction for.
#![expect(
    unsafe_code,
    reason = "loads of 16 bytes, and a trait of what needs a processor"
)]

use core::arch::x86_64::{
    __m256, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_cvtepi32_ps,
    _mm256_fmadd_ps, _mm256_madd_epi16, _mm256_setzero_ps, _mm256_setzero_si256,
};

use super::{Blocks, EIGHT, Q8, Q8_0, all, ask, four, halves, start};
use crate::model::kernel::activations::{Group, WIDE};

/// Numbers of a block.
const NUMBERS: usize = 32;
/// Bytes of the scales of eight rows.
const SCALES: usize = 2 * EIGHT;

/// Packs a block of each of eight rows.
pub(in super::super) fn pack(blocks: [&[u8]; EIGHT], out: &mut [u8]) {
    for (row, block) in blocks.iter().enumerate() {
        out[row * 2..][..2].copy_from_slice(&block[..2]);
        for (at, two) in block[2..].chunks_exact(2).enumerate() {
            out[SCALES + (at * EIGHT + row) * 2..][..2].copy_from_slice(two);
        }
    }
}

impl Blocks for Q8 {
    const PIECE: usize = WIDE / NUMBERS * Q8_0;

    #[target_feature(enable = "avx2,fma,f16c")]
    #[inline]
    unsafe fn add<const N: usize>(
        weights: &[u8],
        x: Group<'_>,
        at: usize,
        next: *const u8,
        sums: &mut [__m256; N],
    ) {
        let scales = &x.scales[at * N..][..N];
        let words = &x.words[start::<N>(at)..];
        // A number of blocks that is known leaves the places in the rows known.
        match weights.len() {
            Self::PIECE => piece(weights, WIDE / NUMBERS, words, scales, next, sums),
            it => piece(weights, it / Q8_0, words, scales, next, sums),
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn piece<const N: usize>(
    weights: &[u8],
    blocks: usize,
    words: &[i16],
    scales: &[f32],
    next: *const u8,
    sums: &mut [__m256; N],
) {
    let wide = blocks * NUMBERS;
    assert!(blocks * Q8_0 <= weights.len() && N * wide <= words.len());
    let mut within = [_mm256_setzero_ps(); N];
    for at in 0..blocks {
        ask(next.wrapping_add(at * Q8_0), Q8_0);
        let block = &weights[at * Q8_0..][..Q8_0];
        let mut products = [_mm256_setzero_si256(); N];
        for pair in 0..NUMBERS / 2 {
            // SAFETY: behind its scales a block has 16 bytes for each pair.
            let two =
                unsafe { _mm_loadu_si128(block.as_ptr().add(SCALES + pair * 2 * EIGHT).cast()) };
            let two = _mm256_cvtepi8_epi16(two);
            for (row, product) in products.iter_mut().enumerate() {
                let from = row * wide + at * NUMBERS + pair * 2;
                let both = _mm256_madd_epi16(two, four(words, from));
                *product = _mm256_add_epi32(*product, both);
            }
        }
        let scale = halves(block, 0);
        for (within, product) in within.iter_mut().zip(products) {
            *within = _mm256_fmadd_ps(_mm256_cvtepi32_ps(product), scale, *within);
        }
    }
    for (row, sum) in sums.iter_mut().enumerate() {
        *sum = _mm256_fmadd_ps(within[row], all(scales, row), *sum);
    }
}
