//! The debugger's monologue pane with a model behind a server, in a real pseudo-terminal.

use std::fs;
use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use super::http::head;
use super::pty::Terminal;
use super::{end, fake, piece, url};

#[test]
fn the_pane_streams_stops_and_asks_again() {
    let folder = tempfile::tempdir().unwrap();
    let source = "def f(x):\n    y = x + 1\n    return y * 2\n\n\nf(3)\n";
    fs::write(folder.path().join("prog.py"), source).unwrap();
    let http = fake(|asked, stream| {
        head(stream, 200, &[("content-type", "text/event-stream")]);
        let mut send = |text: &str| {
            let _ = stream.write_all(format!("data: {}\n\n", piece(text)).as_bytes());
        };
        send("y becomes four");
        if String::from_utf8_lossy(&asked.body).contains("Simulate") {
            // And then nothing, as from a server that hangs.
            thread::sleep(Duration::from_secs(60));
        }
        send(" at last");
        let end = end("[/ANSWER]".into());
        let _ = stream.write_all(format!("data: {end}\n\ndata: [DONE]\n\n").as_bytes());
    });
    let model = url(&http);
    let mut terminal = Terminal::start(&["--model", &model, "prog.py"], folder.path(), 120, 40);
    terminal.wait_for("step 1/");
    terminal.send("a");
    terminal.wait_for("y becomes four");
    let pressed = Instant::now();
    terminal.send("\x1b");
    terminal.wait_for("stopped");
    assert!(
        pressed.elapsed() < Duration::from_secs(2),
        "{:?}",
        pressed.elapsed()
    );
    // The model is free again at once.
    terminal.send("A");
    terminal.wait_for("at last");
    terminal.send("q");
    terminal.end();
}
