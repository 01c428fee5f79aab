//! Why an operation fails inside this crate.

use std::sync::Arc;

use lookback_store::Error;
use rusqlite::{Connection, ErrorCode};

/// What an operation gives before its errors are put in the terms of all stores.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// An answer of ours, or trouble with the file.
pub(crate) enum Failure {
    Refused(Error),
    Sqlite(rusqlite::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Failure {
    /// The same in the terms of all stores.
    ///
    /// What `db` keeps of a file that turned out to be damaged is forgotten, or it would go on to see the damage after
    /// the file was mended.
    pub(crate) fn seen_by(self, db: &Connection) -> Error {
        match self {
            Self::Refused(error) => error,
            Self::Sqlite(error) => {
                if matches!(
                    error.sqlite_error_code(),
                    Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
                ) {
                    // Where that fails too, there is nothing else to be done here.
                    let _ = db.execute_batch("PRAGMA shrink_memory");
                }
                Error::Unavailable(Arc::new(error))
            }
        }
    }
}
