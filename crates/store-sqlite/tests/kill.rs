//! Killed with `-9` at any moment, the store loses nothing it acknowledged and shows nothing half done.
//!
//! The test runs itself as a second process that writes from many tasks and reports each acknowledgement, and
//! kills it after a number of them. `LOOKBACK_KILL_ROUNDS` asks for more rounds than the ten that are usual:
//! `LOOKBACK_KILL_ROUNDS=100 cargo test -p lookback-store-sqlite --test kill --release`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use lookback_domain::{Days, Environment, OrgId, Preference, Provider, Region, Resource, TeamId};
use lookback_store::testing::{UNRAISED, by, numbered};
use lookback_store::{
    Action, Actor, AuditFilter, AuditStore, Author, Org, OrgStore, PreferenceStore, Scope, Selection, Team,
    TeamPreferences, Visible,
};
use lookback_store_sqlite::{Options, SqliteStore};
use serde_json::json;
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const SCOPE: Scope =
    Scope { org_id: ORG, region: Region::Us, environment: Environment::Production, visible: Visible::All };
const PROVIDERS: [Provider; 3] = [Provider::Oura, Provider::Garmin, Provider::Polar];
const WRITERS: u16 = 16;
/// Acknowledgements before a kill, at most.
const ACKNOWLEDGED_MAX: usize = 500;
/// How many times the preferences of a team were set.
const ENTRIES: &str = "SELECT count(*) FROM audit_entry WHERE action = 'preferences_set'";
/// Where the second process finds the store.
const PATH: &str = "LOOKBACK_KILL_PATH";

/// The teams of one writer, or those that all of them write, each pair in one request.
fn pair(writer: Option<u16>) -> [TeamId; 2] {
    let n = u128::from(writer.map_or(0, |writer| writer + 1));
    [100 + 2 * n, 101 + 2 * n].map(|n| TeamId(Uuid::from_u128(n)))
}

/// What a writer stores with its nth request. Three numbers of days hold the writer and n.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    writer: u16,
    n: u32,
}

impl Mark {
    fn preference(self) -> Preference {
        let days = |n: u32| Days::try_from(i64::from(n)).expect("a remainder of 366 is a number of days");
        let overrides = [(Resource::Sleep, days(self.n % 366)), (Resource::Steps, days(self.n / 366 % 366))];
        Preference { default: days(self.writer.into()), overrides: overrides.into() }
    }

    fn author(self) -> Author {
        numbered(Actor::CommandLine, Timestamp::UNIX_EPOCH, u32::from(self.writer) << 24 | self.n)
    }

    /// The one mark that is on all of these teams and providers; none where nothing is stored yet.
    fn on(teams: &[TeamPreferences]) -> Option<Self> {
        let first = teams[0].providers.values().next()?;
        let days = |resource| u32::from(first.overrides[resource].get());
        let n = days(&Resource::Sleep) + 366 * days(&Resource::Steps);
        let mark = Self { writer: first.default.get(), n };
        let whole: BTreeMap<_, _> = PROVIDERS.map(|provider| (provider, mark.preference())).into();
        assert!(teams.iter().all(|team| team.providers == whole), "half a request is visible: {teams:?}");
        Some(mark)
    }
}

async fn read(store: &SqliteStore, writer: Option<u16>) -> Option<Mark> {
    let teams = store.preferences(&SCOPE, Selection::Teams(&pair(writer))).await;
    Mark::on(&teams.expect("the teams were created before anybody was killed"))
}

/// Writes to its own teams and to those of all, until the process is killed.
async fn write(store: Arc<SqliteStore>, writer: u16) {
    let teams = [pair(Some(writer)), pair(None)].concat();
    for n in read(&store, Some(writer)).await.map_or(0, |mark| mark.n + 1).. {
        let preference = Mark { writer, n }.preference();
        let changes = PROVIDERS.map(|provider| (provider, preference.clone())).into();
        let by = Mark { writer, n }.author();
        let written = store.upsert_preferences(&SCOPE, &teams, &changes, &UNRAISED, &by).await;
        written.expect("nothing is in the way of a write");
        report(&format!("{writer} {n}"));
    }
}

/// One line to the process that kills. Where that is gone, this one ends.
fn report(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("kill: {line}\n").as_bytes()).expect("somebody listens");
    out.flush().expect("somebody listens");
}

#[test]
#[ignore = "it is the second process, which writes until it is killed"]
#[expect(clippy::disallowed_methods, reason = "it is how the first process tells the second where to write")]
fn second_process() {
    let Ok(path) = std::env::var(PATH) else { return };
    report("start");
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap().block_on(async {
        let store = Arc::new(SqliteStore::open(Path::new(&path), &Options::default()).unwrap());
        let writers = (0..WRITERS).map(|writer| tokio::spawn(write(Arc::clone(&store), writer)));
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
    });
}

/// A process that does not outlive the test, whatever happens.
struct Doomed(Child);

