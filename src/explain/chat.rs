//! DSPy's chat protocol: fields in, fields out, each under a header of its own.
//!
//! Khattab et al. 2023, "DSPy: Compiling Declarative Language Model Calls into Self-Improving Pipelines",
//! arXiv 2310.03714; the texts are its chat adapter's of May 2025, when the studies that we compare with
//! were made: later ones differ by blanks. Fields are texts; a step of reasoning comes first, as in
//! `ChainOfThought`.

/// The field that the protocol adds, in which a model thinks before it answers.
const REASONING: &str = "reasoning";

/// The header behind the last field.
const COMPLETED: &str = "completed";

/// One field of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Letters, digits and underscores.
    pub name: &'static str,
    /// What belongs there; may be empty.
    pub about: &'static str,
}

/// What is given and what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Given.
    pub inputs: &'static [Field],
    /// Asked for, beside the reasoning.
    pub outputs: &'static [Field],
}

/// Asks for better code, given the problem and what became of earlier code.
pub const SELF_DEBUG: Signature = Signature {
    inputs: &[Field::bare("prompt")],
    outputs: &[Field {
        name: "code",
        about: "Here is the past history of your code and the test case feedback. Please reason why your code fail in the last round, and correct the code. Do not write non-code content in the code field.",
    }],
};

impl Field {
    /// A field that needs no explanation.
    pub const fn bare(name: &'static str) -> Self {
        Self { name, about: "" }
    }
}

impl Signature {
    /// The system's message.
    pub fn system(&self) -> String {
        let outputs: Vec<Field> = self.answered();
        let names = |fields: &[Field]| {
            let names: Vec<String> = fields.iter().map(|it| format!("`{}`", it.name)).collect();
            names.join(", ")
        };
        let mut sections: Vec<String> = Vec::new();
        for field in self.inputs.iter().chain(&outputs) {
            let name = field.name;
            sections.push(format!("{}\n{{{name}}}", header(name)));
        }
        sections.push(header(COMPLETED));
        // Sic: the blank before the line's end, and the indentation.
        format!(
            "Your input fields are:\n{}\nYour output fields are:\n{}\nAll interactions will be structured in the following way, with the appropriate values filled in.\n\n{}\nIn adhering to this structure, your objective is: \n        Given the fields {}, produce the fields {}.",
            listed(self.inputs),
            listed(&outputs),
            sections.join("\n\n"),
            names(self.inputs),
            names(self.outputs),
        )
    }

    /// The user's message: `values` are those of the inputs, in their order; missing ones are empty.
    pub fn user(&self, values: &[&str]) -> String {
        let mut parts: Vec<String> = Vec::new();
        for (at, field) in self.inputs.iter().enumerate() {
            let value = values.get(at).copied().unwrap_or_default();
            parts.push(format!("{}\n{value}", header(field.name)));
        }
        let asked: Vec<String> = self
            .answered()
            .iter()
            .map(|it| format!("`{}`", header(it.name)))
            .collect();
        parts.push(format!(
            "Respond with the corresponding output fields, starting with the field {}, and then ending with the marker for `{}`.",
            asked.join(", then "),
            header(COMPLETED)
        ));
        parts.join("\n\n")
    }

    /// An assistant's message that holds `reasoning` and `values`, the outputs in their order.
    pub fn reply(&self, reasoning: &str, values: &[&str]) -> String {
        let mut parts = vec![format!("{}\n{reasoning}", header(REASONING))];
        for (at, field) in self.outputs.iter().enumerate() {
            let value = values.get(at).copied().unwrap_or_default();
            parts.push(format!("{}\n{value}", header(field.name)));
        }
        parts.push(header(COMPLETED));
        parts.join("\n\n")
    }

    fn answered(&self) -> Vec<Field> {
        let mut res = vec![Field::bare(REASONING)];
        res.extend(self.outputs);
        res
    }
}

/// The text of a field in a reply, without the space around it. None where it has no header.
pub fn field<'a>(reply: &'a str, name: &str) -> Option<&'a str> {
    section(reply, name).map(str::trim)
}

/// A field's text as it stands: from its first header to the next header.
///
/// Unlike the adapter, which cuts a header's line by the length that it has without its indentation, this
/// takes what stands behind the header there as it is.
pub(super) fn section<'a>(reply: &'a str, name: &str) -> Option<&'a str> {
    let mut start = None;
    let mut at = 0;
    for line in reply.split_inclusive('\n') {
        if let Some((found, rest)) = read_header(line.trim_start()) {
            match start {
                Some(start) => return Some(&reply[start..at]),
                None if found == name => start = Some(at + line.len() - rest.len()),
                None => {}
            }
        }
        at += line.len();
    }
    start.map(|start| &reply[start..])
}

fn header(name: &str) -> String {
    format!("[[ ## {name} ## ]]")
}

/// The name in a header at the start of `line`, and the rest of the line.
fn read_header(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("[[ ## ")?.split_once(" ## ]]")?;
    let word = |c: char| c.is_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(word)).then_some((name, rest))
}

fn listed(fields: &[Field]) -> String {
    let lines: Vec<String> = fields
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let about = match field.about {
                "" => String::new(),
                about => format!(": {about}"),
            };
            format!("{}. `{}` (str){about}", at + 1, field.name)
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: Signature = Signature {
        inputs: &[Field::bare("prompt")],
        outputs: &[Field {
            name: "code",
            about: "{desc}",
        }],
    };

    #[test]
    fn messages_are_the_adapters() {
        let system = "Your input fields are:
1. `prompt` (str)
Your output fields are:
1. `reasoning` (str)
2. `code` (str): {desc}
All interactions will be structured in the following way, with the appropriate values filled in.

[[ ## prompt ## ]]
{prompt}

[[ ## reasoning ## ]]
{reasoning}

[[ ## code ## ]]
{code}

[[ ## completed ## ]]
In adhering to this structure, your objective is:~
        Given the fields `prompt`, produce the fields `code`.";
        assert_eq!(SIGNATURE.system(), system.replace('~', " "));
        assert_eq!(
            SIGNATURE.user(&["Add one."]),
            "[[ ## prompt ## ]]
Add one.

Respond with the corresponding output fields, starting with the field `[[ ## reasoning ## ]]`, then `[[ ## code ## ]]`, and then ending with the marker for `[[ ## completed ## ]]`."
        );
        assert_eq!(
            SIGNATURE.reply("It is.", &["x = 1"]),
            "[[ ## reasoning ## ]]
It is.

[[ ## code ## ]]
x = 1

[[ ## completed ## ]]"
        );
    }

    #[test]
    fn replies_are_read_back() {
        let reply = SIGNATURE.reply("It is.\nSo.", &["x = [[1]]\n"]);
        assert_eq!(field(&reply, "reasoning"), Some("It is.\nSo."));
        assert_eq!(field(&reply, "code"), Some("x = [[1]]"));
        assert_eq!(field(&reply, "other"), None);
        // The first of two counts, a header may be indented, and its own line may go on.
        let twice = "  [[ ## code ## ]] a = 1\nb = 2\n[[ ## code ## ]]\nc = 3";
        assert_eq!(field(twice, "code"), Some("a = 1\nb = 2"));
        assert_eq!(field("[[ ## a b ## ]]\n1", "a b"), None);
        assert_eq!(field("[[ ## code ## ]]", "code"), Some(""));
        assert_eq!(field("text [[ ## code ## ]]\n1", "code"), None);
    }
}
