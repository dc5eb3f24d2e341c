//! Dot products of one row of a quantised matrix with some rows of activations, in AVX2.
//!
//! Layouts as in ggml's `ggml-common.h`: a Q8_0 block is a 16-bit scale and 32 signed bytes; a Q4_K block
//! two 16-bit scales, twelve bytes that pack eight 6-bit scales and eight 6-bit minima, and 256 numbers of
//! four bits; a Q6_K block 256 low halves of four bits, 256 high parts of two, sixteen signed bytes of
//! scales, and a 16-bit scale.
#![expect(unsafe_code, reason = "loads of 32 bytes at a time")]

use core::arch::x86_64::{
    __m256, __m256i, _MM_HINT_T0, _mm_add_ps, _mm_add_ss, _mm_cvtepu8_epi16, _mm_cvtsi64_si128,
    _mm_cvtss_f32, _mm_loadu_si128, _mm_movehdup_ps, _mm_movehl_ps, _mm_prefetch, _mm_set1_epi16,
    _mm_unpacklo_epi8, _mm256_abs_epi8, _mm256_add_epi32, _mm256_and_si256, _mm256_broadcast_ss,
    _mm256_broadcastsi128_si256, _mm256_castps256_ps128, _mm256_cvtepi8_epi16, _mm256_cvtepi32_ps,
    _mm256_cvtepu8_epi16, _mm256_cvtph_ps, _mm256_extractf128_ps, _mm256_fmadd_ps,
    _mm256_fnmadd_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps,
    _mm256_or_si256, _mm256_permute2x128_si256, _mm256_set_m128i, _mm256_set1_epi8,
    _mm256_set1_epi16, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_sign_epi8, _mm256_slli_epi16, _mm256_slli_epi32, _mm256_srli_epi16, _mm256_sub_epi32,
};

use super::activations::Row;

/// Numbers in a Q8_0 block, and its bytes.
pub(super) const Q8_0: (usize, usize) = (32, 34);
/// Likewise of Q4_K.
pub(super) const Q4_K: (usize, usize) = (256, 144);
/// Likewise of Q6_K.
pub(super) const Q6_K: (usize, usize) = (256, 210);

/// 32 bytes from the one numbered `at`.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn load<T: Copy>(from: &[T], at: usize) -> __m256i {
    debug_assert!(
        (at * size_of::<T>()) + 32 <= size_of_val(from),
        "a load beyond the end"
    );
    // SAFETY: callers assert the lengths of whole rows before their loops; integers have no invalid bits.
    unsafe { _mm256_loadu_si256(from.as_ptr().add(at).cast()) }
}

/// The sum of eight numbers, always in the same order.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn total(of: __m256) -> f32 {
    let halves = _mm_add_ps(_mm256_castps256_ps128(of), _mm256_extractf128_ps::<1>(of));
    let pairs = _mm_add_ps(halves, _mm_movehl_ps(halves, halves));
    _mm_cvtss_f32(_mm_add_ss(pairs, _mm_movehdup_ps(pairs)))
}

/// The half-precision number from the byte numbered `at`, eight times.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn half(bytes: &[u8], at: usize) -> __m256 {
    debug_assert!(at + 2 <= bytes.len(), "a load beyond the end");
    // SAFETY: as in `load`.
    let bits = unsafe { bytes.as_ptr().add(at).cast::<i16>().read_unaligned() };
    // All eight are converted: the compiler would insert a single one into whatever register comes
    // handy, and wait for what that one is for.
    _mm256_cvtph_ps(_mm_set1_epi16(bits))
}

/// The number at `at`, eight times.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn all(numbers: &[f32], at: usize) -> __m256 {
    debug_assert!(at < numbers.len(), "a load beyond the end");
    // SAFETY: as in `load`.
    _mm256_broadcast_ss(unsafe { &*numbers.as_ptr().add(at) })
}

/// Bytes between what is multiplied and what is asked of memory meanwhile: weights are read once, from end
/// to end, and the processor alone does not look far enough ahead.
const AHEAD: usize = 1024;

