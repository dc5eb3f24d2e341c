//! A command run confined, and how it ended. Code that a model wrote runs here and nowhere else.
//!
//! ```text
//! we ──spawn──> supervisor: our own binary again, one thread, no secrets; deadlines and caps
//!                 └─ init: PID 1 of fresh namespaces; builds the root, drops every right, reaps
//!                      └─ the program: rlimits, Landlock, seccomp, descriptors 0 to 4, clean environment
//! ```
//!
//! The program sees the interpreter and the system's libraries read-only and one writable directory, the
//! *box*, which is its working directory and vanishes with it. What it does there, prints or returns is a
//! claim: nothing in this room decides whether a program is right. A kernel bug away from the host: this
//! is one kernel, not a virtual machine.

use std::io::{PipeReader, PipeWriter};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

mod exit;
mod interpreter;
#[cfg(target_os = "linux")]
mod linux;
mod order;
#[cfg(not(target_os = "linux"))]
mod portable;
mod strength;

#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(not(target_os = "linux"))]
use portable as platform;

pub use exit::{Exit, Verdict};
pub use interpreter::Interpreter;
pub use platform::Session;
pub use strength::{Layer, Strength, Tier, strength};

/// The hidden first argument that makes our binary a supervisor; see [`supervise_main`].
pub const SUPERVISE: &str = "__supervise";

/// What a run may use before it is ended. Each number is a bound that honest programs do not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Clock time for the whole run; 10 s. Met to within a quarter of a second.
    pub wall: Duration,
    /// Processor time of any one process, in whole seconds, at least 1; 10 s.
    pub cpu: Duration,
    /// Resident memory of the whole process tree; 512 MiB. Watched every 20 ms, so a fast program can
    /// pass it by what it touches in that time. One process may map at most twice this.
    pub memory_bytes: u64,
    /// Standard output and standard error together; 1 MiB.
    pub output_bytes: u64,
    /// Processes and threads alive at once; 64. The kernel refuses more than twice this.
    pub processes: u64,
    /// Descriptors of one process; 256. Fewer made honest threaded programs hang.
    pub open_files: u64,
    /// All that lies in the box, and so any one file there; 32 MiB.
    pub file_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            wall: Duration::from_secs(10),
            cpu: Duration::from_secs(10),
            memory_bytes: 512 << 20,
            output_bytes: 1 << 20,
            processes: 64,
            open_files: 256,
            file_bytes: 32 << 20,
        }
    }
}

/// What the program reads on descriptor 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stdin {
    /// Nothing: end of file at once.
    #[default]
    Empty,
    /// These bytes, then end of file.
    Bytes(Vec<u8>),
    /// What we can read on our own standard input, copied through a pipe: the program never holds the
    /// terminal. Cannot be had together with a channel.
    Inherit,
}

/// One run: which interpreter, with which words, over which files.
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// The Python interpreter, a path or a name on `PATH`. It is asked once per process where its
    /// libraries lie, outside the sandbox and isolated (`-I`): it is the user's own and is trusted.
    pub python: PathBuf,
    /// The interpreter's arguments. The working directory is the box, so paths are relative to it.
    pub argv: Vec<String>,
    /// Descriptor 0.
    pub stdin: Stdin,
    /// Written to the box before the start: relative paths without `..`, and their bytes.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// Absolute paths that the program may read besides the interpreter's own, at their own place.
    pub read_only: Vec<PathBuf>,
    /// Runs under this tier instead of the strongest that works here: for tests and for `doctor`.
    pub tier: Option<Tier>,
}

impl Job {
    /// A script run as `python SCRIPT ARG…`, alone in the box under its own name.
    #[must_use]
    pub fn script(python: &Path, name: &str, source: Vec<u8>, args: &[String]) -> Job {
        let mut argv = vec!["-B".to_owned(), name.to_owned()];
        argv.extend_from_slice(args);
        Job {
            python: python.to_owned(),
            argv,
            files: vec![(PathBuf::from(name), source)],
            ..Job::default()
        }
    }
}

/// A way to talk with the program: what is written to `requests` it reads on descriptor 3, what it writes
/// on descriptor 4 comes out of `replies`. Ends (end of file, broken pipe) with the program, at the wall
/// clock limit at the latest, so blocking reads end too.
#[derive(Debug)]
pub struct Channel {
    /// To descriptor 3. Dropping it is the program's end of file.
    pub requests: PipeWriter,
    /// From descriptor 4. Hostile bytes, without any bound but the clock: the reader sets one.
    pub replies: PipeReader,
}

/// What keeps us from running a program confined. What the program does wrong is never an error: it is
/// the [`Verdict`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The interpreter did not answer.
    #[error("cannot ask {python} where its libraries lie: {why}; name a Python with --python")]
    Interpreter {
        /// The interpreter asked.
        python: PathBuf,
        /// What went wrong.
        why: String,
    },
    /// A file of the job would land outside of the box.
    #[error("cannot put {0} into the sandbox: its name must be relative and without `..`")]
    OutsideBox(PathBuf),
    /// A file of the job is asked for that cannot be shown.
    #[error("cannot show {path} to the sandbox: {source}")]
    ReadOnly {
        /// The path asked for.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Both the channel and the inherited standard input were asked for.
    #[error("cannot give the sandbox our standard input and a channel at once")]
    TwoInputs,
    /// The supervisor did not start.
    #[error("cannot start the sandbox's supervisor {path}: {source}")]
    Supervisor {
        /// The program started.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The supervisor ended without a report.
    #[error("the sandbox's supervisor ended without a report: {0}")]
    Lost(String),
}

/// Runs `job` to its end. Costs about three milliseconds over a plain start of the interpreter.
///
/// # Errors
///
/// Where the sandbox itself could not be used; never for what the program did.
pub fn run(job: &Job, limits: Limits) -> Result<Exit, Error> {
    platform::start(job, limits, None)?.finish()
}

/// Starts `job` with a [`Channel`] to it.
///
/// # Errors
///
/// As [`run`], and when the job wants our standard input too.
pub fn spawn(job: &Job, limits: Limits) -> Result<(Session, Channel), Error> {
    if job.stdin == Stdin::Inherit {
        return Err(Error::TwoInputs);
    }
    let lost = |error: std::io::Error| Error::Lost(error.to_string());
    let (theirs_in, requests) = std::io::pipe().map_err(lost)?;
    let (replies, theirs_out) = std::io::pipe().map_err(lost)?;
    let session = platform::start(job, limits, Some((theirs_in, theirs_out)))?;
    Ok((session, Channel { requests, replies }))
}

/// The whole program when its first argument is [`SUPERVISE`]: serves one run, asked for on descriptor 0,
/// and ends. `main` must call it before it starts any thread.
#[must_use]
pub fn supervise_main() -> std::process::ExitCode {
    platform::supervise_main()
}

static SUPERVISOR: OnceLock<PathBuf> = OnceLock::new();

/// Names the program that serves as supervisor, for processes that are not our binary: a test sets
/// `env!("CARGO_BIN_EXE_monologue")`. The first call wins; without one it is the running program.
pub fn set_supervisor(path: &Path) {
    // A second call would change nothing that runs already; that the first wins is the promise.
    let _ = SUPERVISOR.set(path.to_owned());
}

/// The program to start as supervisor. `/proc/self/exe` is the running program even when an update has
/// replaced its file.
fn supervisor() -> PathBuf {
    SUPERVISOR
        .get()
        .cloned()
        .unwrap_or_else(|| PathBuf::from("/proc/self/exe"))
}
