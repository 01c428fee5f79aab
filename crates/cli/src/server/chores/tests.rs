use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use lookback_api::{Clock, Entropy, Metrics, Parts, router};
use lookback_domain::{Catalog, KeyId, OrgId, Region, TeamId};
use lookback_store::testing::{Model, dump};
use lookback_store::{
    Actor, AuditFilter, AuditStore, Author, Key, KeyFilter, KeyStore, ManagementKey, Once, Org, OrgStore,
    Row, Team, TeamStore,
};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::time::{Instant, timeout};
use tower::ServiceExt;
use uuid::Uuid;

use super::*;
use crate::measured::Measured;

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const KEY: KeyId = KeyId(Uuid::from_u128(2));
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The clock that the runtime's own, which stands still until nothing else is to be done, sets forward.
struct Virtual(Instant);

impl Virtual {
    const START: Timestamp = Timestamp::constant(1_800_000_000, 0);
}

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        Self::START + self.0.elapsed()
    }
}

struct Nothing;

impl Entropy for Nothing {
    fn fill(&self, _: &mut [u8]) {}
}

/// A store with an organisation and its key, and who does the chores there.
struct House {
    store: Arc<Model>,
    numbers: Registry,
    chores: Chores,
    key: ManagementKey,
    changes: u8,
}

impl House {
    /// What was there at first was made just now.
    async fn new(audit_days: Option<u32>) -> Self {
        let (store, mut numbers) = (Arc::new(Model::new()), Registry::default());
        let app = App::new(Parts {
            store: Arc::new(Measured::new(Arc::clone(&store), &mut numbers)),
            catalog: Arc::new(Catalog::bundled().unwrap()),
            clock: Arc::new(Virtual(Instant::now())),
            entropy: Arc::new(Nothing),
            vault: None,
            limits: Arc::default(),
            guesses: Arc::default(),
            key_uses: Arc::default(),
        });
        let (key, by) =
            (ManagementKey::from_bits([7; 32]), Author::new(Actor::CommandLine, Virtual::START, [0; 7]));
        let row = Key::org_admin(KEY, ORG, String::new(), key.digest(), &by);
        let org = Org { id: ORG, name: String::new(), created_at: by.at };
        store.create_org(org, Vec::new(), vec![row], &by).await.unwrap();
        Self { store, numbers, chores: Chores { app, audit_days }, key, changes: 0 }
    }

    /// Has a team made under a token, so long ago; answers its name.
    async fn make_team(&mut self, ago: SignedDuration) -> String {
        self.changes += 1;
        let by = Author::new(Actor::Key(KEY), self.chores.app.clock.now() - ago, [self.changes; 7]);
        let name = format!("team {}", self.changes);
        let once = Once { key_id: KEY, token: name.clone(), fingerprint: [self.changes; 32] };
        self.store.create_team(team(self.changes.into(), name.clone()), Some(once), &by).await.unwrap();
        name
    }

    /// Does the chores for so long, which takes no time.
    async fn pass(&self, time: Duration) {
        timeout(time, self.chores.forever()).await.unwrap_err();
    }

    /// The tokens that are kept.
    async fn tokens(&self) -> Vec<String> {
        let rows = dump(&*self.store, 100).await;
        let token = |row| if let Row::Token(token) = row { Some(token.once.token) } else { None };
        rows.into_iter().filter_map(token).collect()
    }

    /// The names of the teams whose making is in the audit log, the oldest first, and of how much else there is.
    async fn audited(&self) -> Vec<String> {
        let entries = self.store.audit(ORG, &AuditFilter::all(), None, usize::MAX).await.unwrap();
        let teams = entries.iter().rev().filter(|entry| entry.team_id.is_some());
        teams.map(|entry| entry.after.as_ref().unwrap()["name"].as_str().unwrap().to_owned()).collect()
    }

    async fn last_use(&self) -> Option<Timestamp> {
        let keys = self.store.keys(ORG, &KeyFilter::all(), None, 9).await.unwrap();
        keys[0].last_used_at
    }

