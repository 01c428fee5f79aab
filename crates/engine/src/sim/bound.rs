//! A lower bound on when history can be done, for any scheduler that keeps polls on time.
//!
//! Polls are taken out of each window first; what is left carries history as early as the windows allow.
//! Sending as early as possible is best: for every kind, the k-th request cannot go before a monotone
//! function of the earlier ones and of when it is asked for, so by induction no schedule has sent more at any moment.

use std::collections::VecDeque;

use super::known::KnownLog;
use super::polls::Polls;
use super::sums::KnownSums;
use crate::cost::Cost;
use crate::quota::{Kind, WindowSpec};
use crate::time::Ms;

/// Bounds further away than this, a century, are none.
const HORIZON_MS: Ms = 36_525 * 86_400_000;

/// How often in a row it is looked whether something may go. What is left then is taken to go at once: no schedule is
/// faster than that either.
const WAITS_MAX: u32 = 100_000;

/// How a window lets requests through, seen from the fastest sender it admits.
#[derive(Clone, Debug)]
enum Flow {
    /// `limit` in each clock window.
    Aligned,
    /// `limit` in any stretch of the length.
    Log,
    /// `limit` for each whole or begun length since the given moment, and for `more` beyond them, all told: no
    /// more windows can have begun than that, be they cut by the clock, by a request that starts one, or
    /// anywhere. The polls of those windows go in them, whether history is done before or not.
    Steps { from: Ms, more: u64 },
    /// `limit` for what is in the clock window and what is left of the one before. What has been sent by now, all
    /// told, is at most `limit` and what had been by the two last boundaries, weighted: the more had been, the more.
    TwoCounter,
    /// So none that follows one in which something was counted can be filled: one less in each clock window since the
    /// given moment, and one. The polls of those windows go in them, whether history is done before or not.
    Short(Ms),
    /// `limit` at once, and then `limit` per length, evenly, from the given moment on.
    Even(Ms),
}

/// A window with what polls leave of it.
#[derive(Clone, Debug)]
struct Rest<'a> {
    length_ms: Ms,
    flow: Flow,
    limit: u64,
    polls: &'a [Polls<'a>],
    poll_cost: u64,
    cost: u64,
    from_ms: Ms,
    start_ms: Ms,
    poll_slack_ms: Ms,
    /// How long after it was sent a request may be counted, where that is allowed for.
    lag_ms: Ms,
    on_both_sides: Option<(Ms, Ms)>,
    clock_off_ms: i64,
    /// Batches that still matter, and all that was sent by each.
    sent: VecDeque<(Ms, u64)>,
    total: u64,
    /// What was sent before them.
    gone: u64,
    /// Instead, where the moments of polls are known.
    known: Option<KnownLog<'a>>,
    sums: Option<KnownSums<'a>>,
    past: Past,
    /// The stretch whose polls were counted last, and how many they are.
    counted: ((Ms, Ms), u64),
}

/// What two counters have of the window before the one that is open.
#[derive(Clone, Copy, Debug, Default)]
struct Past {
    /// When the open one began, once one has.
    begun: Option<Ms>,
    /// All that was sent by then.
    sent: u64,
    /// What was counted in the one before.
    before: u64,
}

