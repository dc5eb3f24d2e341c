//! Keys in, screen out, through the whole app on a terminal that is not there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support {
    pub(crate) mod fixture;
    mod looks;
    mod marks;
    mod ring;
    pub(crate) mod screen;
    mod told;
}

use monologue::{
    trace::{StepId, Trace},
    tui::{Action, Breakpoint, Effect, Event, Keymap, Session, WINDOW, pane},
};
use support::{
    fixture,
    screen::{ASKED, Screen, screen, session, with_model},
};

#[test]
fn opens_on_the_failing_assert() {
    let screen = screen((80, 24));
    assert_eq!(screen.step(), 5);
    insta::assert_snapshot!("opening_80x24", screen.text());
}

#[test]
fn shows_a_step_at_every_size() {
    for (width, height) in [(80, 24), (120, 40), (200, 60), (60, 20), (20, 6), (1, 1)] {
        let screen = screen((width, height)).press("10G");
        insta::assert_snapshot!(format!("step_10_{width}x{height}"), screen.text());
    }
}

#[test]
fn stepping_goes_both_ways() {
    for (keys, step) in [
        ("gg", 1),
        ("G", 16),
        ("12G", 12),
        ("7gg", 7),
        (":7<enter>", 7),
        ("5Gn", 5),
        ("4Gn", 5),
        ("4Gs", 5),
        ("5Gs", 6),
        ("6GS", 5),
        ("6GF", 5),
        ("7G3n", 10),
        ("10G3N", 7),
        ("10G2<esc>n", 11),
        ("10G2s2S", 10),
        ("10G]", 13),
        ("13G[", 10),
        ("9G]]", 15),
        ("10Gnn<backspace>", 5),
        ("10Gma2GnG'a", 10),
        ("ggc", 5),
        ("Gc", 16),
        ("10Gbggc", 5),
        ("10GbggccC", 5),
        ("10GbGC", 13),
        ("10GbGCC", 10),
        ("10Gjt", 11),
        ("13GkkT", 8),
        ("16Ge", 16),
        ("1Ge", 5),
        ("10Guu", 10),
    ] {
        let at = screen((80, 24)).press(keys).step();
        assert_eq!(at, step, "{keys}");
    }
}

#[test]
fn writes_of_the_selected_variable_are_found() {
    // `s` is written by steps 7, 10 and 13.
    let here = screen((80, 24)).press("10G2jk1");
    assert!(here.text().contains("variable s"), "{}", here.text());
    let here = here.press("<lt>");
    assert_eq!(here.step(), 7);
    let here = here.press(">>");
    assert_eq!(here.step(), 13);
    let here = here.press(">");
    assert_eq!(here.step(), 13);
    assert!(
        here.text().contains("s is not written after this"),
        "{}",
        here.text()
    );
}

#[test]
fn a_motion_that_cannot_move_says_why() {
    for (keys, said) in [
        ("Gs", "already at the last step"),
        ("ggS", "already at the first step"),
        ("ggC", "already at the first step"),
        ("GC", "stopped at AssertionError"),
        ("2GF", "no recorded frame called this one"),
        ("2G]", "line 10 is in no loop"),
        ("10G[", "no iteration of line 5 before this"),
        ("10G{", "no call of moving_sum before this"),
        ("5GE", "no exception before this"),
        ("99G", "the steps are 1 to 16"),
        ("10Gd", "this is the innermost frame"),
        ("<backspace>", "no earlier place"),
        ("'x", "no mark is called x"),
        ("x", "x does nothing here; ? shows the keys"),
        (
            "10Gb",
            "breakpoint moving_sum.py:6 set; the line runs 2 times",
        ),
        ("10Gbb", "breakpoint moving_sum.py:6 cleared"),
        (
            ":break other.py:3<enter>",
            "no recorded file is called other.py",
        ),
        ("10GbggG", ""),
        ("y", "a repair needs tests and a model"),
        ("a", "no model is loaded"),
    ] {
        let text = screen((120, 40)).press(keys).text();
        assert!(text.contains(said), "{keys}: no {said:?} in\n{text}");
    }
}

