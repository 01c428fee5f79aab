//! What a provider that adds two counters can have counted, wherever its windows begin.
//!
//! Its clock is off by no more than ε, but by how much is not known. Charging what is sent near a boundary to both
//! windows holds for any error, and takes what is sent in 4ε from every window. But the error is the same for all
//! requests: for each that it can be, every request is in one window, and the sums for all of them are looked at.
//! At an even rate they are all alike, so nothing is lost by it.

use std::collections::VecDeque;

use super::begun::{Beginning, Beginnings, Landings};
use crate::time::{Instant, Ms};

/// Entries kept with their own moment; beyond these, moments are rounded up to a slot.
const EXACT_ENTRIES_MAX: usize = 256;
/// Slots that a window's length, and the clock's error, are cut into once there are many.
const SLOTS: Ms = 256;
const SLOTS_OF_ERROR: Ms = 8;
/// How much of its error the clock may wander meanwhile, as one part of so many.
const WANDERS: Ms = 8;

/// What was counted in the last two lengths. Requests in flight are known to the window.
#[derive(Clone, Debug)]
pub struct Weighted {
    pub(super) length_ms: Ms,
    /// Moments, ascending, and all that can have been counted by then.
    pub(super) entries: VecDeque<(Ms, u64)>,
    /// What was counted before the first of them.
    pub(super) gone: u64,
    open: Open,
}

/// The window that has begun for certain: at which moments it may have, and what was counted since. What is counted
/// while it is open is counted since any of them.
#[derive(Clone, Debug, Default)]
struct Open {
    /// When it begins by our clock, and how far off the provider's may be.
    begins_ms: Ms,
    epsilon_ms: Ms,
    /// Empty where no window was looked at.
    beginnings: Beginnings,
    /// What had been counted in all.
    total: u64,
}

impl Weighted {
    /// Nothing counted yet.
    pub fn new(length_ms: Ms) -> Self {
        Self { length_ms, entries: VecDeque::new(), gone: 0, open: Open::default() }
    }

    /// Forgets what weighs nothing any more, and looks at a window that has begun.
    pub fn advance(&mut self, at: Instant) {
        let Instant { now_ms, epsilon_ms } = at;
        if !self.is_open(at) {
            let begins_ms = self.begins_ms(at);
            let mut open = std::mem::take(&mut self.open);
            if now_ms >= begins_ms + epsilon_ms {
                let range = (begins_ms.saturating_sub(epsilon_ms), begins_ms + epsilon_ms);
                self.begin(&mut open.beginnings, range, &Landings::flying(0));
                self.open = Open { begins_ms, epsilon_ms, total: self.total(), ..open };
            }
        }
        while let Some((_, total)) = self.entries.pop_front_if(|(at, _)| *at + 2 * self.length_ms <= now_ms) {
            self.gone = total;
        }
    }

    /// Enters a request acknowledged at `acked`: it was counted by then.
    pub fn push(&mut self, acked: Instant, cost: u64) {
        if cost == 0 {
            return;
        }
        let mut at_ms = landed_ms(acked, 0);
        if at_ms <= self.open.begins_ms + self.open.epsilon_ms {
            self.open = Open::default();
        }
        if self.entries.len() >= EXACT_ENTRIES_MAX {
            // Nothing is rounded up to where the next window may have begun.
            let boundary_ms = at_ms - at_ms % self.length_ms + self.length_ms;
            let close_ms = boundary_ms.saturating_sub(acked.epsilon_ms + 1);
            let slot_ms = (self.length_ms / SLOTS).max(1);
            let fine_ms = slot_ms.min(acked.epsilon_ms / SLOTS_OF_ERROR).max(1);
            let is_close = at_ms > close_ms || at_ms % self.length_ms <= acked.epsilon_ms;
            at_ms = match is_close {
                true => at_ms.next_multiple_of(fine_ms),
                false => at_ms.next_multiple_of(slot_ms).min(close_ms),
            };
        }
        let total = self.total() + cost;
        match self.entries.back_mut() {
            Some((last_ms, sum)) if *last_ms >= at_ms => *sum = total,
            _ => self.entries.push_back((at_ms, total)),
        }
    }

