//! Why a store cannot be opened, for the person who can mend it.

use std::path::PathBuf;

use thiserror::Error;

/// Why a store cannot be opened. The text says what to do, and has no part of the URL in it.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The URL cannot be read.
    #[error("the database URL is not understood ({0}); write it as postgres://USER:PASSWORD@HOST/DATABASE")]
    Url(#[source] tokio_postgres::Error),
    /// It names no host or no database.
    #[error(
        "the database URL names no host or no database; write it as postgres://USER:PASSWORD@HOST/DATABASE"
    )]
    Incomplete,
    /// `sslmode` is something else than what there is.
    #[error("sslmode is `disable` or `verify-full` (or `require`, which is the same here)")]
    SslMode,
    /// The certificates to trust cannot be read.
    #[error("{}: {reason}; name a PEM file with sslrootcert", path.display())]
    RootCertificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS cannot be used at all.
    #[error("TLS cannot be used: {0}")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server cannot be reached, or turned us away.
    #[error("PostgreSQL cannot be used: {}; see that it runs and that user, password and database are right", plain(&**.0))]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database has no store in it yet.
    #[error("there is no store in this database; see --database, or make one with `lookback bootstrap`")]
    NoStore,
    /// It is older than what the tests run on.
    #[error("PostgreSQL {0} is too old; 15 or newer is needed")]
    Old(String),
    /// Texts would not be kept as they are.
    #[error("the database has the encoding {0}; create one with ENCODING 'UTF8'")]
    Encoding(String),
    /// A newer Lookback has brought it to its version.
    #[error(
        "the store has version {found} and this program knows versions up to {known}; run the newer lookback that \
         wrote it, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The version it has.
        found: i32,
        /// The newest version this program knows.
        known: i32,
    },
    /// The tables could not be brought to the newest version.
    #[error(
        "the store cannot be brought to the newest version: {}; see that this user may create tables and that the \
         schema is Lookback's own",
        plain(&**.0)
    )]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An error with its causes, which this library's errors leave out of their text.
fn plain(error: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text += &format!(": {next}");
        cause = next.source();
    }
    text
}
