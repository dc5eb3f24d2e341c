//! The screen: a debugger over a recorded run. Events in, frames out.
//!
//! One focus (a step, a frame, a variable, a line) drives every pane; a pane has no time of its own.
//! Draw reads, act decides, the app changes: nothing does two. Work that takes time is a job on a
//! thread of its own that ends in an event.

mod action;
mod app;
mod asker;
mod code;
mod counts;
mod event;
mod feed;
mod glyph;
pub mod guard;
mod index;
mod job;
mod keymap;
mod layout;
mod masks;
mod overlay;
pub mod pane;
mod session;
mod sheet;
mod since;
mod syntax;
mod terminal;
mod text;
mod theme;
mod travel;
mod value;
mod why;

pub use action::Action;
pub use app::{App, Effect};
pub use asker::{Answer, Asker, Claim, Telling, Verdict, Wish};
pub use event::{Event, JobId, Progress};
pub use guard::guarded;
pub use index::{Index, Place};
pub use keymap::{DEFAULT as KEYMAP, Error as KeymapError, Key, Keymap, Meaning};
pub use session::{
    Breakpoint, Counter, Judged, Look, Program, RepairProgress, RepairReport, Repairer, Session,
};
pub use sheet::WINDOW;
pub use since::Since;
pub use terminal::{Error, run};
pub use theme::{Error as ThemeError, Palette, Styles, THEMES};
