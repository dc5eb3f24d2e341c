//! A model's directory: finds its files, maps the weights, hands out tensors of checked shape.
#![expect(
    unsafe_code,
    reason = "mapping a file into memory cannot be made safe by the caller"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Tensor};
use serde_json::Value;

use super::{Config, Error};

const CONFIG: &str = "config.json";
const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// An open directory of weights. Holds no tensor: each is read when asked for.
pub struct Weights {
    /// The directory.
    pub directory: PathBuf,
    /// The network's shape.
    pub config: Config,
    mapped: MmapedSafetensors,
    /// What errors about tensors name: the file, or the index of the shards.
    source: PathBuf,
}

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
        let (source, files) = files(directory)?;
        Ok(Self {
            directory: directory.to_owned(),
            config,
            mapped: map(&files)?,
            source,
        })
    }

    /// The type that the embedding is stored in, which stands for all.
    pub fn dtype(&self) -> Result<DType, Error> {
        let name = "model.embed_tokens.weight";
        let view = self.mapped.get(name);
        let view = view.map_err(|_| self.tensor_error(name, "is not there"))?;
        match DType::try_from(view.dtype()) {
            Ok(dtype @ (DType::F32 | DType::F16 | DType::BF16)) => Ok(dtype),
            _ => Err(self.tensor_error(
                name,
                &format!("is stored as {:?}, which cannot be run", view.dtype()),
            )),
        }
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.mapped.get(name).is_ok()
    }

    /// The tensor `name` as `dtype` on `device`. Errs when it is missing, or not of `shape`.
    pub fn tensor(
        &self,
        name: &str,
        shape: &[usize],
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor, Error> {
        let view = self.mapped.get(name);
        let view = view.map_err(|_| self.tensor_error(name, "is not there"))?;
        if view.shape() != shape {
            let found = view.shape();
            return Err(self.tensor_error(
                name,
                &format!("has shape {found:?}, and config.json calls for {shape:?}"),
            ));
        }
        match DType::try_from(view.dtype()) {
            Ok(DType::F32 | DType::F16 | DType::BF16 | DType::F64) => {}
            _ => {
                let found = view.dtype();
                let reason = format!("is stored as {found:?}, which cannot be run");
                return Err(self.tensor_error(name, &reason));
            }
        }
        // Widened or narrowed before it goes to the device, which need not know the stored type.
        let tensor = self.mapped.load(name, &Device::Cpu)?.to_dtype(dtype)?;
        Ok(tensor.to_device(device)?)
    }

    /// An error about `config.json`.
    pub(super) fn config_error(&self, reason: String) -> Error {
        content(&self.directory.join(CONFIG), reason)
    }

    fn tensor_error(&self, name: &str, what: &str) -> Error {
        content(&self.source, format!("the tensor {name} {what}"))
    }
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

/// The file to name in errors, and the files that hold tensors.
fn files(directory: &Path) -> Result<(PathBuf, Vec<PathBuf>), Error> {
    let index = directory.join(INDEX);
    if let Some(text) = read(&index)? {
        let json: Value = serde_json::from_str(&text)
            .map_err(|error| content(&index, format!("it is not JSON: {error}")))?;
        let places = json.get("weight_map").and_then(Value::as_object);
        let places = places.ok_or_else(|| content(&index, "it has no weight_map"))?;
        let names: BTreeSet<&str> = places.values().filter_map(Value::as_str).collect();
        let mut files = Vec::new();
        for name in names {
            let file = directory.join(name);
            // An index is a list of neighbours; one that points elsewhere is not read.
            if name.contains(['/', '\\']) || name == ".." {
                return Err(content(
                    &index,
                    format!("it names {name:?}, outside its folder"),
                ));
            }
            if !file.is_file() {
                return Err(content(
                    &index,
                    format!("it lists {name}, which is not there; fetch the missing file"),
                ));
            }
            files.push(file);
        }
        if files.is_empty() {
            return Err(content(&index, "its weight_map lists no file"));
        }
        return Ok((index, files));
    }
    let single = directory.join(SINGLE);
    if single.is_file() {
        return Ok((single.clone(), vec![single]));
    }
    let pickled = ["pytorch_model.bin", "pytorch_model.bin.index.json"];
    let reason = if pickled.iter().any(|name| directory.join(name).exists()) {
        "there is no such file, only pytorch_model.bin, which can run code when read; \
         convert it to safetensors"
    } else {
        "there is no such file, and no model.safetensors.index.json either"
    };
    Err(content(&single, reason))
}

fn map(files: &[PathBuf]) -> Result<MmapedSafetensors, Error> {
    // Each is opened alone first, because the error for all does not say which of them is at fault.
    for file in files {
        let metadata = fs::metadata(file).map_err(|source| Error::File {
            path: file.clone(),
            source,
        })?;
        let wrong = |error: String| {
            content(
                file,
                format!(
                    "it is damaged or was not fetched to its end ({} bytes: {error}); \
                     fetch it again",
                    metadata.len()
                ),
            )
        };
        if metadata.len() == 0 {
            return Err(wrong("it is empty".to_owned()));
        }
        mapped(&[file]).map_err(|error| wrong(reason(error)))?;
    }
    Ok(mapped(files)?)
}

fn mapped<P: AsRef<Path>>(files: &[P]) -> candle_core::Result<MmapedSafetensors> {
    // SAFETY: the files must not be changed while they are mapped. They are weights that this program
    // only reads; each tensor is copied out of the map while the model loads, after which the map is
    // dropped, so that a file replaced later is never seen.
    unsafe { MmapedSafetensors::multi(files) }
}

/// The innermost reason, without the path and backtrace that surround it.
fn reason(error: candle_core::Error) -> String {
    match error {
        candle_core::Error::WithPath { inner, .. } => reason(*inner),
        candle_core::Error::WithBacktrace { inner, .. } => reason(*inner),
        other => other.to_string(),
    }
}
