//! A run as one page for a browser: nothing is fetched, everything is stepped through on the page itself.
//!
//! The data stand in the page as JSON in which no `<` is left, and the page's script hands them to the
//! browser as text alone: what a program's values say can neither end the script nor become markup. A
//! policy in the page forbids the network.

use std::{
    io::{self, Write},
    ops::Range,
};

use rustc_hash::FxHashMap;
use serde_json::{Value as Json, json};

use crate::{
    represent::{self, Loss, Page, Request},
    trace::{Ending, EventId, FrameId, Id, NameId, Output, StepId, Stream, Trace, ValueId},
};

const PAGE: &str = include_str!("../../assets/html/page.html");
const STYLE: &str = include_str!("../../assets/html/page.css");
const SCRIPT: &str = include_str!("../../assets/html/page.js");

/// Steps that one page holds; a browser takes a second or two for so many.
pub const MAX_STEPS: u32 = 20_000;

/// Characters that a value's text has on the page.
const MAX_VALUE: usize = 2000;

/// Bytes that one format's text has on the page.
const MAX_TEXT: usize = 8 << 20;

/// Bytes of output that the page holds.
const MAX_OUTPUT: usize = 2 << 20;

/// Writes the page of the steps in `window`, at most [`MAX_STEPS`] of them from its start; what is left out
/// is said on the page. About 200 bytes a step and what the formats write.
///
/// # Errors
/// When `out` does not take what is written.
pub fn html(
    trace: &Trace,
    window: Range<StepId>,
    title: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let end = window.end.raw().min(window.start.raw() + MAX_STEPS);
    let shown = window.start..StepId::new(end);
    let data = data(trace, &shown, title).to_string();
    // No `<`, so that nothing closes the element; the two separators end lines in old scripts.
    let data = data
        .replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029");
    let mut rest = PAGE;
    // In order of the template, so that nothing in the data is taken for a mark of its own.
    for (mark, text) in [
        ("@TITLE@", escaped(title)),
        ("@STYLE@", STYLE.trim_end().to_owned()),
        ("@DATA@", data),
        ("@SCRIPT@", SCRIPT.trim_end().to_owned()),
    ] {
        let (before, after) = rest.split_once(mark).unwrap_or((rest, ""));
        out.write_all(before.as_bytes())?;
        out.write_all(text.as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn data(trace: &Trace, shown: &Range<StepId>, title: &str) -> Json {
    let mut texts = Texts {
        trace,
        names: FxHashMap::default(),
        values: FxHashMap::default(),
        name_list: Vec::new(),
        value_list: Vec::new(),
        cut: false,
    };
    let mut frames = Frames::default();
    let mut steps = Vec::new();
    for step in Id::range(shown.clone()) {
        let event = trace.steps()[step].event;
        let frame = trace.events()[event].frame;
        let number = frames.number(trace, frame);
        let writes = texts.writes(event, frames.upto.insert(frame, event));
        let line = trace.events()[event].line;
        steps.push(json!([number, line, writes, effect(trace, step)]));
    }
    let mut notes = Vec::new();
    let left_out = trace.steps().len() as usize - steps.len();
    if 0 < left_out {
        notes.push(format!(
            "{left_out} of the run's {} steps are left out: a page holds {MAX_STEPS}, and the steps asked for.",
            trace.steps().len()
        ));
    }
    if texts.cut {
        notes.push(format!(
            "Values are shown to {MAX_VALUE} characters; the rest is …."
        ));
    }
    match trace.ending() {
        Ending::Exited(status) => notes.push(format!("The program ended with status {status}.")),
        Ending::Open => notes.push("The recording was cut short.".into()),
    }
    if let Some((_, exception)) = trace.uncaught() {
        notes.push(format!("{}: {}", exception.name, exception.message));
    }
    let files: Vec<Json> = trace
        .files()
        .iter()
        .map(|it| {
            let lines: Vec<&str> = it
                .lines
                .iter()
                .flat_map(|it| it.iter())
                .map(|it| &**it)
                .collect();
            json!({"path": *it.path, "lines": lines})
        })
        .collect();
    let outputs = outputs(trace, shown, &mut notes);
    json!({
        "title": title,
        "first": shown.start.number(),
        "total": trace.steps().len(),
        "files": files,
        "frames": frames.list,
        "steps": steps,
        "names": texts.name_list,
        "values": texts.value_list,
        "outputs": outputs,
        "pages": pages(trace, shown),
        "notes": notes,
    })
}

/// Names and values, each once.
struct Texts<'a> {
    trace: &'a Trace,
    names: FxHashMap<NameId, usize>,
    values: FxHashMap<ValueId, usize>,
    name_list: Vec<String>,
    value_list: Vec<String>,
    cut: bool,
}

impl Texts<'_> {
    /// What changed in an event's frame since another of its events, or all that it holds.
    fn writes(&mut self, event: EventId, since: Option<EventId>) -> Vec<(usize, i64)> {
        let trace = self.trace;
        let mut changed: Vec<(NameId, Option<ValueId>)> = Vec::new();
        match since {
            None => {
                let held = trace.locals(trace.events()[event].frame, event);
                changed.extend(held.into_iter().map(|it| (it.name, Some(it.value))));
            }
            Some(since) => {
                let mut at = trace.events()[since].next;
                while let Some(id) = at.filter(|it| *it <= event) {
                    for write in trace.writes(id) {
                        changed.retain(|it| it.0 != write.name);
                        changed.push((write.name, write.value));
                    }
                    at = trace.events()[id].next;
                }
            }
        }
        changed
            .into_iter()
            .map(|(name, value)| {
                let name = self.name(name);
                (name, value.map_or(-1, |it| self.value(it) as i64))
            })
            .collect()
    }

    fn name(&mut self, id: NameId) -> usize {
        let next = self.name_list.len();
        let known = *self.names.entry(id).or_insert(next);
        if known == next {
            self.name_list.push(self.trace.name(id).to_string());
        }
        known
    }

    fn value(&mut self, id: ValueId) -> usize {
        let next = self.value_list.len();
        let known = *self.values.entry(id).or_insert(next);
        if known == next {
            let (text, cut) = short(self.trace.repr(id), MAX_VALUE);
            self.cut |= cut;
            self.value_list.push(text);
        }
        known
    }
}

/// Frames in the order in which the page meets them.
#[derive(Default)]
struct Frames {
    numbers: FxHashMap<FrameId, usize>,
    list: Vec<Json>,
    /// The event up to which each frame's writes are told.
    upto: FxHashMap<FrameId, EventId>,
}

impl Frames {
    /// A frame's number; its callers get theirs first.
    fn number(&mut self, trace: &Trace, frame: FrameId) -> usize {
        let mut missing = Vec::new();
        let mut at = Some(frame);
        while let Some(frame) = at.filter(|it| !self.numbers.contains_key(it)) {
            missing.push(frame);
            at = trace.frames()[frame].parent;
        }
        for frame in missing.into_iter().rev() {
            let parent = trace.frames()[frame].parent;
            let parent = parent.and_then(|it| self.numbers.get(&it)).copied();
            self.numbers.insert(frame, self.list.len());
            self.list.push(json!({
                "name": *trace.code(frame).name,
                "file": trace.code(frame).file.raw(),
                "parent": parent.map_or(-1, |it| it as i64),
                "thread": trace.frames()[frame].thread,
            }));
        }
        self.numbers.get(&frame).copied().unwrap_or_default()
    }
}

/// What a step did, in a few words.
fn effect(trace: &Trace, step: StepId) -> String {
    let effect = trace.effect(step);
    let mut said: Vec<String> = effect
        .writes
        .iter()
        .map(|it| match it.value {
            Some(value) => format!(
                "{} = {}",
                trace.name(it.name),
                short(trace.repr(value), 60).0
            ),
            None => format!("del {}", trace.name(it.name)),
        })
        .collect();
    let value = |word: &str, it: ValueId| format!("{word} {}", short(trace.repr(it), 60).0);
    said.extend(effect.returned.map(|it| value("return", it)));
    said.extend(effect.yielded.map(|it| value("yield", it)));
    said.extend(effect.exception.map(|it| {
        let exception = trace.exception(it);
        let text = short(exception.message.to_string(), 60).0;
        format!("raise {}: {text}", exception.name)
    }));
    said.join(", ")
}

fn short(text: String, most: usize) -> (String, bool) {
    match text.char_indices().nth(most) {
        None => (text, false),
        Some((end, _)) => (format!("{}…", &text[..end]), true),
    }
}

/// `[steps begun before it, stream, text]`, steps counted on the page.
fn outputs(trace: &Trace, shown: &Range<StepId>, notes: &mut Vec<String>) -> Vec<Json> {
    let mut res = Vec::new();
    let mut size = 0;
    for output in trace.outputs().iter() {
        let begun = trace.steps().partition_point(|it| it.event < output.before);
        if shown.end.raw() < begun {
            break;
        }
        size += output.bytes.len();
        if MAX_OUTPUT < size {
            notes.push(format!("Output is shown to {} MiB.", MAX_OUTPUT >> 20));
            break;
        }
        res.push(printed(output, begun.saturating_sub(shown.start.raw())));
    }
    res
}

fn printed(output: &Output, begun: u32) -> Json {
    let stream = match output.stream {
        Stream::Stdout => "stdout",
        Stream::Stderr => "stderr",
    };
    json!([begun, stream, String::from_utf8_lossy(&output.bytes)])
}

/// Every format in its first mode: its text, its spans in UTF-16 units, and for each step the span that
/// tells of it and whether that is its own.
fn pages(trace: &Trace, shown: &Range<StepId>) -> Vec<Json> {
    let request = Request {
        window: shown.clone(),
        ..Request::whole(trace)
    };
    represent::ALL
        .iter()
        .map(|it| {
            let page = represent::page(*it, trace, &request);
            match page.text().len() <= MAX_TEXT {
                true => told(it.title(), &page, shown),
                false => {
                    json!({"title": it.title(), "text": null, "spans": [], "steps": [], "owns": []})
                }
            }
        })
        .collect()
}

fn told(title: &str, page: &Page, shown: &Range<StepId>) -> Json {
    let mut units = Units::of(page.text());
    let spans: Vec<Json> = page
        .spans()
        .iter()
        .map(|it| {
            let start = units.at(it.bytes.start as usize);
            let end = units.at(it.bytes.end as usize);
            json!([start, end, u8::from(start < end)])
        })
        .collect();
    let resolved = |step| page.resolved(step).unwrap_or((0, Loss::Inherited));
    let steps: Vec<usize> = Id::range(shown.clone()).map(|it| resolved(it).0).collect();
    let owns: Vec<u8> = Id::range(shown.clone())
        .map(|it| u8::from(resolved(it).1 != Loss::Inherited))
        .collect();
    json!({
        "title": title,
        "text": page.text(),
        "spans": spans,
        "steps": steps,
        "owns": owns,
    })
}

/// Byte offsets, in order, as the UTF-16 units that a browser counts.
struct Units<'a> {
    text: &'a str,
    byte: usize,
    unit: usize,
}

impl<'a> Units<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            text,
            byte: 0,
            unit: 0,
        }
    }

    fn at(&mut self, byte: usize) -> usize {
        let passed = &self.text[self.byte..byte];
        self.unit += match passed.is_ascii() {
            true => passed.len(),
            false => passed.chars().map(char::len_utf16).sum(),
        };
        self.byte = byte;
        self.unit
    }
}
