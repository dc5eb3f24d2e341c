//! Numbers as integers with a scale.

/// A multiple of eight numbers as bytes within ±127; gives their scale. What is not a number makes the
/// scale none.
#[target_feature(enable = "avx2,fma,f16c")]
pub(in super::super) fn bytes(numbers: &[f32], out: &mut [i8]) -> f32 {
    let (scale, inverse) = scale(numbers, 127.0);
    for (byte, number) in out.iter_mut().zip(numbers) {
        // By rounding a little beyond ±127 at most, which rounds back.
        *byte = (number * inverse).round_ties_even() as i8;
    }
    scale
}

/// The same as 16-bit words within ±32767.
#[target_feature(enable = "avx2,fma,f16c")]
pub(in super::super) fn words(numbers: &[f32], out: &mut [i16]) -> f32 {
    let (scale, inverse) = scale(numbers, 32767.0);
    for (word, number) in out.iter_mut().zip(numbers) {
        *word = (number * inverse).round_ties_even() as i16;
    }
    scale
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
