//! Prompts that ask a model which of two candidates is better, or whether one is right, and their answers.
//!
//! The fields, the form of the samples and the meaning of the answers are those of the released test-time
//! scaling code; the sentences that explain them are ours. Unlike there, a judge may be shown a candidate's
//! trace, as the paper says it is.

use super::chat::{Field, Signature, field};

/// Which of two is better.
pub const PAIRWISE: Signature = Signature {
    inputs: PAIR,
    outputs: &[Field {
        name: "best_sample_idx",
        about: "Two candidates were written for the prompt. Compare them carefully and give the index of the better one: 0 for the first, 1 for the second.",
    }],
};

/// Which of two is better, or that neither is.
pub const PAIRWISE_OR_TIE: Signature = Signature {
    inputs: PAIR,
    outputs: &[Field {
        name: "best_sample_idx",
        about: "Two candidates were written for the prompt. Compare them carefully and give the index of the better one: 0 for the first, 1 for the second, 2 if they are equally good or bad.",
    }],
};

/// The same, where both were run on an input in common, which stands with the samples.
pub const PAIRWISE_TESTED: Signature = Signature {
    inputs: PAIR,
    outputs: &[Field {
        name: "best_sample_idx",
        about: "Two candidates were written for the prompt; each stands with what it gave when run on the same input. Analyse the problem yourself first, then the candidates by their code and their outputs: they can be tricky. Give the index of the better one: 0 for the first, 1 for the second, 2 if they are equally good or bad.",
    }],
};

/// Which of several is right by a test that may itself be wrong.
pub const WITH_TEST: Signature = Signature {
    inputs: &[
        Field::bare("prompt"),
        Field::bare("test_and_samples_with_idx"),
    ],
    outputs: &[Field {
        name: "best_idx",
        about: "Candidates written for the prompt were run on a test, which a model wrote too. Give the index of the candidate whose output is right, or -1 if the test itself is broken.",
    }],
};

/// Whether one is right.
pub const REFLECT: Signature = Signature {
    inputs: &[Field::bare("prompt"), Field::bare("completion")],
    outputs: &[Field {
        name: "feedback",
        about: "Say whether the completion solves the prompt. Answer with the word Correct or the word Incorrect and nothing else.",
    }],
};

/// Whether one is right, given what it did when it was run.
pub const REFLECT_RUN: Signature = Signature {
    inputs: &[
        Field::bare("prompt"),
        Field::bare("completion"),
        Field::bare("execution_results"),
    ],
    outputs: REFLECT.outputs,
};

const PAIR: &[Field] = &[Field::bare("prompt"), Field::bare("samples_with_idx")];

/// A candidate as a judge is shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample<'a> {
    /// Its code.
    pub code: &'a str,
    /// What it gave on the input in common, where it was run on one.
    pub output: Option<&'a str>,
    /// That run as text, in some representation.
    pub trace: Option<&'a str>,
}

/// What a judge said of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The first.
    First,
    /// The second.
    Second,
    /// Neither.
    Equal,
}

