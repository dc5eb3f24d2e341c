//! A trace as text a language model can read, with the way back to the steps.
//!
//! Each representation is a pure function of the trace. It builds its spans while it writes; nothing
//! here reads its own text back.

mod annotate;
mod budget;
mod compat;
mod envelope;
mod page;
mod pen;
mod records;
mod source;
mod statements;
mod states;
mod texts;

use std::{io, ops::Range};

pub use budget::{Fitted, LeftOut, within};
pub use envelope::Enveloped;
pub use page::{Loss, Moment, Page, Span, SpanKind};
pub use pen::{Pen, Streamed};
pub(crate) use states::States;

use crate::trace::{StepId, Trace};

/// Whose rules a representation follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Profile {
    /// Chronological, correctly attributed, nothing lost.
    #[default]
    Canonical,
    /// Byte-equal to the released research code, its quirks included.
    Compat,
}

/// What to write.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which steps; a page tells of no others.
    pub window: Range<StepId>,
    /// By whose rules.
    pub profile: Profile,
    /// One of the representation's own modes or variants, by name; its first mode where `None`.
    pub mode: Option<&'static str>,
    /// What the run should have given, as Python text, where that is known.
    pub expected: Option<String>,
}

/// A way to write a trace down.
pub trait Representation: Sync {
    /// What settings and the command line call it, e.g. `"scratchpad"`.
    fn name(&self) -> &'static str;

    /// What people call it.
    fn title(&self) -> &'static str;

    /// Its modes, the default first; empty where there is only one way.
    fn modes(&self) -> &'static [&'static str] {
        &[]
    }

    /// Further modes, which menus leave out: known by name alone.
    fn variants(&self) -> &'static [&'static str] {
        &[]
    }

    /// Writes what `request` asks for; where nothing was released that could be followed, the profiles
    /// are one. Costs time and text in proportion to the window, never to the
    /// whole trace.
    fn write(&self, trace: &Trace, request: &Request, pen: &mut Pen<'_>);
}

impl Request {
    /// The whole run, canonical.
    pub fn whole(trace: &Trace) -> Self {
        Self {
            window: trace.steps().start()..trace.steps().end(),
            profile: Profile::Canonical,
            mode: None,
            expected: None,
        }
    }
}

family! {
    /// Every representation, in menu order.
    dyn Representation:
    scratchpad::Scratchpad,
    next::Next,
    semcoder::SemCoder,
    code_executor::CodeExecutor,
    concise::Concise,
}

/// The page that `representation` writes.
pub fn page(representation: &dyn Representation, trace: &Trace, request: &Request) -> Page {
    let mut pen = Pen::default();
    representation.write(trace, request, &mut pen);
    let mut page = pen.into_page();
    page.finish(request.window.clone());
    page
}

/// Writes the text of the same page to `out`, in blocks, without spans: neither text nor spans are kept.
///
/// What else is held differs. Scratchpad, CodeExecutor, Concise and every compatible form hold
/// the frames that are not over, the compatible NExT and bullets four records a source line
/// besides. The canonical NExT and SemCoder's forms must see the end of the run to know what they leave
/// out: they hold each record of the window, some two hundred bytes, though their text is short.
///
/// # Errors
/// The first error of a write; writing ends with it.
pub fn stream(
    representation: &dyn Representation,
    trace: &Trace,
    request: &Request,
    out: &mut dyn io::Write,
) -> io::Result<Streamed> {
    let mut pen = Pen::onto(out);
    representation.write(trace, request, &mut pen);
    pen.finish()
}
