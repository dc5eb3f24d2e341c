//! What to run and how, and the start of it.

#![expect(unsafe_code, reason = "a session of its own between fork and exec")]

use super::{Error, install::Installed, python::Python, running::Running, signals};
use nix::sys::signal::{SigHandler, Signal};
use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf, absolute},
    process::{Command, Stdio},
    time::Duration,
};

/// The program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file, as `python FILE` runs it.
    Script {
        /// The file, relative to the working directory or absolute.
        file: PathBuf,
    },
    /// A module, as `python -m NAME` runs it.
    Module {
        /// Its dotted name.
        name: OsString,
    },
    /// A string, as `python -c CODE` runs it.
    Code {
        /// The source.
        code: OsString,
    },
    /// A file imported as a module, and then an expression over its names.
    Call {
        /// The expression.
        expr: OsString,
        /// The file.
        file: PathBuf,
    },
    /// One test, as `python -m pytest NODE` runs it.
    Pytest {
        /// Its node id: `FILE.py::TEST`.
        node: OsString,
    },
}

/// Where the program's standard input comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stdin {
    /// From ours.
    #[default]
    Inherit,
    /// From a file.
    File(PathBuf),
    /// There is none.
    Null,
    /// From us: what is sent through [`Running::input`].
    Piped,
}

/// Where the program's output goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Output {
    /// Where ours goes, byte for byte.
    #[default]
    Inherit,
    /// Into pipes that are drained; their ends are kept for the [`Outcome`](super::Outcome). The program
    /// then runs in a session of its own, without our terminal.
    Piped,
}

/// How a program is followed. Both give the same events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Backend {
    /// By the way that suits the version: `sys.monitoring` from 3.12 on.
    #[default]
    Own,
    /// By `PyEval_SetTrace`, which every version has and which is slower in libraries.
    SetTrace,
}

/// A program to be recorded.
#[derive(Debug, Clone)]
pub struct Launch {
    /// What to run.
    pub target: Target,
    /// The program's own arguments.
    pub args: Vec<OsString>,
    /// The interpreter; by default that of the active virtual environment, else `python3`.
    pub python: Option<PathBuf>,
    /// Standard input.
    pub stdin: Stdin,
    /// Standard output and standard error.
    pub output: Output,
    /// Patterns of files to step although they would be left out.
    pub include: Vec<String>,
    /// Patterns of files to leave out; these win.
    pub exclude: Vec<String>,
    /// After that many lines the recording stops and the program goes on; by default never.
    pub max_steps: Option<u64>,
    /// After that many bytes of trace the recording stops and the program goes on; by default some
    /// gigabytes, since nobody may be keeping the file small.
    pub max_bytes: Option<u64>,
    /// Where the trace takes more bytes of disk than that, the program waits for some to be given back, as
    /// [`crate::trace::file::Keeping`] does it; by default it does not wait.
    pub max_held: Option<u64>,
    /// Items kept of one container.
    pub max_items: u32,
    /// Levels kept of nested containers, at most 24.
    pub max_depth: u32,
    /// Code points kept of one text, and digits of one number.
    pub max_text: u32,
    /// Whether the program's own `__repr__` is called, under guard, to show its objects.
    pub call_repr: bool,
    /// After that long the program is killed; by default never.
    pub timeout: Option<Duration>,
    /// How it is followed.
    pub backend: Backend,
    /// Variables of our own environment that the program does not get.
    pub withheld: Vec<String>,
    /// The trace file, replaced if it exists.
    pub trace: PathBuf,
}

impl Launch {
    /// With everything by default.
    pub fn new(target: Target, trace: impl Into<PathBuf>) -> Self {
        Self {
            target,
            args: Vec::new(),
            python: None,
            stdin: Stdin::default(),
            output: Output::default(),
            include: Vec::new(),
            exclude: Vec::new(),
            max_steps: None,
            max_bytes: None,
            max_held: None,
            max_items: 100,
            max_depth: 6,
            max_text: 1000,
            call_repr: false,
            timeout: None,
            backend: Backend::default(),
            withheld: Vec::new(),
            trace: trace.into(),
        }
    }

