use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use lookback_domain::{KeyId, OrgId};
use lookback_store::testing::by;
use lookback_store::{Error, Lifecycle, Org, OrgStore, Result};
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::{Options, SqliteStore};

fn store(options: &Options) -> (Arc<SqliteStore>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (Arc::new(SqliteStore::open(&directory.path().join("lookback.db"), options).unwrap()), directory)
}

fn org(n: u128) -> Org {
    Org { id: OrgId(Uuid::from_u128(n)), name: "x".repeat(1000), created_at: jiff::Timestamp::UNIX_EPOCH }
}

fn create(store: &Arc<SqliteStore>, n: u128) -> JoinHandle<Result<()>> {
    let store = Arc::clone(store);
    tokio::spawn(async move { store.create_org(org(n), vec![], vec![], &by()).await })
}

/// Keeps the writer busy until something is sent, so that what is queued meanwhile becomes one group.
async fn occupy(store: &Arc<SqliteStore>) -> (Sender<()>, JoinHandle<Result<()>>) {
    let (release, released) = channel();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let busy = Arc::clone(store);
    let occupied = tokio::spawn(async move {
        let wait = move |_: &Connection| {
            begun.send(()).unwrap();
            released.recv().unwrap();
            Ok(())
        };
        busy.writer.run(wait).await
    });
    has_begun.await.unwrap();
    (release, occupied)
}

async fn until_queued(store: &SqliteStore, operations: usize) {
    while store.stats().queued < operations {
        tokio::task::yield_now().await;
    }
}

/// Something that only the commit finds wrong: a key of no organisation.
fn orphan(db: &Connection) -> crate::failure::Outcome<()> {
    db.pragma_update(None, "defer_foreign_keys", true)?;
    let (id, digest) = (KeyId(Uuid::from_u128(1)), lookback_store::KeyDigest([0; 32]));
    let nobodys = lookback_store::Key::org_admin(id, org(99).id, String::new(), digest, &by());
    crate::key::insert(db, &nobodys)
}

#[tokio::test]
async fn what_waits_together_is_committed_together_and_a_failure_is_undone_alone() {
    let (store, _directory) = store(&Options::default());
    let (release, occupied) = occupy(&store).await;
    let before = store.stats();
    let attempts = [1, 2, 2, 3].map(|n| create(&store, n));
    until_queued(&store, 4).await;
    release.send(()).unwrap();
    occupied.await.unwrap().unwrap();
    let mut answers = Vec::new();
    for attempt in attempts {
        answers.push(attempt.await.unwrap());
    }
    assert!(matches!(&answers[..], [Ok(()), Ok(()), Err(Error::Taken(_)), Ok(())]), "{answers:?}");
    assert_eq!(store.orgs(None, 9).await.unwrap(), [1, 2, 3].map(org));
    let stats = store.stats();
    assert_eq!((stats.commits, stats.operations), (before.commits + 2, before.operations + 5));
    assert_eq!((stats.queued, stats.failed_commits), (0, 0));
}

#[tokio::test]
async fn where_the_commit_fails_nobody_of_the_group_is_acknowledged() {
    let (store, _directory) = store(&Options::default());
    let (release, occupied) = occupy(&store).await;
    let first = create(&store, 1);
    until_queued(&store, 1).await;
    let failing = Arc::clone(&store);
    let failing = tokio::spawn(async move { failing.writer.run(orphan).await });
    until_queued(&store, 2).await;
    let last = create(&store, 2);
    until_queued(&store, 3).await;
    release.send(()).unwrap();
    occupied.await.unwrap().unwrap();
    for attempt in [first, failing, last] {
        assert!(matches!(attempt.await.unwrap(), Err(Error::Unavailable(_))));
    }
    assert_eq!(store.orgs(None, 9).await.unwrap(), []);
    assert_eq!(store.stats().failed_commits, 1);
    create(&store, 1).await.unwrap().unwrap();
    assert_eq!(store.orgs(None, 9).await.unwrap(), [org(1)]);
}

#[tokio::test]
async fn a_commit_is_synced() {
    let (store, _directory) = store(&Options::default());
    let ask = async |pragma: &'static str| {
        let read =
            move |db: &Connection| Ok(db.pragma_query_value(None, pragma, |row| row.get::<_, Value>(0))?);
        store.writer.run(read).await.unwrap()
    };
    let full = 2;
    assert_eq!(ask("synchronous").await, Value::Integer(full));
    assert_eq!(ask("journal_mode").await, Value::Text("wal".to_owned()));
}

