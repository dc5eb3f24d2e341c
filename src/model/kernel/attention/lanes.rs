//! Eight numbers at a time: what is done in registers.
//!
//! Each sum is added up in an order that is its own, whatever is added up next to it.
#![expect(unsafe_code, reason = "numbers are moved to and from registers")]

use std::arch::x86_64::{
    __m256, _CMP_NLT_UQ, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT, _MM_HINT_T0, _mm_prefetch,
    _mm256_add_epi32, _mm256_add_ps, _mm256_and_ps, _mm256_castpd_ps, _mm256_castps_pd,
    _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cvtps_epi32, _mm256_fmadd_ps, _mm256_fnmadd_ps,
    _mm256_loadu_ps, _mm256_max_ps, _mm256_mul_ps, _mm256_permute2f128_ps, _mm256_round_ps,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps, _mm256_slli_epi32, _mm256_storeu_ps,
    _mm256_sub_ps, _mm256_unpackhi_pd, _mm256_unpackhi_ps, _mm256_unpacklo_pd, _mm256_unpacklo_ps,
};
use std::f32::consts::LOG2_E;

/// What a register holds.
pub(super) type Lanes = [f32; 8];

/// Below this a power of e is taken for 0: it would soon be none of the numbers that f32 has.
const LEAST: f32 = -87.0;

/// The natural logarithm of 2 in two parts, of which the first times a small integer is exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// A polynomial's factors, highest power first: e to the power of what lies within half a logarithm of 2
/// around 0. They are those of `expf` in Moshier's Cephes library.
const FACTORS: [f32; 8] = [
    1.987_569_1e-4,
    1.398_2e-3,
    8.333_452e-3,
    4.166_579_6e-2,
    0.166_666_65,
    0.5,
    1.0,
    1.0,
];

#[target_feature(enable = "avx2,fma")]
#[inline]
fn load(from: &Lanes) -> __m256 {
    // SAFETY: there are as many numbers as a register holds.
    unsafe { _mm256_loadu_ps(from.as_ptr()) }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn store(to: &mut Lanes, from: __m256) {
    // SAFETY: there is room for as many numbers as a register holds.
    unsafe { _mm256_storeu_ps(to.as_mut_ptr(), from) }
}

/// Has memory bring `rows`, which are read soon: they lie where the processor does not expect it.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) fn fetch(rows: &[Lanes]) {
    for line in rows.chunks(2) {
        _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
    }
}

/// The products of each of the queries with each of the keys, a query's next to each other: `Q * K` is 8.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) fn products<const Q: usize, const K: usize>(
    queries: [&[Lanes]; Q],
    keys: [&[Lanes]; K],
) -> Lanes {
    const { assert!(Q * K == 8, "as many sums as lanes") };
    let wide = keys[0].len();
    assert!(
        queries.iter().chain(&keys).all(|it| it.len() == wide),
        "rows of one width"
    );
    let mut sums = [_mm256_setzero_ps(); 8];
    for at in 0..wide {
        for (query, sums) in queries.iter().zip(sums.chunks_exact_mut(K)) {
            let query = load(&query[at]);
            for (key, sum) in keys.iter().zip(sums) {
                *sum = _mm256_fmadd_ps(query, load(&key[at]), *sum);
            }
        }
    }
    let mut res = [0.0; 8];
    store(&mut res, totals(sums));
    res
}

/// The total of each.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn totals([a, b, c, d, e, f, g, h]: [__m256; 8]) -> __m256 {
    let low = fours(pairs(a, b), pairs(c, d));
    let high = fours(pairs(e, f), pairs(g, h));
    _mm256_add_ps(
        _mm256_permute2f128_ps::<0x20>(low, high),
        _mm256_permute2f128_ps::<0x31>(low, high),
    )
}

/// In each half two sums of two of `a`, which alternate with those of `b`.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn pairs(a: __m256, b: __m256) -> __m256 {
    _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b))
}

/// In each half a sum of four of each of the four that the pairs are of.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn fours(ab: __m256, cd: __m256) -> __m256 {
    let (ab, cd) = (_mm256_castps_pd(ab), _mm256_castps_pd(cd));
    let (low, high) = (_mm256_unpacklo_pd(ab, cd), _mm256_unpackhi_pd(ab, cd));
    _mm256_add_ps(_mm256_castpd_ps(low), _mm256_castpd_ps(high))
}

