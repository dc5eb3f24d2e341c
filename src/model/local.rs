//! The decode loop: a network on this machine, asked for one completion after another.

mod many;
mod recite;
mod row;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use self::row::Row;
use super::lookup::{Drafts, Lookup};
use super::tokenizer::Tokens;
use super::{
    Arithmetic, Backend, Completion, Error, Finish, Info, Limits, Network, Place, Prompt, Rows,
    Stored, Weights, kernel,
};

/// Whoever waits is asked so often, at most, while one token is calculated.
const PATIENCE: Duration = Duration::from_millis(20);

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
    /// What one more row costs a step, as a share of it: no guess pays at 1.
    row_cost: f64,
    /// Whether that is learned from how long steps take.
    learns: bool,
    drafts: Drafts,
    /// What it is made to say, see [`Backend::recite`].
    dictated: Option<recite::Dictated>,
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
            dtype: words(weights, place),
            parameters,
            context: network.context(),
            bytes,
        };
        // From 32 rows on, candle keeps another packed copy of Q4_K weights where the processor has tiles.
        let chunk = match (place.arithmetic, place.device.is_cpu()) {
            (Arithmetic::Quantised, true) if !kernel::present() => 31,
            (_, true) => 64,
            (_, false) => 512,
        };
        Self {
            info,
            network,
            tokens,
            eos: weights.config.eos.clone(),
            chunk,
            read: Vec::new(),
            row_cost: row_cost(place),
            learns: true,
            drafts: Drafts::default(),
            dictated: None,
        }
    }

    /// Guesses no more at what comes next, which changes nothing but the speed: to measure what guesses
    /// are worth.
    pub fn without_guesses(&mut self) {
        self.guess_as_if(1.0);
    }

    /// Guesses as if one more row cost `cost` of a step, however long steps take here.
    pub fn guess_as_if(&mut self, cost: f64) {
        (self.row_cost, self.learns) = (cost, false);
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
        let (tokens, most) = self.fitting(prompt, limits)?;
        self.drafts = Drafts::default();
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
                let mut row = Row::new(prompt, &tokens, limits, self.tokens.known, most);
                let logits = self.said(logits, tokens.len())?;
                self.decode(&tokens, &logits, &mut row, on_piece)?;
                completion.output_tokens = row.output;
                completion.finish = row.finish.unwrap_or(Finish::TokenLimit);
            }
        }
        completion.decode = decoding.elapsed();
        Ok(completion)
    }

    fn sample_many(
        &mut self,
        prompt: &Prompt,
        limits: &Limits,
        seeds: &[u64],
        on_piece: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Completion>, Error> {
        if seeds.is_empty() {
            return Ok(Vec::new());
        }
        if let [seed] = seeds {
            // Alone, guesses are worth more.
            let limits = Limits {
                seed: *seed,
                ..limits.clone()
            };
            let alone = self.stream(prompt, &limits, &mut |piece| on_piece(0, piece));
            return alone.map(|completion| vec![completion]);
        }
        self.drafts = Drafts::default();
        self.many(prompt, limits, seeds, on_piece)
    }

    fn drafts(&self) -> Drafts {
        self.drafts
    }

    fn recite(
        &mut self,
        prompt: &Prompt,
        answer: &str,
        guesses: bool,
    ) -> Result<Option<Completion>, Error> {
        self.recited(prompt, answer, guesses).map(Some)
    }
}

/// Weights in words: what is calculated in, and a warning where that is slow.
fn words(weights: &Weights, place: &Place) -> String {
    use candle_core::quantized::GgmlDType as Kind;
    let (Arithmetic::Quantised, Ok(Stored::Blocks(kind))) = (place.arithmetic, weights.stored())
    else {
        return place.arithmetic.to_string();
    };
    let name = match kind {
        Kind::Q4K => "q4_k",
        Kind::Q6K => "q6_k",
        Kind::Q8_0 => "q8_0",
        other => {
            let name = format!("{other:?}").to_lowercase();
            return format!("{name} (slow here; q4_k_m and q8_0 are not)");
        }
    };
    name.to_owned()
}

/// What one more row costs a step, as a share of it, until steps were timed: on one machine, from how long
/// one row takes and how long eight take; a GPU waits for memory whatever the rows. A wrong figure makes
/// guesses too bold or too shy, which costs time and changes no text.
fn row_cost(place: &Place) -> f64 {
    match place.device.is_cpu() {
        true => 0.15,
        false => 0.01,
    }
}

/// Asks no oftener than every [`PATIENCE`].
struct Throttle(Instant);

impl Throttle {
    fn new() -> Self {
        Self(Instant::now())
    }

    fn ask(&mut self, question: &mut dyn FnMut() -> ControlFlow<()>) -> ControlFlow<()> {
        if self.0.elapsed() < PATIENCE {
            return ControlFlow::Continue(());
        }
        self.0 = Instant::now();
        question()
    }
}

/// For tests and measurements, which nobody waits for.
fn always() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

impl Local {
    /// The tokens of `prompt`, and how many may follow.
    fn fitting(&self, prompt: &Prompt, limits: &Limits) -> Result<(Vec<u32>, usize), Error> {
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
        Ok((tokens, most))
    }

    /// Writes `row`, behind the prompt `read`, until it ends. `logits` are those that follow the prompt.
    fn decode(
        &mut self,
        read: &[u32],
        logits: &candle_core::Tensor,
        row: &mut Row<'_>,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        if row.finish.is_some() {
            return Ok(());
        }
        // More rows than a chunk would make candle keep a second copy of the weights.
        let mut lookup = Lookup::new(read, self.row_cost, self.chunk);
        let ends = |token| self.eos.contains(&token);
        let mut token = row.choose(logits, &self.tokens, ends, on_piece)?;
        while row.finish.is_none() {
            lookup.push(token);
            let draft = lookup.draft(row.left() - 1);
            let mut fed = vec![token];
            fed.extend(&draft.tokens);
            let rows = match draft.tokens.is_empty() {
                true => Rows::Last,
                false => Rows::All,
            };
            let before = self.network.filled();
            let mut throttle = Throttle::new();
            let mut wanted = || throttle.ask(&mut || on_piece(""));
            let started = Instant::now();
            let Some(logits) = self.network.advance(&fed, rows, &mut wanted)? else {
                row.finish = Some(Finish::Stopped);
                break;
            };
            let logits = self.said(logits, before + 1)?;
            let mut right = 0;
            // The last row has no guess to go with, so this ends.
            loop {
                let logits = logits.narrow(0, right, 1)?;
                token = row.choose(&logits, &self.tokens, ends, on_piece)?;
                if draft.tokens.get(right) != Some(&token) {
                    break;
                }
                right += 1;
                if row.finish.is_some() {
                    break;
                }
                lookup.push(token);
            }
            // A device may still calculate when it has been asked; not any more when tokens are chosen.
            if self.learns {
                lookup.took(fed.len(), started.elapsed().as_secs_f64());
            }
            lookup.judge(&draft, right);
            self.network.rollback(before + 1 + right);
        }
        self.drafts = lookup.drafts();
        self.row_cost = lookup.cost();
        Ok(())
    }
}
