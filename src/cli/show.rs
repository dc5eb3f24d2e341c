//! `show`: a trace as text on standard output.

use std::{
    io::{self, BufWriter, Write as _},
    ops::Range,
    process::ExitCode,
};

use anyhow::Context as _;

use super::{
    Failure,
    args::{Common, Profile, Show},
    layers,
    tokens::{Counter, first_cl100k},
    usage,
};
use crate::{
    export::{self, Tokens},
    redact::{self, Masker},
    represent::{self, Enveloped, Fitted, Representation, Request},
    trace::{Id, StepId, Trace, file},
};

/// Tokens after which the research code cuts a text with its test case.
const RELEASED: usize = 2048;

/// Lines of a program that CodeExecutor's model has tokens for.
const LINES: u32 = 200;

/// Prints one representation; where it is told what was expected, with the test case around it.
pub(super) fn run(args: &Show, common: &Common) -> Result<ExitCode, Failure> {
    let representation = representation(&args.name)?;
    let profile = match args.profile {
        Profile::Canonical => represent::Profile::Canonical,
        Profile::Compat => represent::Profile::Compat,
    };
    let mut trace = file::open(&args.trace)?;
    if args.redact {
        trace = redact::redacted(&trace, &mut Masker::new(&trace));
    }
    let request = Request {
        window: window(&trace, args.steps.as_deref())?,
        profile,
        mode: mode(representation, args.mode.as_deref())?,
        expected: args.expected.clone(),
    };
    let counter = Counter::of(&layers::settings(common)?);
    if request.mode == Some("upstream") && is_beyond(&trace, &request.window) {
        warn(&format!(
            "the program has lines beyond {LINES}, for which CodeExecutor's model has no tokens"
        ));
    }
    let wrapped = Enveloped(representation);
    let released = profile == represent::Profile::Compat && args.expected.is_some();
    let written = match args.budget {
        None if !args.json && !released => stream(&wrapped, &trace, &request),
        budget => {
            let fitted = fitted(&wrapped, &trace, &request, budget, &counter)?;
            put(args, &wrapped, &fitted, profile, counter)
        }
    };
    match written {
        // Who reads no further has what it wants.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        written => {
            written.context(
                "could not write the text to standard output; make room there, or send it elsewhere",
            )?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Writes the whole text as it is made: memory does not grow with it.
fn stream(wrapped: &Enveloped<'_>, trace: &Trace, request: &Request) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if !represent::stream(wrapped, trace, request, &mut out)?.ends_line {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// The page that fits `budget` tokens, or all of it; a test case of the research code ends where it cuts.
fn fitted(
    wrapped: &Enveloped<'_>,
    trace: &Trace,
    request: &Request,
    budget: Option<usize>,
    counter: &Counter,
) -> Result<Fitted, Failure> {
    if let Some(budget) = budget {
        let count = |text: &str| counter.count(text);
        return represent::within(wrapped, trace, request, budget, &count).map_err(|least| {
            usage(format!(
                "could not show {} within {budget} {} tokens: its first step alone has {least}; give a larger --budget",
                wrapped.name(), counter.name
            ))
        });
    }
    let mut page = represent::page(wrapped, trace, request);
    if request.profile == represent::Profile::Compat && request.expected.is_some() {
        let end = first_cl100k(page.text(), RELEASED);
        page = page.cut(end);
    }
    Ok(Fitted::whole(page))
}

/// Writes a page, with its spans where JSON is asked for.
fn put(
    args: &Show,
    wrapped: &Enveloped<'_>,
    fitted: &Fitted,
    profile: represent::Profile,
    counter: Counter,
) -> io::Result<()> {
    let page = &fitted.page;
    let mut out = io::stdout().lock();
    if args.json {
        let tokens = Tokens {
            count: counter.count(page.text()),
            tokenizer: counter.name,
        };
        let json = export::Shown::new(wrapped, profile, page, &tokens);
        let json = json.without(fitted.left_out.as_ref());
        let mut whole = BufWriter::with_capacity(1 << 16, &mut out);
        serde_json::to_writer(&mut whole, &json)?;
        whole.write_all(b"\n")?;
        whole.flush()?;
    } else {
        out.write_all(page.text().as_bytes())?;
        if !page.text().ends_with('\n') {
            out.write_all(b"\n")?;
        }
    }
    out.flush()
}

/// Whether one of the window's steps is on a line that CodeExecutor's model knows no token for.
fn is_beyond(trace: &Trace, window: &Range<StepId>) -> bool {
    Id::range(window.clone()).any(|step| LINES < trace.at(step).line)
}

#[expect(clippy::print_stderr, reason = "standard output has the text")]
fn warn(line: &str) {
    eprintln!("monologue: {line}");
}

fn representation(name: &str) -> Result<&'static dyn Representation, Failure> {
    let found = represent::ALL.iter().find(|it| it.name() == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = represent::ALL.iter().map(|it| it.name()).collect();
        usage(format!(
            "could not show the trace as `{name}`: there is no such representation; use one of {}",
            names.join(", ")
        ))
    })
}

fn mode(
    representation: &'static dyn Representation,
    name: Option<&str>,
) -> Result<Option<&'static str>, Failure> {
    let Some(name) = name else { return Ok(None) };
    let modes = [representation.modes(), representation.variants()].concat();
    let found = modes.iter().find(|it| **it == name);
    found.copied().map(Some).ok_or_else(|| {
        let title = representation.name();
        usage(match modes[..] {
            [] => format!(
                "could not show {title} as `{name}`: it has one mode only; leave --mode out"
            ),
            _ => format!(
                "could not show {title} as `{name}`: there is no such mode; use one of {}",
                modes.join(", ")
            ),
        })
    })
}

/// Steps `A..B`, counted from 1, both ends included; either end may be left out.
pub(super) fn window(trace: &Trace, text: Option<&str>) -> Result<Range<StepId>, Failure> {
    let whole = trace.steps().start()..trace.steps().end();
    let Some(text) = text else { return Ok(whole) };
    let wrong = || {
        usage(format!(
            "could not show steps `{text}`: give them as A..B, counted from 1, for example --steps 5..20"
        ))
    };
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let number = |it: &str, default: u32| match it.trim() {
        "" => Ok(default),
        it => it.parse::<u32>().map_err(|_| wrong()),
    };
    let (first, steps) = (whole.start.number(), whole.end.raw());
    let (from, to) = (number(from, first)?, number(to, steps)?);
    if from == 0 || to < from {
        return Err(wrong());
    }
    if steps < from || to < first {
        let there = match first {
            1 => format!("{steps} steps"),
            _ => format!("steps {first} to {steps}"),
        };
        return Err(usage(format!(
            "could not show steps `{text}`: the trace has {there}"
        )));
    }
    Ok(Id::new(from.max(first) - 1)..Id::new(to.min(steps)))
}
