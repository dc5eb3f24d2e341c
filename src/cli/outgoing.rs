//! What leaves this machine for a server: masked on the way out, made whole again on the way back.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    model::Spec,
    redact::{Masker, redacted},
    trace::Trace,
};

/// The way to a model. Clones share what they have masked, so that each can make an answer whole again.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    /// None where the model runs here, and nothing leaves.
    masker: Option<Arc<Mutex<Masker>>>,
}

impl Outgoing {
    /// The way to the model that `spec` names.
    pub(super) fn to(spec: &Spec) -> Self {
        let leaves = matches!(spec, Spec::Server { .. });
        Self {
            masker: leaves.then(|| Arc::new(Mutex::new(Masker::plain()))),
        }
    }

    /// Whether anything leaves.
    pub(super) fn leaves(&self) -> bool {
        self.masker.is_some()
    }

    /// `trace` as it may leave: none where it does not. From then on, what its program got from outside is
    /// masked in every text too.
    pub(super) fn trace(&self, trace: &Trace) -> Option<Trace> {
        let shared = self.masker.as_ref()?;
        let mut masker = Masker::new(trace);
        let copy = redacted(trace, &mut masker);
        *shared.lock().unwrap_or_else(PoisonError::into_inner) = masker;
        Some(copy)
    }

    /// `text` as it may leave.
    pub(super) fn masked(&self, text: &str) -> String {
        self.with(text, Masker::masked)
    }

    /// An answer with what was masked in its question put back.
    pub(super) fn unmasked(&self, text: &str) -> String {
        self.with(text, |masker, text| masker.unmasked(text))
    }

    fn with(&self, text: &str, change: impl FnOnce(&mut Masker, &str) -> String) -> String {
        match &self.masker {
            Some(shared) => {
                let mut masker = shared.lock().unwrap_or_else(PoisonError::into_inner);
                change(&mut masker, text)
            }
            None => text.to_owned(),
        }
    }
}
