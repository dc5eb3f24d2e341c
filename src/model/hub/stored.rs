//! What the cache holds: its models, whether each can be loaded, and how to be rid of one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::wanted::{INDEX, SINGLE, shards};
use super::{Cache, Repository};
use crate::model::{Error, Spec, config::Config};

/// A repository of which something is in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Which, and which file of it where it holds quantised weights: as `--model` takes it after `hf:`.
    pub repository: Repository,
    /// Bytes that it takes on the disk, shared ones counted each time.
    pub bytes: u64,
    /// Whether it can be loaded.
    pub state: State,
    /// Its licence, as its card says.
    pub licence: Option<String>,
}

/// Whether something in the cache can be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It can: its architecture, or that it is quantised.
    Usable(String),
    /// It cannot: why.
    Unusable(String),
}

impl Cache {
    /// What is in the cache, by name. Reads the configuration of each model, no weights.
    pub fn list(&self) -> Vec<Stored> {
        let mut found = Vec::new();
        for folder in entries(&self.root) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let id = name.strip_prefix("models--").and_then(|it| {
                // An organisation's name holds no two dashes in a row; a model's may.
                let (organisation, name) = it.split_once("--")?;
                Repository::parse(&format!("{organisation}/{name}"))
            });
            let Some(repository) = id else {
                continue;
            };
            found.extend(self.of(&repository, &folder));
        }
        found.sort_by_key(|it| it.repository.to_string());
        found
    }

    /// The parts of one repository: each revision that has a name, and each file of quantised weights.
    fn of(&self, repository: &Repository, folder: &Path) -> Vec<Stored> {
        let mut found = Vec::new();
        let mut named = BTreeSet::new();
        for revision in names_below(&folder.join("refs")) {
            let repository = Repository {
                revision: (revision != "main").then_some(revision),
                ..repository.clone()
            };
            let commit = self.commit(&repository);
            if named.insert(commit.clone()) {
                found.extend(models(&repository, &self.snapshot(&repository, &commit)));
            }
        }
        for snapshot in entries(&folder.join("snapshots")) {
            let commit = snapshot.file_name().unwrap_or_default().to_string_lossy();
            if !named.contains(commit.as_ref()) {
                let repository = Repository {
                    revision: Some(commit.into_owned()),
                    ..repository.clone()
                };
                found.extend(models(&repository, &snapshot));
            }
        }
        let partial = entries(&folder.join("blobs")).into_iter();
        let partial: u64 = partial
            .filter(|it| it.extension().is_some_and(|it| it == "incomplete"))
            .map(|it| length(&it))
            .sum();
        if found.is_empty() {
            found.push(Stored {
                repository: repository.clone(),
                bytes: partial,
                state: State::Unusable("nothing of it came yet".to_owned()),
                licence: None,
            });
        } else if let Some(unusable) = found
            .iter_mut()
            .find(|it| matches!(it.state, State::Unusable(_)))
        {
            unusable.bytes += partial;
        }
        found
    }

    /// Takes `repository` out of the cache: all of it, or the revision or file that it names. The bytes
    /// that this frees.
    ///
    /// Errs when it is not there, or cannot be deleted.
    pub fn remove(&self, repository: &Repository) -> Result<u64, Error> {
        let failed = |reason: String| Error::Remote {
            attempted: format!("remove {}", Spec::Hub(repository.clone())),
            reason,
        };
        let folder = self.root.join(repository.on_hub().folder_name());
        if !folder.is_dir() {
            return Err(failed(format!("it is not in {}", self.root.display())));
        }
        let io = |error: std::io::Error| failed(format!("{}: {error}", folder.display()));
        let before = blobs_of(&folder);
        if repository.revision.is_none() && repository.file.is_none() {
            let lock = self
                .root
                .join(".locks")
                .join(repository.on_hub().folder_name());
            fs::remove_dir_all(&folder).map_err(io)?;
            // Whether the locks go too changes nothing.
            let _ = fs::remove_dir_all(lock);
            return Ok(before);
        }
        let commit = self.commit(repository);
        let snapshot = self.snapshot(repository, &commit);
        match &repository.file {
            Some(file) => fs::remove_file(snapshot.join(file)).map_err(io)?,
            None => {
                fs::remove_dir_all(&snapshot).map_err(io)?;
                if let Some(revision) = &repository.revision {
                    // A commit has no name to forget.
                    let _ = fs::remove_file(folder.join("refs").join(revision));
                }
            }
        }
        // What no snapshot means any more goes.
        let mut meant = BTreeSet::new();
        for snapshot in entries(&folder.join("snapshots")) {
            for name in names_below(&snapshot) {
                meant.extend(snapshot.join(name).canonicalize());
            }
        }
        for blob in entries(&folder.join("blobs")) {
            if blob.canonicalize().is_ok_and(|it| !meant.contains(&it)) {
                fs::remove_file(&blob).map_err(io)?;
            }
        }
        Ok(before.saturating_sub(blobs_of(&folder)))
    }
}

