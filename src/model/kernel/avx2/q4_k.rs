//! Q4_K: of each of eight rows two 16-bit scales, eight scales and eight minima of a byte each, and 256
//! numbers of four bits.
//!
//! In order: the first scale of each row; the second; for each of the eight parts of 32 numbers the scale of
//! each row; for each pair of parts two minima of each row; for each pair of parts, eight times, four bytes of
//! each row, whose low halves are numbers of the first part and whose high halves are of the second.
#![expect(
    unsafe_code,
    reason = "loads of 16 bytes, and a trait of what needs a processor"
)]

use core::arch::x86_64::{
    __m256, __m256i, _mm_loadu_si128, _mm256_add_epi16, _mm256_add_epi32, _mm256_and_si256,
    _mm256_broadcastsi128_si256, _mm256_cvtepi32_ps, _mm256_cvtepu8_epi16, _mm256_fmadd_ps,
    _mm256_fmsub_ps, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps, _mm256_set1_epi8,
    _mm256_setr_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16,
};

use super::{Blocks, EIGHT, Q4_K, Q4K, Spread, all, ask, halves, lanes, load, some};
use crate::model::kernel::activations::{ROWS, Row};

/// Pairs of parts in a block.
const PAIRS: usize = 4;
/// Where the scales of parts begin, the minima, and the numbers.
const SCALES: usize = 4 * EIGHT;
const MINIMA: usize = SCALES + 2 * PAIRS * EIGHT;
const NUMBERS: usize = MINIMA + 2 * PAIRS * EIGHT;
/// Bytes of a pair of parts.
const WIDE: usize = 32 * EIGHT;

/// Packs a block of each of eight rows.
pub(in super::super) fn pack(blocks: [&[u8]; EIGHT], out: &mut [u8]) {
    for (row, block) in blocks.iter().enumerate() {
        out[row * 2..][..2].copy_from_slice(&block[..2]);
        out[(EIGHT + row) * 2..][..2].copy_from_slice(&block[2..4]);
        let (scales, minima) = unpacked(&block[4..16]);
        for (part, (scale, minimum)) in scales.into_iter().zip(minima).enumerate() {
            out[SCALES + part * EIGHT + row] = scale;
            out[MINIMA + (part / 2 * EIGHT + row) * 2 + part % 2] = minimum;
        }
        for (at, bytes) in block[16..].chunks_exact(4).enumerate() {
            out[NUMBERS + (at * EIGHT + row) * 4..][..4].copy_from_slice(bytes);
        }
    }
}

/// The eight scales and the eight minima of a stored block.
fn unpacked(packed: &[u8]) -> ([u8; 8], [u8; 8]) {
    let word = |at: usize| {
        u32::from_le_bytes([packed[at], packed[at + 1], packed[at + 2], packed[at + 3]])
    };
    let (a, b, c) = (word(0), word(4), word(8));
    // The first four have six bits of their own; the last four have four, and two that the first leave.
    let last = |low: u32, high: u32| (low & 0x0f0f_0f0f) | ((high >> 2) & 0x3030_3030);
    let joined = |first: u32, last: u32| u64::from(first & 0x3f3f_3f3f) | u64::from(last) << 32;
    let (scales, minima) = (joined(a, last(c, a)), joined(b, last(c >> 4, b)));
    (scales.to_le_bytes(), minima.to_le_bytes())
}

impl Blocks for Q4K {
    #[target_feature(enable = "avx2,fma,f16c")]
    #[inline]
    unsafe fn spread(x: &[Row], at: usize, to: &mut Spread) {
        for (row, from) in x.iter().take(ROWS).enumerate() {
            to.set(row, &from[at]);
            lanes(&from[at].sums, &mut to.sums[row]);
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
        assert_eq!(block.len(), Q4_K, "a block of another size");
        // SAFETY: callers stay within the block.
        let sixteen = |from: usize| unsafe { _mm_loadu_si128(block.as_ptr().add(from).cast()) };
        let mut products = [_mm256_setzero_si256(); N];
        for (pair, fours) in some::<N, _>(x.fours.as_chunks::<2>().0).iter().enumerate() {
            let numbers = NUMBERS + pair * WIDE;
            ask(next.wrapping_add(numbers), WIDE);
            let scales = _mm256_broadcastsi128_si256(sixteen(SCALES + pair * 2 * EIGHT));
            for second in [false, true] {
                let mut eight = [_mm256_setzero_si256(); 8];
                for (at, it) in eight.iter_mut().enumerate() {
                    *it = numbers_of(load(block, numbers + at * 32), second);
                }
                let scale = _mm256_shuffle_epi8(scales, twice(second));
                for (row, product) in products.iter_mut().enumerate() {
                    let fours = &fours[usize::from(second)][row];
                    // Eight pairs of products, each at most 15 × 127: they fit 16 bits.
                    let mut sum = _mm256_maddubs_epi16(eight[0], fours[0]);
                    for at in 1..8 {
                        sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(eight[at], fours[at]));
                    }
                    *product = _mm256_add_epi32(*product, _mm256_madd_epi16(sum, scale));
                }
            }
        }
        let mut minima = [_mm256_setzero_si256(); PAIRS];
        for (pair, it) in minima.iter_mut().enumerate() {
            *it = _mm256_cvtepu8_epi16(sixteen(MINIMA + pair * 2 * EIGHT));
        }
        let (scale, least) = (halves(block, 0), halves(block, 2 * EIGHT));
        for (row, sum) in sums.iter_mut().enumerate() {
            let mut lowered = _mm256_setzero_si256();
            for (minimum, of) in minima.iter().zip(&x.sums[row]) {
                lowered = _mm256_add_epi32(lowered, _mm256_madd_epi16(*minimum, *of));
            }
            let below = _mm256_mul_ps(_mm256_cvtepi32_ps(lowered), least);
            let whole = _mm256_fmsub_ps(_mm256_cvtepi32_ps(products[row]), scale, below);
            *sum = _mm256_fmadd_ps(whole, all(&x.scales, row), *sum);
        }
    }
}

/// The low halves of bytes, or the high ones.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn numbers_of(bytes: __m256i, high: bool) -> __m256i {
    let bytes = match high {
        false => bytes,
        true => _mm256_srli_epi16::<4>(bytes),
    };
    _mm256_and_si256(bytes, _mm256_set1_epi8(15))
}

/// Picks eight of 16 bytes, the first ones or the second, each twice as a 16-bit number.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn twice(second: bool) -> __m256i {
    // -1 stands for 0.
    match second {
        false => _mm256_setr_epi8(
            0, -1, 0, -1, 1, -1, 1, -1, 2, -1, 2, -1, 3, -1, 3, -1, 4, -1, 4, -1, 5, -1, 5, -1, 6,
            -1, 6, -1, 7, -1, 7, -1,
        ),
        true => _mm256_setr_epi8(
            8, -1, 8, -1, 9, -1, 9, -1, 10, -1, 10, -1, 11, -1, 11, -1, 12, -1, 12, -1, 13, -1, 13,
            -1, 14, -1, 14, -1, 15, -1, 15, -1,
        ),
    }
}
