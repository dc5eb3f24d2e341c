//! What the model says about the step it was asked at, and which of it the run bears out.

mod answer;
mod compare;
mod progress;

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use self::{
    answer::{claim_line, summary},
    compare::compare,
    progress::progress,
};
use crate::{
    trace::{FrameId, Heading},
    tui::{
        Action,
        asker::Claim,
        job::Job,
        pane::{Copied, List, Outcome, Pane, View, paint},
        sheet::{Manner, Sheet},
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
    /// Whether the last two answers stand side by side.
    compares: bool,
    /// Rows of text above the first shown.
    top: usize,
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
        let Some(wish) = view.jobs.talk.wish else {
            return "monologue".into();
        };
        let direction = match wish.direction {
            Heading::Forward => "forward",
            Heading::Backward => "backward",
        };
        let again = match wish.seed {
            0 => String::new(),
            seed => format!(", seed {seed}"),
        };
        let step = wish.cursor.step().number();
        format!("monologue {direction} from step {step}{again}")
    }

    fn act(&mut self, action: Action, view: View<'_>) -> Outcome {
        match action {
            Action::AskForward => return self.start(Job::Ask(Heading::Forward)),
            Action::AskBackward => return self.start(Job::Ask(Heading::Backward)),
            Action::Retry => return self.start(Job::Retry),
            Action::Reload => return self.start(Job::Reload),
            Action::CompareAnswers => {
                let talk = &view.jobs.talk;
                if talk.answer.is_none() || talk.previous.is_none() {
                    return Outcome::Say(
                        "there are no two answers to compare; r asks again".into(),
                    );
                }
                self.compares = !self.compares;
                self.top = 0;
                return Outcome::Done;
            }
            Action::Unfold => {
                self.shows_text = !self.shows_text;
                self.top = 0;
                return Outcome::Done;
            }
            Action::Copy | Action::Save if !view.jobs.talk.text.is_empty() => {
                let it = Copied::Text {
                    what: "the monologue".into(),
                    text: view.jobs.talk.text.clone(),
                };
                return match action {
                    Action::Copy => Outcome::Copy(it),
                    _ => Outcome::Save(it, "monologue.txt".into()),
                };
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
        if self.compares || self.shows_text || answer.claims.is_empty() {
            // Drawing knows how far the text goes.
            self.top = match action {
                Action::Down => self.top + 1,
                Action::PageDown => self.top + 10,
                Action::Up => self.top.saturating_sub(1),
                Action::PageUp => self.top.saturating_sub(10),
                Action::Open => {
                    return Outcome::Show("monologue".into(), answer.text.clone());
                }
                _ => return Outcome::Ignored,
            };
            return Outcome::Done;
        }
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

    fn rebase(&mut self, _frame: &dyn Fn(FrameId) -> Option<FrameId>) {
        self.narrator.forget();
    }

    fn draw(&mut self, view: View<'_>, area: Rect, buf: &mut Buffer) {
        let (talk, styles) = (&view.jobs.talk, view.styles);
        let width = usize::from(area.width);
        let told = |text: &str| view.jobs.masks.marked(text.to_owned()).wrapped(width);
        let foot = Rect {
            y: area.bottom().saturating_sub(1),
            height: area.height.min(1),
            ..area
        };
        let body = Rect {
            height: area.height.saturating_sub(1),
            ..area
        };
        if talk.is_running() {
            let lines = told(&talk.text);
            let from = lines.len().saturating_sub(usize::from(body.height));
            let cut = talk.cut.iter().flat_map(|it| text::wrap(it, width));
            let cut = cut.map(|it| Line::styled(it, styles.warn));
            let shown = lines.into_iter().skip(from);
            let shown = shown.map(|it| Line::from(it.spans(styles.text, styles)));
            paint(cut.chain(shown), body, buf);
            return paint([progress(view, width)], foot, buf);
        }
        if let Some(why) = &talk.failed {
            let lines = told(&talk.text).into_iter();
            let lines = lines.map(|it| Line::from(it.spans(styles.dim, styles)));
            let why = text::wrap(why, width)
                .into_iter()
                .map(|it| Line::styled(it, styles.bad));
            return paint(why.chain(lines), area, buf);
        }
        let Some(answer) = &talk.answer else {
            return self.unasked(view, body, foot, buf);
        };
        let said = view.jobs.masks.marked(summary(view, answer)).fit(width);
        paint([Line::from(said.spans(styles.dim, styles))], foot, buf);
        if let Some(previous) = talk.previous.as_ref().filter(|_| self.compares) {
            let lines = compare(view, previous, answer, width);
            return self.scrolled(lines, body, buf);
        }
        let notes = answer.notes.iter().flat_map(|it| text::wrap(it, width));
        let notes: Vec<Line<'_>> = notes.map(|it| Line::styled(it, styles.warn)).collect();
        if self.shows_text || answer.claims.is_empty() {
            let lines = told(&answer.text).into_iter();
            let lines = lines.map(|it| Line::from(it.spans(styles.text, styles)));
            return self.scrolled(notes.into_iter().chain(lines).collect(), body, buf);
        }
        let taken = u16::try_from(notes.len())
            .unwrap_or(u16::MAX)
            .min(body.height);
        paint(notes, body, buf);
        let body = Rect {
            y: body.y + taken,
            height: body.height - taken,
            ..body
        };
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
        paint(lines, body, buf);
    }
}

impl Monologue {
    fn start(&mut self, job: Job) -> Outcome {
        self.compares = false;
        self.top = 0;
        self.list = List::default();
        Outcome::Start(job)
    }

    /// Paints from the first row that is to be shown, and no further down than there is text.
    fn scrolled(&mut self, lines: Vec<Line<'_>>, area: Rect, buf: &mut Buffer) {
        let most = lines.len().saturating_sub(usize::from(area.height));
        self.top = self.top.min(most);
        paint(lines.into_iter().skip(self.top), area, buf);
    }

    /// Without a model: the narrator's words, which are the run's own, and how to get a model.
    fn unasked(&mut self, view: View<'_>, body: Rect, foot: Rect, buf: &mut Buffer) {
        let said = match (&view.jobs.asker_is, &view.jobs.talk.said) {
            (Some(it), Some(said)) => format!("{said}: {it}   a asks it"),
            (Some(it), None) => format!("{it}   a asks it forward from here, A backward"),
            (None, _) => "told from the trace, no model: --model DIR, MONOLOGUE_MODEL or `model` in the settings gives one".into(),
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
            let step = cursor.step();
            self.narrator
                .refresh(*narrator, view.trace, step, Manner::default());
            self.narrator.draw(view, cursor.step(), body, buf);
        }
    }
}
