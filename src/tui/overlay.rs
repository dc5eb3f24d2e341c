//! What lies over the panes for a moment: help, palette, a prompt, a value in full.

mod palette;

use ratatui::{
    buffer::Buffer,
    crossterm::event::KeyCode,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, BorderType, Clear, Widget as _},
};

use self::palette::{matches, run, special};
use super::{
    Action, Keymap, Styles, glyph,
    keymap::{Key, Meaning},
    masks::{self, Marked, Masks},
    pane::{Copied, List, paint},
    text,
    why::Moment,
};

/// Lines above the first shown that are looked through with those that are.
const AROUND: usize = 64;

/// Something over the panes.
#[derive(Debug)]
pub(super) enum Overlay {
    /// Lines to scroll through.
    Text {
        /// Of what.
        title: String,
        /// What.
        lines: Vec<String>,
        /// Whether it is of the run, and not of our own words.
        recorded: bool,
        /// The first line shown.
        top: usize,
        /// Lines shown.
        height: usize,
    },
    /// Moments to go to.
    Moments {
        /// Of what.
        title: String,
        /// In order of telling.
        moments: Vec<Moment>,
        /// Which of them is chosen.
        list: List,
    },
    /// Commands by name.
    Palette {
        /// What was typed.
        typed: String,
        /// Which of the matches is chosen.
        chosen: usize,
    },
    /// Something to type.
    Prompt {
        /// For what.
        asks: Asks,
        /// What was typed.
        typed: String,
    },
}

/// What a prompt asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Asks {
    /// What to search for in the pane.
    Search,
    /// The file to save this to.
    Save(Copied),
    /// The tokens that a page has at most.
    Budget,
}

/// What a key did to an overlay.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// It stays.
    Stay,
    /// It goes away.
    Close,
    /// It asks for this.
    Act(Action),
    /// It asks for the step of this number.
    GoTo(u32),
    /// It asks for a breakpoint here.
    Break(String),
    /// This was typed to a prompt.
    Typed(Asks, String),
}

impl Overlay {
    /// The palette, with something typed.
    pub(super) fn palette(typed: &str) -> Self {
        Self::Palette {
            typed: typed.into(),
            chosen: 0,
        }
    }

    /// A prompt, with something typed.
    pub(super) fn prompt(asks: Asks, typed: impl Into<String>) -> Self {
        Self::Prompt {
            asks,
            typed: typed.into(),
        }
    }

    /// A list of moments.
    pub(super) fn moments(title: String, moments: Vec<Moment>) -> Self {
        Self::Moments {
            title,
            moments,
            list: List::default(),
        }
    }

    /// A text of the run, wrapped when drawn.
    pub(super) fn text(title: String, body: &str) -> Self {
        Self::lines(title, body, true)
    }

    fn lines(title: String, body: &str, recorded: bool) -> Self {
        let lines = body.split('\n').map(text::clean).collect();
        Self::Text {
            title,
            lines,
            recorded,
            top: 0,
            height: 1,
        }
    }

    /// Every action with its keys, made from the actions and the keymap themselves.
    pub(super) fn help(keymap: &Keymap) -> Self {
        let mut body = String::new();
        let mut group = "";
        for action in Action::ALL {
            if action.group() != group {
                group = action.group();
                body.push_str(&format!(
                    "{}── {group} ──\n",
                    if body.is_empty() { "" } else { "\n" }
                ));
            }
            let keys = keymap.keys_of(*action).join("  ");
            let keys = text::column(&keys, text::width(&keys).max(22));
            let name = text::column(&action.name(), 20);
            body.push_str(&format!("{keys} {name} {}\n", action.sentence()));
        }
        body.push_str("\n── marks ──\n");
        for (mark, meaning) in [
            (glyph::HERE, "the line that runs next"),
            (
                glyph::OUTER,
                "the line of an outer frame, waiting for its call",
            ),
            (glyph::BREAKPOINT, "a breakpoint; on the timeline, you"),
            (glyph::HIT, "a breakpoint's hit on the timeline"),
            (glyph::NEVER, "a line that never runs"),
            (glyph::CHANGED, "changed, or printed, by this step"),
            (
                glyph::RETURN,
                "given back by this step, or by a call it made",
            ),
            (glyph::ERROR, "an exception"),
            (glyph::SPAN, "text of a format that tells of this step"),
            (glyph::INHERITED, "text that this step only borrows"),
            (glyph::TRUE, "true, or passed"),
            (glyph::FALSE, "contradicted by the run, or failed"),
            (glyph::UNKNOWN, "not checkable against a run"),
            (glyph::MASKED, "masked before it leaves this machine"),
        ] {
            body.push_str(&format!("{mark}  {meaning}\n"));
        }
        body.push_str("\nA digit focuses a pane; before a motion, as in 5n or 12G, it says how often or where to.");
        Self::lines("keys".into(), &body, false)
    }

