//! The command line with a model behind a server: the whole way, proxies and Ctrl-C included.

use std::fs;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::http::{Http, head};
use super::{end, events, fake, json_reply, piece, url, usage};

const KEY: &str = "sk-never-shown";

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_monologue"));
    command
        .args(args)
        .current_dir(folder)
        .env("XDG_CONFIG_HOME", folder.join("no-config"))
        .env("MONOLOGUE_API_KEY", KEY)
        .env_remove("MONOLOGUE_MODEL");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command
}

/// Status, standard output, standard error.
fn run(mut command: Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!out.contains(KEY) && !err.contains(KEY), "{out}{err}");
    (output.status.code().unwrap(), out, err)
}

fn recorded() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let source = "def f(x):\n    y = x + 1\n    return y * 2\n";
    fs::write(folder.path().join("prog.py"), source).unwrap();
    let args = ["record", "-o", "run.trace", "--call", "f(3)", "prog.py"];
    assert_eq!(run(command(folder.path(), &args)).0, 0);
    folder
}

fn explaining() -> Http {
    fake(|_, stream| {
        let data = [
            piece("[L6] y is 4.\n"),
            piece("[ANSWER] f(3) == 8 "),
            end("[/ANSWER]".into()),
            usage(40, 9),
        ];
        events(stream, &data);
    })
}

#[test]
fn a_server_explains() {
    let folder = recorded();
    let http = explaining();
    let args = ["explain", "run.trace", "--json", "--model", &url(&http)];
    let (status, out, err) = run(command(folder.path(), &args));
    assert_eq!(status, 0, "{err}");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["model"], "semcoder-s");
    assert_eq!(json["answer_verdict"], "true", "{json}");
    assert_eq!(json["tokens"], json!({"prompt": 40, "output": 9}));
    let (status, out, _) = run(command(
        folder.path(),
        &args[..2]
            .iter()
            .chain(&args[3..])
            .copied()
            .collect::<Vec<_>>(),
    ));
    assert_eq!(status, 0);
    assert!(
        out.contains("y is 4.") && out.contains("answer: 8 (true)"),
        "{out}"
    );
}

#[test]
fn a_preview_sends_nothing() {
    let folder = recorded();
    let http = explaining();
    let named = format!("{}#semcoder-s", url(&http));
    let args = ["explain", "run.trace", "--preview", "--model", &named];
    let (status, out, err) = run(command(folder.path(), &args));
    assert_eq!(status, 0, "{err}");
    assert!(http.asked().is_empty());
    let (address, body) = out.split_once('\n').unwrap();
    assert_eq!(address, format!("POST {}/completions", url(&http)));
    let shown: Value = serde_json::from_str(body).unwrap();
    // Then it is really asked, and what was shown is what is sent.
    assert_eq!(
        run(command(
            folder.path(),
            &["explain", "run.trace", "--model", &named]
        ))
        .0,
        0
    );
    let sent: Value = serde_json::from_slice(&http.asked().last().unwrap().body).unwrap();
    assert_eq!(shown, sent);
    fs::write(folder.path().join("tests.py"), "assert f(3) == 9\n").unwrap();
    let args = [
        "repair",
        "--preview",
        "--tests",
        "tests.py",
        "--model",
        &named,
        "prog.py",
    ];
    let before = http.asked().len();
    let (status, out, err) = run(command(folder.path(), &args));
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("Debug and Refine the Code"), "{out}");
    assert_eq!(http.asked().len(), before);
}

#[test]
fn samples_of_a_repair_come_of_one_question() {
    let folder = recorded();
    fs::write(folder.path().join("tests.py"), "assert f(3) == 9\n").unwrap();
    let http = fake(|asked, stream| {
        let body: Value = serde_json::from_slice(&asked.body).unwrap();
        let answers = [
            "no code",
            "[Refined]\ndef f(x):\n    return x * 3\n",
            "nor here",
        ];
        let mut data = Vec::new();
        for (index, text) in answers
            .iter()
            .take(body["n"].as_u64().unwrap_or(1) as usize)
            .enumerate()
        {
            data.push(
                json!({"choices": [{"index": index, "text": text, "finish_reason": "stop"}]}),
            );
        }
        events(stream, &data);
    });
    let model = url(&http);
    let args = [
        "repair",
        "--json",
        "--samples",
        "3",
        "--tests",
        "tests.py",
        "--model",
        &model,
        "prog.py",
    ];
    let (status, out, err) = run(command(folder.path(), &args));
    assert_eq!(status, 0, "{err}{out}");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["chosen"]["candidate"], 1, "{json}");
    let questions = http
        .asked()
        .iter()
        .filter(|it| it.path == "/v1/completions")
        .count();
    assert_eq!(questions, 1);
}

#[test]
fn ctrl_c_ends_a_silent_answer_at_once() {
    let folder = recorded();
    let http = fake(|_, stream| {
        head(stream, 200, &[("content-type", "text/event-stream")]);
        let _ = stream.write_all(format!("data: {}\n\n", piece("so far")).as_bytes());
        thread::sleep(Duration::from_secs(60));
    });
    let mut command = command(
        folder.path(),
        &["explain", "run.trace", "--model", &url(&http)],
    );
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !http.asked().iter().any(|it| it.path == "/v1/completions") {
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(Duration::from_millis(300));
    let pressed = Instant::now();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    // Ending takes a tenth of a second; the rest is a busy machine's.
    assert!(
        pressed.elapsed() < Duration::from_secs(2),
        "{:?}",
        pressed.elapsed()
    );
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("so far") && out.contains(", stopped"), "{out}");
}

