//! The judge's cases: what a tests file asks, lifted to data so that no expected value ever meets the code
//! that is judged.
//!
//! The file is the user's own and trusted; its interpreter reads it, isolated, with the `ast` module. What
//! cannot be lifted is kept whole and *reported*: it runs beside the candidate, which could fake it, so that
//! such a result proves nothing.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::Error;
use super::value::Value;

const LIFT: &str = concat!(include_str!("demand.py"), "\n", include_str!("lift.py"));

/// A tests file as questions.
#[derive(Debug, Clone, Default)]
pub struct Cases {
    /// Imports and helpers that the questions need.
    pub(super) prelude: String,
    /// The same for what is only reported: all that stands at the file's top.
    pub(super) reported_prelude: String,
    /// The names under which the tests import the file under repair, its own first.
    pub(super) names: Vec<String>,
    /// Lifted, in the file's order.
    pub cases: Vec<Case>,
    /// What could not be lifted.
    pub reported: Vec<Reported>,
}

/// One question with its answer, which stays outside.
#[derive(Debug, Clone)]
pub struct Case {
    /// The test and its line, or the line alone.
    pub name: String,
    /// Whether it starts from an empty scope, as a test function does.
    pub(super) fresh: bool,
    /// Statements to run first.
    pub setup: String,
    /// The expression whose value is compared.
    pub call: String,
    /// What must hold of it.
    pub(super) demand: Demand,
    /// The demand as Python text, for people and models.
    pub expected: String,
}

/// A test that runs as it is.
#[derive(Debug, Clone, Deserialize)]
pub struct Reported {
    /// The test or its line.
    pub name: String,
    /// Why it could not be lifted.
    pub why: String,
    pub(super) setup: String,
    pub(super) call: String,
}

/// What must hold of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Demand {
    Equal(Value),
    Unequal(Value),
    /// Of `None`, `True` and `False` alone, so that identity is type and value.
    Is(Value),
    IsNot(Value),
    Truthy,
    Falsy,
    Less(Value),
    AtMost(Value),
    More(Value),
    AtLeast(Value),
    OneOf(Vec<Value>),
    NoneOf(Vec<Value>),
    Near {
        value: Value,
        relative: f64,
        absolute: f64,
    },
    /// An exception of this class or one below it, by name.
    Raises(String),
}

#[derive(Deserialize)]
struct Lifted {
    prelude: String,
    reported_prelude: String,
    names: Vec<String>,
    cases: Vec<LiftedCase>,
    reported: Vec<Reported>,
}

#[derive(Deserialize)]
struct LiftedCase {
    name: String,
    fresh: bool,
    setup: String,
    call: String,
    is: Json,
}

