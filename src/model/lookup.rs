//! Guesses at what comes next, taken from the text itself: a repair copies most of its program.
//!
//! Saxena 2023, "Prompt Lookup Decoding"; the guesses are checked as in Leviathan et al. 2023, "Fast
//! Inference from Transformers via Speculative Decoding", arXiv 2211.17192. A guess is one text, not a
//! distribution, so checking it needs no second draw: each token is drawn from the model's own
//! distribution as ever, and a guess that equals it has saved a step. The text is the one that would have
//! been written without guesses, whatever the temperature.

/// The longest match that makes a guess likelier.
const LONGEST: usize = 8;

/// Tokens guessed at a time, at most.
const FARTHEST: usize = 16;

/// A row costs no less of a step than this, whatever was measured.
const LEAST: f64 = 0.005;

/// Nor more, or nothing would ever be guessed again and found to cost less.
const MOST: f64 = 0.8;

/// How many guesses were made, and how many were right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drafts {
    /// Tokens guessed.
    pub drafted: usize,
    /// Of those, tokens that the model chose as well.
    pub accepted: usize,
}

/// The text so far, and how well guesses from it went.
pub(super) struct Lookup {
    text: Vec<u32>,
    /// What one more row costs a step, as a share of it.
    cost: f64,
    /// Seconds that a step of one row took of late.
    one: Option<f64>,
    /// Rows that a step may have.
    most: usize,
    /// For matches of one, two, some and many tokens.
    luck: [Luck; 4],
    drafts: Drafts,
}

/// The share of guessed tokens that were right, the past counting less and less.
#[derive(Clone, Copy)]
struct Luck {
    prior: f64,
    right: f64,
    wrong: f64,
}

/// Guesses that the prior counts for.
const PRIOR: f64 = 2.0;

impl Luck {
    fn new(prior: f64) -> Self {
        Self {
            prior,
            right: 0.0,
            wrong: 0.0,
        }
    }

    fn share(&self) -> f64 {
        (self.right + PRIOR * self.prior) / (self.right + self.wrong + PRIOR)
    }

    /// The past counts `rate` of what it did.
    fn forget(&mut self, rate: f64) {
        self.right *= rate;
        self.wrong *= rate;
    }
}

impl Lookup {
    /// To continue `prompt`, where one more row costs `cost` of a step and `most` rows are no trouble.
    pub(super) fn new(prompt: &[u32], cost: f64, most: usize) -> Self {
        Self {
            text: prompt.to_vec(),
            cost,
            one: None,
            most,
            luck: [0.2, 0.4, 0.65, 0.9].map(Luck::new),
            drafts: Drafts::default(),
        }
    }

    /// How it went so far.
    pub(super) fn drafts(&self) -> Drafts {
        self.drafts
    }

    /// What one more row costs, by what steps took so far.
    pub(super) fn cost(&self) -> f64 {
        self.cost
    }

    /// A step of `rows` rows took `seconds`: what rows cost depends on the machine, on what else it does, and
    /// on how much is remembered.
    pub(super) fn took(&mut self, rows: usize, seconds: f64) {
        let near = |old: f64, new: f64| old + (new - old) / 4.0;
        match (rows, self.one) {
            (..=1, one) => self.one = Some(one.map_or(seconds, |it| near(it, seconds))),
            (_, Some(one)) if 0.0 < one => {
                let found = (seconds / one - 1.0) / (rows - 1) as f64;
                self.cost = near(self.cost, found.clamp(LEAST, MOST));
            }
            _ => {}
        }
    }

    /// Takes a token that was written.
    pub(super) fn push(&mut self, token: u32) {
        self.text.push(token);
    }

    /// A guess at the next tokens, at most `room`; empty where none would pay. [`Self::judge`] must be told
    /// what became of one that is not empty.
    pub(super) fn draft(&mut self, room: usize) -> Draft {
        let none = Draft {
            tokens: Vec::new(),
            class: 0,
        };
        let Some((length, at)) = self.found() else {
            return none;
        };
        let class = match length {
            1 => 0,
            2 => 1,
            3..LONGEST => 2,
            _ => 3,
        };
        let rows = self.most.saturating_sub(1).min(FARTHEST).min(room);
        let far = best(self.luck[class].share(), self.cost, rows);
        if far == 0 {
            // What never is tried again would never be found out to have changed.
            self.luck[class].forget(0.96);
            return none;
        }
        let end = self.text.len().min(at + far);
        Draft {
            tokens: self.text[at..end].to_vec(),
            class,
        }
    }

