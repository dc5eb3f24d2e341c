//! The decoder that the Llama and Qwen2 families share.
//!
//! Touvron et al. 2023, "LLaMA", arXiv 2302.13971: pre-normalised attention with rotary positions, and a
//! gated feed-forward part; with grouped queries (Ainslie et al. 2023, arXiv 2305.13245). One text at a
//! time: activations are `[tokens, hidden]`.

use std::ops::ControlFlow;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{ops, rotary_emb};

use super::cache::Cache;
use super::linear::{Linear, Loader};
use super::{Config, Error, Network, Place, Rows, Weights};

/// Which projections of a family have biases.
#[derive(Clone, Copy, Debug)]
pub(super) struct Biases {
    /// Queries, keys and values.
    pub queries: bool,
    /// The attention's output.
    pub output: bool,
    /// The feed-forward part.
    pub feed_forward: bool,
}

/// The network, with what it remembers.
pub(super) struct Transformer {
    config: Config,
    device: Device,
    dtype: DType,
    embedding: Tensor,
    layers: Vec<Layer>,
    norm: Tensor,
    head: Linear,
    cache: Cache,
    /// Cosines and sines of the positions that the cache has room for.
    angles: (Tensor, Tensor),
    size: (u64, u64),
}

struct Layer {
    attention_norm: Tensor,
    queries: Linear,
    keys: Linear,
    values: Linear,
    output: Linear,
    feed_norm: Tensor,
    gate: Linear,
    up: Linear,
    down: Linear,
}

impl Transformer {
    /// Reads all tensors. Errs naming the first that is missing or of another shape.
    pub(super) fn load(
        weights: &Weights,
        place: &Place,
        biases: Biases,
    ) -> std::result::Result<Self, Error> {
        let config = weights.config.clone();
        let loader = Loader::new(weights, place);
        let embedding = loader.tensor(
            "model.embed_tokens.weight",
            &[config.vocabulary, config.hidden],
        )?;
        let layers = (0..config.layers)
            .map(|index| Layer::load(&loader, &config, index, biases))
            .collect::<std::result::Result<_, _>>()?;
        let norm = loader.tensor("model.norm.weight", &[config.hidden])?;
        let head = match config.tied {
            true => loader.tied(&embedding)?,
            false => loader.linear("lm_head", (config.vocabulary, config.hidden), false)?,
        };
        let dtype = place.arithmetic.dtype();
        let cache = Cache::new(&config, dtype, &place.device);
        let angles = config.rope.table(config.head_width, 1, &place.device)?;
        Ok(Self {
            device: place.device.clone(),
            dtype,
            embedding,
            layers,
            norm,
            head,
            cache,
            angles,
            size: loader.size(),
            config,
        })
    }

    fn reserve(&mut self, more: usize) -> Result<()> {
        let before = self.cache.capacity();
        self.cache.reserve(more)?;
        if before < self.cache.capacity() {
            let (width, positions) = (self.config.head_width, self.cache.capacity());
            let (cosines, sines) = self.config.rope.table(width, positions, &self.device)?;
            self.angles = (cosines.to_dtype(self.dtype)?, sines.to_dtype(self.dtype)?);
        }
        Ok(())
    }

    /// 0 where a token may look, minus infinity at its future: f32 `[tokens, filled + tokens]`.
    fn mask(&self, tokens: usize) -> Result<Option<Tensor>> {
        if tokens == 1 {
            return Ok(None);
        }
        let filled = self.cache.filled();
        let total = filled + tokens;
        let row = |token| {
            (0..total).map(move |seen| match seen <= filled + token {
                true => 0.0,
                false => f32::NEG_INFINITY,
            })
        };
        let mask: Vec<f32> = (0..tokens).flat_map(row).collect();
        Ok(Some(Tensor::from_vec(mask, (tokens, total), &self.device)?))
    }

    fn norm(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        ops::rms_norm(&x.contiguous()?, weight, self.config.epsilon)
    }

    /// `x [tokens, heads * width]` → `[heads, tokens, width]`.
    fn heads(&self, x: &Tensor, heads: usize) -> Result<Tensor> {
        let tokens = x.dim(0)?;
        x.reshape((tokens, heads, self.config.head_width))?
            .transpose(0, 1)?
            .contiguous()
    }

    fn rotated(&self, x: &Tensor) -> Result<Tensor> {
        let (position, tokens) = (self.cache.filled(), x.dim(1)?);
        let cosines = self.angles.0.narrow(0, position, tokens)?;
        let sines = self.angles.1.narrow(0, position, tokens)?;
        rotary_emb::rope(&x.unsqueeze(0)?, &cosines, &sines)?.squeeze(0)
    }

