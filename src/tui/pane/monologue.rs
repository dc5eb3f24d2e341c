//! What the model says about the step it was asked at, and which of it the run bears out.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    trace::Heading,
    tui::{
        Action, glyph,
        job::Job,
        pane::{List, Outcome, Pane, View, paint},
        session::{Answer, Claim, Verdict},
        sheet::Sheet,
        text,
    },
};

/// See the module.
pub(super) struct Spec;

/// The representation whose words are shown while no model is asked.
const NARRATOR: &str = "semcoder";

#[derive(Default)]
struct Monologue {
    list: List,
    shows_text: bool,
    narrator: Sheet,
}

impl super::Spec for Spec {
    fn name(&self) -> &'static str {
        "monologue"
    }
    fn make(&self) -> Box<dyn Pane> {
        Box::new(Monologue::default())
    }
}

impl Pane for Monologue {
    fn title(&self, view: View<'_>) -> String {
        let talk = &view.jobs.talk;
        match (talk.cursor, talk.direction) {
            (Some(cursor), Some(direction)) => {
                let direction = match direction {
                    Heading::Forward => "forward",
                    Heading::Backward => "backward",
                };
                format!("monologue {direction} from step {}", cursor.step().number())
            }
            _ => "monologue".into(),
        }
    }

    fn act(&mut self, action: Action, view: View<'_>) -> Outcome {
        match action {
            Action::AskForward => return Outcome::Start(Job::Ask(Heading::Forward)),
            Action::AskBackward => return Outcome::Start(Job::Ask(Heading::Backward)),
            Action::Unfold => {
                self.shows_text = !self.shows_text;
                return Outcome::Done;
            }
            _ => (),
        }
        let Some(answer) = &view.jobs.talk.answer else {
            let Some(cursor) = view.focus.cursor.filter(|_| !view.jobs.talk.is_running()) else {
                return Outcome::Ignored;
            };
            match action {
                Action::Down => self.narrator.select(cursor.step(), true, 1),
                Action::Up => self.narrator.select(cursor.step(), false, 1),
                Action::Open => {
                    return view.go(Some(
                        self.narrator.chosen(cursor.step()).unwrap_or(cursor.step()),
                    ));
                }
                _ => return Outcome::Ignored,
            }
            return Outcome::Done;
        };
        if self.list.act(action, answer.claims.len().max(1)) {
            return Outcome::Done;
        }
        match (action, answer.claims.get(self.list.selected)) {
            (
                Action::Open,
                Some(Claim {
                    step: Some(step), ..
                }),
            ) => view.go(Some(*step)),
            (Action::Open, Some(claim)) => Outcome::Show("claim".into(), claim.note.clone()),
            (Action::Open, None) => Outcome::Show("monologue".into(), answer.text.clone()),
            _ => Outcome::Ignored,
        }
    }

    fn click(&mut self, _column: u16, row: u16, view: View<'_>) -> Outcome {
        self.list.selected = self.list.top + usize::from(row);
        self.act(Action::Open, view)
    }

    fn draw(&mut self, view: View<'_>, area: Rect, buf: &mut Buffer) {
        let (talk, styles) = (&view.jobs.talk, view.styles);
        let width = usize::from(area.width);
        let foot = Rect {
            y: area.bottom().saturating_sub(1),
            height: area.height.min(1),
            ..area
        };
        let body = Rect {
            height: area.height.saturating_sub(1),
            ..area
        };
        if let Some(why) = &talk.failed {
            let lines = text::wrap(&talk.text, width)
                .into_iter()
                .map(|it| Line::styled(it, styles.dim));
            let why = text::wrap(why, width)
                .into_iter()
                .map(|it| Line::styled(it, styles.bad));
            return paint(why.chain(lines), area, buf);
        }
        if let Some(answer) = &talk.answer {
            paint(
                [Line::styled(
                    text::fit(&summary(view, answer), width),
                    styles.dim,
                )],
                foot,
                buf,
            );
            if self.shows_text || answer.claims.is_empty() {
                let lines = text::wrap(&answer.text, width).into_iter();
                return paint(lines.map(|it| Line::styled(it, styles.text)), body, buf);
            }
            let shown = self
                .list
                .shown(answer.claims.len(), usize::from(body.height));
            let lines = shown.map(|at| {
                let line = claim_line(view, answer, &answer.claims[at], width);
                match view.focused && at == self.list.selected {
                    true => line.style(styles.selected),
                    false => line,
                }
            });
            return paint(lines, body, buf);
        }
        if talk.is_running() {
            let lines = text::wrap(&talk.text, width);
            let from = lines.len().saturating_sub(usize::from(body.height));
            let shown = lines.into_iter().skip(from);
            paint(shown.map(|it| Line::styled(it, styles.text)), body, buf);
            let who = view.jobs.asker_is.as_deref().unwrap_or("the model");
            let said = format!(
                "{who} writes … {} characters   Esc stops",
                talk.text.chars().count()
            );
            return paint([Line::styled(said, styles.warn)], foot, buf);
        }
        self.unasked(view, body, foot, buf);
    }
}

impl Monologue {
    /// Without a model: the narrator's words, which are the run's own, and how to get a model.
    fn unasked(&mut self, view: View<'_>, body: Rect, foot: Rect, buf: &mut Buffer) {
        let said = match &view.jobs.asker_is {
            Some(it) => format!("{it}   a asks it forward from here, A backward"),
            None => "told from the trace, no model: --model DIR, MONOLOGUE_MODEL or `model` in the settings gives one".into(),
        };
        let width = usize::from(foot.width);
        paint(
            [Line::styled(
                text::fit(&text::clean(&said), width),
                view.styles.dim,
            )],
            foot,
            buf,
        );
        let narrator = view.representations.iter().find(|it| it.name() == NARRATOR);
        if let (Some(narrator), Some(cursor)) = (narrator, view.focus.cursor) {
            self.narrator.refresh(*narrator, view.trace, cursor.step());
            self.narrator.draw(view, cursor.step(), body, buf);
        }
    }
}

fn claim_line<'a>(view: View<'_>, answer: &Answer, claim: &Claim, width: usize) -> Line<'a> {
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

fn summary(view: View<'_>, answer: &Answer) -> String {
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
    let speed = match 0.0 < answer.seconds {
        true => format!(
            "  {:.0} tok/s",
            answer.output_tokens as f64 / answer.seconds
        ),
        false => String::new(),
    };
    text::clean(&format!(
        "{arrives}{} true · {} contradicted · {} uncheckable   {who}  prompt {} tok  out {} tok  {:.1} s{speed}",
        count(Verdict::True),
        count(Verdict::Contradicted),
        count(Verdict::Uncheckable),
        answer.prompt_tokens,
        answer.output_tokens,
        answer.seconds,
    ))
}
