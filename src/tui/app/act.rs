//! What each action does: the focused pane first, then the pane whose own it is, then the app.

use ratatui::layout::Rect;

use super::{App, Effect};
use crate::{
    trace::{Cursor, Heading, NameId, StepId, Stride},
    tui::{
        Action, Place,
        job::Target,
        layout,
        overlay::{Asks, Overlay},
        pane::{self, Outcome},
        session::Breakpoint,
        text,
        travel::{self, Arrival},
        why,
    },
};

/// The pane that answers `action` wherever the focus is.
fn home(action: Action) -> Option<&'static str> {
    match action {
        Action::ToggleValues => Some("source"),
        Action::ToggleHidden => Some("locals"),
        Action::NextFormat
        | Action::AllFormats
        | Action::CompareFormats
        | Action::ToggleProfile
        | Action::NextMode => Some("formats"),
        Action::AskForward
        | Action::AskBackward
        | Action::Retry
        | Action::CompareAnswers
        | Action::Reload => Some("monologue"),
        Action::Repair | Action::Apply | Action::Undo => Some("repair"),
        _ => None,
    }
}

impl App {
    /// Carries out `action`, `count` times where that makes sense.
    pub(super) fn act(&mut self, action: Action, count: Option<u32>) {
        let repeats = match action {
            Action::FirstStep | Action::LastStep => 1,
            _ => count.unwrap_or(1).max(1),
        };
        if let (Action::FirstStep | Action::LastStep, Some(number)) = (action, count) {
            return self.jump_to(StepId::numbered(number));
        }
        for turn in 0..repeats {
            let before = self.focus;
            self.screen.toast = None;
            self.act_once(action);
            // A repetition that can go no further keeps what was reached.
            if 0 < turn && before == self.focus {
                break;
            }
        }
    }

    fn act_once(&mut self, action: Action) {
        if let Some(name) = home(action) {
            let pane = layout::named(name);
            if matches!(action.group(), "formats" | "model") {
                self.show(pane);
                let seen = self
                    .screen
                    .plan
                    .slots
                    .iter()
                    .any(|it| it.pane == pane || it.tabs.contains(&pane));
                if !seen {
                    self.focus_on(pane);
                }
            }
            if action == Action::AllFormats {
                self.screen.tall = !self.screen.tall;
            }
            if action == Action::CompareFormats {
                self.screen.tall = true;
            }
            let outcome = self.with(pane, |it, view| it.act(action, view));
            return self.carry_out(outcome);
        }
        let outcome = self.with(self.screen.focused, |it, view| it.act(action, view));
        match outcome {
            Outcome::Ignored => self.act_alone(action),
            outcome => self.carry_out(outcome),
        }
    }

