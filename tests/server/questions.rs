//! What is asked, and what an answer becomes.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use monologue::model::{Backend as _, Finish, Server};
use serde_json::{Value, json};

use super::http::{Http, head, reply};
use super::{
    always, ask, connect, end, events, fake, json_reply, limits, piece, prompt, url, usage,
};

fn body(http: &Http, number: usize) -> Value {
    let asked = http.asked();
    let mut questions = asked.iter().filter(|it| it.path.ends_with("completions"));
    serde_json::from_slice(&questions.nth(number).unwrap().body).unwrap()
}

#[test]
fn a_prompt_goes_out_as_it_is_and_comes_back_in_pieces() {
    let http = fake(|_, stream| {
        let data = [
            piece("[ANSWER] "),
            piece("1 "),
            end("[/ANSWER]".into()),
            usage(12, 5),
        ];
        events(stream, &data);
    });
    let mut server = connect(&url(&http)).unwrap();
    assert_eq!(server.info().name, "semcoder-s");
    let (text, completion) = ask(&mut server);
    let completion = completion.unwrap();
    assert_eq!(text, "[ANSWER] 1 ");
    assert_eq!(completion.finish, Finish::StopWord("[/ANSWER]".to_owned()));
    assert_eq!(
        (completion.prompt_tokens, completion.output_tokens),
        (12, 5)
    );
    let body = body(&http, 0);
    // Neither wrapped nor begun: the server's tokenizer puts the token that begins a text.
    assert_eq!(body["prompt"], prompt().text);
    assert_eq!(body["stop"], json!(["[/ANSWER]"]));
    assert_eq!(
        (&body["seed"], &body["max_tokens"]),
        (&json!(7), &json!(100))
    );
    let asked = http.asked();
    let question = asked.last().unwrap();
    assert_eq!(question.path, "/v1/completions");
    assert_eq!(question.header("authorization"), Some("Bearer sk-secret"));
}

#[test]
fn a_model_made_for_talk_is_talked_to() {
    let http = Http::serve(|asked, stream| match asked.path.as_str() {
        "/v1/models" => json_reply(stream, 200, &json!({"data": [{"id": "Qwen-Instruct"}]})),
        "/v1/chat/completions" => {
            let delta = |delta: Value| json!({"choices": [{"index": 0, "delta": delta}]});
            let data = [
                delta(json!({"role": "assistant", "content": ""})),
                delta(json!({"reasoning_content": "let me see"})),
                delta(json!({"tool_calls": [{"index": 0}]})),
                delta(json!({"content": "fine"})),
                json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}),
            ];
            events(stream, &data);
        }
        _ => reply(stream, 404, &[], b""),
    });
    let (text, completion) = ask(&mut connect(&url(&http)).unwrap());
    assert_eq!(
        (text.as_str(), completion.unwrap().finish),
        ("fine", Finish::TokenLimit)
    );
    assert_eq!(body(&http, 0)["messages"][0]["content"], prompt().text);
}

