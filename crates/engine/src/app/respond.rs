//! What responses, refusals and silence do.

use super::flights::InFlight;
use super::{App, Timer};
use crate::history::ATTEMPTS_MAX;
use crate::journal::Record;
use crate::mutation;
use crate::quota::Bucket;
use crate::request::{ChunkId, Lane, Outcome, RequestId, Response, Status};
use crate::time::{Instant, Ms};

/// First pause after a failure or an unexplained refusal; it doubles up to the longest.
const PAUSE_MS_MIN: Ms = 1_000;
const PAUSE_MS_MAX: Ms = 300_000;

fn pause_ms(failures: u32) -> Ms {
    (PAUSE_MS_MIN << failures.saturating_sub(1).min(16)).min(PAUSE_MS_MAX)
}

/// Responses after which how long they take is known.
const ANSWERS_KNOWN: u8 = u8::MAX - 1;

impl App {
    /// A response came. Returns what it means and what to journal.
    pub fn respond(
        &mut self,
        id: RequestId,
        response: &Response<'_>,
        now_ms: Ms,
    ) -> (Outcome, Option<Record>) {
        let Some(request) = self.in_flight.land(id.place, id.sequence) else {
            return (Outcome::Unknown, None);
        };
        let took_ms = now_ms - request.sent.now_ms;
        // The longest seen, forgotten slowly.
        self.latency_ms =
            took_ms.max(self.latency_ms - (self.latency_ms - took_ms.min(self.latency_ms)) / 256);
        match self.answers {
            // Slack was worked out for the deadline as latency.
            0 => self.forget_slack(),
            // Nothing that is assumed at first has a part in the mean any more. Were the stretch left as it was worked out on the
            // way there, it would depend on a few responses, and stay so for days.
            ANSWERS_KNOWN => self.restretch_ms = 0,
            _ => {}
        }
        self.answers = self.answers.saturating_add(1);
        self.typical.learn(took_ms);
        if self.typical.has_moved() {
            self.restretch_ms = 0;
        }
        if let Some(date_ms) = response.date_ms {
            self.clock.learn(request.sent.now_ms, now_ms, date_ms);
        }
        let at = self.at(now_ms);
        let by = self.observe(&request, response, at);
        self.settle(&request, at, response.status != Status::Refused);
        if response.status == Status::Refused {
            self.refused(&request, response, at, by);
        } else {
            self.unexplained = 0;
        }
        let outcome = self.conclude(&request, response.status, now_ms);
        (outcome, Some(self.settled(&request, now_ms)))
    }

    /// Whether the deadline of a request in flight has passed.
    pub fn has_expired(&self, now_ms: Ms) -> bool {
        self.in_flight.first_sent_ms().is_some_and(|sent_ms| sent_ms + self.spec.deadline_ms <= now_ms)
    }

    /// Gives up the oldest request in flight if its deadline has passed.
    pub fn expire(&mut self, now_ms: Ms) -> Option<(RequestId, Outcome, Record)> {
        if !self.has_expired(now_ms) {
            return None;
        }
        let (place, first) = self.in_flight.first()?;
        let id = RequestId { app: self.shard, place, sequence: first.sequence };
        let request = self.in_flight.land(id.place, id.sequence)?;
        self.settle(&request, self.at(now_ms), false);
        let outcome = self.conclude(&request, Status::Failed, now_ms);
        Some((id, outcome, self.settled(&request, now_ms)))
    }

    fn settled(&self, request: &InFlight, acked_ms: Ms) -> Record {
        Record::Settle { shard: self.shard, sequence: request.sequence, acked_ms }
    }

    /// Lets a request's charges begin to expire. `is_counted` says whether the provider surely counted it.
    fn settle(&mut self, request: &InFlight, at: Instant, is_counted: bool) {
        let settle = if is_counted { Bucket::settle } else { Bucket::give_up };
        self.bucket.advance(at);
        settle(&mut self.bucket, request.sent, at, request.cost);
        self.settle_user(request.user, request.sent, at, request.cost, is_counted);
    }

