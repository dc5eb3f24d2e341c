//! A trace with everything in it masked: what may be written down or sent.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Kind, Mask, Masker};
use crate::trace::{self, File, Id, Output, Rewrite, Stream, Trace, Value};

/// Bytes of masked texts kept for texts met again.
const CACHED: usize = 32 << 20;

/// `trace` with every text and value masked by `masker`, which must have been made for it. Events, steps and
/// frames keep their ids. Costs a second trace, and the search of every text once.
pub fn redacted(trace: &Trace, masker: &mut Masker) -> Trace {
    let outputs = outputs(trace, masker);
    let code = trace.files().iter().filter_map(|it| it.lines.as_deref());
    let words = code.flatten().flat_map(|line| {
        line.split(|it: char| !it.is_alphanumeric() && it != '_')
            .map(str::to_owned)
    });
    let words = words.collect();
    trace.rewritten(&mut Copy {
        masker,
        outputs,
        words,
        known: FxHashMap::default(),
        size: 0,
    })
}

struct Copy<'a> {
    masker: &'a mut Masker,
    outputs: FxHashMap<u32, Vec<u8>>,
    /// Every word of the program's text: names among them are its own.
    words: FxHashSet<String>,
    known: FxHashMap<(String, bool), Arc<str>>,
    size: usize,
}

impl Rewrite for Copy<'_> {
    fn text(&mut self, text: &str) -> String {
        self.masked(text, false).to_string()
    }

    fn name(&mut self, name: &str) -> String {
        match self.words.contains(name) {
            true => name.to_owned(),
            false => self.masked(name, false).to_string(),
        }
    }

    fn lines(&mut self, _: Id<File>, lines: &[Arc<str>]) -> Vec<String> {
        let masks = self.masker.source(lines);
        let pairs = lines.iter().zip(masks);
        pairs
            .map(|(line, masks)| self.masker.put(line, &masks))
            .collect()
    }

    fn value(&mut self, value: Value) -> Value {
        match value {
            Value::Str { len, kept } => {
                let text = String::from_utf8_lossy(&kept);
                let there = text.chars().count() as u64;
                let cut = len.saturating_sub(there);
                let masked = self.masked(&text, 0 < cut);
                match *masked == *text {
                    true => Value::Str { len, kept },
                    false => Value::Str {
                        len: masked.chars().count() as u64 + cut,
                        kept: masked.as_bytes().to_vec(),
                    },
                }
            }
            Value::Bytes { mutable, len, kept } => self.bytes(mutable, len, kept),
            Value::Int(_) | Value::BigInt { .. } | Value::Float(_) => self.number(value),
            Value::Sequence {
                kind,
                id,
                len,
                items,
            } => Value::Sequence {
                kind,
                id,
                len,
                items: items.into_iter().map(|it| self.value(it)).collect(),
            },
            Value::Dict { id, len, items } => Value::Dict {
                id,
                len,
                items: items
                    .into_iter()
                    .map(|(key, it)| (self.value(key), self.value(it)))
                    .collect(),
            },
            Value::Object {
                id,
                name,
                shape,
                len,
                fields,
            } => Value::Object {
                id,
                name,
                shape,
                len,
                fields: fields
                    .into_iter()
                    .map(|(field, it)| (self.name(&field), self.value(it)))
                    .collect(),
            },
            Value::Opaque { name, text } => Value::Opaque {
                text: self.masked(&text, false).to_string(),
                name,
            },
            Value::None | Value::Bool(_) | Value::Cycle { .. } => value,
        }
    }

    fn output(&mut self, id: Id<Output>, output: &Output) -> Vec<u8> {
        let known = self.outputs.remove(&id.raw());
        known.unwrap_or_else(|| output.bytes.to_vec())
    }
}

impl Copy<'_> {
    fn masked(&mut self, text: &str, cut: bool) -> Arc<str> {
        let key = (text.to_owned(), cut);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let masks = match cut {
            true => self.masker.masks_cut(text),
            false => self.masker.masks(text),
        };
        let masked: Arc<str> = self.masker.put(text, &masks).into();
        self.size += text.len() + masked.len();
        if CACHED < self.size {
            self.size = 0;
            self.known.clear();
        }
        self.known.insert(key, masked.clone());
        masked
    }

    /// Bytes that hold a secret are shown as their `repr` with it masked.
    fn bytes(&mut self, mutable: bool, len: u64, kept: Vec<u8>) -> Value {
        let text = String::from_utf8_lossy(&kept).into_owned();
        let cut = (kept.len() as u64) < len;
        let masked = self.masked(&text, cut);
        if *masked == *text {
            return Value::Bytes { mutable, len, kept };
        }
        let literal = trace::literal(&masked);
        let end = if cut { "…" } else { "" };
        Value::Opaque {
            name: if mutable { "bytearray" } else { "bytes" }.into(),
            text: match mutable {
                true => format!("bytearray(b{literal}{end})"),
                false => format!("b{literal}{end}"),
            },
        }
    }

    fn number(&mut self, value: Value) -> Value {
        let text = trace::repr(&value);
        if text.len() < super::seeds::SHORTEST {
            return value;
        }
        let seeded = self.masker.finder().seeds().number(&text);
        // Cards and identity numbers are at times numbers.
        let shaped = || {
            let masks = self.masker.masks(&text);
            let whole = |it: &Mask| it.bytes == (0..text.len()) && it.kind != Kind::Phone;
            masks.into_iter().find(whole).map(|it| it.kind)
        };
        let long = 13 <= text.len() && text.bytes().all(|it| it.is_ascii_digit());
        let kind = seeded.or_else(|| if long { shaped() } else { None });
        match kind {
            None => value,
            Some(kind) => Value::Opaque {
                name: "int".into(),
                text: self.masker.placeholder(&text, kind),
            },
        }
    }
}

/// What was printed, masked: searched in whole streams, since a secret may be printed in pieces. The first
/// piece that a mask touches gets its placeholder.
fn outputs(trace: &Trace, masker: &mut Masker) -> FxHashMap<u32, Vec<u8>> {
    let mut res = FxHashMap::default();
    for stream in [Stream::Stdout, Stream::Stderr] {
        let ids = trace.outputs().ids();
        let ids: Vec<_> = ids
            .filter(|&it| trace.outputs()[it].stream == stream)
            .collect();
        let bytes = |it: &Id<Output>| trace.outputs()[*it].bytes.iter().copied();
        let all: Vec<u8> = ids.iter().flat_map(bytes).collect();
        let Ok(text) = String::from_utf8(all) else {
            for id in ids {
                let text = String::from_utf8_lossy(&trace.outputs()[id].bytes);
                res.insert(id.raw(), masker.masked(&text).into_bytes());
            }
            continue;
        };
        let masks = masker.masks(&text);
        let placeholders: Vec<String> = masks
            .iter()
            .map(|it| masker.placeholder(&text[it.bytes.clone()], it.kind))
            .collect();
        let (mut start, mut next) = (0, 0);
        for id in ids {
            let end = start + trace.outputs()[id].bytes.len();
            let mut piece = Vec::new();
            let mut at = start;
            while next < masks.len() && masks[next].bytes.start < end {
                let mask = &masks[next].bytes;
                if start <= mask.start {
                    piece.extend_from_slice(&text.as_bytes()[at..mask.start]);
                    piece.extend_from_slice(placeholders[next].as_bytes());
                }
                at = mask.end.min(end);
                if end < mask.end {
                    break;
                }
                next += 1;
            }
            piece.extend_from_slice(&text.as_bytes()[at..end]);
            res.insert(id.raw(), piece);
            start = end;
        }
    }
    res
}
