//! Whole numbers, many at a time: from their encodings to text, and past them. Lists are mostly of these.

use recorder::{bytes::Input, value::tag};

/// Bytes of text put together before they are copied.
const ROOM: usize = 256;

/// Bytes that the longest number takes behind a separator, at most.
const ONE: usize = 24;

/// A word with `1` in each byte, and with the highest bit of each.
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// Appends the numbers that come next, at most `most`, as a list has them; counts them. There may be more.
pub(super) fn put(input: &mut Input<'_>, most: usize, out: &mut String) -> Option<usize> {
    let mut text = [0; ROOM];
    let (mut end, mut count) = (0, 0);
    // One of its own is not written to memory for each byte.
    let mut ahead = *input;
    while count < most && end + ONE <= ROOM && ahead.rest().first() == Some(&tag::INT) {
        ahead.byte().ok()?;
        let number = ahead.i64().ok()?;
        if 0 < count {
            text[end..end + 2].copy_from_slice(b", ");
            end += 2;
        }
        end += write(number, &mut text[end..]);
        count += 1;
    }
    *input = ahead;
    out.push_str(std::str::from_utf8(&text[..end]).ok()?);
    Some(count)
}

/// Passes over numbers that come next, at most `most`; counts them. There may be a few more.
pub(super) fn pass(input: &mut Input<'_>, most: usize) -> usize {
    let (len, count) = run(input.rest(), most);
    // That many are there.
    let _ = input.take(len);
    count
}

/// Passes over numbers that come next in both and are the same, at most `most`; counts them. There may be a
/// few more.
pub(super) fn pass_same(a: &mut Input<'_>, b: &mut Input<'_>, most: usize) -> usize {
    let (first, second) = (a.rest(), b.rest());
    let words = first.chunks_exact(8).zip(second.chunks_exact(8));
    let same = 8 * words.take_while(|(a, b)| a == b).count();
    let (len, count) = run(&first[..same], most);
    let _ = (a.take(len), b.take(len));
    count
}

/// How many bytes the numbers at the front of `bytes` take, and how many numbers they are: at most `most`,
/// and maybe fewer than there are, since whole words of eight bytes are read.
///
/// Of a number only the tag and the last byte have a highest bit of 0: of the bytes that do, counted
/// from 1, the odd ones are tags where all are numbers.
fn run(bytes: &[u8], most: usize) -> (usize, usize) {
    let (mut len, mut count) = (0, 0);
    // Whether a number goes on from the word before.
    let mut open = 0;
    let words = bytes.chunks_exact(8).enumerate();
    for (nth, word) in words {
        let word = word.try_into().map_or(0, u64::from_le_bytes);
        let low = (!word & HIGH) >> 7;
        // In each byte, how many there were up to it.
        let upto = low.wrapping_mul(ONES).wrapping_add(open * ONES);
        let tags = low & upto;
        let ends = low & !upto;
        let follow = ends << 8 | (1 - open);
        let others = (word ^ (u64::from(tag::INT) * ONES)) & (tags * 0xff);
        let here = (ends.wrapping_mul(ONES) >> 56) as usize;
        if tags != follow || others != 0 || most < count + here {
            break;
        }
        count += here;
        if ends != 0 {
            len = 8 * nth + 8 - ends.leading_zeros() as usize / 8;
        }
        open = upto >> 56 & 1;
    }
    (len, count)
}

/// Writes a number to the front of `out`, which has room for the longest; how many bytes it takes.
fn write(number: i64, out: &mut [u8]) -> usize {
    let Some(small) = usize::try_from(number).ok().filter(|it| *it < 1_000_000) else {
        let mut text = itoa::Buffer::new();
        let text = text.format(number).as_bytes();
        out[..text.len()].copy_from_slice(text);
        return text.len();
    };
    let digits = u64::from(DIGITS[small / 1000]) | u64::from(DIGITS[small % 1000]) << 24;
    let zeros = (digits.trailing_zeros() / 8).min(5);
    let text = (digits | (0x30 * ONES)) >> (8 * zeros);
    out[..8].copy_from_slice(&text.to_le_bytes());
    6 - zeros as usize
}

