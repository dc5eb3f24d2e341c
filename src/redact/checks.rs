//! Check digits and likelihood: what tells a card from a number and a key from a word.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};

fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|it| it.to_digit(10)).collect()
}

/// ISO/IEC 7812: an issuer that exists, its length, and Luhn's check digit.
pub(super) fn card(text: &str) -> bool {
    let digits = digits(text);
    let head = |count: usize| digits.iter().take(count).fold(0, |all, it| all * 10 + it);
    let known = matches!(
        (head(1), head(2), head(4), digits.len()),
        (4, _, _, 13 | 16 | 19)
            | (_, 51..=55, _, 16)
            | (_, _, 2221..=2720, 16)
            | (_, 34 | 37, _, 15)
            | (_, 65, _, 16 | 19)
            | (_, _, 6011, 16 | 19)
            | (_, 36 | 38 | 39, _, 14)
            | (_, _, 3528..=3589, 16)
            | (_, 62, _, 16..=19)
    );
    known && luhn(&digits)
}

fn luhn(digits: &[u32]) -> bool {
    let doubled = |it: u32| match it * 2 {
        it @ 10.. => it - 9,
        it => it,
    };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, &it)| if at % 2 == 1 { doubled(it) } else { it })
        .sum();
    sum.is_multiple_of(10)
}

/// ISO 13616: the rest of a division by 97 is 1.
pub(super) fn iban(text: &str) -> bool {
    let bare: Vec<char> = text.chars().filter(|it| *it != ' ').collect();
    if !(15..=34).contains(&bare.len()) {
        return false;
    }
    let rest = bare[4..].iter().chain(&bare[..4]).fold(0u32, |rest, it| {
        let value = it.to_digit(36).unwrap_or(0);
        let shift = if value < 10 { 10 } else { 100 };
        (rest * shift + value) % 97
    });
    rest == 1
}

/// A United States social security number that can have been issued.
pub(super) fn ssn(text: &str) -> bool {
    let digits = digits(text);
    let number = |from: usize, to: usize| digits[from..to].iter().fold(0, |all, it| all * 10 + it);
    digits.len() == 9
        && !matches!(number(0, 3), 0 | 666 | 900..)
        && number(3, 5) != 0
        && number(5, 9) != 0
}

/// A Brazilian taxpayer's number, by its two check digits.
pub(super) fn cpf(text: &str) -> bool {
    let digits = digits(text);
    let check = |count: usize| {
        let weights = (2..=count as u32 + 1).rev();
        let sum: u32 = digits[..count]
            .iter()
            .zip(weights)
            .map(|(a, b)| a * b)
            .sum();
        match sum % 11 {
            0 | 1 => 0,
            it => 11 - it,
        }
    };
    digits.len() == 11 && digits[9] == check(9) && digits[10] == check(10)
}

/// A Spanish identity number, by its letter.
pub(super) fn dni(text: &str) -> bool {
    let number = digits(text).iter().fold(0, |all, it| all * 10 + it) as usize;
    let letter = "TRWAGMYFPDXBNJZSQVHLCKE".chars().nth(number % 23);
    letter == text.chars().last()
}

/// A Chinese resident identity number (GB 11643-1999), by its last character.
pub(super) fn resident_identity(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits(text).iter().zip(WEIGHTS).map(|(a, b)| a * b).sum();
    "10X98765432".chars().nth(sum as usize % 11) == text.chars().last()
}

/// As many digits as numbers of the international plan have.
pub(super) fn phone(text: &str) -> bool {
    (8..=15).contains(&digits(text).len())
}

/// An address that may be somebody's: neither this machine's own nor none.
pub(super) fn ipv4(text: &str) -> bool {
    text.parse::<Ipv4Addr>()
        .is_ok_and(|it| !it.is_loopback() && !it.is_unspecified() && !it.is_broadcast())
}

/// The same; slices and times have fewer colons.
pub(super) fn ipv6(text: &str) -> bool {
    let groups = text.split(':').filter(|it| !it.is_empty()).count();
    let long = 4 <= groups || (2 <= groups && text.contains("::") && 6 <= text.len());
    long && text
        .parse::<Ipv6Addr>()
        .is_ok_and(|it| !it.is_loopback() && !it.is_unspecified())
}

