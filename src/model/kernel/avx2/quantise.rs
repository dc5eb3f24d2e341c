//! Numbers as integers with a scale.
#![expect(unsafe_code, reason = "numbers are moved to and from registers")]

use core::arch::x86_64::{
    __m256i, _mm256_cvtps_epi32, _mm256_loadu_ps, _mm256_mul_ps, _mm256_packs_epi16,
    _mm256_packs_epi32, _mm256_permute4x64_epi64, _mm256_permutevar8x32_epi32, _mm256_set1_ps,
    _mm256_setr_epi32, _mm256_storeu_si256,
};

/// A multiple of 32 numbers as bytes within ±127; gives their scale. What is not a number makes the
/// scale none.
#[target_feature(enable = "avx2,fma,f16c")]
pub(in super::super) fn bytes(numbers: &[f32], out: &mut [i8]) -> f32 {
    let (scale, inverse) = scale(numbers, 127.0);
    // Packing goes by halves of registers.
    let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    let (numbers, out) = (numbers.as_chunks::<32>().0, out.as_chunks_mut::<32>().0);
    for (numbers, out) in numbers.iter().zip(out) {
        // By rounding a little beyond ±127 at most, which rounds back.
        let [a, b, c, d] = [0, 8, 16, 24].map(|at| rounded(&numbers[at..], inverse));
        let words = (_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
        let bytes = _mm256_packs_epi16(words.0, words.1);
        let bytes = _mm256_permutevar8x32_epi32(bytes, order);
        // SAFETY: there is room for as many as a register holds.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), bytes) };
    }
    scale
}

/// The same as 16-bit words within ±32767.
#[target_feature(enable = "avx2,fma,f16c")]
pub(in super::super) fn words(numbers: &[f32], out: &mut [i16]) -> f32 {
    let (scale, inverse) = scale(numbers, 32767.0);
    let (numbers, out) = (numbers.as_chunks::<16>().0, out.as_chunks_mut::<16>().0);
    for (numbers, out) in numbers.iter().zip(out) {
        let [a, b] = [0, 8].map(|at| rounded(&numbers[at..], inverse));
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(a, b));
        // SAFETY: as above.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), words) };
    }
    scale
}

/// The first eight numbers times `inverse`, rounded to the nearest, the even one of two.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn rounded(numbers: &[f32], inverse: f32) -> __m256i {
    // SAFETY: the slice has eight numbers.
    let eight = unsafe { _mm256_loadu_ps(numbers[..8].as_ptr()) };
    _mm256_cvtps_epi32(_mm256_mul_ps(eight, _mm256_set1_ps(inverse)))
}

/// What makes the largest of the numbers `most` long, and its inverse; not a number and 0 where one of them
/// is none.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn scale(numbers: &[f32], most: f32) -> (f32, f32) {
    let mut largest = [0.0_f32; 8];
    let mut sum = [0.0_f32; 8];
    for eight in numbers.chunks_exact(8) {
        for (at, it) in eight.iter().enumerate() {
            largest[at] = largest[at].max(it.abs());
            sum[at] += it;
        }
    }
    let largest = largest.into_iter().fold(0.0, f32::max);
    if !(largest.is_finite() && sum.into_iter().sum::<f32>().is_finite()) {
        return (f32::NAN, 0.0);
    }
    match largest {
        0.0 => (0.0, 0.0),
        _ => (largest / most, most / largest),
    }
}
