//! An answer on the screen: its claims with their verdicts, and what it cost.

use ratatui::text::{Line, Span};

use crate::tui::{
    asker::{Answer, Claim, Verdict},
    glyph,
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
    let (said, note) = match note.is_empty() {
        true => (text::column(&said, room), String::new()),
        false => {
            let kept = text::width(&note).min(room / 2);
            (
                text::column(&said, room - kept - usize::from(kept < room)),
                text::column(&note, kept + 1),
            )
        }
    };
    Line::from(vec![
        Span::styled(format!("{mark} "), style),
        Span::styled(
            said,
            if claim.verdict == Verdict::Contradicted {
                style
            } else {
                styles.text
            },
        ),
        Span::styled(note, styles.changed),
        Span::styled(step, styles.dim),
    ])
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
        rate(answer.output_tokens, answer.decode),
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
