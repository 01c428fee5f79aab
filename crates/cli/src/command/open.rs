//! Opening the store, whichever it is. Nothing else knows.

mod embedded;
mod shared;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use lookback_secrets::KeyRing;
use lookback_store::Store;
use lookback_store_sqlite::ServerLock;
use thiserror::Error;

use crate::keyring;
use crate::numbers::Numbers;
use crate::settings::{Database, Settings};

/// A store, and what goes with it to serve it.
pub struct Opened {
    pub store: Arc<dyn Store>,
    /// What it tells about itself.
    pub numbers: Numbers,
    /// What secrets are sealed under, where there is any.
    pub keys: Option<KeyRing>,
    /// What keeps a second server away, where only one may work on it and the store does not hold that itself.
    pub lock: Option<ServerLock>,
}

/// What a command is to do with a store that has nothing in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Empty {
    Make,
    Refuse,
}

/// There is no store where one was named.
#[derive(Debug, Error)]
#[error("there is no store at {}; see --database, or make one with `lookback bootstrap`", .0.display())]
pub struct NoStore(PathBuf);

/// The store that is there already, for a command that has nothing to do in an empty one: a mistyped name is to be
/// noticed, not to become a store.
pub async fn existing(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    Ok(open(settings, Empty::Refuse).await?.store)
}

/// The file of an embedded store that is there already, for a command that is about files.
pub fn existing_file(settings: &Settings) -> anyhow::Result<PathBuf> {
    let file = settings.database.file().context(
        "this is for the embedded store; PostgreSQL has pg_dump and pg_basebackup for the same purpose",
    )?;
    embedded::require(&file)?;
    Ok(file)
}

/// The store, for a command that works beside a server if there is one. It is made where there is none.
pub async fn store(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    Ok(open(settings, Empty::Make).await?.store)
}

/// The store, made where there is none. Where only one server may work on it, none may while this is there.
pub async fn store_without_server(settings: &Settings) -> anyhow::Result<Opened> {
    let lock = match settings.database.file() {
        Some(_) => Some(embedded::lock(&settings.database)?),
        None => None,
    };
    Ok(Opened { lock, ..open(settings, Empty::Make).await? })
}

/// The same for a server, which may need a master key.
pub async fn store_to_serve(settings: &Settings, cache_bytes_max: usize) -> anyhow::Result<Opened> {
    let opened = match &settings.database {
        Database::Postgres(url) => shared::open(url, Empty::Make).await?,
        embedded => {
            // A new version may have to rewrite the file, and nobody may have to wait for that to be told to end.
            let embedded = embedded.clone();
            let open = move || embedded::open_to_serve(&embedded, cache_bytes_max);
            tokio::task::spawn_blocking(open).await??
        }
    };
    let keys = keyring::to_serve(settings)?;
    warn_of_missing_keys(keys.as_ref(), &*opened.store).await;
    Ok(Opened { keys, ..opened })
}

/// Says how many secrets are sealed under which master key that is not in the ring.
pub async fn warn_of_missing_keys(ring: Option<&KeyRing>, store: &dyn Store) {
    let known: Vec<_> = ring.into_iter().flat_map(KeyRing::ids).collect();
    for (key, secrets) in store.seal_counts().await.unwrap_or_default() {
        if !known.contains(&&key) {
            tracing::warn!(%key, secrets, "secrets are sealed under a master key that is not in the key ring");
        }
    }
}

async fn open(settings: &Settings, empty: Empty) -> anyhow::Result<Opened> {
    match &settings.database {
        Database::Postgres(url) => shared::open(url, empty).await,
        embedded => embedded::open(embedded, empty),
    }
}
