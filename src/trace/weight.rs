//! How much memory a trace takes.

use super::{Activation, Event, Exception, Frame, Output, Step, Trace, Write};

impl Trace {
    /// Bytes of memory that it takes, about, without the texts it points to.
    pub(super) fn weight(&self) -> u64 {
        let trace = self;
        let sizes = [
            (trace.events.len(), size_of::<Event>()),
            (trace.steps.len(), size_of::<Step>()),
            (trace.writes.len(), size_of::<Write>()),
            (trace.frames.len(), size_of::<Frame>()),
            (trace.activations.len(), size_of::<Activation>()),
            (trace.exceptions.len(), size_of::<Exception>()),
            (trace.outputs.len(), size_of::<Output>()),
            // A slot of the table of values, half of which are empty at worst.
            (trace.values.len(), 18),
            // What a name takes on the heap.
            (trace.names.len(), 48),
        ];
        let sizes = sizes.map(|(count, size)| u64::from(count) * size as u64);
        sizes.iter().sum::<u64>() + trace.values.weight()
    }
}
