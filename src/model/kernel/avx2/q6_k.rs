//! Q6_K: of each of eight rows a 16-bit scale, sixteen signed bytes of scales, and 256 numbers of six bits,
//! which stand for themselves less 32.
//!
//! In order: the scale of each row; for each pair of the sixteen parts two scales of each row; for each eighth
//! of 32 numbers, eight times, four bytes of each row: the low four bits of a number of the eighth, and of one
//! of the eighth after the next; the high two bits, in the same way, of four eighths.
#![expect(
    unsafe_code,
    reason = "loads of 16 bytes, and a trait of what needs a processor"
)]

use core::arch::x86_64::{
    __m256, _mm_cvtsi32_si128, _mm_loadu_si128, _mm256_add_epi16, _mm256_add_epi32,
    _mm256_and_si256, _mm256_cvtepi8_epi16, _mm256_cvtepi32_ps, _mm256_fmadd_ps, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_mul_ps, _mm256_or_si256, _mm256_set1_epi8, _mm256_setr_epi64x,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi16, _mm256_slli_epi32,
    _mm256_srl_epi16, _mm256_sub_epi32,
};

use super::{Blocks, EIGHT, Q6_K, Q6K, Spread, all, ask, halves, lanes, load, some};
use crate::model::kernel::activations::{ROWS, Row};

/// Where the scales of parts begin, the low bits, and the high ones.
const SCALES: usize = 2 * EIGHT;
const LOW: usize = SCALES + 16 * EIGHT;
const HIGH: usize = LOW + 128 * EIGHT;
/// Bytes of the bits of an eighth.
const WIDE: usize = 32 * EIGHT;

/// Packs a block of each of eight rows.
pub(in super::super) fn pack(blocks: [&[u8]; EIGHT], out: &mut [u8]) {
    for (row, block) in blocks.iter().enumerate() {
        out[row * 2..][..2].copy_from_slice(&block[208..]);
        for (part, scale) in block[192..208].iter().enumerate() {
            out[SCALES + (part / 2 * EIGHT + row) * 2 + part % 2] = *scale;
        }
        // The high bits follow the low ones here as there.
        for (at, bytes) in block[..192].chunks_exact(4).enumerate() {
            out[LOW + (at * EIGHT + row) * 4..][..4].copy_from_slice(bytes);
        }
    }
}

impl Blocks for Q6K {
    #[target_feature(enable = "avx2,fma,f16c")]
    #[inline]
    unsafe fn spread(x: &[Row], at: usize, to: &mut Spread) {
        for (row, from) in x.iter().take(ROWS).enumerate() {
            to.set(row, &from[at]);
            lanes(&from[at].sixteens, &mut to.sixteens[row]);
        }
    }

    #[target_feature(enable = "avx2,fma,f16c")]
    #[inline]
    unsafe fn add<const N: usize>(
        block: &[u8],
        x: &Spread,
        next: *const u8,
        sums: &mut [__m256; N],
    ) {
        assert_eq!(block.len(), Q6_K, "a block of another size");
        let mut products = [_mm256_setzero_si256(); N];
        let mut lowered = products;
        for (eighth, fours) in some::<N, _>(&x.fours).iter().enumerate() {
            ask(next.wrapping_add(eighth * (Q6_K / 8)), Q6_K / 8);
            let (half, quarter) = (eighth / 4, eighth % 4);
            // SAFETY: 16 bytes of the scales.
            let pairs =
                unsafe { _mm_loadu_si128(block[SCALES + eighth * 2 * EIGHT..].as_ptr().cast()) };
            let pairs = _mm256_cvtepi8_epi16(pairs);
            for (row, lowered) in lowered.iter_mut().enumerate() {
                let both = _mm256_madd_epi16(pairs, x.sixteens[row][eighth]);
                *lowered = _mm256_add_epi32(*lowered, both);
            }
            let low = LOW + (half * 2 + quarter % 2) * WIDE;
            let high = HIGH + half * WIDE;
            let down = _mm_cvtsi32_si128(quarter as i32 / 2 * 4);
            let up = _mm_cvtsi32_si128(quarter as i32 * 2);
            for part in 0..2 {
                let mut numbers = [_mm256_setzero_si256(); 4];
                for (at, it) in numbers.iter_mut().enumerate() {
                    let at = (part * 4 + at) * 32;
                    let below = _mm256_srl_epi16(load(block, low + at), down);
                    let below = _mm256_and_si256(below, _mm256_set1_epi8(15));
                    let above = _mm256_srl_epi16(load(block, high + at), up);
                    let above = _mm256_and_si256(above, _mm256_set1_epi8(3));
                    *it = _mm256_or_si256(below, _mm256_slli_epi16::<4>(above));
                }
                // The first of a pair twice, or the second.
                let pick = [0x0504_0504_0100_0100_u64, 0x0706_0706_0302_0302][part];
                let pick = [pick, pick + 0x0808_0808_0808_0808].map(u64::cast_signed);
                let pick = _mm256_setr_epi64x(pick[0], pick[1], pick[0], pick[1]);
                let scale = _mm256_shuffle_epi8(pairs, pick);
                for (row, product) in products.iter_mut().enumerate() {
                    let fours = &fours[row][part * 4..][..4];
                    let of = |at: usize| _mm256_maddubs_epi16(numbers[at], fours[at]);
                    // Two pairs of products, each at most 63 × 127, fit 16 bits; more do not.
                    for two in [0, 2] {
                        let sum = _mm256_add_epi16(of(two), of(two + 1));
                        *product = _mm256_add_epi32(*product, _mm256_madd_epi16(sum, scale));
                    }
                }
            }
        }
        let scale = halves(block, 0);
        for (row, sum) in sums.iter_mut().enumerate() {
            let whole = _mm256_sub_epi32(products[row], _mm256_slli_epi32::<5>(lowered[row]));
            let scale = _mm256_mul_ps(scale, all(&x.scales, row));
            *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(whole), scale, *sum);
        }
    }
}
