//! The Hugging Face hub and its cache on disk, which all of its tools share.
//!
//! Layout: `models--ORG--NAME/refs/REV` holds a commit, `models--ORG--NAME/snapshots/COMMIT` its files,
//! each a link into `models--ORG--NAME/blobs`, where a file is called as the hub calls what it holds.
//!
//! The names are `hf-hub`'s. What it leaves to be done is done here: it neither goes on with a file that
//! is whole but for its name, nor checks what it fetched, nor knows `HF_TOKEN`, `HF_HUB_CACHE` and
//! `HF_HUB_OFFLINE`.

mod fetch;
mod pull;
mod remote;
mod stored;
mod wanted;

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use hf_hub::{Repo, RepoType};

use super::Spec;
pub use pull::{News, Pulled};
pub(crate) use stored::licence;
pub use stored::{State, Stored};

/// A repository of the hub, at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// `ORG/NAME`.
    pub id: String,
    /// A branch, tag or commit; the main branch if none.
    pub revision: Option<String>,
    /// One file of it, where the rest is not wanted.
    pub file: Option<String>,
}

impl Repository {
    /// The main branch of `id`, which has the form `ORG/NAME`.
    pub fn named(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            revision: None,
            file: None,
        }
    }

    /// Reads `ORG/NAME[@REV][:FILE]`.
    pub fn parse(text: &str) -> Option<Self> {
        let (text, file) = match text.split_once(':') {
            Some((text, file)) => (text, Some(file.to_owned())),
            None => (text, None),
        };
        let (id, revision) = match text.split_once('@') {
            Some((id, revision)) => (id, Some(revision.to_owned())),
            None => (text, None),
        };
        let (organisation, name) = id.split_once('/')?;
        let plain = |part: &str| {
            let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !part.is_empty() && !part.starts_with('.') && part.chars().all(letter)
        };
        // A revision becomes part of a path: a branch may hold a slash, but must not climb.
        let safe = |part: &str| part.split('/').all(plain);
        let valid = plain(organisation)
            && plain(name)
            && revision.as_deref().is_none_or(safe)
            && file.as_deref().is_none_or(safe);
        valid.then(|| Self {
            id: id.to_owned(),
            revision,
            file,
        })
    }
}

impl Repository {
    /// As the hub's crate knows it.
    fn on_hub(&self) -> Repo {
        let revision = self.revision.clone().unwrap_or_else(|| "main".to_owned());
        Repo::with_revision(self.id.clone(), RepoType::Model, revision)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)?;
        if let Some(revision) = &self.revision {
            write!(f, "@{revision}")?;
        }
        if let Some(file) = &self.file {
            write!(f, ":{file}")?;
        }
        Ok(())
    }
}

