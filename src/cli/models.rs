//! `model`: what models there are, how to get one, what it is, how fast it is, and how to be rid of it.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    time::Duration,
};

use candle_core::DType;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{
    Failure,
    args::{Common, Model},
    layers,
    model::{self, Choice},
    usage,
};
use crate::{
    model::{
        HubCache, Info, Place, Spec, Stored,
        hub::{self, News, Repository, State, size},
        speed::Plan,
    },
    settings::Settings,
};

/// Does what was asked.
pub(super) fn run(command: &Model, common: &Common) -> Result<ExitCode, Failure> {
    match command {
        Model::List { json } => list(*json)?,
        Model::Pull { spec } => pull(&on_hub(spec, "pull")?)?,
        Model::Info { spec, json } => info(&chosen(spec.as_deref(), common)?, *json)?,
        Model::Speed {
            spec,
            prompt,
            output,
            rows,
            rounds,
            json,
        } => {
            let plan = Plan {
                prompt: *prompt,
                output: *output,
                rows: *rows,
                rounds: *rounds,
            };
            super::speed::run(&chosen(spec.as_deref(), common)?, plan, *json)?;
        }
        Model::Logits { path, tokens } => {
            let name = path.to_string_lossy();
            super::speed::logits(&chosen(Some(&name), common)?, path, tokens)?;
        }
        Model::Remove { spec } => remove(&on_hub(spec, "remove")?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The model that `spec` names, else the one of the settings.
fn chosen(spec: Option<&str>, common: &Common) -> Result<Choice, Failure> {
    let settings = layers::settings(common)?;
    model::named(&Settings {
        model: spec.map(str::to_owned).or(settings.model.clone()),
        ..settings
    })
}

/// The repository that `given` names, for what only the hub's cache can do.
fn on_hub(given: &str, attempted: &str) -> Result<Repository, Failure> {
    match given
        .parse()
        .map_err(|it: crate::model::Error| usage(it.to_string()))?
    {
        Spec::Hub(repository) => Ok(repository),
        Spec::Directory(_) | Spec::Gguf(_) | Spec::Server { .. } => Err(usage(format!(
            "could not {attempted} {given}: it is not on the hub; name semcoder-s, semcoder or hf:ORG/NAME"
        ))),
    }
}

fn list(json: bool) -> Result<(), Failure> {
    let cache = HubCache::from_environment();
    let found = cache.list();
    let mut out = io::stdout().lock();
    for stored in &found {
        let name = Spec::Hub(stored.repository.clone()).to_string();
        let (usable, what) = match &stored.state {
            State::Usable(what) => (true, what),
            State::Unusable(why) => (false, why),
        };
        let licence = stored.licence.as_deref();
        if json {
            let object = json!({"model": name, "bytes": stored.bytes, "usable": usable,
                                "what": what, "licence": licence});
            writeln!(out, "{object}")?;
        } else {
            writeln!(
                out,
                "{}  {:>9}  {name}  {what}{}",
                if usable { "ok" } else { "no" },
                size(stored.bytes),
                licence.map_or(String::new(), |it| format!(", licence {it}"))
            )?;
        }
    }
    if found.is_empty() && !json {
        let root = cache.root().display();
        writeln!(
            out,
            "there is no model in {root}; `monologue model pull semcoder-s` fetches one"
        )?;
    }
    Ok(())
}

fn remove(repository: &Repository) -> Result<(), Failure> {
    let freed = HubCache::from_environment().remove(repository)?;
    let name = Spec::Hub(repository.clone());
    writeln!(
        io::stdout().lock(),
        "removed {name}: {} are free again",
        size(freed)
    )?;
    Ok(())
}

fn pull(repository: &Repository) -> Result<(), Failure> {
    let mut progress = Progress::default();
    let pulled = HubCache::from_environment().pull(repository, &mut |news| progress.tell(news))?;
    progress.clear();
    let name = Spec::Hub(repository.clone());
    let licence = pulled.licence.as_deref().unwrap_or("not stated");
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{name} is here: {}, licence {licence}",
        size(pulled.bytes)
    )?;
    writeln!(out, "{}", pulled.path.display())?;
    Ok(())
}

/// News of a download: a bar on a terminal, a line for each file elsewhere.
#[derive(Default)]
struct Progress {
    bar: Option<ProgressBar>,
    /// Bytes of files that are whole.
    whole: u64,
    /// Of the file under way.
    bytes: u64,
}

impl Progress {
    fn tell(&mut self, news: News<'_>) {
        match news {
            News::Found(licence) => {
                say(&format!(
                    "its licence is {}",
                    licence.unwrap_or("not stated")
                ));
            }
            News::Plan(files, bytes, here) => {
                let already = match here {
                    0 => String::new(),
                    here => format!(", {} of it here already", size(here)),
                };
                say(&format!("{files} files, {}{already}", size(bytes)));
                if io::stderr().is_terminal() {
                    self.bar = Some(bar(bytes));
                    self.whole = here;
                    self.at(0);
                }
            }
            News::Waiting => say("another program is fetching it; waiting for that"),
            News::Begin(path, bytes) => {
                self.bytes = bytes;
                match &self.bar {
                    Some(bar) => bar.set_message(path.to_owned()),
                    None => say(&format!("fetching {path}, {}", size(bytes))),
                }
            }
            News::At(bytes) => self.at(bytes),
            News::Retrying(why) => match &self.bar {
                Some(bar) => bar.println(format!("monologue: {why}; going on")),
                None => say(&format!("{why}; going on")),
            },
            News::Done(_) => {
                self.whole += self.bytes;
                self.at(0);
            }
        }
    }

    fn at(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(self.whole + bytes);
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    let template =
        "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

#[expect(clippy::print_stderr, reason = "news of a download that takes a while")]
fn say(line: &str) {
    eprintln!("monologue: {line}");
}

fn info(choice: &Choice, json: bool) -> Result<(), Failure> {
    let backend = choice.load()?;
    let info = backend.info();
    let licence = licence(&choice.spec);
    let mut out = io::stdout().lock();
    if json {
        let told = |number: u64| (0 < number).then_some(number);
        let object = json!({
            "model": info.name, "architecture": info.architecture, "device": info.device,
            "dtype": info.dtype, "parameters": told(info.parameters), "bytes": told(info.bytes),
            "context": told(info.context as u64), "licence": licence,
        });
        writeln!(out, "{object}")?;
        return Ok(());
    }
    for (key, value) in facts(info, licence) {
        writeln!(out, "{key:<13} {value}")?;
    }
    Ok(())
}

fn facts(info: &Info, licence: Option<String>) -> [(&'static str, String); 8] {
    let told = |number: u64, text: String| match number {
        0 => "not told".to_owned(),
        _ => text,
    };
    let gib = info.bytes as f64 / f64::from(1 << 30);
    [
        ("model", info.name.clone()),
        ("architecture", info.architecture.clone()),
        ("device", info.device.clone()),
        ("dtype", info.dtype.clone()),
        (
            "parameters",
            told(info.parameters, info.parameters.to_string()),
        ),
        (
            "memory",
            told(info.bytes, format!("{gib:.2} GiB of weights")),
        ),
        (
            "context",
            told(info.context as u64, format!("{} tokens", info.context)),
        ),
        (
            "licence",
            licence.unwrap_or_else(|| "not stated".to_owned()),
        ),
    ]
}

/// Says whether the model that was named is here or answers, where it would run, and what else is here.
pub(super) fn doctor(settings: &Settings, out: &mut dyn io::Write) -> Result<(), Failure> {
    let choice = model::choice(settings)?;
    let (device, dtype) = choice
        .as_ref()
        .map_or_else(Default::default, |it| (it.options.device, it.options.dtype));
    match Place::choose(device, dtype, Stored::Float(DType::F16)) {
        Ok(place) => writeln!(
            out,
            "  ok    {}: 16-bit weights run as {}",
            place.name, place.arithmetic
        )?,
        Err(error) => writeln!(out, "  no    {error}")?,
    }
    let Some(choice) = choice else {
        writeln!(out, "  none; {}", model::HOW_TO_GET_ONE)?;
        return Ok(());
    };
    let tried = match &choice.spec {
        // Asking is the only way to know; loading takes long, and `model info` does it.
        Spec::Server { .. } => choice.load().map(|it| it.info().device.clone()),
        spec => spec
            .directory(&HubCache::from_environment())
            .map(|it| format!("in {}; `monologue model info` loads it", it.display())),
    };
    match tried {
        Ok(place) => writeln!(out, "  ok    {}: {place}", choice.spec)?,
        Err(error) => writeln!(out, "  no    {error}")?,
    }
    Ok(())
}

/// The licence in the card beside the weights.
fn licence(spec: &Spec) -> Option<String> {
    let path = spec.directory(&HubCache::from_environment()).ok()?;
    hub::licence(if path.is_dir() { &path } else { path.parent()? })
}
