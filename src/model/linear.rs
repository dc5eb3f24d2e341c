//! Matrices of weights, dense or quantised, and reading them.

use std::cell::Cell;
use std::sync::Arc;

use candle_core::quantized::{QMatMul, QTensor};
use candle_core::{Module, Result, Tensor};

use super::kernel::{self, Packed};
use super::weights::Read;
use super::{Arithmetic, Error, Place, Weights};

/// Rows of numbers, each as long as what they are multiplied with. Clones share memory.
#[derive(Clone)]
pub(super) enum Matrix {
    /// `[rows, columns]`.
    Dense(Tensor),
    /// Likewise, in blocks along the columns.
    Quantised(Arc<QTensor>),
    /// The same as our kernels read it: to be multiplied, not looked up.
    Packed(Arc<Packed>),
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
            Self::Quantised(weight) => QMatMul::QTensor(weight.clone()).forward(&x.contiguous()?),
            Self::Packed(weight) => match kernel::products(&[weight], &x.contiguous()?)? {
                Some(mut products) => Ok(products.remove(0)),
                None => candle_core::bail!(
                    "a packed matrix {:?} is multiplied with {:?} {:?}",
                    weight.shape(),
                    x.dtype(),
                    x.shape()
                ),
            },
        }
    }

    /// The same for products alone, where there is a kernel for them.
    fn packed(self) -> Result<Self> {
        match &self {
            Self::Quantised(weight) => Ok(match kernel::packed(weight)? {
                Some(packed) => Self::Packed(Arc::new(packed)),
                None => self,
            }),
            Self::Dense(_) | Self::Packed(_) => Ok(self),
        }
    }

    /// The rows numbered `ids [tokens]`: `[tokens, columns]`.
    pub(super) fn rows(&self, ids: &Tensor) -> Result<Tensor> {
        match self {
            Self::Dense(weight) => weight.index_select(ids, 0),
            Self::Quantised(weight) => weight.embedding(ids),
            Self::Packed(_) => candle_core::bail!("a packed matrix has no rows to look up"),
        }
    }

    fn bytes(&self) -> u64 {
        let bytes = match self {
            Self::Dense(weight) => weight.elem_count() * weight.dtype().size_in_bytes(),
            Self::Quantised(weight) => weight.storage_size_in_bytes(),
            Self::Packed(weight) => weight.len(),
        };
        bytes as u64
    }
}

impl Linear {
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
        let products = match Self::fused(several, x)? {
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

    /// The products alone, where they can be made together.
    fn fused<const N: usize>(several: [&Self; N], x: &Tensor) -> Result<Option<Vec<Tensor>>> {
        let packed: Option<Vec<&Packed>> = several
            .iter()
            .map(|it| match &it.weight {
                Matrix::Packed(weight) => Some(weight.as_ref()),
                Matrix::Dense(_) | Matrix::Quantised(_) => None,
            })
            .collect();
        if let Some(weights) = packed {
            return kernel::products(&weights, x);
        }
        let quantised: Option<Vec<&QTensor>> = several
            .iter()
            .map(|it| match &it.weight {
                Matrix::Quantised(weight) => Some(weight.as_ref()),
                Matrix::Dense(_) | Matrix::Packed(_) => None,
            })
            .collect();
        match quantised {
            Some(weights) => QTensor::gemv_fused_shared_lhs(&weights, x),
            None => Ok(None),
        }
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
        let matrix = self.read(name, (rows, columns))?;
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
        let weight = self.read(&format!("{name}.weight"), shape)?.packed()?;
        self.count(shape.0 * shape.1, weight.bytes() as usize);
        Ok(Linear { weight, bias })
    }

    /// `matrix`, read before, as an output matrix: what tied embeddings are.
    pub(super) fn tied(&self, matrix: &Matrix) -> std::result::Result<Linear, Error> {
        let weight = matrix.clone().packed()?;
        if let Matrix::Packed(copy) = &weight {
            self.count(0, copy.len());
        }
        Ok(Linear { weight, bias: None })
    }

    fn read(&self, name: &str, shape: (usize, usize)) -> std::result::Result<Matrix, Error> {
        let Place {
            device, arithmetic, ..
        } = self.place;
        let quantised = *arithmetic == Arithmetic::Quantised;
        let dtype = arithmetic.dtype();
        let read = self.weights.matrix(name, shape, quantised, dtype, device)?;
        Ok(match read {
            Read::Dense(tensor) => Matrix::Dense(tensor),
            Read::Blocks(blocks) => Matrix::Quantised(Arc::new(blocks)),
        })
    }

    fn count(&self, parameters: usize, bytes: usize) {
        self.parameters
            .set(self.parameters.get() + parameters as u64);
        self.bytes.set(self.bytes.get() + bytes as u64);
    }
}
