//! The narrator: a run told in sentences, from what the recorder saw and nothing else.
//!
//! Of more than three iterations of a loop the first two and the last are told.

use rustc_hash::FxHashSet;

use super::{
    super::{Moment, Pen, Request, records::Records},
    clauses::Clauses,
    story::{Group, Loop, Node, Story},
    verdict,
    writer::{About, Place, Writer},
};
use crate::trace::{ActivationId, CodeKind, FrameId};

/// Calls within calls that are told; what lies deeper is only counted in.
const DEPTH: u32 = 30;

/// Writes the monologue.
pub(super) fn write(records: &Records<'_>, request: &Request, pen: &mut Pen<'_>) {
    pen.say("### Execution Simulation\n");
    let story = Story::of(records);
    let mut telling = Telling {
        records,
        story: &story,
        clauses: Clauses::of(records),
        writer: Writer::of(records.trace, pen),
        known: FxHashSet::default(),
        depth: 0,
    };
    for &root in &story.roots {
        telling.root(root);
    }
    telling.writer.say("\n### Result\n");
    let verdict = verdict::text(records, request);
    telling.writer.verdict(&verdict);
}

struct Telling<'a, 'p, 'w> {
    records: &'a Records<'a>,
    story: &'a Story,
    clauses: Clauses<'a>,
    writer: Writer<'p, 'w>,
    /// Loops whose header was quoted before, by frame's code and line.
    known: FxHashSet<(FrameId, u32)>,
    depth: u32,
}

