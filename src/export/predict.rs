//! Steps as questions: what a line does to the state, and which lines an input runs.
//!
//! The paper on trace-based fine-tuning names next-state and coverage prediction and gives no format;
//! these are ours. Both are JSON Lines that begin with one record of the program.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use serde_json::{Map, Value as Json, json};

use super::program;
use crate::{
    redact::python::Source,
    represent::States,
    trace::{File, Id, Kind, Trace},
};

/// Writes `{"record":"program","files":{…}}`, then for each step
/// `{"record":"step","step","frame","function","file","line","source","before":{…},"after":{…}|null,
/// "changed":{…},"deleted":[…],"next_line":N|null,"event":"line"|"return"|"yield"|"exception"|"end"}`.
///
/// `before` is the frame's state when the line is about to run, `after` when its frame goes on or ends, with
/// the `event` by which it does; `next_line` is the frame's next line. Where the trace ends first, `after` is
/// null and the event `end`. States are of `repr` texts.
///
/// # Errors
/// When `out` does not take what is written.
pub fn next_state(trace: &Trace, out: &mut dyn Write) -> io::Result<()> {
    put(out, &files(trace))?;
    let mut before = States::of(trace);
    let mut after = States::of(trace);
    for id in trace.steps().ids() {
        let at = trace.steps()[id].event;
        let event = &trace.events()[at];
        let effect = trace.effect(id);
        let text = |states: &mut States<'_>, at| -> Map<String, Json> {
            let held = states.at(event.frame, at).bindings().iter();
            let pair = |it: &(_, _)| (trace.name(it.0).to_string(), trace.repr(it.1).into());
            held.map(pair).collect()
        };
        let state = text(&mut before, at);
        let done = effect.done.map(|it| text(&mut after, it));
        let (mut changed, mut deleted) = (Map::new(), Vec::new());
        for write in &effect.writes {
            let name = trace.name(write.name).to_string();
            match write.value {
                Some(value) => {
                    changed.insert(name, trace.repr(value).into());
                }
                None => deleted.push(name),
            }
        }
        let next = effect.done.map(|it| trace.events()[it].kind);
        let line = effect.done.filter(|_| matches!(next, Some(Kind::Line(_))));
        put(
            out,
            &json!({
                "record": "step",
                "step": id.number(),
                "frame": event.frame.raw() + 1,
                "function": *trace.code(event.frame).name,
                "file": *trace.file(event.frame).path,
                "line": event.line,
                "source": trace.source(event.frame, event.line),
                "before": state,
                "after": done,
                "changed": changed,
                "deleted": deleted,
                "next_line": line.map(|it| trace.events()[it].line),
                "event": match next {
                    Some(Kind::Line(_) | Kind::Call | Kind::Resume) => "line",
                    Some(Kind::Return(_)) => "return",
                    Some(Kind::Yield(_)) => "yield",
                    Some(Kind::Exception(_) | Kind::Unwind) => "exception",
                    None => "end",
                },
            }),
        )?;
    }
    Ok(())
}

/// Writes `{"record":"program","files":{…}}`, then for each file that ran
/// `{"record":"coverage","file","call","input","executed":[…],"missed":[…],"hits":{"N":count},"marked"}`.
///
/// Lines count from 1 and are those that a statement begins on; a line that is part of one counts for it.
/// `marked` is the source with `> ` before executed statements, `! ` before others and two blanks before
/// what runs nothing, as in Tufano et al. 2023, "Predicting Code Coverage without Execution", arXiv
/// 2307.13383. What ran while the file of a `--call` was imported counts as executed, with its hits.
///
/// # Errors
/// When `out` does not take what is written.
pub fn coverage(trace: &Trace, out: &mut dyn Write) -> io::Result<()> {
    put(out, &files(trace))?;
    let mut hits: BTreeMap<u32, BTreeMap<u32, u64>> = BTreeMap::new();
    for event in trace.events().iter() {
        if matches!(event.kind, Kind::Line(_)) {
            let file = trace.code(event.frame).file.raw();
            *hits.entry(file).or_default().entry(event.line).or_default() += 1;
        }
    }
    for (file, hits) in hits {
        let record = covered(trace, Id::new(file), &hits);
        put(out, &record)?;
    }
    Ok(())
}

fn covered(trace: &Trace, file: Id<File>, hits: &BTreeMap<u32, u64>) -> Json {
    let lines = trace.files()[file].lines.as_deref().unwrap_or_default();
    let source = Source::read(lines);
    let first = |line: u32| source.statement(line).map_or(line, |it| it.0);
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    for (&line, &count) in hits {
        let known = counts.entry(first(line)).or_default();
        // Its lines run together: the one that ran most often tells.
        *known = count.max(*known);
    }
    let (mut executed, mut missed, mut marked) = (Vec::new(), Vec::new(), String::new());
    for (line, text) in (1..).zip(lines) {
        let begins = first(line) == line && source.runs(line);
        let mark = match (counts.contains_key(&line), begins) {
            (true, _) => {
                executed.push(line);
                "> "
            }
            (false, true) => {
                missed.push(line);
                "! "
            }
            (false, false) => "  ",
        };
        marked.push_str(mark);
        marked.push_str(text);
        marked.push('\n');
    }
    let hits: Map<String, Json> = counts
        .iter()
        .map(|(line, count)| (line.to_string(), (*count).into()))
        .collect();
    json!({
        "record": "coverage",
        "file": *trace.files()[file].path,
        "call": trace.call(),
        "input": program::entry_input(trace),
        "executed": executed,
        "missed": missed,
        "hits": hits,
        "marked": marked,
    })
}

fn files(trace: &Trace) -> Json {
    let mut files = Map::new();
    for file in trace.files().iter() {
        let lines = file.lines.as_deref();
        let text = lines.map(|it| it.iter().map(|it| format!("{it}\n")).collect::<String>());
        files.insert(file.path.to_string(), text.into());
    }
    json!({
        "record": "program",
        "python": trace.fact("python"),
        "call": trace.call(),
        "files": files,
    })
}

fn put(out: &mut dyn Write, record: &Json) -> io::Result<()> {
    serde_json::to_writer(&mut *out, record)?;
    out.write_all(b"\n")
}
