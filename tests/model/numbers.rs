//! Its numbers against the reference implementation's, however its files are laid out.
//!
//! `tests/reference/make_logits.py` made the stored logits and says how.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use monologue::model::{self, Backend, DeviceChoice, DtypeChoice, Local};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{load, reference_tokens, refused::refused, tensors, tiny, tiny_with};

/// The largest difference between the logits of every `every`th position and the stored ones.
pub(super) fn difference(name: &str, every: usize, model: &mut Local) -> f64 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let stored = fs::read_to_string(path.join(name)).unwrap();
    let logits = model.logits(&reference_tokens()).unwrap();
    assert_eq!(logits.len(), 300);
    assert_eq!(stored.lines().count(), 300_usize.div_ceil(every));
    let mut largest = 0.0_f64;
    for (line, row) in stored.lines().zip(logits.iter().step_by(every)) {
        assert_eq!(row.len(), 320);
        let total: f64 = row.iter().map(|logit| f64::from(*logit).exp()).sum();
        let kept = row.iter().step_by(13).map(|logit| f64::from(*logit));
        let ours: Vec<f64> = [total.ln()].into_iter().chain(kept).collect();
        let theirs: Vec<f64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
        assert_eq!(ours.len(), theirs.len());
        for (our, their) in ours.iter().zip(theirs) {
            largest = largest.max((our - their).abs());
        }
    }
    largest
}

#[test]
fn logits_are_the_references_at_every_position() {
    let dir = tiny();
    let found = difference("linear.txt", 1, &mut load(dir.path()));
    assert!(found < 1e-4, "{found}");
}

#[test]
fn logits_differ_when_scaling_is_left_out() {
    let dir = tiny_with(|config| config["rope_scaling"] = Value::Null);
    let found = difference("linear.txt", 1, &mut load(dir.path()));
    assert!(0.1 < found, "{found}");
}

#[test]
fn a_config_as_transformers_5_writes_it_means_the_same() {
    let dir = tiny_with(|config| {
        let config = config.as_object_mut().unwrap();
        config.remove("rope_theta");
        config.remove("rope_scaling");
        config.insert(
            "rope_parameters".to_owned(),
            json!({"rope_type": "linear", "factor": 4.0, "rope_theta": 100_000.0}),
        );
    });
    let found = difference("linear.txt", 1, &mut load(dir.path()));
    assert!(found < 1e-4, "{found}");
}

#[test]
fn llama3_scaling_and_tied_embeddings_are_the_references() {
    let dir = tiny_with(|config| {
        config["tie_word_embeddings"] = json!(true);
        config["rope_scaling"] = json!({"rope_type": "llama3", "factor": 8.0,
            "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 256});
    });
    let found = difference("llama3_tied.txt", 10, &mut load(dir.path()));
    assert!(found < 1e-4, "{found}");
}

/// The tiny model as the Qwen2 family has it: with biases, its embeddings tied.
pub(super) fn qwen2() -> TempDir {
    let dir = tiny_with(|config| {
        config["architectures"] = json!(["Qwen2ForCausalLM"]);
        config["tie_word_embeddings"] = json!(true);
        config["rope_scaling"] = Value::Null;
    });
    let path = dir.path().join("model.safetensors");
    let mut tensors = tensors(dir.path());
    let mut state = 3_u64;
    let mut next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / 16_777_216.0 - 0.5) * 0.5
    };
    for layer in 0..2 {
        for (part, rows) in [("q_proj", 64), ("k_proj", 32), ("v_proj", 32)] {
            let values: Vec<f32> = (0..rows).map(&mut next).collect();
            let bias = Tensor::from_vec(values, rows, &Device::Cpu).unwrap();
            tensors.insert(format!("model.layers.{layer}.self_attn.{part}.bias"), bias);
        }
    }
    candle_core::safetensors::save(&tensors, path).unwrap();
    dir
}

#[test]
fn qwen2_is_the_references() {
    let dir = qwen2();
    let found = difference("qwen2.txt", 10, &mut load(dir.path()));
    assert!(found < 1e-4, "{found}");

    // The family's texts begin without a token of their own, unless the tokenizer's files say so.
    fs::remove_file(dir.path().join("tokenizer_config.json")).unwrap();
    assert_eq!(load(dir.path()).tokens("a").unwrap(), [97]);
}

/// Splits the weights over two files with an index.
fn shard(dir: &Path) {
    let all = tensors(dir);
    let mut names: Vec<_> = all.keys().cloned().collect();
    names.sort();
    let mut places = serde_json::Map::new();
    for (number, part) in names.chunks(names.len().div_ceil(2)).enumerate() {
        let file = format!("model-{}-of-2.safetensors", number + 1);
        let kept: HashMap<_, _> = part
            .iter()
            .map(|name| (name.clone(), all[name].clone()))
            .collect();
        candle_core::safetensors::save(&kept, dir.join(&file)).unwrap();
        for name in part {
            places.insert(name.clone(), file.clone().into());
        }
    }
    let index = json!({"metadata": {}, "weight_map": places});
    fs::write(dir.join("model.safetensors.index.json"), index.to_string()).unwrap();
    fs::remove_file(dir.join("model.safetensors")).unwrap();
}

#[test]
fn shards_are_the_same_model() {
    let dir = tiny();
    let whole = load(dir.path()).logits(&reference_tokens()).unwrap();
    shard(dir.path());
    assert_eq!(load(dir.path()).logits(&reference_tokens()).unwrap(), whole);

    fs::remove_file(dir.path().join("model-2-of-2.safetensors")).unwrap();
    refused(dir.path(), &["model-2-of-2.safetensors", "not there"]);
}

#[test]
fn weights_of_16_bits_are_quantised_on_a_cpu_and_stay_close() {
    let dir = tiny();
    let mut exact = load(dir.path());
    let half: HashMap<_, _> = tensors(dir.path())
        .into_iter()
        .map(|(name, tensor)| (name, tensor.to_dtype(DType::F16).unwrap()))
        .collect();
    candle_core::safetensors::save(&half, dir.path().join("model.safetensors")).unwrap();
    let mut quantised = load(dir.path());
    assert_eq!(quantised.info().dtype, "q8_0");
    assert_eq!(exact.info().dtype, "f32");
    assert_eq!(quantised.info().parameters, exact.info().parameters);
    assert!(quantised.info().bytes < exact.info().bytes / 2);

    let tokens = reference_tokens();
    let (exact, quantised) = (
        exact.logits(&tokens).unwrap(),
        quantised.logits(&tokens).unwrap(),
    );
    let pairs = exact.iter().flatten().zip(quantised.iter().flatten());
    let squares: f32 = pairs.map(|(a, b)| (a - b) * (a - b)).sum();
    let typical = (squares / (300.0 * 320.0)).sqrt();
    assert!(typical < 0.05, "{typical}");

    let forced = model::load_directory(dir.path(), "tiny", DeviceChoice::Cpu, DtypeChoice::F32);
    let mut forced = forced.unwrap();
    assert_eq!(forced.info().dtype, "f32");
    let found = difference("linear.txt", 1, &mut forced);
    assert!(found < 0.02, "{found}");
}