    /// Takes a key, which elsewhere would have `meaning`.
    pub(super) fn press(&mut self, key: Key, meaning: Meaning) -> Answer {
        // What types a character types it here; other keys mean what they mean everywhere.
        if key.code() == KeyCode::Esc {
            return Answer::Close;
        }
        if let Meaning::Action(action @ (Action::Interrupt | Action::Quit)) = meaning
            && key.typed().is_none()
        {
            return Answer::Act(action);
        }
        match self {
            Self::Text {
                lines, top, height, ..
            } => {
                let page = (*height).max(2) - 1;
                let last = lines.len().saturating_sub(*height);
                *top = match meaning {
                    Meaning::Action(Action::Down | Action::StepInto) => *top + 1,
                    Meaning::Action(Action::Up | Action::StepIntoBack) => top.saturating_sub(1),
                    Meaning::Action(Action::PageDown | Action::Palette) => *top + page,
                    Meaning::Action(Action::PageUp) => top.saturating_sub(page),
                    Meaning::Action(Action::LastStep) => last,
                    Meaning::Beginning | Meaning::Action(Action::FirstStep) => 0,
                    Meaning::Action(Action::Quit | Action::Open | Action::Help) => {
                        return Answer::Close;
                    }
                    Meaning::Action(_) | Meaning::Nothing => *top,
                };
                *top = (*top).min(last);
                Answer::Stay
            }
            Self::Moments { moments, list, .. } => match meaning {
                Meaning::Action(Action::Open) => {
                    let step = moments.get(list.selected).and_then(|it| it.step);
                    step.map_or(Answer::Stay, |it| Answer::GoTo(it.number()))
                }
                Meaning::Action(Action::Quit | Action::Why | Action::History) => Answer::Close,
                Meaning::Action(action) => {
                    list.act(action, moments.len());
                    Answer::Stay
                }
                Meaning::Beginning | Meaning::Nothing => Answer::Stay,
            },
            Self::Prompt { asks, typed } => match (key.code(), key.typed()) {
                (KeyCode::Enter, _) if typed.is_empty() && *asks != Asks::Budget => Answer::Close,
                (KeyCode::Enter, _) => Answer::Typed(asks.clone(), std::mem::take(typed)),
                (KeyCode::Backspace, _) if typed.is_empty() => Answer::Close,
                (code, c) => edit(typed, code, c),
            },
            Self::Palette { typed, chosen } => match (key.code(), key.typed()) {
                (KeyCode::Enter, _) => run(typed, *chosen),
                (KeyCode::Down | KeyCode::Tab, _) => {
                    *chosen = (*chosen + 1).min(matches(typed).len().saturating_sub(1));
                    Answer::Stay
                }
                (KeyCode::Up, _) => {
                    *chosen = chosen.saturating_sub(1);
                    Answer::Stay
                }
                (KeyCode::Backspace, _) if typed.is_empty() => Answer::Close,
                (code, c) => {
                    *chosen = 0;
                    edit(typed, code, c)
                }
            },
        }
    }

