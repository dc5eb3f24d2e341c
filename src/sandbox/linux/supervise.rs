//! The supervisor: serves one run, holds its pipes and deadlines, and ends its tree in every case.
//!
//! One thread, so that it may fork. It reads its order, starts the program, copies, counts and watches
//! until the program ends or must be ended, kills what is left, and reports. It knows no tests.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout};

use super::candidate::Ends;
use super::init::{self, Started};
use super::status::{BROKEN, During, ENDED, ENGAGED, FAILED, FILTERED, Failure, HELD};
use super::traffic::Traffic;
use super::watch;
use crate::sandbox::order::{self, Given, Order, Report};
use crate::sandbox::{Limits, Tier, Verdict};

/// How often the tree's use is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How soon after the start for the first time.
const FIRST_LOOK: Duration = Duration::from_millis(5);

pub(in crate::sandbox) fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody reads our words here; the other side sees that no report came.
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve() -> io::Result<()> {
    let control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let given_1 = io::stdout().as_fd().try_clone_to_owned()?;
    let given_2 = io::stderr().as_fd().try_clone_to_owned()?;
    let null = std::fs::File::options()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    dup2_stdin(&null)?;
    // A second copy of the channel would keep its reader waiting after the program's end.
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    let (order, mut bodies): (Order, _) = order::receive(&control)?;
    let mut rest = bodies
        .split_off(order.files.len().min(bodies.len()))
        .into_iter();
    let mission = Mission {
        order,
        files: bodies,
        stdin: rest.next().unwrap_or_default(),
        filters: rest.collect(),
    };
    let (report, traffic) = run(mission, &control, (given_1, given_2));
    let (stdout, stderr) = traffic.map_or_else(Default::default, |t| (t.stdout, t.stderr));
    order::send(&control, &report, &[&stdout, &stderr])
}

/// An order with all that came along with it.
#[derive(Debug)]
pub(super) struct Mission {
    pub(super) order: Order,
    /// One for each path of the order.
    pub(super) files: Vec<Vec<u8>>,
    pub(super) stdin: Vec<u8>,
    pub(super) filters: Vec<Vec<u8>>,
}

fn run(
    mission: Mission,
    control: &UnixStream,
    given: (OwnedFd, OwnedFd),
) -> (Report, Option<Traffic>) {
    let refused = |why| Report {
        verdict: Verdict::Refused(why),
        seconds: 0.0,
        confinement: Vec::new(),
    };
    let (tier, limits) = (mission.order.tier, mission.order.limits);
    let home = match tier {
        Tier::Filtered => match temporary_box() {
            Ok(home) => Some(home),
            Err(why) => return (refused(why), None),
        },
        Tier::Namespaces | Tier::Nothing => None,
    };
    let started_at = Instant::now();
    let ended = match start(mission, given, home.as_deref()) {
        Ok((started, traffic)) => {
            let mut run = Run {
                started,
                traffic,
                limits,
                started_at,
                tier,
            };
            let ours = run.watch(control, home.as_deref());
            let word = run.end();
            (run.report(ours, word), Some(run.traffic))
        }
        Err(why) => (refused(why), None),
    };
    if let Some(home) = home {
        init::remove(&home);
    }
    ended
}

fn temporary_box() -> Result<std::path::PathBuf, Failure> {
    let parent = std::env::temp_dir();
    init::sweep(&parent);
    let prefix = format!("{}{}-", init::PREFIX, std::process::id());
    tempfile::Builder::new()
        .prefix(&prefix)
        .tempdir_in(parent)
        .map(tempfile::TempDir::keep)
        .during("make the box")
}

fn start(
    mut mission: Mission,
    given: (OwnedFd, OwnedFd),
    home: Option<&Path>,
) -> Result<(Started, Traffic), Failure> {
    let pipe = || -> Result<(PipeReader, PipeWriter), Failure> { io::pipe().during("make a pipe") };
    let (theirs_in, to_stdin) = pipe()?;
    let (from_stdout, theirs_out) = pipe()?;
    let (from_stderr, theirs_err) = pipe()?;
    let (from_status, theirs_status) = pipe()?;
    let stdin = std::mem::take(&mut mission.stdin);
    let (channel, source) = match mission.order.given {
        Given::Channel => (Some(given), None),
        Given::Stdin => (None, Some(given.0)),
        Given::Nothing => (None, None),
    };
    let ends = Ends {
        stdin: theirs_in.into(),
        stdout: theirs_out.into(),
        stderr: theirs_err.into(),
        channel,
        status: theirs_status.into(),
    };
    let traffic = Traffic::new(
        (to_stdin, stdin, source),
        [from_stdout, from_stderr, from_status],
        mission.order.limits.output_bytes,
    )
    .during("prepare the pipes")?;
    let started = match home {
        Some(home) => init::filtered(&mission, ends, home)?,
        None => init::in_namespaces(&mission, ends)?,
    };
    Ok((started, traffic))
}

/// A program in progress.
struct Run {
    started: Started,
    traffic: Traffic,
    limits: Limits,
    started_at: Instant,
    tier: Tier,
}

