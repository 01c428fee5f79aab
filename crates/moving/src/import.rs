//! From a file into a store.

use std::io::{BufRead, BufReader, Read, Seek};

use lookback_store::Store;

use crate::compare::compare;
use crate::read::Reader;
use crate::{Doing, ImportError, Progress};

/// What an import has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Rows of the file, all of which are in the store.
    pub rows: u64,
    /// Those that were not there before.
    pub new: u64,
}

/// Imports a file into a store that is empty, or into which the same file was imported in part.
///
/// First all of the file is read: nothing is changed where it is damaged or the store holds something else. Then the
/// rows are kept, part by part, each shown to be whole by its digest. At last the store is compared with the file, row
/// by row. Interrupted, it can be done again, and goes on where it was.
pub async fn import<F: Read + Seek + Send>(
    file: &mut F,
    store: &dyn Store,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Imported, ImportError> {
    let snapshot = store.snapshot().await?;
    let found = compare(reopened(file)?, &*snapshot, Doing::Checking, progress).await?;
    drop(snapshot);
    if found.missing == 0 {
        return Ok(Imported { rows: found.rows, new: 0 });
    }
    keep(reopened(file)?, found.present, store, progress).await?;
    let snapshot = store.snapshot().await?;
    let kept = compare(reopened(file)?, &*snapshot, Doing::Verifying, progress).await?;
    match kept.missing {
        0 => Ok(Imported { rows: found.rows, new: found.missing }),
        missing => Err(ImportError::Missing { missing }),
    }
}

/// Sees that a file begins as an export does, and is of a format that is known.
pub fn recognise<F: Read + Seek>(file: &mut F) -> Result<(), ImportError> {
    reopened(file).map(drop)
}

fn reopened<F: Read + Seek>(file: &mut F) -> Result<Reader<impl BufRead>, ImportError> {
    file.rewind()?;
    Reader::open(BufReader::new(file))
}

/// Has the store keep the rows of a file but the first `present`, which it has.
async fn keep<R: BufRead>(
    mut file: Reader<R>,
    present: u64,
    store: &dyn Store,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), ImportError> {
    while let Some(rows) = file.next()? {
        if file.rows() > present {
            store.restore(rows).await?;
        }
        progress(Progress { doing: Doing::Importing, done: file.rows(), of: file.total() });
    }
    Ok(())
}
