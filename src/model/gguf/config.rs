//! A GGUF header's keys as the shape of a network.

use std::collections::BTreeSet;

use candle_core::quantized::gguf_file::Value;
use candle_core::{DType, Device};

use super::Gguf;
use crate::model::Config;
use crate::model::rope::{Rope, Scaling};

/// Reads the keys of the families that can be run. Errs with a reason.
pub(super) fn read(file: &Gguf) -> Result<Config, String> {
    let family = file.word("general.architecture");
    let architecture = match family {
        Some("llama") => "LlamaForCausalLM",
        Some("qwen2") => "Qwen2ForCausalLM",
        Some(other) => {
            return Err(format!(
                "it holds a model of the family {other}, and only llama and qwen2 can be run"
            ));
        }
        None => return Err("it does not say of which family its model is".to_owned()),
    };
    let keys = Keys {
        file,
        family: family.unwrap_or_default(),
    };
    if keys.count_or("expert_count", 0)? != 0 {
        return Err("it holds a mixture of experts, which cannot be run".to_owned());
    }
    let hidden = keys.count("embedding_length")?;
    let heads = keys.count("attention.head_count")?;
    let kv_heads = keys.count_or("attention.head_count_kv", heads)?;
    let head_width = keys.count_or("attention.key_length", hidden / heads)?;
    let rotated = keys.count_or("rope.dimension_count", head_width)?;
    if head_width == 0 || !head_width.is_multiple_of(2) || rotated != head_width {
        return Err(format!(
            "{rotated} of a head's {head_width} numbers are rotated; only all of an even width can be run"
        ));
    }
    if kv_heads == 0 || !heads.is_multiple_of(kv_heads) {
        return Err(format!(
            "{heads} heads cannot share {kv_heads} key and value heads"
        ));
    }
    let embedding = file.info("model.embed_tokens.weight");
    let embedding = embedding.ok_or("it has no tensor token_embd.weight")?;
    let mut eos = BTreeSet::new();
    for name in ["eos", "eot", "eom"] {
        eos.extend(token(file, name)?);
    }
    let has = |name: &str| file.info(name).is_some();
    Ok(Config {
        architecture: architecture.to_owned(),
        hidden,
        inner: keys.count("feed_forward_length")?,
        layers: keys.count("block_count")?,
        heads,
        kv_heads,
        head_width,
        vocabulary: embedding.shape.dims().first().copied().unwrap_or(0),
        positions: keys.count("context_length")?,
        epsilon: keys
            .number("attention.layer_norm_rms_epsilon")?
            .ok_or("it does not say attention.layer_norm_rms_epsilon")?,
        rope: rope(&keys, head_width)?,
        tied: !has("lm_head.weight"),
        attention_bias: has("model.layers.0.self_attn.q_proj.bias"),
        feed_forward_bias: has("model.layers.0.mlp.gate_proj.bias"),
        bos: token(file, "bos")?,
        eos,
    })
}

/// As llama.cpp reads them: a factor counts unless the type is `none`, and the older `rope.scale_linear`
/// where there is none.
fn rope(keys: &Keys<'_>, width: usize) -> Result<Rope, String> {
    let theta = keys.number("rope.freq_base")?.unwrap_or(10_000.0);
    if !(theta.is_finite() && 1.0 < theta) {
        return Err(format!("rope.freq_base is {theta}, which is not above 1"));
    }
    let factor = match keys.number("rope.scaling.factor")? {
        Some(factor) => Some(factor),
        None => keys.number("rope.scale_linear")?,
    };
    let factor = factor.filter(|factor| *factor != 0.0 && *factor != 1.0);
    let kind = keys.file.word(&keys.name("rope.scaling.type"));
    let linear = match (kind, factor) {
        (Some("none"), _) | (None | Some("linear"), None) => None,
        (None | Some("linear"), Some(factor)) if factor.is_finite() && 0.0 < factor => Some(factor),
        (None | Some("linear"), Some(factor)) => {
            return Err(format!(
                "rope.scaling.factor is {factor}, which is not above 0"
            ));
        }
        (Some(other), _) => {
            return Err(format!(
                "rope.scaling.type is {other}; none and linear can be run, and any other would give \
                 wrong answers without a sign"
            ));
        }
    };
    let name = "rope_freqs.weight";
    let each = match keys.file.info(name) {
        None => None,
        Some(_) => {
            let read = keys
                .file
                .tensor(name, &[width / 2], DType::F32, &Device::Cpu);
            let read = read.map_err(|error| error.to_string())?;
            Some(read.to_vec1::<f32>().map_err(|error| error.to_string())?)
        }
    };
    let scaling = match (linear, each) {
        (None, None) => Scaling::None,
        (Some(factor), None) => Scaling::Linear { factor },
        (None, Some(divisors)) if divisors.iter().all(|it| it.is_finite() && 0.0 < *it) => {
            Scaling::Each { divisors }
        }
        (None, Some(_)) => {
            return Err("rope_freqs.weight holds a divisor that is not above 0".to_owned());
        }
        (Some(_), Some(_)) => {
            return Err(
                "it scales positions twice, by a factor and by rope_freqs.weight".to_owned(),
            );
        }
    };
    Ok(Rope { theta, scaling })
}

fn token(file: &Gguf, name: &str) -> Result<Option<u32>, String> {
    let name = format!("tokenizer.ggml.{name}_token_id");
    match file.value(&name) {
        None => Ok(None),
        Some(value) => match whole(value).and_then(|id| u32::try_from(id).ok()) {
            Some(id) => Ok(Some(id)),
            None => Err(format!("{name} is {value:?}, which is no token")),
        },
    }
}

struct Keys<'a> {
    file: &'a Gguf,
    family: &'a str,
}

impl Keys<'_> {
    fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.family)
    }

    fn count(&self, key: &str) -> Result<usize, String> {
        let found = self.count_or(key, 0)?;
        match found {
            0 => Err(format!("it does not say {}", self.name(key))),
            found => Ok(found),
        }
    }

    fn count_or(&self, key: &str, default: usize) -> Result<usize, String> {
        let Some(value) = self.file.value(&self.name(key)) else {
            return Ok(default);
        };
        // The bound keeps products of two counts inside 64 bits, whatever a file claims.
        let count = whole(value).filter(|count| *count <= 1 << 31);
        let count = count.and_then(|count| usize::try_from(count).ok());
        count.ok_or_else(|| format!("{} is no usable count", self.name(key)))
    }

    fn number(&self, key: &str) -> Result<Option<f32>, String> {
        match self.file.value(&self.name(key)) {
            None => Ok(None),
            Some(Value::F32(number)) => Ok(Some(*number)),
            Some(Value::F64(number)) => Ok(Some(*number as f32)),
            Some(other) => match whole(other) {
                Some(number) => Ok(Some(number as f32)),
                None => Err(format!("{} is no number", self.name(key))),
            },
        }
    }
}

/// Writers differ in how wide they make whole numbers.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::I8(number) => u64::try_from(*number).ok(),
        Value::I16(number) => u64::try_from(*number).ok(),
        Value::I32(number) => u64::try_from(*number).ok(),
        Value::I64(number) => u64::try_from(*number).ok(),
        Value::Bool(_) => None,
        other => other.to_u64().ok(),
    }
}
