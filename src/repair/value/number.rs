//! Integers of any size and floats, compared and written as Python does.

use std::cmp::Ordering;
use std::fmt;

/// An integer: its sign and its magnitude in lower-case hexadecimal without leading zeros, empty for zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Int {
    negative: bool,
    // Invariant: no leading zero, and not negative when empty.
    digits: String,
}

impl Int {
    /// Reads what Python's `hex` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Int> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let digits = rest.strip_prefix("0x")?;
        if digits.is_empty()
            || !digits
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        {
            return None;
        }
        Some(Int::new(negative, digits))
    }

    fn new(negative: bool, digits: &str) -> Int {
        let digits = digits.trim_start_matches('0').to_owned();
        Int {
            negative: negative && !digits.is_empty(),
            digits,
        }
    }

    /// Exactly, as Python compares an integer with a float; `None` for NaN.
    #[must_use]
    pub fn compared(&self, float: f64) -> Option<Ordering> {
        if float.is_nan() {
            return None;
        }
        if float.is_infinite() {
            return Some(if float < 0.0 {
                Ordering::Greater
            } else {
                Ordering::Less
            });
        }
        let whole = self.cmp(&Int::truncated(float));
        Some(match whole {
            // Only the fraction is left to decide.
            Ordering::Equal => 0.0_f64.total_cmp(&(float.fract() + 0.0)),
            other => other,
        })
    }

    /// The whole part of a finite float.
    fn truncated(float: f64) -> Int {
        let magnitude = float.trunc().abs();
        let bits = magnitude.to_bits();
        let exponent = ((bits >> 52) & 0x7ff) as i32 - 1075;
        let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
        let digits = if magnitude == 0.0 {
            String::new()
        } else if exponent <= 0 {
            format!("{:x}", mantissa >> exponent.unsigned_abs())
        } else {
            let exponent = exponent.unsigned_abs();
            let zeros = "0".repeat((exponent / 4) as usize);
            format!("{:x}{zeros}", u128::from(mantissa) << (exponent % 4))
        };
        Int::new(float < 0.0, &digits)
    }

    /// The nearest float, infinite where there is none.
    #[must_use]
    pub fn float(&self) -> f64 {
        let magnitude = match u128::from_str_radix(&self.digits, 16) {
            Ok(small) => small as f64,
            Err(_) if self.digits.is_empty() => 0.0,
            Err(_) => {
                let (head, tail) = self.digits.split_at(31);
                let head = u128::from_str_radix(head, 16).map_or(f64::INFINITY, |head| head as f64);
                head * 16f64.powi(i32::try_from(tail.len()).unwrap_or(i32::MAX))
            }
        };
        if self.negative { -magnitude } else { magnitude }
    }
}

impl From<bool> for Int {
    fn from(bit: bool) -> Int {
        Int::new(false, if bit { "1" } else { "" })
    }
}

impl Ord for Int {
    fn cmp(&self, other: &Int) -> Ordering {
        let size = |int: &Int| (int.digits.len(), int.digits.clone());
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(self).cmp(&size(other)),
            (true, true) => size(other).cmp(&size(self)),
        }
    }
}

impl PartialOrd for Int {
    fn partial_cmp(&self, other: &Int) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Decimal up to 38 digits, hexadecimal past that: both are Python literals.
impl fmt::Display for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        match u128::from_str_radix(&self.digits, 16) {
            Ok(small) => write!(f, "{sign}{small}"),
            Err(_) if self.digits.is_empty() => f.write_str("0"),
            Err(_) => write!(f, "{sign}0x{}", self.digits),
        }
    }
}

/// `repr` of a float: the shortest digits that read back, with an exponent below 1e-4 and from 1e16.
#[must_use]
pub fn float_repr(x: f64) -> String {
    if x.is_nan() {
        return "nan".to_owned();
    }
    if x.is_infinite() {
        return if x < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    if x != 0.0 && !(1e-4..1e16).contains(&x.abs()) {
        let text = format!("{x:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(rest) => ('-', rest),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    // Rust's `Debug` would switch to an exponent elsewhere; `Display` never does.
    let text = format!("{x}");
    if text.contains('.') {
        text
    } else {
        format!("{text}.0")
    }
}
