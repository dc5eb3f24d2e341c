//! GGUF files of the Qwen2 family, and of the kinds that most files are quantised as: Q4_K and Q6_K.

use std::path::Path;

use candle_core::quantized::gguf_file::Value;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use half::f16;
use monologue::model::Backend as _;

use super::files::{largest, open, write};
use super::{load, numbers, reference_tokens, tensors, tiny};

#[test]
fn a_qwen2_file_is_the_same_model() {
    let dir = numbers::qwen2();
    let tokens = reference_tokens();
    let wanted = load(dir.path()).logits(&tokens).unwrap();
    let plain = tensors(dir.path());
    let path = write(dir.path(), GgmlDType::F32, &|keys, stored| {
        keys.retain(|(name, _)| !name.contains("scaling"));
        for (name, value) in keys.iter_mut() {
            *name = name.replace("llama.", "qwen2.");
            if name == "general.architecture" {
                *value = Value::String("qwen2".into());
            }
        }
        // The embeddings are the output matrix, and the family's rows stay as they are.
        stored.retain(|(name, _)| name != "output.weight");
        for (name, tensor) in stored.iter_mut() {
            for (part, own) in [("attn_q", "q_proj"), ("attn_k", "k_proj")] {
                let Some(layer) = name.strip_suffix(&format!(".{part}.weight")) else {
                    continue;
                };
                let layer = layer.strip_prefix("blk.").unwrap();
                let own = &plain[&format!("model.layers.{layer}.self_attn.{own}.weight")];
                *tensor = QTensor::quantize(own, GgmlDType::F32).unwrap();
            }
        }
    });
    let mut model = open(&path);
    assert_eq!(model.info().architecture, "Qwen2ForCausalLM");
    let found = model.logits(&tokens).unwrap();
    let far = largest(&found, &wanted);
    assert!(far < 1e-3, "{far}");
    let far = numbers::difference("qwen2.txt", 10, &mut model);
    assert!(far < 1e-3, "{far}");

    // Without its biases it is another model.
    drop(model);
    let path = write(dir.path(), GgmlDType::F32, &|keys, stored| {
        keys.retain(|(name, _)| !name.contains("scaling"));
        stored.retain(|(name, _)| name != "output.weight" && !name.ends_with(".bias"));
    });
    let far = largest(&open(&path).logits(&tokens).unwrap(), &wanted);
    assert!(0.01 < far, "{far}");
}

/// The numbers in a block of Q4_K, as ggml defines it: eight groups of 32, each with a scale and a least
/// number of 6 bits.
fn q4_k(block: &[u8]) -> Vec<f32> {
    let half = |at: usize| f16::from_le_bytes([block[at], block[at + 1]]).to_f32();
    let (scale, least) = (half(0), half(2));
    let (packed, quants) = (&block[4..16], &block[16..144]);
    let six = |group: usize| match group {
        0..4 => (packed[group] & 63, packed[group + 4] & 63),
        _ => (
            (packed[group + 4] & 15) | ((packed[group - 4] >> 6) << 4),
            (packed[group + 4] >> 4) | ((packed[group] >> 6) << 4),
        ),
    };
    let mut numbers = Vec::new();
    for group in 0..8 {
        let (by, from) = six(group);
        for byte in &quants[group / 2 * 32..][..32] {
            let quant = if group % 2 == 0 { byte & 15 } else { byte >> 4 };
            let number = scale * f32::from(by) * f32::from(quant) - least * f32::from(from);
            numbers.push(number);
        }
    }
    numbers
}

/// The numbers in a block of Q6_K, as ggml defines it: sixteen groups of 16, each with a scale of 8 bits;
/// of each number 4 bits lie in one place and 2 in another.
fn q6_k(block: &[u8]) -> Vec<f32> {
    let (low, high, scales) = (&block[..128], &block[128..192], &block[192..208]);
    let scale = f16::from_le_bytes([block[208], block[209]]).to_f32();
    let number = |at: usize| {
        let (part, rest) = (at / 128, at % 128);
        let (quarter, nth) = (rest / 32, rest % 32);
        let low = (low[part * 64 + quarter % 2 * 32 + nth] >> (quarter / 2 * 4)) & 15;
        let high = (high[part * 32 + nth] >> (quarter * 2)) & 3;
        let quant = i32::from((high << 4) | low) - 32;
        scale * f32::from(scales[at / 16].cast_signed()) * quant as f32
    };
    (0..256).map(number).collect()
}

