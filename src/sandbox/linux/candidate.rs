//! The last steps of the process that becomes the program: its limits, its filters, its few descriptors;
//! and the probe, which tries the forbidden things in its place.
#![expect(
    unsafe_code,
    reason = "descriptors by number, signal dispositions, _exit"
)]

use std::convert::Infallible;
use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{execve, setsid};

use super::landlock::{self, Held};
use super::rootfs::{DEVICES, LOADER_CACHE, SYSTEM};
use super::seccomp;
use super::status::{BROKEN, During, ENGAGED, FAILED, FILTERED, Failure, HELD, Status};
use super::supervise::Mission;
use crate::sandbox::Tier;
use crate::sandbox::order::Order;

/// How many things the probe tries.
pub(super) const TRIED: usize = 8;

/// The descriptors that the program gets, as they lie in its parent.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) stdin: OwnedFd,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
    pub(super) channel: Option<(OwnedFd, OwnedFd)>,
    pub(super) status: OwnedFd,
}

/// Where the program runs.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// The box, as the program names it.
    pub(super) home: &'a Path,
    /// Tasks that its user runs already and that the kernel counts with its own.
    pub(super) tasks_before: u64,
}

/// Becomes the program. Ends the process in every case.
pub(super) fn become_program(mission: &Mission, ends: Ends, place: &Place<'_>) -> ! {
    let mut status = match settle(ends) {
        Ok(status) => status,
        // There is no pipe to say it on; the supervisor sees an end without a word.
        Err(_) => leave(125),
    };
    match confined(mission, place, &mut status) {
        Ok(()) => leave(0),
        Err(failure) => {
            status.say(FAILED, &failure);
            leave(125)
        }
    }
}

/// Ends this process at once, without unwinding into what it was copied from.
pub(super) fn leave(code: i32) -> ! {
    // SAFETY: `_exit` touches no memory.
    unsafe { libc::_exit(code) }
}

/// Puts the descriptors at their numbers and closes all others but the status pipe, now number 5.
fn settle(ends: Ends) -> Result<Status, Failure> {
    // Clear of the numbers that will be taken.
    let high = |fd: OwnedFd| -> Result<RawFd, Failure> {
        fcntl(&fd, FcntlArg::F_DUPFD_CLOEXEC(64)).during("move a descriptor")
    };
    let (requests, replies) = match ends.channel {
        Some((requests, replies)) => (Some(high(requests)?), Some(high(replies)?)),
        None => (None, None),
    };
    let placed = [
        Some(high(ends.stdin)?),
        Some(high(ends.stdout)?),
        Some(high(ends.stderr)?),
        requests,
        replies,
        Some(high(ends.status)?),
    ];
    for (number, from) in (0..).zip(placed) {
        // SAFETY: this process owns all its descriptors; nothing later uses one by another number.
        let done = unsafe {
            match from {
                Some(fd) => libc::dup2(fd, number),
                None => libc::close(number).min(0),
            }
        };
        if done < 0 && from.is_some() {
            return Err(io::Error::last_os_error()).during("place a descriptor");
        }
    }
    // SAFETY: as above; descriptor 5 is open since the loop and owned by nobody else.
    let status = unsafe {
        libc::fcntl(5, libc::F_SETFD, libc::FD_CLOEXEC);
        libc::syscall(libc::SYS_close_range, 6u32, u32::MAX, 0u32);
        File::from_raw_fd(5)
    };
    Ok(Status(status))
}

fn confined(mission: &Mission, place: &Place<'_>, status: &mut Status) -> Result<(), Failure> {
    let order = &mission.order;
    setsid().during("start a session")?;
    default_signals()?;
    umask(Mode::from_bits_truncate(0o077));
    limit(order, place)?;
    status.say(ENGAGED, "resource limits, no core files");
    prctl::set_no_new_privs().during("forbid new privileges")?;
    status.say(ENGAGED, "no capabilities and no new privileges");
    restrict_files(order, place, status)?;
    let environment = environment(place.home)
        .into_iter()
        .map(CString::new)
        .collect::<Result<Vec<_>, _>>()
        .during("name the sandbox's path")?;
    let Some(program) = &order.program else {
        status.say(ENGAGED, FILTERED);
        seccomp::apply(&mission.filters).during("filter system calls")?;
        try_everything(status);
        return Ok(());
    };
    let path = CString::new(program.as_os_str().as_bytes()).during("name the program")?;
    let mut argv = vec![path.clone()];
    for argument in &order.argv {
        argv.push(CString::new(argument.as_bytes()).during("pass an argument")?);
    }
    status.say(
        ENGAGED,
        "system call filter: an allow-list, refusals by name",
    );
    seccomp::apply(&mission.filters).during("filter system calls")?;
    let Err::<Infallible, _>(error) = execve(&path, &argv, &environment);
    Err(error).during(&format!("start {}", program.display()))
}

