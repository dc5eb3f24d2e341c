//! Secrets planted in every source that a program reads from, and sought in everything that is written of
//! its trace: pages, spans, prompts, exports.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod support;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use monologue::{
    explain::{Direction, Question},
    export,
    redact::{self, Masker, Trust},
    represent::{self, Profile, Request},
    trace::{FrameId, Trace, file},
};

use crate::support::pythons;

/// What is planted, and where.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("SEED_ENV", "seedenvpart-seedenvtail-9431"),
    ("SEED_GETENV", "seedgetenv8812"),
    ("SEED_ALIAS", "seedalias'seedquoted\"7702"),
    ("SEED_PROMPTED", "seedprompted"),
    ("SEED_KEYRING", "seedkeyring"),
    ("SEED_PRINTED", "seedprinted5521"),
    ("SEED_LETTERS", "seedletters3390"),
    ("SEED_STDERR", "seedstderr1120"),
    ("SEED_RAISED", "seedraised6644"),
    ("SEED_ENCODED", "seedencoded2218"),
    ("SEED_THREAD", "seedthread9907"),
    ("SEED_NAME", "seed_keyword_name"),
];

/// What may not be found anywhere.
const SOUGHT: &[&str] = &[
    "seedenvpart",
    "seedenvtail",
    "seedgetenv8812",
    "seedalias",
    "seedquoted",
    "detouqdees",
    "seedprompted",
    "seedkeyring",
    "seedprinted5521",
    "seedletters3390",
    "seedstderr1120",
    "seedraised6644",
    "seedencoded2218",
    "c2VlZGVuY29kZWQyMjE4",
    "73656564656e636f64656432323138",
    "seedthread9907",
    "seed_keyword_name",
    "seedfilevalue",
    "SEEDFILEVALUE",
    "SeedFileSecond",
    "SEEDFILESECOND",
    "seedwire4471",
    "seedstdin5567",
    "90125577",
    "seedargument1",
    "SeedArgument1",
    "seedconfigdeep",
    "Seed-Literal-Password",
    "SeedLiteralGitHub",
    "seed-url-password",
    "4111111111111111",
    "AKIASEED",
    "seed-dictionary-key",
    "seed.comment@example.org",
];

fn recorded(python: &Path, folder: &Path) -> Trace {
    let program = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/secrets/every_source.py");
    let secrets = folder.join("secrets.txt");
    fs::write(&secrets, "first=seedfilevalue\nsecond=SeedFileSecond\n").expect("a file");
    let config = folder.join("config.json");
    fs::write(&config, r#"{"nested": {"deep": ["seedconfigdeep"]}}"#).expect("a file");
    let input = folder.join("input.txt");
    fs::write(&input, "seedwire4471\nseedstdin5567\n90125577\n").expect("a file");
    let trace = folder.join("run.trace");
    let words: [OsString; 8] = [
        "record".into(),
        "--python".into(),
        python.into(),
        "--stdin".into(),
        input.into(),
        "-o".into(),
        (&trace).into(),
        program.into(),
    ];
    let status = Command::new(env!("CARGO_BIN_EXE_monologue"))
        .args(words)
        .arg("SeedArgument1")
        .envs(ENVIRONMENT.iter().copied())
        .env("SEED_FILE", &secrets)
        .env("SEED_CONFIG", &config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("it starts");
    assert_eq!(status.code(), Some(1), "the program ends by its last line");
    file::open(&trace).expect("a trace")
}

/// Everything that is written of a trace anywhere, with a name for each.
fn written(trace: &Trace) -> Vec<(String, String)> {
    let mut res = Vec::new();
    for it in represent::ALL {
        let modes = match it.modes() {
            [] => vec![None],
            modes => modes.iter().map(|it| Some(*it)).collect(),
        };
        for profile in [Profile::Canonical, Profile::Compat] {
            for mode in &modes {
                let request = Request {
                    profile,
                    mode: *mode,
                    ..Request::whole(trace)
                };
                let page = represent::page(*it, trace, &request);
                let tokens = export::Tokens {
                    tokenizer: "none".into(),
                    count: 0,
                };
                let shown = export::Shown::new(*it, profile, &page, &tokens);
                let json = serde_json::to_string(&shown).expect("an object");
                let name = format!("{} {profile:?} {mode:?}", it.name());
                res.push((name, json));
            }
        }
    }
    let mut events = Vec::new();
    export::events(trace, &mut events, None).expect("memory takes all");
    res.push(("events".into(), String::from_utf8(events).expect("JSON")));
    for raw in 0..trace.frames().len() {
        for direction in [Direction::Forward, Direction::Backward] {
            let question = Question::about(trace, Some(FrameId::new(raw)), direction);
            if let Ok(question) = question {
                let text = question.prompt.text + &question.call;
                res.push((format!("prompt {raw}"), text));
            }
        }
    }
    for (key, text) in trace.facts() {
        res.push((format!("fact {key}"), text.to_owned()));
    }
    for id in trace.files().ids() {
        res.push(("path".into(), trace.files()[id].path.to_string()));
    }
    for id in trace.outputs().ids() {
        let text = String::from_utf8_lossy(&trace.outputs()[id].bytes).into_owned();
        res.push(("output".into(), text));
    }
    res
}

#[test]
fn no_planted_secret_is_found_anywhere() {
    for python in pythons::installed() {
        let folder = tempfile::tempdir().expect("a folder");
        let trace = recorded(&python.path, folder.path());
        let plain: String = written(&trace).into_iter().map(|it| it.1 + "\n").collect();
        for secret in SOUGHT
            .iter()
            .filter(|it| !matches!(**it, "seedletters3390"))
        {
            assert!(plain.contains(secret), "{secret} was not recorded at all");
        }
        let mut masker = Masker::new(&trace);
        let masked = redact::redacted(&trace, &mut masker);
        assert_eq!(masked.steps().len(), trace.steps().len());
        assert_eq!(masked.events().len(), trace.events().len());
        let mut leaks = Vec::new();
        for (name, text) in written(&masked) {
            for secret in SOUGHT {
                if let Some(at) = text.find(secret) {
                    let from = text.floor_char_boundary(at.saturating_sub(80));
                    let to = text.ceil_char_boundary((at + 80).min(text.len()));
                    leaks.push(format!("{name}: {secret}: …{}…", &text[from..to]));
                }
            }
        }
        assert!(
            leaks.is_empty(),
            "3.{}: {} leaks: {:#?}",
            python.minor,
            leaks.len(),
            &leaks[..leaks.len().min(12)]
        );
        // What is masked is told apart, and what is no secret stays.
        let text = written(&masked)
            .into_iter()
            .map(|it| it.1)
            .collect::<String>();
        for kept in [
            "from_environment",
            "development",
            "done ",
            "⟦tainted:env:",
            "⟦tainted:file:",
        ] {
            assert!(text.contains(kept), "{kept} is gone");
        }
        for id in trace.events().ids().step_by(7) {
            assert_eq!(trace.events()[id].line, masked.events()[id].line);
        }
    }
    eprintln!("sought {} secrets", SOUGHT.len());
}

#[test]
fn standard_input_can_be_trusted() {
    let python = pythons::installed().remove(0);
    let folder = tempfile::tempdir().expect("a folder");
    let trace = recorded(&python.path, folder.path());
    let mut masker = Masker::trusting(&trace, Trust { stdin: true });
    let masked = redact::redacted(&trace, &mut masker);
    let text: String = written(&masked).into_iter().map(|it| it.1).collect();
    assert!(text.contains("seedstdin5567") && text.contains("90125577"));
    assert!(!text.contains("seedenvpart"));
}
