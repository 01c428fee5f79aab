//! Why something was not moved, for the person who can mend it.

use std::io;

use lookback_store::{Error as StoreError, Kind};
use thiserror::Error;

/// Why there is no export.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be written, or what is there of it not read.
    #[error("the file cannot be written")]
    Io(#[from] io::Error),
}

/// Why something was not imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    /// Its first line is none of ours.
    #[error("this is no export of Lookback")]
    Foreign,
    /// It was written by another version.
    #[error("the export has format {found} and this program reads format {known}; import it with the version that wrote it", known = crate::FORMAT)]
    Format {
        /// The format it has.
        found: u32,
    },
    /// It ends before its end.
    #[error("the export is cut short after line {line}; export again, or copy the file again")]
    CutShort {
        /// The last line that is there.
        line: u64,
    },
    /// It is not as it was written.
    #[error("line {line} of the export is damaged: {why}; export again, or copy the file again")]
    Damaged {
        /// Where that was noticed.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// There is something in the store that is not in the file, or otherwise there.
    #[error("the store holds {} that the export {}; an import needs an empty store, or one into which the same export was imported in part", name(*.kind), if *.differs { "has otherwise" } else { "does not have" })]
    Occupied {
        /// What it is.
        kind: Kind,
        /// Whether the file has it in another form.
        differs: bool,
    },
    /// The store does not hold the whole of the file afterwards.
    #[error(
        "{missing} rows are not in the store although it kept them; somebody else changed it meanwhile. Stop its servers and import again"
    )]
    Missing {
        /// How many.
        missing: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a person calls a row of this kind.
fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Org => "an organisation",
        Kind::Team => "a team",
        Kind::Key => "a management key",
        Kind::Preferences => "preferences of a team",
        Kind::Credential => "an OAuth application",
        Kind::AuditEntry => "an entry of the audit log",
        Kind::Token => "an idempotency key",
    }
}
