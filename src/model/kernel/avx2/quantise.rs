//! Numbers as integers with a scale.
#![expect(unsafe_code, reason = "numbers are moved to and from registers")]

use core::arch::x86_64::{
    __m256i, _CMP_UNORD_Q, _mm256_andnot_ps, _mm256_cmp_ps, _mm256_cvtps_epi32, _mm256_hadd_epi32,
    _mm256_loadu_ps, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_max_ps, _mm256_movemask_ps,
    _mm256_mul_ps, _mm256_or_ps, _mm256_packs_epi16, _mm256_packs_epi32, _mm256_permute4x64_epi64,
    _mm256_permutevar8x32_epi32, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_ps,
    _mm256_setr_epi32, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_storeu_ps,
    _mm256_storeu_si256,
};

use crate::model::kernel::activations::Piece;

/// A multiple of 32 numbers, 256 at most, as bytes within ±127. What is not a number makes the scale none.
#[target_feature(enable = "avx2,fma,f16c")]
pub(in super::super) fn bytes(numbers: &[f32], to: &mut Piece) {
    let (scale, inverse) = scale(numbers, 127.0);
    to.scale = scale;
    // Packing goes by halves of registers.
    let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    let out = to.fours.as_chunks_mut::<8>().0;
    let mut added = [_mm256_setzero_si256(); 8];
    for ((numbers, out), added) in numbers.as_chunks::<32>().0.iter().zip(out).zip(&mut added) {
        // By rounding a little beyond ±127 at most, which rounds back.
        let [a, b, c, d] = [0, 8, 16, 24].map(|at| rounded(&numbers[at..], inverse));
        let words = (_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
        let bytes = _mm256_packs_epi16(words.0, words.1);
        let bytes = _mm256_permutevar8x32_epi32(bytes, order);
        store(out, bytes);
        let pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);
        *added = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    }
    let mut sums = [0; 8];
    for (at, [a, b, c, d]) in added.as_chunks().0.iter().enumerate() {
        let mut halves = [0; 8];
        let all = _mm256_hadd_epi32(_mm256_hadd_epi32(*a, *b), _mm256_hadd_epi32(*c, *d));
        store(&mut halves, all);
        for of in 0..4 {
            let (first, second) = (halves[of], halves[4 + of]);
            to.sixteens[at * 4 + of] = two(first, second);
            sums[at * 4 + of] = first + second;
        }
    }
    for (to, [a, b]) in to.sums.iter_mut().zip(sums.as_chunks().0) {
        *to = two(*a, *b);
    }
}

/// A multiple of 16 numbers, 128 at most, as 16-bit words within ±32767.
#[target_feature(enable = "avx2,fma,f16c")]
pub(in super::super) fn words(numbers: &[f32], to: &mut Piece) {
    let (scale, inverse) = scale(numbers, 32767.0);
    to.scale = scale;
    let out = to.fours.as_chunks_mut::<8>().0;
    for (numbers, out) in numbers.as_chunks::<16>().0.iter().zip(out) {
        let [a, b] = [0, 8].map(|at| rounded(&numbers[at..], inverse));
        let words = _mm256_packs_epi32(a, b);
        store(out, _mm256_permute4x64_epi64::<0b11_01_10_00>(words));
    }
}

/// Two words, which both numbers fit.
fn two(first: i32, second: i32) -> i32 {
    (first & 0xffff) | (second << 16)
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn store(to: &mut [i32; 8], from: __m256i) {
    // SAFETY: there is room for as many as a register holds.
    unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), from) };
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
    let mut largest = _mm256_setzero_ps();
    let mut none = _mm256_setzero_ps();
    for eight in numbers.as_chunks::<8>().0 {
        // SAFETY: eight numbers.
        let eight = unsafe { _mm256_loadu_ps(eight.as_ptr()) };
        let size = _mm256_andnot_ps(_mm256_set1_ps(-0.0), eight);
        largest = _mm256_max_ps(largest, size);
        // A maximum forgets what is no number.
        none = _mm256_or_ps(none, _mm256_cmp_ps::<_CMP_UNORD_Q>(eight, eight));
    }
    let mut lanes = [0.0_f32; 8];
    // SAFETY: there is room for as many numbers as a register holds.
    unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), largest) };
    let largest = lanes.into_iter().fold(0.0, f32::max);
    if _mm256_movemask_ps(none) != 0 || !largest.is_finite() {
        return (f32::NAN, 0.0);
    }
    match largest {
        0.0 => (0.0, 0.0),
        _ => (largest / most, most / largest),
    }
}
