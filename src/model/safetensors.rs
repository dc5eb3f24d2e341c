//! Weights in safetensors: one file or several with an index, mapped into memory.
#![expect(
    unsafe_code,
    reason = "mapping a file into memory cannot be made safe by the caller"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Tensor};
use serde_json::Value;

use super::Error;
use super::weights::{content, read};

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// Open files. Holds no tensor: each is read when asked for.
pub(super) struct Safetensors {
    mapped: MmapedSafetensors,
    /// What errors about tensors name: the file, or the index of the shards.
    source: PathBuf,
    files: Vec<PathBuf>,
}

/// A tensor where it lies in its file.
pub(super) struct View<'a> {
    /// As stored.
    pub dtype: DType,
    /// In its order of dimensions.
    pub shape: Vec<usize>,
    /// Its numbers, little-endian, row by row.
    pub bytes: &'a [u8],
}

impl Safetensors {
    /// Opens what lies in `directory`. Reads headers alone.
    pub(super) fn open(directory: &Path) -> Result<Self, Error> {
        let (source, files) = files(directory)?;
        Ok(Self {
            mapped: map(&files)?,
            source,
            files,
        })
    }

    /// One file alone.
    pub(super) fn single(file: &Path) -> Result<Self, Error> {
        let files = vec![file.to_owned()];
        Ok(Self {
            mapped: map(&files)?,
            source: file.to_owned(),
            files,
        })
    }

    /// The files, each once.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// All tensors' names, in their order.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.mapped.tensors().into_iter().map(|it| it.0).collect();
        names.sort();
        names
    }

    /// Whether there is a tensor of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.mapped.get(name).is_ok()
    }

    /// The tensor `name` where it lies. Errs when it is missing or holds no floating-point numbers.
    pub(super) fn view(&self, name: &str) -> Result<View<'_>, Error> {
        let view = self.mapped.get(name);
        let view = view.map_err(|_| self.wrong(name, "is not there"))?;
        let dtype = match DType::try_from(view.dtype()) {
            Ok(dtype @ (DType::F32 | DType::F16 | DType::BF16 | DType::F64)) => dtype,
            _ => {
                let found = view.dtype();
                return Err(self.wrong(
                    name,
                    &format!("is stored as {found:?}, which cannot be run"),
                ));
            }
        };
        Ok(View {
            dtype,
            shape: view.shape().to_vec(),
            bytes: view.data(),
        })
    }

    /// The tensor `name` of `shape`, as stored, on the CPU.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, Error> {
        self.checked(name, shape)?;
        Ok(self.mapped.load(name, &Device::Cpu)?)
    }

    /// [`Self::view`], which must have `shape`.
    pub(super) fn checked(&self, name: &str, shape: &[usize]) -> Result<View<'_>, Error> {
        let view = self.view(name)?;
        if view.shape != shape {
            let found = view.shape;
            let what = format!("has shape {found:?}, and config.json calls for {shape:?}");
            return Err(self.wrong(name, &what));
        }
        Ok(view)
    }

    /// An error about the tensor `name`.
    pub(super) fn wrong(&self, name: &str, what: &str) -> Error {
        content(&self.source, format!("the tensor {name} {what}"))
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
