//! As much of a page as fits a number of tokens, cut between records.

use std::{io, ops::Range};

use super::{Page, Pen, Profile, Representation, Request, SpanKind, page};
use crate::trace::{StepId, Trace};

/// Bytes of the longest token that a tokenizer has: runs of spaces, for the most part. A text of more for
/// each token of a budget cannot fit.
const LONGEST: u64 = 256;

/// A page that fits, and what it leaves out.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The page; where something is left out its last line says so.
    pub page: Page,
    /// None where all of it fits, and in the compatible profile, which cuts texts and not records.
    pub left_out: Option<LeftOut>,
}

/// What a page leaves out to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Spans that are no code.
    pub records: usize,
    /// Never empty.
    pub steps: Range<StepId>,
}

/// The page of the longest start of the request's window that `count` says fits `budget` tokens.
///
/// In the compatible profile the whole page's text is cut at the token, as the released code cuts it, which
/// may be within a record: spans past the cut are empty. Reads the whole window once; texts are made and
/// counted about as far as the budget goes.
///
/// # Errors
/// With the tokens that the page of one step has, where those are too many already.
pub fn within(
    representation: &dyn Representation,
    trace: &Trace,
    request: &Request,
    budget: usize,
    count: &dyn Fn(&str) -> usize,
) -> Result<Fitted, usize> {
    if request.profile == Profile::Compat {
        let whole = page(representation, trace, request);
        let end = longest(whole.text(), budget, count);
        return Ok(Fitted::whole(match end < whole.text().len() {
            true => whole.cut(end),
            false => whole,
        }));
    }
    let (bytes, all) = measured(representation, trace, request);
    if bytes <= (budget as u64).saturating_mul(LONGEST) {
        let whole = page(representation, trace, request);
        if count(whole.text()) <= budget {
            return Ok(Fitted::whole(whole));
        }
    }
    let Range { start, end } = request.window.clone();
    let until = |until: u32| {
        let request = Request {
            window: start..StepId::new(until),
            ..request.clone()
        };
        let mut page = page(representation, trace, &request);
        let left_out = LeftOut {
            records: all.saturating_sub(records(&page)),
            steps: StepId::new(until)..end,
        };
        page.add(&left_out.line(page.text()));
        let tokens = count(page.text());
        (tokens, page, left_out)
    };
    // Up by doubling, then in halves: no page much longer than the budget is made on the way.
    let least = end.raw().min(start.raw() + 1);
    let (mut fits, mut best) = (least, until(least));
    if budget < best.0 {
        return Err(best.0);
    }
    let (mut stride, mut too_many) = (64, end.raw());
    while fits + 1 < too_many {
        let middle = match stride {
            0 => fits + (too_many - fits) / 2,
            _ => (fits + stride).min(fits + (too_many - fits) / 2 + 1),
        };
        let middle = middle.clamp(fits + 1, too_many - 1);
        let tried = until(middle);
        if tried.0 <= budget {
            (fits, best) = (middle, tried);
            stride = stride.saturating_mul(2);
        } else {
            (too_many, stride) = (middle, 0);
        }
    }
    Ok(Fitted {
        page: best.1,
        left_out: Some(best.2),
    })
}

impl Fitted {
    /// All of a page, or what is left of it where none is to be told of the rest.
    pub fn whole(page: Page) -> Self {
        Self {
            page,
            left_out: None,
        }
    }
}

/// How long the page is in bytes, and how many of its spans are no code, without keeping it.
fn measured(representation: &dyn Representation, trace: &Trace, request: &Request) -> (u64, usize) {
    let mut nowhere = io::sink();
    let mut pen = Pen::counting(&mut nowhere);
    representation.write(trace, request, &mut pen);
    // What goes nowhere always arrives.
    pen.finish()
        .map_or((0, 0), |it| (it.bytes, it.records.unwrap_or(0)))
}

impl LeftOut {
    /// The line that says so, behind `text`.
    fn line(&self, text: &str) -> String {
        let ended = text.is_empty() || text.ends_with('\n');
        let (first, last) = (self.steps.start.number(), self.steps.end.raw());
        format!(
            "{}… {} records (steps {first}..{last}) left out\n",
            if ended { "" } else { "\n" },
            self.records
        )
    }
}

/// How many of a page's spans are no code.
fn records(page: &Page) -> usize {
    let spans = page.spans().iter();
    spans.filter(|it| it.kind != SpanKind::Code).count()
}

/// Bytes of the longest start of `text`, in whole characters, that has at most `budget` tokens. Counts
/// texts little longer than that.
fn longest(text: &str, budget: usize, count: &dyn Fn(&str) -> usize) -> usize {
    // Up by doubling, then in halves.
    let (mut fits, mut too_many) = (0, 0);
    while too_many < text.len() {
        let next = too_many.max(budget).max(1).saturating_mul(2);
        let next = text.ceil_char_boundary(next.min(text.len()));
        if budget < count(&text[..next]) {
            too_many = next;
            break;
        }
        (fits, too_many) = (next, next);
    }
    while fits + 1 < too_many {
        let mut middle = text.floor_char_boundary(fits + (too_many - fits) / 2);
        if middle <= fits {
            middle = text.ceil_char_boundary(fits + 1);
        }
        if too_many <= middle {
            break;
        }
        match count(&text[..middle]) <= budget {
            true => fits = middle,
            false => too_many = middle,
        }
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::longest;

    #[test]
    fn the_longest_start_is_found() {
        let words = |it: &str| it.split_whitespace().count();
        assert_eq!(longest("a bb ccc", 2, &words), 5);
        assert_eq!(longest("é é", 1, &|it: &str| it.chars().count()), 2);
        assert_eq!(longest("abc", 0, &|it: &str| it.len()), 0);
        assert_eq!(longest("", 5, &words), 0);
        let long = "word ".repeat(1000);
        assert_eq!(longest(&long, 300, &words), 1500);
        assert_eq!(longest(&long, 2000, &words), long.len());
    }
}
