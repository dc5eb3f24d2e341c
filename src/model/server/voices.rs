//! The continuations of one prompt, each with its own text, stop words and end.

use std::ops::ControlFlow;

use super::chunk::Part;
use crate::model::stops::{Passed, Stops};
use crate::model::{Finish, Prompt};

/// One continuation.
pub(super) struct Voice<'a> {
    stops: Stops<'a>,
    prompt: &'a Prompt,
    /// Everything handed over so far.
    pub(super) text: String,
    /// Why it ended, once it has.
    pub(super) finish: Option<Finish>,
    /// Whether anything came of it.
    pub(super) heard: bool,
    /// Whether the server says that it is over.
    pub(super) done: bool,
    /// Pieces of text that came: about as many as tokens.
    pub(super) pieces: usize,
    /// As in [`Part::likelihood`].
    pub(super) likelihood: Option<(f64, usize)>,
}

impl<'a> Voice<'a> {
    /// One that has said nothing yet.
    pub(super) fn new(prompt: &'a Prompt) -> Self {
        Self {
            stops: Stops::new(&prompt.stops),
            prompt,
            text: String::new(),
            finish: None,
            heard: false,
            done: false,
            pieces: 0,
            likelihood: None,
        }
    }

    /// Takes news. `say` gets the text that is surely part of the answer, and may be told nothing new.
    pub(super) fn hear(
        &mut self,
        part: &Part,
        say: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.heard = true;
        self.done |= part.finish.is_some();
        if self.finish.is_some() {
            return ControlFlow::Continue(());
        }
        if let Some((sum, count)) = part.likelihood {
            let (old, before) = self.likelihood.unwrap_or((0.0, 0));
            self.likelihood = Some((old + sum, before + count));
        }
        self.pieces += usize::from(!part.text.is_empty());
        match self.stops.push(&part.text) {
            Passed::Text(text) => self.tell(&text, say)?,
            Passed::Stop { before, word } => {
                self.finish = Some(Finish::StopWord(word));
                return self.tell(&before, say);
            }
        }
        if let Some(word) = &part.finish {
            let rest = self.stops.rest();
            let told = self.tell(&rest, say);
            self.finish = Some(match word.as_str() {
                "length" => Finish::TokenLimit,
                "stop" => self.ended_by(part),
                _ => Finish::EndOfText,
            });
            return told;
        }
        ControlFlow::Continue(())
    }

    /// Ends it where the stream did.
    pub(super) fn end(&mut self, finish: Finish, say: &mut dyn FnMut(&str) -> ControlFlow<()>) {
        if self.finish.is_none() {
            let rest = self.stops.rest();
            // It is over either way.
            let _ = self.tell(&rest, say);
            self.finish = Some(finish);
        }
    }

    fn tell(
        &mut self,
        text: &str,
        say: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.text.push_str(text);
        say(text)
    }

    /// What made a server stop. One that does not tell whether it was a stop word is taken to mean a closing
    /// word when its opening one stands in the text and was not closed.
    fn ended_by(&self, part: &Part) -> Finish {
        let word = match &part.stopped_by {
            Some(word) => word.clone(),
            None => {
                let mut words = self.prompt.stops.iter();
                words.find(|it| self.lacks(it)).cloned()
            }
        };
        word.map_or(Finish::EndOfText, Finish::StopWord)
    }

    /// Whether `word`, such as `[/ANSWER]` or a fence, is what the text still needs.
    fn lacks(&self, word: &str) -> bool {
        let opening = word.replacen("[/", "[", 1).replacen("</", "<", 1);
        if opening != word {
            return self.text.contains(&opening);
        }
        let count = |text: &str| text.matches(word).count();
        !word.is_empty() && (count(&self.prompt.text) + count(&self.text)) % 2 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(stop: &str, prompt: &str, parts: &[Part]) -> (String, Option<Finish>) {
        let prompt = Prompt {
            text: prompt.to_owned(),
            stops: vec![stop.to_owned()],
        };
        let mut voice = Voice::new(&prompt);
        for part in parts {
            let _ = voice.hear(part, &mut |_| ControlFlow::Continue(()));
        }
        (voice.text, voice.finish)
    }

    fn text(text: &str) -> Part {
        Part {
            text: text.to_owned(),
            ..Part::default()
        }
    }

    fn stop(stopped_by: Option<Option<&str>>) -> Part {
        Part {
            finish: Some("stop".to_owned()),
            stopped_by: stopped_by.map(|it| it.map(str::to_owned)),
            ..Part::default()
        }
    }

    #[test]
    fn a_stop_word_is_found_though_the_server_goes_on() {
        let parts = [text("[ANSWER] 1 [/ANS"), text("WER] and more"), text("!")];
        let word = Finish::StopWord("[/ANSWER]".to_owned());
        assert_eq!(
            heard("[/ANSWER]", "", &parts),
            ("[ANSWER] 1 ".to_owned(), Some(word))
        );
    }

    #[test]
    fn what_ended_it_is_told_or_seen() {
        let end = |stop_word: &str, prompt: &str, said: &str, part: Part| {
            heard(stop_word, prompt, &[text(said), part]).1.unwrap()
        };
        let word = |it: &str| Finish::StopWord(it.to_owned());
        let a = "[/ANSWER]";
        assert_eq!(end(a, "", "x", stop(Some(Some(a)))), word(a));
        assert_eq!(
            end(a, "", "[ANSWER] x", stop(Some(None))),
            Finish::EndOfText
        );
        assert_eq!(end(a, "", "[ANSWER] x", stop(None)), word(a));
        assert_eq!(end(a, "", "x", stop(None)), Finish::EndOfText);
        assert_eq!(end("```", "```python", "x", stop(None)), word("```"));
        assert_eq!(end("```", "", "x", stop(None)), Finish::EndOfText);
    }

    #[test]
    fn text_held_back_comes_at_the_end() {
        assert_eq!(
            heard("[/A]", "", &[text("x [/"), stop(Some(None))]),
            ("x [/".to_owned(), Some(Finish::EndOfText))
        );
    }
}
