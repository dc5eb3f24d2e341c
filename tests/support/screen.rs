//! The whole app on a terminal that is not there, and stand-ins for what it is given.

use std::{
    ops::{ControlFlow, Range},
    sync::{
        Mutex,
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use monologue::{
    represent::{Moment, Pen, Representation, Request, Span, SpanKind},
    trace::{Cursor, Heading, Id, StepId, Trace},
    tui::{
        Answer, App, Asker, Claim, Event, Judged, Key, RepairProgress, RepairReport, Repairer,
        Session, Telling, Verdict, Wish,
    },
};
use ratatui::{Terminal, backend::TestBackend, crossterm::event::Event as Term};
use unicode_width::UnicodeWidthStr as _;

use super::fixture;

/// The app on a screen of a size.
pub(crate) struct Screen {
    pub(crate) app: App,
    news: Receiver<Event>,
    pub(crate) terminal: Terminal<TestBackend>,
}

impl Screen {
    pub(crate) fn of(session: Session, (width, height): (u16, u16)) -> Self {
        let (events, news) = mpsc::channel();
        Self {
            app: App::new(session, events),
            news,
            terminal: Terminal::new(TestBackend::new(width, height)).unwrap(),
        }
        .drawn()
    }

    /// Presses keys: characters, or names between `<` and `>`; `<lt>` is `<` itself.
    pub(crate) fn press(mut self, keys: &str) -> Self {
        for key in parsed(keys) {
            self.app.take(Event::Terminal(Term::Key(key.event())));
            self.draw();
        }
        self
    }

    /// Waits for the news of a job until the screen shows `text`.
    pub(crate) fn until(mut self, text: &str) -> Self {
        while !self.text().contains(text) {
            let event = self.news.recv_timeout(Duration::from_secs(10));
            let event = event.unwrap_or_else(|_| panic!("no {text:?} came:\n{}", self.text()));
            self.app.take(event);
            self.draw();
        }
        self
    }

    pub(crate) fn drawn(mut self) -> Self {
        self.draw();
        self
    }

    pub(crate) fn draw(&mut self) {
        self.terminal.draw(|frame| self.app.draw(frame)).unwrap();
    }

    pub(crate) fn text(&self) -> String {
        let buffer = self.terminal.backend().buffer();
        let rows = buffer.area.rows().map(|row| {
            let mut line = String::new();
            let mut hidden = 0;
            for cell in row.columns().map(|at| &buffer[at.as_position()]) {
                if hidden == 0 {
                    line += cell.symbol();
                    hidden = cell.symbol().width();
                }
                hidden = hidden.saturating_sub(1);
            }
            line.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    /// The style of every cell that `text` covers where it first appears.
    pub(crate) fn style_of(&self, text: &str) -> String {
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

    pub(crate) fn step(&self) -> u32 {
        self.app.cursor().unwrap().step().number()
    }
}

pub(crate) fn parsed(keys: &str) -> Vec<Key> {
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

pub(crate) fn session(trace: Trace) -> Session {
    Session {
        representations: &[&Plain, &Narrator],
        ..Session::new(trace, "test_sum.py::test_basic")
    }
}

pub(crate) fn screen(size: (u16, u16)) -> Screen {
    Screen::of(session(fixture::moving_sum()), size)
}

/// A stand-in representation: a line a step. Remembers what it was asked for.
pub(crate) struct Plain;
pub(crate) static ASKED: Mutex<Vec<Range<u32>>> = Mutex::new(Vec::new());

impl Representation for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }
    fn title(&self) -> &'static str {
        "Plain"
    }
    fn write(&self, trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
        let steps = request.window.start.raw()..request.window.end.raw();
        // Other tests look at short runs meanwhile.
        if 1000 < trace.steps().len() {
            ASKED.lock().unwrap().push(steps.clone());
        }
        for step in steps.map(StepId::new) {
            let at = trace.at(step);
            let span = || Span::new(SpanKind::Step, vec![Moment::Step(step)]).line(at.line);
            let code = trace.source(at.frame, at.line).unwrap_or_default();
            pen.tell(span, format_args!("<line> <{}> {}", at.line, code.trim()));
            pen.say("\n");
        }
    }
}

pub(crate) struct Narrator;

impl Representation for Narrator {
    fn name(&self) -> &'static str {
        "semcoder"
    }
    fn title(&self) -> &'static str {
        "SemCoder"
    }
    fn write(&self, trace: &Trace, request: &Request, pen: &mut Pen<'_>) {
        for step in Id::range(request.window.clone()) {
            let span = || Span::new(SpanKind::Prose, vec![Moment::Step(step)]);
            pen.tell(span, format_args!("[L{}] runs. ", trace.at(step).line));
        }
    }
}

/// Tells two claims, then waits until it is stopped where it is asked backward.
#[derive(Default)]
pub(crate) struct Teller {
    /// Whether it says that what it is asked leaves this machine.
    pub(crate) leaves: bool,
}

impl Asker for Teller {
    fn ask(
        &mut self,
        _trace: &Trace,
        wish: Wish,
        on_news: &mut dyn FnMut(Telling) -> ControlFlow<()>,
    ) -> Result<Answer, String> {
        let mut on_piece = |piece: &str| on_news(Telling::Piece(piece.into()));
        if wish.seed == 1 {
            let text = "L6 adds xs[2]=3. The element leaving is xs[1]=2.";
            return Ok(Answer {
                text: text.into(),
                answer: Some("[3, 5]".into()),
                seed: 1,
                ..Answer::default()
            });
        }
        let (first, second) = ("L6 adds xs[2]=3. ", "The element leaving is xs[0]=1.");
        for piece in [first, second] {
            let _ = on_piece(piece);
        }
        while wish.direction == Heading::Backward && on_piece("").is_continue() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let claim = |range, verdict, note: &str| Claim {
            range,
            verdict,
            step: Some(wish.cursor.step()),
            note: note.into(),
        };
        let end = first.len() + second.len();
        Ok(Answer {
            text: [first, second].concat(),
            answer: Some("[3, 5, 7]".into()),
            claims: vec![
                claim(0..first.len(), Verdict::True, ""),
                claim(first.len()..end, Verdict::Contradicted, "trace: xs[1]=2"),
            ],
            prompt_tokens: 812,
            output_tokens: 40,
            prefill: 0.5,
            decode: 1.5,
            ..Answer::default()
        })
    }

    fn reload(
        &mut self,
        on_news: &mut dyn FnMut(Telling) -> ControlFlow<()>,
    ) -> Result<(), String> {
        let what = "loading teller".into();
        let share = Some(0.5);
        let _ = on_news(Telling::Loading { what, share });
        let _ = on_news(Telling::Ready("teller, anew".into()));
        Ok(())
    }

    fn leaves(&self) -> bool {
        self.leaves
    }

    fn describe(&self) -> String {
        "teller (local)".into()
    }
}

/// Finds one fix after one failure, and remembers whether it was written.
pub(crate) struct Fixer;

impl Repairer for Fixer {
    fn repair(
        &mut self,
        _trace: &Trace,
        _cursor: Cursor,
        on_progress: &mut dyn FnMut(RepairProgress) -> ControlFlow<()>,
    ) -> Result<RepairReport, String> {
        let _ = on_progress(RepairProgress::Round(1, 3));
        let _ = on_progress(RepairProgress::Piece("s += xs[i]".into()));
        let failed = ("test_k1".to_owned(), false, "[1, 1]".to_owned());
        let _ = on_progress(RepairProgress::Judged(Judged {
            verdict: "wrong answer".into(),
            passed: false,
            tests: vec![failed],
        }));
        Ok(RepairReport {
            diff: Some("-        s += xs[i] - xs[i-k+1]\n+        s += xs[i] - xs[i-k]".into()),
            tests: vec![("test_basic".into(), true, String::new())],
            summary: "fixed in round 1: 1 line".into(),
        })
    }

    fn apply(&mut self) -> Result<String, String> {
        Ok("written to moving_sum.py".into())
    }

    fn undo(&mut self) -> Result<String, String> {
        Ok("moving_sum.py is as it was".into())
    }

    fn describe(&self) -> String {
        "4 tests".into()
    }
}

pub(crate) fn with_model() -> Screen {
    let session = Session {
        asker: Some(Box::new(Teller::default())),
        repairer: Some(Box::new(Fixer)),
        ..session(fixture::moving_sum())
    };
    Screen::of(session, (100, 30)).press("10G")
}
