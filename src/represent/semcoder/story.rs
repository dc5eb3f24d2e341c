//! The records of a window as a story: frames, their statements, and the loops they ran.
//!
//! Loops are found from the source's indentation and the order of lines; frames of generators and
//! coroutines, which come in pieces, are told flat.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::super::{
    records::{Part, Records, owner},
    statements::{Head, Statement, Statements},
};
use crate::trace::{ActivationId, CodeKind, FrameId};

/// Positions of records that make up one statement.
pub(super) type Group = Vec<usize>;

/// One thing that a frame did.
#[derive(Debug)]
pub(super) enum Node {
    Statement(Group),
    Loop(Loop),
}

/// A loop from its first line to its end.
#[derive(Debug)]
pub(super) struct Loop {
    /// The header.
    pub(super) statement: Statement,
    pub(super) iterations: Vec<Iteration>,
    /// The header as it ran last, when no iteration followed.
    pub(super) tail: Option<Group>,
    /// Whether the window holds all of it.
    pub(super) whole: bool,
}

/// One turn of a loop.
#[derive(Debug)]
pub(super) struct Iteration {
    /// The header that began it; none where no line event tells of it.
    pub(super) header: Group,
    pub(super) nodes: Vec<Node>,
}

/// One stay in a frame.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// The record of its call or resumption, if the window holds it.
    pub(super) entry: Option<usize>,
    /// Every other record of it.
    pub(super) list: Vec<usize>,
    pub(super) nodes: Vec<Node>,
}

/// Who did what, and for whom.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) bodies: FxHashMap<ActivationId, Body>,
    /// For each record, the stays it began.
    pub(super) calls: Vec<Vec<ActivationId>>,
    /// Stays that no record of the window began, in order.
    pub(super) roots: Vec<ActivationId>,
}

impl Story {
    /// Linear in the records.
    pub(super) fn of(records: &Records<'_>) -> Self {
        let trace = records.trace;
        let mut res = Self {
            bodies: FxHashMap::default(),
            calls: vec![Vec::new(); records.list.len()],
            roots: Vec::new(),
        };
        let mut newest: FxHashMap<FrameId, usize> = FxHashMap::default();
        for (at, record) in records.list.iter().enumerate() {
            if record.prelude {
                continue;
            }
            if !res.bodies.contains_key(&record.activation) {
                let caller = trace.activations()[record.activation].caller;
                let caller = caller.map(|it| owner(trace, it).unwrap_or(it));
                let below = caller.and_then(|it| newest.get(&trace.events()[it].frame));
                match below {
                    Some(&below) => res.calls[below].push(record.activation),
                    None => res.roots.push(record.activation),
                }
            }
            let body = res.bodies.entry(record.activation).or_default();
            match record.part {
                Part::Call | Part::Resume => body.entry = Some(at),
                Part::Line | Part::Rest => body.list.push(at),
            }
            newest.insert(record.frame, at);
        }
        for body in res.bodies.values_mut() {
            let Some(&first) = body.list.first() else {
                continue;
            };
            let frame = records.list[first].frame;
            let mut reading = Reading {
                records,
                list: &body.list,
                at: 0,
                statements: records.sources.statements(frame),
                flat: matches!(
                    trace.code(frame).kind,
                    CodeKind::Generator | CodeKind::Coroutine | CodeKind::GeneratorExpression
                ),
                begun: body.entry.is_some(),
            };
            body.nodes = reading.block(None);
        }
        res
    }

    /// Positions of every record that the nodes and the calls they make hold.
    pub(super) fn held(&self, nodes: &[Node], out: &mut Vec<usize>) {
        let mut own = Vec::new();
        flatten(nodes, &mut own);
        let mut open: Vec<ActivationId> = Vec::new();
        for at in own {
            out.push(at);
            open.extend(&self.calls[at]);
        }
        while let Some(activation) = open.pop() {
            let body = &self.bodies[&activation];
            for &at in body.entry.iter().chain(&body.list) {
                out.push(at);
                open.extend(&self.calls[at]);
            }
        }
    }
}

fn flatten(nodes: &[Node], out: &mut Vec<usize>) {
    for node in nodes {
        match node {
            Node::Statement(group) => out.extend(group),
            Node::Loop(it) => {
                for iteration in &it.iterations {
                    out.extend(&iteration.header);
                    flatten(&iteration.nodes, out);
                }
                out.extend(it.tail.iter().flatten());
            }
        }
    }
}

