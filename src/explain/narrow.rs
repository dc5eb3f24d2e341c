//! A question that fits a smaller context: about its function alone.

use super::{Direction, Question, prompt};
use crate::trace::{Trace, repr};

impl Question {
    /// The same question with the text of its function alone instead of its whole file, and in words
    /// what that leaves out; `None` where the function is all there is.
    pub fn narrowed(&self, trace: &Trace) -> Option<(Self, String)> {
        let code = trace.code(self.frame);
        let lines = trace.file(self.frame).lines.as_ref()?;
        let first = (code.first_line as usize).checked_sub(1)?;
        let own = extent(lines, first);
        if own.len() == lines.len() {
            return None;
        }
        let text = lines[own.clone()].join("\n");
        let prompt = match self.direction {
            Direction::Forward => prompt::forward(&text, &self.call),
            Direction::Backward => {
                let (_, output) = super::claims::returned(trace, self.frame)?;
                prompt::backward(&text, &format!("{}(??)", code.name), &repr(&output))
            }
        };
        let path = &trace.file(self.frame).path;
        let file = path.rsplit('/').next().unwrap_or(path);
        let said = format!(
            "the model's context holds no more than {} alone: {} of the {} lines of {file} were left out",
            code.name,
            lines.len() - own.len(),
            lines.len(),
        );
        let narrowed = Self {
            prompt,
            ..self.clone()
        };
        Some((narrowed, said))
    }
}

/// The lines of the definition that begins at position `first`, decorators included.
fn extent<T: AsRef<str>>(lines: &[T], first: usize) -> std::ops::Range<usize> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_code = |line: &str| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    };
    let Some(head) = lines.get(first) else {
        return 0..lines.len();
    };
    let margin = indent(head.as_ref());
    // From a decorator the definition's own line comes later, at the same margin.
    let def = (first..lines.len())
        .find(|&at| !lines[at].as_ref().trim_start().starts_with('@'))
        .unwrap_or(first);
    let mut end = def + 1;
    for (at, line) in lines.iter().enumerate().skip(def + 1) {
        let line = line.as_ref();
        if !is_code(line) {
            continue;
        }
        let closes = line.trim_start().starts_with([')', ']']);
        if indent(line) <= margin && !closes {
            break;
        }
        end = at + 1;
    }
    first..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_ends_where_its_margin_is_reached_again() {
        let lines: Vec<&str> = "import x\n\n@cache\ndef f(\n    a,\n):\n    if a:\n\n        return 1\n# note\n    return 2\n\ndef g():\n    pass"
            .split('\n')
            .collect();
        assert_eq!(extent(&lines, 2), 2..11);
        assert_eq!(extent(&lines, 12), 12..14);
        assert_eq!(extent(&lines, 99), 0..14);
    }
}
