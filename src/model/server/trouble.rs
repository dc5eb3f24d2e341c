//! What an answer other than 200 means: a sentence for the person, or another way to ask.

use std::time::Duration;

use regex::Regex;
use serde_json::Value;

use super::chunk::complaint;
use super::endpoint::Route;
use super::request::Extra;
use crate::model::web::{Reply, retry};

/// The most characters of a server's words that are repeated.
const QUOTED: usize = 300;

/// What to do about an answer that is none.
#[derive(Debug, PartialEq)]
pub(super) enum Trouble {
    /// Ask again in a while: the server's wish, if it has one, and its words.
    Busy(Option<Duration>, String),
    /// Ask without this, which it does not take.
    Without(Extra),
    /// Ask by this route instead.
    Elsewhere(Route),
    /// The prompt and what may be written are more than the model takes: tokens of the prompt and of
    /// both together, as far as it tells.
    TooLong(Option<usize>, Option<usize>),
    /// There is nothing to be done here: why, as the end of a sentence.
    Final(String),
}

/// What was asked.
pub(super) struct Asked<'a> {
    /// By which way.
    pub(super) route: Route,
    /// Whether the address itself named the way.
    pub(super) fixed: bool,
    /// How many continuations.
    pub(super) samples: usize,
    /// The model's name.
    pub(super) model: &'a str,
    /// Whether a key was sent.
    pub(super) key: bool,
}

/// Judges an answer whose status is not 200.
pub(super) fn judge(reply: &Reply, asked: &Asked<'_>) -> Trouble {
    let json = reply.json();
    let words = json.as_ref().and_then(complaint);
    let said = quoted(&words.clone().unwrap_or_default());
    let lower = said.to_lowercase();
    let with = |text: &str| match said.is_empty() {
        true => text.to_owned(),
        false => format!("{text}; it said: {said}"),
    };
    let other = match asked.route {
        Route::Completions => Route::Chat,
        Route::Chat => Route::Completions,
    };
    let named = Extra::named_in(&said).filter(|it| it.is_telling());
    if let (500, Some(extra)) = (reply.status, named) {
        return Trouble::Without(extra);
    }
    match reply.status {
        300..=399 => {
            let to = reply
                .headers
                .get("location")
                .and_then(|it| it.to_str().ok());
            Trouble::Final(format!(
                "it redirects to {}; give the address that it ends at",
                quoted(to.unwrap_or("nowhere"))
            ))
        }
        401 | 403 => Trouble::Final(key_refused(asked.key, &said)),
        407 => Trouble::Final("the proxy wants a name and a password".to_owned()),
        429 if lower.contains("quota") || lower.contains("billing") => {
            Trouble::Final(with("what the key allows is used up"))
        }
        // Some fail at what they cannot do instead of refusing it.
        500 if 1 < asked.samples => Trouble::Without(Extra::Samples),
        408 | 429 | 500 | 502 | 503 | 504 | 529 => {
            let state = format!("it answers {} ({})", reply.status, meaning(reply.status));
            Trouble::Busy(retry::asked_for(&reply.headers), with(&state))
        }
        _ if too_long(&lower, json.as_ref()) => {
            let (tokens, context) = sizes(&lower, json.as_ref());
            Trouble::TooLong(tokens, context)
        }
        404 if lower.contains("model") && !lower.contains("chat model") => {
            Trouble::Final(with(&format!("it has no model {}", asked.model)))
        }
        // What the other way is for, it says in many ways; each way is tried once.
        404 | 405 | 501 if !asked.fixed => Trouble::Elsewhere(other),
        404 | 405 => Trouble::Final(with(
            "there is nothing at this address; the address of such a server usually ends in /v1",
        )),
        400 if !asked.fixed
            && (lower.contains("chat template") || lower.contains("chat model")) =>
        {
            Trouble::Elsewhere(other)
        }
        400 | 422 | 501 => match Extra::named_in(&said) {
            Some(extra) => Trouble::Without(extra),
            // Servers that cannot write several at once seldom say so plainly.
            None if 1 < asked.samples => Trouble::Without(Extra::Samples),
            None => Trouble::Final(with("it refused the question")),
        },
        status => Trouble::Final(with(&format!("it answers {status} ({})", meaning(status)))),
    }
}

/// Why a key did not open, and what to do.
pub(super) fn key_refused(sent: bool, said: &str) -> String {
    let words = match sent {
        true => "it refused the key; check MONOLOGUE_API_KEY",
        false => "it wants a key; set MONOLOGUE_API_KEY",
    };
    match said.is_empty() {
        true => words.to_owned(),
        false => format!("{words}; it said: {said}"),
    }
}

