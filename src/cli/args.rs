//! Every word that the command line knows.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

mod asking;

pub(super) use asking::{Explain, Model, Repair, Sampling};

use crate::represent;

/// A terminal debugger for Python that thinks out loud.
#[derive(Debug, Parser)]
#[command(
    name = "monologue",
    version,
    about,
    long_about = "Records a Python program, then steps through it forward and back, shows the run in five trace \
                  representations, and asks a local model about it. Everything after the program belongs to the program.",
    after_help = "Examples:\n  monologue prog.py arg1            record, then debug\n  monologue --call 'f([3, 1])' prog.py\n  \
                  monologue record -o run.trace prog.py\n  monologue open run.trace\n  monologue show run.trace --as concise",
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(flatten)]
    pub(super) target: Target,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
pub(super) struct Common {
    /// The model: semcoder-s, a directory with config.json, tokenizer.json and *.safetensors,
    /// hf:ORG/NAME, or a server's address such as http://localhost:8000/v1
    #[arg(
        long,
        global = true,
        value_name = "SPEC",
        env = "MONOLOGUE_MODEL",
        help_heading = "Model"
    )]
    pub(super) model: Option<String>,
    /// The model's tokenizer.json, where it does not lie beside the weights
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "MONOLOGUE_TOKENIZER",
        help_heading = "Model"
    )]
    pub(super) tokenizer: Option<PathBuf>,
    /// A LoRA adapter to merge into the model: its directory, as PEFT writes it
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "MONOLOGUE_ADAPTER",
        help_heading = "Model"
    )]
    pub(super) adapter: Option<PathBuf>,
    /// Where the model runs: auto, cpu, cuda[:N] or metal
    #[arg(
        long,
        global = true,
        value_name = "DEVICE",
        env = "MONOLOGUE_DEVICE",
        help_heading = "Model"
    )]
    pub(super) device: Option<String>,
    /// The model's number format: auto, bf16, f16 or f32
    #[arg(
        long,
        global = true,
        value_name = "DTYPE",
        env = "MONOLOGUE_DTYPE",
        help_heading = "Model"
    )]
    pub(super) dtype: Option<String>,
    /// The theme, one of `monologue themes`
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "MONOLOGUE_THEME",
        help_heading = "Screen"
    )]
    pub(super) theme: Option<String>,
    /// When to use colors
    #[arg(long, global = true, value_name = "WHEN", help_heading = "Screen")]
    pub(super) color: Option<When>,
    /// Draw with ASCII characters only
    #[arg(long, global = true, help_heading = "Screen")]
    pub(super) ascii: bool,
}

/// When to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// Where it fits.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// What to record, and how.
#[derive(Debug, Clone, Args)]
pub(super) struct Target {
    /// The interpreter [default: the active virtual environment's python, else python3]
    #[arg(
        long,
        value_name = "PATH",
        env = "MONOLOGUE_PYTHON",
        help_heading = "Recording"
    )]
    pub(super) python: Option<PathBuf>,
    /// What the program reads on its standard input
    #[arg(long, value_name = "FILE", help_heading = "Recording")]
    pub(super) stdin: Option<PathBuf>,
    /// Step through files that match, whatever their folder
    #[arg(long, value_name = "GLOB", help_heading = "Recording")]
    pub(super) include: Vec<String>,
    /// Do not step through files that match
    #[arg(long, value_name = "GLOB", help_heading = "Recording")]
    pub(super) exclude: Vec<String>,
    /// Stop recording after this many steps; the program goes on
    #[arg(long, value_name = "N", help_heading = "Recording")]
    pub(super) max_steps: Option<u64>,
    /// Keep about this many bytes of the trace while the program runs: the newest steps of a longer one
    #[arg(long, value_name = "N", help_heading = "Recording", value_parser = clap::value_parser!(u64).range(4096..))]
    pub(super) max_bytes: Option<u64>,
    /// Items kept of each container
    #[arg(long, value_name = "N", help_heading = "Recording")]
    pub(super) max_items: Option<u32>,
    /// Levels kept of nested values
    #[arg(long, value_name = "N", help_heading = "Recording")]
    pub(super) max_depth: Option<u32>,
    /// Characters kept of each string
    #[arg(long, value_name = "N", help_heading = "Recording")]
    pub(super) max_text: Option<u32>,
    /// Show objects by their own __repr__, called under guard; without this no code of the program is run
    #[arg(long, help_heading = "Recording")]
    pub(super) call_repr: bool,
    /// Stop the program after this long
    #[arg(long, value_name = "SECONDS", help_heading = "Recording")]
    pub(super) timeout: Option<f64>,
    /// Where the trace goes
    #[arg(short = 'o', value_name = "TRACE", help_heading = "Recording")]
    pub(super) output: Option<PathBuf>,
    /// What a repair in the debugger is judged by: `assert` lines, or a pytest file
    #[arg(long, value_name = "FILE", help_heading = "Repairing")]
    pub(super) tests: Option<PathBuf>,
    /// Import FILE.py, then record this expression over its names
    #[arg(long, value_name = "EXPR", conflicts_with_all = ["module", "code"])]
    pub(super) call: Option<String>,
    /// Record one pytest test, and open on the assert that fails
    #[arg(long, value_names = ["NODEID", "ARG"], num_args = 1.., allow_hyphen_values = true, conflicts_with_all = ["words", "module", "code", "call"])]
    pub(super) pytest: Vec<OsString>,
    /// Record a module, as `python -m`
    #[arg(short = 'm', value_names = ["MODULE", "ARG"], num_args = 1.., allow_hyphen_values = true, conflicts_with = "words")]
    pub(super) module: Vec<OsString>,
    /// Record a string, as `python -c`
    #[arg(short = 'c', value_names = ["CODE", "ARG"], num_args = 1.., allow_hyphen_values = true, conflicts_with_all = ["words", "module"])]
    pub(super) code: Vec<OsString>,
    /// The program and its arguments
    #[arg(value_names = ["FILE.py", "ARG"], trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) words: Vec<OsString>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Record only; the program's streams and exit status are its own
    Record {
        #[command(flatten)]
        target: Target,
    },
    /// Debug a saved trace
    Open(Open),
    /// Print one representation of a trace
    Show(Show),
    /// Print a trace as data
    Export(Export),
    /// Ask the model for a monologue about a trace, checked against it
    Explain(Explain),
    /// Ask the model for a fix, judged by tests in the sandbox
    Repair(Repair),
    /// What is known of models on this machine
    Model {
        #[command(subcommand)]
        command: Model,
    },
    /// Run a file confined, as a candidate is; the verdict is one line of JSON
    Sandbox(Sandbox),
    /// What works here: interpreters, sandbox, devices, model, terminal
    Doctor,
    /// List the themes
    Themes,
    /// List the keys and what they do
    Keys,
    /// Print the settings in force
    Config,
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// `open`
#[derive(Debug, Args)]
pub(super) struct Open {
    /// The trace
    pub(super) trace: PathBuf,
    /// Start on this step
    #[arg(long, value_name = "N")]
    pub(super) goto: Option<u32>,
    /// Set a breakpoint; may be given more than once
    #[arg(long = "break", value_name = "FILE:LINE")]
    pub(super) breakpoints: Vec<String>,
    /// What a repair is judged by: `assert` lines, or a pytest file
    #[arg(long, value_name = "FILE")]
    pub(super) tests: Option<PathBuf>,
}

