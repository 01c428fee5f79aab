//! How every test begins: the real router over a real store, in which there is something to ask about.

use std::borrow::Borrow;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use jiff::Timestamp;
use lookback_api::{
    App, Clock, Entropy, KeyUses, Limits, Metrics, Observed, Parts, SealedField, Vault, router,
};
use lookback_domain::{Catalog, Environment, KeyId, OrgId, Region, TeamId};
use lookback_store::testing::by;
use lookback_store::{
    CredentialPlace, Key, ManagementKey, MasterKeyId, Org, Scope, Sealed, Selection, Store, Team,
    TeamPreferences, Visible,
};
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

use crate::stores::{Kept, fresh};

/// What time it is in every test.
const NOW: &str = "2026-11-23T12:00:00Z";

/// A clock that stands still until a test sets it forward.
pub struct TestClock(AtomicI64);

impl TestClock {
    fn at(now: &str) -> Self {
        let now: Timestamp = now.parse().unwrap();
        Self(AtomicI64::new(now.as_millisecond()))
    }

    /// Lets so many seconds pass.
    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// A vault that can be looked through, and in which nothing stands as it came.
struct Inverted;

impl Vault for Inverted {
    fn seal(&self, _: &CredentialPlace, _: SealedField, clear: &[u8]) -> std::io::Result<Sealed> {
        let ciphertext = clear.iter().map(|byte| !byte).collect();
        Ok(Sealed { key_id: MasterKeyId("test".to_owned()), nonce: [0; 12], ciphertext })
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

/// The router over `store`, at [`NOW`].
pub fn serve(store: Arc<dyn Store>) -> Router {
    router(App::new(parts(store)), Metrics::default(), true)
}

/// What the router over `store` works with, at [`NOW`].
fn parts(store: Arc<dyn Store>) -> Parts {
    Parts {
        store,
        catalog: Arc::new(Catalog::bundled().unwrap()),
        clock: Arc::new(TestClock::at(NOW)),
        entropy: Arc::new(Counting::default()),
        vault: Some(Arc::new(Inverted)),
        limits: Arc::default(),
        guesses: Arc::default(),
        key_uses: Arc::default(),
    }
}

/// The organisation of this number, counted from 1.
pub fn org_id(n: u8) -> OrgId {
    OrgId(Uuid::from_u128(0x0a90_0000_0000_4000_8000_0000_0000_0000 + u128::from(n)))
}

/// The team of this number. Teams sort by their numbers.
pub fn team_id(n: u16) -> TeamId {
    TeamId(Uuid::from_u128(0x7ea0_0000_0000_4000_8000_0000_0000_0000 + u128::from(n)))
}

/// The id of an organisation's only key.
pub fn key_id(org: u8) -> KeyId {
    KeyId(Uuid::from_u128(0x6e70_0000_0000_4000_8000_0000_0000_0000 + u128::from(org)))
}

/// An organisation's key in clear.
pub fn key(org: u8) -> String {
    management_key(org).reveal().to_owned()
}

fn management_key(org: u8) -> ManagementKey {
    ManagementKey::from_bits([org; 32])
}

/// The path of the preferences of an organisation in an environment and a region.
pub fn path(org: u8, env: &str, region: &str) -> String {
    format!("/v1/org/{}/team_data_pull_preferences/{env}/{region}", org_id(org))
}

/// The path that most tests ask at: of the first organisation's teams in the United States.
pub fn us() -> String {
    path(1, "production", "us")
}

fn team(org: u8, n: u16, region: Region) -> Team {
    let (id, org_id, created_at) = (team_id(n), org_id(org), NOW.parse().unwrap());
    Team { id, org_id, name: format!("team {n}"), region, integration_team_id: None, created_at }
}

/// An organisation with its key, without teams.
pub async fn make_org(store: &dyn Store, n: u8) {
    make_org_of(store, n, []).await;
}

/// An organisation with its key and the teams of these numbers in the United States.
pub async fn make_org_of(store: &dyn Store, n: u8, teams: impl IntoIterator<Item = u16>) {
    let teams = teams.into_iter().map(|number| team(n, number, Region::Us)).collect();
    let (id, created_at) = (org_id(n), NOW.parse().unwrap());
    let label = format!("key of org {n}");
    let key = Key::org_admin(key_id(n), id, label, management_key(n).digest(), &by());
    let org = Org { id, name: format!("org {n}"), created_at };
    store.create_org(org, teams, vec![key], &by()).await.unwrap();
}

/// The real router over a real store, with one organisation, one team in the United States and one key. Ids
/// and the time are always the same, so that answers are too.
pub struct TestApp {
    router: Router,
    pub store: Arc<dyn Store>,
    pub clock: Arc<TestClock>,
    pub key_uses: Arc<KeyUses>,
    orgs: u8,
    teams: u16,
    _kept: Kept,
}

impl TestApp {
    pub async fn init() -> Self {
        Self::limited(Limits::default()).await
    }

    /// The same within these limits.
    pub async fn limited(limits: Limits) -> Self {
        let (store, kept) = fresh().await;
        let clock = Arc::new(TestClock::at(NOW));
        let parts = Parts { clock: clock.clone(), limits: Arc::new(limits), ..parts(store.clone()) };
        let key_uses = parts.key_uses.clone();
        let router = router(App::new(parts), Metrics::default(), true);
        Self { router, store, clock, key_uses, orgs: 0, teams: 0, _kept: kept }.with_org().await
    }

    /// Adds the next organisation, with a key and a team in the United States.
    pub async fn with_org(mut self) -> Self {
        self.orgs += 1;
        make_org(&*self.store, self.orgs).await;
        let org = self.orgs;
        self.with_team_of(org, Region::Us).await
    }

    /// Adds the next team, to the first organisation.
    pub async fn with_team(self, region: Region) -> Self {
        self.with_team_of(1, region).await
    }

    async fn with_team_of(mut self, org: u8, region: Region) -> Self {
        self.teams += 1;
        self.add_team(org, self.teams, region).await;
        self
    }

    /// Adds the team of this number.
    pub async fn add_team(&self, org: u8, n: u16, region: Region) {
        self.store.create_team(team(org, n, region), None, &by()).await.unwrap();
    }

    /// Deletes a team of the first organisation.
    pub async fn remove_team(&self, n: u16) {
        self.store.delete_team(org_id(1), team_id(n), &by()).await.unwrap();
    }

    /// Everything that is stored, whosever it is.
    pub async fn stored(&self) -> Vec<TeamPreferences> {
        let mut stored = Vec::new();
        for org in 1..=self.orgs {
            for &region in Region::ALL {
                for &environment in Environment::ALL {
                    let scope = Scope { org_id: org_id(org), region, environment, visible: Visible::All };
                    let all = Selection::Page { after: None, limit: 1_000 };
                    stored.extend(self.store.preferences(&scope, all).await.unwrap());
                }
            }
        }
        stored
    }

    /// A `GET` with the first organisation's key.
    pub fn get(&self, path: &str) -> TestRequest {
        self.request(Method::GET, path)
    }

    /// A `POST` with the first organisation's key.
    pub fn post(&self, path: &str, json: impl Borrow<Value>) -> TestRequest {
        self.request(Method::POST, path).body(json.borrow().to_string())
    }

    /// A `PATCH` with the first organisation's key.
    pub fn patch(&self, path: &str, json: impl Borrow<Value>) -> TestRequest {
        self.request(Method::PATCH, path).body(json.borrow().to_string())
    }

    /// A `PUT` with the first organisation's key.
    pub fn put(&self, path: &str, json: impl Borrow<Value>) -> TestRequest {
        self.request(Method::PUT, path).body(json.borrow().to_string())
    }

    /// Makes a key of the first organisation that is bound to these teams. Answers its id and the key.
    pub async fn team_admin(&self, teams: &[u16]) -> (KeyId, String) {
        let bindings: Vec<_> = teams.iter().map(|&n| json!({ "team_id": team_id(n) })).collect();
        let body =
            json!({ "label": format!("of {teams:?}"), "role": "team_admin", "team_role_bindings": bindings });
        let made = self.post(&format!("/v1/org/{}/management_key", org_id(1)), body).await.ok();
        (made["id"].as_str().unwrap().parse().unwrap(), made["key"].as_str().unwrap().to_owned())
    }

    /// A `DELETE` with the first organisation's key.
    pub fn delete(&self, path: &str) -> TestRequest {
        self.request(Method::DELETE, path)
    }

    /// A request with the first organisation's key.
    pub fn request(&self, method: Method, path: &str) -> TestRequest {
        TestRequest::new(self.router.clone(), method, path).header("x-management-key", key(1))
    }
}

/// A request on its way; awaiting it gives the answer.
pub struct TestRequest {
    router: Router,
    request: Request<Body>,
}

impl TestRequest {
    pub fn new(router: Router, method: Method, path: &str) -> Self {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        Self { router, request }
    }

    pub fn without_key(mut self) -> Self {
        self.request.headers_mut().remove("x-management-key");
        self
    }

    /// With the key of this organisation instead.
    pub fn key_of(self, org: u8) -> Self {
        self.without_key().header("x-management-key", key(org))
    }

    /// With this key instead.
    pub fn key(self, key: &str) -> Self {
        self.without_key().header("x-management-key", key)
    }

    /// From this address.
    pub fn from(mut self, client: &str) -> Self {
        self.request.extensions_mut().insert(Observed(client.parse().unwrap()));
        self
    }

    /// One header more, also where there is one of this name.
    pub fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
        self.request.headers_mut().append(name, value);
        self
    }

    /// One header more, of any name.
    pub fn raw_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.request.headers_mut().append(name, value);
        self
    }

