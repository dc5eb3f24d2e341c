//! The end of a run as plain text, for when there is no terminal to debug in.

use std::{
    io::{self, Write},
    path::Path,
};

use crate::trace::{Ending, EventId, Kind, StepId, Trace};

/// Steps shown at the end.
const STEPS: u32 = 12;
/// Bytes of output shown, from the end.
const OUTPUT: usize = 4096;
/// Characters a value may take.
const VALUE: usize = 60;

/// Writes how the run ended, what it printed last, and its last steps with what each did. No escape
/// codes; what the program printed is shown with its control characters made visible.
///
/// # Errors
/// When `out` does not take it.
pub(super) fn write(trace: &Trace, name: &str, out: &mut dyn Write) -> io::Result<()> {
    let steps = trace.steps().len();
    let ending = match trace.ending() {
        Ending::Exited(status) => format!("exit status {status}"),
        Ending::Open => "the recording was cut short".into(),
    };
    writeln!(
        out,
        "{name}: {steps} steps, {} frames, {ending}",
        trace.frames().len()
    )?;
    let uncaught = trace.uncaught();
    if let Some((event, exception)) = uncaught {
        writeln!(
            out,
            "{}{} at {}",
            exception.name,
            after_colon(&exception.message),
            place(trace, event)
        )?;
    }
    for note in trace.notes().iter() {
        writeln!(out, "note: {note}")?;
    }
    write_output(trace, out)?;
    let last = uncaught
        .and_then(|(event, _)| trace.step_of(event))
        .or(trace.steps().last());
    let Some(last) = last else { return Ok(()) };
    writeln!(out, "\nlast steps")?;
    let first = last.raw().saturating_sub(STEPS - 1).max(trace.dropped());
    for raw in first..=last.raw() {
        write_step(trace, StepId::new(raw), out)?;
    }
    Ok(())
}

fn write_output(trace: &Trace, out: &mut dyn Write) -> io::Result<()> {
    let bytes: Vec<u8> = trace
        .outputs()
        .iter()
        .flat_map(|it| it.bytes.iter().copied())
        .collect();
    if bytes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\noutput")?;
    let start = bytes.len().saturating_sub(OUTPUT);
    let text = String::from_utf8_lossy(&bytes[start..]);
    if 0 < start {
        writeln!(out, "  … {start} bytes before")?;
    }
    for line in text.lines() {
        writeln!(out, "  {}", visible(line))?;
    }
    Ok(())
}

fn write_step(trace: &Trace, step: StepId, out: &mut dyn Write) -> io::Result<()> {
    let event = trace.steps()[step].event;
    let here = &trace.events()[event];
    let source = trace.source(here.frame, here.line).unwrap_or_default();
    let effect = trace.effect(step);
    let mut did: Vec<String> = effect
        .writes
        .iter()
        .map(|it| match it.value {
            Some(value) => format!("{} = {}", trace.name(it.name), short(&trace.repr(value))),
            None => format!("del {}", trace.name(it.name)),
        })
        .collect();
    if let Some(value) = effect.returned {
        did.push(format!("return {}", short(&trace.repr(value))));
    }
    if let Some(exception) = effect.exception {
        let exception = trace.exception(exception);
        did.push(format!(
            "raise {}{}",
            exception.name,
            after_colon(&exception.message)
        ));
    }
    let line = format!(
        "  step {:<6} {:<24} {:<44} {}",
        step.number(),
        place(trace, event),
        visible(source),
        did.join(", ")
    );
    writeln!(out, "{}", line.trim_end())
}

/// `file.py:12 in f`
fn place(trace: &Trace, event: EventId) -> String {
    let here = &trace.events()[event];
    let path = Path::new(&*trace.file(here.frame).path);
    let file = path.file_name().unwrap_or(path.as_os_str());
    let line = match here.kind {
        Kind::Call => trace.code(here.frame).first_line,
        _ => here.line,
    };
    format!(
        "{}:{line} {}",
        file.to_string_lossy(),
        trace.code(here.frame).name
    )
}

fn after_colon(message: &str) -> String {
    match message {
        "" => String::new(),
        it => format!(": {}", visible(it)),
    }
}

fn short(text: &str) -> String {
    let text = visible(text);
    match text.chars().count() {
        0..=VALUE => text,
        len => {
            let head: String = text.chars().take(VALUE / 2).collect();
            let tail: String = text.chars().skip(len - VALUE / 2 + 1).collect();
            format!("{head}…{tail}")
        }
    }
}

/// Control characters as their symbols, tabs as blanks.
fn visible(text: &str) -> String {
    text.chars()
        .map(|it| match it {
            '\t' => ' ',
            '\u{7f}' => '␡',
            it if it < ' ' => char::from_u32(0x2400 + u32::from(it)).unwrap_or('?'),
            it if it.is_control() => '?',
            it => it,
        })
        .collect()
}
