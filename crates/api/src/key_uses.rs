//! When keys were used last, without a write for each request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use lookback_domain::KeyId;

/// How many keys are remembered between two writes; the uses of others in that time are not noted.
const KEYS_MAX: usize = 10_000;

/// When keys were used last, as far as it is not written down yet.
#[derive(Debug, Default)]
pub struct KeyUses(Mutex<HashMap<KeyId, Timestamp>>);

impl KeyUses {
    /// Notes that a key is used.
    pub fn note(&self, key: KeyId, at: Timestamp) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = uses.get_mut(&key) {
            *last = at.max(*last);
        } else if uses.len() < KEYS_MAX {
            uses.insert(key, at);
        }
    }

    /// What is to be written down, each key once. It is forgotten here.
    pub fn take(&self) -> Vec<(KeyId, Timestamp)> {
        let uses = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        uses.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_last_use_of_each_key_is_taken_once() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let (one, other) = (KeyId(Uuid::from_u128(1)), KeyId(Uuid::from_u128(2)));
        let uses = KeyUses::default();
        for (key, second) in [(one, 5), (other, 6), (one, 7), (one, 6)] {
            uses.note(key, at(second));
        }
        let mut taken = uses.take();
        taken.sort();
        assert_eq!(taken, [(one, at(7)), (other, at(6))]);
        assert!(uses.take().is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let uses = KeyUses::default();
        for n in 0..=KEYS_MAX {
            uses.note(KeyId(Uuid::from_u128(n as u128)), Timestamp::UNIX_EPOCH);
        }
        assert_eq!(uses.take().len(), KEYS_MAX);
    }
}
