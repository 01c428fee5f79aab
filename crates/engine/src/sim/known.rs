//! What a log lets through beside polls whose moments are known.
//!
//! What is sent now stays in every stretch that ends less than a length from now. So no more than this can have
//! been sent by now, all told: for each such stretch, what had been sent before it, and what its limit leaves
//! beside its polls. Whoever always sends as much as that has sent as much as anybody can have.

use std::collections::VecDeque;

use super::polls::{Polls, are_known};
use crate::time::Ms;

/// Most polls within a length that are looked at one by one.
const POLLS_MAX: u64 = 4_096;

/// A log, the polls that go through it, and what else was sent.
#[derive(Clone, Debug)]
pub struct KnownLog<'a> {
    length_ms: Ms,
    limit: u64,
    polls: &'a [Polls<'a>],
    poll_cost: u64,
    cost: u64,
    /// When polls fall due, ascending, as far as was needed.
    dues: Vec<Ms>,
    known_until_ms: Ms,
    /// Those of them that were looked at as the last one of a stretch, and those that were in none of these.
    seen: usize,
    passed: usize,
    /// When something was sent, and what had been by then.
    sent: Vec<(Ms, u64)>,
    /// Stretches ahead by their ends, and what can have been sent by now for their sake: each leaves less than
    /// all that end later.
    ahead: VecDeque<(Ms, u64)>,
    slack_ms: Ms,
    from_ms: Ms,
}

