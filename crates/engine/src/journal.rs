//! The grant journal: what is written before a request is sent, so that a crash never overspends.

use serde::{Deserialize, Serialize};

use crate::cost::Cost;
use crate::request::Lane;
use crate::time::Ms;

/// One line of the journal. An OAuth application is a shard with a sequence of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// A request may be sent. Durable before it is.
    Grant {
        /// The OAuth application.
        shard: u32,
        /// Its number in the shard: ascending, and no other grant's in any epoch.
        sequence: u64,
        /// The owner's epoch.
        epoch: u64,
        /// Whose user bucket it is charged to, beside the application's.
        user: u32,
        /// What for: history leaves room for polls that a successor has to keep too.
        lane: Lane,
        /// What it costs.
        cost: Cost,
        /// When it was granted.
        sent_ms: Ms,
    },
    /// Its response came, or its deadline passed. Losing this record is safe: it only costs quota.
    Settle {
        /// The OAuth application.
        shard: u32,
        /// The grant that is settled.
        sequence: u64,
        /// When.
        acked_ms: Ms,
    },
}

/// Epochs that an application can have: eight million.
const EPOCHS_MAX: u64 = 1 << 23;

/// The number before an epoch's first grant: there is room for 2⁴⁰ of them. A successor that went on from the highest
/// number it finds would give the number of a grant that was settled long ago, and is forgotten, to another.
///
/// # Panics
/// Beyond eight million epochs.
#[must_use]
pub fn sequence_before(epoch: u64) -> u64 {
    assert!(epoch < EPOCHS_MAX, "an application has at most {EPOCHS_MAX} epochs");
    epoch << 40
}

impl Record {
    /// The OAuth application.
    #[must_use]
    pub fn shard(&self) -> u32 {
        match self {
            Self::Grant { shard, .. } | Self::Settle { shard, .. } => *shard,
        }
    }

    /// When it happened.
    #[must_use]
    pub fn at_ms(&self) -> Ms {
        match self {
            Self::Grant { sent_ms, .. } => *sent_ms,
            Self::Settle { acked_ms, .. } => *acked_ms,
        }
    }
}

/// A journal could not take records.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Somebody else took over this application: stop sending.
    #[error("epoch {ours} of application {shard} is over: epoch {current} owns it")]
    Superseded {
        /// The OAuth application.
        shard: u32,
        /// The epoch of the writer.
        ours: u64,
        /// The epoch in force.
        current: u64,
    },
    /// The storage beneath failed.
    #[error("the grant journal cannot be written: {0}")]
    Storage(String),
}

/// Where grants are written before they are sent.
pub trait Journal {
    /// Makes `records` durable, all or none.
    ///
    /// # Errors
    /// [`JournalError::Superseded`] where the epoch is no longer the shard's; nothing may be sent then.
    fn append(&mut self, records: &[Record]) -> Result<(), JournalError>;

    /// Begins a new epoch of a shard, after which no older one can append. Returns it.
    ///
    /// # Errors
    /// Where the storage fails.
    fn take_over(&mut self, shard: u32) -> Result<u64, JournalError>;

    /// What still matters of a shard: in the order written, with everything since `since_ms`.
    ///
    /// # Errors
    /// Where the storage fails.
    fn replay(&self, shard: u32, since_ms: Ms) -> Result<Vec<Record>, JournalError>;
}

/// A journal in memory, for tests and simulations.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal {
    records: Vec<Record>,
    epochs: std::collections::BTreeMap<u32, u64>,
}

impl MemoryJournal {
    /// Everything written, in order.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// A journal that lost everything after the first `len` records, as a crash may.
    #[must_use]
    pub fn cut(&self, len: usize) -> Self {
        Self { records: self.records[..len].to_vec(), epochs: self.epochs.clone() }
    }

    /// Forgets what was settled before `before_ms`.
    pub fn trim(&mut self, before_ms: Ms) {
        let settled: std::collections::BTreeSet<(u32, u64)> = self
            .records
            .iter()
            .filter_map(|record| match *record {
                Record::Settle { shard, sequence, acked_ms } if acked_ms < before_ms => {
                    Some((shard, sequence))
                }
                _ => None,
            })
            .collect();
        self.records.retain(|record| match *record {
            Record::Grant { shard, sequence, .. } | Record::Settle { shard, sequence, .. } => {
                !settled.contains(&(shard, sequence))
            }
        });
    }
}

impl Journal for MemoryJournal {
    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        for record in records {
            if let Record::Grant { shard, epoch: ours, .. } = *record {
                let current = self.epochs.get(&shard).copied().unwrap_or(0);
                if ours != current {
                    return Err(JournalError::Superseded { shard, ours, current });
                }
            }
        }
        self.records.extend_from_slice(records);
        Ok(())
    }

    fn take_over(&mut self, shard: u32) -> Result<u64, JournalError> {
        let epoch = self.epochs.entry(shard).or_insert(0);
        *epoch += 1;
        Ok(*epoch)
    }

    fn replay(&self, shard: u32, since_ms: Ms) -> Result<Vec<Record>, JournalError> {
        let mut kept = self.clone();
        kept.trim(since_ms);
        Ok(kept.records.into_iter().filter(|record| record.shard() == shard).collect())
    }
}

/// When an application's lease lets its owner send, and when a successor may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The owner's epoch.
    pub epoch: u64,
    /// By the owner's monotonic clock, already shortened by its error.
    pub until_ms: Ms,
}

impl Lease {
    /// Whether a request may be sent at `now_ms`.
    #[must_use]
    pub fn allows(&self, now_ms: Ms) -> bool {
        now_ms < self.until_ms
    }

    /// When a successor may start: nothing the owner sent can arrive later than one request deadline after
    /// the lease.
    #[must_use]
    pub fn successor_starts_ms(&self, deadline_ms: Ms) -> Ms {
        self.until_ms + deadline_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(sequence: u64, epoch: u64) -> Record {
        Record::Grant {
            shard: 3,
            sequence,
            epoch,
            user: 0,
            lane: Lane::Poll,
            cost: Cost::ONE,
            sent_ms: sequence,
        }
    }

    #[test]
    fn an_owner_that_was_superseded_cannot_grant() {
        let mut journal = MemoryJournal::default();
        journal.append(&[grant(1, 0)]).unwrap();
        assert_eq!(journal.take_over(3).unwrap(), 1);
        assert!(matches!(journal.append(&[grant(2, 0)]), Err(JournalError::Superseded { current: 1, .. })));
        journal.append(&[grant(2, 1)]).unwrap();
        assert_eq!(journal.records().len(), 2);
    }

    #[test]
    fn trimming_keeps_every_open_grant() {
        let mut journal = MemoryJournal::default();
        journal.append(&[grant(1, 0), grant(2, 0)]).unwrap();
        journal.append(&[Record::Settle { shard: 3, sequence: 1, acked_ms: 50 }]).unwrap();
        assert_eq!(journal.replay(3, 100).unwrap(), [grant(2, 0)]);
        assert_eq!(journal.replay(3, 50).unwrap().len(), 3);
    }
}