    /// All that can have been counted by now.
    pub(super) fn total(&self) -> u64 {
        self.entries.back().map_or(self.gone, |(_, total)| *total)
    }

    /// When the newest window that may have begun by `at` begins by our clock.
    pub(super) fn begins_ms(&self, at: Instant) -> Ms {
        at.latest() - at.latest() % self.length_ms
    }

    /// Whether the window that is open at `at` was looked at.
    pub(super) fn is_open(&self, at: Instant) -> bool {
        let Open { begins_ms, epsilon_ms, ref beginnings, .. } = self.open;
        !beginnings.is_empty()
            && at.epsilon_ms == epsilon_ms
            && at.now_ms >= begins_ms + epsilon_ms
            && at.now_ms + epsilon_ms < begins_ms + self.length_ms
    }

    /// When it may have begun, and what was counted since by now, with what is in flight.
    pub(super) fn opened(&self, in_flight: u64) -> impl Iterator<Item = Beginning> + '_ {
        let counted = self.total() - self.open.total + in_flight;
        let beginnings = self.open.beginnings.iter();
        beginnings.map(move |beginning| Beginning {
            newest: beginning.newest + counted,
            all: beginning.all + counted,
            ..*beginning
        })
    }

    /// The first and the last moment at which the newest window may have begun by `at`; twice where it may be the one
    /// that our clock has next, or the one before.
    pub(super) fn ranges(&self, at: Instant) -> impl Iterator<Item = (Ms, Ms)> + use<> {
        let Instant { now_ms, epsilon_ms } = at;
        let boundary_ms = self.begins_ms(at);
        let next = (boundary_ms.saturating_sub(epsilon_ms), now_ms.min(boundary_ms + epsilon_ms));
        let last_ms = (boundary_ms + epsilon_ms).saturating_sub(self.length_ms);
        let before = ((now_ms + 1).saturating_sub(self.length_ms), last_ms);
        [next].into_iter().chain((boundary_ms + epsilon_ms > now_ms).then_some(before))
    }

    fn most(&self, at: Instant, in_flight: u64, of: impl Fn(Beginning) -> u64) -> u64 {
        if self.is_open(at) {
            return self.opened(in_flight).map(of).max().unwrap_or(0);
        }
        let (mut most, mut beginnings) = (0, Beginnings::new());
        for range in self.ranges(at) {
            self.begin(&mut beginnings, range, &Landings::flying(in_flight));
            most = beginnings.iter().map(|beginning| of(*beginning)).fold(most, u64::max);
        }
        most
    }

    /// The most that the provider can have counted, rounded up.
    pub fn charged(&self, at: Instant, in_flight: u64) -> u64 {
        let most = self.most(at, in_flight, |beginning| beginning.sum(at.now_ms, self.length_ms));
        most.div_ceil(self.length_ms)
    }

    /// A moment before which `cost` does not fit below `limit`.
    pub fn release(&self, at: Instant, in_flight: u64, cost: u64, limit: u64) -> Ms {
        let room = limit.saturating_sub(cost) * self.length_ms;
        self.most(at, in_flight, |beginning| {
            let over = beginning.sum(at.now_ms, self.length_ms).saturating_sub(room);
            let left_ms = beginning.left_ms(at.now_ms, self.length_ms);
            let before = beginning.all - beginning.newest;
            let falls_ms = if before == 0 { left_ms } else { over.div_ceil(before) };
            if over == 0 { at.now_ms } else { at.now_ms + falls_ms.min(left_ms) }
        })
    }
}