impl Rest<'_> {
    /// What polls leave of `total` between two moments, in history requests.
    fn beside_polls(&mut self, total: u64, from: Ms, until: Ms) -> u64 {
        let stretch = (from, until.saturating_sub(self.poll_slack_ms));
        if self.counted.0 != stretch {
            let between = |polls: &Polls<'_>| polls.between(stretch.0, stretch.1);
            self.counted = (stretch, self.polls.iter().map(between).sum());
        }
        self.beside(total, self.counted.1)
    }

    fn beside(&self, total: u64, polls: u64) -> u64 {
        total.saturating_sub(polls * self.poll_cost) / self.cost
    }

    /// History that may still go at `now`, or when more may if that is none.
    fn room(&mut self, now: Ms) -> Result<u64, Ms> {
        let (allowed, more) = match self.flow {
            Flow::Aligned => return self.aligned_room(now),
            Flow::Log => {
                self.forget_before((now + 1).saturating_sub(self.length_ms));
                if let Some(room) = self.known.as_mut().and_then(|log| log.room(now)) {
                    return room;
                }
                let more = self.sent.front().map_or(Ms::MAX, |(at, _)| at + self.length_ms);
                let span_ms = self.length_ms.saturating_sub(self.poll_slack_ms);
                let polls = self.polls.iter().filter(|polls| polls.since_ms == 0);
                (self.beside(self.limit, polls.map(|polls| polls.least(span_ms)).sum()), more)
            }
            Flow::Steps { from, more } => {
                let begun = (now - from) / self.length_ms + 1;
                let total = self.limit * (begun + more);
                let until = from + begun * self.length_ms;
                (self.beside_polls(total, from.max(self.start_ms), until), until)
            }
            Flow::TwoCounter => return self.two_counter_room(now),
            Flow::Short(from) => {
                let begun = (now - from) / self.length_ms + 1;
                // With a limit of one, every other window stays empty.
                let total = if self.limit == 1 { begun.div_ceil(2) } else { (self.limit - 1) * begun + 1 };
                let until = from + begun * self.length_ms;
                (self.beside_polls(total, from.max(self.start_ms), until), until)
            }
            Flow::Even(from) => {
                let due = now.saturating_sub(self.poll_slack_ms);
                let polls: u64 = self.polls.iter().map(|polls| polls.between(self.from_ms, due)).sum();
                let total = self.limit + now.saturating_sub(from) * self.limit / self.length_ms;
                let wanted = (self.held() + 1) * self.cost + polls * self.poll_cost;
                let more = (wanted.saturating_sub(self.limit) * self.length_ms).div_ceil(self.limit);
                (total.saturating_sub(polls * self.poll_cost) / self.cost, (from + more).max(now + 1))
            }
        };
        let room = allowed.saturating_sub(self.held());
        if room > 0 { Ok(room) } else { Err(more) }
    }

    /// The same where the clock cuts windows. What is on both sides of a boundary takes room in both windows.
    fn aligned_room(&mut self, now: Ms) -> Result<u64, Ms> {
        let (before_ms, after_ms) = self.on_both_sides.unwrap_or((0, 0));
        let newest = begun_ms(now + before_ms, self.length_ms, self.clock_off_ms);
        let oldest = if now < newest + after_ms { newest.saturating_sub(self.length_ms) } else { newest };
        self.forget_before(oldest.saturating_sub(before_ms));
        let (mut room, mut more) = (u64::MAX, now);
        for begun in [oldest, newest] {
            let (from, until) = (begun.saturating_sub(before_ms), begun + self.length_ms + after_ms);
            // In its first window polls began with the run, not with the window.
            let left = match self.on_both_sides {
                Some(_) => {
                    let each = |polls: &Polls<'_>| polls.between(from.max(self.start_ms), until);
                    self.beside(self.limit, self.polls.iter().map(each).sum())
                }
                None => self.beside_polls(self.limit, from.max(self.start_ms), until),
            };
            let free = left.saturating_sub(self.since(from));
            room = room.min(free);
            if free == 0 {
                more = more.max(until);
            }
        }
        if room > 0 { Ok(room) } else { Err(more) }
    }

    /// The same where two counters are added.
    fn two_counter_room(&mut self, now: Ms) -> Result<u64, Ms> {
        let length_ms = self.length_ms;
        let begun = begun_ms(now, length_ms, self.clock_off_ms);
        let since = begun.saturating_sub(self.lag_ms);
        if self.past.begun != Some(begun) {
            let earlier = since.saturating_sub(length_ms);
            self.forget_before(earlier);
            let sent = self.total - self.since(since);
            let before = (sent - self.gone) * self.cost + self.arrived(earlier, since);
            self.past = Past { begun: Some(begun), sent, before };
        }
        let Past { sent, before, .. } = self.past;
        let current = self.total - sent;
        let polls = match &mut self.sums {
            Some(sums) => sums.arrived(begun, before, now),
            None => self.arrived(since, now),
        };
        let used = current * self.cost + polls;
        let (ends, all) = (begun + length_ms, self.limit * length_ms);
        let weighed = all.saturating_sub(before * (ends - now) + used * length_ms) / (self.cost * length_ms);
        let most = self.sums.as_ref().map_or(u64::MAX, |sums| sums.most(now));
        let free = weighed.min(most.saturating_sub(current * self.cost) / self.cost);
        if free > 0 {
            return Ok(free);
        }
        let left = self.limit.saturating_sub(used + self.cost) * length_ms;
        let falls = match left.checked_div(before) {
            // Only polls to come are in the way.
            _ if weighed > 0 => now,
            Some(left_ms) if left_ms > 0 => ends - left_ms.min(length_ms),
            _ => ends,
        };
        let waits = self.sums.as_ref().and_then(|sums| sums.waits(now, (current + 1) * self.cost));
        Err(falls.max(waits.unwrap_or(now + 1)))
    }

    /// What polls cost that fall due from `from` on and have surely arrived before `until`.
    fn arrived(&self, from: Ms, until: Ms) -> u64 {
        let (from, until) = (from.max(self.start_ms), until.saturating_sub(self.poll_slack_ms));
        self.polls.iter().map(|polls| polls.between(from, until)).sum::<u64>() * self.poll_cost
    }

    fn forget_before(&mut self, from: Ms) {
        while let Some((_, total)) = self.sent.pop_front_if(|(at, _)| *at < from) {
            self.gone = total;
        }
    }

    /// What still matters.
    fn held(&self) -> u64 {
        self.total - self.gone
    }

    /// What was sent from `from` on.
    fn since(&self, from: Ms) -> u64 {
        let earlier = self.sent.partition_point(|(at, _)| *at < from);
        self.total - earlier.checked_sub(1).map_or(self.gone, |last| self.sent[last].1)
    }

    fn send(&mut self, now: Ms, count: u64) {
        if matches!(self.flow, Flow::Aligned | Flow::Log | Flow::TwoCounter) {
            self.sent.push_back((now, self.total + count));
        }
        self.total += count;
        if let Some(log) = &mut self.known {
            log.send(now, count);
        }
    }
}

