//! The debugger: over a program being recorded, or over a saved trace.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use super::{
    Failure,
    args::{Common, Open, Target},
    count::Teller,
    follow::{SHORT, follow},
    layers,
    mend::Mender,
    model, report, since,
    target::held,
    think::Thinker,
    usage,
};
use crate::{
    record::{self, Output, Stdin},
    represent,
    trace::{StepId, Trace, file},
    tui::{self, Breakpoint, Session},
};

/// Bytes of trace kept where no other limit was given: some ten million steps, which take about a gigabyte
/// of memory. Of a longer run the newest steps stay; the screen says when older ones go.
const KEPT: u64 = 64 << 20;

/// Records a program and debugs it while it runs; without a terminal, prints how it ended.
pub(super) fn target(target: &Target, common: &Common) -> Result<ExitCode, Failure> {
    if target.is_empty() && target.call.is_none() {
        return Err(usage(
            "nothing to debug: name a FILE.py, -m MODULE, -c CODE, or a command; `monologue --help` lists them",
        ));
    }
    let settings = layers::settings(common)?;
    let folder = tempfile::Builder::new()
        .prefix("monologue-")
        .tempdir()
        .map_err(|it| anyhow::anyhow!("could not make a folder for the trace: {it}; set TMPDIR"))?;
    let mut launch = target.launch(&settings, &folder.path().join("run.trace"))?;
    launch.output = Output::Piped;
    let kept = target.max_bytes.unwrap_or(KEPT);
    launch.max_held = Some(held(kept));
    let screen = has_screen();
    // Under the screen the keyboard is the debugger's; without one the program reads what we would.
    if screen && launch.stdin == Stdin::Inherit {
        launch.stdin = Stdin::Piped;
    }
    if !screen {
        let running = record::start(&launch)?;
        let keeping = file::Keeping::start(running.trace(), kept);
        let outcome = running.wait()?;
        drop(keeping);
        let trace = file::open(&launch.trace)?;
        let mut out = io::stdout().lock();
        report::write(&trace, &target.title(), &mut out)?;
        if outcome.timed_out {
            writeln!(out, "stopped at the time limit")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let look = layers::look(&settings)?;
    let choice = model::choice(&settings)?;
    let code = tui::guarded(move || {
        ending(follow(&launch, kept).and_then(|followed| {
            let mut session = Session::new(followed.trace, target.title());
            session.traced = Some(followed.traced);
            // Kept until the screen is closed: dropping it stops the program.
            let _watched = followed.watched;
            session.program = followed.program;
            session.counter = Some(Teller::boxed(choice.clone()));
            session.representations = represent::ALL;
            session.since = Some(since::change);
            session.look = look;
            session.asker = choice.clone().map(Thinker::boxed);
            session.repairer = Mender::boxed(choice, target.tests.clone());
            Ok(tui::run(session)?)
        }))
    });
    drop(folder);
    Ok(code)
}

/// Debugs a saved trace; without a terminal, prints how the run ended.
pub(super) fn trace(args: &Open, common: &Common) -> Result<ExitCode, Failure> {
    let settings = layers::settings(common)?;
    let wanted = args.goto.and_then(StepId::numbered);
    let screen = has_screen();
    let mut follow = file::Follow::begin(&args.trace)?;
    // The screen opens on what a moment brings; without one, the whole run is told.
    let whole = follow.advance_until(SHORT, |it| {
        screen && wanted.is_none_or(|step| it.steps().get(step).is_some())
    })?;
    let trace = follow.snapshot();
    let title = args
        .trace
        .file_name()
        .map_or_else(String::new, |it| it.to_string_lossy().into_owned());
    let breakpoints = args
        .breakpoints
        .iter()
        .map(|it| {
            Breakpoint::parse(it).ok_or_else(|| {
                usage(format!(
                    "could not set a breakpoint at `{it}`: give it as FILE:LINE"
                ))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let goto = goto(&trace, args.goto)?;
    if !screen {
        let mut out = io::stdout().lock();
        report::write(&trace, &title, &mut out)?;
        for change in since::changes(&trace) {
            writeln!(out, "note: {change}")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let look = layers::look(&settings)?;
    let choice = model::choice(&settings)?;
    let tests = args.tests.clone();
    Ok(tui::guarded(move || {
        let mut session = Session::new(trace, title);
        // Here and not before: a thread does not survive the start of the screen's process.
        session.traced = (!whole).then(|| follow.in_background());
        session.representations = represent::ALL;
        session.since = Some(since::change);
        session.counter = Some(Teller::boxed(choice.clone()));
        session.look = look;
        session.breakpoints = breakpoints;
        session.goto = goto;
        session.asker = choice.clone().map(Thinker::boxed);
        session.repairer = Mender::boxed(choice, tests);
        ending(tui::run(session).map_err(Failure::from))
    }))
}

fn goto(trace: &Trace, number: Option<u32>) -> Result<Option<StepId>, Failure> {
    let Some(number) = number else {
        return Ok(None);
    };
    let steps = trace.steps();
    let step = StepId::numbered(number).filter(|&it| steps.get(it).is_some());
    step.map(Some).ok_or_else(|| {
        usage(format!(
            "could not go to step {number}: the trace has steps {} to {}",
            steps.start().number(),
            steps.end().raw()
        ))
    })
}

fn has_screen() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// How the screen's process ends: its errors are told once the terminal is ordinary again.
fn ending(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => super::told(&failure),
    }
}
