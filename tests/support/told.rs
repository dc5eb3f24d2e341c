//! What the panes tell beside the run's own values: what is secret, what was written, what is no more.

use super::{
    fixture,
    screen::{Screen, Teller, session},
};
use monologue::{
    represent::{self, Request},
    trace::File,
    tui::{Action, Counter, Effect, Session, Since},
};

#[test]
fn what_would_be_masked_is_shown_and_marked() {
    let session = || Session {
        representations: represent::ALL,
        ..session(fixture::secret())
    };
    let sign = "▒ masked before it leaves";
    let screen = Screen::of(session(), (120, 40))
        .press("3G6<esc>")
        .until(sign);
    insta::assert_snapshot!("masked_120x40", screen.text());
    let text = screen.text();
    let row = |name: &str| text.lines().find(|it| it.contains(name)).unwrap();
    for (name, marked) in [("password  ", true), ("greeting  ", true)] {
        assert_eq!(row(name).contains('▒'), marked, "{name}:\n{text}");
    }
    // The real value, in the style of what is masked; what stands beside it is not.
    let style = screen.style_of("correct horse 42'        ");
    assert!(style.contains("ITALIC"), "{style}");
    let style = screen.style_of("'I am correct horse 42'        ");
    assert!(!style.contains("ITALIC"), "{style}");
    // Without color and without marks of their own, it is still told.
    let mut plain = session();
    plain.look.styles = monologue::tui::Styles::plain();
    plain.look.ascii = true;
    let screen = Screen::of(plain, (120, 40)).press("3G");
    let screen = screen.until("% masked before it leaves");
    let why = screen.press("5<esc>w").text();
    assert!(why.contains("masked before it leaves"), "{why}");
}

#[test]
fn what_is_copied_is_what_the_model_gets() {
    for leaves in [false, true] {
        let session = Session {
            representations: represent::ALL,
            asker: Some(Box::new(Teller { leaves })),
            ..session(fixture::secret())
        };
        let mut screen = Screen::of(session, (120, 40))
            .press("6<esc>Y")
            .until("copied ");
        let said = screen.text().contains("masked as the server would get it");
        assert_eq!(said, leaves, "{}", screen.text());
        let copied = screen.app.effects();
        let [Effect::Copy(copied)] = &copied[..] else {
            panic!("{copied:?}");
        };
        assert_eq!(copied.contains("correct horse 42"), !leaves, "{copied}");
        assert_eq!(copied.contains("⟦redacted:password:1⟧"), leaves, "{copied}");
    }
}

#[test]
fn what_is_copied_is_cut_as_the_pane_is() {
    let session = |trace, leaves| Session {
        representations: represent::ALL,
        counter: Some(Box::new(Words)),
        asker: Some(Box::new(Teller { leaves })),
        ..session(trace)
    };
    let copied = |screen: Screen| {
        let mut screen = screen.press("Y").until("copied ");
        let said = screen.text();
        match &screen.app.effects()[..] {
            [Effect::Copy(text)] => (text.to_string(), said),
            other => panic!("{other:?}"),
        }
    };
    let words = |text: &str| text.split_whitespace().count();
    // What stands in the pane is what was copied, but for the pane's own rows and marks.
    let (size, keys) = ((170, 120), "gg6<esc>zL100<enter>");
    let mut cut = 0;
    for (format, it) in represent::ALL.iter().enumerate() {
        let trace = fixture::moving_sum();
        let whole = represent::page(*it, &trace, &Request::whole(&trace));
        let is_cut = 100 < words(whole.text());
        cut += usize::from(is_cut);
        let mut screen = Screen::of(session(fixture::moving_sum(), false), size).press(keys);
        for _ in 0..format {
            screen.app.perform(Action::NextFormat);
        }
        screen.draw();
        let screen = screen.until(if is_cut { "left out" } else { " tok of 100" });
        let marks = |it: char| !"│▐┆▸▾".contains(it);
        let shown: String = screen.text().chars().filter(|it| marks(*it)).collect();
        let (text, said) = copied(screen);
        assert!(said.contains(", 100 tokens at most"), "{said}");
        assert!(words(&text) <= 100, "{text}");
        assert_eq!(text.contains("left out"), is_cut, "{text}");
        let bare = |it: &str| it.split_whitespace().collect::<String>();
        assert!(
            bare(&shown).contains(&bare(&text)),
            "{text}\nis not in\n{shown}"
        );
    }
    assert!(5 <= cut, "{cut} were cut");
    // Of a long run the pane has a part, and where it leaves it is masked before it is cut.
    let long = Screen::of(session(fixture::long(2001), false), size).press("1500G6<esc>L40<enter>");
    let (text, said) = copied(long);
    assert!(
        said.contains(" of steps 1281–1664, 40 tokens at most"),
        "{said}"
    );
    assert!(words(&text) <= 40, "{text}");
    let secret = Screen::of(session(fixture::secret(), true), size).press("6<esc>L25<enter>");
    let (text, said) = copied(secret);
    assert!(
        said.contains("25 tokens at most, masked as the server would get it"),
        "{said}"
    );
    assert!(words(&text) <= 25 && text.contains("⟦redacted:"), "{text}");
    assert!(!text.contains("correct horse"), "{text}");
}

