//! One run of the engine in virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cycles::{Cycles, Used};
use super::load::{Load, Proposal};
use crate::cost::{Cost, Unit};
use crate::engine::Engine;
use crate::quota::{Kind, Reading, WindowSpec};
use crate::request::{Grant, Lane, RequestId, Response, Status};
use crate::sim::chance::Chance;
use crate::sim::provider::Provider;
use crate::sim::stats::Histogram;
use crate::time::Ms;

/// A day, in milliseconds.
const DAY_MS: Ms = 86_400_000;

/// The application's number in an engine that has one.
const APP: u32 = 0;

/// When a run may stop short of the end of its history.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// So many requests.
    pub grants_max: u64,
    /// So many moments looked at, whether anything goes then or not.
    pub steps_max: u64,
    /// So long after the start.
    pub until_ms: Ms,
}

/// One run.
#[derive(Debug)]
pub struct Rollout<'a> {
    load: &'a Load,
    engine: Engine,
    /// Counts as the provider does, where its answers tell and something is to be learned from them.
    provider: Option<Provider>,
    dice: Chance,
    now_ms: Ms,
    flights: BinaryHeap<Reverse<(Ms, usize)>>,
    slab: Vec<Option<Flight>>,
    free: Vec<usize>,
    joins: Vec<Join>,
    /// When each of those who joined did.
    joined_ms: Vec<Ms>,
    /// Requests so far, and connections that came.
    pub grants: u64,
    /// Chunks asked for, by the pulls begun.
    pub asked: u64,
    /// Chunks of the pull that has most.
    pub asked_most: u64,
    /// Days of data in all of them.
    pub days: u64,
    /// Connections, by their numbers.
    people: Vec<Person>,
    /// The first cycle whose end was noted.
    noted: Option<usize>,
    /// When history was done.
    pub finish_ms: Option<Ms>,
    /// What was used when.
    pub cycles: Cycles,
    /// How late polls were, by team.
    pub lateness: Vec<Histogram>,
    /// The most that a poll of a connection was late which had joined less than a window before, by team.
    pub newcomers_late_ms: Vec<Ms>,
    /// Largest stretch, by team, in thousandths.
    pub stretch: Vec<u64>,
}

#[derive(Debug)]
struct Flight {
    id: RequestId,
    status: Status,
    app: Vec<Reading>,
    user: Vec<Reading>,
    date_ms: Ms,
}

/// What a connection asked for, and what it used.
#[derive(Clone, Copy, Debug, Default)]
struct Person {
    asked: u64,
    used: Used,
    /// By the end of the first cycle that was noted, which begins with what nobody has used yet, and of the last.
    by_cycle: [Used; 2],
}

impl Person {
    /// What was used in the cycles between.
    fn later(&self) -> Used {
        let [first, last] = self.by_cycle;
        Used { history: last.history - first.history, polls: last.polls - first.polls }
    }
}

/// A team whose connections become more.
#[derive(Debug)]
struct Join {
    team: u32,
    next_ms: Ms,
    every_ms: Ms,
}

impl<'a> Rollout<'a> {
    /// A run of `load` on a fork of `engine`, which knows the teams and their connections already.
    pub fn new(load: &'a Load, engine: &Engine, cycle_ms: Ms, seed: u64) -> Self {
        let unsure = load.windows.iter().chain(&load.user_windows).any(|window| window.kind == Kind::Unknown);
        let told = load.told.filter(|_| unsure);
        let provider =
            told.map(|kind| Provider::new(&load.grown(load.connections()), &load.user_windows, kind));
        let joins = load.teams.iter().enumerate().filter(|(_, team)| team.joins_per_day > 0);
        let joins = joins.map(|(team, wanted)| {
            let every_ms = (DAY_MS / u64::from(wanted.joins_per_day)).max(1);
            Join { team: team as u32, next_ms: load.start_ms + every_ms / 2, every_ms }
        });
        let mut run = Self {
            load,
            engine: engine.clone(),
            provider,
            dice: Chance::new(seed),
            now_ms: load.start_ms,
            flights: BinaryHeap::new(),
            slab: Vec::new(),
            free: Vec::new(),
            joins: joins.collect(),
            joined_ms: Vec::new(),
            grants: 0,
            asked: 0,
            asked_most: 0,
            days: 0,
            people: vec![Person::default(); load.connections() as usize],
            noted: None,
            finish_ms: None,
            cycles: Cycles::new(load.start_ms, cycle_ms),
            lateness: vec![Histogram::default(); load.teams.len()],
            newcomers_late_ms: vec![0; load.teams.len()],
            stretch: vec![1_000; load.teams.len()],
        };
        let mut first = 0;
        for team in &load.teams {
            for user in first..first + team.proposal.as_ref().map_or(0, |proposal| proposal.connections) {
                run.pull(user, team.proposal.as_ref());
            }
            first += team.connections;
        }
        run
    }

