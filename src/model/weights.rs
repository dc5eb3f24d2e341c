//! A model's files: a directory of safetensors or one GGUF file, and what their headers say.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{DType, Device, Tensor};

use super::adapter::Adapter;
use super::gguf::{Gguf, Names};
use super::quantise;
use super::safetensors::{Safetensors, View};
use super::{Config, Error};

const CONFIG: &str = "config.json";
const EMBEDDING: &str = "model.embed_tokens.weight";

/// Open files of weights. Holds no tensor: each is read when asked for.
pub struct Weights {
    /// The directory, or the one that the file lies in.
    pub directory: PathBuf,
    /// The network's shape.
    pub config: Config,
    /// `config.json`, or the GGUF file that has it in its header.
    stated: PathBuf,
    store: Store,
    adapter: Option<Adapter>,
    /// An 8-bit copy of the matrices, made earlier.
    copy: Option<Gguf>,
}

enum Store {
    Safetensors(Safetensors),
    Gguf(Gguf),
}

/// How weights are stored, for the most part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// As floating-point numbers.
    Float(DType),
    /// Quantised, in blocks.
    Blocks(GgmlDType),
}

/// A matrix as it was read.
pub(super) enum Read {
    /// As numbers of the type that was asked for.
    Dense(Tensor),
    /// In blocks.
    Blocks(QTensor),
}

/// Matrices by name, and the files that decide what is in them.
pub(super) type Copied<'a> = (Vec<(String, View<'a>)>, Vec<PathBuf>);

