//! One request and its answer, streamed into voices; no second try.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http::HeaderMap;

use super::Line;
use super::chunk::Chunk;
use super::endpoint::Route;
use super::probe::no_json;
use super::sse::Events;
use super::trouble::quoted;
use super::voices::Voice;
use crate::model::Finish;
use crate::model::web::{Exchange, Failure, Kind, News, Reply};

/// How long the count of tokens is waited for once every text has ended.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// Who is told what is said, by whom; breaks off the request.
pub(super) type Say<'a> = dyn FnMut(usize, &str) -> ControlFlow<()> + 'a;

/// How it came out.
pub(super) enum Ended {
    /// Every text is whole. Tokens of prompt and texts, where the server counts them.
    Whole(Option<(usize, usize)>),
    /// The receiver wanted no more.
    Stopped,
    /// The answer is a refusal, or came to be one.
    Refused(Reply),
    /// It went wrong.
    Failed(Failure),
}

/// What was understood of an answer so far.
struct Hearing<'a, 'p, 's> {
    voices: &'a mut [Voice<'p>],
    say: &'a mut Say<'s>,
    usage: Option<(usize, usize)>,
    /// When the first text came.
    first: Option<Instant>,
    /// Whether anything was an answer's.
    answered: bool,
}

/// Sends `body` and hears the answer out. `first` gets the time of the first text.
pub(super) fn run(
    line: &Line,
    route: Route,
    body: &Value,
    voices: &mut [Voice<'_>],
    say: &mut Say<'_>,
    first: &mut Option<Instant>,
) -> Ended {
    let request = match line.request(&line.endpoint.at(route.path()), Some(body)) {
        Ok(request) => request,
        Err(reason) => return Ended::Failed(Failure::new(Kind::Other, reason)),
    };
    let mut hearing = Hearing {
        voices,
        say,
        usage: None,
        first: None,
        answered: false,
    };
    let agent = match line.agent() {
        Ok(agent) => agent,
        Err(failure) => return Ended::Failed(failure),
    };
    let mut exchange = Exchange::begin(&agent, request);
    let ended = hearing.out(&mut exchange);
    *first = hearing.first;
    ended
}

impl Hearing<'_, '_, '_> {
    fn out(&mut self, exchange: &mut Exchange) -> Ended {
        let mut reply = Reply {
            status: 0,
            headers: HeaderMap::new(),
            body: Vec::new(),
        };
        let mut events = Events::default();
        // What is no event stream is read to its end first.
        let mut streamed = None;
        let mut over: Option<Instant> = None;
        loop {
            let late = |over: Option<Instant>| over.is_some_and(|it| AFTERWARDS < it.elapsed());
            let news = exchange.next(&mut || match late(over) {
                true => ControlFlow::Break(()),
                false => (self.say)(0, ""),
            });
            match news {
                None if over.is_some() => return Ended::Whole(self.usage),
                None => return Ended::Stopped,
                Some(News::Head(status, headers)) => {
                    (reply.status, reply.headers) = (status, headers)
                }
                Some(News::Body(bytes)) => {
                    let room = Reply::MAX.saturating_sub(reply.body.len());
                    if streamed != Some(true) || reply.body.len() < 100 {
                        reply
                            .body
                            .extend_from_slice(&bytes[..bytes.len().min(room)]);
                    }
                    let stream =
                        *streamed.get_or_insert(reply.status == 200 && !is_document(&bytes));
                    if !stream {
                        continue;
                    }
                    let Ok(found) = events.push(&bytes) else {
                        return Ended::Failed(Failure::new(Kind::Other, no_json(&reply.body)));
                    };
                    for event in found {
                        if let Some(ended) = self.event(&event) {
                            return ended;
                        }
                    }
                    if over.is_none() && self.voices.iter().all(|it| it.finish.is_some()) {
                        // A server that goes on after a stop word is not listened to any more.
                        if !self.voices.iter().all(|it| it.done) {
                            return Ended::Whole(self.usage);
                        }
                        over = Some(Instant::now());
                    }
                }
                Some(News::End) if streamed == Some(true) => {
                    let last = events.rest();
                    return last
                        .and_then(|it| self.event(&it))
                        .unwrap_or_else(|| self.end(&reply));
                }
                Some(News::End) => return self.document(reply),
                // Whole texts need no orderly goodbye.
                Some(News::Failed(_)) if over.is_some() => return Ended::Whole(self.usage),
                Some(News::Failed(failure)) => return Ended::Failed(failure),
            }
        }
    }

    /// Takes an event; how the exchange ended, if that ended it.
    fn event(&mut self, data: &str) -> Option<Ended> {
        if data.trim() == "[DONE]" {
            let heard = self.answered;
            return heard.then(|| self.whole());
        }
        let Some(chunk) = Chunk::read(data) else {
            let words = quoted(&data.chars().take(60).collect::<String>());
            let reason = format!("a part of its answer is damaged ({words})");
            return Some(Ended::Failed(Failure::new(Kind::Other, reason)));
        };
        if chunk.error.is_some() {
            return Some(Ended::Refused(refusal(data)));
        }
        match self.take(&chunk) {
            ControlFlow::Continue(()) => None,
            ControlFlow::Break(()) => Some(Ended::Stopped),
        }
    }

    fn take(&mut self, chunk: &Chunk) -> ControlFlow<()> {
        self.answered |= chunk.is_answer();
        self.usage = chunk.usage.or(self.usage);
        for part in &chunk.parts {
            if !part.text.is_empty() && self.first.is_none() {
                self.first = Some(Instant::now());
            }
            if let Some(voice) = self.voices.get_mut(part.index) {
                let say = &mut *self.say;
                let told = voice.hear(part, &mut |text| say(part.index, text));
                if told.is_break() {
                    voice.finish.get_or_insert(Finish::Stopped);
                }
            }
        }
        // What one row's receiver does not want, another's may.
        let mut finishes = self.voices.iter().map(|it| it.finish.as_ref());
        let over = self.voices.iter().all(|it| it.finish.is_some());
        match over && finishes.any(|it| it == Some(&Finish::Stopped)) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// The stream ended without saying so.
    fn end(&mut self, reply: &Reply) -> Ended {
        let mut voices = self.voices.iter().filter(|it| it.heard);
        match (self.answered, voices.all(|it| it.finish.is_some())) {
            (true, true) => self.whole(),
            (true, false) => Ended::Failed(Failure::new(
                Kind::Closed,
                "the connection ended in the middle of the answer",
            )),
            (false, _) if reply.body.is_empty() => Ended::Failed(Failure::new(
                Kind::Closed,
                "it closed the connection without an answer",
            )),
            (false, _) => Ended::Failed(Failure::new(Kind::Other, no_json(&reply.body))),
        }
    }

    fn whole(&mut self) -> Ended {
        for (index, voice) in self.voices.iter_mut().enumerate() {
            if voice.heard || index == 0 {
                let say = &mut *self.say;
                voice.end(Finish::EndOfText, &mut |text| say(index, text));
            }
        }
        Ended::Whole(self.usage)
    }

    /// An answer in one piece: a refusal, or what a server sends that does not stream.
    fn document(&mut self, reply: Reply) -> Ended {
        if reply.status != 200 {
            return Ended::Refused(reply);
        }
        if reply.body.is_empty() {
            return Ended::Failed(Failure::new(
                Kind::Closed,
                "it closed the connection without an answer",
            ));
        }
        let text = String::from_utf8_lossy(&reply.body);
        let Some(chunk) = Chunk::read(&text) else {
            // Begun as JSON, but not ended as such: the rest was lost on the way.
            return Ended::Failed(Failure::new(Kind::Other, no_json(&reply.body)));
        };
        if chunk.error.is_some() {
            return Ended::Refused(refusal(&text));
        }
        if !chunk.is_answer() {
            let reason = "its answer holds no text; is this the address of a model server?";
            return Ended::Failed(Failure::new(Kind::Other, reason));
        }
        match self.take(&chunk) {
            ControlFlow::Continue(()) => self.whole(),
            ControlFlow::Break(()) => Ended::Stopped,
        }
    }
}

/// A complaint that came with status 200, as one that came with its own.
fn refusal(text: &str) -> Reply {
    let json: Option<Value> = serde_json::from_str(text).ok();
    let code = json.as_ref().and_then(|it| {
        let error = it.get("error").unwrap_or(it);
        error.get("code")?.as_u64()
    });
    let code = code.and_then(|it| u16::try_from(it).ok());
    Reply {
        status: code.filter(|it| (400..600).contains(it)).unwrap_or(500),
        headers: HeaderMap::new(),
        body: text.as_bytes().to_vec(),
    }
}

/// Whether a body's beginning is that of JSON or of a page, rather than of events.
fn is_document(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let first = bytes.iter().find(|it| !it.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'[' | b'<'))
}
