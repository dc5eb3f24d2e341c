//! Text in, tokens out. Knows nothing of traces, prompts' meanings or repairs.
//!
//! A [`Backend`] continues a text. [`load`] makes one from the words a person gave ([`Spec`]); the local
//! ones are a [`Network`] (what a [`Family`] builds from weights) inside one decode loop, [`Local`].

mod cache;
mod config;
mod counter;
mod device;
mod error;
mod hub;
mod linear;
mod local;
mod pieces;
mod rope;
mod sample;
pub mod scripted;
mod spec;
mod stops;
mod tokenizer;
mod transformer;
mod weights;

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use candle_core::Tensor;

pub use config::Config;
pub use counter::Counter;
pub use device::{Arithmetic, DeviceChoice, DtypeChoice, Place, thread_settings};
pub use error::Error;
pub use hub::Cache as HubCache;
pub use local::Local;
pub use rope::{Rope, Scaling};
pub use spec::{RELEASED, Spec};
pub use weights::Weights;

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
    /// How many numbers were learned.
    pub parameters: u64,
    /// The most tokens of prompt and completion together.
    pub context: usize,
    /// Memory that the weights hold, in bytes. The text's own memory comes on top and grows with it.
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

    /// Forgets all but the first `to` tokens. Costs nothing.
    fn rollback(&mut self, to: usize);

    /// The numbers learned, and the bytes that they hold.
    fn size(&self) -> (u64, u64);
}

/// An architecture: how to build a network from weights of that name.
pub trait Family: Sync {
    /// As `config.json` names it under `architectures`.
    fn architecture(&self) -> &'static str;

    /// Whether prompts begin with the begin-of-text token when the tokenizer's files do not say.
    fn begins_with_bos(&self) -> bool;

    /// Reads the weights onto the device. Costs one pass over the files.
    fn load(&self, weights: &Weights, place: &Place) -> Result<Box<dyn Network>, Error>;
}

/// Makes the backend that `spec` names, ready to be asked.
///
/// Errs in a sentence when there is no such model here, when its files are incomplete or of a kind that
/// cannot be run rightly, and when the device is not there.
pub fn load(
    spec: &Spec,
    device: DeviceChoice,
    dtype: DtypeChoice,
) -> Result<Box<dyn Backend>, Error> {
    let directory = spec.directory(&HubCache::from_environment())?;
    Ok(Box::new(load_directory(
        &directory,
        &spec.to_string(),
        device,
        dtype,
    )?))
}

/// [`load`] for a directory whose files are known to be there; `name` is what [`Info`] will say.
pub fn load_directory(
    directory: &Path,
    name: &str,
    device: DeviceChoice,
    dtype: DtypeChoice,
) -> Result<Local, Error> {
    let weights = Weights::open(directory)?;
    let family = family(&weights)?;
    let place = Place::choose(device, dtype, weights.dtype()?)?;
    let tokens = tokenizer::Tokens::read(&weights, family.begins_with_bos())?;
    let network = family.load(&weights, &place)?;
    Ok(Local::new(name, &weights, &place, tokens, network))
}

fn family(weights: &Weights) -> Result<&'static dyn Family, Error> {
    let name = &weights.config.architecture;
    let found = ALL.iter().find(|family| family.architecture() == name);
    found.copied().ok_or_else(|| {
        let known: Vec<_> = ALL.iter().map(|family| family.architecture()).collect();
        weights.config_error(format!(
            "the architecture is {name}, and only {} can be run",
            known.join(" and ")
        ))
    })
}

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
