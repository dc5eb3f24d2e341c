//! What code that a model wrote could do to whoever runs it: found before it is shown or run.
//!
//! A list of calls, not a proof: code that hides what it does passes, and is why the sandbox stays.

use std::sync::LazyLock;

use regex::Regex;

use crate::redact::python::Source;

/// Something that code does and a fix seldom needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hazard {
    /// What kind.
    pub kind: HazardKind,
    /// Where, counted from 1.
    pub line: u32,
    /// The words that show it, without line ends.
    pub shown: String,
}

/// What can be wrong with code that a model wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HazardKind {
    /// It starts programs.
    ShellExecution,
    /// It runs text as code, or builds a command from text.
    CommandInjection,
    /// It builds a data base's query from text.
    SqlInjection,
    /// It leaves the folder it belongs in.
    PathTraversal,
}

impl HazardKind {
    /// As messages and JSON write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ShellExecution => "shell-execution",
            Self::CommandInjection => "command-injection",
            Self::SqlInjection => "sql-injection",
            Self::PathTraversal => "path-traversal",
        }
    }
}

/// Where a shape is sought.
#[derive(Clone, Copy, PartialEq)]
enum In {
    /// In code, without what its strings say.
    Code,
    /// In the whole text, comments aside.
    Text,
}

const SHAPES: &[(HazardKind, In, &str)] = &[
    (
        HazardKind::CommandInjection,
        In::Code,
        r"\bshell\s*=\s*True\b|(?:^|[^.\w])(?:eval|exec|compile|__import__)\s*\(",
    ),
    (
        HazardKind::ShellExecution,
        In::Code,
        r"\bos\s*\.\s*(?:system|popen|exec[lv]p?e?|spawn\w+|posix_spawnp?|fork)\s*\(|\bsubprocess\b|\bpty\s*\.\s*spawn\b|\bcreate_subprocess_(?:shell|exec)\b|\bfrom\s+os\s+import\s+[^\n]*\b(?:system|popen|exec[lv]p?e?)\b",
    ),
    (
        HazardKind::SqlInjection,
        In::Text,
        r#"\bexecute(?:many|script)?\s*\(\s*(?:[rR]?[fF][rR]?["']|(?:"[^"\n]*"|'[^'\n]*')\s*(?:%|\+|\.\s*format\b)|\w+\s*(?:\+|%))|(?i)[fF]["']+\s*(?:select\s|insert\s+into|update\s|delete\s+from|drop\s+table)[^\n]*\{"#,
    ),
    (
        HazardKind::PathTraversal,
        In::Text,
        r#"["'/\\]\.\.[/\\]|["']\.\.["']|\bopen\s*\(\s*[rRbBfF]*["'](?:/|~|[A-Za-z]:\\)|\bextractall\s*\("#,
    ),
];

static COMPILED: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let compile = |it: &(_, _, &str)| Regex::new(it.2).expect("the table is tested");
    SHAPES.iter().map(compile).collect()
});

/// Everything hazardous in `code`, by line. Linear.
pub fn hazards(code: &str) -> Vec<Hazard> {
    let lines: Vec<&str> = code.lines().collect();
    let source = Source::read(&lines);
    let mut res = Vec::new();
    for (&(kind, place, _), regex) in SHAPES.iter().zip(&*COMPILED) {
        let text = match place {
            In::Code => source.code(0..source.text.len()),
            In::Text => source.without_comments(),
        };
        for found in regex.find_iter(&text) {
            let shown = found.as_str().trim_matches(|it: char| {
                !it.is_alphanumeric() && it != '_' && !"'\"./\\~".contains(it)
            });
            let before = found.start() + (found.as_str().len() - found.as_str().trim_start().len());
            res.push(Hazard {
                kind,
                line: text[..before].matches('\n').count() as u32 + 1,
                shown: shown.split_whitespace().collect::<Vec<_>>().join(" "),
            });
        }
    }
    res.sort_by_key(|it| it.line);
    res
}

/// What is hazardous in `new` and was not in `old`, however the lines have moved.
pub fn new_hazards(old: &str, new: &str) -> Vec<Hazard> {
    let mut known = hazards(old);
    let mut res = hazards(new);
    res.retain(|it| {
        let same = |old: &Hazard| old.kind == it.kind && old.shown == it.shown;
        match known.iter().position(same) {
            Some(at) => {
                known.swap_remove(at);
                false
            }
            None => true,
        }
    });
    res
}

/// One sentence about hazards, without an end.
pub fn told(hazards: &[Hazard]) -> String {
    let parts: Vec<String> = hazards
        .iter()
        .map(|it| format!("{} at line {} (`{}`)", it.kind.name(), it.line, it.shown))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazards_are_found() {
        use HazardKind::{CommandInjection, PathTraversal, ShellExecution, SqlInjection};
        for (code, kind) in [
            ("import os\nos.system('ls')", ShellExecution),
            ("import subprocess", ShellExecution),
            ("from os import path, system", ShellExecution),
            ("p = run(cmd, shell=True)", CommandInjection),
            ("x = eval(text)", CommandInjection),
            ("exec (text)", CommandInjection),
            ("__import__('os')", CommandInjection),
            (
                "c.execute(f\"select * from t where n = {n}\")",
                SqlInjection,
            ),
            (
                "c.execute('select * from t where n = %s' % n)",
                SqlInjection,
            ),
            ("c.execute(\"select \" + n)", SqlInjection),
            ("c.execute('select {}'.format(n))", SqlInjection),
            ("q = f\"DELETE FROM t WHERE n = {n}\"", SqlInjection),
            ("open('../secret')", PathTraversal),
            ("open(base + '/../x')", PathTraversal),
            ("open('/etc/passwd')", PathTraversal),
            ("os.path.join(a, '..')", PathTraversal),
            ("archive.extractall(folder)", PathTraversal),
        ] {
            let found = hazards(code);
            assert!(found.iter().any(|it| it.kind == kind), "{code}: {found:?}");
        }
    }

    #[test]
    fn ordinary_code_has_none() {
        for code in [
            "def f(x):\n    return x[1:2] + x[...]",
            "# os.system('x')\ns = 'eval(x)'\n'''subprocess'''",
            "re.compile('a')\nmodel.eval()\nself.exec(x)",
            "c.execute('select * from t where n = ?', (n,))",
            "open(path)\nopen('data.txt')",
            "evaluate(x)\nexecutor(y)\nretrieval(z)",
            "print(f'selected {x}')",
            "",
        ] {
            assert_eq!(hazards(code), [], "{code}");
        }
    }

    #[test]
    fn what_was_there_is_not_new() {
        let old = "import os\nos.system('a')\n";
        let new = "import os\n\n\nos.system('b')\nx = eval('1')\n";
        let found = new_hazards(old, new);
        assert_eq!(told(&found), "command-injection at line 5 (`eval`)");
        assert_eq!(new_hazards(old, old), []);
        assert_eq!(new_hazards("", old).len(), 1);
    }
}
