//! Takes the terminal, runs the loop, gives the terminal back: when done, on an error, on a panic.

use std::{
    io::{self, Stdout, Write as _},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use base64::Engine as _;
use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        self,
        cursor::{Hide, Show},
        event::{DisableBracketedPaste, DisableMouseCapture, EnableMouseCapture},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen},
    },
};

use super::{App, Effect, Event, Session, feed::forward, job};

/// The shortest time between two drawings: 60 a second.
const FRAME: Duration = Duration::from_millis(16);

/// Why the screen could not be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The terminal refused.
    #[error("could not {attempt}: {source}; `monologue show` prints a trace without a screen")]
    Terminal {
        /// What was attempted.
        attempt: &'static str,
        /// Why not.
        source: io::Error,
    },
}

/// Says what was attempted when it fails.
trait Attempted<T> {
    fn attempted(self, attempt: &'static str) -> Result<T, Error>;
}

impl<T> Attempted<T> for io::Result<T> {
    fn attempted(self, attempt: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error::Terminal { attempt, source })
    }
}

/// Runs the debugger until the user quits. Takes the terminal and gives it back.
///
/// # Errors
/// When standard output is no terminal, or the terminal fails.
pub fn run(mut session: Session) -> Result<(), Error> {
    let (events, inbox) = mpsc::channel();
    if let Some(traced) = session.traced.take() {
        forward(events.clone(), traced, session.trace.dropped());
        // The app only needs to know that there is more to come.
        session.traced = Some(mpsc::channel().1);
    }
    let mouse = session.look.mouse;
    let app = App::new(session, events.clone());
    let mut held = Held::take()?;
    if mouse {
        execute!(io::stdout(), EnableMouseCapture).attempted("take the mouse")?;
    }
    listen(events);
    let ended = turn(app, &mut held, &inbox);
    drop(held);
    ended
}

/// The loop: wait, take everything that waits, draw once. Idle costs nothing; there is no tick.
fn turn(mut app: App, held: &mut Held, inbox: &Receiver<Event>) -> Result<(), Error> {
    let mut drawn = None::<Instant>;
    let mut stale = true;
    while app.running() {
        let due = drawn.map_or(Duration::ZERO, |it| FRAME.saturating_sub(it.elapsed()));
        if stale && due.is_zero() {
            held.terminal
                .draw(|frame| app.draw(frame))
                .attempted("draw on the terminal")?;
            drawn = Some(Instant::now());
            stale = false;
        }
        let event = match stale {
            true => match inbox.recv_timeout(due) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            },
            false => match inbox.recv() {
                Ok(event) => event,
                Err(_) => break,
            },
        };
        #[cfg(debug_assertions)]
        panic_if_asked(&event);
        app.take(event);
        while let Ok(event) = inbox.try_recv() {
            #[cfg(debug_assertions)]
            panic_if_asked(&event);
            app.take(event);
        }
        stale = true;
        for effect in app.effects() {
            held.apply(effect)?;
        }
    }
    Ok(())
}

/// How a test sees to it that a bug of ours leaves the terminal whole.
#[cfg(debug_assertions)]
fn panic_if_asked(event: &Event) {
    use crossterm::event::{Event as Input, KeyCode};

    let pressed = matches!(event, Event::Terminal(Input::Key(key)) if key.code == KeyCode::F(12));
    assert!(
        !pressed || std::env::var_os("MONOLOGUE_PANIC_ON_F12").is_none(),
        "asked to panic"
    );
}

/// Hands what the keyboard and the mouse send to the loop, for as long as there is one.
fn listen(events: Sender<Event>) {
    thread::spawn(move || {
        loop {
            let event = match crossterm::event::read() {
                Ok(event) => Event::Terminal(event),
                Err(_) => Event::Gone,
            };
            let is_gone = matches!(event, Event::Gone);
            if events.send(event).is_err() || is_gone {
                return;
            }
        }
    });
}

/// The terminal while it is ours.
struct Held {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Held {
    fn take() -> Result<Self, Error> {
        restore_on_panic();
        enter().attempted("take the terminal")?;
        let backend = CrosstermBackend::new(io::stdout());
        match Terminal::new(backend) {
            Ok(terminal) => Ok(Self { terminal }),
            Err(source) => {
                restore();
                Err(Error::Terminal {
                    attempt: "take the terminal",
                    source,
                })
            }
        }
    }

    fn apply(&mut self, effect: Effect) -> Result<(), Error> {
        match effect {
            Effect::Mouse(true) => {
                execute!(io::stdout(), EnableMouseCapture).attempted("take the mouse")
            }
            Effect::Mouse(false) => {
                execute!(io::stdout(), DisableMouseCapture).attempted("leave the mouse")
            }
            Effect::Redraw => self.redraw(),
            Effect::Copy(text) => {
                // OSC 52: the terminal's own clipboard, also at the far end of a connection.
                let coded = base64::engine::general_purpose::STANDARD.encode(text.as_bytes());
                let mut out = io::stdout();
                write!(out, "\x1b]52;c;{coded}\x1b\\")
                    .and_then(|()| out.flush())
                    .attempted("copy to the terminal")
            }
            Effect::Suspend => {
                restore();
                stop();
                enter().attempted("take the terminal back")?;
                self.redraw()
            }
        }
    }

    /// Sees to it that the next drawing draws every cell. Unlike `Terminal::clear`, this does not ask
    /// the terminal where its cursor is: the answer would be taken by the thread that reads keys.
    fn redraw(&mut self) -> Result<(), Error> {
        let attempt = "clear the terminal";
        let size = self.terminal.size().attempted(attempt)?;
        self.terminal.resize(size.into()).attempted(attempt)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        restore();
    }
}

fn enter() -> io::Result<()> {
    crossterm::terminal::enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, Hide)
}

/// Gives the terminal back; does what can be done, whatever fails. Raw mode goes last, so that a
/// terminal found cooked is a terminal wholly restored.
fn restore() {
    let mut out = io::stdout();
    let _ = execute!(
        out,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _ = out.flush();
    let _ = crossterm::terminal::disable_raw_mode();
}

/// A panic gives the terminal back before it is reported. One of a job is reported in its pane instead,
/// and the screen goes on; one of another thread ends the program, since the screen cannot go on
/// without it.
fn restore_on_panic() {
    let before = std::panic::take_hook();
    let screen = thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        if thread::current().name() == Some(job::THREAD) {
            return;
        }
        restore();
        before(info);
        if thread::current().id() != screen {
            std::process::exit(101);
        }
    }));
}

#[cfg(unix)]
fn stop() {
    // The whole process group, as the terminal itself would.
    let _ = nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(0),
        nix::sys::signal::Signal::SIGTSTP,
    );
}

#[cfg(not(unix))]
fn stop() {}
