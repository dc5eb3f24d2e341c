//! Fresh namespaces, who a program is in them, and giving up every right.
#![expect(
    unsafe_code,
    reason = "clone3, capset and setresuid as the kernel has them"
)]

use std::fs;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Pid, Uid, setgroups, setresgid, setresuid};

use super::status::{During, Failure};

/// Who a program is inside, by user and group number.
pub(super) const INSIDE: u32 = 1000;

/// Who it is outside when we are root, where that number exists: unused by distributions' ranges.
pub(super) const OUTSIDE: u32 = 61_000;

/// Who a program is outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// We are root and the program is this other user.
    Other(u32),
    /// The program is who we are: we are no root, or root of a container that has no other user.
    Ourselves(u32),
}

impl Owner {
    /// Decides from who we are and which users exist in our own user namespace.
    pub(super) fn decided() -> Owner {
        let us = Uid::effective().as_raw();
        let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        match other(&map) {
            Some(other) if us == 0 => Owner::Other(other),
            _ => Owner::Ourselves(us),
        }
    }

    /// In words, for the report.
    pub(super) fn told(self) -> String {
        match self {
            Owner::Other(uid) => format!("user namespace: user {INSIDE} inside, {uid} outside"),
            Owner::Ourselves(uid) => {
                format!("user namespace: user {INSIDE} inside, ours ({uid}) outside")
            }
        }
    }
}

/// A user that exists and is not root: [`OUTSIDE`], else the last one of the map.
fn other(map: &str) -> Option<u32> {
    let mut last = None;
    for line in map.lines() {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let (Some(Ok(first)), _, Some(Ok(count))) =
            (numbers.next(), numbers.next(), numbers.next())
        else {
            continue;
        };
        let end = (first + count).saturating_sub(1);
        if (first..=end).contains(&u64::from(OUTSIDE)) {
            return Some(OUTSIDE);
        }
        last = last.max(u32::try_from(end).ok().filter(|uid| 0 < *uid));
    }
    last
}

/// The two sides of a birth.
#[derive(Debug)]
pub(super) enum Born {
    /// We are the first process of fresh namespaces.
    Init,
    /// We are who we were, and this is the child, with a descriptor that is readable once it has ended.
    Parent(Pid, OwnedFd),
}

#[repr(C)]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// Forks into fresh namespaces of every kind. Only for a process of one thread.
pub(super) fn birth() -> io::Result<Born> {
    let flags = libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_PIDFD;
    let mut pidfd: libc::c_int = -1;
    let args = CloneArgs {
        flags: u64::from(flags.cast_unsigned()),
        pidfd: (&raw mut pidfd).expose_provenance() as u64,
        exit_signal: u64::from(libc::SIGCHLD.cast_unsigned()),
        ..CloneArgs::default()
    };
    // SAFETY: without CLONE_VM this is a fork; the process has one thread (the supervisor starts none), so
    // no lock is held by a thread that the child lacks. `args` and `pidfd` outlive the call.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<CloneArgs>()) };
    match pid {
        ..0 => Err(io::Error::last_os_error()),
        0 => Ok(Born::Init),
        1.. => {
            // SAFETY: the kernel has just opened it for us alone.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            let pid = i32::try_from(pid).map_err(io::Error::other)?;
            Ok(Born::Parent(Pid::from_raw(pid), pidfd))
        }
    }
}

/// Gives a new user namespace its users; called by the parent.
///
/// As root the namespace knows root too, until [`become_nobody`]: somebody must be able to reach an
/// interpreter that only root can read in order to bind it.
pub(super) fn map_users(child: Pid, owner: Owner) -> Result<(), Failure> {
    let gid = Gid::effective().as_raw();
    let (users, groups) = match owner {
        Owner::Other(other) => {
            let both = format!("0 0 1\n{INSIDE} {other} 1\n");
            (both.clone(), both)
        }
        Owner::Ourselves(us) => {
            // The kernel wants this before it lets a plain user map groups.
            fs::write(format!("/proc/{child}/setgroups"), "deny")
                .during("fix the sandbox's groups")?;
            (format!("{INSIDE} {us} 1\n"), format!("{INSIDE} {gid} 1\n"))
        }
    };
    fs::write(format!("/proc/{child}/uid_map"), users).during("map the sandbox's user")?;
    fs::write(format!("/proc/{child}/gid_map"), groups).during("map the sandbox's group")
}

/// Gives up root, if we had it: afterwards we are user `uid` for good.
pub(super) fn become_user(uid: u32) -> Result<(), Failure> {
    let (user, group) = (Uid::from_raw(uid), Gid::from_raw(uid));
    setgroups(&[]).during("leave the groups")?;
    setresgid(group, group, group).during("become the sandbox's group")?;
    setresuid(user, user, user).during("become the sandbox's user")
}

/// Gives up every capability and the way back to any, hides our memory, and ties our life to the
/// supervisor's. The caller then asks whether the supervisor still lives.
pub(super) fn renounce() -> Result<(), Failure> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    let header = Header {
        version: 0x2008_0522,
        pid: 0,
    };
    let none = [0u32; 6];
    // SAFETY: version 3 takes a header and two triples of 32-bit sets, which outlive the call.
    let done = unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) };
    if done < 0 {
        return Err(io::Error::last_os_error()).during("drop capabilities");
    }
    prctl::set_no_new_privs().during("forbid new privileges")?;
    prctl::set_dumpable(false).during("hide init's memory")?;
    // A change of user has cleared an earlier one.
    prctl::set_pdeathsig(Signal::SIGKILL).during("tie init to the supervisor")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_user_is_one_that_exists() {
        assert_eq!(other("0 0 4294967295\n"), Some(OUTSIDE));
        assert_eq!(other("0 1000 1\n1 100000 65536\n"), Some(OUTSIDE));
        assert_eq!(other("0 1000 1\n1 100000 5000\n"), Some(5000));
        assert_eq!(other("0 1000 1\n"), None);
        assert_eq!(other(""), None);
    }
}
