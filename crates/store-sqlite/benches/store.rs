//! `cargo bench -p lookback-store-sqlite`: what every request asks of the store, and durable upserts alone and
//! sixty-four at a time.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use std::collections::BTreeMap;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use lookback_domain::{Days, Environment, KeyId, OrgId, Preference, Provider, Region, Resource, TeamId};
use lookback_store::testing::{UNRAISED, by};
use lookback_store::{
    Key, KeyStore, ManagementKey, Org, OrgStore, PreferenceStore, Scope, Selection, Team, Visible,
};
use lookback_store_sqlite::{Options, ServerLock, SqliteStore};
use tokio::task::JoinSet;
use uuid::Uuid;

const TEAMS: u128 = 1000;
const AT_ONCE: u64 = 64;
const ORG: OrgId = OrgId(Uuid::from_u128(1));
const SCOPE: Scope =
    Scope { org_id: ORG, region: Region::Us, environment: Environment::Production, visible: Visible::All };

fn store(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lookback.db");
    let lock = ServerLock::acquire(&path).unwrap();
    let store = Arc::new(SqliteStore::serve(lock, &Options::default(), 64 << 20).unwrap());
    let teams: Vec<_> = (0..TEAMS).map(|number| TeamId(Uuid::from_u128(number))).collect();
    let digest = runtime.block_on(filled(&store, &teams));
    let days = |days| Days::try_from(days).unwrap();
    let overrides = BTreeMap::from([(Resource::Sleep, days(180))]);
    let changes = BTreeMap::from([(Provider::Oura, Preference { default: days(120), overrides })]);

    let mut group = c.benchmark_group("sqlite");
    group.bench_function("key by digest", |b| {
        b.to_async(&runtime).iter(async || store.key_by_digest(digest).await.unwrap());
    });
    for count in [1, 8, 100] {
        group.bench_function(format!("preferences of {count} teams"), |b| {
            b.to_async(&runtime)
                .iter(async || store.preferences(&SCOPE, Selection::Teams(&teams[..count])).await.unwrap());
        });
    }
    group.bench_function("an upsert", |b| {
        b.to_async(&runtime).iter(async || {
            store.upsert_preferences(&SCOPE, &teams[..1], &changes, &UNRAISED, &by()).await.unwrap();
        });
    });
    group.throughput(Throughput::Elements(AT_ONCE)).bench_function("64 upserts at once", |b| {
        b.to_async(&runtime).iter(async || {
            let upsert = |team| {
                let (store, changes) = (Arc::clone(&store), changes.clone());
                async move {
                    store.upsert_preferences(&SCOPE, &[team], &changes, &UNRAISED, &by()).await.map(drop)
                }
            };
            let upserts: JoinSet<_> =
                teams.iter().take(usize::try_from(AT_ONCE).unwrap()).copied().map(upsert).collect();
            for outcome in upserts.join_all().await {
                outcome.unwrap();
            }
        });
    });
    group.finish();
}

async fn filled(store: &SqliteStore, teams: &[TeamId]) -> lookback_store::KeyDigest {
    let created_at = Timestamp::UNIX_EPOCH;
    let digest = ManagementKey::from_bits([7; 32]).digest();
    let key = Key::org_admin(KeyId(Uuid::nil()), ORG, String::new(), digest, &by());
    let team = |&id| Team {
        id,
        org_id: ORG,
        name: String::new(),
        region: Region::Us,
        integration_team_id: None,
        created_at,
    };
    let org = Org { id: ORG, name: String::new(), created_at };
    store.create_org(org, teams.iter().map(team).collect(), vec![key], &by()).await.unwrap();
    digest
}

criterion_group!(benches, store);
criterion_main!(benches);
