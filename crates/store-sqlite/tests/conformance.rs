//! The embedded store keeps every promise of a store.

use lookback_store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

async fn fresh() -> Option<(SqliteStore, TempDir)> {
    let directory = tempfile::tempdir().expect("a directory for the store");
    let path = directory.path().join("lookback.db");
    let store = SqliteStore::open(&path, &Options::default()).expect("nothing is in the way of a new store");
    Some((store, directory))
}

lookback_store::conformance!(fresh);
