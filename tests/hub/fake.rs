//! A hub: answers, headers and redirections as the real one's, at the addresses of the real one.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::http::{Asked, Http, head, reply};

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const TOKEN: &str = "hf_never_shown";

/// What the hub does wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mood {
    /// Who has no token is turned away.
    pub(crate) gated: bool,
    /// The host of large files hangs up after so many bytes, this many times.
    pub(crate) cut: Option<(usize, usize)>,
    /// It sends other bytes than it says.
    pub(crate) scribbles: bool,
    /// It says that large files are this long.
    pub(crate) claims: Option<u64>,
    /// It knows nothing of ranges.
    pub(crate) ranges: Option<bool>,
    /// It waits so many milliseconds with each kilobyte of large files.
    pub(crate) slow: u64,
    /// It keeps the bytes of large files itself, as mirrors do.
    pub(crate) whole: bool,
    /// It answers 503 so many times to what is asked of the host of large files.
    pub(crate) busy: usize,
}

#[derive(Clone)]
pub(crate) struct Hub {
    hub: Http,
    cdn: Http,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    mood: Arc<Mutex<Mood>>,
}

impl Hub {
    /// With the tiny model, whole.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        crate::tiny_model::write(folder.path());
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            files.insert(name, std::fs::read(path).unwrap());
        }
        files.insert(
            "README.md".to_owned(),
            b"---\nlicense: mit\n---\n# Tiny\n".to_vec(),
        );
        files.insert("pytorch_model.bin".to_owned(), b"pickle".to_vec());
        Self::of(files)
    }

    pub(crate) fn of(files: BTreeMap<String, Vec<u8>>) -> Self {
        let files = Arc::new(Mutex::new(files));
        let mood = Arc::new(Mutex::new(Mood::default()));
        let (all, state) = (Arc::clone(&files), Arc::clone(&mood));
        let cdn = Http::serve(move |asked, stream| {
            let name = asked.path.split(['/', '?']).nth(2).unwrap().to_owned();
            let content = all.lock().unwrap()[&name].clone();
            send(asked, stream, content, &state);
        });
        let (all, state, host) = (Arc::clone(&files), Arc::clone(&mood), cdn.address.clone());
        let hub = Http::serve(move |asked, stream| answer(asked, stream, &all, &state, &host));
        Self {
            hub,
            cdn,
            files,
            mood,
        }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}/", self.hub.address)
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(crate) fn put(&self, name: &str, content: impl Into<Vec<u8>>) {
        self.files
            .lock()
            .unwrap()
            .insert(name.to_owned(), content.into());
    }

    pub(crate) fn drop_file(&self, name: &str) {
        self.files.lock().unwrap().remove(name);
    }

    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        self.files.lock().unwrap()[name].clone()
    }

    pub(crate) fn etag(&self, name: &str) -> String {
        etag(name, &self.file(name))
    }

    /// Everything that was asked of the hub.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.hub.asked()
    }

    /// Everything that was asked of the host of large files.
    pub(crate) fn fetched(&self) -> Vec<Asked> {
        self.cdn.asked()
    }
}

fn is_large(name: &str) -> bool {
    name.ends_with(".safetensors") || name.ends_with(".gguf")
}

fn etag(name: &str, content: &[u8]) -> String {
    let digest: String = Sha256::digest(content)
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect();
    // Small files are called as git calls them, which is shorter.
    digest[..if is_large(name) { 64 } else { 40 }].to_owned()
}

