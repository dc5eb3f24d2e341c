//! Q8_0: a 16-bit scale and 32 signed bytes; layout as in ggml's `ggml-common.h`.
//!
//! Activations have 16 bits: signed bytes times signed bytes is what AVX2 has no instruction for.
#![expect(
    unsafe_code,
    reason = "loads of 16 bytes, and a trait of what needs a processor"
)]

use core::arch::x86_64::{
    __m256, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_cvtepi32_ps,
    _mm256_fmadd_ps, _mm256_madd_epi16, _mm256_setzero_ps,
};

use super::{Blocks, Q8, Q8_0, all, half, load, start};
use crate::model::kernel::activations::{Group, WIDE};

impl Blocks for Q8 {
    const PIECE: usize = WIDE / Q8_0.0 * Q8_0.1;

    #[target_feature(enable = "avx2,fma,f16c")]
    #[inline]
    unsafe fn add<const N: usize>(weights: &[u8], x: Group<'_>, at: usize, sums: &mut [__m256; N]) {
        let scales = &x.scales[at * N..][..N];
        let words = &x.words[start::<N>(at)..];
        // A number of blocks that is known leaves the places in the rows known.
        match weights.len() {
            Self::PIECE => piece(weights, WIDE / Q8_0.0, words, scales, sums),
            it => piece(weights, it / Q8_0.1, words, scales, sums),
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
    sums: &mut [__m256; N],
) {
    let wide = blocks * Q8_0.0;
    assert!(blocks * Q8_0.1 <= weights.len() && N * wide <= words.len());
    let mut within = [_mm256_setzero_ps(); N];
    for at in 0..blocks {
        let block = at * Q8_0.1;
        let scale = half(weights, block);
        // SAFETY: a block has 16 bytes after its scale, and 16 more.
        let sixteen = |from: usize| unsafe {
            _mm256_cvtepi8_epi16(_mm_loadu_si128(
                weights.as_ptr().add(block + 2 + from).cast(),
            ))
        };
        let (low, high) = (sixteen(0), sixteen(16));
        for (row, sum) in within.iter_mut().enumerate() {
            let from = row * wide + at * Q8_0.0;
            let low = _mm256_madd_epi16(low, load(words, from));
            let high = _mm256_madd_epi16(high, load(words, from + 16));
            let products = _mm256_cvtepi32_ps(_mm256_add_epi32(low, high));
            *sum = _mm256_fmadd_ps(products, scale, *sum);
        }
    }
    for (row, sum) in sums.iter_mut().enumerate() {
        *sum = _mm256_fmadd_ps(within[row], all(scales, row), *sum);
    }
}
