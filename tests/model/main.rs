//! The model room against a tiny random model.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/tiny_model.rs"]
mod tiny_model;

mod adapters;
mod completions;
mod files;
mod kinds;
mod numbers;
mod refused;
mod rows;
mod threads;

use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use candle_core::{Device, Tensor};
use monologue::model::{
    self, Backend, Completion, DeviceChoice, DtypeChoice, Error, Limits, Local, Prompt,
};
use serde_json::Value;
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

fn tensors(dir: &Path) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(dir.join("model.safetensors"), &Device::Cpu).unwrap()
}