    fn attention(&self, index: usize, x: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let layer = &self.layers[index];
        let config = &self.config;
        let tokens = x.dim(0)?;
        let [queries, keys, values] =
            Linear::forward_all([&layer.queries, &layer.keys, &layer.values], x)?;
        let queries = self.rotated(&self.heads(&queries, config.heads)?)?;
        let keys = self.rotated(&self.heads(&keys, config.kv_heads)?)?;
        let values = self.heads(&values, config.kv_heads)?;
        let (keys, values) = self.cache.write(index, &keys, &values)?;

        // Heads that share keys lie next to each other: stacked as more queries, they need no copies.
        let group = config.heads / config.kv_heads;
        let stacked = (config.kv_heads, group * tokens, config.head_width);
        let scale = 1.0 / (config.head_width as f64).sqrt();
        let scores = (queries.reshape(stacked)?.matmul(&keys.t()?)? * scale)?;
        // In 16 bits a sum over thousands of positions would lose the small ones.
        let scores = scores.to_dtype(DType::F32)?;
        let total = keys.dim(1)?;
        let scores = match mask {
            Some(mask) => scores
                .reshape((config.heads, tokens, total))?
                .broadcast_add(mask)?
                .reshape((config.kv_heads, group * tokens, total))?,
            None => scores,
        };
        let shares = ops::softmax_last_dim(&scores)?.to_dtype(self.dtype)?;
        let mixed = shares
            .matmul(&values)?
            .reshape((config.heads, tokens, config.head_width))?
            .transpose(0, 1)?
            .reshape((tokens, config.heads * config.head_width))?;
        layer.output.forward(&mixed)
    }

    fn feed_forward(&self, layer: &Layer, x: &Tensor) -> Result<Tensor> {
        let [gate, up] = Linear::forward_all([&layer.gate, &layer.up], x)?;
        layer.down.forward(&(ops::silu(&gate)? * up)?)
    }

    fn step(
        &mut self,
        tokens: &[u32],
        rows: Rows,
        wanted: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Option<Tensor>> {
        self.reserve(tokens.len())?;
        let mask = self.mask(tokens.len())?;
        let ids = Tensor::new(tokens, &self.device)?;
        let mut x = self.embedding.index_select(&ids, 0)?;
        for (index, layer) in self.layers.iter().enumerate() {
            // What earlier layers wrote to the cache does not count before it is accepted.
            if wanted().is_break() {
                return Ok(None);
            }
            let normed = self.norm(&x, &layer.attention_norm)?;
            x = (x + self.attention(index, &normed, mask.as_ref())?)?;
            let normed = self.norm(&x, &layer.feed_norm)?;
            x = (x + self.feed_forward(layer, &normed)?)?;
        }
        self.cache.accept(tokens.len());
        let x = match rows {
            Rows::All => x,
            Rows::Last => x.narrow(0, tokens.len() - 1, 1)?,
        };
        let x = self.norm(&x, &self.norm)?;
        Ok(Some(self.head.forward(&x)?.to_dtype(DType::F32)?))
    }
}

impl Network for Transformer {
    fn context(&self) -> usize {
        self.config.positions
    }

    fn filled(&self) -> usize {
        self.cache.filled()
    }

    fn advance(
        &mut self,
        tokens: &[u32],
        rows: Rows,
        wanted: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> std::result::Result<Option<Tensor>, Error> {
        let total = self.cache.filled() + tokens.len();
        if self.config.positions < total {
            return Err(Error::TooLong {
                tokens: total,
                context: self.config.positions,
            });
        }
        if tokens.is_empty() {
            return Err(candle_core::Error::msg("there is no token to continue from").into());
        }
        let known = self.config.vocabulary;
        if let Some(token) = tokens.iter().find(|token| known <= **token as usize) {
            return Err(candle_core::Error::msg(format!(
                "token {token} is beyond the {known} that the weights know; \
                 tokenizer.json belongs to another model"
            ))
            .into());
        }
        Ok(self.step(tokens, rows, wanted)?)
    }

    fn rollback(&mut self, to: usize) {
        self.cache.rollback(to);
    }

    fn size(&self) -> (u64, u64) {
        self.size
    }
}

impl Layer {
    fn load(
        loader: &Loader<'_>,
        config: &Config,
        index: usize,
        biases: Biases,
    ) -> std::result::Result<Self, Error> {
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let (hidden, inner) = (config.hidden, config.inner);
        let queries = config.heads * config.head_width;
        let shared = config.kv_heads * config.head_width;
        let part =
            |part: &str, shape: (usize, usize), bias: bool| loader.linear(&name(part), shape, bias);
        let fed = biases.feed_forward;
        Ok(Self {
            attention_norm: loader.tensor(&name("input_layernorm.weight"), &[hidden])?,
            queries: part("self_attn.q_proj", (queries, hidden), biases.queries)?,
            keys: part("self_attn.k_proj", (shared, hidden), biases.queries)?,
            values: part("self_attn.v_proj", (shared, hidden), biases.queries)?,
            output: part("self_attn.o_proj", (hidden, queries), biases.output)?,
            feed_norm: loader.tensor(&name("post_attention_layernorm.weight"), &[hidden])?,
            gate: part("mlp.gate_proj", (inner, hidden), fed)?,
            up: part("mlp.up_proj", (inner, hidden), fed)?,
            down: part("mlp.down_proj", (hidden, inner), fed)?,
        })
    }
}
