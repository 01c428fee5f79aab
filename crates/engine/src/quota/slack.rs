//! How much history a window can take without making a poll wait.

use super::counters::Counters;
use super::room::Dues;
use super::spec::Kind;
use super::weighted::Weighted;
use super::window::Window;
use crate::cost::Unit;
use crate::time::{Instant, Ms};

/// What polls may cost in the time ahead.
pub trait Ahead {
    /// No more than this in the next `span_ms`, in `unit`.
    fn most(&self, unit: Unit, span_ms: Ms) -> u64;

    /// A bound that grows evenly with time and is cheap to work out: never below [`Ahead::most`], and never
    /// above the straight line between an earlier and a later one.
    fn even(&self, unit: Unit, span_ms: Ms) -> u64;

    /// How long until each poll of the next `span_ms`, ascending, and what each costs, where they are known
    /// one by one and few.
    fn dues(&self, _unit: Unit, _span_ms: Ms) -> Option<(Vec<Ms>, u64)> {
        None
    }

    /// When each request in flight has landed at the latest, in `unit`, ascending; none where they may be taken to count
    /// for all of the time ahead.
    fn landings(&self, _unit: Unit) -> Vec<(Ms, u64)> {
        Vec::new()
    }
}

/// Nobody polls.
pub struct Nobody;

impl Ahead for Nobody {
    fn most(&self, _: Unit, _: Ms) -> u64 {
        0
    }

    fn even(&self, _: Unit, _: Ms) -> u64 {
        0
    }
}