/// Asks for the `length` bytes that lie [`AHEAD`] of the one numbered `at`. They may lie beyond the end.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn ask(bytes: &[u8], at: usize, length: usize) {
    for line in (0..length).step_by(64) {
        _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().wrapping_add(at + AHEAD + line).cast());
    }
}

/// The products of a row of Q8_0 blocks with `N` rows of activations in blocks of 32.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn q8_0<const N: usize>(weights: &[u8], rows: [Row<'_>; N]) -> [f32; N] {
    let blocks = weights.len() / Q8_0.1;
    for row in &rows {
        assert!(blocks * Q8_0.0 <= row.bytes.len() && blocks <= row.scales.len());
    }
    let ones = _mm256_set1_epi16(1);
    let mut sums = [_mm256_setzero_ps(); N];
    for at in 0..blocks {
        let block = at * Q8_0.1;
        ask(weights, block, Q8_0.1);
        let scale = half(weights, block);
        let bytes = load(weights, block + 2);
        let sizes = _mm256_abs_epi8(bytes);
        for (sum, row) in sums.iter_mut().zip(&rows) {
            // Only unsigned bytes multiply signed ones: the sign goes to the other side.
            let signed = _mm256_sign_epi8(load(row.bytes, at * Q8_0.0), bytes);
            let products = _mm256_madd_epi16(_mm256_maddubs_epi16(sizes, signed), ones);
            let scale = _mm256_mul_ps(scale, all(row.scales, at));
            *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products), scale, *sum);
        }
    }
    sums.map(|it| total(it))
}

/// The eight scales and the eight minima of a Q4_K block, each as bytes.
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

/// The products of a row of Q4_K blocks with `N` rows of activations in blocks of 256.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn q4_k<const N: usize>(weights: &[u8], rows: [Row<'_>; N]) -> [f32; N] {
    let blocks = weights.len() / Q4_K.1;
    for row in &rows {
        assert!(blocks * Q4_K.0 <= row.bytes.len() && blocks <= row.scales.len());
        assert!(blocks * Q4_K.0 / 16 <= row.sums.len());
    }
    let low = _mm256_set1_epi8(15);
    let mut sums = [_mm256_setzero_ps(); N];
    for (at, block) in weights.chunks_exact(Q4_K.1).enumerate() {
        ask(block, 0, Q4_K.1);
        let scale = half(block, 0);
        let least = half(block, 2);
        let (scales, minima) = unpacked(&block[4..16]);
        let scales =
            _mm256_broadcastsi128_si256(_mm_cvtepu8_epi16(_mm_cvtsi64_si128(scales.cast_signed())));
        // Each twice: the activations' sums are of 16 numbers, a minimum is of 32.
        let minima = _mm_cvtsi64_si128(minima.cast_signed());
        let minima = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(minima, minima));
        let mut products = [_mm256_setzero_si256(); N];
        for part in 0..4 {
            let bytes = load(block, 16 + part * 32);
            let halves = [
                _mm256_and_si256(bytes, low),
                _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), low),
            ];
            for (half, numbers) in halves.into_iter().enumerate() {
                let which = (part * 2 + half) as i16 * 2;
                let scale =
                    _mm256_shuffle_epi8(scales, _mm256_set1_epi16(which | (which + 1) << 8));
                let from = at * Q4_K.0 + part * 64 + half * 32;
                for (product, row) in products.iter_mut().zip(&rows) {
                    let pairs = _mm256_maddubs_epi16(numbers, load(row.bytes, from));
                    *product = _mm256_add_epi32(*product, _mm256_madd_epi16(scale, pairs));
                }
            }
        }
        for ((sum, product), row) in sums.iter_mut().zip(products).zip(&rows) {
            let below = _mm256_madd_epi16(minima, load(row.sums, at * 16));
            let scaled = _mm256_mul_ps(scale, all(row.scales, at));
            let lowered = _mm256_mul_ps(least, all(row.scales, at));
            *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(product), scaled, *sum);
            *sum = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(below), lowered, *sum);
        }
    }
    sums.map(|it| total(it))
}