/// The folder that the hub's own tools fill.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache whose `models--…` folders lie in `root`.
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME` and `HOME` put it, in that order.
    pub fn from_environment() -> Self {
        Self::from_lookup(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let path = |name: &str| lookup(name).map(PathBuf::from);
        let root = path("HF_HUB_CACHE")
            .or_else(|| path("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| Some(home_from(&lookup)?.join("hub")))
            .unwrap_or_else(|| PathBuf::from(".cache/huggingface/hub"));
        Self { root }
    }

    /// Where `models--…` folders lie.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn on_disk(&self, repository: &Repository) -> hf_hub::CacheRepo {
        hf_hub::Cache::new(self.root.clone()).repo(repository.on_hub())
    }

    fn snapshot(&self, repository: &Repository, commit: &str) -> PathBuf {
        self.on_disk(repository).pointer_path(commit)
    }

    /// The commit that the cache knows a repository's revision by.
    fn commit(&self, repository: &Repository) -> String {
        let revision = repository.revision.as_deref().unwrap_or("main");
        let folder = self.root.join(repository.on_hub().folder_name());
        let noted = fs::read_to_string(folder.join("refs").join(revision));
        let noted = noted.map(|text| text.trim().to_owned());
        noted
            .ok()
            .filter(|it| is_plain(it))
            .unwrap_or_else(|| revision.to_owned())
    }

    /// The folder with the files of `repository`, or the one file that it names; or a sentence on how to get
    /// it. Never asks the hub.
    pub(super) fn directory(&self, repository: &Repository) -> Result<PathBuf, String> {
        let snapshot = self.snapshot(repository, &self.commit(repository));
        let pull = format!("`monologue model pull {}`", Spec::Hub(repository.clone()));
        let how = match is_offline() {
            true => format!("unset HF_HUB_OFFLINE and fetch it with {pull}"),
            false => format!("fetch it with {pull}"),
        };
        if !snapshot.is_dir() {
            let root = self.root.display();
            return Err(format!(
                "it is not in {root}; {how}, or give the directory that holds it"
            ));
        }
        let path = match &repository.file {
            Some(file) => snapshot.join(file),
            None => snapshot,
        };
        match stored::lacks(&path) {
            None => Ok(path),
            Some(file) => Err(format!(
                "only a part of it is here ({file} is missing); {how} to have the rest"
            )),
        }
    }
}

/// The folder of all of the hub's tools: `HF_HOME`, else in the user's cache.
fn home() -> Option<PathBuf> {
    home_from(&|name: &str| std::env::var_os(name).filter(|value| !value.is_empty()))
}

fn home_from(lookup: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name: &str| lookup(name).map(PathBuf::from);
    path("HF_HOME")
        .or_else(|| path("XDG_CACHE_HOME").map(|cache| cache.join("huggingface")))
        .or_else(|| path("HOME").map(|home| home.join(".cache/huggingface")))
}

/// Whether `HF_HUB_OFFLINE` says that the hub is not to be asked.
fn is_offline() -> bool {
    let set = |name: &str| std::env::var(name).is_ok_and(|it| is_on(&it));
    set("HF_HUB_OFFLINE") || set("TRANSFORMERS_OFFLINE")
}

/// Whether a variable's value means yes, as the hub's tools read it.
fn is_on(value: &str) -> bool {
    matches!(
        value.trim().to_ascii_uppercase().as_str(),
        "1" | "ON" | "YES" | "TRUE"
    )
}

/// Whether a text from outside may be the name of a file.
fn is_plain(name: &str) -> bool {
    let letter = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    !name.is_empty() && name.len() <= 128 && name.chars().all(letter)
}

/// A number of bytes, for people: powers of 1000, as disks are sold.
pub fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "kB", "MB"] {
        if value < 999.5 {
            return match unit {
                "B" => format!("{bytes} B"),
                _ => format!("{value:.1} {unit}"),
            };
        }
        value /= 1000.0;
    }
    format!("{value:.1} GB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_in_their_order() {
        let with = |set: &[(&str, &str)]| {
            let set: Vec<(String, String)> = set
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            Cache::from_lookup(move |name| {
                let found = set.iter().find(|(key, _)| key == name);
                found.map(|(_, value)| OsString::from(value))
            })
            .root
        };
        let home = ("HOME", "/h");
        assert_eq!(with(&[home]), PathBuf::from("/h/.cache/huggingface/hub"));
        let xdg = ("XDG_CACHE_HOME", "/x");
        assert_eq!(with(&[home, xdg]), PathBuf::from("/x/huggingface/hub"));
        let hf = ("HF_HOME", "/f");
        assert_eq!(with(&[home, xdg, hf]), PathBuf::from("/f/hub"));
        let hub = ("HF_HUB_CACHE", "/c");
        assert_eq!(with(&[home, xdg, hf, hub]), PathBuf::from("/c"));
    }

    #[test]
    fn a_fetched_repository_is_found_by_branch_and_by_commit() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::at(root.path().to_owned());
        let main = Repository::parse("org/name").unwrap();
        let advice = cache.directory(&main).unwrap_err();
        assert!(
            advice.contains("`monologue model pull hf:org/name`"),
            "{advice}"
        );

        let folder = root.path().join("models--org--name");
        fs::create_dir_all(folder.join("refs")).unwrap();
        fs::create_dir_all(folder.join("snapshots/abc")).unwrap();
        fs::write(folder.join("refs/main"), "abc\n").unwrap();
        let found = folder.join("snapshots/abc");
        let advice = cache.directory(&main).unwrap_err();
        assert!(advice.contains("config.json is missing"), "{advice}");
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            fs::write(found.join(name), "{}").unwrap();
        }
        assert_eq!(cache.directory(&main), Ok(found.clone()));
        let commit = Repository::parse("org/name@abc").unwrap();
        assert_eq!(cache.directory(&commit), Ok(found));
        let other = Repository::parse("org/name@v2").unwrap();
        let advice = cache.directory(&other).unwrap_err();
        assert!(advice.contains("pull hf:org/name@v2`"), "{advice}");
        let file = Repository::parse("org/name:w.gguf").unwrap();
        let advice = cache.directory(&file).unwrap_err();
        assert!(advice.contains("w.gguf is missing"), "{advice}");
        fs::write(folder.join("snapshots/abc/w.gguf"), "GGUF").unwrap();
        assert_eq!(
            cache.directory(&file).unwrap(),
            folder.join("snapshots/abc/w.gguf")
        );
    }

    #[test]
    fn sizes_for_people() {
        let sizes = [0, 999, 1000, 999_499, 13_500_000_000].map(size);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "999.5 kB", "13.5 GB"]);
    }

    #[test]
    fn a_revision_cannot_climb() {
        assert_eq!(Repository::parse("org/name@../../etc"), None);
        assert_eq!(Repository::parse("org/..@main"), None);
    }
}
