//! Every way in which a server does not do as it should, and the sentence that comes of it.

use std::io::Write as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use monologue::model::{Error, Server};
use serde_json::{Value, json};

use super::http::{Http, head, reply};
use super::{always, ask, connect, end, fake, json_reply, piece, sentence, url, usage};

fn refused(url: &str, name: Option<&str>) -> String {
    let result = Server::connect(url, name, None, Box::new(str::to_owned), &mut always);
    let sentence = result.err().unwrap().to_string();
    assert!(!sentence.contains('\n'), "{sentence}");
    sentence
}

/// A server whose list of models is this.
fn listing(status: u16, headers: &'static [(&str, &str)], body: &'static str) -> String {
    url(&Http::serve(move |_, stream| {
        reply(stream, status, headers, body.as_bytes())
    }))
}

#[test]
fn at_connecting() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (url, name, words) in [
        (
            format!("http://{nobody}/v1"),
            None,
            "is the server running?",
        ),
        ("http://me:pw@h/v1".to_owned(), None, "MONOLOGUE_API_KEY"),
        (
            "http://no-such-host.invalid/v1".to_owned(),
            None,
            "no host of that name",
        ),
        (
            listing(401, &[], ""),
            None,
            "it wants a key; set MONOLOGUE_API_KEY",
        ),
        (
            listing(200, &[], "<html>hello"),
            None,
            "is not JSON (it begins with \"<html>hello\")",
        ),
        (listing(200, &[], ""), None, "is not JSON (it is empty)"),
        (listing(200, &[], "{}"), None, "its list of models is none"),
        (
            listing(302, &[("location", "https://x/login")], ""),
            None,
            "redirects to https://x/login",
        ),
        (listing(500, &[], ""), None, "it answers 500"),
        (listing(404, &[], ""), None, "name one after the address"),
        (listing(200, &[], r#"{"data":[]}"#), None, "no model loaded"),
        (
            listing(200, &[], r#"{"data":[{"id":"a"},{"id":"b"}]}"#),
            None,
            "(it has a, b)",
        ),
        (
            listing(200, &[], r#"{"data":[{"id":"a"}]}"#),
            Some("c"),
            "no model c; it has a",
        ),
    ] {
        let sentence = refused(&url, name);
        assert!(sentence.contains(words), "{url}: {sentence}");
    }
    let ollama = listing(200, &[], r#"{"data":[{"id":"q:7b"},{"id":"s:latest"}]}"#);
    assert!(
        Server::connect(
            &ollama,
            Some("s"),
            None,
            Box::new(str::to_owned),
            &mut always
        )
        .is_ok()
    );
}

#[test]
fn what_is_no_tls_and_what_is_no_http() {
    let plain = listing(200, &[], "{}").replace("http://", "https://");
    let words = refused(&plain, None);
    assert!(words.contains("http rather than https"), "{words}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"220 mail.example ESMTP\r\n");
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    let words = refused(&format!("http://{address}/v1"), None);
    assert!(words.contains("does not speak HTTP"), "{words}");
}

#[test]
fn a_tokenizer_that_strips_spaces() {
    for vllm in [true, false] {
        let strips = |strip: bool| {
            let http = Http::serve(move |asked, stream| {
                let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
                let given = body["prompt"].as_str().or(body["content"].as_str());
                let known = body.get("prompt").is_some() == vllm;
                match asked.path.as_str() {
                    "/v1/models" => json_reply(stream, 200, &json!({"data": [{"id": "m"}]})),
                    "/tokenize" if known => {
                        let bytes: Vec<u8> = given.unwrap().bytes().collect();
                        json_reply(stream, 200, &json!({"tokens": bytes}));
                    }
                    "/tokenize" => json_reply(stream, 400, &json!({"error": "what?"})),
                    "/detokenize" => {
                        let tokens = body["tokens"].as_array().unwrap();
                        let bytes: Vec<u8> =
                            tokens.iter().map(|it| it.as_u64().unwrap() as u8).collect();
                        let mut text = String::from_utf8(bytes).unwrap();
                        text.retain(|it| !strip || !it.is_whitespace());
                        let name = if vllm { "prompt" } else { "content" };
                        json_reply(stream, 200, &json!({ name: text }));
                    }
                    _ => reply(stream, 404, &[], b""),
                }
            });
            connect(&url(&http)).map(drop)
        };
        strips(false).unwrap();
        let sentence = strips(true).unwrap_err().to_string();
        assert!(sentence.contains("this server strips spaces"), "{sentence}");
    }
}

#[test]
fn refusals_in_sentences() {
    for (status, body, words) in [
        (
            401,
            r#"{"error":{"message":"Incorrect API key provided: sk-secret"}}"#,
            "it refused the key",
        ),
        (403, "", "it refused the key; check MONOLOGUE_API_KEY"),
        (
            404,
            r#"{"error":{"message":"The model `semcoder-s` does not exist."}}"#,
            "no model semcoder-s",
        ),
        (
            400,
            r#"{"error":{"message":"temperature must be hot"}}"#,
            "temperature must be hot",
        ),
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota"}}"#,
            "used up",
        ),
        (307, "", "redirects"),
        (418, "I'm a teapot", "it answers 418"),
        (200, "<!doctype html><p>Welcome", "is not JSON"),
        (200, r#"{"hello": 1}"#, "holds no text"),
        (200, r#"{"choices": [{"text": "cut"#, "is not JSON"),
        (
            200,
            "hello there",
            "is not JSON (it begins with \"hello there\")",
        ),
    ] {
        let (text, sentence) =
            sentence(move |_, stream| reply(stream, status, &[], body.as_bytes()));
        assert_eq!(text, "");
        assert!(sentence.contains(words), "{status} {body}: {sentence}");
    }
}

#[test]
fn a_wait_that_is_too_long_is_not_waited() {
    let started = Instant::now();
    let (_, sentence) = sentence(|_, stream| reply(stream, 429, &[("retry-after", "3600")], b""));
    assert!(sentence.contains("asked again in 3600 s"), "{sentence}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn an_answer_that_breaks_off_is_not_asked_for_again() {
    let begun = |rest: &str| {
        let rest = rest.to_owned();
        let http = fake(move |_, stream| {
            head(stream, 200, &[("content-type", "text/event-stream")]);
            let _ = stream.write_all(format!("data: {}\n\n{rest}", piece("half a")).as_bytes());
        });
        let (text, completion) = ask(&mut connect(&url(&http)).unwrap());
        let questions = http
            .asked()
            .iter()
            .filter(|it| it.path.ends_with("completions"))
            .count();
        assert_eq!((text.as_str(), questions), ("half a", 1));
        completion.unwrap_err().to_string()
    };
    for (rest, words) in [
        ("", "the connection ended in the middle of the answer"),
        (
            "data: {\"choices\": [{\"te\n\n",
            "a part of its answer is damaged",
        ),
        (
            "data: {\"error\": {\"message\": \"out of memory\"}}\n\n",
            "it said: out of memory",
        ),
    ] {
        let sentence = begun(rest);
        assert!(
            sentence.contains("broke off") && sentence.contains(words),
            "{sentence}"
        );
    }
}

#[test]
fn oddities_that_do_no_harm() {
    let data = |text: &str| format!("data: {text}\n\n");
    let streams = [
        // Comments to keep the connection alive, and no [DONE].
        format!(
            ": ping\n\n{}: ping\n\n{}",
            data(&piece("fine").to_string()),
            data(&end(Value::Null).to_string())
        ),
        // No reason for the end, but [DONE].
        format!("{}data: [DONE]\n\n", data(&piece("fine").to_string())),
        // The count comes first, then a role without text, CRLF, no space after the colon.
        format!(
            "data:{}\r\n\r\n{}{}",
            usage(1, 2),
            data(&piece("fine").to_string()),
            data(&end(Value::Null).to_string())
        ),
        // The stop word and more, without an end.
        format!(
            "{}{}",
            data(&piece("fine[/ANS").to_string()),
            data(&piece("WER] and so on").to_string())
        ),
    ];
    for stream_text in streams {
        let sent = stream_text.clone();
        let http = fake(move |_, stream| {
            head(stream, 200, &[("content-type", "text/event-stream")]);
            let _ = stream.write_all(sent.as_bytes());
        });
        let (text, completion) = ask(&mut connect(&url(&http)).unwrap());
        assert!(
            completion.is_ok(),
            "{stream_text}: {}",
            completion.unwrap_err()
        );
        assert_eq!(text, "fine", "{stream_text}");
    }
}

#[test]
fn a_compressed_answer_is_read() {
    // `printf 'data: {"choices":[{"text":"fine","finish_reason":"length"}]}\n\n' | gzip -n | base64`
    const GZIP: &str = include_str!("fine.gz.base64");
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(GZIP.replace('\n', ""))
        .unwrap();
    let http = fake(move |_, stream| {
        let headers = [
            ("content-type", "text/event-stream"),
            ("content-encoding", "gzip"),
        ];
        reply(stream, 200, &headers, &bytes);
    });
    assert_eq!(ask(&mut connect(&url(&http)).unwrap()).0, "fine");
}

#[test]
fn a_context_that_is_too_small_is_told_with_its_figures() {
    let http = fake(|_, stream| {
        let error = json!({"error": {"code": 400, "type": "exceed_context_size_error",
                           "message": "the request exceeds the available context size",
                           "n_prompt_tokens": 700, "n_ctx": 512}});
        json_reply(stream, 400, &error);
    });
    let (_, completion) = ask(&mut connect(&url(&http)).unwrap());
    let error = completion.unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLong {
                tokens: 700,
                context: 512
            }
        ),
        "{error}"
    );
}

#[test]
fn a_busy_server_is_not_asked_for_ever() {
    let http = fake(|_, stream| {
        reply(
            stream,
            503,
            &[("retry-after-ms", "1")],
            b"{\"error\":\"Loading model\"}",
        )
    });
    let (_, completion) = ask(&mut connect(&url(&http)).unwrap());
    let sentence = completion.unwrap_err().to_string();
    assert!(
        sentence.contains("503") && sentence.contains("Loading model"),
        "{sentence}"
    );
    assert!(sentence.contains("asked 7 times"), "{sentence}");
}
