//! A question to the model about one recorded call, and what becomes of its answer.

use serde_json::{Value as Json, json};

use super::{
    answer,
    claims::{self, Claim, Verdict},
    literal::{Comparison, compare, parse},
    prompt,
};
use crate::{
    model::{Completion, Prompt},
    trace::{CodeKind, FrameId, Kind, Trace, Value, repr},
};

/// Which way the model reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the input to the output.
    Forward,
    /// From the output to an input that gives it.
    Backward,
}

/// Why a call cannot be asked about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No function was called.
    #[error(
        "could not ask about this run: no function of the program was called; record a call with `--call 'EXPR' FILE.py`"
    )]
    NoCall,
    /// There is no such frame.
    #[error("could not ask about frame {number}: the run has {frames} frames, counted from 1")]
    NoFrame {
        /// What was asked for.
        number: u32,
        /// How many there are.
        frames: u32,
    },
    /// The source was not readable when the program ran.
    #[error(
        "could not ask about {path}: its source was not recorded; record it again where it can be read"
    )]
    NoSource {
        /// Which file.
        path: String,
    },
    /// Backward reasoning starts from an output.
    #[error(
        "could not ask backward about `{name}`: the recorded call returned nothing; ask forward instead"
    )]
    NoOutput {
        /// Which function.
        name: String,
    },
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Which way.
    pub direction: Direction,
    /// About which call.
    pub frame: FrameId,
    /// What the model is given, byte for byte.
    pub prompt: Prompt,
    /// The call as Python text, e.g. `f([3, 1])`.
    pub call: String,
}

/// What came back, checked.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Everything the model wrote.
    pub text: String,
    /// The value between its answer tags: an output, or for a backward question an input.
    pub answer: Option<String>,
    /// Whether the run bears the answer out.
    pub answer_verdict: Verdict,
    /// Its sentences, each held against the run.
    pub claims: Vec<Claim>,
}

impl Direction {
    /// As the command line and JSON write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Backward => "backward",
        }
    }
}

/// The call that a question about `frame` is about: the frame itself, or the function it belongs to.
fn call_of(trace: &Trace, frame: FrameId) -> Option<FrameId> {
    let mut at = Some(frame);
    while let Some(frame) = at {
        if is_function(trace, frame) {
            return Some(frame);
        }
        at = trace.frames()[frame].parent;
    }
    None
}

fn is_function(trace: &Trace, frame: FrameId) -> bool {
    matches!(
        trace.code(frame).kind,
        CodeKind::Function | CodeKind::Generator | CodeKind::Coroutine
    )
}

impl Question {
    /// A question about the call that `frame` belongs to, or about the run's first call.
    ///
    /// # Errors
    /// When there is no such call, or what the prompt needs was not recorded.
    pub fn about(
        trace: &Trace,
        frame: Option<FrameId>,
        direction: Direction,
    ) -> Result<Self, Error> {
        if let Some(frame) = frame.filter(|&it| trace.frames().get(it).is_none()) {
            return Err(Error::NoFrame {
                number: frame.raw() + 1,
                frames: trace.frames().len(),
            });
        }
        let first = || trace.frames().ids().find(|&it| is_function(trace, it));
        let frame = frame
            .or_else(|| trace.entry())
            .and_then(|it| call_of(trace, it))
            .or_else(first)
            .ok_or(Error::NoCall)?;
        let file = trace.file(frame);
        let lines = file.lines.as_ref().ok_or_else(|| Error::NoSource {
            path: file.path.to_string(),
        })?;
        let code = lines.join("\n");
        let name = trace.code(frame).name.to_string();
        let call = match trace.call() {
            Some(call) if trace.entry() == Some(frame) => call.trim().to_owned(),
            _ => format!("{name}({})", arguments(trace, frame)),
        };
        let prompt = match direction {
            Direction::Forward => prompt::forward(&code, &call),
            Direction::Backward => {
                let output = output(trace, frame).ok_or(Error::NoOutput { name: name.clone() })?;
                prompt::backward(&code, &format!("{name}(??)"), &repr(&output))
            }
        };
        Ok(Self {
            direction,
            frame,
            prompt,
            call,
        })
    }