    /// Sends it and leaves the answer's body where it is.
    pub async fn unread(self) -> Response {
        self.router.oneshot(self.request).await.unwrap()
    }

    /// These bytes as the body, without a content type.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }
}

impl IntoFuture for TestRequest {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let is_head = self.request.method() == Method::HEAD;
            let (parts, body) = self.router.oneshot(self.request).await.unwrap().into_parts();
            let bytes = to_bytes(body, usize::MAX).await.unwrap();
            let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, bytes };
            if answer.status >= 400 && !is_head {
                answer.assert_refusal();
            }
            answer
        })
    }
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    pub fn header(&self, name: &HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// The body of a success.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.bytes));
        assert_eq!(self.header(&header::CONTENT_TYPE), "application/json");
        self.json()
    }

    /// The `detail` of a refusal.
    pub fn refused(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self.json()["detail"].clone()
    }

    /// The shape that every refusal has, whoever made it.
    fn assert_refusal(&self) {
        let body = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.header(&header::CONTENT_TYPE), "application/json", "{} {body}", self.status);
        let json: Value = serde_json::from_slice(&self.bytes).expect("a refusal is JSON");
        let names: Vec<_> = json.as_object().unwrap().keys().collect();
        if self.status == 409 && names == ["team_id"] {
            return;
        }
        assert_eq!(names, ["detail"], "{body}");
        assert_eq!(json["detail"].is_array(), self.status == 422, "{body}");
        assert_eq!(json["detail"].is_string(), self.status != 422, "{body}");
    }
}
