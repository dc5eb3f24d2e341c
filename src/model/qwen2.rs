//! The Qwen2 family, Qwen2.5 and its coders included: queries, keys and values have biases, whatever the
//! configuration says, and texts begin without a token of their own.

use super::transformer::{Biases, Transformer};
use super::{Error, Family, Network, Place, Watch, Weights};

/// `Qwen2ForCausalLM`.
pub(super) struct Qwen2;

impl Family for Qwen2 {
    fn architecture(&self) -> &'static str {
        "Qwen2ForCausalLM"
    }

    fn begins_with_bos(&self) -> bool {
        false
    }

    fn load(
        &self,
        weights: &Weights,
        place: &Place,
        watch: &Watch<'_>,
    ) -> Result<Box<dyn Network>, Error> {
        let biases = Biases {
            queries: true,
            output: false,
            feed_forward: false,
        };
        Ok(Box::new(Transformer::load(weights, place, biases, watch)?))
    }
}
