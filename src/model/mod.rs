//! Text in, tokens out. Knows nothing of traces, prompts' meanings or repairs.
//!
//! A [`Backend`] continues a text. [`load`] makes one from the words a person gave ([`Spec`]); the local
//! ones are a [`Network`] (what a [`Family`] builds from weights) inside one decode loop, [`Local`].

mod adapter;
mod cache;
mod cached;
mod config;
mod counter;
mod device;
mod error;
mod gguf;
pub mod hub;
mod kernel;
mod linear;
mod loading;
mod local;
mod lookup;
mod mapped;
pub mod memory;
mod pieces;
mod quantise;
mod rope;
mod safetensors;
mod sample;
pub mod scripted;
mod server;
mod spec;
pub mod speed;
mod stops;
mod tokenizer;
mod transformer;
mod watch;
mod web;
mod weights;

use std::ops::ControlFlow;
use std::time::Duration;

use candle_core::Tensor;

pub use cached::folder as copies;
pub use config::Config;
pub use counter::Counter;
pub use device::{Arithmetic, DeviceChoice, DtypeChoice, Place, thread_settings};
pub use error::Error;
pub use hub::Cache as HubCache;
pub use loading::{Options, load, load_directory, load_watched, load_with};
pub use local::Local;
pub use lookup::Drafts;
pub use rope::{Rope, Scaling};
pub use server::{Redact, Server, preview};
pub use spec::{RELEASED, Spec};
pub use watch::Watch;
pub use weights::{Stored, Weights};

family! {
    /// The architectures that can be run here.
    dyn Family: llama::Llama, qwen2::Qwen2
}

/// A plain text to continue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// The whole text, without a begin-of-text token: the backend adds that, exactly once.
    pub text: String,
    /// Words that end the completion. They are not part of it. Empty words are ignored.
    pub stops: Vec<String>,
}

/// How far and how freely to continue.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// The most tokens to write. A context that ends earlier ends the completion too.
    pub new_tokens: usize,
    /// 0 takes the likeliest token each time; above, the distribution is flattened by this factor.
    pub temperature: f64,
    /// Sampling keeps the likeliest tokens that together reach this probability; 1 keeps all.
    pub top_p: f64,
    /// Same prompt, limits and seed: same text.
    pub seed: u64,
}

/// Why a completion ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model said that the text is complete.
    EndOfText,
    /// The model wrote this one of the prompt's stop words.
    StopWord(String),
    /// `new_tokens` were written, or the context is full.
    TokenLimit,
    /// The receiver of the pieces asked for it.
    Stopped,
}

/// What a completion was, beside its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Why it ended.
    pub finish: Finish,
    /// Tokens of the prompt, the begin-of-text token included.
    pub prompt_tokens: usize,
    /// Tokens that the model chose, one that ended the text included.
    pub output_tokens: usize,
    /// From the start until the first token could be chosen.
    pub prefill: Duration,
    /// From then until the end.
    pub decode: Duration,
}

/// What a backend is, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The model's name: its directory's, or as a server calls it.
    pub name: String,
    /// As the model's configuration names it, such as `LlamaForCausalLM`.
    pub architecture: String,
    /// Where it runs, in words.
    pub device: String,
    /// What it calculates in, in words.
    pub dtype: String,
    /// How many numbers were learned; 0 where a server does not tell.
    pub parameters: u64,
    /// The most tokens of prompt and completion together; 0 where a server does not tell.
    pub context: usize,
    /// Memory that the weights hold, in bytes; 0 where a server does not tell. The text's own memory comes
    /// on top and grows with it.
    pub bytes: u64,
}

/// Something that continues a text.
pub trait Backend: Send {
    /// What this is.
    fn info(&self) -> &Info;

    /// How many tokens `text` has, without a begin-of-text token.
    fn count(&mut self, text: &str) -> Result<usize, Error>;

