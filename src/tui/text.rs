//! Foreign text made safe to put on a screen, and cut to a width in columns.

use std::ops::Range;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns from one tab stop to the next.
const TAB: usize = 4;

/// `text` as one line that cannot command a terminal: tabs become spaces, and whatever would be
/// invisible or act on the terminal (control characters, escape sequences, direction marks,
/// zero-width characters) becomes visible.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        put_clean(c, &mut out);
    }
    out
}

/// As [`clean`], one character, onto a line whose tab stops count from its own start.
pub(super) fn put_clean(c: char, out: &mut String) {
    match c {
        '\t' => {
            let to_next = TAB - out.width() % TAB;
            out.extend(std::iter::repeat_n(' ', to_next));
        }
        '\0'..='\x1f' => out.extend(char::from_u32(0x2400 + u32::from(c))),
        '\x7f' => out.push('␡'),
        _ if is_hidden(c) => out.push_str(&format!("<U+{:04X}>", u32::from(c))),
        _ => out.push(c),
    }
}

/// Characters that change what is seen without being seen: C1 controls, direction marks and
/// overrides, zero-width spaces and joiners, invisible operators, tags.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Where `query` stands in `text` at or after byte `from`, or going up, ends at or before it. Letters of
/// a query without capitals match capitals too. Linear in what is looked through.
pub(super) fn find(text: &str, query: &str, from: usize, down: bool) -> Option<Range<usize>> {
    let (text, query) = (text.as_bytes(), query.as_bytes());
    if query.is_empty() || text.len() < query.len() {
        return None;
    }
    let any = !query.iter().any(u8::is_ascii_uppercase);
    let same = |at: &usize| match any {
        true => text[*at..at + query.len()].eq_ignore_ascii_case(query),
        false => text[*at..].starts_with(query),
    };
    let last = text.len() - query.len();
    // A match of whole characters begins and ends between characters.
    let at = match down {
        true => (from..=last).find(same),
        false => (0..(last + 1).min((from + 1).saturating_sub(query.len())))
            .rev()
            .find(same),
    }?;
    Some(at..at + query.len())
}

/// Columns that `text` takes, once [`clean`].
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// `text` cut at its end to `max` columns, with `…` for what was cut.
pub(super) fn fit(text: &str, max: usize) -> String {
    if width(text) <= max {
        return text.into();
    }
    let mut out = head(text, max.saturating_sub(1));
    if 0 < max {
        out.push('…');
    }
    out
}

/// `text` cut in its middle to `max` columns, with `…` for what was cut.
pub(super) fn fit_middle(text: &str, max: usize) -> String {
    if width(text) <= max {
        return text.into();
    }
    if max < 5 {
        return fit(text, max);
    }
    let left = (max - 1) * 2 / 3;
    let mut tail: Vec<char> = Vec::new();
    let mut room = max - 1 - left;
    for c in text.chars().rev() {
        let Some(rest) = room.checked_sub(c.width().unwrap_or(0)) else {
            break;
        };
        room = rest;
        tail.push(c);
    }
    let mut out = head(text, left);
    out.push('…');
    out.extend(tail.into_iter().rev());
    out
}

/// `text`, cut or padded with spaces to exactly `columns`.
pub(super) fn column(text: &str, columns: usize) -> String {
    let mut out = fit(text, columns);
    let room = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', room));
    out
}

/// The beginning of `text` that takes no more than `max` columns.
pub(super) fn head(text: &str, max: usize) -> String {
    let mut room = max;
    text.chars()
        .map_while(|c| {
            room = room.checked_sub(c.width().unwrap_or(0))?;
            Some(c)
        })
        .collect()
}

/// `text` broken into lines of at most `max` columns, at spaces where that is possible.
pub(super) fn wrap(text: &str, max: usize) -> Vec<String> {
    let max = max.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let before = lines.len();
        let mut line = String::new();
        for word in paragraph.split_inclusive(' ') {
            let word = clean(word);
            let fits = width(&line) + width(word.trim_end()) <= max;
            if !fits && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(&word);
            while max < width(line.trim_end()) {
                let mut first = head(&line, max);
                if first.is_empty() {
                    first.extend(line.chars().next());
                }
                line.drain(..first.len());
                lines.push(first);
            }
        }
        if !line.is_empty() || lines.len() == before {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_invisible_or_commanding_is_left() {
        assert_eq!(clean("a\tb\x1b[31mc\x07"), "a   b␛[31mc␇");
        assert_eq!(
            clean("\u{9b}x\u{202e}y\u{200b}\x7f"),
            "<U+009B>x<U+202E>y<U+200B>␡"
        );
        assert_eq!(clean("naïve é 日本"), "naïve é 日本");
    }

    #[test]
    fn widths_count_columns() {
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(fit_middle("abcdefghij", 7), "abcd…ij");
        assert_eq!(column("日", 4), "日  ");
    }

    #[test]
    fn searching_goes_both_ways() {
        let text = "ab AB é ab";
        for (query, from, down, at) in [
            ("ab", 0, true, Some(0)),
            ("ab", 1, true, Some(3)),
            ("AB", 0, true, Some(3)),
            ("ab", 10, false, Some(3)),
            ("ab", 99, false, Some(9)),
            ("é", 0, true, Some(6)),
            ("", 0, true, None),
            ("abc", 0, true, None),
            ("ab", 10, true, None),
        ] {
            let found = find(text, query, from, down).map(|it| it.start);
            assert_eq!(found, at, "{query} {from} {down}");
        }
    }

    #[test]
    fn wrapping_prefers_spaces() {
        assert_eq!(wrap("ab cd efghijk", 5), ["ab cd ", "efghi", "jk"]);
        assert_eq!(wrap("日本", 1), ["日", "本"]);
    }
}
