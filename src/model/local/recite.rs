//! An answer written whatever the model would choose, at the cost of choosing it.
//!
//! Random weights copy nothing, so what guesses are worth for a repair cannot be measured with what they
//! choose: the calculation is theirs, the choice is made for them.

use std::ops::ControlFlow;

use candle_core::Tensor;

use super::{Backend, Completion, Error, Limits, Local, Prompt};

/// What is to be said, and from which position on.
pub(super) struct Dictated {
    answer: Vec<u32>,
    from: usize,
}

impl Local {
    /// [`Backend::recite`].
    pub(super) fn recited(
        &mut self,
        prompt: &Prompt,
        answer: &str,
        guesses: bool,
    ) -> Result<Completion, Error> {
        let answer = self.tokens.encode(answer)?;
        let limits = Limits {
            new_tokens: answer.len(),
            temperature: 0.0,
            top_p: 1.0,
            seed: 0,
        };
        let from = self.tokens.prompt(&prompt.text)?.len();
        self.dictated = Some(Dictated { answer, from });
        let before = (self.row_cost, self.learns);
        if !guesses {
            self.without_guesses();
        }
        let done = self.stream(prompt, &limits, &mut |_| ControlFlow::Continue(()));
        self.dictated = None;
        if !guesses {
            (self.row_cost, self.learns) = before;
        }
        done
    }

    /// `logits [rows, vocabulary]`, the first of which choose the token at `position`, or what is dictated.
    pub(super) fn said(&self, logits: Tensor, position: usize) -> Result<Tensor, Error> {
        let Some(Dictated { answer, from }) = &self.dictated else {
            return Ok(logits);
        };
        let (rows, vocabulary) = logits.dims2()?;
        let mut chosen = vec![0_f32; rows * vocabulary];
        for row in 0..rows {
            if let Some(token) = answer.get(position + row - from) {
                chosen[row * vocabulary + *token as usize] = 1.0;
            }
        }
        Ok(Tensor::from_vec(
            chosen,
            (rows, vocabulary),
            logits.device(),
        )?)
    }
}
