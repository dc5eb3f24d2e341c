//! The words that name a model, and the directory that they stand for.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Error;
use super::hub::{Cache, Repository};

/// Short names, and the repositories on the Hugging Face hub that they stand for.
pub const RELEASED: &[(&str, &str)] = &[
    ("semcoder-s", "semcoder/semcoder_s_1030"),
    ("semcoder", "semcoder/semcoder_1030"),
];

/// A model, as named after `--model`. `Display` gives words that parse to the same again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// A directory with `config.json`, `tokenizer.json` and `*.safetensors`.
    Directory(PathBuf),
    /// A file of quantised weights.
    Gguf(PathBuf),
    /// A repository on the hub, found in its cache on disk.
    Hub(Repository),
    /// An OpenAI-compatible server.
    Server {
        /// Up to and without the `#`.
        url: String,
        /// The model's name on the server, where it has several.
        name: Option<String>,
    },
}

impl FromStr for Spec {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::Spec {
            given: given.to_owned(),
            reason: reason.to_owned(),
        };
        if given.trim().is_empty() {
            return Err(wrong(
                "it is empty; give semcoder-s, a directory, or hf:ORG/NAME",
            ));
        }
        if let Some((_, id)) = RELEASED.iter().find(|(name, _)| *name == given) {
            return Ok(Self::Hub(Repository::named(id)));
        }
        if let Some(rest) = given.strip_prefix("hf:") {
            let parsed = Repository::parse(rest);
            return parsed.map(Self::Hub).ok_or_else(|| {
                wrong("a repository is written hf:ORG/NAME, hf:ORG/NAME@REV or hf:ORG/NAME:FILE")
            });
        }
        if given.starts_with("http://") || given.starts_with("https://") {
            let (url, name) = match given.split_once('#') {
                Some((url, name)) => (url, Some(name.to_owned())),
                None => (given, None),
            };
            let host = url.split_once("://").map_or("", |(_, host)| host);
            if host.trim_start_matches('/').is_empty() || name.as_deref() == Some("") {
                return Err(wrong("a server is written http://HOST:PORT/v1#NAME"));
            }
            let url = url.to_owned();
            return Ok(Self::Server { url, name });
        }
        let path = PathBuf::from(given);
        let extension = path.extension().and_then(|text| text.to_str());
        if extension.is_some_and(|text| text.eq_ignore_ascii_case("gguf")) {
            return Ok(Self::Gguf(path));
        }
        Ok(Self::Directory(path))
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) | Self::Gguf(path) => write!(f, "{}", path.display()),
            Self::Hub(repository) => {
                let whole = repository.revision.is_none() && repository.file.is_none();
                let short = RELEASED
                    .iter()
                    .find(|(_, id)| *id == repository.id && whole);
                match short {
                    Some((name, _)) => f.write_str(name),
                    None => write!(f, "hf:{repository}"),
                }
            }
            Self::Server { url, name: None } => f.write_str(url),
            Self::Server {
                url,
                name: Some(name),
            } => write!(f, "{url}#{name}"),
        }
    }
}

impl Spec {
    /// The directory or GGUF file to load from. Errs in a sentence that says how to get the model when it is not on
    /// this machine, and for the kinds that cannot be run here.
    pub fn directory(&self, cache: &Cache) -> Result<PathBuf, Error> {
        let unavailable = |advice: String| Error::Unavailable {
            name: self.to_string(),
            advice,
        };
        match self {
            Self::Directory(path) => existing(path).map_err(unavailable),
            Self::Gguf(path) if path.is_file() => Ok(path.clone()),
            Self::Gguf(_) => Err(unavailable("there is no such file".to_owned())),
            Self::Hub(repository) => cache.directory(repository).map_err(unavailable),
            Self::Server { .. } => Err(unavailable(
                "it is a server, which keeps its files to itself".to_owned(),
            )),
        }
    }
}

fn existing(path: &Path) -> Result<PathBuf, String> {
    if path.is_dir() {
        return Ok(path.to_owned());
    }
    let names: Vec<_> = RELEASED.iter().map(|(name, _)| *name).collect();
    let or = format!("give a directory, {} or hf:ORG/NAME", names.join(", "));
    Err(if path.exists() {
        format!("it is a file, not a directory; {or}")
    } else {
        format!("there is no such directory; {or}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(given: &str) -> Spec {
        given.parse().unwrap()
    }

    #[test]
    fn each_kind_of_words() {
        let released = Spec::Hub(Repository::named("semcoder/semcoder_s_1030"));
        assert_eq!(parsed("semcoder-s"), released);
        assert_eq!(
            parsed("./semcoder-s"),
            Spec::Directory("./semcoder-s".into())
        );
        assert_eq!(parsed("a/b.GGUF"), Spec::Gguf("a/b.GGUF".into()));
        let Spec::Hub(repository) = parsed("hf:org/name@v1:sub/w.gguf") else {
            panic!("not a hub spec");
        };
        assert_eq!(repository.id, "org/name");
        assert_eq!(repository.revision.as_deref(), Some("v1"));
        assert_eq!(repository.file.as_deref(), Some("sub/w.gguf"));
        let server = Spec::Server {
            url: "http://localhost:8000/v1".to_owned(),
            name: Some("m".to_owned()),
        };
        assert_eq!(parsed("http://localhost:8000/v1#m"), server);
    }

    #[test]
    fn words_survive_display() {
        for given in [
            "semcoder-s",
            "semcoder",
            "/models/tiny",
            "w.gguf",
            "hf:org/name",
            "hf:org/name@main",
            "hf:org/name@main:f.safetensors",
            "hf:org/name:f.gguf",
            "https://h/v1",
            "https://h/v1#m",
        ] {
            assert_eq!(parsed(given).to_string(), given);
        }
    }

    #[test]
    fn wrong_words_are_refused() {
        for given in [
            "",
            "  ",
            "hf:",
            "hf:name",
            "hf:a/b/c",
            "hf:a/b@",
            "http://",
            "http://h/v1#",
        ] {
            let error = given.parse::<Spec>().unwrap_err();
            assert!(matches!(error, Error::Spec { .. }), "{given}: {error}");
        }
    }

    #[test]
    fn kinds_that_cannot_be_run_say_what_to_do() {
        let cache = Cache::at(std::env::temp_dir());
        let sentence = |given: &str| parsed(given).directory(&cache).unwrap_err().to_string();
        assert!(sentence("w.gguf").contains("there is no such file"));
        assert!(sentence("http://h/v1").contains("it is a server"));
        assert!(sentence("/no/such/place").contains("there is no such directory"));
        assert!(sentence("semcoder-s").starts_with("cannot load semcoder-s: "));
    }
}
