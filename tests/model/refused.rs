//! What it says of directories that it cannot use.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use monologue::model::{self, Error, Local, Options, Spec};
use serde_json::json;

use super::{edit, load, tensors, tiny, tiny_with, try_load};

/// Asserts that `dir` is refused in one sentence that holds all `parts`.
pub(super) fn refused(dir: &Path, parts: &[&str]) {
    let sentence = match try_load(dir) {
        Ok(_) => panic!("loaded, instead of: {parts:?}"),
        Err(error) => error.to_string(),
    };
    for part in parts {
        assert!(sentence.contains(part), "{sentence}");
    }
    assert!(!sentence.contains('\n'), "{sentence}");
}

#[test]
fn missing_files_are_named() {
    for (name, parts) in [
        (
            "config.json",
            ["config.json: there is no such file", "give a directory"],
        ),
        (
            "tokenizer.json",
            ["tokenizer.json: there is no such file", "fetch it"],
        ),
        (
            "model.safetensors",
            ["model.safetensors: there is no such file", "index.json"],
        ),
    ] {
        let dir = tiny();
        fs::remove_file(dir.path().join(name)).unwrap();
        refused(dir.path(), &parts);
    }
    let dir = tiny();
    let path = dir.path().join("model.safetensors");
    fs::rename(path, dir.path().join("pytorch_model.bin")).unwrap();
    refused(dir.path(), &["convert it to safetensors"]);
}

#[test]
fn damaged_weights_are_refused() {
    let dir = tiny();
    let path = dir.path().join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    for length in [0, 5, 100, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        refused(
            dir.path(),
            &["model.safetensors: it is damaged", "fetch it again"],
        );
    }
    let mut scribbled = bytes.clone();
    scribbled[20..60].fill(b'!');
    fs::write(&path, scribbled).unwrap();
    refused(dir.path(), &["model.safetensors: it is damaged"]);
}

#[test]
fn weights_that_do_not_fit_the_config_are_refused() {
    let dir = tiny_with(|config| config["intermediate_size"] = json!(192));
    refused(
        dir.path(),
        &[
            "model.layers.0.mlp.gate_proj.weight",
            "[160, 64]",
            "[192, 64]",
        ],
    );
    let dir = tiny_with(|config| config["num_hidden_layers"] = json!(3));
    refused(
        dir.path(),
        &["the tensor model.layers.2.input_layernorm.weight is not there"],
    );
    let dir = tiny_with(|config| config["attention_bias"] = json!(true));
    refused(dir.path(), &["self_attn.q_proj.bias is not there"]);
}

#[test]
fn what_cannot_be_run_rightly_is_refused() {
    let dir = tiny_with(|config| config["rope_scaling"] = json!({"type": "yarn", "factor": 4.0}));
    refused(
        dir.path(),
        &["config.json", "\"yarn\"", "default, linear and llama3"],
    );
    let dir = tiny_with(|config| config["architectures"] = json!(["MambaForCausalLM"]));
    refused(
        dir.path(),
        &["MambaForCausalLM", "LlamaForCausalLM and Qwen2ForCausalLM"],
    );
    let dir = tiny();
    fs::write(dir.path().join("config.json"), "{").unwrap();
    refused(dir.path(), &["config.json", "not JSON"]);
    let dir = tiny();
    fs::write(dir.path().join("tokenizer.json"), "{}").unwrap();
    refused(dir.path(), &["tokenizer.json", "it is no tokenizer"]);
}

#[test]
fn weights_that_are_no_numbers_are_refused() {
    for (name, dtype) in [
        ("model.layers.1.mlp.up_proj.weight", DType::F32),
        ("model.layers.0.input_layernorm.weight", DType::F32),
        ("model.layers.1.mlp.up_proj.weight", DType::BF16),
        ("lm_head.weight", DType::F16),
    ] {
        let dir = tiny();
        let mut all = tensors(dir.path());
        for tensor in all.values_mut() {
            *tensor = tensor.to_dtype(dtype).unwrap();
        }
        let shape = all[name].dims().to_vec();
        let mut numbers = vec![0.5_f32; shape.iter().product()];
        numbers[37] = f32::NAN;
        let damaged = Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap();
        all.insert(name.to_owned(), damaged.to_dtype(dtype).unwrap());
        candle_core::safetensors::save(&all, dir.path().join("model.safetensors")).unwrap();
        refused(dir.path(), &[name, "holds values that are no numbers"]);
    }
}

#[test]
fn a_model_that_does_not_fit_is_refused_with_the_figures() {
    let dir = tiny();
    let options = |memory| Options {
        memory: Some(memory),
        ..Options::default()
    };
    let error = Local::load(dir.path(), "tiny", &options(500_000)).map(|_| ());
    let sentence = error.unwrap_err().to_string();
    assert!(sentence.starts_with("the model needs 1."), "{sentence}");
    assert!(
        sentence.contains("of weights") && sentence.contains("0.5 MiB are free"),
        "{sentence}"
    );
    assert!(Local::load(dir.path(), "tiny", &options(4_000_000)).is_ok());
}

#[test]
fn loading_can_be_watched_and_stopped() {
    let dir = tiny();
    let spec: Spec = dir.path().to_str().unwrap().parse().unwrap();
    let mut shares = Vec::new();
    let loaded = model::load_watched(&spec, &Options::default(), &mut |share| {
        shares.push(share);
        ControlFlow::Continue(())
    });
    assert!(loaded.is_ok());
    assert_eq!(shares, [0.0, 0.5]);
    let stopped = model::load_watched(&spec, &Options::default(), &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped.map(|_| ()), Err(Error::Stopped)));
}

#[test]
fn a_tokenizer_that_loses_spaces_is_refused() {
    let dir = tiny();
    edit(dir.path(), "tokenizer.json", |tokenizer| {
        tokenizer["pre_tokenizer"] = json!({"type": "Sequence", "pretokenizers": [
            {"type": "Whitespace"},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false,
             "use_regex": true},
        ]});
    });
    refused(dir.path(), &["tokenizer.json", "loses spaces"]);
}

#[test]
fn tokens_that_the_weights_do_not_know_are_an_error() {
    let dir = tiny();
    let error = load(dir.path()).logits(&[320]).unwrap_err().to_string();
    assert!(error.contains("token 320 is beyond the 320"), "{error}");
}