    pub(super) fn carry_out(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Ignored | Outcome::Done => (),
            Outcome::Say(text) => self.say(text),
            Outcome::Go(cursor) => self.jump(cursor),
            Outcome::Select(name) => self.focus.variable = Some(name),
            Outcome::Point(place) => self.focus.place = Some(place),
            Outcome::Show(title, text) => self.screen.overlay = Some(Overlay::text(title, &text)),
            Outcome::Copy(it) => self.take_along(it, Target::Clipboard),
            Outcome::Save(it, name) => {
                self.screen.overlay = Some(Overlay::prompt(Asks::Save(it), name));
            }
            Outcome::Start(job) => {
                let Some(cursor) = self.focus.cursor else {
                    return self.say("there is no step to ask about yet");
                };
                if let Err(why) = self.jobs.start(job, &self.run.trace, cursor) {
                    self.say(why);
                }
            }
        }
    }

    /// What no pane answers.
    fn act_alone(&mut self, action: Action) {
        if let Some(name) = action.focuses() {
            return self.focus_on(layout::named(name));
        }
        match action {
            Action::Quit => self.running = false,
            Action::NextPane => self.cycle(1),
            Action::PreviousPane => self.cycle(pane::ALL.len() - 1),
            Action::Zoom => self.screen.zoomed = !self.screen.zoomed,
            Action::Palette => self.screen.overlay = Some(Overlay::palette("")),
            Action::Help => self.screen.overlay = Some(Overlay::help(&self.input.keymap)),
            Action::Search => {
                self.screen.overlay = Some(Overlay::prompt(Asks::Search, String::new()));
            }
            Action::SetBudget => {
                let now = self.jobs.budget.map_or(String::new(), |it| it.to_string());
                self.screen.overlay = Some(Overlay::prompt(Asks::Budget, now));
            }
            // Where a pane has nothing of its own to take along, the format is meant.
            Action::Copy | Action::Save => {
                let formats = layout::named("formats");
                let outcome = self.with(formats, |it, view| it.act(action, view));
                match outcome {
                    Outcome::Ignored => self.say("there is nothing to copy here"),
                    outcome => self.carry_out(outcome),
                }
            }
            Action::Type => self.begin_typing(),
            Action::Interrupt => self.interrupt(),
            Action::NextMatch | Action::PreviousMatch => self.say("this pane cannot be searched"),
            Action::ToggleMouse => {
                self.screen.mouse = !self.screen.mouse;
                self.screen.effects.push(Effect::Mouse(self.screen.mouse));
                self.say(match self.screen.mouse {
                    true => "the mouse is ours: click to focus and jump",
                    false => "the mouse is the terminal's: select text with it",
                });
            }
            Action::Redraw => self.screen.effects.push(Effect::Redraw),
            Action::Suspend => self.screen.effects.push(Effect::Suspend),
            Action::Cancel => self.cancel(),
            Action::ToggleBreakpoint => match self.place() {
                Some(place) => {
                    let file = self.run.trace.files()[place.file].path.to_string();
                    self.toggle(Breakpoint {
                        file,
                        line: place.line,
                    });
                }
                None => self.say("there is no line to stop at"),
            },
            Action::EditBreakpoint => {
                let place = self.place().map(|it| {
                    let path = &self.run.trace.files()[it.file].path;
                    format!("{}:{}", path.rsplit('/').next().unwrap_or(path), it.line)
                });
                let text = format!("break {}", place.unwrap_or_default());
                self.screen.overlay = Some(Overlay::palette(&text));
            }
            Action::JumpBack => match self.route.jumps.pop() {
                Some(cursor) => self.go(cursor),
                None => self.say("there is no earlier place to go back to"),
            },
            action => match self.focus.cursor {
                Some(cursor) => self.travel(action, cursor),
                None => self.say("there is no step to start from yet"),
            },
        }
    }

    /// Actions that start from where the cursor is.
    fn travel(&mut self, action: Action, cursor: Cursor) {
        let (trace, index) = (&self.run.trace, &self.run.index);
        if let Some(motion) = action.motion() {
            return match cursor.moved(trace, motion) {
                Some(cursor) => self.go(cursor),
                None => self.say(stuck(motion.stride, motion.heading)),
            };
        }
        let (forward, backward) = (Heading::Forward, Heading::Backward);
        let stops = &self.route.breakpoints;
        let journey = match action {
            Action::Continue => travel::run(trace, index, stops, cursor, forward),
            Action::ContinueBack => travel::run(trace, index, stops, cursor, backward),
            Action::RunToCursor => self.beside_line(cursor, forward),
            Action::RunToCursorBack => self.beside_line(cursor, backward),
            Action::NextIteration => travel::iteration(trace, index, cursor, forward),
            Action::PreviousIteration => travel::iteration(trace, index, cursor, backward),
            Action::NextCall => travel::call(trace, index, cursor, forward),
            Action::PreviousCall => travel::call(trace, index, cursor, backward),
            Action::NextWrite => self.beside_write(cursor, forward),
            Action::PreviousWrite => self.beside_write(cursor, backward),
            Action::NextException => travel::exception(trace, index, cursor, forward),
            Action::PreviousException => travel::exception(trace, index, cursor, backward),
            Action::Why | Action::History => return self.account(action, cursor),
            Action::FirstStep => return self.jump_to(trace.steps().first()),
            Action::LastStep => return self.jump_to(trace.steps().last()),
            Action::FrameUp | Action::FrameDown => {
                let (heading, end) = match action {
                    Action::FrameUp => (backward, "no recorded frame called this one"),
                    _ => (forward, "this is the innermost frame"),
                };
                return match cursor.looking(trace, heading) {
                    Some(cursor) => self.go(cursor),
                    None => self.say(end),
                };
            }
            _ => return,
        };
        match journey {
            Ok(Arrival { cursor, said }) => {
                self.jump(cursor);
                self.say(said);
            }
            Err(why) => self.say(why),
        }
    }

    fn beside_line(&self, cursor: Cursor, heading: Heading) -> Result<Arrival, String> {
        let place = self.place().ok_or("there is no line to run to")?;
        travel::to_line(&self.run.trace, &self.run.index, place, cursor, heading)
    }

    fn beside_write(&mut self, cursor: Cursor, heading: Heading) -> Result<Arrival, String> {
        let name = self
            .variable(cursor)
            .ok_or("no variable is selected: choose one in the locals")?;
        let arrival = travel::write(&self.run.trace, &self.run.index, name, cursor, heading);
        self.focus.variable = Some(name);
        arrival
    }

    /// Opens the list of moments behind the selected variable.
    fn account(&mut self, action: Action, cursor: Cursor) {
        let Some(name) = self.variable(cursor) else {
            return self.say("no variable is selected: choose one in the locals");
        };
        let (trace, masks) = (&self.run.trace, &self.jobs.masks);
        let spelled = text::clean(trace.name(name));
        let (title, moments) = match action {
            Action::Why => (
                format!("why {spelled} is what it is"),
                why::chain(trace, masks, cursor, name),
            ),
            _ => (
                format!("what {spelled} was, newest first"),
                why::history(trace, masks, cursor, name),
            ),
        };
        if moments.is_empty() {
            return self.say(format!("{spelled} holds nothing here"));
        }
        self.screen.overlay = Some(Overlay::moments(title, moments));
    }

    /// The selected variable, or the first that the current step changes, or the newest there is.
    fn variable(&self, cursor: Cursor) -> Option<NameId> {
        let trace = &self.run.trace;
        let event = cursor.event(trace);
        let changed = || trace.effect_of(event).writes.first().map(|it| it.name);
        let newest = || {
            let locals = trace.locals(cursor.frame(), event);
            locals
                .into_iter()
                .max_by_key(|it| it.since)
                .map(|it| it.name)
        };
        self.focus.variable.or_else(changed).or_else(newest)
    }

    /// The selected line, or the one that runs.
    fn place(&self) -> Option<Place> {
        self.focus.place.or_else(|| self.view(0).current())
    }

    pub(super) fn toggle(&mut self, breakpoint: Breakpoint) {
        let trace = &self.run.trace;
        let places: Vec<Place> = breakpoint.places(trace).collect();
        let stops = &mut self.route.breakpoints;
        let len = stops.len();
        stops.retain(|it| !places.iter().any(|at| it.is_at(trace, at.file, at.line)));
        if stops.len() < len {
            return self.say(format!("breakpoint {breakpoint} cleared"));
        }
        let runs: usize = places.iter().map(|it| self.run.index.runs(*it).len()).sum();
        self.say(match (places.is_empty(), runs) {
            (true, _) => format!("no recorded file is called {}", breakpoint.file),
            (false, 0) => {
                let never = travel::never(&self.run.trace);
                format!("breakpoint {breakpoint} set; the line {never}")
            }
            (false, runs) => format!("breakpoint {breakpoint} set; the line runs {runs} times"),
        });
        if !places.is_empty() {
            self.route.breakpoints.push(breakpoint);
        }
    }

    pub(super) fn mark(&mut self, action: Action, letter: char) {
        let Some(cursor) = self.focus.cursor else {
            return;
        };
        match (action, self.route.marks.get(&letter)) {
            (Action::SetMark, _) => {
                self.route.marks.insert(letter, cursor);
                self.say(format!(
                    "mark {letter} set at step {}",
                    cursor.step().number()
                ));
            }
            (_, Some(&cursor)) => self.jump(cursor),
            (_, None) => self.say(format!("no mark is called {letter}")),
        }
    }

    /// Leaves the innermost transient thing: a job, the zoom, a selected line.
    fn cancel(&mut self) {
        if self.jobs.cancel() {
            self.say("stopped");
        } else if self.screen.zoomed {
            self.screen.zoomed = false;
        } else {
            self.focus.place = None;
        }
    }

    /// Focuses the pane `by` further on among those on the screen and those that take turns there.
    fn cycle(&mut self, by: usize) {
        let tight = self
            .screen
            .plan
            .slots
            .iter()
            .filter(|it| it.area != Rect::ZERO)
            .count()
            <= 2;
        let count = pane::ALL.len();
        let shown = |pane: usize| {
            let slots = &self.screen.plan.slots;
            tight
                || slots
                    .iter()
                    .any(|it| it.pane == pane || it.tabs.contains(&pane))
        };
        let mut at = self.screen.focused;
        for _ in 0..count {
            at = (at + by) % count;
            if shown(at) {
                return self.focus_on(at);
            }
        }
    }
}

/// Why a motion goes nowhere.
fn stuck(stride: Stride, heading: Heading) -> &'static str {
    match (stride, heading) {
        (Stride::Into, Heading::Forward) => "already at the last step",
        (Stride::Into, Heading::Backward) => "already at the first step",
        (Stride::Over, Heading::Forward) => {
            "no later step of this frame or its callers; s goes to the very next step"
        }
        (Stride::Over, Heading::Backward) => {
            "no earlier step of this frame or its callers; S goes to the step before"
        }
        (Stride::Out, Heading::Forward) => "no caller runs on after this frame",
        (Stride::Out, Heading::Backward) => "no recorded frame called this one",
    }
}
