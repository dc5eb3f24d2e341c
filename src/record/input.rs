//! What is typed for a program that reads its standard input while it runs.

use std::{
    io::Write,
    process::ChildStdin,
    sync::mpsc::{self, Sender},
    thread,
};

/// The writing end of a program's standard input. Dropping it ends the input, once what was sent before
/// has been read.
#[derive(Debug)]
pub struct Input(Sender<Vec<u8>>);

impl Input {
    /// Starts a thread that writes: a program that does not read must not make whoever types wait.
    pub(super) fn of(mut stdin: ChildStdin) -> Self {
        let (sender, sent) = mpsc::channel::<Vec<u8>>();
        thread::spawn(move || {
            for bytes in sent {
                if stdin.write_all(&bytes).is_err() {
                    // It has closed its input, or ended; later calls of `send` say so.
                    return;
                }
            }
        });
        Self(sender)
    }

    /// Sends bytes, most often a line with its end; returns at once. `false` if the program reads no
    /// more.
    pub fn send(&self, bytes: impl Into<Vec<u8>>) -> bool {
        self.0.send(bytes.into()).is_ok()
    }
}
