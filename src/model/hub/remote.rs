//! The hub itself: what a repository holds, and where its files are to be had.

use serde_json::Value;
use ureq::http::{Request, Uri};

use super::Repository;
use crate::model::web::{self, Failure, Kind, Reply, retry};

/// The hub, unless `HF_ENDPOINT` names another.
const ENDPOINT: &str = "https://huggingface.co";

/// The most redirections that are followed, one after another.
const HOPS: usize = 5;

/// The longest that a question about a repository may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// A hub, and who asks it.
pub(super) struct Hub {
    endpoint: String,
    token: Option<String>,
}

/// What a repository holds at one commit.
#[derive(Debug)]
pub(super) struct Listing {
    /// The commit.
    pub(super) commit: String,
    /// The paths of its files.
    pub(super) files: Vec<String>,
    /// Its licence, as its card says.
    pub(super) licence: Option<String>,
}

/// A file as the hub describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Described {
    /// Its path in the repository.
    pub(super) path: String,
    /// The name of what it holds: a SHA-256 for large files, git's for the rest.
    pub(super) etag: String,
    /// In bytes.
    pub(super) bytes: u64,
}

impl Described {
    /// The SHA-256 that it must have, where the hub says.
    pub(super) fn sha256(&self) -> Option<&str> {
        let hexadecimal = self.etag.bytes().all(|it| it.is_ascii_hexdigit());
        (self.etag.len() == 64 && hexadecimal).then_some(self.etag.as_str())
    }
}

