//! The program while it runs: interrupted, and typed to.

use ratatui::crossterm::event::{KeyCode, KeyModifiers};

use super::App;
use crate::tui::{Action, keymap::Key, keymap::Meaning, layout};

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
