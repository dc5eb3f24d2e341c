//! The bytes between the supervisor and a program: copied without ever waiting for one side alone.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// The most that init and the candidate have to say before the program begins.
const STATUS_MAX: usize = 16 << 10;

/// The pipes of one program.
#[derive(Debug)]
pub(super) struct Traffic {
    /// What was printed, within the cap.
    pub(super) stdout: Vec<u8>,
    /// As `stdout`; they share the cap.
    pub(super) stderr: Vec<u8>,
    /// The status lines so far.
    pub(super) status: Vec<u8>,
    to_stdin: Option<PipeWriter>,
    pending: Vec<u8>,
    source: Option<OwnedFd>,
    /// Standard output, standard error, status; `None` once at its end.
    from: [Option<PipeReader>; 3],
    printed: u64,
    cap: u64,
}

/// What else was seen while carrying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Seen {
    /// The leader has ended.
    pub(super) ended: bool,
    /// Whoever asked for the run wants it no more, or is dead.
    pub(super) abandoned: bool,
}

impl Traffic {
    /// `stdin` is the pipe, the bytes that are known, and where more may come from.
    pub(super) fn new(
        stdin: (PipeWriter, Vec<u8>, Option<OwnedFd>),
        from: [PipeReader; 3],
        cap: u64,
    ) -> io::Result<Traffic> {
        let (to_stdin, pending, source) = stdin;
        patient(&to_stdin)?;
        from.iter().try_for_each(patient)?;
        Ok(Traffic {
            stdout: Vec::new(),
            stderr: Vec::new(),
            status: Vec::new(),
            to_stdin: Some(to_stdin),
            pending,
            source,
            from: from.map(Some),
            printed: 0,
            cap,
        })
    }

    /// Whether more was printed than allowed.
    pub(super) fn over(&self) -> bool {
        self.cap < self.printed
    }

    /// Waits at most `wait` for anything to happen, and does what can be done at once.
    pub(super) fn carry(
        &mut self,
        control: &UnixStream,
        ended: BorrowedFd<'_>,
        wait: Duration,
    ) -> Seen {
        if self.pending.is_empty() && self.source.is_none() {
            // All is said: the program's end of file.
            self.to_stdin = None;
        }
        let hungry = self.to_stdin.is_some() && self.pending.is_empty();
        let readable = PollFlags::POLLIN;
        let [out, err, status] = &self.from;
        // The first two and then each stream that is open, in the order of `Self::step`.
        let mut asked = vec![
            PollFd::new(control.as_fd(), readable),
            PollFd::new(ended, readable),
        ];
        let mut steps = Vec::with_capacity(5);
        for (step, pipe) in (0..).zip([out, err, status]) {
            if let Some(pipe) = pipe {
                asked.push(PollFd::new(pipe.as_fd(), readable));
                steps.push(step);
            }
        }
        if let (Some(source), true) = (&self.source, hungry) {
            asked.push(PollFd::new(source.as_fd(), readable));
            steps.push(SOURCE);
        }
        if let (Some(pipe), false) = (&self.to_stdin, self.pending.is_empty()) {
            asked.push(PollFd::new(pipe.as_fd(), PollFlags::POLLOUT));
            steps.push(STDIN);
        }
        // A millisecond more, so that a rounded-down wait does not spin.
        let milliseconds = u16::try_from(wait.as_millis() + 1).unwrap_or(u16::MAX);
        if poll(&mut asked, PollTimeout::from(milliseconds)).is_err() {
            return Seen::default();
        }
        let ready: Vec<bool> = asked.iter().map(|fd| fd.any().unwrap_or(true)).collect();
        drop(asked);
        for (step, _) in steps
            .into_iter()
            .zip(&ready[2..])
            .filter(|(_, ready)| **ready)
        {
            self.step(step);
        }
        Seen {
            abandoned: ready[0],
            ended: ready[1],
        }
    }

    /// Takes what is left once every process is gone.
    pub(super) fn drain(&mut self) {
        for stream in 0..self.from.len() {
            while self.take(stream) && !self.over() {}
        }
    }

    fn step(&mut self, step: usize) {
        match step {
            SOURCE => self.read_source(),
            STDIN => self.write_stdin(),
            stream => {
                self.take(stream);
            }
        }
    }

    /// Reads once from a stream; whether there may be more.
    fn take(&mut self, stream: usize) -> bool {
        let Some(pipe) = &mut self.from[stream] else {
            return false;
        };
        let mut buffer = [0u8; 64 << 10];
        let count = match pipe.read(&mut buffer) {
            Ok(0) => {
                self.from[stream] = None;
                return false;
            }
            Ok(count) => count,
            Err(_) => return false,
        };
        if stream == STATUS {
            let room = STATUS_MAX.saturating_sub(self.status.len()).min(count);
            self.status.extend_from_slice(&buffer[..room]);
            return true;
        }
        let room = self.cap.saturating_sub(self.printed).min(count as u64);
        self.printed += count as u64;
        let kept = usize::try_from(room).unwrap_or(count).min(count);
        let into = if stream == 0 {
            &mut self.stdout
        } else {
            &mut self.stderr
        };
        into.extend_from_slice(&buffer[..kept]);
        true
    }

    fn read_source(&mut self) {
        let Some(source) = &self.source else { return };
        let mut buffer = [0u8; 64 << 10];
        match nix::unistd::read(source, &mut buffer) {
            Ok(count) if 0 < count => self.pending.extend_from_slice(&buffer[..count]),
            Err(nix::errno::Errno::EINTR | nix::errno::Errno::EAGAIN) => {}
            _ => self.source = None,
        }
    }

    fn write_stdin(&mut self) {
        let Some(pipe) = &mut self.to_stdin else {
            return;
        };
        match pipe.write(&self.pending) {
            Ok(count) => {
                self.pending.drain(..count);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => {
                // The program reads no more.
                self.to_stdin = None;
                self.source = None;
                self.pending.clear();
            }
        }
    }
}

const STATUS: usize = 2;
const SOURCE: usize = 3;
const STDIN: usize = 4;

/// Makes reads and writes return instead of waiting. The pipe is ours alone, so nobody else is surprised.
fn patient(pipe: &impl AsFd) -> io::Result<()> {
    fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(())
}
