//! The world of a run: engine, providers and people on one virtual clock.

use std::io::Write;

use super::SimError;
use super::agenda::{Agenda, Event};
use super::chance::Chance;
use super::flight::Flight;
use super::scenario::{Scenario, ScenarioError, hours_ms, seconds_ms};
use super::site::Site;
use crate::app::AppSpec;
use crate::cost::Cost;
use crate::engine::Engine;
use crate::journal::{Journal, Lease, MemoryJournal};
use crate::request::{Grant, Lane};
use crate::time::Ms;

/// The world of a run.
pub struct World<'a, 't> {
    pub(super) scenario: &'a Scenario,
    pub(super) engine: Engine,
    pub(super) sites: Vec<Site>,
    pub(super) start_ms: Ms,
    pub(super) now_ms: Ms,
    pub(super) journal: MemoryJournal,
    pub(super) agenda: Agenda,
    pub(super) chance: Chance,
    pub(super) flights: Vec<Option<Flight>>,
    pub(super) free: Vec<usize>,
    pub(super) trace: Option<&'t mut dyn Write>,
    /// Which process is running; responses to an earlier one are lost.
    pub(super) generation: u64,
    pub(super) alive: bool,
    /// Teams that have not asked for their history yet.
    pub(super) asks: usize,
}

impl<'a, 't> World<'a, 't> {
    /// A world just before its start.
    pub fn new(scenario: &'a Scenario, trace: Option<&'t mut dyn Write>) -> Result<Self, SimError> {
        let start_ms = scenario.start_ms()?;
        for app in &scenario.app {
            if let Some(provider) = app.provider.clone() {
                return Err(ScenarioError::Provider { app: app.id.clone(), provider }.into());
            }
        }
        let mut world = Self {
            scenario,
            engine: Engine::new(),
            sites: scenario.app.iter().map(Site::new).collect(),
            start_ms,
            now_ms: start_ms,
            journal: MemoryJournal::default(),
            agenda: Agenda::default(),
            chance: Chance::new(scenario.seed),
            flights: Vec::new(),
            free: Vec::new(),
            trace,
            generation: 0,
            alive: true,
            asks: 0,
        };
        world.engine = world.register(None)?;
        world.plan();
        Ok(world)
    }

    /// An engine that knows every application, team and user, in the scenario's order. What an earlier one
    /// learned of an application is stored with it.
    fn register(&self, learned: Option<&Engine>) -> Result<Engine, SimError> {
        let mut engine = Engine::new();
        for (shard, (app, site)) in self.scenario.app.iter().zip(&self.sites).enumerate() {
            let new = || AppSpec {
                windows: app.specs(),
                user_windows: app.user_specs().into(),
                poll_cost: Cost::ONE,
                in_flight_max: self.scenario.in_flight_max,
                deadline_ms: self.scenario.request_deadline_ms(),
                order: self.scenario.order,
                ..AppSpec::default()
            };
            let spec = learned.map_or_else(new, |engine| engine.learned(shard as u32));
            let index = engine
                .add_app(spec, self.now_ms)
                .map_err(|error| ScenarioError::Window { app: app.id.clone(), error })?;
            for team in &app.team {
                engine.add_team(index, team.weight, self.now_ms);
            }
            for person in &site.people {
                engine.add_user(index, person.team as u32);
            }
        }
        Ok(engine)
    }

    /// Enters everything that is known beforehand.
    fn plan(&mut self) {
        for (app, wanted) in self.scenario.app.iter().enumerate() {
            for (team, wanted) in wanted.team.iter().enumerate() {
                if wanted.connections > 0 {
                    let at_ms = self.start_ms + seconds_ms(wanted.connect_at_seconds);
                    self.agenda.add(at_ms, Event::Connect { app, team });
                }
                if wanted.history_connections > 0 && wanted.history_requests > 0 {
                    self.asks += 1;
                    let at_ms = self.start_ms + seconds_ms(wanted.history_at_seconds);
                    self.agenda.add(at_ms, Event::Ask { app, team });
                }
                if wanted.live_per_hour > 0.0 {
                    let at_ms = self.start_ms + self.chance.gap_ms(wanted.live_per_hour);
                    self.agenda.add(at_ms, Event::Live { app, team });
                }
            }
            if wanted.external_per_hour > 0.0 {
                let at_ms = self.start_ms + self.chance.gap_ms(wanted.external_per_hour);
                self.agenda.add(at_ms, Event::Foreign { app });
            }
            if let Some(change) = wanted.limit_change {
                self.agenda.add(self.start_ms + hours_ms(change.at_hours), Event::Limit { app });
            }
        }
        for hours in &self.scenario.crash_at_hours {
            let at_ms = self.start_ms + hours_ms(*hours);
            self.agenda.add(at_ms, Event::Crash);
            self.agenda.add(at_ms + seconds_ms(self.scenario.takeover_seconds), Event::TakeOver);
        }
    }

