//! The end of what a process prints, read so that it never has to wait for a reader.

use std::{
    io::Read,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

/// Bytes kept of each stream.
const KEPT: usize = 256 << 10;

/// A stream being drained by a thread of its own.
#[derive(Debug)]
pub(super) struct Tail {
    kept: Arc<Mutex<Vec<u8>>>,
    done: mpsc::Receiver<()>,
}

impl Tail {
    /// Starts draining.
    pub(super) fn of(mut stream: impl Read + Send + 'static) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (sender, done) = mpsc::channel();
        let shared = kept.clone();
        thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                let mut kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&buffer[..count]);
                // Cut rarely: moving the rest costs as much as it is long.
                if 2 * KEPT < kept.len() {
                    let cut = kept.len() - KEPT;
                    kept.drain(..cut);
                }
            }
            // Nobody may be waiting.
            let _ = sender.send(());
        });
        Self { kept, done }
    }

    /// What was kept, once the stream has ended or `patience` is over: a process that the program left
    /// behind may hold it open.
    pub(super) fn take(&self, patience: Duration) -> Vec<u8> {
        let _ = self.done.recv_timeout(patience);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = kept.len().saturating_sub(KEPT);
        kept.drain(..cut);
        std::mem::take(&mut *kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept() {
        let long: Vec<u8> = (0..3 * KEPT).map(|it| (it / KEPT) as u8).collect();
        let kept = Tail::of(std::io::Cursor::new(long)).take(Duration::from_secs(9));
        assert_eq!(kept, vec![2; KEPT]);
    }
}
