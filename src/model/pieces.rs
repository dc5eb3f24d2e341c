//! Token ids → text, whole characters only.

use super::Error;
use super::tokenizer::Tokens;

/// The longest character has four bytes, and a token has at least one: text that is still no character
/// after so many tokens will not become one.
const LONGEST: usize = 4;

/// Turns tokens to text as they come. A token may hold part of a character, and what it reads as may
/// depend on the one before (a leading space, mostly), so each is read together with its neighbours.
pub(super) struct Pieces {
    tokens: Vec<u32>,
    /// Where the neighbours begin that the next token is read with.
    context: usize,
    /// Everything before this has been handed out. Invariant: `context <= done <= tokens.len()`.
    done: usize,
}

impl Pieces {
    /// To continue the text whose tokens are `prompt`.
    pub(super) fn after(prompt: &[u32]) -> Self {
        let tokens = prompt[prompt.len().saturating_sub(LONGEST)..].to_vec();
        Self {
            context: 0,
            done: tokens.len(),
            tokens,
        }
    }

    /// The text that `token` completes: empty while it is part of a character.
    pub(super) fn push(&mut self, tokens: &Tokens, token: u32) -> Result<String, Error> {
        self.tokens.push(token);
        let (before, all) = self.read(tokens)?;
        let Some(new) = all.get(before.len()..) else {
            return Ok(String::new());
        };
        let pending = self.tokens.len() - self.done;
        if new.ends_with(char::REPLACEMENT_CHARACTER) {
            if pending < LONGEST {
                return Ok(String::new());
            }
            // No neighbour: what the bytes just given up could still combine with is not text either.
            self.context = self.tokens.len();
        } else {
            self.context = self.done;
        }
        self.done = self.tokens.len();
        Ok(new.to_owned())
    }

    /// What is left at the end, without a character that was cut off.
    pub(super) fn rest(&mut self, tokens: &Tokens) -> Result<String, Error> {
        let (before, all) = self.read(tokens)?;
        self.done = self.tokens.len();
        self.context = self.done;
        let new = all.get(before.len()..).unwrap_or_default();
        Ok(new.trim_end_matches(char::REPLACEMENT_CHARACTER).to_owned())
    }

    fn read(&self, tokens: &Tokens) -> Result<(String, String), Error> {
        Ok((
            tokens.decode(&self.tokens[self.context..self.done])?,
            tokens.decode(&self.tokens[self.context..])?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Weights, tiny_model};
    use super::*;

    fn tokens() -> Tokens {
        let dir = tempfile::tempdir().unwrap();
        tiny_model::write(dir.path());
        Tokens::read(&Weights::open(dir.path()).unwrap(), None, true).unwrap()
    }

    #[test]
    fn characters_wait_for_their_last_byte() {
        let tokens = tokens();
        let text = "a é → 数\n\t🐍 x";
        let mut pieces = Pieces::after(&tokens.prompt("def f():\n").unwrap());
        let mut said = Vec::new();
        // The tokenizer joins none of these, so that each byte is a token.
        for token in text.bytes().map(u32::from) {
            said.push(pieces.push(&tokens, token).unwrap());
        }
        assert_eq!(said.concat(), text);
        assert_eq!(&said[..5], ["a", " ", "", "é", " "]);
        assert_eq!(pieces.rest(&tokens).unwrap(), "");
    }

    #[test]
    fn bytes_that_are_no_character_do_not_hold_up_the_text() {
        let tokens = tokens();
        let mut pieces = Pieces::after(&[]);
        let bytes = [0xff, 0xff, 0xff, 0xff, 0x61, 0xe2, 0x62, 0xf0, 0x9f];
        let said: Vec<_> = bytes
            .iter()
            .map(|byte| pieces.push(&tokens, *byte).unwrap())
            .collect();
        let lost = "\u{fffd}";
        assert_eq!(
            said,
            [
                "",
                "",
                "",
                &lost.repeat(4),
                "a",
                "",
                &format!("{lost}b"),
                "",
                ""
            ]
        );
        // A character that was cut off is left out.
        assert_eq!(pieces.rest(&tokens).unwrap(), "");
    }
}
