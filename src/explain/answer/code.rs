//! The code in a completion, however it was wrapped.

use super::super::chat::section;

/// Code found in a completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Marked as code by tags, a field or a fence.
    Marked(String),
    /// The whole completion, unmarked: code only if Python can parse it.
    Unmarked(String),
}

impl Code {
    /// The code, without empty lines around it.
    pub fn text(&self) -> &str {
        match self {
            Self::Marked(text) | Self::Unmarked(text) => text,
        }
    }
}

/// Finds the code, in this order: between `[Refined]` tags, in a field `[[ ## code ## ]]`, in the last
/// Python fence, between `<code>` tags, or as the completion itself. A tag, field or fence that the
/// completion's end cut off counts to there. None for a completion without anything, or with an empty
/// last resort.
///
/// Unlike the released test-time scaling code, an open fence gives the code and not its first letter.
pub fn code(completion: &str) -> Option<Code> {
    let marked =
        between_last(completion, "[Refined]", "[/Refined]").or_else(|| section(completion, "code"));
    if let Some(part) = marked {
        let code = unwrapped(part).unwrap_or_else(|| part.to_owned());
        return nonempty(&code).map(Code::Marked);
    }
    match unwrapped(completion) {
        Some(code) => Some(Code::Marked(code)),
        None => nonempty(completion).map(Code::Unmarked),
    }
}

fn unwrapped(text: &str) -> Option<String> {
    let tagged = || between_last(text, "<code>", "</code>").and_then(nonempty);
    fenced(text).or_else(tagged)
}

fn between_last<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let start = text.rfind(open)? + open.len();
    let rest = &text[start..];
    Some(rest.find(close).map_or(rest, |end| &rest[..end]))
}

/// The last fence in Python, or in no language, that is not empty.
fn fenced(text: &str) -> Option<String> {
    let mut last = None;
    let mut open: Option<Fence> = None;
    for line in text.lines() {
        let Some(at) = line.find("```") else {
            if let Some(fence) = &mut open {
                fence.lines.push(line);
            }
            continue;
        };
        let ticks = line[at..].chars().take_while(|c| *c == '`').count();
        let (before, info) = (&line[..at], line[at + ticks..].trim());
        match open.take() {
            // A longer fence may hold shorter ones.
            Some(mut fence) if ticks < fence.ticks => {
                fence.lines.push(line);
                open = Some(fence);
            }
            Some(mut fence) => {
                if !before.trim().is_empty() {
                    fence.lines.push(before);
                }
                last = fence.code().or(last);
                // A fence that names a language opens: the one before was left open.
                if before.trim().is_empty() && info.starts_with(|c: char| c.is_alphabetic()) {
                    open = Some(Fence::opened(ticks, info));
                }
            }
            // ```x``` within a line is no fence.
            None if info.contains("```") => {}
            None => open = Some(Fence::opened(ticks, info)),
        }
    }
    open.and_then(Fence::code).or(last)
}

struct Fence<'a> {
    ticks: usize,
    python: bool,
    lines: Vec<&'a str>,
}

impl<'a> Fence<'a> {
    /// `info` is what stands behind the ticks: a language, and from models at times the first line too.
    fn opened(ticks: usize, info: &'a str) -> Self {
        let (language, rest) = info.split_once(char::is_whitespace).unwrap_or((info, ""));
        let names = ["", "python", "py", "python3"];
        Self {
            ticks,
            python: names.contains(&language.to_ascii_lowercase().as_str()),
            lines: (!rest.trim().is_empty())
                .then_some(rest.trim())
                .into_iter()
                .collect(),
        }
    }

    fn code(self) -> Option<String> {
        self.python
            .then(|| self.lines.join("\n"))
            .and_then(|code| nonempty(&code))
    }
}

