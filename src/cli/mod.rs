//! The command line: what may be asked, and which room answers.

mod args;
mod explain;
mod facts;
mod open;
mod record;
mod repair;
mod report;
mod sandbox;
mod show;

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

/// A failure with the exit status it deserves.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Failure {
    /// The process's exit status.
    pub status: u8,
    /// What was attempted, what is wrong, what to do.
    pub source: anyhow::Error,
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(source: E) -> Self {
        Self {
            status: status::FAILED,
            source: source.into(),
        }
    }
}

/// A sentence about a command line that was not understood.
pub(crate) fn usage(text: impl Into<String>) -> Failure {
    Failure {
        status: status::USAGE,
        source: anyhow::Error::msg(text.into()),
    }
}

/// Parses the process's arguments, does what they ask, and says how it went.
pub fn main() -> ExitCode {
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
    match run(cli) {
        Ok(code) => code,
        Err(Failure { status, source }) => {
            // A reader who left before the end is no failure of ours.
            let left = source
                .downcast_ref::<io::Error>()
                .is_some_and(|it| it.kind() == io::ErrorKind::BrokenPipe);
            if !left {
                complain(&source);
            }
            ExitCode::from(status)
        }
    }
}

#[expect(clippy::print_stderr, reason = "the one place where errors reach the person")]
fn complain(error: &anyhow::Error) {
    eprintln!("monologue: {error:#}");
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let common = cli.common;
    match cli.command {
        None => open::target(&cli.target, &common),
        Some(Command::Record { target }) => record::run(&target),
        Some(Command::Open(args)) => open::trace(&args, &common),
        Some(Command::Show(args)) => show::run(&args),
        Some(Command::Export(args)) => show::export(&args),
        Some(Command::Explain(args)) => explain::run(&args, &common),
        Some(Command::Repair(args)) => repair::run(&args, &common),
        Some(Command::Model { command }) => facts::model(&command, &common),
        Some(Command::Sandbox(args)) => sandbox::run(&args),
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
