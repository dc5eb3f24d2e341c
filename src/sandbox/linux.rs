//! Our side of a run on Linux: starts the supervisor, hands it the order, takes its report.
//!
//! The supervisor's descriptors are the three standard ones alone, so that starting it needs no `fork` of
//! this process, which may hold a model of many gigabytes: 0 is the control socket, and its end of file is
//! our death; 1 and 2 carry what the order's `given` says.

use std::io::{PipeReader, PipeWriter};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::order::{self, Given, Order, Report};
use super::{Error, Exit, Interpreter, Job, Layer, Limits, Stdin, Tier, strength, supervisor};

mod candidate;
mod init;
mod landlock;
mod namespaces;
mod rootfs;
mod seccomp;
mod status;
mod supervise;
mod syscalls;
mod traffic;
mod watch;

pub(super) use supervise::main as supervise_main;

/// How long past the wall clock limit the supervisor may take to end a tree and report.
const GRACE: Duration = Duration::from_secs(10);

/// A run in progress. Dropping it ends the run and every process in it.
#[derive(Debug)]
pub struct Session(State);

#[derive(Debug)]
enum State {
    Running {
        supervisor: Child,
        control: UnixStream,
        wall: Duration,
    },
    Refused(String),
    Reported,
}

impl Session {
    /// Waits for the program's end, at the latest its wall clock limit, and for the end of everything it
    /// started.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`] when the supervisor ended without a report.
    pub fn finish(mut self) -> Result<Exit, Error> {
        match std::mem::replace(&mut self.0, State::Reported) {
            State::Refused(why) => Ok(Exit::refused(why)),
            State::Reported => Err(Error::Lost("it was asked twice".to_owned())),
            State::Running {
                mut supervisor,
                control,
                wall,
            } => {
                let reported = report(&control, wall);
                if reported.is_err() {
                    // It may hang: its end is also the end of the tree.
                    let _ = supervisor.kill();
                }
                drop(control);
                let ended = supervisor.wait();
                reported.map_err(|error| match ended {
                    Ok(status) if !status.success() => Error::Lost(format!("{error}, {status}")),
                    _ => Error::Lost(error.to_string()),
                })
            }
        }
    }

    /// Ends the run now, then as [`Session::finish`]: the verdict is a kill unless it had ended before.
    ///
    /// # Errors
    ///
    /// As [`Session::finish`].
    pub fn stop(self) -> Result<Exit, Error> {
        if let State::Running { control, .. } = &self.0 {
            // It fails only if the supervisor is gone, which `finish` reports.
            let _ = control.shutdown(Shutdown::Write);
        }
        self.finish()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let State::Running {
            supervisor,
            control,
            ..
        } = &mut self.0
        {
            let _ = control.shutdown(Shutdown::Both);
            let _ = supervisor.wait();
        }
    }
}

fn report(control: &UnixStream, wall: Duration) -> std::io::Result<Exit> {
    control.set_read_timeout(Some(wall + GRACE))?;
    let (report, mut printed): (Report, _) = order::receive(control)?;
    let stderr = printed.pop().unwrap_or_default();
    let stdout = printed.pop().unwrap_or_default();
    Ok(Exit {
        verdict: report.verdict,
        seconds: report.seconds,
        stdout,
        stderr,
        confinement: report.confinement,
    })
}

pub(super) fn start(
    job: &Job,
    limits: Limits,
    channel: Option<(PipeReader, PipeWriter)>,
) -> Result<Session, Error> {
    let tier = job.tier.unwrap_or_else(|| strength().tier);
    if tier == Tier::Nothing {
        return Ok(Session(State::Refused(format!(
            "cannot confine programs on this machine, so nothing was run ({}); \
             `monologue doctor` says what is missing",
            strength().weaker_because.join("; ")
        ))));
    }
    if let Some((path, _)) = job.files.iter().find(|(path, _)| !inside(path)) {
        return Err(Error::OutsideBox(path.clone()));
    }
    let filters = match seccomp::compiled(tier) {
        Ok(filters) => filters,
        Err(why) => return Ok(Session(State::Refused(why))),
    };
    let interpreter = Interpreter::of(&job.python)?;
    let order = Order {
        program: Some(interpreter.executable),
        argv: job.argv.clone(),
        tier,
        limits,
        given: match (&job.stdin, &channel) {
            (_, Some(_)) => Given::Channel,
            (Stdin::Inherit, None) => Given::Stdin,
            (Stdin::Empty | Stdin::Bytes(_), None) => Given::Nothing,
        },
        read_only: shown(&interpreter.reads, &job.read_only)?,
        files: job.files.iter().map(|(path, _)| path.clone()).collect(),
    };
    let mut bodies: Vec<&[u8]> = job.files.iter().map(|(_, bytes)| &**bytes).collect();
    bodies.push(match &job.stdin {
        Stdin::Bytes(bytes) => bytes,
        Stdin::Empty | Stdin::Inherit => &[],
    });
    bodies.extend(filters.iter().map(Vec::as_slice));
    let (given_1, given_2) = match (order.given, channel) {
        (Given::Channel, Some((requests, replies))) => (
            OwnedFd::from(requests).into(),
            OwnedFd::from(replies).into(),
        ),
        (Given::Stdin, _) => (own_stdin()?.into(), Stdio::null()),
        _ => (Stdio::null(), Stdio::null()),
    };
    launch(&order, &bodies, given_1, given_2)
}

