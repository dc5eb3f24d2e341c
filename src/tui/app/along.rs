//! What is taken along from the screen: to the terminal's clipboard, or to a file.

use std::{fs, sync::Arc};

use super::{App, Effect};
use crate::tui::{
    Action,
    counts::{self, Key},
    job::{Parcel, Target},
    overlay::Asks,
    pane::Copied,
    text,
};

/// Bytes that are handed to a terminal's clipboard at most; many take less.
const CLIPBOARD: usize = 1 << 20;

impl App {
    /// Takes what was typed to a prompt.
    pub(super) fn typed(&mut self, asks: Asks, typed: &str) {
        match asks {
            Asks::Search => {
                self.screen.query = typed.into();
                self.act(Action::NextMatch, None);
            }
            Asks::Save(it) => self.take_along(it, Target::File(typed.trim().into())),
            Asks::Budget => match (typed.trim(), typed.trim().parse()) {
                ("", _) => {
                    self.jobs.budget = None;
                    self.say("pages have no limit");
                }
                (_, Ok(tokens)) if 0 < tokens => {
                    self.jobs.budget = Some(tokens);
                    self.say(format!("pages are cut to {tokens} tokens"));
                }
                _ => self.say(format!("{typed:?} is no number of tokens")),
            },
        }
    }

    /// Takes something along, at once or when it is written.
    pub(super) fn take_along(&mut self, it: Copied, to: Target) {
        match it {
            Copied::Text { what, text } => self.hand_over(Parcel {
                what,
                text: Ok(text.into()),
                to,
            }),
            Copied::Page(page) => {
                let Some(&representation) = self.run.representations.get(page.at) else {
                    return;
                };
                let trace = &self.run.trace;
                let begun = self.jobs.page(representation, page, trace, to);
                if let Err(why) = begun {
                    self.say(why);
                }
            }
        }
    }

    /// Hands a text over and says what it was.
    pub(super) fn hand_over(&mut self, parcel: Parcel) {
        let text = match parcel.text {
            Ok(text) => text,
            Err(why) => return self.say(why),
        };
        let count = text.chars().count();
        let key = counts::key(&text);
        let tokens = self.jobs.counts.of(key, &text);
        let done = match &parcel.to {
            Target::Clipboard if CLIPBOARD < text.len() => {
                let save = self.input.keymap.key_of(Action::Save);
                return self.say(format!(
                    "{} has {count} characters, too many for a terminal's clipboard; {save} saves it to a file",
                    parcel.what
                ));
            }
            Target::Clipboard => {
                self.screen.effects.push(Effect::Copy(Arc::clone(&text)));
                format!("copied {}", parcel.what)
            }
            Target::File(path) => match fs::write(path, text.as_bytes()) {
                Ok(()) => format!("saved {} to {path}", parcel.what),
                Err(error) => {
                    return self.say(format!(
                        "could not write {path}: {error}; name another file"
                    ));
                }
            },
        };
        self.say(format!("{}: {count} characters", text::clean(&done)));
        match tokens {
            Some(tokens) => {
                let by = self.jobs.counts.by().unwrap_or_default().into();
                self.screen.counted = Some(key);
                self.count_in(key, Some(tokens), &by);
            }
            None => self.screen.counted = Some(key),
        }
    }

    /// Adds to what was said how many tokens it was.
    pub(super) fn count_in(&mut self, key: Key, tokens: Option<usize>, by: &Arc<str>) {
        if self.screen.counted == Some(key)
            && let (Some(tokens), Some(said)) = (tokens, &mut self.screen.toast)
        {
            said.push_str(&format!(", {tokens} tokens by {by}"));
            self.screen.counted = None;
        }
    }
}
