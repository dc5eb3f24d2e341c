//! The prompts that the released SemCoder checkpoints were made with, byte for byte.
//!
//! Ding et al. 2024, "SemCoder: Training Code Language Models with Comprehensive Semantics Reasoning",
//! arXiv 2406.01006; the texts are those of its released evaluation code, slips included: a checkpoint
//! does best on what it has seen. Execution is asked for at temperature 0.2 and top-p 0.95 there, code
//! greedily, and 4,096 tokens are the most of prompt and completion together.

use crate::model::Prompt;

/// A line's label is its number and this: the released code counts so, and does not say why.
const LABEL_OFFSET: u32 = 4;

/// Ends an answer. What a completion holds before it is for [`super::answer`].
const ANSWER_END: &str = "[/ANSWER]";

/// The label that [`forward`] gives to a line of the code, both counted from 1: line 1 is `L5`.
pub fn label_of(line: u32) -> u32 {
    line + LABEL_OFFSET
}

/// The line of the code that a label `L…` stands for; none below the first.
pub fn line_of(label: u32) -> Option<u32> {
    label.checked_sub(LABEL_OFFSET).filter(|line| 0 < *line)
}

/// Asks what `call` returns, with a monologue about how.
///
/// `code` is the program, `call` an expression over its names. The checkpoints know the function as `f`;
/// other names are an extension by analogy. Quotes are replaced as by [`double_quoted`].
pub fn forward(code: &str, call: &str) -> Prompt {
    let label = |(index, line): (u32, &str)| match line.trim().is_empty() {
        true => line.to_owned(),
        false => format!("{line} # [L{}]", label_of(index)),
    };
    let code = double_quoted(without_last_newline(code));
    let code: Vec<String> = (1..).zip(code.split('\n')).map(label).collect();
    let text = format!(
        "Simulate the Execution: You are given a Python function and an assertion containing a \
         function input. Complete the assertion containing the execution output corresponding to \
         the given input in [ANSWER] and [/ANSWER] tags.\n\
         [PYTHON]\n{}\nassert {} == ??\n[/PYTHON]\n[MONOLOGUE]\n",
        code.join("\n"),
        double_quoted(call),
    );
    Prompt {
        text,
        stops: vec![ANSWER_END.to_owned()],
    }
}

/// Asks for an input that makes `call` return `output`, with a monologue about how.
///
/// `call` has `??` where the input belongs, as in `f(??)`; `output` is an expression. Quotes are replaced
/// as by [`double_quoted`].
pub fn backward(code: &str, call: &str, output: &str) -> Prompt {
    // Sic: the released prompt lacks the bracket before PYTHON, and has the empty line below it.
    let text = format!(
        "Deduce the Semantic Constraints: You are given a Python program and its expected output. \
         Find one input such that executing the program with the input leads to the given output. \
         Complete the assertion with one such input in between [ANSWER] and [/ANSWER].\n\
         PYTHON]\n{}\nassert {} == {}\n[/PYTHON]\n\n[MONOLOGUE]\n",
        double_quoted(without_last_newline(code)),
        double_quoted(call),
        double_quoted(output),
    );
    Prompt {
        text,
        stops: vec![ANSWER_END.to_owned()],
    }
}

/// Asks for a fix of `code`, which should solve `problem` and fails `failed_test`: Python lines, in the
/// released data `retv = f(…)` and an assertion about `retv`.
///
/// The weights trained on this prompt were not released, so that it is zero-shot for those that were.
/// Unlike the released code, the completion ends at `[/Refined]`.
pub fn refine(problem: &str, code: &str, failed_test: &str) -> Prompt {
    refinement(&format!(
        "### Problem\n{problem}\n\n### Buggy Solution\n```python\n{code}\n```\n\n\
         ### Failed Test\n```python\n{failed_test}\n```\n",
        code = without_last_newline(code),
        failed_test = without_last_newline(failed_test),
    ))
}

/// [`refine`] with the failing run's trace given instead of left to the model to simulate.
pub fn refine_traced(problem: &str, code: &str, failed_test: &str, trace: &str) -> Prompt {
    // Sic: the fence of the failed test is not closed in the released prompt.
    refinement(&format!(
        "### Problem\n{problem}\n\n### Buggy Solution\n```python\n{code}\n```\n\n\
         ### Failed Test\n```python\n{failed_test}\n\n[MONOLOGUE]\n### Execution Simulation\n\
         ```python\n{trace}\n```\n### Root Cause Analysis\n",
        code = without_last_newline(code),
        failed_test = without_last_newline(failed_test),
        trace = without_last_newline(trace),
    ))
}

