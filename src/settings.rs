//! The settings files, typed.

/// How many characters must be inserted, removed or changed to make `b` of `a`.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (to, y) in b.iter().enumerate() {
            let changed = corner + usize::from(x != *y);
            corner = row[to + 1];
            row[to + 1] = changed.min(row[to] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}
