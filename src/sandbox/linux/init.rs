//! From a birth to a running program, in each tier: what the processes between the supervisor and the
//! program do.
#![expect(unsafe_code, reason = "fork, descriptors by number")]

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{ForkResult, Pid, Uid, fork};

use super::candidate::{Ends, Place, become_program, keep_only, leave};
use super::namespaces::{Born, INSIDE, OUTSIDE, Owner, become_user, birth, map_users, renounce};
use super::status::{During, ENDED, ENGAGED, FAILED, Failure, Status};
use super::supervise::Mission;
use super::{rootfs, watch};

/// A program on its way, as the supervisor holds it.
#[derive(Debug)]
pub(super) struct Started {
    /// Init, or in the reduced tier the program itself.
    pub(super) leader: Pid,
    /// Readable once the leader has ended.
    pub(super) ended: OwnedFd,
    /// Init ends when this closes before its work is done.
    pub(super) _leash: Option<OwnedFd>,
}

/// Starts init in fresh namespaces, and the program below it.
pub(super) fn in_namespaces(mission: &Mission, ends: Ends) -> Result<Started, Failure> {
    let owner = Owner::decided();
    let (leashed, leash) = std::io::pipe().during("make a pipe")?;
    match birth().during("make namespaces")? {
        Born::Init => {
            drop(leash);
            init(mission, ends, owner, leashed.into())
        }
        Born::Parent(leader, ended) => {
            let started = Started {
                leader,
                ended,
                _leash: Some(leash.into()),
            };
            // Where memory runs out, the kernel is to end this tree first; it may not know the file.
            let _ = fs::write(format!("/proc/{leader}/oom_score_adj"), "1000");
            let mapped = map_users(leader, owner);
            let leash = started._leash.as_ref().map(AsFd::as_fd);
            match (mapped, leash) {
                (Ok(()), Some(leash)) => {
                    nix::unistd::write(leash, b"g").during("release init")?;
                    Ok(started)
                }
                (Err(failure), _) => {
                    end(leader);
                    Err(failure)
                }
                (Ok(()), None) => Ok(started),
            }
        }
    }
}

/// Ends a process that has not come far, and waits for it.
pub(super) fn end(process: Pid) {
    // Both fail only when it has ended already.
    let _ = nix::sys::signal::kill(process, Signal::SIGKILL);
    let _ = nix::sys::wait::waitpid(process, None);
}

fn init(mission: &Mission, ends: Ends, owner: Owner, leash: OwnedFd) -> ! {
    let mut status = match ends.status.try_clone() {
        Ok(fd) => Status(fd.into()),
        Err(_) => leave(125),
    };
    let prepared = prepare(mission, owner, &leash, &mut status);
    if let Err(failure) = prepared {
        status.say(FAILED, &failure);
        leave(125)
    }
    // SAFETY: init has one thread, and the child goes on to nothing but `become_program`.
    match unsafe { fork() } {
        Err(error) => {
            status.say(FAILED, &format!("cannot fork: {error}"));
            leave(125)
        }
        Ok(ForkResult::Child) => become_program(
            mission,
            ends,
            &Place {
                home: Path::new(rootfs::BOX),
                tasks_before: 0,
            },
        ),
        Ok(ForkResult::Parent { child }) => {
            keep_only(&status.0);
            reap(child, &mut status)
        }
    }
}

fn prepare(
    mission: &Mission,
    owner: Owner,
    leash: &OwnedFd,
    status: &mut Status,
) -> Result<(), Failure> {
    prctl::set_pdeathsig(Signal::SIGKILL).during("tie init to the supervisor")?;
    let mut released = [0u8; 1];
    match nix::unistd::read(leash, &mut released) {
        Ok(1) => {}
        // The supervisor has ended or could not map our users, and says so itself.
        Ok(_) | Err(_) => leave(125),
    }
    rootfs::build(&mission.order.read_only, mission.order.limits)?;
    if matches!(owner, Owner::Other(_)) {
        become_user(INSIDE)?;
    }
    rootfs::fill(Path::new(rootfs::BOX), &mission.order.files, &mission.files)?;
    renounce()?;
    if hung_up(leash.as_fd()) {
        leave(125)
    }
    status.say(ENGAGED, &owner.told());
    status.say(
        ENGAGED,
        "process, mount, network, IPC, host-name and cgroup namespaces",
    );
    status.say(
        ENGAGED,
        &format!(
            "a root of its own: read-only but for a box of {} MiB, no /proc",
            mission.order.limits.file_bytes >> 20
        ),
    );
    Ok(())
}

