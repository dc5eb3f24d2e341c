//! A trace as JSON Lines, one event a line, in the order in which things happened.

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use rustc_hash::FxHashMap;
use serde_json::{Map, Value as Json, json};

use crate::{
    represent::States,
    trace::{Ending, EventId, Id, Kind, Output, Stream, Trace, ValueId},
};

/// Bytes of texts kept for values met again.
const CACHED: usize = 16 << 20;

/// Writes every event of `trace` as one line of JSON: calls, lines, returns, exceptions, output, and the
/// end where it is known.
///
/// Frames and steps count from 1. Files are named relative to `cwd`, or to the run's own working
/// directory where that is `None`, when they lie under it. A generator that runs on is a call of the
/// same frame, its `yield` a return; a frame that an exception leaves returns `null`. Lines that ran
/// while the file of a `--call` was being imported are no steps and are left out.
///
/// Linear in the events and the variables of their frames.
///
/// # Errors
/// When `out` does not take what is written.
pub fn events(trace: &Trace, out: &mut dyn Write, cwd: Option<&str>) -> io::Result<()> {
    let mut writer = Writer {
        trace,
        states: States::of(trace),
        cwd: cwd.or_else(|| trace.fact("cwd")),
        reprs: FxHashMap::default(),
        size: 0,
    };
    let outputs = trace.outputs();
    let mut printed = Id::<Output>::new(0);
    let mut put = |it: Json| {
        serde_json::to_writer(&mut *out, &it)?;
        out.write_all(b"\n")
    };
    for id in trace.events().ids() {
        while let Some(output) = outputs.get(printed).filter(|it| it.before <= id) {
            put(text(output))?;
            printed = printed.plus(1);
        }
        if let Some(event) = writer.event(id) {
            put(event)?;
        }
    }
    while let Some(output) = outputs.get(printed) {
        put(text(output))?;
        printed = printed.plus(1);
    }
    match trace.ending() {
        Ending::Open => Ok(()),
        Ending::Exited(status) => put(json!({"event": "end", "status": status})),
    }
}

fn text(output: &Output) -> Json {
    let stream = match output.stream {
        Stream::Stdout => "stdout",
        Stream::Stderr => "stderr",
    };
    let text = String::from_utf8_lossy(&output.bytes);
    json!({"event": "output", "stream": stream, "text": text})
}

struct Writer<'a> {
    trace: &'a Trace,
    states: States<'a>,
    cwd: Option<&'a str>,
    reprs: FxHashMap<ValueId, Arc<str>>,
    size: usize,
}

impl Writer<'_> {
    fn event(&mut self, id: EventId) -> Option<Json> {
        let trace = self.trace;
        let event = &trace.events()[id];
        let (frame, line) = (event.frame.raw() + 1, event.line);
        Some(match event.kind {
            Kind::Call | Kind::Resume => {
                let activation = &trace.activations()[event.activation];
                let parent = activation
                    .caller
                    .map(|it| trace.events()[it].frame.raw() + 1);
                json!({
                    "event": "call",
                    "frame": frame,
                    "parent": parent,
                    "thread": trace.frames()[event.frame].thread,
                    "file": self.file(&trace.file(event.frame).path),
                    "line": line,
                    "function": *trace.code(event.frame).name,
                    "locals": self.locals(id),
                })
            }
            Kind::Line(step) => json!({
                "event": "line",
                "step": step?.number(),
                "frame": frame,
                "line": line,
                "locals": self.locals(id),
            }),
            Kind::Return(value) | Kind::Yield(value) => json!({
                "event": "return",
                "frame": frame,
                "line": line,
                "value": *self.repr(value),
            }),
            Kind::Unwind => json!({
                "event": "return",
                "frame": frame,
                "line": line,
                "value": null,
            }),
            Kind::Exception(id) => {
                let exception = trace.exception(id);
                let mut res = json!({
                    "event": "exception",
                    "frame": frame,
                    "line": line,
                    "type": *exception.name,
                    "message": *exception.message,
                });
                // What it came from, its notes and its members, where there are any.
                let more = trace.fact(&format!("exception.{}", id.raw() + 1));
                let more = more.and_then(|it| serde_json::from_str::<Map<_, _>>(it).ok());
                if let (Some(more), Some(fields)) = (more, res.as_object_mut()) {
                    fields.extend(more);
                }
                res
            }
        })
    }

    fn locals(&mut self, id: EventId) -> Json {
        let frame = self.trace.events()[id].frame;
        let bindings = self.states.at(frame, id).bindings().to_vec();
        let mut res = Map::new();
        for (name, value) in bindings {
            let value = self.repr(value);
            res.insert(self.trace.name(name).to_string(), Json::from(&*value));
        }
        Json::Object(res)
    }

    fn repr(&mut self, id: ValueId) -> Arc<str> {
        if let Some(known) = self.reprs.get(&id) {
            return known.clone();
        }
        let text: Arc<str> = self.trace.repr(id).into();
        self.size += text.len();
        if CACHED < self.size {
            self.size = text.len();
            self.reprs.clear();
        }
        self.reprs.insert(id, text.clone());
        text
    }

    fn file(&self, path: &str) -> String {
        let under = |cwd| Path::new(path).strip_prefix(cwd).ok();
        let relative = self.cwd.and_then(under);
        relative.map_or_else(|| path.into(), |it| it.to_string_lossy().into_owned())
    }
}
