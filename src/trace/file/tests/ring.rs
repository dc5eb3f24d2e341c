//! Traces that are followed while only their end is kept.

use std::os::unix::fs::{FileExt as _, MetadataExt as _};

use super::*;
use crate::trace::file::keep::head_of;

/// More than any of these traces takes.
const ENOUGH: u64 = 1 << 30;

/// What a ring was while its trace grew.
struct Grown {
    ring: Ring,
    /// Bytes on disk at most, without those that the recorder had not written yet.
    disk: u64,
    /// Bytes of memory at most.
    memory: u64,
    /// How often it began anew.
    rebased: u32,
}

/// A ring around a trace that grows to `all`, told of each time it has something to show.
fn grown(path: &Path, all: &[u8], (bytes, room): (u64, u64)) -> Grown {
    std::fs::write(path, file(0, all)).expect("it is written");
    let ring = Ring::begin(path, bytes, room).expect("a trace");
    let mut res = Grown {
        ring,
        disk: 0,
        memory: 0,
        rebased: 0,
    };
    let mut before = res.ring.snapshot();
    for committed in (0..=all.len()).step_by(10_000).chain([all.len()]) {
        let file = std::fs::OpenOptions::new().write(true).open(path);
        let at = recorder::wire::COMMITTED_AT as u64;
        let number = (committed as u64).to_le_bytes();
        file.expect("a file")
            .write_all_at(&number, at)
            .expect("it is written");
        loop {
            let all = res.ring.advance_until(Duration::ZERO).expect("a trace");
            let now = res.ring.snapshot();
            // It never goes back, nor is there ever nothing where something was.
            assert!(before.dropped() <= now.dropped());
            assert!(before.steps().end() <= now.steps().end());
            assert!(!now.damaged() && now.steps().is_empty() <= before.steps().is_empty());
            res.rebased += u32::from(before.dropped() < now.dropped());
            before = now;
            if all {
                break;
            }
        }
        let left = std::fs::metadata(path).expect("it is there").blocks() * 512;
        let later = (all.len() - committed) as u64;
        res.disk = res.disk.max(left - later.min(left));
        res.memory = res.memory.max(res.ring.shown.builder.weight());
    }
    res
}

fn same_end(all: &[u8], kept: &Trace) {
    let raw = open(written(&file(all.len(), all)).path()).expect("a trace");
    assert_eq!(kept.steps().end(), raw.steps().end());
    assert_eq!(kept.ending(), raw.ending());
    for step in kept.steps().ids().step_by(53) {
        assert_eq!(told(&raw, step), told(kept, step));
    }
}

#[test]
fn the_newest_steps_are_followed_in_a_bounded_file() {
    const LIMIT: u64 = 64 << 10;
    let all = busy(20_000);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("live.trace");
    let grown = grown(&path, &all, (LIMIT, ENOUGH));
    assert!(grown.disk < 2 * LIMIT, "{} of {}", grown.disk, all.len());
    assert!(5 < grown.rebased, "{}", grown.rebased);
    let kept = grown.ring.snapshot();
    assert!(50_000 < kept.dropped(), "{}", kept.dropped());
    same_end(&all, &kept);
    // What others find in the file is the same.
    assert_eq!(open(&path).expect("a trace").dropped(), kept.dropped());
}

#[test]
fn the_newest_steps_are_followed_in_bounded_memory() {
    const ROOM: u64 = 600 << 10;
    let all = busy(20_000);
    let whole = Follow::open(written(&file(all.len(), &all)).path()).expect("a trace");
    let whole = whole.builder.weight();
    assert!(4 * ROOM < whole, "{whole}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("live.trace");
    let grown = grown(&path, &all, (ENOUGH, ROOM));
    assert!(grown.memory < 2 * ROOM, "{} of {whole}", grown.memory);
    assert!(2 < grown.rebased, "{}", grown.rebased);
    same_end(&all, &grown.ring.snapshot());
}

#[test]
fn a_run_within_the_limits_is_followed_whole() {
    let all = busy(500);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("live.trace");
    // Of an earlier trace.
    std::fs::write(head_of(&path), "old").expect("it is written");
    let grown = grown(&path, &all, (ENOUGH, ENOUGH));
    let kept = grown.ring.snapshot();
    assert_eq!((grown.rebased, kept.dropped()), (0, 0));
    assert!(!head_of(&path).exists());
    same_end(&all, &kept);
}

#[test]
fn where_nothing_can_be_dropped_the_oldest_steps_stay() {
    let all = busy(4000);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("live.trace");
    // The head cannot be put where something else is.
    std::fs::create_dir(head_of(&path)).expect("it is made");
    let grown = grown(&path, &all, (ENOUGH, 200 << 10));
    let kept = grown.ring.snapshot();
    assert_eq!((grown.rebased, kept.dropped()), (0, 0));
    assert!(100 < kept.steps().len());
    let told = kept.notes().iter().any(|it| it.contains("fits in memory"));
    assert!(told, "{:?}", kept.notes().iter().last());
}
