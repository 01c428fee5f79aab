//! Which request goes next: live, then polls, those of newcomers last, then history.

use super::flights::InFlight;
use super::{App, Order, Overdue, Timer, Whose};
use crate::cost::{Cost, Unit};
use crate::journal::Record;
use crate::mutation;
use crate::poll::next_tag;
use crate::request::{ChunkId, Grant, Lane, RequestId};
use crate::time::{Instant, Ms};

/// A request about to be granted.
struct Choice {
    lane: Lane,
    team: u32,
    user: u32,
    cost: Cost,
    due_ms: Option<Ms>,
    tag_ms: Option<Ms>,
    chunk: Option<(ChunkId, u16)>,
}

impl App {
    /// The next request to send, if one may be sent at `now_ms`. The caller has called [`App::on_time`].
    pub fn decide(&mut self, now_ms: Ms) -> Option<Grant> {
        let at = self.at(now_ms);
        if self.in_flight.len() >= self.spec.in_flight_max
            || now_ms < self.frozen_until_ms
            || !self.lease.allows(now_ms)
        {
            return None;
        }
        let polls = !self.overdue.is_empty() || self.newcomers_wait();
        if self.live.is_empty() && !polls && !self.history_waits() {
            return None;
        }
        self.bucket.advance(at);
        if let Some(choice) = self.choose_live(at) {
            return Some(self.grant(at, &choice));
        }
        if !self.history_was_first()
            && let Some(poll) = self.choose_poll(at).or_else(|| self.choose_newcomer(at))
        {
            let choice = self.take_poll(at, poll);
            return Some(self.grant(at, &choice));
        }
        let choice = self.choose_history(at)?;
        Some(self.grant(at, &choice))
    }

    /// Whether history is ahead of every poll in one queue.
    fn history_was_first(&self) -> bool {
        self.spec.order == Order::Fifo
            && self.pending > 0
            && self.overdue.peek().is_none_or(|poll| self.pending_since_ms <= poll.due_ms)
    }

    fn choose_live(&mut self, at: Instant) -> Option<Choice> {
        let cost = self.spec.poll_cost;
        if self.live.is_empty() || !self.bucket.fits(at, cost) {
            return None;
        }
        while let Some((asked_ms, user)) = self.live.pop_front() {
            if let Some(release_ms) = self.user_release(user, at, cost) {
                self.timers.push((release_ms, Timer::Live { user, asked_ms }));
                continue;
            }
            self.asked.remove(&user);
            self.spend(cost);
            let team = self.users[user as usize].team;
            let due_ms = Some(asked_ms);
            return Some(Choice { lane: Lane::Live, team, user, cost, due_ms, tag_ms: None, chunk: None });
        }
        None
    }

    /// The first poll of those known for longer.
    fn choose_poll(&mut self, at: Instant) -> Option<Overdue> {
        let cost = self.spec.poll_cost;
        if self.overdue.is_empty() || !self.bucket.fits(at, cost) {
            return None;
        }
        if mutation::is("starve-polls") && self.pending > 0 {
            return None;
        }
        while let Some(poll) = self.overdue.pop() {
            if self.may_poll(at, poll) {
                return Some(poll);
            }
        }
        None
    }

    /// The first poll of those who have joined lately, if it takes nothing that is kept for others.
    fn choose_newcomer(&mut self, at: Instant) -> Option<Overdue> {
        let cost = self.spec.poll_cost;
        while let Some(newcomers) = &mut self.newcomers {
            newcomers.again_ms = Ms::MAX;
            newcomers.due.peek()?;
            let again_ms = match self.bucket.release(at, cost) {
                None => self.crowded(at, cost, Whose::Known),
                full => full,
            };
            let newcomers = self.newcomers.as_mut()?;
            if let Some(again_ms) = again_ms {
                newcomers.again_ms = again_ms;
                return None;
            }
            let poll = newcomers.due.pop()?;
            if self.may_poll(at, poll) {
                self.spend_beside(cost, Whose::Known);
                return Some(poll);
            }
        }
        None
    }

    /// Whether the user's own quota lets its poll through; if not, it waits there.
    fn may_poll(&mut self, at: Instant, poll: Overdue) -> bool {
        let Overdue { due_ms, user, tag_ms, .. } = poll;
        let release_ms = self.user_release(user, at, self.spec.poll_cost);
        if let Some(release_ms) = release_ms {
            self.timers.push((release_ms, Timer::Poll { user, due_ms }));
            self.waiting.insert(user, tag_ms);
        }
        release_ms.is_none()
    }

    /// A poll goes, and its next one is entered, whose tag follows from its own, the clock and the period.
    fn take_poll(&mut self, at: Instant, poll: Overdue) -> Choice {
        let Overdue { due_ms, user, team, tag_ms } = poll;
        self.overdue_count -= 1;
        let polls = &mut self.teams[team as usize].polls;
        polls.clock.advance(at.now_ms);
        // Where its period is everybody's there is no need to look at the user.
        let own_ms = || Ms::from(self.users[user as usize].period_ms);
        let period_ms = polls.shared_period_ms.unwrap_or_else(own_ms);
        let mut next_ms = next_tag(tag_ms, polls.clock.tau_ms(), period_ms);
        let served_ms = next_ms - period_ms;
        if mutation::is("stretch-silently") {
            next_ms += period_ms;
        }
        polls.push(next_ms, user);
        self.reindex_due(team);
        let (cost, due_ms, tag_ms) = (self.spec.poll_cost, Some(due_ms), Some(served_ms));
        Choice { lane: Lane::Poll, team, user, cost, due_ms, tag_ms, chunk: None }
    }

