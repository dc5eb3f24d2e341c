//! An answer on the screen: its claims with their verdicts, and what it cost.

use ratatui::text::{Line, Span};

use crate::tui::{
    asker::{Answer, Claim, Verdict},
    glyph,
    masks::Marked,
    pane::View,
    text,
};

/// One claim: its verdict, its words, what the run shows instead.
pub(super) fn claim_line<'a>(
    view: View<'_>,
    answer: &Answer,
    claim: &Claim,
    width: usize,
) -> Line<'a> {
    let styles = view.styles;
    let (mark, style) = match claim.verdict {
        Verdict::True => (glyph::TRUE, styles.good),
        Verdict::Contradicted => (glyph::FALSE, styles.bad),
        Verdict::Uncheckable => (glyph::UNKNOWN, styles.warn),
    };
    let step = claim
        .step
        .map_or(String::new(), |it| format!("  step {}", it.number()));
    let said = answer.text.get(claim.range.clone()).unwrap_or_default();
    let said = text::clean(&said.replace('\n', " "));
    let note = text::clean(&claim.note);
    let room = width.saturating_sub(2 + text::width(&step));
    let column = |it: &str, columns| view.jobs.masks.cut(it, text::column(it, columns));
    let (said, note) = match note.is_empty() {
        true => (column(&said, room), Marked::default()),
        false => {
            let kept = text::width(&note).min(room / 2);
            (
                column(&said, room - kept - usize::from(kept < room)),
                column(&note, kept + 1),
            )
        }
    };
    let sign = match note.any() {
        true => note.sign(),
        false => said.sign(),
    };
    let mut spans = vec![Span::styled(mark, style), Span::styled(sign, styles.masked)];
    let words = match claim.verdict {
        Verdict::Contradicted => style,
        _ => styles.text,
    };
    spans.extend(said.spans(words, styles));
    spans.extend(note.spans(styles.changed, styles));
    spans.push(Span::styled(step, styles.dim));
    Line::from(spans)
}

/// What became of the claims, and what the answer cost.
pub(super) fn summary(view: View<'_>, answer: &Answer) -> String {
    let count = |verdict| {
        answer
            .claims
            .iter()
            .filter(|it| it.verdict == verdict)
            .count()
    };
    let who = view.jobs.asker_is.as_deref().unwrap_or("the model");
    let arrives = answer
        .answer
        .as_ref()
        .map_or(String::new(), |it| format!("answer {it}   "));
    let again = match answer.seed {
        0 => String::new(),
        seed => format!("  seed {seed}"),
    };
    text::clean(&format!(
        "{arrives}{} true · {} contradicted · {} uncheckable   {who}  prompt {} tok{}  out {} tok{}  {:.1} s{again}",
        count(Verdict::True),
        count(Verdict::Contradicted),
        count(Verdict::Uncheckable),
        answer.prompt_tokens,
        rate(answer.prompt_tokens, answer.prefill),
        answer.output_tokens,
        written(answer.output_tokens, answer.decode),
        answer.seconds(),
    ))
}

/// Tokens a second, in parentheses; nothing where no time was taken.
pub(super) fn rate(tokens: usize, seconds: f64) -> String {
    match 0.0 < seconds && 0 < tokens {
        true => format!(" ({:.0} tok/s)", tokens as f64 / seconds),
        false => String::new(),
    }
}

/// As [`rate`], of an answer so long: its first token came with the prompt, before the time began.
pub(super) fn written(tokens: usize, seconds: f64) -> String {
    rate(tokens.saturating_sub(1), seconds)
}