/// A frame's records on their way into nodes.
struct Reading<'a> {
    records: &'a Records<'a>,
    list: &'a [usize],
    at: usize,
    statements: Rc<Statements>,
    flat: bool,
    begun: bool,
}

impl Reading<'_> {
    fn line(&self) -> Option<u32> {
        let &at = self.list.get(self.at)?;
        Some(self.records.list[at].line)
    }

    /// Nodes up to the first line that does not stand under `around`.
    fn block(&mut self, around: Option<&Statement>) -> Vec<Node> {
        let mut nodes = Vec::new();
        let first = self.line();
        while let Some(line) = self.line() {
            if around.is_some_and(|it| !it.holds(line)) {
                break;
            }
            // The interpreter does not pass the line of `while True` again.
            let forever = around.is_some_and(|it| it.head == Head::Forever);
            if forever && !nodes.is_empty() && first == Some(line) {
                break;
            }
            match self.outermost_loop(line, around) {
                Some(header) => nodes.push(Node::Loop(self.turns(header))),
                None => nodes.push(Node::Statement(self.statement())),
            }
        }
        nodes
    }

    /// The loop that a line begins or stands in, and that is not around already.
    fn outermost_loop(&self, line: u32, around: Option<&Statement>) -> Option<Statement> {
        let part = self.records.list[self.list[self.at]].part;
        if self.flat || part == Part::Rest {
            return None;
        }
        let around = around.map(|it| it.first);
        let statement = self.statements.at(line)?;
        let mut res = statement.is_loop().then_some(statement);
        let mut within = statement.within;
        while within.is_some() && within != around {
            let outer = self.statements.at(within?)?;
            res = Some(outer);
            within = outer.within;
        }
        res.cloned()
    }

    /// The records of the statement that runs now: one, or those of its several lines.
    fn statement(&mut self) -> Group {
        let at = self.list[self.at];
        self.at += 1;
        let mut group = vec![at];
        let first = &self.records.list[at];
        let Some(statement) = self.statements.at(first.line) else {
            return group;
        };
        if statement.first == statement.last || first.part == Part::Rest {
            return group;
        }
        let mut before = first;
        while let Some(&next) = self.list.get(self.at) {
            let it = &self.records.list[next];
            let same = (statement.first..=statement.last).contains(&it.line);
            if !same || (it.line == before.line && it.line == statement.first) {
                break;
            }
            group.push(next);
            before = it;
            self.at += 1;
        }
        group
    }

    fn turns(&mut self, statement: Statement) -> Loop {
        let start = self.at;
        let first = self.line();
        let on_header =
            |it: Option<u32>| it.is_some_and(|it| (statement.first..=statement.last).contains(&it));
        let mut iterations = Vec::new();
        let mut tail = None;
        while let Some(line) = self.line() {
            if on_header(Some(line)) {
                let header = self.statement();
                let next = self.line();
                let body = next.is_some_and(|it| statement.holds(it));
                if body || on_header(next) {
                    let nodes = match body {
                        true => self.block(Some(&statement)),
                        false => Vec::new(),
                    };
                    iterations.push(Iteration { header, nodes });
                    continue;
                }
                // On one line with its body, a loop's last pass of its line changes nothing.
                let bare = header
                    .iter()
                    .all(|&it| self.records.list[it].changes.is_empty());
                if statement.has_body() || bare {
                    tail = Some(header);
                } else {
                    iterations.push(Iteration {
                        header,
                        nodes: Vec::new(),
                    });
                }
                break;
            }
            if !statement.holds(line) {
                break;
            }
            let nodes = self.block(Some(&statement));
            iterations.push(Iteration {
                header: Group::new(),
                nodes,
            });
        }
        let entered = on_header(first) || statement.head == Head::Forever;
        let whole = (self.begun || 0 < start) && entered && self.is_left();
        Loop {
            statement,
            iterations,
            tail,
            whole,
        }
    }

    /// Whether what was read last is known to be over.
    fn is_left(&self) -> bool {
        if self.at < self.list.len() {
            return true;
        }
        let last = self.list.last().map(|&it| &self.records.list[it]);
        last.is_some_and(|it| it.returned.is_some() || it.yielded.is_some() || it.unwound)
    }
}