/// The work and the windows it goes through.
#[derive(Clone, Debug)]
pub struct Work<'a> {
    /// Windows with their true kinds.
    pub windows: &'a [WindowSpec],
    /// What a history request costs.
    pub cost: Cost,
    /// What a poll costs.
    pub poll_cost: Cost,
    /// The polls beside it.
    pub polls: &'a [Polls<'a>],
    /// Further windows with other polls beside it: those of users, taken together.
    pub users: (&'a [WindowSpec], &'a [Polls<'a>]),
    /// How long after it fell due a poll may arrive.
    pub poll_slack_ms: Ms,
    /// Set where a clock window is to be taken as it is charged: with what is sent so long before it begins and after
    /// it ends, since that may be counted on either side of the boundary.
    pub on_both_sides: Option<(Ms, Ms)>,
    /// When it is asked for, in milliseconds since the Unix epoch.
    pub from_ms: Ms,
    /// When the run starts.
    pub start_ms: Ms,
    /// Number of requests that are asked for then.
    pub requests: u64,
    /// When more are asked for, ascending, and how many.
    pub later: &'a [(Ms, u64)],
    /// The longest latency where the bound is to allow for it, else 0: added to the length of every window that no
    /// clock cuts, and how long what is sent stays counted as new where two counters are added.
    pub latency_ms: Ms,
    /// How much later than by our clock windows begin that the provider's clock cuts.
    pub clock_off_ms: i64,
}

/// When the window began that is open at `now`, by a clock that is so much behind ours.
fn begun_ms(now: Ms, length_ms: Ms, clock_off_ms: i64) -> Ms {
    let there = now.saturating_add_signed(-clock_off_ms);
    (there - there % length_ms).saturating_add_signed(clock_off_ms)
}

/// Whether the clock says where windows begin.
fn is_cut(kind: Kind) -> bool {
    matches!(kind, Kind::Aligned | Kind::TwoCounter)
}

fn length_ms(spec: &WindowSpec, work: &Work<'_>) -> Ms {
    spec.length_ms + if is_cut(spec.kind) { 0 } else { work.latency_ms }
}

/// What a window allows: in any one stretch of its length, and all told. Over one length polls may lag
/// behind their rate by a few, which is much of a small limit; over many it is little.
fn flows(spec: &WindowSpec, work: &Work<'_>, polls: &[Polls<'_>]) -> Vec<Flow> {
    let length_ms = length_ms(spec, work);
    let opened = begun_ms(work.from_ms, length_ms, work.clock_off_ms);
    let steps = |from, more| Flow::Steps { from, more };
    match spec.kind {
        Kind::Aligned => vec![Flow::Aligned, steps(opened, 0)],
        Kind::Log | Kind::Unknown => vec![Flow::Log, steps(work.from_ms, 0)],
        // Earlier polls may have begun a window that ends just after history is asked for.
        Kind::Anchored => vec![steps(work.from_ms, u64::from(work.from_ms > work.start_ms))],
        // The rest follows where polls to come are looked at one by one.
        Kind::TwoCounter if KnownSums::are_known(polls, length_ms) => vec![Flow::TwoCounter],
        Kind::TwoCounter => vec![Flow::TwoCounter, Flow::Aligned, steps(opened, 0), Flow::Short(opened)],
        Kind::Bucket => vec![Flow::Even(work.from_ms)],
    }
}

