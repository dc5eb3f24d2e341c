//! What a look into a long trace costs: opening it, the first screen, a step, its state.
//!
//! `cargo bench --bench trace` records nothing: it writes a trace of a million events, a sort of a list
//! with a call in each turn, as a recorder would, and packs it. With `LONG=1` it also opens one of ten
//! million and prints what memory that took.

#![expect(clippy::print_stderr, reason = "what was measured is said")]

mod synthetic;

use std::{hint::black_box, path::Path, time::Duration, time::Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use monologue::trace::{
    StepId, Trace,
    file::{self, Archive, Follow},
};
use recorder::wire::{COMMITTED_AT, HEADER, MAGIC, VERSION};

/// A raw trace of about `events` events.
fn raw(events: u32) -> Vec<u8> {
    let mut out = vec![0; HEADER];
    out[..8].copy_from_slice(&MAGIC);
    out[8..10].copy_from_slice(&VERSION.to_le_bytes());
    synthetic::records(events, |record| record.write(&mut out));
    let committed = (out.len() - HEADER) as u64;
    out[COMMITTED_AT..COMMITTED_AT + 8].copy_from_slice(&committed.to_le_bytes());
    out
}

/// A packed trace in `folder`.
fn packed(folder: &Path, events: u32) -> std::path::PathBuf {
    let path = folder.join(format!("{events}.trace"));
    std::fs::write(&path, raw(events)).expect("room for a trace");
    let began = Instant::now();
    let done = file::pack(&path).expect("room").expect("it is packed");
    eprintln!(
        "{} events: {:.2} bytes an event raw, {:.2} packed with keyframes, packed in {:.2?}",
        done.events,
        done.bytes.0 as f64 / done.events as f64,
        done.bytes.1 as f64 / done.events as f64,
        began.elapsed()
    );
    path
}

/// The frames on the stack with all they hold, decoded: what a screen needs of a step.
fn state(trace: &Trace, step: StepId) -> usize {
    let stack = trace.stack(trace.steps()[step].event);
    let held = stack.into_iter().map(|event| {
        let frame = trace.events()[event].frame;
        let locals = trace.locals(frame, event);
        for it in &locals {
            black_box(trace.value(it.value));
        }
        locals.len()
    });
    held.sum()
}

/// Steps all over the trace, in no order.
struct Somewhere {
    at: u32,
    steps: u32,
}

impl Somewhere {
    fn next(&mut self) -> StepId {
        self.at = self.at.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        StepId::new(((u64::from(self.at) * u64::from(self.steps)) >> 32) as u32)
    }
}

fn first_screen(path: &Path) -> Trace {
    let mut follow = Follow::begin(path).expect("a trace");
    while follow.snapshot().steps().len() < 10_000 && follow.advance_a_little().expect("a trace") {}
    follow.snapshot()
}

fn look(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = packed(folder.path(), 1_000_000);
    let trace = file::open(&path).expect("a trace");
    let mut archive = Archive::open(&path).expect("a file").expect("an index");
    let mut group = criterion.benchmark_group("a million events");
    let mut to = Somewhere {
        at: 1,
        steps: trace.steps().len(),
    };
    group.bench_function("seek in an open trace", |it| {
        it.iter(|| black_box(trace.at(to.next()).line));
    });
    group.bench_function("state in an open trace", |it| {
        it.iter(|| black_box(state(&trace, to.next())));
    });
    group.bench_function("what a step wrote, in an open trace", |it| {
        it.iter(|| black_box(trace.rows(to.next())));
    });
    group.bench_function("seek on disk", |it| {
        it.iter(|| archive.around(to.next()).map(|it| it.steps().len()));
    });
    group.bench_function("state on disk", |it| {
        it.iter(|| {
            let step = to.next();
            let part = archive.around(step).expect("a step of the trace");
            black_box(state(&part, step))
        });
    });
    group.bench_function("index on disk", |it| {
        it.iter(|| black_box(Archive::open(&path).expect("a file")).is_some());
    });
    group.bench_function("first screen", |it| {
        it.iter(|| black_box(first_screen(&path).steps().len()));
    });
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(8));
    group.bench_function("open whole", |it| {
        it.iter(|| black_box(file::open(&path)).expect("a trace").steps().len());
    });
    group.finish();
    if std::env::var_os("LONG").is_some() {
        long(folder.path());
    }
}

/// Ten million events, once: time to the first screen, and the memory of it all.
fn long(folder: &Path) {
    let path = packed(folder, 10_000_000);
    let began = Instant::now();
    black_box(first_screen(&path));
    let first = began.elapsed();
    let before = resident();
    let began = Instant::now();
    let trace = file::open(&path).expect("a trace");
    let whole = began.elapsed();
    eprintln!(
        "{} events: first screen after {first:.2?}, whole after {whole:.2?}, {} MiB for the trace",
        trace.events().len(),
        (resident().saturating_sub(before)) >> 20
    );
}

/// Bytes of this process in memory; 0 where the system does not tell.
fn resident() -> u64 {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = told.split(' ').nth(1).and_then(|it| it.parse::<u64>().ok());
    4096 * pages.unwrap_or(0)
}

criterion_group!(benches, look);
criterion_main!(benches);
