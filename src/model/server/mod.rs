//! Models behind an OpenAI-compatible server: vLLM, llama.cpp, Ollama and the rest.
//!
//! ```text
//! vllm serve semcoder/semcoder_s_1030 --port 8000
//! vllm serve semcoder/semcoder_s_1030 --tensor-parallel-size 4
//! ray start --head                        # on the first host
//! ray start --address=FIRST:6379          # on each other host
//! vllm serve semcoder/semcoder_s_1030 --distributed-executor-backend ray \
//!     --tensor-parallel-size 8 --pipeline-parallel-size 2   # on the first host
//! llama-server -m semcoder-s.Q8_0.gguf -c 16384 --port 8080
//! OLLAMA_CONTEXT_LENGTH=16384 ollama serve   # http://localhost:11434/v1#NAME
//! ```
//!
//! Ollama cuts a prompt that is longer than its context without a word, and its context is short unless told
//! otherwise. vLLM on version 5 of the transformers library may strip the spaces of DeepSeek-Coder's
//! family, which the probe at connecting finds out.
//!
//! Prompts go to `completions`, as they are, because SemCoder was trained on them as they are; to
//! `chat/completions` when the address or the model's name says so, or the server has nothing else. The
//! begin-of-text token is the server's to add and never in what is sent. What is sent is redacted here,
//! in [`Server::given`], and nowhere is there a way around it.
//!
//! A question is asked again when the server is busy, absent or hangs up, but not once any of the answer
//! was shown.

mod attempt;
mod chunk;
mod endpoint;
mod probe;
mod question;
mod request;
mod sse;
mod trouble;
mod voices;

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

use super::web::{self, Failure, Kind, Reply, retry};
use super::{Backend, Completion, Error, Finish, Info, Limits, Prompt};
use endpoint::{Endpoint, Route};
use probe::Dialect;
use request::{Ask, Extra};

/// The longest that a question about the server itself may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether what is under way is still wanted.
type Wanted<'a> = dyn FnMut() -> ControlFlow<()> + 'a;

/// Makes of a text what may leave this machine.
pub type Redact = Box<dyn Fn(&str) -> String + Send>;

/// A backend that asks a server.
pub struct Server {
    info: Info,
    line: Line,
    model: String,
    route: Route,
    dialect: Option<Dialect>,
    redact: Redact,
    /// What the server has refused so far.
    without: BTreeSet<Extra>,
    /// Of the last completions.
    likelihoods: Vec<f64>,
}

/// A key that is never shown.
struct Key(String);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// How a server is reached.
struct Line {
    endpoint: Endpoint,
    key: Option<Key>,
}

impl Line {
    fn open(url: &str, key: Option<String>) -> Result<Self, String> {
        let endpoint = Endpoint::parse(url)?;
        let key = key
            .map(|it| it.trim().to_owned())
            .filter(|it| !it.is_empty());
        if key
            .as_ref()
            .is_some_and(|it| !it.chars().all(|it| it.is_ascii_graphic()))
        {
            return Err("MONOLOGUE_API_KEY holds what no key does; copy it again".to_owned());
        }
        Ok(Self {
            endpoint,
            key: key.map(Key),
        })
    }

    /// An agent for one request: breaking that off shuts its agent down for good.
    fn agent(&self) -> Result<Agent, Failure> {
        web::agent(&self.endpoint.at(""))
    }

    fn request(&self, url: &str, body: Option<&Value>) -> Result<Request<Vec<u8>>, String> {
        let mut request = Request::builder().uri(url);
        request = match body {
            Some(_) => request
                .method("POST")
                .header("content-type", "application/json"),
            None => request.method("GET"),
        };
        if let Some(Key(key)) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let body = body.map(|it| it.to_string().into_bytes());
        let request = request.body(body.unwrap_or_default());
        request.map_err(|_| "its address cannot be asked".to_owned())
    }

    fn get(&self, url: &str, wanted: &mut Wanted<'_>) -> Result<Reply, String> {
        self.told(self.request(url, None)?, wanted)
    }

    fn post(&self, url: &str, body: &Value, wanted: &mut Wanted<'_>) -> Result<Reply, String> {
        self.told(self.request(url, Some(body))?, wanted)
    }

    /// The answer; asked again while the server starts or is busy.
    fn told(&self, request: Request<Vec<u8>>, wanted: &mut Wanted<'_>) -> Result<Reply, String> {
        let mut number = 0;
        loop {
            number += 1;
            let asked = self
                .agent()
                .and_then(|agent| web::ask(&agent, request.clone(), PATIENCE, wanted));
            let again = match &asked {
                Ok(reply) => matches!(reply.status, 429 | 502 | 503 | 504),
                Err(failure) => failure.passes(),
            };
            if !again || retry::ABSENT <= number {
                return asked.map_err(|it| {
                    match self.endpoint.is_secure() && it.kind == Kind::Closed {
                        true => format!("{}; does it speak http rather than https?", it.reason),
                        false => it.reason,
                    }
                });
            }
            if retry::pause(retry::wait(number), wanted).is_break() {
                return Err("it was stopped".to_owned());
            }
        }
    }

    /// `text` without the key, which some servers repeat when they refuse it.
    fn scrubbed(&self, text: &str) -> String {
        match &self.key {
            Some(Key(key)) => text.replace(key.as_str(), "…"),
            None => text.to_owned(),
        }
    }

    fn error(&self, reason: &str) -> Error {
        Error::Remote {
            attempted: format!("ask {}", self.endpoint),
            reason: self.scrubbed(reason),
        }
    }
}

