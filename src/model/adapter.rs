//! A LoRA adapter in PEFT's layout: what was learned on top of a model, as pairs of narrow matrices.
//!
//! Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", arXiv 2106.09685: W + B·A·(alpha / r);
//! with rank stabilisation (Kalajdzievski 2023, arXiv 2312.03732) divided by √r. Merged while the weights
//! are read, before they are quantised: the adapted model is as fast as the plain one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Result, Tensor};
use serde_json::{Map, Value};

use super::Error;
use super::safetensors::Safetensors;
use super::weights::{content, read};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";
const PREFIX: &str = "base_model.model.";

/// All pairs of an adapter, in f32: a hundredth of the model, mostly.
pub(super) struct Adapter {
    /// By the name of the tensor that each belongs to.
    pairs: BTreeMap<String, Pair>,
    files: [PathBuf; 2],
}

struct Pair {
    /// `[r, in]`.
    a: Tensor,
    /// `[out, r]`.
    b: Tensor,
    scale: f64,
}

/// What is added to one matrix.
pub(super) struct Delta<'a>(&'a Pair);

impl Delta<'_> {
    /// `count` rows of it from `first` on, f32 `[count, in]`.
    pub(super) fn rows(&self, first: usize, count: usize) -> Result<Tensor> {
        let Pair { a, b, scale } = self.0;
        b.narrow(0, first, count)?.matmul(a)? * *scale
    }
}

impl Adapter {
    /// Reads the adapter in `directory` for the model in `base`. Errs when it is of a kind that cannot be
    /// merged, or belongs to another model.
    pub(super) fn open(
        directory: &Path,
        base: &Safetensors,
        tied: bool,
    ) -> std::result::Result<Self, Error> {
        let path = directory.join(CONFIG);
        let text = read(&path)?.ok_or_else(|| {
            content(
                &path,
                "there is no such file; give a directory with adapter_config.json and \
                 adapter_model.safetensors, as PEFT writes it",
            )
        })?;
        let config: Map<String, Value> = serde_json::from_str(&text)
            .map_err(|error| content(&path, format!("it is not a JSON object: {error}")))?;
        let wrong = |reason: String| content(&path, reason);
        mergeable(&config).map_err(wrong)?;
        let number = |name: &str| -> std::result::Result<f64, Error> {
            let value = config.get(name).and_then(Value::as_f64);
            value.ok_or_else(|| content(&path, format!("it has no number {name}")))
        };
        let alpha = number("lora_alpha")?;
        let stabilised = config.get("use_rslora") == Some(&Value::Bool(true));
        let alphas = config.get("alpha_pattern").and_then(Value::as_object);

        let file = directory.join(WEIGHTS);
        if !file.is_file() {
            return Err(content(
                &file,
                "there is no such file; save the adapter as safetensors",
            ));
        }
        let stored = Safetensors::single(&file)?;
        let mut pairs = BTreeMap::new();
        for name in stored.names() {
            let Some((module, half)) = split(&name) else {
                return Err(stored.wrong(
                    &name,
                    "cannot be merged: it is no pair of lora_A and lora_B",
                ));
            };
            if half == Half::B {
                let first = name.replace("lora_B", "lora_A");
                match stored.has(&first) {
                    true => continue,
                    false => return Err(stored.wrong(&first, "is not there")),
                }
            }
            let other = name.replace("lora_A", "lora_B");
            let target = format!("{module}.weight");
            if !base.has(&target) || (tied && module == "lm_head") {
                let what = format!("belongs to {module}, which the model does not have");
                return Err(stored.wrong(&name, &what));
            }
            let (a, b) = (matrix(&stored, &name)?, matrix(&stored, &other)?);
            let (rank, shape) = (a.dims()[0], [b.dims()[0], a.dims()[1]]);
            if b.dims()[1] != rank || rank == 0 {
                let what = format!("is {:?} and its other half {:?}", a.dims(), b.dims());
                return Err(stored.wrong(&name, &what));
            }
            let found = base.view(&target)?.shape;
            if found != shape {
                let what = format!("makes a change of {shape:?} to {target}, which is {found:?}");
                return Err(stored.wrong(&name, &what));
            }
            let alpha = alpha_of(alphas, module).unwrap_or(alpha);
            let divisor = match stabilised {
                true => (rank as f64).sqrt(),
                false => rank as f64,
            };
            let scale = alpha / divisor;
            pairs.insert(target, Pair { a, b, scale });
        }
        if pairs.is_empty() {
            return Err(content(&file, "it holds no pair of lora_A and lora_B"));
        }
        Ok(Self {
            pairs,
            files: [path, file],
        })
    }

    /// The files that it was read from.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// What it adds to the tensor `name`.
    pub(super) fn delta(&self, name: &str) -> Option<Delta<'_>> {
        self.pairs.get(name).map(Delta)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    A,
    B,
}

/// The module that a tensor of an adapter belongs to, and which half it is. Some versions name the adapter
/// (`default`) as well.
fn split(name: &str) -> Option<(&str, Half)> {
    let name = name.strip_prefix(PREFIX)?.strip_suffix(".weight")?;
    let name = name.strip_suffix(".default").unwrap_or(name);
    match name.strip_suffix(".lora_A") {
        Some(module) => Some((module, Half::A)),
        None => Some((name.strip_suffix(".lora_B")?, Half::B)),
    }
}

