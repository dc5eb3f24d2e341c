//! Values as the texts that formats print: cleaned, shortened, as JSON.
//!
//! The rules are PySnooper's (Ram Rachum, <https://github.com/cool-RR/PySnooper>), which the released
//! research code inherits: no line ends, no addresses, an ellipsis in the middle.

use crate::trace::{self, Exception, NameId, Near, Plain, Sequence, Trace, Value, ValueId};

/// Characters of a value that formats of changes keep.
pub(super) const SHORT: usize = 40;

/// Stands for a text's middle.
const ELLIPSIS: &str = "...";

/// Texts kept for values met again.
const KEPT: usize = 1 << 10;

/// Bytes that they may take before all are made anew.
const CACHED: usize = 16 << 20;

/// A value's text.
#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    /// All of it.
    pub(super) whole: String,
    /// Whether the recorder kept less than there was.
    pub(super) cut: bool,
}

/// The texts of a trace's values, those met lately kept.
#[derive(Debug)]
pub(super) struct Texts<'a> {
    trace: &'a Trace,
    reprs: Kept,
    jsons: Kept,
    shorts: Kept,
    near: Near,
    /// Names as JSON strings; empty where not made yet.
    names: Vec<String>,
    /// Whether tuples are JSON arrays.
    tuples: bool,
}

/// For each value the one place where its text can be, so that no look-up searches and no text is
/// allocated twice.
#[derive(Debug, Default)]
struct Kept {
    places: Vec<(Option<ValueId>, Text)>,
    size: usize,
}

impl<'a> Texts<'a> {
    pub(super) fn of(trace: &'a Trace) -> Self {
        Self {
            trace,
            reprs: Kept::default(),
            jsons: Kept::default(),
            shorts: Kept::default(),
            near: Near::default(),
            names: Vec::new(),
            tuples: false,
        }
    }

    /// The same, with tuples as JSON arrays.
    pub(super) fn with_tuples(self) -> Self {
        Self {
            tuples: true,
            ..self
        }
    }

    /// `repr`, cleaned.
    pub(super) fn repr(&mut self, id: ValueId) -> &Text {
        let (trace, near) = (self.trace, &mut self.near);
        self.reprs.text(id, |out| {
            let mut cut = false;
            if !trace.put_plain(id, false, near, out) {
                let value = trace.value(id);
                trace::put_repr(&value, out);
                cut = is_cut(&value);
            }
            if is_to_clean(out) {
                *out = clean(std::mem::take(out));
            }
            cut
        })
    }

    /// Appends [`Self::repr`]; whether it is cut. Costs less where the value is a short one.
    pub(super) fn put(&mut self, id: ValueId, out: &mut String) -> bool {
        if self.trace.put_scalar(id, &mut self.near, out) {
            return false;
        }
        let text = self.repr(id);
        out.push_str(&text.whole);
        text.cut
    }

    /// Appends [`Self::short`]. Costs less where the value is a short one.
    pub(super) fn put_short(
        &mut self,
        id: ValueId,
        rewrite: impl Fn(&str) -> Option<String>,
        out: &mut String,
    ) {
        if !self.trace.put_scalar(id, &mut self.near, out) {
            out.push_str(self.short(id, rewrite));
        }
    }

    /// `repr`, cleaned, then rewritten by `rewrite` where that gives another text, then shortened to
    /// [`SHORT`] characters.
    pub(super) fn short(&mut self, id: ValueId, rewrite: impl Fn(&str) -> Option<String>) -> &str {
        let (trace, near) = (self.trace, &mut self.near);
        let text = self.shorts.text(id, |out| {
            // Of most long values the ends tell enough.
            let put = trace.put_ends(id, near, out);
            if put == Plain::Ends && !is_to_clean(out) && rewrite(out).is_none() {
                let (head, tail) = around(SHORT);
                out.replace_range(head..out.len() - tail, ELLIPSIS);
                return true;
            }
            if put != Plain::Whole {
                out.clear();
                if !trace.put_plain(id, false, near, out) {
                    trace::put_repr(&trace.value(id), out);
                }
            }
            if is_to_clean(out) {
                *out = clean(std::mem::take(out));
            }
            if let Some(other) = rewrite(out) {
                *out = other;
            }
            if let Some(short) = shorten(out, SHORT) {
                *out = short;
            }
            true
        });
        &text.whole
    }

