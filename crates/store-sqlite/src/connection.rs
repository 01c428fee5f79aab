//! The file, and connections to it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::OpenError;

/// Prepared statements that a connection keeps; more than there are.
const STATEMENTS_MAX: usize = 64;

/// What a connection that reads keeps of the file, in KiB, once it has read so much: of a million teams all that is above
/// the leaves. A read of them costs one page from the operating system either way, and a small cache stays in the
/// processor's.
const READER_CACHE_KIB_MAX: i32 = 2 * 1024;

/// The same of the connection that writes, whose batch may touch a page a team.
pub(crate) const WRITER_CACHE_KIB_MAX: i32 = 8 * 1024;

/// Where the database is, whatever links lead there and wherever the process goes later.
pub(crate) fn locate(path: &Path) -> Result<PathBuf, OpenError> {
    let name = path.file_name().ok_or_else(|| OpenError::NotAFile(path.to_owned()))?;
    match fs::canonicalize(path) {
        Ok(found) if found.is_file() => return Ok(found),
        Ok(_) => return Err(OpenError::NotAFile(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(OpenError::io(path, error)),
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match fs::canonicalize(parent) {
        Ok(directory) => Ok(directory.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(OpenError::MissingDirectory(parent.to_owned()))
        }
        Err(error) => Err(OpenError::io(parent, error)),
    }
}

/// How a file of ours is opened for writing; a new one is for its owner alone.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates an empty database where there is none, in a way that loss of power does not undo.
pub(crate) fn create(path: &Path) -> Result<(), OpenError> {
    match private().create_new(true).open(path) {
        Ok(_) => match path.parent().map(File::open) {
            Some(Ok(directory)) => directory.sync_all().map_err(|error| OpenError::io(path, error)),
            _ => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(OpenError::io(path, error)),
    }
}

/// The connection that writes.
pub(crate) fn writer(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let mut connection = open(path, busy_timeout, WRITER_CACHE_KIB_MAX)?;
    // Somebody else may write to the same file. Whoever begins with a read and writes later may find that
    // what it read has changed, and has to give up; whoever begins with the lock never has to.
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    Ok(connection)
}

/// A connection that cannot write.
pub(crate) fn reader(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let connection = open(path, busy_timeout, READER_CACHE_KIB_MAX)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn open(path: &Path, busy_timeout: Duration, cache_kib_max: i32) -> rusqlite::Result<Connection> {
    // Neither SQLITE_OPEN_CREATE, since the file is there, nor SQLITE_OPEN_URI, since a path is a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -cache_kib_max)?;
    // In WAL mode FULL syncs the log at every commit, which is what an acknowledgement stands for. macOS
    // needs to be told that a sync is meant to reach the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(connection)
}

/// Turns to write-ahead logging, which the file remembers.
pub(crate) fn use_write_ahead_log(connection: &Connection, busy_timeout: Duration) -> rusqlite::Result<()> {
    // The log grows while a long read keeps it; afterwards it shrinks to this again.
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    let turn = || {
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| {
            let mode: String = row.get(0)?;
            if mode == "wal" {
                Ok(())
            } else {
                Err(rusqlite::Error::ToSqlConversionFailure(no_log(&mode).into()))
            }
        })
    };
    // Where several processes open a new file at once, those that are second are turned away without SQLite
    // waiting its usual while.
    let mut patience = busy_timeout;
    loop {
        match turn() {
            Err(error) if is_busy(&error) && !patience.is_zero() => {
                let pause = Duration::from_millis(5).min(patience);
                patience -= pause;
                thread::sleep(pause);
            }
            outcome => return outcome,
        }
    }
}

/// Whether somebody else has the file at the moment.
fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn no_log(mode: &str) -> String {
    format!("no write-ahead log is possible here (SQLite stays in mode {mode}), use a local disk")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_share_no_lock_within_the_library() {
        let db = Connection::open_in_memory().unwrap();
        let mut statement = db.prepare("PRAGMA compile_options").unwrap();
        let options: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let has = |option| options.iter().any(|one| one == option);
        assert!(has("DEFAULT_MEMSTATUS=0"), "allocations are counted, see .cargo/config.toml");
        assert!(!has("ENABLE_MEMORY_MANAGEMENT"), "pages are in one cache, see .cargo/config.toml");
    }
}
