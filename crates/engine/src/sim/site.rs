//! One simulated OAuth application: its provider, its people, and what was measured.

use std::collections::BTreeMap;
use std::ops::Range;

use super::provider::Provider;
use super::scenario::AppScenario;
use super::stats::Histogram;
use crate::request::Lane;
use crate::time::Ms;

/// One person.
#[derive(Clone, Debug)]
pub struct Person {
    /// Position of the team.
    pub team: usize,
    /// Position within the team.
    pub index: u32,
    /// When the first poll that was sent fell due.
    pub first_due_ms: Option<Ms>,
    /// When the last poll was sent.
    pub polled_ms: Option<Ms>,
    /// Up to where on its team's clock that served them.
    pub tag_ms: Option<Ms>,
    /// Whether polls go on for them.
    pub connected: bool,
    /// From when on their polls are to be on time: at once, or a window after they joined beside history or a crash.
    pub settled_ms: Ms,
    /// Which chunks of history are committed; empty until they ask.
    pub done: Vec<bool>,
}

impl Person {
    /// Chunks still missing, as ranges.
    pub fn missing(&self) -> Vec<Range<u32>> {
        let mut missing: Vec<Range<u32>> = Vec::new();
        for chunk in (0..self.done.len()).filter(|chunk| !self.done[*chunk]).map(|chunk| chunk as u32) {
            match missing.last_mut() {
                Some(range) if range.end == chunk => range.end += 1,
                _ => missing.push(chunk..chunk + 1),
            }
        }
        missing
    }
}

/// One simulated application.
#[derive(Clone, Debug)]
pub struct Site {
    /// The other side.
    pub provider: Provider,
    /// Everybody, by their number in the engine.
    pub people: Vec<Person>,
    /// First person of each team.
    pub first: Vec<u32>,
    /// Who each pull in the engine is for, by its number.
    pub pulls: BTreeMap<u32, u32>,
    /// How late polls were.
    pub lateness: Histogram,
    /// The same without those in the first window of somebody who joined beside history.
    pub settled_lateness: Histogram,
    /// How late what was asked for live was.
    pub live_lateness: Histogram,
    /// The longest that a poll had waited which was never sent, since whoever was to send it went away.
    pub unsent_ms: Ms,
    /// Time between a connection's polls.
    pub gaps: Histogram,
    /// History requests of each team that failed or whose response was lost, so that they had to be sent again.
    pub again: Vec<u64>,
    /// Requests that arrived, by lane.
    pub arrived: [u64; 3],
    /// Of those, refused.
    pub rejected: u64,
    /// Chunks asked for and not done.
    pub open: u64,
    /// Chunks done.
    pub done: u64,
    /// Chunks given up.
    pub given_up: u64,
    /// When the last chunk was done.
    pub finished_ms: Option<Ms>,
    /// Largest stretch of each team, thousandths.
    pub stretch: Vec<u64>,
}

impl Site {
    /// Nobody connected yet.
    pub fn new(app: &AppScenario) -> Self {
        let (mut people, mut first) = (Vec::new(), Vec::new());
        for (team, wanted) in app.team.iter().enumerate() {
            first.push(people.len() as u32);
            let person = |index| Person {
                team,
                index,
                first_due_ms: None,
                polled_ms: None,
                tag_ms: None,
                connected: false,
                settled_ms: 0,
                done: Vec::new(),
            };
            people.extend((0..wanted.connections.max(wanted.history_connections)).map(person));
        }
        Self {
            provider: Provider::new(&app.grown_specs(), &app.user_specs(), app.real_kind()),
            people,
            first,
            pulls: BTreeMap::new(),
            lateness: Histogram::default(),
            settled_lateness: Histogram::default(),
            live_lateness: Histogram::default(),
            unsent_ms: 0,
            gaps: Histogram::default(),
            again: vec![0; app.team.len()],
            arrived: [0; 3],
            rejected: 0,
            open: 0,
            done: 0,
            given_up: 0,
            finished_ms: None,
            stretch: vec![1_000; app.team.len()],
        }
    }

    /// A poll that fell due at `due_ms` is sent.
    pub fn polled(&mut self, user: u32, due_ms: Ms, tag_ms: Option<Ms>, now_ms: Ms) {
        self.lateness.add(now_ms - due_ms);
        let person = &mut self.people[user as usize];
        if due_ms >= person.settled_ms {
            self.settled_lateness.add(now_ms - due_ms);
        }
        person.first_due_ms.get_or_insert(due_ms);
        person.tag_ms = tag_ms;
        if let Some(before) = person.polled_ms.replace(now_ms) {
            self.gaps.add(now_ms - before);
        }
    }

    /// A chunk is committed.
    pub fn commit(&mut self, user: u32, chunk: u32, now_ms: Ms) {
        let done = &mut self.people[user as usize].done[chunk as usize];
        if !std::mem::replace(done, true) {
            self.open -= 1;
            self.done += 1;
            self.finished_ms = Some(now_ms);
        }
    }

    /// A request of `user` arrived whose answer will be of no use.
    pub fn wasted(&mut self, lane: Lane, user: u32) {
        self.again[self.people[user as usize].team] += u64::from(lane == Lane::History);
    }

    /// A request arrived.
    pub fn count(&mut self, lane: Lane, accepted: bool) {
        self.arrived[lane as usize] += 1;
        self.rejected += u64::from(!accepted);
    }
}
