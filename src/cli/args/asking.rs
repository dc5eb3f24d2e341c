//! Words about models and what is asked of them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `explain`
#[derive(Debug, Args)]
pub(in crate::cli) struct Explain {
    /// The trace
    pub(in crate::cli) trace: PathBuf,
    /// From the input to the output (the default)
    #[arg(long, conflicts_with = "backward")]
    pub(in crate::cli) forward: bool,
    /// From the output to an input
    #[arg(long)]
    pub(in crate::cli) backward: bool,
    /// The frame to explain, counted from 1 [default: the program's entry]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) frame: Option<u32>,
    #[command(flatten)]
    pub(in crate::cli) sampling: Sampling,
    /// Print what the model would be sent, redacted, and send nothing
    #[arg(long)]
    pub(in crate::cli) preview: bool,
    /// Prompt, text, answer and claims as JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// How the model is sampled.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Sampling {
    /// 0 is greedy
    #[arg(long, value_name = "T")]
    pub(in crate::cli) temperature: Option<f64>,
    /// Same seed, same text
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(in crate::cli) seed: u64,
    /// Tokens the model may write
    #[arg(long, value_name = "N", default_value_t = 1024)]
    pub(in crate::cli) max_tokens: usize,
}

/// `repair`
#[derive(Debug, Args)]
pub(in crate::cli) struct Repair {
    /// `assert` lines, or a pytest file
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) tests: PathBuf,
    /// The interpreter [default: the active virtual environment's python, else python3]
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) python: Option<PathBuf>,
    /// The call that goes wrong: its test is the one that the model is shown first
    #[arg(long, value_name = "EXPR")]
    pub(in crate::cli) call: Option<String>,
    /// Candidates a round
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(in crate::cli) samples: usize,
    /// Rounds; each sees what the last one's tests said
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(in crate::cli) rounds: usize,
    #[command(flatten)]
    pub(in crate::cli) sampling: Sampling,
    /// Run candidates that start programs, run text as code or leave their folder, where the file does not
    #[arg(long)]
    pub(in crate::cli) accept_hazards: bool,
    /// Print what the model would be sent first, redacted, and send nothing
    #[arg(long)]
    pub(in crate::cli) preview: bool,
    /// Write the fix to the file when it passes
    #[arg(long)]
    pub(in crate::cli) apply: bool,
    /// The outcome as JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// The program to repair
    #[arg(value_name = "FILE.py")]
    pub(in crate::cli) file: PathBuf,
}

/// `model`
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Model {
    /// The models in the hub's cache, and whether each can be loaded
    List {
        /// As JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Fetch a model from the hub; goes on where it broke off
    Pull {
        /// semcoder-s, semcoder or hf:ORG/NAME[@REV][:FILE]
        spec: String,
    },
    /// Device, number format, memory, architecture and licence of a model
    Info {
        /// The model [default: the one that --model or the settings name]
        spec: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Tokens a second of a model, measured here
    Speed {
        /// The model [default: the one that --model or the settings name]
        spec: Option<String>,
        /// Tokens to read, about
        #[arg(long, value_name = "N", default_value_t = 256)]
        prompt: usize,
        /// Tokens to write
        #[arg(long, value_name = "N", default_value_t = 32)]
        output: usize,
        /// Completions at once, beside one alone
        #[arg(long, value_name = "N", default_value_t = 8)]
        rows: usize,
        /// How often; the best counts
        #[arg(long, value_name = "N", default_value_t = 2)]
        rounds: usize,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// The logits that follow each of these tokens, as JSON, a line a token
    #[command(hide = true)]
    Logits {
        /// A directory or a GGUF file
        path: PathBuf,
        /// Their numbers
        tokens: Vec<u32>,
    },
    /// Delete a model from the hub's cache
    Remove {
        /// As `model list` names it
        spec: String,
    },
}
