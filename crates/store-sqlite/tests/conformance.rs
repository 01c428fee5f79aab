//! The embedded store keeps every promise of a store, be it a server's or an administration command's.

use lookback_store_sqlite::{Options, ServerLock, SqliteStore};
use tempfile::TempDir;

mod of_a_command {
    use super::*;

    async fn fresh() -> Option<(SqliteStore, TempDir)> {
        let directory = tempfile::tempdir().expect("a directory for the store");
        let path = directory.path().join("lookback.db");
        let store =
            SqliteStore::open(&path, &Options::default()).expect("nothing is in the way of a new store");
        Some((store, directory))
    }

    lookback_store::conformance!(fresh);
}

mod of_a_server {
    use super::*;

    async fn fresh() -> Option<(SqliteStore, TempDir)> {
        let directory = tempfile::tempdir().expect("a directory for the store");
        let lock = ServerLock::acquire(&directory.path().join("lookback.db")).expect("nobody else is there");
        let store = SqliteStore::serve(lock, &Options::default(), 1 << 20);
        Some((store.expect("nothing is in the way of a new store"), directory))
    }

    lookback_store::conformance!(fresh);
}
