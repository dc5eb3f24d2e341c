//! An append-only list that is cheap to clone and indexed by typed ids.

use std::{fmt, hash, marker::PhantomData, num::NonZeroU32, ops::Range, sync::Arc};

/// Items a page; a clone shares every page, a change copies at most the page it touches.
const PAGE: usize = 1024;

/// Position of a `T` on its [`Tape`], counted from 0; at most 2³² − 2.
///
/// An `Option` of it takes no more room than itself.
pub struct Id<T> {
    // Invariant: the position plus one.
    raw: NonZeroU32,
    of: PhantomData<fn() -> T>,
}

/// An append-only list of `T`. Cloning copies one pointer a page.
///
/// Its ids may begin later than at 0, where what came before was never taken in.
pub struct Tape<T> {
    pages: Vec<Arc<Vec<T>>>,
    start: u32,
    len: u32,
}

impl<T> Id<T> {
    /// The id at position `raw`, whether or not a tape reaches that far; the last possible position
    /// stands for everything beyond it.
    pub const fn new(raw: u32) -> Self {
        let raw = match NonZeroU32::new(raw.saturating_add(1)) {
            Some(raw) => raw,
            None => NonZeroU32::MAX,
        };
        Self {
            raw,
            of: PhantomData,
        }
    }

    /// The position, counted from 0.
    pub const fn raw(self) -> u32 {
        self.raw.get() - 1
    }

    /// The id `n` further on.
    pub const fn plus(self, n: u32) -> Self {
        Self::new(self.raw().saturating_add(n))
    }

    /// The id `n` further back, if there is one.
    pub fn minus(self, n: u32) -> Option<Self> {
        self.raw().checked_sub(n).map(Self::new)
    }

    /// The ids of a half-open range, in order.
    pub fn range(range: Range<Self>) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (range.start.raw()..range.end.raw()).map(Self::new)
    }
}

impl<T> Tape<T> {
    /// An empty one whose first id is `start`.
    pub fn starting(start: Id<T>) -> Self {
        Self {
            start: start.raw(),
            ..Self::default()
        }
    }

    /// The first item's id, or what it would be.
    pub fn start(&self) -> Id<T> {
        Id::new(self.start)
    }

    /// How many items there are.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The id the next push returns.
    pub fn end(&self) -> Id<T> {
        self.start().plus(self.len)
    }

    /// The first item's id, if any.
    pub fn first(&self) -> Option<Id<T>> {
        (0 < self.len).then(|| self.start())
    }

    /// The newest item's id, if any.
    pub fn last(&self) -> Option<Id<T>> {
        self.len.checked_sub(1).map(|it| self.start().plus(it))
    }

    /// The item at `id`, if the tape reaches that far.
    pub fn get(&self, id: Id<T>) -> Option<&T> {
        let at = self.at(id)?;
        self.pages.get(at / PAGE)?.get(at % PAGE)
    }

    /// Every id, oldest first.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = Id<T>> + ExactSizeIterator + use<T> {
        (self.start..self.start + self.len).map(Id::new)
    }

    /// Every item, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flat_map(|it| it.iter())
    }

    /// The raw id of the first item that does not satisfy `before`, which must hold for a prefix of the
    /// tape; where every id begins at 0, how many do.
    pub fn partition_point(&self, mut before: impl FnMut(&T) -> bool) -> u32 {
        let (mut low, mut high) = (self.start, self.start + self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            if before(&self[Id::new(middle)]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn at(&self, id: Id<T>) -> Option<usize> {
        id.raw().checked_sub(self.start).map(|it| it as usize)
    }
}

impl<T: Clone> Tape<T> {
    /// Appends, and names what was appended.
    pub fn push(&mut self, item: T) -> Id<T> {
        if (self.len as usize).is_multiple_of(PAGE) {
            self.pages.push(Arc::new(Vec::with_capacity(PAGE)));
        }
        let id = self.end();
        if let Some(page) = self.pages.last_mut() {
            // A page shared with a clone is copied once; `reserve` keeps later pushes from moving it.
            let page = Arc::make_mut(page);
            page.reserve_exact(PAGE - page.len());
            page.push(item);
        }
        self.len += 1;
        id
    }

    /// The item at `id`, to change; copies its page if a clone shares it.
    pub fn get_mut(&mut self, id: Id<T>) -> Option<&mut T> {
        let at = self.at(id)?;
        Arc::make_mut(self.pages.get_mut(at / PAGE)?).get_mut(at % PAGE)
    }
}

impl<T> std::ops::Index<Id<T>> for Tape<T> {
    type Output = T;
    fn index(&self, id: Id<T>) -> &T {
        let at = (id.raw() - self.start) as usize;
        &self.pages[at / PAGE][at % PAGE]
    }
}

impl<T> Default for Tape<T> {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            start: 0,
            len: 0,
        }
    }
}

impl<T> Clone for Tape<T> {
    fn clone(&self) -> Self {
        Self {
            pages: self.pages.clone(),
            start: self.start,
            len: self.len,
        }
    }
}

impl<T> fmt::Debug for Tape<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tape(len {})", self.len)
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.raw.cmp(&other.raw)
    }
}

impl<T> hash::Hash for Id<T> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.raw.hash(state);
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.raw())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let mut tape = Tape::default();
        for n in 0..2500u32 {
            assert_eq!(tape.push(n).raw(), n);
        }
        let old = tape.clone();
        *tape.get_mut(Id::new(7)).expect("pushed above") = 70;
        tape.push(1);
        assert_eq!((old[Id::new(7)], old.len()), (7, 2500));
        assert_eq!((tape[Id::new(7)], tape.len()), (70, 2501));
        assert_eq!(old.partition_point(|&it| it < 1999), 1999);
        assert_eq!(old.get(old.end()), None);
    }

    #[test]
    fn a_tape_may_start_late() {
        let mut tape = Tape::starting(Id::new(5000));
        assert_eq!((tape.first(), tape.end()), (None, Id::new(5000)));
        for n in 5000..8000u32 {
            assert_eq!(tape.push(n).raw(), n);
        }
        assert_eq!((tape[Id::new(5000)], tape[Id::new(7999)]), (5000, 7999));
        assert_eq!(
            (tape.get(Id::new(4999)), tape.get(Id::new(8000))),
            (None, None)
        );
        assert_eq!(tape.partition_point(|&it| it < 6000), 6000);
        assert_eq!(tape.ids().next(), tape.first());
        assert_eq!(tape.last(), Some(Id::new(7999)));
    }
}
