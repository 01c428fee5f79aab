//! Every route, and every way in which a request can fail there: JSON with `detail`, always.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use lookback_api::{App, BODY_BYTES_MAX, Clock, Entropy, Limits, Metrics, Parts, openapi, router};
use lookback_domain::{Catalog, KeyId, OrgId, Region, TeamId};
use lookback_store::testing::{Model, by};
use lookback_store::{Error, Key, Lifecycle, ManagementKey, Org, OrgStore, Result, Team};
use prometheus_client::registry::Registry;
use serde_json::Value;
use tower::ServiceExt;
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const TEAM: TeamId = TeamId(Uuid::from_u128(2));
const KEY: KeyId = KeyId(Uuid::from_u128(3));

/// How a store can be of no use.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    Panics,
    Unavailable,
    Hangs,
}

struct Faulty(Model, Fault);

impl Faulty {
    async fn trip(&self) -> Result<()> {
        match self.1 {
            Fault::None => Ok(()),
            Fault::Panics => panic!("on purpose, and about a secret"),
            Fault::Unavailable => Err(Error::unavailable("a secret of the store")),
            Fault::Hangs => std::future::pending().await,
        }
    }
}

macro_rules! faulty {
    ($($of:ident { $($operation:ident($($name:ident: $type:ty),*) -> $output:ty;)+ })+) => {$(
        #[async_trait]
        impl lookback_store::$of for Faulty {
            $(async fn $operation(&self, $($name: $type),*) -> Result<$output> {
                self.trip().await?;
                self.0.$operation($($name),*).await
            })+
        }
    )+};
}

lookback_store::operations!(faulty);

#[async_trait]
impl Lifecycle for Faulty {
    async fn ready(&self) -> Result<()> {
        self.trip().await?;
        self.0.ready().await
    }

    async fn close(&self) {}
}

struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

impl Entropy for Stopped {
    fn fill(&self, _: &mut [u8]) {}
}

fn management_key() -> ManagementKey {
    ManagementKey::from_bits([7; 32])
}

/// The router over a store with this fault, at this time.
async fn serve(fault: Fault, now: Timestamp) -> Router {
    let model = Model::new();
    let created_at = Timestamp::UNIX_EPOCH;
    let org = Org { id: ORG, name: "org".to_owned(), created_at };
    let team = Team {
        id: TEAM,
        org_id: ORG,
        name: "team".to_owned(),
        region: Region::Us,
        integration_team_id: None,
        created_at,
    };
    let key = Key::org_admin(KEY, ORG, "key".to_owned(), management_key().digest(), &by());
    model.create_org(org, vec![team], vec![key], &by()).await.unwrap();
    // Only what hangs is waited for in vain.
    let request_time_max = Duration::from_millis(if fault == Fault::Hangs { 50 } else { 60_000 });
    let app = App::new(Parts {
        store: Arc::new(Faulty(model, fault)),
        catalog: Arc::new(Catalog::bundled().unwrap()),
        clock: Arc::new(Stopped(now)),
        entropy: Arc::new(Stopped(now)),
        vault: None,
        limits: Arc::new(Limits { request_time_max, ..Limits::default() }),
        guesses: Arc::default(),
        key_uses: Arc::default(),
    });
    router(app, Metrics::new(Registry::default(), 1), true)
}

/// Every path that can be asked, with the methods that are served there.
fn routes() -> Vec<(String, Vec<String>)> {
    let document = serde_json::to_value(openapi()).unwrap();
    let described = document["paths"].as_object().unwrap().iter().map(|(path, item)| {
        let path = path.replace("{org_id}", &ORG.to_string()).replace("{team_id}", &TEAM.to_string());
        let path = path.replace("{key_id}", &KEY.to_string()).replace("{credential_id}", &TEAM.to_string());
        let path = path.replace("{env}", "production");
        let methods = item.as_object().unwrap().keys().map(|method| method.to_uppercase());
        (path.replace("{region}", "us"), methods.collect())
    });
    let others = ["/healthz", "/readyz", "/metrics", "/docs", "/docs/", "/docs/index.html", "/openapi.json"];
    let others = others.map(|path| (path.to_owned(), vec!["GET".to_owned(), "HEAD".to_owned()]));
    described.chain(others).collect()
}