fn launch(
    order: &Order,
    bodies: &[&[u8]],
    given_1: Stdio,
    given_2: Stdio,
) -> Result<Session, Error> {
    let path = supervisor();
    let not_started = |source| Error::Supervisor {
        path: path.clone(),
        source,
    };
    let (control, theirs) = UnixStream::pair().map_err(not_started)?;
    let supervisor = Command::new(&path)
        .arg(super::SUPERVISE)
        .env_clear()
        .current_dir("/")
        .stdin(OwnedFd::from(theirs))
        .stdout(given_1)
        .stderr(given_2)
        .spawn()
        .map_err(not_started)?;
    // From here a failure must also end the supervisor, which dropping the session does.
    let session = Session(State::Running {
        supervisor,
        control,
        wall: order.limits.wall,
    });
    if let State::Running { control, .. } = &session.0 {
        order::send(control, order, bodies).map_err(|error| Error::Lost(error.to_string()))?;
    }
    Ok(session)
}

/// Engages `tier` and tries the forbidden things; what engaged, and what was refused.
pub(super) fn probe(tier: Tier) -> Result<(Vec<String>, Vec<Layer>), String> {
    let order = Order {
        tier,
        limits: Limits {
            wall: Duration::from_secs(5),
            ..Limits::default()
        },
        ..Order::default()
    };
    let filters = seccomp::compiled(tier)?;
    let mut bodies: Vec<&[u8]> = vec![&[]];
    bodies.extend(filters.iter().map(Vec::as_slice));
    let exit = launch(&order, &bodies, Stdio::null(), Stdio::null())
        .and_then(Session::finish)
        .map_err(|error| error.to_string())?;
    if let super::Verdict::Refused(why) = exit.verdict {
        return Err(why);
    }
    let (tried, confinement): (Vec<String>, Vec<String>) = exit
        .confinement
        .into_iter()
        .partition(|line| line.starts_with(status::HELD) || line.starts_with(status::BROKEN));
    let layers: Vec<Layer> = tried
        .iter()
        .map(|line| Layer {
            held: line.starts_with(status::HELD),
            name: line[1..].to_owned(),
        })
        .collect();
    if layers.len() < candidate::TRIED {
        return Err("the probe ended before it had tried everything".to_owned());
    }
    Ok((confinement, layers))
}

/// Whether a path stays in the directory that it is joined to.
fn inside(path: &Path) -> bool {
    let mut parts = path.components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// Where each path really lies and where it is to be seen. Shorter paths first, so that a directory comes
/// before what lies in it.
fn shown(own: &[PathBuf], asked: &[PathBuf]) -> Result<Vec<(PathBuf, PathBuf)>, Error> {
    let mut paths = Vec::with_capacity(own.len() + asked.len());
    for path in own.iter().chain(asked) {
        let refuse = |source| Error::ReadOnly {
            path: path.clone(),
            source,
        };
        let real = path.canonicalize().map_err(refuse)?;
        if real.parent().is_none() || !path.is_absolute() || path.starts_with(rootfs::BOX) {
            return Err(refuse(std::io::ErrorKind::InvalidInput.into()));
        }
        paths.push((real, path.clone()));
    }
    paths.sort_by_key(|(_, target)| target.components().count());
    Ok(paths)
}

fn own_stdin() -> Result<OwnedFd, Error> {
    std::io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map_err(|error| Error::Lost(format!("cannot pass our standard input on: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_relative_paths_without_dots_are_inside() {
        for (path, is) in [
            ("a", true),
            ("a/b.py", true),
            ("", false),
            ("/a", false),
            ("../a", false),
            ("a/../../b", false),
            ("./a", false),
        ] {
            assert_eq!(inside(Path::new(path)), is, "{path:?}");
        }
    }

    #[test]
    fn the_root_is_never_shown() {
        assert!(shown(&[], &[PathBuf::from("/")]).is_err());
        assert!(shown(&[], &[PathBuf::from("usr")]).is_err());
    }
}
