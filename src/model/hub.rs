//! The Hugging Face cache on disk: where a repository's files lie once something has fetched them.
//!
//! Reads only. Layout: `models--ORG--NAME/refs/REV` holds a commit, `models--ORG--NAME/snapshots/COMMIT`
//! its files.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::PathBuf;

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
            .or_else(|| path("HF_HOME").map(|home| home.join("hub")))
            .or_else(|| path("XDG_CACHE_HOME").map(|cache| cache.join("huggingface/hub")))
            .or_else(|| path("HOME").map(|home| home.join(".cache/huggingface/hub")))
            .unwrap_or_else(|| PathBuf::from(".cache/huggingface/hub"));
        Self { root }
    }

    /// The folder with the files of `repository`, or a sentence on how to get it.
    pub(super) fn directory(&self, repository: &Repository) -> Result<PathBuf, String> {
        let id = &repository.id;
        if let Some(file) = &repository.file {
            return Err(format!(
                "single files ({file}) of a repository cannot be read; \
                 name the repository alone, hf:{id}"
            ));
        }
        let folder = self.root.join(format!("models--{}", id.replace('/', "--")));
        let revision = repository.revision.as_deref().unwrap_or("main");
        let commit = fs::read_to_string(folder.join("refs").join(revision));
        let commit = commit.map_or_else(|_| revision.to_owned(), |text| text.trim().to_owned());
        let snapshot = folder.join("snapshots").join(&commit);
        if snapshot.is_dir() {
            return Ok(snapshot);
        }
        let option = match &repository.revision {
            Some(revision) => format!(" --revision {revision}"),
            None => String::new(),
        };
        Err(format!(
            "it is not in {}; fetch it with `huggingface-cli download {id}{option}` \
             and ask again, or give the directory that holds it",
            self.root.display()
        ))
    }
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
            advice.contains("`huggingface-cli download org/name`"),
            "{advice}"
        );

        let folder = root.path().join("models--org--name");
        fs::create_dir_all(folder.join("refs")).unwrap();
        fs::create_dir_all(folder.join("snapshots/abc")).unwrap();
        fs::write(folder.join("refs/main"), "abc\n").unwrap();
        let found = folder.join("snapshots/abc");
        assert_eq!(cache.directory(&main), Ok(found.clone()));
        let commit = Repository::parse("org/name@abc").unwrap();
        assert_eq!(cache.directory(&commit), Ok(found));
        let other = Repository::parse("org/name@v2").unwrap();
        let advice = cache.directory(&other).unwrap_err();
        assert!(advice.contains("--revision v2"), "{advice}");
    }

    #[test]
    fn a_revision_cannot_climb() {
        assert_eq!(Repository::parse("org/name@../../etc"), None);
        assert_eq!(Repository::parse("org/..@main"), None);
    }
}
