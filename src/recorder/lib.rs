//! What runs inside Python, and the bytes it leaves behind.
//!
//! As a dependency this crate is the trace file's vocabulary: [`wire`] (records), [`value`]
//! (bounded values), [`bytes`] (the primitive encodings) and [`reader`]. It knows no Python then.
//! Built by `src/build.rs` with the `python` feature it is also the extension module that CPython
//! 3.9 to 3.13 load.

pub mod bytes;
pub mod reader;
pub mod value;
pub mod wire;
