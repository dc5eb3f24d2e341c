//! The model room against a tiny random model: its numbers against the reference implementation's, its
//! completions against themselves, and what it says of directories that it cannot use.
//!
//! `reference/make_logits.py` made the stored logits and says how.

#[path = "support/tiny_model.rs"]
mod tiny_model;

use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use monologue::model::{
    self, Backend, Completion, DeviceChoice, DtypeChoice, Error, Finish, Limits, Local, Prompt,
};
use serde_json::{Value, json};
use tempfile::TempDir;

fn tiny() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    tiny_model::write(dir.path());
    dir
}

/// The tiny model with `change` made to its config.json.
fn tiny_with(change: impl FnOnce(&mut Value)) -> TempDir {
    let dir = tiny();
    edit(dir.path(), "config.json", change);
    dir
}

fn edit(dir: &Path, name: &str, change: impl FnOnce(&mut Value)) {
    let path = dir.join(name);
    let mut value: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

fn try_load(dir: &Path) -> Result<Local, Error> {
    model::load_directory(dir, "tiny", DeviceChoice::Cpu, DtypeChoice::Auto)
}

fn load(dir: &Path) -> Local {
    try_load(dir).unwrap()
}

/// The 300 tokens that the reference was given, by the formula of the tiny model's weights.
fn reference_tokens() -> Vec<u32> {
    let mut state = 2_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as u32 % 256
    };
    (0..300).map(|_| next()).collect()
}

