//! A server answers from memory, and never with what is older than what was acknowledged, whoever wrote it.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use jiff::Timestamp;
use lookback_domain::{Days, Environment, OrgId, Preference, Provider, Region, TeamId};
use lookback_store::testing::{UNRAISED, by};
use lookback_store::{
    Error, Org, OrgStore, PreferenceStore, Result, Scope, Selection, Team, TeamStore, Visible,
};
use lookback_store_sqlite::{Options, ServerLock, SqliteStore};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const CACHE_BYTES_MAX: usize = 1 << 20;

fn scope(org_id: OrgId, environment: Environment) -> Scope {
    Scope { org_id, region: Region::Us, environment, visible: Visible::All }
}

/// Teams of different numbers in the file.
fn team(n: u128) -> TeamId {
    TeamId(Uuid::from_u128(n << 80 | 7))
}

fn named(id: TeamId, org_id: OrgId) -> Team {
    let created_at = Timestamp::UNIX_EPOCH;
    Team { id, org_id, name: String::new(), region: Region::Us, integration_team_id: None, created_at }
}

fn org(id: OrgId) -> Org {
    Org { id, name: String::new(), created_at: Timestamp::UNIX_EPOCH }
}

/// A server on a store with an organisation of eight teams, and another process on the same file.
struct Both {
    server: Arc<SqliteStore>,
    command: Arc<SqliteStore>,
    path: PathBuf,
    _directory: TempDir,
}

impl Both {
    async fn open() -> Self {
        Self::with_cache(CACHE_BYTES_MAX).await
    }

    async fn with_cache(bytes_max: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lookback.db");
        let lock = ServerLock::acquire(&path).unwrap();
        let server = Arc::new(SqliteStore::serve(lock, &Options::default(), bytes_max).unwrap());
        let teams = (0..8).map(|n| named(team(n), ORG)).collect();
        server.create_org(org(ORG), teams, vec![], &by()).await.unwrap();
        let command = Arc::new(SqliteStore::open(&path, &Options::default()).unwrap());
        Self { server, command, path, _directory: directory }
    }
}

async fn set(store: &SqliteStore, team: TeamId, environment: Environment, days: u16) {
    let preference = Preference { default: Days::try_from(i64::from(days)).unwrap(), overrides: [].into() };
    let changes = [(Provider::Oura, preference)].into();
    let scope = scope(ORG, environment);
    store.upsert_preferences(&scope, &[team], &changes, &UNRAISED, &by()).await.unwrap();
}

async fn read_in(store: &SqliteStore, scope: &Scope, team: TeamId) -> Result<Option<u16>> {
    let found = store.preferences(scope, Selection::Teams(&[team])).await?;
    assert_eq!(found[0].team_id, team);
    Ok(found[0].providers.get(&Provider::Oura).map(|preference| preference.default.get()))
}

/// Twice, so that the second comes from memory where it can.
async fn read(store: &SqliteStore, team: TeamId) -> Option<u16> {
    let scope = scope(ORG, Environment::Production);
    let first = read_in(store, &scope, team).await.unwrap();
    assert_eq!(read_in(store, &scope, team).await.unwrap(), first);
    first
}

#[tokio::test]
async fn what_the_server_writes_is_read_at_once() {
    let both = Both::open().await;
    let Both { server, .. } = &both;
    for days in 1..5 {
        set(server, team(1), Environment::Production, days).await;
        assert_eq!(read(server, team(1)).await, Some(days));
        // The other environment is in the same row.
        set(server, team(1), Environment::Sandbox, days + 100).await;
        let sandbox = scope(ORG, Environment::Sandbox);
        assert_eq!(read_in(server, &sandbox, team(1)).await.unwrap(), Some(days + 100));
        assert_eq!(read(server, team(1)).await, Some(days));
    }
    let production = scope(ORG, Environment::Production);
    server.delete_preferences(&production, Selection::Teams(&[team(1)]), None, &by()).await.unwrap();
    assert_eq!(read(server, team(1)).await, None);
}

