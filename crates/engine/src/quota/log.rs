//! A sliding log of acknowledged requests, exact while it is short and rounded up when it is long.

use std::collections::VecDeque;

use crate::time::Ms;

/// Entries kept with their own expiry; beyond these, expiries are rounded up to a slot.
const EXACT_ENTRIES_MAX: usize = 256;
/// Slots a window's length is cut into once the log is long.
const SLOTS: u64 = 512;

/// What is charged for requests whose response has come. Requests in flight are counted by the window.
#[derive(Clone, Debug)]
pub struct SlidingLog {
    life_ms: Ms,
    /// `(expiry, cost)`, expiries ascending: an entry counts while `now < expiry`.
    entries: VecDeque<(Ms, u64)>,
    sum: u64,
    /// Cost of all entries that ever expired; readers keep a mark and compare (wrapping).
    expired: u32,
}

impl SlidingLog {
    /// An empty log whose entries live `life_ms` after their acknowledgement.
    pub fn new(life_ms: Ms) -> Self {
        assert!(life_ms > 0, "a window has a length");
        Self { life_ms, entries: VecDeque::new(), sum: 0, expired: 0 }
    }

    /// A log as it was, given its entries; nothing has expired yet.
    pub(super) fn of(life_ms: Ms, entries: impl Iterator<Item = (Ms, u64)>) -> Self {
        let mut log = Self::new(life_ms);
        log.entries.extend(entries);
        log.sum = log.entries.iter().map(|(_, cost)| cost).sum();
        log
    }

    /// Drops what has expired by `now_ms`.
    pub fn advance(&mut self, now_ms: Ms) {
        while let Some(&(expiry, cost)) = self.entries.front() {
            if expiry > now_ms {
                break;
            }
            self.entries.pop_front();
            self.sum -= cost;
            self.expired = self.expired.wrapping_add(cost as u32);
        }
    }

    /// Enters a request acknowledged at `acked_ms`.
    ///
    /// It counts through `acked_ms + life` inclusive: moments are truncated to milliseconds, so the true
    /// acknowledgement may be up to one millisecond later than the number says.
    pub fn push(&mut self, acked_ms: Ms, cost: u64) {
        if cost == 0 {
            return;
        }
        let mut expiry = acked_ms + self.life_ms + 1;
        if self.entries.len() >= EXACT_ENTRIES_MAX {
            let slot = self.life_ms.div_ceil(SLOTS);
            expiry = expiry.div_ceil(slot) * slot;
        }
        self.sum += cost;
        match self.entries.back_mut() {
            Some((last, sum)) if *last >= expiry => *sum += cost,
            _ => self.entries.push_back((expiry, cost)),
        }
        debug_assert!(self.entries.len() <= EXACT_ENTRIES_MAX + SLOTS as usize + 2, "the log is bounded");
    }

    /// Cost of the entries that have not expired.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// Running total of expired cost, wrapping.
    pub fn expired(&self) -> u32 {
        self.expired
    }

    /// How long an entry lives after its acknowledgement.
    pub fn life_ms(&self) -> Ms {
        self.life_ms
    }

    /// How long a request that is acknowledged now may count, beside so many others as `limit` lets in: a long log rounds
    /// up.
    pub fn counts_ms(&self, limit: u64) -> Ms {
        self.life_ms + 1 + if limit > EXACT_ENTRIES_MAX as u64 { self.life_ms.div_ceil(SLOTS) } else { 0 }
    }

    /// The live entries, soonest expiry first.
    pub fn entries(&self) -> impl Iterator<Item = (Ms, u64)> + '_ {
        self.entries.iter().copied()
    }

    /// The moment at which `need` of the charged cost will have expired; `None` where the entries do not
    /// add up to it.
    pub fn frees(&self, need: u64) -> Option<Ms> {
        let mut freed = 0;
        self.entries.iter().find_map(|&(expiry, cost)| {
            freed += cost;
            (freed >= need).then_some(expiry)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_entry_counts_for_longer_than_is_said() {
        let mut log = SlidingLog::new(10_007);
        for acked_ms in 0..700 {
            log.push(acked_ms, 1);
            let limit = acked_ms + 1;
            assert!(log.entries().last().unwrap().0 <= acked_ms + log.counts_ms(limit), "{limit} entries");
        }
    }

    #[test]
    fn an_entry_counts_through_the_last_millisecond_of_its_life() {
        let mut log = SlidingLog::new(1_000);
        log.push(5_000, 1);
        log.advance(6_000);
        assert_eq!(log.sum(), 1);
        log.advance(6_001);
        assert_eq!(log.sum(), 0);
        assert_eq!(log.expired(), 1);
    }

    #[test]
    fn a_long_log_stays_bounded_and_never_forgets_early() {
        let mut log = SlidingLog::new(86_400_000);
        for i in 0..100_000_u64 {
            log.advance(i * 500);
            log.push(i * 500, 1);
        }
        assert!(log.entries.len() <= 256 + 514);
        // Entry i must be charged at least until i*500 + life; 99,999 seconds in, none has expired.
        assert_eq!(log.sum(), 100_000);
        let mut counted = 0;
        for (expiry, cost) in log.entries() {
            counted += cost;
            // The last entry merged into this slot was acknowledged no later than expiry - life.
            assert!(expiry > (counted - 1) * 500 + 86_400_000);
        }
    }

    #[test]
    fn it_says_when_enough_will_have_expired() {
        let mut log = SlidingLog::new(100);
        log.push(10, 2);
        log.push(20, 3);
        assert_eq!(log.frees(1), Some(111));
        assert_eq!(log.frees(3), Some(121));
        assert_eq!(log.frees(6), None);
    }
}
