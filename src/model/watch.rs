//! Whoever waits while a model loads: told how far it is, asked whether to go on.

use std::cell::RefCell;
use std::ops::ControlFlow;

use super::Error;

/// A question that may be asked from several places of one thread.
pub struct Watch<'a>(RefCell<&'a mut dyn FnMut(f32) -> ControlFlow<()>>);

impl<'a> Watch<'a> {
    /// `ask` gets the share that is done, from 0 to 1. It may go back when another part begins.
    pub fn new(ask: &'a mut dyn FnMut(f32) -> ControlFlow<()>) -> Self {
        Self(RefCell::new(ask))
    }

    /// Tells `share`. Errs when nobody waits any more.
    pub fn tell(&self, share: f32) -> Result<(), Error> {
        match (self.0.borrow_mut())(share) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Stopped),
        }
    }
}
