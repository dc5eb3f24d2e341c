//! `sandbox`: a file run confined, as a candidate is.

use std::{
    fs,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;

use super::{Failure, args, layers, usage};
use crate::{
    record,
    sandbox::{Job, Limits, Stdin, run as confined},
};

/// Runs the file and prints its verdict as one line of JSON.
pub(super) fn run(args: &args::Sandbox, common: &args::Common) -> Result<ExitCode, Failure> {
    let settings = layers::settings(common)?;
    let (file, words) = args
        .words
        .split_first()
        .ok_or_else(|| usage("could not run anything: name a FILE.py"))?;
    let file = PathBuf::from(file);
    let source = fs::read(&file)
        .with_context(|| format!("could not run {}: it cannot be read", file.display()))?;
    let words: Vec<String> = words
        .iter()
        .map(|it| it.to_string_lossy().into_owned())
        .collect();
    let python = record::find_python(args.python.as_deref().or(settings.python.as_deref()))?;
    let name = file
        .file_name()
        .map_or_else(|| "program.py".into(), |it| it.to_string_lossy());
    let job = Job {
        stdin: Stdin::Inherit,
        ..Job::script(&python.path, &name, source, &words)
    };
    let mut limits = Limits::default();
    if let Some(seconds) = args.timeout {
        limits.wall = seconds_of(seconds)?;
        limits.cpu = limits.wall.max(Duration::from_secs(1));
    }
    let exit = confined(&job, limits)?;
    writeln!(io::stdout().lock(), "{}", exit.json_line())?;
    Ok(ExitCode::SUCCESS)
}

/// A time limit given in seconds.
///
/// # Errors
/// When it is not a positive number that a clock can count.
pub(super) fn seconds_of(seconds: f64) -> Result<Duration, Failure> {
    let known = Duration::try_from_secs_f64(seconds).ok();
    known.filter(|it| !it.is_zero()).ok_or_else(|| {
        usage(format!(
            "could not take {seconds} seconds as a time limit: give a number above 0"
        ))
    })
}