    /// Continues `prompt`, handing over whole characters as they come.
    ///
    /// `on_piece` is called at least once a token, and many times while the prompt is read, with an empty
    /// piece where there is nothing new; the completion ends within one token of its answering `Break`.
    /// Text that may turn out to begin a stop word is held back until that is known.
    ///
    /// Errs when the prompt does not fit, or when the calculation fails; never for what the model wrote.
    fn stream(
        &mut self,
        prompt: &Prompt,
        limits: &Limits,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Completion, Error>;

    /// What the model is given of `prompt`: all of it, unless it leaves this machine, in which case it is
    /// redacted.
    fn given(&self, prompt: &Prompt) -> Prompt {
        prompt.clone()
    }

    /// Continues `prompt` once for each of `seeds`, which stand in for the one in `limits`, and hands over
    /// each row's pieces with the row's number. A row ends within one token of its `Break`; while the
    /// prompt is read row 0 is asked for all. Returns one completion a row; each is what [`Self::stream`]
    /// with that seed gives. Errs as that does.
    ///
    /// One row after another, unless a backend can do them together.
    fn sample_many(
        &mut self,
        prompt: &Prompt,
        limits: &Limits,
        seeds: &[u64],
        on_piece: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Completion>, Error> {
        let each = seeds.iter().enumerate().map(|(row, seed)| {
            let limits = Limits {
                seed: *seed,
                ..limits.clone()
            };
            self.stream(prompt, &limits, &mut |piece| on_piece(row, piece))
        });
        each.collect()
    }

    /// What became of the guesses in the last completion.
    fn drafts(&self) -> Drafts {
        Drafts::default()
    }

    /// Writes `answer` behind `prompt` whatever the model would choose, at the cost of choosing it, with or
    /// without `guesses`: to measure what they are worth for such an answer. None where that cannot be done.
    fn recite(
        &mut self,
        prompt: &Prompt,
        answer: &str,
        guesses: bool,
    ) -> Result<Option<Completion>, Error> {
        let _ = (prompt, answer, guesses);
        Ok(None)
    }

    /// How likely each of the last completions was: the mean natural logarithm of its tokens'
    /// probabilities. Empty where the backend does not tell.
    fn likelihoods(&self) -> &[f64] {
        &[]
    }
}

/// Which rows of logits a step needs: making them costs as much as a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Of the last token alone.
    Last,
    /// Of every token given.
    All,
}

/// Learned weights that turn tokens into logits, remembering the tokens before.
pub trait Network: Send {
    /// The most tokens that it can remember.
    fn context(&self) -> usize;

    /// How many tokens it remembers now.
    fn filled(&self) -> usize;

    /// Takes `tokens`, at least one, as the continuation of those remembered, and remembers them.
    /// Returns the logits that follow each, f32 `[rows, vocabulary]`. Errs when the context is full.
    ///
    /// `wanted` is asked before each layer. When it answers `Break`, nothing is remembered and none is
    /// returned.
    fn advance(
        &mut self,
        tokens: &[u32],
        rows: Rows,
        wanted: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Option<Tensor>, Error>;

    /// Forgets all but the first `to` tokens. Costs nothing. Ends all rows.
    fn rollback(&mut self, to: usize);

    /// Begins `rows` rows, at least one, that each continue what is remembered, which all share. They end
    /// with [`Self::rollback`]. Errs when memory runs out.
    fn branch(&mut self, rows: usize) -> Result<(), Error>;

    /// Takes one token for each row, in order, and returns the logits that follow each, f32
    /// `[rows, vocabulary]`. Errs when the context is full. `wanted` as for [`Self::advance`].
    fn advance_rows(
        &mut self,
        tokens: &[u32],
        wanted: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Option<Tensor>, Error>;

    /// Keeps the rows at these places, in this order, and forgets the others.
    fn keep_rows(&mut self, kept: &[usize]) -> Result<(), Error>;

    /// The numbers learned, and the bytes that they hold.
    fn size(&self) -> (u64, u64);
}

/// An architecture: how to build a network from weights of that name.
pub trait Family: Sync {
    /// As `config.json` names it under `architectures`.
    fn architecture(&self) -> &'static str;

    /// Whether prompts begin with the begin-of-text token when the tokenizer's files do not say.
    fn begins_with_bos(&self) -> bool;

    /// Reads the weights onto the device. Costs one pass over the files. Errs with [`Error::Stopped`] when
    /// `watch` does not want it any more.
    fn load(
        &self,
        weights: &Weights,
        place: &Place,
        watch: &Watch<'_>,
    ) -> Result<Box<dyn Network>, Error>;
}

#[cfg(test)]
#[path = "../../tests/support/tiny_model.rs"]
mod tiny_model;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_are_distinct() {
        let names: std::collections::BTreeSet<_> =
            ALL.iter().map(|family| family.architecture()).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