#[tokio::test]
async fn a_full_disk_is_unavailable_until_there_is_room_again() {
    let (store, _directory) = store(&Options::default());
    let room = async |pages: i64| {
        let set = move |db: &Connection| {
            Ok(db.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0))?)
        };
        store.writer.run(set).await.unwrap()
    };
    // The limit is no lower than the size there is.
    let pages = room(1).await;
    let mut written = 0;
    let refusal = loop {
        match create(&store, written).await.unwrap() {
            Ok(()) => written += 1,
            Err(refusal) => break refusal,
        }
    };
    assert!(matches!(&refusal, Error::Unavailable(source) if source.to_string().contains("full")));
    assert_eq!(store.orgs(None, 100).await.unwrap().len() as u128, written);
    room(pages + 100).await;
    create(&store, written).await.unwrap().unwrap();
    assert_eq!(store.orgs(None, 100).await.unwrap().len() as u128, written + 1);
}

#[tokio::test]
async fn an_operation_nobody_waits_for_any_more_is_not_begun() {
    let (store, _directory) = store(&Options::default());
    let (release, occupied) = occupy(&store).await;
    let (gone, stays) = (create(&store, 1), create(&store, 2));
    until_queued(&store, 2).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    release.send(()).unwrap();
    occupied.await.unwrap().unwrap();
    stays.await.unwrap().unwrap();
    assert_eq!(store.orgs(None, 9).await.unwrap(), [org(2)]);
}

#[tokio::test]
async fn where_the_queue_is_full_callers_wait() {
    let (store, _directory) = store(&Options { queue_max: 2, group_max: 2, ..Options::default() });
    let (release, occupied) = occupy(&store).await;
    let attempts: Vec<_> = (0..20).map(|n| create(&store, n)).collect();
    until_queued(&store, 2).await;
    assert_eq!(store.stats().queue_max, 2);
    release.send(()).unwrap();
    occupied.await.unwrap().unwrap();
    for attempt in attempts {
        attempt.await.unwrap().unwrap();
    }
    assert_eq!(store.orgs(None, 100).await.unwrap().len(), 20);
}

#[tokio::test]
async fn closing_writes_what_was_accepted_and_accepts_no_more() {
    let (store, directory) = store(&Options::default());
    let (release, occupied) = occupy(&store).await;
    let attempts: Vec<_> = (0..20).map(|n| create(&store, n)).collect();
    until_queued(&store, 20).await;
    let closing = [(); 2].map(|()| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.close().await })
    });
    until_queued(&store, 22).await;
    release.send(()).unwrap();
    occupied.await.unwrap().unwrap();
    for closed in closing {
        closed.await.unwrap();
    }
    for attempt in attempts {
        attempt.await.unwrap().unwrap();
    }
    assert!(matches!(create(&store, 20).await.unwrap(), Err(Error::Unavailable(_))));
    assert_eq!(store.orgs(None, 100).await.unwrap().len(), 20);
    let log = directory.path().join("lookback.db-wal");
    assert_eq!(log.metadata().unwrap().len(), 0, "the log is not in the database yet");
}

#[tokio::test]
async fn an_operation_that_panics_is_undone_alone_and_writing_goes_on() {
    let (store, _directory) = store(&Options::default());
    let (release, occupied) = occupy(&store).await;
    let first = create(&store, 1);
    until_queued(&store, 1).await;
    let panicking = Arc::clone(&store);
    let panicking = tokio::spawn(async move {
        let change_and_panic = |db: &Connection| -> crate::failure::Outcome<()> {
            db.execute("UPDATE org SET name = 'changed'", [])?;
            panic!("on purpose")
        };
        panicking.writer.run(change_and_panic).await
    });
    until_queued(&store, 2).await;
    release.send(()).unwrap();
    occupied.await.unwrap().unwrap();
    assert!(matches!(panicking.await.unwrap(), Err(Error::Unavailable(_))));
    first.await.unwrap().unwrap();
    create(&store, 3).await.unwrap().unwrap();
    assert_eq!(store.orgs(None, 9).await.unwrap(), [1, 3].map(org));
    store.ready().await.unwrap();
}