/// Whether text of 20 characters or more looks drawn at random rather than written: by Shannon's entropy
/// and by how often the kind of letter changes; letters of one kind alone by how few vowels they have.
pub(super) fn dense(text: &str) -> bool {
    let text = text.trim_matches(['=', '-', '_', '/', '~', '+']);
    let count = text.chars().count();
    if count < 20 {
        return false;
    }
    let class = |it: char| match it {
        'a'..='z' => 0,
        'A'..='Z' => 1,
        '0'..='9' => 2,
        _ => 3,
    };
    let kinds: Vec<u32> = text.chars().map(class).collect();
    // Paths and sentences in dashes are words with marks between them.
    let parts = text.split(['/', '-', '_', '~', '+']).map(str::len);
    let longest = parts.max().unwrap_or(0);
    if longest < 8 {
        return false;
    }
    let changes = kinds
        .windows(2)
        .filter(|it| it[0] != it[1] && it[0] != 3 && it[1] != 3)
        .count();
    let share = changes as f64 / (count - 1) as f64;
    let has = |kind: u32| kinds.contains(&kind);
    let entropy = entropy(text);
    match (has(0) || has(1), has(2)) {
        (true, true) => 0.28 <= share && 3.0 <= entropy,
        (true, false) if has(0) && has(1) => 0.45 <= share && 3.5 <= entropy,
        (true, false) => {
            let vowels = text
                .chars()
                .filter(|it| "aeiouyAEIOUY".contains(*it))
                .count();
            !kinds.contains(&3) && 3.6 <= entropy && (vowels as f64) < count as f64 * 0.25
        }
        (false, _) => false,
    }
}

/// Shannon's entropy in bits a character.
fn entropy(text: &str) -> f64 {
    let mut counts: BTreeMap<char, u32> = BTreeMap::new();
    for c in text.chars() {
        *counts.entry(c).or_default() += 1;
    }
    let all = f64::from(counts.values().sum::<u32>());
    let share = |it: &u32| f64::from(*it) / all;
    -counts
        .values()
        .map(|it| share(it) * share(it).log2())
        .sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_check_digits() {
        for (check, right, wrong) in [
            (
                card as fn(&str) -> bool,
                "4111 1111 1111 1111",
                "4111 1111 1111 1112",
            ),
            (card, "378282246310005", "1782822463100050"),
            (
                iban,
                "DE89 3704 0044 0532 0130 00",
                "DE88 3704 0044 0532 0130 00",
            ),
            (ssn, "123-45-6789", "000-45-6789"),
            (cpf, "529.982.247-25", "529.982.247-26"),
            (dni, "12345678Z", "12345678A"),
            (
                resident_identity,
                "11010519491231002X",
                "110105194912310021",
            ),
            (ipv4, "10.1.2.3", "127.0.0.1"),
            (ipv4, "192.168.0.1", "1.2.3.400"),
            (ipv6, "2001:db8::8a2e:370:7334", "12:30:45"),
            (ipv6, "fe80::1", "a::b"),
        ] {
            assert!(check(right), "{right}");
            assert!(!check(wrong), "{wrong}");
        }
    }

    #[test]
    fn dense_text_is_not_words() {
        for text in [
            "q7Zr9KpLx2VbN4mTw8Yd",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "dGhpcyBpcyBub3QgYSBzZWNyZXQgMTIz",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "xkqjzvbnmwprtyghsdlfcxqb",
        ] {
            assert!(dense(text), "{text}");
        }
        for text in [
            "calculate_monthly_average_temperature",
            "internationalizationandlocalization",
            "usr/lib/python3/dist-packages/numpy",
            "the-quick-brown-fox-jumps-over-2-dogs",
            "00000000000000000000000000000000",
            "12345678901234567890123456",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "TestCaseForParserOfStatements",
            "moving_average_window_2023_01_02",
        ] {
            assert!(!dense(text), "{text}");
        }
    }
}