    /// Runs until history is done or time is up.
    pub fn run(&mut self) -> Result<(), SimError> {
        let until_ms = self.start_ms + hours_ms(self.scenario.until_hours);
        let has_history = self.asks > 0;
        loop {
            if has_history && self.asks == 0 && self.sites.iter().all(|site| site.open == 0) {
                break;
            }
            let wake_ms = if self.alive { self.engine.wake_ms() } else { None };
            let Some(next_ms) = wake_ms.into_iter().chain(self.agenda.next_ms()).min() else { break };
            if next_ms > until_ms {
                self.now_ms = until_ms;
                break;
            }
            self.now_ms = self.now_ms.max(next_ms);
            self.step()?;
        }
        let ended_ms = self.now_ms;
        self.drain()?;
        self.now_ms = ended_ms;
        Ok(())
    }

    /// Everything that happens at this moment, then everything the engine wants to send.
    fn step(&mut self) -> Result<(), SimError> {
        while let Some(event) = self.agenda.pop(self.now_ms) {
            self.happen(event)?;
        }
        if !self.alive {
            return Ok(());
        }
        while let Some((id, outcome, record)) = self.engine.expire(self.now_ms) {
            self.append(&[record]);
            self.conclude(id, outcome);
        }
        while let Some(grant) = self.engine.decide(self.now_ms) {
            self.send(grant);
        }
        Ok(())
    }

    /// Lets what is under way arrive, so that the trace has every request that reached a provider.
    fn drain(&mut self) -> Result<(), SimError> {
        self.alive = false;
        while let Some(at_ms) = self.agenda.next_ms().filter(|_| self.flights.iter().any(Option::is_some)) {
            self.now_ms = self.now_ms.max(at_ms);
            if let Some(event @ (Event::Arrive { .. } | Event::Respond { .. })) = self.agenda.pop(self.now_ms)
            {
                self.happen(event)?;
            }
        }
        Ok(())
    }

    pub(super) fn append(&mut self, records: &[crate::journal::Record]) {
        self.journal.append(records).expect("the running process owns every epoch it writes with");
    }

    fn happen(&mut self, event: Event) -> Result<(), SimError> {
        let now_ms = self.now_ms;
        match event {
            Event::Connect { app, team } => {
                let first = self.sites[app].first[team];
                let wanted = &self.scenario.app[app].team[team];
                let settled_ms = self.settled_ms(app);
                for user in first..first + wanted.connections {
                    let person = &mut self.sites[app].people[user as usize];
                    (person.connected, person.settled_ms) = (true, settled_ms);
                    if self.alive {
                        self.engine.poll(app as u32, user, seconds_ms(wanted.poll_seconds), None, now_ms);
                    }
                }
            }
            Event::Ask { app, team } => self.ask(app, team),
            Event::Live { app, team } => {
                let wanted = &self.scenario.app[app].team[team];
                let people = wanted.connections.max(wanted.history_connections);
                if self.alive && people > 0 {
                    let user =
                        self.sites[app].first[team] + self.chance.between(0, u64::from(people) - 1) as u32;
                    self.engine.ask(app as u32, user, now_ms);
                }
                self.agenda.add(now_ms + self.chance.gap_ms(wanted.live_per_hour), event);
            }
            Event::Foreign { app } => {
                let there_ms = self.there(now_ms);
                self.sites[app].provider.arrive(there_ms, None, Cost::ONE);
                let per_hour = self.scenario.app[app].external_per_hour;
                self.agenda.add(now_ms + self.chance.gap_ms(per_hour), event);
            }
            Event::Limit { app } => {
                if let Some(change) = self.scenario.app[app].limit_change
                    && let Some(window) = self.sites[app].provider.windows.get_mut(change.window)
                {
                    window.limit = change.limit;
                }
            }
            Event::Arrive { request } => self.arrive(request)?,
            Event::Respond { request, id } => self.respond(request, id),
            Event::Crash => {
                self.alive = false;
                self.generation += 1;
            }
            Event::TakeOver => self.take_over()?,
        }
        Ok(())
    }

    /// The provider's clock.
    pub(super) fn there(&self, now_ms: Ms) -> Ms {
        now_ms.saturating_add_signed(self.scenario.clock_skew_ms)
    }