impl Cases {
    /// Lifts the tests in `source` about a module named `stem`. Costs one start of the interpreter.
    ///
    /// # Errors
    ///
    /// When the source is no Python, the interpreter cannot be started, or nothing in it is a test.
    pub fn lift(python: &Path, source: &str, stem: &str) -> Result<Cases, Error> {
        let fail = |why: String| Error::Tests { why };
        let mut child = Command::new(python)
            .args(["-I", "-B", "-c", LIFT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| fail(format!("{} did not start: {error}", python.display())))?;
        if let Some(mut stdin) = child.stdin.take() {
            let question = json!({ "tests": source, "stem": stem }).to_string();
            // It reads all before it writes; if it died, its status says so.
            let _ = stdin.write_all(question.as_bytes());
        }
        let output = child
            .wait_with_output()
            .map_err(|error| fail(error.to_string()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(fail(
                said.trim().lines().last().unwrap_or("no answer").to_owned(),
            ));
        }
        let lifted: Lifted =
            serde_json::from_slice(&output.stdout).map_err(|error| fail(error.to_string()))?;
        let cases: Option<Vec<Case>> = lifted.cases.into_iter().map(case).collect();
        let cases = Cases {
            prelude: lifted.prelude,
            reported_prelude: lifted.reported_prelude,
            names: lifted.names,
            cases: cases.ok_or_else(|| fail("an expected value is of no known kind".to_owned()))?,
            reported: lifted.reported,
        };
        if cases.cases.is_empty() && cases.reported.is_empty() {
            return Err(fail("it holds no `assert` and no test function".to_owned()));
        }
        Ok(cases)
    }
}

fn case(lifted: LiftedCase) -> Option<Case> {
    Some(Case {
        name: lifted.name,
        fresh: lifted.fresh,
        setup: lifted.setup,
        call: lifted.call,
        demand: demand(&lifted.is)?,
        expected: lifted.is["text"].as_str()?.to_owned(),
    })
}

fn demand(is: &Json) -> Option<Demand> {
    let expected = || Value::parse(&is["expected"]);
    let items = || match expected()? {
        Value::List(items) => Some(items),
        _ => None,
    };
    Some(match is["op"].as_str()? {
        "eq" => Demand::Equal(expected()?),
        "ne" => Demand::Unequal(expected()?),
        "is" => Demand::Is(expected()?),
        "is-not" => Demand::IsNot(expected()?),
        "truthy" => Demand::Truthy,
        "falsy" => Demand::Falsy,
        "lt" => Demand::Less(expected()?),
        "le" => Demand::AtMost(expected()?),
        "gt" => Demand::More(expected()?),
        "ge" => Demand::AtLeast(expected()?),
        "in" => Demand::OneOf(items()?),
        "not-in" => Demand::NoneOf(items()?),
        "approx" => Demand::Near {
            value: expected()?,
            relative: is["rel"].as_f64()?,
            absolute: is["abs"].as_f64()?,
        },
        "raises" => Demand::Raises(is["expected"].as_str()?.to_owned()),
        _ => return None,
    })
}

impl Case {
    /// The case as Python statements that name the result `retv`.
    #[must_use]
    pub fn statements(&self) -> String {
        let mut text = self.setup.clone();
        if !text.is_empty() {
            text.push('\n');
        }
        if let Demand::Raises(name) = &self.demand {
            return format!("{text}with pytest.raises({name}):\n    {}", self.call);
        }
        let list = |values: &[Value]| Value::List(values.to_vec()).repr();
        let holds = match &self.demand {
            Demand::Equal(value) => format!("retv == {}", value.repr()),
            Demand::Unequal(value) => format!("retv != {}", value.repr()),
            Demand::Is(value) => format!("retv is {}", value.repr()),
            Demand::IsNot(value) => format!("retv is not {}", value.repr()),
            Demand::Truthy | Demand::Raises(_) => "retv".to_owned(),
            Demand::Falsy => "not retv".to_owned(),
            Demand::Less(value) => format!("retv < {}", value.repr()),
            Demand::AtMost(value) => format!("retv <= {}", value.repr()),
            Demand::More(value) => format!("retv > {}", value.repr()),
            Demand::AtLeast(value) => format!("retv >= {}", value.repr()),
            Demand::OneOf(values) => format!("retv in {}", list(values)),
            Demand::NoneOf(values) => format!("retv not in {}", list(values)),
            Demand::Near { value, .. } => format!("retv == pytest.approx({})", value.repr()),
        };
        format!("{text}retv = {}\nassert {holds}", self.call)
    }
}

impl Demand {
    /// Whether a returned value meets it. An object meets none, since its class would decide, but for not
    /// being one of the constants: nobody decides identity.
    pub(super) fn met_by(&self, got: &Value) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        if matches!(got, Value::Object(_)) {
            return matches!(self, Demand::IsNot(_));
        }
        match self {
            Demand::Equal(value) => got.equals(value),
            Demand::Unequal(value) => !got.equals(value),
            Demand::Is(value) => got == value,
            Demand::IsNot(value) => got != value,
            Demand::Truthy => got.truth() == Some(true),
            Demand::Falsy => got.truth() == Some(false),
            Demand::Less(value) => got.compared(value) == Some(Less),
            Demand::AtMost(value) => matches!(got.compared(value), Some(Less | Equal)),
            Demand::More(value) => got.compared(value) == Some(Greater),
            Demand::AtLeast(value) => matches!(got.compared(value), Some(Greater | Equal)),
            Demand::OneOf(values) => values.iter().any(|value| got.equals(value)),
            Demand::NoneOf(values) => !values.iter().any(|value| got.equals(value)),
            Demand::Near {
                value,
                relative,
                absolute,
            } => near(got, value, *relative, *absolute),
            Demand::Raises(_) => false,
        }
    }
}

/// As `math.isclose` and `pytest.approx` agree where the expected value is the measure; element by element
/// in lists, tuples and dicts.
fn near(got: &Value, value: &Value, relative: f64, absolute: f64) -> bool {
    let all = |got: &[Value], values: &[Value]| {
        got.len() == values.len()
            && got
                .iter()
                .zip(values)
                .all(|(got, value)| near(got, value, relative, absolute))
    };
    match (got, value) {
        (Value::List(got), Value::List(value)) | (Value::Tuple(got), Value::Tuple(value)) => {
            all(got, value)
        }
        (Value::Dict(got), Value::Dict(value)) => {
            got.len() == value.len()
                && value.iter().all(|(key, value)| {
                    let found = got.iter().find(|(other, _)| other.equals(key));
                    found.is_some_and(|(_, got)| near(got, value, relative, absolute))
                })
        }
        _ => match (got.float(), value.float()) {
            (Some(got), Some(value)) => {
                got == value
                    || got.is_finite()
                        && value.is_finite()
                        && (got - value).abs() <= (relative * value.abs()).max(absolute)
            }
            _ => got.equals(value),
        },
    }
}
