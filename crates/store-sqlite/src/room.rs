//! Whether the disk has room for a commit of some size, without making one.
//!
//! A commit of a page may go well where any other fails: it fits into what the log had when the larger one failed. So
//! more than SQLite keeps in memory is written in a transaction, which it then has to put into the log, and is taken back:
//! the log's room is there for the next commit, and nothing has changed.

use rusqlite::Connection;

use crate::connection::WRITER_CACHE_KIB_MAX;

/// What is looked for at least: more than any but the largest writes take, 256 KiB.
pub(crate) const PAGES_MIN: u32 = 64;

/// What is looked for at most, 16 MiB.
pub(crate) const PAGES_MAX: u32 = 4_096;

const PAGE_BYTES: u32 = 4_096;

/// Sees that there is room in the log for so many pages; it is in no transaction before and after.
pub(crate) fn find(db: &Connection, pages: u32) -> rusqlite::Result<()> {
    // In pages: as good as nothing stays in memory.
    db.pragma_update(None, "cache_size", 1)?;
    let written = write(db, pages);
    let taken_back = if db.is_autocommit() { Ok(()) } else { db.execute_batch("ROLLBACK") };
    db.pragma_update(None, "cache_size", -WRITER_CACHE_KIB_MAX)?;
    written.and(taken_back)
}

fn write(db: &Connection, pages: u32) -> rusqlite::Result<()> {
    db.execute_batch("BEGIN IMMEDIATE; CREATE TABLE room (filler BLOB)")?;
    db.execute("INSERT INTO room VALUES (zeroblob(?1))", [pages * PAGE_BYTES])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::connection;

    #[test]
    fn the_log_has_room_afterwards_and_nothing_has_changed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("room.db");
        connection::create(&path).unwrap();
        let db = connection::writer(&path, Duration::ZERO).unwrap();
        connection::use_write_ahead_log(&db, Duration::ZERO).unwrap();
        db.execute_batch("CREATE TABLE kept (n INTEGER)").unwrap();
        let count = |pragma| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).unwrap();
        let state = || ["page_count", "freelist_count", "schema_version", "data_version"].map(count);
        let (before, log) = (state(), directory.path().join("room.db-wal"));
        for pages in [PAGES_MIN, PAGES_MAX] {
            find(&db, pages).unwrap();
            let length = fs::metadata(&log).unwrap().len();
            assert!(length > u64::from((pages - 16) * PAGE_BYTES), "{pages}: {length}");
            assert_eq!(state(), before);
        }
        db.execute("INSERT INTO kept VALUES (1)", []).unwrap();
    }

    #[test]
    fn no_room_is_an_error_that_leaves_no_transaction() {
        let db = Connection::open_in_memory().unwrap();
        db.pragma_update_and_check(None, "max_page_count", 20, |_| Ok(())).unwrap();
        find(&db, PAGES_MIN).unwrap_err();
        assert!(db.is_autocommit());
        find(&db, 1).unwrap();
    }
}
