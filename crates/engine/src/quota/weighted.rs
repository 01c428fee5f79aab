//! What a provider that adds two counters can have counted, wherever its windows begin.
//!
//! Its clock is off by no more than ε, but by how much is not known. Charging what is sent near a boundary to both
//! windows holds for any error, and takes what is sent in 4ε from every window. But the error is the same for all
//! requests: for each that it can be, every request is in one window, and the sums for all of them are looked at.
//! At an even rate they are all alike, so nothing is lost by it.

use std::collections::VecDeque;

use crate::time::{Instant, Ms};

/// Entries kept with their own moment; beyond these, moments are rounded up to a slot.
const EXACT_ENTRIES_MAX: usize = 256;
/// Slots that a window's length, and the clock's error, are cut into once there are many.
const SLOTS: Ms = 256;
const SLOTS_OF_ERROR: Ms = 8;
/// How much of its error the clock may wander meanwhile, as one part of so many.
const WANDERS: Ms = 8;

/// What two counters can show at a moment, if the newest window began at another: for the most of all these.
#[derive(Clone, Copy, Debug)]
struct Sum {
    /// Counted in the newest window.
    newest: u64,
    /// Counted in the window before.
    before: u64,
    /// What is left of the newest window.
    left_ms: Ms,
}

/// Polls that are known one by one.
pub struct Dues<'a> {
    /// How long until each, ascending.
    pub dues: &'a [Ms],
    /// What each costs.
    pub cost: u64,
}

/// What was counted in the last two lengths. Requests in flight are known to the window.
#[derive(Clone, Debug)]
pub struct Weighted {
    length_ms: Ms,
    /// Moments, ascending, and all that can have been counted by then.
    entries: VecDeque<(Ms, u64)>,
    /// What was counted before the first of them.
    gone: u64,
}

impl Weighted {
    /// Nothing counted yet.
    pub fn new(length_ms: Ms) -> Self {
        Self { length_ms, entries: VecDeque::new(), gone: 0 }
    }

