//! Programs killed at random moments: each trace opens, holds every committed event, and is a beginning of
//! what the whole run leaves. `MONOLOGUE_KILLS` says how many; by default a few dozen.

#![expect(clippy::print_stderr, reason = "what was done is said")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use monologue::{
    record::start,
    trace::{file, repr},
};
use recorder::{reader, wire::HEADER};
use std::{
    env, fs,
    hash::{BuildHasher, RandomState},
    io::Read,
    path::Path,
    thread,
    time::{Duration, Instant},
};
use support::{
    launch_script,
    pythons::{self, Interpreter},
    replay::{Event, replay},
};

const PROGRAM: &str = "def work(n):
    items, by = [], {}
    for i in range(n):
        items.append(i * i % 7)
        by[i % 5] = len(items)
        if i % 3 == 0:
            items[i // 2] = str(i)
    return items

def each(n):
    for i in range(n):
        yield work(i % 20)

total = 0
for items in each(120):
    total += len(items)
    try:
        items[99]
    except IndexError as error:
        kept = error
print(total)
";

/// What must be the same in every run: addresses are not.
fn shown(event: &Event) -> String {
    let Event {
        kind,
        thread,
        frame,
        line,
        function,
        ..
    } = event;
    let names: Vec<_> = event
        .locals
        .iter()
        .map(|(name, it)| format!("{name}={}", repr(it)))
        .collect();
    let value = event.value.as_ref().map(repr);
    format!("{kind} {thread} {frame} {line} {function} {names:?} {value:?}")
}

/// Bytes of whole records that the header of a trace promises; a writer may not have begun it yet.
fn committed(trace: &Path) -> u64 {
    let mut start = Vec::new();
    let file = fs::File::open(trace).unwrap();
    file.take(HEADER as u64).read_to_end(&mut start).unwrap();
    reader::promised(&start).unwrap_or(0)
}

/// Waits until the first record is there: what is before that is the interpreter's start.
fn begun(trace: &Path) {
    let end = Instant::now() + Duration::from_secs(60);
    while committed(trace) == 0 && Instant::now() < end {
        thread::sleep(Duration::from_micros(500));
    }
}

/// Kills one run after `wait`; how many events its trace holds.
fn kill(
    python: &Interpreter,
    file: &Path,
    trace: &Path,
    wait: Duration,
    whole: &[String],
) -> usize {
    let mut running = start(&launch_script(python, file, trace)).unwrap();
    // One in ten before anything is recorded.
    if !wait.is_zero() {
        begun(trace);
        thread::sleep(wait);
    }
    let before = committed(trace);
    running.stop();
    let status = match running.wait() {
        Ok(outcome) => outcome.status,
        // Killed before its first record there is nothing, and that is said.
        Err(error) => {
            assert!(error.to_string().contains("did not start"), "{error}");
            assert_eq!(before, 0, "a committed record is gone");
            return 0;
        }
    };
    assert!(before <= committed(trace), "committed records are gone");
    // The reading asserts that the trace is whole records to its end.
    let events = replay(trace).events;
    assert!(events.len() <= whole.len());
    for (at, (event, expected)) in events.iter().zip(whole).enumerate() {
        assert_eq!(
            shown(event),
            *expected,
            "event {at} of {}, status {status}",
            events.len()
        );
    }
    let opened = file::open(trace).unwrap();
    assert_eq!(opened.events().len() as usize, events.len());
    assert!(!opened.damaged());
    events.len()
}

#[test]
fn a_program_killed_at_any_moment_leaves_a_whole_trace() {
    let count: usize = env::var("MONOLOGUE_KILLS")
        .ok()
        .and_then(|it| it.parse().ok())
        .unwrap_or(60);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("killed.py");
    fs::write(&file, PROGRAM).unwrap();
    let pythons = pythons::installed();
    let wholes: Vec<_> = pythons
        .iter()
        .map(|python| {
            let trace = folder.path().join("whole");
            let running = start(&launch_script(python, &file, &trace)).unwrap();
            begun(&trace);
            let first = Instant::now();
            assert_eq!(running.wait().unwrap().status, 0);
            let elapsed = first.elapsed();
            let whole: Vec<_> = replay(&trace).events.iter().map(shown).collect();
            (whole, elapsed)
        })
        .collect();
    let reached: Vec<_> = thread::scope(|scope| {
        let worker = |first: usize| {
            let (folder, file, pythons, wholes) = (&folder, &file, &pythons, &wholes);
            scope.spawn(move || {
                let trace = folder.path().join(format!("trace{first}"));
                let one = |at: usize| {
                    let which = at / 2 % pythons.len();
                    let (whole, elapsed) = &wholes[which];
                    let random = RandomState::new().hash_one(at) % 1000;
                    let wait = elapsed.mul_f64(random.saturating_sub(100) as f64 / 900.0);
                    (
                        kill(&pythons[which], file, &trace, wait, whole),
                        whole.len(),
                    )
                };
                (first..count).step_by(2).map(one).collect::<Vec<_>>()
            })
        };
        let workers = [worker(0), worker(1)];
        workers
            .into_iter()
            .flat_map(|it| it.join().unwrap())
            .collect()
    });
    let within = reached
        .iter()
        .filter(|(events, whole)| 0 < *events && events < whole)
        .count();
    let none = reached.iter().filter(|it| it.0 == 0).count();
    eprintln!(
        "{} killed: {none} before the first event, {within} within the run",
        reached.len()
    );
    assert_eq!(reached.len(), count);
    assert!(
        count < 20 || count / 12 < within,
        "too few were killed while they ran"
    );
}
