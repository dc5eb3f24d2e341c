//! The command line: what may be asked, and which room answers.

mod args;
mod explain;
mod export;
mod facts;
mod layers;
mod mend;
mod model;
mod models;
mod open;
mod outgoing;
mod record;
mod repair;
mod report;
mod sandbox;
mod show;
mod since;
mod speed;
mod target;
mod think;
mod threads;
mod tokens;

use std::{io, process::ExitCode};

use clap::{CommandFactory as _, Parser as _};

pub use args::Cli;
use args::Command;

/// Exit statuses that scripts rely on.
pub mod status {
    /// The tool failed.
    pub const FAILED: u8 = 1;
    /// The command line was not understood.
    pub const USAGE: u8 = 2;
    /// No fix was found that passes.
    pub const NOT_FIXED: u8 = 3;
    /// The recorder itself failed, as `env` and `timeout` say it.
    pub const RECORDER: u8 = 125;
}

/// Any failure; one that deserves another exit status than 1 is a [`Coded`].
type Failure = anyhow::Error;

/// A failure with an exit status of its own.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Coded {
    status: u8,
    /// What was attempted, what is wrong, what to do.
    text: String,
}

/// A sentence about a command line that was not understood.
fn usage(text: impl Into<String>) -> Failure {
    coded(status::USAGE, text)
}

/// A sentence, and the exit status that goes with it.
fn coded(status: u8, text: impl Into<String>) -> Failure {
    Failure::new(Coded {
        status,
        text: text.into(),
    })
}

/// Tells a failure, unless it is only that nobody reads any more; its exit status.
fn told(failure: &Failure) -> ExitCode {
    let left = failure
        .downcast_ref::<io::Error>()
        .is_some_and(|it| it.kind() == io::ErrorKind::BrokenPipe);
    if !left {
        complain(failure);
    }
    let status = failure.downcast_ref::<Coded>().map(|it| it.status);
    ExitCode::from(status.unwrap_or(status::FAILED))
}

/// Parses the process's arguments, does what they ask, and says how it went.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(own_up));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing to do about a closed terminal.
            let _ = error.print();
            return match error.use_stderr() {
                true => ExitCode::from(status::USAGE),
                false => ExitCode::SUCCESS,
            };
        }
    };
    run(cli).unwrap_or_else(|failure| told(&failure))
}

/// A bug of ours, in one sentence that a person can pass on.
#[expect(clippy::print_stderr, reason = "there is no caller to tell")]
fn own_up(panic: &std::panic::PanicHookInfo<'_>) {
    let text = panic.payload_as_str().unwrap_or("no reason was given");
    let place = panic.location().map(ToString::to_string);
    eprintln!(
        "monologue: a bug of monologue's own stopped it at {}: {text}; please report it",
        place.unwrap_or_default()
    );
}

#[expect(
    clippy::print_stderr,
    reason = "the one place where errors reach the person"
)]
fn complain(error: &anyhow::Error) {
    eprintln!("monologue: {error:#}");
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let common = cli.common;
    match cli.command {
        None => {
            threads::leave_a_core();
            open::target(&cli.target, &common)
        }
        Some(Command::Record { target }) => record::run(&target, &common),
        Some(Command::Open(args)) => open::trace(&args, &common),
        Some(Command::Show(args)) => show::run(&args, &common),
        Some(Command::Export(args)) => export::run(&args),
        Some(Command::Explain(args)) => explain::run(&args, &common),
        Some(Command::Repair(args)) => repair::run(&args, &common),
        Some(Command::Model { command }) => models::run(&command, &common),
        Some(Command::Sandbox(args)) => sandbox::run(&args, &common),
        Some(Command::Doctor) => facts::doctor(&common),
        Some(Command::Themes) => facts::themes(),
        Some(Command::Keys) => facts::keys(&common),
        Some(Command::Config) => facts::config(&common),
        Some(Command::Completions { shell }) => {
            clap_complete::generate(shell, &mut Cli::command(), "monologue", &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Man) => {
            clap_mangen::Man::new(Cli::command()).render(&mut io::stdout())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
