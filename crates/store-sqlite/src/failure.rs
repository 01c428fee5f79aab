//! Why an operation fails inside this crate.

use std::sync::Arc;

use lookback_store::Error;

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

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Sqlite(error) => Self::Unavailable(Arc::new(error)),
        }
    }
}
