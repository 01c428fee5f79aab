//! What the framework answers, in our shape.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use http::{Method, header};
use lookback_api::BODY_BYTES_MAX;
use lookback_store::testing::Model;
use serde_json::json;

use crate::support::{TestApp, TestRequest, key, make_org, org_id, serve, team_id, us};

#[tokio::test]
async fn a_path_that_leads_nowhere_is_a_404() {
    let app = TestApp::init().await;
    let said = "There is nothing at this path; /docs lists what there is.";
    for path in ["/", "/v1", "/v1/org", "//", "/v1/../openapi.json", "/%00", &format!("{}/", us())] {
        assert_eq!(app.get(path).await.refused(404), said, "{path}");
        assert_eq!(app.get(path).without_key().await.refused(404), said, "{path}");
    }
    app.post("/v2", json!({})).await.refused(404);
}

#[tokio::test]
async fn another_method_is_a_405_that_says_which_would_do() {
    let app = TestApp::init().await;
    for method in [Method::PUT, Method::PATCH, Method::OPTIONS, Method::TRACE] {
        let answer = app.request(method.clone(), &us()).await;
        answer.refused(405);
        let mut allowed: Vec<_> = answer.header(&header::ALLOW).split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed, ["DELETE", "GET", "POST"], "{method}");
    }
    let answer = app.post(&format!("{}/resolve", us()), json!({})).await;
    answer.refused(405);
    assert_eq!(answer.header(&header::ALLOW), "GET");
}

#[tokio::test]
async fn head_is_a_405_like_any_other_method() {
    let app = TestApp::init().await;
    for path in [us(), format!("{}/resolve", us())] {
        let answer = app.request(Method::HEAD, &path).await;
        assert_eq!(answer.status, 405);
        let other = app.request(Method::PUT, &path).await;
        assert_eq!(answer.header(&header::ALLOW), other.header(&header::ALLOW));
    }
}

#[tokio::test]
async fn a_wrong_method_needs_no_key() {
    let app = TestApp::init().await;
    app.request(Method::PUT, &us()).without_key().await.refused(405);
}

/// A body of `length` bytes that does not say how long it is.
fn unannounced(length: usize) -> Body {
    let chunk = Bytes::from(vec![b' '; 64 * 1024]);
    let chunks = (0..length.div_ceil(chunk.len())).map(move |n| {
        let left = length - n * chunk.len();
        Ok::<_, std::convert::Infallible>(chunk.slice(..left.min(chunk.len())))
    });
    Body::from_stream(Chunks(chunks.collect::<Vec<_>>().into_iter()))
}

/// A stream that is never pending.
struct Chunks<T>(std::vec::IntoIter<T>);

impl<T: Unpin> futures_core::Stream for Chunks<T> {
    type Item = T;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<T>> {
        std::task::Poll::Ready(self.0.next())
    }
}

#[tokio::test]
async fn a_body_over_one_mebibyte_is_a_413_whether_it_says_so_or_not() {
    let app = TestApp::init().await;
    let post = || app.request(Method::POST, &us());
    let said = "The body is larger than 1048576 bytes.";
    assert_eq!(post().body(unannounced(BODY_BYTES_MAX + 1)).await.refused(413), said);
    // The announced length is believed: nothing of the body is waited for.
    let endless = post().header("content-length", "1048577").body("");
    assert_eq!(endless.await.refused(413), said);
    let mut most = json!({ "team_ids": [], "providers": {} }).to_string();
    most.extend(std::iter::repeat_n(' ', BODY_BYTES_MAX - most.len()));
    post().body(most).await.ok();
    assert_eq!(post().body(unannounced(BODY_BYTES_MAX)).await.refused(422)[0]["type"], "json_invalid");
}

#[tokio::test]
async fn a_client_that_wants_no_encoding_there_is_gets_the_answer_as_it_is() {
    let app = TestApp::init().await;
    let asked = |path: &str, accepted: &str| app.get(path).header("accept-encoding", accepted);
    let ruled_out = ["identity;q=0", "*;q=0", "br, *;q=0", "gzip;q=0, identity;q=0", "identity;q=0, *;q=0"];
    for accepted in ruled_out {
        for path in [us(), "/healthz".to_owned(), "/openapi.json".to_owned()] {
            let answer = asked(&path, accepted).await;
            assert_eq!(answer.status, 200, "{accepted}");
            assert!(!answer.headers.contains_key(&header::CONTENT_ENCODING), "{accepted}");
        }
        asked("/v1", accepted).await.refused(404);
    }
    for accepted in ["gzip", "gzip, identity;q=0", "*"] {
        assert_eq!(asked(&us(), accepted).await.header(&header::CONTENT_ENCODING), "gzip", "{accepted}");
    }
}

#[tokio::test]
async fn a_slash_in_a_parameter_is_another_path() {
    let app = TestApp::init().await;
    let path = format!("/v1/org/{}%2Fx/team_data_pull_preferences/production/us", org_id(1));
    app.get(&path).await.refused(404);
    app.delete(&us().replace("production", "production%2f")).await.refused(404);
    // Of which no body is looked at.
    let post = || app.request(Method::POST, &path);
    post().body("{").await.refused(404);
    post().body(unannounced(BODY_BYTES_MAX + 1)).await.refused(404);
}

#[tokio::test]
async fn a_parameter_in_the_path_is_decoded() {
    let app = TestApp::init().await;
    app.get(&us().replace("production", "%70roduction")).await.ok();
    app.get(&us().replace("production", "%ff")).await.refused(422);
}

#[tokio::test]
async fn a_store_that_cannot_work_is_a_503_that_says_when_to_come_back() {
    let model = Arc::new(Model::new());
    make_org(&*model, 1).await;
    let router = serve(model.clone());
    let asked = |method: Method, path: &str| {
        TestRequest::new(router.clone(), method, path).header("x-management-key", key(1))
    };
    let body = json!({ "team_ids": [team_id(1)], "providers": {} }).to_string();
    let every = || {
        [
            asked(Method::GET, &us()),
            asked(Method::DELETE, &us()),
            asked(Method::GET, &format!("{}/resolve", us())),
            asked(Method::POST, &us()).body(body.clone()),
        ]
    };
    model.break_after(0);
    for request in every() {
        let answer = request.await;
        let said = "The storage is unavailable at the moment; repeat the request later.";
        assert_eq!(answer.refused(503), said);
        assert_eq!(answer.header(&header::RETRY_AFTER), "1");
    }
    assert_eq!(asked(Method::GET, "/openapi.json").await.status, 200, "which needs no store");
    model.mend();
    asked(Method::GET, &us()).await.ok();
}
