//! Large ints to decimal digits, within a bounded time and whatever the program's own digit limit is.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::object::{Obj, Owned};
use pyo3::ffi;

/// Ints of more bits are described rather than shown: converting takes time in the square of them.
const MAX_BITS: usize = 1 << 14;

/// The digits of an int and how many were cut from their middle to keep `limit`; `None` if it is larger
/// than this module converts.
pub(crate) fn of(object: Obj, limit: usize) -> Option<(String, u64)> {
    let hex = hexadecimal(object)?;
    let (sign, hex) = match hex.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", hex.as_str()),
    };
    let hex = hex.strip_prefix("0x")?;
    if MAX_BITS < hex.len() * 4 {
        return None;
    }
    let digits = decimal(limbs(hex)?);
    if digits.len() <= limit.max(2) {
        return Some((format!("{sign}{digits}"), 0));
    }
    let head = limit.max(2) / 2;
    let tail = digits.len() - (limit.max(2) - head);
    let (first, last) = (&digits[..head], &digits[tail..]);
    Some((format!("{sign}{first}{last}"), (tail - head) as u64))
}

/// What to say of an int that [`of`] refuses.
pub(crate) fn too_large(object: Obj) -> String {
    match hexadecimal(object) {
        Some(hex) => format!("<int of about {} bits>", hex.len().saturating_sub(2) * 4),
        None => "<large int>".into(),
    }
}

fn hexadecimal(object: Obj) -> Option<String> {
    // SAFETY: an int; bases that are powers of two are converted in linear time and not limited.
    unsafe { Owned::new(ffi::PyNumber_ToBase(object.ptr(), 16)).map(|it| it.text()) }
}

/// Lowest first.
fn limbs(hex: &str) -> Option<Vec<u64>> {
    let part = |it: &[u8]| u64::from_str_radix(std::str::from_utf8(it).ok()?, 16).ok();
    hex.as_bytes().rchunks(16).map(part).collect()
}

fn decimal(mut limbs: Vec<u64>) -> String {
    const CHUNK: u64 = 10_000_000_000_000_000_000;
    let mut chunks = Vec::new();
    while !limbs.is_empty() {
        let mut rest = 0u128;
        for limb in limbs.iter_mut().rev() {
            let value = rest << 64 | u128::from(*limb);
            *limb = (value / u128::from(CHUNK)) as u64;
            rest = value % u128::from(CHUNK);
        }
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        chunks.push(rest as u64);
    }
    let mut res = chunks.pop().unwrap_or(0).to_string();
    for chunk in chunks.iter().rev() {
        res.push_str(&format!("{chunk:019}"));
    }
    res
}