    /// Runs until history is done, the cycles repeat themselves, or a bound is reached. `go_on` is asked now and
    /// then whether the answer is still wanted; `false` where it is not.
    pub fn run(&mut self, bounds: Bounds, go_on: &dyn Fn() -> bool) -> bool {
        let has_history = self.engine.pending(APP) > 0;
        let mut steps = 0_u64;
        loop {
            if has_history && self.engine.pending(APP) == 0 {
                self.finish_ms = Some(self.now_ms);
                break;
            }
            let flight = self.flights.peek().map(|Reverse((ms, _))| *ms);
            let join = self.joins.iter().map(|join| join.next_ms).min();
            let next = [self.engine.wake_ms(), flight, join].into_iter().flatten().min();
            let Some(next_ms) = next.filter(|ms| *ms <= self.load.start_ms + bounds.until_ms) else { break };
            self.now_ms = self.now_ms.max(next_ms);
            if self.cycles.roll(self.now_ms) && has_history {
                self.note_people();
                // Where people wait for windows of their own, cycles change as some of them are done.
                let stays = self.load.user_windows.is_empty() || self.grants >= bounds.grants_max / 3;
                if stays && self.cycles.repeat() {
                    break;
                }
            }
            self.step();
            steps += 1;
            if self.grants >= bounds.grants_max || steps >= bounds.steps_max {
                break;
            }
            if steps.is_multiple_of(4_096) && !go_on() {
                return false;
            }
        }
        self.note_stretch();
        let overdue: Vec<_> = self.engine.overdue(APP).collect();
        for (user, due_ms) in overdue {
            self.late(self.engine.team(APP, user), user, due_ms);
        }
        true
    }

    /// When the run ended.
    pub fn ended_ms(&self) -> Ms {
        self.now_ms
    }

    /// Connections there are by now.
    pub fn connections(&self) -> u64 {
        self.load.connections() + self.joined()
    }

    fn joined(&self) -> u64 {
        let since = |join: &Join| (join.next_ms - join.every_ms / 2 - self.load.start_ms) / join.every_ms;
        self.joins.iter().map(since).sum()
    }

    fn step(&mut self) {
        while let Some(Reverse((_, slot))) = self.flights.peek().copied().filter(|due| due.0.0 <= self.now_ms)
        {
            self.flights.pop();
            self.land(slot);
        }
        for join in 0..self.joins.len() {
            while self.joins[join].next_ms <= self.now_ms {
                self.joins[join].next_ms += self.joins[join].every_ms;
                self.join(self.joins[join].team);
            }
        }
        while self.engine.expire(self.now_ms).is_some() {}
        while let Some(grant) = self.engine.decide(self.now_ms) {
            self.send(&grant);
        }
    }

