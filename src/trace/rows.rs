//! What a step wrote, one row a place: variables, and the attributes and items of what they hold.
//!
//! A trace holds what differs. That an assignment ran and left its place as it was is read from the
//! line's text, so that `x = x` is told from a line that does not write `x`.

mod diff;
mod targets;

use recorder::value::Value;

use super::{Binding, EventId, FrameId, Kind, NameId, StepId, Trace, repr};
use diff::{Part, parts};
use targets::{Hop, Stores, Target, When, stores};

/// Rows made of one step; a step that sorts a long list changes more places than anybody reads.
const ROWS: usize = 64;

/// A place that a step wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The place as Python spells it: `x`, `a[3]`, `self.c`, `d['k'].n`.
    pub path: String,
    /// The variable it starts from.
    pub name: NameId,
    /// What was there; `None` if nothing was.
    pub old: Option<Value>,
    /// What is there now; `None` if nothing is.
    pub new: Option<Value>,
    /// Whether it was written with what it already held.
    pub unchanged: bool,
    /// Other ways from the frame's variables to the same place: it is one object under several names.
    pub also: Vec<String>,
}

/// What a step wrote.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// In the order of formats; parts of one variable in their own order.
    pub rows: Vec<Row>,
    /// How many more places changed than are in `rows`.
    pub more: usize,
}

impl Trace {
    /// The places that a step wrote, in its own frame. Costs the frame's state, decoded where it
    /// changed, and the text of its code up to the line.
    pub fn rows(&self, step: StepId) -> Rows {
        self.rows_of(self.steps[step].event)
    }

    /// As [`Self::rows`], for any event; of a call, the arguments are in [`Self::writes`] instead.
    pub fn rows_of(&self, event: EventId) -> Rows {
        let effect = self.effect_of(event);
        let frame = self.events[event].frame;
        let before = self.locals(frame, event);
        let mut res = Rows::default();
        let mut places = Vec::new();
        for write in &effect.writes {
            let old = before.iter().find(|it| it.name == write.name);
            let old = old.map(|it| self.value(it.value));
            let new = write.value.map(|it| self.value(it));
            for part in changed(old, new) {
                res.put(self.name(write.name), write.name, part, &mut places);
            }
        }
        let finished = effect.exception.is_none() && !effect.unwound;
        if let Some(done) = effect.done.filter(|_| finished) {
            self.put_unchanged(event, done, &before, &mut res);
        }
        res
    }

    /// The lines of a frame's file that store into `name`, or into a part of what it holds, from where its
    /// code begins; in order. Linear in the text.
    pub fn storing(&self, frame: FrameId, name: NameId) -> Vec<u32> {
        let lines = self.file(frame).lines.as_deref().unwrap_or_default();
        let mut at = self.code(frame).first_line.max(1);
        let mut res = Vec::new();
        while let Some(stored) = stores(lines, at, at) {
            if stored
                .targets
                .iter()
                .any(|it| *it.name == *self.names[name])
            {
                res.extend(stored.first..=stored.last);
            }
            at = stored.last + 1;
        }
        res
    }

    /// Adds the targets of the event's line that hold what they held.
    fn put_unchanged(&self, event: EventId, done: EventId, before: &[Binding], res: &mut Rows) {
        let (here, next) = (&self.events[event], &self.events[done]);
        if !matches!(here.kind, Kind::Line(_)) {
            return;
        }
        let Some(lines) = self.file(here.frame).lines.as_deref() else {
            return;
        };
        let from = self.code(here.frame).first_line;
        let Some(stored) = stores(lines, from, here.line) else {
            return;
        };
        if stored.targets.is_empty() || !ran(&stored, lines, here.line, next.line, next.kind) {
            return;
        }
        let after = self.locals(here.frame, done);
        let find = |all: &[Binding], name: &str| {
            let found = all.iter().find(|it| *self.names[it.name] == *name)?;
            Some((found.name, self.value(found.value)))
        };
        for target in &stored.targets {
            let Some((name, root)) = find(&after, &target.name) else {
                continue;
            };
            let was_there = before.iter().any(|it| it.name == name);
            // The key is what it was when the line began: a line that changes it too is not followed.
            let key = |variable: &str| find(before, variable).map(|it| it.1);
            let Some((path, value)) = walk(&root, target, key).filter(|_| was_there) else {
                continue;
            };
            // It, what it is a part of, or a part of it has a row of its own.
            let told = res.rows.iter().any(|it| {
                let ways = it.also.iter().chain([&it.path]);
                ways.into_iter()
                    .any(|it| is_within(it, &path) || is_within(&path, it))
            });
            if !told && res.rows.len() < ROWS {
                res.rows.push(Row {
                    path,
                    name,
                    old: Some(value.clone()),
                    new: Some(value),
                    unchanged: true,
                    also: Vec::new(),
                });
            }
        }
    }
}

