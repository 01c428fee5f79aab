//! Moving house: everything a store holds, in a file, and from the file into another store.
//!
//! The file is NDJSON, one object a line. The first line says what it is: the version of the format and how many rows
//! of each kind there are. Then come the rows, each kind after those it refers to, in the order of their ids. At least
//! every [`CHECK_ROWS`] rows stands the SHA-256 of everything so far, and another such line ends the file. So whoever
//! reads it knows of each part that it is whole before anything is done with it, and needs no more memory than for a
//! part.
//!
//! Secrets are in it as they are kept: of management keys the digests, of OAuth applications what is sealed under a
//! master key, which is not in the file.
//!
//! Code here knows a store by its traits alone.

mod compare;
mod error;
mod export;
mod import;
mod line;
mod read;

pub use error::{ExportError, ImportError};
pub use export::{Truncate, export};
pub use import::{Imported, import, recognise};

/// The version of the format that is written, and the only one that is read.
pub const FORMAT: u32 = 1;

/// Rows between two digests at most.
pub const CHECK_ROWS: u64 = 1000;

/// Bytes after which there is a digest, however few the rows.
const CHECK_BYTES: u64 = 4 << 20;

/// The longest line. The largest row there can be is some megabytes, an OAuth application with its details.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// Rows read from a store at once.
const PAGE_ROWS: usize = 500;

/// How far something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub doing: Doing,
    /// Rows that are done.
    pub done: u64,
    /// Rows in all.
    pub of: u64,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Rows are written to a file.
    Exporting,
    /// The file is read, and compared with what is in the store.
    Checking,
    /// Rows are kept by the store.
    Importing,
    /// The store is compared with the file.
    Verifying,
}
