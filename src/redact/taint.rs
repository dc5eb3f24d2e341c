//! What came from outside, followed through a trace.
//!
//! A statement that reads from outside, or mentions a variable that holds something read, taints every
//! text that it leaves in variables, returns, raises, prints or passes on. Control flow does not taint.

use std::{rc::Rc, sync::Arc};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Kind, Source, Trust,
    leaves::{self, Leaf, Leaves},
    names, outside, python,
    seeds::Seeds,
};
use crate::trace::{
    CodeKind, EventId, File, FrameId, Id, Kind as Happened, NameId, Output, Trace, ValueId,
};

/// Times a trace is followed: what is found late may have been held early.
const PASSES: usize = 4;

/// Everything in `trace` that came from outside, or that a name calls secret. Linear in its events, their
/// writes and the variables that statements mention.
pub(super) fn seeds(trace: &Trace, trust: Trust) -> Seeds {
    let mut pass = Pass {
        trace,
        trust,
        files: FxHashMap::default(),
        statements: FxHashMap::default(),
        leaves: Leaves::of_trace(trace),
        frames: FxHashMap::default(),
        modules: FxHashMap::default(),
        secret: FxHashMap::default(),
        looked_at: FxHashSet::default(),
        literals: FxHashSet::default(),
        seeds: Seeds::default(),
    };
    pass.read_files();
    pass.arguments();
    for _ in 0..PASSES {
        let before = pass.seeds.len();
        pass.follow();
        if pass.seeds.len() == before {
            break;
        }
    }
    pass.seeds
}

/// What a statement's code says of the outside.
#[derive(Debug, Default)]
struct Statement {
    reads: Option<Source>,
    /// The variables it mentions, of those that the run has.
    mentions: Vec<(NameId, Option<String>)>,
    /// Its own strings: a default is not read.
    literals: Vec<String>,
}

/// Why what a statement does is tainted.
#[derive(Debug, Clone)]
struct Taint {
    source: Source,
    /// Read here, rather than held by a variable.
    direct: bool,
    /// Texts held by the variables, which are found again by themselves.
    held: Rc<[String]>,
    statement: Rc<Statement>,
}

#[derive(Debug, Default)]
struct Frame {
    variables: FxHashMap<NameId, ValueId>,
    taint: Option<Taint>,
}

struct Pass<'a> {
    trace: &'a Trace,
    trust: Trust,
    files: FxHashMap<Id<File>, python::Source>,
    statements: FxHashMap<(Id<File>, u32), Rc<Statement>>,
    leaves: Leaves<'a>,
    frames: FxHashMap<FrameId, Frame>,
    /// The frame of each file's own body, for its globals.
    modules: FxHashMap<Id<File>, FrameId>,
    /// Whether a variable's name calls what it holds secret.
    secret: FxHashMap<NameId, bool>,
    /// Values in which keys and fields were looked at.
    looked_at: FxHashSet<ValueId>,
    /// Every string that stands in the program.
    literals: FxHashSet<String>,
    seeds: Seeds,
}

