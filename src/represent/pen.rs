//! What representations write with: a page that is kept, or text that goes on its way at once.

use std::{
    fmt::{self, Write as _},
    io,
};

use super::{Page, Span, SpanKind};

/// Bytes of text that are handed on together.
const BLOCK: usize = 64 << 10;

/// Writes a text, and what each stretch of it tells of where somebody wants to know.
///
/// A pen of [`Pen::onto`] hands its text on in blocks and makes no spans: it holds a block and a record
/// at most, however long the text is. After a failed write it takes no more text.
#[derive(Default)]
pub struct Pen<'w> {
    /// All of the text, or what has not been handed on.
    text: String,
    spans: Vec<Span>,
    stream: Option<Stream<'w>>,
}

/// Where text goes, and what became of it.
struct Stream<'w> {
    out: &'w mut dyn io::Write,
    written: u64,
    /// Whether what was handed on last ended a line.
    ends_line: bool,
    /// How many spans were no code, where that is asked.
    records: Option<usize>,
    failed: Option<io::Error>,
}

/// What was written as a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streamed {
    /// Bytes of text.
    pub bytes: u64,
    /// Whether the text ends with the end of a line.
    pub ends_line: bool,
    /// Spans that are no code, where they were counted.
    pub records: Option<usize>,
}

impl fmt::Debug for Pen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pen")
            .field("text", &self.text)
            .field("spans", &self.spans)
            .finish_non_exhaustive()
    }
}

impl<'w> Pen<'w> {
    /// One whose text goes to `out`.
    pub(super) fn onto(out: &'w mut dyn io::Write) -> Self {
        Self {
            text: String::with_capacity(2 * BLOCK),
            spans: Vec::new(),
            stream: Some(Stream {
                out,
                written: 0,
                ends_line: false,
                records: None,
                failed: None,
            }),
        }
    }

    /// One that counts, and hands its text on to `out` as well.
    pub(super) fn counting(out: &'w mut dyn io::Write) -> Self {
        let mut pen = Self::onto(out);
        if let Some(stream) = &mut pen.stream {
            stream.records = Some(0);
        }
        pen
    }

    /// Text that tells of no moment in particular.
    pub fn say(&mut self, text: &str) {
        self.text.push_str(text);
        self.hand_on();
    }

    /// As [`Self::say`], formatted.
    pub fn say_fmt(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _ = self.text.write_fmt(text);
        self.hand_on();
    }

    /// Text that `span` describes; its byte range is set here. It is not called where nobody asks.
    pub fn tell(&mut self, span: impl FnOnce() -> Span, text: fmt::Arguments<'_>) {
        let (start, out) = self.begin();
        // Writing to a `String` cannot fail.
        let _ = out.write_fmt(text);
        self.told(start, span);
    }

    /// Where text that is written by hand begins; [`Self::told`] describes it and must come next.
    pub(super) fn begin(&mut self) -> (u32, &mut String) {
        (offset(&self.text), &mut self.text)
    }

    /// As [`Self::tell`], of the text since byte `start`.
    pub(super) fn told(&mut self, start: u32, span: impl FnOnce() -> Span) {
        if self.keeps() {
            self.spans.push(Span {
                bytes: start..offset(&self.text),
                ..span()
            });
            return;
        }
        let counted = self.stream.as_mut().and_then(|it| it.records.as_mut());
        if let Some(records) = counted {
            *records += usize::from(span().kind != SpanKind::Code);
        }
        self.hand_on();
    }

    /// Whether spans are kept, and with them all that they tell of.
    pub fn keeps(&self) -> bool {
        self.stream.is_none()
    }

    /// Whether nobody takes more text, so that none need be made.
    pub fn is_over(&self) -> bool {
        let stream = self.stream.as_ref();
        stream.is_some_and(|it| it.failed.is_some())
    }

    /// Whether what stands there ends with the end of a line.
    pub(super) fn ends_line(&self) -> bool {
        match &self.stream {
            Some(stream) if self.text.is_empty() => stream.ends_line,
            _ => self.text.ends_with('\n'),
        }
    }

    /// The page that was written.
    pub(super) fn into_page(self) -> Page {
        Page::of(self.text, self.spans)
    }

    /// Hands on what is left.
    pub(super) fn finish(mut self) -> io::Result<Streamed> {
        let ends_line = self.ends_line();
        let Some(stream) = &mut self.stream else {
            let bytes = self.text.len() as u64;
            return Ok(Streamed {
                bytes,
                ends_line,
                records: None,
            });
        };
        stream.take(&mut self.text);
        match stream.failed.take() {
            Some(failed) => Err(failed),
            None => Ok(Streamed {
                bytes: stream.written,
                ends_line,
                records: stream.records,
            }),
        }
    }

    #[inline]
    fn hand_on(&mut self) {
        if let Some(stream) = &mut self.stream
            && BLOCK <= self.text.len()
        {
            stream.take(&mut self.text);
        }
    }
}

impl Stream<'_> {
    #[cold]
    fn take(&mut self, text: &mut String) {
        if self.failed.is_none() {
            self.failed = self.out.write_all(text.as_bytes()).err();
        }
        self.written += text.len() as u64;
        if !text.is_empty() {
            self.ends_line = text.ends_with('\n');
        }
        text.clear();
        // One long record must not hold its room for ever.
        text.shrink_to(4 * BLOCK);
    }
}

/// Where the next byte goes; pages are limited to 4 GiB.
fn offset(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Pen, Span, SpanKind};

    #[test]
    fn text_is_handed_on_in_blocks() {
        let mut out = Vec::new();
        let mut pen = Pen::onto(&mut out);
        for _ in 0..BLOCK {
            pen.tell(|| unreachable!("nobody asks"), format_args!("abc\n"));
            assert!(pen.text.len() < BLOCK + 4);
        }
        pen.say("end");
        assert!(!pen.ends_line());
        let streamed = pen.finish().expect("a list takes everything");
        assert_eq!(streamed.bytes as usize, 4 * BLOCK + 3);
        assert_eq!(out.len(), 4 * BLOCK + 3);
        assert!(out.ends_with(b"\nabc\nend"));
    }

    #[test]
    fn a_failed_write_is_told_at_the_end() {
        let mut out = [0; 10];
        let mut left = &mut out[..];
        let mut pen = Pen::onto(&mut left);
        while !pen.is_over() {
            pen.say("more than there is room for");
        }
        let failed = pen.finish().expect_err("there was no room");
        assert_eq!(failed.kind(), std::io::ErrorKind::WriteZero);
    }

    #[test]
    fn a_kept_page_has_its_spans() {
        let mut pen = Pen::default();
        pen.say("a");
        pen.tell(
            || Span::new(SpanKind::Prose, Vec::new()),
            format_args!("bc"),
        );
        let page = pen.into_page();
        assert_eq!((page.text(), page.spans()[0].bytes.clone()), ("abc", 1..3));
    }
}
