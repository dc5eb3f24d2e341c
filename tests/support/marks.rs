//! What of the run's values would be masked is marked wherever they are shown, shortened or not.

use super::{
    fixture::{Run, function, text},
    screen::{Screen, session},
};
use monologue::{
    represent,
    trace::{CodeKind, Stream, Trace},
    tui::{Action, Session, Styles},
};
use ratatui::style::Modifier;

const SECRET: &str = "correct horse battery staple 42 forever";

/// A program that passes a secret on, goes over it, prints it and fails with it: 9 steps.
fn secrets() -> Trace {
    let source = "\
password = 'correct horse battery staple 42 forever'
def login(key):
    print('with', key)
    return key

for key in ['nobody', password]:
    last = login(key)
raise ValueError(password)
";
    let mut run = Run::of("/srv/secrets.py", source);
    let module = run.code(CodeKind::Module, "<module>", 1, &[], 0);
    let login = run.code(CodeKind::Function, "login", 2, &["key"], 1);
    run.call(module, 1, &[]);
    run.line(1, &[]);
    run.line(2, &[("password", text(SECRET))]);
    run.line(6, &[("login", function("login"))]);
    for key in ["nobody", SECRET] {
        run.line(7, &[("key", text(key))]);
        run.call(login, 2, &[("key", text(key))]);
        run.line(3, &[]);
        run.prints(Stream::Stdout, &format!("with {key}\n"));
        run.line(4, &[]);
        run.returns(&text(key), &[]);
        run.line(6, &[("last", text(key))]);
    }
    run.line(8, &[]);
    run.raises("ValueError", SECRET);
    run.unwinds();
    run.ends(1)
}

/// At `keys`, once it is known what would be masked.
fn shown(size: (u16, u16), keys: &str) -> Screen {
    let session = Session {
        representations: represent::ALL,
        ..session(secrets())
    };
    let screen = Screen::of(session, size).press("gg2G");
    // A value alone is marked only by who has read the whole trace.
    screen.until("locals of <module>  ▒").press(keys)
}

/// Asserts that of the first row below the header that has `row`, `masked` looks as what would be masked
/// does and `plain` does not; answers the row.
fn assert_row(screen: &Screen, row: &str, masked: &[&str], plain: &[&str]) -> String {
    let all = screen.text();
    let at = all.lines().skip(1).position(|it| it.contains(row));
    let at = at.unwrap_or_else(|| panic!("no {row:?} in\n{all}")) + 1;
    let line = all.lines().nth(at).unwrap();
    let buffer = screen.terminal.backend().buffer();
    for (texts, marked) in [(masked, true), (plain, false)] {
        for text in texts {
            let from = line
                .find(text)
                .unwrap_or_else(|| panic!("no {text:?} in {line}"));
            let from = line[..from].chars().count();
            for column in from..from + text.chars().count() {
                let cell = &buffer[(u16::try_from(column).unwrap(), u16::try_from(at).unwrap())];
                let looks = Modifier::ITALIC | Modifier::UNDERLINED;
                let is = cell.modifier.contains(looks);
                assert_eq!(is, marked, "{text} at {column} in\n{all}");
            }
        }
    }
    line.to_owned()
}

#[test]
fn strings_of_the_source_are_marked_and_names_are_not() {
    let screen = shown((120, 40), "1<esc>zi");
    let own = "correct horse battery staple 42 forever";
    let row = assert_row(&screen, "  1 ▒", &[own], &["password = '"]);
    assert!(!row.contains('…'), "{row}");
    for (row, name) in [("  2  def", "def login(key)"), ("  8  raise", "password")] {
        assert_row(&screen, row, &[], &[name]);
    }
}

#[test]
fn calls_loops_and_output_are_marked() {
    let secret = "correct horse battery staple 42 forever";
    for (pane, row, masked, plain) in [
        (
            '4',
            " ▒  · login",
            &[secret, "correc…horse bat"][..],
            "login(key=",
        ),
        ('5', "▒with", &[secret], "with "),
        ('0', "▒ 2", &["correct ho…rever"], "  '"),
    ] {
        let screen = shown((120, 40), &format!("11G{pane}<esc>z"));
        assert_row(&screen, row, masked, &[plain]);
        let other = assert_row(&screen, "nobody", &[], &["nobody"]);
        assert!(!other.contains('▒'), "{other}");
    }
}

#[test]
fn overlays_are_marked() {
    let sign = "  ▒ masked before it leaves";
    let secret = "correct horse battery staple 42 forever";
    for (keys, title, row, masked) in [
        ("11G2/key<enter><enter>", "key  str(39)", "│correct", secret),
        (
            "11G2/last<enter>1w",
            "why last is what it is",
            "last = ",
            "correct hor…rever",
        ),
        (
            "11G2/key<enter>1W",
            "what key was, newest first",
            "step 7",
            "correct horse battery sta…e 42 forever",
        ),
        (
            "/correct horse battery staple 42 forever",
            "search",
            "/correct",
            secret,
        ),
    ] {
        let screen = shown((100, 30), keys);
        assert_row(&screen, row, &[masked], &[]);
        assert_row(&screen, &format!("╭ {title}{sign}"), &[], &[title]);
    }
    // Our own words are not the run's, and other words are no secret.
    for keys in ["?", ":", "/nobody"] {
        let text = shown((100, 30), &format!("1<esc>{keys}")).text();
        let title = text.lines().find(|it| it.contains("╭ ")).unwrap();
        assert!(!title.contains("masked"), "{text}");
    }
    let why = shown((100, 30), "11G2/last<enter>1w");
    insta::assert_snapshot!("marked_why_100x30", why.text());
}

#[test]
fn what_a_format_shortened_is_marked() {
    // As released, NExT leaves 40 characters of a value.
    let mut screen = shown((160, 50), "1G6<esc>z").press("v");
    screen.app.perform(Action::ToggleProfile);
    screen.draw();
    let head = "correct horse bat...";
    let all = screen.text();
    assert!(all.contains("NExT compat"), "{all}");
    for (row, masked, plain) in [
        (
            "▓password",
            &["bat... staple 42 forever"][..],
            "\"password = '",
        ),
        (
            "▒    return",
            &[head, " staple 42 forever"],
            "__return__='nobody'",
        ),
        ("▒for key", &[head, " staple 42 forever"], "key = 'nobody'"),
        ("▒raise", &["correc...y staple 42 forever"], "ValueError: "),
        ("▐told exactly", &[], "masked before it leaves"),
    ] {
        assert_row(&screen, row, masked, &[plain]);
    }
    // Side by side with what the others tell.
    let told = screen.press("D");
    let row = assert_row(&told, head, &[head], &["password = '"]);
    assert!(row.contains('▒'), "{row}");
}

#[test]
fn how_the_run_failed_is_marked() {
    let screen = shown((160, 40), "");
    let style = screen.style_of("correct horse battery");
    assert!(style.contains("ITALIC"), "{style}");
    assert!(!screen.style_of("ValueError: ").contains("ITALIC"));
}

#[test]
fn marks_are_told_without_color_and_without_unicode() {
    let mut plain = Session {
        representations: represent::ALL,
        ..session(secrets())
    };
    plain.look.styles = Styles::plain();
    plain.look.ascii = true;
    let screen = Screen::of(plain, (120, 40)).press("2G");
    let screen = screen.until("locals of <module>  %");
    assert!(screen.text().is_ascii(), "{}", screen.text());
    assert_row(&screen, "  1 %", &["correct horse"], &["password"]);
}