impl Window {
    /// The least room that stays beside the polls which fall due before this window frees up, in the
    /// window's unit; negative where polls alone will not fit.
    ///
    /// `latency_ms` is how long a response takes at most as far as known.
    #[must_use]
    pub fn slack(&self, at: Instant, latency_ms: Ms, ahead: &dyn Ahead) -> i64 {
        let unit = self.spec.unit;
        let foreign = |span_ms| self.foreign.expected(at.now_ms, span_ms);
        let most = |span_ms: Ms| (ahead.most(unit, span_ms) + foreign(span_ms)) as i64;
        let even = |span_ms: Ms| (ahead.even(unit, span_ms) + foreign(span_ms)) as i64;
        let limit = self.limit() as i64;
        let by_log = self.log.as_ref().map(|log| {
            let counts_ms = log.counts_ms(self.limit());
            let horizon_ms = counts_ms + latency_ms;
            let live = self.logged(log) as i64;
            let landed =
                ahead.landings(unit).into_iter().map(|(lands_ms, cost)| (lands_ms + counts_ms, cost));
            let expiries = log.entries().chain(landed);
            limit
                - live
                - match ahead.dues(unit, horizon_ms).filter(|_| foreign(horizon_ms) == 0) {
                    Some((dues, cost)) => log_peak_exact(expiries, at, &dues, cost),
                    None => log_peak(expiries, at, horizon_ms, &most, &even),
                }
        });
        let by_clock = self.counters.as_ref().map(|counters| match (self.spec.kind, &self.weighted) {
            (Kind::Aligned, _) => self.aligned_slack(counters, at, latency_ms, limit, &most),
            (_, Some(weighted)) => self.weighted_slack(weighted, at, latency_ms, ahead, &even),
            (_, None) => {
                let ahead_ms = counters.two(at).2 + self.spec.length_ms;
                match ahead
                    .dues(unit, ahead_ms)
                    .filter(|_| counters.overlapped(at).is_none() && foreign(ahead_ms) == 0)
                {
                    Some(dues) => self.two_counter_exact(counters, at, latency_ms, limit, &dues),
                    None => self.two_counter_slack(counters, at, latency_ms, limit, &even),
                }
            }
        });
        match (by_log, by_clock) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b).unwrap_or(limit),
        }
    }

    /// What polls that fall due when all that is counted now has lost its weight need is theirs anyway.
    fn weighted_slack(
        &self,
        weighted: &Weighted,
        at: Instant,
        latency_ms: Ms,
        ahead: &dyn Ahead,
        even: &dyn Fn(Ms) -> i64,
    ) -> i64 {
        let (limit, in_flight) = (self.limit(), self.flown());
        let span_ms = 2 * self.spec.length_ms + latency_ms;
        let alone = self.foreign.expected(at.now_ms, span_ms) == 0;
        match ahead.dues(self.spec.unit, span_ms).filter(|_| alone) {
            Some((dues, cost)) => {
                weighted.room(at, in_flight, latency_ms, limit, &Dues { dues: &dues, cost })
            }
            None if even(span_ms) == 0 => limit as i64 - weighted.charged(at, in_flight) as i64,
            None => weighted.room_evenly(at, in_flight, latency_ms, limit, even),
        }
    }

    /// How far ahead [`Window::slack`] looks at most.
    #[must_use]
    pub fn horizon_ms(&self, at: Instant, latency_ms: Ms) -> Ms {
        let by_log = self.log.as_ref().map_or(0, |log| log.counts_ms(self.limit()) + latency_ms);
        let by_clock = self.counters.as_ref().map_or(0, |_| match self.spec.kind {
            Kind::Aligned => self.spec.length_ms + latency_ms + 4 * at.epsilon_ms,
            _ => 2 * self.spec.length_ms + latency_ms + 4 * at.epsilon_ms,
        });
        by_log.max(by_clock)
    }

    fn aligned_slack(
        &self,
        counters: &Counters,
        at: Instant,
        latency_ms: Ms,
        limit: i64,
        demand: &dyn Fn(Ms) -> i64,
    ) -> i64 {
        let ends = counters.ends(at);
        let mut slack = limit - counters.newest() as i64 - demand(ends - at.now_ms);
        if let Some(old) = counters.overlapped(at) {
            slack =
                slack.min(limit - old as i64 - demand(counters.overlap_ends(at).saturating_sub(at.now_ms)));
        }
        // What is still in flight at the boundary is charged to the next window as well.
        if is_closing(counters, at, latency_ms) {
            let next = demand(ends + self.spec.length_ms - at.now_ms);
            slack = slack.min(limit - self.in_flight as i64 - next);
        }
        slack
    }

    /// The weighted sum falls evenly and an even demand rises evenly, so their sum is highest at one end of
    /// the window; rounding up adds one. Near a boundary a request may be charged on both sides of it and
    /// counts twice.
    fn two_counter_slack(
        &self,
        counters: &Counters,
        at: Instant,
        latency_ms: Ms,
        limit: i64,
        demand: &dyn Fn(Ms) -> i64,
    ) -> i64 {
        let (_, current, rest_ms) = counters.two(at);
        if demand(self.spec.length_ms + latency_ms) == 0 {
            return limit - counters.two_counter(at) as i64;
        }
        let now = limit - counters.two_counter(at) as i64 - demand(0) - 1;
        let end = limit - current as i64 - demand(rest_ms + 2 * at.epsilon_ms) - 1;
        let mut slack = now.min(end);
        if let Some(old) = counters.overlapped(at) {
            let newest = counters.newest() as i64;
            let overlap_ms = counters.overlap_ends(at).saturating_sub(at.now_ms);
            slack = slack.min((limit - old as i64 - newest - demand(overlap_ms)) / 2);
            slack = slack.min(limit - newest - demand(counters.ends(at) - at.now_ms));
        } else if is_closing(counters, at, latency_ms) {
            let twice = limit - current as i64 - self.in_flight as i64;
            slack = slack.min((twice - demand(rest_ms + 2 * at.epsilon_ms)) / 2);
        }
        slack
    }

    /// The same where each poll to come is known: the sum is highest at one of them, in this window or, where
    /// what is counted now still weighs, in the next.
    fn two_counter_exact(
        &self,
        counters: &Counters,
        at: Instant,
        latency_ms: Ms,
        limit: i64,
        (dues, cost): &(Vec<Ms>, u64),
    ) -> i64 {
        let length_ms = self.spec.length_ms;
        let (previous, current, rest_ms) = counters.two(at);
        let weighed = |count: u64, left_ms: Ms| (count * left_ms).div_ceil(length_ms);
        // Polls this close to the boundary may be counted on both sides of it.
        let unsure_ms = 2 * at.epsilon_ms;
        let before = current + cost * dues.partition_point(|due| *due <= rest_ms + unsure_ms) as u64;
        let after = dues.partition_point(|due| due + latency_ms + unsure_ms < rest_ms);
        let mut peak = counters.two_counter(at);
        for (index, &due_ms) in dues.iter().enumerate() {
            if due_ms <= rest_ms + unsure_ms {
                let polls = cost * (index as u64 + 1);
                peak = peak.max(weighed(previous, rest_ms.saturating_sub(due_ms)) + current + polls);
            }
            if due_ms + unsure_ms >= rest_ms {
                let left_ms = (length_ms + rest_ms).saturating_sub(due_ms).min(length_ms);
                let polls = cost * (index + 1 - after.min(index)) as u64;
                peak = peak.max(weighed(before, left_ms) + polls);
            }
        }
        let mut slack = limit - peak as i64;
        if is_closing(counters, at, latency_ms) {
            // What is in flight at the boundary is counted on both sides of it, the past side falling.
            for (index, &due_ms) in dues.iter().enumerate().filter(|(_, due)| **due + unsure_ms >= rest_ms) {
                let left_ms = (length_ms + rest_ms).saturating_sub(due_ms).min(length_ms);
                let polls = cost * (index + 1 - after.min(index)) as u64;
                let room = limit - (weighed(before, left_ms) + self.in_flight + polls) as i64;
                let room = room * length_ms as i64 / (length_ms + left_ms) as i64;
                slack = slack.min(room);
            }
        }
        slack
    }

    /// What of `limit` polls may take, in thousandths of a unit: `permille`, or less where the limit is so small
    /// that what this leaves is not one whole request of history between any two polls.
    #[must_use]
    pub fn poll_share(&self, limit: u64, permille: u64, history: bool) -> u64 {
        let rounded = self.counters.is_some() && self.spec.kind != Kind::Aligned;
        poll_share(rounded, limit, permille, history)
    }

    /// How long a poll takes part of the window: while it is under way, and as long as it may be charged.
    #[must_use]
    pub fn occupied_ms(&self, at: Instant, latency_ms: Ms) -> Ms {
        let by_log = self.log.as_ref().map_or(0, |log| log.life_ms() + latency_ms);
        let unsure_ms = latency_ms + 2 * at.epsilon_ms;
        let unsure_ms = if self.weighted.is_some() { latency_ms } else { unsure_ms };
        let by_clock = self.counters.as_ref().map_or(0, |_| self.spec.length_ms + unsure_ms);
        by_log.max(by_clock)
    }

    /// How long slack is trusted: demand falls as time passes.
    #[must_use]
    pub fn slack_lives_ms(&self) -> Ms {
        (self.spec.length_ms / 64).max(1_000)
    }

    /// When to work slack out again that did not suffice: once something expires, a window ends or a limit
    /// recovers, and in any case when it has grown old.
    #[must_use]
    pub fn ask_again(&self, at: Instant) -> Ms {
        let by_log = self.log.as_ref().and_then(|log| log.entries().next().map(|(expiry, _)| expiry));
        let by_clock = self.counters.as_ref().map(|counters| match counters.overlapped(at) {
            Some(_) => counters.overlap_ends(at),
            None => counters.ends(at),
        });
        let changes = [by_log, by_clock, self.limit.recovers()].into_iter().flatten();
        let change_ms = changes.filter(|&ms| ms > at.now_ms).min().unwrap_or(Ms::MAX);
        let step_ms = if self.weighted.is_some() { self.falls_ms() } else { Ms::MAX };
        change_ms.min(at.now_ms + self.slack_lives_ms().min(step_ms))
    }

    /// How long a weighted sum takes to fall by one request, more or less.
    fn falls_ms(&self) -> Ms {
        (self.spec.length_ms / self.limit()).max(self.spec.length_ms / 512).max(1)
    }

    /// A number that changes whenever an entry expires, a weighted sum may have fallen by one or the provider's clock
    /// leaves a window for certain.
    #[must_use]
    pub fn revision(&self, at: Instant) -> u64 {
        let expired = self.log.as_ref().map_or(0, |log| u64::from(log.expired()));
        let left = self.counters.as_ref().is_some_and(|counters| counters.overlapped(at).is_none());
        let fallen = self.weighted.as_ref().map_or(0, |_| at.now_ms / self.falls_ms());
        (expired * 2 + u64::from(left)).wrapping_mul(1_000_003).wrapping_add(fallen)
    }

    /// A number that changes whenever the provider's clock may have entered a new window, what is sent may be in
    /// flight when it enters the next one, or the limit moves.
    #[must_use]
    pub fn era(&self, at: Instant, latency_ms: Ms) -> u64 {
        let by_clock = self
            .counters
            .as_ref()
            .map_or(0, |counters| 2 * counters.starts_ms() + u64::from(is_closing(counters, at, latency_ms)));
        by_clock.wrapping_mul(1_000_003).wrapping_add(self.limit())
    }

    /// Foreign use to expect in the next `span_ms`.
    #[must_use]
    pub fn expected_foreign(&self, now_ms: Ms, span_ms: Ms) -> u64 {
        self.foreign.expected(now_ms, span_ms)
    }
}

