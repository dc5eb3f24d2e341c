//! The debugger: over a program being recorded, or over a saved trace.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::Path,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Failure,
    args::{Common, Open, Target},
    layers,
    mend::Mender,
    model, report,
    think::Thinker,
    usage,
};
use crate::{
    record::{self, Output, Stdin},
    represent,
    trace::{StepId, Trace, file},
    tui::{self, Breakpoint, Session},
};

/// How long a program may take before the screen opens on it while it still runs.
const SHORT: Duration = Duration::from_millis(300);
/// Steps taken in where no other limit was given: about a gigabyte of them.
const MAX_STEPS: u64 = 10_000_000;
/// How often a growing trace is looked at.
const GLANCE: Duration = Duration::from_millis(33);

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
    // A program that never ends must not fill the memory that its trace is shown from.
    launch.max_steps.get_or_insert(MAX_STEPS);
    let screen = has_screen();
    // Under the screen the keyboard is the debugger's; without one the program reads what we would.
    if screen && launch.stdin == Stdin::Inherit {
        launch.stdin = Stdin::Null;
    }
    if !screen {
        let outcome = record::record(&launch)?;
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
        ending(follow(&launch).and_then(|(trace, traced, _watched)| {
            let mut session = Session::new(trace, target.title());
            session.traced = Some(traced);
            session.representations = represent::ALL;
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
        for change in super::since::changes(&trace) {
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

/// Starts the program and reads what it leaves. A short one is waited for, so that the screen opens on
/// its end; a longer one is watched.
fn follow(launch: &record::Launch) -> Result<(Trace, Receiver<Trace>, Watched), Failure> {
    let mut running = record::start(launch)?;
    let until = Instant::now() + SHORT;
    let mut ended = false;
    while !ended && Instant::now() < until {
        ended = running.poll()?.is_some();
        thread::sleep(Duration::from_millis(2));
    }
    let first = wait_for_file(&launch.trace)?;
    let (tx, rx) = mpsc::channel();
    let mut watched = Watched::default();
    if !ended {
        let (path, stop) = (launch.trace.clone(), Arc::clone(&watched.stop));
        watched.thread = Some(thread::spawn(move || watch(running, &path, &tx, &stop)));
    }
    Ok((first, rx, watched))
}

/// A program that may still run; dropping this stops it and waits until it has.
#[derive(Default)]
struct Watched {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of the watcher has been reported where it happened.
            let _ = thread.join();
        }
    }
}

/// The trace so far. A program that has not come as far as its first record has an empty one.
fn wait_for_file(path: &Path) -> Result<Trace, Failure> {
    match file::open(path) {
        Ok(trace) => Ok(trace),
        Err(file::Error::NotATrace { .. } | file::Error::Unreadable { .. }) => Ok(Trace::default()),
        Err(error) => Err(error.into()),
    }
}

/// Sends a snapshot whenever the trace has grown, until the program has ended or it is to stop; then
/// the program, which is dropped here, is stopped.
fn watch(mut running: record::Running, path: &Path, tx: &Sender<Trace>, stop: &AtomicBool) {
    let mut follow = None;
    while !stop.load(Ordering::Relaxed) {
        let ended = !matches!(running.poll(), Ok(None));
        if follow.is_none() {
            follow = file::Follow::open(path).ok();
        }
        if let Some(follow) = &mut follow {
            let grown = follow.advance().unwrap_or(false);
            if (grown || ended) && tx.send(follow.snapshot()).is_err() {
                return;
            }
        }
        if ended {
            return;
        }
        thread::sleep(GLANCE);
    }
}