fn answer(
    asked: &Asked,
    stream: &mut TcpStream,
    files: &Mutex<BTreeMap<String, Vec<u8>>>,
    mood: &Mutex<Mood>,
    cdn: &str,
) {
    let (files, mood) = (files.lock().unwrap().clone(), mood.lock().unwrap().clone());
    let allowed = asked.header("authorization") == Some(&format!("Bearer {TOKEN}"));
    let path = asked.path.split('?').next().unwrap();
    let parts: Vec<&str> = path.trim_matches('/').splitn(5, '/').collect();
    let api = [
        "api/models/org/tiny/revision/main",
        "api/models/org/tiny/revision/v2",
    ];
    if api.contains(&path.trim_matches('/')) {
        let siblings: Vec<Value> = files.keys().map(|it| json!({"rfilename": it})).collect();
        let body = json!({"id": "org/tiny", "sha": COMMIT, "siblings": siblings,
                          "cardData": {"license": "mit"}});
        return reply(
            stream,
            200,
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
        );
    }
    if path.starts_with("/api/models/org/tiny/") {
        return reply(stream, 404, &[("x-error-code", "RevisionNotFound")], b"");
    }
    // A repository that has moved.
    if let Some(rest) = path.strip_prefix("/api/models/old/tiny/") {
        let to = format!("/api/models/org/tiny/{rest}");
        return reply(stream, 307, &[("location", &to)], b"");
    }
    if let Some(name) = path.strip_prefix("/signed/") {
        let headers = [("etag", "\"of another kind\""), ("content-length", "1")];
        return match asked.method.as_str() {
            "HEAD" => head(stream, 200, &headers),
            _ => reply(stream, 200, &[], &files[name]),
        };
    }
    let ["org" | "old", "tiny", "resolve", _, name] = parts[..] else {
        return reply(stream, 401, &[("x-error-code", "RepoNotFound")], b"");
    };
    if mood.gated && !allowed {
        return reply(stream, 401, &[("x-error-code", "GatedRepo")], b"");
    }
    let Some(content) = files.get(name) else {
        return reply(stream, 404, &[("x-error-code", "EntryNotFound")], b"");
    };
    let etag = format!("\"{}\"", etag(name, content));
    if is_large(name) {
        let size = mood.claims.unwrap_or(content.len() as u64).to_string();
        let to = match mood.whole {
            true => format!("/signed/{name}"),
            false => format!("http://{cdn}/signed/{name}?for=a-minute"),
        };
        let headers = [
            ("x-repo-commit", COMMIT),
            ("x-linked-etag", etag.as_str()),
            ("x-linked-size", size.as_str()),
            ("location", to.as_str()),
        ];
        return reply(stream, 302, &headers, b"");
    }
    let headers = [("x-repo-commit", COMMIT), ("etag", etag.as_str())];
    match asked.method.as_str() {
        "HEAD" => {
            let length = content.len().to_string();
            let mut all = headers.to_vec();
            all.push(("content-length", &length));
            head(stream, 200, &all);
        }
        _ => reply(stream, 200, &headers, content),
    }
}

/// Sends a large file, or the part of it that is asked for.
fn send(asked: &Asked, stream: &mut TcpStream, mut content: Vec<u8>, mood: &Mutex<Mood>) {
    assert_eq!(
        asked.header("authorization"),
        None,
        "the token went to another host"
    );
    let (mood, cut) = {
        let mut mood = mood.lock().unwrap();
        if 0 < mood.busy {
            mood.busy -= 1;
            return reply(stream, 503, &[("retry-after", "0")], b"");
        }
        let cut = mood.cut.filter(|(_, times)| 0 < *times);
        if let Some((_, times)) = &mut mood.cut {
            *times = times.saturating_sub(1);
        }
        (mood.clone(), cut)
    };
    if mood.scribbles {
        let middle = content.len() / 2;
        content[middle] ^= 1;
    }
    let whole = content.len();
    let from = asked.header("range").filter(|_| mood.ranges != Some(false));
    let from = from.and_then(|it| it.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let part = content.split_off(from.unwrap_or(0usize).min(whole));
    let range = format!("bytes {}-{}/{whole}", from.unwrap_or(0), whole - 1);
    let length = part.len().to_string();
    match from {
        Some(_) => head(
            stream,
            206,
            &[("content-length", &length), ("content-range", &range)],
        ),
        None => head(
            stream,
            200,
            &[("content-length", &length), ("accept-ranges", "bytes")],
        ),
    }
    let end = cut.map_or(part.len(), |(bytes, _)| bytes.min(part.len()));
    for piece in part[..end].chunks(1024) {
        if stream.write_all(piece).is_err() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(mood.slow));
    }
}
