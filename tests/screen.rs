//! Keys in, screen out, through the whole app on a terminal that is not there.

mod support {
    pub mod fixture;
}

use std::{
    ops::{ControlFlow, Range},
    sync::{
        Mutex,
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use monologue::{
    represent::{Moment, Page, Representation, Request, Span, SpanKind},
    trace::{Cursor, Heading, Id, StepId, Trace},
    tui::{
        Action, Answer, App, Asker, Breakpoint, Claim, Event, Judged, Key, Keymap, Meaning,
        Palette, RepairProgress, RepairReport, Repairer, Session, Styles, THEMES, Verdict, WINDOW,
        pane,
    },
};
use ratatui::{Terminal, backend::TestBackend, crossterm::event::Event as Term, style::Color};
use support::fixture;

/// The app on a screen of a size.
struct Screen {
    app: App,
    news: Receiver<Event>,
    terminal: Terminal<TestBackend>,
}

impl Screen {
    fn of(session: Session, (width, height): (u16, u16)) -> Self {
        let (events, news) = mpsc::channel();
        Self {
            app: App::new(session, events),
            news,
            terminal: Terminal::new(TestBackend::new(width, height)).unwrap(),
        }
        .drawn()
    }

    /// Presses keys: characters, or names between `<` and `>`; `<lt>` is `<` itself.
    fn press(mut self, keys: &str) -> Self {
        for key in parsed(keys) {
            self.app.take(Event::Terminal(Term::Key(key.event())));
            self.draw();
        }
        self
    }

    /// Waits for the news of a job until the screen shows `text`.
    fn until(mut self, text: &str) -> Self {
        while !self.text().contains(text) {
            let event = self.news.recv_timeout(Duration::from_secs(10));
            let event = event.unwrap_or_else(|_| panic!("no {text:?} came:\n{}", self.text()));
            self.app.take(event);
            self.draw();
        }
        self
    }

    fn drawn(mut self) -> Self {
        self.draw();
        self
    }

    fn draw(&mut self) {
        self.terminal.draw(|frame| self.app.draw(frame)).unwrap();
    }

    fn text(&self) -> String {
        let screen = self.terminal.backend().to_string();
        let rows = screen.lines().map(|it| it.trim_matches('"').trim_end());
        rows.collect::<Vec<_>>().join("\n")
    }

    /// The style of every cell that `text` covers where it first appears.
    fn style_of(&self, text: &str) -> String {
        let buffer = self.terminal.backend().buffer();
        let screen = self.text();
        let (row, line) = screen
            .lines()
            .enumerate()
            .find(|it| it.1.contains(text))
            .unwrap();
        let column = line[..line.find(text).unwrap()].chars().count();
        let cell = &buffer[(u16::try_from(column).unwrap(), u16::try_from(row).unwrap())];
        format!("fg {:?} bg {:?} {:?}", cell.fg, cell.bg, cell.modifier)
    }

    fn step(&self) -> u32 {
        self.app.cursor().unwrap().step().number()
    }
}

fn parsed(keys: &str) -> Vec<Key> {
    let mut res = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let name = match first {
            '<' => {
                let (name, tail) = rest[1..].split_once('>').unwrap();
                rest = tail;
                if name == "lt" {
                    "<".into()
                } else {
                    name.into()
                }
            }
            c => {
                rest = &rest[c.len_utf8()..];
                c.to_string()
            }
        };
        res.push(Key::named(&name).unwrap_or_else(|| panic!("no key {name:?}")));
    }
    res
}

fn session(trace: Trace) -> Session {
    Session {
        representations: &[&Plain, &Narrator],
        ..Session::new(trace, "test_sum.py::test_basic")
    }
}

fn screen(size: (u16, u16)) -> Screen {
    Screen::of(session(fixture::moving_sum()), size)
}

/// A stand-in representation: a line a step. Remembers what it was asked for.
struct Plain;
static ASKED: Mutex<Vec<Range<u32>>> = Mutex::new(Vec::new());

impl Representation for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }
    fn title(&self) -> &'static str {
        "Plain"
    }
    fn write(&self, trace: &Trace, request: &Request, page: &mut Page) {
        let steps = request.window.start.raw()..request.window.end.raw();
        ASKED.lock().unwrap().push(steps.clone());
        for step in steps.map(StepId::new) {
            let at = trace.at(step);
            let span = Span::new(SpanKind::Step, vec![Moment::Step(step)]).line(at.line);
            let code = trace.source(at.frame, at.line).unwrap_or_default();
            page.tell(span, format_args!("<line> <{}> {}", at.line, code.trim()));
            page.say("\n");
        }
    }
}

struct Narrator;

impl Representation for Narrator {
    fn name(&self) -> &'static str {
        "semcoder"
    }
    fn title(&self) -> &'static str {
        "SemCoder"
    }
    fn write(&self, trace: &Trace, request: &Request, page: &mut Page) {
        for step in Id::range(request.window.clone()) {
            let span = Span::new(SpanKind::Prose, vec![Moment::Step(step)]);
            page.tell(span, format_args!("[L{}] runs. ", trace.at(step).line));
        }
    }
}

#[test]
fn opens_on_the_failing_assert() {
    let screen = screen((80, 24));
    assert_eq!(screen.step(), 5);
    insta::assert_snapshot!("opening_80x24", screen.text());
}

#[test]
fn shows_a_step_at_every_size() {
    for (width, height) in [(80, 24), (120, 40), (200, 60), (60, 20), (20, 6), (1, 1)] {
        let screen = screen((width, height)).press("10G");
        insta::assert_snapshot!(format!("step_10_{width}x{height}"), screen.text());
    }
}
