//! The embedded store.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use lookback_store_sqlite::{Options, ServerLock, SqliteStore};

use super::{Empty, NoStore, Opened};
use crate::numbers::{Number, Numbers};
use crate::settings::{DATA_DIRECTORY, Database};

pub(super) fn open(database: &Database, empty: Empty) -> anyhow::Result<Opened> {
    let path = database.path();
    if empty == Empty::Refuse {
        require(&path)?;
    }
    make_default_directory(database)?;
    Ok(opened(SqliteStore::open(&path, &Options::default())?))
}

/// For the one server of the store.
pub(super) fn open_to_serve(database: &Database, cache_bytes_max: usize) -> anyhow::Result<Opened> {
    let store = SqliteStore::serve(lock(database)?, &Options::default(), cache_bytes_max)?;
    Ok(opened(store))
}

fn opened(store: SqliteStore) -> Opened {
    let store = Arc::new(store);
    let counted = Arc::clone(&store);
    let numbers = Numbers::new(move || {
        let stats = counted.stats();
        vec![
            Number::commits(stats.commits),
            Number::failed_commits(stats.failed_commits),
            Number::committed_operations(stats.operations),
            Number::queued_operations(stats.queued),
            Number::queued_operations_max(stats.queue_max),
        ]
    });
    Opened { store, numbers, keys: None, lock: None }
}

/// Sees that there is a file. Whatever else is wrong with it, opening it tells better.
pub(super) fn require(path: &Path) -> Result<(), NoStore> {
    if path.try_exists().is_ok_and(|exists| !exists) { Err(NoStore(path.to_owned())) } else { Ok(()) }
}

/// Keeps a second server away.
pub(super) fn lock(database: &Database) -> anyhow::Result<ServerLock> {
    make_default_directory(database)?;
    Ok(ServerLock::acquire(&database.path())?)
}

/// Makes the default directory, where it is meant, readable by its owner only.
fn make_default_directory(database: &Database) -> anyhow::Result<()> {
    if *database != Database::Default {
        return Ok(());
    }
    let directory = Path::new(DATA_DIRECTORY);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.with_context(|| format!("cannot make the directory {}", directory.display()))
}
