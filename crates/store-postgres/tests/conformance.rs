//! The shared store keeps every promise of a store.

use lookback_store_postgres::testing::{Database, database};
use lookback_store_postgres::{Options, PostgresStore};

async fn fresh() -> Option<(PostgresStore, Database)> {
    let database = database().await?;
    let store = PostgresStore::open(database.url(), &Options::default()).await;
    Some((store.expect("nothing is in the way of a new store"), database))
}

lookback_store::conformance!(fresh);