impl Hub {
    /// As `HF_ENDPOINT`, `HF_TOKEN` and the token's file, where `huggingface-cli login` puts it, say.
    pub(super) fn from_environment() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|it| !it.trim().is_empty());
        let endpoint = set("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        let unasked = set("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_some_and(|it| super::is_on(&it));
        let file = set("HF_TOKEN_PATH")
            .map(Into::into)
            .or_else(|| Some(super::home()?.join("token")));
        let token = set("HF_TOKEN")
            .or_else(|| set("HUGGING_FACE_HUB_TOKEN"))
            .or_else(|| std::fs::read_to_string(file.filter(|_| !unasked)?).ok())
            .map(|it| it.trim().to_owned())
            .filter(|it| !it.is_empty() && it.chars().all(|it| it.is_ascii_graphic()));
        Self {
            endpoint: endpoint.trim().trim_end_matches('/').to_owned(),
            token,
        }
    }

    /// Where a file is to be had.
    pub(super) fn url(&self, repository: &Repository, commit: &str, path: &str) -> String {
        let parts: Vec<String> = path.split('/').map(escaped).collect();
        format!(
            "{}/{}/resolve/{}/{}",
            self.endpoint,
            repository.id,
            escaped(commit),
            parts.join("/")
        )
    }

    /// What the repository holds. Errs with the end of a sentence.
    pub(super) fn listing(&self, repository: &Repository) -> Result<Listing, String> {
        let url = format!(
            "{}/api/{}?blobs=true",
            self.endpoint,
            repository.on_hub().api_url()
        );
        let reply = self.asked(&url)?;
        if reply.status != 200 {
            return Err(self.refusal(&reply, repository, None));
        }
        let json = reply.json();
        let listing = json.as_ref().and_then(|json| {
            let files = json.get("siblings")?.as_array()?.iter();
            Some(Listing {
                commit: json.get("sha")?.as_str()?.to_owned(),
                files: files
                    .filter_map(|it| Some(it.get("rfilename")?.as_str()?.to_owned()))
                    .collect(),
                licence: licence(json),
            })
        });
        let listing = listing.filter(|it| super::is_plain(&it.commit));
        listing.ok_or_else(|| {
            format!(
                "{} does not answer as a hub does; check HF_ENDPOINT, and the network's own pages",
                self.endpoint
            )
        })
    }

    /// What the hub says of a file, without fetching it.
    pub(super) fn described(
        &self,
        repository: &Repository,
        commit: &str,
        path: &str,
    ) -> Result<Described, String> {
        let mut number = 0;
        let reply = loop {
            number += 1;
            let url = self.url(repository, commit, path);
            match self.followed("HEAD", &url, None, Away::Stay) {
                Err(failure) if failure.passes() && number < retry::ABSENT => {}
                Ok((reply, _)) if is_busy(reply.status) && number < retry::ABSENT => {}
                result => break result.map_err(|it| it.reason)?.0,
            }
            std::thread::sleep(retry::wait(number));
        };
        if !matches!(reply.status, 200 | 206 | 301..=308) {
            return Err(self.refusal(&reply, repository, Some(path)));
        }
        let header = |name: &str| reply.headers.get(name)?.to_str().ok();
        let etag = header("x-linked-etag").or_else(|| header("etag"));
        let etag = etag.map(|it| it.trim_start_matches("W/").trim_matches('"'));
        let bytes = header("x-linked-size").or_else(|| header("content-length"));
        match (etag, bytes.and_then(|it| it.parse().ok())) {
            // The name becomes a file's.
            (Some(etag), Some(bytes)) if super::is_plain(etag) => Ok(Described {
                path: path.to_owned(),
                etag: etag.to_owned(),
                bytes,
            }),
            _ => Err(format!(
                "{} does not say what {path} is and how long; check HF_ENDPOINT",
                self.endpoint
            )),
        }
    }

    fn asked(&self, url: &str) -> Result<Reply, String> {
        let mut number = 0;
        loop {
            number += 1;
            let result = self.followed("GET", url, None, Away::Follow);
            let again = match &result {
                Ok((reply, _)) => is_busy(reply.status),
                Err(failure) => failure.passes(),
            };
            if !again || retry::ABSENT <= number {
                return match result {
                    Ok((reply, _)) => Ok(reply),
                    Err(failure) => Err(format!("{}: {}", self.endpoint, failure.reason)),
                };
            }
            std::thread::sleep(retry::wait(number));
        }
    }

    /// The answer after its redirections, and where it came from. The token goes to the hub alone.
    fn followed(
        &self,
        method: &str,
        url: &str,
        from: Option<u64>,
        away: Away,
    ) -> Result<(Reply, String), Failure> {
        let mut url = url.to_owned();
        for _ in 0..HOPS {
            let request = self.request(method, &url, from)?;
            let reply = web::ask(&web::agent(&url)?, request, PATIENCE, &mut web::always)?;
            match next_place(&url, reply.status, &reply.headers) {
                // What describes a file describes it here: the place that it leads to knows less.
                Some(_) if away == Away::Stay && reply.headers.contains_key("x-linked-etag") => {
                    return Ok((reply, url));
                }
                Some(next) if away == Away::Follow || same_host(&url, &next) => url = next,
                _ => return Ok((reply, url)),
            }
        }
        Err(Failure::new(Kind::Other, "it redirects in circles"))
    }

    /// A request; with `from`, for the bytes from there on.
    pub(super) fn request(
        &self,
        method: &str,
        url: &str,
        from: Option<u64>,
    ) -> Result<Request<Vec<u8>>, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            // A compressed answer would have no length to hold the file against.
            .header("accept-encoding", "identity");
        if let Some(token) = self
            .token
            .as_ref()
            .filter(|_| same_host(&self.endpoint, url))
        {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(from) = from {
            request = request.header("range", format!("bytes={from}-"));
        }
        let wrong = |_| Failure::new(Kind::Address, format!("{url} is no address"));
        request.body(Vec::new()).map_err(wrong)
    }

    /// Why the hub did not give what was asked for, as the end of a sentence.
    pub(super) fn refusal(
        &self,
        reply: &Reply,
        repository: &Repository,
        path: Option<&str>,
    ) -> String {
        let code = reply.headers.get("x-error-code");
        let code = code.and_then(|it| it.to_str().ok()).unwrap_or_default();
        let id = &repository.id;
        match (reply.status, code) {
            (_, "GatedRepo") => format!(
                "its owner wants to be asked first: accept the terms at {}/{id}, then set HF_TOKEN to a \
                 token of that account",
                self.endpoint
            ),
            (404, "RevisionNotFound") => format!(
                "there is no revision {} of it",
                repository.revision.as_deref().unwrap_or("main")
            ),
            (404, "EntryNotFound") if path.is_some() => {
                format!("it has no file {}", path.unwrap_or_default())
            }
            (401 | 403, _) if self.token.is_some() => format!(
                "{} refused the token, or there is no such repository; check the name and HF_TOKEN",
                self.endpoint
            ),
            (401 | 403 | 404, _) => format!(
                "{} has no such repository, or it is private; check the name, or set HF_TOKEN",
                self.endpoint
            ),
            (status, _) => format!("{} answers {status}; try again later", self.endpoint),
        }
    }
}

