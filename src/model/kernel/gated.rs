//! The middle of the gated feed-forward part: silu(gate) · up (Shazeer 2020, arXiv 2002.05202), in one go.
#![expect(
    unsafe_code,
    reason = "a call of what was compiled for a processor that was looked for, and threads that write one result"
)]

use core::arch::x86_64::{
    _CMP_GE_OQ, _mm256_add_ps, _mm256_andnot_ps, _mm256_blendv_ps, _mm256_cmp_ps, _mm256_div_ps,
    _mm256_loadu_ps, _mm256_mul_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_sub_ps,
};

use candle_core::utils::barrier_pool;
use candle_core::{DType, Device, Result, Storage, Tensor};

use super::attention::exp;
use super::tile::{Results, can};

/// Numbers that a thread takes at a time: to be woken for fewer takes longer.
const TAKEN: usize = 4096;

/// Of tensors of one shape. None where they are elsewhere, or of another kind of numbers.
pub(super) fn gated(gate: &Tensor, up: &Tensor) -> Result<Option<Tensor>> {
    let readable =
        |it: &Tensor| it.device().is_cpu() && it.dtype() == DType::F32 && it.is_contiguous();
    if !(can() && readable(gate) && readable(up) && gate.dims() == up.dims()) {
        return Ok(None);
    }
    let (gates, ups) = (gate.storage_and_layout(), up.storage_and_layout());
    let (Storage::Cpu(gates), Storage::Cpu(ups)) = (&*gates.0, &*ups.0) else {
        return Ok(None);
    };
    let count = gate.elem_count();
    let gates = &gates.as_slice::<f32>()?[gate.layout().start_offset()..][..count];
    let ups = &ups.as_slice::<f32>()?[up.layout().start_offset()..][..count];
    let mut res = vec![0.0; count];
    let results = Results::of(&mut res);
    barrier_pool().execute_chunked(count.div_ceil(TAKEN), |chunks| {
        for chunk in chunks {
            let range = chunk * TAKEN..count.min((chunk + 1) * TAKEN);
            // SAFETY: no other thread has this range, and it was looked whether the processor can.
            unsafe {
                some(
                    &gates[range.clone()],
                    &ups[range.clone()],
                    results,
                    range.start,
                )
            };
        }
    });
    Tensor::from_vec(res, gate.dims(), &Device::Cpu).map(Some)
}

/// Writes those of two slices of one length from element `to` of `results` on.
///
/// # Safety
/// They lie within what was allocated, and nobody else writes them.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn some(gates: &[f32], ups: &[f32], results: Results, to: usize) {
    let (one, zero) = (_mm256_set1_ps(1.0), _mm256_setzero_ps());
    let eights = gates.chunks(8).zip(ups.chunks(8)).enumerate();
    for (at, (gates, ups)) in eights {
        let load = |from: &[f32]| {
            let mut eight = [0.0; 8];
            eight[..from.len()].copy_from_slice(from);
            // SAFETY: eight numbers.
            unsafe { _mm256_loadu_ps(eight.as_ptr()) }
        };
        let (gate, up) = (load(gates), load(ups));
        // e to the power of what is never above 0 cannot grow too large.
        let power = exp(_mm256_sub_ps(
            zero,
            _mm256_andnot_ps(_mm256_set1_ps(-0.0), gate),
        ));
        let above = _mm256_cmp_ps::<_CMP_GE_OQ>(gate, zero);
        let over = _mm256_blendv_ps(power, one, above);
        let share = _mm256_div_ps(over, _mm256_add_ps(one, power));
        let found = _mm256_mul_ps(_mm256_mul_ps(gate, share), up);
        // SAFETY: the caller's promise.
        unsafe { results.put(to + at * 8, gates.len(), found) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_book_says() {
        let count = 2 * TAKEN + 3;
        let numbers = |seed: u32| -> Vec<f32> {
            (0..count as u32)
                .map(|it| ((it ^ seed).wrapping_mul(0x9e37_79b9) >> 8) as f32 / 80_000.0 - 104.0)
                .collect()
        };
        let (gates, ups) = (numbers(1), numbers(2));
        let tensor = |of: &[f32]| Tensor::from_slice(of, of.len(), &Device::Cpu).unwrap();
        let Some(found) = gated(&tensor(&gates), &tensor(&ups)).unwrap() else {
            return;
        };
        let found: Vec<f32> = found.to_vec1().unwrap();
        for ((gate, up), found) in gates.iter().zip(&ups).zip(found) {
            let (gate, up) = (f64::from(*gate), f64::from(*up));
            let wanted = gate / (1.0 + (-gate).exp()) * up;
            let off = (f64::from(found) - wanted).abs();
            assert!(off <= wanted.abs() * 1e-6 + 1e-30, "{found} for {wanted}");
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let gates = Tensor::new(&[f32::NAN, 1.0], &Device::Cpu).unwrap();
        let ups = Tensor::new(&[1.0, f32::NAN], &Device::Cpu).unwrap();
        if let Some(found) = gated(&gates, &ups).unwrap() {
            let found: Vec<f32> = found.to_vec1().unwrap();
            assert!(found.iter().all(|it| it.is_nan()), "{found:?}");
        }
    }
}
