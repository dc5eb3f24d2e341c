//! The model behind the debugger's monologue pane: loaded when first asked.

use std::ops::ControlFlow;

use super::model::Choice;
use crate::{
    explain::{Direction, Question, claims},
    model::{Backend, Finish, Limits},
    trace::{Cursor, Heading, Trace},
    tui::{Answer, Asker, Claim, Verdict},
};

/// Tokens a monologue may have.
const LENGTH: usize = 1024;

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
        None => choice.load_while(wanted).map_err(|it| it.to_string())?,
    };
    Ok(slot.insert(backend))
}

impl Asker for Thinker {
    fn ask(
        &mut self,
        trace: &Trace,
        cursor: Cursor,
        direction: Heading,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Answer, String> {
        let direction = match direction {
            Heading::Forward => Direction::Forward,
            Heading::Backward => Direction::Backward,
        };
        // A model that is not here is asked about a trace of which the secrets are masked.
        let masked = self.choice.outgoing.trace(trace);
        let about = masked.as_ref().unwrap_or(trace);
        let question =
            Question::about(about, Some(cursor.frame()), direction).map_err(|it| it.to_string())?;
        let backend = loaded(&mut self.backend, &self.choice, &mut || on_piece(""))?;
        let limits = Limits {
            new_tokens: LENGTH,
            temperature: 0.0,
            top_p: 1.0,
            seed: 0,
        };
        let mut text = String::new();
        let completion = backend
            .stream(&question.prompt, &limits, &mut |piece| {
                text.push_str(piece);
                on_piece(piece)
            })
            .map_err(|it| it.to_string())?;
        if let Finish::StopWord(word) = &completion.finish {
            text.push_str(word);
            // The answer is whole; whether anyone still listens no longer matters.
            let _ = on_piece(word);
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
            seconds: (completion.prefill + completion.decode).as_secs_f64(),
        })
    }

    fn describe(&self) -> String {
        match &self.backend {
            Some(backend) => format!("{} on {}", backend.info().name, backend.info().device),
            None => self.choice.spec.to_string(),
        }
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