impl<'a> KnownLog<'a> {
    /// A log of `limit` in any `length_ms`, from `from_ms` on; `None` where the moments of its polls are not known,
    /// or they are many. Polls arrive up to `slack_ms` after they fall due.
    pub fn new(
        (limit, length_ms): (u64, Ms),
        (polls, poll_cost, slack_ms): (&'a [Polls<'a>], u64, Ms),
        cost: u64,
        from_ms: Ms,
    ) -> Option<Self> {
        are_known(polls, length_ms, POLLS_MAX).then(|| Self {
            length_ms,
            limit,
            polls,
            poll_cost,
            cost,
            dues: Vec::new(),
            known_until_ms: from_ms.saturating_sub(length_ms),
            seen: 0,
            passed: 0,
            sent: Vec::new(),
            ahead: VecDeque::new(),
            slack_ms,
            from_ms,
        })
    }

    /// What may be sent at `now`, or when more may if that is nothing. `None` if polls alone have left nothing for all
    /// of their periods: then they may do so for ever.
    pub fn room(&mut self, now: Ms) -> Option<Result<u64, Ms>> {
        self.look_ahead(now);
        while self.ahead.front().is_some_and(|(ends, _)| *ends < now) {
            self.ahead.pop_front();
        }
        let arrived = self.dues.partition_point(|due| due + self.slack_ms <= now);
        let gone = self.dues.partition_point(|due| due + self.length_ms <= now);
        let here = self.most(now, arrived, gone);
        let most = self.ahead.front().map_or(here, |(_, most)| here.min(*most));
        let sent = self.sent.last().map_or(0, |(_, sent)| *sent);
        if most > sent {
            return Some(Ok(most - sent));
        }
        let idle_since_ms = self.sent.last().map_or(self.from_ms, |(at, _)| *at);
        let longest_ms = self.polls.iter().map(|polls| polls.period_ms).max().unwrap_or(0);
        if now > idle_since_ms + longest_ms + 2 * self.length_ms {
            return None;
        }
        // Nothing can go before the last stretch without room has passed.
        let full = self.ahead.partition_point(|(_, most)| *most <= sent);
        let passes = full.checked_sub(1).map(|last| self.ahead[last].0 + 1);
        let expiry = || {
            let batch = self.sent.partition_point(|(at, _)| at + self.length_ms <= now);
            let first = self.dues.get(gone).into_iter().chain(self.sent.get(batch).map(|(at, _)| at)).min();
            first.map(|first| first + self.length_ms)
        };
        Some(Err(passes.or_else(expiry).unwrap_or(Ms::MAX)))
    }

    /// `count` are sent at `now`.
    pub fn send(&mut self, now: Ms, count: u64) {
        let before = self.sent.last().map_or(0, |(_, sent)| *sent);
        self.sent.push((now, before + count));
    }

    /// What had been sent at `at`.
    fn sent_by(&self, at: Option<Ms>) -> u64 {
        let batches = at.map_or(0, |at| self.sent.partition_point(|(sent, _)| *sent <= at));
        batches.checked_sub(1).map_or(0, |last| self.sent[last].1)
    }

    /// What can have been sent for the sake of the stretch that ends at `at`, in which are the polls between the
    /// two places.
    fn most(&self, at: Ms, arrived: usize, gone: usize) -> u64 {
        let polls = arrived.saturating_sub(gone) as u64 * self.poll_cost;
        self.sent_by(at.checked_sub(self.length_ms)) + self.limit.saturating_sub(polls) / self.cost
    }

    /// Takes in the stretches that end with a poll less than a length from `now`.
    fn look_ahead(&mut self, now: Ms) {
        // What arrived more than a length ago is in no stretch that ends from now on.
        let past_ms = self.length_ms + self.length_ms.max(self.slack_ms);
        self.known_until_ms = self.known_until_ms.max(now.saturating_sub(past_ms));
        while self.known_until_ms <= now + self.length_ms {
            let until_ms = self.known_until_ms + self.length_ms;
            let from = self.dues.len();
            for polls in self.polls {
                self.dues.extend(polls.dues(self.known_until_ms, until_ms));
            }
            self.dues[from..].sort_unstable();
            self.known_until_ms = until_ms;
        }
        while let Some(ends) = self.dues.get(self.seen).map(|due| due + self.slack_ms) {
            if ends >= now + self.length_ms {
                return;
            }
            self.seen += 1;
            while self.dues.get(self.passed).is_some_and(|due| due + self.length_ms <= ends) {
                self.passed += 1;
            }
            let most = self.most(ends, self.seen, self.passed);
            while self.ahead.back().is_some_and(|(_, other)| *other >= most) {
                self.ahead.pop_back();
            }
            self.ahead.push_back((ends, most));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH_MS: Ms = 40;
    const LIMIT: u64 = 7;

    /// What can have been sent by each moment, from the rule as it is written above.
    fn by_rule(firsts: &[Ms], period_ms: Ms, slack_ms: Ms, until: Ms) -> Vec<u64> {
        let is_due =
            |at: Ms| firsts.iter().any(|first| at >= *first && (at - first).is_multiple_of(period_ms));
        let polls = |ends: Ms| {
            let surely = |due: &Ms| is_due(*due) && due + slack_ms <= ends;
            ((ends + 1).saturating_sub(LENGTH_MS)..=ends).filter(surely).count() as u64
        };
        let mut sent: Vec<u64> = Vec::new();
        for now in 0..until {
            let most = (now..now + LENGTH_MS).map(|ends| {
                let before = ends.checked_sub(LENGTH_MS).map_or(0, |before| sent[before as usize]);
                before + LIMIT.saturating_sub(polls(ends))
            });
            sent.push(most.min().unwrap());
        }
        sent
    }

    #[test]
    fn as_much_goes_as_the_rule_lets_through() {
        for (firsts, period_ms, slack_ms) in
            [(vec![], 9, 0), (vec![3, 4], 15, 0), (vec![5, 12, 19], 30, 0), (vec![5, 12, 19, 20], 30, 4)]
        {
            let connections = firsts.len() as u64;
            let polls = [Polls {
                connections,
                period_ms,
                firsts: Some(firsts.as_slice()),
                since_ms: 0,
                until_ms: Ms::MAX,
            }];
            let mut log = KnownLog::new((LIMIT, LENGTH_MS), (&polls, 1, slack_ms), 1, 0).unwrap();
            let (mut sent, mut now) = (0, 0);
            let expected = by_rule(&firsts, period_ms, slack_ms, 400);
            while now < 400 {
                let next = match log.room(now).unwrap() {
                    Ok(count) => {
                        log.send(now, count);
                        sent += count;
                        now + 1
                    }
                    Err(until) => until,
                };
                for at in now..next.min(400) {
                    assert_eq!(sent, expected[at as usize], "{firsts:?} at {at}");
                }
                now = next;
            }
        }
    }

    #[test]
    fn a_long_wait_changes_nothing_of_what_may_go_after_it() {
        let firsts = [5, 9_010];
        let polls = [Polls {
            connections: 2,
            period_ms: 10_000,
            firsts: Some(&firsts),
            since_ms: 0,
            until_ms: Ms::MAX,
        }];
        let begin = || KnownLog::new((LIMIT, LENGTH_MS), (&polls, 1, 7), 1, 0).unwrap();
        let mut walked = begin();
        for now in 0..10_000 {
            let mut jumped = begin();
            for log in [&mut walked, &mut jumped] {
                if now > 0 {
                    log.sent = vec![(0, 3)];
                }
            }
            assert_eq!(jumped.room(now), walked.room(now), "at {now}");
        }
    }
}
