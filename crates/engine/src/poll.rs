//! When polls fall due: a clock that can be slowed, and evenly spread phases on it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::ahead::Lines;
use crate::ascending::Ascending;
use crate::tight;
use crate::time::Ms;

/// Bits of an entry that hold the connection; the tag takes the rest, which is 69 years.
const USER_BITS: u32 = 23;
/// Most users an application can have.
pub const USERS_MAX: usize = 1 << USER_BITS;

/// Fraction bits of poll time and of its rate.
const SHIFT: u32 = 20;
/// Poll time runs as fast as real time.
pub const FULL_RATE: u64 = 1 << SHIFT;
/// 2⁶⁴ divided by the golden ratio: multiples of it, wrapped, spread evenly however many there are.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A clock on which polls keep their period while quota cannot carry it in real time.
///
/// Slowing the clock stretches all gaps alike. Stretching each connection's own period instead would bunch
/// phases that were evenly spread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollClock {
    /// Poll time in milliseconds, with `SHIFT` fraction bits.
    tau: u64,
    at_ms: Ms,
    rate: u64,
}

impl PollClock {
    /// A clock that reads `tau_ms` at `now_ms` and runs at full rate.
    #[must_use]
    pub fn new(now_ms: Ms, tau_ms: Ms) -> Self {
        Self { tau: tau_ms << SHIFT, at_ms: now_ms, rate: FULL_RATE }
    }

    /// The clock as it has run on until `now_ms`, for a successor; whoever left it may have been ahead in real time.
    #[must_use]
    pub fn resumed(&self, now_ms: Ms) -> Self {
        let mut clock = Self { at_ms: self.at_ms.min(now_ms), ..self.clone() };
        clock.advance(now_ms);
        clock
    }

    /// Lets poll time pass until `now_ms`.
    pub fn advance(&mut self, now_ms: Ms) {
        self.tau += now_ms.saturating_sub(self.at_ms) * self.rate;
        self.at_ms = self.at_ms.max(now_ms);
    }

    /// Changes the rate (`FULL_RATE` / σ, at least 1) from `now_ms` on.
    pub fn set_rate(&mut self, now_ms: Ms, rate: u64) {
        assert!((1..=FULL_RATE).contains(&rate), "polls never run ahead of time and never stop");
        self.advance(now_ms);
        self.rate = rate;
    }

    /// The rate, out of [`FULL_RATE`].
    #[must_use]
    pub fn rate(&self) -> u64 {
        self.rate
    }

    /// Poll time now, whole milliseconds.
    #[must_use]
    pub fn tau_ms(&self) -> Ms {
        self.tau >> SHIFT
    }

    /// Poll time at `now_ms`, no earlier than it was last changed, whole milliseconds.
    #[must_use]
    pub fn tau_at_ms(&self, now_ms: Ms) -> Ms {
        (self.tau + now_ms.saturating_sub(self.at_ms) * self.rate) >> SHIFT
    }

    /// The real moment at which poll time reaches `tag_ms`.
    #[must_use]
    pub fn due_ms(&self, tag_ms: Ms) -> Ms {
        let left = (tag_ms << SHIFT).saturating_sub(self.tau);
        // The common rate is a shift; a division is worth avoiding for each poll.
        self.at_ms + if self.rate == FULL_RATE { left.div_ceil(FULL_RATE) } else { left.div_ceil(self.rate) }
    }

    /// How long `period_ms` of poll time takes in real time.
    #[must_use]
    pub fn stretched_ms(&self, period_ms: Ms) -> Ms {
        stretched_ms(period_ms, self.rate)
    }
}

/// How long `period_ms` of poll time takes on a clock of this rate.
#[must_use]
pub fn stretched_ms(period_ms: Ms, rate: u64) -> Ms {
    (period_ms << SHIFT).div_ceil(rate)
}

