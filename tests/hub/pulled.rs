//! Fetching a model that is there to be had.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use super::fake::{COMMIT, Mood, TOKEN};
use super::{Place, last, ran, same};

const WEIGHTS: &str = "model.safetensors";

#[test]
fn a_model_is_fetched_and_then_runs_without_the_hub() {
    let place = Place::new();
    let pulled = place.run(&["model", "pull", "hf:org/tiny"]);
    assert_eq!(pulled.status, 0, "{}", pulled.err);
    assert!(
        pulled.out.contains("hf:org/tiny is here") && pulled.out.contains("licence mit"),
        "{}",
        pulled.out
    );
    // As the hub's own tools lay it out.
    let snapshot = place.folder().join("snapshots").join(COMMIT);
    assert_eq!(
        fs::read_to_string(place.folder().join("refs/main")).unwrap(),
        COMMIT
    );
    let link = fs::read_link(snapshot.join(WEIGHTS)).unwrap();
    assert_eq!(
        link.to_str().unwrap(),
        format!("../../blobs/{}", place.hub.etag(WEIGHTS))
    );
    assert!(same(&snapshot.join(WEIGHTS), &place.hub.file(WEIGHTS)));
    // No weights that a program could hide in.
    assert!(!snapshot.join("pytorch_model.bin").exists());
    let before = place.hub.asked().len();
    for offline in ["0", "1"] {
        let mut command = place.command(&["model", "info", "hf:org/tiny", "--device", "cpu"]);
        let info = ran(command.env("HF_HUB_OFFLINE", offline).output().unwrap());
        assert_eq!(info.status, 0, "{}", info.err);
        for words in [
            "LlamaForCausalLM",
            "device        cpu",
            "dtype         f32",
            "licence       mit",
        ] {
            assert!(info.out.contains(words), "{}", info.out);
        }
    }
    assert_eq!(place.hub.asked().len(), before);
}

#[test]
fn what_is_here_is_not_fetched_again() {
    let place = Place::new();
    assert_eq!(place.run(&["model", "pull", "hf:org/tiny"]).status, 0);
    let fetched = place.hub.fetched().len();
    let again = place.run(&["model", "pull", "hf:org/tiny"]);
    assert_eq!(again.status, 0, "{}", again.err);
    assert!(again.err.contains("of it here already"), "{}", again.err);
    assert_eq!(place.hub.fetched().len(), fetched);
}

#[test]
fn a_cut_connection_is_gone_on_with() {
    let place = Place::new();
    place.hub.set(Mood {
        cut: Some((50_000, 2)),
        ..Mood::default()
    });
    let pulled = place.run(&["model", "pull", "hf:org/tiny"]);
    assert_eq!(pulled.status, 0, "{}", pulled.err);
    assert!(pulled.err.contains("going on"), "{}", pulled.err);
    assert!(same(&place.blob(WEIGHTS), &place.hub.file(WEIGHTS)));
    let ranges: Vec<_> = place
        .hub
        .fetched()
        .iter()
        .map(|it| it.header("range").map(str::to_owned))
        .collect();
    let from = |bytes: usize| Some(format!("bytes={bytes}-"));
    assert_eq!(ranges, [None, from(50_000), from(100_000)]);
}

#[test]
fn a_part_of_another_program_is_gone_on_with_and_held_against_its_sum() {
    let place = Place::new();
    let content = place.hub.file(WEIGHTS);
    fs::create_dir_all(place.folder().join("blobs")).unwrap();
    let partial = place
        .folder()
        .join("blobs")
        .join(format!("{}.incomplete", place.hub.etag(WEIGHTS)));
    for (part, requests) in [
        (content[..70_000].to_vec(), 1),
        // Whole but for its name.
        (content.clone(), 0),
        // Longer than it can be.
        ([content.clone(), vec![0; 9]].concat(), 1),
        // Of another file: found out at the end, and fetched from the start.
        (vec![7; 70_000], 2),
    ] {
        let _ = fs::remove_file(place.blob(WEIGHTS));
        fs::write(&partial, &part).unwrap();
        let before = place.hub.fetched().len();
        let pulled = place.run(&["model", "pull", "hf:org/tiny"]);
        assert_eq!(pulled.status, 0, "{}", pulled.err);
        assert!(same(&place.blob(WEIGHTS), &content));
        assert_eq!(
            place.hub.fetched().len(),
            before + requests,
            "{} bytes",
            part.len()
        );
        assert!(!partial.exists());
    }
}

#[test]
fn a_host_without_ranges_is_asked_from_the_start() {
    let place = Place::new();
    place.hub.set(Mood {
        cut: Some((50_000, 1)),
        ranges: Some(false),
        busy: 1,
        ..Mood::default()
    });
    let pulled = place.run(&["model", "pull", "hf:org/tiny"]);
    assert_eq!(pulled.status, 0, "{}", pulled.err);
    assert!(same(&place.blob(WEIGHTS), &place.hub.file(WEIGHTS)));
}

