//! Matrices of weights, dense or quantised, and reading them.

use std::cell::Cell;
use std::sync::Arc;

use candle_core::quantized::{QMatMul, QTensor};
use candle_core::{Module, Result, Tensor};

use super::weights::Read;
use super::{Arithmetic, Error, Place, Weights, kernel};

/// Rows of numbers, each as long as what they are multiplied with. Clones share memory.
#[derive(Clone)]
pub(super) enum Matrix {
    /// `[rows, columns]`.
    Dense(Tensor),
    /// Likewise, in blocks along the columns.
    Quantised(Arc<QTensor>),
}

/// A matrix `[out, in]` with or without a bias `[out]`.
pub(super) struct Linear {
    weight: Matrix,
    bias: Option<Tensor>,
}

impl Matrix {
    /// `x [tokens, columns]` → `[tokens, rows]`.
    fn product(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Dense(weight) => x.matmul(&weight.t()?),
            Self::Quantised(weight) => {
                let x = x.contiguous()?;
                match kernel::products(&[weight], &x)? {
                    Some(mut products) => Ok(products.remove(0)),
                    None => QMatMul::QTensor(weight.clone()).forward(&x),
                }
            }
        }
    }

    /// The rows numbered `ids [tokens]`: `[tokens, columns]`.
    pub(super) fn rows(&self, ids: &Tensor) -> Result<Tensor> {
        match self {
            Self::Dense(weight) => weight.index_select(ids, 0),
            Self::Quantised(weight) => weight.embedding(ids),
        }
    }

    fn bytes(&self) -> u64 {
        let bytes = match self {
            Self::Dense(weight) => weight.elem_count() * weight.dtype().size_in_bytes(),
            Self::Quantised(weight) => weight.storage_size_in_bytes(),
        };
        bytes as u64
    }
}

impl Linear {
    /// `matrix` as an output matrix: what tied embeddings are.
    pub(super) fn plain(weight: Matrix) -> Self {
        Self { weight, bias: None }
    }

    /// `x [tokens, in]` → `[tokens, out]`.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.with_bias(self.weight.product(x)?)
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
                Matrix::Quantised(weight) => Some(weight.as_ref()),
            })
            .collect();
        let fused = match quantised {
            Some(weights) => match kernel::products(&weights, x)? {
                Some(products) => Some(products),
                None => QTensor::gemv_fused_shared_lhs(&weights, x)?,
            },
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

    /// The matrix `name [rows, columns]`, quantised if it is stored so or the place asks for it and its
    /// rows are whole blocks.
    pub(super) fn matrix(
        &self,
        name: &str,
        (rows, columns): (usize, usize),
    ) -> std::result::Result<Matrix, Error> {
        let Place {
            device, arithmetic, ..
        } = self.place;
        let quantised = *arithmetic == Arithmetic::Quantised;
        let dtype = arithmetic.dtype();
        let read = self
            .weights
            .matrix(name, (rows, columns), quantised, dtype, device)?;
        let matrix = match read {
            Read::Dense(tensor) => Matrix::Dense(tensor),
            Read::Blocks(blocks) => Matrix::Quantised(Arc::new(blocks)),
        };
        self.count(rows * columns, matrix.bytes() as usize);
        Ok(matrix)
    }

    /// The matrix `name.weight`, with `name.bias [rows]` if `bias`.
    pub(super) fn linear(
        &self,
        name: &str,
        shape: (usize, usize),
        bias: bool,
    ) -> std::result::Result<Linear, Error> {
        let bias = match bias {
            true => Some(self.tensor(&format!("{name}.bias"), &[shape.0])?),
            false => None,
        };
        let weight = self.matrix(&format!("{name}.weight"), shape)?;
        Ok(Linear { weight, bias })
    }

    fn count(&self, parameters: usize, bytes: usize) {
        self.parameters
            .set(self.parameters.get() + parameters as u64);
        self.bytes.set(self.bytes.get() + bytes as u64);
    }
}
