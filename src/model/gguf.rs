//! A GGUF file: what its header says of the network, and its tensors where they lie.
//!
//! llama.cpp's converter names tensors its own way and lays the rows of a Llama's queries and keys out for
//! rotation of neighbours; [`Gguf::interleaved`] says so.

mod config;

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::quantized::gguf_file::{Content, TensorInfo, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use memmap2::Mmap;

use super::mapped;
use super::weights::content;
use super::{Config, Error};

/// An open file. Holds no tensor.
pub(super) struct Gguf {
    path: PathBuf,
    map: Arc<Mmap>,
    content: Content,
    names: Names,
}

/// Whose names the tensors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// The hub's, as in safetensors: a copy that this program made.
    Hub,
    /// llama.cpp's.
    Ggml,
}

impl Gguf {
    /// Reads the header, not the weights. Errs when the file is none, or was not fetched to its end.
    pub(super) fn open(path: &Path, names: Names) -> Result<Self, Error> {
        let map = mapped::map(path).map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })?;
        let header = Content::read(&mut Cursor::new(&map[..]));
        let header = header.map_err(|error| {
            content(
                path,
                format!(
                    "it is no GGUF file that can be read ({}); fetch it again, or one in \
                         Q4_K_M or Q8_0",
                    first_line(&error)
                ),
            )
        })?;
        let found = Self {
            path: path.to_owned(),
            map: Arc::new(map),
            content: header,
            names,
        };
        let end = found.content.tensor_infos.values().map(|info| {
            let bytes = bytes(info);
            found
                .content
                .tensor_data_offset
                .saturating_add(info.offset)
                .saturating_add(bytes)
        });
        let end = end.max().unwrap_or(0);
        if (found.map.len() as u64) < end {
            return Err(content(
                path,
                format!(
                    "it is damaged or was not fetched to its end ({} bytes of {end}); fetch it again",
                    found.map.len()
                ),
            ));
        }
        Ok(found)
    }

    /// The network that the header describes. Errs with a reason.
    pub(super) fn config(&self) -> Result<Config, String> {
        config::read(self)
    }

    /// Whether texts begin with the begin-of-text token, where the header says.
    pub(super) fn begins_with_bos(&self) -> Option<bool> {
        self.content
            .metadata
            .get("tokenizer.ggml.add_bos_token")?
            .to_bool()
            .ok()
    }

    /// Whether rotation pairs neighbours, not halves of a head.
    pub(super) fn interleaved(&self) -> bool {
        self.names == Names::Ggml && self.word("general.architecture") == Some("llama")
    }

    /// How the tensor `name` is stored; none if there is none.
    pub(super) fn kind(&self, name: &str) -> Option<GgmlDType> {
        self.info(name).map(|info| info.ggml_dtype)
    }

    /// The kind that most of the weights have.
    pub(super) fn most(&self) -> Option<GgmlDType> {
        let infos = self.content.tensor_infos.values();
        let kinds: Vec<_> = infos.map(|info| (info.ggml_dtype, bytes(info))).collect();
        let of = |kind: GgmlDType| -> u64 {
            kinds.iter().filter(|it| it.0 == kind).map(|it| it.1).sum()
        };
        kinds.iter().map(|it| it.0).max_by_key(|kind| of(*kind))
    }

    /// Every tensor's kind, rows and columns; a vector has one row.
    pub(super) fn shapes(&self) -> impl Iterator<Item = (GgmlDType, usize, usize)> {
        self.content.tensor_infos.values().map(|info| {
            let columns = info.shape.dims().last().copied().unwrap_or(1).max(1);
            (info.ggml_dtype, info.shape.elem_count() / columns, columns)
        })
    }

    /// The matrix `name`, quantised, left in the file where the device can read it there.
    pub(super) fn matrix(
        &self,
        name: &str,
        shape: (usize, usize),
        device: &Device,
    ) -> Result<QTensor, Error> {
        let info = self.checked(name, &[shape.0, shape.1])?;
        let start = self.content.tensor_data_offset + info.offset;
        mapped::matrix(&self.map, start as usize, info.ggml_dtype, shape, device)
            .map_err(|error| self.wrong(name, &first_line(&error)))
    }

    /// The tensor `name` as `dtype`, whatever it is stored as.
    pub(super) fn tensor(
        &self,
        name: &str,
        shape: &[usize],
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor, Error> {
        let info = self.checked(name, shape)?;
        let mut source = Cursor::new(&self.map[..]);
        let read = info
            .read(&mut source, self.content.tensor_data_offset, &Device::Cpu)
            .and_then(|stored| {
                stored
                    .dequantize(&Device::Cpu)?
                    .to_dtype(dtype)?
                    .to_device(device)
            });
        read.map_err(|error| self.wrong(name, &first_line(&error)))
    }

    /// An error about the tensor `name`.
    pub(super) fn wrong(&self, name: &str, what: &str) -> Error {
        content(
            &self.path,
            format!("the tensor {} {what}", self.own_name(name)),
        )
    }

    fn checked(&self, name: &str, shape: &[usize]) -> Result<&TensorInfo, Error> {
        let info = self
            .info(name)
            .ok_or_else(|| self.wrong(name, "is not there"))?;
        if info.shape.dims() != shape {
            let found = info.shape.dims();
            let what = format!("has shape {found:?}, and the header calls for {shape:?}");
            return Err(self.wrong(name, &what));
        }
        Ok(info)
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.content.tensor_infos.get(&self.own_name(name))
    }

    /// What the file calls the tensor that the hub calls `name`.
    fn own_name(&self, name: &str) -> String {
        match self.names {
            Names::Hub => name.to_owned(),
            Names::Ggml => ggml_name(name),
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.content.metadata.get(name)
    }

    fn word(&self, name: &str) -> Option<&str> {
        self.value(name)?.to_string().ok().map(String::as_str)
    }
}

fn bytes(info: &TensorInfo) -> u64 {
    let blocks = info.shape.elem_count() / info.ggml_dtype.block_size();
    (blocks * info.ggml_dtype.type_size()) as u64
}

/// candle's errors carry backtraces on further lines.
fn first_line(error: &candle_core::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

/// llama.cpp's name of a tensor (its `gguf-py/gguf/tensor_mapping.py`).
fn ggml_name(name: &str) -> String {
    let whole = match name {
        "model.embed_tokens.weight" => "token_embd.weight",
        "model.norm.weight" => "output_norm.weight",
        "lm_head.weight" => "output.weight",
        other => {
            let part = other
                .strip_prefix("model.layers.")
                .and_then(|it| it.split_once('.'));
            let Some((layer, part)) = part else {
                return other.to_owned();
            };
            let (part, ending) = part.rsplit_once('.').unwrap_or((part, "weight"));
            let part = match part {
                "input_layernorm" => "attn_norm",
                "self_attn.q_proj" => "attn_q",
                "self_attn.k_proj" => "attn_k",
                "self_attn.v_proj" => "attn_v",
                "self_attn.o_proj" => "attn_output",
                "post_attention_layernorm" => "ffn_norm",
                "mlp.gate_proj" => "ffn_gate",
                "mlp.up_proj" => "ffn_up",
                "mlp.down_proj" => "ffn_down",
                unknown => unknown,
            };
            return format!("blk.{layer}.{part}.{ending}");
        }
    };
    whole.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tensors() {
        for (hub, ggml) in [
            ("model.embed_tokens.weight", "token_embd.weight"),
            (
                "model.layers.31.self_attn.q_proj.bias",
                "blk.31.attn_q.bias",
            ),
            (
                "model.layers.0.mlp.down_proj.weight",
                "blk.0.ffn_down.weight",
            ),
            (
                "model.layers.7.post_attention_layernorm.weight",
                "blk.7.ffn_norm.weight",
            ),
            ("rope_freqs.weight", "rope_freqs.weight"),
        ] {
            assert_eq!(ggml_name(hub), ggml);
        }
    }
}