/// What of a snapshot can be named: the model in it, or each file of quantised weights.
fn models(repository: &Repository, snapshot: &Path) -> Vec<Stored> {
    let names = names_below(snapshot);
    let licence = licence(snapshot);
    let bytes = |wanted: &dyn Fn(&str) -> bool| -> u64 {
        let wanted = names.iter().filter(|it| wanted(it));
        wanted.map(|it| length(&snapshot.join(it))).sum()
    };
    let quantised = |name: &str| name.to_ascii_lowercase().ends_with(".gguf");
    let mut found: Vec<Stored> = names
        .iter()
        .filter(|it| quantised(it))
        .map(|name| Stored {
            repository: Repository {
                file: Some(name.clone()),
                ..repository.clone()
            },
            bytes: length(&snapshot.join(name)),
            state: match lacks(&snapshot.join(name)) {
                None => State::Usable("GGUF".to_owned()),
                Some(_) => State::Unusable("its file is missing; pull it again".to_owned()),
            },
            licence: licence.clone(),
        })
        .collect();
    if found.is_empty() {
        found.push(Stored {
            repository: repository.clone(),
            bytes: bytes(&|it| !quantised(it)),
            state: state(snapshot),
            licence,
        });
    }
    found
}

fn state(snapshot: &Path) -> State {
    if let Some(file) = lacks(snapshot) {
        return State::Unusable(format!("{file} is missing; pull it again"));
    }
    let text = |name: &str| fs::read_to_string(snapshot.join(name)).ok();
    let config = text("config.json").unwrap_or_default();
    match Config::read(&config, text("generation_config.json").as_deref()) {
        Ok(config) => {
            let known = crate::model::ALL.iter();
            match known
                .map(|it| it.architecture())
                .any(|it| it == config.architecture)
            {
                true => State::Usable(config.architecture),
                false => State::Unusable(format!("{} cannot be run", config.architecture)),
            }
        }
        Err(reason) => State::Unusable(reason),
    }
}

/// The first file that a model's folder lacks of what loading needs, or the file itself.
pub(super) fn lacks(path: &Path) -> Option<String> {
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    if !path.is_dir() {
        return (!path.is_file()).then(|| name(path));
    }
    // A link whose blob is gone is no file.
    let missing = |name: &&str| !path.join(name).is_file();
    if let Some(name) = ["config.json", "tokenizer.json"]
        .iter()
        .find(|it| missing(it))
    {
        return Some((*name).to_owned());
    }
    match fs::read_to_string(path.join(INDEX)) {
        Ok(index) => shards(&index)
            .ok()?
            .into_iter()
            .find(|it| missing(&it.as_str())),
        Err(_) => missing(&SINGLE).then(|| SINGLE.to_owned()),
    }
}

/// The licence in the front matter of a model's card.
pub(crate) fn licence(folder: &Path) -> Option<String> {
    let card = fs::read_to_string(folder.join("README.md")).ok()?;
    let (front, _) = card.strip_prefix("---")?.split_once("\n---")?;
    let word = |name: &str| {
        let value = front
            .lines()
            .find_map(|it| it.strip_prefix(name)?.strip_prefix(':'))?;
        let value = value.trim().trim_matches(['"', '\'']);
        (!value.is_empty()).then(|| value.to_owned())
    };
    match word("license")?.as_str() {
        "other" => word("license_name").or_else(|| Some("other".to_owned())),
        licence => Some(licence.to_owned()),
    }
}

/// The files below a folder, by their paths from there.
fn names_below(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for path in entries(folder) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match path.is_dir() {
            true => names.extend(
                names_below(&path)
                    .into_iter()
                    .map(|it| format!("{name}/{it}")),
            ),
            false => names.push(name),
        }
    }
    names.sort();
    names
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|it| it.path()).collect();
    found.sort();
    found
}

fn blobs_of(folder: &Path) -> u64 {
    entries(&folder.join("blobs"))
        .iter()
        .map(|it| length(it))
        .sum()
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |it| it.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_tells_its_licence() {
        let folder = tempfile::tempdir().unwrap();
        let told = |card: &str| {
            fs::write(folder.path().join("README.md"), card).unwrap();
            licence(folder.path())
        };
        assert_eq!(
            told("---\nlicense: mit\ntags:\n---\n# M").as_deref(),
            Some("mit")
        );
        let other = "---\ntags: [x]\nlicense: other\nlicense_name: deepseek\n---\n";
        assert_eq!(told(other).as_deref(), Some("deepseek"));
        assert_eq!(told("# No front matter\nlicense: mit\n---"), None);
    }
}