/// `show`
/// What `--as` takes, in words.
fn representations() -> String {
    let mut names: Vec<&str> = represent::ALL.iter().map(|it| it.name()).collect();
    let last = names.pop().unwrap_or_default();
    format!("The representation: {} or {last}", names.join(", "))
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The trace
    pub(super) trace: PathBuf,
    #[arg(long = "as", value_name = "NAME", help = representations())]
    pub(super) name: String,
    /// By whose rules
    #[arg(long, value_name = "PROFILE", default_value = "canonical")]
    pub(super) profile: Profile,
    /// One of the representation's modes (semcoder: narrator, bullets, inline, and inline-all,
    /// inline-plain, inline-plain-all after SemCoder's flags; codeexecutor: zero-based, upstream)
    #[arg(long, value_name = "MODE")]
    pub(super) mode: Option<String>,
    /// Only these steps, counted from 1, both ends included
    #[arg(long, value_name = "A..B")]
    pub(super) steps: Option<String>,
    /// What the run should have given, as a Python literal: puts the test case and the verdict around
    /// the text, as the papers' prompts do (compat: cut at 2048 tokens, unless --budget says otherwise)
    #[arg(long, value_name = "VALUE")]
    pub(super) expected: Option<String>,
    /// As many records as fit this many tokens; what is left out is said
    #[arg(long, value_name = "TOKENS")]
    pub(super) budget: Option<usize>,
    /// Mask what looks secret, and what the program read from outside
    #[arg(long)]
    pub(super) redact: bool,
    /// Text, spans and size as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// By whose rules a representation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Profile {
    /// Chronological, correctly attributed, nothing lost
    Canonical,
    /// Byte-equal to the released research code
    Compat,
}

/// `export`
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The trace
    pub(super) trace: PathBuf,
    /// The form
    #[arg(long = "as", value_name = "FORM")]
    pub(super) form: Form,
    /// What the run should have given, as a Python literal (sft)
    #[arg(long, value_name = "VALUE")]
    pub(super) expected: Option<String>,
    /// The corrected program: what the assistant says (sft)
    #[arg(long, value_name = "FILE")]
    pub(super) fixed: Option<PathBuf>,
    /// Only these steps, counted from 1, both ends included (html)
    #[arg(long, value_name = "A..B")]
    pub(super) steps: Option<String>,
    /// Do not mask what the program read from its standard input
    #[arg(long)]
    pub(super) trust_stdin: bool,
}

/// What a trace can be exported as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// JSON Lines, one event a line, in order
    Events,
    /// Fine-tuning records: the program, its trace or monologue, its correction
    Sft,
    /// CRUXEval records and prompts that ask for an input
    CruxevalI,
    /// CRUXEval records and prompts that ask for the output
    CruxevalO,
    /// One record a step: the state before and after, and the next line
    NextState,
    /// The lines that the run executed, and those it did not
    Coverage,
    /// One page that a browser steps through, with nothing to fetch
    Html,
}

/// `sandbox`
#[derive(Debug, Args)]
pub(super) struct Sandbox {
    /// The interpreter [default: the active virtual environment's python, else python3]
    #[arg(long, value_name = "PATH")]
    pub(super) python: Option<PathBuf>,
    /// Stop it after this long
    #[arg(long, value_name = "SECONDS")]
    pub(super) timeout: Option<f64>,
    /// The file and its arguments
    #[arg(value_names = ["FILE.py", "ARG"], trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    pub(super) words: Vec<OsString>,
}
