//! The model that the command line, the environment or the settings name, loaded when it is needed.

use std::{
    io,
    num::NonZeroUsize,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{Failure, args::Sampling, outgoing::Outgoing, usage};
use crate::{
    model::{self, Backend, Limits, Options, Prompt, Server, Spec},
    settings::Settings,
};

/// Where the key for a server is kept: not on a command line, which others can see.
const KEY: &str = "MONOLOGUE_API_KEY";

/// How to get a model, for whoever has none.
pub(super) const HOW_TO_GET_ONE: &str = "name one with --model, MONOLOGUE_MODEL or `model = …` in the settings: semcoder-s once \
     `monologue model pull semcoder-s` has fetched it, a directory with config.json, tokenizer.json \
     and *.safetensors, or a server's address such as http://localhost:8000/v1";

/// Which model, where and in which numbers.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) spec: Spec,
    pub(super) options: Options,
    /// The way to it.
    pub(super) outgoing: Outgoing,
}

impl Choice {
    /// Loads the model, or connects to its server.
    ///
    /// # Errors
    /// In a sentence, when it cannot be had.
    pub(super) fn load(&self) -> Result<Box<dyn Backend>, model::Error> {
        self.load_while(&mut || ControlFlow::Continue(()))
    }

    /// [`Self::load`], for as long as that is `wanted`.
    ///
    /// # Errors
    /// In a sentence, when it cannot be had, or is not wanted any more.
    pub(super) fn load_while(
        &self,
        wanted: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Box<dyn Backend>, model::Error> {
        match &self.spec {
            Spec::Server { url, name } => {
                let key = std::env::var(KEY).ok();
                let outgoing = self.outgoing.clone();
                let redact = Box::new(move |text: &str| outgoing.masked(text));
                let server = Server::connect(url, name.as_deref(), key, redact, wanted)?;
                Ok(Box::new(server))
            }
            _ => model::load_watched(&self.spec, &self.options, &mut |_| wanted()),
        }
    }

    /// What asking would send and where to; for a model that runs here, what it would be given.
    ///
    /// # Errors
    /// When the address is none.
    pub(super) fn preview(
        &self,
        prompt: &Prompt,
        limits: &Limits,
        samples: NonZeroUsize,
    ) -> Result<String, model::Error> {
        match &self.spec {
            Spec::Server { url, name } => {
                let redact = |text: &str| self.outgoing.masked(text);
                model::preview(url, name.as_deref(), &redact, prompt, limits, samples)
            }
            _ => Ok(prompt.text.trim_end().to_owned()),
        }
    }
}

/// The model that was named, if one was.
///
/// # Errors
/// When a name is none that a model, device or number format has.
pub(super) fn choice(settings: &Settings) -> Result<Option<Choice>, Failure> {
    let Some(spec) = settings.model.as_deref() else {
        return Ok(None);
    };
    let (device, dtype) = (settings.device.as_deref(), settings.dtype.as_deref());
    let wrong = |it: model::Error| usage(it.to_string());
    let spec: Spec = spec.parse().map_err(wrong)?;
    Ok(Some(Choice {
        outgoing: Outgoing::to(&spec),
        spec,
        options: Options {
            device: device.unwrap_or("auto").parse().map_err(wrong)?,
            dtype: dtype.unwrap_or("auto").parse().map_err(wrong)?,
            adapter: settings.adapter.clone(),
            tokenizer: settings.tokenizer.clone(),
            copies: model::copies(),
            memory: None,
        },
    }))
}

/// The model that was named.
///
/// # Errors
/// When none was.
pub(super) fn named(settings: &Settings) -> Result<Choice, Failure> {
    choice(settings)?.ok_or_else(|| {
        usage(format!(
            "could not ask a model: none was named; {HOW_TO_GET_ONE}"
        ))
    })
}

/// How far and how freely the model may go on; greedy unless asked otherwise.
pub(super) fn limits(sampling: &Sampling) -> Limits {
    Limits {
        new_tokens: sampling.max_tokens,
        temperature: sampling.temperature.unwrap_or(0.0),
        top_p: 0.95,
        seed: sampling.seed,
    }
}

/// Set once the person presses Ctrl-C; until then nothing else happens on it.
///
/// # Errors
/// When the signal cannot be listened for.
pub(super) fn interrupted() -> io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&flag))?;
    Ok(flag)
}

/// Whether the flag of [`interrupted`] is set.
pub(super) fn is_set(flag: &AtomicBool) -> bool {
    flag.load(Ordering::Relaxed)
}
