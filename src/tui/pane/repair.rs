//! The search for a fix: candidates and their test results, then the diff that waits for a yes.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::tui::{
    Action, Styles, glyph,
    job::{Fix, Job, NO_TESTS},
    masks::Masks,
    pane::{Outcome, Pane, View, paint},
    text,
};

/// See the module.
pub(super) struct Spec;

#[derive(Default)]
struct Repair {
    top: usize,
    height: usize,
    len: usize,
}

impl super::Spec for Spec {
    fn name(&self) -> &'static str {
        "repair"
    }
    fn make(&self) -> Box<dyn Pane> {
        Box::new(Repair::default())
    }
}

impl Pane for Repair {
    fn title(&self, view: View<'_>) -> String {
        match view.jobs.fix.round {
            Some((round, of)) => format!("repair  round {round}/{of}"),
            None => "repair".into(),
        }
    }

    fn act(&mut self, action: Action, view: View<'_>) -> Outcome {
        let page = self.height.max(2) - 1;
        let last = self.len.saturating_sub(self.height);
        self.top = match action {
            Action::Repair if view.jobs.fix.is_running() => {
                return Outcome::Say("a search is under way; Esc stops it".into());
            }
            Action::Repair => {
                self.top = 0;
                return Outcome::Start(Job::Repair);
            }
            Action::Apply => return Outcome::Start(Job::Apply),
            Action::Undo => return Outcome::Start(Job::Undo),
            Action::Down => self.top + 1,
            Action::Up => self.top.saturating_sub(1),
            Action::PageDown => self.top + page,
            Action::PageUp => self.top.saturating_sub(page),
            _ => return Outcome::Ignored,
        };
        self.top = self.top.min(last);
        Outcome::Done
    }

    fn draw(&mut self, view: View<'_>, area: Rect, buf: &mut Buffer) {
        let lines = lines(view, usize::from(area.width));
        self.height = usize::from(area.height);
        self.len = lines.len();
        // While it is written, the newest text is in sight.
        let last = self.len.saturating_sub(self.height);
        self.top = if view.jobs.fix.is_running() {
            last
        } else {
            self.top.min(last)
        };
        paint(lines.into_iter().skip(self.top), area, buf);
    }
}

fn lines<'a>(view: View<'_>, width: usize) -> Vec<Line<'a>> {
    let (fix, styles, masks) = (&view.jobs.fix, view.styles, &view.jobs.masks);
    let mut lines = Vec::new();
    let mut say = |text: &str, style| {
        let rows = masks.marked(text.to_owned()).wrapped(width).into_iter();
        lines.extend(rows.map(|it| Line::from(it.spans(style, styles))));
    };
    match &fix.said {
        Some(Ok(said)) => say(
            &format!("{} {said}   u in this pane takes it back", glyph::TRUE),
            styles.good,
        ),
        Some(Err(said)) => say(&format!("{} {said}", glyph::ERROR), styles.bad),
        None => (),
    }
    if fix.cursor.is_none() {
        match &view.jobs.repairer_is {
            Some(it) => say(
                &format!("{it}\nR searches for a fix; nothing is written before you press y."),
                styles.dim,
            ),
            None => say(NO_TESTS, styles.dim),
        }
    }
    if let Some(report) = &fix.report {
        if report.diff.is_some() && fix.said.is_none() {
            say("y writes this fix; nothing was written yet", styles.now);
        }
        say(&report.summary, styles.text);
        if let Some(diff) = &report.diff {
            lines.extend(diff.lines().map(|it| diff_line(it, styles, masks)));
        }
        lines.extend(report.tests.iter().map(|it| test_line(it, styles, masks)));
    }
    lines.extend(judged(fix, styles, masks));
    if fix.is_running() && fix.report.is_none() {
        let text = masks.marked(fix.text.clone()).wrapped(width).into_iter();
        lines.extend(text.map(|it| Line::from(it.spans(styles.dim, styles))));
        lines.push(Line::styled("searching …   Esc stops", styles.warn));
    }
    lines
}

fn judged<'a>(fix: &Fix, styles: &Styles, masks: &Masks) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for (at, it) in fix.judged.iter().enumerate() {
        let (mark, style) = match it.passed {
            true => (glyph::TRUE, styles.good),
            false => (glyph::FALSE, styles.bad),
        };
        let passed = it.tests.iter().filter(|it| it.1).count();
        let said = format!(
            "candidate {}  {passed}/{} tests  {}",
            at + 1,
            it.tests.len(),
            it.verdict
        );
        lines.push(Line::from(vec![
            Span::styled(format!("{mark} "), style),
            Span::styled(text::clean(&said), styles.text),
        ]));
        if !it.passed {
            lines.extend(
                it.tests
                    .iter()
                    .filter(|it| !it.1)
                    .map(|it| test_line(it, styles, masks)),
            );
        }
    }
    lines
}

fn test_line<'a>(
    (name, passed, got): &(String, bool, String),
    styles: &Styles,
    masks: &Masks,
) -> Line<'a> {
    let (mark, style) = match passed {
        true => (glyph::TRUE, styles.good),
        false => (glyph::FALSE, styles.bad),
    };
    let got = if got.is_empty() {
        String::new()
    } else {
        format!("   got {got}")
    };
    let got = masks.marked(text::clean(&got));
    let mut spans = vec![
        Span::styled(format!("  {mark}"), style),
        Span::styled(got.sign(), styles.masked),
        Span::styled(text::clean(name), styles.text),
    ];
    spans.extend(got.spans(styles.dim, styles));
    Line::from(spans)
}

fn diff_line<'a>(line: &str, styles: &Styles, masks: &Masks) -> Line<'a> {
    let style = match line.as_bytes().first() {
        Some(b'+') => styles.good,
        Some(b'-') => styles.bad,
        Some(b'@') => styles.dim,
        _ => styles.text,
    };
    let line = masks.marked(text::clean(line));
    Line::from(line.spans(style, styles))
}