/// [`Window::poll_share`] of a window whose counts are rounded up, or not.
pub fn poll_share(rounded: bool, limit: u64, permille: u64, history: bool) -> u64 {
    // One request keeps the next window from taking another.
    let units = if rounded { (limit * 1_000).saturating_sub(1_000).max(500) } else { limit * 1_000 };
    let share = units * permille / 1_000;
    let room = if history { units.saturating_sub(2_000).max(share / 2) } else { units };
    share.min(room).max(1)
}

/// Whether what is sent now may still be in flight when the newest window is over.
fn is_closing(counters: &Counters, at: Instant, latency_ms: Ms) -> bool {
    at.latest() + latency_ms + 2 * at.epsilon_ms >= counters.ends(at)
}

/// How far the polls to come can lift a log above what is live now, until everything charged now has expired: `expiries` says
/// when that is of what, ascending. Between two of them only polls are added, so just before each is where to look.
fn log_peak(
    expiries: impl Iterator<Item = (Ms, u64)>,
    at: Instant,
    horizon_ms: Ms,
    most: &dyn Fn(Ms) -> i64,
    even: &dyn Fn(Ms) -> i64,
) -> i64 {
    let last = most(horizon_ms);
    let mut peak = most(0);
    let mut expired = 0;
    for (expiry, cost) in expiries.take_while(|(expiry, _)| *expiry <= at.now_ms + horizon_ms) {
        // No later expiry can matter once even the whole demand is below the peak.
        if last - expired <= peak {
            return peak;
        }
        // The cheap bound says of most that they are no peak.
        let span_ms = expiry - at.now_ms;
        if even(span_ms) - expired > peak {
            peak = peak.max(most(span_ms) - expired);
        }
        expired += cost as i64;
    }
    peak.max(last - expired)
}

/// The same where each poll to come is known: one of them makes the peak.
fn log_peak_exact(expiries: impl Iterator<Item = (Ms, u64)>, at: Instant, dues: &[Ms], cost: u64) -> i64 {
    let all = cost as i64 * dues.len() as i64;
    let mut entries = expiries.map(|(expiry, cost)| (expiry - at.now_ms, cost as i64)).peekable();
    let (mut peak, mut polls, mut expired) = (0, 0, 0);
    for due_ms in dues {
        while let Some((_, cost)) = entries.next_if(|(expiry_ms, _)| expiry_ms < due_ms) {
            expired += cost;
        }
        if all - expired <= peak {
            break;
        }
        polls += cost as i64;
        peak = peak.max(polls - expired);
    }
    peak
}
