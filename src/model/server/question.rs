//! A question, asked as often and in as many ways as it takes to get an answer.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::attempt::{self, Ended, Say};
use super::probe::Whole;
use super::request::{Ask, Extra};
use super::trouble::{Asked, Trouble, judge, quoted};
use super::voices::Voice;
use super::{Said, Server, chunk, probe};
use crate::model::web::{self, Kind, Reply, retry};
use crate::model::{Completion, Error, Finish, Limits, Prompt};

/// What may still be tried.
struct Tries {
    /// Questions that met a busy or absent server.
    waited: u32,
    /// Whether the other route was tried.
    elsewhere: bool,
    /// How often less text was asked for.
    shortened: u32,
    /// The most tokens to write.
    new_tokens: usize,
    /// Continuations asked for at once.
    samples: usize,
}

/// About how many tokens a text has: a quarter of its bytes.
pub(super) fn guessed(text: &str) -> usize {
    text.len().div_ceil(4)
}

/// Whether to ask again.
enum Next {
    Again,
    AfterWait(Duration),
}

impl Server {
    /// Asks for `samples` continuations of `prompt`, which is redacted; those that came.
    pub(super) fn ask(
        &mut self,
        prompt: &Prompt,
        limits: &Limits,
        samples: usize,
        say: &mut Say<'_>,
    ) -> Result<Vec<Said>, Error> {
        let mut tries = Tries {
            waited: 0,
            elsewhere: false,
            shortened: 0,
            new_tokens: limits.new_tokens,
            samples,
        };
        loop {
            let body = Ask {
                route: self.route,
                model: &self.model,
                prompt,
                limits,
                new_tokens: tries.new_tokens,
                samples: tries.samples,
                without: &self.without,
            };
            let body = body.json();
            let mut voices: Vec<Voice<'_>> =
                (0..tries.samples).map(|_| Voice::new(prompt)).collect();
            let (started, mut first, mut shown) = (Instant::now(), None, 0usize);
            let mut watched = |index: usize, text: &str| {
                shown += usize::from(!text.is_empty());
                say(index, text)
            };
            let line = &self.line;
            let ended = attempt::run(
                line,
                self.route,
                &body,
                &mut voices,
                &mut watched,
                &mut first,
            );
            let next = match ended {
                Ended::Whole(usage) => {
                    return Ok(self.samples(prompt, voices, usage, started, first));
                }
                Ended::Stopped => {
                    for voice in &mut voices {
                        voice.end(Finish::Stopped, &mut |_| ControlFlow::Continue(()));
                    }
                    return Ok(self.samples(prompt, voices, None, started, first));
                }
                Ended::Refused(reply) if shown == 0 => {
                    self.after_refusal(&reply, &mut tries, prompt)?
                }
                Ended::Refused(reply) => {
                    let words = reply.json().as_ref().and_then(chunk::complaint);
                    let words = quoted(&words.unwrap_or_default());
                    return Err(self.broken_off(shown, &format!("it said: {words}")));
                }
                Ended::Failed(failure) if shown == 0 && failure.passes() => {
                    tries.waited += 1;
                    let most = match failure.kind {
                        Kind::Absent | Kind::Unreachable => retry::ABSENT,
                        _ => retry::ABSENT + 1,
                    };
                    if most <= tries.waited {
                        return Err(self.line.error(&failure.reason));
                    }
                    Next::AfterWait(retry::wait(tries.waited))
                }
                Ended::Failed(failure) if shown == 0 => {
                    return Err(self.line.error(&failure.reason));
                }
                Ended::Failed(failure) => return Err(self.broken_off(shown, &failure.reason)),
            };
            if let Next::AfterWait(time) = next
                && retry::pause(time, &mut || say(0, "")).is_break()
            {
                for voice in &mut voices {
                    voice.end(Finish::Stopped, &mut |_| ControlFlow::Continue(()));
                }
                return Ok(self.samples(prompt, voices, None, started, None));
            }
        }
    }

    fn broken_off(&self, shown: usize, reason: &str) -> Error {
        self.line.error(&format!(
            "the answer broke off after about {shown} tokens: {reason}; ask again"
        ))
    }

