//! A reader of the canonical Concise text, which knows nothing of how it is written.

use std::{collections::BTreeMap, sync::LazyLock};

use monologue::{
    represent::{self, Request, SpanKind},
    trace::{FrameId, Kind, Trace, is_part_of_a_statement},
};
use regex::Regex;

/// Variables by name, as text.
type Locals = BTreeMap<String, String>;

/// `a = 1, b = [2, 3], del c`, taken apart where a comma stands outside brackets and quotes; outside
/// quotes, `<` and `>` are brackets around what has no literal.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut depth, mut quote) = (vec![String::new()], 0_usize, None);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let part = parts.last_mut().unwrap();
        match (quote, c) {
            (None, ',') if depth == 0 => {
                assert_eq!(chars.next(), Some(' '), "{text}");
                parts.push(String::new());
                continue;
            }
            (None, '(' | '[' | '{' | '<') => depth += 1,
            (None, ')' | ']' | '}' | '>') => depth = depth.saturating_sub(1),
            (None, '\'' | '"') => quote = Some(c),
            (Some(_), '\\') => {
                part.push(c);
                part.extend(chars.next());
                continue;
            }
            (Some(open), c) if open == c => quote = None,
            _ => (),
        }
        part.push(c);
    }
    parts
}

/// What the text says that each frame held at last, from its text alone.
fn replayed(trace: &Trace) -> BTreeMap<FrameId, Locals> {
    let concise = represent::ALL.iter().find(|it| it.name() == "concise");
    let page = represent::page(*concise.unwrap(), trace, &Request::whole(trace));
    let mut frames: BTreeMap<FrameId, Locals> = BTreeMap::new();
    for span in page.spans() {
        if !matches!(span.kind, SpanKind::State | SpanKind::Input) {
            continue;
        }
        let text = &page.text()[span.bytes.start as usize..span.bytes.end as usize];
        let line = span.lines[0];
        let text = text.strip_prefix(&format!("[L{line}] ")).unwrap();
        let text = text.strip_suffix(&format!(" [/L{line}]\n")).unwrap();
        let text = match span.kind {
            SpanKind::Input => text
                .strip_prefix("[INPUT] ")
                .and_then(|it| it.strip_suffix(" [/INPUT]"))
                .unwrap(),
            _ => text,
        };
        let locals = frames.entry(span.frame.unwrap()).or_default();
        for part in parts(text) {
            if let Some(gone) = part.strip_prefix("del ") {
                assert!(locals.remove(gone).is_some(), "{gone} was there");
            } else {
                let (name, value) = part.split_once(" = ").unwrap_or_else(|| panic!("{text}"));
                locals.insert(name.into(), value.into());
            }
        }
    }
    frames
}

/// Texts of values as formats clean them: on one line, without addresses.
fn clean(text: &str) -> String {
    static ADDRESS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(" at 0x[0-9a-fA-F]{4,}").unwrap());
    ADDRESS
        .replace_all(&text.replace(['\r', '\n'], ""), "")
        .into_owned()
}

/// Compares each frame that ended; gives how many did.
pub(crate) fn check(trace: &Trace, what: &str) -> usize {
    let said = replayed(trace);
    let mut ended = 0;
    for id in trace.frames().ids() {
        let frame = &trace.frames()[id];
        let last = &trace.events()[frame.last];
        let over = matches!(last.kind, Kind::Return(_) | Kind::Unwind);
        if !over || trace.is_prelude(id) || is_part_of_a_statement(trace.code(id).kind) {
            continue;
        }
        let held: Locals = trace
            .locals(id, frame.last)
            .into_iter()
            .map(|it| {
                (
                    trace.name(it.name).to_string(),
                    clean(&trace.repr(it.value)),
                )
            })
            .filter(|(name, _)| !name.starts_with('.') && !name.starts_with("__"))
            .collect();
        let mut told = said.get(&id).cloned().unwrap_or_default();
        told.retain(|name, _| !name.starts_with("__"));
        assert_eq!(told, held, "{what}: {}", trace.code(id).qualname);
        ended += 1;
    }
    ended
}
