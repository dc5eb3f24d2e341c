//! Texts of the program to WTF-8, which unlike UTF-8 has room for lone surrogates.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::{
    bytes::{put_bytes, put_u64, put_word},
    layout::Layout,
    object::{Obj, Owned, clear_error},
};
use pyo3::ffi;

/// Appends the length in code points and at most `limit` of them. `buffer` is room to work in.
pub(crate) fn put_text(
    text: Obj,
    layout: &Layout,
    limit: usize,
    buffer: &mut Vec<u32>,
    out: &mut Vec<u8>,
) {
    if layout.plain && layout.is_ascii(text) {
        let bytes = layout.ascii(text);
        let len = bytes.len();
        if len <= limit.min(0x7f) {
            let len = len as u64;
            put_word(out, len << 8 | len, 2);
            return put_short(out, bytes);
        }
        put_u64(out, len as u64);
        return put_bytes(out, &bytes[..len.min(limit)]);
    }
    if layout.is_ascii(text) {
        // SAFETY: it was just seen to be ASCII.
        let bytes = unsafe { text.ascii() };
        put_u64(out, bytes.len() as u64);
        return put_bytes(out, &bytes[..bytes.len().min(limit)]);
    }
    let len = len(text);
    put_u64(out, len as u64);
    let kept = characters(text, limit, buffer);
    let mut bytes = Vec::with_capacity(kept.len() * 2);
    kept.iter().for_each(|&it| put_wtf8(it, &mut bytes));
    put_bytes(out, &bytes);
}

/// Most texts are so short that a call to copy them takes longer than copying.
#[inline(always)]
fn put_short(out: &mut Vec<u8>, bytes: &[u8]) {
    let len = bytes.len();
    match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) if len <= 16 => {
            let start = out.len();
            out.extend_from_slice(first);
            out.truncate(start + len - 8);
            out.extend_from_slice(last);
        }
        (None, _) => {
            let word = bytes
                .iter()
                .rev()
                .fold(0, |word, it| word << 8 | u64::from(*it));
            put_word(out, word, len);
        }
        _ => out.extend_from_slice(bytes),
    }
}

fn len(text: Obj) -> usize {
    // SAFETY: a str.
    unsafe { ffi::PyUnicode_GetLength(text.ptr()).max(0) as usize }
}

/// The first code points, without leaving a second encoding behind in the program's object.
fn characters(text: Obj, limit: usize, buffer: &mut Vec<u32>) -> &[u32] {
    let kept = len(text).min(limit);
    if kept == 0 {
        return &[];
    }
    buffer.clear();
    buffer.resize(kept, 0);
    // SAFETY: the buffer has room for every code point of the part.
    unsafe {
        let part = ffi::PyUnicode_Substring(text.ptr(), 0, kept as isize);
        let Some(part) = Owned::new(part) else {
            return &[];
        };
        if ffi::PyUnicode_AsUCS4(part.ptr(), buffer.as_mut_ptr(), kept as isize, 0).is_null() {
            clear_error();
            return &[];
        }
    }
    buffer
}

fn put_wtf8(point: u32, out: &mut Vec<u8>) {
    match char::from_u32(point) {
        Some(it) => out.extend_from_slice(it.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend([
            0xe0 | (point >> 12) as u8,
            0x80 | (point >> 6 & 0x3f) as u8,
            0x80 | (point & 0x3f) as u8,
        ]),
    }
}