#[tokio::test]
async fn what_another_process_writes_is_read_at_once() {
    let both = Both::open().await;
    let Both { server, command, .. } = &both;
    for days in 1..5 {
        set(command, team(1), Environment::Production, days).await;
        assert_eq!(read(server, team(1)).await, Some(days));
        set(server, team(1), Environment::Production, days + 100).await;
        assert_eq!(read(server, team(1)).await, Some(days + 100));
        assert_eq!(read(command, team(1)).await, Some(days + 100));
    }
}

/// Each way in which a row goes, by the server and by another process.
#[tokio::test]
async fn a_team_that_is_gone_is_unknown_at_once() {
    for by_server in [true, false] {
        let both = Both::open().await;
        let Both { server, command, .. } = &both;
        let writer = if by_server { server } else { command };
        let production = scope(ORG, Environment::Production);
        for n in 0..8 {
            set(server, team(n), Environment::Production, 9).await;
            assert_eq!(read(server, team(n)).await, Some(9));
        }
        writer.delete_team(ORG, team(0), &by()).await.unwrap();
        let gone = read_in(server, &production, team(0)).await;
        assert!(matches!(gone, Err(Error::UnknownTeams(_))), "{gone:?}");
        assert!(!writer.delete_org(ORG, 3).await.unwrap());
        let gone = read_in(server, &production, team(3)).await;
        assert!(matches!(gone, Err(Error::UnknownTeams(_))), "{gone:?}");
        assert!(writer.delete_org(ORG, 100).await.unwrap());
        let gone = read_in(server, &production, team(7)).await;
        assert!(matches!(gone, Err(Error::UnknownTeams(_))), "{gone:?}");
        // The same id again, of somebody else.
        let other = OrgId(Uuid::from_u128(2));
        writer.create_org(org(other), vec![named(team(7), other)], vec![], &by()).await.unwrap();
        let gone = read_in(server, &production, team(7)).await;
        assert!(matches!(gone, Err(Error::UnknownTeams(_))), "{gone:?}");
        assert_eq!(read_in(server, &scope(other, Environment::Production), team(7)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_row_in_memory_is_shown_to_nobody_who_may_not_see_it() {
    let both = Both::open().await;
    let Both { server, .. } = &both;
    set(server, team(1), Environment::Production, 9).await;
    assert_eq!(read(server, team(1)).await, Some(9));
    let production = scope(ORG, Environment::Production);
    let elsewhere = [
        Scope { org_id: OrgId(Uuid::from_u128(2)), ..production.clone() },
        Scope { region: Region::Eu, ..production.clone() },
        Scope { visible: Visible::Only(Arc::new([team(2)].into())), ..production.clone() },
    ];
    for scope in elsewhere {
        let refused = read_in(server, &scope, team(1)).await;
        assert!(matches!(refused, Err(Error::UnknownTeams(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn teams_that_would_have_the_same_number_are_not_taken_for_each_other() {
    let both = Both::open().await;
    let Both { server, .. } = &both;
    let twin = TeamId(Uuid::from_u128(1 << 80 | 1 << 60 | 7));
    server.create_team(named(twin, ORG), None, &by()).await.unwrap();
    for (team, days) in [(team(1), 1), (twin, 2), (team(1), 3), (twin, 4)] {
        set(server, team, Environment::Production, days).await;
        assert_eq!(read(server, team).await, Some(days));
    }
    assert_eq!(read(server, team(1)).await, Some(3));
    server.delete_team(ORG, team(1), &by()).await.unwrap();
    assert_eq!(read(server, twin).await, Some(4));
}

#[tokio::test]
async fn what_any_other_program_writes_is_read_at_once() {
    let both = Both::open().await;
    let Both { server, path, .. } = &both;
    for n in 0..8 {
        set(server, team(n), Environment::Production, 9).await;
        read(server, team(n)).await;
    }
    let other = Connection::open(path).unwrap();
    let json = r#"{"oura": {"default": 8, "updated_at_us": 0}}"#;
    other.execute("UPDATE team SET production_preferences = ?1", [json]).unwrap();
    assert_eq!(read(server, team(1)).await, Some(8));
    other.execute_batch("BEGIN; UPDATE team SET production_preferences = NULL; ROLLBACK").unwrap();
    assert_eq!(read(server, team(1)).await, Some(8));
}

/// With the organisation, which cascades, and by a statement without a condition, which SQLite has a way of its own for.
#[tokio::test]
async fn what_any_other_program_deletes_is_gone_at_once() {
    for delete in ["PRAGMA foreign_keys = ON; DELETE FROM org", "PRAGMA foreign_keys = OFF; DELETE FROM team"]
    {
        let both = Both::open().await;
        let Both { server, path, .. } = &both;
        assert_eq!(read(server, team(1)).await, None);
        Connection::open(path).unwrap().execute_batch(delete).unwrap();
        let gone = read_in(server, &scope(ORG, Environment::Production), team(1)).await;
        assert!(matches!(gone, Err(Error::UnknownTeams(_))), "{delete}: {gone:?}");
    }
}

/// So what comes from memory can be told from what is read from the file.
#[tokio::test]
async fn what_is_written_past_the_triggers_is_not_noticed() {
    let both = Both::open().await;
    let Both { server, path, .. } = &both;
    set(server, team(1), Environment::Production, 9).await;
    assert_eq!(read(server, team(1)).await, Some(9));
    let other = Connection::open(path).unwrap();
    other.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).unwrap();
    other.execute("UPDATE team SET production_preferences = NULL", []).unwrap();
    assert_eq!(read(server, team(1)).await, Some(9), "it is in memory");
    assert_eq!(read(&both.command, team(1)).await, None, "an administration command has none");
}

#[tokio::test]
async fn where_nothing_fits_everything_is_read_from_the_file() {
    let both = Both::with_cache(0).await;
    let Both { server, command, .. } = &both;
    for days in 1..5 {
        set(server, team(1), Environment::Production, days).await;
        assert_eq!(read(server, team(1)).await, Some(days));
        set(command, team(1), Environment::Production, days + 100).await;
        assert_eq!(read(server, team(1)).await, Some(days + 100));
    }
}

/// Each writer has teams of its own and sets their days to ever more; some are the server's and some another process's.
/// Whoever reads sees no less than was acknowledged when it began, and no more than was begun when it ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_read_is_older_than_what_was_acknowledged_before_it() {
    const DAYS_MAX: u16 = 120;
    let both = Both::open().await;
    let Both { server, command, .. } = &both;
    let numbers: Arc<[(AtomicU16, AtomicU16); 8]> = Arc::default();
    let mut running = JoinSet::new();
    for n in 0..8_usize {
        let (store, numbers) = (Arc::clone(if n % 2 == 0 { server } else { command }), Arc::clone(&numbers));
        running.spawn(async move {
            for days in 1..=DAYS_MAX {
                numbers[n].0.store(days, Ordering::SeqCst);
                set(&store, team(n as u128), Environment::Production, days).await;
                numbers[n].1.store(days, Ordering::SeqCst);
            }
        });
    }
    for reader in 0..8_usize {
        let (store, numbers) = (Arc::clone(server), Arc::clone(&numbers));
        running.spawn(async move {
            let production = scope(ORG, Environment::Production);
            let mut n = reader;
            while numbers.iter().any(|(_, done)| done.load(Ordering::SeqCst) < DAYS_MAX) {
                n = (n + 1) % 8;
                let (begun, done) = &numbers[n];
                let at_least = done.load(Ordering::SeqCst);
                let found = read_in(&store, &production, team(n as u128)).await.unwrap().unwrap_or(0);
                let at_most = begun.load(Ordering::SeqCst);
                assert!((at_least..=at_most).contains(&found), "{found} of {at_least} to {at_most}");
                tokio::task::yield_now().await;
            }
        });
    }
    running.join_all().await;
}
