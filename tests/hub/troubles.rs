//! Models that are not to be had, and what is said of them.

use std::fs;
use std::net::TcpListener;

use super::fake::{COMMIT, Mood};
use super::{Place, last, ran};

fn refused(place: &Place, spec: &str, words: &str) {
    let refused = place.run(&["model", "pull", spec]);
    assert_eq!(refused.status, 1, "{spec}: {}", refused.err);
    let said = last(&refused);
    assert!(
        said.starts_with(&format!("monologue: cannot fetch {spec}: ")),
        "{said}"
    );
    assert!(said.contains(words), "{said}");
}

#[test]
fn what_is_not_there() {
    let place = Place::new();
    refused(
        &place,
        "hf:org/other",
        "no such repository, or it is private",
    );
    refused(&place, "hf:org/tiny@v9", "there is no revision v9");
    place.hub.put("a.gguf", "GGUF");
    refused(
        &place,
        "hf:org/tiny:b.gguf",
        "no file b.gguf; it has a.gguf",
    );
    place.hub.drop_file("model.safetensors");
    refused(
        &place,
        "hf:org/tiny",
        "name a file of it, as in hf:org/tiny:a.gguf",
    );
    place.hub.drop_file("a.gguf");
    refused(&place, "hf:org/tiny", "can run code when read");
    let usage = place.run(&["model", "pull", "./somewhere"]);
    assert_eq!(usage.status, 2);
    assert!(usage.err.contains("it is not on the hub"), "{}", usage.err);
}

#[test]
fn damaged_files_are_not_kept() {
    let place = Place::new();
    place.hub.set(Mood {
        scribbles: true,
        ..Mood::default()
    });
    refused(
        &place,
        "hf:org/tiny",
        "model.safetensors came damaged (its SHA-256 is ",
    );
    assert!(!place.blob("model.safetensors").exists());
    let left = fs::read_dir(place.folder().join("blobs")).unwrap();
    assert!(
        left.flatten()
            .all(|it| !it.file_name().to_string_lossy().ends_with(".incomplete"))
    );
}

#[test]
fn a_disk_without_room_is_found_out_before() {
    let place = Place::new();
    place.hub.set(Mood {
        claims: Some(u64::MAX / 2),
        ..Mood::default()
    });
    refused(&place, "hf:org/tiny", "set HF_HOME to a larger disk");
    let said = place.run(&["model", "pull", "hf:org/tiny"]);
    assert!(
        last(&said).contains("it takes 9223372036.9 GB more"),
        "{}",
        said.err
    );
    assert_eq!(place.hub.fetched().len(), 0);
}

#[test]
fn one_that_breaks_off_for_good_is_gone_on_with_later() {
    let place = Place::new();
    place.hub.set(Mood {
        // Nothing comes at all.
        cut: Some((0, 99)),
        ..Mood::default()
    });
    refused(&place, "hf:org/tiny", "pull again to go on from there");
    // A part of it is no model.
    let info = place.run(&["model", "info", "hf:org/tiny"]);
    assert_eq!(info.status, 1);
    let whole = fs::read_dir(place.folder().join("snapshots").join(COMMIT)).unwrap();
    assert!(0 < whole.count());
    let list = place.run(&["model", "list"]);
    assert!(
        list.out.starts_with("no ") && list.out.contains("model.safetensors is missing"),
        "{}",
        list.out
    );
    place.hub.set(Mood::default());
    assert_eq!(place.run(&["model", "pull", "hf:org/tiny"]).status, 0);
}

#[test]
fn offline_nothing_is_asked() {
    let place = Place::new();
    for args in [
        ["model", "pull", "hf:org/tiny"],
        ["model", "info", "hf:org/tiny"],
    ] {
        let mut command = place.command(&args);
        let offline = ran(command.env("HF_HUB_OFFLINE", "1").output().unwrap());
        assert_eq!(offline.status, 1);
        assert!(offline.err.contains("HF_HUB_OFFLINE"), "{}", offline.err);
    }
    assert!(place.hub.asked().is_empty());
}

#[test]
fn a_hub_that_is_none() {
    let place = Place::new();
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let page =
        super::http::Http::serve(|_, stream| super::http::reply(stream, 200, &[], b"<html>log in"));
    for (endpoint, words) in [
        (format!("http://{nobody}"), "nothing listens there"),
        (
            format!("http://{}", page.address),
            "does not answer as a hub does; check HF_ENDPOINT",
        ),
        ("ftp:/x y".to_owned(), "is no address"),
    ] {
        let mut command = place.command(&["model", "pull", "semcoder-s"]);
        let failed = ran(command.env("HF_ENDPOINT", &endpoint).output().unwrap());
        assert_eq!(failed.status, 1, "{endpoint}");
        assert!(failed.err.contains(words), "{}", failed.err);
        assert_eq!(failed.err.lines().count(), 1, "{}", failed.err);
    }
}

#[test]
fn half_a_shard_is_named_at_loading() {
    let place = Place::new();
    assert_eq!(place.run(&["model", "pull", "hf:org/tiny"]).status, 0);
    let blob = place.blob("model.safetensors");
    let bytes = fs::read(&blob).unwrap();
    fs::write(&blob, &bytes[..bytes.len() / 2]).unwrap();
    let info = place.run(&["model", "info", "hf:org/tiny"]);
    assert_eq!(info.status, 1);
    assert!(
        info.err.contains("model.safetensors: it is damaged"),
        "{}",
        info.err
    );
    // Pulling again mends it.
    assert_eq!(place.run(&["model", "pull", "hf:org/tiny"]).status, 0);
    assert_eq!(place.run(&["model", "info", "hf:org/tiny"]).status, 0);
}
