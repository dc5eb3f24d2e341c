//! One text in the making: chosen tokens become text, until something ends it.

use std::ops::ControlFlow;

use candle_core::Tensor;

use super::super::pieces::Pieces;
use super::super::sample::Sampler;
use super::super::stops::{Passed, Stops};
use super::super::tokenizer::Tokens;
use super::{Error, Finish, Limits, Prompt};

/// A text behind a prompt.
pub(super) struct Row<'a> {
    sampler: Sampler,
    pieces: Pieces,
    stops: Stops<'a>,
    /// Tokens chosen.
    pub output: usize,
    most: usize,
    /// Why it ended; none while it goes on.
    pub finish: Option<Finish>,
}

impl<'a> Row<'a> {
    /// To continue `prompt`, whose tokens are `read`, by at most `most` tokens.
    pub(super) fn new(
        prompt: &'a Prompt,
        read: &[u32],
        limits: &Limits,
        known: usize,
        most: usize,
    ) -> Self {
        Self {
            sampler: Sampler::new(limits, known),
            pieces: Pieces::after(read),
            stops: Stops::new(&prompt.stops),
            output: 0,
            most,
            finish: (most == 0).then_some(Finish::TokenLimit),
        }
    }

    /// Tokens that may still be chosen.
    pub(super) fn left(&self) -> usize {
        self.most - self.output
    }

    /// Chooses a token by `logits`, f32 `[1, vocabulary]`, and says what became of the text.
    pub(super) fn choose(
        &mut self,
        logits: &Tensor,
        tokens: &Tokens,
        ends: impl Fn(u32) -> bool,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<u32, Error> {
        let token = self.sampler.next(logits)?;
        self.output += 1;
        if ends(token) {
            self.end(Finish::EndOfText, tokens, on_piece)?;
            return Ok(token);
        }
        match self.stops.push(&self.pieces.push(tokens, token)?) {
            Passed::Text(text) => {
                if on_piece(&text).is_break() {
                    self.finish = Some(Finish::Stopped);
                } else if self.output == self.most {
                    self.end(Finish::TokenLimit, tokens, on_piece)?;
                }
            }
            Passed::Stop { before, word } => {
                // The completion is over either way.
                let _ = on_piece(&before);
                self.finish = Some(Finish::StopWord(word));
            }
        }
        Ok(token)
    }

    /// What was held back may hold a stop word after all, once the last character is whole.
    fn end(
        &mut self,
        finish: Finish,
        tokens: &Tokens,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.finish = Some(finish);
        match self.stops.push(&self.pieces.rest(tokens)?) {
            Passed::Text(text) => {
                let _ = on_piece(&(text + &self.stops.rest()));
            }
            Passed::Stop { before, word } => {
                let _ = on_piece(&before);
                self.finish = Some(Finish::StopWord(word));
            }
        }
        Ok(())
    }
}
