//! Requests over HTTP, for model servers and for the hub: proxies, certificates, time limits, and a
//! request that can be broken off at any moment.
//!
//! A blocked read cannot ask whether anyone still wants it, so an [`Exchange`] reads on a thread of its
//! own and the asking thread looks up at every [`TICK`]. Dropping it shuts the connection down.

mod failure;
mod proxy;
pub(super) mod retry;

use std::io::Read as _;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::config::RedirectAuthHeaders;
use ureq::http::{HeaderMap, Request, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

pub(super) use failure::{Failure, Kind};

/// How often a wait asks whether it is still wanted.
const TICK: Duration = Duration::from_millis(25);

/// The most time for a name to be looked up, and for a connection to stand.
const CONNECT: Duration = Duration::from_secs(10);

/// The longest that the other side may say nothing. A long prompt on a busy server takes minutes.
pub(super) const SILENCE: Duration = Duration::from_secs(300);

/// Where systems keep the authorities that they trust, one file each.
const AUTHORITIES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What makes requests to one address. Connections are kept between requests.
pub(super) fn agent(url: &str) -> Result<Agent, Failure> {
    let uri: Uri = url
        .parse()
        .map_err(|_| Failure::new(Kind::Address, format!("{url} is no address")))?;
    let proxy = proxy::of(&uri, &|name| std::env::var(name).ok())
        .map_err(|reason| Failure::new(Kind::Address, reason))?;
    let roots = match uri.scheme_str() {
        Some("https") => authorities()?,
        _ => RootCerts::WebPki,
    };
    let config = Agent::config_builder()
        .http_status_as_error(false)
        // Where a redirection leads is for the caller to judge.
        .max_redirects(0)
        .redirect_auth_headers(RedirectAuthHeaders::Never)
        .proxy(proxy)
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .timeout_per_write(Some(SILENCE))
        .user_agent(concat!("monologue/", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(config.new_agent())
}

/// `SSL_CERT_FILE`, as everywhere; else the system's; else those that browsers ship with.
fn authorities() -> Result<RootCerts, Failure> {
    let own = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty());
    if let Some(path) = own {
        let refused = |reason: String| {
            let path = path.display();
            Failure::new(
                Kind::Tls,
                format!("SSL_CERT_FILE names {path}, which {reason}"),
            )
        };
        let text =
            std::fs::read(&path).map_err(|error| refused(format!("did not open: {error}")))?;
        let found = certificates(&text);
        return match found.is_empty() {
            true => Err(refused("holds no certificate".to_owned())),
            false => Ok(RootCerts::new_with_certs(&found)),
        };
    }
    let system = AUTHORITIES.iter().find_map(|path| {
        let found = certificates(&std::fs::read(path).ok()?);
        (!found.is_empty()).then_some(found)
    });
    Ok(system.map_or(RootCerts::WebPki, |found| RootCerts::new_with_certs(&found)))
}

fn certificates(text: &[u8]) -> Vec<Certificate<'static>> {
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    parse_pem(text).filter_map(certificate).collect()
}

/// What happens during an exchange, in this order.
pub(super) enum News {
    /// The answer's status and headers, once.
    Head(u16, HeaderMap),
    /// More of its body; never empty.
    Body(Vec<u8>),
    /// The body is whole.
    End,
    /// It went wrong; nothing follows.
    Failed(Failure),
}

/// A request under way. The connection is shut down when it is dropped before its end.
pub(super) struct Exchange {
    news: Receiver<News>,
    agent: Option<Agent>,
    /// When anything last came.
    heard: Instant,
}

impl Exchange {
    /// Sends `request`.
    pub(super) fn begin(agent: &Agent, request: Request<Vec<u8>>) -> Self {
        // Bounded: a receiver that falls behind slows the sender down.
        let (sender, news) = sync_channel(64);
        let own = agent.clone();
        thread::spawn(move || carry_out(&own, request, &sender));
        Self {
            news,
            agent: Some(agent.clone()),
            heard: Instant::now(),
        }
    }

    /// What happened next; none when `wanted` said that it is no longer wanted, which is asked at every
    /// [`TICK`] and at every piece of news.
    pub(super) fn next(&mut self, wanted: &mut dyn FnMut() -> ControlFlow<()>) -> Option<News> {
        loop {
            let got = self.news.recv_timeout(TICK);
            if wanted().is_break() {
                return None;
            }
            let news = match got {
                Ok(news) => news,
                Err(RecvTimeoutError::Disconnected) => {
                    News::Failed(Failure::new(Kind::Closed, "it closed the connection"))
                }
                // The connection has limits of its own; this one holds where those do not reach.
                Err(RecvTimeoutError::Timeout) if SILENCE + 2 * CONNECT < self.heard.elapsed() => {
                    News::Failed(Failure::new(Kind::Silent, failure::SILENT))
                }
                Err(RecvTimeoutError::Timeout) => continue,
            };
            self.heard = Instant::now();
            if matches!(news, News::End | News::Failed(_)) {
                self.agent = None;
            }
            return Some(news);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(agent) = self.agent.take() {
            agent.shutdown();
        }
    }
}

/// The other end of an [`Exchange`]: every failure to hand news over means that nobody waits for it.
fn carry_out(agent: &Agent, request: Request<Vec<u8>>, sender: &SyncSender<News>) {
    let response = match agent.run(request) {
        Ok(response) => response,
        Err(error) => return drop(sender.send(News::Failed(error.into()))),
    };
    let (head, body) = response.into_parts();
    let status = head.status.as_u16();
    if sender.send(News::Head(status, head.headers)).is_err() {
        return;
    }
    let mut reader = body.into_with_config().limit(u64::MAX).reader();
    let mut buffer = vec![0; 16 << 10];
    loop {
        let news = match reader.read(&mut buffer) {
            Ok(0) => return drop(sender.send(News::End)),
            Ok(count) => News::Body(buffer[..count].to_vec()),
            Err(error) => return drop(sender.send(News::Failed(ureq::Error::from(error).into()))),
        };
        if sender.send(news).is_err() {
            return;
        }
    }
}

/// For what is always wanted.
pub(super) fn always() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// An answer that was read to its end.
pub(super) struct Reply {
    /// The HTTP status.
    pub(super) status: u16,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its body, cut after [`Reply::MAX`] bytes.
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// The most bytes that are read of a body.
    pub(super) const MAX: usize = 16 << 20;

    /// The body as JSON, if it is that.
    pub(super) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Asks, and waits for the whole answer: as long as it is `wanted`, and no longer than `patience`.
pub(super) fn ask(
    agent: &Agent,
    request: Request<Vec<u8>>,
    patience: Duration,
    wanted: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Reply, Failure> {
    let started = Instant::now();
    let mut wanted = || match patience < started.elapsed() {
        true => ControlFlow::Break(()),
        false => wanted(),
    };
    let mut exchange = Exchange::begin(agent, request);
    let mut reply = Reply {
        status: 0,
        headers: HeaderMap::new(),
        body: Vec::new(),
    };
    loop {
        let Some(news) = exchange.next(&mut wanted) else {
            if started.elapsed() < patience {
                return Err(Failure::new(Kind::Unwanted, "it was stopped"));
            }
            let reason = format!("it did not answer within {} seconds", patience.as_secs());
            return Err(Failure::new(Kind::Silent, reason));
        };
        match news {
            News::Head(status, headers) => (reply.status, reply.headers) = (status, headers),
            News::Body(bytes) => {
                let room = Reply::MAX - reply.body.len();
                reply
                    .body
                    .extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            News::End => return Ok(reply),
            News::Failed(failure) => return Err(failure),
        }
    }
}
