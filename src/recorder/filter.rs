//! Which files are the program's own.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::{
    collections::HashMap,
    path::{Component, Path, PathBuf},
};

/// Decides once per file name.
#[derive(Debug)]
pub(crate) struct Filter {
    cwd: PathBuf,
    library: Vec<PathBuf>,
    include: GlobSet,
    exclude: GlobSet,
    known: HashMap<String, Option<String>>,
}

impl Filter {
    /// `library` are the folders of the standard library. The error names a pattern that is none.
    pub(crate) fn new(
        cwd: PathBuf,
        library: Vec<PathBuf>,
        include: &[String],
        exclude: &[String],
    ) -> Result<Self, String> {
        Ok(Self {
            cwd,
            library,
            include: set(include)?,
            exclude: set(exclude)?,
            known: HashMap::new(),
        })
    }

    /// The absolute path of a file of the program; `None` for what is not to be stepped.
    pub(crate) fn own(&mut self, name: &str) -> Option<&str> {
        if !self.known.contains_key(name) {
            let path = self.decide(name);
            self.known.insert(name.into(), path);
        }
        self.known.get(name)?.as_deref()
    }

    /// Takes a file as the program's own unless a pattern excludes it.
    pub(crate) fn claim(&mut self, name: &str) {
        let path = self.cwd.join(name);
        if !self.matches(&self.exclude, &path) {
            let path = path.to_string_lossy().into_owned();
            self.known.insert(name.into(), Some(path));
        }
    }

    fn decide(&self, name: &str) -> Option<String> {
        if name.is_empty() || name.starts_with('<') {
            return None;
        }
        let path = self.cwd.join(name);
        let wanted = !self.matches(&self.exclude, &path)
            && (self.matches(&self.include, &path) || !self.is_library(&path));
        (wanted && path.is_file()).then(|| path.to_string_lossy().into_owned())
    }

    /// A pattern may speak of the whole path, or of the path below the working directory.
    fn matches(&self, set: &GlobSet, path: &Path) -> bool {
        let below = path.strip_prefix(&self.cwd);
        !set.is_empty() && (set.is_match(path) || below.is_ok_and(|it| set.is_match(it)))
    }

    fn is_library(&self, path: &Path) -> bool {
        let packages = |it: Component<'_>| {
            let name = it.as_os_str();
            name == "site-packages" || name == "dist-packages"
        };
        path.components().any(packages) || self.library.iter().any(|it| path.starts_with(it))
    }
}

fn set(patterns: &[String]) -> Result<GlobSet, String> {
    let mut res = GlobSetBuilder::new();
    for pattern in patterns {
        let wrong = |error| format!("`{pattern}` is no pattern of file names: {error}");
        res.add(GlobBuilder::new(pattern).build().map_err(wrong)?);
    }
    res.build().map_err(|error| error.to_string())
}
