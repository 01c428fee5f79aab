//! `kill -9` under concurrent writers: no acknowledged write is lost, no request is visible by half, what was created
//! under a token is not created again, and the audit log tells of every change and of no other.
//!
//! `LOOKBACK_KILL_ROUNDS=100 cargo test --release --test kill` runs more rounds than the default. All rounds
//! work on one database.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

#[path = "kill/creator.rs"]
mod creator;
#[path = "kill/log.rs"]
mod log;
#[path = "kill/rotation.rs"]
mod rotation;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use creator::Creator;
use log::Entry;
use support::{Access, Place, Server, client};

const WRITERS: usize = 6;
/// Of each writer; a request writes all of them.
const TEAMS: usize = 3;
const PROVIDERS: [&str; 3] = ["oura", "garmin", "strava"];
/// A server is killed once this many answers at most have come.
const ANSWERS_MAX: u64 = 80;

/// One who writes number after number to teams of its own, the next as soon as the last is acknowledged.
#[derive(Clone)]
struct Writer {
    teams: Vec<String>,
    /// The last number that was sent.
    sent: u64,
    /// The last one that was acknowledged.
    acknowledged: u64,
    /// Every one that was acknowledged since the last kill.
    recorded: BTreeSet<u64>,
}

/// A number as a preference: its default and one override, so that it may grow beyond 365.
fn preference(number: u64) -> Value {
    let days = |days: u64| json!({ "historical_days_to_pull": days });
    json!({ "default": days(number / 366 % 366), "resource_overrides": { "sleep": days(number % 366) } })
}

/// The number that a preference shows, 0 where none was written.
fn number(shown: &Value) -> u64 {
    let days = |of: &Value| of["historical_days_to_pull"].as_u64().unwrap();
    match &shown["resource_overrides"] {
        Value::Null => 0,
        overrides => days(&shown["default"]) * 366 + days(&overrides["sleep"]),
    }
}

/// The number of a preference as the audit log tells it, 0 where there was none.
fn told(preference: &Value) -> u64 {
    let days = |of: &Value| of.as_u64().unwrap();
    match preference {
        Value::Null => 0,
        set => days(&set["default"]) * 366 + days(&set["overrides"]["sleep"]),
    }
}

impl Writer {
    /// Writes until the server is gone.
    async fn write(
        mut self,
        url: String,
        key: String,
        answers: Arc<AtomicU64>,
        answered: Arc<Notify>,
    ) -> Self {
        let client = client();
        loop {
            self.sent += 1;
            let changes: serde_json::Map<_, _> =
                PROVIDERS.iter().map(|&provider| (provider.to_owned(), preference(self.sent))).collect();
            let body = json!({ "team_ids": self.teams, "providers": changes });
            let request = client.post(&url).header("x-management-key", &key).json(&body);
            let Ok(answer) = request.send().await else { return self };
            // With the status the write is acknowledged, whether the body still comes or not.
            assert_eq!(answer.status(), 200);
            self.acknowledged = self.sent;
            self.recorded.insert(self.sent);
            answers.fetch_add(1, Ordering::Relaxed);
            answered.notify_one();
            if answer.bytes().await.is_err() {
                return self;
            }
        }
    }

    /// Whole, and not older than what was acknowledged.
    async fn check(&mut self, access: &Access, server: &Server) {
        let teams: Vec<_> = self.teams.iter().map(|team| ("team_id", team)).collect();
        let request = client().get(access.url(server)).query(&teams).header("x-management-key", &access.key);
        let page: Value = request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
        let entries = page["data_pull_preferences"].as_array().unwrap();
        assert_eq!(entries.len(), TEAMS);
        let numbers = entries
            .iter()
            .flat_map(|entry| PROVIDERS.iter().map(|&provider| number(&entry["providers"][provider])));
        let numbers: Vec<_> = numbers.collect();
        let found = numbers[0];
        assert!(numbers.iter().all(|&other| other == found), "a request is visible by half: {numbers:?}");
        assert!(found >= self.acknowledged, "{found} is there, {} was acknowledged", self.acknowledged);
        assert!(found <= self.sent, "{found} is there, which nobody sent");
        // What was not acknowledged and is there all the same stays.
        self.acknowledged = found;
    }

