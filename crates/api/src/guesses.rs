//! Slowing down whoever tries keys.
//!
//! A key has 256 random bits and cannot be guessed; what is bounded here is the noise of trying. Nothing is written
//! to the store, and the memory is a table of fixed size in which a client has one place. Two clients may share a
//! place: then the wrong keys of one count for the other, too. A valid key is looked up before anybody asks here, so
//! that nobody can lock anybody out.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Wrong keys that a client may present at once.
const BURST: i64 = 20;
/// Milliseconds after which it may present one more.
const INTERVAL_MS: i64 = 3_000;
/// Places in the table: 512 KiB.
const PLACES: usize = 1 << 16;

/// Who presented wrong keys lately.
///
/// Each place has the time in milliseconds at which all that its clients presented will be forgotten.
pub struct Guesses(Box<[AtomicI64]>);

impl Default for Guesses {
    fn default() -> Self {
        Self((0..PLACES).map(|_| AtomicI64::new(0)).collect())
    }
}

impl Guesses {
    /// Counts a wrong key.
    ///
    /// Errors: the client presented too many; the seconds after which it may present another.
    pub fn count(&self, client: IpAddr, now: Timestamp) -> Result<(), u64> {
        let now_ms = now.as_millisecond();
        let place = &self.0[place(client)];
        // Where the clock was set back, what was counted before reaches further than a burst can.
        let full_ms = now_ms + BURST * INTERVAL_MS;
        let mut refused = None;
        let _ = place.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |forgotten_ms| {
            let counted_ms = forgotten_ms.clamp(now_ms, full_ms) + INTERVAL_MS;
            refused = (counted_ms > full_ms).then(|| counted_ms - full_ms);
            Some(if refused.is_some() { counted_ms - INTERVAL_MS } else { counted_ms })
        });
        match refused {
            None => Ok(()),
            Some(wait_ms) => Err(u64::try_from(wait_ms).unwrap_or(0).div_ceil(1_000).max(1)),
        }
    }
}

/// Where a client is counted. Who has one address of IPv6 usually has a network of 2⁶⁴.
fn place(client: IpAddr) -> usize {
    let mut hasher = DefaultHasher::new();
    match client.to_canonical() {
        IpAddr::V4(address) => address.octets().hash(&mut hasher),
        IpAddr::V6(address) => address.octets()[..8].hash(&mut hasher),
    }
    #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
    let hash = hasher.finish() as usize;
    hash % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + ms).unwrap()
    }

    fn exhausted(client: &str) -> Guesses {
        let guesses = Guesses::default();
        for _ in 0..BURST {
            guesses.count(client.parse().unwrap(), at(0)).unwrap();
        }
        guesses
    }

    #[test]
    fn after_a_burst_one_more_is_taken_in_each_interval() {
        let client = "203.0.113.9".parse().unwrap();
        let guesses = exhausted("203.0.113.9");
        assert_eq!(guesses.count(client, at(0)), Err(3));
        assert_eq!(guesses.count(client, at(2_001)), Err(1));
        assert_eq!(guesses.count(client, at(3_000)), Ok(()));
        assert_eq!(guesses.count(client, at(3_000)), Err(3));
        assert_eq!(guesses.count(client, at(9_000)), Ok(()));
        assert_eq!(guesses.count(client, at(9_000)), Ok(()));
        assert_eq!(guesses.count(client, at(9_000)), Err(3));
    }

    #[test]
    fn what_was_refused_does_not_lengthen_the_wait() {
        let client = "203.0.113.9".parse().unwrap();
        let guesses = exhausted("203.0.113.9");
        for _ in 0..1_000 {
            assert_eq!(guesses.count(client, at(1)), Err(3));
        }
        assert_eq!(guesses.count(client, at(3_000)), Ok(()));
    }

    #[test]
    fn other_clients_are_not_slowed_and_a_network_of_ipv6_is_one_client() {
        let guesses = exhausted("2001:db8:1:2::1");
        let counted = |client: &str| guesses.count(client.parse().unwrap(), at(0)).is_ok();
        assert!(!counted("2001:db8:1:2:ffff::9"));
        assert!(counted("2001:db8:1:3::1"));
        assert!(counted("203.0.113.9"));
        let guesses = exhausted("203.0.113.9");
        assert!(guesses.count("::ffff:203.0.113.9".parse().unwrap(), at(0)).is_err());
    }

    #[test]
    fn a_clock_that_was_set_back_slows_nobody_for_long() {
        let client = "203.0.113.9".parse().unwrap();
        let guesses = exhausted("203.0.113.9");
        assert_eq!(guesses.count(client, at(-3_600_000)), Err(3));
        assert_eq!(guesses.count(client, at(-3_597_000)), Ok(()));
    }
}
