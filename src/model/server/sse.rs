//! Server-sent events (WHATWG HTML, section 9.2), as far as servers of models send them: the data of each
//! event, however the bytes are cut.

/// More than any event of a completion holds; what is longer is no event stream.
const LONGEST: usize = 4 << 20;

/// Takes bytes, gives the data of events.
#[derive(Default)]
pub(super) struct Events {
    /// What follows the last line end.
    line: Vec<u8>,
    /// The data lines of the event under way.
    data: Option<String>,
}

/// A line longer than any event's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Events {
    /// Takes the next bytes; the data of each event that they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' => events.extend(self.end_of_line()),
                _ => self.line.push(byte),
            }
            if LONGEST < self.line.len() + self.data.as_ref().map_or(0, String::len) {
                return Err(TooLong);
            }
        }
        Ok(events)
    }

    /// The event that the end of the stream completes, where its last empty line is missing.
    pub(super) fn rest(&mut self) -> Option<String> {
        self.end_of_line().or_else(|| self.data.take())
    }

    /// Takes the line; the event's data when the line is empty, which ends it.
    fn end_of_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_start_matches('\u{feff}').trim_end_matches('\r');
        if line.is_empty() {
            return self.data.take();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        // A line that begins with a colon is a comment, sent to keep the connection alive. `error` is
        // what older llama.cpp calls the field when it gives up.
        if matches!(field, "data" | "error") {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(chunks: &[&[u8]]) -> Vec<String> {
        let mut events = Events::default();
        let mut found = Vec::new();
        for chunk in chunks {
            found.extend(events.push(chunk).unwrap());
        }
        found.extend(events.rest());
        found
    }

    #[test]
    fn events_are_found_however_the_bytes_are_cut() {
        let whole = "\u{feff}: hello\r\n\r\ndata: {\"a\":\"é\"}\r\n\r\ndata:x\ndata: y\nid: 3\n\n\
                     event: ping\n\ndata: [DONE]\n\n"
            .as_bytes();
        for cut in 0..=whole.len() {
            let found = all(&[&whole[..cut], &whole[cut..]]);
            assert_eq!(found, ["{\"a\":\"é\"}", "x\ny", "[DONE]"], "cut at {cut}");
        }
    }

    #[test]
    fn an_event_without_its_empty_line_counts_at_the_end() {
        assert_eq!(all(&[b"data: a\n\ndata: b"]), ["a", "b"]);
        assert_eq!(all(&[b"data: a\n\ndata: b\n"]), ["a", "b"]);
        assert_eq!(all(&[b": only a comment"]), [""; 0]);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut events = Events::default();
        assert_eq!(events.push(&vec![b'x'; LONGEST + 1]), Err(TooLong));
    }
}