impl Telling<'_, '_, '_> {
    fn root(&mut self, activation: ActivationId) {
        let body = &self.story.bodies[&activation];
        if let Some(entry) = body.entry {
            let record = &self.records.list[entry];
            let kind = self.records.trace.code(record.frame).kind;
            if kind != CodeKind::Module {
                let mut text = self.clauses.entry(record, "is");
                let thread = self.records.trace.frames()[record.frame].thread;
                if 1 < thread {
                    text.push_str(&format!(" in thread {thread}"));
                }
                let about = self.about(entry);
                self.writer.clause(&mut Place::listing(0), &about, &text);
                self.name(entry);
            }
        }
        self.listing(&body.nodes, 0);
        self.writer.close(".");
    }

    /// Tells each node on lines of its own.
    fn listing(&mut self, nodes: &[Node], level: u32) {
        for node in nodes {
            self.node(node, &mut Place::listing(level));
        }
    }

    fn node(&mut self, node: &Node, place: &mut Place) {
        match node {
            Node::Statement(group) => self.statement(group, place),
            Node::Loop(it) if it.iterations.is_empty() => self.no_turns(it, place),
            Node::Loop(it) => self.turns(it, place),
        }
    }

    fn statement(&mut self, group: &Group, place: &mut Place) {
        let mut told = false;
        for (nth, &at) in group.iter().enumerate() {
            let record = &self.records.list[at];
            let about = self.about(at);
            let called = self.calls(at, place);
            let mut texts: Vec<String> = Vec::new();
            texts.extend(self.clauses.changes(record, called));
            texts.extend(self.clauses.condition(record).map(Into::into));
            texts.extend(self.clauses.printed(record));
            texts.extend(self.clauses.outcome(record, self.arrived(at)));
            told |= called || !texts.is_empty();
            if texts.is_empty() && !called {
                // One word is enough for all lines of a statement, and `try` needs none.
                if told {
                    self.writer.add(&about.moments);
                    continue;
                }
                if nth + 1 < group.len() || self.clauses.is_silent(record) {
                    self.writer.pass(about.moments);
                    continue;
                }
                texts.push(self.clauses.ran(record));
            }
            for text in texts {
                self.writer.clause(place, &about, &text);
            }
            self.name(at);
        }
    }

    /// Tells the calls that a record made, and whether there were any.
    fn calls(&mut self, at: usize, place: &mut Place) -> bool {
        let calls = &self.story.calls[at];
        for &activation in calls {
            let body = &self.story.bodies[&activation];
            let mut about = self.about(at);
            if let Some(entry) = body.entry {
                about.moments.extend(self.records.list[entry].moments());
                let text = self.clauses.entry(&self.records.list[entry], "was");
                self.writer.clause(place, &about, &text);
            }
            if DEPTH <= self.depth {
                self.deeper(&body.nodes);
                continue;
            }
            self.depth += 1;
            for node in &body.nodes {
                self.node(node, place);
            }
            self.depth -= 1;
        }
        !calls.is_empty()
    }

    /// Counts in what is not told.
    fn deeper(&mut self, nodes: &[Node]) {
        let moments = self.held(nodes);
        self.writer.add(&moments);
    }

    /// Whether the exception a record met came out of a call it made.
    fn arrived(&self, at: usize) -> bool {
        let last = self.story.calls[at].last();
        let list = last.and_then(|it| self.story.bodies[it].list.last());
        list.is_some_and(|&it| self.records.list[it].unwound)
    }

    fn no_turns(&mut self, it: &Loop, place: &mut Place) {
        let Some(tail) = &it.tail else { return };
        for &at in tail {
            let record = &self.records.list[at];
            let about = self.about(at);
            self.calls(at, place);
            let mut texts = self.clauses.outcome(record, self.arrived(at));
            if at == tail[tail.len() - 1] {
                texts.insert(
                    0,
                    match it.whole && record.exceptions.is_empty() {
                        true => self.quoted(it, record.frame, "the loop", "ran 0 times"),
                        false => self.clauses.ran(record),
                    },
                );
            }
            for text in texts {
                self.writer.clause(place, &about, &text);
            }
        }
    }

    fn turns(&mut self, it: &Loop, place: &mut Place) {
        let level = place.block();
        let line = it.statement.first;
        let first = it.iterations[0].header.first().copied();
        let any = first.or_else(|| flat_first(&it.iterations[0].nodes));
        let frame = any.map(|at| self.records.list[at].frame);
        let times = match it.iterations.len() {
            1 => "1 time".to_owned(),
            n => format!("{n} times"),
        };
        let ran = match it.whole {
            true => format!("ran {times}"),
            false => format!("ran {times} in these steps"),
        };
        let text = match frame {
            Some(frame) => self.quoted(it, frame, "Loop", &ran),
            None => format!("Loop {ran}"),
        };
        let headers = it.iterations.iter().flat_map(|it| &it.header);
        let headers = headers.chain(it.tail.iter().flatten());
        let moments = headers
            .flat_map(|&at| self.records.list[at].moments())
            .collect();
        self.writer
            .open(level, format!("[L{line}] {text}"), moments, vec![line]);
        self.writer.close(":");
        let last = it.iterations.len() - 1;
        for nth in 0..=last {
            if last < 3 || nth < 2 || nth == last {
                self.turn(it, nth, level + 1);
            } else if nth == 2 {
                let mut moments = Vec::new();
                for hidden in &it.iterations[2..last] {
                    let header = Node::Statement(hidden.header.clone());
                    moments.extend(self.held(&[header]));
                    moments.extend(self.held(&hidden.nodes));
                }
                self.writer.elide(level + 1, moments);
            }
        }
        self.writer.close(".");
        // What ended the loop, if it was more than its end.
        place.fresh = Some(level);
        for &at in it.tail.iter().flatten() {
            let record = &self.records.list[at];
            let about = self.about(at);
            self.calls(at, place);
            let texts = self.clauses.outcome(record, self.arrived(at));
            for text in texts {
                self.writer.clause(place, &about, &text);
            }
        }
        if place.fresh.is_some() {
            place.fresh = None;
            place.level = level;
        }
        place.passed();
    }

    fn turn(&mut self, it: &Loop, nth: usize, level: u32) {
        let turn = &it.iterations[nth];
        let mut bound = Vec::new();
        let mut moments = Vec::new();
        let mut lines = Vec::new();
        for &at in &turn.header {
            let record = &self.records.list[at];
            moments.extend(record.moments());
            bound.extend(self.clauses.header(record));
            lines.push(record.line);
        }
        lines.dedup();
        let text = format!("Iter {}: {}", nth + 1, bound.join(", "));
        self.writer.open(level, text, moments, lines);
        let mut place = Place::joining(level);
        for &at in &turn.header {
            self.writer.on(at);
            self.name(at);
        }
        for &at in &turn.header {
            let record = &self.records.list[at];
            let about = self.about(at);
            self.calls(at, &mut place);
            let mut texts: Vec<String> = self.clauses.printed(record).into_iter().collect();
            texts.extend(self.clauses.outcome(record, self.arrived(at)));
            for text in texts {
                self.writer.clause(&mut place, &about, &text);
            }
        }
        for node in &turn.nodes {
            self.node(node, &mut place);
        }
        self.writer.close(".");
    }

    /// ``the loop `for x in xs` ran…``, with the header only where it was not quoted before.
    fn quoted(&mut self, it: &Loop, frame: FrameId, subject: &str, ran: &str) -> String {
        let code = self.records.trace.frames()[frame].code;
        // Any frame of the code stands for it.
        let key = (FrameId::new(code.raw()), it.statement.first);
        match self.known.insert(key) {
            true => format!("{subject} `{}` {ran}", it.statement.text),
            false => format!("{subject} {ran}"),
        }
    }

    /// Everything that nodes and the calls they make tell of.
    fn held(&self, nodes: &[Node]) -> Vec<Moment> {
        let mut held: Group = Vec::new();
        self.story.held(nodes, &mut held);
        held.sort_unstable();
        let list = &self.records.list;
        held.iter().flat_map(|&at| list[at].moments()).collect()
    }

    fn about(&self, at: usize) -> About {
        let record = &self.records.list[at];
        About {
            record: at,
            line: record.line,
            moments: record.moments(),
        }
    }

    fn name(&mut self, at: usize) {
        for change in &self.records.list[at].changes {
            self.writer.name(self.records.trace.name(change.name));
        }
    }
}

/// The first record of the nodes.
fn flat_first(nodes: &[Node]) -> Option<usize> {
    match nodes.first()? {
        Node::Statement(group) => group.first().copied(),
        Node::Loop(it) => {
            let first = it.iterations.first()?;
            first
                .header
                .first()
                .copied()
                .or_else(|| flat_first(&first.nodes))
        }
    }
}
