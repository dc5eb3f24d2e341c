//! A two-layer random Llama in a directory, as a hub repository would hold it: for tests that need a real
//! model to load and ask. It writes nonsense, quickly.
//!
//! Every weight comes from one formula, which `tests/reference/make_logits.py` repeats.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{Device, Tensor};
use serde_json::{Map, Value, json};

const HIDDEN: usize = 64;
const INNER: usize = 160;
const LAYERS: usize = 2;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const HEAD_WIDTH: usize = 16;
/// More rows than the tokenizer has tokens, as in the released checkpoints.
const VOCABULARY: usize = 320;
const POSITIONS: usize = 2048;

/// Pairs that the tokenizer joins, most important first: some of what Python programs are made of.
const MERGES: &[(&str, &str)] = &[
    ("Ġ", "Ġ"),
    ("ĠĠ", "ĠĠ"),
    ("d", "e"),
    ("de", "f"),
    ("r", "e"),
    ("re", "t"),
    ("u", "r"),
    ("ur", "n"),
    ("ret", "urn"),
    ("i", "n"),
    ("o", "r"),
    ("f", "or"),
    ("Ġ", "="),
    ("Ġ=", "="),
    ("s", "e"),
    ("a", "s"),
    ("as", "se"),
    ("asse", "r"),
    ("asser", "t"),
    ("Ġ", "in"),
];

/// Writes the model's files into `dir`, which exists.
pub(crate) fn write(dir: &Path) {
    let bos = 256 + MERGES.len();
    let eos = bos + 1;
    let config = json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": POSITIONS,
        "rms_norm_eps": 1e-6,
        "rope_theta": 100_000,
        "rope_scaling": {"type": "linear", "factor": 4.0},
        "tie_word_embeddings": false,
        "attention_bias": false,
        "bos_token_id": bos,
        "eos_token_id": eos,
        "torch_dtype": "float32",
    });
    let switches = json!({"add_bos_token": true, "add_eos_token": false});
    let generation = json!({"bos_token_id": bos, "eos_token_id": eos});
    for (name, value) in [
        ("config.json", &config),
        ("tokenizer.json", &tokenizer(bos, eos)),
        ("tokenizer_config.json", &switches),
        ("generation_config.json", &generation),
    ] {
        fs::write(dir.join(name), format!("{value:#}\n")).unwrap();
    }
    candle_core::safetensors::save(&weights(), dir.join("model.safetensors")).unwrap();
}

fn weights() -> HashMap<String, Tensor> {
    let mut numbers = Numbers(1);
    let mut tensors = HashMap::new();
    let mut matrix = |name: String, rows: usize, columns: usize| {
        let values: Vec<f32> = (0..rows * columns).map(|_| numbers.next()).collect();
        let tensor = match columns {
            // One column stands for a vector: normalisation's, which lies around 1.
            1 => Tensor::from_vec(values.iter().map(|v| 1.0 + v).collect(), rows, &Device::Cpu),
            _ => Tensor::from_vec(values, (rows, columns), &Device::Cpu),
        };
        tensors.insert(name, tensor.unwrap());
    };
    let (queries, shared) = (HEADS * HEAD_WIDTH, KV_HEADS * HEAD_WIDTH);
    matrix("model.embed_tokens.weight".to_owned(), VOCABULARY, HIDDEN);
    for layer in 0..LAYERS {
        for (part, rows, columns) in [
            ("input_layernorm", HIDDEN, 1),
            ("self_attn.q_proj", queries, HIDDEN),
            ("self_attn.k_proj", shared, HIDDEN),
            ("self_attn.v_proj", shared, HIDDEN),
            ("self_attn.o_proj", HIDDEN, queries),
            ("post_attention_layernorm", HIDDEN, 1),
            ("mlp.gate_proj", INNER, HIDDEN),
            ("mlp.up_proj", INNER, HIDDEN),
            ("mlp.down_proj", HIDDEN, INNER),
        ] {
            matrix(format!("model.layers.{layer}.{part}.weight"), rows, columns);
        }
    }
    matrix("model.norm.weight".to_owned(), HIDDEN, 1);
    matrix("lm_head.weight".to_owned(), VOCABULARY, HIDDEN);
    tensors
}

/// Knuth's linear congruential generator, its upper 24 bits spread over -0.25 to 0.25: each is an f32
/// without rounding.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 40) as f32 / 16_777_216.0 - 0.5) * 0.5
    }
}

/// A byte-level BPE: any text survives it.
fn tokenizer(bos: usize, eos: usize) -> Value {
    let mut vocabulary = Map::new();
    for (id, letter) in byte_letters().into_iter().enumerate() {
        vocabulary.insert(letter.to_string(), id.into());
    }
    for (index, (left, right)) in MERGES.iter().enumerate() {
        vocabulary.insert(format!("{left}{right}"), (256 + index).into());
    }
    let merges: Vec<_> = MERGES
        .iter()
        .map(|(left, right)| json!([left, right]))
        .collect();
    let special = |id: usize, content: &str| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": false,
               "rstrip": false, "normalized": false, "special": true})
    };
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [
            special(bos, "<｜begin▁of▁sentence｜>"),
            special(eos, "<｜end▁of▁sentence｜>"),
        ],
        "normalizer": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false,
                          "trim_offsets": false, "use_regex": true},
        "post_processor": null,
        "decoder": {"type": "ByteLevel", "add_prefix_space": false,
                    "trim_offsets": false, "use_regex": true},
        "model": {"type": "BPE", "dropout": null, "unk_token": null,
                  "continuing_subword_prefix": null, "end_of_word_suffix": null,
                  "fuse_unk": false, "byte_fallback": false,
                  "vocab": vocabulary, "merges": merges},
    })
}

/// The printable letter that stands for each byte in such vocabularies (Radford et al. 2019): itself where
/// it is one, else the next unused above 255.
fn byte_letters() -> Vec<char> {
    let mut unused = 256..;
    let letter = |byte: u32| match byte {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => byte,
        _ => unused.next().unwrap(),
    };
    let letters: Vec<u32> = (0..256).map(letter).collect();
    letters.into_iter().filter_map(char::from_u32).collect()
}