#[tokio::test]
async fn it_is_not_ready_from_a_commit_that_failed_to_one_that_could_be_made() {
    let busy_timeout = std::time::Duration::from_millis(1);
    let (store, directory) = store(&Options { busy_timeout, ..Options::default() });
    let before = store.stats();
    store.ready().await.unwrap();
    let other = Connection::open(directory.path().join("lookback.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.ready().await.unwrap();
    create(&store, 1).await.unwrap().unwrap_err();
    assert!(matches!(store.ready().await, Err(Error::Unavailable(_))));
    other.execute_batch("ROLLBACK").unwrap();
    store.ready().await.unwrap();
    let stats = store.stats();
    assert_eq!((stats.commits, stats.failed_commits), (before.commits, before.failed_commits + 1));
}

#[tokio::test]
async fn a_closed_store_is_not_ready() {
    let (store, _directory) = store(&Options::default());
    store.close().await;
    assert!(matches!(store.ready().await, Err(Error::Unavailable(_))));
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_acknowledged_while_the_files_are_not_in_their_place() {
    let (store, directory) = store(&Options::default());
    create(&store, 1).await.unwrap().unwrap();
    for name in ["lookback.db", "lookback.db-wal", "lookback.db-shm"] {
        let (place, aside) = (directory.path().join(name), directory.path().join("aside"));
        let refused = async |why: &str| {
            for outcome in [create(&store, 2).await.unwrap(), store.ready().await] {
                let Err(Error::Unavailable(source)) = outcome else { panic!("{name}: {outcome:?}") };
                assert!(source.to_string().contains(why), "{source}");
            }
            assert_eq!(store.orgs(None, 9).await.unwrap(), [org(1)], "reading goes on");
        };
        std::fs::rename(&place, &aside).unwrap();
        refused("is gone; put it back").await;
        std::fs::write(&place, "something else").unwrap();
        refused("was replaced by another file; restart the server").await;
        std::fs::rename(&aside, &place).unwrap();
        store.ready().await.unwrap();
    }
    create(&store, 2).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_was_committed_to_a_file_that_is_gone_by_then_may_be_there_again() {
    let (store, directory) = store(&Options::default());
    let (place, aside) = (directory.path().join("lookback.db"), directory.path().join("aside"));
    let (from, to) = (place.clone(), aside.clone());
    let lose = move |db: &Connection| {
        crate::org::insert(db, &org(1))?;
        std::fs::rename(from, to).unwrap();
        Ok(())
    };
    let outcome = store.writer.run(lose).await;
    assert!(matches!(&outcome, Err(Error::OutcomeUnknown(_))), "{outcome:?}");
    std::fs::rename(&aside, &place).unwrap();
    assert_eq!(store.orgs(None, 9).await.unwrap(), [org(1)]);
    create(&store, 2).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_leaves_does_not_wait_for_others_that_read() {
    let (server, directory) = store(&Options::default());
    create(&server, 1).await.unwrap().unwrap();
    server.ready().await.unwrap();
    // Were it to wait, it would for an hour, and so would every write.
    let patient = Options { busy_timeout: std::time::Duration::from_hours(1), ..Options::default() };
    let command = SqliteStore::open(&directory.path().join("lookback.db"), &patient).unwrap();
    command.orgs(None, 1).await.unwrap();
    command.close().await;
    create(&server, 2).await.unwrap().unwrap();
}

/// However much is written without a pause, and however slow the thread is that takes the log over.
#[tokio::test]
async fn the_log_does_not_grow_without_end() {
    let (store, directory) = store(&Options::default());
    let write = |n: u32| {
        store.writer.run(move |db| {
            db.execute("CREATE TABLE IF NOT EXISTS filler (n INTEGER PRIMARY KEY, of BLOB)", [])?;
            db.execute("INSERT INTO filler VALUES (?1, zeroblob(4000000))", [n])?;
            Ok(())
        })
    };
    let log = directory.path().join("lookback.db-wal");
    let mut longest = 0;
    // About 1,000 pages each.
    for n in 0..80 {
        write(n).await.unwrap();
        longest = longest.max(std::fs::metadata(&log).unwrap().len());
    }
    assert!((64_000_000..140_000_000).contains(&longest), "{longest}");
}