/// A tiny model of rows that are whole blocks, in place of the one in `dir`.
fn widen(dir: &Path) {
    let mut state = 5_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / 16_777_216.0 - 0.5) * 0.25
    };
    let all = tensors(dir);
    let mut names: Vec<_> = all.keys().cloned().collect();
    names.sort();
    let wider = |length: usize| match length {
        64 => 256,
        32 => 128,
        160 => 512,
        other => other,
    };
    let wide = names.into_iter().map(|name| {
        let shape: Vec<usize> = all[&name].dims().iter().map(|it| wider(*it)).collect();
        let count = shape.iter().product();
        let middle = if shape.len() == 1 { 1.0 } else { 0.0 };
        let values: Vec<f32> = (0..count).map(|_| middle + next()).collect();
        (name, Tensor::from_vec(values, shape, &Device::Cpu).unwrap())
    });
    let wide: std::collections::HashMap<_, _> = wide.collect();
    candle_core::safetensors::save(&wide, dir.join("model.safetensors")).unwrap();
}

/// The header's keys for what [`widen`] makes.
fn wide(keys: &mut [(String, Value)]) {
    for (name, value) in keys {
        match name.as_str() {
            "llama.embedding_length" => *value = Value::U32(256),
            "llama.feed_forward_length" => *value = Value::U32(512),
            "llama.rope.dimension_count" => *value = Value::U32(64),
            _ => {}
        }
    }
}

fn typical(one: &[Vec<f32>], other: &[Vec<f32>]) -> f32 {
    let pairs = one.iter().flatten().zip(other.iter().flatten());
    let squares: f32 = pairs.map(|(a, b)| (a - b) * (a - b)).sum();
    (squares / one.iter().flatten().count() as f32).sqrt()
}

#[test]
fn quantised_blocks_mean_the_numbers_that_ggml_says() {
    let dir = tiny();
    widen(dir.path());
    let tokens = &reference_tokens()[..80];
    let path = write(dir.path(), GgmlDType::F32, &|keys, _| wide(keys));
    let exact = open(&path).logits(tokens).unwrap();
    let nothing = vec![vec![0.0; exact[0].len()]; exact.len()];
    let size = typical(&exact, &nothing);
    type Block = fn(&[u8]) -> Vec<f32>;
    let kinds = [
        (GgmlDType::Q4K, "q4_k", q4_k as Block),
        (GgmlDType::Q6K, "q6_k", q6_k),
    ];
    for (kind, name, numbers) in kinds {
        let path = write(dir.path(), kind, &|keys, _| wide(keys));
        let mut model = open(&path);
        assert_eq!(model.info().dtype, name);
        let found = model.logits(tokens).unwrap();
        // One row alone is calculated by other code than several.
        let alone = model.logits(&tokens[..1]).unwrap();
        drop(model);
        let path = write(dir.path(), kind, &|keys, stored| {
            wide(keys);
            for (_, tensor) in stored.iter_mut().filter(|it| it.1.dtype() == kind) {
                let bytes = tensor.data().unwrap();
                let blocks = bytes.chunks_exact(kind.type_size());
                let values: Vec<f32> = blocks.flat_map(numbers).collect();
                let meant = Tensor::from_vec(values, tensor.shape(), &Device::Cpu).unwrap();
                let meant = QTensor::quantize(&meant, GgmlDType::F32).unwrap();
                *tensor = meant;
            }
        });
        let wanted = open(&path).logits(tokens).unwrap();
        // What is left is that activations are rounded to 8 bits; as a share of what logits typically
        // are: measured at 3.3 %, of either kind, where the weights were rounded by 32 and 8 %.
        let far = typical(&found, &wanted) / size;
        let single = typical(&alone, &wanted[..1]) / size;
        let rounded = typical(&wanted, &exact) / size;
        assert!(far < 0.05 && single < 0.05, "{name}: {far}, {single}");
        assert!(far < rounded, "{name}: {far} and {rounded}");
    }
}