    /// What `text`, the model's reply, amounts to.
    pub fn explanation(&self, trace: &Trace, text: String) -> Explanation {
        let answer = match self.direction {
            Direction::Forward => answer::output(&text),
            Direction::Backward => answer::input(&text),
        };
        let answer = answer.map(str::to_owned);
        let answer_verdict = match (&answer, self.direction) {
            (Some(answer), Direction::Forward) => self.output_verdict(trace, answer),
            (Some(answer), Direction::Backward) => self.input_verdict(trace, answer),
            (None, _) => Verdict::Uncheckable,
        };
        let claims = claims::check(trace, self.frame, &text, prompt::line_of);
        Explanation {
            text,
            answer,
            answer_verdict,
            claims,
        }
    }

    fn output_verdict(&self, trace: &Trace, answer: &str) -> Verdict {
        match (parse(answer), output(trace, self.frame)) {
            (Some(claimed), Some(recorded)) => match compare(&claimed, &recorded) {
                Comparison::Equal => Verdict::True,
                Comparison::Different => Verdict::Contradicted,
                Comparison::Unknown => Verdict::Uncheckable,
            },
            _ => Verdict::Uncheckable,
        }
    }

    /// An input is borne out when it is the recorded one; any other would have to be run to know.
    fn input_verdict(&self, trace: &Trace, answer: &str) -> Verdict {
        let inner = answer
            .split_once('(')
            .and_then(|(_, rest)| rest.strip_suffix(')'))
            .unwrap_or(answer);
        let recorded = format!("[{}]", arguments(trace, self.frame));
        match (parse(&format!("[{inner}]")), parse(&recorded)) {
            (Some(a), Some(b)) if compare(&a, &b) == Comparison::Equal => Verdict::True,
            _ => Verdict::Uncheckable,
        }
    }

    /// The JSON of `explain --json`.
    pub fn json(&self, model: &str, explanation: &Explanation, completion: &Completion) -> Json {
        let claims: Vec<Json> = explanation
            .claims
            .iter()
            .map(|it| {
                json!({
                    "start": it.bytes.start,
                    "end": it.bytes.end,
                    "verdict": it.verdict.name(),
                    "step": it.step.map(|it| it.number()),
                    "claimed": it.claimed,
                    "recorded": it.recorded,
                })
            })
            .collect();
        json!({
            "direction": self.direction.name(),
            "model": model,
            "prompt": self.prompt.text,
            "text": explanation.text,
            "answer": explanation.answer,
            "answer_verdict": explanation.answer_verdict.name(),
            "claims": claims,
            "tokens": {
                "prompt": completion.prompt_tokens,
                "output": completion.output_tokens,
            },
            "seconds": (completion.prefill + completion.decode).as_secs_f64(),
        })
    }
}

/// What the call returned; nothing where an exception left it or it has not ended.
fn output(trace: &Trace, frame: FrameId) -> Option<Value> {
    claims::returned(trace, frame).map(|(_, value)| value)
}

/// The recorded arguments as they would stand between the call's parentheses.
fn arguments(trace: &Trace, frame: FrameId) -> String {
    let code = trace.code(frame);
    let parameters = &code.locals[..(code.parameters as usize).min(code.locals.len())];
    let call = trace.frames()[frame].call;
    let bound = trace.locals(frame, call);
    let mut res = Vec::new();
    for name in parameters {
        let value = bound.iter().find(|it| it.name == *name);
        res.extend(value.map(|it| trace.repr(it.value)));
    }
    debug_assert!(matches!(trace.events()[call].kind, Kind::Call));
    res.join(", ")
}
