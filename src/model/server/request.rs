//! What is sent: the JSON of one question.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::endpoint::Route;
use crate::model::{Limits, Prompt};

/// What not every server takes. One that refuses a question for it is asked again without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extra {
    /// Several continuations of one prompt.
    Samples,
    /// How likely each token was.
    LogProbabilities,
    /// The number of tokens, at the end of a stream.
    Usage,
    /// The same text again for the same seed.
    Seed,
    /// Sampling from the likeliest tokens alone.
    TopP,
    /// Any temperature but the model's own.
    Temperature,
    /// The token limit by its old name.
    MaxTokens,
    /// Words that end the text; they are watched for here as well.
    Stops,
}

impl Extra {
    /// All, with the name of the field that servers complain of.
    const FIELDS: [(Self, &str); 8] = [
        (Self::LogProbabilities, "logprobs"),
        (Self::Usage, "stream_options"),
        (Self::Seed, "seed"),
        (Self::TopP, "top_p"),
        (Self::Temperature, "temperature"),
        (Self::MaxTokens, "max_completion_tokens"),
        (Self::Stops, "stop"),
        (Self::Samples, "n"),
    ];

    /// Whether its name is no word that a complaint about something else would hold.
    pub(super) fn is_telling(self) -> bool {
        match self {
            Self::LogProbabilities | Self::Usage | Self::TopP | Self::MaxTokens => true,
            Self::Samples | Self::Seed | Self::Temperature | Self::Stops => false,
        }
    }

    /// The one that a server's complaint names as a word of its own.
    pub(super) fn named_in(complaint: &str) -> Option<Self> {
        let part = |it: char| it.is_alphanumeric() || it == '_';
        let words: BTreeSet<&str> = complaint.split(|it| !part(it)).collect();
        let found = Self::FIELDS.iter().find(|(_, name)| words.contains(name));
        found.map(|(extra, _)| *extra)
    }
}

/// A question to a server.
pub(super) struct Ask<'a> {
    /// Which way.
    pub(super) route: Route,
    /// The model, as the server calls it.
    pub(super) model: &'a str,
    /// The text, redacted, and its stop words. It holds no begin-of-text token: the server adds that.
    pub(super) prompt: &'a Prompt,
    /// How to sample.
    pub(super) limits: &'a Limits,
    /// The most tokens to write.
    pub(super) new_tokens: usize,
    /// How many continuations.
    pub(super) samples: usize,
    /// What the server does not take.
    pub(super) without: &'a BTreeSet<Extra>,
}

impl Ask<'_> {
    /// The body of the request.
    pub(super) fn json(&self) -> Value {
        let has = |extra| !self.without.contains(&extra);
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        put("model", self.model.into());
        match self.route {
            Route::Completions => put("prompt", self.prompt.text.as_str().into()),
            Route::Chat => put(
                "messages",
                json!([{"role": "user", "content": self.prompt.text}]),
            ),
        }
        match has(Extra::MaxTokens) {
            true => put("max_tokens", self.new_tokens.into()),
            false => put("max_completion_tokens", self.new_tokens.into()),
        }
        if has(Extra::Temperature) {
            put("temperature", self.limits.temperature.into());
        }
        if has(Extra::TopP) && 0.0 < self.limits.temperature {
            put("top_p", self.limits.top_p.into());
        }
        if has(Extra::Seed) {
            // Some keep seeds in 32 bits with a sign.
            put("seed", (self.limits.seed & 0x7fff_ffff).into());
        }
        // Four are the most that the interface allows.
        let stops = self.prompt.stops.iter().filter(|it| !it.is_empty()).take(4);
        let stops: Vec<&String> = stops.collect();
        if has(Extra::Stops) && !stops.is_empty() {
            put("stop", json!(stops));
        }
        if 1 < self.samples {
            put("n", self.samples.into());
            if has(Extra::LogProbabilities) {
                put(
                    "logprobs",
                    match self.route {
                        Route::Completions => 1.into(),
                        Route::Chat => true.into(),
                    },
                );
            }
        }
        put("stream", true.into());
        if has(Extra::Usage) {
            put("stream_options", json!({"include_usage": true}));
        }
        Value::Object(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_name_fields() {
        for (complaint, extra) in [
            (
                "Unrecognized request argument supplied: stream_options",
                Some(Extra::Usage),
            ),
            (
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                 'max_completion_tokens' instead.",
                Some(Extra::MaxTokens),
            ),
            (
                "only one completion choice is allowed (n must be 1)",
                Some(Extra::Samples),
            ),
            ("something else, no stopping", None),
        ] {
            assert_eq!(Extra::named_in(complaint), extra, "{complaint}");
        }
    }

    #[test]
    fn a_question_holds_what_is_asked_and_no_more() {
        let prompt = Prompt {
            text: "def f".to_owned(),
            stops: vec![String::new(), "[/ANSWER]".to_owned()],
        };
        let limits = Limits {
            new_tokens: 9,
            temperature: 0.0,
            top_p: 0.5,
            seed: u64::MAX,
        };
        let mut without = BTreeSet::new();
        let ask = |route, samples, without: &BTreeSet<Extra>| {
            let ask = Ask {
                route,
                model: "m",
                prompt: &prompt,
                limits: &limits,
                new_tokens: 9,
                samples,
                without,
            };
            ask.json()
        };
        assert_eq!(
            ask(Route::Completions, 1, &without),
            json!({"model": "m", "prompt": "def f", "max_tokens": 9, "temperature": 0.0,
                   "seed": 0x7fff_ffff, "stop": ["[/ANSWER]"], "stream": true,
                   "stream_options": {"include_usage": true}})
        );
        without.extend(Extra::FIELDS.map(|(extra, _)| extra));
        assert_eq!(
            ask(Route::Chat, 2, &without),
            json!({"model": "m", "messages": [{"role": "user", "content": "def f"}],
                   "max_completion_tokens": 9, "n": 2, "stream": true})
        );
    }
}
