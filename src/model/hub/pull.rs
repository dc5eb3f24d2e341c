//! A whole model, fetched into the cache.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::fetch::{Fetch, Lock};
use super::remote::{Described, Hub};
use super::{Cache, Repository, size, wanted};
use crate::model::{Error, Spec};

/// Room that is left free beside what is fetched, in bytes.
const SPARE: u64 = 64 << 20;

/// What happens while a model is fetched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum News<'a> {
    /// The repository was found: its licence, where its card says one.
    Found(Option<&'a str>),
    /// How many files it takes and their bytes, and how many bytes of them are here already.
    Plan(usize, u64, u64),
    /// Another program holds the lock on what comes next.
    Waiting,
    /// A file is about to be fetched; its bytes.
    Begin(&'a str, u64),
    /// So many of its bytes are here.
    At(u64),
    /// It broke off, and is gone on with in a moment.
    Retrying(&'a str),
    /// The file is whole, and what the hub says it is.
    Done(&'a str),
}

/// A model that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// What to load: a directory, or the one file that was named.
    pub path: PathBuf,
    /// The commit.
    pub commit: String,
    /// Its licence, where its card says one.
    pub licence: Option<String>,
    /// Bytes of all its files.
    pub bytes: u64,
}

impl Cache {
    /// Fetches `repository`, or what of it is not here yet.
    ///
    /// Errs in a sentence when there is no such repository or no leave to read it, when the disk has no
    /// room for it, when it breaks off for good or comes damaged. What came by then is gone on with the
    /// next time.
    pub fn pull(
        &self,
        repository: &Repository,
        on_news: &mut dyn FnMut(News<'_>),
    ) -> Result<Pulled, Error> {
        let failed = |reason: String| Error::Remote {
            attempted: format!("fetch {}", Spec::Hub(repository.clone())),
            reason,
        };
        if super::is_offline() {
            return Err(failed(
                "HF_HUB_OFFLINE is set, so the hub is not asked; unset it".to_owned(),
            ));
        }
        self.pulled(repository, on_news).map_err(failed)
    }

    fn pulled(
        &self,
        repository: &Repository,
        on_news: &mut dyn FnMut(News<'_>),
    ) -> Result<Pulled, String> {
        let hub = Hub::from_environment();
        let listing = hub.listing(repository)?;
        on_news(News::Found(listing.licence.as_deref()));
        let commit = &listing.commit;
        let wanted = wanted::among(&listing.files, repository)?;
        let described = |paths: &[String]| -> Result<Vec<Described>, String> {
            let each = paths.iter();
            each.map(|it| hub.described(repository, commit, it))
                .collect()
        };
        let mut files = described(&wanted.files)?;
        if wanted.shards {
            // The index is the last, and says what else there is.
            let index = files.last().ok_or("it has no index of its shards")?;
            self.fetched(&hub, repository, commit, index, &mut |_| ())?;
            let path = self.snapshot(repository, commit).join(wanted::INDEX);
            let text = fs::read_to_string(&path);
            let text = text.map_err(|error| format!("{} did not read: {error}", path.display()))?;
            files.extend(described(&wanted::shards(&text)?)?);
        }
        let bytes = files.iter().map(|it| it.bytes).sum();
        let here = files.iter().map(|it| self.here(repository, it)).sum();
        on_news(News::Plan(files.len(), bytes, here));
        room_for(&self.root, bytes.saturating_sub(here))?;
        for file in &files {
            self.fetched(&hub, repository, commit, file, on_news)?;
        }
        let cached = self.on_disk(repository);
        let noted = cached.create_ref(commit);
        noted.map_err(|error| format!("{} cannot be written: {error}", self.root.display()))?;
        let snapshot = self.snapshot(repository, commit);
        Ok(Pulled {
            path: match &repository.file {
                Some(file) => snapshot.join(file),
                None => snapshot,
            },
            commit: commit.clone(),
            licence: listing.licence,
            bytes,
        })
    }

    /// How many bytes of a file are here, whole or in part.
    fn here(&self, repository: &Repository, file: &Described) -> u64 {
        let blob = self.on_disk(repository).blob_path(&file.etag);
        let mut partial = blob.as_os_str().to_owned();
        partial.push(".incomplete");
        let length = |path: &Path| fs::metadata(path).map_or(0, |it| it.len());
        length(&blob)
            .max(length(Path::new(&partial)))
            .min(file.bytes)
    }

    /// Fetches one file, unless it is here, and puts it into the snapshot.
    fn fetched(
        &self,
        hub: &Hub,
        repository: &Repository,
        commit: &str,
        file: &Described,
        on_news: &mut dyn FnMut(News<'_>),
    ) -> Result<(), String> {
        let unwritable =
            |error: io::Error| format!("{} cannot be written: {error}", self.root.display());
        let blob = self.on_disk(repository).blob_path(&file.etag);
        if let Some(parent) = blob.parent() {
            fs::create_dir_all(parent).map_err(unwritable)?;
        }
        let whole = || fs::metadata(&blob).is_ok_and(|it| it.len() == file.bytes);
        if !whole() {
            let lock = self.lock_of(repository, &file.etag);
            let _lock = Lock::hold(&lock, on_news).map_err(unwritable)?;
            // Whoever held it may have fetched it.
            if !whole() {
                let fetch = Fetch {
                    hub,
                    repository,
                    commit,
                    file,
                    blob: &blob,
                };
                fetch.run(on_news)?;
            }
        }
        let pointer = self.snapshot(repository, commit).join(&file.path);
        point(&pointer, &blob, file.path.matches('/').count()).map_err(unwritable)
    }

    /// Where the hub's own tools lock a file of this name.
    fn lock_of(&self, repository: &Repository, etag: &str) -> PathBuf {
        let folder = repository.on_hub().folder_name();
        self.root
            .join(".locks")
            .join(folder)
            .join(format!("{etag}.lock"))
    }
}

/// Makes `pointer`, `deep` folders below its snapshot, mean `blob`.
fn point(pointer: &Path, blob: &Path, deep: usize) -> io::Result<()> {
    let Some((folder, name)) = pointer.parent().zip(blob.file_name()) else {
        return Err(ErrorKind::InvalidInput.into());
    };
    fs::create_dir_all(folder)?;
    let mut target = PathBuf::from("../..");
    for _ in 0..deep {
        target.push("..");
    }
    let target = target.join("blobs").join(name);
    if fs::read_link(pointer).is_ok_and(|it| it == target) {
        return Ok(());
    }
    match fs::remove_file(pointer) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    #[cfg(unix)]
    let linked = std::os::unix::fs::symlink(&target, pointer);
    #[cfg(not(unix))]
    let linked: io::Result<()> = Err(ErrorKind::Unsupported.into());
    match linked {
        // Another program was quicker.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        // A file system without links.
        Err(_) => fs::hard_link(blob, pointer).or_else(|_| fs::copy(blob, pointer).map(drop)),
        Ok(()) => Ok(()),
    }
}

/// Errs when the disk under `root` has no room for so many bytes.
fn room_for(root: &Path, bytes: u64) -> Result<(), String> {
    let Some(free) = free_under(root) else {
        return Ok(());
    };
    if bytes == 0 || bytes.saturating_add(SPARE) <= free {
        return Ok(());
    }
    Err(format!(
        "it takes {} more, and {} are free under {}; free some, or set HF_HOME to a larger disk",
        size(bytes),
        size(free),
        root.display()
    ))
}

/// Bytes that are free on the disk under `path`, which may not be there yet.
#[cfg(unix)]
fn free_under(path: &Path) -> Option<u64> {
    let there = path.ancestors().find(|it| it.exists())?;
    let facts = nix::sys::statvfs::statvfs(there).ok()?;
    // Their types differ between systems; what a float loses of such figures is less than a block.
    Some((facts.blocks_available() as f64 * facts.fragment_size() as f64) as u64)
}

#[cfg(not(unix))]
fn free_under(_path: &Path) -> Option<u64> {
    None
}
