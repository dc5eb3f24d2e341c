//! `repair`: a fix asked for, judged by the tests in the sandbox, shown, and written only with `--apply`.

use std::{
    io::{self, Write as _},
    num::NonZeroUsize,
    ops::ControlFlow,
    process::ExitCode,
};

use super::{
    Failure,
    args::{Common, Repair},
    layers,
    mend::{Answers, prompt_of, reason, summary},
    model, status, usage,
};
use crate::{
    explain::answer::told,
    model::{Backend, Limits},
    record,
    repair::{self, Bug, Outcome, Plan, Progress, Report, Tried},
};

/// Searches, says what was found, and ends with 0 when a fix is proven, 3 when none is.
pub(super) fn run(args: &Repair, common: &Common) -> Result<ExitCode, Failure> {
    let settings = layers::settings(common)?;
    let choice = model::choice(&settings)?;
    let python = record::find_python(args.python.as_deref().or(settings.python.as_deref()))?;
    let mut bug = Bug::read(&python.path, &args.file, &args.tests)?;
    if let Some(call) = &args.call {
        // Stable: the other tests keep their order behind it.
        bug.cases.cases.sort_by_key(|it| !same(&it.call, call));
    }
    bug.accept_hazards = args.accept_hazards;
    let plan = Plan {
        samples: NonZeroUsize::new(args.samples)
            .ok_or_else(|| usage("could not repair with 0 samples: give --samples 1 or more"))?,
        rounds: NonZeroUsize::new(args.rounds)
            .ok_or_else(|| usage("could not repair in 0 rounds: give --rounds 1 or more"))?,
    };
    let mut limits = model::limits(&args.sampling);
    if 1 < args.samples && args.sampling.temperature.is_none() {
        // Greedy samples would all be the same.
        limits.temperature = 0.7;
    }
    let stop = model::interrupted()?;
    let mut backend: Option<Box<dyn Backend>> = None;
    let mut answers = Answers::default();
    if args.preview {
        return preview(&bug, plan, &limits, &model::named(&settings)?);
    }
    let report = repair::repair(
        &bug,
        plan,
        &mut |question| {
            // Loaded only once a model is needed: a program that passes needs none.
            let Some(choice) = &choice else {
                return Err(format!("none was named; {}", model::HOW_TO_GET_ONE));
            };
            let loaded = match backend.take() {
                Some(loaded) => loaded,
                None => choice.load().map_err(reason)?,
            };
            let backend = backend.insert(loaded);
            let text =
                answers.asked(&mut **backend, question, &limits, plan.samples, &mut |_| {
                    match model::is_set(&stop) {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                })?;
            Ok(choice.outgoing.unmasked(&text))
        },
        &mut |progress| {
            if let (Progress::Judged(round, candidate, tried), false) = (progress, args.json) {
                tell(&format!(
                    "round {}, candidate {}: {}{}",
                    round + 1,
                    candidate + 1,
                    tried.judgement.class.word(),
                    warning(tried)
                ));
            }
            match model::is_set(&stop) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        },
    )?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", report.json())?;
    } else {
        write_found(&report, &mut out)?;
    }
    if let (Some(fix), true) = (report.fix(), args.apply) {
        let _applied = fix.apply()?;
        tell(&format!("wrote {}", fix.path.display()));
    }
    Ok(match report.outcome {
        Outcome::Fixed | Outcome::AlreadyPassing => ExitCode::SUCCESS,
        Outcome::NotFixed => ExitCode::from(status::NOT_FIXED),
    })
}

/// Prints what the first round would send.
fn preview(
    bug: &Bug,
    plan: Plan,
    limits: &Limits,
    choice: &model::Choice,
) -> Result<ExitCode, Failure> {
    let mut shown = None;
    let report = repair::repair(
        bug,
        plan,
        &mut |_| Err("nothing is sent".into()),
        &mut |progress| match progress {
            Progress::Asking(question) => {
                shown = Some(choice.preview(&prompt_of(question), limits, plan.samples));
                ControlFlow::Break(())
            }
            Progress::Original(_) | Progress::Judged(..) => ControlFlow::Continue(()),
        },
    )?;
    let shown = match shown {
        Some(shown) => shown?,
        None => format!("{}: nothing would be sent", summary(&report)),
    };
    writeln!(io::stdout().lock(), "{shown}")?;
    Ok(ExitCode::SUCCESS)
}

/// Whether two calls are written alike, blanks and quotes aside.
fn same(a: &str, b: &str) -> bool {
    let bare = |it: &str| -> String {
        it.chars()
            .filter(|it| !it.is_whitespace())
            .map(|it| if it == '"' { '\'' } else { it })
            .collect()
    };
    bare(a) == bare(b)
}

/// What a candidate does that it should be looked at for, and what to do where it was therefore not run.
fn warning(tried: &Tried) -> String {
    match (tried.hazards.is_empty(), &tried.judgement.why) {
        (true, _) => String::new(),
        (false, None) => format!("; look at: {}", told(&tried.hazards)),
        (false, Some(why)) => format!("; {why}; --accept-hazards runs such candidates"),
    }
}

fn write_found(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let chosen = report
        .chosen
        .map(|(round, candidate)| &report.rounds[round].candidates[candidate]);
    if let Some(tried) = chosen {
        // Before the change itself: whoever reads it should know what to look for.
        if !tried.hazards.is_empty() {
            writeln!(out, "look at: {}", told(&tried.hazards))?;
        }
        if let Some(patch) = &tried.patch {
            write!(out, "{}", patch.diff())?;
        }
        for (name, answer) in &tried.judgement.tests {
            writeln!(out, "{:<14} {name}", answer.word())?;
        }
    }
    writeln!(out, "{}", summary(report))
}

#[expect(clippy::print_stderr, reason = "news of a search that takes a while")]
fn tell(line: &str) {
    eprintln!("monologue: {line}");
}
