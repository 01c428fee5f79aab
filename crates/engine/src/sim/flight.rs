//! A request of ours from its sending to its end.

use super::SimError;
use super::chance::Fate;
use super::scenario::Headers;
use super::trace::Line;
use super::world::World;
use crate::quota::Reading;
use crate::request::{Grant, Outcome, RequestId, Response, Status};
use crate::time::Ms;

/// A request of ours on its way.
#[derive(Clone, Debug)]
pub struct Flight {
    pub grant: Grant,
    /// The process that sent it.
    pub generation: u64,
    pub sent_ms: Ms,
    pub fate: Fate,
    pub verdict: Option<Verdict>,
}

/// What its response will say.
#[derive(Clone, Debug)]
pub struct Verdict {
    status: Status,
    app: Vec<Reading>,
    user: Vec<Reading>,
    date_ms: Option<Ms>,
}

impl World<'_, '_> {
    /// A request reaches its provider.
    pub(super) fn arrive(&mut self, request: usize) -> Result<(), SimError> {
        let there_ms = self.there(self.now_ms);
        let Some(flight) = self.flights[request].as_mut() else { return Ok(()) };
        let grant = flight.grant;
        let site = &mut self.sites[grant.id.app as usize];
        let answer = site.provider.arrive(there_ms, Some(grant.user), grant.cost);
        site.count(grant.lane, answer.accepted);
        if answer.accepted && (flight.fate.fails || flight.fate.lost) {
            site.wasted(grant.lane, grant.user);
        }
        let status = match answer.accepted {
            false => Status::Refused,
            true if flight.fate.fails => Status::Failed,
            true => Status::Served,
        };
        let headers = self.scenario.headers;
        let limits: Vec<u64> = site.provider.windows.iter().map(|window| window.limit).collect();
        flight.verdict = Some(Verdict {
            status,
            app: readings(headers, &answer.app_used, &limits),
            user: readings(headers, &answer.user_used, &[]),
            date_ms: self.scenario.dates.then_some(there_ms / 1_000 * 1_000),
        });
        let Some(out) = self.trace.as_deref_mut() else { return Ok(()) };
        let scenario = &self.scenario.app[grant.id.app as usize];
        let person = &site.people[grant.user as usize];
        let team = scenario.team[person.team].id.as_str();
        let line = Line {
            app: &scenario.id,
            team,
            user: format!("{team}/{}", person.index),
            lane: grant.lane,
            cost: u64::from(grant.cost.units()[0]),
            days: u64::from(grant.cost.units()[1]),
            due_ms: grant.due_ms.map(|due_ms| due_ms - self.start_ms),
            sent_ms: flight.sent_ms - self.start_ms,
            arrived_ms: self.now_ms - self.start_ms,
            acked_ms: (!flight.fate.lost).then(|| flight.sent_ms + flight.fate.total_ms - self.start_ms),
            status: match status {
                Status::Served => 200,
                Status::Failed => 500,
                Status::Refused => 429,
            },
        };
        line.write(out)?;
        Ok(())
    }

    /// Its response comes back, unless it is lost or nobody waits for it any more.
    pub(super) fn respond(&mut self, request: usize, id: RequestId) {
        let Some(flight) = self.flights[request].take() else { return };
        self.free.push(request);
        let stale = flight.generation != self.generation;
        let (true, false, false, Some(verdict)) = (self.alive, flight.fate.lost, stale, flight.verdict)
        else {
            return;
        };
        let response = Response {
            status: verdict.status,
            app: &verdict.app,
            user: &verdict.user,
            retry_after_ms: None,
            date_ms: verdict.date_ms,
        };
        let (outcome, record) = self.engine.respond(id, &response, self.now_ms);
        if let Some(record) = record {
            self.append(&[record]);
        }
        self.conclude(id, outcome);
    }

    /// What the end of a request means for the person it was for.
    pub(super) fn conclude(&mut self, id: RequestId, outcome: Outcome) {
        let site = &mut self.sites[id.app as usize];
        match outcome {
            Outcome::ChunkDone(chunk) => {
                let user = site.pulls[&chunk.pull];
                site.commit(user, chunk.chunk, self.now_ms);
            }
            Outcome::ChunkGivenUp(_) => {
                site.open -= 1;
                site.given_up += 1;
            }
            Outcome::ChunkAgain(_) | Outcome::Over { .. } | Outcome::Unknown => {}
        }
    }
}

/// What usage headers say of windows with these uses.
fn readings(headers: Headers, used: &[u64], limits: &[u64]) -> Vec<Reading> {
    let tell = |used: u64| match headers {
        Headers::Missing => None,
        Headers::Correct => Some(used),
        Headers::Low => Some(used / 2),
        Headers::High => Some(used * 2),
    };
    let reading = |(window, &used): (usize, &u64)| {
        Some(Reading { window, limit: limits.get(window).copied(), used: Some(tell(used)?) })
    };
    used.iter().enumerate().filter_map(reading).collect()
}
