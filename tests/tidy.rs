//! Rules of the source tree, as tests: who may import whom, how long a file may be, how it opens.

#![expect(clippy::print_stderr, reason = "what is skipped is said")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Each room, and the rooms it may import. `cli` and `main` may import anything.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("trace", &[]),
    ("represent", &["trace"]),
    ("redact", &["trace"]),
    (
        "export",
        &["trace", "represent", "redact", "model", "explain"],
    ),
    ("sandbox", &[]),
    ("record", &["trace", "sandbox"]),
    ("model", &[]),
    ("explain", &["trace", "model", "redact"]),
    (
        "repair",
        &[
            "trace",
            "record",
            "represent",
            "model",
            "explain",
            "redact",
            "sandbox",
        ],
    ),
    ("settings", &[]),
    (
        "tui",
        &[
            "trace",
            "record",
            "represent",
            "redact",
            "export",
            "model",
            "explain",
            "repair",
            "settings",
        ],
    ),
];

/// Lines a file may have.
const MAX_LINES: usize = 400;

#[test]
fn rooms_import_only_what_they_may() {
    let mut wrong = Vec::new();
    for (room, allowed) in MAY_IMPORT {
        let mut files = rust_files(&root().join("src").join(room));
        let single = root().join("src").join(format!("{room}.rs"));
        files.extend(fs::read_to_string(&single).ok().map(|text| (single, text)));
        assert!(!files.is_empty(), "the room {room} is gone");
        for (path, text) in files {
            for imported in rooms_named_in(&text) {
                if imported != *room && !allowed.contains(&imported.as_str()) {
                    wrong.push(format!(
                        "{}: {room} may not import {imported}",
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_is_in_the_table() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs is there");
    for room in lib.lines().filter_map(|it| it.strip_prefix("pub mod ")) {
        let room = room.trim_end_matches(';');
        assert!(
            room == "cli" || MAY_IMPORT.iter().any(|(it, _)| *it == room),
            "{room} is missing from MAY_IMPORT"
        );
    }
}

#[test]
fn grouped_imports_are_seen() {
    let text = "use crate::{\n    trace::{Id, Step},\n    tui,\n};\nlet _ = crate::model::Finish;";
    assert_eq!(rooms_named_in(text), ["trace", "tui", "model"]);
}

#[test]
fn only_the_screen_names_ratatui() {
    let wrong: Vec<_> = rust_files(&root().join("src"))
        .into_iter()
        .filter(|(path, text)| {
            let screen = path.starts_with(root().join("src/tui"));
            !screen
                && text
                    .lines()
                    .any(|it| !is_comment(it) && it.contains("ratatui"))
        })
        .map(|(path, _)| path)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_are_short_and_open_with_a_doc() {
    let all = ["src", "tests", "benches"].map(|it| rust_files(&root().join(it)));
    let rust = all.into_iter().flatten().map(|it| (it, &["//!"][..]));
    // What is embedded has a docstring, or comments where it must leave nothing behind.
    let python = files(&root().join("src"), "py");
    let python = python.into_iter().map(|it| (it, &["\"\"\"", "# "][..]));
    let wrong: Vec<_> = rust
        .chain(python)
        .filter(|((_, text), docs)| {
            let opens = docs.iter().any(|it| text.starts_with(it));
            MAX_LINES < text.lines().count() || !opens
        })
        .map(|((path, _), _)| path)
        .collect();
    assert!(
        wrong.is_empty(),
        "over {MAX_LINES} lines, or no module doc: {wrong:#?}"
    );
}

/// `cargo fmt` does not follow modules that a macro declares, so every file is checked by itself.
#[test]
fn files_are_formatted() {
    let all = ["src", "tests", "benches"].map(|it| rust_files(&root().join(it)));
    let output = Command::new("rustfmt")
        .args([
            "--edition",
            "2024",
            "--check",
            "--config",
            "skip_children=true",
        ])
        .args(all.iter().flatten().map(|(path, _)| path))
        .output();
    let output = match output {
        Ok(it) if it.status.success() => return,
        Ok(it) => it,
        Err(it) => return eprintln!("SKIPPED: rustfmt does not start: {it}"),
    };
    // The option is unstable on some toolchains; without it children are checked twice, which is fine.
    if String::from_utf8_lossy(&output.stderr).contains("skip_children") {
        let again = Command::new("rustfmt")
            .args(["--edition", "2024", "--check"])
            .args(all.iter().flatten().map(|(path, _)| path))
            .output()
            .expect("it started before");
        assert!(
            again.status.success(),
            "run: rustfmt --edition 2024 $(git ls-files '*.rs')\n{}",
            String::from_utf8_lossy(&again.stdout)
        );
        return;
    }
    panic!("{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn unfinished_work_is_not_left_lying() {
    let words = ["todo!(", "unimplemented!(", "#[ignore"];
    let mut wrong = Vec::new();
    for (path, text) in rust_files(&root().join("src")) {
        for (idx, line) in text.lines().enumerate() {
            if words.iter().any(|it| line.contains(it)) {
                wrong.push(format!("{}:{}: {line}", path.display(), idx + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_top_level_is_the_card() {
    let card = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "themes",
        "tests",
        "assets",
        "README.md",
        "benches",
    ];
    let wrong: Vec<String> = fs::read_dir(root())
        .expect("the package is readable")
        .filter_map(|it| it.ok()?.file_name().into_string().ok())
        .filter(|it| !it.starts_with('.') && it != "target" && !card.contains(&it.as_str()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?} do not belong at the top");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn rust_files(folder: &Path) -> Vec<(PathBuf, String)> {
    files(folder, "rs")
}

/// The files in `folder`, and in those in it, whose names end so.
fn files(folder: &Path, ending: &str) -> Vec<(PathBuf, String)> {
    let mut res = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return res;
    };
    for path in entries.filter_map(|it| Some(it.ok()?.path())) {
        if path.is_dir() {
            res.extend(files(&path, ending));
        } else if path.extension().is_some_and(|it| it == ending) {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            res.push((path, text));
        }
    }
    res
}

/// The rooms after `crate::`, grouped imports included; comments aside.
fn rooms_named_in(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .filter(|it| !is_comment(it))
        .flat_map(|it| [it, "\n"])
        .collect();
    let mut res = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => res.extend(heads(group)),
            None => res.push(word(rest)),
        }
    }
    // What starts with a capital is an item of the crate's root, not a room.
    res.retain(|it| it.starts_with(char::is_lowercase));
    res
}

/// The first word of each member of a group, up to its closing brace.
fn heads(group: &str) -> Vec<String> {
    let (mut res, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                res.push(word(group[start..at].trim_start()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                res.push(word(group[start..at].trim_start()));
                start = at + 1;
            }
            _ => (),
        }
    }
    res.retain(|it| !it.is_empty());
    res
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|it| it.is_alphanumeric() || *it == '_')
        .collect()
}