fn default_signals() -> Result<(), Failure> {
    for signal in 1..=31 {
        if signal != libc::SIGKILL && signal != libc::SIGSTOP {
            // SAFETY: the default disposition runs no code of ours.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None).during("unblock signals")
}

fn limit(order: &Order, place: &Place<'_>) -> Result<(), Failure> {
    let limits = order.limits;
    let cpu = limits.cpu.as_secs().max(1);
    let mapped = limits.memory_bytes.saturating_mul(2);
    let tasks = place.tasks_before + limits.processes * 2 + 2;
    for (resource, soft, hard) in [
        (Resource::RLIMIT_AS, mapped, mapped),
        // The soft limit's signal says why; the hard one ends a program that ignores it.
        (Resource::RLIMIT_CPU, cpu, cpu + 1),
        (Resource::RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes),
        (
            Resource::RLIMIT_NOFILE,
            limits.open_files,
            limits.open_files,
        ),
        (Resource::RLIMIT_NPROC, tasks, tasks),
        (Resource::RLIMIT_CORE, 0, 0),
        (Resource::RLIMIT_STACK, 8 << 20, 64 << 20),
        (Resource::RLIMIT_MEMLOCK, 64 << 10, 64 << 10),
        (Resource::RLIMIT_MSGQUEUE, 0, 0),
        (Resource::RLIMIT_SIGPENDING, 256, 256),
    ] {
        setrlimit(resource, soft, hard).during("set a resource limit")?;
    }
    Ok(())
}

fn restrict_files(order: &Order, place: &Place<'_>, status: &mut Status) -> Result<(), Failure> {
    let mut readable: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
    readable.extend(order.read_only.iter().map(|(_, target)| target.clone()));
    readable.push(LOADER_CACHE.into());
    readable.push("/etc/localtime".into());
    readable.extend(DEVICES.iter().map(|device| Path::new("/dev").join(device)));
    if order.tier == Tier::Namespaces {
        readable.push("/etc".into());
    }
    let writable = [place.home.to_owned(), "/dev/null".into()];
    let held = landlock::confine(&readable, &writable).during("engage Landlock")?;
    match (held, order.tier) {
        (Held::Fully, _) => status.say(ENGAGED, "Landlock: files, network, signals"),
        (Held::Partly, _) => status.say(ENGAGED, "Landlock: what this older kernel knows of it"),
        // The namespaces hold without it.
        (Held::Not, Tier::Namespaces) => {}
        (Held::Not, Tier::Filtered | Tier::Nothing) => {
            return Err("cannot engage Landlock: this kernel has none".to_owned());
        }
    }
    Ok(())
}

fn environment(home: &Path) -> Vec<String> {
    let home = home.display();
    vec![
        "PATH=/usr/bin:/bin".to_owned(),
        format!("HOME={home}"),
        format!("TMPDIR={home}/tmp"),
        "LANG=C.UTF-8".to_owned(),
        // The same program twice gives the same answer twice.
        "PYTHONHASHSEED=0".to_owned(),
        "PYTHONDONTWRITEBYTECODE=1".to_owned(),
        "PYTHONUTF8=1".to_owned(),
        // Each thread's own arena reserves 64 MiB, which honest threads would meet the limit with.
        "MALLOC_ARENA_MAX=2".to_owned(),
        // One thread pool a library would meet the process limit on a large machine.
        "OMP_NUM_THREADS=1".to_owned(),
        "OPENBLAS_NUM_THREADS=1".to_owned(),
    ]
}

/// Says of each forbidden thing whether it was refused.
fn try_everything(status: &mut Status) {
    let denied = |result: libc::c_long| result < 0 && last_errno() == libc::EPERM;
    let private = [
        "/etc/hosts",
        "/etc/shadow",
        "/home",
        "/root",
        "/proc/self/maps",
    ];
    let outside = [
        "/monologue-probe",
        "/usr/monologue-probe",
        "/var/tmp/monologue-probe",
    ];
    let held: [(&str, bool); TRIED] = [
        (
            "reading files outside",
            private.iter().all(|path| match fs::metadata(path) {
                Ok(found) if found.is_dir() => fs::read_dir(path).is_err(),
                _ => File::open(path).is_err(),
            }),
        ),
        (
            "writing files outside",
            outside.iter().all(|path| {
                let opened = OpenOptions::new().write(true).create_new(true).open(path);
                opened.map(|_| fs::remove_file(path)).is_err()
            }),
        ),
        (
            "a network socket",
            // SAFETY: the call takes numbers alone, and this process ends right after.
            denied(unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) }.into()),
        ),
        (
            "tracing a process",
            // SAFETY: as above.
            denied(unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) }),
        ),
        (
            "signals to processes outside",
            // SAFETY: as above; signal 0 only asks.
            unsafe { libc::getppid() == 1 || libc::kill(libc::getppid(), 0) < 0 },
        ),
        (
            "new namespaces",
            // SAFETY: as above.
            denied(unsafe { libc::unshare(libc::CLONE_NEWUSER) }.into()),
        ),
        (
            "typing into a terminal",
            // SAFETY: as above; the request is refused before its argument is read.
            denied(unsafe { libc::ioctl(0, libc::TIOCSTI, 0) }.into()),
        ),
        (
            "kernel queues and keys",
            // SAFETY: as above; both are refused before their arguments are read.
            unsafe {
                denied(libc::syscall(libc::SYS_io_uring_setup, 1, 0))
                    && denied(libc::syscall(libc::SYS_keyctl, 0, 0))
            },
        ),
    ];
    for (name, held) in held {
        status.say(if held { HELD } else { BROKEN }, name);
    }
}

fn last_errno() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Keeps only one descriptor open in this process.
pub(super) fn keep_only(fd: &impl AsRawFd) {
    let keep = fd.as_raw_fd().cast_unsigned();
    // SAFETY: init uses no descriptor after this but the one that is kept.
    unsafe {
        if 0 < keep {
            libc::syscall(libc::SYS_close_range, 0u32, keep - 1, 0u32);
        }
        libc::syscall(libc::SYS_close_range, keep + 1, u32::MAX, 0u32);
    }
}
