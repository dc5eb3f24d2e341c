//! A list of texts as JSON, for facts that are lists.

/// A JSON array of strings.
pub(crate) fn array(texts: &[String]) -> String {
    let items: Vec<_> = texts.iter().map(|it| string(it)).collect();
    format!("[{}]", items.join(", "))
}

/// A JSON string.
pub(crate) fn string(text: &str) -> String {
    let mut res = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => res.push_str("\\\""),
            '\\' => res.push_str("\\\\"),
            '\n' => res.push_str("\\n"),
            it if u32::from(it) < 0x20 => res.push_str(&format!("\\u{:04x}", u32::from(it))),
            it => res.push(it),
        }
    }
    res.push('"');
    res
}