/// Where connection `index` stands within a period: golden-ratio multiples, so that the gaps stay even as
/// connections are added.
#[must_use]
pub fn phase_ms(index: u64, period_ms: Ms) -> Ms {
    ((u128::from(index.wrapping_mul(GOLDEN)) * u128::from(period_ms)) >> 64) as Ms
}

/// The first tag at or after `tau_ms` with the given phase.
#[must_use]
pub fn first_tag(tau_ms: Ms, phase_ms: Ms, period_ms: Ms) -> Ms {
    let before = tau_ms.saturating_sub(phase_ms).div_ceil(period_ms);
    phase_ms + before * period_ms
}

/// The tag after `tag_ms` of a poll that goes at `tau_ms`. Missed ones collapse, and one that goes within half a period
/// before the next stands for both: of many that waited, each would otherwise be polled twice in a period.
#[must_use]
pub fn next_tag(tag_ms: Ms, tau_ms: Ms, period_ms: Ms) -> Ms {
    let late_ms = (tau_ms + period_ms / 2).saturating_sub(tag_ms);
    // Hardly ever: a division is worth avoiding for each poll.
    let missed = if late_ms < period_ms { 0 } else { late_ms / period_ms };
    tag_ms + (missed + 1) * period_ms
}

/// The polls of one team: its clock and its connections by their next tag.
///
/// A connection that was polled comes back one period later, so where all have one period they come back in
/// the order they left: those stand in a queue, whose ends are all that is touched. Only the others need a heap: who
/// joined out of order, and whose period is shorter than that of somebody in the queue.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct PollQueue {
    /// The team's poll clock.
    pub clock: PollClock,
    /// The period of all its connections, if they have one.
    pub shared_period_ms: Option<Ms>,
    /// Tag and connection, in one number, of those in order.
    queue: Ascending,
    /// The same of those that were not above all of the queue when they were entered.
    others: BinaryHeap<Reverse<u64>>,
}

impl PollQueue {
    /// No connections yet.
    #[must_use]
    pub fn new(clock: PollClock) -> Self {
        Self { clock, shared_period_ms: None, queue: Ascending::default(), others: BinaryHeap::new() }
    }

    /// Shows `see` what of it stands in place.
    pub fn each_line(&self, see: &mut impl Lines) {
        see.line_of(&self.clock);
        self.queue.each_line(see);
        see.line_of(&self.others);
    }

    /// Shows `see` what the next one taken out is followed by, where that does not stand in place.
    pub fn each_line_behind(&self, see: &mut impl Lines) {
        self.queue.each_line_behind(see);
    }

    /// Enters a connection.
    pub fn push(&mut self, tag_ms: Ms, user: u32) {
        debug_assert!(tag_ms < 1 << (64 - USER_BITS), "tags count from the application's start");
        let entry = tag_ms << USER_BITS | u64::from(user);
        if self.queue.push(entry) {
            return;
        }
        if self.others.len() == self.others.capacity() {
            self.others.reserve_exact(tight::step(self.others.len()));
        }
        self.others.push(Reverse(entry));
    }

    /// The next entry, and whether it is one of the others.
    fn next(&self) -> Option<(u64, bool)> {
        let queued = self.queue.first().map(|first| (first, false));
        let other = self.others.peek().map(|Reverse(other)| (*other, true));
        match (queued, other) {
            (Some(queued), Some(other)) => Some(queued.min(other)),
            (queued, other) => queued.or(other),
        }
    }