fn request(method: &str, path: &str) -> Request<Body> {
    let body = if method == "POST" { r#"{"team_ids": [], "providers": {}}"# } else { "" };
    Request::builder()
        .method(method)
        .uri(path)
        .header("x-management-key", management_key().reveal())
        .body(Body::from(body))
        .unwrap()
}

/// Sends it; whatever is answered has the shape that answers have.
async fn send(router: &Router, request: Request<Body>) -> StatusCode {
    let said = format!("{} {}", request.method(), request.uri());
    let is_head = request.method() == Method::HEAD;
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    assert!(parts.headers.contains_key("x-request-id"), "{said}");
    assert_eq!(parts.headers["cache-control"], "no-store", "{said}");
    let status = parts.status;
    if !status.is_success() && !status.is_redirection() && !is_head {
        let text = String::from_utf8_lossy(&body);
        assert_eq!(parts.headers["content-type"], "application/json", "{said}: {text}");
        let body: Value = serde_json::from_slice(&body).expect(&said);
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["detail"], "{said}: {text}");
        assert_eq!(body["detail"].is_array(), status == 422, "{said}: {text}");
        assert_eq!(body["detail"].is_string(), status != 422, "{said}: {text}");
        assert!(!text.contains("secret"), "{said}: {text}");
        assert_eq!(parts.headers.contains_key("retry-after"), status == 503, "{said}");
        assert_eq!(parts.headers.contains_key("www-authenticate"), status == 401, "{said}");
        assert_eq!(parts.headers.contains_key("allow"), status == 405, "{said}");
    }
    status
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_method_that_is_not_served_is_a_405_everywhere() {
    let router = serve(Fault::None, now()).await;
    for (path, methods) in routes() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"] {
            let status = send(&router, request(method, &path)).await;
            let is_served = methods.iter().any(|served| served == method);
            assert_eq!(status == 405, !is_served, "{method} {path}: {status}");
        }
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_is_a_404_everywhere() {
    let router = serve(Fault::None, now()).await;
    let below = ["nowhere", "%ff", "%2f%2e%2e", "%00", "..", "a/b", "%F0%9F%92%A9"];
    let all = routes();
    for (path, _) in &all {
        // Below a collection everything is an item, if not a good one.
        let has_items = [TEAM.to_string(), KEY.to_string()].map(|item| format!("{path}/{item}"));
        let has_items = all.iter().any(|(other, _)| has_items.contains(other));
        for below in below {
            for method in ["GET", "POST", "BREW"] {
                let path = format!("{}/{below}", path.trim_end_matches('/'));
                let status = send(&router, request(method, &path)).await;
                let not_there = [404, 405].contains(&status.as_u16()) || (has_items && status == 422);
                assert!(not_there, "{method} {path}: {status}");
            }
        }
    }
    for path in ["/", "//", "*", "/v1", "/%", "/%zz"] {
        assert_eq!(send(&router, request("GET", path)).await, 404, "{path}");
    }
}

#[tokio::test]
async fn junk_in_a_parameter_is_a_404_or_a_422() {
    let router = serve(Fault::None, now()).await;
    let long = "9".repeat(5_000);
    for junk in ["%ff", "%2f", "%00", "..", "%", "%zz", "'", "%0d%0a", "{org_id}", "-1", &long] {
        for (path, methods) in routes().iter().filter(|(path, _)| path.starts_with("/v1/")) {
            for param in [&ORG.to_string()[..], &TEAM.to_string(), &KEY.to_string(), "production", "us"] {
                if !path.split('/').any(|segment| segment == param) {
                    continue;
                }
                let path =
                    path.replacen(&format!("/{param}"), &format!("/{}", junk.replace(['{', '}'], "%7B")), 1);
                for method in methods {
                    let status = send(&router, request(method, &path)).await;
                    assert!([404, 422].contains(&status.as_u16()), "{method} {path}: {status}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_is_wrong_in_itself_is_refused_in_our_shape() {
    let router = serve(Fault::None, now()).await;
    for (path, methods) in routes().iter().filter(|(path, _)| path.starts_with("/v1/")) {
        for method in methods {
            for key in [None, Some(&b""[..]), Some(b"mg_wrong"), Some(b"sk_us_team"), Some(b"\xff\xfe")] {
                let mut request = request(method, path);
                request.headers_mut().remove("x-management-key");
                if let Some(key) = key {
                    let key = HeaderValue::from_bytes(key).unwrap();
                    request.headers_mut().insert("x-management-key", key);
                }
                assert_eq!(send(&router, request).await, 401, "{method} {path} {key:?}");
            }
            let junk =
                format!("{path}?team_id=%ff&team_id=&provider=%00&limit=x&%ff=%ff&&=&connected_at=never");
            let status = send(&router, request(method, &junk)).await;
            if path.contains("/team_data_pull_preferences/") {
                assert_eq!(status, if method == "POST" { 200 } else { 422 }, "{method} {junk}");
            }
            assert!(!status.is_server_error(), "{method} {junk}: {status}");
        }
        if methods.contains(&"POST".to_owned()) {
            for body in ["", "{", "null", "[]", "\"\\ud800\"", "{\"team_ids\": 1, \"providers\": []}"] {
                let status = send(&router, request("POST", path).map(|_| Body::from(body))).await;
                assert_eq!(status, 422, "{body}");
            }
            let large = vec![b' '; BODY_BYTES_MAX + 1];
            assert_eq!(send(&router, request("POST", path).map(|_| Body::from(large))).await, 413);
            let broken = http_body_util::StreamBody::new(Broken);
            assert_eq!(send(&router, request("POST", path).map(|_| Body::new(broken))).await, 400);
        }
    }
}

/// A body that breaks off.
struct Broken;

impl futures_core::Stream for Broken {
    type Item = std::io::Result<hyper::body::Frame<axum::body::Bytes>>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
    }
}

#[tokio::test]
async fn a_fault_of_ours_is_a_500_or_a_503_that_says_nothing_of_it() {
    for (fault, status) in [(Fault::Panics, 500), (Fault::Unavailable, 503), (Fault::Hangs, 503)] {
        let router = serve(fault, now()).await;
        for (path, methods) in routes() {
            let needs_store = path.starts_with("/v1/") || path == "/readyz";
            for method in methods {
                let answered = send(&router, request(&method, &path)).await;
                assert_eq!(answered == status, needs_store, "{fault:?} {method} {path}: {answered}");
            }
        }
    }
}

#[tokio::test]
async fn a_clock_that_jumps_changes_what_is_resolved_and_breaks_nothing() {
    let year = jiff::SignedDuration::from_hours(24 * 366);
    let edges =
        [Timestamp::MIN, Timestamp::MIN + year, Timestamp::UNIX_EPOCH, Timestamp::MAX - year, Timestamp::MAX];
    for now in edges {
        let router = serve(Fault::None, now).await;
        for (path, methods) in routes() {
            for method in methods {
                let status = send(&router, request(&method, &path)).await;
                let is_fine = status.is_success() || status.is_redirection();
                let is_refused = !path.contains("/team_data_pull_preferences/") && status.is_client_error();
                assert!(is_fine || is_refused, "{now} {method} {path}: {status}");
            }
        }
    }
}
