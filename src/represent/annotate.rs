//! What each source line did, numbered and elided: what NExT and SemCoder's bullets and comments share.

use std::{collections::BTreeMap, ops::Range};

use super::{
    Loss, Moment, Pen, Span, SpanKind,
    records::{Part, Record, Records},
};
use crate::trace::{CodeKind, Exception, File, FrameId, Id, StepId, Trace, ValueId};

/// What a fact tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Input,
    State,
    Exception(Id<Exception>),
    Returned(ValueId),
    Yielded(ValueId),
}

/// One thing to write on a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fact {
    pub(super) told: Told,
    /// Counted from 1 over all facts, in order of beginning.
    pub(super) number: u32,
    /// Counted from 0 over facts of its kind.
    pub(super) nth: u32,
    /// Position in the records.
    pub(super) record: usize,
}

/// The facts of one file by line.
#[derive(Debug)]
pub(super) struct Facts {
    /// The file the lines are of: the one that the program proper begins in.
    pub(super) file: Option<Id<File>>,
    /// For each line: arguments and changes, then how it was left.
    pub(super) lines: BTreeMap<u32, Vec<Fact>>,
}

/// A fact, or those left out between two.
#[derive(Debug)]
pub(super) enum Item<'a> {
    One(&'a Fact),
    Elided(&'a [Fact]),
}

impl Facts {
    /// The facts of the called frame, or of every frame where a whole script ran.
    pub(super) fn of(records: &Records<'_>) -> Self {
        let trace = records.trace;
        let entry = trace.entry();
        let file = file(trace);
        let called = entry.filter(|_| trace.call().is_some());
        let mut res = Self {
            file,
            lines: BTreeMap::new(),
        };
        let (mut number, mut inputs, mut states) = (0, 0, 0);
        for (record, it) in records.list.iter().enumerate() {
            if it.prelude || called.is_some_and(|called| called != it.frame) {
                continue;
            }
            if Some(trace.code(it.frame).file) != file {
                continue;
            }
            for told in told(trace, it) {
                let nth = match told {
                    Told::Input => &mut inputs,
                    Told::State => &mut states,
                    Told::Exception(_) | Told::Returned(_) | Told::Yielded(_) => &mut 0,
                };
                number += 1;
                res.lines.entry(it.line).or_default().push(Fact {
                    told,
                    number,
                    nth: *nth,
                    record,
                });
                *nth += 1;
            }
        }
        for facts in res.lines.values_mut() {
            facts.sort_by_key(|it| match it.told {
                Told::Input | Told::State => 0,
                Told::Exception(_) | Told::Returned(_) | Told::Yielded(_) => 1,
            });
        }
        res
    }
}

/// The file that the program proper begins in.
pub(super) fn file(trace: &Trace) -> Option<Id<File>> {
    let frame = trace.entry().or_else(|| trace.frames().first())?;
    Some(trace.code(frame).file)
}

fn told<'r>(trace: &Trace, record: &'r Record) -> impl Iterator<Item = Told> + use<'r> {
    let binds = record.changes.iter().any(|it| it.value.is_some());
    let state = match record.part {
        Part::Call | Part::Resume => Told::Input,
        Part::Line | Part::Rest => Told::State,
    };
    let raised = record.exceptions.iter().map(|&it| Told::Exception(it));
    let gives = gives(trace, record.frame);
    let returned = record.returned.filter(|_| gives).map(Told::Returned);
    let yielded = record.yielded.filter(|_| gives).map(Told::Yielded);
    let state = binds.then_some(state).into_iter();
    state.chain(raised).chain(returned).chain(yielded)
}

/// Whether a frame's end is a value it gave, and not the end of a file's or a class's body.
pub(super) fn gives(trace: &Trace, frame: FrameId) -> bool {
    !matches!(trace.code(frame).kind, CodeKind::Module | CodeKind::Class)
}

/// The facts to show: of more than three the first two and the last.
pub(super) fn shown(facts: &[Fact]) -> Vec<Item<'_>> {
    match facts {
        [first, second, hidden @ .., last] if !hidden.is_empty() => vec![
            Item::One(first),
            Item::One(second),
            Item::Elided(hidden),
            Item::One(last),
        ],
        _ => facts.iter().map(Item::One).collect(),
    }
}

/// A span about one fact.
pub(super) fn span(records: &Records<'_>, fact: &Fact, line: u32) -> Span {
    let record = &records.list[fact.record];
    let bound = record.changes.iter().filter(|it| it.value.is_some());
    let names = bound.map(|it| records.trace.name(it.name).clone());
    Span::new(SpanKind::State, record.moments())
        .line(line)
        .frame(record.frame)
        .names(names.filter(|_| matches!(fact.told, Told::Input | Told::State)))
        .loss(if record.folded.is_empty() {
            Loss::Exact
        } else {
            Loss::Merged
        })
}

/// A span that stands for facts left out.
pub(super) fn elided(records: &Records<'_>, facts: &[Fact], line: u32) -> Span {
    // Several may tell of one record, and those of its end come last.
    let mut told: Vec<usize> = facts.iter().map(|it| it.record).collect();
    told.sort_unstable();
    told.dedup();
    let mut moments: Vec<Moment> = Vec::new();
    for at in told {
        moments.extend(records.list[at].moments());
    }
    moments.dedup();
    Span::new(SpanKind::Elided, moments).line(line)
}

/// A file's lines as code, each followed by what `beside` writes next to it.
pub(super) fn code(
    trace: &Trace,
    file: Option<Id<File>>,
    window: Range<StepId>,
    pen: &mut Pen<'_>,
    mut beside: impl FnMut(u32, &mut Pen<'_>),
) {
    let Some(file) = file else { return };
    let mut ran: BTreeMap<u32, Vec<Moment>> = BTreeMap::new();
    for step in Id::range(window).filter(|_| pen.keeps()) {
        let event = trace.at(step);
        if trace.code(event.frame).file == file {
            ran.entry(event.line).or_default().push(Moment::Step(step));
        }
    }
    for (idx, text) in super::source::lines(&trace.files()[file])
        .iter()
        .enumerate()
    {
        let line = idx as u32 + 1;
        let span = || {
            let moments = ran.remove(&line).unwrap_or_default();
            let loss = match moments.len() {
                0 | 1 => Loss::Exact,
                _ => Loss::Merged,
            };
            Span::new(SpanKind::Code, moments).line(line).loss(loss)
        };
        pen.tell(span, format_args!("{text}"));
        beside(line, pen);
        pen.say("\n");
    }
}
