//! Who may call: the management key, in one header or the other.

use http::header;
use lookback_store::KeyGuard;
use lookback_store::testing::by;

use crate::support::{TestApp, key, key_id, org_id, path, us};

const NOT_VALID: &str = "This management key is not valid.";

/// What is said to a request with these headers, which is refused with a 401.
async fn refused(headers: &[(&'static str, &[u8])]) -> String {
    let app = TestApp::init().await;
    let mut request = app.get(&us()).without_key();
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let answer = request.await;
    assert_eq!(answer.header(&header::WWW_AUTHENTICATE), "ManagementKey");
    answer.refused(401).as_str().unwrap().to_owned()
}

#[tokio::test]
async fn either_header_will_do_and_both_with_the_same_key() {
    let app = TestApp::init().await;
    let request = || app.get(&us()).without_key();
    request().header("x-management-key", key(1)).await.ok();
    request().header("x-vital-org-key", key(1)).await.ok();
    request().header("x-management-key", key(1)).header("x-vital-org-key", key(1)).await.ok();
    request().header("x-management-key", key(1)).header("x-management-key", key(1)).await.ok();
}

#[tokio::test]
async fn without_a_key_the_header_to_send_is_named() {
    let said = "A management key is missing; send it in the X-Management-Key header.";
    assert_eq!(refused(&[]).await, said);
    let bearer = format!("Bearer {}", key(1));
    assert_eq!(refused(&[("authorization", bearer.as_bytes())]).await, said);
}

#[tokio::test]
async fn a_key_that_nobody_has_is_refused() {
    let other = key(2);
    let cut = &key(1)[..20];
    let longer = format!("{} x", key(1));
    for value in [other.as_bytes(), b"", b"mg_", cut.as_bytes(), longer.as_bytes()] {
        assert_eq!(refused(&[("x-management-key", value)]).await, NOT_VALID);
    }
}

#[tokio::test]
async fn a_header_value_of_any_bytes_is_refused() {
    for value in [&b"\xff\xfe\x80"[..], "schl\u{fc}ssel".as_bytes(), b"\t"] {
        assert_eq!(refused(&[("x-management-key", value)]).await, NOT_VALID);
    }
}

#[tokio::test]
async fn different_keys_are_refused_wherever_they_stand() {
    let (mine, other) = (key(1), key(2));
    let said = "The request carries different management keys; send one.";
    let [new, old] = ["x-management-key", "x-vital-org-key"];
    for (first, second) in [(new, old), (new, new), (old, old)] {
        assert_eq!(refused(&[(first, mine.as_bytes()), (second, other.as_bytes())]).await, said);
    }
    assert_eq!(refused(&[(new, mine.as_bytes()), (old, b"")]).await, said);
}

#[tokio::test]
async fn a_team_api_key_is_refused_and_told_why() {
    let said = "A team API key cannot be used here; send a management key in the X-Management-Key header.";
    assert_eq!(refused(&[("x-vital-api-key", b"pk_us_something")]).await, said);
    let said = "This is a team API key, which cannot be used here; send a management key.";
    for name in ["x-management-key", "x-vital-org-key"] {
        for value in [&b"pk_us_something"[..], b"sk_eu_something"] {
            assert_eq!(refused(&[(name, value)]).await, said);
        }
    }
}

#[tokio::test]
async fn a_team_api_key_beside_a_management_key_does_not_matter() {
    let app = TestApp::init().await;
    app.get(&us()).header("x-vital-api-key", "pk_us_something").await.ok();
}

#[tokio::test]
async fn a_deleted_key_stops_at_once() {
    let app = TestApp::init().await;
    app.get(&us()).await.ok();
    app.store.delete_key(org_id(1), key_id(1), &KeyGuard::none(), &by()).await.unwrap();
    assert_eq!(app.get(&us()).await.refused(401), NOT_VALID);
}

#[tokio::test]
async fn another_organisation_and_one_that_does_not_exist_are_refused_alike() {
    let app = TestApp::init().await.with_org().await;
    let mut theirs = app.get(&path(2, "production", "us")).await;
    let mut nobodys = app.get(&path(99, "production", "us")).await;
    assert_ne!(theirs.headers.remove("x-request-id"), nobodys.headers.remove("x-request-id"));
    assert_eq!(theirs.refused(403), "This management key cannot manage this organisation.");
    assert_eq!((theirs.status, &theirs.headers, &theirs.bytes), (403, &nobodys.headers, &nobodys.bytes));
}

#[tokio::test]
async fn every_route_wants_a_key() {
    let app = TestApp::init().await;
    for request in [app.get(&us()), app.delete(&us()), app.get(&format!("{}/resolve", us()))] {
        request.without_key().await.refused(401);
    }
    app.post(&us(), serde_json::json!({})).without_key().await.refused(401);
}

#[tokio::test]
async fn no_answer_repeats_a_key() {
    let app = TestApp::init().await;
    for request in [app.get(&us()), app.get(&path(99, "production", "us")), app.get("/v1"), app.get("/docs/")]
    {
        let answer = request.await;
        let said = format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.bytes));
        assert!(!said.contains(&key(1)));
    }
    assert!(!refused(&[("x-management-key", b"mg_secret")]).await.contains("secret"));
}
