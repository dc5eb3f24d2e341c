//! Keys to actions: `keymap.toml` is the default and the manual at once.

use std::{collections::BTreeMap, fmt};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Action, pane};

/// The built-in map, as text.
pub const DEFAULT: &str = include_str!("keymap.toml");

/// The section that holds whichever pane has the focus.
const ANY: &str = "any";

/// One key with its modifiers. Shift is part of the character where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

#[derive(Debug, Clone)]
struct Binding {
    place: String,
    keys: Vec<Key>,
    action: Action,
}

/// Which keys ask for what, and where.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

/// What the keys pressed so far mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// This action.
    Action(Action),
    /// The beginning of one or more sequences.
    Beginning,
    /// Nothing.
    Nothing,
}

/// Why a keymap could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no TOML of the right shape, or names an action that does not exist.
    #[error("could not read {file}, line {line}: {reason}")]
    Malformed {
        /// Which file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A key that does not exist.
    #[error(
        "could not read {file}: {action} is bound to {key:?}, and no key is called that; write a character, or a name such as enter, f5, ctrl+x"
    )]
    NoSuchKey {
        /// Which file.
        file: String,
        /// Whose key.
        action: String,
        /// As written.
        key: String,
    },
    /// A section for a pane that does not exist.
    #[error(
        "could not read {file}: there is no pane called {section:?}; the sections are any, {panes}"
    )]
    NoSuchPane {
        /// Which file.
        file: String,
        /// As written.
        section: String,
        /// Those that exist.
        panes: String,
    },
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        let kept = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let mut modifiers = event.modifiers & kept;
        let code = match event.code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char(c) => {
                modifiers -= KeyModifiers::SHIFT;
                KeyCode::Char(c)
            }
            code => code,
        };
        Self { code, modifiers }
    }
}

impl Key {
    /// The key that `name` names, as in `keymap.toml`.
    pub fn named(name: &str) -> Option<Self> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = name;
        while let Some((modifier, tail)) = rest.split_once('+').filter(|(_, it)| !it.is_empty()) {
            modifiers |= match modifier {
                "ctrl" => KeyModifiers::CONTROL,
                "alt" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => return None,
            };
            rest = tail;
        }
        let code = match rest {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "backspace" => KeyCode::Backspace,
            "space" => KeyCode::Char(' '),
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pageup" => KeyCode::PageUp,
            "pagedown" => KeyCode::PageDown,
            "insert" => KeyCode::Insert,
            "delete" => KeyCode::Delete,
            _ => match rest.chars().collect::<Vec<_>>()[..] {
                [only] => KeyCode::Char(only),
                ['f', ref number @ ..] => {
                    let number = number.iter().collect::<String>().parse().ok()?;
                    (1..=12).contains(&number).then_some(KeyCode::F(number))?
                }
                _ => return None,
            },
        };
        Some(Self { code, modifiers })
    }

    /// The event a terminal sends for it.
    pub fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    /// The character it types, if it types one.
    pub(super) fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c)
                if !self
                    .modifiers
                    .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
            {
                Some(c)
            }
            _ => None,
        }
    }

    /// Whether it was pressed with `modifier`.
    pub(super) fn has(self, modifier: KeyModifiers) -> bool {
        self.modifiers.contains(modifier)
    }

    /// Its code, without modifiers.
    pub(super) fn code(self) -> KeyCode {
        self.code
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in [
            (KeyModifiers::CONTROL, "Ctrl+"),
            (KeyModifiers::ALT, "Alt+"),
            (KeyModifiers::SHIFT, "Shift+"),
        ] {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            KeyCode::Up => f.write_str("↑"),
            KeyCode::Down => f.write_str("↓"),
            KeyCode::Left => f.write_str("Left"),
            KeyCode::Right => f.write_str("Right"),
            code => write!(f, "{code:?}"),
        }
    }
}

impl Default for Keymap {
    fn default() -> Self {
        let mut map = Self {
            bindings: Vec::new(),
        };
        map.overlay(DEFAULT, "keymap.toml")
            .expect("the built-in keymap is read by a test");
        map
    }
}

impl Keymap {
    /// Puts the bindings of `text` over those already here; `file` is its name, for errors.
    ///
    /// # Errors
    /// When the text is malformed or names an action, a key or a pane that does not exist; the map
    /// is then as it was.
    pub fn overlay(&mut self, text: &str, file: &str) -> Result<(), Error> {
        type Sections = BTreeMap<String, BTreeMap<String, Vec<String>>>;
        let malformed = |line, reason: String| Error::Malformed {
            file: file.into(),
            line,
            reason,
        };
        let sections: Sections = toml::from_str(text).map_err(|err| {
            malformed(
                line_of(text, err.span().map_or(0, |it| it.start)),
                err.message().into(),
            )
        })?;
        let mut next = self.bindings.clone();
        for (section, actions) in sections {
            let panes: Vec<_> = pane::ALL.iter().map(|it| it.name()).collect();
            if section != ANY && !panes.contains(&section.as_str()) {
                let panes = panes.join(", ");
                return Err(Error::NoSuchPane {
                    file: file.into(),
                    section,
                    panes,
                });
            }
            for (name, keys) in actions {
                let action = action_named(&name).map_err(|reason| {
                    let at = text.find(&format!("\n{name} ")).map_or(0, |it| it + 1);
                    malformed(line_of(text, at), reason)
                })?;
                next.retain(|it| it.place != section || it.action != action);
                for sequence in keys {
                    let keys: Option<Vec<Key>> = sequence.split(' ').map(Key::named).collect();
                    let Some(keys) = keys else {
                        return Err(Error::NoSuchKey {
                            file: file.into(),
                            action: name,
                            key: sequence,
                        });
                    };
                    next.retain(|it| it.place != section || it.keys != keys);
                    next.push(Binding {
                        place: section.clone(),
                        keys,
                        action,
                    });
                }
            }
        }
        self.bindings = next;
        Ok(())
    }

    /// What `keys` mean while the pane called `focused` has the focus.
    pub fn meaning(&self, keys: &[Key], focused: &str) -> Meaning {
        for place in [focused, ANY] {
            let here = self.bindings.iter().filter(|it| it.place == place);
            for binding in here {
                if binding.keys == keys {
                    return Meaning::Action(binding.action);
                }
                if binding.keys.starts_with(keys) {
                    return Meaning::Beginning;
                }
            }
        }
        Meaning::Nothing
    }

    /// The keys for `action`, as people write them; those of a pane come with its name.
    pub fn keys_of(&self, action: Action) -> Vec<String> {
        let bound = self.bindings.iter().filter(|it| it.action == action);
        bound
            .map(|it| {
                let keys: String = it.keys.iter().map(Key::to_string).collect();
                if it.place == ANY {
                    keys
                } else {
                    format!("{keys} ({})", it.place)
                }
            })
            .collect()
    }

    /// The first key for `action`, or nothing.
    pub(super) fn key_of(&self, action: Action) -> String {
        self.keys_of(action).into_iter().next().unwrap_or_default()
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&it| it == b'\n').count() + 1
}

fn action_named(name: &str) -> Result<Action, String> {
    let known = Action::ALL.iter().copied().find(|it| it.name() == name);
    known.ok_or_else(|| {
        let names = Action::ALL.iter().map(|it| it.name());
        let nearest = names.min_by_key(|it| crate::settings::distance(it, name));
        format!(
            "no action is called {name:?}; the nearest is {:?}",
            nearest.unwrap_or_default()
        )
    })
}
