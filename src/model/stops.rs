//! Stop words, honoured wherever the pieces happen to break.

/// Holds text back while it could be the beginning of a stop word.
pub(super) struct Stops<'a> {
    words: Vec<&'a str>,
    held: String,
}

/// What [`Stops::push`] lets through.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// Text that is surely no part of a stop word; may be empty.
    Text(String),
    /// A stop word was completed.
    Stop {
        /// The text before it that had not been let through.
        before: String,
        /// The word.
        word: String,
    },
}

impl<'a> Stops<'a> {
    /// Empty words are ignored.
    pub(super) fn new(words: &'a [String]) -> Self {
        let words = words.iter().map(String::as_str);
        Self {
            words: words.filter(|word| !word.is_empty()).collect(),
            held: String::new(),
        }
    }

    /// Takes the next piece.
    pub(super) fn push(&mut self, piece: &str) -> Passed {
        self.held.push_str(piece);
        let found = self
            .words
            .iter()
            .filter_map(|word| self.held.find(word).map(|at| (at, *word)));
        if let Some((at, word)) = found.min_by_key(|(at, _)| *at) {
            let before = self.held[..at].to_owned();
            self.held.clear();
            let word = word.to_owned();
            return Passed::Stop { before, word };
        }
        let free = self.held.len() - self.suspect();
        Passed::Text(self.held.drain(..free).collect())
    }

    /// What is still held at the end: the beginning of a word that never came.
    pub(super) fn rest(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Bytes at the end that could begin a word.
    fn suspect(&self) -> usize {
        let begun = |word: &&str| {
            let longest = self.held.len().min(word.len() - 1);
            let fits = |length: &usize| {
                word.is_char_boundary(*length) && self.held.ends_with(&word[..*length])
            };
            (1..=longest).rev().find(fits).unwrap_or(0)
        };
        self.words.iter().map(begun).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `pieces`; returns what came through, and the word that ended it.
    fn through(words: &[&str], pieces: &[&str]) -> (String, Option<String>) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut stops = Stops::new(&words);
        let mut text = String::new();
        for piece in pieces {
            match stops.push(piece) {
                Passed::Text(free) => text.push_str(&free),
                Passed::Stop { before, word } => {
                    text.push_str(&before);
                    return (text, Some(word));
                }
            }
        }
        text.push_str(&stops.rest());
        (text, None)
    }

    #[test]
    fn a_word_is_found_however_it_is_cut() {
        let whole = "x == 1 [/ANSWER] more";
        for cut in 0..=whole.len() {
            for second in cut..=whole.len() {
                let pieces = [&whole[..cut], &whole[cut..second], &whole[second..]];
                let found = through(&["[/ANSWER]"], &pieces);
                assert_eq!(found, ("x == 1 ".to_owned(), Some("[/ANSWER]".to_owned())));
            }
        }
    }

    #[test]
    fn a_beginning_that_comes_to_nothing_is_let_through() {
        assert_eq!(
            through(&["[/ANSWER]"], &["a [/AN", "D] b [", "/"]),
            ("a [/AND] b [/".to_owned(), None)
        );
    }

    #[test]
    fn text_is_held_no_longer_than_needed() {
        let words = ["aab".to_owned()];
        let mut stops = Stops::new(&words);
        assert_eq!(stops.push("xaa"), Passed::Text("x".to_owned()));
        assert_eq!(stops.push("a"), Passed::Text("a".to_owned()));
        let word = "aab".to_owned();
        let before = String::new();
        assert_eq!(stops.push("b"), Passed::Stop { before, word });
    }

    #[test]
    fn the_earliest_of_several_wins() {
        let found = through(&["cd", "bc", ""], &["abcd"]);
        assert_eq!(found, ("a".to_owned(), Some("bc".to_owned())));
    }

    #[test]
    fn words_of_wide_characters() {
        let found = through(&["｜end｜"], &["é ｜", "en", "d｜x"]);
        assert_eq!(found, ("é ".to_owned(), Some("｜end｜".to_owned())));
        assert_eq!(through(&["é"], &["è", "ê"]), ("èê".to_owned(), None));
    }
}
