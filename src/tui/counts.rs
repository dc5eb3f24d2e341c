//! How many tokens texts have, and what of a page fits a number of them: counted on a thread of its own, so
//! that no key waits for a tokenizer.

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
use crate::{
    represent::{self, Fitted, Representation, Request},
    trace::Trace,
};

/// Texts waiting at a time; older ones are asked for again when they are looked at again.
const WAITING: usize = 64;

/// Names a text by its content.
pub(super) type Key = u64;

/// Pages that were cut and are remembered.
const FITTED: usize = 64;

/// A page to be cut to a number of tokens.
pub(super) struct Fit {
    pub(super) representation: &'static dyn Representation,
    pub(super) trace: Trace,
    pub(super) request: Request,
}

/// What is left of a page, or the tokens of the least that could be.
type Known = Arc<Result<Fitted, usize>>;

/// What the thread is asked.
enum Task {
    Count(Key, Arc<str>),
    Fit((Key, usize), Box<Fit>),
}

/// Something to do with what counts the tokens of a text.
type Work = Box<dyn FnOnce(&dyn Fn(&str) -> usize) + Send>;

/// What the thread is sent: something to count, or something to do that counts.
enum Letter {
    Task(Task),
    Work(Work),
}

/// Counts that are known, and the way to those that are not.
pub(super) struct Counts {
    known: FxHashMap<Key, usize>,
    asked: RefCell<HashSet<Key>>,
    fitted: FxHashMap<(Key, usize), Known>,
    fitting: RefCell<HashSet<(Key, usize)>>,
    to: Option<Sender<Letter>>,
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
            fitted: FxHashMap::default(),
            fitting: RefCell::default(),
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
            let _ = to.send(Letter::Task(Task::Count(key, text.into())));
        }
        known
    }

    /// What of the page called `key` fits `budget` tokens; where that is not known, what `page` gives is
    /// cut, and an event will tell.
    pub(super) fn fit(&self, key: Key, budget: usize, page: impl FnOnce() -> Fit) -> Option<Known> {
        let key = (key, budget);
        let known = self.fitted.get(&key).cloned();
        if known.is_none()
            && let Some(to) = &self.to
            && self.fitting.borrow_mut().insert(key)
        {
            let _ = to.send(Letter::Task(Task::Fit(key, Box::new(page()))));
        }
        known
    }

    /// Has `work` done where the tokenizer is; never where nothing counts.
    pub(super) fn lend(&self, work: impl FnOnce(&dyn Fn(&str) -> usize) + Send + 'static) {
        if let Some(to) = &self.to {
            // Nobody counts any more only when the screen is closed.
            let _ = to.send(Letter::Work(Box::new(work)));
        }
    }

    /// Takes a page that was cut; one that was not may be asked for again.
    pub(super) fn take_fitted(&mut self, key: (Key, usize), fitted: Option<Known>) {
        self.fitting.borrow_mut().remove(&key);
        if FITTED <= self.fitted.len() {
            self.fitted.clear();
        }
        if let Some(fitted) = fitted {
            self.fitted.insert(key, fitted);
        }
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
            self.fitted.clear();
        }
        self.by = Some(by.clone());
        if let Some(tokens) = tokens {
            self.known.insert(key, tokens);
        }
    }
}

/// Counts what comes, the newest first: that is what is on the screen.
fn count_all(mut counter: Box<dyn Counter>, letters: &Receiver<Letter>, events: &Sender<Event>) {
    let mut waiting = Vec::new();
    loop {
        let mut come = Vec::new();
        if waiting.is_empty() {
            match letters.recv() {
                Ok(it) => come.push(it),
                Err(_) => return,
            }
        }
        for letter in come.into_iter().chain(letters.try_iter()) {
            match letter {
                Letter::Task(task) => waiting.push(task),
                // At once: somebody asked for it and waits.
                Letter::Work(work) => {
                    let counter = RefCell::new(&mut counter);
                    work(&|text| counter.borrow_mut().count(text));
                }
            }
        }
        let late = waiting.len().saturating_sub(WAITING);
        let by: Arc<str> = counter.name().into();
        for task in waiting.drain(..late) {
            let by = by.clone();
            let _ = events.send(match task {
                Task::Count(key, _) => Event::Counted {
                    key,
                    tokens: None,
                    by,
                },
                Task::Fit(key, _) => Event::Fitted { key, fitted: None },
            });
        }
        let event = match waiting.pop() {
            Some(Task::Count(key, text)) => Event::Counted {
                key,
                tokens: Some(counter.count(&text)),
                // Counting may have settled which tokenizer it is.
                by: counter.name().into(),
            },
            Some(Task::Fit(key, fit)) => {
                let counter = RefCell::new(&mut counter);
                let count = |text: &str| counter.borrow_mut().count(text);
                let Fit {
                    representation,
                    trace,
                    request,
                } = *fit;
                let fitted = represent::within(representation, &trace, &request, key.1, &count);
                let fitted = Some(Arc::new(fitted));
                Event::Fitted { key, fitted }
            }
            None => continue,
        };
        if events.send(event).is_err() {
            return;
        }
    }
}
