//! From the words a person gave to a backend that can be asked.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::{
    ALL, Arithmetic, Backend, DeviceChoice, DtypeChoice, Error, Family, HubCache, Local, Place,
    Spec, Watch, Weights, cached, memory, tokenizer::Tokens,
};

/// How to load a model.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where it runs.
    pub device: DeviceChoice,
    /// What it calculates in.
    pub dtype: DtypeChoice,
    /// The directory of a LoRA adapter to merge into it.
    pub adapter: Option<PathBuf>,
    /// The tokenizer, where it does not lie beside the weights.
    pub tokenizer: Option<PathBuf>,
    /// Where 8-bit copies of 16-bit weights are kept between runs, see [`super::copies`]; none: nowhere.
    pub copies: Option<PathBuf>,
    /// Bytes that it may take; none: what the device has free.
    pub memory: Option<u64>,
}

/// Makes the backend that `spec` names, ready to be asked, with copies where they are usually kept.
///
/// Errs in a sentence when there is no such model here, when its files are incomplete or of a kind that
/// cannot be run rightly, when it does not fit into memory, and when the device is not there.
pub fn load(
    spec: &Spec,
    device: DeviceChoice,
    dtype: DtypeChoice,
) -> Result<Box<dyn Backend>, Error> {
    load_with(
        spec,
        &Options {
            device,
            dtype,
            copies: cached::folder(),
            ..Options::default()
        },
    )
}

/// [`load`] with more to choose.
pub fn load_with(spec: &Spec, options: &Options) -> Result<Box<dyn Backend>, Error> {
    load_watched(spec, options, &mut |_| ControlFlow::Continue(()))
}

/// [`load_with`], telling `watch` how far it is, from 0 to 1, dozens of times; when that answers `Break`
/// the error is [`Error::Stopped`].
pub fn load_watched(
    spec: &Spec,
    options: &Options,
    watch: &mut dyn FnMut(f32) -> ControlFlow<()>,
) -> Result<Box<dyn Backend>, Error> {
    let place = spec.directory(&HubCache::from_environment())?;
    let local = opened(&place, &spec.to_string(), options, &Watch::new(watch))?;
    Ok(Box::new(local))
}

/// [`load`] for a directory or GGUF file known to be there, without copies; `name` is what
/// [`super::Info`] will say.
pub fn load_directory(
    directory: &Path,
    name: &str,
    device: DeviceChoice,
    dtype: DtypeChoice,
) -> Result<Local, Error> {
    let options = Options {
        device,
        dtype,
        ..Options::default()
    };
    Local::load(directory, name, &options)
}

impl Local {
    /// Loads the directory or GGUF file at `path`; `name` is what [`super::Info`] will say.
    pub fn load(path: &Path, name: &str, options: &Options) -> Result<Self, Error> {
        let mut always = |_| ControlFlow::Continue(());
        opened(path, name, options, &Watch::new(&mut always))
    }
}

fn opened(path: &Path, name: &str, options: &Options, watch: &Watch<'_>) -> Result<Local, Error> {
    let mut weights = match path.is_file() {
        true => Weights::open_gguf(path)?,
        false => Weights::open(path)?,
    };
    let family = family(&weights)?;
    let place = Place::choose(options.device, options.dtype, weights.stored()?)?;
    // Cheap, and as likely to be wrong as the weights.
    let tokens = Tokens::read(
        &weights,
        options.tokenizer.as_deref(),
        family.begins_with_bos(),
    )?;
    let estimate = memory::Estimate::of(&weights, &place)?;
    estimate.check(options.memory.or_else(|| memory::free(&place)))?;
    if let Some(adapter) = &options.adapter {
        weights.adapt(adapter)?;
    }
    let quantised = place.arithmetic == Arithmetic::Quantised && place.device.is_cpu();
    if let Some(folder) = options.copies.as_ref().filter(|_| quantised)
        && let Some(copy) = cached::copy(&weights, folder, watch)?
    {
        weights.use_copy(copy);
    }
    let network = family.load(&weights, &place, watch)?;
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
