//! Counters of clock windows: what a provider can have counted in this window, the last, and the one before.

use std::num::NonZeroU32;

use crate::time::{Instant, Ms};

/// Upper bounds on what the provider counted in the newest window its clock may have reached and in the two
/// before it.
///
/// A request can be counted in every window that `[send − ε, acknowledgement + ε]` touches, so what is in
/// flight when a boundary comes near is charged on both sides of it.
#[derive(Clone, Debug)]
pub struct Counters {
    /// Below 50 days.
    pub(super) length_ms: NonZeroU32,
    /// When the newest window starts, a multiple of the length.
    pub(super) starts_ms: Ms,
    /// Charges of windows `newest`, `newest − 1`, `newest − 2`. What would be above four billion, where
    /// every limit ends, stays there.
    pub(super) charged: [u32; 3],
    /// What was surely counted in the first two: lower bounds, used to refute a kind.
    pub(super) certain: [u32; 2],
}

/// A charge as it is kept.
fn narrow(cost: u64) -> u32 {
    u32::try_from(cost).unwrap_or(u32::MAX)
}

/// A window's length as it is kept: never nothing, so that counters that are not there take no byte more.
pub(super) fn length(length_ms: Ms) -> NonZeroU32 {
    NonZeroU32::new(length_ms as u32).expect("windows that take no time are refused")
}

impl Counters {
    /// Empty counters at `at`.
    pub fn new(length_ms: Ms, at: Instant) -> Self {
        let starts_ms = at.latest() - at.latest() % length_ms;
        Self { length_ms: length(length_ms), starts_ms, charged: [0; 3], certain: [0; 2] }
    }

    fn length_ms(&self) -> Ms {
        Ms::from(self.length_ms.get())
    }

    /// Opens the windows that have begun since the last call; what is in flight is charged to each.
    ///
    /// Nothing changes between two calls, so what is in flight now was in flight at every boundary passed.
    pub fn advance(&mut self, at: Instant, in_flight: u64) {
        if at.latest() < self.starts_ms + self.length_ms() {
            return;
        }
        let mut steps = ((at.latest() - self.starts_ms) / self.length_ms()).min(3);
        if crate::mutation::is("reset-once-per-call") {
            steps = steps.min(1);
        }
        let carried = if crate::mutation::is("forget-boundary") { 0 } else { narrow(in_flight) };
        for _ in 0..steps {
            self.charged = [carried, self.charged[0], self.charged[1]];
            self.certain = [0, self.certain[0]];
        }
        self.starts_ms = at.latest() - at.latest() % self.length_ms();
    }

    /// Charges `cost` to every window the provider's clock may be in.
    pub fn charge(&mut self, at: Instant, cost: u64) {
        self.charged[0] = self.charged[0].saturating_add(narrow(cost));
        if self.age(at) == 1 {
            self.charged[1] = self.charged[1].saturating_add(narrow(cost));
        }
    }

    /// Notes that a request sent at `sent` and acknowledged at `acked` was counted, where that is one window.
    pub fn settle(&mut self, sent: Instant, acked: Instant, cost: u64) {
        if self.in_newest(sent, acked) {
            self.certain[0] = self.certain[0].saturating_add(narrow(cost));
        }
    }

    /// The most that an `aligned` provider can have counted in a window its clock may be in.
    pub fn aligned(&self, at: Instant) -> u64 {
        self.newest().max(self.overlapped(at).unwrap_or(0))
    }

    /// Charge of the newest window alone.
    pub fn newest(&self) -> u64 {
        u64::from(self.charged[0])
    }

    /// Charge of the window before the newest, while the provider's clock may still be in it.
    pub fn overlapped(&self, at: Instant) -> Option<u64> {
        (self.age(at) == 1).then_some(u64::from(self.charged[1]))
    }

    /// `(previous, current, milliseconds left of the current window)` for a provider that adds two counters,
    /// at the earliest moment its clock may read.
    pub fn two(&self, at: Instant) -> (u64, u64, Ms) {
        let age = self.age(at);
        let rest_ms = self.length_ms() - at.earliest() % self.length_ms();
        (u64::from(self.charged[age + 1]), u64::from(self.charged[age]), rest_ms)
    }

    /// The most that the sum of two counters can have reached, rounded up.
    pub fn two_counter(&self, at: Instant) -> u64 {
        let (previous, current, rest_ms) = self.two(at);
        (previous * rest_ms).div_ceil(self.length_ms()) + current
    }

    /// The least that the sum of two counters must have been in an answer given between `sent` and `acked`,
    /// rounded down; `None` where a boundary lies between.
    pub fn two_counter_min(&self, sent: Instant, acked: Instant) -> Option<u64> {
        if !self.in_newest(sent, acked) {
            return None;
        }
        let rest_ms = self.length_ms() - acked.latest() % self.length_ms();
        Some(u64::from(self.certain[1]) * rest_ms / self.length_ms() + u64::from(self.certain[0]))
    }

    /// Whether an answer given between `sent` and `acked` was surely counted in the newest window.
    pub fn in_newest(&self, sent: Instant, acked: Instant) -> bool {
        sent.earliest() >= self.starts_ms && acked.latest() < self.starts_ms + self.length_ms()
    }

    /// When the window that the provider's clock may latest be in is over for certain.
    pub fn ends(&self, at: Instant) -> Ms {
        self.starts_ms + self.length_ms() + at.epsilon_ms
    }

    /// When the window before the newest is over for certain.
    pub fn overlap_ends(&self, at: Instant) -> Ms {
        self.starts_ms + at.epsilon_ms
    }

    /// When the newest window starts.
    pub fn starts_ms(&self) -> Ms {
        self.starts_ms
    }

    /// How many windows back the provider's clock may still be: 0 or 1.
    fn age(&self, at: Instant) -> usize {
        usize::from(at.earliest() < self.starts_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(now_ms: Ms) -> Instant {
        Instant { now_ms, epsilon_ms: 10 }
    }

    #[test]
    fn in_flight_is_charged_on_both_sides_of_a_boundary() {
        let mut counters = Counters::new(1_000, at(500));
        counters.charge(at(500), 3);
        counters.advance(at(995), 3);
        assert_eq!(counters.aligned(at(995)), 3);
        counters.charge(at(995), 1);
        assert_eq!((counters.newest(), counters.overlapped(at(995))), (4, Some(4)));
        counters.advance(at(1_010), 4);
        assert_eq!(counters.overlapped(at(1_010)), None);
    }

    #[test]
    fn windows_that_passed_unseen_hold_only_what_was_in_flight() {
        let mut counters = Counters::new(1_000, at(500));
        counters.charge(at(500), 9);
        counters.advance(at(7_500), 2);
        assert_eq!(counters.two(at(7_500)), (2, 2, 510));
    }

    #[test]
    fn the_weighted_sum_is_rounded_up() {
        let mut counters = Counters::new(1_000, at(500));
        counters.charge(at(500), 10);
        counters.advance(at(1_333), 0);
        // ε earlier the share left is 677/1000: 6.77 rounds up to 7.
        assert_eq!(counters.two_counter(at(1_333)), 7);
    }
}
