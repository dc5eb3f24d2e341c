//! A script as the research code runs it: as the body of a function, `call_wrap_snoopy`, that reads its
//! standard input from a text, logged together with the functions it calls itself (depth 2).
//!
//! So the names of the file are a function's variables; the functions in it read them as free variables,
//! which are logged with their own; and what is defined there says so in its `repr`. Unlike the research
//! code, a change that a function makes to an object of such a name is seen when the file's own body
//! runs on, because a trace holds a variable in the frame it belongs to; names that a function uses in
//! f-strings alone are missed.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::super::{
    source::Sources,
    statements::{Head, Statement, Statements},
};
use crate::trace::{Code, FrameId, Id, NameId, Trace, ValueId, is_part_of_a_statement};

/// What the research code puts before a definition's name.
const INSIDE: &str = "call_wrap_snoopy.<locals>.";

/// The run of a script, seen as a call.
pub(super) struct Wrapped<'a> {
    trace: &'a Trace,
    /// The frame of the file's body.
    pub(super) root: FrameId,
    /// Names of the file's body that functions in it read.
    cells: BTreeSet<NameId>,
    /// The same for one function, sorted by text.
    free: FxHashMap<Id<Code>, Vec<NameId>>,
    /// What the file defines.
    defined: BTreeSet<String>,
}

impl<'a> Wrapped<'a> {
    /// `None` for the trace of a call, which needs no wrapping.
    pub(super) fn of(trace: &'a Trace) -> Option<Self> {
        let root = trace.entry().filter(|_| trace.call().is_none())?;
        let statements = Sources::of(trace).statements(root);
        let bound = bound(trace, root);
        let mut res = Self {
            trace,
            root,
            cells: BTreeSet::new(),
            free: FxHashMap::default(),
            defined: BTreeSet::from(["<lambda>".into()]),
        };
        for definition in statements.all().filter(|it| it.head == Head::Definition) {
            res.defined.extend(definition.name().map(str::to_owned));
            let used = used(&statements, definition);
            res.cells
                .extend(bound.iter().filter(|it| used.contains(&**trace.name(**it))));
        }
        let file = trace.code(root).file;
        for id in trace.codes().ids() {
            let code = &trace.codes()[id];
            if code.file != file || is_part_of_a_statement(code.kind) {
                continue;
            }
            let definition = statements
                .all()
                .find(|it| it.head == Head::Definition && code.first_line <= it.last);
            let used = definition
                .map(|it| used(&statements, it))
                .unwrap_or_default();
            let mut free: Vec<NameId> = bound
                .iter()
                .copied()
                .filter(|it| used.contains(&**trace.name(*it)) && !code.locals.contains(it))
                .collect();
            free.sort_by_key(|it| trace.name(*it).clone());
            res.free.insert(id, free);
        }
        Some(res)
    }

    /// Whether the log shows what happens in `frame`.
    pub(super) fn shows(&self, frame: FrameId) -> bool {
        frame == self.root || self.trace.frames()[frame].parent == Some(self.root)
    }

    /// Names of the file's body that `frame` reads.
    pub(super) fn free(&self, frame: FrameId) -> &[NameId] {
        let free = self.free.get(&self.trace.frames()[frame].code);
        free.map(Vec::as_slice).unwrap_or_default()
    }

    /// Puts the body's variables into the order of the log: cells come last, sorted by text.
    pub(super) fn sort(&self, variables: &mut [(NameId, ValueId, bool)]) {
        let text = |it: &(NameId, ValueId, bool)| self.trace.name(it.0);
        // Stable: what is no cell stays as it came.
        variables.sort_by(|a, b| {
            let place = |it: &(NameId, ValueId, bool)| self.cells.contains(&it.0).then(|| text(it));
            place(a).cmp(&place(b))
        });
    }

    /// A value's text as it is inside the wrapping function, where that is another.
    pub(super) fn inside(&self, text: &str) -> Option<String> {
        // Every byte is looked at, which is faster than to look for words; flags that are bytes let the
        // compiler look at many at a time.
        let (mut marks, mut capitals) = (0, 0);
        for &it in text.as_bytes() {
            marks |= u8::from((it == b'<') | (it == b'_'));
            capitals |= u8::from(it == b'T');
        }
        if marks | capitals == 0 {
            return None;
        }
        let mut res = String::with_capacity(text.len());
        let mut rest = text;
        let starts = ["<function ", "__main__."];
        while let Some((at, start)) = starts
            .iter()
            .filter_map(|it| Some((rest.find(it)?, it)))
            .min()
        {
            let (before, after) = rest.split_at(at + start.len());
            res.push_str(before);
            let lambda = after.starts_with("<lambda>");
            let end = after.find(|it: char| !it.is_alphanumeric() && it != '_');
            let name = if lambda {
                "<lambda>"
            } else {
                &after[..end.unwrap_or(after.len())]
            };
            if self.defined.contains(name) {
                res.push_str(INSIDE);
            }
            rest = after;
        }
        res.push_str(rest);
        if capitals != 0 {
            res = res
                .replace(
                    "<_io.TextIOWrapper name='<stdin>' mode='r' encoding='utf-8'>",
                    "<_io.StringIO object>",
                )
                .replace("of _io.TextIOWrapper object", "of _io.StringIO object")
                // Of a builtin method's object the recorder tells the type's name alone.
                .replace("of TextIOWrapper object", "of _io.StringIO object");
        }
        (res != text).then_some(res)
    }
}

/// Every name that the file's body binds.
fn bound(trace: &Trace, root: FrameId) -> BTreeSet<NameId> {
    let mut res = BTreeSet::new();
    let mut event = Some(trace.frames()[root].call);
    while let Some(id) = event {
        res.extend(trace.writes(id).map(|it| it.name));
        event = trace.events()[id].next;
    }
    res
}

/// The words of a definition's body that may be names of what is around it.
fn used(statements: &Statements, definition: &Statement) -> BTreeSet<String> {
    let mut res = BTreeSet::new();
    let within = statements.all().filter(|it| definition.holds(it.first));
    for it in within {
        read(&it.bare, &mut res);
    }
    if !definition.has_body()
        && let Some((_, body)) = definition.bare.rsplit_once(':')
    {
        read(body, &mut res);
    }
    res
}

/// Adds the names that `code` reads: no attributes, no keywords of calls, nothing it only binds.
fn read(code: &str, names: &mut BTreeSet<String>) {
    let is_name = |it: char| it.is_alphanumeric() || it == '_';
    let mut at = 0;
    while let Some(start) = code[at..].find(is_name).map(|it| at + it) {
        let end = code[start..]
            .find(|it| !is_name(it))
            .map_or(code.len(), |it| start + it);
        at = end;
        let after = code[end..].trim_start();
        let assigned = after.starts_with('=') && !after.starts_with("==");
        let attribute = code[..start].trim_end().ends_with('.');
        if !assigned && !attribute {
            names.insert(code[start..end].to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_not_those_bound() {
        let mut names = BTreeSet::new();
        read("x = f(a, key=b).c + d[e == 1]", &mut names);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(names, ["1", "a", "b", "d", "e", "f"]);
    }
}
