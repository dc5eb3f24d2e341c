//! Which notes each line shows: of several kinds on a line those of the kind that wins, of more than three
//! the first two and the last.

use std::{collections::BTreeMap, ops::ControlFlow};

use super::{
    super::{Moment, Span, SpanKind},
    log::{Log, Note, Of, What},
};
use crate::trace::{NameId, ValueId};

/// The notes of one line.
#[derive(Debug, Default)]
pub(super) struct Shown {
    line: u32,
    /// Of two kinds at most, that which was seen first in the log before the other.
    kinds: Vec<Few>,
    /// What comes before the notes of each kind, by [`Of`].
    before: [usize; 4],
}

/// What is shown in one place of a line.
pub(super) enum Item<'n> {
    One(Note<'n>),
    Elided,
}

/// Notes of one kind on one line.
#[derive(Debug)]
struct Few {
    of: Of,
    count: usize,
    first: [Option<Held>; 2],
    last: Option<Held>,
    /// What all of them tell of, where somebody asks.
    moments: Vec<Moment>,
}

/// A note that outlives its moment.
#[derive(Debug)]
struct Held {
    nth: usize,
    moment: Moment,
    what: What<'static>,
    /// Of pairs, what they are.
    pairs: Vec<(NameId, ValueId)>,
}

/// Which kinds win: changes, before them arguments, before those how the call ended.
fn rank(of: Of) -> u8 {
    match of {
        Of::Change => 0,
        Of::Start => 1,
        Of::Exception | Of::End => 2,
    }
}

/// What each line of a log shows; with `moments`, also what that which is left out tells of. Holds four
/// notes a line, and those moments.
pub(super) fn of(log: &Log<'_>, moments: bool) -> BTreeMap<u32, Shown> {
    let mut lines: BTreeMap<u32, Shown> = BTreeMap::new();
    let (mut seen, mut counts) = (Vec::new(), [0; 4]);
    let all = [Of::Start, Of::Change, Of::Exception, Of::End];
    let _: ControlFlow<()> = log.read(&all, |note| {
        if !seen.contains(&note.of) {
            seen.push(note.of);
        }
        counts[note.of as usize] = note.nth;
        let shown = lines.entry(note.line).or_default();
        shown.line = note.line;
        shown.take(note, moments);
        ControlFlow::Continue(())
    });
    // Notes are numbered kind by kind.
    let mut before = [0; 4];
    let mut numbered = 0;
    for &of in &seen {
        before[of as usize] = numbered;
        numbered += counts[of as usize];
    }
    for shown in lines.values_mut() {
        shown.before = before;
        let place = |it: &Few| seen.iter().position(|&of| of == it.of);
        shown.kinds.sort_by_key(place);
    }
    lines
}

impl Shown {
    fn take(&mut self, note: &Note<'_>, moments: bool) {
        let there = self.kinds.first().map(|it| rank(it.of));
        match there.cmp(&Some(rank(note.of))) {
            std::cmp::Ordering::Greater => return,
            std::cmp::Ordering::Less => self.kinds.clear(),
            std::cmp::Ordering::Equal => (),
        }
        let at = self.kinds.iter().position(|it| it.of == note.of);
        let at = at.unwrap_or_else(|| {
            self.kinds.push(Few {
                of: note.of,
                count: 0,
                first: [None, None],
                last: None,
                moments: Vec::new(),
            });
            self.kinds.len() - 1
        });
        self.kinds[at].take(note, moments);
    }

    fn count(&self) -> usize {
        self.kinds.iter().map(|it| it.count).sum()
    }

    /// Whether some are left out.
    pub(super) fn elides(&self) -> bool {
        3 < self.count()
    }

    /// A note's number over all of the log.
    pub(super) fn number(&self, note: &Note<'_>) -> usize {
        self.before[note.of as usize] + note.nth
    }

    /// What to show, in order.
    pub(super) fn items(&self) -> Vec<Item<'_>> {
        let mut all = Vec::new();
        for few in &self.kinds {
            for held in few.first.iter().flatten().chain(&few.last) {
                all.push(Item::One(held.note(few.of, self.line)));
            }
        }
        if self.elides() {
            all.drain(2..all.len() - 1);
            all.insert(2, Item::Elided);
        }
        all
    }

    /// About those that are left out.
    pub(super) fn elided(&self) -> Span {
        let all: Vec<Moment> = self
            .kinds
            .iter()
            .flat_map(|it| &it.moments)
            .copied()
            .collect();
        let mut moments = all[2..all.len() - 1].to_vec();
        moments.dedup();
        Span::new(SpanKind::Elided, moments).line(self.line)
    }
}

impl Few {
    fn take(&mut self, note: &Note<'_>, moments: bool) {
        self.count += 1;
        if moments {
            self.moments.push(note.moment);
        }
        let free = self.first.iter_mut().find(|it| it.is_none());
        let place = match free {
            Some(place) => place,
            None => &mut self.last,
        };
        place.get_or_insert_with(|| Held::new(note)).hold(note);
    }
}

impl Held {
    fn new(note: &Note<'_>) -> Self {
        Self {
            nth: note.nth,
            moment: note.moment,
            what: What::Pairs(&[]),
            pairs: Vec::new(),
        }
    }

    fn hold(&mut self, note: &Note<'_>) {
        (self.nth, self.moment) = (note.nth, note.moment);
        self.pairs.clear();
        self.what = match note.what {
            What::Pairs(pairs) => {
                self.pairs.extend_from_slice(pairs);
                What::Pairs(&[])
            }
            What::Raised(it) => What::Raised(it),
            What::Gave(it) => What::Gave(it),
        };
    }

    fn note(&self, of: Of, line: u32) -> Note<'_> {
        Note {
            of,
            nth: self.nth,
            moment: self.moment,
            line,
            what: match self.what {
                What::Pairs(_) => What::Pairs(&self.pairs),
                other => other,
            },
        }
    }
}
