//! How fast a model is here: measured, in tokens a second.

use std::ops::ControlFlow;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Backend, Drafts, Error, Limits, Prompt};

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Tokens of the prompt, about.
    pub prompt: usize,
    /// Tokens to write.
    pub output: usize,
    /// Completions at once, beside one alone; fewer than two are not measured.
    pub rows: usize,
    /// Rounds, of which the best is told: others use the machine too.
    pub rounds: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            prompt: 256,
            output: 48,
            rows: 8,
            rounds: 3,
        }
    }
}

/// Tokens a second, and seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Speed {
    /// Tokens that were read and written.
    pub prompt_tokens: usize,
    /// Tokens that one completion had.
    pub output_tokens: usize,
    /// Tokens of a prompt read a second.
    pub prefill: f64,
    /// Tokens written a second, behind the prompt.
    pub decode: f64,
    /// Of all rows together.
    pub rows: Option<(usize, f64)>,
    /// Seconds until the first token of a new prompt.
    pub first_token: f64,
    /// Seconds until the first token of a second question about the same program.
    pub second_question: f64,
    /// Where the answer is the program with one line repaired.
    pub copying: Option<Copying>,
}

/// Tokens a second of an answer that copies most of its prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Copying {
    /// With guesses from the prompt.
    pub guessed: f64,
    /// Without.
    pub plain: f64,
    /// What became of the guesses.
    pub drafts: Drafts,
}

impl Speed {
    /// For scripts.
    pub fn json(&self) -> Value {
        json!({
            "prompt_tokens": self.prompt_tokens,
            "output_tokens": self.output_tokens,
            "prefill_tokens_per_second": self.prefill,
            "decode_tokens_per_second": self.decode,
            "rows": self.rows.map(|it| it.0),
            "rows_tokens_per_second": self.rows.map(|it| it.1),
            "first_token_seconds": self.first_token,
            "second_question_seconds": self.second_question,
            "copying_tokens_per_second": self.copying.map(|it| it.guessed),
            "copying_without_guesses": self.copying.map(|it| it.plain),
            "drafted": self.copying.map(|it| it.drafts.drafted),
            "accepted": self.copying.map(|it| it.drafts.accepted),
        })
    }
}

/// Measures `backend` by `plan`. Takes as long as the model needs: [`Plan::rounds`] times a few prompts and
/// completions. `watch` is asked between tokens; when it answers `Break`, what was measured is returned.
/// Errs as [`Backend::stream`] does.
pub fn measure(
    backend: &mut dyn Backend,
    plan: Plan,
    watch: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Speed, Error> {
    let mut speed = Speed::default();
    for round in 0..plan.rounds.max(1) {
        // Another beginning each time, or nothing of it would be read.
        let text = program(round, plan.prompt, backend)?;
        let alone = timed(backend, &text, plan.output, 1, watch)?;
        speed.prompt_tokens = alone.prompt;
        speed.output_tokens = speed.output_tokens.max(alone.output);
        speed.prefill = speed.prefill.max(alone.prompt as f64 / alone.prefill);
        speed.decode = speed.decode.max(alone.rate());
        speed.first_token = least(speed.first_token, alone.prefill);
        let second = format!("{text}# and why?\n");
        let second = timed(backend, &second, 1, 1, watch)?;
        speed.second_question = least(speed.second_question, second.prefill);
        if 1 < plan.rows {
            let many = timed(backend, &text, plan.output, plan.rows, watch)?;
            let before = speed.rows.map_or(0.0, |it| it.1);
            speed.rows = Some((plan.rows, before.max(many.rate())));
        }
        if round == 0 {
            speed.copying = copying(backend)?;
        }
        if watch().is_break() {
            break;
        }
    }
    Ok(speed)
}

fn least(before: f64, now: f64) -> f64 {
    match before {
        0.0 => now,
        before => before.min(now),
    }
}

/// A function to repair, and its repair.
const BROKEN: &str = "def merged(left, right):\n    result = []\n    i = j = 0\n    \
    while i < len(left) and j < len(right):\n        if left[i] <= right[j]:\n            \
    result.append(left[i])\n            i += 1\n        else:\n            \
    result.append(right[i])\n            j += 1\n    result.extend(left[i:])\n    \
    result.extend(right[j:])\n    return result\n";

fn copying(backend: &mut dyn Backend) -> Result<Option<Copying>, Error> {
    let repaired = BROKEN.replace("right[i]", "right[j]");
    let prompt = Prompt {
        text: format!("This function is wrong:\n{BROKEN}\nThis one is right:\n"),
        stops: Vec::new(),
    };
    let mut found = Copying::default();
    for guesses in [false, true] {
        let Some(done) = backend.recite(&prompt, &repaired, guesses)? else {
            return Ok(None);
        };
        let steps = done.output_tokens.saturating_sub(1);
        let rate = steps as f64 / done.decode.as_secs_f64().max(1e-9);
        match guesses {
            false => found.plain = rate,
            true => found.guessed = rate,
        }
    }
    found.drafts = backend.drafts();
    Ok(Some(found))
}

struct Timed {
    prompt: usize,
    /// Of all rows.
    output: usize,
    rows: usize,
    prefill: f64,
    decode: f64,
}

impl Timed {
    /// The first token of a row costs no step, so it does not count: it comes with the prompt.
    fn rate(&self) -> f64 {
        self.output.saturating_sub(self.rows) as f64 / self.decode.max(1e-9)
    }
}

fn timed(
    backend: &mut dyn Backend,
    text: &str,
    output: usize,
    rows: usize,
    watch: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Timed, Error> {
    let prompt = Prompt {
        text: text.to_owned(),
        stops: Vec::new(),
    };
    let limits = Limits {
        new_tokens: output,
        // Warm, or rows would be alike; and no distribution is cut, which costs the same for all models.
        temperature: 1.0,
        top_p: 1.0,
        seed: 1,
    };
    let seeds: Vec<u64> = (0..rows as u64).collect();
    let started = Instant::now();
    let done = backend.sample_many(&prompt, &limits, &seeds, &mut |_, _| watch())?;
    let all = started.elapsed().as_secs_f64();
    let first = done.first().cloned();
    let prefill = first.as_ref().map_or(0.0, |it| it.prefill.as_secs_f64());
    Ok(Timed {
        prompt: first.map_or(0, |it| it.prompt_tokens),
        output: done.iter().map(|it| it.output_tokens).sum(),
        rows,
        prefill,
        decode: all - prefill,
    })
}

/// A text of about `tokens` tokens that differs from that of other rounds from its first word on.
fn program(round: usize, tokens: usize, backend: &mut dyn Backend) -> Result<String, Error> {
    let mut text = format!("{round}: ");
    let mut line = 0;
    while backend.count(&text)? < tokens {
        line += 1;
        let number = (line * 7919 + round * 104_729) % 1009;
        text.push_str(&format!(
            "def f{number}(a, b{line}):\n    return a * {number} + b{line}\n"
        ));
    }
    Ok(text)
}
