//! The settings: what the user, the project, the environment and the command line ask for.
//!
//! A flag wins over a `MONOLOGUE_*` variable, that over the project's `.monologue.toml`, that over the
//! user's `config.toml`, that over the default. What is absent in one is looked up in the next.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// The project's own file, looked for in the working directory and above.
const PROJECT_FILE: &str = ".monologue.toml";

/// Why settings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file is there and cannot be read.
    #[error("could not read the settings in {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A key is unknown, or a value is of the wrong kind.
    #[error("could not read the settings in {file}, line {line}: {reason}")]
    Malformed {
        /// Which file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong, with the nearest known key where one is unknown.
        reason: String,
    },
    /// An environment variable holds nonsense.
    #[error("could not use the environment variable {name}: {reason}")]
    Environment {
        /// Which variable.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

/// When to color.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// Where the output is a terminal and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Keys to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// The built-in keys: lower case forward, upper case back.
    #[default]
    Gdb,
    /// Function keys first.
    Vscode,
    /// The arrows move in time.
    Arrows,
}

/// One layer of settings; `None` is what it leaves to the layers below.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A built-in theme's name, or a path to a theme file.
    pub theme: Option<String>,
    /// When to color.
    pub color: Option<Color>,
    /// Whether to spell marks in ASCII.
    pub ascii: Option<bool>,
    /// Whether to take the mouse from the start.
    pub mouse: Option<bool>,
    /// A keymap file to lay over the built-in keys.
    pub keymap: Option<PathBuf>,
    /// The keys to start from: `gdb`, `vscode` or `arrows`.
    pub preset: Option<Preset>,
    /// Which model: a name, a folder, a file, `hf:…` or a server's address.
    pub model: Option<String>,
    /// The model's tokenizer file, where its own file has none.
    pub tokenizer: Option<PathBuf>,
    /// The folder of a LoRA adapter to merge into the model.
    pub adapter: Option<PathBuf>,
    /// `auto`, `cpu`, `cuda[:N]` or `metal`.
    pub device: Option<String>,
    /// `auto`, `bf16`, `f16` or `f32`.
    pub dtype: Option<String>,
    /// The Python to record with.
    pub python: Option<PathBuf>,
    /// What is recorded, and how much of it.
    pub record: Record,
}

/// What is recorded, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Record {
    /// Globs of files to step through besides the program's own.
    pub include: Option<Vec<String>>,
    /// Globs of files not to step through.
    pub exclude: Option<Vec<String>>,
    /// Steps at most.
    pub max_steps: Option<u64>,
    /// Items of a container at most.
    pub max_items: Option<u64>,
    /// Levels of a value at most.
    pub max_depth: Option<u64>,
    /// Characters of a text at most.
    pub max_text: Option<u64>,
    /// Seconds the program may run.
    pub timeout: Option<u64>,
}

/// Fills what is `None` in `$upper` from `$lower`, field by field; naming every field keeps new ones
/// from being forgotten.
macro_rules! fill {
    ($upper:ident, $lower:ident: $type:ident { $($field:ident),+ $(,)? } $($rest:tt)*) => {
        $type { $($field: $upper.$field.or($lower.$field),)+ $($rest)* }
    };
}

impl Record {
    fn over(self, lower: Self) -> Self {
        fill!(self, lower: Record {
            include, exclude, max_steps, max_items, max_depth, max_text, timeout,
        })
    }
}

impl Settings {
    /// These, and `lower` where these are silent.
    pub fn over(self, lower: Self) -> Self {
        let record = self.record.over(lower.record);
        fill!(self, lower: Settings {
            theme, color, ascii, mouse, keymap, preset, model, tokenizer, adapter, device, dtype,
            python,
        } record)
    }

