//! What the program knows of itself and of this machine, printed from the tables it runs on.

use std::{
    env,
    io::{self, IsTerminal as _, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{Failure, args::Common, layers, models};
use crate::{
    record::{self, Launch, Output, Stdin},
    sandbox,
    trace::{file, literal},
    tui,
};

/// `themes`
pub(super) fn themes() -> Result<ExitCode, Failure> {
    let mut out = io::stdout().lock();
    for (name, _) in tui::THEMES {
        writeln!(out, "{name}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `keys`
pub(super) fn keys(common: &Common) -> Result<ExitCode, Failure> {
    let keymap = layers::keymap(&layers::settings(common)?)?;
    let mut out = io::stdout().lock();
    for &action in tui::Action::ALL {
        writeln!(
            out,
            "{:<16} {:<22} {}",
            keymap.keys_of(action).join(" "),
            action.name(),
            action.sentence()
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `config`
pub(super) fn config(common: &Common) -> Result<ExitCode, Failure> {
    let settings = layers::settings(common)?;
    write!(io::stdout().lock(), "{}", settings.to_toml()?)?;
    Ok(ExitCode::SUCCESS)
}

/// `doctor`: tries each thing rather than look up whether it should work.
pub(super) fn doctor(common: &Common) -> Result<ExitCode, Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "interpreters")?;
    for path in interpreters() {
        let shown = path.display();
        match tried(&path) {
            Ok(version) => writeln!(out, "  ok    {shown}: Python {version}, the recorder loads")?,
            Err(why) => writeln!(out, "  no    {shown}: {why}")?,
        }
    }
    writeln!(out, "sandbox")?;
    let strength = sandbox::strength();
    writeln!(out, "  {}", strength.tier)?;
    for why in &strength.weaker_because {
        writeln!(out, "  {why}")?;
    }
    for layer in &strength.layers {
        let held = if layer.held { "held" } else { "FREE" };
        writeln!(out, "  {held}  {}", layer.name)?;
    }
    writeln!(out, "model")?;
    models::doctor(&layers::settings(common)?, &mut out)?;
    writeln!(out, "terminal")?;
    let size = crossterm::terminal::size();
    match (io::stdout().is_terminal(), size) {
        (true, Ok((columns, rows))) => writeln!(
            out,
            "  {columns}x{rows}, TERM={}",
            env::var("TERM").unwrap_or_default()
        )?,
        _ => writeln!(out, "  none here: the debugger prints a report instead")?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The default interpreter, those of `PATH` by version, and pyenv's.
fn interpreters() -> Vec<PathBuf> {
    let mut res: Vec<PathBuf> = record::find_python(None)
        .map(|it| it.path)
        .into_iter()
        .collect();
    let names: Vec<String> = (9..=13).map(|it| format!("python3.{it}")).collect();
    let folders = env::var_os("PATH").unwrap_or_default();
    for folder in env::split_paths(&folders) {
        res.extend(
            names
                .iter()
                .map(|it| folder.join(it))
                .filter(|it| it.exists()),
        );
    }
    let home = env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".pyenv")));
    let versions = home.and_then(|it| it.join("versions").read_dir().ok());
    for entry in versions.into_iter().flatten().flatten() {
        let path = entry.path().join("bin/python");
        let known = (9..=13).any(|it| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with(&format!("3.{it}."))
        });
        if known && path.exists() {
            res.push(path);
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    res.retain(|it| seen.insert(it.canonicalize().unwrap_or_else(|_| it.clone())));
    res
}

/// Records a line in the interpreter and reads it back; its version.
fn tried(python: &Path) -> Result<String, String> {
    let folder = tempfile::tempdir().map_err(|it| it.to_string())?;
    let file = folder.path().join("doctor.py");
    std::fs::write(&file, "x = 1\n").map_err(|it| it.to_string())?;
    let mut launch = Launch::new(
        record::Target::Script { file },
        folder.path().join("doctor.trace"),
    );
    launch.python = Some(python.to_owned());
    launch.stdin = Stdin::Null;
    launch.output = Output::Piped;
    let outcome = record::record(&launch).map_err(|it| it.to_string())?;
    let trace = file::open(&launch.trace).map_err(|it| it.to_string())?;
    match trace.steps().len() {
        1 => Ok(outcome.python.version),
        steps => Err(format!(
            "recorded {steps} steps of {}, not 1",
            literal("x = 1")
        )),
    }
}
