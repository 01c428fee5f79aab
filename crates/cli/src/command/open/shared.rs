//! The shared store.

use std::sync::Arc;

use lookback_store_postgres::{Options, PostgresStore};

use super::{Empty, Opened};
use crate::numbers::{Number, Numbers};
use crate::settings::Url;

pub(super) async fn open(url: &Url, empty: Empty) -> anyhow::Result<Opened> {
    let options = Options { make: empty == Empty::Make, ..Options::default() };
    let store = Arc::new(PostgresStore::open(url.reveal(), &options).await?);
    let counted = Arc::clone(&store);
    let numbers = Numbers::new(move || {
        let stats = counted.stats();
        vec![
            Number::commits(stats.commits),
            Number::failed_commits(stats.failed_commits),
            Number::committed_operations(stats.operations),
            Number::queued_operations(stats.queued),
            Number::queued_operations_max(stats.queue_max),
            Number::gauge("connections", "Connections to the database that are open", stats.connections),
            Number::gauge("connections_idle", "Open connections that nobody uses", stats.idle_connections),
            Number::gauge("connections_max", "How many connections there can be", stats.connections_max),
            Number::gauge("connections_waited_for", "Operations that wait for a connection", stats.waiting),
        ]
    });
    Ok(Opened { store, numbers, keys: None, lock: None })
}
