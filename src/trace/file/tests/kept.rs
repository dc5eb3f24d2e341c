//! Traces that only keep their end.

use std::os::unix::fs::MetadataExt as _;

use super::*;
use crate::trace::file::keep::{Keeper, head_of};

const LIMIT: u64 = 128 << 10;

/// A trace that grows to `all` while it is kept; what the disk held at most.
fn grown(path: &Path, all: &[u8]) -> u64 {
    let mut most = 0;
    std::fs::write(path, file(0, all)).expect("it is written");
    let mut keeper = Keeper::of(path, LIMIT).expect("a file");
    let mut opened = 0;
    for committed in (0..=all.len()).step_by(20_000).chain([all.len()]) {
        let file = std::fs::OpenOptions::new().write(true).open(path);
        let at = recorder::wire::COMMITTED_AT as u64;
        let committed = committed as u64;
        std::os::unix::fs::FileExt::write_all_at(
            &file.expect("a file"),
            &committed.to_le_bytes(),
            at,
        )
        .expect("it is written");
        if keeper.look().expect("it is kept") {
            let left = std::fs::metadata(path).expect("it is there").blocks() * 512;
            // What is not committed yet lies there too.
            most = most.max(left - (all.len() as u64 - committed).min(left));
        }
        // Whatever the moment, what is there opens; half a record is no damage.
        let trace = open(path).expect("a trace");
        assert!(!trace.damaged());
        assert!(opened <= trace.steps().end().raw());
        opened = trace.steps().end().raw();
    }
    most
}

#[test]
fn the_newest_steps_stay() {
    let all = busy(20_000);
    let raw = open(written(&file(all.len(), &all)).path()).expect("a trace");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.trace");
    let most = grown(&path, &all);
    assert!(0 < most && most < 2 * LIMIT, "{most} of {}", all.len());
    let kept = open(&path).expect("a trace");
    assert_eq!(kept.steps().end(), raw.steps().end());
    assert!(50_000 < kept.dropped(), "{}", kept.dropped());
    assert!(kept.notes().iter().any(|it| it.contains("begins at step")));
    for step in kept.steps().ids().step_by(101) {
        assert_eq!(told(&raw, step), told(&kept, step));
    }
    // Packed it is the same, in one file.
    pack(&path).expect("room").expect("it is packed");
    assert!(!head_of(&path).exists());
    let packed = open(&path).expect("a trace");
    assert_eq!(
        (packed.dropped(), packed.damaged()),
        (kept.dropped(), false)
    );
    let mut archive = Archive::open(&path).expect("a file").expect("an index");
    assert_eq!(archive.steps(), kept.dropped()..kept.steps().end().raw());
    for step in kept.steps().ids().step_by(1001) {
        assert_eq!(told(&raw, step), told(&packed, step));
        let part = archive.around(step).expect("the step");
        assert_eq!(told(&raw, step), told(&part, step));
    }
}

#[test]
fn a_trace_without_its_head_says_so() {
    let all = busy(20_000);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.trace");
    grown(&path, &all);
    let before = std::fs::read(&path).expect("it is there");
    std::fs::remove_file(head_of(&path)).expect("it is there");
    let trace = open(&path).expect("a trace");
    assert!(trace.notes().iter().any(|it| it.contains(".head")));
    assert_eq!(pack(&path).expect("no error"), None);
    assert_eq!(std::fs::read(&path).expect("it is there"), before);
}

#[test]
fn a_head_of_another_trace_is_not_taken_for_its_own() {
    let all = busy(20_000);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.trace");
    grown(&path, &all);
    let all = records(3);
    std::fs::write(&path, file(all.len(), &all)).expect("it is written");
    assert_eq!(open(&path).expect("a trace").steps().len(), 3);
}

#[test]
fn a_trace_is_kept_while_somebody_looks_after_it() {
    let all = busy(20_000);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.trace");
    std::fs::write(&path, file(all.len(), &all)).expect("it is written");
    let keeping = Keeping::start(&path, LIMIT);
    let until = Instant::now() + Duration::from_secs(60);
    while !head_of(&path).exists() {
        assert!(Instant::now() < until, "nothing was dropped");
        thread::sleep(Duration::from_millis(5));
    }
    drop(keeping);
    let kept = open(&path).expect("a trace");
    assert_eq!(kept.steps().last().map(|it| it.number()), Some(60_002));
    assert!(0 < kept.dropped());
}

#[test]
fn of_a_very_long_trace_the_newest_steps_are_shown() {
    let (raw, path, done) = packed(8000);
    let mut follow = Follow::begin_with(path.path(), 5000).expect("a trace");
    while follow.advance_a_little().expect("a trace") {}
    let trace = follow.snapshot();
    assert_eq!(
        (trace.steps().end(), trace.damaged()),
        (raw.steps().end(), false)
    );
    assert!((3000..=5000).contains(&trace.steps().len()), "{done:?}");
    assert!(trace.notes().iter().any(|it| it.contains("newest")));
    assert_eq!(trace.ending(), raw.ending());
    for step in trace.steps().ids().step_by(97) {
        assert_eq!(told(&raw, step), told(&trace, step));
    }
}
