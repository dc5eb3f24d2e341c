//! A server's address, and the addresses below it.

use std::fmt;

/// Where a server is: everything up to and with `/v1`, and which of its two routes was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Without a slash at its end.
    base: String,
    /// The route that the address itself names, if it names one.
    pub(super) named: Option<Route>,
}

/// How a text is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `completions`: the model continues the prompt as it stands.
    Completions,
    /// `chat/completions`: the prompt is what a user says, inside the model's own template.
    Chat,
}

impl Route {
    /// Below the server's address.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Completions => "completions",
            Self::Chat => "chat/completions",
        }
    }

    /// For a model of this name, where the address names none. SemCoder's prompts are texts to continue,
    /// and so is whatever a model that was not made for conversation is given.
    pub(super) fn for_model(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let talks = ["instruct", "chat", "-it", "gpt-", "assistant"];
        match !name.contains("semcoder") && talks.iter().any(|it| name.contains(it)) {
            true => Self::Chat,
            false => Self::Completions,
        }
    }
}

impl Endpoint {
    /// Reads an address; an empty path means `/v1`. Errs with what is wrong.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let uri: ureq::http::Uri = url
            .parse()
            .map_err(|_| "it is no address; write http://HOST:PORT/v1".to_owned())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err("it is no address; write http://HOST:PORT/v1".to_owned());
        };
        if authority.as_str().contains('@') {
            return Err(
                "a key in an address is easily shown; put it in MONOLOGUE_API_KEY".to_owned(),
            );
        }
        if uri.query().is_some() {
            return Err("an address ends before its `?`; write http://HOST:PORT/v1".to_owned());
        }
        let path = uri.path().trim_end_matches('/');
        let (path, named) = match path.strip_suffix("/chat/completions") {
            Some(path) => (path, Some(Route::Chat)),
            None => match path.strip_suffix("/completions") {
                Some(path) => (path, Some(Route::Completions)),
                None => (path, None),
            },
        };
        let path = if path.is_empty() { "/v1" } else { path };
        let base = format!("{scheme}://{authority}{path}");
        Ok(Self { base, named })
    }

    /// Whether it is reached through TLS.
    pub(super) fn is_secure(&self) -> bool {
        self.base.starts_with("https:")
    }

    /// The address of a route or of `models`.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// The address of what lies beside `/v1`, as `tokenize` does.
    pub(super) fn beside(&self, path: &str) -> String {
        let root = self.base.strip_suffix("/v1").unwrap_or(&self.base);
        format!("{root}/{path}")
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (given, base, named) in [
            ("http://h:8000/v1", "http://h:8000/v1", None),
            ("http://h:8000/v1/", "http://h:8000/v1", None),
            ("http://h:8000", "http://h:8000/v1", None),
            ("https://h/api/v1", "https://h/api/v1", None),
            (
                "http://[::1]:80/v1/completions",
                "http://[::1]:80/v1",
                Some(Route::Completions),
            ),
            (
                "http://h/v1/chat/completions/",
                "http://h/v1",
                Some(Route::Chat),
            ),
        ] {
            let found = Endpoint::parse(given).unwrap();
            assert_eq!((found.base.as_str(), found.named), (base, named));
        }
        let found = Endpoint::parse("http://h/api/v1").unwrap();
        assert_eq!(found.at("models"), "http://h/api/v1/models");
        assert_eq!(found.beside("tokenize"), "http://h/api/tokenize");
    }

    #[test]
    fn a_key_in_the_address_is_refused_and_not_repeated() {
        let reason = Endpoint::parse("http://me:secret@h/v1").unwrap_err();
        assert!(reason.contains("MONOLOGUE_API_KEY") && !reason.contains("secret"));
        assert!(Endpoint::parse("http://h/v1?x=1").is_err());
        assert!(Endpoint::parse("http:///v1").is_err());
    }

    #[test]
    fn the_model_decides_the_route() {
        for (name, route) in [
            ("semcoder/semcoder_s_1030", Route::Completions),
            ("semcoder-instruct", Route::Completions),
            ("qwen2.5-coder:7b", Route::Completions),
            ("Qwen/Qwen2.5-Coder-7B-Instruct", Route::Chat),
            ("gpt-4o", Route::Chat),
        ] {
            assert_eq!(Route::for_model(name), route, "{name}");
        }
    }
}
