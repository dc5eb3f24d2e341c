//! A model's tokenizer alone, for counting: no weights are read.

use std::path::Path;

use tokenizers::Tokenizer;

/// Counts the tokens of texts as a model would see them.
pub struct Counter {
    name: String,
    tokenizer: Tokenizer,
}

impl Counter {
    /// Reads `tokenizer.json` in the model's directory; `None` where there is none that can be read.
    pub fn open(directory: &Path) -> Option<Self> {
        let mut tokenizer = Tokenizer::from_file(directory.join("tokenizer.json")).ok()?;
        // A program's text may spell special tokens: in it, they are text.
        tokenizer.set_encode_special_tokens(true);
        tokenizer
            .with_padding(None)
            .with_truncation(None)
            .map(|_| ())
            .ok()?;
        let name = directory.file_name()?.to_string_lossy().into_owned();
        Some(Self { name, tokenizer })
    }

    /// The model's name: its directory's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tokens of `text`, without one that begins it; `None` where it cannot be encoded.
    pub fn count(&self, text: &str) -> Option<usize> {
        let encoding = self.tokenizer.encode_fast(text, false).ok()?;
        Some(encoding.len())
    }
}
