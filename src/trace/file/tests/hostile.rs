//! Files that nobody wrote on purpose, or on purpose.

use proptest::prelude::{ProptestConfig, any, prop, proptest};

use super::*;
use crate::trace::file::block::{HEAD, Head, header, packer};

/// Opens `bytes` and asks everything of what comes of it; steps, and whether it is said to be damaged.
fn looked_at(bytes: &[u8]) -> Option<(u32, bool)> {
    let path = written(bytes);
    if let Ok(Some(mut archive)) = Archive::open(path.path()) {
        for step in archive.steps().step_by(97).take(50) {
            if let Some(part) = archive.around(crate::trace::StepId::new(step)) {
                told(&part, crate::trace::StepId::new(step));
            }
        }
    }
    // Whether it is packed or not, nothing may come of it but a trace.
    let _ = pack(path.path());
    let trace = open(path.path()).ok()?;
    for step in trace.steps().ids().step_by(41) {
        told(&trace, step);
        trace.rows(step);
    }
    trace.uncaught();
    trace.entry();
    Some((trace.steps().len(), trace.damaged()))
}

fn whole(is_packed: bool) -> Vec<u8> {
    let all = busy(400);
    let path = written(&file(all.len(), &all));
    if is_packed {
        pack(path.path()).expect("room").expect("it is packed");
    }
    std::fs::read(path.path()).expect("it is there")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..Default::default() })]

    #[test]
    fn damaged_files_open_or_are_refused(
        is_packed in any::<bool>(),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = whole(is_packed);
        let steps = looked_at(&bytes).expect("a trace").0;
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        for (at, by) in flips {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] ^= by;
            }
        }
        // A flipped record may be another record: only a packed file can tell.
        let found = looked_at(&bytes);
        assert!(!is_packed || found.is_none_or(|it| it.0 <= steps));
    }
}

/// A packed file of these blocks, with no index.
fn blocks(contents: &[Vec<u8>]) -> Vec<u8> {
    let mut res = header().to_vec();
    let mut packer = packer().expect("a compressor");
    for whole in contents {
        let head = Head {
            holds: Holds::Records,
            packed: 0,
            whole: 0,
            keyframe: 0,
            steps: 0,
        };
        res.extend(head.pack(whole, &mut packer).expect("it is packed"));
    }
    res
}

#[test]
fn what_unpacks_to_more_than_fits_ends_there() {
    let line = Record::Line {
        delta: 0,
        writes: Vec::new(),
    };
    let mut turn = Vec::new();
    line.write(&mut turn);
    let lines = turn.repeat((1 << 20) / turn.len());
    let mut contents = vec![records(1)];
    contents.extend(std::iter::repeat_n(lines, 40));
    let path = written(&blocks(&contents));
    assert!(std::fs::metadata(path.path()).expect("it is there").len() < 40 << 10);
    let mut follow = Follow::begin(path.path()).expect("a trace");
    follow.room = 64 << 20;
    while follow.advance_a_little().expect("a trace") {}
    let trace = follow.snapshot();
    assert!(follow.builder.weight() < 80 << 20);
    assert!(1000 < trace.steps().len());
    assert!(trace.notes().iter().any(|it| it.contains("memory")));
}

#[test]
fn a_small_change_of_a_large_value_does_not_multiply_it() {
    use recorder::wire::{Left, Write};
    let mut all = records(0);
    let put = |left, out: &mut Vec<u8>| {
        Record::Line {
            delta: 0,
            writes: vec![Write { name: 0, left }],
        }
        .write(out);
    };
    let mut text = vec![7, 0];
    recorder::bytes::put_bytes(&mut text, &vec![b'a'; 1 << 20]);
    Record::Name("x".into()).write(&mut all);
    put(Left::Whole(text), &mut all);
    for n in 0..70u32 {
        put(Left::Patch(900, 900, n.to_le_bytes().into()), &mut all);
        put(Left::Patch(0, 0, vec![3; 1 << 10]), &mut all);
        put(Left::Patch(1, 1, vec![n as u8; 1 << 18]), &mut all);
    }
    let path = written(&file(all.len(), &all));
    let mut follow = Follow::begin(path.path()).expect("a trace");
    follow.room = 4 << 20;
    while follow.advance_a_little().expect("a trace") {}
    assert!(follow.builder.weight() < 64 << 20);
    assert!(follow.over);
}

#[test]
fn heads_that_ask_for_too_much_are_refused() {
    let mut bytes = header().to_vec();
    let head = Head {
        holds: Holds::Records,
        packed: u32::MAX,
        whole: u32::MAX,
        keyframe: 0,
        steps: 0,
    };
    bytes.extend(head.bytes());
    bytes.resize(bytes.len() + HEAD, 0);
    let trace = open(written(&bytes).path()).expect("a trace of nothing");
    assert!(trace.damaged() && trace.steps().is_empty());
    let mut old = header();
    old[10] = 99;
    let old = open(written(&old).path());
    assert!(matches!(old, Err(Error::Version { version: 99, .. })));
}
