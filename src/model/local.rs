//! The decode loop: a network on this machine, asked for one completion after another.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Instant;

use super::pieces::Pieces;
use super::sample::Sampler;
use super::stops::{Passed, Stops};
use super::tokenizer::Tokens;
use super::{
    Arithmetic, Backend, Completion, Error, Finish, Info, Limits, Network, Place, Prompt, Rows,
    Weights,
};

/// A backend that calculates here.
///
/// The prompt is read in chunks of a fixed size, and what it shares with the prompt before, in whole
/// chunks, is not read again. Because a chunk is always the same calculation, a completion depends on its
/// prompt, limits and seed alone, to the bit, whatever was asked before.
pub struct Local {
    info: Info,
    network: Box<dyn Network>,
    tokens: Tokens,
    eos: BTreeSet<u32>,
    /// Tokens read at a time.
    chunk: usize,
    /// What the network remembers from whole chunks of a prompt.
    read: Vec<u32>,
}

impl Local {
    pub(super) fn new(
        name: &str,
        weights: &Weights,
        place: &Place,
        tokens: Tokens,
        network: Box<dyn Network>,
    ) -> Self {
        let (parameters, bytes) = network.size();
        let info = Info {
            name: name.to_owned(),
            architecture: weights.config.architecture.clone(),
            device: place.name.clone(),
            dtype: place.arithmetic.to_string(),
            parameters,
            context: network.context(),
            bytes,
        };
        // From 32 rows on, candle keeps a second packed copy of all quantised weights for such products.
        let chunk = match (place.arithmetic, place.device.is_cpu()) {
            (Arithmetic::Quantised, true) => 31,
            (Arithmetic::Float(_), true) => 64,
            (_, false) => 512,
        };
        Self {
            info,
            network,
            tokens,
            eos: weights.config.eos.clone(),
            chunk,
            read: Vec::new(),
        }
    }

    /// The tokens that the network is given for `text`: the begin-of-text token, where the model has one,
    /// and then the text's.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>, Error> {
        self.tokens.prompt(text)
    }

    /// The logits that follow each of `tokens`, `[tokens][vocabulary]`. Forgets what was read before.
    pub fn logits(&mut self, tokens: &[u32]) -> Result<Vec<Vec<f32>>, Error> {
        self.forget(0);
        let mut rows = Vec::with_capacity(tokens.len());
        for chunk in tokens.chunks(self.chunk) {
            let logits = self.network.advance(chunk, Rows::All, &mut always)?;
            // None only when it was told to stop, which it was not.
            rows.extend(logits.map_or_else(|| Ok(Vec::new()), |logits| logits.to_vec2())?);
        }
        Ok(rows)
    }

    fn forget(&mut self, to: usize) {
        self.network.rollback(to);
        self.read.truncate(to);
    }

    /// Reads a prompt's tokens. None when the receiver stopped it.
    fn prefill(
        &mut self,
        tokens: &[u32],
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Option<candle_core::Tensor>, Error> {
        let same = self.read.iter().zip(tokens).take_while(|(a, b)| a == b);
        // The last token is always read again: its logits are what is wanted.
        let reusable = same.count().min(tokens.len() - 1);
        self.forget(reusable - reusable % self.chunk);
        let mut logits = None;
        for chunk in tokens[self.read.len()..].chunks(self.chunk) {
            logits = self
                .network
                .advance(chunk, Rows::Last, &mut || on_piece(""))?;
            if logits.is_none() {
                return Ok(None);
            }
            if chunk.len() == self.chunk {
                self.read.extend(chunk);
            }
        }
        Ok(logits)
    }
}

impl Backend for Local {
    fn info(&self) -> &Info {
        &self.info
    }

    fn count(&mut self, text: &str) -> Result<usize, Error> {
        Ok(self.tokens.encode(text)?.len())
    }

    fn stream(
        &mut self,
        prompt: &Prompt,
        limits: &Limits,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Completion, Error> {
        let started = Instant::now();
        let tokens = self.tokens.prompt(&prompt.text)?;
        let context = self.network.context();
        // One place is kept for the first token of the answer.
        if context <= tokens.len() {
            return Err(Error::TooLong {
                tokens: tokens.len(),
                context,
            });
        }
        let most = limits.new_tokens.min(context - tokens.len());
        let mut completion = Completion {
            finish: Finish::TokenLimit,
            prompt_tokens: tokens.len(),
            output_tokens: 0,
            prefill: started.elapsed(),
            decode: started.elapsed(),
        };
        if tokens.is_empty() {
            completion.finish = Finish::EndOfText;
            return Ok(completion);
        }
        let logits = self.prefill(&tokens, on_piece)?;
        completion.prefill = started.elapsed();
        let decoding = Instant::now();
        match logits {
            None => completion.finish = Finish::Stopped,
            Some(logits) => {
                let (finish, output) =
                    self.decode(&tokens, logits, prompt, limits, most, on_piece)?;
                completion.finish = finish;
                completion.output_tokens = output;
            }
        }
        completion.decode = decoding.elapsed();
        Ok(completion)
    }
}

/// A token is short enough to be calculated to its end.
fn always() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

impl Local {
    fn decode(
        &mut self,
        prompt_tokens: &[u32],
        mut logits: candle_core::Tensor,
        prompt: &Prompt,
        limits: &Limits,
        most: usize,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<(Finish, usize), Error> {
        let mut sampler = Sampler::new(limits, self.tokens.known);
        let mut pieces = Pieces::after(prompt_tokens);
        let mut stops = Stops::new(&prompt.stops);
        let mut output = 0;
        let mut finish = Finish::TokenLimit;
        while output < most {
            let token = sampler.next(&logits)?;
            output += 1;
            if self.eos.contains(&token) {
                finish = Finish::EndOfText;
                break;
            }
            match stops.push(&pieces.push(&self.tokens, token)?) {
                Passed::Text(text) => {
                    if on_piece(&text).is_break() {
                        return Ok((Finish::Stopped, output));
                    }
                }
                Passed::Stop { before, word } => {
                    // The completion is over either way.
                    let _ = on_piece(&before);
                    return Ok((Finish::StopWord(word), output));
                }
            }
            if output == most {
                break;
            }
            match self.network.advance(&[token], Rows::Last, &mut always)? {
                Some(next) => logits = next,
                None => return Ok((Finish::Stopped, output)),
            }
        }
        // What was held back may hold a stop word after all, once the last character is whole.
        match stops.push(&pieces.rest(&self.tokens)?) {
            Passed::Text(text) => {
                let _ = on_piece(&(text + &stops.rest()));
            }
            Passed::Stop { before, word } => {
                let _ = on_piece(&before);
                finish = Finish::StopWord(word);
            }
        }
        Ok((finish, output))
    }
}