/// A proxy that connects to `to`, whatever host it is asked for.
fn proxy(to: &Http) -> Http {
    let to = to.address.clone();
    Http::serve(move |asked, stream| {
        assert_eq!(asked.method, "CONNECT");
        let _ = stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n");
        let there = TcpStream::connect(&to).unwrap();
        let (mut up, mut down) = (stream.try_clone().unwrap(), there.try_clone().unwrap());
        thread::spawn(move || io::copy(&mut up, &mut down));
        let _ = io::copy(&mut &there, stream);
    })
}

#[test]
fn proxies_are_honoured() {
    let folder = recorded();
    let http = explaining();
    let through = proxy(&http);
    let address = format!("http://{}", through.address);
    let args = ["explain", "run.trace", "--model", "http://model.test:80/v1"];
    let mut command_with = command(folder.path(), &args);
    command_with.env("HTTP_PROXY", &address);
    let (status, out, err) = run(command_with);
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("y is 4."), "{out}");
    assert_eq!(through.asked()[0].path, "model.test:80");
    // This machine is reached directly, and so is whom NO_PROXY names.
    let before = through.asked().len();
    let mut direct = command(
        folder.path(),
        &["explain", "run.trace", "--model", &url(&http)],
    );
    direct.env("HTTP_PROXY", &address);
    assert_eq!(run(direct).0, 0);
    let mut named = command(folder.path(), &args);
    named.env("HTTP_PROXY", &address).env("NO_PROXY", ".test");
    let (status, _, err) = run(named);
    assert_eq!((status, through.asked().len()), (1, before), "{err}");
    let refuses = Http::serve(|_, stream| super::http::reply(stream, 403, &[], b""));
    let mut refused = command(folder.path(), &args);
    refused.env("HTTP_PROXY", format!("http://{}", refuses.address));
    let (status, _, err) = run(refused);
    assert_eq!(status, 1);
    assert!(err.contains("the proxy did not connect"), "{err}");
}

#[test]
fn a_repair_that_cannot_ask_says_why() {
    let folder = recorded();
    fs::write(folder.path().join("tests.py"), "assert f(3) == 9\n").unwrap();
    let http =
        fake(|_, stream| json_reply(stream, 401, &json!({"error": format!("bad key {KEY}")})));
    let args = [
        "repair",
        "--tests",
        "tests.py",
        "--model",
        &url(&http),
        "prog.py",
    ];
    let (status, _, err) = run(command(folder.path(), &args));
    assert_eq!(status, 1);
    assert!(
        err.contains("cannot ask the model: it refused the key"),
        "{err}"
    );
    assert_eq!(err.lines().count(), 1, "{err}");
}

#[test]
fn secrets_stay_here_and_come_back_in_the_fix() {
    let folder = tempfile::tempdir().unwrap();
    const SECRET: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    let source = format!("TOKEN = '{SECRET}'\n\n\ndef f(x):\n    return x + len(TOKEN)\n");
    fs::write(folder.path().join("prog.py"), &source).unwrap();
    fs::write(folder.path().join("tests.py"), "assert f(3) == 44\n").unwrap();
    let http = fake(|asked, stream| {
        let body: Value = serde_json::from_slice(&asked.body).unwrap();
        let prompt = body["prompt"].as_str().unwrap();
        // As a model does that copies what it does not change.
        let line = prompt.lines().find(|it| it.starts_with("TOKEN")).unwrap();
        let text = format!("[Refined]\n{line}\n\n\ndef f(x):\n    return x + len(TOKEN) + 1\n");
        events(stream, &[piece(&text), end("[/Refined]".into())]);
    });
    let model = url(&http);
    let args = [
        "repair", "--apply", "--tests", "tests.py", "--model", &model, "prog.py",
    ];
    let (status, _, err) = run(command(folder.path(), &args));
    assert_eq!(status, 0, "{err}");
    let fixed = fs::read_to_string(folder.path().join("prog.py")).unwrap();
    assert_eq!(fixed, source.replace("len(TOKEN)", "len(TOKEN) + 1"));
    // A trace's secrets too, and what a preview shows is what is sent.
    let record = ["record", "-o", "run.trace", "--call", "f(3)", "prog.py"];
    assert_eq!(run(command(folder.path(), &record)).0, 0);
    let named = format!("{model}#semcoder-s");
    let explain = ["explain", "run.trace", "--preview", "--model", &named];
    let (_, shown, _) = run(command(folder.path(), &explain));
    assert!(
        shown.contains("⟦redacted:") && !shown.contains(SECRET),
        "{shown}"
    );
    let _ = run(command(
        folder.path(),
        &["explain", "run.trace", "--model", &named],
    ));
    for asked in http.asked() {
        let sent = String::from_utf8_lossy(&asked.body).into_owned();
        assert!(!sent.contains(SECRET), "{sent}");
    }
    let last: Value = serde_json::from_slice(&http.asked().last().unwrap().body).unwrap();
    let shown: Value = serde_json::from_str(shown.split_once('\n').unwrap().1).unwrap();
    assert_eq!(last, shown);
}
