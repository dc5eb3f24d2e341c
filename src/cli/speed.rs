//! `model speed`: how fast the model reads and writes here.

use std::io::{self, Write as _};
use std::ops::ControlFlow;

use serde_json::Value;

use super::{Failure, model, model::Choice};
use crate::model::speed::{Plan, Speed, measure};

/// Loads the model, measures it, and prints the best of what was measured.
pub(super) fn run(choice: &Choice, json: bool) -> Result<(), Failure> {
    let mut backend = choice.load()?;
    let stop = model::interrupted()?;
    let speed = measure(
        &mut *backend,
        Plan::default(),
        &mut || match model::is_set(&stop) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        },
    )?;
    let info = backend.info();
    let mut out = io::stdout().lock();
    if json {
        let mut object = speed.json();
        for (name, value) in [
            ("model", &info.name),
            ("device", &info.device),
            ("dtype", &info.dtype),
        ] {
            object[name] = Value::from(value.as_str());
        }
        writeln!(out, "{object}")?;
        return Ok(());
    }
    writeln!(out, "{} on {}, {}", info.name, info.device, info.dtype)?;
    for (what, rate, about) in rates(&speed) {
        writeln!(out, "{what:<13} {rate:>9.1} tokens/s  {about}")?;
    }
    writeln!(
        out,
        "first token after {:.2} s; of a second question about the same program after {:.2} s",
        speed.first_token, speed.second_question
    )?;
    Ok(())
}

/// What was measured: its name, tokens a second, and of what.
fn rates(speed: &Speed) -> Vec<(&'static str, f64, String)> {
    let mut rates = vec![
        (
            "prefill",
            speed.prefill,
            format!("over {} tokens", speed.prompt_tokens),
        ),
        (
            "decode",
            speed.decode,
            format!("over {} tokens", speed.output_tokens),
        ),
    ];
    if let Some((rows, rate)) = speed.rows {
        rates.push(("together", rate, format!("{rows} completions at once")));
    }
    if let Some(copying) = speed.copying {
        let about = format!(
            "a repair, guessed from its prompt; {:.1} without",
            copying.plain
        );
        rates.push(("copying", copying.guessed, about));
    }
    rates
}