/// `text` without empty lines before and space behind; the first line's indentation is kept.
fn nonempty(text: &str) -> Option<String> {
    let text = text.trim_end();
    let body = text.trim_start();
    let start = text.len() - body.len();
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    (!body.is_empty()).then(|| text[line..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(completion: &str, wanted: &str) {
        assert_eq!(
            code(completion),
            Some(Code::Marked(wanted.to_owned())),
            "{completion:?}"
        );
    }

    /// Where the released extractor gives the first letter, nothing, or the tags.
    #[test]
    fn the_vectors_of_the_released_extractors_bug() {
        marked("```python\ndef f():\n    pass\n```", "def f():\n    pass");
        marked("```python\ndef f():\n    pass", "def f():\n    pass");
        marked("```py\nimport sys\n```", "import sys");
        marked("```\ndef g(): pass\n```", "def g(): pass");
        marked("```python def f():\n x\n```", "def f():\n x");
        marked("<code>\nx=1\n</code>", "x=1");
        let plain = Code::Unmarked("def h(): pass".to_owned());
        assert_eq!(code("def h(): pass"), Some(plain));
    }

    #[test]
    fn refined_comes_first() {
        marked(
            "```python\nwrong\n```\n[Refined]\n```python\nright\n```\n[/Refined]\n```python\nalso wrong\n```",
            "right",
        );
        marked(
            "[Refined]\ndef f():\n    return 1\n[/Refined]",
            "def f():\n    return 1",
        );
        marked(
            "wrap it in [Refined] and [/Refined].\n[Refined]\nx = 1\n",
            "x = 1",
        );
        assert_eq!(code("text [Refined]\n\n[/Refined]"), None);
    }

    #[test]
    fn a_field_comes_before_fences_outside_it() {
        marked(
            "[[ ## reasoning ## ]]\n```python\nno\n```\n[[ ## code ## ]]\nx = 1\n\n[[ ## completed ## ]]\n",
            "x = 1",
        );
        marked("  [[ ## code ## ]] ```python\nx = 2\n```", "x = 2");
    }

    #[test]
    fn the_last_python_fence_counts() {
        marked(
            "```python\na\n```\ntext\n```python\nb\n```\n```text\nc\n```",
            "b",
        );
        marked("```python\na\n```\n```python\n\n```", "a");
        marked("```python\na\n```python\nb\n", "b");
        marked("Here: ```python\nx = 1```\nDone.", "x = 1");
        marked("````python\ns = '''\n```\n'''\n````", "s = '''\n```\n'''");
        marked("say ```x``` and\n```Python3\ny\n```", "y");
        marked("```python\n\n    indented\n\n```", "    indented");
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(code(""), None);
        assert_eq!(code(" \n\t"), None);
        let other = "```bash\nrm -r x\n```";
        assert_eq!(code(other), Some(Code::Unmarked(other.to_owned())));
    }

    #[test]
    fn code_is_found_where_models_put_it() {
        for (text, code) in [
            ("```python\ndef f():\n    pass\n```", "def f():\n    pass\n"),
            ("```python\ndef f():\n    pass", "def f():\n    pass\n"),
            ("```py\nimport sys\n```", "import sys\n"),
            ("```\ndef g(): pass\n```", "def g(): pass\n"),
            ("```python def f():\n x\n```", "def f():\n x\n"),
            ("<code>\nx=1\n</code>", "x=1\n"),
            ("say\n```python\na\n```\nthen\n```python\nb\n```\n", "b\n"),
            ("```python\na\n```\n```text\nout\n```\n", "a\n"),
            (
                "```python\nno\n```\n[Refined]\n```python\nyes\n```\n[/Refined]",
                "yes\n",
            ),
            ("[Refined]\n    x = 1\n[/Refined] more", "    x = 1\n"),
            (
                "[[ ## code ## ]]\n```python\nx\n```\n\n[[ ## completed ## ]]",
                "x\n",
            ),
        ] {
            let found = super::code(text).unwrap();
            assert!(matches!(found, Code::Marked(_)), "{text}");
            assert_eq!(found.text().trim_end(), code.trim_end(), "{text}");
        }
        assert_eq!(code(" \n"), None);
    }
}
