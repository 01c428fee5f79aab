//! What history may take of two counters beside polls to come.

use std::ops::Range;

use super::begun::{Beginning, Beginnings, Landings};
use super::weighted::{Weighted, landed_ms};
use crate::time::{Instant, Ms};

/// Polls that are known one by one.
pub struct Dues<'a> {
    /// How long until each, ascending.
    pub dues: &'a [Ms],
    /// What each costs.
    pub cost: u64,
}

impl Weighted {
    /// What fits now beside all polls to come, each of which is known.
    pub fn room(&self, at: Instant, in_flight: u64, latency_ms: Ms, limit: u64, polls: &Dues<'_>) -> i64 {
        let Instant { now_ms, epsilon_ms } = at;
        let length_ms = self.length_ms;
        let landings = Landings { in_flight, lands_ms: landed_ms(at, latency_ms), dues: polls.dues };
        let mut room = Room {
            left: limit as i64 - self.charged(at, in_flight) as i64,
            length_ms,
            limit,
            poll_cost: polls.cost,
            lands_ms: landings.lands_ms,
            // What is sent until slack is worked out again may land when the next window has begun.
            closing: self.is_closing(at, latency_ms),
        };
        let mut beginnings = Beginnings::new();
        let mut seen = 0;
        // Where nothing fits it does not matter how much less it could be.
        while let Some(due_ms) = polls.dues.get(seen).filter(|_| room.left > 0) {
            let then = Instant { now_ms: now_ms + due_ms, epsilon_ms };
            let begins_ms = self.begins_ms(then);
            let first = seen;
            if then.now_ms >= begins_ms + epsilon_ms {
                // The same moments until the next window may begin.
                let ends_ms = begins_ms + length_ms - epsilon_ms;
                seen += polls.dues[first..].partition_point(|due_ms| now_ms + due_ms < ends_ms);
            } else {
                seen += 1;
            }
            if begins_ms == self.begins_ms(at) && self.is_open(at) {
                beginnings.clear();
                beginnings.extend(self.opened(in_flight));
                room.fit(now_ms, polls.dues, first..seen, &beginnings);
                continue;
            }
            for range in self.ranges(then) {
                if room.left > 0 {
                    self.begin(&mut beginnings, range, &landings);
                    room.fit(now_ms, polls.dues, first..seen, &beginnings);
                }
            }
        }
        room.left
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
        let mut beginnings = Beginnings::new();
        for range in self.ranges(at) {
            self.begin(&mut beginnings, range, &Landings::flying(in_flight));
            for beginning in &beginnings {
                let left_ms = beginning.left_ms(at.now_ms, length_ms);
                room = room.min(limit - beginning.newest as i64 - demand(left_ms) - 1);
            }
        }
        if self.is_closing(at, latency_ms) {
            let span_ms = 2 * length_ms + at.epsilon_ms - at.now_ms % length_ms;
            room = room.min(limit - in_flight as i64 - demand(span_ms) - 1);
        }
        room
    }

    /// Whether what is sent now, or soon, may still be in flight when the next window begins.
    fn is_closing(&self, at: Instant, latency_ms: Ms) -> bool {
        let boundary_ms = self.begins_ms(at);
        landed_ms(at, latency_ms) + 2 * at.epsilon_ms >= boundary_ms + self.length_ms
            || at.now_ms < boundary_ms + at.epsilon_ms
    }
}

/// What fits now, as far as polls to come were looked at.
struct Room {
    left: i64,
    length_ms: Ms,
    limit: u64,
    poll_cost: u64,
    /// When what is sent now lands, and whether the next window may begin before.
    lands_ms: Ms,
    closing: bool,
}

impl Room {
    /// Makes it what fits beside some polls, if the newest window begins at one of these moments.
    ///
    /// The sum is at most what is counted from the first of them on, as if the window had begun at the last: that is
    /// mostly enough to see that a poll takes no room.
    fn fit(&mut self, now_ms: Ms, dues: &[Ms], polls: Range<usize>, beginnings: &[Beginning]) {
        let (Some(first), Some(last)) = (beginnings.first(), beginnings.last()) else { return };
        let outline = Beginning { begun_ms: last.begun_ms, ..*first };
        for (index, due_ms) in polls.clone().zip(&dues[polls]) {
            let then_ms = now_ms + due_ms;
            let most = outline.polled(index, self.poll_cost).sum(then_ms, self.length_ms);
            if most + self.left as u64 * self.length_ms > self.limit * self.length_ms {
                self.shrink(then_ms, index, beginnings);
                if self.left <= 0 {
                    return;
                }
            }
        }
    }

