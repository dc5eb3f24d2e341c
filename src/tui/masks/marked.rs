//! A text as it is shown, with what of it would be masked: cut, joined and parted without losing that.

use std::ops::Range;

use ratatui::{style::Style, text::Span};

use crate::tui::{Styles, glyph, text};

/// A text and what of it would be masked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::tui) struct Marked {
    /// As it is shown.
    pub(in crate::tui) text: String,
    /// In bytes of the text, in order and disjoint.
    pub(super) masks: Vec<Range<usize>>,
}

impl Marked {
    /// A text of our own: nothing in it is of the run.
    pub(in crate::tui) fn own(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            masks: Vec::new(),
        }
    }

    /// `text`, which begins at byte `start` of a text of which `masks` would be masked.
    pub(in crate::tui) fn part(text: &str, start: usize, masks: &[Range<usize>]) -> Self {
        let end = start + text.len();
        let within = masks.iter().filter_map(|it| {
            let (from, to) = (it.start.max(start), it.end.min(end));
            (from < to).then(|| from - start..to - start)
        });
        Self {
            text: text.into(),
            masks: within.collect(),
        }
    }

    /// Whether anything in it would be masked.
    pub(in crate::tui) fn any(&self) -> bool {
        !self.masks.is_empty()
    }

    /// What stands in a margin beside it: a mark or a blank.
    pub(in crate::tui) fn sign(&self) -> &'static str {
        match self.any() {
            true => glyph::MASKED,
            false => " ",
        }
    }

    /// Followed by `other`.
    pub(in crate::tui) fn and(mut self, other: Self) -> Self {
        let at = self.text.len();
        let moved = other.masks.iter().map(|it| at + it.start..at + it.end);
        self.masks.extend(moved);
        self.text += &other.text;
        self
    }

    /// Shown as `shown`, which is what a cut left of it, perhaps padded.
    pub(in crate::tui) fn cut(&self, shown: String) -> Self {
        cut(&self.text, &self.masks, shown)
    }

    /// Cut at its end to `columns`.
    pub(in crate::tui) fn fit(&self, columns: usize) -> Self {
        self.cut(text::fit(&self.text, columns))
    }

    /// Cleaned for the screen, in rows of at most `width` columns.
    pub(in crate::tui) fn wrapped(&self, width: usize) -> Vec<Self> {
        let mut start = 0;
        let mut rows = Vec::new();
        for line in self.text.split('\n') {
            let raw = Self::part(line, start, &self.masks);
            start += line.len() + 1;
            let cleaned = |at: usize| text::clean(&line[..at]).len();
            let masks = raw.masks.iter();
            let clean = Self {
                masks: masks.map(|it| cleaned(it.start)..cleaned(it.end)).collect(),
                text: text::clean(line),
            };
            rows.extend(clean.parted(&text::wrap(&clean.text, width)));
        }
        rows
    }

    /// In `rows`, which together are all of it.
    fn parted(&self, rows: &[String]) -> Vec<Self> {
        let mut start = 0;
        let parts = rows.iter().map(|row| {
            let part = Self::part(row, start, &self.masks);
            start += row.len();
            part
        });
        parts.collect()
    }

    /// In `style`, and what would be masked also in the style of that.
    pub(in crate::tui) fn spans<'a>(&self, style: Style, styles: &Styles) -> Vec<Span<'a>> {
        let whole = Span::styled(self.text.clone(), style);
        over(vec![whole], &self.masks, styles.masked)
    }
}

/// `spans` with `style` laid over `masks`, which are in bytes of all their text.
pub(in crate::tui) fn over<'a>(
    spans: Vec<Span<'a>>,
    masks: &[Range<usize>],
    style: Style,
) -> Vec<Span<'a>> {
    if masks.is_empty() {
        return spans;
    }
    let mut res = Vec::new();
    let mut start = 0;
    for span in spans {
        let end = start + span.content.len();
        let mut at = start;
        let mut put = |upto: usize, style: Style| {
            let upto = upto.min(end);
            if at < upto {
                let text = span.content[at - start..upto - start].to_owned();
                res.push(Span::styled(text, style));
                at = upto;
            }
        };
        for mask in masks.iter().filter(|it| start < it.end && it.start < end) {
            put(mask.start, span.style);
            put(mask.end, span.style.patch(style));
        }
        put(end, span.style);
        start = end;
    }
    res
}

