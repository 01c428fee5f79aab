//! Why an operation fails inside this crate, and what may be done about it.

use std::sync::Arc;

use deadpool_postgres::PoolError;
use lookback_store::Error;
use tokio::time::error::Elapsed;
use tokio_postgres::error::{Severity, SqlState};

/// What an operation gives before its errors are put in the terms of all stores.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// An answer of ours, or trouble with the database.
#[derive(Debug)]
pub(crate) enum Failure {
    Refused(Error),
    Postgres(tokio_postgres::Error),
    Pool(PoolError),
    /// It took longer than it may.
    Late(Elapsed),
    /// A column holds what we do not know; it may be from a newer version.
    Unreadable(Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    /// Whether the same may go well on another connection at once. Nothing has happened, where no commit was asked
    /// for.
    pub(crate) fn is_passing(&self) -> bool {
        let Self::Postgres(error) = self else { return false };
        match error.code() {
            // A deadlock or a conflict; a restart that has ended this session; a statement that was prepared before
            // a table changed.
            Some(code) => [
                &SqlState::T_R_SERIALIZATION_FAILURE,
                &SqlState::T_R_DEADLOCK_DETECTED,
                // Somebody took a name just after it was seen to be free: next time it is seen to be taken.
                &SqlState::UNIQUE_VIOLATION,
                &SqlState::ADMIN_SHUTDOWN,
                &SqlState::CRASH_SHUTDOWN,
                &SqlState::FEATURE_NOT_SUPPORTED,
            ]
            .contains(&code),
            // The connection is gone.
            None => true,
        }
    }

    /// Whether PostgreSQL said that it did not commit. A session that it ends, or that is lost, may have committed
    /// before.
    pub(crate) fn is_definite(&self) -> bool {
        let Self::Postgres(error) = self else { return false };
        error.as_db_error().and_then(|error| error.parsed_severity()) == Some(Severity::Error)
    }

    /// The error of a commit that was asked for and not answered.
    pub(crate) fn outcome_unknown(self) -> Error {
        Error::from(self).outcome_unknown()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        Self::Pool(error)
    }
}

impl From<Elapsed> for Failure {
    fn from(error: Elapsed) -> Self {
        Self::Late(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Postgres(error) => Self::Unavailable(Arc::new(error)),
            Failure::Pool(error) => Self::Unavailable(Arc::new(error)),
            Failure::Late(error) => Self::Unavailable(Arc::new(error)),
            Failure::Unreadable(error) => Self::Unavailable(Arc::from(error)),
        }
    }
}

/// Whether PostgreSQL blames a value or a constraint, which is the fault of one of a batch, and not of the database.
pub(crate) fn is_of_one(error: &Error) -> bool {
    let Error::Unavailable(source) = error else { return false };
    let code = source.downcast_ref::<tokio_postgres::Error>().and_then(tokio_postgres::Error::code);
    code.is_some_and(|code| matches!(&code.code()[..2], "22" | "23"))
}
