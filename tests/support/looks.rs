//! How the screen looks and which keys it knows: themes, styles, marks, keymaps.

use super::{
    fixture,
    screen::{Screen, screen, session},
};
use monologue::settings::Settings;
use monologue::tui::{Action, Key, Keymap, Meaning, Palette, Styles, THEMES};
use ratatui::style::Color;

#[test]
fn themes_are_complete_and_legible() {
    for (name, text) in THEMES {
        let palette = Palette::parse(text, name).unwrap_or_else(|err| panic!("{err}"));
        assert_ne!(palette.good, palette.bad, "{name}");
        let Color::Rgb(..) = palette.background else {
            continue;
        };
        let least = if *name == "contrast" { 7.0 } else { 4.5 };
        for (role, color, least) in [
            ("text", palette.text, 7.0),
            ("dim", palette.dim, least),
            ("now", palette.now, least),
            ("changed", palette.changed, least),
            ("good", palette.good, least),
            ("bad", palette.bad, least),
            ("warn", palette.warn, least),
            ("keyword", palette.keyword, least),
            ("literal", palette.literal, least),
            ("comment", palette.comment, least),
            ("name", palette.name, least),
            ("focus", palette.focus, least),
            ("border", palette.border, 2.0),
        ] {
            let ratio = contrast(color, palette.background);
            assert!(
                least <= ratio,
                "{name}: {role} on background is {ratio:.2} to one"
            );
        }
    }
    let err = Palette::parse("text = \"red\"", "mine")
        .unwrap_err()
        .to_string();
    assert!(err.contains("mine") && err.contains("background"), "{err}");
    let err = Palette::named("sepia").unwrap_err().to_string();
    assert!(err.contains("terminal, ink"), "{err}");
}

/// The contrast ratio of WCAG 2.
fn contrast(a: Color, b: Color) -> f64 {
    let luminance = |it: Color| {
        let Color::Rgb(r, g, b) = it else {
            panic!("{it} is no RGB color");
        };
        let [r, g, b] = [r, g, b].map(|it| {
            let it = f64::from(it) / 255.0;
            if it <= 0.04045 {
                it / 12.92
            } else {
                ((it + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

#[test]
fn states_are_told_without_color_and_without_unicode() {
    let mut plain = session(fixture::moving_sum());
    plain.look.styles = Styles::plain();
    plain.look.ascii = true;
    let screen = Screen::of(plain, (80, 24)).press("10Gb");
    let buffer = screen.terminal.backend().buffer();
    let is_plain = |it: &ratatui::buffer::Cell| it.fg == Color::Reset && it.bg == Color::Reset;
    assert!(buffer.content.iter().all(is_plain));
    assert!(screen.text().is_ascii(), "{}", screen.text());
    insta::assert_snapshot!("ascii_80x24", screen.text());
}

#[test]
fn styles_mark_now_and_what_changed() {
    let screen = screen((80, 24)).press("10G");
    let styles: Vec<String> = ["▶  6", "s    3 → 4", "FAILED", "L6", "def"]
        .iter()
        .map(|it| format!("{it}: {}", screen.style_of(it)))
        .collect();
    insta::assert_snapshot!("styles", styles.join("\n"));
}

#[test]
fn keymaps_are_laid_over_the_default() {
    let mut map = Keymap::default();
    map.overlay("[any]\nstep_over = [\"x\", \"ctrl+x y\"]\n", "mine")
        .unwrap();
    let key = |it| Key::named(it).unwrap();
    assert_eq!(
        map.meaning(&[key("x")], "source"),
        Meaning::Action(Action::StepOver)
    );
    assert_eq!(map.meaning(&[key("n")], "source"), Meaning::Nothing);
    assert_eq!(map.meaning(&[key("ctrl+x")], "source"), Meaning::Beginning);
    assert_eq!(
        map.meaning(&[key("up")], "timeline"),
        Meaning::Action(Action::StepOverBack)
    );
    for (text, said) in [
        (
            "[any]\nstep_ovr = [\"x\"]",
            "mine, line 2: no action is called \"step_ovr\"; the nearest is \"step_over\"",
        ),
        (
            "[any]\nquit = [\"hyper+x\"]",
            "quit is bound to \"hyper+x\"",
        ),
        ("[sauce]\nquit = [\"x\"]", "no pane called \"sauce\""),
        ("[any]\nquit = 3", "line 2"),
    ] {
        let err = map.overlay(text, "mine").unwrap_err().to_string();
        assert!(err.contains(said), "{err}");
    }
}

#[test]
fn presets_are_laid_over_the_default() {
    for preset in ["vscode", "arrows"] {
        let settings = Settings::parse(&format!("preset = \"{preset}\""), "here").unwrap();
        let mut map = Keymap::default();
        for (text, path) in settings.keymaps().unwrap() {
            map.overlay(&text, &path.display().to_string()).unwrap();
        }
        for action in Action::ALL {
            assert!(
                !map.keys_of(*action).is_empty(),
                "{preset}: {action:?} has no key"
            );
        }
    }
}