    /// What the Scratchpad format writes: JSON, with functions and classes by name.
    pub(super) fn json(&mut self, id: ValueId) -> &Text {
        let (trace, near, tuples) = (self.trace, &mut self.near, self.tuples);
        self.jsons.text(id, |out| {
            if trace.put_plain(id, true, near, out) {
                return false;
            }
            let value = trace.value(id);
            json(&value, tuples, out);
            is_cut(&value)
        })
    }

    /// A name as a JSON string.
    pub(super) fn name(&mut self, id: NameId) -> &str {
        let at = id.raw() as usize;
        if self.names.len() <= at {
            self.names.resize(at + 1, String::new());
        }
        let name = &mut self.names[at];
        if name.is_empty() {
            *name = json_text(self.trace.name(id));
        }
        name
    }
}

impl Kept {
    /// The text of `id`, which `make` writes, telling whether it is cut, if it is not there.
    fn text(&mut self, id: ValueId, make: impl FnOnce(&mut String) -> bool) -> &Text {
        if CACHED < self.size {
            self.places.clear();
            self.size = 0;
        }
        if self.places.is_empty() {
            self.places.resize(KEPT, (None, Text::default()));
        }
        let (known, text) = &mut self.places[id.raw() as usize % KEPT];
        if *known != Some(id) {
            self.size -= text.whole.capacity();
            *known = Some(id);
            text.whole.clear();
            text.cut = make(&mut text.whole);
            self.size += text.whole.capacity();
        }
        text
    }
}

/// Appends a number.
pub(super) fn put_number(out: &mut String, it: u32) {
    out.push_str(itoa::Buffer::new().format(it));
}

/// The last line of an exception's traceback, on one line.
pub(super) fn raised(exception: &Exception) -> String {
    if exception.message.is_empty() {
        return clean(exception.name.to_string());
    }
    clean(format!("{}: {}", exception.name, exception.message))
}

/// As [`raised`], shortened as values are.
pub(super) fn raised_short(exception: &Exception) -> String {
    let text = raised(exception);
    shorten(&text, SHORT).unwrap_or(text)
}

/// A JSON string.
pub(super) fn json_text(text: &str) -> String {
    trace::json(&Value::Str {
        len: text.chars().count() as u64,
        kept: text.into(),
    })
}

/// Whether two values read the same.
pub(super) fn same(trace: &Trace, a: ValueId, b: ValueId, near: &mut Near) -> bool {
    let texts = || clean(trace.repr(a)) == clean(trace.repr(b));
    trace.alike(a, b, near).unwrap_or_else(texts)
}

/// What stands before an address.
const MARK: &str = " at 0x";

/// Whether there may be something to leave out.
fn is_to_clean(text: &str) -> bool {
    // Every byte is looked at, many at a time, which is faster than to stop at the first. Flags that are
    // bytes are what the compiler makes such code of.
    let (mut ends, mut digits) = (0, 0);
    for &it in text.as_bytes() {
        ends |= u8::from((it == b'\n') | (it == b'\r'));
        digits |= u8::from(it == b'x');
    }
    ends != 0 || digits != 0 && text.contains(MARK)
}

/// Without line ends and addresses.
pub(super) fn clean(text: String) -> String {
    if !is_to_clean(&text) {
        return text;
    }
    let text = text.replace(['\n', '\r'], "");
    let mut res = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(MARK) {
        let digits = &rest[at + MARK.len()..];
        let end = digits
            .find(|it: char| !it.is_ascii_hexdigit())
            .unwrap_or(digits.len());
        res.push_str(&rest[..at]);
        if end < 4 {
            res.push_str(MARK);
            res.push_str(&digits[..end]);
        }
        rest = &digits[end..];
    }
    res + rest
}

/// Characters to keep before and behind an ellipsis, `most` with it.
fn around(most: usize) -> (usize, usize) {
    let kept = most - ELLIPSIS.len();
    (kept / 2, kept - kept / 2)
}

