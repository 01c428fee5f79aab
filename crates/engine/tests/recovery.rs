//! A crash at any journal record, and a successor: no window is exceeded and no chunk is lost.

use lookback_engine::quota::{Kind, WindowSpec};
use lookback_engine::sim::{self, Scenario, Summary, provider::Provider};
use lookback_engine::{
    AppSpec, Cost, Engine, Journal, Lane, Lease, MemoryJournal, Ms, Outcome, Record, Response, Status,
};
use std::collections::BTreeMap;

const START_MS: Ms = 1_764_000_000_000 - 40_000;
const CHUNKS: u32 = 40;
const LEASE_AND_DEADLINE_MS: Ms = 4_000;
const DEADLINE_MS: Ms = 3_000;

/// A process, a provider that outlives it, and what is committed.
struct World {
    engine: Engine,
    journal: MemoryJournal,
    provider: Provider,
    committed: Vec<bool>,
    refused: u32,
    now_ms: Ms,
}

fn windows(kind: Kind) -> Vec<WindowSpec> {
    vec![WindowSpec::requests(7, 10_000, kind), WindowSpec::requests(15, 60_000, kind)]
}

fn engine(kind: Kind, now_ms: Ms) -> Engine {
    let mut engine = Engine::new();
    let spec = AppSpec {
        windows: windows(kind),
        user_windows: [WindowSpec::requests(9, 30_000, kind)].into(),
        deadline_ms: DEADLINE_MS,
        ..AppSpec::default()
    };
    engine.add_app(spec, now_ms).expect("windows in range");
    engine.add_team(0, 1, now_ms);
    engine.add_user(0, 0);
    engine.add_user(0, 0);
    engine
}

impl World {
    fn new(kind: Kind) -> Self {
        let provider = Provider::new(&windows(kind), &[WindowSpec::requests(9, 30_000, kind)], kind);
        let mut engine = engine(kind, START_MS);
        engine.poll(0, 0, 20_000, None, START_MS);
        engine.pull(0, 1, Cost::ONE, 1, Some(0..CHUNKS), START_MS);
        let committed = vec![false; CHUNKS as usize];
        Self { engine, journal: MemoryJournal::default(), provider, committed, refused: 0, now_ms: START_MS }
    }

    /// Runs until `records` have been written, then dies before the next one is; or until all is done.
    fn run(&mut self, records: usize) {
        // Arrivals and responses under way: latencies of 0 to 1.9 s, from the sequence number.
        let mut agenda: BTreeMap<(Ms, u64, bool), (lookback_engine::Grant, bool)> = BTreeMap::new();
        while self.journal.records().len() < records && self.committed.contains(&false) {
            while let Some((_, _, record)) = self.engine.expire(self.now_ms) {
                self.journal.append(&[record]).expect("the epoch is ours");
            }
            while let Some(grant) = self.engine.decide(self.now_ms) {
                if self.journal.records().len() == records {
                    break;
                }
                self.journal.append(&[grant.record]).expect("the epoch is ours");
                let there = grant.id.sequence * 737 % 950;
                let back = grant.id.sequence * 311 % 950;
                agenda.insert((self.now_ms + there, grant.id.sequence, false), (grant, false));
                agenda.insert((self.now_ms + there + back, grant.id.sequence, true), (grant, true));
            }
            let next = agenda.first_key_value().map(|(key, _)| key.0);
            self.now_ms = next.into_iter().chain(self.engine.wake_ms()).min().expect("something is to come");
            while let Some(entry) = agenda.first_entry().filter(|entry| entry.key().0 <= self.now_ms) {
                let (grant, response) = entry.remove();
                if response {
                    let answer = Response::plain(Status::Served);
                    let (outcome, record) = self.engine.respond(grant.id, &answer, self.now_ms);
                    if let Outcome::ChunkDone(chunk) = outcome {
                        self.committed[chunk.chunk as usize] = true;
                    }
                    if self.journal.records().len() < records {
                        self.journal.append(&record.into_iter().collect::<Vec<_>>()).expect("ours");
                    }
                } else {
                    self.arrive(self.now_ms, grant);
                }
            }
        }
        // The process is dead; what it sent still arrives.
        for ((at_ms, _, response), (grant, _)) in agenda {
            if !response {
                self.arrive(at_ms, grant);
            }
        }
    }

    fn arrive(&mut self, at_ms: Ms, grant: lookback_engine::Grant) {
        self.refused += u32::from(!self.provider.arrive(at_ms, Some(grant.user), grant.cost).accepted);
    }

    fn take_over(&mut self, kind: Kind) {
        self.now_ms += LEASE_AND_DEADLINE_MS;
        self.engine = engine(kind, self.now_ms);
        let epoch = self.journal.take_over(0).expect("in memory");
        let records = self.journal.replay(0, self.now_ms - 200_000).expect("in memory");
        self.engine.recover(0, &records, Lease { epoch, until_ms: Ms::MAX }, self.now_ms);
        self.engine.poll(0, 0, 20_000, Some(0), self.now_ms);
        let missing: Vec<_> = (0..CHUNKS)
            .filter(|chunk| !self.committed[*chunk as usize])
            .map(|chunk| chunk..chunk + 1)
            .collect();
        self.engine.pull(0, 1, Cost::ONE, 1, missing, self.now_ms);
    }
}

#[test]
fn a_crash_at_every_journal_record_overspends_nothing_and_loses_no_chunk() {
    for kind in [Kind::Aligned, Kind::Anchored, Kind::Log, Kind::TwoCounter, Kind::Bucket] {
        let mut whole = World::new(kind);
        whole.run(usize::MAX);
        assert_eq!(whole.refused, 0, "{kind:?}");
        for crash_after in 0..whole.journal.records().len() {
            let mut world = World::new(kind);
            world.run(crash_after);
            world.take_over(kind);
            world.run(usize::MAX);
            assert_eq!(world.refused, 0, "{kind:?}, crash after record {crash_after}");
            assert!(!world.committed.contains(&false), "{kind:?}, crash after record {crash_after}");
        }
    }
}

