//! The marks of the screen, and their spelling on terminals that know only ASCII.
//!
//! Every state has a mark of its own, so that nothing is told by color alone.

use ratatui::buffer::Buffer;

pub(super) const BREAKPOINT: &str = "●";
pub(super) const YOU: &str = "●";
pub(super) const HIT: &str = "◆";
pub(super) const HERE: &str = "▶";
pub(super) const OUTER: &str = "▷";
pub(super) const CHANGED: &str = "*";
pub(super) const SAME: &str = "=";
pub(super) const ERROR: &str = "✖";
pub(super) const TRUE: &str = "✓";
pub(super) const FALSE: &str = "✗";
pub(super) const UNKNOWN: &str = "?";
pub(super) const FOLDED: &str = "▸";
pub(super) const UNFOLDED: &str = "▾";
pub(super) const NEVER: &str = "·";
pub(super) const SPAN: &str = "▐";
pub(super) const INHERITED: &str = "┊";
/// What would be masked before it left this machine.
pub(super) const MASKED: &str = "▒";
/// The same, in what tells of the current step.
pub(super) const MASKED_NOW: &str = "▓";
pub(super) const ARROW: &str = "→";
pub(super) const RETURN: &str = "⏎";
pub(super) const DEPTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How a mark is spelled in ASCII; `None` for characters that are not marks.
fn ascii(mark: char) -> Option<&'static str> {
    Some(match mark {
        '●' => "o",
        '▶' | '▸' | '→' | '▷' => ">",
        '▾' => "v",
        '◆' => "^",
        '✖' => "!",
        '✓' => "+",
        '✗' => "x",
        '≠' => "#",
        '·' => ".",
        '⏎' => "<",
        '…' => "~",
        '×' => "x",
        '±' => "~",
        '▒' => "%",
        '▓' => "&",
        '▐' | '┊' | '│' | '▕' | '▏' => "|",
        '─' => "-",
        '╭' | '╮' | '╰' | '╯' | '├' | '┤' | '┬' | '┴' | '└' => "+",
        '▁' => "_",
        '▂' => ".",
        '▃' | '▄' => "-",
        '▅' | '▆' => "=",
        '▇' | '█' => "#",
        '↑' => "^",
        '↓' => "v",
        '\u{2400}'..='\u{2421}' => "?",
        _ => return None,
    })
}

/// Respells every mark on the screen. Other text stays as it is: it is the program's own.
pub(super) fn respell(buf: &mut Buffer) {
    for cell in &mut buf.content {
        let mut chars = cell.symbol().chars();
        if let (Some(mark), None) = (chars.next(), chars.next())
            && let Some(spelled) = ascii(mark)
        {
            cell.set_symbol(spelled);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_has_a_spelling_of_one_ascii_character() {
        let depths = DEPTHS.map(String::from);
        let marks = [
            BREAKPOINT, YOU, HIT, HERE, OUTER, CHANGED, SAME, ERROR, TRUE, FALSE, UNKNOWN, FOLDED,
            UNFOLDED, NEVER, SPAN, INHERITED, MASKED, MASKED_NOW, ARROW, RETURN,
        ];
        for mark in marks.into_iter().chain(depths.iter().map(String::as_str)) {
            let c = mark.chars().next().unwrap();
            let spelled = if c.is_ascii() {
                mark
            } else {
                ascii(c).unwrap_or("none")
            };
            assert_eq!(spelled.len(), 1, "{mark}");
        }
        assert_ne!(ascii('✓'), ascii('✗'));
    }
}