/// The text with its middle replaced by an ellipsis, where it has more than `most` characters.
pub(super) fn shorten(text: &str, most: usize) -> Option<String> {
    // Fewer bytes are fewer characters.
    let len = (most < text.len()).then(|| text.chars().count())?;
    if len <= most {
        return None;
    }
    let (left, right) = around(most);
    let byte = |n: usize| text.char_indices().nth(n).map_or(text.len(), |it| it.0);
    Some(format!(
        "{}{ELLIPSIS}{}",
        &text[..byte(left)],
        &text[byte(len - right)..]
    ))
}

fn json(value: &Value, tuples: bool, out: &mut String) {
    if let Value::Opaque { text, .. } = value
        && let Some(name) = callable(text)
    {
        return out.push_str(&json_text(&format!("<callable_object {name}>")));
    }
    let start = out.len();
    match tuples {
        true => out.push_str(&trace::json_with_tuples(value)),
        false => trace::put_json(value, out),
    }
    // A string that was no string is the value's `repr`.
    if out[start..].starts_with('"') && !is_whole_text(value) {
        out.truncate(start);
        out.push_str(&json_text(&clean(trace::repr(value))));
    }
}

fn is_whole_text(value: &Value) -> bool {
    matches!(value, Value::Str { .. }) && !is_cut(value)
}

/// `__name__` of what a function's or a class's `repr` shows.
pub(super) fn callable(repr: &str) -> Option<&str> {
    let inner = repr.strip_prefix('<')?.strip_suffix('>')?;
    let path = if let Some(quoted) = inner.strip_prefix("class '") {
        quoted.strip_suffix('\'')?
    } else {
        let rest = ["function ", "built-in function ", "built-in method "]
            .iter()
            .find_map(|it| inner.strip_prefix(it))?;
        rest.split(" at 0x").next()?.split(" of ").next()?
    };
    Some(path.rsplit('.').next().unwrap_or(path))
}

/// Whether a limit of the recorder cut something out of the value.
fn is_cut(value: &Value) -> bool {
    match value {
        Value::BigInt { cut, .. } => 0 < *cut,
        Value::Str { len, kept } => {
            let there = kept.iter().filter(|&&it| it & 0xc0 != 0x80).count();
            (there as u64) < *len
        }
        Value::Bytes { len, kept, .. } => (kept.len() as u64) < *len,
        Value::Sequence {
            kind: Sequence::List | Sequence::Tuple | Sequence::Set | Sequence::FrozenSet,
            len,
            items,
            ..
        } => (items.len() as u64) < *len || items.iter().any(is_cut),
        Value::Dict { len, items, .. } => {
            (items.len() as u64) < *len || items.iter().any(|(key, it)| is_cut(key) || is_cut(it))
        }
        Value::Object { len, fields, .. } => {
            (fields.len() as u64) < *len || fields.iter().any(|(_, it)| is_cut(it))
        }
        Value::None
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Opaque { .. }
        | Value::Cycle { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_long_text_goes() {
        let long = "['4', '3', 'L', '6', 'R', '9', 'L', '3', '9', 'L', '1', 'R']";
        assert_eq!(
            shorten(long, 40).as_deref(),
            Some("['4', '3', 'L', '6...'9', 'L', '1', 'R']")
        );
        assert_eq!(shorten(&"x".repeat(40), 40), None);
        assert_eq!(shorten(&"é".repeat(40), 40), None);
        let short = shorten(&"é".repeat(41), 40).expect("longer than 40");
        assert_eq!(short.chars().count(), 40);
    }

    #[test]
    fn line_ends_and_addresses_go() {
        for (text, expected) in [
            ("a\r\nb", "ab"),
            ("<C object at 0x7f00aaBB>", "<C object>"),
            ("at 0x1 at 0x12", "at 0x1 at 0x12"),
            ("<a at 0xdead> <b at 0xbeef>", "<a> <b>"),
        ] {
            assert_eq!(clean(text.into()), expected);
        }
    }

    #[test]
    fn callables_are_known_by_their_text() {
        for (text, expected) in [
            ("<function swap>", Some("swap")),
            ("<function f.<locals>.g at 0x7f00aabb>", Some("g")),
            ("<class '__main__.A'>", Some("A")),
            ("<built-in function len>", Some("len")),
            ("<module 'math' (built-in)>", None),
            ("range(0, 3)", None),
        ] {
            assert_eq!(callable(text), expected, "{text}");
        }
    }
}
