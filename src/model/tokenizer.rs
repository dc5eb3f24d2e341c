//! `tokenizer.json`: text to tokens, and the token that begins a text.

use std::path::Path;

use serde_json::Value;
use tokenizers::Tokenizer;

use super::weights::{content, read};
use super::{Error, Weights};

const FILE: &str = "tokenizer.json";

/// What a prompt may hold and a tokenizer may lose. ASCII alone: some byte-level vocabularies hold single
/// accented letters that do not survive, which costs a letter; a lost space costs the program.
pub(super) const PROBE: &str =
    "def f(a, b):\n    if a == b:\n\treturn [a,  b]\n\n\n    return \"a b\"  # done\n";

/// A model's tokenizer and special tokens.
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    /// Put before every prompt.
    pub bos: Option<u32>,
    /// How many tokens there are: logits from there on mean nothing.
    pub known: usize,
}

impl Tokens {
    /// Reads `file`, or else the tokenizer that lies beside `weights`. Errs when there is none, and when
    /// it does not bring back a program's spaces.
    pub(super) fn read(
        weights: &Weights,
        file: Option<&Path>,
        begins_with_bos: bool,
    ) -> Result<Self, Error> {
        let path = file.map_or_else(|| weights.directory.join(FILE), Path::to_owned);
        let text = read(&path)?.ok_or_else(|| {
            content(
                &path,
                "there is no such file; fetch it from where the model came from, or name one with \
                 --tokenizer FILE (tokenizer.model alone, or what a GGUF file holds, cannot be read)",
            )
        })?;
        let mut tokenizer = Tokenizer::from_bytes(text)
            .map_err(|error| content(&path, format!("it is no tokenizer: {error}")))?;
        // A program that is asked about may print a model's special tokens: in it, they are text.
        tokenizer.set_encode_special_tokens(true);
        let switched_off = tokenizer
            .with_padding(None)
            .with_truncation(None)
            .map(|_| ());
        switched_off.map_err(|error| content(&path, format!("it is no tokenizer: {error}")))?;

        let known = tokenizer.get_vocab(true).into_values().max();
        let known = known.ok_or_else(|| content(&path, "it has no tokens"))? as usize + 1;
        let tokens = Self {
            tokenizer,
            bos: bos(weights, &path, begins_with_bos)?,
            known,
        };
        let back = tokens.decode(&tokens.encode(PROBE)?)?;
        if back != PROBE {
            let letters = |text: &str| -> String { text.split_whitespace().collect() };
            let what = match letters(&back) == letters(PROBE) {
                true => "it loses spaces and line ends",
                false => "it does not give back the text that was put in",
            };
            return Err(content(
                &path,
                format!(
                    "{what}, so the model would not see the program; some versions of the \
                     transformers library write such files: fetch the model's own"
                ),
            ));
        }
        Ok(tokens)
    }

    /// The tokens of `text`, without one that begins it.
    pub(super) fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        let encoding = self.tokenizer.encode_fast(text, false);
        let encoding = encoding.map_err(|error| Error::Tokenizer(error.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The tokens of `text` as a prompt: with the one that begins it, where the model has one.
    pub(super) fn prompt(&self, text: &str) -> Result<Vec<u32>, Error> {
        let mut tokens: Vec<u32> = self.bos.into_iter().collect();
        tokens.extend(self.encode(text)?);
        Ok(tokens)
    }

    /// The text of `tokens`, without special ones. Bytes that are no character come as U+FFFD.
    pub(super) fn decode(&self, tokens: &[u32]) -> Result<String, Error> {
        let text = self.tokenizer.decode(tokens, true);
        text.map_err(|error| Error::Tokenizer(error.to_string()))
    }
}

/// `config.json` says which token begins a text, `tokenizer_config.json` whether one does, and where it
/// is silent the family's habit counts. `tokenizer.json` would not add it: its post-processor, where it
/// has one, is not run.
fn bos(weights: &Weights, file: &Path, begins_with_bos: bool) -> Result<Option<u32>, Error> {
    let path = file.with_file_name("tokenizer_config.json");
    let stated = match read(&path)? {
        Some(text) => serde_json::from_str::<Value>(&text)
            .map_err(|error| content(&path, format!("it is not JSON: {error}")))?
            .get("add_bos_token")
            .and_then(Value::as_bool),
        None => None,
    };
    let stated = stated.or(weights.begins_with_bos());
    let bos = weights.config.bos;
    Ok(bos.filter(|_| stated.unwrap_or(begins_with_bos)))
}
