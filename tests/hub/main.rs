//! Getting models: a small hub on this machine that serves a tiny model as the real one would, and does
//! what networks do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fake;
#[path = "../support/http.rs"]
mod http;
mod kept;
mod pulled;
#[path = "../support/tiny_model.rs"]
mod tiny_model;
mod troubles;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use fake::Hub;
use tempfile::TempDir;

/// A home for the hub's cache, and a hub.
pub(crate) struct Place {
    pub(crate) home: TempDir,
    pub(crate) hub: Hub,
}

/// What a command gave.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::with(Hub::new())
    }

    pub(crate) fn with(hub: Hub) -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            hub,
        }
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_monologue"));
        command
            .args(args)
            .current_dir(self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path().join("no-config"))
            .env("HF_HOME", self.home.path().join("hf"))
            .env("HF_ENDPOINT", self.hub.endpoint());
        for name in [
            "MONOLOGUE_MODEL",
            "HF_TOKEN",
            "HF_TOKEN_PATH",
            "HF_HUB_CACHE",
            "HF_HUB_OFFLINE",
            "HTTP_PROXY",
            "http_proxy",
        ] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().unwrap())
    }

    /// Where the cache keeps the tiny model.
    pub(crate) fn folder(&self) -> PathBuf {
        self.home.path().join("hf/hub/models--org--tiny")
    }

    pub(crate) fn blob(&self, path: &str) -> PathBuf {
        self.folder().join("blobs").join(self.hub.etag(path))
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(
        !err.contains("panicked") && !err.contains(fake::TOKEN),
        "{err}"
    );
    Ran {
        status: output.status.code().unwrap(),
        out,
        err,
    }
}

/// The last line of what was said.
pub(crate) fn last(ran: &Ran) -> &str {
    ran.err.lines().last().unwrap_or_default()
}

pub(crate) fn same(a: &Path, b: &[u8]) -> bool {
    std::fs::read(a).unwrap() == b
}
