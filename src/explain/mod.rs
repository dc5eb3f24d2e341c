//! Monologues: what is asked of a model about a run, what it answers, and whether the run bears it out.
//!
//! The prompts are SemCoder's own (Ding et al., "SemCoder: Training Code Language Models with
//! Comprehensive Semantics Reasoning", NeurIPS 2024), byte for byte, because the released checkpoints
//! were trained on them.

pub mod answer;
mod ask;
pub mod chat;
pub mod claims;
pub mod judging;
pub mod literal;
pub mod prompt;

pub use ask::{Direction, Error, Explanation, Question};
