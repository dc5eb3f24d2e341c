//! Builds `src/recorder` as a Python extension and leaves it in `OUT_DIR`.
//!
//! One build serves CPython 3.9 to 3.13 (the stable ABI), and no Python is needed to make it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

fn main() {
    println!("cargo::rerun-if-changed=src/recorder");
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-changed=Cargo.lock");

    let triple = env::var("TARGET").expect("cargo sets TARGET");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    // A folder of its own: the outer cargo holds the lock on the usual one.
    let target = out.join("recorder-target");

    let status = cargo(&triple, &target).status().expect("cargo starts");
    assert!(status.success(), "the recorder did not build");

    let built = target.join(&triple).join("release").join(library_name());
    copy_if_changed(&built, &out.join("recorder.abi3.so"));
}

fn cargo(triple: &str, target: &Path) -> Command {
    let mut res = Command::new(env::var_os("CARGO").expect("cargo sets CARGO"));
    // Set by the outer cargo for its own build; the inner one decides for itself.
    for (key, _) in env::vars_os() {
        let name = key.to_string_lossy();
        let leaked = name.starts_with("CARGO_") && !KEPT.iter().any(|it| name.starts_with(it));
        if leaked || name.starts_with("RUSTC") || name.starts_with("DEP_") {
            res.env_remove(&key);
        }
    }
    res.args(["rustc", "--package=recorder", "--lib", "--release"])
        .args(["--locked", "--crate-type=cdylib", "--features=python"])
        // The extension is tuned for itself, so that the program's own release profile stays free.
        // Unwinding is needed: a panic must stop the recording, never the program it watches.
        .args(["--config", "profile.release.lto='fat'"])
        .args(["--config", "profile.release.codegen-units=1"])
        .args(["--config", "profile.release.panic='unwind'"])
        .args(["--config", "profile.release.debug=false"])
        .args(["--config", "profile.release.strip='symbols'"])
        .args(["--target", triple])
        .arg("--target-dir")
        .arg(target)
        .env("CARGO_BUILD_BUILD_DIR", target)
        .env("PYO3_NO_PYTHON", "1")
        .env("PYO3_BUILD_EXTENSION_MODULE", "1");
    res
}

/// What says how to reach crates and how to link, rather than what the outer build is.
const KEPT: &[&str] = &[
    "CARGO_HOME",
    "CARGO_NET_",
    "CARGO_HTTP_",
    "CARGO_REGISTR",
    "CARGO_SOURCE_",
    "CARGO_TERM_",
    "CARGO_BUILD_JOBS",
];

/// Leaves an equal file alone, so that nothing that embeds it is built again.
fn copy_if_changed(from: &Path, to: &Path) {
    let new = fs::read(from).expect("the recorder was built");
    if fs::read(to).is_ok_and(|old| old == new) {
        return;
    }
    fs::write(to, new).expect("OUT_DIR is writable");
}

fn library_name() -> String {
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("windows") => "recorder.dll".into(),
        Ok("macos") => "librecorder.dylib".into(),
        _ => "librecorder.so".into(),
    }
}
