//! Products with quantised matrices, and attention, on processors that have AVX2.
//!
//! candle multiplies bytes well from VNNI on. Below that its Q8_0 reads the weights once for every row of
//! activations, and its Q4_K keeps a larger copy of them beside the original. Here several rows share one
//! reading of a copy that takes the original's place.
//!
//! A number of the result depends on its own two rows alone, to the bit: how many rows are multiplied at a
//! time, and on how many threads, changes nothing.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Result, Tensor};

#[cfg(target_arch = "x86_64")]
mod activations;
#[cfg(target_arch = "x86_64")]
mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod gated;
#[cfg(target_arch = "x86_64")]
mod packed;
#[cfg(target_arch = "x86_64")]
mod pages;
#[cfg(target_arch = "x86_64")]
mod tile;

/// Whether this processor is one that the kernels are for.
pub(super) fn present() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        tile::present()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// What the kernels make of a matrix: a copy in the order that they read, which can be multiplied.
#[cfg(target_arch = "x86_64")]
pub(super) use packed::Packed;

/// There are none of it here.
#[cfg(not(target_arch = "x86_64"))]
pub(super) enum Packed {}

#[cfg(not(target_arch = "x86_64"))]
impl Packed {
    pub(super) fn shape(&self) -> (usize, usize) {
        match *self {}
    }

    pub(super) fn len(&self) -> usize {
        match *self {}
    }
}

/// A copy of `matrix` for [`products`]. None where candle is to multiply: another processor or device,
/// another kind of blocks, columns that do not fit.
pub(super) fn packed(matrix: &QTensor) -> Result<Option<Packed>> {
    #[cfg(target_arch = "x86_64")]
    {
        match present() {
            true => Packed::of(matrix),
            false => Ok(None),
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = matrix;
        Ok(None)
    }
}

/// Bytes of such a copy of a matrix of `kind`; none where there would be none.
pub(super) fn packed_size(kind: GgmlDType, rows: usize, columns: usize) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    {
        Packed::size(kind, rows, columns).filter(|_| present())
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (kind, rows, columns);
        None
    }
}

/// `x [tokens, columns]` times each of `weights [rows, columns]`: `[tokens, rows]` each. None where `x` is
/// elsewhere, of another kind of numbers, or does not fit.
pub(super) fn products(weights: &[&Packed], x: &Tensor) -> Result<Option<Vec<Tensor>>> {
    #[cfg(target_arch = "x86_64")]
    {
        tile::products(weights, x)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (weights, x);
        Ok(None)
    }
}

/// silu(gate) · up, of tensors of one shape. None where candle is to do it: another processor, device or kind
/// of numbers.
pub(super) fn gated(gate: &Tensor, up: &Tensor) -> Result<Option<Tensor>> {
    #[cfg(target_arch = "x86_64")]
    {
        gated::gated(gate, up)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (gate, up);
        Ok(None)
    }
}

/// Attention of `queries [heads, tokens, width]` over `keys` and `values [kv_heads, positions, width]`, of
/// which the last token sees all and each before it one less: `[tokens, heads * width]`. None where products
/// of matrices are to do it: another processor, device or kind of numbers, a width that is no multiple of 8.
pub(super) fn attention(
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    scale: f64,
) -> Result<Option<Tensor>> {
    #[cfg(target_arch = "x86_64")]
    {
        attention::of_tokens(queries, keys, values, scale as f32)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (queries, keys, values, scale);
        Ok(None)
    }
}

/// The same of `queries [rows, heads, 1, width]`, each over the keys and values that are `common
/// [kv_heads, positions, width]` and then its row of `own [rows, kv_heads, positions, width]`:
/// `[rows, heads * width]`.
pub(super) fn attention_of_rows(
    queries: &Tensor,
    common: [&Tensor; 2],
    own: [&Tensor; 2],
    scale: f64,
) -> Result<Option<Tensor>> {
    #[cfg(target_arch = "x86_64")]
    {
        attention::of_rows(queries, common, own, scale as f32)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (queries, common, own, scale);
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
