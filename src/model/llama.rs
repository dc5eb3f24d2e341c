//! The Llama family: Llama, DeepSeek-Coder and so SemCoder, and what else says it is one.

use super::transformer::{Biases, Transformer};
use super::{Error, Family, Network, Place, Watch, Weights};

/// `LlamaForCausalLM`.
pub(super) struct Llama;

impl Family for Llama {
    fn architecture(&self) -> &'static str {
        "LlamaForCausalLM"
    }

    fn begins_with_bos(&self) -> bool {
        true
    }

    fn load(
        &self,
        weights: &Weights,
        place: &Place,
        watch: &Watch<'_>,
    ) -> Result<Box<dyn Network>, Error> {
        let attention = weights.config.attention_bias;
        let biases = Biases {
            queries: attention,
            output: attention,
            feed_forward: weights.config.feed_forward_bias,
        };
        Ok(Box::new(Transformer::load(weights, place, biases, watch)?))
    }
}
