//! Q6_K: 256 low halves of four bits, 256 high parts of two, sixteen signed bytes of scales, and a 16-bit
//! scale; layout as in ggml's `ggml-common.h`. The six bits stand for themselves less 32.
#![expect(
    unsafe_code,
    reason = "a load of 16 bytes, and a trait of what needs a processor"
)]

use core::arch::x86_64::{
    __m256, _mm_loadu_si128, _mm_set1_epi16, _mm256_add_epi32, _mm256_and_si256,
    _mm256_cvtepi8_epi16, _mm256_cvtepi32_ps, _mm256_fmadd_ps, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_mul_ps, _mm256_mullo_epi16, _mm256_or_si256,
    _mm256_permute2x128_si256, _mm256_set_m128i, _mm256_set1_epi8, _mm256_set1_epi16,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi16, _mm256_srli_epi16,
    _mm256_srli_si256,
};

use super::{Blocks, MANY, Q6_K, Q6K, all, half, load, start};
use crate::model::kernel::activations::{Group, SIXTEENS, WIDE};

/// Halves of a block.
const HALVES: usize = 2;

impl Blocks for Q6K {
    const PIECE: usize = Q6_K.1;

    #[target_feature(enable = "avx2,fma,f16c")]
    #[inline]
    unsafe fn add<const N: usize>(block: &[u8], x: Group<'_>, at: usize, sums: &mut [__m256; N]) {
        let bytes = &x.bytes[start::<N>(at)..][..N * WIDE];
        let sixteens = &x.sixteens[at * SIXTEENS * N..][..N * SIXTEENS];
        let scales_x = &x.scales[at * N..][..N];
        assert_eq!(block.len(), Q6_K.1, "a block of another size");
        let (low, two) = (_mm256_set1_epi8(15), _mm256_set1_epi8(3));
        // SAFETY: 16 bytes of a block of 210.
        let scales = unsafe { _mm_loadu_si128(block[192..208].as_ptr().cast()) };
        let scales = _mm256_cvtepi8_epi16(scales);
        let lowered = _mm256_mullo_epi16(scales, _mm256_set1_epi16(-32));
        let mut products = [_mm256_setzero_si256(); N];
        for (row, product) in products.iter_mut().enumerate() {
            *product = _mm256_madd_epi16(lowered, load(sixteens, row * SIXTEENS));
        }
        // One scale for the lower 16 numbers, the next for the upper.
        let pick = |of: i16| _mm_set1_epi16(of | (of + 1) << 8);
        let pick = _mm256_set_m128i(pick(2), pick(0));
        let mut here = _mm256_permute2x128_si256::<0x00>(scales, scales);
        for half in 0..halves::<N>() {
            let mut high = load(block, 128 + half * 32);
            let lows = [load(block, half * 64), load(block, half * 64 + 32)];
            for quarter in 0..4 {
                let below = match quarter {
                    0 | 1 => lows[quarter],
                    _ => _mm256_srli_epi16::<4>(lows[quarter - 2]),
                };
                let upper = _mm256_slli_epi16::<4>(_mm256_and_si256(high, two));
                let numbers = _mm256_or_si256(_mm256_and_si256(below, low), upper);
                let scale = _mm256_shuffle_epi8(here, pick);
                let from = half * 128 + quarter * 32;
                for (row, product) in products.iter_mut().enumerate() {
                    let pairs = _mm256_maddubs_epi16(numbers, load(bytes, row * WIDE + from));
                    *product = _mm256_add_epi32(*product, _mm256_madd_epi16(scale, pairs));
                }
                high = _mm256_srli_epi16::<2>(high);
                here = _mm256_srli_si256::<4>(here);
            }
            here = _mm256_permute2x128_si256::<0x11>(scales, scales);
        }
        let scale = half(block, 208);
        for (row, sum) in sums.iter_mut().enumerate() {
            let scale = _mm256_mul_ps(scale, all(scales_x, row));
            *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products[row]), scale, *sum);
        }
    }
}

/// [`HALVES`], as with the parts of [`super::q4_k`].
#[inline(always)]
fn halves<const N: usize>() -> usize {
    match N {
        MANY.. => core::hint::black_box(HALVES),
        _ => HALVES,
    }
}