    /// Requests history may have in flight: an eighth of the cap stays for polls.
    pub(super) fn history_flying_max(&self) -> u32 {
        let cap = self.spec.in_flight_max;
        if self.all.demand.connections() == 0 { cap } else { cap - cap.div_ceil(8).min(cap - 1) }
    }

    /// The team with the smallest start tag whose next chunk may go. A chunk that does not fit may be
    /// overtaken by cheaper ones of other teams, but by no more than its own cost: then its room is let
    /// accumulate.
    fn choose_history(&mut self, at: Instant) -> Option<Choice> {
        if self.in_flight.len() >= self.history_flying_max() {
            return None;
        }
        let choice = self.first_chunk(at);
        self.fair.recall();
        choice
    }

    fn first_chunk(&mut self, at: Instant) -> Option<Choice> {
        self.history_again_ms = Ms::MAX;
        let mut tag_max = u64::MAX;
        while let Some((tag, team)) = self.fair.first() {
            if tag > tag_max {
                return None;
            }
            let Some(pull) = self.ready_pull(team, at) else { continue };
            let cost = self.pulls.shape(pull).cost;
            let again_ms = match self.bucket.release(at, cost) {
                Some(release_ms) => release_ms,
                None => match self.crowded(at, cost, Whose::All) {
                    // There was no room when each poll was counted, just now: the bound by rate is no bound where
                    // teams' clocks run at different rates.
                    None if self.are_held_back() && self.all.tried_ms == at.now_ms => self.restretch_ms,
                    None if self.are_held_back() => {
                        // There is room beside polls as they are to be: so they may be.
                        self.restretch_ms = 0;
                        at.now_ms + 1
                    }
                    None => return Some(self.take_chunk(at, pull)),
                    Some(again_ms) => again_ms,
                },
            };
            self.history_again_ms = self.history_again_ms.min(again_ms);
            if !self.chunk_costs_differ {
                return None;
            }
            tag_max = tag_max.min(tag + self.fair.span(team, self.dominant(cost)));
            self.fair.pass_over(team);
        }
        None
    }

    /// The team's first pull whose user has room; users without are parked on the way. Where none is left
    /// the team sleeps.
    fn ready_pull(&mut self, team: u32, at: Instant) -> Option<u32> {
        while let Some((_, pull)) = self.teams[team as usize].ready.first() {
            let (user, cost) = self.asks(pull);
            if let Some(parked) = self.parked.get_mut(&user) {
                parked.push(pull);
                self.withdraw(pull);
                continue;
            }
            let Some(release_ms) = self.user_history_release(user, at, cost) else { return Some(pull) };
            self.withdraw(pull);
            self.parked.insert(user, vec![pull]);
            self.timers.push((release_ms, Timer::Unpark { user }));
        }
        self.fair.sleep(team);
        None
    }

    /// The user of a pull and what a chunk of it costs.
    fn asks(&self, pull: u32) -> (u32, Cost) {
        (self.pulls[pull].user, self.pulls.shape(pull).cost)
    }

    fn take_chunk(&mut self, at: Instant, pull: u32) -> Choice {
        let (user, cost) = self.asks(pull);
        let team = self.users[user as usize].team;
        self.history_sent_ms = Some(at.now_ms);
        self.spend(cost);
        self.fair.serve(team, self.dominant(cost));
        let entry = &mut self.pulls[pull];
        let (chunk, attempts) = entry.take().expect("a pull is offered only while it has a chunk to ask for");
        if entry.peek().is_some() {
            self.refresh(pull);
        } else {
            self.withdraw(pull);
        }
        let chunk = Some((ChunkId { pull, chunk }, attempts));
        Choice { lane: Lane::History, team, user, cost, due_ms: None, tag_ms: None, chunk }
    }

    /// What a request takes of the scarcest quota, so that teams whose requests differ can be compared:
    /// thousandths of a millisecond of the tightest window.
    fn dominant(&self, cost: Cost) -> u64 {
        let taken = [Unit::Requests, Unit::DaysOfData].map(|unit| cost.of(unit) * self.worth[unit as usize]);
        taken.into_iter().max().unwrap_or(0).max(1)
    }

    fn grant(&mut self, at: Instant, choice: &Choice) -> Grant {
        let Choice { lane, team, user, cost, due_ms, tag_ms, chunk } = *choice;
        let marks = self.bucket.charge(at, cost);
        let user_marks = self.charge_user(user, at, cost);
        self.sequence += 1;
        let (chunk_id, attempts) = chunk.unwrap_or((ChunkId { pull: 0, chunk: 0 }, 0));
        let (place, open) = self.in_flight.open();
        *open = Some(InFlight {
            sequence: self.sequence,
            lane: Some(lane),
            user,
            cost,
            pull: chunk_id.pull,
            chunk: chunk_id.chunk,
            attempts,
            sent: at,
            marks,
            user_marks,
        });
        Grant {
            id: RequestId { app: self.shard, place, sequence: self.sequence },
            team,
            user,
            lane,
            cost,
            due_ms,
            tag_ms,
            chunk: chunk.map(|(id, _)| id),
            deadline_ms: at.now_ms + self.spec.deadline_ms,
            record: Record::Grant {
                shard: self.shard,
                sequence: self.sequence,
                epoch: self.lease.epoch,
                user,
                lane,
                cost,
                sent_ms: at.now_ms,
            },
        }
    }
}