    /// Says what is wrong with the target's file where Python would not say it as well.
    pub(super) fn check(&self) -> Result<(), Error> {
        let (Target::Script { file } | Target::Call { file, .. }) = &self.target else {
            return Ok(());
        };
        let wrong = |reason: String| {
            let path = file.clone();
            Err(Error::Target { path, reason })
        };
        let mut start = Vec::new();
        let read = File::open(file).and_then(|it| it.take(64 << 10).read_to_end(&mut start));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                wrong("there is no such file".into())
            }
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                wrong("it is a directory; name a file, or use -m for a package".into())
            }
            Err(error) => wrong(format!("it cannot be read ({error})")),
            Ok(_) if start.contains(&0) => wrong("it is not Python source but binary data".into()),
            Ok(_) => Ok(()),
        }
    }

    /// The words for `boot.py`.
    fn words(&self, extension: &Path, trace: &Path) -> Vec<OsString> {
        let setting = |key: &str, value: &OsStr| {
            let mut res = OsString::from(format!("{key}="));
            res.push(value);
            res
        };
        let mut res = vec![extension.into(), setting("trace", trace.as_os_str())];
        let numbers = [
            ("max_steps", self.max_steps),
            ("max_bytes", self.max_bytes),
            ("max_held", self.max_held),
            ("max_items", Some(self.max_items.into())),
            ("max_depth", Some(self.max_depth.into())),
            ("max_text", Some(self.max_text.into())),
        ];
        for (key, value) in numbers {
            res.extend(value.map(|it| OsString::from(format!("{key}={it}"))));
        }
        let patterns = [("include", &self.include), ("exclude", &self.exclude)];
        for (key, patterns) in patterns {
            res.extend(patterns.iter().map(|it| setting(key, it.as_ref())));
        }
        if self.call_repr {
            res.push("call_repr=1".into());
        }
        if self.backend == Backend::SetTrace {
            res.push("backend=settrace".into());
        }
        res.push("--".into());
        res.extend(match &self.target {
            Target::Script { file } => vec!["script".into(), file.into()],
            Target::Module { name } => vec!["module".into(), name.clone()],
            Target::Code { code } => vec!["code".into(), code.clone()],
            Target::Call { expr, file } => vec!["call".into(), expr.clone(), file.into()],
            Target::Pytest { node } => vec!["pytest".into(), node.clone()],
        });
        res.extend(self.args.iter().cloned());
        res
    }

    fn stdin(&self) -> Result<Stdio, Error> {
        Ok(match &self.stdin {
            Stdin::Inherit => Stdio::inherit(),
            Stdin::Null => Stdio::null(),
            Stdin::Piped => Stdio::piped(),
            Stdin::File(path) => {
                let opened = File::open(path).map_err(|error| Error::Stdin {
                    path: path.clone(),
                    error,
                })?;
                opened.into()
            }
        })
    }
}

/// Starts the interpreter on `boot.py`.
pub(super) fn spawn(launch: &Launch, python: Python, files: &Installed) -> Result<Running, Error> {
    let trace = claim(&launch.trace)?;
    let mut command = Command::new(&python.path);
    command
        .arg(&files.boot)
        .args(launch.words(&files.extension, &trace))
        .stdin(launch.stdin()?);
    for name in &launch.withheld {
        command.env_remove(name);
    }
    // SAFETY: a plain system call, allowed between fork and exec.
    unsafe {
        command.pre_exec(signals::unblock);
    }
    if launch.output == Output::Piped {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // SAFETY: plain system calls, allowed between fork and exec.
        unsafe {
            command.pre_exec(detach);
        }
    }
    let child = command.spawn().map_err(|error| Error::Run {
        path: python.path.clone(),
        error,
    })?;
    let own_group = launch.output == Output::Piped;
    Ok(Running::new(
        child,
        trace,
        python,
        own_group,
        launch.timeout,
    ))
}

/// Gives the program a session of its own, and ends it with us: nobody would stop it any more. It can be
/// interrupted although we, started in the background, perhaps cannot.
fn detach() -> io::Result<()> {
    nix::unistd::setsid()?;
    for signal in [Signal::SIGINT, Signal::SIGQUIT] {
        // SAFETY: puts the default back in place of whatever there was.
        unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl)? };
    }
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    Ok(())
}

/// Makes an empty file, so that what follows the trace finds one, and an older one is not taken for it.
fn claim(trace: &Path) -> Result<PathBuf, Error> {
    let failed = |error| Error::Trace {
        path: trace.to_owned(),
        error,
    };
    let path = absolute(trace).map_err(failed)?;
    if let Some(folder) = path.parent()
        && !folder.is_dir()
    {
        fs::metadata(folder).map_err(failed)?;
    }
    File::create(&path).map_err(failed)?;
    Ok(path)
}
