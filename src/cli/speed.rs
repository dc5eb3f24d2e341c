//! `model speed`: how fast the model reads and writes here.

use std::io::{self, Write as _};
use std::ops::ControlFlow;

use super::{Failure, model, model::Choice};
use crate::model::{Completion, Limits, Prompt};

/// Tokens to write: enough for the rate, few enough for patience.
const TOKENS: usize = 64;

/// Loads the model, asks it twice, and prints the second time's rates.
pub(super) fn run(choice: &Choice, json: bool) -> Result<(), Failure> {
    let mut backend = choice.load()?;
    let stop = model::interrupted()?;
    let limits = Limits {
        new_tokens: TOKENS,
        temperature: 0.0,
        top_p: 1.0,
        seed: 0,
    };
    let mut measured: Option<Completion> = None;
    for round in 0..2 {
        // Another beginning each time, or nothing of it would be read again.
        let lines =
            (0..24).map(|it| format!("def f{round}_{it}(x):\n    return x * {it} + {round}\n\n"));
        let prompt = Prompt {
            text: lines.collect(),
            stops: Vec::new(),
        };
        measured = Some(
            backend.stream(&prompt, &limits, &mut |_| match model::is_set(&stop) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })?,
        );
    }
    let Some(completion) = measured else {
        return Ok(());
    };
    let rate = |tokens: usize, seconds: f64| tokens as f64 / seconds.max(1e-9);
    let prefill = rate(completion.prompt_tokens, completion.prefill.as_secs_f64());
    let decode = rate(completion.output_tokens, completion.decode.as_secs_f64());
    let info = backend.info();
    let mut out = io::stdout().lock();
    if json {
        let object = serde_json::json!({
            "model": info.name, "device": info.device, "dtype": info.dtype,
            "prompt_tokens": completion.prompt_tokens, "output_tokens": completion.output_tokens,
            "prefill_tokens_per_second": prefill, "decode_tokens_per_second": decode,
        });
        writeln!(out, "{object}")?;
        return Ok(());
    }
    writeln!(out, "{} on {}, {}", info.name, info.device, info.dtype)?;
    writeln!(
        out,
        "prefill       {prefill:.1} tokens/s over {} tokens",
        completion.prompt_tokens
    )?;
    writeln!(
        out,
        "decode        {decode:.1} tokens/s over {} tokens",
        completion.output_tokens
    )?;
    Ok(())
}
