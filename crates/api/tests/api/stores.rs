//! The stores beneath the router: every test here runs over SQLite, and once more over PostgreSQL.
//!
//! The second time is one test in the report, which runs all others in a process of its own. To run a single one over
//! PostgreSQL, set `LOOKBACK_TEST_API_OVER_POSTGRES=1`.

use std::any::Any;
use std::process::Command;
use std::sync::Arc;

use lookback_store::Store;
use lookback_store_postgres::{PostgresStore, testing};
use lookback_store_sqlite::{ServerLock, SqliteStore};

/// Says to this program that its tests are to run over PostgreSQL.
const POSTGRES: &str = "LOOKBACK_TEST_API_OVER_POSTGRES";

/// What has to outlive a store.
pub type Kept = Box<dyn Any + Send + Sync>;

/// An empty store.
pub async fn fresh() -> (Arc<dyn Store>, Kept) {
    if is_over_postgres() { postgres().await } else { sqlite() }
}

fn sqlite() -> (Arc<dyn Store>, Kept) {
    let directory = tempfile::tempdir().unwrap();
    let options = lookback_store_sqlite::Options { readers: 1, ..Default::default() };
    let lock = ServerLock::acquire(&directory.path().join("lookback.db")).unwrap();
    let store = SqliteStore::serve(lock, &options, 1 << 20).unwrap();
    (Arc::new(store), Box::new(directory))
}

async fn postgres() -> (Arc<dyn Store>, Kept) {
    let database = testing::database().await.expect("whoever asks for it has seen that there is one");
    let store = PostgresStore::open(database.url(), &Default::default()).await.unwrap();
    (Arc::new(store), Box::new(database))
}

#[expect(clippy::disallowed_methods, reason = "how tests are run is said from outside")]
fn is_over_postgres() -> bool {
    std::env::var(POSTGRES).is_ok()
}

#[tokio::test]
async fn everything_here_holds_over_postgres_as_well() {
    if is_over_postgres() || testing::database().await.is_none() {
        return;
    }
    let others = Command::new(std::env::current_exe().unwrap()).env(POSTGRES, "1").output().unwrap();
    let report = String::from_utf8_lossy(&others.stdout);
    assert!(others.status.success(), "{report}{}", String::from_utf8_lossy(&others.stderr));
}