impl Run {
    /// Copies and watches until the program has ended (`None`) or must be (`Some`).
    fn watch(&mut self, control: &UnixStream, home: Option<&Path>) -> Option<Verdict> {
        let deadline = self.started_at + self.limits.wall;
        let mut look = self.started_at + FIRST_LOOK;
        loop {
            let now = Instant::now();
            if deadline <= now {
                return Some(Verdict::Timeout);
            }
            if look <= now {
                if let Some(over) = self.over(home) {
                    return Some(over);
                }
                look = now + LOOK;
            }
            let wait = deadline.min(look).saturating_duration_since(Instant::now());
            let seen = self
                .traffic
                .carry(control, self.started.ended.as_fd(), wait);
            if self.traffic.over() {
                return Some(Verdict::Output);
            }
            if seen.ended {
                return None;
            }
            if seen.abandoned {
                return Some(Verdict::Killed(libc::SIGKILL));
            }
        }
    }

    /// The limit that the tree is past, if any.
    fn over(&self, home: Option<&Path>) -> Option<Verdict> {
        let tree = self.tree();
        let used = watch::used(&tree);
        // First, since forks share pages that the sum counts for each.
        if self.limits.processes < used.tasks {
            return Some(Verdict::Processes);
        }
        let limit = self.limits.memory_bytes;
        // Shared pages that a process touched and left to others are resident in none of them.
        let hidden = limit < used.mapped && limit < used.anonymous + watch::shareable(&tree);
        if limit < used.resident || hidden {
            return Some(Verdict::Memory);
        }
        // Namespaces give the box a quota of its own.
        let stored = home.map_or(0, |home| stored(home, self.limits.file_bytes));
        if self.limits.file_bytes < stored {
            return Some(Verdict::Output);
        }
        None
    }

    /// The program's processes.
    fn tree(&self) -> Vec<Pid> {
        match self.tier {
            Tier::Namespaces => watch::descendants(self.started.leader),
            Tier::Filtered | Tier::Nothing => watch::descendants(Pid::this()),
        }
    }

    /// Ends what still runs, waits until nothing does, and takes what lies in the pipes. The leader's wait
    /// status, where it is the program.
    fn end(&mut self) -> Option<WaitStatus> {
        // With init the kernel ends all that is in its namespace, and the wait lasts until then.
        let _ = kill(self.started.leader, Signal::SIGKILL);
        let word = waitpid(self.started.leader, None).ok();
        if self.tier != Tier::Namespaces {
            sweep_processes();
        }
        self.traffic.drain();
        word.filter(|_| self.tier != Tier::Namespaces)
    }

    fn report(&self, ours: Option<Verdict>, word: Option<WaitStatus>) -> Report {
        let mut confinement = Vec::new();
        let mut theirs = word.map(told);
        let mut failed = None;
        for line in String::from_utf8_lossy(&self.traffic.status).lines() {
            let mut chars = line.chars();
            match chars.next() {
                Some(FAILED) => failed = Some(Verdict::Refused(chars.as_str().to_owned())),
                Some(ENGAGED) => confinement.push(chars.as_str().to_owned()),
                Some(HELD | BROKEN) => confinement.push(line.to_owned()),
                Some(ENDED) => theirs = chars.as_str().parse().ok().map(raw),
                _ => {}
            }
        }
        if failed.is_none() {
            confinement.push(format!(
                "memory, processes, output and clock watched every {} ms",
                LOOK.as_millis()
            ));
        }
        if ours.is_none() && self.traffic.over() {
            theirs = Some(Verdict::Output);
        }
        // Init is out of the program's reach, but not out of the machine's when memory runs out.
        let lost = if confinement.iter().any(|layer| layer == FILTERED) {
            Verdict::Killed(libc::SIGKILL)
        } else {
            Verdict::Refused("the sandbox ended before the program began".to_owned())
        };
        Report {
            verdict: failed.or(ours).or(theirs).unwrap_or(lost),
            seconds: self.started_at.elapsed().as_secs_f64(),
            confinement,
        }
    }
}

/// A raw wait status, as a verdict.
fn raw(word: i32) -> Verdict {
    WaitStatus::from_raw(Pid::from_raw(1), word).map_or(Verdict::Killed(0), told)
}

fn told(status: WaitStatus) -> Verdict {
    match status {
        WaitStatus::Exited(_, code) => Verdict::Exited(code),
        WaitStatus::Signaled(_, Signal::SIGXCPU, _) => Verdict::Timeout,
        WaitStatus::Signaled(_, signal, _) => Verdict::Killed(signal as i32),
        // `waitpid` was not asked for any other news.
        _ => Verdict::Killed(0),
    }
}

/// Ends our orphans until there are none: stopped first, so that none can fork away.
fn sweep_processes() {
    for _ in 0..1000 {
        let left = watch::descendants(Pid::this());
        if left.is_empty() {
            return;
        }
        for signal in [Signal::SIGSTOP, Signal::SIGKILL] {
            for process in &left {
                let _ = kill(*process, signal);
            }
        }
        while waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG))
            .is_ok_and(|status| status != WaitStatus::StillAlive)
        {}
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Bytes that lie below a directory, counted no further than past `limit`.
fn stored(directory: &Path, limit: u64) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let mut sum = 0;
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let Ok(found) = entry.metadata() else {
                continue;
            };
            // An empty file takes an inode and a name: 4096 of them fill a box of 32 MiB, as with a quota.
            sum += found.blocks() * 512 + (8 << 10);
            if limit < sum {
                return sum;
            }
            if found.is_dir() {
                left.push(entry.path());
            }
        }
    }
    sum
}
