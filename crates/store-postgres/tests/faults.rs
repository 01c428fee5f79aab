//! PostgreSQL lost, slow, stopped, full and in conflict: what was asked for is done, or refused, or said to be
//! unknown; and afterwards everything is as before, connections included.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

mod support;

use std::time::Duration;

use lookback_store::{Error, Lifecycle, OrgStore, Result};
use lookback_store_postgres::testing::{Database, Proxy, Server, Trap, database, server};
use lookback_store_postgres::{OpenError, Options, PostgresStore};

use support::{ORG, by, days, fill, set, team};

/// A store that gives up early.
async fn open(url: &str) -> PostgresStore {
    let options = Options { operation_time_max: Duration::from_millis(1_500), ..Options::default() };
    PostgresStore::open(url, &options).await.unwrap()
}

/// A store behind a network that can be broken.
async fn behind_a_proxy(database: &Database) -> (Proxy, PostgresStore) {
    let proxy = Proxy::before(database.port()).await;
    let store = open(&database.url_at(proxy.port())).await;
    fill(&store, 4).await;
    set_one(&store, 0, 1).await.unwrap();
    (proxy, store)
}

async fn set_one(store: &PostgresStore, n: u128, days: i64) -> Result<()> {
    set(store, &[team(n)], days).await
}

