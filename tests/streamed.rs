//! Texts written as they are made: the same bytes as the pages', whoever reads them and however far.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

#[path = "golden/programs.rs"]
#[expect(dead_code, reason = "other tests ask for more")]
mod programs;
#[path = "support/random.rs"]
mod random;
#[path = "support/sample.rs"]
mod sample;

use std::{
    fs::OpenOptions,
    io::{self, Read as _},
    process::{Command, Stdio},
};

use monologue::{
    represent::{self, Enveloped, Profile, Representation, Request},
    trace::{Id, Trace},
};
use proptest::prelude::*;

use crate::programs::{PROGRAMS, trace};

/// Takes a few bytes at a time, so that nothing relies on how much is taken.
struct Sips(Vec<u8>);

impl io::Write for Sips {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let some = bytes.len().min(7);
        self.0.extend(&bytes[..some]);
        Ok(some)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn streams_as_its_page(it: &dyn Representation, trace: &Trace, request: &Request) {
    let page = represent::page(it, trace, request);
    let mut out = Sips(Vec::new());
    let streamed = represent::stream(it, trace, request, &mut out).unwrap();
    let what = format!("{} {request:?}", it.name());
    assert_eq!(String::from_utf8(out.0).unwrap(), page.text(), "{what}");
    assert_eq!(streamed.bytes, page.text().len() as u64, "{what}");
    assert_eq!(streamed.ends_line, page.text().ends_with('\n'), "{what}");
}

/// Every representation of a part of a run, in each mode, variant and profile, with a test case around it
/// and without.
fn all_stream(trace: &Trace, (from, to): (u32, u32)) {
    let steps = trace.steps();
    let at = |it: u32| Id::new(steps.start().raw() + steps.len() * it / 1000);
    for &it in represent::ALL {
        let named = it.modes().iter().chain(it.variants()).map(|&it| Some(it));
        let ways = named.chain([None]).map(|mode| (mode, Profile::Canonical));
        let compat = it.knows(Profile::Compat);
        let compat = compat.then_some((None, Profile::Compat));
        for (mode, profile) in ways.chain(compat) {
            for expected in [None, Some("[1, 2]".to_owned())] {
                let request = Request {
                    window: at(from)..at(to),
                    profile,
                    mode,
                    expected,
                };
                streams_as_its_page(it, trace, &request);
                streams_as_its_page(&Enveloped(it), trace, &request);
            }
        }
    }
}

#[test]
fn texts_of_every_program_stream_as_their_pages() {
    for program in PROGRAMS {
        let trace = trace(program);
        for part in [(0, 1000), (0, 400), (300, 700), (600, 1000), (500, 500)] {
            all_stream(&trace, part);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn texts_of_any_part_of_any_run_stream_as_their_pages(
        deeds in random::deeds(random::value().boxed()),
        called in any::<bool>(),
        python in prop_oneof![Just("3.11.7"), Just("3.13.0")],
        (a, b) in prop_oneof![Just((0, 1000)), (0_u32..=1000, 0_u32..=1000)],
    ) {
        all_stream(&random::trace(&deeds, called, python), (a.min(b), a.max(b)));
    }
}

const CALL: &str = "bubble_sort([3, 4, 1, 2])";

#[test]
fn what_is_shown_is_the_page() {
    let folder = sample::recorded(sample::PROGRAM, CALL);
    let show = |more: &[&str]| {
        let args = [&["show", "run.trace"], more].concat();
        let ran = sample::run(folder.path(), &args);
        assert_eq!(ran.status, 0, "{}", ran.err);
        ran.out
    };
    for it in represent::ALL {
        for more in [&[][..], &["--steps", "3..9"], &["--expected", "[1]"]] {
            let args = [&["--as", it.name()], more].concat();
            let json: serde_json::Value =
                serde_json::from_str(&show(&[&args[..], &["--json"]].concat())).unwrap();
            let text = json["text"].as_str().unwrap();
            let text = format!("{}\n", text.strip_suffix('\n').unwrap_or(text));
            assert_eq!(show(&args), text, "{args:?}");
        }
    }
}

/// A run long enough that its texts do not fit what lies between two programs.
fn long() -> tempfile::TempDir {
    let source = "xs = list(range(60))\nfor i in range(20000):\n    xs[i % 60] = i\n";
    sample::recorded(source, "")
}

#[test]
fn who_reads_no_further_is_no_failure() {
    let folder = long();
    for name in ["scratchpad", "codeexecutor", "concise"] {
        let mut show = Command::new(env!("CARGO_BIN_EXE_monologue"))
            .args(["show", "run.trace", "--as", name])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = show.stdout.take().unwrap();
        out.read_exact(&mut [0; 100]).unwrap();
        drop(out);
        let ran = show.wait_with_output().unwrap();
        assert_eq!(ran.status.code(), Some(0), "{name}");
        assert_eq!(String::from_utf8(ran.stderr).unwrap(), "", "{name}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told() {
    let folder = sample::recorded(sample::PROGRAM, CALL);
    for more in [&[][..], &["--json"], &["--budget", "1000"]] {
        let ran = Command::new(env!("CARGO_BIN_EXE_monologue"))
            .args(["show", "run.trace", "--as", "concise"])
            .args(more)
            .current_dir(folder.path())
            .stdout(OpenOptions::new().write(true).open("/dev/full").unwrap())
            .output()
            .unwrap();
        let told = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(1), "{told}");
        assert!(
            told.starts_with("monologue: could not write the text to standard output; "),
            "{told}"
        );
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}
