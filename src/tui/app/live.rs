//! The program while it runs: interrupted, and typed to.

use ratatui::crossterm::event::{KeyCode, KeyModifiers};

use super::App;
use crate::{
    trace::{Cursor, FrameId, Trace},
    tui::{Action, Index, job, keymap::Key, keymap::Meaning, layout},
};

impl App {
    /// Ctrl-C: the program is interrupted, then ended; where none runs, the debugger is left.
    pub(super) fn interrupt(&mut self) {
        let key = self.input.keymap.key_of(Action::Interrupt);
        let Some(program) = self.run.program.as_mut().filter(|_| self.run.grows) else {
            self.running = false;
            return;
        };
        if self.run.interrupted {
            program.kill();
            return self.say("ended the program; its trace is kept");
        }
        program.interrupt();
        self.run.interrupted = true;
        self.say(format!(
            "interrupted the program; {key} once more ends it, and its trace is kept"
        ));
    }

    /// Goes over to a trace of the same run that has lost its oldest steps, and to the `index` of it: steps,
    /// names, files and codes are called what they were, all else is not.
    pub(super) fn rebase(&mut self, trace: &Trace, index: Index) {
        let old = std::mem::replace(&mut self.run.trace, trace.clone());
        let old_index = std::mem::replace(&mut self.run.index, index);
        let first = trace.steps().first().and_then(|it| Cursor::on(trace, it));
        let was = self.focus.cursor;
        let kept = was.and_then(|it| it.carried(&old, trace));
        self.focus.cursor = kept.or(first);
        if let (Some(was), None, Some(now)) = (was, kept, first) {
            self.say(format!(
                "step {} is gone, as only the newest are kept: this is the oldest one, step {}",
                was.step().number(),
                now.step().number()
            ));
        }
        self.route.jumps = std::mem::take(&mut self.route.jumps)
            .into_iter()
            .filter_map(|it| it.carried(&old, trace))
            .collect();
        self.route.marks = std::mem::take(&mut self.route.marks)
            .into_iter()
            .filter_map(|(key, it)| Some((key, it.carried(&old, trace)?)))
            .collect();
        let frames = self.focus.cursor.map(|it| it.step());
        let frames = frames.map_or_else(Vec::new, |step| {
            let frames = |of: &Trace| -> Vec<FrameId> {
                let event = of.steps().get(step).map(|it| it.event);
                let stack = event.map_or_else(Vec::new, |it| of.stack(it));
                stack.into_iter().map(|it| of.events()[it].frame).collect()
            };
            frames(&old).into_iter().zip(frames(trace)).collect()
        });
        let frame = |it: FrameId| frames.iter().find(|(old, _)| *old == it).map(|it| it.1);
        for pane in &mut self.panes {
            pane.rebase(&frame);
        }
        self.jobs.masks.rebase(trace);
        // Letting go of millions of events takes longer than a frame may.
        let gone = std::thread::Builder::new().name(job::THREAD.into());
        let _ = gone.spawn(move || drop((old, old_index)));
    }

    /// The program has ended.
    pub(super) fn end(&mut self) {
        self.run.program = None;
        self.run.listens = false;
        if self.screen.typing.take().is_some() {
            self.say("the program has ended and reads no more");
        }
    }

    /// Opens the line that goes to the program, where it still reads.
    pub(super) fn begin_typing(&mut self) {
        if !(self.run.grows && self.run.program.is_some()) {
            return self.say("no program runs that could be typed to");
        }
        if !self.run.listens {
            return self.say("the program's input has ended");
        }
        self.focus_on(layout::named("output"));
        self.screen.typing = Some(String::new());
    }

    /// A key while something is being typed to the program.
    pub(super) fn type_key(&mut self, key: Key) {
        let Some(typed) = &mut self.screen.typing else {
            return;
        };
        match (key.code(), key.typed()) {
            (KeyCode::Esc, _) => self.screen.typing = None,
            (KeyCode::Enter, _) => {
                let line = std::mem::take(typed) + "\n";
                let program = self.run.program.as_mut();
                if !program.is_some_and(|it| it.send(line.into_bytes())) {
                    self.screen.typing = None;
                    self.run.listens = false;
                    self.say("the program reads no more");
                }
            }
            (KeyCode::Backspace, _) => drop(typed.pop()),
            (KeyCode::Char('d'), _) if key.has(KeyModifiers::CONTROL) => {
                // As a terminal does: what was typed of the line is sent first.
                let rest = std::mem::take(typed);
                if let Some(program) = &mut self.run.program {
                    if !rest.is_empty() {
                        program.send(rest.into_bytes());
                    }
                    program.close();
                }
                self.screen.typing = None;
                self.run.listens = false;
                self.say("ended the program's input");
            }
            (_, Some(c)) => typed.push(c),
            _ => {
                let meaning = self.input.keymap.meaning(&[key], "");
                if meaning == Meaning::Action(Action::Interrupt) {
                    self.screen.typing = None;
                    self.interrupt();
                }
            }
        }
    }
}