    /// The first `right` tokens of `draft` were what the model chose.
    pub(super) fn judge(&mut self, draft: &Draft, right: usize) {
        let drafted = draft.tokens.len();
        self.drafts.drafted += drafted;
        self.drafts.accepted += right;
        let luck = &mut self.luck[draft.class];
        luck.forget(0.8_f64.powi(right as i32 + 1).max(0.5));
        luck.right += right as f64;
        luck.wrong += f64::from(u8::from(right < drafted));
    }

    /// The longest earlier match of the text's end, the latest of several: its length, and where it goes on.
    fn found(&self) -> Option<(usize, usize)> {
        let (last, before) = self.text.split_last()?;
        let mut best: Option<(usize, usize)> = None;
        for at in (0..before.len()).rev() {
            if before[at] != *last {
                continue;
            }
            let pairs = before[..at].iter().rev().zip(before.iter().rev());
            let length = 1 + pairs.take(LONGEST - 1).take_while(|(a, b)| a == b).count();
            if best.is_none_or(|(longest, _)| longest < length) {
                best = Some((length, at + 1));
                if length == LONGEST {
                    break;
                }
            }
        }
        best
    }
}

/// A guess.
pub(super) struct Draft {
    /// What may come.
    pub tokens: Vec<u32>,
    class: usize,
}

/// How many tokens to guess when each is right with probability `share` if those before were, and costs
/// `cost` of a step: the most tokens a second.
fn best(share: f64, cost: f64, most: usize) -> usize {
    let mut expected = 1.0;
    let (mut found, mut rate) = (0, 1.0);
    let mut reached = 1.0;
    for far in 1..=most {
        reached *= share;
        expected += reached;
        let now = expected / (1.0 + cost * far as f64);
        if rate < now {
            (found, rate) = (far, now);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_match_is_continued() {
        let mut lookup = Lookup::new(&[1, 2, 3, 4, 9, 2, 3, 5, 1, 2], 0.1, 32);
        lookup.push(3);
        // 2, 3 alone went on with 5 last time; 1, 2, 3 went on with 4.
        assert_eq!(lookup.found(), Some((3, 3)));
        let draft = lookup.draft(2);
        assert_eq!(draft.tokens, [4, 9]);
        let none = |text: &[u32]| Lookup::new(text, 0.1, 32).draft(9).tokens.is_empty();
        assert!(none(&[1, 2, 3]) && none(&[]));
    }

    #[test]
    fn guesses_grow_while_they_are_right_and_end_when_they_are_not() {
        let text: Vec<u32> = (0..200).collect();
        let mut lookup = Lookup::new(&text, 0.15, 32);
        for token in 0..20 {
            lookup.push(token);
        }
        let mut lengths = Vec::new();
        for _ in 0..6 {
            let draft = lookup.draft(99);
            lookup.judge(&draft, draft.tokens.len());
            lengths.push(draft.tokens.len());
            for token in draft.tokens {
                lookup.push(token);
            }
        }
        assert_eq!(*lengths.last().unwrap(), FARTHEST, "{lengths:?}");
        let drafts = lookup.drafts();
        assert_eq!(drafts.drafted, drafts.accepted);
    }

    #[test]
    fn what_rows_cost_is_learned() {
        let mut lookup = Lookup::new(&[1, 2, 3], 0.15, 32);
        lookup.took(5, 9.0);
        assert_eq!(lookup.cost(), 0.15);
        for _ in 0..20 {
            lookup.took(1, 0.1);
            lookup.took(5, 0.1 + 0.1 * 4.0 * 0.4);
        }
        assert!((lookup.cost() - 0.4).abs() < 0.01, "{}", lookup.cost());
        // A clock that stood still, and one that went back to sleep.
        lookup.took(5, 0.0);
        lookup.took(1, 0.0);
        lookup.took(1, f64::MAX);
        assert!((LEAST..=MOST).contains(&lookup.cost()));
    }

    #[test]
    fn fresh_text_costs_little() {
        for cost in [0.02, 0.15, 0.5] {
            // A text of few words that never repeats for long.
            let mut state = 1_u64;
            let mut next = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 40) as u32 % 50
            };
            let prompt: Vec<u32> = (0..500).map(|_| next()).collect();
            let mut lookup = Lookup::new(&prompt, cost, 32);
            let (mut steps, mut time, mut written) = (0, 0.0, 0);
            let mut coming = next();
            while written < 2000 {
                lookup.push(coming);
                let draft = lookup.draft(99);
                time += 1.0 + cost * draft.tokens.len() as f64;
                steps += 1;
                written += 1;
                coming = next();
                let mut right = 0;
                while draft.tokens.get(right) == Some(&coming) {
                    lookup.push(coming);
                    right += 1;
                    written += 1;
                    coming = next();
                }
                lookup.judge(&draft, right);
            }
            let speed = f64::from(written) / time;
            assert!(0.95 < speed, "at {cost}: {speed} in {steps} steps");
        }
    }
}