impl Pass<'_> {
    fn read_files(&mut self) {
        for id in self.trace.files().ids() {
            let lines = self.trace.files()[id].lines.as_deref().unwrap_or_default();
            let source = python::Source::read::<Arc<str>>(lines);
            self.literals.extend(source.literals().map(str::to_owned));
            self.files.insert(id, source);
        }
    }

    /// `sys.argv` without the program itself.
    fn arguments(&mut self) {
        let argv = self.trace.fact("argv").unwrap_or_default();
        let argv: Vec<String> = serde_json::from_str(argv).unwrap_or_default();
        for argument in argv.iter().skip(1) {
            self.seed(argument, Source::Arguments, true, &Statement::default());
        }
    }

    fn follow(&mut self) {
        self.frames.clear();
        let mut printed = Id::<Output>::new(0);
        for id in self.trace.events().ids() {
            let outputs = self.trace.outputs();
            while let Some(output) = outputs.get(printed).filter(|it| it.before <= id) {
                self.output(output);
                printed = printed.plus(1);
            }
            self.event(id);
        }
    }

    fn event(&mut self, id: EventId) {
        let trace = self.trace;
        let event = &trace.events()[id];
        let (frame, code) = (event.frame, trace.code(event.frame));
        if event.kind == Happened::Call && code.kind == CodeKind::Module {
            self.modules.insert(code.file, frame);
        }
        // Arguments come from the caller's statement, everything else from the frame's own.
        let doer = match event.kind {
            Happened::Call | Happened::Resume => trace.activations()[event.activation]
                .caller
                .map(|it| trace.events()[it].frame),
            _ => Some(frame),
        };
        let taint = doer.and_then(|it| self.frames.get(&it)?.taint.clone());
        for write in trace.writes(id) {
            let state = self.frames.entry(frame).or_default();
            let old = match write.value {
                Some(value) => state.variables.insert(write.name, value),
                None => state.variables.remove(&write.name),
            };
            if let Some(value) = write.value {
                self.named(write.name, value);
                if let Some(taint) = &taint {
                    self.wrote(value, old, taint);
                }
            }
        }
        match event.kind {
            Happened::Return(value) | Happened::Yield(value) => {
                if let Some(taint) = &taint {
                    self.wrote(value, None, taint);
                }
            }
            Happened::Exception(exception) => {
                if let Some(taint) = &taint {
                    self.said(&trace.exception(exception).message, taint);
                }
            }
            Happened::Line(_) => {
                let taint = self.taint_of(frame, event.line);
                self.frames.entry(frame).or_default().taint = taint;
            }
            Happened::Call | Happened::Resume | Happened::Unwind => {}
        }
        let over = matches!(event.kind, Happened::Return(_) | Happened::Unwind);
        if over && code.kind != CodeKind::Module {
            self.frames.remove(&frame);
        }
    }

    /// A variable's name may say that what it holds is secret, and so may a key or a field within.
    fn named(&mut self, name: NameId, value: ValueId) {
        let trace = self.trace;
        let text = trace.name(name);
        let secret = *self
            .secret
            .entry(name)
            .or_insert_with(|| names::is_secret(text));
        // Under another name only keys and fields can say so, and those are looked at once.
        if !secret && (self.leaves.of(value).len() < 2 || !self.looked_at.insert(value)) {
            return;
        }
        let name = &**text;
        let value = self.trace.value(value);
        let mut found = Vec::new();
        leaves::secret(name, &value, &mut found);
        for text in found {
            self.seeds.insert(&text, Kind::Password);
        }
    }

    /// Texts that are in `value` and were not in what the variable held before.
    fn wrote(&mut self, value: ValueId, old: Option<ValueId>, taint: &Taint) {
        if old == Some(value) {
            return;
        }
        let old = old.map(|it| self.leaves.of(it));
        let leaves = self.leaves.of(value);
        for leaf in leaves.iter() {
            if old.as_ref().is_some_and(|it| it.contains(leaf)) {
                continue;
            }
            match leaf {
                Leaf::Text(text) => self.seed(text, taint.source, taint.direct, &taint.statement),
                Leaf::Number(text) if taint.direct => {
                    self.seed(text, taint.source, true, &taint.statement);
                }
                Leaf::Number(_) => {}
            }
        }
    }

    /// A text that a tainted statement printed or raised: all of it, unless what it holds is in it as it
    /// is, which is found by itself.
    fn said(&mut self, text: &str, taint: &Taint) {
        if taint.held.iter().any(|it| text.contains(&**it)) {
            return;
        }
        // A program's own words, and counts, say nothing.
        let own = |word: &str| self.literals.contains(word) || word.parse::<u16>().is_ok();
        let telling = |line: &&str| !line.split_whitespace().all(own);
        let lines: Vec<&str> = text.lines().filter(telling).collect();
        for line in lines {
            self.seed(line, taint.source, taint.direct, &taint.statement);
        }
    }

    fn output(&mut self, output: &Output) {
        let frame = output.step.map(|it| self.trace.at(it).frame);
        let taint = frame.and_then(|it| self.frames.get(&it)?.taint.clone());
        if let Some(taint) = taint {
            self.said(&String::from_utf8_lossy(&output.bytes), &taint);
        }
    }

    fn seed(&mut self, text: &str, source: Source, direct: bool, statement: &Statement) {
        let text = text.trim();
        if self.trust.stdin && source == Source::Stdin {
            return;
        }
        if statement.literals.iter().any(|it| it.trim() == text) {
            return;
        }
        // A plain word that the program itself says is no secret of a file's; a key may be one anywhere.
        let plain =
            text.chars().count() <= 16 && text.chars().all(|it| it.is_alphabetic() || it == '_');
        let private = matches!(
            source,
            Source::Environment | Source::Prompted | Source::Keyring
        );
        if (plain && !private || !direct) && self.literals.contains(text) {
            return;
        }
        self.seeds.insert(text, Kind::Tainted(source));
    }

    /// Whether the statement that `frame` is about to run is tainted.
    fn taint_of(&mut self, frame: FrameId, line: u32) -> Option<Taint> {
        let statement = self.statement(self.trace.code(frame).file, line)?;
        if let Some(source) = statement.reads {
            return Some(Taint {
                source,
                direct: true,
                held: Rc::default(),
                statement,
            });
        }
        let mut found: Option<(Source, bool)> = None;
        let mut held: Vec<String> = Vec::new();
        for mention in &statement.mentions {
            let Some(value) = self.variable(frame, mention.0) else {
                continue;
            };
            if let Some((source, direct)) = self.held(value, mention.1.as_deref(), &mut held) {
                found.get_or_insert((source, direct));
            }
        }
        let (source, direct) = found?;
        Some(Taint {
            source,
            direct,
            held: held.into(),
            statement,
        })
    }

    /// From where something in `value` came; its texts go into `held`. The flag: it is the outside itself.
    fn held(
        &mut self,
        id: ValueId,
        part: Option<&str>,
        held: &mut Vec<String>,
    ) -> Option<(Source, bool)> {
        let leaves = self.leaves.of(id);
        if leaves.is_empty() {
            // Few values have no text; those that have none may be files.
            return Some((outside::stands_for(&self.trace.value(id))?, true));
        }
        let known = |leaf: &Leaf, seeds: &Seeds| {
            let kind = match leaf {
                Leaf::Text(text) => seeds.whole(text),
                Leaf::Number(text) => seeds.number(text),
            };
            match kind {
                Some(Kind::Tainted(source)) => Some(source),
                _ => None,
            }
        };
        let tainted = leaves.iter().any(|it| known(it, &self.seeds).is_some());
        if !tainted {
            return Some((outside::stands_for(&self.trace.value(id))?, true));
        }
        let mut own = Vec::new();
        let value = self.trace.value(id);
        leaves::put(outside::meant(&value, part), &mut own);
        let mut res = None;
        for leaf in own {
            if let Some(source) = known(&leaf, &self.seeds) {
                res.get_or_insert((source, false));
                if held.len() < 64 {
                    held.push(leaf.text().trim().to_owned());
                }
            }
        }
        res
    }

    /// A variable by name: the frame's own, that of a frame it was entered from, or its module's.
    fn variable(&self, frame: FrameId, name: NameId) -> Option<ValueId> {
        let module = self.modules.get(&self.trace.code(frame).file).copied();
        let of = |it: FrameId| self.frames.get(&it)?.variables.get(&name).copied();
        let outer = self.trace.frames()[frame].parent;
        of(frame)
            .or_else(|| outer.and_then(of))
            .or_else(|| module.and_then(of))
    }

    fn statement(&mut self, file: Id<File>, line: u32) -> Option<Rc<Statement>> {
        let source = self.files.get(&file)?;
        let (first, range) = source.statement(line)?;
        if let Some(known) = self.statements.get(&(file, first)) {
            return Some(known.clone());
        }
        let code = source.code(range.clone());
        let lines: Vec<&str> = source.text[range.clone()].split('\n').collect();
        let own = python::Source::read(&lines);
        let mentions = outside::mentions(&code, &source.text[range]).into_iter();
        let statement = Rc::new(Statement {
            reads: outside::read_by(&code),
            mentions: mentions
                .filter_map(|it| Some((self.trace.name_of(&it.name)?, it.part)))
                .collect(),
            literals: own.literals().map(str::to_owned).collect(),
        });
        self.statements.insert((file, first), statement.clone());
        Some(statement)
    }
}
