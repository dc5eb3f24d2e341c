//! `record`: a program run under the recorder, its streams and its status its own.

use std::{path::PathBuf, process::ExitCode};

use super::{
    Failure,
    args::{Common, Target},
    coded, layers, status,
    target::held,
};
use crate::{record, trace::file};

/// Bytes of trace kept of a program while it runs: some fifty million steps, a tenth of that once it is
/// packed.
const KEPT: u64 = 512 << 20;

/// Records, says so in one line on standard error, and ends as the program did.
pub(super) fn run(target: &Target, common: &Common) -> Result<ExitCode, Failure> {
    let mut launch = target.launch(
        &layers::settings(common)?,
        &PathBuf::from("monologue.trace"),
    )?;
    let kept = target.max_bytes.unwrap_or(KEPT);
    launch.max_held = Some(held(kept));
    // Signals are the program's, Ctrl-C too: how it ends is how we end.
    let signals = record::Forwarding::begin()?;
    let running = record::start(&launch).map_err(failed)?;
    signals.to(running.pid());
    let keeping = file::Keeping::start(running.trace(), kept);
    let outcome = running.wait().map_err(failed);
    drop(keeping);
    drop(signals);
    let outcome = outcome?;
    let steps = match file::pack(&launch.trace) {
        Ok(Some(packed)) => packed.steps,
        done => {
            if let Err(error) = done {
                summarize(&error.to_string());
            }
            file::open(&launch.trace)?.steps().end().raw()
        }
    };
    summarize(&format!(
        "recorded {} steps of {} on Python {} to {} in {:.2} s{}",
        steps,
        target.title(),
        outcome.python.version,
        launch.trace.display(),
        outcome.elapsed.as_secs_f64(),
        match outcome.timed_out {
            true => ", stopped at the time limit",
            false => "",
        }
    ));
    Ok(exit_code(outcome.status))
}

/// The recorder's own failures have a status of their own, so that they are not taken for the program's.
fn failed(error: record::Error) -> Failure {
    coded(status::RECORDER, error.to_string())
}

#[expect(
    clippy::print_stderr,
    reason = "the program's own output has the other stream"
)]
fn summarize(line: &str) {
    eprintln!("monologue: {line}");
}

fn exit_code(status: i32) -> ExitCode {
    ExitCode::from(u8::try_from(status & 0xff).unwrap_or(u8::MAX))
}
