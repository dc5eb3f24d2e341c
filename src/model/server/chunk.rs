//! What comes back: one JSON object of a stream, or the whole answer of a server that does not stream.

use serde_json::Value;

/// What one object says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Chunk {
    /// News of each continuation.
    pub(super) parts: Vec<Part>,
    /// Tokens of the prompt and of all continuations together.
    pub(super) usage: Option<(usize, usize)>,
    /// What went wrong at the server, in its words.
    pub(super) error: Option<String>,
}

/// News of one continuation.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Part {
    /// Which, from 0.
    pub(super) index: usize,
    /// More of its text.
    pub(super) text: String,
    /// Why it ended, in the server's word.
    pub(super) finish: Option<String>,
    /// What ended it, where the server tells: the stop word, or none for the end of the text.
    pub(super) stopped_by: Option<Option<String>>,
    /// The natural logarithms of its tokens' probabilities, added up; and how many they are.
    pub(super) likelihood: Option<(f64, usize)>,
}

impl Chunk {
    /// Reads an object. None when it is no JSON object.
    pub(super) fn read(text: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(text).ok()?;
        json.is_object().then(|| Self::of(&json))
    }

    fn of(json: &Value) -> Self {
        let choices = json.get("choices").and_then(Value::as_array);
        Self {
            parts: choices.into_iter().flatten().map(part).collect(),
            usage: usage(json),
            error: complaint(json),
        }
    }

    /// Whether it says anything that an answer would.
    pub(super) fn is_answer(&self) -> bool {
        !self.parts.is_empty() || self.usage.is_some()
    }
}

fn part(choice: &Value) -> Part {
    let message = choice.get("delta").or_else(|| choice.get("message"));
    let text = match message {
        // What it thinks, and which tools it would call, are no part of the answer.
        Some(message) => content(message.get("content")),
        None => content(choice.get("text")),
    };
    let word = |name: &str| choice.get(name).and_then(Value::as_str).map(str::to_owned);
    let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
    Part {
        index: usize::try_from(index).unwrap_or(usize::MAX),
        text,
        finish: word("finish_reason"),
        stopped_by: choice.get("stop_reason").map(|_| word("stop_reason")),
        likelihood: choice.get("logprobs").and_then(likelihood),
    }
}

/// A text, or a list of parts of which some are text.
fn content(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|it| it.get("text")?.as_str());
            texts.collect()
        }
        _ => String::new(),
    }
}

fn likelihood(logprobs: &Value) -> Option<(f64, usize)> {
    let list = logprobs
        .get("token_logprobs")
        .or_else(|| logprobs.get("content"));
    let numbers = list?.as_array()?.iter().filter_map(|it| match it {
        Value::Object(token) => token.get("logprob")?.as_f64(),
        number => number.as_f64(),
    });
    let numbers: Vec<f64> = numbers.filter(|it| it.is_finite()).collect();
    Some((numbers.iter().sum(), numbers.len()))
}

fn usage(json: &Value) -> Option<(usize, usize)> {
    let count = |place: &str, name: &str| {
        let count = json.get(place)?.get(name)?.as_u64()?;
        usize::try_from(count).ok()
    };
    let both = |place, prompt, output| Some((count(place, prompt)?, count(place, output)?));
    both("usage", "prompt_tokens", "completion_tokens")
        // As llama.cpp counts, which leaves out what it remembered of the prompt.
        .or_else(|| {
            let (read, written) = both("timings", "prompt_n", "predicted_n")?;
            Some((read + count("timings", "cache_n").unwrap_or(0), written))
        })
}

/// A server's complaint, in its words, wherever it puts them.
pub(super) fn complaint(json: &Value) -> Option<String> {
    let error = match json.get("error") {
        Some(Value::Null) | None => {
            let failed = json.get("object").and_then(Value::as_str) == Some("error");
            let detail = json.get("detail").filter(|it| !it.is_null());
            // An answer may hold a message, a complaint holds no choices.
            match (failed, detail) {
                (true, _) => json.get("message").or(Some(json)),
                (false, detail) if json.get("choices").is_none() => detail,
                (false, _) => None,
            }
        }
        found => found,
    }?;
    Some(match error.get("message").unwrap_or(error) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(json: &str) -> String {
        Chunk::read(json).unwrap().parts.remove(0).text
    }

    #[test]
    fn text_of_every_shape() {
        for (json, text) in [
            (r#"{"choices":[{"index":0,"text":" x"}]}"#, " x"),
            (r#"{"choices":[{"delta":{"content":"x"}}]}"#, "x"),
            (
                r#"{"choices":[{"delta":{"role":"assistant","content":null}}]}"#,
                "",
            ),
            (
                r#"{"choices":[{"delta":{"reasoning_content":"hm","tool_calls":[{}]}}]}"#,
                "",
            ),
            (r#"{"choices":[{"message":{"content":"whole"}}]}"#, "whole"),
            (
                r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"x":1}]}}]}"#,
                "a",
            ),
        ] {
            assert_eq!(text_of(json), text, "{json}");
        }
    }

    #[test]
    fn ends_and_likelihoods() {
        let json = r#"{"choices":[{"index":2,"text":"","finish_reason":"stop","stop_reason":"[/A]",
            "logprobs":{"token_logprobs":[null,-0.5,-1.5]}}]}"#;
        let part = Chunk::read(json).unwrap().parts.remove(0);
        assert_eq!(part.index, 2);
        assert_eq!(part.finish.as_deref(), Some("stop"));
        assert_eq!(part.stopped_by, Some(Some("[/A]".to_owned())));
        assert_eq!(part.likelihood, Some((-2.0, 2)));
        let json = r#"{"choices":[{"delta":{},"stop_reason":null,
            "logprobs":{"content":[{"token":"a","logprob":-1}]}}]}"#;
        let part = Chunk::read(json).unwrap().parts.remove(0);
        assert_eq!(part.stopped_by, Some(None));
        assert_eq!(part.likelihood, Some((-1.0, 1)));
    }

    #[test]
    fn usage_and_complaints() {
        let usage = |json| Chunk::read(json).unwrap().usage;
        let counted = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#;
        assert_eq!(usage(counted), Some((3, 4)));
        assert_eq!(
            usage(r#"{"timings":{"cache_n":2,"prompt_n":3,"predicted_n":4}}"#),
            Some((5, 4))
        );
        assert_eq!(usage(r#"{"usage":null}"#), None);
        let error = |json| Chunk::read(json).unwrap().error;
        for json in [
            r#"{"error":{"message":"no","code":500}}"#,
            r#"{"error":"no"}"#,
            r#"{"object":"error","message":"no"}"#,
            r#"{"detail":"no"}"#,
        ] {
            assert_eq!(error(json).as_deref(), Some("no"), "{json}");
        }
        assert_eq!(error(r#"{"error":null,"choices":[]}"#), None);
        assert_eq!(Chunk::read("[1]"), None);
        assert_eq!(Chunk::read("<html>"), None);
    }
}