/// Each score's power of e, as a share of the largest, and their sum. Minus infinity's is 0.
#[target_feature(enable = "avx2,fma")]
pub(super) fn powers(scores: &mut [Lanes]) -> f32 {
    let mut most = _mm256_set1_ps(f32::NEG_INFINITY);
    for it in scores.iter() {
        most = _mm256_max_ps(most, load(it));
    }
    let mut lanes = [0.0; 8];
    store(&mut lanes, most);
    let most = lanes.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let most = _mm256_set1_ps(most);
    let mut sum = _mm256_setzero_ps();
    for it in scores {
        let power = exp(_mm256_sub_ps(load(it), most));
        sum = _mm256_add_ps(sum, power);
        store(it, power);
    }
    store(&mut lanes, sum);
    lanes.into_iter().sum()
}

/// e to the power of what is not above 0, to about a ten-millionth of it.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(in super::super) fn exp(x: __m256) -> __m256 {
    let all = _mm256_set1_ps;
    // What is no number stays none, here and below.
    let counts = _mm256_cmp_ps::<_CMP_NLT_UQ>(x, all(LEAST));
    let x = _mm256_max_ps(all(LEAST), x);
    let twos = _mm256_mul_ps(x, all(LOG2_E));
    let twos = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(twos);
    let rest = _mm256_fnmadd_ps(twos, all(LN_2[0]), x);
    let rest = _mm256_fnmadd_ps(twos, all(LN_2[1]), rest);
    let mut res = _mm256_setzero_ps();
    for factor in FACTORS {
        res = _mm256_fmadd_ps(res, rest, all(factor));
    }
    // 2 to the power of `twos`, from the bits that are an f32's exponent.
    let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(twos), _mm256_set1_epi32(127));
    let power = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent));
    _mm256_and_ps(counts, _mm256_mul_ps(res, power))
}

/// Adds to `C` columns of each of `Q` rows of `to`, from `column`, those of `values [positions][wide]` times
/// what each of `shares [positions]` has of them, position by position.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) fn add<const Q: usize, const C: usize>(
    to: &mut [Lanes],
    shares: [&[f32]; Q],
    values: &[Lanes],
    (wide, column): (usize, usize),
) {
    let positions = values.len() / wide;
    assert!(
        shares.iter().all(|it| it.len() == positions),
        "a share of each position"
    );
    let mut sums = [[_mm256_setzero_ps(); C]; Q];
    for (row, sums) in to.chunks_exact(wide).zip(&mut sums) {
        for (from, sum) in row[column..column + C].iter().zip(sums) {
            *sum = load(from);
        }
    }
    for (at, value) in (0..positions).zip(values.chunks_exact(wide)) {
        let value = &value[column..column + C];
        for (shares, sums) in shares.iter().zip(&mut sums) {
            let share = _mm256_set1_ps(shares[at]);
            for (value, sum) in value.iter().zip(sums) {
                *sum = _mm256_fmadd_ps(share, load(value), *sum);
            }
        }
    }
    for (row, sums) in to.chunks_exact_mut(wide).zip(sums) {
        for (to, sum) in row[column..column + C].iter_mut().zip(sums) {
            store(to, sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::can;
    use super::*;

    #[target_feature(enable = "avx2,fma")]
    fn of_each(numbers: Lanes) -> Lanes {
        let mut res = numbers;
        store(&mut res, exp(load(&numbers)));
        res
    }

    /// e to the power of each, where the processor can.
    fn found(numbers: Lanes) -> Option<Lanes> {
        // SAFETY: it was looked whether it can.
        can().then(|| unsafe { of_each(numbers) })
    }

    #[test]
    fn a_power_is_close_to_the_exact_one() {
        for step in 0..40_000_u16 {
            let from = -f32::from(step) / 460.0;
            let numbers: Lanes = std::array::from_fn(|it| from - it as f32 / 3700.0);
            let Some(found) = found(numbers) else { return };
            for (number, found) in numbers.into_iter().zip(found) {
                let wanted = f64::from(number).exp();
                let off = (f64::from(found) / wanted - 1.0).abs();
                assert!(off < 1.5e-7 || number < LEAST, "{found} for e^{number}");
                assert!(LEAST <= number || found == 0.0, "{found} for e^{number}");
            }
        }
    }

    #[test]
    fn a_power_of_nothing_is_one_and_what_is_no_number_stays_none() {
        let rest = [-0.0, -1e-30, f32::MIN, -87.1];
        let [a, b, c, d] = rest;
        let Some(found) = found([0.0, f32::NEG_INFINITY, f32::NAN, -f32::NAN, a, b, c, d]) else {
            return;
        };
        assert_eq!(found[..2], [1.0, 0.0]);
        assert!(found[2].is_nan() && found[3].is_nan());
        assert_eq!(found[4..], [1.0, 1.0, 0.0, 0.0]);
    }
}