    /// When the next one falls due.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<Ms> {
        self.next().map(|(next, _)| self.clock.due_ms(next >> USER_BITS))
    }

    /// The next one: its tag and connection.
    #[must_use]
    pub fn peek(&self) -> Option<(Ms, u32)> {
        self.next().map(|(next, _)| parts(next))
    }

    /// Shows `see` the tag and connection of each that is due by `until_ms`, in no order.
    pub fn each_due_by(&self, until_ms: Ms, see: &mut impl FnMut(Ms, u32)) {
        let mut show = |entry: u64| {
            let (tag_ms, user) = parts(entry);
            let due = self.clock.due_ms(tag_ms) <= until_ms;
            if due {
                see(tag_ms, user);
            }
            due
        };
        let _ = self.queue.iter().all(&mut show);
        each_below(self.others.as_slice(), 0, &mut show);
    }

    /// Takes out the next one: its tag and connection.
    pub fn pop(&mut self) -> Option<(Ms, u32)> {
        let (next, is_other) = self.next()?;
        if is_other {
            self.others.pop();
            if self.others.is_empty() {
                self.others = BinaryHeap::new();
            }
        } else {
            self.queue.pop();
        }
        Some(parts(next))
    }
}

/// The tag and connection of an entry.
fn parts(entry: u64) -> (Ms, u32) {
    (entry >> USER_BITS, entry as u32 % USERS_MAX as u32)
}

/// Shows a heap's entries from `place` down: below one that is not wanted none is.
fn each_below(heap: &[Reverse<u64>], place: usize, wanted: &mut impl FnMut(u64) -> bool) {
    let Some(&Reverse(entry)) = heap.get(place) else { return };
    if wanted(entry) {
        each_below(heap, 2 * place + 1, wanted);
        each_below(heap, 2 * place + 2, wanted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slowed_clock_keeps_its_fractions() {
        let mut slow = PollClock::new(0, 0);
        slow.set_rate(0, FULL_RATE / 3);
        let mut often = slow.clone();
        for ms in 1..=30_000 {
            often.advance(ms);
        }
        slow.advance(30_000);
        assert_eq!(often.tau, slow.tau);
        assert_eq!(slow.due_ms(20_000), 60_001, "a third of full rate, rounded towards later");
    }

    #[test]
    fn phases_of_any_number_of_connections_leave_no_large_gap() {
        for n in [2_u64, 7, 40, 1_000] {
            let mut phases: Vec<_> = (0..n).map(|i| phase_ms(i, 900_000)).collect();
            phases.sort_unstable();
            let gap = phases.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
            assert!(gap <= 2 * 900_000 / n, "{n} connections, gap {gap} ms");
        }
    }

    #[test]
    fn missed_polls_collapse_into_one() {
        assert_eq!(first_tag(950, 30, 100), 1_030);
        let next = [1_000, 1_049, 1_050, 1_149, 1_150, 5_049].map(|tau_ms| next_tag(1_000, tau_ms, 100));
        assert_eq!(next, [1_100, 1_100, 1_200, 1_200, 1_300, 5_100]);
    }

    #[test]
    fn polls_of_any_periods_come_in_the_order_of_their_tags() {
        polls_come_in_order(97);
        polls_come_in_order(1_280);
    }

    fn polls_come_in_order(users: u32) {
        let mut queue = PollQueue::new(PollClock::new(0, 0));
        let mut model = std::collections::BTreeSet::new();
        let period_ms = |user: u32| [700, 900, 900, 1_000][user as usize % 4];
        for user in 0..users {
            let tag_ms = phase_ms(u64::from(user), period_ms(user));
            queue.push(tag_ms, user);
            model.insert((tag_ms, user));
        }
        for _ in 0..2_000 {
            let (tag_ms, user) = model.pop_first().unwrap();
            let (mut seen, until_ms) = (Vec::new(), tag_ms + 300);
            queue.each_due_by(until_ms, &mut |tag_ms, user| seen.push((tag_ms, user)));
            seen.sort_unstable();
            let expected =
                std::iter::once((tag_ms, user)).chain(model.range(..=(until_ms, u32::MAX)).copied());
            assert_eq!(seen, expected.collect::<Vec<_>>());
            assert_eq!((queue.next_due_ms(), queue.pop()), (Some(tag_ms), Some((tag_ms, user))));
            queue.push(tag_ms + period_ms(user), user);
            model.insert((tag_ms + period_ms(user), user));
        }
    }
}