    /// Makes it what fits beside the poll at `index`.
    fn shrink(&mut self, then_ms: Ms, index: usize, beginnings: &[Beginning]) {
        let length_ms = self.length_ms;
        for beginning in beginnings {
            let begun_ms = beginning.begun_ms;
            let weight_ms = match self.lands_ms {
                _ if self.closing || self.lands_ms >= begun_ms => length_ms,
                lands_ms if lands_ms + length_ms >= begun_ms => beginning.left_ms(then_ms, length_ms),
                _ => continue,
            } as i64;
            let sum = beginning.polled(index, self.poll_cost).sum(then_ms, length_ms);
            let left = (self.limit * length_ms) as i64 - sum as i64;
            if left < self.left * weight_ms {
                self.left = left.div_euclid(weight_ms);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH_MS: Ms = 2_000;
    const LIMIT: u64 = 20;
    const LATENCY_MS: Ms = 90;

    fn at(now_ms: Ms) -> Instant {
        Instant { now_ms: 1_764_000_000_000 + now_ms, epsilon_ms: 100 }
    }

    /// Every moment at which the newest window may have begun.
    fn begun(at: Instant) -> impl Iterator<Item = Ms> {
        let off_ms = |begun_ms: Ms| (begun_ms + LENGTH_MS / 2) % LENGTH_MS;
        let is_near = move |begun_ms: &Ms| off_ms(*begun_ms).abs_diff(LENGTH_MS / 2) <= at.epsilon_ms;
        (at.now_ms + 1 - LENGTH_MS..=at.now_ms).filter(is_near)
    }

    /// What fits, from the rule: what was counted when, what is in flight, and when polls are sent.
    fn by_rule(counted: &[(Ms, u64)], at: Instant, in_flight: u64, dues: &[Ms], closing: bool) -> i64 {
        let lands_ms = landed_ms(at, LATENCY_MS);
        let all = LIMIT * LENGTH_MS;
        let sum = |counted: &[(Ms, u64)], begun_ms: Ms, then_ms: Ms| {
            let since = |from_ms: Ms| -> u64 {
                counted.iter().filter(|(at, _)| *at >= from_ms).map(|(_, cost)| cost).sum()
            };
            let (newest, both) = (since(begun_ms), since(begun_ms - LENGTH_MS));
            newest * LENGTH_MS + (both - newest) * (begun_ms + LENGTH_MS - then_ms)
        };
        let now = begun(at).map(|begun_ms| sum(counted, begun_ms, at.now_ms)).max().unwrap();
        let mut room = (LIMIT - in_flight) as i64 - now.div_ceil(LENGTH_MS) as i64;
        for (last, due_ms) in dues.iter().enumerate() {
            let then = Instant { now_ms: at.now_ms + due_ms, ..at };
            let mut to_come = counted.to_vec();
            to_come.push((lands_ms, in_flight));
            to_come.extend(dues[..=last].iter().map(|due_ms| (lands_ms + due_ms, 1)));
            for begun_ms in begun(then) {
                let weight_ms = match lands_ms {
                    _ if closing || lands_ms >= begun_ms => LENGTH_MS,
                    _ if lands_ms + LENGTH_MS >= begun_ms => begun_ms + LENGTH_MS - then.now_ms,
                    _ => continue,
                };
                let left = all as i64 - sum(&to_come, begun_ms, then.now_ms) as i64;
                room = room.min(left.div_euclid(weight_ms as i64));
            }
        }
        room
    }

    #[test]
    fn as_much_fits_as_the_rule_leaves() {
        let mut weighted = Weighted::new(LENGTH_MS);
        let (mut counted, mut seen) = (Vec::new(), [0; 3]);
        for step in 0..400_u64 {
            let now = at(step * 47 + step * step % 31);
            let dues: Vec<Ms> =
                (0..8_u64).map(|poll| (poll * 530 + 80).saturating_sub(step * 47 % 530)).collect();
            weighted.advance(now);
            let in_flight = step % 4;
            let closing = weighted.is_closing(now, LATENCY_MS);
            let room = weighted.room(now, in_flight, LATENCY_MS, LIMIT, &Dues { dues: &dues, cost: 1 });
            let expected = by_rule(&counted, now, in_flight, &dues, closing);
            assert_eq!(room.max(0), expected.max(0), "at {step}");
            if expected > 0 || step % 9 == 0 {
                let cost = step % 3;
                weighted.push(now, cost);
                counted.push((landed_ms(now, 0), cost));
            }
            seen[usize::from(closing)] += usize::from(expected > 0);
            seen[2] += usize::from(expected <= 0);
        }
        assert!(seen.iter().all(|times| *times > 20), "{seen:?}");
    }
}
