//! Integers, texts and their limits, as bytes: the alphabet of the trace file.

/// Why bytes could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The bytes end inside a record; what was read before it is whole.
    Short,
    /// The bytes are not what a writer makes.
    Nonsense,
}

/// Appends `v` in LEB128: seven bits a byte, lowest first, at most ten bytes.
#[inline]
pub fn put_u64(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push((v & 0x7f) as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Appends the low `len` bytes of a word, at most eight: one store instead of many.
#[inline(always)]
pub fn put_word(out: &mut Vec<u8>, word: u64, len: usize) {
    let end = out.len() + len;
    out.extend_from_slice(&word.to_le_bytes());
    out.truncate(end);
}

/// The bytes that [`put_u64`] gives for `v` in a word, and how many they are, if they are at most four.
#[inline(always)]
pub fn short(v: u64) -> Option<(u64, usize)> {
    Some(match v {
        0..0x80 => (v, 1),
        0x80..0x4000 => (v & 0x7f | 0x80 | v >> 7 << 8, 2),
        0x4000..0x20_0000 => (v & 0x7f | (v >> 7 & 0x7f) << 8 | 0x8080 | v >> 14 << 16, 3),
        0x20_0000..0x1000_0000 => {
            let low = v & 0x7f | (v >> 7 & 0x7f) << 8 | (v >> 14 & 0x7f) << 16;
            (low | 0x80_8080 | v >> 21 << 24, 4)
        }
        _ => return None,
    })
}

/// `v` as [`put_i64`] sees it.
#[inline(always)]
pub fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

/// Appends `v` zigzagged, so that small negative numbers stay short.
#[inline]
pub fn put_i64(out: &mut Vec<u8>, v: i64) {
    put_u64(out, zigzag(v));
}

/// Appends a length in bytes, then the bytes.
#[inline]
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads from the front of a slice; never past its end, never panics.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    /// Reads `bytes` from their first.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next byte.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, Broken> {
        let (&first, rest) = self.rest.split_first().ok_or(Broken::Short)?;
        self.rest = rest;
        Ok(first)
    }

    /// The inverse of [`put_u64`].
    #[inline]
    pub fn u64(&mut self) -> Result<u64, Broken> {
        let mut res = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            res |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(res);
            }
        }
        Err(Broken::Nonsense)
    }

    /// As [`Self::u64`], refusing what does not fit.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, Broken> {
        u32::try_from(self.u64()?).map_err(|_| Broken::Nonsense)
    }

    /// The inverse of [`put_i64`].
    #[inline]
    pub fn i64(&mut self) -> Result<i64, Broken> {
        let raw = self.u64()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// The next `len` bytes.
    #[inline]
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Broken> {
        if self.rest.len() < len {
            return Err(Broken::Short);
        }
        let (head, rest) = self.rest.split_at(len);
        self.rest = rest;
        Ok(head)
    }

    /// The inverse of [`put_bytes`].
    pub fn bytes(&mut self) -> Result<&'a [u8], Broken> {
        let len = usize::try_from(self.u64()?).map_err(|_| Broken::Nonsense)?;
        self.take(len)
    }

    /// Bytes that must be UTF-8.
    pub fn text(&mut self) -> Result<&'a str, Broken> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Broken::Nonsense)
    }

    /// A count of things that each take at least one byte: a larger one cannot be honest.
    pub fn count(&mut self) -> Result<usize, Broken> {
        usize::try_from(self.u64()?).map_err(|_| Broken::Nonsense)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(v: i64) {
        let mut out = Vec::new();
        put_i64(&mut out, v);
        put_u64(&mut out, v as u64);
        let mut input = Input::new(&out);
        assert_eq!((input.i64(), input.u64()), (Ok(v), Ok(v as u64)));
        assert_eq!(input.byte(), Err(Broken::Short));
    }

    #[test]
    fn numbers_come_back() {
        for v in [0, 1, -1, 63, 64, -64, -65, 1 << 40, i64::MAX, i64::MIN] {
            check(v);
        }
    }

    #[test]
    fn short_numbers_are_the_same_bytes() {
        for v in [
            0,
            1,
            0x7f,
            0x80,
            0x3fff,
            0x4000,
            0x1f_ffff,
            0x20_0000,
            0xfff_ffff,
            0x1000_0000,
        ] {
            let mut long = Vec::new();
            put_u64(&mut long, v);
            match short(v) {
                Some((word, len)) => {
                    let mut out = vec![9];
                    put_word(&mut out, word, len);
                    assert_eq!(out[1..], long[..], "{v:#x}");
                }
                None => assert!(4 < long.len(), "{v:#x}"),
            }
        }
    }

    #[test]
    fn an_endless_number_is_nonsense() {
        assert_eq!(Input::new(&[0xff; 11]).u64(), Err(Broken::Nonsense));
    }
}
