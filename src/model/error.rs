//! What can go wrong on the way to a completion, in sentences.

use std::path::PathBuf;

/// A model could not be had, or could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The words after `--model` name nothing.
    #[error("cannot read `{given}` as a model: {reason}")]
    Spec {
        /// The words.
        given: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The model is not on this machine, or is of a kind that cannot be run.
    #[error("cannot load {name}: {advice}")]
    Unavailable {
        /// What was asked for.
        name: String,
        /// Why not, and what to do.
        advice: String,
    },
    /// A file of the model could not be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file of the model was read and is wrong, or asks for what cannot be done rightly.
    #[error("cannot use {}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do where something can be done.
        reason: String,
    },
    /// The device or the number format asked for cannot be had.
    #[error("cannot run the model on {device}: {reason}")]
    Device {
        /// As asked for.
        device: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The text is longer than the model can take.
    #[error(
        "the text is {tokens} tokens long and the model takes at most {context}: \
         ask about fewer steps or a shorter program"
    )]
    TooLong {
        /// Tokens of the text, those remembered included.
        tokens: usize,
        /// The model's limit.
        context: usize,
    },
    /// There is not enough memory.
    #[error(
        "{what}, and {free} are free: end other programs, or use a smaller model or a Q4_K_M file of it"
    )]
    Memory {
        /// What needs how much.
        what: String,
        /// What there is, in words.
        free: String,
    },
    /// Whoever waited for the model to load does no more.
    #[error("loading the model was stopped")]
    Stopped,
    /// A text could not be turned into tokens, or tokens into text.
    #[error("the model's tokenizer failed: {0}")]
    Tokenizer(String),
    /// The calculation failed: most often memory ran out, or the weights hold no usable numbers.
    #[error("the model's calculation failed: {0}")]
    Compute(#[from] candle_core::Error),
    /// A server or the hub did not do as it was asked.
    #[error("cannot {attempted}: {reason}")]
    Remote {
        /// What was to be done, such as `ask http://localhost:8000/v1`.
        attempted: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A scripted backend was asked more often than it has replies.
    #[error("the script has no reply left")]
    ScriptEnded,
}
