//! A read that is always open, so that others are cheap.
//!
//! SQLite marks what is being read with a lock of the operating system. Within a process the first reader takes it and
//! the last one gives it back; where reads come one after another that is two system calls each, a tenth of what a
//! request costs. A reader that stays pays for all. It reads nothing and nobody waits for it: without it all would be
//! the same but slower, so that it may fail in peace.
//!
//! What it must not do is to stay behind: the log cannot be begun anew while somebody reads an older part of it.

use rusqlite::Connection;

use crate::query;

/// A connection whose read stays open.
pub(crate) struct Keeper(Connection);

impl Keeper {
    /// A keeper that is not there yet.
    pub(crate) fn new(connection: Connection) -> Self {
        Self(connection)
    }

    /// Goes on to what is committed by now.
    pub(crate) fn renew(&self) {
        self.leave();
        let _ = self.say("BEGIN");
        // It is the first read that takes the lock.
        let _ = query::one(&self.0, "SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()));
    }

    /// Reads nothing until it is renewed.
    pub(crate) fn leave(&self) {
        if !self.0.is_autocommit() {
            let _ = self.say("ROLLBACK");
        }
    }

    fn say(&self, sql: &str) -> rusqlite::Result<usize> {
        query::change(&self.0, sql, [])
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::connection;

    /// How many pages the log has, and how many of them a checkpoint takes over.
    fn checkpoint(db: &Connection) -> (i64, i64) {
        db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get(1)?, row.get(2)?))).unwrap()
    }

    #[test]
    fn the_log_is_taken_over_and_begun_anew_unless_the_keeper_stays_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kept.db");
        connection::create(&path).unwrap();
        let writer = connection::writer(&path, Duration::ZERO).unwrap();
        connection::use_write_ahead_log(&writer, Duration::ZERO).unwrap();
        writer.execute_batch("CREATE TABLE kept (n INTEGER)").unwrap();
        let write = || writer.execute("INSERT INTO kept VALUES (1)", []).unwrap();
        let keeper = Keeper::new(connection::reader(&path, Duration::ZERO).unwrap());

        keeper.renew();
        write();
        let (pages, taken) = checkpoint(&writer);
        assert!(taken < pages, "it is behind");
        keeper.renew();
        let (pages, taken) = checkpoint(&writer);
        assert_eq!(taken, pages, "it is not");
        keeper.renew();
        write();
        assert!(checkpoint(&writer).0 < pages, "the log was begun anew");
        keeper.leave();
        write();
        let (pages, taken) = checkpoint(&writer);
        assert_eq!(taken, pages, "it is away");
    }
}