/// Whether to follow a redirection to another host.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Away {
    Follow,
    Stay,
}

/// Whether the same question may do better in a moment.
pub(super) fn is_busy(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Where a redirection leads.
pub(super) fn next_place(
    url: &str,
    status: u16,
    headers: &ureq::http::HeaderMap,
) -> Option<String> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let to = headers.get("location")?.to_str().ok()?;
    if to.starts_with("http://") || to.starts_with("https://") {
        return Some(to.to_owned());
    }
    let at: Uri = url.parse().ok()?;
    let path = to.strip_prefix('/')?;
    Some(format!("{}://{}/{path}", at.scheme_str()?, at.authority()?))
}

fn same_host(a: &str, b: &str) -> bool {
    let place = |url: &str| {
        let uri: Uri = url.parse().ok()?;
        Some((uri.scheme_str()?.to_owned(), uri.authority()?.to_string()))
    };
    place(a).is_some_and(|it| place(b) == Some(it))
}

/// A part of a path, as an address writes it.
fn escaped(part: &str) -> String {
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.' | b'~');
    part.bytes()
        .map(|it| match plain(it) {
            true => char::from(it).to_string(),
            false => format!("%{it:02X}"),
        })
        .collect()
}

/// The licence of a repository's card, else of its tags.
fn licence(json: &Value) -> Option<String> {
    let card = json.get("cardData");
    let word = |name: &str| card?.get(name)?.as_str().map(str::to_owned);
    let tags = json.get("tags").and_then(Value::as_array);
    let tagged = || {
        let mut words = tags?.iter().filter_map(Value::as_str);
        words
            .find_map(|it| it.strip_prefix("license:"))
            .map(str::to_owned)
    };
    let licence = word("license").or_else(tagged)?;
    match (licence.as_str(), word("license_name")) {
        ("other", Some(name)) => Some(name),
        _ => Some(licence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn licences_of_every_shape() {
        for (json, wanted) in [
            (json!({"cardData": {"license": "mit"}}), Some("mit")),
            (
                json!({"cardData": {"license": "other", "license_name": "deepseek"}}),
                Some("deepseek"),
            ),
            (
                json!({"tags": ["x", "license:apache-2.0"]}),
                Some("apache-2.0"),
            ),
            (json!({"cardData": null}), None),
        ] {
            assert_eq!(licence(&json).as_deref(), wanted);
        }
    }

    #[test]
    fn redirections_and_whom_the_token_is_for() {
        let headers = |to: &str| {
            let mut headers = ureq::http::HeaderMap::new();
            headers.insert("location", to.parse().unwrap());
            headers
        };
        let next = |to: &str| next_place("https://hub/a/b?c", 302, &headers(to));
        assert_eq!(next("/x/y").as_deref(), Some("https://hub/x/y"));
        assert_eq!(next("https://cdn/z").as_deref(), Some("https://cdn/z"));
        assert_eq!(next_place("https://hub/a", 200, &headers("/x")), None);
        let hub = Hub {
            endpoint: "https://hub".to_owned(),
            token: Some("t".to_owned()),
        };
        let has = |url: &str| {
            let request = hub.request("GET", url, None).unwrap();
            request.headers().contains_key("authorization")
        };
        assert!(has("https://hub/a"));
        assert!(!has("https://cdn/a") && !has("http://hub/a") && !has("https://hub:8443/a"));
    }

    #[test]
    fn addresses_are_escaped() {
        let hub = Hub {
            endpoint: "https://hub".to_owned(),
            token: None,
        };
        let repository = Repository::named("org/name");
        assert_eq!(
            hub.url(&repository, "refs/pr/1", "sub dir/w#1.gguf"),
            "https://hub/org/name/resolve/refs%2Fpr%2F1/sub%20dir/w%231.gguf"
        );
    }
}
