//! `config.json` and `generation_config.json`, typed and checked.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::rope::Rope;

/// The shape of a network, as `config.json` states it. Sizes are counts of numbers unless said.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Such as `LlamaForCausalLM`.
    pub architecture: String,
    /// Width of the stream between layers.
    pub hidden: usize,
    /// Width inside a layer's feed-forward part.
    pub inner: usize,
    /// Layers.
    pub layers: usize,
    /// Query heads a layer.
    pub heads: usize,
    /// Key and value heads a layer; divides `heads`.
    pub kv_heads: usize,
    /// Width of a head; even.
    pub head_width: usize,
    /// Rows of the embedding: at least as many as the tokenizer has tokens.
    pub vocabulary: usize,
    /// The most tokens of a text.
    pub positions: usize,
    /// Added to the variance in normalisation.
    pub epsilon: f32,
    /// Position embedding.
    pub rope: Rope,
    /// Whether the embedding serves as output matrix too.
    pub tied: bool,
    /// Whether the attention projections have biases, where the architecture leaves it open.
    pub attention_bias: bool,
    /// Whether the feed-forward projections have biases.
    pub feed_forward_bias: bool,
    /// The begin-of-text token.
    pub bos: Option<u32>,
    /// Tokens that end a text.
    pub eos: BTreeSet<u32>,
}

impl Config {
    /// Reads the text of `config.json`, and of `generation_config.json` where there is one. Errs with a
    /// reason.
    pub(super) fn read(config: &str, generation: Option<&str>) -> Result<Self, String> {
        let config = object(config)?;
        let generation = match generation {
            Some(text) => object(text).map_err(|reason| format!("beside it, {reason}"))?,
            None => Map::new(),
        };
        let fields = Fields(&config);
        if let Some(method) = config.get("quantization_config").filter(|v| !v.is_null()) {
            let name = method.get("quant_method").and_then(Value::as_str);
            return Err(format!(
                "its weights are quantised ({}), which cannot be read; get the unquantised ones",
                name.unwrap_or("in an unnamed way")
            ));
        }
        let activation = config.get("hidden_act").and_then(Value::as_str);
        if !matches!(activation, None | Some("silu" | "swish")) {
            return Err(format!(
                "hidden_act is {}, and only silu can be run",
                activation.unwrap_or_default()
            ));
        }
        if config.get("use_sliding_window") == Some(&Value::Bool(true)) {
            return Err("use_sliding_window is true, which cannot be run".to_owned());
        }
        let hidden = fields.count("hidden_size")?;
        let heads = fields.count("num_attention_heads")?;
        let kv_heads = fields.count_or("num_key_value_heads", heads)?;
        let head_width = fields.count_or("head_dim", hidden / heads)?;
        if head_width == 0 || !head_width.is_multiple_of(2) {
            return Err(format!("a head is {head_width} wide, and must be even"));
        }
        if !heads.is_multiple_of(kv_heads) {
            return Err(format!(
                "{heads} heads cannot share {kv_heads} key and value heads"
            ));
        }
        let mut eos = fields.tokens("eos_token_id")?;
        eos.extend(Fields(&generation).tokens("eos_token_id")?);
        Ok(Self {
            architecture: architecture(&config)?,
            hidden,
            inner: fields.count("intermediate_size")?,
            layers: fields.count("num_hidden_layers")?,
            heads,
            kv_heads,
            head_width,
            vocabulary: fields.count("vocab_size")?,
            positions: fields.count("max_position_embeddings")?,
            epsilon: fields.epsilon()?,
            rope: Rope::read(&config)?,
            tied: fields.flag("tie_word_embeddings"),
            attention_bias: fields.flag("attention_bias"),
            feed_forward_bias: fields.flag("mlp_bias"),
            bos: fields.tokens("bos_token_id")?.first().copied(),
            eos,
        })
    }
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err("it is not a JSON object".to_owned()),
        Err(error) => Err(format!("it is not JSON: {error}")),
    }
}

/// The first of `architectures`; files without it have `model_type`, which differs in its ending alone.
fn architecture(config: &Map<String, Value>) -> Result<String, String> {
    let listed = config.get("architectures").and_then(|list| list.get(0));
    if let Some(name) = listed.and_then(Value::as_str) {
        return Ok(name.to_owned());
    }
    let kind = config.get("model_type").and_then(Value::as_str);
    let kind = kind.ok_or("it names neither architectures nor a model_type")?;
    let (first, rest) = kind.split_at_checked(1).unwrap_or((kind, ""));
    Ok(format!("{}{rest}ForCausalLM", first.to_uppercase()))
}

struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn count(&self, name: &str) -> Result<usize, String> {
        let value = self.0.get(name).filter(|value| !value.is_null());
        let value = value.ok_or_else(|| format!("it has no {name}"))?;
        // The bound keeps products of two counts inside 64 bits, whatever a file claims.
        let count = value.as_u64().filter(|n| (1..=1 << 31).contains(n));
        let count = count.ok_or_else(|| format!("{name} is {value}, which is no usable count"))?;
        usize::try_from(count).map_err(|_| format!("{name} is {count}, too large for this machine"))
    }

    fn count_or(&self, name: &str, default: usize) -> Result<usize, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(_) => self.count(name),
        }
    }

    fn epsilon(&self) -> Result<f32, String> {
        let value = self.0.get("rms_norm_eps").and_then(Value::as_f64);
        let value = value.ok_or("it has no number rms_norm_eps")? as f32;
        let usable = value.is_finite() && 0.0 <= value;
        usable
            .then_some(value)
            .ok_or_else(|| format!("rms_norm_eps is {value}"))
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Value::Bool(true))
    }

    /// One token id or a list of them.
    fn tokens(&self, name: &str) -> Result<BTreeSet<u32>, String> {
        let one = |value: &Value| {
            let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
            id.ok_or_else(|| format!("{name} holds {value}, which is no token"))
        };
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(BTreeSet::new()),
            Some(Value::Array(list)) => list.iter().map(one).collect(),
            Some(value) => Ok(BTreeSet::from([one(value)?])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEMCODER: &str = r#"{"architectures":["LlamaForCausalLM"],"hidden_size":4096,
        "intermediate_size":11008,"num_hidden_layers":32,"num_attention_heads":32,
        "num_key_value_heads":32,"vocab_size":32256,"max_position_embeddings":16384,
        "rms_norm_eps":1e-06,"rope_theta":100000,"rope_scaling":{"type":"linear","factor":4.0},
        "bos_token_id":32013,"eos_token_id":32014,"tie_word_embeddings":false,
        "attention_bias":false,"hidden_act":"silu","torch_dtype":"float16"}"#;

    fn with(name: &str, value: &str) -> Result<Config, String> {
        let mut map = object(SEMCODER).unwrap();
        map.insert(name.to_owned(), serde_json::from_str(value).unwrap());
        Config::read(&serde_json::to_string(&map).unwrap(), None)
    }

    #[test]
    fn the_released_checkpoint() {
        let generation = r#"{"eos_token_id":[32014,32021]}"#;
        let config = Config::read(SEMCODER, Some(generation)).unwrap();
        assert_eq!(config.architecture, "LlamaForCausalLM");
        assert_eq!(
            (config.heads, config.kv_heads, config.head_width),
            (32, 32, 128)
        );
        assert_eq!(config.bos, Some(32013));
        assert_eq!(config.eos, BTreeSet::from([32014, 32021]));
        assert_eq!(config.positions, 16384);
        assert!(!config.tied);
    }

    #[test]
    fn an_architecture_from_its_type() {
        let mut map = object(SEMCODER).unwrap();
        map.remove("architectures");
        map.insert("model_type".to_owned(), Value::from("qwen2"));
        let config = Config::read(&serde_json::to_string(&map).unwrap(), None).unwrap();
        assert_eq!(config.architecture, "Qwen2ForCausalLM");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, value, part) in [
            ("hidden_size", "null", "it has no hidden_size"),
            ("num_hidden_layers", "-1", "num_hidden_layers is -1"),
            ("num_attention_heads", "0", "num_attention_heads is 0"),
            ("num_key_value_heads", "5", "cannot share 5"),
            ("head_dim", "3", "3 wide"),
            ("hidden_act", "\"gelu\"", "gelu"),
            ("eos_token_id", "[1,\"x\"]", "holds \"x\""),
            ("rms_norm_eps", "\"small\"", "rms_norm_eps"),
            ("quantization_config", r#"{"quant_method":"awq"}"#, "awq"),
            ("use_sliding_window", "true", "use_sliding_window"),
            ("rope_scaling", r#"{"type":"yarn","factor":4}"#, "yarn"),
        ] {
            let reason = with(name, value).unwrap_err();
            assert!(reason.contains(part), "{name}: {reason}");
        }
        assert!(
            Config::read("[]", None)
                .unwrap_err()
                .contains("not a JSON object")
        );
        assert!(Config::read("{", None).unwrap_err().contains("not JSON"));
    }
}