impl Drop for Doomed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(path: &Path) -> (Doomed, BufReader<ChildStdout>) {
    let program = std::env::current_exe().expect("a test is a program");
    let mut child = Command::new(program)
        .args(["--exact", "second_process", "--ignored", "--nocapture"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program that runs can be run");
    let out = child.stdout.take().expect("it is piped");
    (Doomed(child), BufReader::new(out))
}

/// Lets it write `count` times, kills it, and gives the last request of each writer that was acknowledged.
fn run_and_kill(path: &Path, count: usize) -> BTreeMap<u16, u32> {
    let (mut doomed, mut out) = start(path);
    let (mut last, mut acknowledged, mut line) = (BTreeMap::new(), 0, String::new());
    loop {
        line.clear();
        // What stands in the pipe after the kill was acknowledged as well; half a line was not.
        if out.read_line(&mut line).expect("a pipe can be read") == 0 || !line.ends_with('\n') {
            return last;
        }
        let Some((_, said)) = line.trim_end().split_once("kill: ") else { continue };
        if let Some((writer, n)) = said.split_once(' ') {
            let (writer, n) = (writer.parse().expect("a writer"), n.parse().expect("a number"));
            assert!(last.insert(writer, n).is_none_or(|before| before < n));
            acknowledged += 1;
        }
        if acknowledged == count {
            doomed.0.kill().expect("it runs until it is killed");
        }
    }
}

/// The newest entries of this writer's own teams are those of the requests since `after`, each its own.
async fn told(store: &SqliteStore, writer: u16, after: Option<u32>, until: Option<u32>) {
    let new: Vec<_> = (after.map_or(0, |n| n + 1)..until.map_or(0, |n| n + 1)).collect();
    for team in pair(Some(writer)) {
        let filter =
            AuditFilter { team: Some(team), action: Some(Action::PreferencesSet), ..AuditFilter::all() };
        // Were there more entries than requests, the one from before the first would not be the one that is awaited.
        let entries = store.audit(ORG, &filter, None, new.len() + 1).await.expect("the store can be read");
        let mut shown = entries.iter().rev().map(|entry| entry.after.as_ref().expect("something was set"));
        let awaited = after.into_iter().chain(new.iter().copied()).map(|n| Mark { writer, n });
        for mark in awaited {
            let providers = PROVIDERS.map(|provider| (provider, mark.preference()));
            let set = json!({ "environment": SCOPE.environment, "providers": BTreeMap::from(providers) });
            assert_eq!(shown.next(), Some(&set), "of {mark:?}");
        }
        assert_eq!(shown.next(), None, "an entry without its change");
    }
}

/// Nothing acknowledged is lost, nothing is half done, nobody is further than one request, and the audit log tells of
/// all that and nothing else.
async fn check(path: &Path, acknowledged: &BTreeMap<u16, u32>, before: &mut BTreeMap<u16, u32>) {
    let store = SqliteStore::open(path, &Options::default()).expect("the file opens");
    let database = rusqlite::Connection::open(path).expect("the file opens");
    let integrity: String =
        database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it answers");
    assert_eq!(integrity, "ok");
    for writer in 0..WRITERS {
        let last = acknowledged.get(&writer).or(before.get(&writer)).copied();
        let found = read(&store, Some(writer)).await;
        assert!(found.is_none_or(|mark| mark.writer == writer));
        let found = found.map(|mark| mark.n);
        let next = last.map_or(0, |n| n + 1);
        assert!(found == last || found == Some(next), "acknowledged {last:?} of {writer}, found {found:?}");
        told(&store, writer, before.get(&writer).copied(), found).await;
        before.extend(found.map(|n| (writer, n)));
    }
    // Each request is an entry for each of its teams, two of its writer and two of all.
    let requests: i64 = before.values().map(|&n| i64::from(n) + 1).sum();
    let entries: i64 = database.query_row(ENTRIES, [], |row| row.get(0)).expect("it answers");
    assert_eq!(entries, 4 * requests);
    // Whoever wrote last to the teams of all wrote that same mark to its own.
    if let Some(mark) = read(&store, None).await {
        assert_eq!(before.get(&mark.writer), Some(&mark.n), "a request is visible on some of its teams");
    }
}

async fn create(path: &Path) {
    let store = SqliteStore::open(path, &Options::default()).expect("nothing is in the way of a new store");
    let created_at = Timestamp::UNIX_EPOCH;
    let team = |id| Team {
        id,
        org_id: ORG,
        name: String::new(),
        region: Region::Us,
        integration_team_id: None,
        created_at,
    };
    let teams = (0..WRITERS).map(Some).chain([None]).flat_map(pair).map(team).collect();
    let org = Org { id: ORG, name: String::new(), created_at };
    store.create_org(org, teams, vec![], &by()).await.expect("the ids are free");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the number of rounds is for whoever runs the test")]
async fn nothing_acknowledged_is_lost_and_nothing_half_done_is_seen() {
    let rounds = std::env::var("LOOKBACK_KILL_ROUNDS").map_or(10, |rounds| rounds.parse().expect("a number"));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lookback.db");
    create(&path).await;
    let (mut before, mut total, mut random) = (BTreeMap::new(), 0, 1_usize);
    for round in 0..rounds {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Every eighth is killed while it opens the store.
        let count = if round % 8 == 7 { 0 } else { 1 + (random >> 33) % ACKNOWLEDGED_MAX };
        let acknowledged = run_and_kill(&path, count);
        check(&path, &acknowledged, &mut before).await;
        total += count;
    }
    println!("{rounds} kills after {total} acknowledged requests, last ones {before:?}");
    assert!(before.values().any(|&n| n > 0), "nothing was written at all");
}
