//! The canonical Concise text read back: what it says of each frame, replayed in order, is what the
//! recorder saw the frame's variables hold when it ended.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]
#![expect(clippy::print_stderr, reason = "what is skipped is said")]

#[path = "support/concise.rs"]
mod concise;
mod support;

use std::{
    fs,
    path::{Path, PathBuf},
};

use concise::check;
use monologue::{
    record::{Target, record},
    trace::file,
};
use support::{launch, pythons};

fn programs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut res: Vec<PathBuf> = ["tests/programs", "tests/golden/programs"]
        .iter()
        .flat_map(|it| fs::read_dir(root.join(it)).unwrap())
        .map(|it| it.unwrap().path())
        .filter(|it| it.extension().is_some_and(|it| it == "py"))
        .collect();
    res.sort();
    res
}

#[test]
fn each_frame_of_each_program_ends_as_the_text_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace");
    let mut ended = 0;
    for python in pythons::installed() {
        for file in programs() {
            let what = format!("{} on 3.{}", file.display(), python.minor);
            let mut launch = launch(&python, Target::Script { file }, &path);
            launch.timeout = Some(std::time::Duration::from_secs(60));
            record(&launch).unwrap();
            let trace = file::open(&path).unwrap();
            if trace.steps().len() < 3000 {
                ended += check(&trace, &what);
            }
        }
    }
    assert!(100 < ended, "only {ended} frames ended");
}

#[test]
fn each_known_problem_ends_as_the_text_says() {
    let Some(data) = std::env::var_os("MONOLOGUE_DATA") else {
        eprintln!("SKIPPED: MONOLOGUE_DATA names no folder with cruxeval-dev.jsonl");
        return;
    };
    let text = fs::read_to_string(Path::new(&data).join("cruxeval-dev.jsonl")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (
        folder.path().join("problem.py"),
        folder.path().join("trace"),
    );
    let pythons = pythons::installed();
    let mut checked = 0;
    for (at, line) in text.lines().enumerate() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        fs::write(&file, row["code"].as_str().unwrap()).unwrap();
        let target = Target::Call {
            expr: format!("f({})", row["input"].as_str().unwrap()).into(),
            file: file.clone(),
        };
        let python = &pythons[at % pythons.len()];
        record(&launch(python, target, &path)).unwrap();
        let trace = file::open(&path).unwrap();
        let ended = check(&trace, &format!("problem {at} on 3.{}", python.minor));
        assert!(0 < ended, "problem {at}: no frame ended");
        checked += 1;
    }
    assert_eq!(checked, text.lines().count());
    eprintln!("{checked} problems replayed");
}