#[test]
fn every_write_of_a_step_has_a_row() {
    for (step, rows) in [
        (3, &["* > p", "*     p.x", "1 → 5"][..]),
        (4, &["=     p.y", "2, written again"]),
        (5, &["*     d['k'][2]", "3 → 9"]),
        (7, &["=   n", "1, written again"]),
    ] {
        let text = Screen::of(session(fixture::parts()), (120, 40))
            .press(&format!("{step}G"))
            .text();
        let text = text.replace('▸', ">");
        for row in rows {
            assert!(text.contains(row), "step {step}: no {row:?} in\n{text}");
        }
    }
    let screen = Screen::of(session(fixture::parts()), (120, 40)).press("5G");
    insta::assert_snapshot!("parts_120x40", screen.text());
}

#[test]
fn a_write_of_the_same_value_is_a_write() {
    let screen = || Screen::of(session(fixture::parts()), (120, 40)).press("7G2");
    // `p` is written by steps 1, 3 and 4, the last of them with what was there.
    let here = screen().press("/p<enter>1<lt>");
    assert!(
        here.text()
            .contains("p is written here, and is what it was"),
        "{}",
        here.text()
    );
    let steps: Vec<u32> = (1..=3)
        .map(|it| {
            screen()
                .press(&format!("/p<enter>1{}", "<lt>".repeat(it)))
                .step()
        })
        .collect();
    assert_eq!(steps, [4, 3, 1]);
    let steps: Vec<u32> = (1..=2)
        .map(|it| {
            screen()
                .press(&format!("/p<enter>1gg{}", ">".repeat(it)))
                .step()
        })
        .collect();
    assert_eq!(steps, [3, 4]);
    // `n` by steps 6 and 7.
    assert_eq!(screen().press("/n<enter>16G>").step(), 7);
}

#[test]
fn a_file_that_changed_since_is_shown_as_recorded() {
    for (since, said) in [
        (Since::Changed, "changed on disk since; shown as recorded"),
        (Since::Gone, "gone from disk since; shown as recorded"),
    ] {
        let look: fn(&File) -> Option<Since> = match since {
            Since::Changed => |_| Some(Since::Changed),
            Since::Gone => |_| Some(Since::Gone),
        };
        let session = Session {
            since: Some(look),
            ..session(fixture::moving_sum())
        };
        let screen = Screen::of(session, (120, 40)).press("10G").until(said);
        assert!(
            screen.text().contains("s += xs[i] - xs[i-k+1]"),
            "{}",
            screen.text()
        );
    }
    let session = Session {
        since: Some(|_| None),
        ..session(fixture::moving_sum())
    };
    let text = Screen::of(session, (120, 40)).press("10G").text();
    assert!(!text.contains("shown as recorded"), "{text}");
}