    /// What to do about a refusal; errs when there is nothing to be done.
    fn after_refusal(
        &mut self,
        reply: &Reply,
        tries: &mut Tries,
        prompt: &Prompt,
    ) -> Result<Next, Error> {
        let asked = Asked {
            route: self.route,
            fixed: self.line.endpoint.named.is_some() || tries.elsewhere,
            samples: tries.samples,
            model: &self.model,
            key: self.line.key.is_some(),
        };
        match judge(reply, &asked) {
            Trouble::Busy(wish, words) => {
                tries.waited += 1;
                let wait = wish.unwrap_or_else(|| retry::wait(tries.waited));
                if retry::LONGEST < wait {
                    return Err(self.line.error(&format!(
                        "{words}; it wants to be asked again in {} s",
                        wait.as_secs()
                    )));
                }
                if retry::BUSY <= tries.waited {
                    let reason = format!("{words}; it was asked {} times", tries.waited);
                    return Err(self.line.error(&reason));
                }
                Ok(Next::AfterWait(wait))
            }
            Trouble::Without(extra) => {
                if !self.without.insert(extra) {
                    let json = reply.json();
                    let words = json.as_ref().and_then(chunk::complaint);
                    let words = quoted(&words.unwrap_or_default());
                    let reason = format!("it refused the question; it said: {words}");
                    return Err(self.line.error(&reason));
                }
                if extra == Extra::Samples {
                    tries.samples = 1;
                }
                Ok(Next::Again)
            }
            Trouble::Elsewhere(route) => {
                tries.elsewhere = true;
                self.route = route;
                Ok(Next::Again)
            }
            Trouble::TooLong(tokens, context) => self.shorter(tokens, context, tries, prompt),
            Trouble::Final(reason) => Err(self.line.error(&reason)),
        }
    }

    /// Asks for less text where the prompt alone fits.
    fn shorter(
        &self,
        tokens: Option<usize>,
        context: Option<usize>,
        tries: &mut Tries,
        prompt: &Prompt,
    ) -> Result<Next, Error> {
        let known = Some(self.info.context).filter(|it| 0 < *it);
        let tokens = tokens.or_else(|| self.exactly(&prompt.text, Whole::Yes));
        match (tokens, context.or(known)) {
            (Some(tokens), Some(context)) => {
                let room = context.saturating_sub(tokens);
                if room == 0 || tries.new_tokens <= room || 1 < tries.shortened {
                    return Err(Error::TooLong { tokens, context });
                }
                tries.shortened += 1;
                tries.new_tokens = room;
                Ok(Next::Again)
            }
            (_, context) => Err(self.line.error(&format!(
                "the text is longer than the model takes{}: ask about fewer steps or a shorter program",
                context.map_or(String::new(), |it| format!(" ({it} tokens)"))
            ))),
        }
    }

    /// The tokens of a text, where the server counts them.
    fn exactly(&self, text: &str, whole: Whole) -> Option<usize> {
        let tokens = probe::tokens(
            &self.line,
            self.dialect?,
            &self.model,
            text,
            whole,
            &mut web::always,
        );
        tokens.ok().flatten().map(|it| it.len())
    }

    /// The tokens of a text: as the server counts them, else about a quarter of its bytes.
    pub(super) fn counted(&self, text: &str, whole: Whole) -> usize {
        self.exactly(text, whole).unwrap_or_else(|| guessed(text))
    }

    /// The continuations that came, in their order.
    fn samples(
        &self,
        prompt: &Prompt,
        voices: Vec<Voice<'_>>,
        usage: Option<(usize, usize)>,
        started: Instant,
        first: Option<Instant>,
    ) -> Vec<Said> {
        let total = started.elapsed();
        let prefill = first.map_or(total, |it| it - started);
        // Nobody waits for a count once they have stopped the answer.
        let stopped = voices.iter().any(|it| it.finish == Some(Finish::Stopped));
        let prompt_tokens = match (usage, stopped) {
            (Some((tokens, _)), _) => tokens,
            (None, true) => guessed(&prompt.text),
            (None, false) => self.counted(&prompt.text, Whole::Yes),
        };
        let alone = voices.len() == 1;
        let came = voices.into_iter().filter_map(|voice| {
            let tokens = match (usage, alone, voice.likelihood) {
                (Some((_, tokens)), true, _) => tokens,
                (_, _, Some((_, tokens))) if 0 < tokens => tokens,
                _ => voice.pieces,
            };
            Some(Said {
                completion: Completion {
                    finish: voice.finish?,
                    prompt_tokens,
                    output_tokens: tokens,
                    prefill,
                    decode: total - prefill,
                },
                likelihood: voice
                    .likelihood
                    .filter(|(_, count)| 0 < *count)
                    .map(|(sum, count)| sum / count as f64),
            })
        });
        came.collect()
    }
}
