//! Products with quantised matrices on processors that have AVX2 and nothing newer.
//!
//! candle multiplies bytes well from VNNI on. Below that its Q8_0 reads the weights once for every row of
//! activations, and its Q4_K keeps a second, larger copy of them. Here several rows share one reading, and
//! the blocks are used where they lie, in memory or in a mapped file.
//!
//! A number of the result depends on its own two rows alone, to the bit: how many rows are multiplied at a
//! time, and on how many threads, changes nothing.

use candle_core::quantized::QTensor;
use candle_core::{Result, Tensor};

#[cfg(target_arch = "x86_64")]
mod activations;
#[cfg(target_arch = "x86_64")]
mod avx2;
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

/// `x [tokens, columns]` times each of `weights [rows, columns]`: `[tokens, rows]` each. None where candle
/// is to do it: another processor or device, another kind of blocks or numbers, columns that do not fit.
pub(super) fn products(weights: &[&QTensor], x: &Tensor) -> Result<Option<Vec<Tensor>>> {
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

#[cfg(test)]
mod tests;
