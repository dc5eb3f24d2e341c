//! What counts tokens on the screen: the model's own tokenizer, else a well-known one.

use super::model::Choice;
use crate::{
    model::{self, HubCache},
    tui::Counter,
};

/// A tokenizer that is read when first needed.
pub(super) struct Teller {
    choice: Option<Choice>,
    own: Option<model::Counter>,
}

impl Teller {
    /// Counts as the model named does, where its tokenizer is on this machine.
    pub(super) fn boxed(choice: Option<Choice>) -> Box<dyn Counter> {
        Box::new(Self { choice, own: None })
    }
}

impl Counter for Teller {
    fn name(&self) -> String {
        match &self.own {
            Some(own) => own.name().to_owned(),
            None => "cl100k".to_owned(),
        }
    }

    fn count(&mut self, text: &str) -> usize {
        if let Some(choice) = self.choice.take() {
            let directory = choice.spec.directory(&HubCache::from_environment()).ok();
            self.own = directory.and_then(|it| model::Counter::open(&it));
        }
        let own = self.own.as_ref().and_then(|it| it.count(text));
        own.unwrap_or_else(|| {
            // A tokenizer that cannot encode a text must not lend its name to another's count.
            self.own = None;
            let known = tiktoken_rs::cl100k_base_singleton();
            known.encode_ordinary(text).len()
        })
    }
}
