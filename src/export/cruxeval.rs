//! Calls as records of CRUXEval (Gu et al. 2024, "CRUXEval: A Benchmark for Code Reasoning, Understanding
//! and Execution", arXiv 2401.03065), with the prompts that SemCoder's evaluation makes of them.

use std::io::{self, Write};

use serde_json::json;

use super::program::{self, Call};
use crate::{
    explain::{Direction, prompt},
    trace::{CodeKind, Trace},
};

/// Writes one record a call and line: `code`, `input`, `output` and `id` as CRUXEval has them, and the
/// prompt, which asks for the output where `direction` is forward and for an input where it is backward.
///
/// Calls are those whose arguments and value Python can read back. CRUXEval's function is called `f`: for
/// another name the code ends in a line that makes `f` mean it, and the prompt asks about it by its own.
///
/// # Errors
/// When `out` does not take what is written.
pub fn cruxeval(trace: &Trace, direction: Direction, out: &mut dyn Write) -> io::Result<()> {
    let source = match trace.entry().map(|it| trace.code(it).kind) {
        // A script would run again whenever a record is checked.
        Some(CodeKind::Module) => definitions(&program::source(trace)),
        _ => program::source(trace),
    };
    for (number, call) in program::calls(trace).iter().enumerate() {
        let prompt = asked(&source, call, direction);
        let code = match &*call.name {
            "f" => source.clone(),
            name => format!("{source}\n\nf = {name}"),
        };
        let record = json!({
            "code": code,
            "input": call.input,
            "output": call.output,
            "id": format!("sample_{number}"),
            "function": call.name,
            "frame": call.frame.raw() + 1,
            "prompt": prompt.text,
            "stop": prompt.stops,
        });
        serde_json::to_writer(&mut *out, &record)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn asked(source: &str, call: &Call, direction: Direction) -> crate::model::Prompt {
    match direction {
        Direction::Forward => prompt::forward(source, &format!("{}({})", call.name, call.input)),
        Direction::Backward => {
            prompt::backward(source, &format!("{}(??)", call.name), &call.output)
        }
    }
}

/// A script's imports, functions, classes and constants, without what it does.
fn definitions(source: &str) -> String {
    let mut res: Vec<&str> = Vec::new();
    let mut kept = false;
    for line in source.lines() {
        let starts = line
            .chars()
            .next()
            .is_some_and(|it| !it.is_whitespace() && !matches!(it, '#' | ')' | ']' | '}'));
        if starts {
            let heads = ["def ", "class ", "import ", "from ", "@", "async def "];
            let constant = line.split_once('=').is_some_and(|(name, value)| {
                name.trim()
                    .chars()
                    .all(|it| it.is_uppercase() || it == '_' || it.is_numeric())
                    && !value.contains('(')
            });
            kept = heads.iter().any(|it| line.starts_with(it)) || constant;
        }
        if kept {
            res.push(line);
        }
    }
    res.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::definitions;

    #[test]
    fn a_scripts_doings_are_left_out() {
        let source = "import os\nN = 3\n\n@cached\ndef f(\n    a,\n):\n    return a\n\nx = f(1)\nfor i in x:\n    print(i)\nclass A:\n    pass\n";
        assert_eq!(
            definitions(source),
            "import os\nN = 3\n\n@cached\ndef f(\n    a,\n):\n    return a\n\nclass A:\n    pass"
        );
    }
}
