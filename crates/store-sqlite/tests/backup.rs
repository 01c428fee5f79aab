//! Copies of a store that others work on.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use lookback_domain::OrgId;
use lookback_store::testing::by;
use lookback_store::{Lifecycle, Org, OrgStore};
use lookback_store_sqlite::{BackupError, OpenError, Options, SqliteStore, backup};
use uuid::Uuid;

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, &Options::default()).unwrap()
}

async fn create(store: &SqliteStore, n: i64) {
    let id = OrgId(Uuid::from_u128(n.cast_unsigned().into()));
    let org = Org { id, name: format!("org {n}"), created_at: Timestamp::UNIX_EPOCH };
    store.create_org(org, Vec::new(), Vec::new(), &by()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_has_what_was_acknowledged_before_it_while_others_write() {
    let directory = tempfile::tempdir().unwrap();
    let from = directory.path().join("from.db");
    let store = open(&from);
    create(&store, 0).await;
    let acknowledged = AtomicI64::new(1);
    let writing = async {
        for n in 1..60 {
            create(&store, n).await;
            acknowledged.store(n + 1, Ordering::SeqCst);
        }
    };
    let copying = async {
        for copy in 0..5 {
            let before = acknowledged.load(Ordering::SeqCst);
            let (source, target) = (from.clone(), to(directory.path(), copy));
            let size = tokio::task::spawn_blocking(move || backup(&source, &target).unwrap()).await.unwrap();
            assert!(size > 0);
            let orgs = open(&to(directory.path(), copy)).orgs(None, usize::MAX).await.unwrap();
            let found = i64::try_from(orgs.len()).unwrap();
            assert!(found >= before, "{found} of {before}");
            let names: Vec<_> = (0..found).map(|n| format!("org {n}")).collect();
            assert_eq!(orgs.into_iter().map(|org| org.name).collect::<Vec<_>>(), names, "each in its order");
        }
    };
    tokio::join!(writing, copying);
    store.close().await;
}

fn to(directory: &Path, copy: i64) -> std::path::PathBuf {
    directory.join(format!("{copy}.db"))
}

#[tokio::test]
async fn a_copy_overwrites_nothing_and_leaves_nothing_half_done() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    create(&open(&at("from.db")), 0).await;
    std::fs::write(at("taken"), "precious").unwrap();
    for refused in [backup(&at("from.db"), &at("taken")), backup(&at("from.db"), &at("from.db"))] {
        assert!(matches!(refused, Err(BackupError::Exists(_))), "{refused:?}");
    }
    assert_eq!(std::fs::read_to_string(at("taken")).unwrap(), "precious");
    let nowhere = backup(&at("from.db"), &at("missing/copy.db"));
    assert!(matches!(nowhere, Err(BackupError::Write { .. })), "{nowhere:?}");
    let nothing = backup(&at("nothing.db"), &at("copy.db"));
    assert!(matches!(nothing, Err(BackupError::Store(_))), "{nothing:?}");
    let foreign = backup(&at("taken"), &at("copy.db"));
    assert!(matches!(foreign, Err(BackupError::Store(OpenError::NotADatabase(_)))), "{foreign:?}");
    let mut left: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["from.db", "taken"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_copy_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    create(&open(&at("from.db")), 0).await;
    backup(&at("from.db"), &at("copy.db")).unwrap();
    assert_eq!(std::fs::metadata(at("copy.db")).unwrap().permissions().mode() & 0o777, 0o600);
}

/// As after a `kill -9`, or a person who did not want to wait.
#[tokio::test]
async fn what_an_interrupted_copy_left_is_no_obstacle() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let store = open(&at("from.db"));
    create(&store, 0).await;
    // What it was copied to is a backup of its own by now: it had its name, and this one was still to be taken away.
    backup(&at("from.db"), &at("yesterday.db")).unwrap();
    let yesterday = std::fs::read(at("yesterday.db")).unwrap();
    std::fs::hard_link(at("yesterday.db"), at("copy.db.partial")).unwrap();
    std::fs::write(at("copy.db.partial-journal"), "half of something").unwrap();
    create(&store, 1).await;
    backup(&at("from.db"), &at("copy.db")).unwrap();
    assert_eq!(open(&at("copy.db")).orgs(None, 9).await.unwrap().len(), 2);
    assert_eq!(std::fs::read(at("yesterday.db")).unwrap(), yesterday);
    assert!(!at("copy.db.partial").exists() && !at("copy.db.partial-journal").exists());
}

#[tokio::test]
async fn a_copy_that_somebody_else_is_making_is_left_to_them() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    create(&open(&at("from.db")), 0).await;
    std::fs::write(at("copy.db.partial"), "under way").unwrap();
    let other = std::fs::File::open(at("copy.db.partial")).unwrap();
    other.lock().unwrap();
    let refused = backup(&at("from.db"), &at("copy.db"));
    assert!(matches!(refused, Err(BackupError::Underway(_))), "{refused:?}");
    assert_eq!(std::fs::read_to_string(at("copy.db.partial")).unwrap(), "under way");
    drop(other);
    backup(&at("from.db"), &at("copy.db")).unwrap();
}

/// Each is whole, whoever makes it, and nobody makes it twice.
#[tokio::test]
async fn of_several_copies_to_one_name_at_once_one_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let store = open(&at("from.db"));
    create(&store, 0).await;
    for n in 0..20 {
        let (from, to) = (at("from.db"), at(&format!("{n}.db")));
        let made = std::thread::scope(|threads| {
            let copying = [(); 4].map(|()| threads.spawn(|| backup(&from, &to)));
            copying.map(|copying| copying.join().unwrap()).into_iter().filter(Result::is_ok).count()
        });
        assert_eq!(made, 1);
        assert_eq!(open(&to).orgs(None, 9).await.unwrap().len(), 1);
        assert!(!at(&format!("{n}.db.partial")).exists());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_copy_is_not_written_where_a_link_leads() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    create(&open(&at("from.db")), 0).await;
    std::fs::write(at("precious"), "precious").unwrap();
    std::os::unix::fs::symlink(at("precious"), at("copy.db.partial")).unwrap();
    let refused = backup(&at("from.db"), &at("copy.db"));
    assert!(matches!(refused, Err(BackupError::Exists(_))), "{refused:?}");
    assert_eq!(std::fs::read_to_string(at("precious")).unwrap(), "precious");
}
