//! How many tokens a text has: by the tokenizer of the model that was named, where it lies here, else by
//! one that everybody has. Which it was is said with every count.

use tokenizers::Tokenizer;

use crate::{
    model::{HubCache, Spec},
    settings::Settings,
};

/// A tokenizer that counts.
pub(super) struct Counter {
    /// `cl100k_base`, or the model's name.
    pub(super) name: String,
    tokenizer: Option<Tokenizer>,
}

impl Counter {
    /// That of the model in the settings, else `cl100k_base`. Loads no weights.
    pub(super) fn of(settings: &Settings) -> Self {
        let named = || {
            let spec: Spec = settings.model.as_deref()?.parse().ok()?;
            let folder = spec.directory(&HubCache::from_environment()).ok()?;
            let mut tokenizer = Tokenizer::from_file(folder.join("tokenizer.json")).ok()?;
            tokenizer.set_encode_special_tokens(true);
            Some((spec.to_string(), tokenizer))
        };
        match named() {
            Some((name, tokenizer)) => Self {
                name,
                tokenizer: Some(tokenizer),
            },
            None => Self {
                name: "cl100k_base".into(),
                tokenizer: None,
            },
        }
    }

    /// The tokens of `text`, without one that begins it.
    pub(super) fn count(&self, text: &str) -> usize {
        let own = self.tokenizer.as_ref();
        let own = own.and_then(|it| it.encode_fast(text, false).ok());
        match own {
            Some(encoding) => encoding.get_ids().len(),
            None => cl100k(text),
        }
    }
}

/// Tokens of the tokenizer that research on these formats counts by.
pub(super) fn cl100k(text: &str) -> usize {
    tiktoken_rs::cl100k_base_singleton()
        .encode_ordinary(text)
        .len()
}

/// Bytes of the first `most` tokens of `text`, back to a character's border. Reads little more of it.
pub(super) fn first_cl100k(text: &str, most: usize) -> usize {
    let known = tiktoken_rs::cl100k_base_singleton();
    let mut looked = most.saturating_mul(8).max(1 << 10);
    loop {
        let part = &text[..text.ceil_char_boundary(looked.min(text.len()))];
        let tokens = known.encode_ordinary(part);
        // The last tokens of a part may be others than those of the whole; those long before are the same.
        if part.len() < text.len() && tokens.len() < most.saturating_mul(2) {
            looked = looked.saturating_mul(2);
            continue;
        }
        let kept = &tokens[..most.min(tokens.len())];
        let bytes = known.decode_bytes(kept).map_or(text.len(), |it| it.len());
        return text.floor_char_boundary(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::first_cl100k;

    #[test]
    fn a_text_is_sliced_by_its_tokens() {
        assert_eq!(first_cl100k("one two three", 2), "one two".len());
        assert_eq!(first_cl100k("one two three", 9), "one two three".len());
        assert_eq!(first_cl100k("", 9), 0);
        let long = "one two ".repeat(5000);
        assert_eq!(first_cl100k(&long, 2048), "one two ".len() * 1024 - 1);
    }
}