#[test]
fn a_trace_without_its_first_steps_keeps_their_numbers() {
    let screen = || Screen::of(session(fixture::kept()), (120, 40));
    for (keys, step) in [
        ("", 1001),
        ("G", 1012),
        ("Ggg", 1001),
        ("1005G", 1005),
        ("1010G[", 1008),
        ("1002G]", 1004),
        ("1004G]]", 1008),
        ("1002GbGC", 1010),
        ("1002Gbggcc", 1004),
        ("1006G4<esc>G<enter>", 1001),
        ("1012G2jk1<lt>", 1010),
        ("G9<pageup>", 1011),
        ("9<pageup><pagedown>", 1002),
    ] {
        let screen = screen().press(keys);
        assert_eq!(screen.step(), step, "{keys}:\n{}", screen.text());
    }
    for (keys, said) in [
        ("", "step 1001/1012"),
        ("9<esc>z", "12 steps, 1001 to 1012"),
        ("1006G", "iter 3/5 kept"),
        ("1000G", "the steps are 1001 to 1012"),
        ("ggS", "already at the first step"),
        ("1002Gb", "the line runs 5 times"),
        (
            "1006Gkkb",
            "kept.py:1 set; the line never runs in the steps that were kept",
        ),
        ("4", "12 steps"),
        (
            "gg2/total<enter>1<lt>",
            "written before the first step that was kept",
        ),
        (
            "gg2/total<enter>1w",
            "was written before the first step that was kept",
        ),
    ] {
        let text = screen().press(keys).text();
        assert!(text.contains(said), "{keys}: no {said:?} in\n{text}");
    }
    // Where the cursor stands in what there is: from the first column of the timeline to the last.
    let you = |keys: &str| {
        let text = screen().press(keys).text();
        let line = text.lines().find(|it| it.contains(" time ")).unwrap();
        let at = line.chars().position(|it| it == '●').unwrap();
        let bars = line.chars().position(|it| it == '▕').unwrap() + 1;
        let end = line.chars().position(|it| it == '▏').unwrap();
        (at - bars, end - bars)
    };
    assert_eq!(you("gg").0, 0);
    let (at, of) = you("G");
    assert!(of - of / 12 - 1 <= at && at < of, "{at} of {of}");
    for step in 1001..=1012 {
        for size in [(80, 24), (200, 60), (1, 1)] {
            let _ = Screen::of(session(fixture::kept()), size).press(&format!("{step}G"));
        }
    }
}

/// Counts words, as tokenizers do not.
struct Words;

impl Counter for Words {
    fn name(&self) -> String {
        "words".into()
    }

    fn count(&mut self, text: &str) -> usize {
        text.split_whitespace().count()
    }
}

#[test]
fn a_budget_cuts_the_page() {
    let session = Session {
        representations: represent::ALL,
        counter: Some(Box::new(Words)),
        ..session(fixture::moving_sum())
    };
    let screen = Screen::of(session, (120, 40)).press("gg6<esc>z");
    let screen = screen.until("tok, tokens by words");
    assert!(!screen.text().contains("left out"), "{}", screen.text());
    let cut = screen.press("L40<enter>").until("left out");
    insta::assert_snapshot!("budget_120x40", cut.text());
    // A step behind the cut is said to be left out; without a limit it is there again.
    let behind = cut.press("16G");
    let said = "step 16 is left out: pages have 40 tokens at most";
    assert!(behind.text().contains(said), "{}", behind.text());
    let whole = behind.press("L<backspace><backspace><enter>");
    assert!(!whole.text().contains("left out"), "{}", whole.text());
    // Where not even one step fits, all of it is shown.
    let least = whole.press("L1<enter>").until(" of 1");
    assert!(!least.text().contains("left out"), "{}", least.text());
}
