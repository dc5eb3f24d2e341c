//! A supervising parent that gives the terminal back in every way the screen can die.
//!
//! A hook cannot run when a process is killed, aborts or overflows its stack; another process can.
//! The parent saves the terminal's settings, waits for the child that is the program, and restores
//! what the child could not.
#![cfg_attr(
    unix,
    expect(
        unsafe_code,
        reason = "forking, and ending without running the parent's destructors"
    )
)]

use std::process::ExitCode;

/// Leaves the alternate screen, shows the cursor, and ends every mode a screen may have set: mouse
/// reports, bracketed paste, focus reports, keyboard protocol, colors.
#[cfg(unix)]
const RESET: &[u8] = b"\x1b[?1006l\x1b[?1015l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[?1004l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[0m\r\n";

/// Runs `child` in a process of its own and answers with its status (128 + N for signal N), the
/// terminal restored. Where standard input or output is no terminal, or no process can be made, runs
/// it right here.
///
/// Call before any thread exists: only the calling thread lives on in the child.
#[cfg(not(unix))]
pub fn guarded(child: impl FnOnce() -> ExitCode) -> ExitCode {
    child()
}

/// Runs `child` in a process of its own and answers with its status (128 + N for signal N), the
/// terminal restored. Where standard input or output is no terminal, or no process can be made, runs
/// it right here.
///
/// Call before any thread exists: only the calling thread lives on in the child.
#[cfg(unix)]
pub fn guarded(child: impl FnOnce() -> ExitCode) -> ExitCode {
    use nix::{
        sys::{
            signal::{SigSet, SigmaskHow, Signal, sigprocmask},
            termios::tcgetattr,
        },
        unistd::{ForkResult, fork},
    };
    use std::io::{self, IsTerminal as _};

    let Ok(saved) = tcgetattr(io::stdin()) else {
        return child();
    };
    if !io::stdout().is_terminal() {
        return child();
    }
    // The parent takes these one at a time; the child takes them as before. Keys that interrupt or
    // stop reach the parent too and are none of its business, and neither is the right to write.
    let mut signals = SigSet::empty();
    for signal in [
        Signal::SIGCHLD,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTSTP,
        Signal::SIGTTOU,
    ] {
        signals.add(signal);
    }
    let mut before = SigSet::empty();
    if sigprocmask(SigmaskHow::SIG_BLOCK, Some(&signals), Some(&mut before)).is_err() {
        return child();
    }
    // SAFETY: the caller promises that no other thread exists, so nothing is left half done in the
    // child: no lock is held, no allocation is under way.
    let forked = unsafe { fork() };
    match forked {
        Ok(ForkResult::Parent { child }) => parent::supervise(child, &signals, &saved),
        Ok(ForkResult::Child) => {
            die_with_parent();
            let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
            child()
        }
        Err(_) => {
            let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
            child()
        }
    }
}

/// Asks to be ended when the parent is killed: nobody would restore the terminal any more, but nobody
/// would be in the way either.
#[cfg(target_os = "linux")]
fn die_with_parent() {
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM);
}

#[cfg(all(unix, not(target_os = "linux")))]
fn die_with_parent() {}

#[cfg(unix)]
mod parent {
    use std::{io, process::ExitCode};

    use nix::{
        sys::{
            signal::{SigSet, Signal, kill, raise},
            termios::{SetArg, Termios, tcgetattr, tcsetattr},
            wait::{WaitPidFlag, WaitStatus, waitpid},
        },
        unistd::{Pid, write},
    };

    use super::RESET;

    /// Waits for the child, hands requests to end on to it, and restores what it leaves behind.
    pub(super) fn supervise(child: Pid, signals: &SigSet, saved: &Termios) -> ExitCode {
        loop {
            match signals.wait() {
                Ok(signal @ (Signal::SIGTERM | Signal::SIGHUP)) => drop(kill(child, signal)),
                Ok(Signal::SIGCHLD) => {
                    match waitpid(child, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED)) {
                        Ok(WaitStatus::Exited(_, status)) => {
                            restore(saved, false);
                            return ExitCode::from(u8::try_from(status & 0xff).unwrap_or(1));
                        }
                        Ok(WaitStatus::Signaled(_, signal, _)) => {
                            restore(saved, true);
                            return ExitCode::from(u8::try_from(128 + signal as i32).unwrap_or(1));
                        }
                        // The shell waits for us, so we stop with the child and go on with it.
                        Ok(WaitStatus::Stopped(..)) => {
                            let _ = raise(Signal::SIGSTOP);
                            let _ = kill(child, Signal::SIGCONT);
                        }
                        Ok(_) => (),
                        Err(_) => {
                            restore(saved, true);
                            return ExitCode::FAILURE;
                        }
                    }
                }
                Ok(_) => (),
                Err(_) => {
                    restore(saved, true);
                    return ExitCode::FAILURE;
                }
            }
        }
    }

    /// A child that ends by itself leaves raw mode last; a terminal still raw was not restored.
    fn restore(saved: &Termios, killed: bool) {
        let left_raw = tcgetattr(io::stdin()).is_ok_and(|it| it.local_flags != saved.local_flags);
        if killed || left_raw {
            let _ = write(io::stdout(), RESET);
        }
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, saved);
    }
}