impl Server {
    /// Connects to the server at `url`, asks which models it has, and tries its tokenizer where it has one
    /// to try. `name` chooses among several models; `key` is sent with every question and never shown;
    /// `redact` is applied to every text that is sent. `wanted` is asked many times a second; when it
    /// answers `Break`, connecting is over.
    ///
    /// Errs in a sentence when there is no such server or model, when the key is wrong, and when the
    /// server's tokenizer would not let the model see the program.
    pub fn connect(
        url: &str,
        name: Option<&str>,
        key: Option<String>,
        redact: Redact,
        wanted: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Self, Error> {
        let line = Line::open(url, key).map_err(|reason| Error::Remote {
            attempted: "ask the server that was named".to_owned(),
            reason,
        })?;
        let model = probe::chosen(&line, name, wanted).map_err(|it| line.error(&it))?;
        let dialect = probe::tokenizer(&line, &model.id, wanted).map_err(|it| line.error(&it))?;
        Ok(Self {
            info: Info {
                name: model.id.clone(),
                architecture: "as served".to_owned(),
                device: format!("the server at {}", line.endpoint),
                dtype: "as served".to_owned(),
                parameters: model.parameters.unwrap_or(0),
                context: model.context.unwrap_or(0),
                bytes: model.bytes.unwrap_or(0),
            },
            route: line.endpoint.named.unwrap_or(Route::for_model(&model.id)),
            model: model.id,
            line,
            dialect,
            redact,
            without: BTreeSet::new(),
            likelihoods: Vec::new(),
        })
    }
}

/// What [`Server`] would send for `prompt`: the address and the JSON, to be read by a person. Sends nothing,
/// so that a model which the server alone could name stands as `…`.
pub fn preview(
    url: &str,
    name: Option<&str>,
    redact: &dyn Fn(&str) -> String,
    prompt: &Prompt,
    limits: &Limits,
    samples: NonZeroUsize,
) -> Result<String, Error> {
    let endpoint = Endpoint::parse(url).map_err(|reason| Error::Remote {
        attempted: "show what would be sent".to_owned(),
        reason,
    })?;
    let model = name.unwrap_or("…");
    let route = endpoint.named.unwrap_or(Route::for_model(model));
    let ask = Ask {
        route,
        model,
        prompt: &redacted(redact, prompt),
        limits,
        new_tokens: limits.new_tokens,
        samples: samples.get(),
        without: &BTreeSet::new(),
    };
    Ok(format!(
        "POST {}\n{:#}",
        endpoint.at(route.path()),
        ask.json()
    ))
}

fn redacted(redact: &dyn Fn(&str) -> String, prompt: &Prompt) -> Prompt {
    Prompt {
        text: redact(&prompt.text),
        stops: prompt.stops.clone(),
    }
}

impl Backend for Server {
    fn info(&self) -> &Info {
        &self.info
    }

    fn count(&mut self, text: &str) -> Result<usize, Error> {
        let text = (self.redact)(text);
        Ok(self.counted(&text, probe::Whole::No))
    }

    fn given(&self, prompt: &Prompt) -> Prompt {
        redacted(&*self.redact, prompt)
    }

    fn stream(
        &mut self,
        prompt: &Prompt,
        limits: &Limits,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Completion, Error> {
        let seeds = [limits.seed];
        let mut done = self.sample_many(prompt, limits, &seeds, &mut |_, piece| on_piece(piece))?;
        done.pop()
            .ok_or_else(|| self.line.error("its answer holds no text"))
    }

    /// Unlike what runs here, a server that makes several continuations at once gives one of them alone for
    /// one seed, and others beside others.
    fn sample_many(
        &mut self,
        prompt: &Prompt,
        limits: &Limits,
        seeds: &[u64],
        on_piece: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Completion>, Error> {
        let given = self.given(prompt);
        let mut done: Vec<Said> = Vec::new();
        while let [seed, ..] = seeds[done.len()..] {
            let first = done.len();
            // Whoever broke off the rows before need not have this one begun.
            if 0 < first && on_piece(first, "").is_break() {
                done.push(Said::stopped(&given));
                continue;
            }
            let wanted = match self.without.contains(&Extra::Samples) {
                true => 1,
                false => seeds.len() - first,
            };
            let limits = Limits {
                seed,
                ..limits.clone()
            };
            let got = self.ask(&given, &limits, wanted, &mut |row, piece| {
                on_piece(first + row, piece)
            })?;
            if got.is_empty() {
                return Err(self.line.error("its answer holds no text"));
            }
            // One that knows nothing of several continuations gives one, and does not complain.
            if got.len() < wanted {
                self.without.insert(Extra::Samples);
            }
            done.extend(got);
        }
        let told: Vec<f64> = done.iter().filter_map(|it| it.likelihood).collect();
        self.likelihoods = match told.len() == done.len() {
            true => told,
            false => Vec::new(),
        };
        Ok(done.into_iter().map(|it| it.completion).collect())
    }

    fn likelihoods(&self) -> &[f64] {
        &self.likelihoods
    }
}

/// One continuation that came.
struct Said {
    completion: Completion,
    /// The mean natural logarithm of its tokens' probabilities, where the server tells.
    likelihood: Option<f64>,
}

impl Said {
    /// One that was stopped before it was asked for.
    fn stopped(prompt: &Prompt) -> Self {
        Self {
            completion: Completion {
                finish: Finish::Stopped,
                prompt_tokens: question::guessed(&prompt.text),
                output_tokens: 0,
                prefill: Duration::ZERO,
                decode: Duration::ZERO,
            },
            likelihood: None,
        }
    }
}
