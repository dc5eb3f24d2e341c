//! Logits f32 `[1, vocabulary]` → token id; seeded.

use candle_core::Tensor;
use candle_transformers::generation::LogitsProcessor;

use super::{Error, Limits};

/// Chooses one token after another. The same logits, limits and seed give the same tokens.
pub(super) struct Sampler {
    processor: LogitsProcessor,
    known: usize,
}

impl Sampler {
    /// Chooses among the first `known` tokens: weights may have more rows than the tokenizer has tokens.
    pub(super) fn new(limits: &Limits, known: usize) -> Self {
        // Nothing but the likeliest reaches a probability of 0; candle would take that for all of them.
        let greedy = limits.temperature <= 0.0 || limits.top_p <= 0.0;
        let temperature = (!greedy).then_some(limits.temperature);
        let top_p = (limits.top_p < 1.0).then_some(limits.top_p);
        Self {
            processor: LogitsProcessor::new(limits.seed, temperature, top_p),
            known,
        }
    }

    /// The next token. Errs when the logits are not numbers.
    pub(super) fn next(&mut self, logits: &Tensor) -> Result<u32, Error> {
        let logits = logits.squeeze(0)?;
        let known = self.known.min(logits.dim(0)?);
        let logits = logits.narrow(0, 0, known)?;
        let token = self.processor.sample(&logits)?;
        let chosen = logits.get(token as usize)?.to_scalar::<f32>()?;
        if chosen.is_finite() {
            return Ok(token);
        }
        Err(candle_core::Error::msg(
            "the weights gave no usable numbers; they may be damaged, or too large for this dtype",
        )
        .into())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn limits(temperature: f64, top_p: f64, seed: u64) -> Limits {
        Limits {
            new_tokens: 1,
            temperature,
            top_p,
            seed,
        }
    }

    fn logits(values: &[f32]) -> Tensor {
        Tensor::new(values, &Device::Cpu)
            .unwrap()
            .unsqueeze(0)
            .unwrap()
    }

    #[test]
    fn cold_takes_the_likeliest_that_the_tokenizer_knows() {
        let logits = logits(&[0.0, 2.0, 1.0, 9.0]);
        let mut sampler = Sampler::new(&limits(0.0, 1.0, 1), 3);
        assert_eq!(sampler.next(&logits).unwrap(), 1);
        let mut sampler = Sampler::new(&limits(2.0, 0.0, 1), 9);
        assert_eq!(sampler.next(&logits).unwrap(), 3);
    }

    #[test]
    fn warm_repeats_itself_by_seed_and_stays_inside_top_p() {
        let logits = logits(&[1.0, 1.1, 1.2, -9.0, 50.0]);
        let run = |seed| {
            let mut sampler = Sampler::new(&limits(1.0, 0.9, seed), 4);
            (0..64)
                .map(|_| sampler.next(&logits).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        assert!(run(7).iter().all(|token| *token < 3));
        assert!((0..3).all(|token| run(7).contains(&token)));
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        let logits = logits(&[f32::NAN, f32::NAN]);
        for temperature in [0.0, 1.0] {
            let mut sampler = Sampler::new(&limits(temperature, 0.9, 1), 2);
            assert!(sampler.next(&logits).is_err());
        }
    }
}
