//! How a confined run ended, as a value and as the contract's JSON.

use serde_json::{Value, json};

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Verdict {
    /// By itself, with this status (0 to 255). Says nothing about whether it did its work.
    Exited(i32),
    /// By this signal, its own or another process's in the sandbox.
    Killed(i32),
    /// We ended it: out of clock time, or the kernel did: out of processor time.
    Timeout,
    /// We ended it: its processes together held more memory than allowed.
    Memory,
    /// We ended it: it printed, or where no quota stops it stored, more than allowed.
    Output,
    /// We ended it: more processes and threads than allowed.
    Processes,
    /// Nothing was run; the sentence says why.
    Refused(String),
}

impl Verdict {
    /// The contract's word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Exited(_) => "exited",
            Verdict::Killed(_) => "killed",
            Verdict::Timeout => "timeout",
            Verdict::Memory => "memory",
            Verdict::Output => "output",
            Verdict::Processes => "processes",
            Verdict::Refused(_) => "refused",
        }
    }

    /// The status as a shell counts it: the program's own, or 128 + N for signal N; `None` where we ended
    /// the run or never began it.
    #[must_use]
    pub fn status(&self) -> Option<i32> {
        match self {
            Verdict::Exited(code) => Some(*code),
            Verdict::Killed(signal) => Some(128 + signal),
            Verdict::Timeout
            | Verdict::Memory
            | Verdict::Output
            | Verdict::Processes
            | Verdict::Refused(_) => None,
        }
    }
}

/// All that a run leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Exit {
    /// How it ended.
    pub verdict: Verdict,
    /// Clock time from the program's start to the end of its last process.
    pub seconds: f64,
    /// What it printed, at most [`super::Limits::output_bytes`]. Hostile bytes: show them through a
    /// filter.
    pub stdout: Vec<u8>,
    /// As `stdout`.
    pub stderr: Vec<u8>,
    /// The layers that held it, in words, as seen to engage in this very run.
    pub confinement: Vec<String>,
}

impl Exit {
    /// A run that did not take place.
    #[must_use]
    pub fn refused(why: impl Into<String>) -> Exit {
        Exit {
            verdict: Verdict::Refused(why.into()),
            seconds: 0.0,
            stdout: Vec::new(),
            stderr: Vec::new(),
            confinement: Vec::new(),
        }
    }

    /// The object that `monologue sandbox` prints. Bytes that are no UTF-8 become U+FFFD; a refusal's
    /// sentence stands in `stderr`, where nothing else can be.
    #[must_use]
    pub fn json(&self) -> Value {
        let stderr = match &self.verdict {
            Verdict::Refused(why) => why.as_str().into(),
            _ => String::from_utf8_lossy(&self.stderr),
        };
        json!({
            "verdict": self.verdict.word(),
            "status": self.verdict.status(),
            "seconds": self.seconds,
            "stdout": String::from_utf8_lossy(&self.stdout),
            "stderr": stderr,
            "confinement": self.confinement,
        })
    }

    /// [`Exit::json`] as one line that is safe on a terminal: characters that could move its cursor or
    /// reorder its text are written as JSON escapes, so that a reader of JSON sees them unchanged.
    #[must_use]
    pub fn json_line(&self) -> String {
        let text = self.json().to_string();
        let mut line = String::with_capacity(text.len());
        for c in text.chars() {
            if hidden(c) {
                let mut units = [0u16; 2];
                for unit in c.encode_utf16(&mut units) {
                    line.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                line.push(c);
            }
        }
        line
    }
}

/// Characters that JSON leaves as they are and a terminal obeys: DEL, C1, and the invisible ones.
fn hidden(c: char) -> bool {
    matches!(c,
        '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_hostile_text_readable_and_harmless() {
        let exit = Exit {
            stdout: "a\u{1b}[2J\u{9b}2J\u{202e}\u{e0041}é".into(),
            verdict: Verdict::Killed(9),
            ..Exit::refused("")
        };
        let line = exit.json_line();
        assert!(!line.chars().any(|c| hidden(c) || c.is_control()), "{line}");
        let back: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["stdout"], "a\u{1b}[2J\u{9b}2J\u{202e}\u{e0041}é");
        assert_eq!(back["status"], 137);
    }

    #[test]
    fn a_refusal_says_why() {
        let json = Exit::refused("no layers").json();
        assert_eq!(json["verdict"], "refused");
        assert_eq!(json["stderr"], "no layers");
        assert!(json["status"].is_null());
    }
}
