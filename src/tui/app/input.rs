//! Keys and clicks on their way to actions: counts, sequences, letters of marks, what an overlay takes.

use std::time::{Duration, Instant};

use ratatui::{
    crossterm::event::{KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind},
    layout::Position,
};

use super::App;
use crate::{
    trace::StepId,
    tui::{
        Action, Keymap,
        keymap::{Key, Meaning},
        overlay::Answer,
        pane,
        session::Breakpoint,
    },
};

/// How long a digit that focused a pane still counts as a number for a motion.
const COUNTS_FOR: Duration = Duration::from_millis(500);
/// How long a number of several digits waits for its motion.
const WAITS_FOR: Duration = Duration::from_secs(5);
/// Larger counts are cut.
const MOST: u32 = 999_999_999;

/// Keys pressed and not yet understood.
pub(super) struct Input {
    pub(super) keymap: Keymap,
    keys: Vec<Key>,
    count: Option<Count>,
    /// The action that waits for a letter.
    letter: Option<Action>,
}

struct Count {
    number: u32,
    digits: u32,
    since: Instant,
    /// Which pane had the focus, and which its turn, before the first digit changed that.
    before: (usize, usize),
}

impl Input {
    pub(super) fn new(keymap: Keymap) -> Self {
        Self {
            keymap,
            keys: Vec::new(),
            count: None,
            letter: None,
        }
    }

    /// What was typed of a sequence, for the status row.
    pub(super) fn typed(&self) -> Option<String> {
        let keys: String = self.keys.iter().map(Key::to_string).collect();
        let waits = self.letter.map(|it| match it {
            Action::SetMark => "mark: a letter sets it, Esc leaves",
            _ => "go to mark: its letter, Esc leaves",
        });
        // One digit alone has focused a pane, and that can be seen.
        let count = self.count.as_ref().filter(|it| 1 < it.digits);
        let count = count.map(|it| format!("{} × …", it.number));
        waits
            .map(String::from)
            .or((!keys.is_empty()).then(|| keys + " …"))
            .or(count)
    }
}

impl Count {
    fn holds(&self) -> bool {
        let time = if 1 < self.digits {
            WAITS_FOR
        } else {
            COUNTS_FOR
        };
        self.since.elapsed() < time
    }
}

/// Whether a number typed before `action` says how often, or to where.
fn counts(action: Action) -> bool {
    action.group() == "time"
}

impl App {
    pub(super) fn press(&mut self, event: KeyEvent) {
        if event.kind == KeyEventKind::Release {
            return;
        }
        let key = Key::from(event);
        self.screen.toast = None;
        self.screen.counted = None;
        if self.screen.overlay.is_none() && self.screen.typing.is_some() {
            return self.type_key(key);
        }
        if self.screen.overlay.is_some() {
            return self.answer(key);
        }
        if let Some(action) = self.input.letter.take() {
            if let Some(letter) = key.typed() {
                self.mark(action, letter);
            }
            return;
        }
        if self.input.keys.is_empty() && self.digit(key) {
            return;
        }
        self.input.keys.push(key);
        let focused = pane::ALL[self.screen.focused].name();
        match self.input.keymap.meaning(&self.input.keys, focused) {
            Meaning::Action(action) => {
                self.input.keys.clear();
                let count = self
                    .input
                    .count
                    .take()
                    .filter(|it| counts(action) && it.holds());
                if let Some(count) = &count {
                    (self.screen.focused, self.screen.tab) = count.before;
                }
                if matches!(action, Action::SetMark | Action::GoToMark) {
                    self.input.letter = Some(action);
                    return;
                }
                self.act(action, count.map(|it| it.number));
            }
            Meaning::Beginning => (),
            Meaning::Nothing => {
                let keys: String = self.input.keys.drain(..).map(|it| it.to_string()).collect();
                self.input.count = None;
                let help = self.input.keymap.key_of(Action::Help);
                self.say(format!("{keys} does nothing here; {help} shows the keys"));
            }
        }
    }

    /// Takes a digit: the first focuses a pane, and any may turn out to be part of a count.
    fn digit(&mut self, key: Key) -> bool {
        let Some(digit) = key.typed().and_then(|it| it.to_digit(10)) else {
            return false;
        };
        let counted = self.input.count.take().filter(Count::holds);
        let since = Instant::now();
        if let Some(count) = counted {
            (self.screen.focused, self.screen.tab) = count.before;
            self.input.count = Some(Count {
                number: count
                    .number
                    .saturating_mul(10)
                    .saturating_add(digit)
                    .min(MOST),
                digits: count.digits + 1,
                since,
                before: count.before,
            });
            return true;
        }
        let before = (self.screen.focused, self.screen.tab);
        match self
            .input
            .keymap
            .meaning(&[key], pane::ALL[before.0].name())
        {
            Meaning::Action(action) if action.focuses().is_some() => self.act(action, None),
            _ => return false,
        }
        self.input.count = Some(Count {
            number: digit,
            digits: 1,
            since,
            before,
        });
        true
    }

    fn answer(&mut self, key: Key) {
        let Some(overlay) = &mut self.screen.overlay else {
            return;
        };
        let meaning = self.input.keymap.meaning(&[key], "");
        let answer = overlay.press(key, meaning);
        if answer != Answer::Stay {
            self.screen.overlay = None;
        }
        match answer {
            Answer::Stay | Answer::Close => (),
            Answer::Act(action) => self.act(action, None),
            Answer::GoTo(number) => self.jump_to(StepId::numbered(number)),
            Answer::Break(text) => match Breakpoint::parse(&text) {
                Some(it) => self.toggle(it),
                None => self.say(format!(
                    "could not set a breakpoint at {text:?}; write FILE:LINE"
                )),
            },
            Answer::Typed(asks, typed) => self.typed(asks, &typed),
        }
    }

    /// Takes a click or a turn of the wheel.
    pub(super) fn point(&mut self, event: MouseEvent) {
        let at = Position::new(event.column, event.row);
        // What stands inside another pane's border comes later in the plan.
        let slot = self
            .screen
            .plan
            .slots
            .iter()
            .rev()
            .find(|it| it.area.contains(at))
            .cloned();
        let Some(slot) = slot.filter(|_| self.screen.overlay.is_none()) else {
            return;
        };
        let is_timeline = pane::ALL[slot.pane].name() == "timeline";
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.screen.toast = None;
                self.focus_on(slot.pane);
                let inner = slot.inner();
                if inner.contains(at) {
                    let (column, row) = (at.x - inner.x, at.y - inner.y);
                    let outcome = self.with(slot.pane, |it, view| it.click(column, row, view));
                    self.carry_out(outcome);
                }
            }
            MouseEventKind::ScrollDown if is_timeline => self.act(Action::StepInto, None),
            MouseEventKind::ScrollUp if is_timeline => self.act(Action::StepIntoBack, None),
            MouseEventKind::ScrollDown => self.scroll(slot.pane, Action::Down),
            MouseEventKind::ScrollUp => self.scroll(slot.pane, Action::Up),
            _ => (),
        }
    }

    fn scroll(&mut self, pane: usize, action: Action) {
        for _ in 0..3 {
            let outcome = self.with(pane, |it, view| it.act(action, view));
            self.carry_out(outcome);
        }
    }
}
