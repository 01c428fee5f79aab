//! `/openapi.json` and `/docs`

use http::header;

use crate::support::TestApp;

/// The files that the page is made of.
const FILES: [(&str, &str); 5] = [
    ("index.html", "text/html"),
    ("swagger-ui.css", "text/css"),
    ("index.css", "text/css"),
    ("swagger-ui-bundle.js", "text/javascript"),
    ("swagger-initializer.js", "text/javascript"),
];

#[tokio::test]
async fn the_document_is_served_to_everyone() {
    let app = TestApp::init().await;
    let served = app.get("/openapi.json").without_key().await.ok();
    assert_eq!(served, serde_json::to_value(lookback_api::openapi()).unwrap());
}

#[tokio::test]
async fn docs_lead_to_the_page() {
    let app = TestApp::init().await;
    let answer = app.get("/docs").without_key().await;
    assert_eq!((answer.status, answer.header(&header::LOCATION)), (308, "/docs/"));
    let page = app.get("/docs/").without_key().await;
    assert_eq!(page.status, 200);
    assert!(page.header(&header::CONTENT_TYPE).starts_with("text/html"));
}

#[tokio::test]
async fn everything_the_page_refers_to_is_served_here() {
    let app = TestApp::init().await;
    let page = String::from_utf8(app.get("/docs/").await.bytes.to_vec()).unwrap();
    let references = page.split(['"', '\'']).skip(1).step_by(2);
    let files: Vec<_> = references.filter(|file| file.starts_with("./") || file.contains(".js")).collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        assert_eq!(app.get(&format!("/docs/{}", file.trim_start_matches("./"))).await.status, 200, "{file}");
    }
    assert!(!page.contains("//"), "the page refers to another host\n{page}");
    for (file, kind) in FILES {
        let answer = app.get(&format!("/docs/{file}")).without_key().await;
        assert_eq!(answer.status, 200, "{file}");
        assert!(answer.header(&header::CONTENT_TYPE).starts_with(kind), "{file}");
    }
    let start = app.get("/docs/swagger-initializer.js").await;
    let start = String::from_utf8_lossy(&start.bytes).into_owned();
    assert!(start.contains("/openapi.json") && !start.contains("http"), "{start}");
    assert!(start.contains(r#""validatorUrl": "none""#), "the document would be sent elsewhere\n{start}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_a_404() {
    let app = TestApp::init().await;
    for file in ["nothing.js", "%2e%2e%2fCargo.toml", "..%2f", "%00", "%ff", "a%20b"] {
        app.get(&format!("/docs/{file}")).await.refused(404);
    }
    app.request(http::Method::POST, "/docs/index.html").await.refused(405);
    app.request(http::Method::POST, "/openapi.json").await.refused(405);
}
