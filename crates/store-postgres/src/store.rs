//! The store as a whole.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use lookback_store::{Key, KeyDigest, Lifecycle, Result, TeamPreferences};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::Client;

use crate::address::Address;
use crate::batch::Batches;
use crate::pool::Pool;
use crate::preference::{Place, Upsert};
use crate::transaction::Transactions;
use crate::{OpenError, key, migrations, preference, tls};

/// How a store works; the defaults are meant for a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether a database that has no store yet gets one.
    pub make: bool,
    /// Connections at most. PostgreSQL allows 100 to all its clients together, unless it is told otherwise.
    pub connections_max: usize,
    /// How long an operation may take, waiting for a connection and repetitions included; a request makes two.
    pub operation_time_max: Duration,
    /// Batches of reads at once, of each kind.
    pub read_batches: usize,
    /// Batches of upserts at once.
    pub upsert_batches: usize,
    /// Questions in a batch at most.
    pub batch_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            make: true,
            connections_max: 16,
            operation_time_max: Duration::from_secs(8),
            read_batches: 2,
            upsert_batches: 4,
            batch_max: 64,
        }
    }
}

/// What a store has done since it was opened and how its connections are, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Transactions that were committed.
    pub commits: u64,
    /// Transactions that failed or whose outcome is unknown, with every operation in them.
    pub failed_commits: u64,
    /// Operations in the committed transactions.
    pub operations: u64,
    /// Upserts that wait at this moment.
    pub queued: usize,
    /// How many can wait; beyond that, callers wait before they are queued.
    pub queue_max: usize,
    /// Connections that are open.
    pub connections: usize,
    /// Connections that nobody uses, among them.
    pub idle_connections: usize,
    /// Callers that wait for a connection.
    pub waiting: usize,
    /// How many connections there can be.
    pub connections_max: usize,
}

/// A store in a PostgreSQL database.
pub struct PostgresStore {
    pub(crate) transactions: Transactions,
    pub(crate) keys: Batches<KeyDigest, Option<Key>>,
    pub(crate) reads: Batches<Place, TeamPreferences>,
    pub(crate) upserts: Batches<Upsert, Vec<TeamPreferences>>,
    connections_max: usize,
}

impl PostgresStore {
    /// Opens the store in the database at `url` and brings it to the newest version. It works within the runtime that
    /// it is opened in.
    pub async fn open(url: &str, options: &Options) -> std::result::Result<Self, OpenError> {
        let address = Address::parse(url, options)?;
        prepare(&address, options).await?;
        let pool = Pool::new(&address, options)?;
        let transactions = Transactions::new(pool, options.operation_time_max);
        let (all, some) = (options.batch_max, options.read_batches);
        let keys = {
            let transactions = transactions.clone();
            Batches::start(some, all, move |batch| key::by_digest(transactions.clone(), batch))
        };
        let reads = {
            let transactions = transactions.clone();
            Batches::start(some, all, move |batch| preference::read_batch(transactions.clone(), batch))
        };
        let upserts = {
            let transactions = transactions.clone();
            let work = move |batch| preference::upsert_batch(transactions.clone(), batch);
            Batches::start(options.upsert_batches, all, work)
        };
        Ok(Self { transactions, keys, reads, upserts, connections_max: options.connections_max })
    }

    /// Sees that a URL is understood and names certificates that can be read, as opening does, without connecting.
    pub fn check(url: &str, options: &Options) -> std::result::Result<(), OpenError> {
        let address = Address::parse(url, options)?;
        tls::connector(address.roots.as_deref()).map(drop)
    }

    /// What it has done so far, and how its connections are.
    pub fn stats(&self) -> Stats {
        let counters = &self.transactions.counters;
        let (connections, idle_connections, waiting) = self.transactions.pool.numbers();
        let (queued, queue_max) = self.upserts.queued();
        Stats {
            commits: counters.commits.load(Ordering::Relaxed),
            failed_commits: counters.failed_commits.load(Ordering::Relaxed),
            operations: counters.operations.load(Ordering::Relaxed),
            queued,
            queue_max,
            connections,
            idle_connections,
            waiting,
            connections_max: self.connections_max,
        }
    }
}

