//! Snapshots of a growing recording on their way to the screen.

use std::{
    sync::mpsc::{Receiver, Sender},
    thread,
};

use super::{Event, Index};
use crate::trace::Trace;

/// Events that the screen itself may take in at once: a few milliseconds' worth.
const FEW: u32 = 50_000;

/// Hands the newest snapshot to `events`, whenever one comes, on a thread of its own. One that has lost
/// its oldest steps, of which the one before had lost `dropped`, is handed on with its index: that takes
/// too long for the screen to make.
pub(super) fn forward(events: Sender<Event>, traced: Receiver<Trace>, mut dropped: u32) {
    thread::spawn(move || {
        while let Ok(trace) = traced.recv() {
            let trace = newest(trace, &traced);
            let event = match trace.dropped() == dropped {
                true => Event::Traced(trace),
                false => {
                    let it = indexed(trace, &traced);
                    dropped = it.0.dropped();
                    Event::Rebased(Box::new(it))
                }
            };
            if events.send(event).is_err() {
                return;
            }
        }
    });
}

/// Only the newest snapshot matters.
fn newest(trace: Trace, traced: &Receiver<Trace>) -> Trace {
    traced.try_iter().last().unwrap_or(trace)
}

/// The index of a snapshot, or of a newer one where it grew by much while it was made.
fn indexed(trace: Trace, traced: &Receiver<Trace>) -> (Trace, Index) {
    let mut index = Index::default();
    index.extend(&trace);
    let mut known = trace;
    loop {
        let newer = newest(known.clone(), traced);
        if newer.dropped() != known.dropped() {
            index = Index::default();
        } else if newer.events().len() - known.events().len() < FEW {
            // What little it grew by since is the screen's to take in.
            index.extend(&newer);
            return (newer, index);
        }
        index.extend(&newer);
        known = newer;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Builder, sample};
    use recorder::wire::Record;
    use std::sync::mpsc;

    /// A run of one line, of whose first `dropped` steps nothing is known.
    fn trace(dropped: u32, steps: u32) -> Trace {
        let mut builder = Builder::default();
        for record in sample::module(Some("pass\n")) {
            builder.push(record);
        }
        if 0 < dropped {
            builder.push(Record::Start {
                steps: dropped,
                frames: 1,
                prelude: false,
            });
        }
        builder.push(match dropped {
            0 => Record::Call {
                code: 0,
                line: 1,
                writes: Vec::new(),
            },
            _ => Record::Live {
                frame: 1,
                code: 0,
                line: 1,
                suspended: false,
                writes: Vec::new(),
            },
        });
        for _ in dropped..steps {
            builder.push(Record::Line {
                delta: 0,
                writes: Vec::new(),
            });
        }
        builder.snapshot()
    }

    #[test]
    fn a_trace_that_lost_its_oldest_steps_comes_with_its_index() {
        let (snapshots, traced) = mpsc::channel();
        let (events, inbox) = mpsc::channel();
        snapshots.send(trace(0, 90)).expect("it listens");
        forward(events, traced, 0);
        let first = inbox.recv().expect("it forwards");
        assert!(matches!(first, Event::Traced(it) if it.steps().len() == 90));
        snapshots.send(trace(50, 120)).expect("it listens");
        let Event::Rebased(it) = inbox.recv().expect("it forwards") else {
            panic!("it lost its oldest steps");
        };
        assert_eq!((it.0.dropped(), it.0.steps().len()), (50, 70));
        let place = crate::tui::Place {
            file: it.0.files().first().expect("a file"),
            line: 1,
        };
        assert_eq!(it.1.runs(place).len(), 70);
        snapshots.send(trace(50, 130)).expect("it listens");
        let last = inbox.recv().expect("it forwards");
        assert!(matches!(last, Event::Traced(it) if it.steps().len() == 80));
    }
}