#[test]
fn breakpoints_are_given_from_outside() {
    let session = Session {
        breakpoints: vec![Breakpoint::parse("moving_sum.py:7").unwrap()],
        goto: StepId::numbered(2),
        ..session(fixture::moving_sum())
    };
    let screen = Screen::of(session, (80, 24));
    assert_eq!(screen.step(), 2);
    let screen = screen.press("cc");
    assert!(
        screen
            .text()
            .contains("stopped at breakpoint moving_sum.py:7"),
        "{}",
        screen.text()
    );
    assert_eq!(screen.step(), 11);
}

#[test]
fn an_outer_frame_can_be_looked_at() {
    let screen = screen((80, 24)).press("10Gu");
    insta::assert_snapshot!("outer_frame_80x24", screen.text());
}

#[test]
fn odd_values_and_output_are_shown_and_tamed() {
    let screen = Screen::of(session(fixture::odds()), (100, 30)).press("G5");
    assert!(!screen.text().contains('\x1b'), "{}", screen.text());
    insta::assert_snapshot!("odds_end_100x30", screen.text());
    let screen = screen.press("kk<enter>");
    assert_eq!(
        screen.step(),
        13,
        "Enter on a printed line goes to its write"
    );
    let same = Screen::of(session(fixture::odds()), (100, 30))
        .press("3G")
        .text();
    assert!(same.contains("=   same  1"), "{same}");
}

#[test]
fn overlays_open_and_close() {
    insta::assert_snapshot!("palette_80x24", screen((80, 24)).press(":iter").text());
    insta::assert_snapshot!(
        "value_80x24",
        screen((80, 24)).press("10G2<esc>jjj<enter>").text()
    );
    let before = screen((80, 24)).text();
    for keys in ["?<esc>", ":<esc>", "/<esc>", "?q"] {
        assert_eq!(screen((80, 24)).press(keys).text(), before, "{keys}");
    }
}

#[test]
fn a_value_is_accounted_for() {
    let why = screen((100, 30)).press("10Gw");
    insta::assert_snapshot!("why_100x30", why.text());
    assert_eq!(why.press("jjj<enter>").step(), 7);
    let was = screen((100, 30)).press("13GW").text();
    for said in ["step 13", "step 10", "step 7"] {
        assert!(was.contains(said), "{was}");
    }
}

#[test]
fn help_lists_every_action_and_every_action_has_a_key() {
    let keymap = Keymap::default();
    let mut help = screen((200, 60)).press("?");
    let mut seen = help.text();
    for _ in 0..3 {
        help = help.press("<pagedown>");
        seen += &help.text();
    }
    for action in Action::ALL {
        assert!(seen.contains(&action.name()), "{action:?} is not in help");
        assert!(!keymap.keys_of(*action).is_empty(), "{action:?} has no key");
        assert!(action.sentence().ends_with('.'), "{action:?}");
    }
}

#[test]
fn a_monologue_streams_is_checked_and_stays_with_its_step() {
    let screen = with_model().press("a").until("1 true");
    insta::assert_snapshot!("monologue_100x30", screen.text());
    let screen = screen.press("gg7j<enter>");
    assert_eq!(
        screen.step(),
        10,
        "Enter on a claim goes to the step it was checked at"
    );
}

#[test]
fn a_monologue_can_be_stopped() {
    let screen = with_model().press("A").until("Esc stops").press("<esc>");
    assert!(screen.text().contains("stopped"), "{}", screen.text());
    // The next one is told although the last one's words may still arrive.
    screen.press("a").until("1 contradicted");
}

#[test]
fn an_answer_is_asked_for_again_and_compared() {
    let screen = with_model().press("a").until("1 true").press("r");
    let screen = screen.until("seed 1").until("[3, 5]").press("=");
    let text = screen.text();
    for said in ["seed 0: [3, 5, 7]", "seed 1: [3, 5]", "xs[0]=1", "xs[1]=2"] {
        assert!(text.contains(said), "no {said}:\n{text}");
    }
    screen.press("<ctrl+r>").until("teller, anew");
}

