//! Why a store cannot be opened, for the person who can mend it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

/// Why a store cannot be opened. The text says what to do.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file's directory is not there, and is not made for it: it may be a volume that is not mounted.
    #[error("the directory {} does not exist; create it, or name a database elsewhere", .0.display())]
    MissingDirectory(PathBuf),
    /// A directory or a device, or no name at all.
    #[error("{} is not a file; name the database file itself", .0.display())]
    NotAFile(PathBuf),
    /// The file can be read at most.
    #[error("{} cannot be written by this user; make the file and its directory writable", .0.display())]
    ReadOnly(PathBuf),
    /// It is some other kind of file, or its beginning is damaged.
    #[error(
        "{} is not a SQLite database; name another file, or restore a backup if it was one",
        .0.display()
    )]
    NotADatabase(PathBuf),
    /// It is a SQLite database, and not one of ours.
    #[error("{} belongs to another program; name another file", .0.display())]
    Foreign(PathBuf),
    /// It is damaged or cut short.
    #[error("{} is damaged ({source}); restore a backup", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A newer Lookback has written to it.
    #[error(
        "{} has store version {found} and this program knows versions up to {known}; run the newer lookback \
         that wrote it, or restore a backup from before the upgrade",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version it has.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// Another process has been writing to it for too long.
    #[error("{} is locked by another process; try again when it is done", .0.display())]
    Busy(PathBuf),
    /// A server works on it already.
    #[error("another lookback server is running on {}; stop it first, or use another database", .0.display())]
    AnotherServer(PathBuf),
    /// The operating system refused something.
    #[error("{}: {source}; see that this user may read and write the file and its directory", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Anything else that SQLite refused.
    #[error("{} cannot be opened: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl OpenError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase(path),
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, source },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(path),
            // `CannotOpen` is what comes where the directory does not take the files beside the database.
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Self::ReadOnly(path)
            }
            _ => Self::Sqlite { path, source },
        }
    }
}