    /// From when on polls of those who connect now are to be on time: where history was asked for, once all that was sent
    /// before counts no more.
    fn settled_ms(&self, app: usize) -> Ms {
        if self.sites[app].people.iter().all(|person| person.done.is_empty()) {
            return 0;
        }
        self.counted_ms(app)
    }

    /// Until when what is sent now may count in some window.
    fn counted_ms(&self, app: usize) -> Ms {
        let windows = self.scenario.app[app].specs().into_iter().chain(self.scenario.app[app].user_specs());
        let counts_ms = windows.map(|window| window.counts_ms()).max();
        self.now_ms + counts_ms.unwrap_or(0) + self.scenario.request_deadline_ms()
    }

    fn ask(&mut self, app: usize, team: usize) {
        self.asks -= 1;
        let wanted = &self.scenario.app[app].team[team];
        let first = self.sites[app].first[team];
        for user in first..first + wanted.history_connections {
            let site = &mut self.sites[app];
            site.people[user as usize].done = vec![false; wanted.history_requests as usize];
            site.open += u64::from(wanted.history_requests);
            if self.alive {
                self.pull(app, user);
            }
        }
    }

    /// Starts or resumes a person's pull at what is missing.
    fn pull(&mut self, app: usize, user: u32) {
        let site = &mut self.sites[app];
        let missing = site.people[user as usize].missing();
        if !missing.is_empty() {
            let scenario = &self.scenario.app[app];
            let (cost, days) = (scenario.history_cost(), scenario.history_days.max(1));
            let pull = self.engine.pull(app as u32, user, cost, days, missing, self.now_ms);
            site.pulls.insert(pull.expect("something is missing"), user);
        }
    }

    fn send(&mut self, grant: Grant) {
        self.append(&[grant.record]);
        let app = grant.id.app as usize;
        let site = &mut self.sites[app];
        match (grant.lane, grant.due_ms) {
            (Lane::Poll, Some(due_ms)) => site.polled(grant.user, due_ms, grant.tag_ms, self.now_ms),
            (Lane::Live, Some(asked_ms)) => site.live_lateness.add(self.now_ms - asked_ms),
            _ => {}
        }
        for (most, stretch) in site.stretch.iter_mut().zip(self.engine.stretch_permille(grant.id.app)) {
            *most = (*most).max(stretch);
        }
        let fate = self.chance.fate(self.scenario, self.scenario.request_deadline_ms());
        let flight = Flight { grant, generation: self.generation, sent_ms: self.now_ms, fate, verdict: None };
        let request = self.free.pop().unwrap_or_else(|| {
            self.flights.push(None);
            self.flights.len() - 1
        });
        self.flights[request] = Some(flight);
        self.agenda.add(self.now_ms + fate.there_ms, Event::Arrive { request });
        // One that is lost is forgotten when it would have come back.
        self.agenda.add(self.now_ms + fate.total_ms, Event::Respond { request, id: grant.id });
    }

    /// A successor reads the journal and carries on.
    fn take_over(&mut self) -> Result<(), SimError> {
        for (app, site) in self.sites.iter_mut().enumerate() {
            let waited =
                self.engine.overdue(app as u32).map(|(_, due_ms)| self.now_ms.saturating_sub(due_ms));
            site.unsent_ms = waited.fold(site.unsent_ms, Ms::max);
        }
        self.engine = self.register(Some(&self.engine))?;
        self.alive = true;
        let longest = |app: usize| {
            let scenario = &self.scenario.app[app];
            let windows = scenario.specs().into_iter().chain(scenario.user_specs());
            windows.map(|window| 2 * window.length_ms).max().unwrap_or(0)
        };
        for app in 0..self.sites.len() {
            let shard = app as u32;
            let since_ms = self.now_ms.saturating_sub(longest(app) + 2 * self.scenario.request_deadline_ms());
            let epoch = self.journal.take_over(shard).expect("a journal in memory does not fail");
            let records = self.journal.replay(shard, since_ms).expect("a journal in memory does not fail");
            self.engine.recover(shard, &records, Lease { epoch, until_ms: Ms::MAX }, self.now_ms);
            self.sites[app].pulls.clear();
            // What was missed is made up for by what polls leave of the quota, a twentieth at least.
            let settled_ms = self.counted_ms(app) + 20 * seconds_ms(self.scenario.takeover_seconds);
            for user in 0..self.sites[app].people.len() as u32 {
                let person = &mut self.sites[app].people[user as usize];
                person.settled_ms = settled_ms;
                if person.connected {
                    let period_ms = seconds_ms(self.scenario.app[app].team[person.team].poll_seconds);
                    self.engine.poll(shard, user, period_ms, person.tag_ms, self.now_ms);
                }
                self.pull(app, user);
            }
        }
        Ok(())
    }
}
