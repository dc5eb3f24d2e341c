//! Themes: a TOML file of roles each, read into the styles that panes draw with.

use std::{fs, path::PathBuf};

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::settings;

macro_rules! themes {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../themes/", $name, ".toml")))),+]
    };
}

/// Built-in themes in menu order: name and TOML text. The first is the default.
pub const THEMES: &[(&str, &str)] = themes! {
    "terminal",
    "ink",
    "paper",
    "contrast",
    "clear",
};

/// Why a theme could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No theme has the name.
    #[error(
        "could not use the theme {name:?}: there is none of that name; there are {known}, and a path to a .toml file works too"
    )]
    Unknown {
        /// As asked for.
        name: String,
        /// Those that exist.
        known: String,
    },
    /// A role is missing, unknown, or no color.
    #[error("could not read the theme {name}: {reason}")]
    Malformed {
        /// Which.
        name: String,
        /// What is wrong, with the key's name.
        reason: String,
    },
}

/// The roles a theme must color. Every field is required: a theme that misses one does not load.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Palette {
    /// Behind everything; `reset` leaves the terminal's own.
    pub background: Color,
    /// Ordinary text.
    pub text: Color,
    /// What matters less.
    pub dim: Color,
    /// Pane borders.
    pub border: Color,
    /// The focused pane's border and title.
    pub focus: Color,
    /// Whatever belongs to the step the cursor stands on.
    pub now: Color,
    /// Behind the line the cursor stands on.
    pub line: Color,
    /// A value that this step changed.
    pub changed: Color,
    /// True, passed, added.
    pub good: Color,
    /// False, failed, removed, raised.
    pub bad: Color,
    /// Not to be relied on.
    pub warn: Color,
    /// Keywords of code.
    pub keyword: Color,
    /// Strings and numbers of code.
    pub literal: Color,
    /// Comments of code.
    pub comment: Color,
    /// Names that code defines.
    pub name: Color,
}

/// What panes draw with, one field per role.
#[derive(Debug, Clone, Default)]
pub struct Styles {
    /// Ordinary text.
    pub text: Style,
    /// What matters less.
    pub dim: Style,
    /// Pane borders.
    pub border: Style,
    /// The focused pane's border and title.
    pub focus: Style,
    /// Whatever belongs to the step the cursor stands on.
    pub now: Style,
    /// Behind the line the cursor stands on.
    pub line: Style,
    /// A value that this step changed.
    pub changed: Style,
    /// True, passed, added.
    pub good: Style,
    /// False, failed, removed, raised.
    pub bad: Style,
    /// Not to be relied on.
    pub warn: Style,
    /// The selected row.
    pub selected: Style,
    /// What was searched for.
    pub found: Style,
    /// What would be masked before it left this machine.
    pub masked: Style,
    /// The stretch of text that tells of the current step.
    pub span: Style,
    /// The same, where the step only borrows it.
    pub inherited: Style,
    /// Keywords of code.
    pub keyword: Style,
    /// Strings and numbers of code.
    pub literal: Style,
    /// Comments of code.
    pub comment: Style,
    /// Names that code defines.
    pub name: Style,
}

impl Palette {
    /// Reads a theme file's text; `name` is its name, for errors.
    ///
    /// # Errors
    /// When a role is missing, unknown, or no color; the message names the key.
    pub fn parse(text: &str, name: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|err| Error::Malformed {
            name: name.into(),
            reason: err.to_string().trim_end().replace('\n', " "),
        })
    }

    /// The theme called `name`: a built-in one, a path ending in `.toml`, or `themes/NAME.toml` in the
    /// settings folder.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn named(name: &str) -> Result<Self, Error> {
        if let Some((name, text)) = THEMES.iter().find(|(it, _)| *it == name) {
            return Self::parse(text, name);
        }
        let path = match name.ends_with(".toml") {
            true => Some(PathBuf::from(name)),
            false => settings::user_folder().map(|it| it.join(format!("themes/{name}.toml"))),
        };
        match path.filter(|it| it.is_file()) {
            Some(path) => match fs::read_to_string(&path) {
                Ok(text) => Self::parse(&text, &path.display().to_string()),
                Err(err) => Err(Error::Malformed {
                    name: path.display().to_string(),
                    reason: err.to_string(),
                }),
            },
            None => {
                let names: Vec<_> = THEMES.iter().map(|(it, _)| *it).collect();
                Err(Error::Unknown {
                    name: name.into(),
                    known: names.join(", "),
                })
            }
        }
    }
}

impl Styles {
    /// The styles of a palette. States differ by a modifier or a mark as well as by color.
    pub fn of(palette: &Palette) -> Self {
        let base = Style::new().bg(palette.background);
        let fg = |color| base.fg(color);
        let bold = Modifier::BOLD;
        Self {
            text: fg(palette.text),
            dim: fg(palette.dim),
            border: fg(palette.border),
            focus: fg(palette.focus).add_modifier(bold),
            now: fg(palette.now).add_modifier(bold),
            line: Style::new().bg(palette.line).add_modifier(bold),
            changed: fg(palette.changed).add_modifier(bold),
            good: fg(palette.good),
            bad: fg(palette.bad).add_modifier(bold),
            warn: fg(palette.warn),
            selected: Style::new().add_modifier(Modifier::REVERSED),
            found: fg(palette.warn).add_modifier(Modifier::REVERSED),
            masked: Style::new()
                .fg(palette.warn)
                .add_modifier(Modifier::UNDERLINED | Modifier::ITALIC),
            span: fg(palette.now).add_modifier(bold | Modifier::UNDERLINED),
            inherited: fg(palette.text).add_modifier(Modifier::ITALIC),
            keyword: fg(palette.keyword),
            literal: fg(palette.literal),
            comment: fg(palette.comment).add_modifier(Modifier::ITALIC),
            name: fg(palette.name),
        }
    }

    /// Styles without any color: what `NO_COLOR` asks for.
    pub fn plain() -> Self {
        let none = Color::Reset;
        let styles = Self::of(&Palette {
            background: none,
            text: none,
            dim: none,
            border: none,
            focus: none,
            now: none,
            line: none,
            changed: none,
            good: none,
            bad: none,
            warn: none,
            keyword: none,
            literal: none,
            comment: none,
            name: none,
        });
        let dim = styles.dim.add_modifier(Modifier::DIM);
        Self {
            dim,
            comment: dim,
            border: dim,
            ..styles
        }
    }
}
