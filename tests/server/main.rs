//! Models behind a server, with a server that answers as each test wants it to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod commands;
#[path = "../support/http.rs"]
mod http;
mod misbehaviour;
#[path = "../support/pty.rs"]
#[expect(dead_code, reason = "each test takes what it needs")]
mod pty;
mod questions;
mod screen;

use std::net::TcpStream;
use std::ops::ControlFlow;

use http::{Asked, Http, reply};
use monologue::model::{Backend, Completion, Error, Limits, Prompt, Server};
use serde_json::{Value, json};

/// A server with one model, whose answers to questions come from `answer`. It counts no tokens.
pub(crate) fn fake(answer: impl Fn(&Asked, &mut TcpStream) + Send + Sync + 'static) -> Http {
    Http::serve(move |asked, stream| match asked.path.as_str() {
        "/v1/models" => json_reply(stream, 200, &json!({"data": [{"id": "semcoder-s"}]})),
        "/v1/completions" | "/v1/chat/completions" => answer(asked, stream),
        _ => json_reply(stream, 404, &json!({"detail": "Not Found"})),
    })
}

pub(crate) fn json_reply(stream: &mut TcpStream, status: u16, body: &Value) {
    let headers = [("content-type", "application/json")];
    reply(stream, status, &headers, body.to_string().as_bytes());
}

/// Sends events and `[DONE]`.
pub(crate) fn events(stream: &mut TcpStream, data: &[Value]) {
    let mut body: String = data.iter().map(|it| format!("data: {it}\n\n")).collect();
    body.push_str("data: [DONE]\n\n");
    reply(
        stream,
        200,
        &[("content-type", "text/event-stream")],
        body.as_bytes(),
    );
}

/// A piece of a continuation.
pub(crate) fn piece(text: &str) -> Value {
    json!({"choices": [{"index": 0, "text": text, "finish_reason": null}]})
}

/// Its end, as vLLM words it: `stopped_by` is a stop word, or null.
pub(crate) fn end(stopped_by: Value) -> Value {
    json!({"choices": [{"index": 0, "text": "", "finish_reason": "stop", "stop_reason": stopped_by}]})
}

/// The tokens.
pub(crate) fn usage(prompt: usize, output: usize) -> Value {
    json!({"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": output}})
}

pub(crate) fn url(http: &Http) -> String {
    format!("http://{}/v1", http.address)
}

pub(crate) fn always() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

pub(crate) fn connect(url: &str) -> Result<Server, Error> {
    Server::connect(
        url,
        None,
        Some("sk-secret".to_owned()),
        Box::new(str::to_owned),
        &mut always,
    )
}

pub(crate) fn prompt() -> Prompt {
    Prompt {
        text: "[PYTHON]\ndef f():\n    return '<s>'\n".to_owned(),
        stops: vec!["[/ANSWER]".to_owned()],
    }
}

pub(crate) fn limits() -> Limits {
    Limits {
        new_tokens: 100,
        temperature: 0.0,
        top_p: 1.0,
        seed: 7,
    }
}

/// Asks once; what was shown, and how it ended.
pub(crate) fn ask(server: &mut Server) -> (String, Result<Completion, Error>) {
    let mut text = String::new();
    let completion = server.stream(&prompt(), &limits(), &mut |piece| {
        text.push_str(piece);
        ControlFlow::Continue(())
    });
    (text, completion)
}

/// The sentence that comes of asking a server that answers so.
pub(crate) fn sentence(
    answer: impl Fn(&Asked, &mut TcpStream) + Send + Sync + 'static,
) -> (String, String) {
    let http = fake(answer);
    let (text, completion) = ask(&mut connect(&url(&http)).unwrap());
    let sentence = completion.unwrap_err().to_string();
    assert!(!sentence.contains("sk-secret"), "{sentence}");
    assert!(!sentence.contains('\n'), "{sentence}");
    (text, sentence)
}
