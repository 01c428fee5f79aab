//! What two counters let through beside polls whose moments are known.
//!
//! What is sent now is counted until the next window is over. So for each poll until then: when it has surely arrived,
//! all that is counted must have left room for it. In the window that is open the past weighs what it weighs at that
//! moment; in the next one what is counted in this one is the past, so it may be as much as those polls leave.

use super::polls::{Polls, are_known};
use crate::time::Ms;

/// Most polls within a length that are looked at one by one.
const POLLS_MAX: u64 = 65_536;

/// Two counters, and the polls that go through them.
#[derive(Clone, Debug)]
pub struct KnownSums<'a> {
    length_ms: Ms,
    limit: u64,
    polls: &'a [Polls<'a>],
    poll_cost: u64,
    /// By how long after it fell due a poll has arrived.
    slack_ms: Ms,
    /// What falls due so long before a window begins may be counted in it, and is taken to be.
    lag_ms: Ms,
    /// When the open window begins, once one is.
    begun_ms: Option<Ms>,
    /// When polls of the open window have arrived, ascending, and what else it may have counted until then for the sake
    /// of that one and all later ones.
    arrivals: Vec<(Ms, u64)>,
    /// How many of them are past.
    arrived: usize,
    /// The same for the sake of the next window's.
    next: u64,
    dues: Vec<Ms>,
}

impl<'a> KnownSums<'a> {
    /// Whether all moments of polls are known, and few of them lie within a length.
    pub fn are_known(polls: &[Polls<'_>], length_ms: Ms) -> bool {
        are_known(polls, length_ms, POLLS_MAX)
    }

    /// Counters of `limit` and `length_ms`, where moments of polls are known.
    pub fn new(
        (limit, length_ms): (u64, Ms),
        (polls, poll_cost, slack_ms): (&'a [Polls<'a>], u64, Ms),
        lag_ms: Ms,
    ) -> Option<Self> {
        Self::are_known(polls, length_ms).then(|| Self {
            length_ms,
            limit,
            polls,
            poll_cost,
            slack_ms,
            lag_ms,
            begun_ms: None,
            arrivals: Vec::new(),
            arrived: 0,
            next: 0,
            dues: Vec::new(),
        })
    }

    /// What polls of the window that began at `begun_ms`, after one in which `before` was counted, have surely cost
    /// before `now`, which is no earlier than the last time.
    pub fn arrived(&mut self, begun_ms: Ms, before: u64, now: Ms) -> u64 {
        if self.begun_ms != Some(begun_ms) {
            self.open(begun_ms, before);
        }
        while self.arrivals.get(self.arrived).is_some_and(|(arrived_ms, _)| *arrived_ms < now) {
            self.arrived += 1;
        }
        self.arrived as u64 * self.poll_cost
    }

    fn open(&mut self, begun_ms: Ms, before: u64) {
        (self.begun_ms, self.arrived) = (Some(begun_ms), 0);
        let ends_ms = begun_ms + self.length_ms;
        let limit = self.limit;
        let mut arrivals = std::mem::take(&mut self.arrivals);
        arrivals.clear();
        self.each_arrival(begun_ms, |arrived_ms, polls, left_ms, length_ms| {
            let past = (before * left_ms).div_ceil(length_ms);
            arrivals.push((arrived_ms, limit.saturating_sub(polls + past)));
        });
        let mut least = u64::MAX;
        for (_, most) in arrivals.iter_mut().rev() {
            least = least.min(*most);
            *most = least;
        }
        self.arrivals = arrivals;
        let mut next = u64::MAX;
        self.each_arrival(ends_ms, |_, polls, left_ms, length_ms| {
            next = next.min(limit.saturating_sub(polls) * length_ms / left_ms);
        });
        self.look(begun_ms.saturating_sub(self.lag_ms), ends_ms.saturating_sub(self.lag_ms));
        self.next = next.saturating_sub(self.dues.len() as u64 * self.poll_cost);
    }

    /// A moment before which the open window may not have counted so much else; `None` if it may by `now`.
    pub fn waits(&self, now: Ms, counted: u64) -> Option<Ms> {
        let over = self.arrivals.partition_point(|(_, most)| *most < counted);
        let arrived_ms = over.checked_sub(1).map(|last| self.arrivals[last].0 + 1);
        let until_ms = self.begun_ms.map(|begun_ms| (begun_ms + self.length_ms).saturating_sub(self.lag_ms));
        let until_ms = until_ms.filter(|_| self.next < counted);
        arrived_ms.max(until_ms).filter(|until_ms| *until_ms > now)
    }

    /// What else the open window may have counted by `now`, the moment last asked about.
    pub fn most(&self, now: Ms) -> u64 {
        let here = self.arrivals.get(self.arrived).map_or(u64::MAX, |(_, most)| *most);
        let is_over = |begun_ms: Ms| now >= (begun_ms + self.length_ms).saturating_sub(self.lag_ms);
        if self.begun_ms.is_none_or(is_over) { here } else { here.min(self.next) }
    }

    /// Shows `see` for each poll of a window when it has surely arrived, what it and those before it cost, and how much
    /// is then left of the window and its length.
    fn each_arrival(&mut self, begun_ms: Ms, mut see: impl FnMut(Ms, u64, Ms, Ms)) {
        let ends_ms = begun_ms + self.length_ms;
        self.look(begun_ms.saturating_sub(self.lag_ms), ends_ms.saturating_sub(self.slack_ms));
        for (earlier, due_ms) in self.dues.iter().enumerate() {
            let arrived_ms = due_ms + self.slack_ms;
            let polls = (earlier as u64 + 1) * self.poll_cost;
            see(arrived_ms, polls, ends_ms - arrived_ms.max(begun_ms), self.length_ms);
        }
    }

    /// Finds the polls that fall due from `from_ms` on and before `until_ms`.
    fn look(&mut self, from_ms: Ms, until_ms: Ms) {
        self.dues.clear();
        for polls in self.polls {
            self.dues.extend(polls.dues(from_ms, until_ms));
        }
        self.dues.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_poll_to_come_finds_room_in_its_window() {
        let firsts = [10_100, 10_600];
        let polls = [Polls {
            connections: 2,
            period_ms: 1_000,
            firsts: Some(&firsts),
            since_ms: 0,
            until_ms: Ms::MAX,
        }];
        let mut sums = KnownSums::new((10, 1_000), (&polls, 1, 50), 0).unwrap();
        // By 20,150 ms 6.8 of the eight are left and one poll has come, by 20,650 ms 2.8 and two.
        let mut most = |now: Ms| {
            let polls = sums.arrived(20_000, 8, now);
            (polls, sums.most(now))
        };
        assert_eq!([20_000, 20_150, 20_151, 20_650].map(&mut most), [(0, 2), (0, 2), (1, 5), (1, 5)]);
        // By 21,150 ms one poll has come, so nine are room for 10.58 of this window, and two of these are its polls.
        assert_eq!([20_651, 20_999].map(&mut most), [(2, 8), (2, 8)]);
        assert_eq!(
            [2, 3, 5, 6, 8].map(|counted| sums.waits(20_000, counted)),
            [None, Some(20_151), Some(20_151), Some(20_651), Some(20_651)]
        );
        assert_eq!(sums.waits(20_700, 8), None);
        assert_eq!(sums.waits(20_700, 9), Some(21_000));
    }
}
