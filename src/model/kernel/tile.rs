//! Which products are ours, and the order in which threads work through a matrix.
#![expect(
    unsafe_code,
    reason = "calls of what was compiled for a processor that was looked for, and threads that write one result"
)]

use core::arch::x86_64::{__m256, _mm256_setzero_ps, _mm256_storeu_ps};
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use candle_core::utils::{barrier_pool, get_num_threads};
use candle_core::{DType, Device, Result, Storage, Tensor};

use super::activations::{Activations, Length, Piece, ROWS, Row};
use super::avx2::{self, EIGHT, Spread};
use super::packed::{Kind, Packed, SLAB};

/// To count them reads files, which takes as long as a short product does.
pub(super) static THREADS: LazyLock<usize> = LazyLock::new(get_num_threads);

impl Kind {
    /// See [`avx2::add`].
    fn add<const N: usize>(
        self,
        weights: (&[u8], usize),
        x: (&[Row], usize),
        spread: &mut Spread,
        sums: &mut [__m256],
    ) {
        let sums = sums.as_chunks_mut::<N>().0;
        debug_assert!(can(), "no kernel for this processor");
        // SAFETY: nothing gets here unless it `can`.
        unsafe {
            match self {
                Self::Q8_0 => avx2::add::<avx2::Q8, N>(weights, x, spread, sums),
                Self::Q4K => avx2::add::<avx2::Q4K, N>(weights, x, spread, sums),
                Self::Q6K => avx2::add::<avx2::Q6K, N>(weights, x, spread, sums),
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

/// See [`avx2::bytes`] and [`avx2::words`].
pub(super) fn integers(numbers: &[f32], length: Length, to: &mut Piece) {
    debug_assert!(can(), "no kernel for this processor");
    // SAFETY: nothing gets here unless it `can`.
    unsafe {
        match length {
            Length::Bytes => avx2::bytes(numbers, to),
            Length::Words => avx2::words(numbers, to),
        }
    }
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
    let mut integers: Vec<(Length, Activations)> = Vec::new();
    for length in weights.iter().map(|it| it.kind.length()) {
        if integers.iter().all(|it| it.0 != length) {
            let made = Activations::new(numbers, columns, length);
            integers.push((length, made));
        }
    }
    let of = |weight: &Packed| integers.iter().find(|it| it.0 == weight.kind.length());
    let pairs: Vec<(&Packed, &Activations)> = weights
        .iter()
        .filter_map(|it| Some((*it, &of(it)?.1)))
        .collect();
    let products = times(&pairs);
    let tensors = products.into_iter().zip(weights).map(|(product, weight)| {
        Tensor::from_vec(product, (tokens, weight.shape().0), &Device::Cpu)
    });
    tensors.collect::<Result<Vec<_>>>().map(Some)
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
    #[target_feature(enable = "avx2,fma,f16c")]
    #[inline]
    pub(super) unsafe fn put(self, at: usize, count: usize, numbers: __m256) {
        // SAFETY: the caller's promise.
        unsafe {
            let to = self.0.add(at);
            if EIGHT <= count {
                return _mm256_storeu_ps(to, numbers);
            }
            let mut eight = [0.0_f32; EIGHT];
            _mm256_storeu_ps(eight.as_mut_ptr(), numbers);
            to.copy_from_nonoverlapping(eight.as_ptr(), count);
        }
    }
}

/// Times eight rows that one thread takes at a time: as much of a slab as leaves work for all.
fn taken(eights: usize) -> usize {
    let all = 8 * *THREADS;
    let mut taken = SLAB;
    while 2 < taken && eights < taken * all {
        taken /= 2;
    }
    taken
}

/// What one thread has of a product: `[tokens][rows]`, of which it makes `eights`.
///
/// # Safety
/// `results` has room for them all, no other thread has these, and the processor has AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn part(weight: &Packed, x: &Activations, eights: Range<usize>, results: Results) {
    let (rows, count) = (weight.shape().0, eights.len());
    let mut spread = Spread::new();
    let mut sums = vec![_mm256_setzero_ps(); x.len() * count];
    for (at, weights) in weight.pieces(eights.clone()).enumerate() {
        for (first, group) in x.groups() {
            let sums = &mut sums[first * count..(first + group.len()) * count];
            let (kind, piece, spread) = (weight.kind, (group, at), &mut spread);
            match group.len() {
                1 => kind.add::<1>(weights, piece, spread, sums),
                2 => kind.add::<2>(weights, piece, spread, sums),
                3 => kind.add::<3>(weights, piece, spread, sums),
                4 => kind.add::<4>(weights, piece, spread, sums),
                5 => kind.add::<5>(weights, piece, spread, sums),
                6 => kind.add::<6>(weights, piece, spread, sums),
                7 => kind.add::<7>(weights, piece, spread, sums),
                _ => kind.add::<ROWS>(weights, piece, spread, sums),
            }
        }
    }
    for (first, group) in x.groups() {
        let sums = &sums[first * count..(first + group.len()) * count];
        for (eight, sums) in eights.clone().zip(sums.chunks_exact(group.len())) {
            for (token, sum) in (first..).zip(sums) {
                let row = eight * EIGHT;
                // SAFETY: the rows are below `rows`, `token` is one of x's, and the caller promised the rest.
                unsafe { results.put(token * rows + row, rows - row, *sum) };
            }
        }
    }
}

/// The product of each pair: `[tokens][rows]`.
fn times(pairs: &[(&Packed, &Activations)]) -> Vec<Vec<f32>> {
    let taken = taken(pairs.iter().map(|it| it.0.eights()).sum());
    let sizes = pairs.iter().map(|(weight, x)| x.len() * weight.shape().0);
    let mut res: Vec<Vec<f32>> = sizes.map(Vec::with_capacity).collect();
    let mut units = Vec::new();
    for ((weight, x), res) in pairs.iter().zip(&mut res) {
        let results = Results(res.as_mut_ptr());
        for first in (0..weight.eights()).step_by(taken) {
            let eights = first..weight.eights().min(first + taken);
            units.push((*weight, *x, eights, results));
        }
    }
    let next = AtomicUsize::new(0);
    // candle's own threads: they look out for work a while before they sleep, which is shorter than what
    // comes between two products; to be woken would take a good part of a short product.
    barrier_pool().execute(|_| {
        while let Some((weight, x, eights, results)) = units.get(next.fetch_add(1, Relaxed)) {
            // SAFETY: these rows are this unit's alone, and there are kernels for the processor.
            unsafe { part(weight, x, eights.clone(), *results) };
        }
    });
    for ((weight, x), res) in pairs.iter().zip(&mut res) {
        // SAFETY: there was room for so many, and the units have written them all.
        unsafe { res.set_len(x.len() * weight.shape().0) };
    }
    res
}
