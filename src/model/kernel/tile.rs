//! Which products are ours, and the order in which threads work through a matrix.
#![expect(
    unsafe_code,
    reason = "calls of what was compiled for a processor that was looked for, and threads that write one result"
)]

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Result, Storage, Tensor, utils::barrier_pool};

use super::activations::{Activations, Group, Length};
use super::avx2::{self, TAKEN};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Q8_0,
    Q4K,
    Q6K,
}

impl Kind {
    fn of(dtype: GgmlDType) -> Option<Self> {
        match dtype {
            GgmlDType::Q8_0 => Some(Self::Q8_0),
            GgmlDType::Q4K => Some(Self::Q4K),
            GgmlDType::Q6K => Some(Self::Q6K),
            _ => None,
        }
    }

    /// Numbers and bytes of a block.
    fn block(self) -> (usize, usize) {
        match self {
            Self::Q8_0 => avx2::Q8_0,
            Self::Q4K => avx2::Q4_K,
            Self::Q6K => avx2::Q6_K,
        }
    }

    /// How long the integers are that it is multiplied with.
    fn length(self) -> Length {
        match self {
            Self::Q8_0 => Length::Words,
            Self::Q4K | Self::Q6K => Length::Bytes,
        }
    }

    /// See [`avx2::products`].
    fn products<const N: usize>(
        self,
        weights: &[u8],
        stride: usize,
        x: Group<'_>,
        set: impl Fn(usize, usize, f32),
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
pub(super) fn products(weights: &[&QTensor], x: &Tensor) -> Result<Option<Vec<Tensor>>> {
    match present() {
        true => multiplied(weights, x),
        false => Ok(None),
    }
}

/// The same, wherever the kernels can run.
pub(super) fn multiplied(weights: &[&QTensor], x: &Tensor) -> Result<Option<Vec<Tensor>>> {
    let Ok((tokens, columns)) = x.dims2() else {
        return Ok(None);
    };
    let ours = can() && x.device().is_cpu() && x.dtype() == DType::F32 && x.is_contiguous();
    if !ours || tokens == 0 {
        return Ok(None);
    }
    let mut matrices = Vec::with_capacity(weights.len());
    for weight in weights {
        let Some(matrix) = Matrix::of(weight, columns)? else {
            return Ok(None);
        };
        matrices.push((matrix, weight));
    }
    let (storage, layout) = x.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else {
        return Ok(None);
    };
    let from = layout.start_offset();
    let numbers = &storage.as_slice::<f32>()?[from..from + tokens * columns];
    // Kinds that are multiplied with the same integers share them.
    let mut quantised: Vec<(Length, Activations)> = Vec::new();
    let mut found = Vec::with_capacity(matrices.len());
    for (matrix, weight) in matrices {
        let length = matrix.kind.length();
        let at = quantised.iter().position(|it| it.0 == length);
        let at = at.unwrap_or_else(|| {
            quantised.push((length, Activations::new(numbers, columns, length)));
            quantised.len() - 1
        });
        let bytes = weight.data()?;
        let product = matrix.times(&bytes, &quantised[at].1);
        found.push(Tensor::from_vec(
            product,
            (tokens, matrix.rows),
            &Device::Cpu,
        )?);
    }
    Ok(Some(found))
}

#[derive(Clone, Copy)]
struct Matrix {
    kind: Kind,
    rows: usize,
    /// Bytes of one row.
    stride: usize,
}

/// Where results go: each is written by the one thread that has its row of weights.
#[derive(Clone, Copy)]
struct Results(*mut f32);

// SAFETY: threads write different elements, see `Matrix::times`.
unsafe impl Send for Results {}
// SAFETY: likewise.
unsafe impl Sync for Results {}

impl Results {
    /// # Safety
    /// `at` lies within what was allocated, and nobody else writes it.
    unsafe fn set(self, at: usize, number: f32) {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(at).write(number) }
    }
}

impl Matrix {
    fn of(weight: &QTensor, columns: usize) -> Result<Option<Self>> {
        let Some(kind) = Kind::of(weight.dtype()) else {
            return Ok(None);
        };
        let (rows, wide) = weight.shape().dims2()?;
        let (numbers, bytes) = kind.block();
        let fits = weight.device().is_cpu() && wide == columns && columns.is_multiple_of(numbers);
        Ok(fits.then(|| Self {
            kind,
            rows,
            stride: columns / numbers * bytes,
        }))
    }

    /// `[tokens][rows]`.
    fn times(self, weights: &[u8], x: &Activations) -> Vec<f32> {
        assert_eq!(
            weights.len(),
            self.rows * self.stride,
            "a matrix of another size"
        );
        let mut res = vec![0.0; x.len() * self.rows];
        let results = Results(res.as_mut_ptr());
        // candle's own threads: they look out for work a while before they sleep, which is shorter than what
        // comes between two products; to be woken would take a good part of a short product.
        barrier_pool().execute_chunked(self.rows.div_ceil(TAKEN), |chunks| {
            for chunk in chunks {
                let from = chunk * TAKEN * self.stride;
                let weights = &weights[from..weights.len().min(from + TAKEN * self.stride)];
                // As many rows as registers hold share one reading of a row of weights.
                for (rows, group) in x.groups() {
                    let from = rows.start;
                    // SAFETY: `at` is a row of this chunk's, which no other thread has, and `token` one of x's.
                    let set = |at: usize, token: usize, number: f32| unsafe {
                        results.set((from + token) * self.rows + chunk * TAKEN + at, number);
                    };
                    match rows.len() {
                        8 => self.kind.products::<8>(weights, self.stride, group, set),
                        4 => self.kind.products::<4>(weights, self.stride, group, set),
                        2 => self.kind.products::<2>(weights, self.stride, group, set),
                        _ => self.kind.products::<1>(weights, self.stride, group, set),
                    }
                }
            }
        });
        res
    }
}
