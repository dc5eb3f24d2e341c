//! Keys and values of the tokens remembered, in memory that grows by doubling.

use candle_core::{DType, Device, Result, Tensor};

use super::Config;

/// Enough for a short question, so that most are answered without growing.
const SMALLEST: usize = 256;

/// One layer's keys or values, `[kv_heads, capacity, head_width]`.
///
/// Written in place: appending a token to a tensor that is exactly full would copy the whole of it, for
/// each token and layer.
struct Store(Tensor);

/// What all layers remember. Positions from `filled` on hold leftovers.
pub(super) struct Cache {
    /// None before the first token is reserved: not every device can hold an empty tensor.
    layers: Vec<(Store, Store)>,
    count: usize,
    /// `[kv_heads, head_width]`.
    shape: (usize, usize),
    dtype: DType,
    device: Device,
    filled: usize,
    /// Invariant: `filled <= capacity <= most`.
    capacity: usize,
    most: usize,
}

impl Cache {
    /// Empty, holding no memory, for at most `config.positions` tokens.
    pub(super) fn new(config: &Config, dtype: DType, device: &Device) -> Self {
        Self {
            layers: Vec::new(),
            count: config.layers,
            shape: (config.kv_heads, config.head_width),
            dtype,
            device: device.clone(),
            filled: 0,
            capacity: 0,
            most: config.positions,
        }
    }

    /// Tokens remembered.
    pub(super) fn filled(&self) -> usize {
        self.filled
    }

    /// Tokens that fit without growing.
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Makes room for `more` tokens. `filled + more` must not exceed the most that was promised.
    pub(super) fn reserve(&mut self, more: usize) -> Result<()> {
        let needed = self.filled + more;
        if needed <= self.capacity {
            return Ok(());
        }
        let capacity = self.grown(needed);
        let (heads, width) = self.shape;
        let store = || Tensor::zeros((heads, capacity, width), self.dtype, &self.device).map(Store);
        if self.layers.is_empty() {
            for _ in 0..self.count {
                self.layers.push((store()?, store()?));
            }
        } else {
            for (keys, values) in &mut self.layers {
                *keys = keys.copied_into(store()?, self.filled)?;
                *values = values.copied_into(store()?, self.filled)?;
            }
        }
        self.capacity = capacity;
        Ok(())
    }

    /// Writes `keys` and `values`, `[kv_heads, tokens, head_width]`, of one layer behind what is filled,
    /// and returns all of that layer's up to there. [`Self::accept`] makes them count.
    pub(super) fn write(
        &self,
        layer: usize,
        keys: &Tensor,
        values: &Tensor,
    ) -> Result<(Tensor, Tensor)> {
        let (stored_keys, stored_values) = &self.layers[layer];
        Ok((
            stored_keys.write(self.filled, keys)?,
            stored_values.write(self.filled, values)?,
        ))
    }

    /// All that is remembered of one layer: keys and values, `[kv_heads, filled, head_width]`. None before
    /// the first token.
    pub(super) fn read(&self, layer: usize) -> Result<Option<(Tensor, Tensor)>> {
        let Some((keys, values)) = self.layers.get(layer) else {
            return Ok(None);
        };
        let filled = |store: &Store| store.0.narrow(1, 0, self.filled);
        Ok(Some((filled(keys)?, filled(values)?)))
    }

    /// Bytes that [`Self::reserve`] would ask for: for what is new, and for what is copied meanwhile.
    pub(super) fn growth(&self, more: usize) -> u64 {
        let needed = self.filled + more;
        if needed <= self.capacity {
            return 0;
        }
        let (heads, width) = self.shape;
        let token = 2 * heads * width * self.dtype.size_in_bytes();
        let capacity = self.grown(needed);
        ((capacity - self.capacity) * token * self.count + self.capacity * token) as u64
    }

    fn grown(&self, needed: usize) -> usize {
        needed.next_power_of_two().max(SMALLEST).min(self.most)
    }

    /// Counts `tokens` more, once every layer has written them.
    pub(super) fn accept(&mut self, tokens: usize) {
        self.filled += tokens;
    }

    /// Forgets all but the first `to` tokens.
    pub(super) fn rollback(&mut self, to: usize) {
        self.filled = self.filled.min(to);
    }
}

impl Store {
    fn copied_into(&self, larger: Self, filled: usize) -> Result<Self> {
        if 0 < filled {
            let kept = self.0.narrow(1, 0, filled)?.contiguous()?;
            larger.0.slice_set(&kept, 1, 0)?;
        }
        Ok(larger)
    }

    fn write(&self, at: usize, new: &Tensor) -> Result<Tensor> {
        self.0.slice_set(&new.contiguous()?, 1, at)?;
        self.0.narrow(1, 0, at + new.dim(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_keeps_what_was_written_and_stops_at_the_most() {
        let json = r#"{"model_type":"llama","hidden_size":4,"intermediate_size":4,
            "num_hidden_layers":1,"num_attention_heads":2,"vocab_size":4,
            "max_position_embeddings":600,"rms_norm_eps":1e-6}"#;
        let config = Config::read(json, None).unwrap();
        let mut cache = Cache::new(&config, DType::F32, &Device::Cpu);
        let mut wanted = Vec::new();
        for token in 0..600 {
            cache.reserve(1).unwrap();
            let new = Tensor::full(token as f32, (2, 1, 2), &Device::Cpu).unwrap();
            let (keys, _) = cache.write(0, &new, &new).unwrap();
            cache.accept(1);
            wanted.push(token as f32);
            if token % 199 == 0 {
                let first = keys.narrow(2, 0, 1).unwrap().get(1).unwrap();
                assert_eq!(
                    first.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
                    wanted
                );
            }
        }
        assert_eq!((cache.filled(), cache.capacity()), (600, 600));
        cache.rollback(7);
        assert_eq!(cache.filled(), 7);
        cache.rollback(9);
        assert_eq!(cache.filled(), 7);
    }
}