    /// Takes in the usage a response reports; returns whether the application's and the user's windows
    /// explain a refusal by it.
    fn observe(&mut self, request: &InFlight, response: &Response<'_>, at: Instant) -> (bool, bool) {
        if response.app.is_empty() && response.user.is_empty() || mutation::is("ignore-headers") {
            return (false, false);
        }
        self.bucket.advance(at);
        let limits = self.bucket.limits();
        let (by_app, foreign) = self.bucket.observe(request.sent, at, &request.marks, response.app);
        if foreign > 0 || limits != self.bucket.limits() {
            self.restretch_ms = 0;
        }
        if response.user.is_empty() {
            return (by_app, false);
        }
        let by_user = self.ask_user(request.user, at, |bucket| {
            bucket.observe(request.sent, at, &request.user_marks, response.user).0
        });
        (by_app, by_user.unwrap_or(false))
    }

    /// A refusal: the bucket that caused it waits; if nothing explains it, its model was wrong too.
    fn refused(
        &mut self,
        request: &InFlight,
        response: &Response<'_>,
        at: Instant,
        (by_app, by_user): (bool, bool),
    ) {
        let explained = by_app || by_user;
        let fullest = self.bucket.fullest(at);
        let users_fullest = self.ask_user(request.user, at, |bucket| bucket.fullest(at)).flatten();
        let users = if explained {
            !by_app
        } else {
            users_fullest.map_or(0, |(_, share)| share) > fullest.map_or(0, |(_, share)| share)
                || fullest.is_none() && users_fullest.is_some()
        };
        self.unexplained = if explained { 0 } else { self.unexplained + 1 };
        let patience_ms = if explained { PAUSE_MS_MIN } else { pause_ms(self.unexplained) };
        let until_ms = at.now_ms + response.retry_after_ms.unwrap_or(0).max(patience_ms);
        if users {
            let release_ms = self.ask_user(request.user, at, |bucket| {
                if let (false, Some((window, _))) = (explained, users_fullest) {
                    bucket.falsify(at, window);
                }
                bucket.release(at, request.cost).unwrap_or(0)
            });
            if let Some(release_ms) = release_ms {
                self.user_quotas.freeze(request.user, until_ms.max(release_ms));
            }
            return;
        }
        if let (false, Some((window, _))) = (explained, fullest) {
            self.bucket.falsify(at, window);
            self.restretch_ms = 0;
        }
        self.forget_slack();
        let release_ms = self.bucket.release(at, request.cost).unwrap_or(0);
        self.frozen_until_ms = self.frozen_until_ms.max(until_ms).max(release_ms);
    }

    /// What the end of a request means for the work behind it.
    fn conclude(&mut self, request: &InFlight, status: Status, now_ms: Ms) -> Outcome {
        if request.lane != Some(Lane::History) {
            return Outcome::Over { served: status == Status::Served };
        }
        let id = ChunkId { pull: request.pull, chunk: request.chunk };
        match status {
            Status::Served => {
                self.chunk_over(id.pull);
                Outcome::ChunkDone(id)
            }
            // A refusal is no attempt: nothing is wrong with the chunk.
            Status::Refused => {
                self.again(id, request.attempts, now_ms);
                Outcome::ChunkAgain(id)
            }
            Status::Failed if request.attempts + 1 >= ATTEMPTS_MAX => {
                self.chunk_over(id.pull);
                Outcome::ChunkGivenUp(id)
            }
            Status::Failed => {
                let attempts = request.attempts + 1;
                self.again(id, attempts, now_ms + pause_ms(u32::from(attempts)));
                Outcome::ChunkAgain(id)
            }
        }
    }

    fn again(&mut self, id: ChunkId, attempts: u16, at_ms: Ms) {
        self.timers.push((at_ms, Timer::Again { pull: id.pull, chunk: id.chunk, attempts }));
    }

    /// A chunk needs nothing more. What is left is part of its pull's place in its team.
    fn chunk_over(&mut self, pull: u32) {
        if self.pulls.chunk_over(pull) {
            self.pending -= 1;
            if self.pending == 0 {
                self.restretch_ms = 0;
                (self.chunk_cost, self.chunk_costs_differ) = (None, false);
            }
        } else {
            self.refresh(pull);
        }
    }

    /// Moves a pull that is offered to where it belongs by now.
    pub(super) fn refresh(&mut self, pull: u32) {
        let team = self.users[self.pulls[pull].user as usize].team;
        if let Some(key) = self.pulls.key(pull) {
            self.teams[team as usize].ready.change(&mut *self.pulls, pull, key);
        }
    }
}