/// Whether the pipe's other end has closed.
fn hung_up(fd: BorrowedFd<'_>) -> bool {
    let mut asked = [PollFd::new(fd, PollFlags::empty())];
    poll(&mut asked, PollTimeout::ZERO).is_ok()
        && asked[0]
            .revents()
            .is_some_and(|events| events.contains(PollFlags::POLLHUP))
}

/// Buries whoever dies; reports the program's own end and takes the whole tree along.
fn reap(program: Pid, status: &mut Status) -> ! {
    loop {
        let mut word = 0;
        // SAFETY: `word` outlives the call.
        let ended = unsafe { libc::waitpid(-1, &raw mut word, 0) };
        if ended == program.as_raw() {
            status.say(ENDED, &word.to_string());
            leave(0)
        }
        if ended < 0 && Errno::last() != Errno::EINTR {
            leave(124)
        }
    }
}

/// Starts the program in the host's own namespaces, in `home`.
pub(super) fn filtered(mission: &Mission, ends: Ends, home: &Path) -> Result<Started, Failure> {
    let owner = Owner::decided();
    let uid = match owner {
        // A user for each run, so that runs do not count each other's processes.
        Owner::Other(OUTSIDE) => OUTSIDE + std::process::id() % 512,
        Owner::Other(only) => only,
        Owner::Ourselves(uid) => uid,
    };
    prctl::set_child_subreaper(true).during("adopt the program's processes")?;
    fs::set_permissions(home, fs::Permissions::from_mode(0o700)).during("make the box")?;
    if matches!(owner, Owner::Other(_)) {
        std::os::unix::fs::chown(home, Some(uid), Some(uid)).during("make the box")?;
    }
    let tasks_before = watch::tasks_of(uid);
    // SAFETY: the supervisor has one thread.
    match unsafe { fork() }.during("fork")? {
        ForkResult::Child => {
            let mut status = match ends.status.try_clone() {
                Ok(fd) => Status(fd.into()),
                Err(_) => leave(125),
            };
            if let Err(failure) = settle_in(mission, home, owner, uid) {
                status.say(FAILED, &failure);
                leave(125)
            }
            status.say(ENGAGED, &format!("user {uid}, the host's own namespaces"));
            become_program(mission, ends, &Place { home, tasks_before })
        }
        ForkResult::Parent { child } => {
            // SAFETY: the call takes numbers; the descriptor it opens is ours alone.
            let ended = unsafe {
                use std::os::fd::FromRawFd;
                let fd = libc::syscall(libc::SYS_pidfd_open, child.as_raw(), 0);
                i32::try_from(fd)
                    .ok()
                    .filter(|fd| 0 <= *fd)
                    .map(|fd| OwnedFd::from_raw_fd(fd))
            };
            let Some(ended) = ended else {
                end(child);
                return Err(format!("cannot watch the program: {}", Errno::last()));
            };
            Ok(Started {
                leader: child,
                ended,
                _leash: None,
            })
        }
    }
}

fn settle_in(mission: &Mission, home: &Path, owner: Owner, uid: u32) -> Result<(), Failure> {
    let supervisor = nix::unistd::getppid();
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    if matches!(owner, Owner::Other(_)) {
        become_user(uid)?;
        let unreachable = mission.order.program.as_ref().filter(|path| !path.exists());
        if let Some(path) = unreachable {
            return Err(format!(
                "cannot run {} as the user {uid} that root hands over to: that user cannot reach it; \
                 name an interpreter that everybody can read with --python",
                path.display()
            ));
        }
    } else if Uid::effective().is_root() {
        return Err("cannot confine root where there is no other user to become".to_owned());
    }
    rootfs::fill(home, &mission.order.files, &mission.files)?;
    std::env::set_current_dir(home).during("enter the box")?;
    prctl::set_pdeathsig(Signal::SIGKILL).during("tie the program to the supervisor")?;
    if nix::unistd::getppid() != supervisor {
        leave(125)
    }
    Ok(())
}

/// Removes boxes of supervisors that were killed before they could do it themselves.
pub(super) fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX))
            .and_then(|rest| rest.split('-').next())
            .and_then(|pid| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            remove(&entry.path());
        }
    }
}

/// How boxes of the reduced tier are named: this, the supervisor's process number, a dash, anything.
pub(super) const PREFIX: &str = "monologue-box-";

/// Removes a tree whose owner may have taken rights away from its directories.
pub(super) fn remove(path: &Path) {
    let mut left: Vec<PathBuf> = vec![path.to_owned()];
    while let Some(path) = left.pop() {
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
            let _ = fs::set_permissions(&path, fs::Permissions::from_mode(0o700));
            left.extend(
                fs::read_dir(&path)
                    .into_iter()
                    .flatten()
                    .flatten()
                    .map(|e| e.path()),
            );
        }
    }
    // What cannot be removed now is swept up before the next run.
    let _ = fs::remove_dir_all(path);
}
