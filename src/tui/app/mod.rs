//! The state of the screen, and the one place that changes it.

mod act;
mod along;
mod draw;
mod input;
mod live;

use std::{
    collections::HashMap,
    sync::{Arc, mpsc::Sender},
};

use ratatui::{crossterm::event::Event as Terminal, layout::Rect};

use self::input::Input;
use super::{
    Action, Event, Index, Progress, Styles,
    counts::Key,
    job::Jobs,
    layout::{self, Plan, Wish},
    overlay::Overlay,
    pane::{self, Focus, Pane, View},
    session::{Breakpoint, Program, Session},
};
use crate::{
    represent::Representation,
    trace::{Cursor, StepId, Trace},
};

/// Places to come back to: at most this many.
const REMEMBERED: usize = 1000;

/// What the loop around the app has to do to the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Take the mouse, or leave it.
    Mouse(bool),
    /// Stop, as Ctrl-Z does to other programs.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Put this on the terminal's clipboard.
    Copy(Arc<str>),
}

/// The state of the screen.
pub struct App {
    run: Run,
    focus: Focus,
    route: Route,
    panes: Vec<Box<dyn Pane>>,
    screen: Screen,
    jobs: Jobs,
    input: Input,
    running: bool,
}

/// The recording, and how to look at it.
struct Run {
    trace: Trace,
    index: Index,
    title: String,
    /// Whether more may come.
    grows: bool,
    /// The way to the program, as long as it runs.
    program: Option<Box<dyn Program>>,
    /// Whether it was interrupted already.
    interrupted: bool,
    /// Whether its input is still open.
    listens: bool,
    representations: &'static [&'static dyn Representation],
}

/// Where the user stops, was, and wants to come back to.
#[derive(Default)]
struct Route {
    breakpoints: Vec<Breakpoint>,
    jumps: Vec<Cursor>,
    marks: HashMap<char, Cursor>,
    /// Whether the user has moved: until then a growing run may choose where to stand.
    moved: bool,
}

/// What is on the screen besides the panes' own state.
struct Screen {
    focused: usize,
    tab: usize,
    zoomed: bool,
    tall: bool,
    mouse: bool,
    ascii: bool,
    plan: Plan,
    overlay: Option<Overlay>,
    toast: Option<String>,
    /// What the toast waits for to tell how many tokens it was.
    counted: Option<Key>,
    /// What is half typed to the program.
    typing: Option<String>,
    query: String,
    styles: Styles,
    effects: Vec<Effect>,
}

impl App {
    /// Everything as `session` says; news of jobs goes to `events`.
    pub fn new(session: Session, events: Sender<Event>) -> Self {
        let mut index = Index::default();
        index.extend(&session.trace);
        let opening = |trace: &Trace| Cursor::opening(trace);
        let goto = session.goto.and_then(|it| Cursor::on(&session.trace, it));
        let toast = match (session.goto, goto) {
            (Some(step), None) => Some(format!("the run has no step {}", step.number())),
            _ => None,
        };
        let mut jobs = Jobs::new(
            events,
            session.asker,
            session.repairer,
            session.counter,
            session.budget,
            session.since,
        );
        jobs.files.prepare(&session.trace);
        jobs.masks.prepare(&session.trace, session.traced.is_none());
        let focus = Focus {
            cursor: goto.or_else(|| opening(&session.trace)),
            ..Focus::default()
        };
        Self {
            focus,
            run: Run {
                index,
                title: session.title,
                grows: session.traced.is_some(),
                listens: session.program.is_some(),
                program: session.program,
                interrupted: false,
                representations: session.representations,
                trace: session.trace,
            },
            route: Route {
                breakpoints: session.breakpoints,
                moved: goto.is_some(),
                ..Route::default()
            },
            panes: pane::ALL.iter().map(|it| it.make()).collect(),
            screen: Screen {
                focused: layout::named("source"),
                tab: layout::named("output"),
                zoomed: false,
                tall: false,
                mouse: session.look.mouse,
                ascii: session.look.ascii,
                plan: Plan::default(),
                overlay: None,
                toast,
                counted: None,
                typing: None,
                query: String::new(),
                styles: session.look.styles,
                effects: Vec::new(),
            },
            jobs,
            input: Input::new(session.look.keymap),
            running: true,
        }
    }

    /// Whether to go on.
    pub fn running(&self) -> bool {
        self.running
    }

    /// Where the user stands; `None` before the first step arrives.
    pub fn cursor(&self) -> Option<Cursor> {
        self.focus.cursor
    }

