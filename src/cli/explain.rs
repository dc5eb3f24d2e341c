//! `explain`: a monologue, streamed, then held against the trace.

use std::{
    io::{self, Write as _},
    num::NonZeroUsize,
    ops::ControlFlow,
    process::ExitCode,
};

use super::{
    Failure,
    args::{Common, Explain},
    layers, model,
};
use crate::{
    explain::{Direction, Explanation, Question},
    model::Finish,
    trace::{FrameId, Trace, file},
};

/// Asks, streams the reply to standard output, and says what the run makes of it.
pub(super) fn run(args: &Explain, common: &Common) -> Result<ExitCode, Failure> {
    let settings = layers::settings(common)?;
    let trace = file::open(&args.trace)?;
    let direction = match args.backward {
        true => Direction::Backward,
        false => Direction::Forward,
    };
    let frame = match args.frame {
        None => None,
        Some(number) => Some(FrameId::new(number.checked_sub(1).ok_or_else(|| {
            super::usage("could not ask about frame 0: frames are counted from 1")
        })?)),
    };
    let limits = model::limits(&args.sampling);
    let choice = model::named(&settings);
    // A model that is not here is asked about a trace of which the secrets are masked.
    let masked = choice
        .as_ref()
        .ok()
        .and_then(|it| it.outgoing.trace(&trace));
    let mut question = Question::about(masked.as_ref().unwrap_or(&trace), frame, direction)?;
    let choice = choice?;
    if args.preview {
        let shown = choice.preview(&question.prompt, &limits, NonZeroUsize::MIN)?;
        writeln!(io::stdout().lock(), "{shown}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut backend = choice.load()?;
    let stop = model::interrupted()?;

    let mut text = String::new();
    let mut written = Ok(());
    let completion = backend.stream(&question.prompt, &limits, &mut |piece| {
        text.push_str(piece);
        if !args.json && !piece.is_empty() {
            written = print(piece);
        }
        match model::is_set(&stop) || written.is_err() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })?;
    written?;
    // The stop word ends the answer's tags: the text is whole only with it.
    if let Finish::StopWord(word) = &completion.finish {
        text.push_str(word);
        if !args.json {
            print(word)?;
        }
    }
    let explanation = question.explanation(&trace, choice.outgoing.unmasked(&text));
    question.prompt = backend.given(&question.prompt);
    let mut out = io::stdout().lock();
    if args.json {
        let name = &backend.info().name;
        writeln!(out, "{}", question.json(name, &explanation, &completion))?;
    } else {
        writeln!(out, "\n")?;
        write_checked(&trace, &explanation, &mut out)?;
        writeln!(
            out,
            "{} prompt tokens, {} output tokens, {:.1} s{}",
            completion.prompt_tokens,
            completion.output_tokens,
            (completion.prefill + completion.decode).as_secs_f64(),
            match completion.finish {
                Finish::Stopped => ", stopped",
                Finish::TokenLimit => ", cut at the token limit",
                Finish::EndOfText | Finish::StopWord(_) => "",
            }
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(piece: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    // What a model writes must not steer the terminal.
    let safe = |it: char| match it.is_control() && !matches!(it, '\n' | '\t') {
        true => char::REPLACEMENT_CHARACTER,
        false => it,
    };
    out.write_all(piece.chars().map(safe).collect::<String>().as_bytes())?;
    out.flush()
}

fn write_checked(
    trace: &Trace,
    explanation: &Explanation,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match &explanation.answer {
        Some(answer) => writeln!(
            out,
            "answer: {answer} ({})",
            explanation.answer_verdict.name()
        )?,
        None => writeln!(out, "answer: none between its tags")?,
    }
    for claim in &explanation.claims {
        let Some(claimed) = &claim.claimed else {
            continue;
        };
        write!(out, "{:<13} {claimed}", claim.verdict.name())?;
        if let Some(recorded) = &claim.recorded {
            write!(out, "   recorded: {recorded}")?;
        }
        if let Some(step) = claim.step {
            let line = trace.at(step).line;
            write!(out, "   step {}, line {line}", step.number())?;
        }
        writeln!(out)?;
    }
    Ok(())
}
