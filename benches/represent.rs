//! What texts of a long trace cost: the page around a step, as the debugger asks for it, and all of it.
//!
//! `cargo bench --bench represent` builds a trace of a hundred thousand steps in memory. For each
//! representation, in each of its modes and profiles, `page` is the page around a step in the middle
//! (a frame of the screen has 16 ms for it), `streamed` the whole text as `show` writes it, and `whole` the
//! whole page with its spans, both as bytes of text a second. Formats that leave records out read every
//! step all the same: for these, `streamed` counts steps a second as well.

#![expect(clippy::print_stderr, reason = "what was measured is said")]

mod synthetic;

use std::{hint::black_box, io, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use monologue::{
    represent::{self, Profile, Representation, Request},
    trace::{Builder, StepId, Trace},
};

/// Five steps are seven events.
const EVENTS: u32 = 140_000;
/// Steps that the debugger writes a page for, from the middle of a long trace.
const PAGE: u32 = 384;

fn trace() -> Trace {
    let mut builder = Builder::default();
    synthetic::records(EVENTS, |record| builder.push(record));
    builder.snapshot()
}

/// Every representation in each of its modes and profiles, by name.
fn all(trace: &Trace) -> Vec<(String, &'static dyn Representation, Request)> {
    let mut res = Vec::new();
    for &it in represent::ALL {
        let modes: Vec<_> = match it.modes() {
            [] => vec![None],
            modes => modes.iter().map(|&it| Some(it)).collect(),
        };
        for mode in modes {
            let request = Request {
                mode,
                ..Request::whole(trace)
            };
            res.push((mode.unwrap_or(it.name()).to_owned(), it, request));
        }
        let request = Request {
            profile: Profile::Compat,
            ..Request::whole(trace)
        };
        res.push((format!("{}, compat", it.name()), it, request));
    }
    res
}

fn texts(criterion: &mut Criterion) {
    let trace = trace();
    let steps = trace.steps().len();
    let middle = steps / 2;
    let mut group = criterion.benchmark_group("page");
    for (name, it, request) in all(&trace) {
        let request = Request {
            window: StepId::new(middle)..StepId::new(middle + PAGE),
            ..request
        };
        group.bench_function(name, |bench| {
            bench.iter(|| {
                black_box(represent::page(it, &trace, &request))
                    .spans()
                    .len()
            });
        });
    }
    group.bench_function("all five", |bench| {
        let request = Request {
            window: StepId::new(middle)..StepId::new(middle + PAGE),
            ..Request::whole(&trace)
        };
        bench.iter(|| {
            for it in represent::ALL {
                black_box(represent::page(*it, &trace, &request));
            }
        });
    });
    group.finish();
    for (name, it, request) in all(&trace) {
        let page = represent::page(it, &trace, &request);
        let (bytes, spans) = (page.text().len() as u64, page.spans().len());
        eprintln!("{name}: {steps} steps, {bytes} bytes, {spans} spans");
        let stream = || {
            let streamed = represent::stream(it, &trace, &request, &mut io::sink());
            black_box(streamed.map_or(0, |it| it.bytes))
        };
        let mut measure = |group: &str, throughput, run: &dyn Fn() -> u64| {
            let mut group = criterion.benchmark_group(group);
            group
                .sample_size(10)
                .warm_up_time(Duration::from_millis(500))
                .measurement_time(Duration::from_secs(3))
                .throughput(throughput);
            group.bench_function(&name, |bench| bench.iter(run));
            group.finish();
        };
        measure("streamed", Throughput::Bytes(bytes), &stream);
        // A text that leaves most steps out says little of what reading them costs.
        if bytes < u64::from(steps) {
            measure(
                "steps streamed",
                Throughput::Elements(u64::from(steps)),
                &stream,
            );
        }
        measure("whole", Throughput::Bytes(bytes), &|| {
            black_box(represent::page(it, &trace, &request))
                .text()
                .len() as u64
        });
    }
}

criterion_group!(benches, texts);
criterion_main!(benches);