impl Rows {
    fn put(
        &mut self,
        text: &str,
        name: NameId,
        part: Part,
        places: &mut Vec<Option<(u64, String)>>,
    ) {
        let path = format!("{text}{}", part.path);
        let known = part
            .of
            .as_ref()
            .and_then(|_| places.iter().position(|it| *it == part.of));
        if let Some(row) = known.and_then(|it| self.rows.get_mut(it)) {
            // The shortest way is the one to read.
            let longer = match path.len() < row.path.len() {
                true => {
                    row.name = name;
                    std::mem::replace(&mut row.path, path)
                }
                false => path,
            };
            row.also.push(longer);
            return;
        }
        if ROWS <= self.rows.len() {
            self.more += 1;
            return;
        }
        places.push(part.of);
        self.rows.push(Row {
            path,
            name,
            // The recorder may write down what is as it was.
            unchanged: part.old.is_some() && part.old == part.new,
            old: part.old,
            new: part.new,
            also: Vec::new(),
        });
    }
}

fn changed(old: Option<Value>, new: Option<Value>) -> Vec<Part> {
    if let (Some(old), Some(new)) = (&old, &new)
        && old != new
    {
        return parts(old, new);
    }
    let path = String::new();
    let of = None;
    vec![Part { path, old, new, of }]
}

/// Whether the statement ran to where it stores, seen from the frame's next event.
fn ran<S: AsRef<str>>(stored: &Stores, lines: &[S], line: u32, next: u32, kind: Kind) -> bool {
    match stored.when {
        // A statement over several lines has several events; the last of them leaves it.
        When::Always => {
            stored.first == stored.last
                || !(stored.first..=stored.last).contains(&next)
                || !matches!(kind, Kind::Line(_))
        }
        When::Entered => {
            let indent = |line: u32| {
                let text = lines.get(line.checked_sub(1)? as usize)?.as_ref();
                Some(text.len() - text.trim_start().len())
            };
            let body = stored.last < next && indent(stored.first) < indent(next);
            matches!(kind, Kind::Line(_)) && stored.first <= line && body
        }
    }
}

/// Whether `path` is `whole` or a part of it.
fn is_within(path: &str, whole: &str) -> bool {
    path.strip_prefix(whole)
        .is_some_and(|it| it.is_empty() || it.starts_with(['.', '[']))
}

/// Follows a target from its variable's value; the path spelled with the keys' values.
fn walk(
    root: &Value,
    target: &Target,
    key: impl Fn(&str) -> Option<Value>,
) -> Option<(String, Value)> {
    let (mut path, mut at) = (target.name.clone(), root);
    for hop in &target.way {
        let key = match hop {
            Hop::Attribute(name) => {
                let Value::Object { fields, .. } = at else {
                    return None;
                };
                path += &format!(".{name}");
                at = &fields.iter().find(|it| it.0 == *name)?.1;
                continue;
            }
            Hop::Int(it) => Value::Int(*it),
            Hop::Text(it) => Value::Str {
                len: it.chars().count() as u64,
                kept: it.clone().into_bytes(),
            },
            Hop::Variable(name) => key(name)?,
        };
        at = match (at, &key) {
            (Value::Sequence { items, len, .. }, Value::Int(idx)) => {
                let end = i64::try_from(*len).ok()?;
                let idx = if *idx < 0 { idx + end } else { *idx };
                path += &format!("[{idx}]");
                items.get(usize::try_from(idx).ok()?)?
            }
            (Value::Dict { items, .. }, key) => {
                path += &format!("[{}]", repr(key));
                &items.iter().find(|it| it.0 == *key)?.1
            }
            _ => return None,
        };
    }
    Some((path, at.clone()))
}

#[cfg(test)]
mod tests;
