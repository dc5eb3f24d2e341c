//! Where there is no sandbox of ours: says so and runs nothing.

use std::io::{PipeReader, PipeWriter};
use std::process::ExitCode;

use super::{Error, Exit, Job, Layer, Limits, Tier};

const WHY: &str = "cannot confine programs on this system: the sandbox needs Linux; \
                   the proposed change can still be read, and run by hand";

/// A run that did not start.
#[derive(Debug)]
pub struct Session {}

impl Session {
    /// The refusal.
    ///
    /// # Errors
    ///
    /// Never here.
    pub fn finish(self) -> Result<Exit, Error> {
        Ok(Exit::refused(WHY))
    }
}

pub(super) fn start(
    _job: &Job,
    _limits: Limits,
    _channel: Option<(PipeReader, PipeWriter)>,
) -> Result<Session, Error> {
    Ok(Session {})
}

pub(super) fn probe(_tier: Tier) -> Result<(Vec<String>, Vec<Layer>), String> {
    Err(WHY.to_owned())
}

pub(super) fn supervise_main() -> ExitCode {
    ExitCode::FAILURE
}
