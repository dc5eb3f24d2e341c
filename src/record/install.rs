//! The recorder's files, put where an interpreter can load them.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    sync::OnceLock,
};

const EXTENSION: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/recorder.abi3.so"));
const BOOT: &[u8] = include_bytes!("../recorder/boot.py");

/// Where the files lie.
#[derive(Debug, Clone)]
pub(super) struct Installed {
    pub(super) boot: PathBuf,
    pub(super) extension: PathBuf,
}

/// Puts the files in place unless they are there. Costs one comparison of half a megabyte a process.
pub(super) fn install() -> io::Result<Installed> {
    static DONE: OnceLock<Installed> = OnceLock::new();
    if let Some(done) = DONE
        .get()
        .filter(|it| it.extension.exists() && it.boot.exists())
    {
        return Ok(done.clone());
    }
    let cached = cache().and_then(|it| install_in(&it).ok());
    let res = match cached {
        Some(res) => res,
        None => install_in(&private()?)?,
    };
    Ok(DONE.get_or_init(|| res).clone())
}

fn cache() -> Option<PathBuf> {
    let given = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let given = given.filter(|it| it.is_absolute());
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
    Some(given.or_else(home)?.join("monologue").join("recorder"))
}

/// A folder of this process, for when there is no home to write to. It stays: programs it started may
/// outlive it.
fn private() -> io::Result<PathBuf> {
    Ok(tempfile::Builder::new()
        .prefix("monologue-")
        .tempdir()?
        .keep())
}

fn install_in(folder: &Path) -> io::Result<Installed> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    if writable_by_others(folder)? {
        let text = format!("{} can be written by others", folder.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    Ok(Installed {
        boot: place(folder, "boot", "py", BOOT)?,
        extension: place(folder, "recorder", "abi3.so", EXTENSION)?,
    })
}

/// What lies there is loaded into the user's own programs, so it has to be the user's own.
fn writable_by_others(folder: &Path) -> io::Result<bool> {
    let meta = fs::metadata(folder)?;
    Ok(meta.uid() != nix::unistd::geteuid().as_raw() || meta.mode() & 0o022 != 0)
}

/// A file named for its content: another version has another name, and a whole file is never replaced.
fn place(folder: &Path, name: &str, kind: &str, content: &[u8]) -> io::Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    let path = folder.join(format!("{name}-{:016x}.{kind}", hasher.finish()));
    if fs::read(&path).is_ok_and(|it| it == content) {
        return Ok(path);
    }
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_placed_once_and_repaired() {
        let folder = tempfile::tempdir().unwrap();
        let first = install_in(folder.path()).unwrap();
        fs::write(&first.boot, "torn").unwrap();
        let second = install_in(folder.path()).unwrap();
        assert_eq!(first.boot, second.boot);
        assert_eq!(fs::read(&second.boot).unwrap(), BOOT);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_folder_open_to_others_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        install_in(folder.path()).unwrap_err();
    }
}