#[test]
fn a_page_is_copied_saved_and_compared() {
    let mut screen = Screen::of(session(fixture::moving_sum()), (120, 40)).press("10G6<esc>Y");
    screen = screen.until("copied Plain: ");
    let copied = screen.app.effects();
    assert!(
        matches!(&copied[..], [Effect::Copy(text)] if text.contains("<6>")),
        "{copied:?}"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    let erase = "<backspace>".repeat(9);
    screen = screen.press(&format!("6<esc><ctrl+s>{erase}"));
    screen = screen.press(&format!("{}<enter>", path.display()));
    screen.until("saved Plain");
    assert!(std::fs::read_to_string(path).unwrap().contains("<6>"));
    let told = Screen::of(session(fixture::moving_sum()), (120, 40))
        .press("10GD")
        .text();
    assert!(
        told.contains("told exactly") && told.contains("ch"),
        "{told}"
    );
}

#[test]
fn a_fix_is_shown_first_and_written_only_when_told() {
    let screen = with_model().press("R").until("y writes this fix");
    insta::assert_snapshot!("repair_100x30", screen.text());
    let screen = screen.press("y").until("written to moving_sum.py");
    screen.press("8<esc>u").until("is as it was");
}

#[test]
fn a_growing_run_is_followed_until_the_user_moves() {
    let mut screen = Screen::of(session(fixture::long(9)), (80, 24));
    screen.app.take(Event::Traced(fixture::moving_sum()));
    let mut screen = screen.drawn();
    assert_eq!(screen.step(), 5, "opens on the exception when it arrives");
    screen = screen.press("s");
    screen.app.take(Event::Traced(fixture::moving_sum()));
    assert_eq!(screen.step(), 6);
}

#[test]
fn every_pane_draws_at_every_size_for_every_step() {
    for (trace, steps) in [
        (fixture::moving_sum(), 16),
        (fixture::odds(), 18),
        (Trace::default(), 1),
    ] {
        for size in [
            (1, 1),
            (2, 9),
            (9, 2),
            (20, 6),
            (33, 12),
            (80, 24),
            (120, 40),
            (200, 60),
            (400, 120),
        ] {
            let mut screen = Screen::of(session(trace.clone()), size).press("gg");
            for turn in 0..steps {
                let pane = turn % pane::ALL.len() + 1;
                screen = screen.press(&format!("{}<esc>jzkz", pane % 10)).press("s");
                if turn % 5 == 0 {
                    screen = screen.press("vVo?<esc>:<esc>VhHi");
                }
            }
            assert!(screen.app.running(), "no key of these ends it");
        }
    }
}

#[test]
fn every_action_can_be_asked_for_anywhere() {
    for focus in 0..10 {
        for action in Action::ALL {
            let mut screen =
                Screen::of(session(fixture::odds()), (80, 24)).press(&format!("9G{focus}<esc>"));
            screen.app.perform(*action);
            screen.draw();
            // Nothing runs that could be interrupted.
            let ends = matches!(action, Action::Quit | Action::Interrupt);
            assert_eq!(screen.app.running(), !ends, "{action:?}");
        }
    }
}

#[test]
fn a_long_run_costs_no_more_a_key_than_a_short_one() {
    let trace = fixture::long(1_000_001);
    assert_eq!(trace.steps().len(), 1_000_001);
    let mut screen = Screen::of(session(trace), (200, 60));
    ASKED.lock().unwrap().clear();
    screen = screen.press("500000GssnNfF]][{}<lt>>cCGgg");
    let asked = ASKED.lock().unwrap();
    assert!(!asked.is_empty());
    let longest = asked.iter().map(|it| it.end - it.start).max().unwrap();
    assert!(longest <= WINDOW, "a page was asked for {longest} steps");
    // Two formats, and three places far apart.
    assert!(asked.len() <= 24, "{} pages were written", asked.len());
    assert!(screen.text().contains("1/1000001"), "{}", screen.text());
}
