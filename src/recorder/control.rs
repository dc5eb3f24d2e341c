//! What the launcher tells the recorder, as the first arguments of the boot script.
//!
//! `key=value` words, then `--`, then the kind of target and its own words. They are taken out of
//! `sys.argv` before any code of the program runs.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::PathBuf,
};

/// Everything but the target.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    pub(crate) trace: PathBuf,
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) max_steps: u64,
    pub(crate) max_items: usize,
    pub(crate) max_depth: u32,
    pub(crate) max_text: usize,
    pub(crate) max_bytes: u64,
    /// Bytes of disk beyond which whoever keeps the trace small is waited for.
    pub(crate) max_held: u64,
    /// Whether the program's own `__repr__` is called.
    pub(crate) call_repr: bool,
    /// `settrace` or `monitoring`; empty for the version's own choice.
    pub(crate) backend: String,
}

impl Control {
    /// Reads words up to `--`; how many that were, with it. The message names what is wrong.
    pub(crate) fn parse(words: &[OsString]) -> Result<(Self, usize), String> {
        let mut res = Self {
            trace: PathBuf::new(),
            include: Vec::new(),
            exclude: Vec::new(),
            max_steps: u64::MAX,
            max_items: 100,
            max_depth: 6,
            max_text: 1000,
            max_bytes: 4 << 30,
            max_held: u64::MAX,
            call_repr: false,
            backend: String::new(),
        };
        for (at, word) in words.iter().enumerate() {
            if word == "--" {
                return Ok((res, at + 1));
            }
            let bytes = word.as_bytes();
            let split = bytes.iter().position(|&it| it == b'=');
            let Some(split) = split else {
                return Err(format!("`{}` is no setting", word.display()));
            };
            let key = String::from_utf8_lossy(&bytes[..split]);
            let value = OsStr::from_bytes(&bytes[split + 1..]);
            res.set(&key, value)?;
        }
        Err("the target is missing".into())
    }

    fn set(&mut self, key: &str, value: &OsStr) -> Result<(), String> {
        let text = value.to_string_lossy().into_owned();
        let number = || -> Result<u64, String> {
            let wrong = |_| format!("{key} is `{text}`, which is no number");
            text.parse().map_err(wrong)
        };
        match key {
            "trace" => self.trace = value.into(),
            "include" => self.include.push(text),
            "exclude" => self.exclude.push(text),
            "max_steps" => self.max_steps = number()?,
            "max_items" => self.max_items = number()? as usize,
            // The reader refuses values nested deeper.
            "max_depth" => self.max_depth = number()?.min(24) as u32,
            "max_text" => self.max_text = number()? as usize,
            "max_bytes" => self.max_bytes = number()?,
            "max_held" => self.max_held = number()?,
            "call_repr" => self.call_repr = text == "1",
            "backend" => self.backend = text,
            _ => return Err(format!("there is no setting `{key}`")),
        }
        Ok(())
    }
}
