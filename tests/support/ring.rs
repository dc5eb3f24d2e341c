//! A run that loses its oldest steps while it is looked at.

use monologue::{
    trace::{Builder, CodeKind, Trace, Value},
    tui::{Event, Index},
};
use recorder::wire::{Left, Record, Write};

use super::screen::{Screen, session};

const SOURCE: &str = "def f(x):\n    return x\n\nwhile True:\n    y = f([i])\n";

fn write(name: u32, value: &Value) -> Write {
    let mut bytes = Vec::new();
    value.write(&mut bytes);
    Write {
        name,
        left: Left::Whole(bytes),
    }
}

fn list(turn: u32) -> Value {
    Value::Sequence {
        kind: monologue::trace::Sequence::List,
        id: 7,
        len: 1,
        items: vec![Value::Int(turn.into())],
    }
}

/// A loop of three steps a turn, up to turn `to`, of which what came before the call in turn `from` is
/// gone; all is there where `from` is 0.
fn endless(from: u32, to: u32) -> Trace {
    let mut builder = Builder::default();
    let mut push = |it| builder.push(it);
    push(Record::Name("x".into()));
    push(Record::Name("y".into()));
    push(Record::File {
        path: "/srv/loop.py".into(),
        source: Some(SOURCE.into()),
    });
    for (kind, name, locals) in [
        (CodeKind::Module, "<module>", vec![]),
        (CodeKind::Function, "f", vec![0]),
    ] {
        push(Record::Code {
            file: 0,
            first_line: 1,
            kind,
            name: name.into(),
            qualname: name.into(),
            parameters: locals.len() as u32,
            locals,
        });
    }
    let (call, line) = (
        |code, line, writes| Record::Call { code, line, writes },
        |delta, writes| Record::Line { delta, writes },
    );
    match from {
        0 => push(call(0, 3, vec![])),
        _ => {
            push(Record::Start {
                steps: 3 * from + 2,
                frames: from + 2,
                prelude: false,
            });
            let live = |frame, code, line, writes| Record::Live {
                frame,
                code,
                line,
                suspended: false,
                writes,
            };
            push(live(1, 0, 5, vec![write(1, &list(from - 1))]));
            push(live(from + 2, 1, 1, vec![write(0, &list(from))]));
        }
    }
    for turn in from..to {
        if from == 0 || from < turn {
            let wrote = match turn {
                0 => vec![],
                _ => vec![write(1, &list(turn - 1))],
            };
            push(line(if turn == 0 { 1 } else { -1 }, wrote));
            push(line(1, vec![]));
            push(call(1, 1, vec![write(0, &list(turn))]));
        }
        push(line(1, vec![]));
        let mut value = Vec::new();
        list(turn).write(&mut value);
        push(Record::Return {
            delta: 0,
            writes: vec![],
            value,
        });
    }
    builder.snapshot()
}

/// A screen over the first turns, with all of what a user may have done to it.
fn used() -> Screen {
    let mut session = session(endless(0, 100));
    session.traced = Some(std::sync::mpsc::channel().1);
    Screen::of(session, (160, 40)).press("10Gma200Gmb")
}

#[test]
fn where_the_user_stands_stays_where_it_is_kept() {
    for indexed in [false, true] {
        // In a call, looking at its caller.
        let mut screen = used().press("270Gu");
        let before = screen.app.cursor().unwrap();
        let trace = endless(60, 130);
        let looked_at = trace.frames().first();
        screen.app.take(match indexed {
            true => {
                let mut index = Index::default();
                index.extend(&trace);
                Event::Rebased(Box::new((trace, index)))
            }
            false => Event::Traced(trace),
        });
        screen.draw();
        let now = screen.app.cursor().unwrap();
        assert_eq!((screen.step(), Some(now.frame())), (270, looked_at));
        assert_eq!(before.step(), now.step());
        let text = screen.text();
        assert!(text.contains("RUNNING, first 182 steps gone"), "{text}");
        assert!(text.contains("step 270/390"), "{text}");
        // A mark that is kept, one that is not, and a way to both ends.
        screen = screen.press("'b");
        assert_eq!(screen.step(), 200);
        screen = screen.press("'a");
        assert_eq!(screen.step(), 200);
        screen = screen.press("gg");
        assert_eq!(screen.step(), 183);
        screen = screen.press("S");
        assert_eq!(screen.step(), 183);
        screen = screen.press("G");
        assert_eq!(screen.step(), 390);
        screen = screen.press("C");
        assert_eq!(screen.step(), 183);
    }
}

#[test]
fn who_stood_on_a_step_that_is_gone_stands_on_the_oldest_and_is_told() {
    let mut screen = used().press("20G");
    screen.app.take(Event::Traced(endless(60, 130)));
    screen.draw();
    assert_eq!(screen.step(), 183);
    let told = "step 20 is gone, as only the newest are kept: this is the oldest one, step 183";
    assert!(screen.text().contains(told), "{}", screen.text());
    // Again, of somebody who did nothing about it.
    screen.app.take(Event::Traced(endless(90, 160)));
    screen.draw();
    assert_eq!(screen.step(), 273);
    screen = screen.press("s");
    assert_eq!(screen.step(), 274);
}

#[test]
fn every_pane_draws_a_trace_that_loses_its_oldest_steps() {
    for pane in 0..10 {
        let mut screen = used().press(&format!("{pane}<esc>jjzojoV"));
        for (from, to) in [(20, 110), (66, 120), (119, 120), (200, 300)] {
            screen.app.take(Event::Traced(endless(from, to)));
            screen.draw();
            screen = screen.press("jkozsSgg").press("nN][");
            assert!(3 * from + 2 < screen.step(), "pane {pane}");
        }
    }
}