#[cfg(feature = "testing")]
impl PostgresStore {
    /// How its sessions are set.
    pub async fn setting(&self, name: &str) -> Result<String> {
        let show = |session: crate::session::Session| async move {
            let row = session.one("SELECT current_setting($1)", &[&name]).await?;
            Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or_default())
        };
        self.transactions.read(show).await
    }
}

/// Sees that the database can be used, and brings it to the newest version. No bound on how long a step of that takes:
/// it may have to rewrite a large table.
async fn prepare(address: &Address, options: &Options) -> std::result::Result<(), OpenError> {
    // Each of several hosts may have to be given up before the next one is tried.
    let time_max = options.operation_time_max * u32::try_from(address.config.get_hosts().len()).unwrap_or(1);
    let (mut client, connection) = match timeout(time_max, greet(address)).await {
        Ok(greeted) => greeted?,
        Err(_) => return Err(OpenError::Connect(format!("it says nothing for {time_max:?}").into())),
    };
    migrations::run(&mut client, options.make).await?;
    drop(client);
    // It ends with its client; how it ends changes nothing any more.
    let _ = connection.await;
    Ok(())
}

/// Connects to a server that fits.
async fn greet(address: &Address) -> std::result::Result<(Client, JoinHandle<()>), OpenError> {
    let connect = |error: tokio_postgres::Error| OpenError::Connect(Box::new(error));
    let tls = tls::connector(address.roots.as_deref())?;
    let (client, connection) = address.config.connect(tls).await.map_err(connect)?;
    let connection = tokio::spawn(async move { drop(connection.await) });
    // That a table is there already is no news to anybody.
    client
        .batch_execute("SET statement_timeout = 0; SET client_min_messages = warning")
        .await
        .map_err(connect)?;
    let ask = "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'), \
         current_setting('server_encoding')";
    let row = client.query_one(ask, &[]).await.map_err(connect)?;
    let (major, version, encoding): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
    if major < 15 {
        return Err(OpenError::Old(version));
    }
    if encoding != "UTF8" {
        return Err(OpenError::Encoding(encoding));
    }
    Ok((client, connection))
}

/// A commit that changes nothing, on a server that takes writes.
const CAN_COMMIT: &str = "SELECT pg_current_xact_id()";
/// A new table needs room on the disk.
const HAS_ROOM: &str = "CREATE TABLE lookback_probe AS SELECT 1 AS room";

#[async_trait]
impl Lifecycle for PostgresStore {
    async fn ready(&self) -> Result<()> {
        let writable = |session: crate::session::Session| async move {
            let ask = "SELECT current_setting('transaction_read_only') = 'off' FROM (SELECT FROM org LIMIT 1) org \
                 RIGHT JOIN (VALUES (1)) one ON true";
            let row = session.one(ask, &[]).await?;
            Ok(row.is_some_and(|row| row.get(0)))
        };
        if !self.transactions.read(writable).await? {
            return Err(lookback_store::Error::unavailable(
                "the database takes no writes; it may be a standby",
            ));
        }
        if self.transactions.counters.failing.load(Ordering::Relaxed) {
            let probe = |session: crate::session::Session| async move {
                session.say("SAVEPOINT room").await?;
                session.say(HAS_ROOM).await?;
                session.say("ROLLBACK TO room").await?;
                session.say(CAN_COMMIT).await
            };
            self.transactions.write_all(0, probe).await?;
        }
        Ok(())
    }

    async fn close(&self) {
        self.upserts.close().await;
        self.reads.close().await;
        self.keys.close().await;
        self.transactions.pool.close();
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
