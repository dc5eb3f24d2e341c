//! A backend that says what it was told to: for tests of the rooms above. No words on the command line
//! lead to it.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::stops::{Passed, Stops};
use super::{Backend, Completion, Error, Finish, Info, Limits, Prompt};

/// Replies given in advance, one a question, in pieces of one length. A piece counts as one token.
pub struct Scripted {
    info: Info,
    replies: VecDeque<String>,
    piece: usize,
    delay: Duration,
    asked: Asked,
}

/// The prompts that a [`Scripted`] backend was asked, which outlive it and may be read from any thread.
#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<Vec<(Prompt, Limits)>>>);

impl Asked {
    /// All so far, in order.
    pub fn all(&self) -> Vec<(Prompt, Limits)> {
        let asked = self.0.lock();
        asked.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Scripted {
    /// Says `replies`, four characters a piece, at once.
    pub fn new<S: Into<String>>(replies: impl IntoIterator<Item = S>) -> Self {
        Self {
            info: Info {
                name: "scripted".to_owned(),
                architecture: "none".to_owned(),
                device: "none".to_owned(),
                dtype: "text".to_owned(),
                parameters: 0,
                context: 16_384,
                bytes: 0,
            },
            replies: replies.into_iter().map(Into::into).collect(),
            piece: 4,
            delay: Duration::ZERO,
            asked: Asked::default(),
        }
    }

    /// With pieces of `characters`, at least one, and a wait of `delay` before each.
    pub fn paced(mut self, characters: usize, delay: Duration) -> Self {
        self.piece = characters.max(1);
        self.delay = delay;
        self
    }

    /// A view of what will have been asked.
    pub fn asked(&self) -> Asked {
        self.asked.clone()
    }

    fn pieces(&self, text: &str) -> Vec<String> {
        let characters: Vec<char> = text.chars().collect();
        let pieces = characters.chunks(self.piece);
        pieces.map(|piece| piece.iter().collect()).collect()
    }
}

impl Backend for Scripted {
    fn info(&self) -> &Info {
        &self.info
    }

    fn count(&mut self, text: &str) -> Result<usize, Error> {
        Ok(text.chars().count().div_ceil(self.piece))
    }

    fn stream(
        &mut self,
        prompt: &Prompt,
        limits: &Limits,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Completion, Error> {
        let asked = self.asked.0.lock();
        asked
            .unwrap_or_else(PoisonError::into_inner)
            .push((prompt.clone(), limits.clone()));
        let reply = self.replies.pop_front().ok_or(Error::ScriptEnded)?;
        let started = Instant::now();
        let mut completion = Completion {
            finish: Finish::EndOfText,
            prompt_tokens: self.count(&prompt.text)?,
            output_tokens: 0,
            prefill: Duration::ZERO,
            decode: Duration::ZERO,
        };
        let mut stops = Stops::new(&prompt.stops);
        for piece in self.pieces(&reply) {
            if completion.output_tokens == limits.new_tokens {
                completion.finish = Finish::TokenLimit;
                break;
            }
            thread::sleep(self.delay);
            completion.output_tokens += 1;
            match stops.push(&piece) {
                Passed::Text(text) => {
                    if on_piece(&text).is_break() {
                        completion.finish = Finish::Stopped;
                        break;
                    }
                }
                Passed::Stop { before, word } => {
                    // The completion is over either way.
                    let _ = on_piece(&before);
                    completion.finish = Finish::StopWord(word);
                    break;
                }
            }
        }
        if matches!(completion.finish, Finish::EndOfText | Finish::TokenLimit) {
            let _ = on_piece(&stops.rest());
        }
        completion.decode = started.elapsed();
        Ok(completion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(new_tokens: usize) -> Limits {
        Limits {
            new_tokens,
            temperature: 0.0,
            top_p: 1.0,
            seed: 0,
        }
    }

    fn prompt() -> Prompt {
        Prompt {
            text: "question".to_owned(),
            stops: vec!["[/ANSWER]".to_owned()],
        }
    }

    #[test]
    fn replies_come_in_order_and_end_as_a_models_do() {
        let mut backend = Scripted::new(["one [/ANSWER] two", "more than three", "free"]);
        let asked = backend.asked();
        let mut say = |new_tokens| {
            let mut text = String::new();
            let completion = backend.stream(&prompt(), &limits(new_tokens), &mut |piece| {
                text.push_str(piece);
                ControlFlow::Continue(())
            });
            completion.map(|completion| (text, completion.finish))
        };
        let stop = Finish::StopWord("[/ANSWER]".to_owned());
        assert_eq!(say(99).unwrap(), ("one ".to_owned(), stop));
        assert_eq!(say(2).unwrap(), ("more tha".to_owned(), Finish::TokenLimit));
        assert_eq!(say(99).unwrap(), ("free".to_owned(), Finish::EndOfText));
        assert!(matches!(say(99), Err(Error::ScriptEnded)));
        assert_eq!(asked.all().len(), 4);
        assert_eq!(asked.all()[1].1.new_tokens, 2);
    }

    #[test]
    fn a_reply_can_be_stopped() {
        let mut backend = Scripted::new(["a long reply"]).paced(1, Duration::from_micros(1));
        let mut pieces = 0;
        let completion = backend.stream(&prompt(), &limits(99), &mut |_| {
            pieces += 1;
            match pieces {
                3 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        assert_eq!(completion.unwrap().finish, Finish::Stopped);
        assert_eq!(pieces, 3);
    }
}
