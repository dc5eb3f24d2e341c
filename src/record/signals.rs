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

#[derive(Debug)]
enum Whom {
    /// There is no program yet; these wait for it.
    Nobody(Vec<Signal>),
    Program(Pid),
    /// It has ended: they are for us again.
    Us,
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
        let whom = Arc::new(Mutex::new(Whom::Nobody(Vec::new())));
        let shared = Arc::clone(&whom);
        thread::Builder::new().spawn(move || {
            loop {
                if let Some((signal, only_us)) = next(&set) {
                    pass_on(&mut lock(&shared), signal, only_us);
                }
            }
        })?;
        Ok(Self(whom))
    }

    /// Sends them to that process from now on, and what has come so far.
    pub fn to(&self, pid: u32) {
        let Ok(pid) = i32::try_from(pid) else {
            return;
        };
        let mut whom = lock(&self.0);
        let waited = mem::replace(&mut *whom, Whom::Program(Pid::from_raw(pid)));
        if let Whom::Nobody(early) = waited {
            early
                .into_iter()
                .for_each(|it| pass_on(&mut whom, it, true));
        }
    }
}

impl Drop for Forwarding {
    /// The program has ended: its number may be another's soon.
    fn drop(&mut self) {
        *lock(&self.0) = Whom::Us;
    }
}

fn lock(whom: &Mutex<Whom>) -> MutexGuard<'_, Whom> {
    whom.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `only_us` says that the program did not get it from where we did.
fn pass_on(whom: &mut Whom, signal: Signal, only_us: bool) {
    match whom {
        Whom::Nobody(early) if only_us => early.push(signal),
        // It may have ended.
        Whom::Program(program) if only_us => drop(kill(*program, signal)),
        Whom::Program(_) => {}
        Whom::Nobody(_) | Whom::Us => std::process::exit(128 + signal as i32),
    }
}

/// Waits for the next one, and says whether a process sent it and not the terminal.
fn next(set: &SigSet) -> Option<(Signal, bool)> {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: a set that was filled, and room for what is told of the signal.
        let (number, origin) = unsafe {
            let mut told: libc::siginfo_t = mem::zeroed();
            let number = libc::sigwaitinfo(set.as_ref(), &raw mut told);
            (number, told.si_code)
        };
        Some((Signal::try_from(number).ok()?, origin <= 0))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let signal = set.wait().ok()?;
        Some((
            signal,
            signal != Signal::SIGINT && signal != Signal::SIGQUIT,
        ))
    }
}