    /// How often the store was asked for this.
    fn times(&self, operation: &str) -> u64 {
        let mut text = String::new();
        encode(&mut text, &self.numbers).unwrap();
        let name = format!("lookback_store_operation_seconds_count{{operation=\"{operation}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name));
        line.map_or(0, |count| count.parse().unwrap())
    }

    fn routes(&self) -> Router {
        router(self.chores.app.clone(), Metrics::default(), false)
    }
}

fn team(n: u128, name: String) -> Team {
    let (id, created_at) = (TeamId(Uuid::from_u128(n)), Virtual::START);
    Team { id, org_id: ORG, name, region: Region::Us, integration_team_id: None, created_at }
}

/// Asks for the organisation `times` times.
async fn ask(house: &House, times: usize) {
    let routes = house.routes();
    for _ in 0..times {
        let request = Request::get(format!("/v1/org/{ORG}")).header("x-management-key", house.key.reveal());
        let answer = routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_old_goes_at_once_and_what_becomes_old_within_the_hour() {
    let mut house = House::new(Some(2)).await;
    let hours = SignedDuration::from_hours;
    let (second, soon) = (SignedDuration::from_secs(1), SignedDuration::from_mins(10));
    house.make_team(hours(48) + second).await;
    let before_long = house.make_team(hours(48) - soon).await;
    house.make_team(hours(24) + second).await;
    let today = house.make_team(hours(24) - soon).await;
    house.pass(MINUTE).await;
    assert_eq!(house.tokens().await, [&*today]);
    assert_eq!(house.audited().await, [&*before_long, "team 3", &*today]);

    house.pass(HOUR + MINUTE).await;
    assert_eq!(house.tokens().await, [""; 0]);
    assert_eq!(house.audited().await, ["team 3", &*today]);
    // A team and a key outlive what is told of them.
    assert_eq!(house.store.team(ORG, TeamId(Uuid::from_u128(1))).await.unwrap().name, "team 1");
    ask(&house, 1).await;
}

#[tokio::test(start_paused = true)]
async fn the_audit_log_is_kept_for_ever_where_nothing_else_is_said() {
    let mut house = House::new(None).await;
    let ancient = house.make_team(SignedDuration::from_hours(24 * 365 * 50)).await;
    house.pass(HOUR + MINUTE).await;
    assert_eq!((house.tokens().await, house.audited().await), (vec![], vec![ancient]));
    assert_eq!(house.times("purge_audit"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_great_deal_is_forgotten_a_part_at_a_time() {
    let house = House::new(Some(1)).await;
    let other = OrgId(Uuid::from_u128(9));
    let (org, teams) = (Org { id: other, name: String::new(), created_at: Virtual::START }, 2 * ROWS_MAX + 1);
    let teams = (1..teams).map(|n| Team { org_id: other, ..team(n as u128, String::new()) }).collect();
    let long_ago = Virtual::START - SignedDuration::from_hours(25);
    house
        .store
        .create_org(org, teams, Vec::new(), &Author::new(Actor::CommandLine, long_ago, [1; 7]))
        .await
        .unwrap();
    house.pass(MINUTE).await;
    assert_eq!(house.times("purge_audit"), 3);
    let left = house.store.audit(other, &AuditFilter::all(), None, 1).await.unwrap();
    assert_eq!(left, []);
}

#[tokio::test(start_paused = true)]
async fn the_last_use_of_a_key_is_noted_without_a_write_a_request() {
    let house = House::new(None).await;
    ask(&house, 50).await;
    assert_eq!((house.times("record_key_uses"), house.last_use().await), (0, None));
    house.pass(MINUTE).await;
    assert_eq!((house.times("record_key_uses"), house.last_use().await), (1, Some(Virtual::START)));

    let used = house.chores.app.clock.now();
    ask(&house, 50).await;
    house.pass(HOUR).await;
    assert_eq!((house.times("record_key_uses"), house.last_use().await), (2, Some(used)));
}

#[tokio::test(start_paused = true)]
async fn what_a_store_could_not_do_is_done_once_it_can() {
    let mut house = House::new(Some(2)).await;
    house.make_team(SignedDuration::from_hours(49)).await;
    ask(&house, 1).await;
    house.store.break_after(0);
    house.pass(HOUR + MINUTE).await;
    // One does not keep the other from being tried, nor once from twice.
    assert_eq!((house.times("purge_once"), house.times("purge_audit")), (2, 2));
    house.store.mend();
    assert_eq!((house.tokens().await.len(), house.audited().await.len()), (1, 1));
    house.pass(HOUR + MINUTE).await;
    assert_eq!((house.tokens().await.len(), house.audited().await.len()), (0, 0));
    assert_eq!(house.last_use().await, Some(Virtual::START));
}
