//! Several completions of one prompt at once: the weights are read once a step for all of them.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::row::Row;
use super::{Completion, Error, Finish, Limits, Local, Prompt, Throttle};

impl Local {
    /// [`super::Backend::sample_many`] for two rows and more.
    pub(super) fn many(
        &mut self,
        prompt: &Prompt,
        limits: &Limits,
        seeds: &[u64],
        on_piece: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Completion>, Error> {
        let started = Instant::now();
        let (tokens, most) = self.fitting(prompt, limits)?;
        let mut first = Completion {
            finish: Finish::EndOfText,
            prompt_tokens: tokens.len(),
            output_tokens: 0,
            prefill: started.elapsed(),
            decode: Duration::ZERO,
        };
        if tokens.is_empty() {
            return Ok(vec![first; seeds.len()]);
        }
        let logits = self.prefill(&tokens, &mut |piece| on_piece(0, piece))?;
        first.prefill = started.elapsed();
        let decoding = Instant::now();
        let Some(logits) = logits else {
            first.finish = Finish::Stopped;
            return Ok(vec![first; seeds.len()]);
        };
        let mut rows: Vec<Row<'_>> = seeds
            .iter()
            .map(|seed| {
                let limits = Limits {
                    seed: *seed,
                    ..limits.clone()
                };
                Row::new(prompt, &tokens, &limits, self.tokens.known, most)
            })
            .collect();
        let mut took = vec![Duration::ZERO; rows.len()];
        // The rows that go on, in order, and the token that each goes on with.
        let mut going: Vec<(usize, u32)> = Vec::new();
        for (number, row) in rows.iter_mut().enumerate() {
            if row.finish.is_some() {
                continue;
            }
            let ends = |token| self.eos.contains(&token);
            let mut say = |piece: &str| on_piece(number, piece);
            let token = row.choose(&logits, &self.tokens, ends, &mut say)?;
            match row.finish {
                None => going.push((number, token)),
                Some(_) => took[number] = decoding.elapsed(),
            }
        }
        self.network.branch(going.len().max(1))?;
        while !going.is_empty() {
            let fed: Vec<u32> = going.iter().map(|(_, token)| *token).collect();
            let mut throttle = Throttle::new();
            // One who no longer wants the first row that goes on wants none.
            let asked = going[0].0;
            let logits = self
                .network
                .advance_rows(&fed, &mut || throttle.ask(&mut || on_piece(asked, "")))?;
            let Some(logits) = logits else {
                for (number, _) in &going {
                    rows[*number].finish = Some(Finish::Stopped);
                    took[*number] = decoding.elapsed();
                }
                break;
            };
            let (mut kept, mut next) = (Vec::new(), Vec::new());
            for (place, (number, _)) in going.iter().enumerate() {
                let row = &mut rows[*number];
                let ends = |token| self.eos.contains(&token);
                let mut say = |piece: &str| on_piece(*number, piece);
                let own = logits.narrow(0, place, 1)?;
                let token = row.choose(&own, &self.tokens, ends, &mut say)?;
                match row.finish {
                    None => {
                        kept.push(place);
                        next.push((*number, token));
                    }
                    Some(_) => took[*number] = decoding.elapsed(),
                }
            }
            if !next.is_empty() {
                self.network.keep_rows(&kept)?;
            }
            going = next;
        }
        // Ends the rows; the prompt stays.
        self.network.rollback(tokens.len());
        let finished = rows.into_iter().zip(took).map(|(row, decode)| Completion {
            finish: row.finish.unwrap_or(Finish::TokenLimit),
            output_tokens: row.output,
            decode,
            ..first.clone()
        });
        Ok(finished.collect())
    }
}
