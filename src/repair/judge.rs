//! A candidate's verdict. It is reached out here: inside, the code says what it returned, never whether that
//! was right, and exit status, output and exceptions of the harness count for nothing.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::Error;
use super::cases::{Case, Cases, Demand};
use super::talk::{Talk, Trouble, past};
use super::value::Value;
use super::verdict::{Answer, Class, Judgement};
use crate::sandbox::{Job, Limits};

const HARNESS: &str = include_str!("harness.py");

/// The longest text of an answer that is shown, in characters.
const SHOWN: usize = 2048;

/// How often a candidate that broke off is started again for the tests that are left.
const RESTARTS: usize = 3;

/// What candidates are judged by.
#[derive(Debug, Clone)]
pub struct Court<'a> {
    /// The interpreter.
    pub python: PathBuf,
    /// The name of the file under repair, without directories.
    pub file: String,
    /// Other files that it may import, by relative path.
    pub beside: &'a [(PathBuf, Vec<u8>)],
    /// The tests.
    pub cases: &'a Cases,
    /// For each test; six seconds.
    pub patience: Duration,
}

impl Court<'_> {
    /// Judges one version of the file, in fresh sandboxes: one for the lifted tests, more after each that
    /// breaks it off, one for what is only reported. About 25 ms for a few quick tests.
    ///
    /// # Errors
    ///
    /// When the sandbox cannot be used. Whatever the candidate does is part of the verdict.
    pub fn judge(&self, source: &str) -> Result<Judgement, Error> {
        let cases = &self.cases.cases;
        let mut answers: Vec<Answer> = vec![Answer::NotRun; cases.len()];
        let mut next = 0;
        for _ in 0..=RESTARTS {
            if next == cases.len() {
                break;
            }
            match self.session(source, &self.cases.prelude, cases, next, &mut answers)? {
                Met::End => break,
                Met::Syntax(why) => {
                    return Ok(Judgement::unasked(Class::SyntaxError, why, self.cases));
                }
                // The next test that does not need what the broken one left.
                Met::Break(at) => {
                    let later = (at + 1..cases.len()).find(|index| cases[*index].fresh);
                    match later {
                        Some(later) => next = later,
                        None => break,
                    }
                }
                Met::Tampering => break,
            }
        }
        let mut tests: Vec<(String, Answer)> = cases
            .iter()
            .map(|case| case.name.clone())
            .zip(answers)
            .collect();
        if !self.cases.reported.is_empty() {
            match self.reported(source)? {
                Ok(reported) => tests.extend(reported),
                Err(why) => return Ok(Judgement::unasked(Class::SyntaxError, why, self.cases)),
            }
        }
        let classes = tests.iter().map(|(_, answer)| answer.class());
        // A test that failed to run weighs more than a wrong answer.
        let class = classes.min_by_key(|class| match class {
            Class::ExtractFail => 0,
            Class::SyntaxError => 1,
            Class::ExecuteFail => 2,
            Class::TestCaseFail => 3,
            Class::Pass => 4,
        });
        Ok(Judgement {
            class: class.unwrap_or(Class::Pass),
            tests,
            why: None,
        })
    }

    fn begin(&self, source: &str, questions: usize) -> Result<Talk, Error> {
        let whole = self
            .patience
            .saturating_mul(u32::try_from(questions + 2).unwrap_or(u32::MAX));
        let wall = whole.min(Duration::from_secs(120));
        let mut argv = vec!["-s", "-B", ".judge/harness.py", &self.file];
        argv.extend(self.cases.names.iter().map(String::as_str));
        let mut files = vec![
            (".judge/harness.py".into(), HARNESS.into()),
            (PathBuf::from(&self.file), source.into()),
        ];
        files.extend_from_slice(self.beside);
        let job = Job {
            python: self.python.clone(),
            argv: argv.into_iter().map(str::to_owned).collect(),
            files,
            ..Job::default()
        };
        let limits = Limits {
            wall,
            cpu: wall,
            ..Limits::default()
        };
        Ok(Talk::begin(&job, limits)?)
    }

    /// Compiles and loads the candidate, then asks from case `next` on.
    fn session(
        &self,
        source: &str,
        prelude: &str,
        cases: &[Case],
        next: usize,
        answers: &mut [Answer],
    ) -> Result<Met, Error> {
        let mut talk = self.begin(source, cases.len() - next)?;
        match self.load(&mut talk) {
            Loaded::Yes => {}
            Loaded::Syntax(why) => return Ok(Met::Syntax(why)),
            Loaded::Raised(what) => {
                answers[next..].fill(Answer::Raised(what));
                return Ok(Met::End);
            }
            Loaded::Trouble(trouble) => {
                let answer = broken(talk, &trouble)?;
                answers[next..].fill(answer);
                return Ok(Met::End);
            }
        }
        for (index, case) in cases.iter().enumerate().skip(next) {
            let asked = question(case.fresh, prelude, &case.setup, &case.call);
            match talk.ask(asked, self.patience) {
                Ok(reply) => answers[index] = judged(&case.demand, &reply),
                Err(trouble) => {
                    let met = match trouble {
                        Trouble::Tampered(_) => Met::Tampering,
                        Trouble::Ended | Trouble::Late => Met::Break(index),
                    };
                    let answer = broken(talk, &trouble)?;
                    if met == Met::Tampering {
                        // Nothing that it said before counts either.
                        answers.fill(answer);
                    } else {
                        answers[index] = answer;
                    }
                    return Ok(met);
                }
            }
        }
        match talk.end()? {
            Ok(exit) => {
                // Whoever leaves every answer right but a limit broken has not passed.
                if let (Some(limit), Some(last)) = (past(&exit.verdict), answers.last_mut()) {
                    *last = Answer::Broken(limit.to_owned());
                }
                Ok(Met::End)
            }
            Err(Trouble::Tampered(why)) => {
                answers.fill(Answer::Broken(format!("tampered with the judge: {why}")));
                Ok(Met::Tampering)
            }
            Err(Trouble::Ended | Trouble::Late) => Ok(Met::End),
        }
    }

    fn load(&self, talk: &mut Talk) -> Loaded {
        let compile = talk.ask(simple("compile"), self.patience);
        match compile {
            Ok(reply) => {
                if let Some(why) = reply.get("syntax").and_then(Json::as_str) {
                    return Loaded::Syntax(why.to_owned());
                }
            }
            Err(trouble) => return Loaded::Trouble(trouble),
        }
        match talk.ask(simple("load"), self.patience) {
            Ok(reply) if reply.contains_key("error") => Loaded::Raised(raised(&reply)),
            Ok(_) => Loaded::Yes,
            Err(trouble) => Loaded::Trouble(trouble),
        }
    }

    /// Runs what could not be lifted, each in its own scope; the compiler's words if there is nothing to run.
    fn reported(&self, source: &str) -> Result<Result<Vec<(String, Answer)>, String>, Error> {
        let tests = &self.cases.reported;
        let mut answers = Vec::with_capacity(tests.len());
        let mut talk = self.begin(source, tests.len())?;
        let mut broken_by = match self.load(&mut talk) {
            Loaded::Yes => None,
            Loaded::Syntax(why) => return Ok(Err(why)),
            Loaded::Raised(what) => Some(Answer::Raised(what)),
            Loaded::Trouble(trouble) => {
                let answer = broken(talk, &trouble)?;
                let all = tests.iter().map(|test| (test.name.clone(), answer.clone()));
                return Ok(Ok(all.collect()));
            }
        };
        for test in tests {
            let answer = broken_by.clone().unwrap_or_else(|| {
                let asked = question(true, &self.cases.reported_prelude, &test.setup, &test.call);
                match talk.ask(asked, self.patience) {
                    Ok(reply) if reply.contains_key("value") => Answer::ReportedRight,
                    Ok(reply) => Answer::ReportedWrong(raised(&reply)),
                    Err(trouble) => {
                        broken_by = Some(Answer::NotRun);
                        match trouble {
                            Trouble::Late => Answer::Late,
                            Trouble::Ended => Answer::Broken("ended before it answered".to_owned()),
                            Trouble::Tampered(why) => Answer::Broken(why.to_owned()),
                        }
                    }
                }
            });
            answers.push((test.name.clone(), answer));
        }
        Ok(Ok(answers))
    }
}