    /// Forgets what weighs nothing any more.
    pub fn advance(&mut self, now_ms: Ms) {
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

    fn total(&self) -> u64 {
        self.entries.back().map_or(self.gone, |(_, total)| *total)
    }

    /// What can have been counted from `from_ms` on.
    fn since(&self, from_ms: Ms) -> u64 {
        let earlier = self.entries.partition_point(|(at, _)| *at < from_ms);
        self.total() - earlier.checked_sub(1).map_or(self.gone, |last| self.entries[last].1)
    }

    /// The first and the last moment at which the newest window may have begun by `at`; twice where it may be the one
    /// that our clock has next, or the one before.
    fn ranges(&self, at: Instant) -> impl Iterator<Item = (Ms, Ms)> + use<> {
        let Instant { now_ms, epsilon_ms } = at;
        let boundary_ms = at.latest() - at.latest() % self.length_ms;
        let next = (boundary_ms.saturating_sub(epsilon_ms), now_ms.min(boundary_ms + epsilon_ms));
        let last_ms = (boundary_ms + epsilon_ms).saturating_sub(self.length_ms);
        let before = ((now_ms + 1).saturating_sub(self.length_ms), last_ms);
        [next].into_iter().chain((boundary_ms + epsilon_ms > now_ms).then_some(before))
    }

    /// Shows `see` each of these moments at which the sum can be highest: it grows with the moment up to one at which
    /// something was counted, or a length after one.
    fn beginnings(&self, (from_ms, until_ms): (Ms, Ms), landings: &[Ms], see: &mut impl FnMut(Ms)) {
        see(until_ms);
        for later_ms in [0, self.length_ms] {
            let from_ms = from_ms.saturating_sub(later_ms);
            let until_ms = until_ms.saturating_sub(later_ms);
            let first = self.entries.partition_point(|(at, _)| *at < from_ms);
            let counted = self.entries.range(first..).map(|(at, _)| *at);
            counted.take_while(|at| *at < until_ms).for_each(|at| see(at + later_ms));
            let first = landings.partition_point(|at| *at < from_ms);
            let landed = landings[first..].iter().copied();
            landed.take_while(|at| *at < until_ms).for_each(|at| see(at + later_ms));
        }
    }

    fn sum(&self, now_ms: Ms, begun_ms: Ms, in_flight: u64) -> Sum {
        let newest = self.since(begun_ms);
        let before = self.since(begun_ms.saturating_sub(self.length_ms)) - newest;
        Sum { newest: newest + in_flight, before, left_ms: begun_ms + self.length_ms - now_ms }
    }

    fn most(&self, at: Instant, mut of: impl FnMut(Sum, Ms) -> u64, in_flight: u64) -> u64 {
        let mut most = 0;
        for range in self.ranges(at) {
            self.beginnings(range, &[], &mut |begun_ms| {
                most = most.max(of(self.sum(at.now_ms, begun_ms, in_flight), begun_ms));
            });
        }
        most
    }

    /// The most that the provider can have counted, rounded up.
    pub fn charged(&self, at: Instant, in_flight: u64) -> u64 {
        self.most(at, |sum, _| sum.times_length(self.length_ms), in_flight).div_ceil(self.length_ms)
    }

    /// A moment before which `cost` does not fit below `limit`.
    pub fn release(&self, at: Instant, in_flight: u64, cost: u64, limit: u64) -> Ms {
        let room = limit.saturating_sub(cost) * self.length_ms;
        let release_ms = |sum: Sum, _| {
            let over = sum.times_length(self.length_ms).saturating_sub(room);
            let falls_ms = if sum.before == 0 { sum.left_ms } else { over.div_ceil(sum.before) };
            if over == 0 { at.now_ms } else { at.now_ms + falls_ms.min(sum.left_ms) }
        };
        self.most(at, release_ms, in_flight)
    }

    /// What fits now beside all polls to come, each of which is known.
    pub fn room(&self, at: Instant, in_flight: u64, latency_ms: Ms, limit: u64, polls: &Dues<'_>) -> i64 {
        let length_ms = self.length_ms;
        let lands_ms = landed_ms(at, latency_ms);
        let mut landings: Vec<Ms> = polls.dues.iter().map(|due_ms| lands_ms + due_ms).collect();
        landings.insert(0, lands_ms);
        // What is sent until slack is worked out again may land when the next window has begun.
        let closing = self.is_closing(at, latency_ms);
        let in_flight_since = |from_ms: Ms| if lands_ms >= from_ms { in_flight } else { 0 };
        // What is counted from a moment on, and how many landings are before it: the first is what is sent now.
        let counted = |from_ms: Ms| {
            let landed = landings.partition_point(|at| *at < from_ms).max(1);
            (self.since(from_ms) + in_flight_since(from_ms), landed)
        };
        let mut room = (limit as i64) - self.charged(at, in_flight) as i64;
        let mut first = (0, counted(0), counted(0));
        for (index, due_ms) in polls.dues.iter().enumerate() {
            // Where nothing fits it does not matter how much less it could be.
            if room <= 0 {
                break;
            }
            let then = Instant { now_ms: at.now_ms + due_ms, ..at };
            let landed = index + 2;
            let polled =
                |(counted, before): (u64, usize)| counted + landed.saturating_sub(before) as u64 * polls.cost;
            for (from_ms, until_ms) in self.ranges(then) {
                // The sum is at most what is counted from the first of these moments on, as if the newest window had
                // begun at the last of them. That is mostly enough to see that no room is taken.
                if first.0 != from_ms {
                    first = (from_ms, counted(from_ms), counted(from_ms.saturating_sub(length_ms)));
                }
                let (newest, all) = (polled(first.1), polled(first.2));
                let left_ms = until_ms + length_ms - then.now_ms;
                let most = newest * (length_ms - left_ms) + all * left_ms;
                if most + room.max(0) as u64 * length_ms <= limit * length_ms {
                    continue;
                }
                self.beginnings((from_ms, until_ms), &landings[..landed], &mut |begun_ms| {
                    let newest = polled(counted(begun_ms));
                    let before = polled(counted(begun_ms.saturating_sub(length_ms))) - newest;
                    let left_ms = begun_ms + length_ms - then.now_ms;
                    let weight_ms = match lands_ms {
                        _ if closing || lands_ms >= begun_ms => length_ms,
                        _ if lands_ms + length_ms >= begun_ms => left_ms,
                        _ => return,
                    };
                    let sum = Sum { newest, before, left_ms };
                    let left = (limit * length_ms) as i64 - sum.times_length(length_ms) as i64;
                    room = room.min(left.div_euclid(weight_ms as i64));
                });
            }
        }
        room
    }

    /// The same where only a bound on what polls cost in a time to come is known, which grows evenly: so the sum is
    /// highest now or at the end of a window.
    pub fn room_evenly(
        &self,
        at: Instant,
        in_flight: u64,
        latency_ms: Ms,
        limit: u64,
        demand: &dyn Fn(Ms) -> i64,
    ) -> i64 {
        let (length_ms, limit) = (self.length_ms, limit as i64);
        let mut room = limit - self.charged(at, in_flight) as i64 - demand(0) - 1;
        for range in self.ranges(at) {
            self.beginnings(range, &[], &mut |begun_ms| {
                let sum = self.sum(at.now_ms, begun_ms, in_flight);
                room = room.min(limit - sum.newest as i64 - demand(sum.left_ms) - 1);
            });
        }
        if self.is_closing(at, latency_ms) {
            let span_ms = 2 * length_ms + at.epsilon_ms - at.now_ms % length_ms;
            room = room.min(limit - in_flight as i64 - demand(span_ms) - 1);
        }
        room
    }

    /// Whether what is sent now, or soon, may still be in flight when the next window begins.
    fn is_closing(&self, at: Instant, latency_ms: Ms) -> bool {
        let boundary_ms = at.latest() - at.latest() % self.length_ms;
        landed_ms(at, latency_ms) + 2 * at.epsilon_ms >= boundary_ms + self.length_ms
            || at.now_ms < boundary_ms + at.epsilon_ms
    }
}

/// By when a request has been counted that was acknowledged so long after `at`: moments are cut to milliseconds,
/// and the clock may wander.
fn landed_ms(at: Instant, after_ms: Ms) -> Ms {
    at.now_ms + after_ms + at.epsilon_ms / WANDERS + 1
}

impl Sum {
    /// The weighted sum, times the length.
    fn times_length(self, length_ms: Ms) -> u64 {
        self.newest * length_ms + self.before * self.left_ms
    }
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
            weighted.advance(at(now_ms).now_ms);
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
            weighted.advance(at(now_ms).now_ms);
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
            weighted.advance(at(now_ms).now_ms);
            weighted.push(at(now_ms), 1);
        }
        assert!(weighted.entries.len() <= EXACT_ENTRIES_MAX + 3 * (SLOTS + 2 * SLOTS_OF_ERROR + 2) as usize);
        let charged = weighted.charged(at(3 * 86_400_000), 0);
        assert!((172_800..172_900).contains(&charged), "{charged}");
    }
}