/// `text`, of which `masks` would be masked, shown as `shown`: what a cut left of it.
pub(super) fn cut(text: &str, masks: &[Range<usize>], shown: String) -> Marked {
    if masks.is_empty() {
        return Marked::own(shown);
    }
    // What is left of it stands at both its ends; between them is the sign of the cut.
    let same = |it: &((usize, char), char)| it.0.1 == it.1;
    let head = shown.char_indices().zip(text.chars());
    let head = head.take_while(same).last();
    let head = head.map_or(0, |((at, c), _)| at + c.len_utf8());
    let tail = shown[head..].chars().rev().zip(text[head..].chars().rev());
    let tail: usize = tail
        .take_while(|it| it.0 == it.1)
        .map(|it| it.0.len_utf8())
        .sum();
    // Blanks that only fill a column are not its own.
    let inked = shown.trim_end().len().max(head);
    let (middle, end) = (shown.len() - tail, text.len() - tail);
    // Where a byte of the text went.
    let place = |at: usize, rounded: usize| match at {
        at if at <= head => at,
        at if end <= at => (middle + (at - end)).min(inked),
        _ => rounded.min(inked),
    };
    let placed = masks
        .iter()
        .map(|it| place(it.start, head)..place(it.end, middle));
    let mut masks: Vec<Range<usize>> = Vec::new();
    for it in placed.filter(|it| it.start < it.end) {
        match masks.last_mut().filter(|last| it.start < last.end) {
            Some(last) => last.end = last.end.max(it.end),
            None => masks.push(it),
        }
    }
    Marked { text: shown, masks }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(it: &Marked) -> String {
        let masked = Style::new().italic();
        let whole = Span::raw(it.text.clone());
        let marked = |it: Span<'_>| match it.style == masked {
            true => format!("<{}>", it.content),
            false => it.content.into_owned(),
        };
        let spans = over(vec![whole], &it.masks, masked).into_iter();
        spans.map(marked).collect()
    }

    #[test]
    fn masks_follow_the_text_through_a_cut() {
        let shown = |text: &str, fitted: &str, mask: &[(usize, usize)]| {
            let mask: Vec<_> = mask.iter().map(|&(from, to)| from..to).collect();
            told(&cut(text, &mask, fitted.into()))
        };
        assert_eq!(shown("abcdef", "abcdef", &[(1, 3)]), "a<bc>def");
        assert_eq!(shown("abcdef", "a…f", &[(2, 4)]), "a<…>f");
        assert_eq!(shown("abcdef", "ab…f", &[(0, 1), (5, 6)]), "<a>b…<f>");
        assert_eq!(shown("abcdef", "ab…f", &[(1, 6)]), "a<b…f>");
        assert_eq!(shown("aaaaa", "a…", &[(0, 5)]), "<a…>");
        assert_eq!(shown("abc", "", &[(0, 3)]), "");
        assert_eq!(shown("é日本", "é…", &[(2, 5)]), "é<…>");
        assert_eq!(shown("abcdef", "ab…  ", &[(1, 6)]), "a<b…>  ");
        assert_eq!(shown("abc", "abc  ", &[(1, 3)]), "a<bc>  ");
        assert_eq!(shown("abcdef", "a…f", &[(1, 2), (3, 4)]), "a<…>f");
    }

    #[test]
    fn masks_follow_the_text_joined_and_parted() {
        let middle = Range { start: 1, end: 3 };
        let text = cut("abc", &[middle], "abc".into());
        let joined = Marked::own("é").and(text.clone()).and(text);
        assert_eq!(told(&joined), "éa<bc>a<bc>");
        let rows = joined.parted(&["éab".into(), "ca".into(), "bc".into()]);
        let rows: Vec<String> = rows.iter().map(told).collect();
        assert_eq!(rows, ["éa<b>", "<c>a", "<bc>"]);
        let lines = Marked::part("a\tbc de\nfg", 0, &[2..6, 8..10]).wrapped(6);
        let rows: Vec<String> = lines.iter().map(told).collect();
        assert_eq!(rows, ["a   <bc >", "<d>e", "<fg>"]);
    }

    #[test]
    fn masks_are_laid_over_styles() {
        let (plain, bold) = (Style::new(), Style::new().bold());
        let spans = vec![Span::styled("abc", plain), Span::styled("def", bold)];
        let spans = over(spans, &[1..2, 2..5], Style::new().italic());
        let texts: Vec<&str> = spans.iter().map(|it| &*it.content).collect();
        assert_eq!(texts, ["a", "b", "c", "de", "f"]);
        assert_eq!(spans[3].style, bold.italic());
    }
}
