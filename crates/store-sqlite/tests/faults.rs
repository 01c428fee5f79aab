//! What a broken, foreign or unreachable file does: an error that says what to do, never a panic.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use lookback_domain::{Environment, OrgId, Provider, Region, TeamId};
use lookback_store::testing::{UNRAISED, by};
use lookback_store::{
    Error, Lifecycle, Org, OrgStore, PreferenceStore, Scope, Selection, Team, TeamFilter, TeamStore, Visible,
};
use lookback_store_sqlite::{OpenError, Options, ServerLock, SqliteStore};
use proptest::prelude::any;
use proptest::sample::Index;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const TEAM: TeamId = TeamId(Uuid::from_u128(2));
const SCOPE: Scope =
    Scope { org_id: ORG, region: Region::Us, environment: Environment::Production, visible: Visible::All };

fn place() -> (PathBuf, TempDir) {
    let directory = tempfile::tempdir().expect("a directory for the store");
    (directory.path().join("lookback.db"), directory)
}

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, &Options { busy_timeout: Duration::from_millis(1), ..Options::default() })
}

/// The same for a server, which keeps in memory what is read.
fn serve(path: &Path) -> Result<SqliteStore, OpenError> {
    let options = Options { busy_timeout: Duration::from_millis(1), ..Options::default() };
    SqliteStore::serve(ServerLock::acquire(path)?, &options, 1 << 20)
}

fn refusal(path: &Path) -> OpenError {
    open(path).expect_err("it cannot be opened")
}

/// A store with an organisation, a team and its preferences.
async fn filled() -> (PathBuf, TempDir) {
    let (path, directory) = place();
    let store = open(&path).expect("nothing is in the way of a new store");
    let org = Org { id: ORG, name: "org".to_owned(), created_at: Timestamp::UNIX_EPOCH };
    let team = |n: u128| Team {
        id: TeamId(Uuid::from_u128(n)),
        org_id: ORG,
        name: "team".repeat(50),
        region: Region::Us,
        integration_team_id: None,
        created_at: Timestamp::UNIX_EPOCH,
    };
    store.create_org(org, (2..100).map(team).collect(), vec![], &by()).await.expect("the ids are free");
    upsert(&store).await.expect("the team is there");
    (path, directory)
}

async fn upsert(store: &SqliteStore) -> lookback_store::Result<()> {
    let preference =
        lookback_domain::Preference { default: lookback_domain::Days::MAX, overrides: [].into() };
    let changes = [(Provider::Oura, preference)].into();
    store.upsert_preferences(&SCOPE, &[TEAM], &changes, &UNRAISED, &by()).await.map(|_| ())
}

#[test]
fn a_missing_directory_is_named_and_not_made() {
    let (path, directory) = place();
    let refusal = refusal(&directory.path().join("missing/lookback.db"));
    assert!(matches!(&refusal, OpenError::MissingDirectory(missing) if missing.ends_with("missing")));
    assert!(refusal.to_string().ends_with("does not exist; create it, or name a database elsewhere"));
    assert!(!path.exists());
}

#[test]
fn a_directory_is_no_database() {
    let (_path, directory) = place();
    assert!(matches!(refusal(directory.path()), OpenError::NotAFile(_)));
    assert!(matches!(refusal(Path::new("/")), OpenError::NotAFile(_)));
}

#[test]
fn another_kind_of_file_is_refused_and_left_alone() {
    let (path, _directory) = place();
    let text = "these are my notes\n".repeat(1000);
    fs::write(&path, &text).unwrap();
    assert!(matches!(refusal(&path), OpenError::NotADatabase(_)));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let (path, _directory) = place();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE photo (name TEXT)").unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(refusal(&path), OpenError::Foreign(_)));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused_by_both_numbers() {
    let (path, _directory) = filled().await;
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 41).unwrap();
    let refusal = refusal(&path);
    assert!(matches!(refusal, OpenError::Newer { found: 41, known: 5, .. }));
    assert!(refusal.to_string().contains("has store version 41 and this program knows versions up to 5;"));
}