fn matrix(stored: &Safetensors, name: &str) -> std::result::Result<Tensor, Error> {
    let shape = stored.view(name)?.shape;
    if shape.len() != 2 {
        return Err(stored.wrong(name, "is no matrix"));
    }
    Ok(stored.tensor(name, &shape)?.to_dtype(DType::F32)?)
}

/// The scale that `alpha_pattern` gives `module`, whose keys are endings of names.
fn alpha_of(patterns: Option<&Map<String, Value>>, module: &str) -> Option<f64> {
    let matching = |key: &str| {
        let before = module.strip_suffix(key);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    let found = patterns?.iter().find(|(key, _)| matching(key));
    found?.1.as_f64()
}

/// Errs with the reason why an adapter so configured is no plain sum of matrices.
fn mergeable(config: &Map<String, Value>) -> std::result::Result<(), String> {
    let word = |name: &str| config.get(name).and_then(Value::as_str);
    let kind = word("peft_type").unwrap_or("LORA");
    if kind != "LORA" {
        return Err(format!(
            "it is an adapter of type {kind}, and only LORA can be merged"
        ));
    }
    for (name, what) in [
        (
            "use_dora",
            "weights decomposed into direction and size (DoRA)",
        ),
        ("fan_in_fan_out", "transposed weights"),
        ("use_qalora", "quantisation-aware groups"),
        ("lora_bias", "biases"),
    ] {
        if config.get(name) == Some(&Value::Bool(true)) {
            return Err(format!("{name} is true: {what} cannot be merged"));
        }
    }
    for (name, what) in [
        ("modules_to_save", "whole modules that it replaces"),
        ("layer_replication", "repeated layers"),
        ("trainable_token_indices", "tokens of its own"),
        ("target_parameters", "changes of bare parameters"),
    ] {
        let empty = match config.get(name) {
            None | Some(Value::Null) => true,
            Some(Value::Array(list)) => list.is_empty(),
            Some(Value::Object(map)) => map.is_empty(),
            Some(_) => false,
        };
        if !empty {
            return Err(format!("it has {name}: {what} cannot be merged"));
        }
    }
    if let Some(bias) = word("bias").filter(|bias| *bias != "none") {
        return Err(format!("bias is {bias}: learned biases cannot be merged"));
    }
    let start = config
        .get("init_lora_weights")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if ["pissa", "olora", "loftq", "corda"]
        .iter()
        .any(|it| start.starts_with(it))
    {
        return Err(format!(
            "init_lora_weights is {start}: it was learned on top of changed weights; convert it to a \
             plain LoRA first"
        ));
    }
    let patterns = config.get("alpha_pattern").and_then(Value::as_object);
    let plain = |key: &String| {
        key.chars()
            .all(|it| it.is_ascii_alphanumeric() || "._".contains(it))
    };
    if let Some(key) = patterns.and_then(|map| map.keys().find(|key| !plain(key))) {
        return Err(format!(
            "alpha_pattern has {key}, and only names can be read, not patterns"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_pairs() {
        let name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
        let (module, half) = split(name).unwrap();
        assert_eq!(module, "model.layers.0.self_attn.q_proj");
        assert!(half == Half::A);
        let (module, half) = split("base_model.model.lm_head.lora_B.default.weight").unwrap();
        assert!(module == "lm_head" && half == Half::B);
        assert!(split("base_model.model.lm_head.weight").is_none());
        assert!(split("base_model.model.model.embed_tokens.lora_embedding_A").is_none());
    }

    #[test]
    fn kinds_that_are_no_sum_are_refused() {
        for (json, part) in [
            (r#"{"peft_type":"IA3"}"#, "IA3"),
            (r#"{"use_dora":true}"#, "DoRA"),
            (r#"{"fan_in_fan_out":true}"#, "transposed"),
            (r#"{"modules_to_save":["lm_head"]}"#, "modules_to_save"),
            (r#"{"bias":"all"}"#, "biases"),
            (r#"{"init_lora_weights":"pissa_niter_4"}"#, "pissa"),
            (r#"{"alpha_pattern":{"layers.[01]":4}}"#, "alpha_pattern"),
        ] {
            let reason = mergeable(&serde_json::from_str(json).unwrap()).unwrap_err();
            assert!(reason.contains(part), "{json}: {reason}");
        }
        let plain = r#"{"peft_type":"LORA","modules_to_save":null,"bias":"none","use_dora":false}"#;
        assert_eq!(mergeable(&serde_json::from_str(plain).unwrap()), Ok(()));
    }

    #[test]
    fn a_scale_of_its_own() {
        let patterns =
            serde_json::from_str(r#"{"q_proj":32,"model.layers.1.mlp.up_proj":8}"#).unwrap();
        let alpha = |module| alpha_of(Some(&patterns), module);
        assert_eq!(alpha("model.layers.0.self_attn.q_proj"), Some(32.0));
        assert_eq!(alpha("model.layers.1.mlp.up_proj"), Some(8.0));
        assert_eq!(alpha("model.layers.11.mlp.up_proj"), None);
    }
}
