//! Names given numbers when they are first used.

use crate::wire::Record;
use std::collections::HashMap;

/// The numbers given so far, and the records that introduce those given since they were last taken.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: HashMap<Box<str>, u32>,
    new: Vec<u8>,
}

impl Names {
    /// The number of a name.
    pub(crate) fn id(&mut self, name: &str) -> u32 {
        if let Some(&known) = self.known.get(name) {
            return known;
        }
        let res = self.known.len() as u32;
        self.known.insert(name.into(), res);
        Record::Name(name.into()).write(&mut self.new);
        res
    }

    /// Whether [`Names::take`] would give anything.
    #[inline(always)]
    pub(crate) fn are_new(&self) -> bool {
        !self.new.is_empty()
    }

    /// Records that must stand before the next one that uses a name.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.new)
    }
}