    /// What is to be done to the terminal since it was last asked.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.screen.effects)
    }

    /// Takes one event. Costs nothing that grows with the run, but for what the run itself grew by.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::Terminal(Terminal::Key(key)) => self.press(key),
            Event::Terminal(Terminal::Mouse(mouse)) => self.point(mouse),
            Event::Terminal(_) => (),
            Event::Gone => self.running = false,
            Event::Traced(trace) => self.grow(trace),
            Event::Rebased(it) => {
                let (trace, index) = *it;
                self.rebase(&trace, index);
                self.grow(trace);
            }
            Event::Job(id, progress) => {
                if matches!(progress, Progress::Written(_)) {
                    self.jobs.files.look(&self.run.trace);
                }
                if let Some(parcel) = self.jobs.take(id, progress) {
                    self.hand_over(parcel);
                }
            }
            Event::Counted { key, tokens, by } => {
                self.jobs.counts.take(key, tokens, &by);
                self.count_in(key, tokens, &by);
            }
            Event::Fitted { key, fitted } => self.jobs.counts.take_fitted(key, fitted),
            Event::Since(since) => self.jobs.files.take(since),
            Event::Masks { reading, last } => {
                self.jobs.masks.take(reading, last);
                self.jobs.masks.prepare(&self.run.trace, !self.run.grows);
            }
        }
    }

    /// Stands on what the newest snapshot shows.
    fn grow(&mut self, trace: Trace) {
        if trace.dropped() != self.run.trace.dropped() {
            self.rebase(&trace, Index::default());
        }
        self.run.index.extend(&trace);
        self.run.grows = trace.ending() == crate::trace::Ending::Open;
        if !self.run.grows {
            self.end();
        }
        if !self.route.moved {
            self.focus.cursor = Cursor::opening(&trace);
        }
        self.jobs.masks.prepare(&trace, !self.run.grows);
        self.jobs.files.prepare(&trace);
        self.run.trace = trace;
    }

    fn view(&self, pane: usize) -> View<'_> {
        View {
            trace: &self.run.trace,
            index: &self.run.index,
            focus: self.focus,
            breakpoints: &self.route.breakpoints,
            jobs: &self.jobs,
            representations: self.run.representations,
            query: &self.screen.query,
            styles: &self.screen.styles,
            listens: self.run.grows && self.run.listens,
            typing: self.screen.typing.as_deref(),
            focused: pane == self.screen.focused && self.screen.overlay.is_none(),
        }
    }

    /// Lets a pane do something with a view of everything else.
    fn with<T>(&mut self, pane: usize, ask: impl FnOnce(&mut dyn Pane, View<'_>) -> T) -> T {
        let view = View {
            trace: &self.run.trace,
            index: &self.run.index,
            focus: self.focus,
            breakpoints: &self.route.breakpoints,
            jobs: &self.jobs,
            representations: self.run.representations,
            query: &self.screen.query,
            styles: &self.screen.styles,
            listens: self.run.grows && self.run.listens,
            typing: self.screen.typing.as_deref(),
            focused: pane == self.screen.focused && self.screen.overlay.is_none(),
        };
        ask(self.panes[pane].as_mut(), view)
    }

    fn plan(&self, area: Rect) -> Plan {
        let screen = &self.screen;
        layout::plan(
            area,
            Wish {
                focused: screen.focused,
                tab: screen.tab,
                zoomed: screen.zoomed,
                tall: screen.tall,
            },
        )
    }

    /// Gives the focus to a pane; one that takes turns has its turn.
    fn focus_on(&mut self, pane: usize) {
        self.screen.focused = pane;
        self.show(pane);
    }

    /// Brings a pane into sight without giving it the focus, where that can be.
    fn show(&mut self, pane: usize) {
        let name = pane::ALL[pane].name();
        if ["output", "calls", "loop", "formats", "monologue", "repair"].contains(&name) {
            self.screen.tab = pane;
        }
    }

    fn go(&mut self, cursor: Cursor) {
        self.route.moved = true;
        self.focus.cursor = Some(cursor);
        self.focus.place = None;
    }

    /// As [`Self::go`], remembering where the user was.
    fn jump(&mut self, cursor: Cursor) {
        if let Some(from) = self.focus.cursor.filter(|it| *it != cursor) {
            if self.route.jumps.len() == REMEMBERED {
                self.route.jumps.remove(0);
            }
            self.route.jumps.push(from);
        }
        self.go(cursor);
    }

    fn jump_to(&mut self, step: Option<StepId>) {
        match step.and_then(|it| Cursor::on(&self.run.trace, it)) {
            Some(cursor) => self.jump(cursor),
            None => {
                let steps = self.run.trace.steps();
                let (first, last) = (steps.start().number(), steps.end().raw());
                self.say(format!("the steps are {first} to {last}"));
            }
        }
    }

    fn say(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.screen.toast = (!text.is_empty()).then_some(text);
    }

    /// Carries out an action as if its key had been pressed.
    pub fn perform(&mut self, action: Action) {
        self.act(action, None);
    }
}
