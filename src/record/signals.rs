//! Signals sent to us that are meant for the program.
//!
//! Whoever starts `monologue record` in place of `python` knows our process only: what is sent to it goes on
//! to the program, and how that takes it is how we end. What a terminal sends it sends to the program as
//! well, so that is not sent twice.

#![expect(unsafe_code, reason = "waits for signals with their origin")]

use nix::{
    sys::signal::{SigSet, Signal, kill},
    unistd::Pid,
};
use std::{
    io, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Those that end a program, or that it may listen for.
const FORWARDED: [Signal; 6] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// Signals on their way to a program. From [`Forwarding::begin`] on they do not end this process any more,
/// for as long as it lives.
#[derive(Debug)]
pub struct Forwarding(Arc<Mutex<Whom>>);

#[derive(Debug, Default)]
struct Whom {
    program: Option<Pid>,
    /// What came before there was a program.
    early: Vec<Signal>,
}

impl Forwarding {
    /// Begins to catch them. To be called before other threads are started, which would be ended by them
    /// otherwise.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn begin() -> io::Result<Self> {
        let set: SigSet = FORWARDED.into_iter().collect();
        set.thread_block()?;
        let whom = Arc::new(Mutex::new(Whom::default()));
        let shared = Arc::clone(&whom);
        thread::Builder::new().spawn(move || {
            loop {
                if let Some(signal) = meant_for_the_program(&set) {
                    pass_on(&mut lock(&shared), signal);
                }
            }
        })?;
        Ok(Self(whom))
    }

    /// Sends them to that process from now on, and what has come so far.
    pub fn to(&self, pid: u32) {
        let mut whom = lock(&self.0);
        whom.program = i32::try_from(pid).ok().map(Pid::from_raw);
        for signal in mem::take(&mut whom.early) {
            pass_on(&mut whom, signal);
        }
    }
}

impl Drop for Forwarding {
    /// The program has ended: its number may be another's soon.
    fn drop(&mut self) {
        lock(&self.0).program = None;
    }
}

fn lock(whom: &Mutex<Whom>) -> MutexGuard<'_, Whom> {
    whom.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pass_on(whom: &mut Whom, signal: Signal) {
    match whom.program {
        // It may have ended.
        Some(program) => drop(kill(program, signal)),
        None => whom.early.push(signal),
    }
}

/// Waits for the next one; `None` for what the program got as well.
fn meant_for_the_program(set: &SigSet) -> Option<Signal> {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: a set that was filled, and room for what is told of the signal.
        let (number, origin) = unsafe {
            let mut told: libc::siginfo_t = mem::zeroed();
            let number = libc::sigwaitinfo(set.as_ref(), &raw mut told);
            (number, told.si_code)
        };
        let sent_by_a_process = origin <= 0;
        Signal::try_from(number).ok().filter(|_| sent_by_a_process)
    }
    #[cfg(not(target_os = "linux"))]
    {
        set.wait()
            .ok()
            .filter(|it| *it != Signal::SIGINT && *it != Signal::SIGQUIT)
    }
}
