//! GGUF files: the same model as its safetensors, and what is said of those that cannot be run.
//!
//! Most files are written here, laid out as llama.cpp's converter lays them out. One is stored with the
//! logits that llama.cpp itself has for it: `tests/reference/make_gguf.py` made both.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use monologue::model::{Backend, DtypeChoice, Local, Options};

use super::{
    QUESTION, ask, limits, load, numbers::difference, prompt, reference_tokens, tensors, tiny,
};

/// The rows of queries or keys as llama.cpp's converter orders them: of each head, number `i` of the first
/// half, then number `i` of the second.
fn permuted(matrix: &Tensor, heads: usize) -> Tensor {
    let (rows, columns) = matrix.dims2().unwrap();
    let halves = matrix
        .reshape((heads, 2, rows / heads / 2, columns))
        .unwrap();
    let pairs = halves.transpose(1, 2).unwrap().contiguous().unwrap();
    pairs.reshape((rows, columns)).unwrap()
}

/// How a file is to differ from the tiny model's own.
type Change<'a> = &'a dyn Fn(&mut Vec<(String, Value)>, &mut Vec<(String, QTensor)>);

/// Writes the tiny model in `dir` as a GGUF file there, matrices as `kind`.
pub(super) fn write(dir: &Path, kind: GgmlDType, change: Change<'_>) -> PathBuf {
    let mut stored = Vec::new();
    for (name, tensor) in tensors(dir) {
        let tensor = match name.as_str() {
            it if it.ends_with("q_proj.weight") => permuted(&tensor, 4),
            it if it.ends_with("k_proj.weight") => permuted(&tensor, 2),
            _ => tensor,
        };
        let whole = tensor.rank() == 2 && tensor.dims()[1] % kind.block_size() == 0;
        let kind = match whole {
            true => kind,
            false => GgmlDType::F32,
        };
        stored.push((renamed(&name), QTensor::quantize(&tensor, kind).unwrap()));
    }
    let mut keys: Vec<(String, Value)> = vec![
        ("general.architecture".into(), Value::String("llama".into())),
        ("llama.context_length".into(), Value::U32(2048)),
        ("llama.embedding_length".into(), Value::U32(64)),
        ("llama.block_count".into(), Value::U32(2)),
        ("llama.feed_forward_length".into(), Value::U32(160)),
        ("llama.attention.head_count".into(), Value::U32(4)),
        ("llama.attention.head_count_kv".into(), Value::U32(2)),
        (
            "llama.attention.layer_norm_rms_epsilon".into(),
            Value::F32(1e-6),
        ),
        ("llama.rope.dimension_count".into(), Value::U32(16)),
        ("llama.rope.freq_base".into(), Value::F32(100_000.0)),
        (
            "llama.rope.scaling.type".into(),
            Value::String("linear".into()),
        ),
        ("llama.rope.scaling.factor".into(), Value::F32(4.0)),
        ("tokenizer.ggml.bos_token_id".into(), Value::U32(276)),
        ("tokenizer.ggml.eos_token_id".into(), Value::U32(277)),
    ];
    change(&mut keys, &mut stored);
    let path = dir.join("tiny.gguf");
    let keys: Vec<_> = keys
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .collect();
    let stored: Vec<_> = stored
        .iter()
        .map(|(name, it)| (name.as_str(), it))
        .collect();
    gguf_file::write(&mut File::create(&path).unwrap(), &keys, &stored).unwrap();
    path
}