/// A server's words on one line, without what would steer a terminal, and not too many.
pub(super) fn quoted(words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    let plain: String = words
        .join(" ")
        .chars()
        .filter(|it| !it.is_control())
        .collect();
    match plain.char_indices().nth(QUOTED) {
        Some((at, _)) => format!("{}…", &plain[..at]),
        None => plain,
    }
}

/// The number's name, from RFC 9110 and what is in use.
fn meaning(status: u16) -> &'static str {
    let code = ureq::http::StatusCode::from_u16(status).ok();
    code.and_then(|it| it.canonical_reason())
        .map_or("no known status", |it| it)
}

fn too_long(lower: &str, json: Option<&Value>) -> bool {
    let field = |name: &str| json?.get("error")?.get(name)?.as_str();
    let known = ["context_length_exceeded", "exceed_context_size_error"];
    let coded = ["code", "type"].iter().filter_map(|it| field(it));
    coded.into_iter().any(|it| known.contains(&it))
        || [
            "context length",
            "context size",
            "context window",
            "maximum context",
        ]
        .iter()
        .any(|it| lower.contains(it))
}

/// Tokens of the prompt and of the context, from fields or from sentences.
fn sizes(lower: &str, json: Option<&Value>) -> (Option<usize>, Option<usize>) {
    let field = |name: &str| usize::try_from(json?.get("error")?.get(name)?.as_u64()?).ok();
    let number = |pattern: &str| {
        let found = Regex::new(pattern).ok()?.captures(lower)?;
        found.get(1)?.as_str().parse().ok()
    };
    let tokens = field("n_prompt_tokens")
        .or_else(|| number(r"(\d+) (?:input tokens|in the (?:messages|prompt|input))"))
        .or_else(|| number(r"prompt (?:contains|has|is|with)\D{0,30}(\d+)"));
    let context = field("n_ctx")
        .or_else(|| number(r"(?:context length|context size|context window)\D{0,30}(\d+)"));
    (tokens, context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderMap;

    fn judged(status: u16, body: &str) -> Trouble {
        let reply = Reply {
            status,
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        };
        let asked = Asked {
            route: Route::Completions,
            fixed: false,
            samples: 1,
            model: "m",
            key: false,
        };
        judge(&reply, &asked)
    }

    #[test]
    fn contexts_as_servers_word_them() {
        for (body, tokens, context) in [
            (
                r#"{"object":"error","message":"This model's maximum context length is 2048 tokens. However, you requested 3024 tokens (2000 in the messages, 1024 in the completion)."}"#,
                Some(2000),
                Some(2048),
            ),
            (
                r#"{"error":{"message":"'max_tokens' or 'max_completion_tokens' is too large: 1024. This model's maximum context length is 2048 tokens and your request has 1500 input tokens (1024 > 2048 - 1500).","code":400}}"#,
                Some(1500),
                Some(2048),
            ),
            (
                r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":700,"n_ctx":512}}"#,
                Some(700),
                Some(512),
            ),
            (
                r#"{"error":{"message":"too much","code":"context_length_exceeded"}}"#,
                None,
                None,
            ),
        ] {
            assert_eq!(
                judged(400, body),
                Trouble::TooLong(tokens, context),
                "{body}"
            );
        }
    }

    #[test]
    fn other_ways_to_ask() {
        let chat = Trouble::Elsewhere(Route::Chat);
        assert_eq!(judged(404, r#"{"detail":"Not Found"}"#), chat);
        assert_eq!(judged(405, ""), chat);
        let body = r#"{"error":{"message":"This is a chat model and not supported in the v1/completions endpoint."}}"#;
        assert_eq!(judged(404, body), chat);
        let body = r#"{"error":{"message":"Unknown field: stream_options"}}"#;
        assert_eq!(judged(422, body), Trouble::Without(Extra::Usage));
        let body = r#"{"error":{"message":"logprobs is not supported for models created so"}}"#;
        assert_eq!(judged(500, body), Trouble::Without(Extra::LogProbabilities));
    }

    #[test]
    fn sentences() {
        for (status, body, words) in [
            (401, "", "set MONOLOGUE_API_KEY"),
            (
                404,
                r#"{"error":{"message":"The model `m` does not exist."}}"#,
                "no model m",
            ),
            (418, "", "418"),
            (
                400,
                r#"{"error":"bad\n\u001b[31m day"}"#,
                "it said: bad [31m day",
            ),
            (302, "", "redirects"),
        ] {
            match judged(status, body) {
                Trouble::Final(reason) => assert!(reason.contains(words), "{reason}"),
                other => panic!("{status}: {other:?}"),
            }
        }
        assert!(matches!(judged(503, "<html>"), Trouble::Busy(None, _)));
        assert_eq!(quoted(&"x".repeat(400)).chars().count(), QUOTED + 1);
    }
}
