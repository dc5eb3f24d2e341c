//! `model speed`: how fast the model reads and writes here.

use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::Path;

use super::{Failure, model, model::Choice};
use crate::model::{
    Local,
    speed::{self, Plan, Speed},
};

/// Loads the model, measures it by `plan`, and prints tokens a second.
pub(super) fn run(choice: &Choice, plan: Plan, json: bool) -> Result<(), Failure> {
    let mut backend = choice.load()?;
    let stop = model::interrupted()?;
    let speed = speed::measure(&mut *backend, plan, &mut || match model::is_set(&stop) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    })?;
    let info = backend.info();
    let mut out = io::stdout().lock();
    if json {
        let mut object = serde_json::json!({
            "model": info.name, "device": info.device, "dtype": info.dtype,
        });
        if let (Some(object), Some(measured)) = (object.as_object_mut(), speed.json().as_object()) {
            object.extend(measured.clone());
        }
        writeln!(out, "{object}")?;
        return Ok(());
    }
    writeln!(out, "{} on {}, {}", info.name, info.device, info.dtype)?;
    write!(out, "{}", words(&speed))?;
    Ok(())
}

/// Prints the logits that follow each of `tokens`: to check a device against a reference.
pub(super) fn logits(choice: &Choice, path: &Path, tokens: &[u32]) -> Result<(), Failure> {
    let mut local = Local::load(path, &choice.spec.to_string(), &choice.options)?;
    let mut out = io::stdout().lock();
    for row in local.logits(tokens)? {
        writeln!(out, "{}", serde_json::json!(row))?;
    }
    Ok(())
}

fn words(speed: &Speed) -> String {
    let mut text = format!(
        "prefill       {:.1} tokens/s over {} tokens\n\
         decode        {:.1} tokens/s over {} tokens\n\
         first token   {:.2} s, of a second question about the same program {:.2} s\n",
        speed.prefill,
        speed.prompt_tokens,
        speed.decode,
        speed.output_tokens,
        speed.first_token,
        speed.second_question,
    );
    if let Some((rows, rate)) = speed.rows {
        text.push_str(&format!("{rows} at once     {rate:.1} tokens/s together\n"));
    }
    if let Some(copying) = speed.copying {
        text.push_str(&format!(
            "repairing     {:.1} tokens/s with guesses from the prompt ({} of {} right), {:.1} without\n",
            copying.guessed, copying.drafts.accepted, copying.drafts.drafted, copying.plain
        ));
    }
    text
}
