//! What the text typed into the palette may mean.

use nucleo_matcher::{
    Config, Matcher,
    pattern::{CaseMatching, Normalization, Pattern},
};

use super::Answer;
use crate::tui::{Action, text};

/// What the palette understands besides actions, said in words.
pub(super) fn special(typed: &str) -> Option<String> {
    let typed = typed.trim();
    if let Ok(number) = typed.parse::<u32>() {
        return Some(format!("Enter goes to step {number}"));
    }
    let place = typed.strip_prefix("break ")?;
    Some(format!(
        "Enter sets or clears a breakpoint at {}",
        text::clean(place)
    ))
}

pub(super) fn run(typed: &str, chosen: usize) -> Answer {
    let typed = typed.trim();
    if let Ok(number) = typed.parse() {
        return Answer::GoTo(number);
    }
    if let Some(place) = typed.strip_prefix("break ") {
        return Answer::Break(place.trim().into());
    }
    matches(typed)
        .get(chosen)
        .map_or(Answer::Close, |it| Answer::Act(*it))
}

/// The actions that `typed` may mean, the likeliest first; all of them for nothing typed.
pub(super) fn matches(typed: &str) -> Vec<Action> {
    if special(typed).is_some() {
        return Vec::new();
    }
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut utf32 = Vec::new();
    let mut scored: Vec<(u32, Action)> = Action::ALL
        .iter()
        .filter_map(|it| {
            let name = it.name().replace('_', " ");
            let name = nucleo_matcher::Utf32Str::new(&name, &mut utf32);
            // A name may match loosely; a sentence, which has every letter, must have the words.
            let told = it.sentence().to_lowercase().contains(&typed.to_lowercase());
            let score = pattern.score(name, &mut matcher).or(told.then_some(0))?;
            Some((score, *it))
        })
        .collect();
    scored.sort_by_key(|it| std::cmp::Reverse(it.0));
    scored.into_iter().map(|it| it.1).collect()
}