impl Weights {
    /// Opens `directory`. Reads the headers of the weights, not the weights: milliseconds. Errs naming
    /// the file that is missing, cut short or not of the form expected.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(CONFIG);
        let text = read(&path)?.ok_or_else(|| {
            content(
                &path,
                "there is no such file; give a directory with config.json, tokenizer.json and \
                 *.safetensors",
            )
        })?;
        let generation = read(&directory.join("generation_config.json"))?;
        let config =
            Config::read(&text, generation.as_deref()).map_err(|reason| content(&path, reason))?;
        Ok(Self {
            directory: directory.to_owned(),
            config,
            stated: path,
            store: Store::Safetensors(Safetensors::open(directory)?),
            adapter: None,
            copy: None,
        })
    }

    /// Opens a GGUF file, likewise.
    pub fn open_gguf(file: &Path) -> Result<Self, Error> {
        let gguf = Gguf::open(file, Names::Ggml)?;
        let config = gguf.config().map_err(|reason| content(file, reason))?;
        let directory = file.parent().filter(|it| *it != Path::new(""));
        Ok(Self {
            directory: directory.unwrap_or(Path::new(".")).to_owned(),
            config,
            stated: file.to_owned(),
            store: Store::Gguf(gguf),
            adapter: None,
            copy: None,
        })
    }

    /// Adds what was learned on top of these weights. Errs when it does not belong to them, and for
    /// quantised weights, into which it cannot be merged.
    pub(super) fn adapt(&mut self, directory: &Path) -> Result<(), Error> {
        let Store::Safetensors(store) = &self.store else {
            return Err(content(
                directory,
                "an adapter cannot be merged into a GGUF file; give the directory with the model's \
                 *.safetensors that it was trained on",
            ));
        };
        self.adapter = Some(Adapter::open(directory, store, self.config.tied)?);
        Ok(())
    }

    /// How the weights are stored. Errs when there are none, or of a kind that cannot be run.
    pub fn stored(&self) -> Result<Stored, Error> {
        let kind = match &self.store {
            Store::Safetensors(store) => match store.view(EMBEDDING)?.dtype {
                DType::F64 => {
                    return Err(store.wrong(EMBEDDING, "is stored as F64, which cannot be run"));
                }
                dtype => return Ok(Stored::Float(dtype)),
            },
            Store::Gguf(file) => file.most(),
        };
        Ok(match kind {
            Some(GgmlDType::F32) => Stored::Float(DType::F32),
            Some(GgmlDType::F16) => Stored::Float(DType::F16),
            Some(GgmlDType::BF16) => Stored::Float(DType::BF16),
            Some(blocks) => Stored::Blocks(blocks),
            None => return Err(content(&self.stated, "it holds no tensor")),
        })
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        match &self.store {
            Store::Safetensors(store) => store.has(name),
            Store::Gguf(file) => file.kind(name).is_some(),
        }
    }

    /// Whether rotation pairs neighbours, not halves of a head.
    pub(super) fn interleaved(&self) -> bool {
        match &self.store {
            Store::Safetensors(_) => false,
            Store::Gguf(file) => file.interleaved(),
        }
    }

    /// What the header of the weights says about the begin-of-text token.
    pub(super) fn begins_with_bos(&self) -> Option<bool> {
        match &self.store {
            Store::Safetensors(_) => None,
            Store::Gguf(file) => file.begins_with_bos(),
        }
    }

    /// The tensor `name` as `dtype` on `device`. Errs when it is missing, not of `shape`, or holds what
    /// is no number.
    pub fn tensor(
        &self,
        name: &str,
        shape: &[usize],
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor, Error> {
        // Widened or narrowed before it goes to the device, which need not know the stored type.
        match &self.store {
            Store::Gguf(file) => {
                let tensor = file.tensor(name, shape, dtype, device)?;
                match finite(&tensor)? {
                    true => Ok(tensor),
                    false => Err(file.wrong(name, quantise::NO_NUMBERS)),
                }
            }
            Store::Safetensors(store) => {
                let mut tensor = store.tensor(name, shape)?;
                if let Some(delta) = self.delta(name) {
                    tensor = (tensor.to_dtype(DType::F32)? + delta.rows(0, shape[0])?)?;
                }
                let tensor = tensor.to_dtype(dtype)?;
                match finite(&tensor)? {
                    true => Ok(tensor.to_device(device)?),
                    false => Err(store.wrong(name, quantise::NO_NUMBERS)),
                }
            }
        }
    }

    /// The matrix `name`: in blocks where it is stored so or `quantised`, else as `dtype`.
    pub(super) fn matrix(
        &self,
        name: &str,
        shape: (usize, usize),
        quantised: bool,
        dtype: DType,
        device: &Device,
    ) -> Result<Read, Error> {
        let (rows, columns) = shape;
        let whole = columns.is_multiple_of(GgmlDType::Q8_0.block_size());
        match &self.store {
            Store::Gguf(file) => {
                let float = matches!(
                    file.kind(name),
                    None | Some(GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16)
                );
                if !float {
                    return Ok(Read::Blocks(file.matrix(name, shape, device)?));
                }
                let dense = self.tensor(name, &[rows, columns], dtype, device)?;
                match quantised && whole && device.is_cpu() {
                    true => Ok(Read::Blocks(QTensor::quantize(&dense, GgmlDType::Q8_0)?)),
                    false => Ok(Read::Dense(dense)),
                }
            }
            Store::Safetensors(_) if !quantised || !whole => {
                let dense = self.tensor(name, &[rows, columns], dtype, device)?;
                Ok(Read::Dense(dense))
            }
            Store::Safetensors(store) => {
                if let Some(copy) = self.copy.as_ref().filter(|it| it.kind(name).is_some()) {
                    return Ok(Read::Blocks(copy.matrix(name, shape, device)?));
                }
                let view = store.checked(name, &[rows, columns])?;
                let blocks = quantise::rows(&view, self.delta(name).as_ref());
                let blocks = blocks.map_err(|what| store.wrong(name, &what))?;
                let storage = QStorage::Cpu(Box::new(blocks));
                Ok(Read::Blocks(QTensor::new(storage, shape)?))
            }
        }
    }

    /// Every tensor's kind, rows and columns; a vector has one row.
    pub(super) fn shapes(&self) -> Result<Vec<(Stored, usize, usize)>, Error> {
        match &self.store {
            Store::Gguf(file) => Ok(file
                .shapes()
                .map(|(kind, rows, columns)| match kind {
                    GgmlDType::F32 => (Stored::Float(DType::F32), rows, columns),
                    GgmlDType::F16 => (Stored::Float(DType::F16), rows, columns),
                    GgmlDType::BF16 => (Stored::Float(DType::BF16), rows, columns),
                    blocks => (Stored::Blocks(blocks), rows, columns),
                })
                .collect()),
            Store::Safetensors(store) => {
                let names = store.names();
                let shapes = names.iter().filter_map(|name| {
                    // What holds no numbers is not read, so it needs no room.
                    let view = store.view(name).ok()?;
                    let columns = view.shape.last().copied().unwrap_or(1).max(1);
                    let rows = view.shape.iter().product::<usize>() / columns;
                    Some((Stored::Float(view.dtype), rows, columns))
                });
                Ok(shapes.collect())
            }
        }
    }

    /// The matrices that an 8-bit copy would hold, by name, and the files that decide what is in it.
    pub(super) fn copied(&self) -> Option<Copied<'_>> {
        let Store::Safetensors(store) = &self.store else {
            return None;
        };
        let block = GgmlDType::Q8_0.block_size();
        let views = store.names().into_iter().filter_map(|name| {
            let view = store.view(&name).ok()?;
            let matrix = view.shape.len() == 2 && view.shape[1].is_multiple_of(block);
            matrix.then_some((name, view))
        });
        let mut files = store.files().to_vec();
        files.extend(self.adapter.iter().flat_map(Adapter::files).cloned());
        Some((views.collect(), files))
    }

    /// Reads matrices from `copy` from now on.
    pub(super) fn use_copy(&mut self, copy: Gguf) {
        self.copy = Some(copy);
    }

    /// What an adapter adds to the tensor `name`.
    pub(super) fn delta(&self, name: &str) -> Option<super::adapter::Delta<'_>> {
        self.adapter.as_ref()?.delta(name)
    }

    /// An error about `config.json`.
    pub(super) fn config_error(&self, reason: String) -> Error {
        content(&self.stated, reason)
    }

    /// An error about the tensor `name`.
    pub(super) fn wrong(&self, name: &str, what: &str) -> Error {
        match &self.store {
            Store::Safetensors(store) => store.wrong(name, what),
            Store::Gguf(file) => file.wrong(name, what),
        }
    }
}

/// Whether all of a tensor on the CPU, or on its way to another device, are numbers.
fn finite(tensor: &Tensor) -> candle_core::Result<bool> {
    if !tensor.device().is_cpu() {
        return Ok(true);
    }
    // One that is none makes any sum none; a sum of finite weights is far inside what f32 holds.
    let total = tensor.to_dtype(DType::F32)?.abs()?.sum_all()?;
    Ok(total.to_scalar::<f32>()?.is_finite())
}

/// An error about what a file holds.
pub(super) fn content(path: &Path, reason: impl Into<String>) -> Error {
    Error::Content {
        path: path.to_owned(),
        reason: reason.into(),
    }
}

/// The text of a file, or none where there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File {
            path: path.to_owned(),
            source,
        }),
    }
}