/// How a session ended.
#[derive(Debug, PartialEq, Eq)]
enum Met {
    End,
    Syntax(String),
    /// At this case.
    Break(usize),
    Tampering,
}

enum Loaded {
    Yes,
    Syntax(String),
    Raised(String),
    Trouble(Trouble),
}

fn simple(what: &str) -> Map<String, Json> {
    Map::from_iter([("do".to_owned(), what.into())])
}

fn question(fresh: bool, prelude: &str, setup: &str, call: &str) -> Map<String, Json> {
    let mut question = simple("call");
    question.insert("fresh".to_owned(), fresh.into());
    question.insert("prelude".to_owned(), prelude.into());
    question.insert("setup".to_owned(), setup.into());
    question.insert("call".to_owned(), call.into());
    question
}

fn broken(talk: Talk, trouble: &Trouble) -> Result<Answer, Error> {
    let why = talk.broken_off(trouble)?;
    Ok(if why == "timed out" {
        Answer::Late
    } else {
        Answer::Broken(why)
    })
}

fn judged(demand: &Demand, reply: &Map<String, Json>) -> Answer {
    if let Some(bases) = reply.get("error") {
        let text = raised(reply);
        let is = |name: &String| {
            bases
                .as_array()
                .is_some_and(|b| b.iter().any(|b| b == name))
        };
        return match demand {
            Demand::Raises(name) if is(name) => Answer::Right(text),
            _ => Answer::Raised(text),
        };
    }
    match reply.get("value").and_then(Value::parse) {
        None => Answer::Broken("its answer holds no value".to_owned()),
        Some(value) if demand.met_by(&value) => Answer::Right(shortened(value.repr())),
        Some(value) => Answer::Wrong(shortened(value.repr())),
    }
}

/// The last line of a traceback, from what the harness said of it.
fn raised(reply: &Map<String, Json>) -> String {
    let name = reply.get("error").and_then(|bases| bases.get(0)?.as_str());
    let message = reply.get("message").and_then(Json::as_str).unwrap_or("");
    let mut text = name.unwrap_or("an exception").to_owned();
    if !message.is_empty() {
        text = format!("{text}: {message}");
    }
    if let Some(line) = reply.get("line").and_then(Json::as_u64) {
        text = format!("{text} (line {line})");
    }
    shortened(text)
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text,
        Some((end, _)) => {
            let total = text.chars().count();
            format!("{}... [truncated, total length={total}]", &text[..end])
        }
    }
}
