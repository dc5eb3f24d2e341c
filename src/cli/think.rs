//! The model behind the debugger's monologue pane: loaded when first asked.

use std::ops::ControlFlow;

use super::model::Choice;
use crate::{
    explain::{Direction, Question, claims},
    model::{Backend, Completion, Finish, Limits},
    trace::{Heading, Trace},
    tui::{Answer, Asker, Claim, Telling, Verdict, Wish},
};

/// Tokens a monologue may have.
const LENGTH: usize = 1024;
/// Tokens that an answer needs at least: a question that leaves fewer is made shorter.
const ROOM: usize = 64;
/// How freely another answer to the same question is sampled: the same words would be no other answer.
const AGAIN: (f64, f64) = (0.8, 0.95);

/// A model that is there once it is needed.
pub(super) struct Thinker {
    choice: Choice,
    backend: Option<Box<dyn Backend>>,
}

impl Thinker {
    /// Ready to be asked; loads nothing yet.
    pub(super) fn boxed(choice: Choice) -> Box<dyn Asker> {
        Box::new(Self {
            choice,
            backend: None,
        })
    }

    /// The backend, loaded if it is not there yet.
    fn ready(
        &mut self,
        on_news: &mut dyn FnMut(Telling) -> ControlFlow<()>,
    ) -> Result<&mut Box<dyn Backend>, String> {
        if self.backend.is_none() {
            let loading = format!("loading {}", self.choice.spec);
            let backend = self.choice.load_watched(&mut |share| {
                let what = loading.clone();
                on_news(Telling::Loading { what, share })
            });
            self.backend = Some(backend.map_err(|it| it.to_string())?);
            if on_news(Telling::Ready(self.describe())).is_break() {
                return Err("stopped".into());
            }
        }
        loaded(&mut self.backend, &self.choice, &mut || {
            ControlFlow::Continue(())
        })
    }
}

/// The backend in `slot`, loaded into it if it is empty, for as long as that is `wanted`.
///
/// # Errors
/// When it does not load, in a sentence.
pub(super) fn loaded<'a>(
    slot: &'a mut Option<Box<dyn Backend>>,
    choice: &Choice,
    wanted: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<&'a mut Box<dyn Backend>, String> {
    let backend = match slot.take() {
        Some(backend) => backend,
        None => choice
            .load_watched(&mut |_| wanted())
            .map_err(|it| it.to_string())?,
    };
    Ok(slot.insert(backend))
}

impl Asker for Thinker {
    fn ask(
        &mut self,
        trace: &Trace,
        wish: Wish,
        on_news: &mut dyn FnMut(Telling) -> ControlFlow<()>,
    ) -> Result<Answer, String> {
        let direction = match wish.direction {
            Heading::Forward => Direction::Forward,
            Heading::Backward => Direction::Backward,
        };
        // A model that is not here is asked about a trace of which the secrets are masked.
        let masked = self.choice.outgoing.trace(trace);
        let about = masked.as_ref().unwrap_or(trace);
        let question = Question::about(about, Some(wish.cursor.frame()), direction)
            .map_err(|it| it.to_string())?;
        let backend = self.ready(on_news)?;
        let context = backend.info().context;
        let (question, tokens, cut) = fitted(&mut **backend, about, question)?;
        let mut notes = Vec::new();
        if let Some(cut) = cut {
            notes.push(cut.clone());
            // Whether anybody still listens is asked again below.
            let _ = on_news(Telling::Cut(cut));
        }
        let _ = on_news(Telling::Reading(tokens));
        let (temperature, top_p) = match wish.seed {
            0 => (0.0, 1.0),
            _ => AGAIN,
        };
        let limits = Limits {
            new_tokens: LENGTH,
            temperature,
            top_p,
            seed: wish.seed,
        };
        let mut text = String::new();
        let completion = backend
            .stream(&question.prompt, &limits, &mut |piece| {
                text.push_str(piece);
                on_news(Telling::Piece(piece.to_owned()))
            })
            .map_err(|it| it.to_string())?;
        match &completion.finish {
            Finish::StopWord(word) => {
                text.push_str(word);
                // The answer is whole; whether anyone still listens no longer matters.
                let _ = on_news(Telling::Piece(word.clone()));
            }
            Finish::TokenLimit => notes.push(cut_short(&completion, context)),
            Finish::EndOfText | Finish::Stopped => (),
        }
        let explanation = question.explanation(trace, self.choice.outgoing.unmasked(&text));
        Ok(Answer {
            claims: explanation.claims.iter().map(shown).collect(),
            text: explanation.text,
            answer: explanation
                .answer
                .map(|it| format!("{it} ({})", explanation.answer_verdict.name())),
            prompt_tokens: completion.prompt_tokens,
            output_tokens: completion.output_tokens,
            prefill: completion.prefill.as_secs_f64(),
            decode: completion.decode.as_secs_f64(),
            notes,
            seed: wish.seed,
        })
    }

    fn reload(
        &mut self,
        on_news: &mut dyn FnMut(Telling) -> ControlFlow<()>,
    ) -> Result<(), String> {
        // The old one goes first: two may not fit into memory.
        self.backend = None;
        self.ready(on_news).map(|_| ())
    }

    fn leaves(&self) -> bool {
        self.choice.outgoing.leaves()
    }

    fn describe(&self) -> String {
        match &self.backend {
            Some(backend) => {
                let info = backend.info();
                format!("{} on {}, {}", info.name, info.device, info.dtype)
            }
            None => self.choice.spec.to_string(),
        }
    }
}

/// The question as it fits the model's context, its tokens, and what was left out of it.
fn fitted(
    backend: &mut dyn Backend,
    trace: &Trace,
    question: Question,
) -> Result<(Question, usize, Option<String>), String> {
    let context = backend.info().context;
    let mut count = |question: &Question| {
        let tokens = backend.count(&question.prompt.text);
        tokens.map(|it| it + 1).map_err(|it| it.to_string())
    };
    let tokens = count(&question)?;
    // A server may not say how much it holds.
    if context == 0 || tokens + ROOM <= context {
        return Ok((question, tokens, None));
    }
    let Some((narrowed, said)) = question.narrowed(trace) else {
        return Ok((question, tokens, None));
    };
    match count(&narrowed)? {
        fewer if fewer < tokens => Ok((narrowed, fewer, Some(said))),
        _ => Ok((question, tokens, None)),
    }
}

/// Why an answer ends before its end.
fn cut_short(completion: &Completion, context: usize) -> String {
    let all = completion.prompt_tokens + completion.output_tokens;
    match 0 < context && context <= all {
        true => format!(
            "the answer is cut short: question and answer fill the model's context of {context} tokens"
        ),
        false => format!(
            "the answer is cut short: it may have {} tokens",
            completion.output_tokens
        ),
    }
}

fn shown(claim: &claims::Claim) -> Claim {
    let note = match (&claim.claimed, &claim.recorded) {
        (Some(claimed), Some(recorded)) => format!("{claimed}; recorded: {recorded}"),
        (Some(claimed), None) => format!("{claimed}; not recorded"),
        (None, _) => "no fact that a run could show".into(),
    };
    Claim {
        range: claim.bytes.clone(),
        verdict: match claim.verdict {
            claims::Verdict::True => Verdict::True,
            claims::Verdict::Contradicted => Verdict::Contradicted,
            claims::Verdict::Uncheckable => Verdict::Uncheckable,
        },
        step: claim.step,
        note,
    }
}
