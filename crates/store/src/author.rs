//! Who changes something, and when.

use jiff::Timestamp;
use lookback_domain::KeyId;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Whoever holds this management key.
    Key(KeyId),
    /// Whoever may run the program on the machine of the store.
    CommandLine,
}

/// The author of one change: every operation that changes something is told, and records it with the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Author {
    /// Who.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// What the ids of the change's audit entries begin with.
    change: Uuid,
}

/// The low bits of an id that count the entries of one change; many more than any change has.
const COUNT_BITS: u32 = 24;

impl Author {
    /// The author of one change; `random` makes the change's id its own, and is used for no other.
    pub fn new(actor: Actor, at: Timestamp, random: [u8; 7]) -> Self {
        let since_1970_ms = u64::try_from(at.as_millisecond()).unwrap_or(0);
        let mut bits = [0; 10];
        bits[..7].copy_from_slice(&random);
        Self { actor, at, change: Builder::from_unix_timestamp_millis(since_1970_ms, &bits).into_uuid() }
    }

    /// The id of the nth audit entry of the change. Ids sort by the time of the change, then as they were counted.
    pub(crate) fn entry(&self, n: u32) -> Uuid {
        let count = u128::from(n) & ((1 << COUNT_BITS) - 1);
        Uuid::from_u128((self.change.as_u128() >> COUNT_BITS << COUNT_BITS) | count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entries_of_a_change_are_ids_in_the_order_of_time_and_count() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let (first, second) = ([0xff; 7], [0; 7]);
        let entry = |ms, random, n| Author::new(Actor::CommandLine, at(ms), random).entry(n);
        let ids = [entry(5, first, 0), entry(5, first, 1), entry(5, first, 70_000), entry(6, second, 0)];
        assert!(ids.is_sorted() && ids.iter().all(|id| id.get_version_num() == 7), "{ids:?}");
    }
}
