//! The write-ahead log: how long it is, and when it is taken over into the database.
//!
//! SQLite would do that within a commit, while those who are in it wait.

use std::cell::Cell;

use rusqlite::Connection;

/// Pages of the log from which on it is taken over: about what one block of its index holds. More would save writing
/// pages twice, and make the next commit wait for longer. Measured against 1,000: a tenth more upserts a second.
const PAGES_MAX: u32 = 4_000;

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

/// Whether it is time for a checkpoint.
pub(crate) fn is_long() -> bool {
    PAGES.get() >= PAGES_MAX
}

/// Takes over what nobody reads any more. Where that is all of it, the next commit begins the log anew.
pub(crate) fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}
