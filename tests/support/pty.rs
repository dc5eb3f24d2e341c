//! The real program in a real pseudo-terminal: keys in, a screen out, and what it leaves behind.

use std::{
    io::{Read as _, Write},
    num::NonZeroU16,
    path::Path,
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// Longer than anything takes on a busy machine: a wait that ends earlier when what it waits for comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program running in a terminal of its own.
pub(crate) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    bytes: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// The terminal's settings before anything ran, spelled out.
    before: String,
}

impl Terminal {
    /// Starts the program under test with `args`, in folder `cwd`, on a screen of this size.
    pub(crate) fn start(args: &[&str], cwd: &Path, columns: u16, rows: u16) -> Self {
        Self::start_with(args, cwd, columns, rows, &[])
    }

    /// As [`Self::start`], with more in the environment.
    pub(crate) fn start_with(
        args: &[&str],
        cwd: &Path,
        columns: u16,
        rows: u16,
        environment: &[(&str, &str)],
    ) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows,
                cols: columns,
                pixel_width: 0,
                pixel_height: 0,
            })
            .expect("a pseudo-terminal opens");
        let before = settings(&*pair.master);
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_monologue"));
        command.args(args);
        command.cwd(cwd);
        command.env("TERM", "xterm-256color");
        command.env("XDG_CONFIG_HOME", cwd.join("no-config"));
        command.env_remove("NO_COLOR");
        command.env_remove("MONOLOGUE_MODEL");
        for (key, value) in environment {
            command.env(key, value);
        }
        let child = pair.slave.spawn_command(command).expect("it starts");
        // The slave's own handle must go, or reading would never end.
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("it can be read");
        let (tx, bytes) = mpsc::channel();
        thread::spawn(move || {
            let mut buf = [0; 65536];
            while let Ok(n @ 1..) = reader.read(&mut buf) {
                if tx.send(buf[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let size = |it| NonZeroU16::new(it).expect("a screen has cells");
        Self {
            writer: pair.master.take_writer().expect("it can be written"),
            master: pair.master,
            child,
            bytes,
            parser: vt100::Parser::new(size(rows), size(columns), 0),
            before,
        }
    }

    /// Types.
    pub(crate) fn send(&mut self, keys: &str) {
        self.writer
            .write_all(keys.as_bytes())
            .expect("it takes keys");
        self.writer.flush().expect("it takes keys");
    }

    /// Waits until the screen satisfies `wanted`, and gives the screen.
    pub(crate) fn wait(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "never saw {what}; the screen is\n{screen}");
            match self.bytes.recv_timeout(left) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(_) => panic!("it ended before {what}; the screen is\n{}", self.screen()),
            }
        }
    }

    /// Waits until `text` is on the screen.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        self.wait(text, |it| it.contains(text))
    }

    /// What is on the screen, as far as it was read.
    pub(crate) fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// The process that was started: the one that must outlive the screen's.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.process_id().expect("it runs")).expect("a process id")
    }

    /// The processes that it started and that still run.
    pub(crate) fn children(&self) -> Vec<i32> {
        let pid = self.pid();
        std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
            .unwrap_or_default()
            .split_whitespace()
            .filter_map(|it| it.parse().ok())
            .collect()
    }

    /// Waits for the end, and checks that the terminal is as it was found.
    pub(crate) fn end(mut self) -> ExitStatus {
        let status = self.child.wait().expect("it ends");
        while let Ok(bytes) = self.bytes.recv_timeout(Duration::from_millis(200)) {
            self.parser.process(&bytes);
        }
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "left on the alternate screen");
        assert!(!screen.hide_cursor(), "left without a cursor");
        assert!(!screen.bracketed_paste(), "left in bracketed paste");
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "left reporting the mouse"
        );
        assert_eq!(settings(&*self.master), self.before, "left raw");
        status
    }
}

/// The line discipline, spelled out.
fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("it has settings"))
}
