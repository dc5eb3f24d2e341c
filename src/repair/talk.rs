//! One conversation with the harness in the sandbox: a question, at most one answer, its nonce checked.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde_json::{Map, Value as Json};

use crate::sandbox::{Channel, Error, Exit, Job, Limits, Session, Verdict, spawn};

/// The longest answer that is read, in bytes.
const ANSWER_MAX: usize = 4 << 20;

/// How long a program may take to leave once nothing more is asked.
const LEAVE: Duration = Duration::from_millis(500);

/// Why no answer came. After any of these the conversation is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The program ended.
    Ended,
    /// It took too long.
    Late,
    /// What came was no answer to the question: the sentence says why.
    Tampered(&'static str),
}

/// A harness at work.
#[derive(Debug)]
pub(super) struct Talk {
    session: Session,
    channel: Channel,
    read: Vec<u8>,
    random: File,
}

impl Talk {
    pub(super) fn begin(job: &Job, limits: Limits) -> Result<Talk, Error> {
        let random = File::open("/dev/urandom").map_err(|error| Error::Lost(error.to_string()))?;
        let (session, channel) = spawn(job, limits)?;
        Ok(Talk {
            session,
            channel,
            read: Vec::new(),
            random,
        })
    }

    /// Asks and waits for the answer, which is an object without its nonce.
    pub(super) fn ask(
        &mut self,
        mut question: Map<String, Json>,
        patience: Duration,
    ) -> Result<Map<String, Json>, Trouble> {
        if !self.read.is_empty() {
            return Err(Trouble::Tampered("it answered what was not asked"));
        }
        let mut bytes = [0u8; 16];
        self.random
            .read_exact(&mut bytes)
            .map_err(|_| Trouble::Ended)?;
        let nonce: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        question.insert("nonce".to_owned(), nonce.clone().into());
        let mut line = Json::Object(question).to_string();
        line.push('\n');
        self.channel
            .requests
            .write_all(line.as_bytes())
            .map_err(|_| Trouble::Ended)?;
        let answer = self.line(Instant::now() + patience)?;
        let Ok(Json::Object(mut answer)) = serde_json::from_slice(&answer) else {
            return Err(Trouble::Tampered("its answer is not one JSON object"));
        };
        if answer.remove("nonce") != Some(nonce.into()) {
            return Err(Trouble::Tampered("its answer is to another question"));
        }
        Ok(answer)
    }

    /// Reads up to the end of a line, which stays out.
    fn line(&mut self, deadline: Instant) -> Result<Vec<u8>, Trouble> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.read[searched..].iter().position(|byte| *byte == b'\n') {
                let rest = self.read.split_off(searched + end + 1);
                let mut line = std::mem::replace(&mut self.read, rest);
                line.pop();
                return Ok(line);
            }
            searched = self.read.len();
            if ANSWER_MAX < searched {
                return Err(Trouble::Tampered("its answer is longer than 4 MiB"));
            }
            if self.more(deadline)? == 0 {
                return Err(Trouble::Ended);
            }
        }
    }

    /// Reads what there is, once there is something; how many bytes, none at the end.
    fn more(&mut self, deadline: Instant) -> Result<usize, Trouble> {
        loop {
            // Rounded up: a wait of no time at all would only spin until the deadline.
            let wait = deadline.saturating_duration_since(Instant::now());
            let milliseconds = u16::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u16::MAX);
            let mut asked = [PollFd::new(self.channel.replies.as_fd(), PollFlags::POLLIN)];
            if poll(&mut asked, PollTimeout::from(milliseconds)) == Ok(0) {
                if deadline <= Instant::now() {
                    return Err(Trouble::Late);
                }
                continue;
            }
            let mut buffer = [0u8; 64 << 10];
            match self.channel.replies.read(&mut buffer) {
                Ok(count) => {
                    self.read.extend_from_slice(&buffer[..count]);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Ok(0),
            }
        }
    }

    /// Ends it after the last question was answered: anything more that comes is tampering.
    pub(super) fn end(mut self) -> Result<Result<Exit, Trouble>, Error> {
        drop(self.channel.requests);
        let mut extra = !self.read.is_empty();
        let deadline = Instant::now() + LEAVE;
        let mut left = false;
        while !extra && !left && Instant::now() < deadline {
            let wait = deadline
                .saturating_duration_since(Instant::now())
                .as_millis();
            let wait = PollTimeout::from(u16::try_from(wait).unwrap_or(u16::MAX));
            let mut asked = [PollFd::new(self.channel.replies.as_fd(), PollFlags::POLLIN)];
            if poll(&mut asked, wait).is_ok_and(|ready| 0 < ready) {
                let count = self.channel.replies.read(&mut [0u8; 64]).unwrap_or(0);
                extra = 0 < count;
                left = count == 0;
            }
        }
        let exit = self.session.stop()?;
        if extra {
            return Ok(Err(Trouble::Tampered("it answered what was not asked")));
        }
        Ok(Ok(exit))
    }

    /// Ends it after trouble: the trouble in words.
    pub(super) fn broken_off(self, trouble: &Trouble) -> Result<String, Error> {
        let exit = match trouble {
            // It has ended or is about to; its own end says more than our kill.
            Trouble::Ended => self.session.finish()?,
            Trouble::Late | Trouble::Tampered(_) => self.session.stop()?,
        };
        Ok(match (trouble, &exit.verdict) {
            (_, Verdict::Refused(why)) => return Err(Error::Lost(why.clone())),
            (_, Verdict::Memory | Verdict::Output | Verdict::Processes) => {
                past(&exit.verdict).unwrap_or_default().to_owned()
            }
            (Trouble::Tampered(why), _) => format!("tampered with the judge: {why}"),
            (Trouble::Late, _) | (_, Verdict::Timeout) => "timed out".to_owned(),
            (Trouble::Ended, Verdict::Exited(code)) => {
                format!("left with status {code} before it answered")
            }
            (Trouble::Ended, Verdict::Killed(signal)) => format!("died of signal {signal}"),
        })
    }
}

/// The limit that ended a run, in words; `None` for the clock and for every other end.
pub(super) fn past(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Memory => Some("used more memory than allowed"),
        Verdict::Output => Some("printed more than allowed"),
        Verdict::Processes => Some("started more processes than allowed"),
        Verdict::Exited(_) | Verdict::Killed(_) | Verdict::Timeout | Verdict::Refused(_) => None,
    }
}