#[test]
fn a_server_without_one_way_is_asked_the_other() {
    let http = fake(|asked, stream| match asked.path.as_str() {
        "/v1/completions" => json_reply(stream, 404, &json!({"detail": "Not Found"})),
        _ => json_reply(
            stream,
            200,
            &json!({"choices": [{"message": {"content": "all at once"}, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 3, "completion_tokens": 4}}),
        ),
    });
    let mut server = connect(&url(&http)).unwrap();
    let (text, completion) = ask(&mut server);
    assert_eq!(text, "all at once");
    assert_eq!(completion.unwrap().finish, Finish::EndOfText);
    // The next question knows the way.
    let before = http.asked().len();
    ask(&mut server).1.unwrap();
    assert_eq!(http.asked().len(), before + 1);
}

#[test]
fn what_a_server_does_not_take_is_left_out() {
    let http = fake(|asked, stream| {
        let body: Value = serde_json::from_slice(&asked.body).unwrap();
        for field in ["stream_options", "seed"] {
            if body.get(field).is_some() {
                let message = format!("Unrecognized request argument supplied: {field}");
                return json_reply(stream, 400, &json!({"error": {"message": message}}));
            }
        }
        events(stream, &[piece("x"), end(Value::Null)]);
    });
    let (text, completion) = ask(&mut connect(&url(&http)).unwrap());
    assert_eq!(
        (text.as_str(), completion.unwrap().finish),
        ("x", Finish::EndOfText)
    );
}

#[test]
fn several_continuations_come_of_one_question() {
    let http = fake(|_, stream| {
        let of = |index: usize, text: &str, logprob: f64| {
            json!({"choices": [{"index": index, "text": text,
                                "logprobs": {"token_logprobs": [logprob]}}]})
        };
        let mut data = vec![
            of(1, "b", -2.0),
            of(0, "a", -0.5),
            of(2, "c", -1.0),
            of(0, "a", -1.5),
        ];
        for index in 0..3 {
            data.push(
                json!({"choices": [{"index": index, "text": "", "finish_reason": "length"}]}),
            );
        }
        data.push(usage(10, 4));
        events(stream, &data);
    });
    let mut server = connect(&url(&http)).unwrap();
    let mut heard = [String::new(), String::new(), String::new()];
    let seeds = [7, 8, 9];
    let samples = server.sample_many(&prompt(), &limits(), &seeds, &mut |row, text| {
        heard[row].push_str(text);
        ControlFlow::Continue(())
    });
    assert_eq!(heard, ["aa", "b", "c"]);
    assert_eq!(server.likelihoods(), [-1.0, -2.0, -1.0]);
    assert_eq!(samples.unwrap()[0].output_tokens, 2);
    assert_eq!(body(&http, 0)["n"], 3);
}

#[test]
fn a_server_that_writes_one_at_a_time_is_asked_once_for_each() {
    for refuses in [true, false] {
        let http = fake(move |asked, stream| {
            let body: Value = serde_json::from_slice(&asked.body).unwrap();
            if refuses && body.get("n").is_some() {
                let error = json!({"error": {"message": "only one completion choice is allowed"}});
                return json_reply(stream, 400, &error);
            }
            events(
                stream,
                &[piece(&format!("seed {}", body["seed"])), end(Value::Null)],
            );
        });
        let mut server = connect(&url(&http)).unwrap();
        let mut texts = [String::new(), String::new(), String::new()];
        let seeds = [7, 8, 9];
        let samples = server.sample_many(&prompt(), &limits(), &seeds, &mut |row, text| {
            texts[row].push_str(text);
            ControlFlow::Continue(())
        });
        assert_eq!(samples.unwrap().len(), 3);
        assert_eq!(texts, ["seed 7", "seed 8", "seed 9"], "refuses: {refuses}");
        assert!(server.likelihoods().is_empty());
    }
}

#[test]
fn a_long_prompt_gets_the_room_that_is_left() {
    let http = fake(|asked, stream| {
        let body: Value = serde_json::from_slice(&asked.body).unwrap();
        if 50 < body["max_tokens"].as_u64().unwrap() {
            let message = "This model's maximum context length is 150 tokens. However, you \
                           requested 200 tokens (100 in the prompt, 100 in the completion).";
            return json_reply(stream, 400, &json!({"object": "error", "message": message}));
        }
        events(stream, &[piece("short"), end(Value::Null)]);
    });
    assert_eq!(ask(&mut connect(&url(&http)).unwrap()).0, "short");
    assert_eq!(body(&http, 1)["max_tokens"], 50);
}

#[test]
fn a_busy_server_is_asked_again() {
    let times = Arc::new(AtomicUsize::new(0));
    let http = fake(
        move |_, stream| match times.fetch_add(1, Ordering::Relaxed) {
            0 => reply(
                stream,
                429,
                &[("retry-after", "1")],
                b"{\"error\":\"slow down\"}",
            ),
            1 => reply(
                stream,
                503,
                &[("retry-after-ms", "10")],
                b"{\"error\":\"Loading model\"}",
            ),
            // Hangs up without a word, once.
            2 => (),
            _ => events(stream, &[piece("at last"), end(Value::Null)]),
        },
    );
    let started = Instant::now();
    assert_eq!(ask(&mut connect(&url(&http)).unwrap()).0, "at last");
    assert!(Duration::from_secs(1) <= started.elapsed());
}

#[test]
fn a_silent_server_is_left_within_a_tenth_of_a_second() {
    // Silent before the head, after it, and in the middle of the answer.
    for say in 0..3 {
        let http = fake(move |_, stream| {
            if 0 < say {
                head(stream, 200, &[("content-type", "text/event-stream")]);
            }
            if 1 < say {
                use std::io::Write as _;
                let _ = stream.write_all(format!("data: {}\n\n", piece("so")).as_bytes());
            }
            std::thread::sleep(Duration::from_secs(30));
        });
        let mut server = connect(&url(&http)).unwrap();
        let started = Instant::now();
        let mut stopped = None;
        let completion = server.stream(&prompt(), &limits(), &mut |_| {
            if started.elapsed() < Duration::from_millis(300) {
                return ControlFlow::Continue(());
            }
            stopped.get_or_insert_with(Instant::now);
            ControlFlow::Break(())
        });
        let took = stopped.unwrap().elapsed();
        assert_eq!(completion.unwrap().finish, Finish::Stopped);
        assert!(took < Duration::from_millis(100), "{say}: {took:?}");
    }
}

#[test]
fn only_what_was_redacted_leaves() {
    let http = fake(|_, stream| events(stream, &[piece("x"), end(Value::Null)]));
    let hide = |text: &str| text.replace("def f", "def …");
    let mut server = Server::connect(&url(&http), None, None, Box::new(hide), &mut always).unwrap();
    ask(&mut server).1.unwrap();
    let sent = body(&http, 0)["prompt"].as_str().unwrap().to_owned();
    assert_eq!(sent, hide(&prompt().text));
    assert_eq!(server.given(&prompt()).text, sent);
    let shown = monologue::model::preview(
        &url(&http),
        Some("semcoder-s"),
        &hide,
        &prompt(),
        &limits(),
        NonZeroUsize::MIN,
    );
    let shown = shown.unwrap();
    let (address, shown) = shown.split_once('\n').unwrap();
    assert_eq!(address, format!("POST {}/completions", url(&http)));
    assert_eq!(
        serde_json::from_str::<Value>(shown).unwrap(),
        body(&http, 0)
    );
}

#[test]
fn connecting_can_be_broken_off() {
    let http = Http::serve(|_, _| std::thread::sleep(Duration::from_secs(30)));
    let started = Instant::now();
    let mut wanted = || match started.elapsed() < Duration::from_millis(200) {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    };
    let url = url(&http);
    let stopped = Server::connect(&url, None, None, Box::new(str::to_owned), &mut wanted);
    assert!(
        started.elapsed() < Duration::from_millis(300),
        "{:?}",
        started.elapsed()
    );
    let sentence = stopped.err().unwrap().to_string();
    assert!(sentence.ends_with("it was stopped"), "{sentence}");
}