/// The largest difference between the logits of every `every`th position and the stored ones.
fn difference(name: &str, every: usize, model: &mut Local) -> f64 {
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

fn prompt(text: &str, stops: &[&str]) -> Prompt {
    Prompt {
        text: text.to_owned(),
        stops: stops.iter().map(|word| (*word).to_owned()).collect(),
    }
}

fn limits(new_tokens: usize) -> Limits {
    Limits {
        new_tokens,
        temperature: 0.0,
        top_p: 1.0,
        seed: 0,
    }
}

fn ask(model: &mut Local, prompt: &Prompt, limits: &Limits) -> (String, Completion) {
    let mut text = String::new();
    let completion = model.stream(prompt, limits, &mut |piece| {
        text.push_str(piece);
        ControlFlow::Continue(())
    });
    (text, completion.unwrap())
}

const QUESTION: &str = "def f(a):\n    return a + 1\nassert f(1) == ??\n";

/// Longer than several chunks of prefill.
fn long_question() -> String {
    QUESTION.repeat(12)
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

#[test]
fn qwen2_is_the_references() {
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
    let found = difference("qwen2.txt", 10, &mut load(dir.path()));
    assert!(found < 1e-4, "{found}");

    // The family's texts begin without a token of their own, unless the tokenizer's files say so.
    fs::remove_file(dir.path().join("tokenizer_config.json")).unwrap();
    assert_eq!(load(dir.path()).tokens("a").unwrap(), [97]);
}

fn tensors(dir: &Path) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(dir.join("model.safetensors"), &Device::Cpu).unwrap()
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

#[test]
fn greedy_decoding_is_reading_the_text_again() {
    let dir = tiny();
    let mut model = load(dir.path());
    let mut tokens = model.tokens(QUESTION).unwrap();
    let asked = tokens.len();
    for _ in 0..24 {
        let logits = model.logits(&tokens).unwrap();
        // The tokenizer knows 278 tokens, of which 277 ends the text.
        let row = &logits[tokens.len() - 1][..278];
        let best = (0..row.len())
            .max_by(|a, b| row[*a].total_cmp(&row[*b]))
            .unwrap();
        tokens.push(best as u32);
    }
    assert!(
        !tokens.contains(&277),
        "the tiny model must not end here: change the question"
    );
    let (text, completion) = ask(&mut model, &prompt(QUESTION, &[]), &limits(24));
    assert_eq!(completion.finish, Finish::TokenLimit);
    assert_eq!(
        (completion.prompt_tokens, completion.output_tokens),
        (asked, 24)
    );
    let letters = decoded(dir.path(), &tokens[asked..]);
    assert_eq!(text, letters.trim_end_matches(char::REPLACEMENT_CHARACTER));
}

/// `tokens` as the tokenizer alone reads them, all at once.
fn decoded(dir: &Path, tokens: &[u32]) -> String {
    let tokenizer = tokenizers::Tokenizer::from_file(dir.join("tokenizer.json")).unwrap();
    tokenizer.decode(tokens, true).unwrap()
}

#[test]
fn what_was_asked_before_changes_nothing() {
    let dir = tiny();
    let warm = Limits {
        temperature: 0.8,
        top_p: 0.95,
        seed: 5,
        ..limits(40)
    };
    let text = long_question();
    let shared = prompt(&format!("{text}what else?"), &[]);
    let fresh = ask(&mut load(dir.path()), &shared, &warm);
    let mut model = load(dir.path());
    let first = ask(&mut model, &prompt(&text, &[]), &warm);
    let second = ask(&mut model, &shared, &warm);
    assert_eq!(second.0, fresh.0);
    assert_ne!(second.0, first.0);
    assert_eq!(ask(&mut model, &shared, &warm).0, fresh.0);
    let other = Limits { seed: 6, ..warm };
    assert_ne!(ask(&mut model, &shared, &other).0, fresh.0);
}

#[test]
fn a_shared_beginning_is_not_read_again() {
    let dir = tiny();
    let mut model = load(dir.path());
    let asked = prompt(&long_question(), &[]);
    let chunks = |model: &mut Local| {
        let mut calls = 0;
        let completion = model.stream(&asked, &limits(0), &mut |_| {
            calls += 1;
            ControlFlow::Continue(())
        });
        completion.unwrap();
        calls
    };
    let (first, second) = (chunks(&mut model), chunks(&mut model));
    assert!(second < first && second <= 2, "{first} and then {second}");
}

#[test]
fn a_stop_word_ends_the_text_and_is_no_part_of_it() {
    let dir = tiny();
    let mut model = load(dir.path());
    let (whole, _) = ask(&mut model, &prompt(QUESTION, &[]), &limits(40));
    let characters: Vec<char> = whole.chars().collect();
    assert!(20 < characters.len(), "{whole:?}");
    // A word that lies across several tokens.
    let word: String = characters[10..14].iter().collect();
    let at = whole.find(&word).unwrap();
    let (text, completion) = ask(&mut model, &prompt(QUESTION, &[&word]), &limits(40));
    assert_eq!(text, whole[..at]);
    assert_eq!(completion.finish, Finish::StopWord(word));
    assert!(completion.output_tokens < 40);
}

#[test]
fn every_token_is_a_chance_to_stop_even_inside_a_character() {
    let dir = tiny_with(|config| config["eos_token_id"] = Value::Null);
    fs::remove_file(dir.path().join("generation_config.json")).unwrap();
    let mut model = load(dir.path());
    // Hot enough to write bytes that are no text.
    let hot = Limits {
        temperature: 9.0,
        ..limits(300)
    };
    let mut pieces = Vec::new();
    let completion = model.stream(&prompt("é → 数\n", &[]), &hot, &mut |piece| {
        pieces.push(piece.to_owned());
        ControlFlow::Continue(())
    });
    assert_eq!(completion.unwrap().output_tokens, 300);
    // One for the prompt, one a token, and what was left.
    assert_eq!(pieces.len(), 302);
    assert!(pieces.iter().filter(|piece| piece.is_empty()).count() < 200);
    assert!(pieces.concat().contains(char::REPLACEMENT_CHARACTER));
}

#[test]
fn break_stops_within_one_token() {
    let dir = tiny();
    let mut model = load(dir.path());
    let mut stop_at = |wanted: usize| {
        let mut calls = 0;
        let completion = model.stream(&prompt(&long_question(), &[]), &limits(50), &mut |_| {
            calls += 1;
            match calls {
                n if n == wanted => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        let completion = completion.unwrap();
        assert_eq!(completion.finish, Finish::Stopped);
        assert_eq!(calls, wanted);
        completion.output_tokens
    };
    // During the prompt, which is several chunks long, nothing has been written yet.
    assert_eq!(stop_at(1), 0);
    assert_eq!(stop_at(2), 0);
    assert!((1..30).contains(&stop_at(30)));
}

#[test]
fn an_interrupted_prompt_leaves_no_trace() {
    let dir = tiny();
    let asked = prompt(&long_question(), &[]);
    let fresh = ask(&mut load(dir.path()), &asked, &limits(20)).0;
    let mut model = load(dir.path());
    let mut calls = 0;
    let stopped = model.stream(&asked, &limits(20), &mut |_| {
        calls += 1;
        if calls == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(stopped.unwrap().finish, Finish::Stopped);
    assert_eq!(ask(&mut model, &asked, &limits(20)).0, fresh);
}

#[test]
fn a_text_begins_with_its_token_once() {
    let dir = tiny();
    let model = load(dir.path());
    assert_eq!(model.tokens("a").unwrap(), [276, 97]);
    // Written in a program, the token is text like any other.
    let tokens = model
        .tokens("<｜begin▁of▁sentence｜>a<｜end▁of▁sentence｜>")
        .unwrap();
    assert_eq!(tokens.iter().filter(|token| 276 <= **token).count(), 1);
    edit(dir.path(), "tokenizer_config.json", |switches| {
        switches["add_bos_token"] = json!(false);
    });
    assert_eq!(load(dir.path()).tokens("a").unwrap(), [97]);
}

#[test]
fn the_end_of_text_token_ends_it() {
    let dir = tiny();
    let mut model = load(dir.path());
    let (_, completion) = ask(&mut model, &prompt(QUESTION, &[]), &limits(8));
    assert_eq!(completion.finish, Finish::TokenLimit);
    let row = model
        .logits(&model.tokens(QUESTION).unwrap())
        .unwrap()
        .pop()
        .unwrap();
    let first = (0..278).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
    // Either file may say which tokens end a text.
    edit(dir.path(), "generation_config.json", |generation| {
        generation["eos_token_id"] = json!([277, first]);
    });
    let (text, completion) = ask(&mut load(dir.path()), &prompt(QUESTION, &[]), &limits(8));
    assert_eq!((text.as_str(), completion.finish), ("", Finish::EndOfText));
    assert_eq!(completion.output_tokens, 1);
}

#[test]
fn positions_end_where_the_config_says() {
    let dir = tiny();
    let mut model = load(dir.path());
    let tokens: Vec<u32> = reference_tokens().into_iter().cycle().take(2049).collect();
    assert_eq!(model.logits(&tokens[..2048]).unwrap().len(), 2048);
    let error = model.logits(&tokens).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLong {
                tokens: 2049,
                context: 2048
            }
        ),
        "{error}"
    );

    let long = "x".repeat(2047);
    let error = model.stream(&prompt(&long, &[]), &limits(1), &mut |_| {
        ControlFlow::Continue(())
    });
    let sentence = error.unwrap_err().to_string();
    assert!(
        sentence.starts_with("the text is 2048 tokens long and the model takes at most 2048: "),
        "{sentence}"
    );
    // One that just fits is answered until the context is full.
    let asked = prompt(&long[..2040], &[]);
    let (_, completion) = ask(&mut model, &asked, &limits(100));
    assert_eq!(completion.finish, Finish::TokenLimit);
    assert_eq!(completion.prompt_tokens + completion.output_tokens, 2048);
}

/// Asserts that `dir` is refused in one sentence that holds all `parts`.
fn refused(dir: &Path, parts: &[&str]) {
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

#[test]
fn a_spec_leads_to_a_backend_that_says_what_it_is() {
    let dir = tiny();
    let spec: model::Spec = dir.path().to_str().unwrap().parse().unwrap();
    let mut backend = model::load(&spec, DeviceChoice::Cpu, DtypeChoice::Auto).unwrap();
    assert_eq!(backend.count("return a").unwrap(), 3);
    let info = backend.info();
    assert_eq!(info.name, dir.path().to_str().unwrap());
    assert_eq!(info.architecture, "LlamaForCausalLM");
    assert!(info.device.starts_with("cpu, "), "{}", info.device);
    assert_eq!((info.context, info.bytes), (2048, info.parameters * 4));
}
