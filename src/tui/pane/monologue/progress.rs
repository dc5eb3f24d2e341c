//! The row that says what a model is doing: loading, reading, writing, how fast.

use ratatui::text::Line;

use super::answer::{rate, written};
use crate::tui::{glyph, job::Phase, pane::View, text};

/// Columns of the bar of a load.
const BAR: usize = 20;

/// What is being done, in at most `width` columns.
pub(super) fn progress<'a>(view: View<'_>, width: usize) -> Line<'a> {
    let who = view.jobs.asker_is.as_deref().unwrap_or("the model");
    let said = match &view.jobs.talk.phase {
        Phase::Waiting => format!("waiting for {who} …"),
        Phase::Loading { what, share } => match share {
            Some(share) => format!("{what}  {}", bar(*share)),
            None => format!("{what} …"),
        },
        Phase::Reading(tokens, since) => format!(
            "{who} reads {tokens} tokens … {:.1} s",
            since.elapsed().as_secs_f64()
        ),
        Phase::Writing {
            tokens,
            since,
            read,
        } => format!(
            "{who} writes: {tokens} tok{}  read {} tok{}",
            written(*tokens, since.elapsed().as_secs_f64()),
            read.0,
            rate(read.0, read.1.as_secs_f64()),
        ),
    };
    let stops = "   Esc stops";
    let room = width.saturating_sub(text::width(stops));
    let said = text::fit(&text::clean(&said), room);
    Line::styled(format!("{said}{stops}"), view.styles.warn)
}

/// A bar of what is done, and how much that is.
fn bar(share: f32) -> String {
    let share = share.clamp(0.0, 1.0);
    let done = (share * BAR as f32).round() as usize;
    let full = glyph::DEPTHS[7].to_string().repeat(done);
    let rest = glyph::NEVER.repeat(BAR - done.min(BAR));
    format!("{full}{rest} {:.0} %", share * 100.0)
}