    /// Draws over whatever is there.
    pub(super) fn draw(
        &mut self,
        keymap: &Keymap,
        (styles, masks): (&Styles, &Masks),
        area: Rect,
        buf: &mut Buffer,
    ) {
        match self {
            Self::Text {
                title,
                lines,
                recorded,
                top,
                height,
            } => {
                let widest = lines.iter().map(|it| text::width(it)).max().unwrap_or(0);
                *top = (*top).min(lines.len().saturating_sub(*height));
                let from = top.saturating_sub(AROUND);
                let near = lines.len().min(*top + usize::from(area.height));
                let mut shown = match recorded {
                    true => masks.lines(&lines[from..near]),
                    false => lines[from..near].iter().map(Marked::own).collect(),
                };
                shown.drain(..*top - from);
                let title = format!("{title}{}", masks::note(shown.iter().any(Marked::any)));
                let widest = widest.max(text::width(&title) + 2);
                let inner = boxed(&title, (widest, lines.len()), styles, area, buf);
                *height = usize::from(inner.height).max(1);
                // A long line goes on below rather than out of sight.
                let rows = shown
                    .iter()
                    .flat_map(|it| it.wrapped(usize::from(inner.width)));
                let rows = rows.take(*height).map(|it| it.spans(styles.text, styles));
                paint(rows.map(Line::from), inner, buf);
            }
            Self::Moments {
                title,
                moments,
                list,
            } => {
                let widest = moments.iter().map(|it| text::width(&it.text.text)).max();
                let any = moments.iter().any(|it| it.text.any());
                let title = format!("{title}{}", masks::note(any));
                let widest = widest.unwrap_or(0).max(text::width(&title) + 2);
                let inner = boxed(&title, (widest, moments.len()), styles, area, buf);
                let shown = list.shown(moments.len(), usize::from(inner.height));
                let lines = shown.map(|at| {
                    let text = moments[at].text.fit(usize::from(inner.width));
                    let line = Line::from(text.spans(styles.text, styles));
                    if at == list.selected {
                        line.style(styles.selected)
                    } else {
                        line
                    }
                });
                paint(lines, inner, buf);
            }
            Self::Prompt { asks, typed } => {
                let (title, sign) = match asks {
                    Asks::Search => ("search", '/'),
                    Asks::Save(_) => ("save to which file", '>'),
                    Asks::Budget => ("tokens a page has at most; none for no limit", '>'),
                };
                let typed = masks.marked(text::clean(typed));
                let title = format!("{title}{}", masks::note(typed.any()));
                let inner = boxed(&title, (58, 1), styles, area, buf);
                paint([typed_line(sign, &typed, styles)], inner, buf);
            }
            Self::Palette { typed, chosen } => {
                let found = matches(typed);
                let inner = boxed("commands", (76, 14), styles, area, buf);
                let rows = usize::from(inner.height).saturating_sub(1);
                let first = (*chosen + 1).saturating_sub(rows);
                let listed = found.iter().enumerate().skip(first).map(|(at, action)| {
                    let keys = keymap.keys_of(*action);
                    let line = Line::from(vec![
                        Span::styled(text::column(&action.name(), 20), styles.name),
                        Span::styled(
                            text::column(keys.first().map_or("", |it| it), 10),
                            styles.now,
                        ),
                        Span::styled(action.sentence(), styles.text),
                    ]);
                    if at == *chosen {
                        line.style(styles.selected)
                    } else {
                        line
                    }
                });
                let said = special(typed).map(|it| Line::styled(it, styles.now));
                let lines =
                    std::iter::once(typed_line(':', &Marked::own(text::clean(typed)), styles))
                        .chain(said);
                let lines: Vec<_> = lines.chain(listed).collect();
                paint(lines, inner, buf);
            }
        }
    }
}

fn edit(typed: &mut String, code: KeyCode, c: Option<char>) -> Answer {
    match (code, c) {
        (KeyCode::Backspace, _) => drop(typed.pop()),
        (_, Some(c)) => typed.push(c),
        _ => (),
    }
    Answer::Stay
}

fn typed_line<'a>(prompt: char, typed: &Marked, styles: &Styles) -> Line<'a> {
    let typed = Marked::own(prompt).and(typed.clone());
    let mut spans = typed.spans(styles.focus, styles);
    spans.push(Span::styled(" ", styles.selected));
    Line::from(spans)
}

/// An empty box in the middle of `area` with room for `size`; answers its inside.
fn boxed(
    title: &str,
    (width, height): (usize, usize),
    styles: &Styles,
    area: Rect,
    buf: &mut Buffer,
) -> Rect {
    let cut = |it: usize, max: u16| {
        u16::try_from(it)
            .unwrap_or(u16::MAX)
            .saturating_add(2)
            .min(max)
    };
    let (width, height) = (cut(width.max(20), area.width), cut(height, area.height));
    let outer = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 3,
        width,
        height,
    };
    Clear.render(outer, buf);
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(styles.focus)
        .style(styles.text)
        .title(format!(" {} ", text::clean(title)))
        .title_bottom(Line::from(" Esc closes ").right_aligned());
    let inner = block.inner(outer);
    block.render(outer, buf);
    inner
}
