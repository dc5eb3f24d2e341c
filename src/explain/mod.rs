//! (being written)

pub mod answer;
pub mod prompt;
