//! A program on its way: waited for, or stopped.

use super::{Error, finish, input::Input, python::Python, tail::Tail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    io,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    thread,
    time::{Duration, Instant},
};

/// How a program ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// As a shell shows it: 128 + N for signal N.
    pub status: i32,
    /// Whether it was killed because its time was over.
    pub timed_out: bool,
    /// The end of its standard output, where that was piped.
    pub stdout: Vec<u8>,
    /// The end of its standard error, where that was piped.
    pub stderr: Vec<u8>,
    /// From start to end.
    pub elapsed: Duration,
    /// What it ran on.
    pub python: Python,
}

/// A program that was started and may still run. Dropping it stops a program whose output is piped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    trace: PathBuf,
    python: Python,
    own_group: bool,
    started: Instant,
    timeout: Option<Duration>,
    tails: Option<(Tail, Tail)>,
    input: Option<Input>,
    ended: bool,
}

impl Running {
    pub(super) fn new(
        mut child: Child,
        trace: PathBuf,
        python: Python,
        own_group: bool,
        timeout: Option<Duration>,
    ) -> Self {
        let pipes = child.stdout.take().zip(child.stderr.take());
        Self {
            tails: pipes.map(|(out, err)| (Tail::of(out), Tail::of(err))),
            input: child.stdin.take().map(Input::of),
            child,
            trace,
            python,
            own_group,
            started: Instant::now(),
            timeout,
            ended: false,
        }
    }

    /// The trace, absolute. It grows while the program runs.
    pub fn trace(&self) -> &Path {
        &self.trace
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it runs on.
    pub fn python(&self) -> &Python {
        &self.python
    }

    /// Kills it, and with it every process it started that is in its group; the trace keeps what was
    /// recorded. With inherited output it has our group, and is killed alone.
    pub fn stop(&mut self) {
        if self.ended {
            return;
        }
        if self.own_group
            && let Ok(pid) = i32::try_from(self.child.id())
        {
            // It may have ended by itself.
            let _ = kill(Pid::from_raw(-pid), Signal::SIGKILL);
        }
        let _ = self.child.kill();
    }

    /// Interrupts it as Ctrl-C at its terminal does, with every process in its group; what it makes of
    /// that is its own affair. With inherited output it has our group, and is interrupted alone.
    pub fn interrupt(&mut self) {
        if self.ended {
            return;
        }
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let whom = if self.own_group { -pid } else { pid };
            // It may have ended by itself; until it is waited for, its number is not given to another.
            let _ = kill(Pid::from_raw(whom), Signal::SIGINT);
        }
    }

    /// The way to its standard input, the first time, if that is [`Stdin::Piped`](super::Stdin::Piped).
    /// Unless it is taken the program waits for input until it is stopped.
    pub fn input(&mut self) -> Option<Input> {
        self.input.take()
    }

    /// Whether the program has ended, without waiting; `None` while it runs. Past its time it is killed.
    pub fn poll(&mut self) -> Result<Option<Outcome>, Error> {
        let late = self.timeout.is_some_and(|it| it <= self.started.elapsed());
        let status = self.child.try_wait().map_err(|error| self.failed(error))?;
        match status {
            Some(status) => self.finish(status, false).map(Some),
            None if late => {
                self.stop();
                let status = self.child.wait().map_err(|error| self.failed(error))?;
                self.finish(status, true).map(Some)
            }
            None => Ok(None),
        }
    }

    /// Waits for the end and completes the trace.
    pub fn wait(mut self) -> Result<Outcome, Error> {
        if self.timeout.is_none() {
            let status = self.child.wait().map_err(|error| self.failed(error))?;
            return self.finish(status, false);
        }
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(outcome) = self.poll()? {
                return Ok(outcome);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    fn finish(&mut self, status: ExitStatus, timed_out: bool) -> Result<Outcome, Error> {
        let elapsed = self.started.elapsed();
        if self.own_group {
            // What it left behind would hold the pipes open, and has nobody to talk to.
            self.stop();
        }
        self.ended = true;
        let patience = Duration::from_millis(500);
        let take = |tail: Option<Tail>| tail.map_or_else(Vec::new, |it| it.take(patience));
        let (out, err) = self.tails.take().unzip();
        let (stdout, stderr) = (take(out), take(err));
        let status = shell_status(status);
        let recorded = finish::finish(&self.trace, status).map_err(|error| Error::Trace {
            path: self.trace.clone(),
            error,
        })?;
        if !recorded && !timed_out {
            return Err(Error::Recorder {
                path: self.python.path.clone(),
                status,
                text: String::from_utf8_lossy(&stderr).into_owned(),
            });
        }
        Ok(Outcome {
            status,
            timed_out,
            stdout,
            stderr,
            elapsed,
            python: self.python.clone(),
        })
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::Run {
            path: self.python.path.clone(),
            error,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended && self.own_group {
            self.stop();
            // Reaped, so that it does not stay as a zombie; it was killed and ends at once.
            let _ = self.child.wait();
        }
    }
}

fn shell_status(status: ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| status.signal().map(|it| 128 + it))
        .unwrap_or(super::FAILED)
}
