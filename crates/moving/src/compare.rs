//! What is in a store, beside what is in a file.

use std::collections::VecDeque;
use std::io::BufRead;

use lookback_store::{Kind, Position, Result as StoreResult, Row, Snapshot};

use crate::read::Reader;
use crate::{Doing, ImportError, PAGE_ROWS, Progress};

/// The rows of a store, one after the other.
pub struct Rows<'a> {
    snapshot: &'a dyn Snapshot,
    kinds: VecDeque<Kind>,
    after: Option<Position>,
    page: VecDeque<Row>,
}

impl<'a> Rows<'a> {
    pub fn new(snapshot: &'a dyn Snapshot) -> Self {
        Self { snapshot, kinds: Kind::ALL.into(), after: None, page: VecDeque::new() }
    }

    /// The next row, which stays the next.
    pub async fn peek(&mut self) -> StoreResult<Option<&Row>> {
        while self.page.is_empty() {
            let Some(&kind) = self.kinds.front() else { return Ok(None) };
            self.page = self.snapshot.rows(kind, self.after.as_ref(), PAGE_ROWS).await?.into();
            self.after = self.page.back().map(Row::position);
            if self.page.is_empty() {
                self.kinds.pop_front();
            }
        }
        Ok(self.page.front())
    }

    /// The next row.
    pub async fn next(&mut self) -> StoreResult<Option<Row>> {
        self.peek().await?;
        Ok(self.page.pop_front())
    }
}

/// What of a file is in a store.
pub struct Comparison {
    /// Rows of the file.
    pub rows: u64,
    /// How many of them come before the first that is not in the store.
    pub present: u64,
    /// How many are not.
    pub missing: u64,
}

/// Reads all of a file and compares it with a store, in which there may be nothing but rows of the file.
pub async fn compare<R: BufRead>(
    mut file: Reader<R>,
    snapshot: &dyn Snapshot,
    doing: Doing,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Comparison, ImportError> {
    let mut there = Rows::new(snapshot);
    let mut found = Comparison { rows: 0, present: 0, missing: 0 };
    while let Some(rows) = file.next()? {
        for row in rows {
            let place = (row.kind(), row.position());
            let beside = there.peek().await?.map(|other| ((other.kind(), other.position()), *other == row));
            match beside {
                Some((other, _)) if other < place => {
                    return Err(ImportError::Occupied { kind: other.0, differs: false });
                }
                Some((other, same)) if other == place => {
                    if !same {
                        return Err(ImportError::Occupied { kind: place.0, differs: true });
                    }
                    there.next().await?;
                    found.present += u64::from(found.missing == 0);
                }
                _ => found.missing += 1,
            }
            found.rows += 1;
        }
        progress(Progress { doing, done: found.rows, of: file.total() });
    }
    match there.peek().await? {
        Some(other) => Err(ImportError::Occupied { kind: other.kind(), differs: false }),
        None => Ok(found),
    }
}
