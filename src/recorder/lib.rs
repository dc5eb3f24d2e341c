//! What runs inside Python, and the bytes it leaves behind.
//!
//! As a dependency this crate is the trace file's vocabulary: [`wire`] (records), [`value`]
//! (bounded values), [`bytes`] (the primitive encodings) and [`reader`]. It knows no Python then.
//! Built by `src/build.rs` with the `python` feature it is also the extension module that CPython
//! 3.9 to 3.13 load.
//!
//! What holds in there: no code of the program is run by looking at it; of its objects none is kept from
//! one event to the next but exact ints and floats, which cannot tell; a failure of ours ends the
//! recording and not the program.

pub mod bytes;
pub mod reader;
pub mod value;
pub mod wire;

#[cfg(feature = "python")]
mod arrays;
#[cfg(feature = "python")]
mod boot;
#[cfg(feature = "python")]
mod chain;
#[cfg(feature = "python")]
mod chained;
#[cfg(feature = "python")]
mod codes;
#[cfg(feature = "python")]
mod containers;
#[cfg(feature = "python")]
mod control;
#[cfg(feature = "python")]
mod digits;
#[cfg(feature = "python")]
mod edit;
#[cfg(feature = "python")]
mod exceptions;
#[cfg(feature = "python")]
mod filter;
#[cfg(feature = "python")]
mod frames;
#[cfg(feature = "python")]
mod hooks;
#[cfg(feature = "python")]
mod json;
#[cfg(feature = "python")]
mod kinds;
#[cfg(feature = "python")]
mod layout;
#[cfg(feature = "python")]
mod locals;
#[cfg(feature = "python")]
mod memory;
#[cfg(feature = "python")]
mod monitor;
#[cfg(feature = "python")]
mod names;
#[cfg(feature = "python")]
mod namespace;
#[cfg(feature = "python")]
mod native;
#[cfg(feature = "python")]
mod object;
#[cfg(feature = "python")]
mod objects;
#[cfg(feature = "python")]
mod opaque;
#[cfg(feature = "python")]
mod output;
#[cfg(feature = "python")]
mod own_repr;
#[cfg(feature = "python")]
mod processes;
#[cfg(feature = "python")]
mod python;
#[cfg(feature = "python")]
mod quiet;
#[cfg(feature = "python")]
mod settrace;
#[cfg(feature = "python")]
mod source;
#[cfg(feature = "python")]
mod state;
#[cfg(feature = "python")]
mod table;
#[cfg(feature = "python")]
mod tables;
#[cfg(feature = "python")]
mod target;
#[cfg(feature = "python")]
mod text;
#[cfg(feature = "python")]
mod trail;
#[cfg(feature = "python")]
mod values;
#[cfg(feature = "python")]
mod views;
#[cfg(feature = "python")]
mod watch;
#[cfg(feature = "python")]
mod writer;
