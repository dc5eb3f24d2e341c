//! Q4_K: two 16-bit scales, twelve bytes that pack eight 6-bit scales and eight 6-bit minima, and 256
//! numbers of four bits; layout as in ggml's `ggml-common.h`.
#![expect(
    unsafe_code,
    reason = "a load of 32 bytes, and a trait of what needs a processor"
)]

use core::arch::x86_64::{
    __m256, _mm_cvtepu8_epi16, _mm_cvtsi64_si128, _mm256_add_epi32, _mm256_and_si256,
    _mm256_broadcastsi128_si256, _mm256_cvtepi32_ps, _mm256_cvtepu8_epi32, _mm256_fmadd_ps,
    _mm256_fnmadd_ps, _mm256_loadu_ps, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps,
    _mm256_set1_epi8, _mm256_set1_epi16, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_srli_epi16, _mm256_srli_si256,
};

use super::{Blocks, MANY, Q4_K, Q4K, all, half, load, start};
use crate::model::kernel::activations::{Group, SUMS, WIDE};

/// Pairs of 32 numbers in a block.
const PARTS: usize = 4;

impl Blocks for Q4K {
    const PIECE: usize = Q4_K.1;

    #[target_feature(enable = "avx2,fma,f16c")]
    #[inline]
    unsafe fn add<const N: usize>(block: &[u8], x: Group<'_>, at: usize, sums: &mut [__m256; N]) {
        let bytes = &x.bytes[start::<N>(at)..][..N * WIDE];
        let added = &x.sums[at * SUMS * N..][..N * SUMS];
        let scales_x = &x.scales[at * N..][..N];
        assert_eq!(block.len(), Q4_K.1, "a block of another size");
        let low = _mm256_set1_epi8(15);
        let scale = half(block, 0);
        let (scales, minima) = unpacked(&block[4..16]);
        let scales = _mm_cvtepu8_epi16(_mm_cvtsi64_si128(scales.cast_signed()));
        let mut scales = _mm256_broadcastsi128_si256(scales);
        let (first, second) = (_mm256_set1_epi16(0x0100), _mm256_set1_epi16(0x0302));
        let mut products = [_mm256_setzero_si256(); N];
        let mut add = |numbers, scale, from: usize| {
            for (row, product) in products.iter_mut().enumerate() {
                let pairs = _mm256_maddubs_epi16(numbers, load(bytes, row * WIDE + from));
                *product = _mm256_add_epi32(*product, _mm256_madd_epi16(scale, pairs));
            }
        };
        for part in 0..parts::<N>() {
            let both = load(block, 16 + part * 32);
            let scale = _mm256_shuffle_epi8(scales, first);
            add(_mm256_and_si256(both, low), scale, part * 64);
            let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(both), low);
            let scale = _mm256_shuffle_epi8(scales, second);
            add(upper, scale, part * 64 + 32);
            scales = _mm256_srli_si256::<4>(scales);
        }
        let minima = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(minima.cast_signed()));
        let minima = _mm256_mul_ps(_mm256_cvtepi32_ps(minima), half(block, 2));
        for (row, sum) in sums.iter_mut().enumerate() {
            let scale = _mm256_mul_ps(scale, all(scales_x, row));
            *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products[row]), scale, *sum);
            // SAFETY: `added` has eight numbers a row.
            let added = unsafe { _mm256_loadu_ps(added[row * SUMS..][..SUMS].as_ptr()) };
            *sum = _mm256_fnmadd_ps(minima, added, *sum);
        }
    }
}

/// [`PARTS`], in a way that the compiler cannot see where the rows are many: a loop of which it knows the
/// length it unrolls, and then has too many numbers at a time for the registers.
#[inline(always)]
fn parts<const N: usize>() -> usize {
    match N {
        MANY.. => core::hint::black_box(PARTS),
        _ => PARTS,
    }
}

/// The eight scales and the eight minima of a block, each as bytes.
#[inline]
fn unpacked(packed: &[u8]) -> (u64, u64) {
    let word = |at: usize| {
        u32::from_le_bytes([packed[at], packed[at + 1], packed[at + 2], packed[at + 3]])
    };
    let (a, b, c) = (word(0), word(4), word(8));
    // The first four have six bits of their own; the last four have four, and two that the first leave.
    let last = |low: u32, high: u32| (low & 0x0f0f_0f0f) | ((high >> 2) & 0x3030_3030);
    let joined = |first: u32, last: u32| u64::from(first & 0x3f3f_3f3f) | u64::from(last) << 32;
    (joined(a, last(c, a)), joined(b, last(c >> 4, b)))
}
