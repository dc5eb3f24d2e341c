//! The code in a model's text, or that there is none.

/// Code found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The code, without fences and tags.
    pub code: String,
    /// Whether the text marked it as code. If not, it is code only if it parses.
    pub marked: bool,
}

/// Finds the code: what stands between `[Refined]` and `[/Refined]`, else in the field `code` of a chat
/// layout, else in the last Python or plain fence, else between `<code>` tags, else the text itself. A fence
/// that is not closed reaches to the end.
#[must_use]
pub fn extracted(text: &str) -> Option<Found> {
    let (part, marked) = if let Some(part) = between(text, "[Refined]", "[/Refined]") {
        (part, true)
    } else if let Some(part) = field(text, "code") {
        (part, true)
    } else {
        (text, false)
    };
    let (code, fenced) = match last_fence(part) {
        Some(code) => (code, true),
        None => (part, false),
    };
    let (code, tagged) = match between(code, "<code>", "</code>") {
        Some(code) => (code, true),
        None => (code, false),
    };
    let code = code.trim_matches(['\n', '\r']).trim_end();
    if code.trim().is_empty() {
        return None;
    }
    Some(Found {
        code: format!("{code}\n"),
        marked: marked || fenced || tagged,
    })
}

/// What follows the first `open`, up to `close` or the end.
fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<&'t str> {
    let start = text.find(open)? + open.len();
    let rest = &text[start..];
    Some(&rest[..rest.find(close).unwrap_or(rest.len())])
}

/// The first field of that name: from its header line to the next header.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let header = format!("[[ ## {name} ## ]]");
    let start = text.find(&header)? + header.len();
    let rest = &text[start..];
    Some(&rest[..rest.find("[[ ## ").unwrap_or(rest.len())])
}

/// The content of the last fence whose language is Python or not said.
fn last_fence(text: &str) -> Option<&str> {
    let mut found = None;
    let mut rest = text;
    while let Some(start) = rest.find("```") {
        let after = &rest[start + 3..];
        let (inside, next) = match after.find("```") {
            Some(end) => (&after[..end], &after[end + 3..]),
            None => (after, ""),
        };
        if let Some(code) = body(inside) {
            found = Some(code);
        }
        rest = next;
    }
    found
}

/// A fence's content without its language word; `None` if the language is another. Code that begins on the
/// fence's own line belongs to it.
fn body(inside: &str) -> Option<&str> {
    let line = inside.split('\n').next().unwrap_or("");
    let word = line.split_whitespace().next().unwrap_or("");
    match word.to_ascii_lowercase().as_str() {
        "" => Some(inside),
        "python" | "py" | "python3" => {
            let at = inside.find(word).unwrap_or(0) + word.len();
            Some(inside[at..].strip_prefix(' ').unwrap_or(&inside[at..]))
        }
        // A language alone on its line; anything more is code without one.
        _ if line.trim() == word && word.chars().all(|c| c.is_ascii_alphanumeric()) => None,
        _ => Some(inside),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let found = extracted(text).unwrap();
            assert_eq!((found.code.as_str(), found.marked), (code, true), "{text}");
        }
        let raw = extracted("def h(): pass").unwrap();
        assert_eq!((raw.code.as_str(), raw.marked), ("def h(): pass\n", false));
        assert_eq!(extracted("```python\n```"), None);
        assert_eq!(extracted(" \n"), None);
    }
}