fn renamed(name: &str) -> String {
    let name = name.replace("model.layers.", "blk.");
    [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
        ("input_layernorm", "attn_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("post_attention_layernorm", "ffn_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
    ]
    .iter()
    .fold(name, |name, (from, to)| name.replace(from, to))
}

pub(super) fn open(path: &Path) -> Local {
    Local::load(path, "tiny", &Options::default()).unwrap()
}

fn sentence(path: &Path, options: &Options) -> String {
    match Local::load(path, "tiny", options) {
        Ok(_) => panic!("it was loaded"),
        Err(error) => error.to_string(),
    }
}

pub(super) fn largest(one: &[Vec<f32>], other: &[Vec<f32>]) -> f32 {
    let pairs = one.iter().flatten().zip(other.iter().flatten());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn best(row: &[f32]) -> usize {
    (0..row.len())
        .max_by(|a, b| row[*a].total_cmp(&row[*b]))
        .unwrap()
}

#[test]
fn a_file_of_32_bits_is_the_same_model() {
    let dir = tiny();
    let tokens = reference_tokens();
    let wanted = load(dir.path()).logits(&tokens).unwrap();
    let path = write(dir.path(), GgmlDType::F32, &|_, _| {});
    let mut model = open(&path);
    assert_eq!(model.info().architecture, "LlamaForCausalLM");
    assert_eq!(model.info().context, 2048);
    let found = model.logits(&tokens).unwrap();
    assert!(
        largest(&found, &wanted) < 1e-3,
        "{}",
        largest(&found, &wanted)
    );
    assert!(found.iter().zip(&wanted).all(|(a, b)| best(a) == best(b)));
    // Begun with the same token, ended by the same.
    assert_eq!(model.tokens("a").unwrap(), [276, 97]);

    // The older key says the same; without either the model is another.
    let older = write(dir.path(), GgmlDType::F32, &|keys, _| {
        keys.retain(|(name, _)| !name.contains("scaling"));
        keys.push(("llama.rope.scale_linear".into(), Value::F32(4.0)));
    });
    let again = open(&older).logits(&tokens).unwrap();
    assert_eq!(largest(&again, &found), 0.0);
    let unscaled = write(dir.path(), GgmlDType::F32, &|keys, _| {
        keys.retain(|(name, _)| !name.contains("scaling"));
    });
    let other = open(&unscaled).logits(&tokens).unwrap();
    assert!(0.1 < largest(&other, &found));
}

#[test]
fn a_file_that_llama_cpp_reads_means_what_it_means_there() {
    let dir = tiny();
    let path = dir.path().join("model.gguf");
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/linear_q8_0.gguf");
    fs::copy(stored, &path).unwrap();
    let mut model = open(&path);
    // Both round activations to 8 bits, each in its own blocks, and llama.cpp keys and values to 16.
    let found = difference("linear_q8_0.txt", 10, &mut model);
    assert!(found < 0.2, "{found}");
    // The weights were those of the reference, before they were rounded.
    let exact = difference("linear.txt", 1, &mut model);
    assert!((0.001..0.5).contains(&exact), "{exact}");
    assert_eq!(model.info().dtype, "q8_0");
}

#[test]
fn divisors_of_frequencies_are_honoured() {
    let dir = tiny();
    let tokens = reference_tokens();
    let wanted = load(dir.path()).logits(&tokens).unwrap();
    let path = write(dir.path(), GgmlDType::F32, &|keys, stored| {
        keys.retain(|(name, _)| !name.contains("scaling"));
        let divisors = Tensor::full(4_f32, 8, &Device::Cpu).unwrap();
        let divisors = QTensor::quantize(&divisors, GgmlDType::F32).unwrap();
        stored.push(("rope_freqs.weight".into(), divisors));
    });
    let found = open(&path).logits(&tokens).unwrap();
    assert!(largest(&found, &wanted) < 1e-3);
}

#[test]
fn quantised_files_stay_close_and_are_named() {
    let dir = tiny();
    let tokens = reference_tokens();
    let wanted = load(dir.path()).logits(&tokens).unwrap();
    for (kind, name) in [(GgmlDType::Q8_0, "q8_0"), (GgmlDType::F16, "q8_0")] {
        let path = write(dir.path(), kind, &|_, _| {});
        let mut model = open(&path);
        assert_eq!(model.info().dtype, name);
        let found = model.logits(&tokens).unwrap();
        let pairs = found.iter().flatten().zip(wanted.iter().flatten());
        let squares: f32 = pairs.map(|(a, b)| (a - b) * (a - b)).sum();
        assert!((squares / (300.0 * 320.0)).sqrt() < 0.05);
        let (text, _) = ask(&mut model, &prompt(QUESTION, &[]), &limits(20));
        assert!(!text.is_empty());
    }
    let path = write(dir.path(), GgmlDType::Q4_0, &|_, _| {});
    let name = open(&path).info().dtype.clone();
    assert!(name.starts_with("q4_0 (slow"), "{name}");
    let options = Options {
        dtype: DtypeChoice::F32,
        ..Options::default()
    };
    assert!(sentence(&path, &options).contains("quantised already"));
}

#[test]
fn a_tokenizer_lies_beside_it_or_is_named() {
    let dir = tiny();
    let path = write(dir.path(), GgmlDType::F32, &|_, _| {});
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("t.json");
    fs::rename(dir.path().join("tokenizer.json"), &moved).unwrap();
    let text = sentence(&path, &Options::default());
    assert!(text.contains("--tokenizer FILE"), "{text}");
    let options = Options {
        tokenizer: Some(moved),
        ..Options::default()
    };
    let model = Local::load(&path, "tiny", &options).unwrap();
    assert_eq!(model.tokens("a").unwrap(), [276, 97]);
}

#[test]
fn files_that_cannot_be_run_are_refused() {
    let dir = tiny();
    let refused = |change: Change<'_>, part: &str| {
        let path = write(dir.path(), GgmlDType::F32, change);
        let text = sentence(&path, &Options::default());
        assert!(text.contains(part) && !text.contains('\n'), "{text}");
    };
    let set = |name: &'static str, value: Value| {
        move |keys: &mut Vec<(String, Value)>, _: &mut Vec<(String, QTensor)>| {
            keys.retain(|(key, _)| key != name);
            keys.push((name.to_owned(), value.clone()));
        }
    };
    refused(
        &set("general.architecture", Value::String("mamba".into())),
        "the family mamba, and only llama and qwen2",
    );
    refused(
        &set("llama.rope.scaling.type", Value::String("yarn".into())),
        "rope.scaling.type is yarn",
    );
    refused(
        &set("llama.expert_count", Value::U32(8)),
        "mixture of experts",
    );
    refused(
        &set("llama.feed_forward_length", Value::U32(192)),
        "[160, 64]",
    );
    refused(
        &set("llama.block_count", Value::U32(3)),
        "blk.2.attn_norm.weight is not there",
    );
    refused(
        &|_, stored| stored.retain(|(name, _)| name != "token_embd.weight"),
        "token_embd.weight",
    );
    let path = write(dir.path(), GgmlDType::Q8_0, &|_, _| {});
    let bytes = fs::read(&path).unwrap();
    for length in [0, 3, 100, bytes.len() / 2, bytes.len() - 100] {
        fs::write(&path, &bytes[..length]).unwrap();
        let text = sentence(&path, &Options::default());
        assert!(text.contains("fetch it again"), "{length}: {text}");
        assert!(!text.contains('\n'), "{text}");
    }
}