/// Candidates by their place, behind the input they were run on, where there was one.
pub fn samples(input: Option<&str>, samples: &[Sample<'_>]) -> String {
    let mut text = String::new();
    if let Some(input) = input {
        text.push_str(&format!("\n[Test input]: {input} \n"));
    }
    for (at, sample) in samples.iter().enumerate() {
        text.push_str(&format!(
            "\n[Sample {at}]: ### Code ### \n {} \n",
            sample.code
        ));
        if let Some(output) = sample.output {
            text.push_str(&format!(" ### Execution output ### {output} \n"));
        }
        if let Some(trace) = sample.trace {
            text.push_str(&format!(" ### Trace ### \n{} \n", trace.trim_end()));
        }
    }
    text
}

/// The whole number that a reply gives in its output `name`; none where it gives anything else.
pub fn index(reply: &str, name: &str) -> Option<i64> {
    field(reply, name)?.parse().ok()
}

/// What a reply to one of the pairwise prompts says.
pub fn better(reply: &str) -> Option<Better> {
    match index(reply, "best_sample_idx")? {
        0 => Some(Better::First),
        1 => Some(Better::Second),
        2 => Some(Better::Equal),
        _ => None,
    }
}

/// What a reply to [`REFLECT`] says; none for anything but the two words.
pub fn is_correct(reply: &str) -> Option<bool> {
    match field(reply, "feedback")? {
        "Correct" => Some(true),
        "Incorrect" => Some(false),
        _ => None,
    }
}

/// The points of the first and the second of a pair that was judged in both orders; `swapped` is the
/// judgement with the second in first place. To win is to be preferred in both; a tie that both give is
/// half a point each; judges that contradict themselves give none.
pub fn points(straight: Option<Better>, swapped: Option<Better>) -> (f64, f64) {
    match (straight, swapped) {
        (Some(Better::First), Some(Better::Second)) => (1.0, 0.0),
        (Some(Better::Second), Some(Better::First)) => (0.0, 1.0),
        (Some(Better::Equal), Some(Better::Equal)) => (0.5, 0.5),
        _ => (0.0, 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_the_released_text() {
        let of = |code, output| Sample {
            code,
            output,
            trace: None,
        };
        assert_eq!(
            samples(Some("3"), &[of("a", Some("1")), of("b", Some("2"))]),
            "\n[Test input]: 3 \n\n[Sample 0]: ### Code ### \n a \n ### Execution output ### 1 \n\n[Sample 1]: ### Code ### \n b \n ### Execution output ### 2 \n"
        );
        let traced = Sample {
            trace: Some("[L1] n = 4 [/L1]\n"),
            ..of("a", None)
        };
        assert_eq!(
            samples(None, &[traced]),
            "\n[Sample 0]: ### Code ### \n a \n ### Trace ### \n[L1] n = 4 [/L1] \n"
        );
    }

    #[test]
    fn signatures_name_their_fields() {
        for (signature, inputs, output) in [
            (PAIRWISE, "`prompt`, `samples_with_idx`", "best_sample_idx"),
            (
                PAIRWISE_OR_TIE,
                "`prompt`, `samples_with_idx`",
                "best_sample_idx",
            ),
            (
                PAIRWISE_TESTED,
                "`prompt`, `samples_with_idx`",
                "best_sample_idx",
            ),
            (
                WITH_TEST,
                "`prompt`, `test_and_samples_with_idx`",
                "best_idx",
            ),
            (REFLECT, "`prompt`, `completion`", "feedback"),
            (
                REFLECT_RUN,
                "`prompt`, `completion`, `execution_results`",
                "feedback",
            ),
        ] {
            let wanted = format!("Given the fields {inputs}, produce the fields `{output}`.");
            assert!(signature.system().ends_with(&wanted), "{output}");
        }
    }

    #[test]
    fn answers_that_are_none_are_dropped() {
        let said = |it: &str| PAIRWISE.reply("so", &[it]);
        assert_eq!(better(&said("0")), Some(Better::First));
        assert_eq!(better(&said(" 2 ")), Some(Better::Equal));
        for text in ["3", "-1", "the first", "", "0.5"] {
            assert_eq!(better(&said(text)), None, "{text}");
        }
        assert_eq!(better("0"), None);
        assert_eq!(index(&WITH_TEST.reply("", &["-1"]), "best_idx"), Some(-1));
        assert_eq!(is_correct(&REFLECT.reply("", &["Correct"])), Some(true));
        assert_eq!(is_correct(&REFLECT.reply("", &["Incorrect"])), Some(false));
        assert_eq!(is_correct(&REFLECT.reply("", &["Correct."])), None);
    }

    #[test]
    fn a_win_is_a_win_in_both_orders() {
        use Better::{Equal, First, Second};
        for (straight, swapped, wanted) in [
            (Some(First), Some(Second), (1.0, 0.0)),
            (Some(Second), Some(First), (0.0, 1.0)),
            (Some(First), Some(First), (0.0, 0.0)),
            (Some(Equal), Some(Equal), (0.5, 0.5)),
            (Some(Equal), Some(First), (0.0, 0.0)),
            (None, Some(First), (0.0, 0.0)),
        ] {
            assert_eq!(
                points(straight, swapped),
                wanted,
                "{straight:?} {swapped:?}"
            );
        }
    }
}