#[tokio::test]
async fn a_file_cut_short_is_refused() {
    let (path, _directory) = filled().await;
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    let refusal = refusal(&path);
    assert!(matches!(refusal, OpenError::Corrupt { .. }), "{refusal:?}");
    assert!(refusal.to_string().ends_with("restore a backup"));
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_refused() {
    let (path, _directory) = filled().await;
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    // The superuser may write everything.
    if fs::File::options().write(true).open(&path).is_err() {
        assert!(matches!(refusal(&path), OpenError::ReadOnly(_)));
    }
}

#[cfg(unix)]
#[test]
fn a_new_store_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let (path, directory) = place();
    let _lock = ServerLock::acquire(&path).unwrap();
    let _store = open(&path).unwrap();
    let mut names = Vec::new();
    for file in fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        names.push(file.file_name());
    }
    names.sort();
    assert_eq!(names, ["lookback.db", "lookback.db-shm", "lookback.db-wal", "lookback.db.lock"]);
}

#[test]
fn many_can_open_a_new_store_at_once() {
    let (path, _directory) = place();
    let options = Options { readers: 1, ..Options::default() };
    std::thread::scope(|scope| {
        let opening = [(); 8].map(|()| scope.spawn(|| SqliteStore::open(&path, &options).map(drop)));
        for opened in opening {
            opened.join().unwrap().unwrap();
        }
    });
}

#[tokio::test]
async fn a_store_that_somebody_else_writes_to_is_unavailable_meanwhile() {
    let (path, _directory) = filled().await;
    let store = open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(upsert(&store).await, Err(Error::Unavailable(_))));
    assert_eq!(store.teams(ORG, &TeamFilter::all(), None, 1).await.unwrap().len(), 1, "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    upsert(&store).await.unwrap();
}

#[tokio::test]
async fn a_second_process_may_administer_a_store_in_use() {
    let (path, _directory) = filled().await;
    let (server, command) = (open(&path).unwrap(), open(&path).unwrap());
    command.delete_team(ORG, TEAM, &by()).await.unwrap();
    assert!(matches!(upsert(&server).await, Err(Error::UnknownTeams(_))));
    drop(command);
    server.delete_org(ORG, 99).await.unwrap();
}

#[tokio::test]
async fn what_a_newer_version_wrote_is_an_error_that_names_it() {
    let (path, _directory) = filled().await;
    let store = serve(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    let read = async || match store.preferences(&SCOPE, Selection::Teams(&[TEAM])).await {
        Err(Error::Unavailable(source)) => source.to_string(),
        other => panic!("{other:?}"),
    };
    let write = |json: &str| other.execute("UPDATE team SET production_preferences = ?1", [json]).unwrap();
    write(r#"{"pigeon_post": {"default": 9, "updated_at_us": 0}}"#);
    assert!(read().await.contains("`pigeon_post` is not a known provider"));
    write(r#"{"oura": {"default": 9, "overrides": {"dreams": 1}, "updated_at_us": 0}}"#);
    assert!(read().await.contains("`dreams` is not a known resource"));
    write(r#"{"oura": {"default": 366, "updated_at_us": 0}}"#);
    assert!(read().await.contains("366 is not between 0 and 365 days"));
}

/// Any page of the file overwritten, any length: it does not open, or operations answer, or they fail.
#[test]
fn no_damage_to_the_file_is_a_panic() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (path, directory) = runtime.block_on(filled());
    let whole = fs::read(&path).unwrap();
    let damaged = directory.path().join("damaged.db");
    let config =
        proptest::test_runner::Config { cases: 100, failure_persistence: None, ..Default::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let damage = (any::<Index>(), any::<[u8; 32]>(), any::<Index>(), any::<bool>());
    let verdict = runner.run(&damage, |(at, bytes, length, is_cut)| {
        let mut file = whole.clone();
        let at = at.index(file.len() - bytes.len());
        file[at..at + bytes.len()].copy_from_slice(&bytes);
        file.truncate(if is_cut { length.index(file.len()) } else { whole.len() });
        fs::write(&damaged, file).unwrap();
        if let Ok(store) = serve(&damaged) {
            runtime.block_on(async {
                let _ = store.preferences(&SCOPE, Selection::Teams(&[TEAM])).await;
                let _ = store.preferences(&SCOPE, Selection::Teams(&[TEAM])).await;
                let _ = store.teams(ORG, &TeamFilter::all(), None, 200).await;
                let _ = upsert(&store).await;
                let _ = store.delete_org(ORG, 99).await;
                store.close().await;
            });
        }
        for beside in ["damaged.db-wal", "damaged.db-shm"] {
            let _ = fs::remove_file(directory.path().join(beside));
        }
        Ok(())
    });
    if let Err(failure) = verdict {
        panic!("{failure}");
    }
}
