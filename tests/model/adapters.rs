//! LoRA adapters: merged as PEFT merges them, and what is said of those that cannot be.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use monologue::model::{Backend, Error, Local, Options};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{edit, load, reference_tokens, tensors, tiny};

const QUERIES: &str = "model.layers.0.self_attn.q_proj";
const DOWN: &str = "model.layers.1.mlp.down_proj";

fn numbers(rows: usize, columns: usize, seed: usize) -> Tensor {
    let values: Vec<f32> = (0..rows * columns)
        .map(|at| (((at * 7919 + seed * 104_729) % 1009) as f32 / 1009.0 - 0.5) * 0.4)
        .collect();
    Tensor::from_vec(values, (rows, columns), &Device::Cpu).unwrap()
}

/// An adapter of rank 3 for two matrices, as PEFT names its tensors.
fn adapter(config: Value) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut stored = HashMap::new();
    for (module, rows, columns, seed) in [(QUERIES, 64, 64, 1), (DOWN, 64, 160, 2)] {
        let name = |half| format!("base_model.model.{module}.lora_{half}.weight");
        stored.insert(name("A"), numbers(3, columns, seed));
        stored.insert(name("B"), numbers(rows, 3, seed + 10));
    }
    candle_core::safetensors::save(&stored, dir.path().join("adapter_model.safetensors")).unwrap();
    fs::write(dir.path().join("adapter_config.json"), config.to_string()).unwrap();
    dir
}

fn config() -> Value {
    json!({"peft_type": "LORA", "r": 3, "lora_alpha": 12, "bias": "none", "fan_in_fan_out": false,
           "target_modules": ["q_proj", "down_proj"], "modules_to_save": null, "use_dora": false})
}

fn adapted(model: &Path, adapter: &Path) -> Result<Local, Error> {
    let options = Options {
        adapter: Some(adapter.to_owned()),
        ..Options::default()
    };
    Local::load(model, "tiny", &options)
}

/// The tiny model's logits with `scale` times B·A added to its matrices beforehand, number by number.
fn merged_by_hand(scale: [f32; 2]) -> Vec<Vec<f32>> {
    let dir = tiny();
    let mut all = tensors(dir.path());
    for ((module, seed), scale) in [(QUERIES, 1), (DOWN, 2)].into_iter().zip(scale) {
        let name = format!("{module}.weight");
        let old: Vec<Vec<f32>> = all[&name].to_vec2().unwrap();
        let (rows, columns) = (old.len(), old[0].len());
        let a: Vec<Vec<f32>> = numbers(3, columns, seed).to_vec2().unwrap();
        let b: Vec<Vec<f32>> = numbers(rows, 3, seed + 10).to_vec2().unwrap();
        let new: Vec<f32> = (0..rows * columns)
            .map(|at| {
                let (row, column) = (at / columns, at % columns);
                let product: f32 = (0..3).map(|rank| b[row][rank] * a[rank][column]).sum();
                old[row][column] + scale * product
            })
            .collect();
        let new = Tensor::from_vec(new, (rows, columns), &Device::Cpu).unwrap();
        all.insert(name, new);
    }
    candle_core::safetensors::save(&all, dir.path().join("model.safetensors")).unwrap();
    load(dir.path()).logits(&reference_tokens()).unwrap()
}

