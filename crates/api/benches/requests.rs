//! `cargo bench -p lookback-api`: a request from its head to its answer, on the in-memory model of a store, so
//! that what is measured is the key, the validation, the answer and the layers around them.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use criterion::{Criterion, criterion_group, criterion_main};
use http::{Request, StatusCode};
use jiff::Timestamp;
use lookback_api::{App, Clock, Entropy, Limits, Metrics, Parts, router};
use lookback_domain::{Catalog, KeyId, OrgId, Region, TeamId};
use lookback_store::testing::{Model, by};
use lookback_store::{Key, ManagementKey, Org, OrgStore, Team};
use prometheus_client::registry::Registry;
use tower::ServiceExt;
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const TEAM: TeamId = TeamId(Uuid::from_u128(2));

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// Bytes that tell each answer from the others.
#[derive(Default)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let n = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let (length, counted) = (bytes.len(), bytes.len().min(n.len()));
        bytes[length - counted..].copy_from_slice(&n[n.len() - counted..]);
    }
}

fn requests(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let key = ManagementKey::from_bits([7; 32]);
    let routes = runtime.block_on(routes(&key));
    let path = format!("/v1/org/{ORG}/team_data_pull_preferences/production/us");
    let example = |days| {
        format!(
            r#"{{"team_ids": ["{TEAM}"], "providers": {{"oura": {{"default": {{"historical_days_to_pull": {days}}},
               "resource_overrides": {{"sleep": {{"historical_days_to_pull": 180}}}}}}}}}}"#
        )
    };
    let cases = [
        ("a probe", "GET", "/healthz".to_owned(), String::new(), StatusCode::OK),
        ("get one team", "GET", format!("{path}?team_id={TEAM}"), String::new(), StatusCode::OK),
        ("upsert the example", "POST", path.clone(), example("120"), StatusCode::OK),
        ("refuse the example", "POST", path, example("\"many\""), StatusCode::UNPROCESSABLE_ENTITY),
    ];
    let mut group = c.benchmark_group("api");
    for (name, method, path, body, expected) in cases {
        group.bench_function(name, |b| {
            b.to_async(&runtime).iter(async || {
                let request = Request::builder().method(method).uri(&path);
                let request = request.header("x-management-key", key.reveal());
                let request = request.body(Body::from(body.clone())).unwrap();
                let response = routes.clone().oneshot(request).await.unwrap();
                assert_eq!(response.status(), expected);
                to_bytes(response.into_body(), usize::MAX).await.unwrap()
            });
        });
    }
    group.finish();
}

async fn routes(key: &ManagementKey) -> Router {
    let (store, created_at) = (Model::new(), Timestamp::UNIX_EPOCH);
    let org = Org { id: ORG, name: String::new(), created_at };
    let team = Team {
        id: TEAM,
        org_id: ORG,
        name: String::new(),
        region: Region::Us,
        integration_team_id: None,
        created_at,
    };
    let id = KeyId(Uuid::nil());
    let key = Key::org_admin(id, ORG, String::new(), key.digest(), &by());
    store.create_org(org, vec![team], vec![key], &by()).await.unwrap();
    let app = App::new(Parts {
        store: Arc::new(store),
        catalog: Arc::new(Catalog::bundled().unwrap()),
        clock: Arc::new(Stopped),
        entropy: Arc::new(Counting::default()),
        vault: None,
        limits: Arc::new(Limits::default()),
        guesses: Arc::default(),
        key_uses: Arc::default(),
    });
    router(app, Metrics::new(Registry::default(), 0), false)
}

criterion_group!(benches, requests);
criterion_main!(benches);
