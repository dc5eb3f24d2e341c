//! Matrices of weights, dense or quantised, and reading them.

use std::cell::Cell;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{Module, Result, Tensor};

use super::{Arithmetic, Error, Place, Weights};

/// A matrix `[out, in]` with or without a bias `[out]`.
pub(super) struct Linear {
    weight: Matrix,
    bias: Option<Tensor>,
}

enum Matrix {
    Dense(Tensor),
    Quantised(Arc<QTensor>, QMatMul),
}

impl Linear {
    /// `x [tokens, in]` → `[tokens, out]`.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let product = match &self.weight {
            Matrix::Dense(weight) => x.matmul(&weight.t()?)?,
            Matrix::Quantised(_, weight) => weight.forward(x)?,
        };
        self.with_bias(product)
    }

    fn with_bias(&self, product: Tensor) -> Result<Tensor> {
        match &self.bias {
            Some(bias) => product.broadcast_add(bias),
            None => Ok(product),
        }
    }

    /// [`Self::forward`] of each of `several` on the same input. Quantised ones quantise that input once
    /// where the CPU has a kernel for it.
    pub(super) fn forward_all<const N: usize>(
        several: [&Self; N],
        x: &Tensor,
    ) -> Result<[Tensor; N]> {
        let quantised: Option<Vec<&QTensor>> = several
            .iter()
            .map(|linear| match &linear.weight {
                Matrix::Dense(_) => None,
                Matrix::Quantised(weight, _) => Some(weight.as_ref()),
            })
            .collect();
        let fused = match quantised {
            Some(weights) => QTensor::gemv_fused_shared_lhs(&weights, x)?,
            None => None,
        };
        let products = match fused {
            Some(products) => products
                .into_iter()
                .zip(several)
                .map(|(product, linear)| linear.with_bias(product))
                .collect::<Result<Vec<_>>>()?,
            None => several
                .iter()
                .map(|linear| linear.forward(x))
                .collect::<Result<Vec<_>>>()?,
        };
        products
            .try_into()
            .map_err(|_| candle_core::Error::msg("a fused product lost a matrix"))
    }
}

/// Reads weights onto a place, and counts them.
pub(super) struct Loader<'a> {
    weights: &'a Weights,
    place: &'a Place,
    parameters: Cell<u64>,
    bytes: Cell<u64>,
}

impl<'a> Loader<'a> {
    /// Nothing read yet.
    pub(super) fn new(weights: &'a Weights, place: &'a Place) -> Self {
        Self {
            weights,
            place,
            parameters: Cell::new(0),
            bytes: Cell::new(0),
        }
    }

    /// Numbers read so far, and the bytes that they take in memory.
    pub(super) fn size(&self) -> (u64, u64) {
        (self.parameters.get(), self.bytes.get())
    }

    /// The tensor `name`, in the type of activations.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> std::result::Result<Tensor, Error> {
        let dtype = self.place.arithmetic.dtype();
        let tensor = self
            .weights
            .tensor(name, shape, dtype, &self.place.device)?;
        let count = tensor.elem_count();
        self.count(count, count * dtype.size_in_bytes());
        Ok(tensor)
    }

    /// The matrix `name.weight [rows, columns]`, with `name.bias [rows]` if `bias`.
    pub(super) fn linear(
        &self,
        name: &str,
        (rows, columns): (usize, usize),
        bias: bool,
    ) -> std::result::Result<Linear, Error> {
        let bias = match bias {
            true => Some(self.tensor(&format!("{name}.bias"), &[rows])?),
            false => None,
        };
        let weight = self.tensor(&format!("{name}.weight"), &[rows, columns])?;
        let dense = weight.elem_count() * weight.dtype().size_in_bytes();
        let (weight, bytes) = self.matrix(weight)?;
        self.bytes
            .set(self.bytes.get() - dense as u64 + bytes as u64);
        Ok(Linear { weight, bias })
    }

    /// `matrix [rows, columns]`, already read, as an output matrix: what tied embeddings are.
    pub(super) fn tied(&self, matrix: &Tensor) -> std::result::Result<Linear, Error> {
        let dense = matrix.elem_count() * matrix.dtype().size_in_bytes();
        let (weight, bytes) = self.matrix(matrix.clone())?;
        // A dense one shares the embedding's memory; a quantised one is a copy.
        self.count(0, if bytes == dense { 0 } else { bytes });
        Ok(Linear { weight, bias: None })
    }

    /// Quantised if the place asks for it and the row length is a whole number of blocks; and its bytes.
    fn matrix(&self, weight: Tensor) -> std::result::Result<(Matrix, usize), Error> {
        let kind = GgmlDType::Q8_0;
        let dense = weight.elem_count() * weight.dtype().size_in_bytes();
        let whole = weight.dim(1)?.is_multiple_of(kind.block_size());
        if self.place.arithmetic != Arithmetic::Quantised || !whole {
            return Ok((Matrix::Dense(weight), dense));
        }
        let quantised = Arc::new(QTensor::quantize(&weight, kind)?);
        let bytes = quantised.storage_size_in_bytes();
        let product = QMatMul::from_arc(quantised.clone())?;
        Ok((Matrix::Quantised(quantised, product), bytes))
    }

    fn count(&self, parameters: usize, bytes: usize) {
        self.parameters
            .set(self.parameters.get() + parameters as u64);
        self.bytes.set(self.bytes.get() + bytes as u64);
    }
}
