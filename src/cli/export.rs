//! `export`: a trace as data on standard output, masked.

use std::{
    fs,
    io::{self, Write as _},
    process::ExitCode,
};

use super::{
    Failure,
    args::{Export, Form},
    show,
    tokens::cl100k,
    usage,
};
use crate::{
    explain::Direction,
    export::{self, Lesson},
    redact::{self, Masker, Trust},
    trace::file,
};

/// Masks the trace, prints it in the form asked for, and says on standard error what was masked.
pub(super) fn run(args: &Export) -> Result<ExitCode, Failure> {
    check(args)?;
    let trace = file::open(&args.trace)?;
    let mut masker = Masker::trusting(
        &trace,
        Trust {
            stdin: args.trust_stdin,
        },
    );
    let window = show::window(&trace, args.steps.as_deref())?;
    let trace = redact::redacted(&trace, &mut masker);
    let mut out = io::BufWriter::new(io::stdout().lock());
    match args.form {
        Form::Events => export::events(&trace, &mut out, None)?,
        Form::Sft => {
            let fixed = args.fixed.as_ref().map(fs::read_to_string).transpose();
            let fixed = fixed.map_err(|it| {
                anyhow::anyhow!("could not read the corrected program: {it}; give --fixed FILE")
            })?;
            let lesson = Lesson {
                fixed: fixed.map(|it| in_code(&mut masker, &it)),
                expected: args.expected.as_ref().map(|it| masker.masked(it)),
            };
            export::sft(&trace, &lesson, &cl100k, &mut out)?;
            if lesson.fixed.is_none() {
                say("no --fixed FILE was given: the records have the user's turn alone");
            }
        }
        Form::CruxevalI => export::cruxeval(&trace, Direction::Backward, &mut out)?,
        Form::CruxevalO => export::cruxeval(&trace, Direction::Forward, &mut out)?,
        Form::NextState => export::next_state(&trace, &mut out)?,
        Form::Coverage => export::coverage(&trace, &mut out)?,
        Form::Html => {
            let name = args.trace.file_stem().unwrap_or_default().to_string_lossy();
            let title = match trace.call() {
                Some(call) => call.to_owned(),
                None => masker.masked(&name),
            };
            export::html(&trace, window, &title, &mut out)?;
        }
    }
    out.flush()?;
    say(&masker.summary());
    Ok(ExitCode::SUCCESS)
}

/// Options that mean nothing to a form are mistakes.
fn check(args: &Export) -> Result<(), Failure> {
    let misplaced = [
        ("--expected", args.expected.is_some(), Form::Sft),
        ("--fixed", args.fixed.is_some(), Form::Sft),
        ("--steps", args.steps.is_some(), Form::Html),
    ];
    for (option, given, form) in misplaced {
        if given && args.form != form {
            let form = match form {
                Form::Html => "html",
                _ => "sft",
            };
            return Err(usage(format!(
                "could not export with {option}: it goes with --as {form} alone; leave it out"
            )));
        }
    }
    Ok(())
}

/// Python code, masked as code is.
fn in_code(masker: &mut Masker, text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let masks = masker.source(&lines);
    let pairs = lines.iter().zip(masks);
    pairs
        .map(|(line, masks)| masker.put(line, &masks) + "\n")
        .collect()
}

#[expect(clippy::print_stderr, reason = "standard output has the data")]
fn say(line: &str) {
    eprintln!("monologue: {line}");
}