    fn send(&mut self, grant: &Grant) {
        self.grants += 1;
        let person = &mut self.people[grant.user as usize];
        match grant.lane {
            Lane::History => {
                self.cycles.history();
                person.used.history += 1;
            }
            Lane::Poll | Lane::Live => {
                self.cycles.poll();
                person.used.polls += 1;
            }
        }
        if let (Lane::Poll, Some(due_ms)) = (grant.lane, grant.due_ms) {
            self.late(grant.team, grant.user, due_ms);
        }
        if self.grants.is_power_of_two() || self.grants.is_multiple_of(256) {
            self.note_stretch();
        }
        let [low, high] = self.load.latency_ms;
        let latency_ms = self.dice.between(low, high);
        let fails = self.dice.happens(f64::from(self.load.failures_permille) / 1_000.0);
        let (mut status, mut app, mut user) =
            (if fails { Status::Failed } else { Status::Served }, Vec::new(), Vec::new());
        if let Some(provider) = &mut self.provider {
            let verdict = provider.arrive(self.now_ms, Some(grant.user), grant.cost);
            let read = |used: Vec<u64>| {
                let reading = |(window, used)| Reading { window, limit: None, used: Some(used) };
                used.into_iter().enumerate().map(reading).collect()
            };
            (app, user) = (read(verdict.app_used), read(verdict.user_used));
            if !verdict.accepted {
                status = Status::Refused;
            }
        }
        let flight = Flight { id: grant.id, status, app, user, date_ms: self.now_ms / 1_000 * 1_000 };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slab.push(None);
            self.slab.len() - 1
        });
        self.slab[slot] = Some(flight);
        self.flights.push(Reverse((self.now_ms + latency_ms.min(self.load.deadline_ms), slot)));
    }

    /// Notes how late a poll is by now.
    fn late(&mut self, team: u32, user: u32, due_ms: Ms) {
        let late_ms = self.now_ms.saturating_sub(due_ms);
        let joined = (user as usize).checked_sub(self.load.connections() as usize);
        let windows = self.load.windows.iter().chain(&self.load.user_windows);
        let counts_ms = windows.map(WindowSpec::counts_ms).max().unwrap_or(0) + self.load.deadline_ms;
        if joined.is_some_and(|joined| due_ms < self.joined_ms[joined] + counts_ms) {
            let newcomers_late_ms = &mut self.newcomers_late_ms[team as usize];
            *newcomers_late_ms = late_ms.max(*newcomers_late_ms);
        } else {
            self.lateness[team as usize].add(late_ms);
        }
    }

    fn land(&mut self, slot: usize) {
        let Some(flight) = self.slab[slot].take() else { return };
        self.free.push(slot);
        let Flight { id, status, app, user, date_ms } = &flight;
        let response = Response { status: *status, app, user, retry_after_ms: None, date_ms: Some(*date_ms) };
        self.engine.respond(*id, &response, self.now_ms);
    }

    fn join(&mut self, team: u32) {
        // Somebody new is as much work as a request.
        self.grants += 1;
        let user = self.engine.add_user(APP, team);
        self.joined_ms.push(self.now_ms);
        self.people.push(Person::default());
        let wanted = &self.load.teams[team as usize];
        if let Some(period_ms) = wanted.poll_ms {
            self.engine.poll(APP, user, period_ms, None, self.now_ms);
        }
        if let Some(provider) = &mut self.provider {
            let grown = self.load.windows.iter().map(|window| window.limit_per_user);
            provider.windows.iter_mut().zip(grown).for_each(|(window, more)| window.limit += more);
        }
        self.pull(user, wanted.proposal.as_ref());
    }

    /// Starts a connection's pull, as large as the dice say.
    fn pull(&mut self, user: u32, proposal: Option<&Proposal>) {
        let Some(proposal) = proposal.filter(|proposal| !proposal.costs.is_empty()) else { return };
        let drawn = proposal.costs[self.dice.between(0, proposal.costs.len() as u64 - 1) as usize];
        if drawn.requests == 0 {
            return;
        }
        let chunks = drawn.requests.min(u64::from(u32::MAX)) as u32;
        // Every request of a pull is charged alike: what days of data the whole costs, evenly.
        let days = drawn.days_of_data.div_ceil(drawn.requests).min(u64::from(u32::MAX)) as u32;
        let chunk_days = (proposal.days / chunks).max(1);
        self.engine.pull(APP, user, Cost::new(1, days), chunk_days, std::iter::once(0..chunks), self.now_ms);
        self.people[user as usize].asked += u64::from(chunks);
        self.asked += u64::from(chunks);
        self.asked_most = self.asked_most.max(u64::from(chunks));
        self.days += u64::from(chunks) * u64::from(days);
    }

    /// Notes what everybody had used by the end of a cycle.
    fn note_people(&mut self) {
        let is_first = self.noted.is_none();
        self.noted.get_or_insert(self.cycles.whole());
        for person in &mut self.people {
            person.by_cycle = [if is_first { person.used } else { person.by_cycle[0] }, person.used];
        }
    }

    /// When the last of those would be done who use all that windows of their own let through, if they went on like that,
    /// from the start; 0 where nobody does.
    ///
    /// What all do in a cycle becomes less as some of them are done.
    pub fn slowest_ms(&self) -> Ms {
        let (whole, cycle_ms) = (self.cycles.whole() as u64, self.cycles.cycle_ms());
        let later_ms = (whole - self.noted.map_or(whole, |first| first as u64)) * cycle_ms;
        let windows = self.load.user_windows.iter().filter(|window| window.unit == Unit::Requests);
        let most = windows.map(|window| window.limit as f64 * later_ms as f64 / window.length_ms as f64);
        let Some(most) = most.reduce(f64::min) else { return 0 };
        let lasts = self.people.iter().filter_map(|person| {
            let Used { history, polls } = person.later();
            let left = person.asked.saturating_sub(person.by_cycle[1].history);
            (history > 0 && (history + polls) as f64 >= most * 0.9).then(|| left * later_ms / history)
        });
        lasts.max().map_or(0, |lasts_ms| whole * cycle_ms + lasts_ms)
    }

    fn note_stretch(&mut self) {
        for (most, stretch) in self.stretch.iter_mut().zip(self.engine.stretch_permille(APP)) {
            *most = (*most).max(stretch);
        }
    }
}
