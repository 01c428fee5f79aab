//! What time alone does, and when to look again.

use super::{App, Overdue, Timer};
use crate::time::Ms;

impl App {
    /// Brings the application to `now_ms`: polls fall due, pauses end. Deadlines are [`App::expire`]'s.
    pub fn on_time(&mut self, now_ms: Ms) {
        if self.restretch_ms <= now_ms {
            self.restretch(now_ms);
        }
        while let Some((due_ms, team)) = self.due.first()
            && due_ms <= now_ms
        {
            let (tag_ms, user) =
                self.teams[team as usize].polls.pop().expect("a team that is filed has a poll");
            self.fall_due(Overdue { due_ms, user, team, tag_ms });
            self.overdue_count += 1;
            self.reindex_due(team);
        }
        while let Some((at_ms, timer)) = self.timers.peek()
            && at_ms <= now_ms
        {
            self.timers.pop();
            match timer {
                Timer::Poll { user, due_ms } => {
                    let tag_ms = self.waiting.remove(&user).expect("its tag was kept when it began to wait");
                    let team = self.users[user as usize].team;
                    self.fall_due(Overdue { due_ms, user, team, tag_ms });
                }
                Timer::Live { user, asked_ms } => self.live.push_back((asked_ms, user)),
                Timer::Unpark { user } => {
                    for pull in self.parked.remove(&user).unwrap_or_default() {
                        self.offer(pull);
                    }
                }
                Timer::Again { pull, chunk, attempts } => self.offer_again(pull, chunk, attempts),
            }
        }
    }

    /// A chunk is to be asked for again; that may move its pull forward.
    fn offer_again(&mut self, pull: u32, chunk: u32, attempts: u16) {
        let entry = &mut self.pulls[pull];
        let waits = entry.peek().is_some();
        entry.put_back(chunk, attempts);
        if waits {
            // Already offered, or parked: then its place is worked out when its user is let go.
            self.refresh(pull);
        } else {
            self.offer(pull);
        }
    }

    /// Whether anything waits for quota, a response, or a timer that a response may have set.
    pub fn is_waiting(&self) -> bool {
        !self.live.is_empty()
            || !self.overdue.is_empty()
            || !self.timers.is_empty()
            || self.restretch_ms < Ms::MAX
            || self.newcomers.is_some()
            || self.history_waits()
    }

    /// When to look again, given that [`App::decide`] has just returned nothing: the earliest moment at
    /// which time alone can change that. `Ms::MAX` if only a response or new work can.
    pub fn next_wake(&self, now_ms: Ms) -> Ms {
        let mut wake_ms = self.due.first().map_or(Ms::MAX, |(due_ms, _)| due_ms);
        wake_ms = wake_ms.min(self.restretch_ms);
        if let Some((at_ms, _)) = self.timers.peek() {
            wake_ms = wake_ms.min(at_ms);
        }
        if let Some(sent_ms) = self.in_flight.first_sent_ms() {
            wake_ms = wake_ms.min(sent_ms + self.spec.deadline_ms);
        }
        let may_send = self.in_flight.len() < self.spec.in_flight_max && self.lease.allows(now_ms);
        if let Some(release_ms) = may_send.then(|| self.next_release(now_ms)).flatten() {
            wake_ms = wake_ms.min(release_ms);
        }
        wake_ms.max(now_ms + 1)
    }

    /// When the application's quota may let something waiting through.
    fn next_release(&self, now_ms: Ms) -> Option<Ms> {
        let at = self.at(now_ms);
        let joined = self.newcomers.as_ref().filter(|_| self.newcomers_wait());
        let waiting = !self.live.is_empty() || !self.overdue.is_empty();
        let ready = self.history_waits() && self.in_flight.len() < self.history_flying_max();
        if now_ms < self.frozen_until_ms {
            return (waiting || joined.is_some() || ready).then_some(self.frozen_until_ms);
        }
        let by_quota = waiting.then(|| self.bucket.release(at, self.spec.poll_cost).unwrap_or(now_ms + 1));
        // `decide` has just looked at newcomers' polls and at history and said when to look again.
        let by_known = joined.map(|newcomers| newcomers.again_ms);
        let by_reserve = ready.then_some(self.history_again_ms);
        by_quota.into_iter().chain(by_known).chain(by_reserve).min()
    }
}
