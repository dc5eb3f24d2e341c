//! Traces and pages as data for other programs. The fields are part of the command line's contract.
//!
//! Nothing here masks: what is to leave this machine is made of a trace that [`crate::redact`] has masked.

mod cruxeval;
mod events;
mod html;
mod page;
mod predict;
mod program;
mod sft;

pub use cruxeval::cruxeval;
pub use events::events;
pub use html::{MAX_STEPS, html};
pub use page::{Shown, Tokens};
pub use predict::{coverage, next_state};
pub use sft::{Lesson, sft};