#[test]
fn shards_come_by_their_index() {
    let place = Place::new();
    let weights = place.hub.file(WEIGHTS);
    place.hub.drop_file(WEIGHTS);
    let header: Value = serde_json::from_slice(&weights[8..8 + header_length(&weights)]).unwrap();
    let names = header
        .as_object()
        .unwrap()
        .keys()
        .filter(|it| *it != "__metadata__");
    let map: serde_json::Map<String, Value> = names
        .map(|it| (it.clone(), "model-1.safetensors".into()))
        .collect();
    place.hub.put("model-1.safetensors", weights);
    place.hub.put("model-2.safetensors", "of no use");
    place.hub.put(
        "model.safetensors.index.json",
        serde_json::json!({"weight_map": map}).to_string(),
    );
    let pulled = place.run(&["model", "pull", "hf:org/tiny"]);
    assert_eq!(pulled.status, 0, "{}", pulled.err);
    let snapshot = place.folder().join("snapshots").join(COMMIT);
    assert!(snapshot.join("model-1.safetensors").is_file());
    assert!(!snapshot.join("model-2.safetensors").exists());
    assert_eq!(place.run(&["model", "info", "hf:org/tiny"]).status, 0);
}

fn header_length(weights: &[u8]) -> usize {
    u64::from_le_bytes(weights[..8].try_into().unwrap()) as usize
}

#[test]
fn one_file_a_revision_and_a_repository_that_moved() {
    let place = Place::new();
    place.hub.put("w.Q8_0.gguf", "GGUF and so on");
    let pulled = place.run(&["model", "pull", "hf:org/tiny@v2:w.Q8_0.gguf"]);
    assert_eq!(pulled.status, 0, "{}", pulled.err);
    let path = pulled.out.lines().last().unwrap();
    assert_eq!(fs::read(path).unwrap(), b"GGUF and so on");
    assert!(path.ends_with("w.Q8_0.gguf"));
    assert_eq!(
        fs::read_to_string(place.folder().join("refs/v2")).unwrap(),
        COMMIT
    );
    let snapshot = place.folder().join("snapshots").join(COMMIT);
    assert!(snapshot.join("tokenizer.json").is_file() && !snapshot.join(WEIGHTS).exists());
    let moved = place.run(&["model", "pull", "hf:old/tiny"]);
    assert_eq!(moved.status, 0, "{}", moved.err);
}

#[test]
fn a_token_opens_a_gated_repository_and_stays_with_the_hub() {
    let place = Place::new();
    place.hub.set(Mood {
        gated: true,
        ..Mood::default()
    });
    let refused = place.run(&["model", "pull", "hf:org/tiny"]);
    assert_eq!(refused.status, 1);
    let said = last(&refused);
    assert!(
        said.contains("accept the terms at") && said.contains("set HF_TOKEN"),
        "{said}"
    );
    let mut command = place.command(&["model", "pull", "hf:org/tiny"]);
    let pulled = ran(command.env("HF_TOKEN", TOKEN).output().unwrap());
    assert_eq!(pulled.status, 0, "{}", pulled.err);
    // Where `huggingface-cli login` puts it.
    fs::remove_dir_all(place.folder()).unwrap();
    fs::write(place.home.path().join("hf/token"), format!("{TOKEN}\n")).unwrap();
    let pulled = place.run(&["model", "pull", "hf:org/tiny"]);
    assert_eq!(pulled.status, 0, "{}", pulled.err);
}

#[test]
fn two_at_once_fetch_it_once() {
    let place = Place::new();
    place.hub.set(Mood {
        slow: 5,
        ..Mood::default()
    });
    let pull = || {
        let mut command = place.command(&["model", "pull", "hf:org/tiny"]);
        let command = command.stdout(std::process::Stdio::piped());
        command
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let first = pull();
    std::thread::sleep(Duration::from_millis(300));
    let second = pull();
    let (first, second) = (first.wait_with_output(), second.wait_with_output());
    let (first, second) = (ran(first.unwrap()), ran(second.unwrap()));
    assert_eq!(
        (first.status, second.status),
        (0, 0),
        "{}{}",
        first.err,
        second.err
    );
    let waited = "another program is fetching it";
    assert!(
        first.err.contains(waited) || second.err.contains(waited),
        "{}{}",
        first.err,
        second.err
    );
    assert_eq!(place.hub.fetched().len(), 1);
    assert!(same(&place.blob(WEIGHTS), &place.hub.file(WEIGHTS)));
}

#[test]
fn a_mirror_that_keeps_the_bytes_itself() {
    let place = Place::new();
    place.hub.set(Mood {
        whole: true,
        ..Mood::default()
    });
    let pulled = place.run(&["model", "pull", "hf:org/tiny"]);
    assert_eq!(pulled.status, 0, "{}", pulled.err);
    assert!(same(&place.blob(WEIGHTS), &place.hub.file(WEIGHTS)));
    assert!(place.hub.fetched().is_empty());
}