fn difference(one: &[Vec<f32>], other: &[Vec<f32>]) -> f32 {
    let pairs = one.iter().flatten().zip(other.iter().flatten());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn merged_logits_are_those_of_the_merged_weights() {
    let dir = tiny();
    let plain = load(dir.path()).logits(&reference_tokens()).unwrap();
    for (change, scale) in [
        (json!({}), [4.0, 4.0]),
        (json!({"use_rslora": true}), [12.0 / 3_f32.sqrt(); 2]),
        (json!({"alpha_pattern": {"down_proj": 3}}), [4.0, 1.0]),
    ] {
        let mut config = config();
        let change = change.as_object().unwrap().clone();
        config.as_object_mut().unwrap().extend(change);
        let adapter = adapter(config);
        let mut model = adapted(dir.path(), adapter.path()).unwrap();
        let found = model.logits(&reference_tokens()).unwrap();
        assert!(difference(&found, &merged_by_hand(scale)) < 1e-4);
        assert!(0.05 < difference(&found, &plain));
    }
}

#[test]
fn an_adapter_is_merged_before_quantising() {
    let dir = tiny();
    let adapter = adapter(config());
    let mut exact = adapted(dir.path(), adapter.path()).unwrap();
    let half: HashMap<_, _> = tensors(dir.path())
        .into_iter()
        .map(|(name, tensor)| (name, tensor.to_dtype(DType::BF16).unwrap()))
        .collect();
    candle_core::safetensors::save(&half, dir.path().join("model.safetensors")).unwrap();
    let mut quantised = adapted(dir.path(), adapter.path()).unwrap();
    assert_eq!(quantised.info().dtype, "q8_0");
    let tokens = reference_tokens();
    let (exact, quantised) = (
        exact.logits(&tokens).unwrap(),
        quantised.logits(&tokens).unwrap(),
    );
    let pairs = exact.iter().flatten().zip(quantised.iter().flatten());
    let squares: f32 = pairs.map(|(a, b)| (a - b) * (a - b)).sum();
    let typical = (squares / (300.0 * 320.0)).sqrt();
    assert!(typical < 0.1, "{typical}");
}

#[test]
fn what_cannot_be_merged_is_refused() {
    let dir = tiny();
    let refused = |adapter: &TempDir, part: &str| {
        let text = match adapted(dir.path(), adapter.path()) {
            Ok(_) => panic!("merged, instead of: {part}"),
            Err(error) => error.to_string(),
        };
        assert!(text.contains(part) && !text.contains('\n'), "{text}");
    };
    for (change, part) in [
        (json!({"use_dora": true}), "DoRA"),
        (json!({"modules_to_save": ["lm_head"]}), "modules_to_save"),
        (json!({"fan_in_fan_out": true}), "fan_in_fan_out"),
        (json!({"peft_type": "PROMPT_TUNING"}), "PROMPT_TUNING"),
        (json!({"lora_alpha": null}), "lora_alpha"),
    ] {
        let mut config = config();
        config
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        refused(&adapter(config), part);
    }
    let none = tempfile::tempdir().unwrap();
    refused(&none, "adapter_config.json: there is no such file");
    let half = adapter(config());
    fs::remove_file(half.path().join("adapter_model.safetensors")).unwrap();
    refused(&half, "adapter_model.safetensors: there is no such file");

    // Made for another model.
    for (name, rows, part) in [
        (
            "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight",
            32,
            "[32, 64]",
        ),
        (
            "base_model.model.model.layers.9.self_attn.q_proj.lora_A.weight",
            3,
            "does not have",
        ),
        ("base_model.model.lm_head.weight", 3, "no pair"),
        ("base_model.model.model.norm.lora_embedding_A", 3, "no pair"),
    ] {
        let other = adapter(config());
        let path = other.path().join("adapter_model.safetensors");
        let mut stored = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
        stored.insert(name.to_owned(), numbers(rows, 3, 5));
        candle_core::safetensors::save(&stored, &path).unwrap();
        refused(&other, part);
    }
    let path = super::files::write(
        dir.path(),
        candle_core::quantized::GgmlDType::Q8_0,
        &|_, _| {},
    );
    let error = adapted(&path, adapter(config()).path())
        .map(|_| ())
        .unwrap_err();
    assert!(error.to_string().contains("GGUF"), "{error}");
    // An unreadable one is not taken for none.
    edit(half.path(), "adapter_config.json", |config| {
        *config = json!([1])
    });
    refused(&half, "not a JSON object");
}