/// By when a request has been counted that was acknowledged so long after `at`: moments are cut to milliseconds,
/// and the clock may wander.
pub(super) fn landed_ms(at: Instant, after_ms: Ms) -> Ms {
    at.now_ms + after_ms + at.epsilon_ms / WANDERS + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH_MS: Ms = 60_000;

    fn at(now_ms: Ms) -> Instant {
        Instant { now_ms: 1_764_000_000_000 + now_ms, epsilon_ms: 1_000 }
    }

    #[test]
    fn an_even_rate_goes_through_wherever_windows_begin() {
        let mut weighted = Weighted::new(LENGTH_MS);
        // 98 in each minute.
        for now_ms in (0..20 * LENGTH_MS).step_by(613) {
            weighted.advance(at(now_ms));
            let charged = weighted.charged(at(now_ms), 0);
            assert!(charged < 100, "{charged} at {now_ms}");
            weighted.push(at(now_ms), 1);
        }
    }

    #[test]
    fn a_request_in_flight_weighs_as_one_of_now() {
        let mut weighted = Weighted::new(LENGTH_MS);
        weighted.push(at(0), 10);
        assert_eq!(weighted.charged(at(LENGTH_MS + 31_500), 3), 5 + 3);
    }

    #[test]
    fn no_offset_of_the_clock_shows_more_than_is_charged() {
        let mut weighted = Weighted::new(LENGTH_MS);
        let mut counted: Vec<(Ms, u64)> = Vec::new();
        for step in 0..4_000_u64 {
            let now_ms = step * 97 + step * step % 89;
            if step % 700 < 400 {
                weighted.push(at(now_ms), 1 + step % 3);
                counted.push((at(now_ms).now_ms, 1 + step % 3));
            }
            weighted.advance(at(now_ms));
            let charged = weighted.charged(at(now_ms), 0);
            for there_ms in (at(now_ms).now_ms - 1_000..=at(now_ms).now_ms + 1_000).step_by(250) {
                let off_ms = there_ms as i64 - at(now_ms).now_ms as i64;
                let begun_ms = there_ms - there_ms % LENGTH_MS;
                let between = |from: Ms, until: Ms| -> u64 {
                    let there = counted.iter().map(|(at, cost)| (at.saturating_add_signed(off_ms), cost));
                    there.filter(|(at, _)| (from..until).contains(at)).map(|(_, cost)| cost).sum()
                };
                let before = between(begun_ms - LENGTH_MS, begun_ms) * (begun_ms + LENGTH_MS - there_ms);
                let shown = before + between(begun_ms, Ms::MAX) * LENGTH_MS;
                assert!(shown <= charged * LENGTH_MS, "at {now_ms}, {there_ms} there");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_released_no_later_than_it_fits() {
        let mut weighted = Weighted::new(LENGTH_MS);
        for now_ms in (0..70_000).step_by(700) {
            weighted.push(at(now_ms), 1);
        }
        for (now_ms, cost) in [(70_000, 5), (70_000, 20), (119_500, 75), (121_000, 75)] {
            let fits = |now_ms: &Ms| weighted.charged(at(*now_ms), 2) + cost <= 90;
            assert!(!fits(&now_ms));
            let first_ms = (now_ms..).find(fits).unwrap();
            let release_ms = weighted.release(at(now_ms), 2, cost, 90);
            assert!((at(now_ms).now_ms + 1..=at(first_ms).now_ms).contains(&release_ms), "{now_ms}, {cost}");
        }
    }

    #[test]
    fn however_much_is_counted_it_stays_bounded() {
        let mut weighted = Weighted::new(86_400_000);
        for now_ms in (0..3 * 86_400_000).step_by(500) {
            weighted.advance(at(now_ms));
            weighted.push(at(now_ms), 1);
        }
        assert!(weighted.entries.len() <= EXACT_ENTRIES_MAX + 3 * (SLOTS + 2 * SLOTS_OF_ERROR + 2) as usize);
        let charged = weighted.charged(at(3 * 86_400_000), 0);
        assert!((172_800..172_900).contains(&charged), "{charged}");
    }
}
