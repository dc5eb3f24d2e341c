//! What `show --json` tells of the sample's run.

use std::path::Path;

use serde_json::Value;

use crate::sample::run;

/// What `show --as NAME --json` tells of `run.trace`, in a mode unless that is empty.
pub(crate) fn shown(folder: &Path, name: &str, mode: &str, more: &[&str]) -> Value {
    let mut args = vec!["show", "run.trace", "--json", "--as", name];
    if !mode.is_empty() {
        args.extend(["--mode", mode]);
    }
    args.extend(more);
    let ran = run(folder, &args);
    assert_eq!(ran.status, 0, "{args:?}: {}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}
