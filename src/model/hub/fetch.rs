//! One file, fetched into the cache: continued where it broke off, held against its SHA-256, one program
//! at a time.
//!
//! The names are those of the hub's own tools (`blobs/ETAG.incomplete`, `.locks/…/ETAG.lock`), so that
//! each of us goes on with what the other began, and neither disturbs the other.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use ureq::http::HeaderMap;

use super::remote::{Described, Hub, is_busy, next_place};
use super::{News, Repository};
use crate::model::web::{self, Exchange, Failure, Kind, News as Heard, Reply, retry};

/// Attempts in a row that bring nothing.
const ATTEMPTS: u32 = 5;

/// The most redirections that are followed.
const HOPS: u32 = 5;

/// A lock on a name, held until it is dropped.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until nobody else holds the lock at `path`, and holds it. Says so if it has to wait.
    pub(super) fn hold(path: &Path, on_news: &mut dyn FnMut(News<'_>)) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut told = false;
        loop {
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(path)?;
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                // A file system without locks: the two would have to be unlucky as well.
                Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) => {}
            }
            if !told {
                on_news(News::Waiting);
                told = true;
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A file to fetch.
pub(super) struct Fetch<'a> {
    /// From where.
    pub(super) hub: &'a Hub,
    /// Of which repository.
    pub(super) repository: &'a Repository,
    /// At which commit.
    pub(super) commit: &'a str,
    /// Which.
    pub(super) file: &'a Described,
    /// Where it goes when it is whole.
    pub(super) blob: &'a Path,
}

/// How one attempt ended.
enum Attempt {
    Whole,
    /// It broke off, or the hub is busy.
    Again(String, Option<Duration>),
    /// The other side does not go on where it broke off.
    FromTheStart,
    Final(String),
}

impl Fetch<'_> {
    fn partial(&self) -> PathBuf {
        let mut name = self.blob.as_os_str().to_owned();
        name.push(".incomplete");
        PathBuf::from(name)
    }

    /// Fetches it. Errs with the end of a sentence; what came by then stays, to be gone on with.
    pub(super) fn run(&self, on_news: &mut dyn FnMut(News<'_>)) -> Result<(), String> {
        let (path, partial) = (&self.file.path, self.partial());
        let unwritable = |error: io::Error| unwritable(&partial, &error);
        on_news(News::Begin(path, self.file.bytes));
        let mut fruitless = 0;
        let mut fresh = false;
        loop {
            let mut file = OpenOptions::new()
                .create(true)
                .append(true)
                .read(true)
                .open(&partial)
                .map_err(unwritable)?;
            let mut have = file.metadata().map_err(unwritable)?.len();
            if self.file.bytes < have {
                file.set_len(0).map_err(unwritable)?;
                have = 0;
            }
            fresh |= have == 0;
            on_news(News::At(have));
            let attempt = match have == self.file.bytes {
                true => Attempt::Whole,
                false => self.attempt(&mut file, have, on_news),
            };
            let now = file.metadata().map_err(unwritable)?.len();
            match attempt {
                Attempt::Whole => {
                    file.sync_all().map_err(unwritable)?;
                    match self.verified(&partial)? {
                        None => break,
                        // What another time brought may be of another file; once, all of it is fetched.
                        Some(_) if !fresh => fs::remove_file(&partial).map_err(unwritable)?,
                        Some(found) => {
                            fs::remove_file(&partial).map_err(unwritable)?;
                            return Err(format!(
                                "{path} came damaged (its SHA-256 is {found}, and the hub says {}); it was \
                                 deleted: pull again, and if that does not help, without a proxy",
                                self.file.etag
                            ));
                        }
                    }
                }
                Attempt::FromTheStart => {
                    file.set_len(0).map_err(unwritable)?;
                    fruitless += 1;
                }
                Attempt::Final(reason) => return Err(reason),
                Attempt::Again(reason, wish) => {
                    fruitless = if have < now { 1 } else { fruitless + 1 };
                    let wait = wish.unwrap_or_else(|| retry::wait(fruitless));
                    if ATTEMPTS <= fruitless || retry::LONGEST < wait {
                        return Err(format!(
                            "{path} broke off after {}: {reason}; pull again to go on from there",
                            super::size(now)
                        ));
                    }
                    on_news(News::Retrying(&reason));
                    thread::sleep(wait);
                }
            }
        }
        fs::rename(&partial, self.blob).map_err(unwritable)?;
        on_news(News::Done(path));
        Ok(())
    }

    /// Asks once, for what is there from `have` on.
    fn attempt(&self, file: &mut File, have: u64, on_news: &mut dyn FnMut(News<'_>)) -> Attempt {
        let from = (0 < have).then_some(have);
        let mut url = self.hub.url(self.repository, self.commit, &self.file.path);
        for _ in 0..HOPS {
            match self.one(&url, file, from, on_news) {
                Ok(Hop::Ended(attempt)) => return attempt,
                Ok(Hop::To(next)) => url = next,
                Err(failure) if failure.passes() || failure.kind == Kind::Silent => {
                    return Attempt::Again(failure.reason, None);
                }
                Err(failure) => return Attempt::Final(failure.reason),
            }
        }
        Attempt::Final("it redirects in circles".to_owned())
    }

    fn one(
        &self,
        url: &str,
        file: &mut File,
        from: Option<u64>,
        on_news: &mut dyn FnMut(News<'_>),
    ) -> Result<Hop, Failure> {
        let request = self.hub.request("GET", url, from)?;
        let mut exchange = Exchange::begin(&web::agent(url)?, request);
        let mut head: Option<(u16, HeaderMap)> = None;
        let mut at = from.unwrap_or(0);
        loop {
            let news = exchange.next(&mut web::always);
            match news.unwrap_or(Heard::End) {
                Heard::Head(status, headers) => {
                    if let Some(next) = next_place(url, status, &headers) {
                        return Ok(Hop::To(next));
                    }
                    if from.is_some() && (status == 200 || status == 416) {
                        return Ok(Hop::Ended(Attempt::FromTheStart));
                    }
                    if from.is_some() && status == 206 && begins(&headers) != from {
                        return Ok(Hop::Ended(Attempt::FromTheStart));
                    }
                    head = Some((status, headers));
                }
                Heard::Body(bytes) if matches!(head, Some((200 | 206, _))) => {
                    at += bytes.len() as u64;
                    if self.file.bytes < at {
                        let reason = format!("{} is longer than the hub says", self.file.path);
                        return Ok(Hop::Ended(Attempt::Final(reason)));
                    }
                    if let Err(error) = file.write_all(&bytes) {
                        let reason = unwritable(&self.partial(), &error);
                        return Ok(Hop::Ended(Attempt::Final(reason)));
                    }
                    on_news(News::At(at));
                }
                Heard::Body(_) => {}
                Heard::End => {
                    let (status, headers) = head.unwrap_or_default();
                    return Ok(Hop::Ended(match status {
                        200 | 206 if at == self.file.bytes => Attempt::Whole,
                        200 | 206 => Attempt::Again("it closed the connection".to_owned(), None),
                        status if is_busy(status) => Attempt::Again(
                            format!("it answers {status}"),
                            retry::asked_for(&headers),
                        ),
                        status => {
                            let reply = Reply {
                                status,
                                headers,
                                body: Vec::new(),
                            };
                            let path = Some(self.file.path.as_str());
                            Attempt::Final(self.hub.refusal(&reply, self.repository, path))
                        }
                    }));
                }
                Heard::Failed(failure) => return Err(failure),
            }
        }
    }

    /// The wrong SHA-256, if it is wrong.
    fn verified(&self, partial: &Path) -> Result<Option<String>, String> {
        let Some(wanted) = self.file.sha256() else {
            return Ok(None);
        };
        let unreadable = |error: io::Error| format!("{} did not read: {error}", partial.display());
        let mut file = File::open(partial).map_err(unreadable)?;
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer).map_err(unreadable)? {
                0 => break,
                count => digest.update(&buffer[..count]),
            }
        }
        let found: String = digest
            .finalize()
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect();
        Ok((found != wanted.to_ascii_lowercase()).then_some(found))
    }
}

enum Hop {
    To(String),
    Ended(Attempt),
}

/// Where a part begins, as `Content-Range: bytes 5-9/10` says.
fn begins(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get("content-range")?.to_str().ok()?;
    range
        .strip_prefix("bytes ")?
        .split('-')
        .next()?
        .trim()
        .parse()
        .ok()
}

fn unwritable(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => format!(
            "the disk under {} is full; free some of it, or set HF_HOME to a larger one, and pull again \
             to go on",
            path.parent().unwrap_or(path).display()
        ),
        _ => format!("{} cannot be written: {error}", path.display()),
    }
}