/// Every connection is idle again.
fn assert_no_leak(store: &PostgresStore) {
    let stats = store.stats();
    assert_eq!(stats.connections, stats.idle_connections, "{stats:?}");
    assert_eq!((stats.waiting, stats.queued), (0, 0), "{stats:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_were_terminated_are_replaced_unnoticed() {
    let Some(database) = database().await else { return };
    let (store, admin) = (open(database.url()).await, database.connect().await);
    fill(&store, 4).await;
    for n in 0..10 {
        // More than one connection is idle in the pool.
        let (one, other) = tokio::join!(set_one(&store, 0, n), days(&store, team(1)));
        one.unwrap();
        other.unwrap();
        let terminated = admin
            .query(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
                &[],
            )
            .await
            .unwrap();
        assert!(!terminated.is_empty());
        assert_eq!(days(&store, team(0)).await.unwrap(), Some(n));
        set_one(&store, 0, n + 100).await.unwrap();
        assert_eq!(days(&store, team(0)).await.unwrap(), Some(n + 100));
        store.rename_org(ORG, format!("org {n}"), &by()).await.unwrap();
    }
    store.ready().await.unwrap();
    assert_no_leak(&store);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_before_the_commit_is_replaced_unnoticed() {
    let Some(database) = database().await else { return };
    let (proxy, store) = behind_a_proxy(&database).await;
    let connections = proxy.connections();
    // The upsert's own statement, which was prepared before, has the environment among its parameters.
    proxy.cut_at(b"production", Trap::Before);
    let (outcome, ()) = tokio::join!(set_one(&store, 0, 2), proxy.sprung());
    outcome.unwrap();
    assert_eq!(days(&store, team(0)).await.unwrap(), Some(2));
    assert!(proxy.connections() > connections);
    assert_no_leak(&store);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_does_not_arrive_is_said_to_be_unknown() {
    let Some(database) = database().await else { return };
    let (proxy, store) = behind_a_proxy(&database).await;
    proxy.cut_at(b"COMMIT", Trap::Before);
    let (outcome, ()) = tokio::join!(set_one(&store, 0, 2), proxy.sprung());
    assert!(matches!(outcome, Err(Error::OutcomeUnknown(_))), "{outcome:?}");
    assert_eq!(days(&store, team(0)).await.unwrap(), Some(1));
    set_one(&store, 0, 2).await.unwrap();
    assert_eq!(days(&store, team(0)).await.unwrap(), Some(2));
    assert_no_leak(&store);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_said_to_be_unknown_and_can_be_repeated() {
    let Some(database) = database().await else { return };
    let (proxy, store) = behind_a_proxy(&database).await;
    for (cut, value) in [(true, 3), (false, 4)] {
        proxy.cut_at(b"COMMIT", Trap::After);
        let cutting = async {
            proxy.sprung().await;
            if cut {
                proxy.cut();
            }
        };
        let (outcome, ()) = tokio::join!(set_one(&store, 0, value), cutting);
        assert!(matches!(outcome, Err(Error::OutcomeUnknown(_))), "{outcome:?}");
        proxy.hold(false);
        set_one(&store, 0, value).await.unwrap();
        assert_eq!(days(&store, team(0)).await.unwrap(), Some(value));
        let admin = database.connect().await;
        let entries = "SELECT count(*) FROM audit_entry WHERE action = 'preferences_set'";
        let entries: i64 = admin.query_one(entries, &[]).await.unwrap().get(0);
        assert_eq!(entries, value - 1, "it had happened, and the repetition changed nothing");
    }
    assert_no_leak(&store);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_answered_in_time_is_unavailable_and_leaves_nothing_behind() {
    let Some(database) = database().await else { return };
    let (proxy, store) = behind_a_proxy(&database).await;
    proxy.hold(true);
    let (read, write) = tokio::join!(days(&store, team(0)), set_one(&store, 1, 2));
    assert!(matches!(read, Err(Error::Unavailable(_))), "{read:?}");
    assert!(matches!(write, Err(Error::Unavailable(_))), "{write:?}");
    proxy.hold(false);
    assert_eq!(days(&store, team(0)).await.unwrap(), Some(1));
    assert_eq!(days(&store, team(1)).await.unwrap(), None);
    store.ready().await.unwrap();
    assert_no_leak(&store);
}

/// As where something else listens at its address, or a firewall takes what is said and says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://u@127.0.0.1:{}/d", silent.local_addr().unwrap().port());
    let options = Options { operation_time_max: Duration::from_millis(200), ..Options::default() };
    let refused = PostgresStore::open(&url, &options).await.unwrap_err();
    assert!(matches!(refused, OpenError::Connect(_)), "{refused:?}");
    assert!(refused.to_string().contains("says nothing for 200ms"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_reached_is_unavailable_until_it_can() {
    let Some(database) = database().await else { return };
    let (proxy, store) = behind_a_proxy(&database).await;
    proxy.refuse(true);
    proxy.cut();
    let outcome = set_one(&store, 0, 2).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    assert!(matches!(store.ready().await, Err(Error::Unavailable(_))));
    proxy.refuse(false);
    assert_eq!(days(&store, team(0)).await.unwrap(), Some(1));
    set_one(&store, 0, 2).await.unwrap();
    store.ready().await.unwrap();
    assert_no_leak(&store);
}

/// Somebody who locks the other way round: one of both has to give way, and here it is the store, which looks whether
/// it is in a deadlock once it has waited so long.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_done_again() {
    let Some(database) = database().await else { return };
    let mut admin = database.connect().await;
    let patient = format!("ALTER DATABASE {} SET deadlock_timeout = '3s'", database.name());
    admin.batch_execute(&patient).await.unwrap();
    let store = PostgresStore::open(database.url(), &Options::default()).await.unwrap();
    fill(&store, 4).await;
    let lock = |n: u128| format!("SELECT FROM team WHERE id = '{}' FOR UPDATE", team(n));
    admin.batch_execute("SET deadlock_timeout = '1h'").await.unwrap();
    let other = admin.transaction().await.unwrap();
    other.batch_execute(&lock(1)).await.unwrap();
    let both = [team(0), team(1)];
    let conflict = async {
        // The store has the first and waits for the second.
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND wait_event_type = 'Lock'";
        while other.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {}
        other.batch_execute(&lock(0)).await.unwrap();
        other.commit().await.unwrap();
    };
    let (outcome, ()) = tokio::join!(set(&store, &both, 5), conflict);
    outcome.unwrap();
    assert_eq!(days(&store, team(1)).await.unwrap(), Some(5));
    assert_no_leak(&store);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_crashes_and_comes_back_is_used_again() {
    let Some(mut server) = server("") else { return };
    let store = open(&server.url("postgres")).await;
    fill(&store, 2).await;
    let ends: [fn(&mut Server); 2] = [Server::stop, Server::crash];
    for (n, end) in ends.into_iter().enumerate() {
        let before = i64::try_from(n).unwrap();
        set_one(&store, 0, before).await.unwrap();
        end(&mut server);
        let outcome = set_one(&store, 0, 9).await;
        assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
        assert!(days(&store, team(0)).await.is_err() && store.ready().await.is_err());
        server.resume();
        assert_eq!(days(&store, team(0)).await.unwrap(), Some(before));
        set_one(&store, 0, 10).await.unwrap();
        store.ready().await.unwrap();
    }
    assert_no_leak(&store);
}

/// Files that may not grow are what a full disk is to PostgreSQL; unlike that, anybody can have them.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_is_unavailable_until_there_is_room() {
    let Some(server) = server("autovacuum = off") else { return };
    let store = open(&server.url("postgres")).await;
    let teams: Vec<_> = (0..200).map(team).collect();
    fill(&store, 200).await;
    // As far as the segments of its log go, which are there already.
    server.limit_files(Some(1 << 20));
    let mut last = 0;
    let full = async {
        for n in 1..300 {
            match set(&store, &teams, n % 366).await {
                Ok(()) => last = n % 366,
                Err(error) => return Some(error),
            }
        }
        None
    };
    let error = full.await.expect("the audit log grows with each change");
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert_eq!(days(&store, team(0)).await.unwrap(), Some(last), "reading goes on");
    server.limit_files(None);
    set(&store, &teams, 365).await.unwrap();
    store.ready().await.unwrap();
    assert_eq!(days(&store, team(0)).await.unwrap(), Some(365));
    assert_no_leak(&store);
}