    /// Reads a settings file's text; `file` is its name, for errors.
    ///
    /// # Errors
    /// When a key is unknown or a value is of the wrong kind, with the line it stands on.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|err| {
            let at = err.span().map_or(0, |it| it.start).min(text.len());
            Error::Malformed {
                file: file.into(),
                line: text[..at].matches('\n').count() + 1,
                reason: with_nearest(err.message()),
            }
        })
    }

    /// The layers put together: `flags` as typed, then the environment that `env` looks up, then the
    /// project around `here`, then the user's own file.
    ///
    /// # Errors
    /// When a layer cannot be read; the message says which and where.
    pub fn layered(
        flags: Self,
        env: &dyn Fn(&str) -> Option<String>,
        here: &Path,
    ) -> Result<Self, Error> {
        let project = here
            .ancestors()
            .map(|it| it.join(PROJECT_FILE))
            .find(|it| it.is_file());
        let user = folder(env).map(|it| it.join("config.toml"));
        let mut settings = flags.over(Self::environment(env)?);
        for path in [project, user].into_iter().flatten() {
            settings = settings.over(Self::file(&path)?);
        }
        // A keymap in its usual place needs no mention.
        let usual = folder(env)
            .map(|it| it.join("keymap.toml"))
            .filter(|it| it.is_file());
        settings.keymap = settings.keymap.or(usual);
        Ok(settings)
    }

    /// The file's settings; none where there is no such file. Paths in it count from its folder.
    fn file(path: &Path) -> Result<Self, Error> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => {
                return Err(Error::Unreadable {
                    path: path.into(),
                    source,
                });
            }
        };
        let mut settings = Self::parse(&text, &path.display().to_string())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let paths = [
            &mut settings.keymap,
            &mut settings.tokenizer,
            &mut settings.adapter,
        ];
        for it in paths.into_iter().flatten() {
            *it = folder.join(&*it);
        }
        Ok(settings)
    }

    /// What `MONOLOGUE_*` variables say; each is named like its key, `MONOLOGUE_RECORD_MAX_STEPS` like
    /// the key within its table.
    fn environment(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        const TEXTS: &[&str] = &[
            "theme",
            "color",
            "keymap",
            "preset",
            "model",
            "tokenizer",
            "adapter",
            "device",
            "dtype",
            "python",
        ];
        const BARE: &[&str] = &["ascii", "mouse"];
        const RECORD: &[&str] = &["max_steps", "max_items", "max_depth", "max_text", "timeout"];
        let mut settings = Self::default();
        for (keys, table, quoted) in [
            (TEXTS, "", true),
            (BARE, "", false),
            (RECORD, "record", false),
        ] {
            for key in keys {
                let name = match table {
                    "" => format!("MONOLOGUE_{}", key.to_uppercase()),
                    _ => format!("MONOLOGUE_{}_{}", table.to_uppercase(), key.to_uppercase()),
                };
                let Some(value) = env(&name).filter(|it| !it.is_empty()) else {
                    continue;
                };
                let value = match (quoted, value.as_str()) {
                    (true, _) => toml::Value::String(value).to_string(),
                    (false, "1") if BARE.contains(key) => "true".into(),
                    (false, "0") if BARE.contains(key) => "false".into(),
                    (false, _) => value,
                };
                let mut text = String::new();
                if !table.is_empty() {
                    // Writing to a `String` cannot fail.
                    let _ = writeln!(text, "[{table}]");
                }
                let _ = writeln!(text, "{key} = {value}");
                let one = Self::parse(&text, &name).map_err(|err| Error::Environment {
                    name: name.clone(),
                    reason: match err {
                        Error::Malformed { reason, .. } => reason,
                        err => err.to_string(),
                    },
                })?;
                settings = settings.over(one);
            }
        }
        Ok(settings)
    }

    /// The keymaps to lay over the built-in one, in order: text, and where it comes from.
    ///
    /// # Errors
    /// When the user's own cannot be read.
    pub fn keymaps(&self) -> Result<Vec<(String, PathBuf)>, Error> {
        let preset = match self.preset.unwrap_or_default() {
            Preset::Gdb => None,
            Preset::Vscode => Some((
                include_str!("settings/presets/vscode.toml"),
                "preset vscode",
            )),
            Preset::Arrows => Some((
                include_str!("settings/presets/arrows.toml"),
                "preset arrows",
            )),
        };
        let mut keymaps: Vec<_> = preset
            .map(|it| (it.0.into(), it.1.into()))
            .into_iter()
            .collect();
        if let Some(path) = &self.keymap {
            let text = fs::read_to_string(path).map_err(|source| Error::Unreadable {
                path: path.clone(),
                source,
            })?;
            keymaps.push((text, path.clone()));
        }
        Ok(keymaps)
    }

    /// The settings as a settings file says them; what is left to the default is left out.
    ///
    /// # Errors
    /// When a path is not Unicode, which TOML cannot hold.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// Whether to color, given whether the output is a terminal. `NO_COLOR`, set to anything, turns
    /// automatic coloring off.
    pub fn colors(&self, env: &dyn Fn(&str) -> Option<String>, is_terminal: bool) -> bool {
        match self.color.unwrap_or_default() {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && env("NO_COLOR").is_none_or(|it| it.is_empty()),
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The user's own folder: `$XDG_CONFIG_HOME/monologue`, else `~/.config/monologue`, else
/// `%APPDATA%\monologue`.
pub fn folder(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name| env(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    let base = set("XDG_CONFIG_HOME")
        .or_else(|| set("HOME").map(|it| it.join(".config")))
        .or_else(|| set("APPDATA"))?;
    Some(base.join("monologue"))
}

/// The user's own folder, in the environment as it is.
pub fn user_folder() -> Option<PathBuf> {
    folder(&variable)
}

/// The message, with the nearest known key where it speaks of an unknown one.
fn with_nearest(message: &str) -> String {
    // As serde words it: unknown field `x`, expected one of `a`, `b`
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted
        .next()
        .filter(|_| message.starts_with("unknown field"));
    let nearest = unknown.and_then(|it| quoted.min_by_key(|known| distance(known, it)));
    match (unknown, nearest) {
        (Some(unknown), Some(nearest)) => {
            format!("there is no key {unknown}; the nearest is {nearest}")
        }
        _ => message.trim_end().replace('\n', " "),
    }
}

/// How many characters must be inserted, removed, changed or swapped with their neighbor to make `b`
/// of `a`.
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut next = vec![i + 1];
        for j in 0..b.len() {
            let changed = row[j] + usize::from(a[i] != b[j]);
            let mut least = changed.min(row[j + 1] + 1).min(next[j] + 1);
            if 0 < i && 0 < j && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
