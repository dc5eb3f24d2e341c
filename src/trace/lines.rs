//! Source text as lines.

use std::sync::Arc;

/// Source text by line, as Python counts lines: `\n`, `\r\n` and `\r` end one.
pub(super) fn lines(source: &str) -> Arc<[Arc<str>]> {
    let mut res: Vec<Arc<str>> = Vec::new();
    let mut rest = source;
    while let Some(end) = rest.find(['\n', '\r']) {
        res.push(rest[..end].into());
        let both = rest[end..].starts_with("\r\n");
        rest = &rest[end + 1 + usize::from(both)..];
    }
    if !rest.is_empty() {
        res.push(rest.into());
    }
    res.into()
}
