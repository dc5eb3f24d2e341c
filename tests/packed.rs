//! Traces of real programs, packed: the same as before, readable from the middle, within their size.

use std::path::{Path, PathBuf};

use monologue::{
    export,
    record::{Launch, Output, Stdin, Target, record},
    represent::{self, Request},
    trace::{
        Cursor, Heading, Motion, StepId, Stride, Trace,
        file::{self, Archive},
    },
};

const LOOPS: &str = "\
def squares(n):
    for i in range(n):
        yield i * i

def total(n, seen):
    for it in squares(n):
        seen.append(it)
        if len(seen) > 20:
            del seen[0]
    return sum(seen)

def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)

waiting = squares(10 ** 9)
next(waiting)
for turn in range(40):
    s = total(turn * 3, [])
    d = deep(turn)
    next(waiting)
try:
    deep('x')
except TypeError:
    pass
";

fn recorded(file: PathBuf, folder: &Path) -> (Trace, PathBuf) {
    let path = folder.join("run.trace");
    let mut launch = Launch::new(Target::Script { file }, &path);
    launch.output = Output::Piped;
    launch.stdin = Stdin::Null;
    record(&launch).expect("the program is recorded");
    (file::open(&path).expect("a trace"), path)
}

/// Everything a debugger shows of a step.
fn told(trace: &Trace, step: StepId) -> String {
    let stack = trace.stack(trace.steps()[step].event).into_iter();
    let frames = stack.map(|it| {
        let event = &trace.events()[it];
        let locals = trace.locals(event.frame, it).into_iter();
        let locals = locals.map(|it| (trace.name(it.name).clone(), trace.repr(it.value)));
        let name = &trace.code(event.frame).qualname;
        format!("{name}:{} {:?}", event.line, locals.collect::<Vec<_>>())
    });
    format!("{:?}", frames.collect::<Vec<_>>())
}

/// Goes wherever one can go from a step, and writes every text that there is.
fn walked(trace: &Trace) {
    for step in trace.steps().ids().step_by(61) {
        trace.rows(step);
        let cursor = Cursor::on(trace, step).expect("a step of the trace");
        for stride in [Stride::Into, Stride::Over, Stride::Out] {
            for heading in [Heading::Forward, Heading::Backward] {
                if let Some(to) = cursor.moved(trace, Motion { stride, heading }) {
                    to.event(trace);
                }
            }
        }
    }
    for it in represent::ALL {
        let page = represent::page(*it, trace, &Request::whole(trace));
        let window = page.window();
        assert_eq!(window.end, trace.steps().end(), "{}", it.name());
    }
    export::events(trace, &mut Vec::new(), None).expect("memory takes it");
}

#[test]
fn a_packed_trace_is_read_whole_and_in_stretches() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("loops.py");
    std::fs::write(&program, LOOPS).expect("it is written");
    let (raw, path) = recorded(program, folder.path());
    let done = file::pack(&path).expect("room").expect("it is packed");
    assert!(done.bytes.1 < 4 * done.events, "{done:?}");
    let packed = file::open(&path).expect("a trace");
    assert_eq!(packed.steps().len(), raw.steps().len());
    assert_eq!(packed.ending(), raw.ending());
    for step in raw.steps().ids().step_by(53) {
        assert_eq!(told(&packed, step), told(&raw, step));
    }
    let mut archive = Archive::open(&path).expect("a file").expect("an index");
    let mut began = std::collections::BTreeSet::new();
    for step in raw.steps().ids().step_by(701) {
        let part = archive.around(step).expect("a step of the run");
        assert_eq!(told(&part, step), told(&raw, step));
        if began.insert(part.dropped()) && began.len() < 5 {
            walked(&part);
        }
    }
    assert!(4 < began.len(), "{began:?}");
}
