//! Which products are ours, and the order in which threads work through a matrix.
#![expect(
    unsafe_code,
    reason = "calls of what was compiled for a processor that was looked for, and threads that write one result"
)]

use core::arch::x86_64::{__m256, _mm256_storeu_ps};

use candle_core::{DType, Device, Result, Storage, Tensor, utils::barrier_pool};

use super::activations::{Activations, Group, Length, ROWS};
use super::avx2::{self, EIGHT, TAKEN};
use super::packed::{Kind, Packed};

impl Kind {
    /// See [`avx2::products`].
    fn products<const N: usize>(
        self,
        weights: &[u8],
        stride: usize,
        x: Group<'_>,
        set: impl Fn(usize, usize, __m256),
    ) {
        debug_assert!(can(), "no kernel for this processor");
        // SAFETY: nothing gets here unless it `can`.
        unsafe {
            match self {
                Self::Q8_0 => avx2::products::<avx2::Q8, N>(weights, stride, x, set),
                Self::Q4K => avx2::products::<avx2::Q4K, N>(weights, stride, x, set),
                Self::Q6K => avx2::products::<avx2::Q6K, N>(weights, stride, x, set),
            }
        }
    }
}

/// Whether the kernels can run: AVX2 and its companions.
pub(super) fn can() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")
}

/// Whether they are to: from VNNI on candle is fast.
pub(super) fn present() -> bool {
    can() && !is_x86_feature_detected!("avx512vnni") && !is_x86_feature_detected!("avxvnni")
}

/// See [`avx2::bytes`].
pub(super) fn bytes(numbers: &[f32], out: &mut [i8]) -> f32 {
    debug_assert!(can(), "no kernel for this processor");
    // SAFETY: nothing gets here unless it `can`.
    unsafe { avx2::bytes(numbers, out) }
}

/// See [`avx2::words`].
pub(super) fn words(numbers: &[f32], out: &mut [i16]) -> f32 {
    debug_assert!(can(), "no kernel for this processor");
    // SAFETY: nothing gets here unless it `can`.
    unsafe { avx2::words(numbers, out) }
}

/// See [`super::products`].
pub(super) fn products(weights: &[&Packed], x: &Tensor) -> Result<Option<Vec<Tensor>>> {
    let Ok((tokens, columns)) = x.dims2() else {
        return Ok(None);
    };
    let ours = can() && x.device().is_cpu() && x.dtype() == DType::F32 && x.is_contiguous();
    let fits = weights.iter().all(|it| it.shape().1 == columns);
    if !ours || !fits || tokens == 0 {
        return Ok(None);
    }
    let (storage, layout) = x.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else {
        return Ok(None);
    };
    let from = layout.start_offset();
    let numbers = &storage.as_slice::<f32>()?[from..from + tokens * columns];
    // Kinds that are multiplied with the same integers share them.
    let mut quantised: Vec<(Length, Activations)> = Vec::new();
    let mut found = Vec::with_capacity(weights.len());
    for weight in weights {
        let length = weight.kind.length();
        let at = quantised.iter().position(|it| it.0 == length);
        let at = at.unwrap_or_else(|| {
            quantised.push((length, Activations::new(numbers, columns, length)));
            quantised.len() - 1
        });
        let product = times(weight, &quantised[at].1);
        let shape = (tokens, weight.shape().0);
        found.push(Tensor::from_vec(product, shape, &Device::Cpu)?);
    }
    Ok(Some(found))
}

/// Where results go: each is written by the one thread that makes it.
#[derive(Clone, Copy)]
pub(super) struct Results(*mut f32);

// SAFETY: threads write different elements, as whoever calls `put` promises.
unsafe impl Send for Results {}
// SAFETY: likewise.
unsafe impl Sync for Results {}

impl Results {
    /// In `all`, which must outlive it.
    pub(super) fn of(all: &mut [f32]) -> Self {
        Self(all.as_mut_ptr())
    }

    /// Writes the first `count` of eight numbers from element `at` on.
    ///
    /// # Safety
    /// They lie within what was allocated, nobody else writes them, and the processor has AVX2.
    pub(super) unsafe fn put(self, at: usize, count: usize, numbers: __m256) {
        let mut eight = [0.0_f32; EIGHT];
        // SAFETY: the caller's promise.
        unsafe {
            _mm256_storeu_ps(eight.as_mut_ptr(), numbers);
            let to = self.0.add(at);
            to.copy_from_nonoverlapping(eight.as_ptr(), count.min(EIGHT));
        }
    }
}

/// `[tokens][rows]`.
fn times(weight: &Packed, x: &Activations) -> Vec<f32> {
    let (rows, (bytes, stride)) = (weight.shape().0, weight.groups());
    let mut res = vec![0.0; x.len() * rows];
    let results = Results::of(&mut res);
    // candle's own threads: they look out for work a while before they sleep, which is shorter than what
    // comes between two products; to be woken would take a good part of a short product.
    barrier_pool().execute_chunked(rows.div_ceil(TAKEN * EIGHT), |chunks| {
        for chunk in chunks {
            let from = chunk * TAKEN * stride;
            let weights = &bytes[from..bytes.len().min(from + TAKEN * stride)];
            // As many rows as registers hold share one reading of rows of weights.
            for (tokens, group) in x.groups() {
                let first = tokens.start;
                let set = |eight: usize, token: usize, numbers: __m256| {
                    let row = (chunk * TAKEN + eight) * EIGHT;
                    // SAFETY: the rows are this chunk's, which no other thread has, and below `rows`;
                    // `token` is one of x's; there were kernels to make the numbers.
                    unsafe { results.put((first + token) * rows + row, rows - row, numbers) };
                };
                let kind = weight.kind;
                match tokens.len() {
                    1 => kind.products::<1>(weights, stride, group, set),
                    2 => kind.products::<2>(weights, stride, group, set),
                    3 => kind.products::<3>(weights, stride, group, set),
                    4 => kind.products::<4>(weights, stride, group, set),
                    5 => kind.products::<5>(weights, stride, group, set),
                    6 => kind.products::<6>(weights, stride, group, set),
                    7 => kind.products::<7>(weights, stride, group, set),
                    _ => kind.products::<ROWS>(weights, stride, group, set),
                }
            }
        }
    });
    res
}
