//! A file's text as Python compiled it: decoded by its own cookie, lines ended by `\n` alone.

#![expect(unsafe_code, reason = "asks Python for its codecs")]

use crate::object::Owned;
use pyo3::ffi;
use std::{ffi::CString, fs, path::Path};

/// `None` when the file cannot be read or decoded.
pub(crate) fn read(path: &Path) -> Option<String> {
    decode(&fs::read(path).ok()?)
}

/// As [`read`], of bytes.
pub(crate) fn decode(bytes: &[u8]) -> Option<String> {
    let (bytes, marked) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    let encoding = cookie(bytes).filter(|it| !marked && !is_utf8(it));
    let text = match encoding {
        None => String::from_utf8(bytes.into()).ok()?,
        Some(encoding) => by_codec(bytes, &encoding)?,
    };
    Some(match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n"),
        false => text,
    })
}

/// The encoding named in a comment on the first line, or on the second if the first says nothing.
fn cookie(bytes: &[u8]) -> Option<String> {
    for line in bytes.split(|&it| it == b'\n').take(2) {
        let line = line.trim_ascii_start();
        if line.first() != Some(&b'#') {
            if line.is_empty() {
                continue;
            }
            return None;
        }
        let text = String::from_utf8_lossy(line);
        for (at, _) in text.match_indices("coding") {
            let rest = &text[at + "coding".len()..];
            if let Some(rest) = rest.strip_prefix([':', '=']) {
                let name = rest.trim_start_matches([' ', '\t']);
                let end = name.find(|it: char| !it.is_alphanumeric() && !"-_.".contains(it));
                let name = &name[..end.unwrap_or(name.len())];
                if !name.is_empty() {
                    return Some(name.to_lowercase().replace('_', "-"));
                }
            }
        }
    }
    None
}

fn is_utf8(encoding: &str) -> bool {
    encoding == "utf-8" || encoding == "utf8" || encoding.starts_with("utf-8-")
}

fn by_codec(bytes: &[u8], encoding: &str) -> Option<String> {
    let encoding = CString::new(encoding).ok()?;
    // SAFETY: the bytes are copied by the callee; the interpreter lock is held.
    unsafe {
        let text = ffi::PyUnicode_Decode(
            bytes.as_ptr().cast(),
            bytes.len() as isize,
            encoding.as_ptr(),
            c"strict".as_ptr(),
        );
        Owned::new(text).map(|it| it.text())
    }
}
