//! What the cache holds: listed, and removed.

use std::fs;

use serde_json::Value;

use super::{Place, last};

#[test]
fn the_cache_is_listed_and_emptied() {
    let place = Place::new();
    let empty = place.run(&["model", "list"]);
    assert!(empty.out.contains("there is no model in"), "{}", empty.out);
    place.hub.put("w.Q8_0.gguf", vec![7; 5000]);
    assert_eq!(place.run(&["model", "pull", "hf:org/tiny"]).status, 0);
    let list = place.run(&["model", "list"]);
    assert!(
        list.out.starts_with("ok ")
            && list
                .out
                .contains("hf:org/tiny  LlamaForCausalLM, licence mit"),
        "{}",
        list.out
    );
    let json: Value = serde_json::from_str(&place.run(&["model", "list", "--json"]).out).unwrap();
    assert_eq!(
        (&json["model"], &json["usable"]),
        (&"hf:org/tiny".into(), &true.into())
    );
    let weights = place.hub.file("model.safetensors").len() as u64;
    assert!(weights < json["bytes"].as_u64().unwrap());

    assert_eq!(
        place
            .run(&["model", "pull", "hf:org/tiny@v2:w.Q8_0.gguf"])
            .status,
        0
    );
    let removed = place.run(&["model", "remove", "hf:org/tiny:w.Q8_0.gguf"]);
    assert_eq!(removed.status, 0, "{}", removed.err);
    assert!(
        removed.out.contains("5.0 kB are free again"),
        "{}",
        removed.out
    );
    assert!(
        place
            .run(&["model", "list"])
            .out
            .contains("LlamaForCausalLM")
    );

    let removed = place.run(&["model", "remove", "hf:org/tiny"]);
    assert_eq!(removed.status, 0, "{}", removed.err);
    assert!(!place.folder().exists());
    let again = place.run(&["model", "remove", "hf:org/tiny"]);
    assert_eq!(again.status, 1);
    assert!(
        last(&again).contains("cannot remove hf:org/tiny: it is not in"),
        "{}",
        again.err
    );
}

#[test]
fn what_cannot_be_run_is_listed_with_the_reason() {
    let place = Place::new();
    let config = String::from_utf8(place.hub.file("config.json")).unwrap();
    place.hub.put(
        "config.json",
        config.replace("LlamaForCausalLM", "MambaForCausalLM"),
    );
    assert_eq!(place.run(&["model", "pull", "hf:org/tiny"]).status, 0);
    let list = place.run(&["model", "list"]);
    assert!(
        list.out.starts_with("no ") && list.out.contains("MambaForCausalLM cannot be run"),
        "{}",
        list.out
    );
    fs::create_dir_all(place.home.path().join("hf/hub/datasets--org--data")).unwrap();
    assert_eq!(place.run(&["model", "list"]).out.lines().count(), 1);
}

#[test]
fn speed_is_measured() {
    let place = Place::new();
    assert_eq!(place.run(&["model", "pull", "hf:org/tiny"]).status, 0);
    let speed = place.run(&["model", "speed", "hf:org/tiny", "--json", "--device", "cpu"]);
    assert_eq!(speed.status, 0, "{}", speed.err);
    let json: Value = serde_json::from_str(&speed.out).unwrap();
    assert!(0.0 < json["prefill_tokens_per_second"].as_f64().unwrap());
    assert!(0.0 < json["decode_tokens_per_second"].as_f64().unwrap());
    let text = place.run(&["model", "speed", "hf:org/tiny"]).out;
    assert!(
        text.contains("prefill") && text.contains("tokens/s"),
        "{text}"
    );
}
