//! Which of a repository's files a model needs: not the same weights three times over.

use super::Repository;

/// The list of a model's shards.
pub(super) const INDEX: &str = "model.safetensors.index.json";
/// Weights in one file.
pub(super) const SINGLE: &str = "model.safetensors";
/// Weights of a LoRA adapter.
const ADAPTER: &str = "adapter_model.safetensors";

/// What is fetched beside the weights, where it is there.
const BESIDE: &[&str] = &[
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "adapter_config.json",
];

/// What to fetch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Files of any size, in the order in which they are fetched: small ones first.
    pub(super) files: Vec<String>,
    /// Whether the shards that [`INDEX`] lists are wanted too.
    pub(super) shards: bool,
}

/// Chooses among `files`. Errs with the end of a sentence when there is no model among them.
pub(super) fn among(files: &[String], repository: &Repository) -> Result<Wanted, String> {
    let has = |name: &str| files.iter().any(|it| it == name);
    let beside = |it: &&String| {
        let upper = it.to_ascii_uppercase();
        let paper = upper == "README.MD" || (upper.starts_with("LICEN") && !upper.contains('/'));
        BESIDE.contains(&it.as_str()) || paper
    };
    let mut wanted: Vec<String> = files.iter().filter(beside).cloned().collect();
    let quantised = || {
        let found = files
            .iter()
            .filter(|it| it.to_ascii_lowercase().ends_with(".gguf"));
        found.map(String::as_str).collect::<Vec<_>>()
    };
    if let Some(file) = &repository.file {
        if !has(file) {
            return Err(match quantised()[..] {
                [] => format!("it has no file {file}"),
                ref found => format!("it has no file {file}; it has {}", found.join(", ")),
            });
        }
        wanted.retain(|it| it != file);
        wanted.push(file.clone());
        return Ok(Wanted {
            files: wanted,
            shards: false,
        });
    }
    let shards = has(INDEX);
    let weights = [INDEX, SINGLE, ADAPTER].into_iter().find(|it| has(it));
    let Some(weights) = weights else {
        return Err(match quantised()[..] {
            [] if files.iter().any(|it| it.ends_with(".bin") || it.ends_with(".pt")) => {
                "it holds its weights only as pickled files (*.bin), which can run code when read; look \
                 for a repository with *.safetensors"
                    .to_owned()
            }
            [] => "it holds no *.safetensors, so there is no model in it".to_owned(),
            ref found => format!(
                "it holds its weights only as GGUF; name a file of it, as in hf:{}:{} (it has {})",
                repository.id,
                found[0],
                found.join(", ")
            ),
        });
    };
    wanted.push(weights.to_owned());
    Ok(Wanted {
        files: wanted,
        shards,
    })
}

/// The shards that an index lists. Errs with the end of a sentence when it is no index.
pub(super) fn shards(index: &str) -> Result<Vec<String>, String> {
    let json: Option<serde_json::Value> = serde_json::from_str(index).ok();
    let places = json
        .as_ref()
        .and_then(|it| it.get("weight_map")?.as_object());
    let names: std::collections::BTreeSet<&str> = places
        .into_iter()
        .flat_map(|it| it.values())
        .filter_map(serde_json::Value::as_str)
        .collect();
    let inside = |it: &&str| !it.contains(['/', '\\']) && it.ends_with(".safetensors");
    match !names.is_empty() && names.iter().all(inside) {
        true => Ok(names.into_iter().map(str::to_owned).collect()),
        false => Err(format!("its {INDEX} lists no shards beside it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(files: &[&str], repository: &str) -> Result<Wanted, String> {
        let files: Vec<String> = files.iter().map(|it| (*it).to_owned()).collect();
        among(&files, &Repository::parse(repository).unwrap())
    }

    #[test]
    fn weights_come_once() {
        let files = [
            ".gitattributes",
            "README.md",
            "LICENSE",
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            INDEX,
            "pytorch_model-00001-of-00002.bin",
            "onnx/model.onnx",
            "tokenizer.json",
        ];
        let wanted = chosen(&files, "o/n").unwrap();
        assert_eq!(
            wanted.files,
            [
                "README.md",
                "LICENSE",
                "config.json",
                "tokenizer.json",
                INDEX
            ]
        );
        assert!(wanted.shards);
        let single = chosen(
            &["model.safetensors", "config.json", "pytorch_model.bin"],
            "o/n",
        )
        .unwrap();
        assert_eq!(single.files, ["config.json", SINGLE]);
        assert!(!single.shards);
    }

    #[test]
    fn one_file_of_many() {
        let files = [
            "a.Q4_K_M.gguf",
            "a.Q8_0.gguf",
            "tokenizer.json",
            "README.md",
        ];
        let wanted = chosen(&files, "o/n:a.Q8_0.gguf").unwrap();
        assert_eq!(wanted.files, ["tokenizer.json", "README.md", "a.Q8_0.gguf"]);
        let reason = chosen(&files, "o/n:b.gguf").unwrap_err();
        assert!(
            reason.contains("no file b.gguf; it has a.Q4_K_M.gguf, a.Q8_0.gguf"),
            "{reason}"
        );
        let reason = chosen(&files, "o/n").unwrap_err();
        assert!(reason.contains("hf:o/n:a.Q4_K_M.gguf"), "{reason}");
    }

    #[test]
    fn pickled_weights_are_not_fetched() {
        let reason = chosen(&["config.json", "pytorch_model.bin"], "o/n").unwrap_err();
        assert!(reason.contains("can run code"), "{reason}");
        assert!(
            chosen(&["README.md"], "o/n")
                .unwrap_err()
                .contains("no model")
        );
    }

    #[test]
    fn an_index_cannot_point_elsewhere() {
        let index = r#"{"weight_map":{"a":"model-2.safetensors","b":"model-1.safetensors","c":"model-2.safetensors"}}"#;
        assert_eq!(
            shards(index).unwrap(),
            ["model-1.safetensors", "model-2.safetensors"]
        );
        assert!(shards(r#"{"weight_map":{"a":"../x.safetensors"}}"#).is_err());
        assert!(shards("{}").is_err() && shards("<").is_err());
    }
}