/// The three digits of each number below 1000, the first in the lowest byte.
static DIGITS: [u32; 1000] = {
    let mut all = [0; 1000];
    let mut it = 0;
    while it < all.len() {
        let number = it as u32;
        all[it] = (number / 100) | (number / 10 % 10) << 8 | (number % 10) << 16;
        it += 1;
    }
    all
};

#[cfg(test)]
mod tests {
    use recorder::value::Value;

    use super::*;

    /// Numbers of every length, next to where lengths change.
    fn numbers() -> Vec<i64> {
        let powers = (0..19).map(|it| 10i64.pow(it));
        let near = powers.chain((0..63).map(|it| 1 << it));
        let near = near.flat_map(|it| [it - 1, it, it + 1, -it, 7 * (it / 9)]);
        let all = near.chain([i64::MIN, i64::MAX, 0]);
        all.chain((0..20_000).map(|it| it * 5_003 % 100_000_000))
            .collect()
    }

    fn encoded(numbers: &[i64]) -> Vec<u8> {
        let mut out = Vec::new();
        for &it in numbers {
            Value::Int(it).write(&mut out);
        }
        out
    }

    #[test]
    fn numbers_are_written_as_they_read() {
        let all = numbers();
        let bytes = encoded(&all);
        let mut input = Input::new(&bytes);
        let mut rest = &all[..];
        while !rest.is_empty() {
            let mut out = String::new();
            let count = put(&mut input, rest.len().min(17), &mut out).expect("numbers");
            let (head, tail) = rest.split_at(count);
            let expected: Vec<String> = head.iter().map(i64::to_string).collect();
            assert_eq!(out, expected.join(", "));
            rest = tail;
        }
        assert!(input.rest().is_empty());
    }

    #[test]
    fn what_is_passed_are_whole_numbers() {
        let all = numbers();
        for from in 0..all.len().min(400) {
            for most in [0, 1, 5, 84] {
                let bytes = encoded(&all[from..from + 100]);
                let mut input = Input::new(&bytes);
                let count = pass(&mut input, most);
                assert!(count <= most && most < count + 5, "{count} of {most}");
                assert_eq!(input.rest(), encoded(&all[from + count..from + 100]));
            }
        }
    }

    #[test]
    fn nothing_is_passed_but_numbers() {
        let text = |it: &str| Value::Str {
            len: it.len() as u64,
            kept: it.into(),
        };
        let others = [
            Value::None,
            Value::Bool(true),
            Value::Float(f64::from_bits(0x0401_8401_0401_8401)),
            text("\u{4}\u{1}\u{4}\u{1}\u{4}\u{1}"),
            text("\u{4}"),
        ];
        for other in others {
            for before in 0..20 {
                let mut bytes = encoded(&vec![300; before]);
                other.write(&mut bytes);
                bytes.extend(encoded(&[1; 40]));
                let mut input = Input::new(&bytes);
                let count = pass(&mut input, 40);
                assert!(count <= before, "{count} of {before} before {other:?}");
                assert!(before < count + 4, "{count} of {before} before {other:?}");
            }
        }
    }

    #[test]
    fn the_same_numbers_are_passed_in_both() {
        let all = &numbers()[30..130];
        for at in 0..all.len() {
            let mut other = all.to_vec();
            other[at] ^= 1;
            let (a, b) = (encoded(all), encoded(&other));
            let (mut a, mut b) = (Input::new(&a), Input::new(&b));
            let count = pass_same(&mut a, &mut b, all.len());
            assert!(count <= at && at < count + 9, "{count} of {at}");
            assert_eq!(a.rest(), encoded(&all[count..]));
            assert_eq!(b.rest(), encoded(&other[count..]));
        }
    }
}
