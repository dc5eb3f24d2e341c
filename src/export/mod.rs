//! Traces and pages as JSON for other programs. The fields are part of the command line's contract.

mod events;
mod page;

pub use events::events;
pub use page::{Tokens, show_json};
