//! Rows that continue one text: what they share is remembered once, what each adds on its own.
//!
//! The rows' queries meet the shared keys as one matrix, so that the weights and the shared text are read
//! once a step for all of them. Juravsky et al. 2024, "Hydragen", arXiv 2402.05099. Unlike the paper, the
//! two parts' scores are joined before one softmax: the parts are small, and the sum stays exact.

use std::ops::ControlFlow;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ops;

use super::{Linear, Transformer};
use crate::model::{Error, kernel};

/// Tokens that a row has room for at first.
const SMALLEST: usize = 64;

/// What rows added to the text that they share.
pub(super) struct Branch {
    /// For each layer keys and values, `[rows, kv_heads, capacity, head_width]`.
    layers: Vec<(Tensor, Tensor)>,
    rows: usize,
    /// Tokens of each row. Invariant: `filled <= capacity`.
    filled: usize,
    capacity: usize,
}

impl Branch {
    /// `rows` rows without a token of their own.
    pub(super) fn new(rows: usize) -> Self {
        Self {
            layers: Vec::new(),
            rows,
            filled: 0,
            capacity: 0,
        }
    }

    /// Tokens of each row.
    pub(super) fn filled(&self) -> usize {
        self.filled
    }

    /// Forgets all rows but those at `kept`.
    pub(super) fn keep(&mut self, kept: &[usize], device: &Device) -> Result<()> {
        if kept.iter().copied().eq(0..self.rows) {
            return Ok(());
        }
        let places: Vec<u32> = kept.iter().map(|row| *row as u32).collect();
        let places = Tensor::new(places, device)?;
        for (keys, values) in &mut self.layers {
            *keys = keys.index_select(&places, 0)?;
            *values = values.index_select(&places, 0)?;
        }
        self.rows = kept.len();
        Ok(())
    }
}

impl Transformer {
    /// Makes room for one token more in each of `rows` rows. Errs when there is none, or when the rows are
    /// others than were begun.
    pub(super) fn reserve_rows(&mut self, rows: usize) -> std::result::Result<(), Error> {
        let Some(branch) = &self.branch else {
            return Err(candle_core::Error::msg("no rows were begun").into());
        };
        if branch.rows != rows {
            let reason = format!("{rows} tokens for {} rows", branch.rows);
            return Err(candle_core::Error::msg(reason).into());
        }
        let positions = self.cache.filled() + branch.filled + 1;
        let full = branch.filled == branch.capacity;
        let capacity = (branch.capacity * 2).max(SMALLEST);
        let numbers = 2 * rows * self.config.kv_heads * self.config.head_width * self.config.layers;
        let bytes = (numbers * (capacity - branch.capacity) * self.dtype.size_in_bytes()) as u64;
        if full {
            self.afford(bytes, positions)?;
            self.grow_rows(rows, capacity)?;
        }
        self.make_room(0, positions)?;
        Ok(())
    }

    fn grow_rows(&mut self, rows: usize, capacity: usize) -> Result<()> {
        let Some(branch) = &mut self.branch else {
            return Ok(());
        };
        let shape = (rows, self.config.kv_heads, capacity, self.config.head_width);
        let empty = || Tensor::zeros(shape, self.dtype, &self.device);
        let mut layers = Vec::with_capacity(self.config.layers);
        for index in 0..self.config.layers {
            let (keys, values) = (empty()?, empty()?);
            if let Some((old_keys, old_values)) = branch.layers.get(index) {
                keys.slice_set(old_keys, 2, 0)?;
                values.slice_set(old_values, 2, 0)?;
            }
            layers.push((keys, values));
        }
        branch.layers = layers;
        branch.capacity = capacity;
        Ok(())
    }

    /// One token a row. There is room.
    pub(super) fn step_rows(
        &mut self,
        tokens: &[u32],
        wanted: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Option<Tensor>> {
        let mut x = self.embedded(tokens)?;
        for (index, layer) in self.layers.iter().enumerate() {
            if wanted().is_break() {
                return Ok(None);
            }
            let normed = self.norm(&x, &layer.attention_norm)?;
            x = (x + self.attention_of_rows(index, &normed)?)?;
            let normed = self.norm(&x, &layer.feed_norm)?;
            x = (x + self.feed_forward(layer, &normed)?)?;
        }
        if let Some(branch) = &mut self.branch {
            branch.filled += 1;
        }
        Ok(Some(self.logits(&x)?))
    }

    /// `x [rows, hidden]` → `[rows, hidden]`.
    fn attention_of_rows(&self, index: usize, x: &Tensor) -> Result<Tensor> {
        let (layer, config) = (&self.layers[index], &self.config);
        let Some(branch) = &self.branch else {
            return Err(candle_core::Error::msg("no rows were begun"));
        };
        let (rows, heads, shared) = (x.dim(0)?, config.heads, config.kv_heads);
        let (group, width) = (heads / shared, config.head_width);
        let [queries, keys, values] =
            Linear::forward_all([&layer.queries, &layer.keys, &layer.values], x)?;
        let position = self.cache.filled() + branch.filled;
        let queries = self.rotated(&queries.reshape((rows, heads, 1, width))?, position)?;
        let keys = self.rotated(&keys.reshape((rows, shared, 1, width))?, position)?;
        let values = values.reshape((rows, shared, 1, width))?;
        let (own_keys, own_values) = &branch.layers[index];
        own_keys.slice_set(&keys.contiguous()?, 2, branch.filled)?;
        own_values.slice_set(&values.contiguous()?, 2, branch.filled)?;
        let own = branch.filled + 1;
        let (own_keys, own_values) = (own_keys.narrow(2, 0, own)?, own_values.narrow(2, 0, own)?);

        let scale = 1.0 / (width as f64).sqrt();
        let Some((common_keys, common_values)) = self.cache.read(index)? else {
            return Err(candle_core::Error::msg("rows continue an empty text"));
        };
        let common = [&common_keys, &common_values];
        let own_parts = [&own_keys, &own_values];
        if let Some(mixed) = kernel::attention_of_rows(&queries, common, own_parts, scale)? {
            return layer.output.forward(&mixed);
        }
        let queries = queries.reshape((rows, shared, group, width))?;
        let own_scores = queries.matmul(&own_keys.t()?)?;
        // All rows' queries of one head lie together where they meet what is common.
        let stacked = queries
            .transpose(0, 1)?
            .reshape((shared, rows * group, width))?;
        let common = common_keys.dim(1)?;
        let common_scores = stacked.matmul(&common_keys.t()?)?;
        let own_scores = own_scores
            .transpose(0, 1)?
            .reshape((shared, rows * group, own))?;
        let scores = (Tensor::cat(&[&common_scores, &own_scores], 2)? * scale)?;
        let shares = ops::softmax_last_dim(&scores.to_dtype(DType::F32)?)?.to_dtype(self.dtype)?;
        let common_mixed = shares
            .narrow(2, 0, common)?
            .contiguous()?
            .matmul(&common_values)?
            .reshape((shared, rows, group, width))?
            .transpose(0, 1)?;
        let own_mixed = shares
            .narrow(2, common, own)?
            .reshape((shared, rows, group, own))?
            .transpose(0, 1)?
            .contiguous()?
            .matmul(&own_values)?;
        let mixed = (common_mixed + own_mixed)?.reshape((rows, heads * width))?;
        layer.output.forward(&mixed)
    }
}