/// The earliest moment by which all of `work` can have been sent; `None` where it never can.
#[must_use]
pub fn earliest_ms(work: &Work<'_>) -> Option<Ms> {
    Some(fastest(work)?.last().map_or(work.from_ms, |(at_ms, _)| *at_ms))
}

/// The fastest that `work` can be sent: when, ascending, and how many requests; `None` where it never can.
#[must_use]
pub fn fastest(work: &Work<'_>) -> Option<Vec<(Ms, u64)>> {
    let rest = |spec: &WindowSpec, beside, flow| {
        let length_ms = length_ms(spec, work);
        let lag_ms = if matches!(flow, Flow::TwoCounter) { work.latency_ms } else { 0 };
        // Where windows allow for the latency, requests count from when they are sent.
        let allows = lag_ms > 0 || length_ms > spec.length_ms;
        let poll_slack_ms = if allows { 0 } else { work.poll_slack_ms };
        let (poll_cost, cost) = (work.poll_cost.of(spec.unit), work.cost.of(spec.unit));
        let polls = (beside, poll_cost, poll_slack_ms);
        let known = || KnownLog::new((spec.limit, length_ms), polls, cost, work.from_ms);
        let sums = || KnownSums::new((spec.limit, length_ms), polls, lag_ms);
        Rest {
            length_ms,
            known: matches!(flow, Flow::Log).then(known).flatten(),
            sums: matches!(flow, Flow::TwoCounter).then(sums).flatten(),
            past: Past::default(),
            counted: ((0, 0), 0),
            flow,
            limit: spec.limit,
            polls: beside,
            poll_cost,
            cost,
            from_ms: work.from_ms,
            start_ms: work.start_ms,
            poll_slack_ms,
            lag_ms,
            on_both_sides: work.on_both_sides,
            clock_off_ms: work.clock_off_ms,
            sent: VecDeque::new(),
            total: 0,
            gone: 0,
        }
    };
    let mut rests: Vec<_> = [(work.windows, work.polls), work.users]
        .into_iter()
        .flat_map(|(windows, polls)| windows.iter().map(move |spec| (spec, polls)))
        .filter(|(spec, _)| work.cost.of(spec.unit) > 0)
        .flat_map(|(spec, polls)| {
            flows(spec, work, polls).into_iter().map(move |flow| rest(spec, polls, flow))
        })
        .collect();
    let (mut left, mut now) = (work.requests, work.from_ms);
    let (mut later, mut sent) = (work.later.iter().peekable(), Vec::new());
    let mut waits = 0;
    loop {
        while let Some((_, more)) = later.next_if(|(at, _)| *at <= now) {
            left += more;
        }
        if left == 0 {
            let Some((at, _)) = later.peek() else { return Some(sent) };
            now = *at;
            // Whoever has nothing to send is not kept from it by polls.
            rests.iter_mut().for_each(|rest| rest.send(now, 0));
            continue;
        }
        let mut room = left;
        let mut wait = None;
        for rest in &mut rests {
            match rest.room(now) {
                Ok(free) => room = room.min(free),
                Err(until) => wait = Some(wait.map_or(until, |other: Ms| other.max(until))),
            }
        }
        match wait {
            Some(until) if until == Ms::MAX || until > work.from_ms + HORIZON_MS => return None,
            Some(until) if waits < WAITS_MAX => {
                now = until;
                waits += 1;
            }
            Some(_) => {
                let rest: u64 = later.map(|(_, more)| more).sum();
                sent.push((now, left + rest));
                return Some(sent);
            }
            None => {
                waits = 0;
                rests.iter_mut().for_each(|rest| rest.send(now, room));
                left -= room;
                sent.push((now, room));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(windows: &[WindowSpec], requests: u64) -> Work<'_> {
        let (cost, poll_cost) = (Cost::ONE, Cost::ONE);
        let (from_ms, start_ms) = (1_000_500, 1_000_500);
        Work {
            windows,
            cost,
            poll_cost,
            polls: &[],
            users: (&[], &[]),
            poll_slack_ms: 0,
            on_both_sides: None,
            from_ms,
            start_ms,
            requests,
            later: &[],
            latency_ms: 0,
            clock_off_ms: 0,
        }
    }

    #[test]
    fn a_log_lets_its_limit_through_once_a_length() {
        let windows = [WindowSpec::requests(10, 1_000, Kind::Log)];
        assert_eq!(earliest_ms(&work(&windows, 10)), Some(1_000_500));
        assert_eq!(earliest_ms(&work(&windows, 11)), Some(1_001_500));
        assert_eq!(earliest_ms(&work(&windows, 31)), Some(1_003_500));
    }

    #[test]
    fn aligned_windows_open_at_their_boundaries() {
        let windows = [WindowSpec::requests(10, 1_000, Kind::Aligned)];
        assert_eq!(earliest_ms(&work(&windows, 11)), Some(1_001_000));
        assert_eq!(earliest_ms(&work(&windows, 21)), Some(1_002_000));
    }

    #[test]
    fn a_leaking_bucket_lets_its_limit_through_and_then_drips() {
        let windows = [WindowSpec::requests(10, 1_000, Kind::Bucket)];
        assert_eq!(earliest_ms(&work(&windows, 10)), Some(1_000_500));
        assert_eq!(earliest_ms(&work(&windows, 15)), Some(1_001_000));
    }

    #[test]
    fn two_counters_let_their_limit_through_and_then_what_the_past_no_longer_weighs() {
        let windows = [WindowSpec::requests(10, 1_000, Kind::TwoCounter)];
        assert_eq!(earliest_ms(&work(&windows, 10)), Some(1_000_500));
        assert_eq!(earliest_ms(&work(&windows, 11)), Some(1_001_100));
        assert_eq!(earliest_ms(&work(&windows, 19)), Some(1_001_900));
        // The tenth would need that nothing is left of the past, so a window carries one less than its limit.
        assert_eq!(earliest_ms(&work(&windows, 20)), Some(1_002_000));
        assert_eq!(earliest_ms(&work(&windows, 28)), Some(1_002_889));
    }

    #[test]
    fn a_clock_that_is_behind_opens_windows_later() {
        let windows = [WindowSpec::requests(10, 1_000, Kind::Aligned)];
        let mut work = work(&windows, 21);
        work.clock_off_ms = 600;
        assert_eq!(earliest_ms(&work), Some(1_001_600));
        work.clock_off_ms = -600;
        assert_eq!(earliest_ms(&work), Some(1_002_400));
    }

    #[test]
    fn the_tighter_of_two_windows_binds() {
        let windows = [
            WindowSpec::requests(10, 1_000, Kind::Aligned),
            WindowSpec::requests(15, 100_000, Kind::Aligned),
        ];
        assert_eq!(earliest_ms(&work(&windows, 16)), Some(1_100_000));
    }

    #[test]
    fn where_polls_leave_nothing_a_bound_ends_all_the_same() {
        let windows = [WindowSpec::requests(1, 1_000, Kind::Aligned)];
        let polls = [Polls {
            connections: 1,
            period_ms: 1_000,
            firsts: Some(&[1_000_900]),
            since_ms: 0,
            until_ms: Ms::MAX,
        }];
        let work = Work { polls: &polls, ..work(&windows, 2) };
        let bound_ms = earliest_ms(&work).unwrap();
        assert!(bound_ms >= u64::from(WAITS_MAX) * 1_000, "{bound_ms}");
    }

    #[test]
    fn what_was_sent_before_more_was_asked_for_takes_its_part_of_the_window() {
        let windows = [WindowSpec::requests(10, 1_000, Kind::TwoCounter)];
        let mut work = work(&windows, 6);
        work.later = &[(1_001_200, 8), (1_009_000, 1)];
        // Of the six 4.8 are left when the eight are asked for: three of them wait for what falls from then on.
        assert_eq!(earliest_ms(&work), Some(1_009_000));
        work.later = &[(1_001_200, 8)];
        assert_eq!(earliest_ms(&work), Some(1_001_667));
        (work.from_ms, work.requests, work.later) = (1_001_200, 8, &[]);
        assert_eq!(earliest_ms(&work), Some(1_001_200));
    }

    #[test]
    fn polls_that_take_everything_leave_no_bound() {
        let windows = [WindowSpec::requests(10, 1_000, Kind::Log)];
        let mut work = work(&windows, 1);
        work.polls =
            &[Polls { connections: 10, period_ms: 1_000, firsts: None, since_ms: 0, until_ms: Ms::MAX }];
        assert_eq!(earliest_ms(&work), None);
    }

    #[test]
    fn polls_whose_moments_are_known_leave_exactly_the_rest() {
        let windows = [WindowSpec::requests(10, 1_000, Kind::Aligned)];
        let firsts = [1_000_600, 1_000_750, 1_000_900];
        let mut work = work(&windows, 8);
        let polls =
            [Polls { connections: 3, period_ms: 500, firsts: Some(&firsts), since_ms: 0, until_ms: Ms::MAX }];
        work.polls = &polls;
        // Three polls before 1,001,000 and six in each second from then on.
        assert_eq!(earliest_ms(&work), Some(1_001_000));
        work.requests = 7;
        assert_eq!(earliest_ms(&work), Some(1_000_500));
        work.requests = 7 + 4 + 1;
        assert_eq!(earliest_ms(&work), Some(1_002_000));
        // The last of them may arrive in the next second.
        work.poll_slack_ms = 150;
        work.requests = 8;
        assert_eq!(earliest_ms(&work), Some(1_000_500));
        // It is charged there, as one more in that second.
        work.on_both_sides = Some((150, 0));
        (work.from_ms, work.requests) = (1_001_000, 4);
        assert_eq!(earliest_ms(&work), Some(1_002_000));
    }
}
