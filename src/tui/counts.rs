//! How many tokens texts have: counted on a thread of its own, so that no key waits for a tokenizer.

use std::{
    cell::RefCell,
    collections::HashSet,
    hash::{Hash as _, Hasher as _},
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use rustc_hash::{FxHashMap, FxHasher};

use super::{Event, job, session::Counter};

/// Texts waiting at a time; older ones are asked for again when they are looked at again.
const WAITING: usize = 64;

/// Names a text by its content.
pub(super) type Key = u64;

/// Counts that are known, and the way to those that are not.
pub(super) struct Counts {
    known: FxHashMap<Key, usize>,
    asked: RefCell<HashSet<Key>>,
    to: Option<Sender<(Key, Arc<str>)>>,
    by: Option<Arc<str>>,
}

/// The name of `text`. Linear in it.
pub(super) fn key(text: &str) -> Key {
    let mut hasher = FxHasher::default();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Counts {
    /// Counts with `counter`, telling `events`; without one nothing is ever known.
    pub(super) fn new(events: Sender<Event>, counter: Option<Box<dyn Counter>>) -> Self {
        let to = counter.and_then(|counter| {
            let (to, texts) = mpsc::channel();
            let work = move || count_all(counter, &texts, &events);
            let started = thread::Builder::new().name(job::THREAD.into()).spawn(work);
            started.is_ok().then_some(to)
        });
        Self {
            known: FxHashMap::default(),
            asked: RefCell::default(),
            to,
            by: None,
        }
    }

    /// The tokens of the text called `key`; where they are not known, they are asked for and an event
    /// will tell.
    pub(super) fn of(&self, key: Key, text: &str) -> Option<usize> {
        let known = self.known.get(&key).copied();
        if known.is_none()
            && let Some(to) = &self.to
            && self.asked.borrow_mut().insert(key)
        {
            // Nobody counts any more only when the screen is closed.
            let _ = to.send((key, text.into()));
        }
        known
    }

    /// Whether anything counts.
    pub(super) fn any(&self) -> bool {
        self.to.is_some()
    }

    /// What counts, once it has counted something.
    pub(super) fn by(&self) -> Option<&str> {
        self.by.as_deref()
    }

    /// Takes news; a text that was not counted may be asked for again.
    pub(super) fn take(&mut self, key: Key, tokens: Option<usize>, by: &Arc<str>) {
        self.asked.borrow_mut().remove(&key);
        if self.by.as_ref().is_some_and(|it| it != by) {
            self.known.clear();
        }
        self.by = Some(by.clone());
        if let Some(tokens) = tokens {
            self.known.insert(key, tokens);
        }
    }
}

/// Counts what comes, the newest first: that is what is on the screen.
fn count_all(
    mut counter: Box<dyn Counter>,
    texts: &Receiver<(Key, Arc<str>)>,
    events: &Sender<Event>,
) {
    let mut waiting = Vec::new();
    loop {
        if waiting.is_empty() {
            match texts.recv() {
                Ok(it) => waiting.push(it),
                Err(_) => return,
            }
        }
        waiting.extend(texts.try_iter());
        let late = waiting.len().saturating_sub(WAITING);
        let by: Arc<str> = counter.name().into();
        for (key, _) in waiting.drain(..late) {
            let tokens = None;
            let by = by.clone();
            let _ = events.send(Event::Counted { key, tokens, by });
        }
        if let Some((key, text)) = waiting.pop() {
            let tokens = Some(counter.count(&text));
            // Counting may have settled which tokenizer it is.
            let by: Arc<str> = counter.name().into();
            if events.send(Event::Counted { key, tokens, by }).is_err() {
                return;
            }
        }
    }
}