/// The products of a row of Q6_K blocks with `N` rows of activations in blocks of 256.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn q6_k<const N: usize>(weights: &[u8], rows: [Row<'_>; N]) -> [f32; N] {
    let blocks = weights.len() / Q6_K.1;
    for row in &rows {
        assert!(blocks * Q6_K.0 <= row.bytes.len() && blocks <= row.scales.len());
        assert!(blocks * Q6_K.0 / 16 <= row.sums.len());
    }
    let (low, two) = (_mm256_set1_epi8(15), _mm256_set1_epi8(3));
    let mut sums = [_mm256_setzero_ps(); N];
    for (at, block) in weights.chunks_exact(Q6_K.1).enumerate() {
        ask(block, 0, Q6_K.1);
        let scale = half(block, 208);
        // SAFETY: 16 bytes of a block of 210.
        let scales = unsafe { _mm_loadu_si128(block[192..208].as_ptr().cast()) };
        let scales = _mm256_cvtepi8_epi16(scales);
        let sixteen = [
            _mm256_permute2x128_si256::<0x00>(scales, scales),
            _mm256_permute2x128_si256::<0x11>(scales, scales),
        ];
        let mut products = [_mm256_setzero_si256(); N];
        for (part, scales) in sixteen.into_iter().enumerate() {
            let high = load(block, 128 + part * 32);
            let lows = [load(block, part * 64), load(block, part * 64 + 32)];
            let upper = [
                high,
                _mm256_srli_epi16::<2>(high),
                _mm256_srli_epi16::<4>(high),
                _mm256_srli_epi16::<6>(high),
            ];
            for (quarter, upper) in upper.into_iter().enumerate() {
                let below = match quarter {
                    0 | 1 => lows[quarter],
                    _ => _mm256_srli_epi16::<4>(lows[quarter - 2]),
                };
                let upper = _mm256_slli_epi16::<4>(_mm256_and_si256(upper, two));
                let numbers = _mm256_or_si256(_mm256_and_si256(below, low), upper);
                // One scale for the lower 16 numbers, the next for the upper.
                let which = quarter as i16 * 4;
                let pick = |of: i16| _mm_set1_epi16(of | (of + 1) << 8);
                let pick = _mm256_set_m128i(pick(which + 2), pick(which));
                let scale = _mm256_shuffle_epi8(scales, pick);
                let from = at * Q6_K.0 + part * 128 + quarter * 32;
                for (product, row) in products.iter_mut().zip(&rows) {
                    let pairs = _mm256_maddubs_epi16(numbers, load(row.bytes, from));
                    *product = _mm256_add_epi32(*product, _mm256_madd_epi16(scale, pairs));
                }
            }
        }
        for ((sum, product), row) in sums.iter_mut().zip(products).zip(&rows) {
            // The six bits stand for themselves less 32.
            let lowered = _mm256_madd_epi16(scales, load(row.sums, at * 16));
            let product = _mm256_sub_epi32(product, _mm256_slli_epi32::<5>(lowered));
            let scale = _mm256_mul_ps(scale, all(row.scales, at));
            *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(product), scale, *sum);
        }
    }
    sums.map(|it| total(it))
}

/// A block of numbers, a multiple of eight, as bytes within ±127; gives their scale. What is not a number
/// makes the scale none.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn quantise(numbers: &[f32], bytes: &mut [i8]) -> f32 {
    let mut most = [0.0_f32; 8];
    let mut sum = [0.0_f32; 8];
    for eight in numbers.chunks_exact(8) {
        for (at, it) in eight.iter().enumerate() {
            most[at] = most[at].max(it.abs());
            sum[at] += it;
        }
    }
    let most = most.into_iter().fold(0.0, f32::max);
    if !(most.is_finite() && sum.into_iter().sum::<f32>().is_finite()) {
        return f32::NAN;
    }
    let inverse = match most {
        0.0 => 0.0,
        _ => 127.0 / most,
    };
    for (byte, number) in bytes.iter_mut().zip(numbers) {
        // By rounding a little beyond ±127 at most, which rounds back.
        *byte = (number * inverse).round_ties_even() as i8;
    }
    most / 127.0
}