/// Once nothing of a predecessor is replayed any more, its numbers are not known either.
#[test]
fn a_successors_grants_are_not_taken_for_old_ones_that_are_settled_and_forgotten() {
    for kind in [Kind::Aligned, Kind::Anchored, Kind::Log, Kind::TwoCounter, Kind::Bucket] {
        let mut world = World::new(kind);
        world.run(usize::MAX);
        world.now_ms += 3_600_000;
        world.committed.fill(false);
        world.take_over(kind);
        world.run(world.journal.records().len() + 14);
        world.take_over(kind);
        world.run(usize::MAX);
        assert_eq!(world.refused, 0, "{kind:?}");
    }
}

#[test]
fn two_epochs_that_find_nothing_to_replay_give_their_grants_different_numbers() {
    let first = |epoch| {
        let mut engine = engine(Kind::Log, START_MS);
        engine.set_lease(0, Lease { epoch, until_ms: Ms::MAX }, START_MS);
        engine.pull(0, 0, Cost::ONE, 1, Some(0..7), START_MS);
        engine.decide(START_MS).expect("a chunk waits").id.sequence
    };
    assert!(first(1) < first(2));
}

#[test]
#[should_panic(expected = "a successor has an epoch of its own")]
fn nobody_takes_over_under_the_epoch_of_a_predecessor() {
    let mut world = World::new(Kind::Log);
    world.run(1);
    let records = world.journal.records().to_vec();
    engine(Kind::Log, START_MS).recover(0, &records, Lease { epoch: 0, until_ms: Ms::MAX }, START_MS);
}

#[test]
fn a_successor_remembers_what_is_settled_and_charges_what_is_open_until_its_deadline() {
    let kind = Kind::Log;
    let mut engine = engine(kind, START_MS);
    let grant = |sequence, sent_ms| Record::Grant {
        shard: 0,
        sequence,
        epoch: 0,
        user: 1,
        lane: Lane::Poll,
        cost: Cost::new(3, 0),
        sent_ms,
    };
    let settled = Record::Settle { shard: 0, sequence: 1, acked_ms: START_MS + 1_000 };
    let records = [grant(1, START_MS), grant(2, START_MS + 500), settled];
    let takeover_ms = START_MS + 5_000;
    engine.recover(0, &records, Lease { epoch: 1, until_ms: Ms::MAX }, takeover_ms);
    engine.pull(0, 0, Cost::ONE, 1, Some(0..7), takeover_ms);
    let mut sent = Vec::new();
    while sent.len() < 5 {
        let now_ms = engine.wake_ms().expect("work waits");
        while engine.expire(now_ms).is_some() {}
        while let Some(grant) = engine.decide(now_ms) {
            engine.respond(grant.id, &Response::plain(Status::Served), now_ms);
            sent.push(now_ms);
        }
    }
    // One of seven is free at once; three more a length after the settled grant's acknowledgement, three
    // a length after the open one's new deadline.
    assert_eq!(
        sent,
        [takeover_ms, START_MS + 11_001, START_MS + 11_001, START_MS + 11_001, takeover_ms + 10_001]
    );
}

#[test]
fn an_owner_whose_lease_has_ended_sends_nothing() {
    let mut engine = engine(Kind::Log, START_MS);
    let lease = Lease { epoch: 0, until_ms: START_MS + 10 };
    engine.set_lease(0, lease, START_MS);
    engine.pull(0, 0, Cost::ONE, 1, Some(0..7), START_MS + 9);
    assert!(engine.decide(START_MS + 9).is_some());
    assert!(engine.decide(START_MS + 10).is_none());
    assert_eq!(lease.successor_starts_ms(DEADLINE_MS), START_MS + 10 + DEADLINE_MS);
}

fn run(scenario: &str) -> Summary {
    let scenario = Scenario::parse(scenario).expect("a scenario");
    sim::run(&scenario, None).expect("windows in range")
}

/// The lease and the deadline are over five seconds after our clock's boundary, fifteen before the provider's.
#[test]
fn a_successor_knows_what_was_learned_of_the_providers_clock() {
    let summary = run(r#"
        start = "2026-11-24T06:01:00Z"
        until_hours = 3
        latency_ms = [50, 300]
        clock_skew_ms = -20000
        crash_at_hours = [0.218056]

        [[app]]
        id = "app"
        server_kind = "aligned"
        windows = [{ limit = 100, seconds = 900, kind = "aligned" }]

        [[app.team]]
        id = "team"
        connections = 1
        poll_seconds = 3600
        history_connections = 3
        history_requests = 100
    "#);
    assert_eq!((summary.rejected, summary.history_done), (0, 300));
}

/// The limit is halved before anything is sent in its window, and the crash comes when the next one opens.
#[test]
fn a_successor_knows_a_limit_that_headers_named() {
    let summary = run(r#"
        start = "2026-11-24T06:01:00Z"
        until_hours = 9
        latency_ms = [50, 300]
        crash_at_hours = [1.2333]

        [[app]]
        id = "app"
        server_kind = "aligned"
        windows = [{ limit = 100, seconds = 900, kind = "aligned" }]
        limit_change = { at_hours = 0.2, limit = 50 }

        [[app.team]]
        id = "team"
        connections = 1
        poll_seconds = 600
        history_connections = 10
        history_requests = 80
        history_at_seconds = 1800
    "#);
    assert_eq!((summary.rejected, summary.history_done), (0, 800));
}
