//! The decoder that the Llama and Qwen2 families share.
//!
//! Touvron et al. 2023, "LLaMA", arXiv 2302.13971: pre-normalised attention with rotary positions, and a
//! gated feed-forward part; with grouped queries (Ainslie et al. 2023, arXiv 2305.13245). Activations are
//! `[tokens, hidden]`: of one text, or of the rows that continue it, one token each.

mod branch;

use std::ops::ControlFlow;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{ops, rotary_emb};

use self::branch::Branch;
use super::cache::Cache;
use super::linear::{Linear, Loader, Matrix};
use super::{Config, Error, Network, Place, Rows, Watch, Weights, kernel, memory};

/// Memory is looked at before so much more is asked for.
const LARGE: u64 = 64 << 20;

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
    place: Place,
    device: Device,
    dtype: DType,
    embedding: Matrix,
    layers: Vec<Layer>,
    norm: Tensor,
    head: Linear,
    cache: Cache,
    branch: Option<Branch>,
    /// Whether rotation pairs neighbours, not halves of a head.
    interleaved: bool,
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
        watch: &Watch<'_>,
    ) -> std::result::Result<Self, Error> {
        let config = weights.config.clone();
        let loader = Loader::new(weights, place);
        let shape = (config.vocabulary, config.hidden);
        let embedding = loader.matrix("model.embed_tokens.weight", shape)?;
        let layers = (0..config.layers)
            .map(|index| {
                watch.tell(index as f32 / config.layers as f32)?;
                Layer::load(&loader, &config, index, biases)
            })
            .collect::<std::result::Result<_, _>>()?;
        let norm = loader.tensor("model.norm.weight", &[config.hidden])?;
        let head = match config.tied {
            true => loader.tied(&embedding)?,
            false => loader.linear("lm_head", shape, false)?,
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
            branch: None,
            interleaved: weights.interleaved(),
            angles,
            size: loader.size(),
            place: place.clone(),
            config,
        })
    }

    /// Makes room for `more` tokens. Errs when there is none.
    fn reserve(&mut self, more: usize) -> std::result::Result<(), Error> {
        self.afford(self.cache.growth(more), self.cache.filled() + more)?;
        self.make_room(more, self.cache.filled() + more)?;
        Ok(())
    }

    /// Errs when `bytes` more, for a text of `tokens`, are not to be had.
    fn afford(&self, bytes: u64, tokens: usize) -> std::result::Result<(), Error> {
        if bytes < LARGE {
            return Ok(());
        }
        match memory::free(&self.place) {
            Some(free) if free < bytes => Err(Error::Memory {
                what: format!(
                    "a text of {tokens} tokens needs {} more",
                    memory::gib(bytes)
                ),
                free: memory::gib(free),
            }),
            _ => Ok(()),
        }
    }

    /// For `more` tokens in the cache, and angles up to position `positions` (exclusive) at least.
    fn make_room(&mut self, more: usize, positions: usize) -> Result<()> {
        self.cache.reserve(more)?;
        if self.angles.0.dim(0)? < positions {
            let positions = positions.next_power_of_two().max(self.cache.capacity());
            let positions = positions.min(self.config.positions);
            let width = self.config.head_width;
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

    /// `x [rows, heads, tokens, width]`, whose first tokens are at `position`.
    fn rotated(&self, x: &Tensor, position: usize) -> Result<Tensor> {
        let tokens = x.dim(2)?;
        let cosines = self.angles.0.narrow(0, position, tokens)?;
        let sines = self.angles.1.narrow(0, position, tokens)?;
        match self.interleaved {
            true => rotary_emb::rope_i(x, &cosines, &sines),
            false => rotary_emb::rope(x, &cosines, &sines),
        }
    }

    fn attention(&self, index: usize, x: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let layer = &self.layers[index];
        let config = &self.config;
        let [queries, keys, values] =
            Linear::forward_all([&layer.queries, &layer.keys, &layer.values], x)?;
        let rotated = |x: &Tensor, heads| {
            let x = self.heads(x, heads)?.unsqueeze(0)?;
            self.rotated(&x, self.cache.filled())?.squeeze(0)
        };
        let queries = rotated(&queries, config.heads)?;
        let keys = rotated(&keys, config.kv_heads)?;
        let values = self.heads(&values, config.kv_heads)?;
        let (keys, values) = self.cache.write(index, &keys, &values)?;

        let scale = 1.0 / (config.head_width as f64).sqrt();
        let mixed = match kernel::attention(&queries, &keys, &values, scale)? {
            Some(mixed) => mixed,
            None => self.multiplied(&queries, (&keys, &values), mask)?,
        };
        layer.output.forward(&mixed)
    }

    /// Attention by products of matrices: `queries [heads, tokens, width]` over keys and values
    /// `[kv_heads, positions, width]` → `[tokens, heads * width]`.
    fn multiplied(
        &self,
        queries: &Tensor,
        (keys, values): (&Tensor, &Tensor),
        mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let config = &self.config;
        let tokens = queries.dim(1)?;
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
        shares
            .matmul(values)?
            .reshape((config.heads, tokens, config.head_width))?
            .transpose(0, 1)?
            .reshape((tokens, config.heads * config.head_width))
    }

    fn feed_forward(&self, layer: &Layer, x: &Tensor) -> Result<Tensor> {
        let [gate, up] = Linear::forward_all([&layer.gate, &layer.up], x)?;
        let gated = match kernel::gated(&gate, &up)? {
            Some(gated) => gated,
            None => (ops::silu(&gate)? * up)?,
        };
        layer.down.forward(&gated)
    }

    fn step(
        &mut self,
        tokens: &[u32],
        rows: Rows,
        wanted: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Option<Tensor>> {
        let mask = self.mask(tokens.len())?;
        let mut x = self.embedded(tokens)?;
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
        Ok(Some(self.logits(&x)?))
    }

    fn embedded(&self, tokens: &[u32]) -> Result<Tensor> {
        let ids = Tensor::new(tokens, &self.device)?;
        self.embedding.rows(&ids)?.to_dtype(self.dtype)
    }

    fn logits(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.norm(x, &self.norm)?;
        self.head.forward(&x)?.to_dtype(DType::F32)
    }

    /// Errs when `tokens`, of which `longer` lengthen the text, are none, too many or unknown.
    fn check(&self, tokens: &[u32], longer: usize) -> std::result::Result<(), Error> {
        let grown = self.branch.as_ref().map_or(0, Branch::filled);
        let total = self.cache.filled() + grown + longer;
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
        Ok(())
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
        self.branch = None;
        self.check(tokens, tokens.len())?;
        self.reserve(tokens.len())?;
        Ok(self.step(tokens, rows, wanted)?)
    }

    fn rollback(&mut self, to: usize) {
        self.branch = None;
        self.cache.rollback(to);
    }

    fn branch(&mut self, rows: usize) -> std::result::Result<(), Error> {
        self.branch = Some(Branch::new(rows.max(1)));
        Ok(())
    }

    fn advance_rows(
        &mut self,
        tokens: &[u32],
        wanted: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> std::result::Result<Option<Tensor>, Error> {
        self.check(tokens, 1)?;
        self.reserve_rows(tokens.len())?;
        Ok(self.step_rows(tokens, wanted)?)
    }

    fn keep_rows(&mut self, kept: &[usize]) -> std::result::Result<(), Error> {
        match &mut self.branch {
            Some(branch) => Ok(branch.keep(kept, &self.device)?),
            None => Ok(()),
        }
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