fn refinement(instruction: &str) -> Prompt {
    // Sic: "a a problem", and the space before the second line's end.
    let text = format!(
        "Debug and Refine the Code: You are given a a problem to be implemented in Python, and a \
         buggy code that tries to solve the problem but fails the test case.\n\
         You should firstly simulate the execution with the buggy code and the failed test to \
         identify the root cause of the failure. \n\
         Then, you should fix the bug and wrap the refined code in between [Refined] and \
         [/Refined].\n{instruction}\n",
    );
    Prompt {
        text,
        stops: vec!["[/Refined]".to_owned()],
    }
}

/// Asks for code that does what `description` says. The model continues `beginning`: empty, or a fence
/// that it is to fill, in which case the completion ends where the fence does.
pub fn generate(description: &str, beginning: &str) -> Prompt {
    let text = format!(
        "You are an exceptionally intelligent coding assistant that consistently delivers accurate \
         and reliable <Code> according to <NL_Description>\n\n\
         <NL_Description>\n{description}\n\n<Code>\n{beginning}"
    );
    let stops = match beginning.contains("```") {
        true => vec!["```".to_owned()],
        false => Vec::new(),
    };
    Prompt { text, stops }
}

/// `text` with every single quote made double, as the execution tasks were trained: a plain replacement,
/// which spoils a literal such as `"it's"`. What a model answers must be judged with that in mind.
pub fn double_quoted(text: &str) -> String {
    text.replace('\'', "\"")
}

/// Files end in a newline; the code in the training data does not.
fn without_last_newline(text: &str) -> &str {
    text.strip_suffix('\n').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "def f(s):\n    x = 'a'\n\n    return s + x\n";

    #[test]
    fn forward_is_the_released_text() {
        let prompt = forward(CODE, "f('b')");
        assert_eq!(
            prompt.text,
            r#"Simulate the Execution: You are given a Python function and an assertion containing a function input. Complete the assertion containing the execution output corresponding to the given input in [ANSWER] and [/ANSWER] tags.
[PYTHON]
def f(s): # [L5]
    x = "a" # [L6]

    return s + x # [L8]
assert f("b") == ??
[/PYTHON]
[MONOLOGUE]
"#
        );
        assert_eq!(prompt.stops, ["[/ANSWER]"]);
    }

    #[test]
    fn backward_is_the_released_text() {
        let prompt = backward(CODE, "f(??)", "'ba'");
        assert_eq!(
            prompt.text,
            r#"Deduce the Semantic Constraints: You are given a Python program and its expected output. Find one input such that executing the program with the input leads to the given output. Complete the assertion with one such input in between [ANSWER] and [/ANSWER].
PYTHON]
def f(s):
    x = "a"

    return s + x
assert f(??) == "ba"
[/PYTHON]

[MONOLOGUE]
"#
        );
        assert_eq!(prompt.stops, ["[/ANSWER]"]);
    }

    #[test]
    fn refine_is_the_released_text() {
        let prompt = refine("Add 'a'.", CODE, "retv = f('b')\nassert retv == 'ba'");
        let wanted = "Debug and Refine the Code: You are given a a problem to be implemented in Python, and a buggy code that tries to solve the problem but fails the test case.
You should firstly simulate the execution with the buggy code and the failed test to identify the root cause of the failure.~
Then, you should fix the bug and wrap the refined code in between [Refined] and [/Refined].
### Problem
Add 'a'.

### Buggy Solution
```python
def f(s):
    x = 'a'

    return s + x
```

### Failed Test
```python
retv = f('b')
assert retv == 'ba'
```

";
        assert_eq!(prompt.text, wanted.replace('~', " "));
        assert_eq!(prompt.stops, ["[/Refined]"]);
    }

    #[test]
    fn refine_with_a_trace_leaves_the_fence_open() {
        let prompt = refine_traced("P", "c", "t", "c # INPUT");
        let end = "### Failed Test\n```python\nt\n\n[MONOLOGUE]\n### Execution Simulation\n\
                   ```python\nc # INPUT\n```\n### Root Cause Analysis\n\n";
        assert!(prompt.text.ends_with(end), "{}", prompt.text);
    }

    #[test]
    fn generate_is_the_released_text() {
        let prompt = generate("Add one.", "```python");
        assert_eq!(
            prompt.text,
            "You are an exceptionally intelligent coding assistant that consistently delivers accurate and reliable <Code> according to <NL_Description>\n\n<NL_Description>\nAdd one.\n\n<Code>\n```python"
        );
        assert_eq!(prompt.stops, ["```"]);
        assert!(generate("Add one.", "").stops.is_empty());
    }

    #[test]
    fn labels_go_both_ways() {
        assert_eq!(label_of(1), 5);
        assert_eq!(line_of(5), Some(1));
        assert_eq!(line_of(4), None);
        assert_eq!(line_of(0), None);
    }
}
