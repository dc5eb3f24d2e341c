//! Q8_0: of each of eight rows a 16-bit scale, then of each in turn two of its 32 signed bytes, and so on.
//!
//! Activations have 16 bits: signed bytes times signed bytes is what AVX2 has no instruction for.
#![expect(
    unsafe_code,
    reason = "loads of 16 bytes, and a trait of what needs a processor"
)]

use core::arch::x86_64::{
    __m256, __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_cvtepi32_ps,
    _mm256_fmadd_ps, _mm256_madd_epi16, _mm256_setzero_ps, _mm256_setzero_si256,
};

use super::{Blocks, EIGHT, Q8, Q8_0, Spread, all, ask, halves, some};
use crate::model::kernel::activations::{ROWS, Row};

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
    #[target_feature(enable = "avx2,fma,f16c")]
    #[inline]
    unsafe fn spread(x: &[Row], at: usize, to: &mut Spread) {
        for (row, from) in x.iter().take(ROWS).enumerate() {
            to.set(row, &from[at]);
        }
    }

    #[target_feature(enable = "avx2,fma,f16c")]
    #[inline]
    unsafe fn add<const N: usize>(
        weights: &[u8],
        x: &Spread,
        next: *const u8,
        sums: &mut [__m256; N],
    ) {
        let mut within = [_mm256_setzero_ps(); N];
        let blocks = weights.as_chunks::<Q8_0>().0;
        for (at, (block, halves_x)) in blocks.iter().zip(x.fours.as_chunks::<2>().0).enumerate() {
            ask(next.wrapping_add(at * Q8_0), Q8_0);
            let mut products = [_mm256_setzero_si256(); N];
            let pairs = block[SCALES..].as_chunks().0;
            if N <= 2 {
                // Few enough that all of a piece is one piece of code.
                for (pair, two) in pairs.iter().enumerate() {
                    let fours = &x.fours[at * 2 + pair / 8];
                    multiply(two, fours, pair % 8, &mut products);
                }
            } else {
                let halves = pairs.chunks(8).zip(some::<N, _>(halves_x));
                for (pairs, fours) in halves {
                    let pairs = match N {
                        6.. => core::hint::black_box(pairs),
                        _ => pairs,
                    };
                    for (pair, two) in pairs.iter().enumerate() {
                        multiply(two, fours, pair, &mut products);
                    }
                }
            }
            let scale = halves(block, 0);
            for (within, product) in within.iter_mut().zip(products) {
                *within = _mm256_fmadd_ps(_mm256_cvtepi32_ps(product), scale, *within);
            }
        }
        for (row, sum) in sums.iter_mut().enumerate() {
            *sum = _mm256_fmadd_ps(within[row], all(&x.scales, row), *sum);
        }
    }
}

/// Adds the products of two numbers of each of eight rows with pair number `pair` of each row of activations.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn multiply<const N: usize>(
    two: &[u8; 2 * EIGHT],
    fours: &[[__m256i; 8]; ROWS],
    pair: usize,
    products: &mut [__m256i; N],
) {
    // SAFETY: 16 bytes.
    let two = _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(two.as_ptr().cast()) });
    for (fours, product) in fours.iter().zip(products) {
        *product = _mm256_add_epi32(*product, _mm256_madd_epi16(two, fours[pair]));
    }
}