    /// From what was there `before` the entries of each team lead to what is there now, one from the other, and each
    /// write that was acknowledged has its own.
    fn check_log(&mut self, before: u64, entries: &[Entry]) {
        for team in &self.teams {
            let of_team = entries.iter().filter(|entry| entry.team_id.as_ref() == Some(team));
            let numbers = |of: &Value| PROVIDERS.map(|provider| told(&of["providers"][provider]));
            let changes: BTreeMap<_, _> =
                of_team.map(|entry| (numbers(&entry.after), numbers(&entry.before))).collect();
            let mut last = [before; PROVIDERS.len()];
            for (after, before) in &changes {
                assert_eq!(*before, last, "an entry is missing, or tells of what did not happen");
                last = *after;
            }
            assert_eq!(last, [self.acknowledged; PROVIDERS.len()], "the last entry is not the last change");
            let numbers: BTreeSet<_> = changes.keys().map(|numbers| numbers[0]).collect();
            assert!(self.recorded.is_subset(&numbers), "{:?} of {numbers:?}", self.recorded);
        }
        self.recorded.clear();
    }
}

/// A sequence that is random enough, and the same at each run.
struct Seeded(u64);

impl Seeded {
    fn up_to(&mut self, max: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        1 + self.0 % max
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a test runs is said from outside")]
fn rounds() -> u64 {
    std::env::var("LOOKBACK_KILL_ROUNDS").map_or(5, |rounds| rounds.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_acknowledged_is_lost_and_nothing_is_there_by_half() {
    let place = Place::new();
    let access = place.bootstrap();
    let create = || {
        let team = place.json(&["team", "create", "--org", &access.org, "--name", "x"]);
        team["id"].as_str().unwrap().to_owned()
    };
    let writer = || Writer {
        teams: (0..TEAMS).map(|_| create()).collect(),
        sent: 0,
        acknowledged: 0,
        recorded: BTreeSet::new(),
    };
    let mut writers: Vec<_> = (0..WRITERS).map(|_| writer()).collect();
    writers.sort_by(|one, other| one.teams.cmp(&other.teams));
    let mut creators = creator::KINDS.map(Creator::new).to_vec();
    let mut seeded = Seeded(0x100c_bac4);
    let mut server = place.serve();
    let (mut total, mut newest) = (0, log::newest(&access, &server).await);
    for _ in 0..rounds() {
        let (answers, answered) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
        let (mut writing, mut creating) = (JoinSet::new(), JoinSet::new());
        let before: Vec<_> = writers.iter().map(|writer| writer.acknowledged).collect();
        for writer in writers.drain(..) {
            let (url, key) = (access.url(&server), access.key.clone());
            writing.spawn(writer.write(url, key, answers.clone(), answered.clone()));
        }
        for creator in creators.drain(..) {
            let url = creator.url(&access, &server);
            creating.spawn(creator.create(url, access.key.clone()));
        }
        let moment = seeded.up_to(ANSWERS_MAX);
        while answers.load(Ordering::Relaxed) < moment {
            answered.notified().await;
        }
        server.kill();
        (writers, creators) = (writing.join_all().await, creating.join_all().await);
        writers.sort_by(|one, other| one.teams.cmp(&other.teams));
        total += answers.load(Ordering::Relaxed);

        server = place.serve();
        for writer in &mut writers {
            writer.check(&access, &server).await;
        }
        for creator in &mut creators {
            creator.repeat(&access, &server).await;
        }
        let entries = log::since(&access, &server, &mut newest).await;
        for (writer, before) in writers.iter_mut().zip(before) {
            writer.check_log(before, &entries);
        }
        for creator in &mut creators {
            creator.check_log(&entries);
        }
    }
    for creator in &creators {
        creator.check_listed(&access, &place);
    }
    println!("{total} acknowledged writes, {} rounds", rounds());
}
