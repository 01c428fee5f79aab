//! Whatever is sent, the answer is one of ours, and what is refused has changed nothing.

use std::sync::LazyLock;

use http::{HeaderName, HeaderValue, Method, Uri};
use lookback_domain::{Region, Resource};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::{TestApp, key, org_id, team_id, us};

/// One application for all cases: what is stored by one case is there in the next.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());

/// Anything that can stand in JSON.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!(team_id(1))),
        Just(json!("oura")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any_name(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// A name that means something somewhere, or nothing.
fn any_name() -> impl Strategy<Value = String> {
    let names = ["team_ids", "providers", "default", "resource_overrides", "historical_days_to_pull"];
    let slugs = ["oura", "fitbit", "polar", "abbott_libreview", "google_health", "dexcom", "sleep", "hrv"];
    prop_oneof![
        select([&names[..], &slugs[..]].concat()).prop_map(str::to_owned),
        select(Resource::ALL).prop_map(|resource| resource.to_string()),
        any::<String>(),
    ]
}

/// `likely`, or sometimes anything.
fn mostly(likely: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop_oneof![7 => likely, 1 => any_json()]
}

/// A body that is nearly as declared: anything may stand anywhere.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let days = || {
        let number = prop_oneof![(-2i64..400).prop_map(Value::from), any::<i64>().prop_map(Value::from)];
        mostly(number.prop_map(|days| json!({ "historical_days_to_pull": days })))
    };
    let overrides = prop::collection::vec((any_name(), days()), 0..4)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()));
    let preference = (days(), mostly(overrides))
        .prop_map(|(default, overrides)| json!({ "default": default, "resource_overrides": overrides }));
    let providers = prop::collection::vec((any_name(), mostly(preference)), 0..4)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()));
    let teams = prop::collection::vec(mostly((1u16..4).prop_map(|n| json!(team_id(n)))), 0..4);
    let body = (mostly(teams.prop_map(Value::from)), mostly(providers))
        .prop_map(|(teams, providers)| json!({ "team_ids": teams, "providers": providers }));
    let text = mostly(body).prop_map(|body| body.to_string().into_bytes());
    let damaged = (text, any::<prop::sample::Index>(), any::<u8>());
    let damaged = damaged.prop_flat_map(|(text, at, byte)| {
        let mut hurt = text.clone();
        let at = at.index(hurt.len().max(1));
        if let Some(place) = hurt.get_mut(at) {
            *place = byte;
        }
        prop_oneof![8 => Just(text), 1 => Just(hurt)]
    });
    prop_oneof![10 => damaged, 1 => prop::collection::vec(any::<u8>(), 0..64)]
}

/// Percent-encoded, so that it can stand in a URI.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn any_query() -> impl Strategy<Value = String> {
    let names = [
        "team_id",
        "provider",
        "limit",
        "next_cursor",
        "resource",
        "connected_at",
        "first_permission_at",
        "ingestion_start",
        "ingestion_end",
        "oauth_application",
        "nothing",
    ];
    let value = prop_oneof![
        (1u16..4).prop_map(|n| team_id(n).to_string()),
        select(vec!["oura", "manual", "sleep", "5", "0", "501", "own", "", "AQ", "2026-11-23", "%ff", "%"])
            .prop_map(str::to_owned),
        any::<String>().prop_map(|text| encoded(&text)),
        "[ -~]{0,12}",
    ];
    let pair = (select(names.to_vec()), value).prop_map(|(name, value)| format!("{name}={value}"));
    prop_oneof![4 => prop::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join("&")), 1 => "[ -~]{0,20}"]
}

fn any_path() -> impl Strategy<Value = String> {
    let segment = |likely: Vec<String>| prop_oneof![12 => select(likely), 1 => any::<String>().prop_map(|text| encoded(&text)), 1 => "[ -~]{0,8}"];
    let org = segment(vec![org_id(1).to_string(), org_id(2).to_string()]);
    let env = segment(vec!["production".to_owned(), "sandbox".to_owned()]);
    let region = segment(vec!["us".to_owned(), "eu".to_owned()]);
    let known = (org, env, region, any::<bool>()).prop_map(|(org, env, region, resolve)| {
        let end = if resolve { "/resolve" } else { "" };
        format!("/v1/org/{org}/team_data_pull_preferences/{env}/{region}{end}")
    });
    let docs = segment(vec!["index.html".to_owned(), String::new()]).prop_map(|file| format!("/docs/{file}"));
    prop_oneof![12 => known, 1 => docs, 1 => "/[ -~]{0,20}"]
}

fn any_headers() -> impl Strategy<Value = Vec<(HeaderName, HeaderValue)>> {
    let names =
        ["x-management-key", "x-vital-org-key", "x-vital-api-key", "content-type", "accept", "expect"];
    let value = prop_oneof![
        Just(HeaderValue::from_str(&key(1)).unwrap()),
        prop::collection::vec(any::<u8>(), 0..16)
            .prop_filter_map("no header", |bytes| HeaderValue::from_bytes(&bytes).ok()),
    ];
    let stray = prop::collection::vec((select(names.to_vec()), value), 0..2)
        .prop_map(|headers| headers.into_iter().map(|(name, value)| (HeaderName::from_static(name), value)));
    let mine = (HeaderName::from_static("x-management-key"), HeaderValue::from_str(&key(1)).unwrap());
    (stray, prop::bool::weighted(0.9))
        .prop_map(move |(stray, known)| known.then(|| mine.clone()).into_iter().chain(stray).collect())
}

fn any_method() -> impl Strategy<Value = Method> {
    let likely = select(vec![Method::GET, Method::POST, Method::POST, Method::POST, Method::DELETE]);
    let others = select(vec![Method::PUT, Method::PATCH, Method::OPTIONS, Method::HEAD, Method::CONNECT]);
    prop_oneof![9 => likely, 1 => others]
}

#[test]
fn whatever_is_sent_the_answer_is_ours_and_a_refusal_changes_nothing() {
    let app = RUNTIME.block_on(async { TestApp::init().await.with_team(Region::Us).await.with_org().await });
    let requests = (any_method(), any_path(), any_query(), any_headers(), any_body());
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    let mut answered = std::collections::BTreeMap::<u16, usize>::new();
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let answered = std::cell::RefCell::new(&mut answered);
    let run = runner.run(&requests, |(method, path, query, headers, body)| {
        let target = format!("{path}?{query}");
        // What is no target at all is refused by the parser, before any of this.
        let Ok(uri) = target.parse::<Uri>() else { return Ok(()) };
        if uri.path().is_empty() {
            return Ok(());
        }
        RUNTIME.block_on(async {
            let before = app.stored().await;
            let mut request = app.request(method, &target).without_key().body(body);
            for (name, value) in &headers {
                request = request.raw_header(name.clone(), value.clone());
            }
            // A refusal of another shape than ours fails in here.
            let answer = request.await;
            prop_assert!(answer.status < 500, "{} to {target}", answer.status);
            if answer.status != 200 {
                prop_assert!(app.stored().await == before, "{} changed something", answer.status);
            }
            *answered.borrow_mut().entry(answer.status).or_default() += 1;
            Ok(())
        })
    });
    if let Err(error) = run {
        panic!("{error}");
    }
    // The requests reach every layer, or they would prove little.
    let answered = answered.into_inner();
    for status in [200, 401, 403, 404, 405, 422] {
        assert!(answered.get(&status).is_some_and(|&times| times >= 3), "{answered:?}");
    }
}

/// What is wrong is listed with where it stands and with what was sent, so a small body could ask for a large answer.
#[tokio::test]
async fn however_much_is_wrong_the_answer_has_a_bound_and_says_that_there_is_more() {
    let app = TestApp::init().await;
    let faults = |of: &str| (0..40_000).map(|n| format!("\"{of}{n}\":0")).collect::<Vec<_>>().join(",");
    let inside = |name: &str| {
        let overrides = faults("");
        format!(
            r#"{{"team_ids":[],"providers":{{"{name}":{{"default":{{"historical_days_to_pull":1}},"resource_overrides":{{{overrides}}}}}}}}}"#
        )
    };
    let bodies = [
        format!(r#"{{"team_ids":[],"providers":{{{}}}}}"#, faults("a")),
        inside("oura"),
        // Every fault stands at a place that has this in it.
        inside(&"k".repeat(500_000)),
    ];
    for body in bodies {
        let answer = app.request(Method::POST, &us()).body(body).await;
        let listed = answer.refused(422);
        let listed = listed.as_array().unwrap();
        assert!(answer.bytes.len() < 8 << 20, "{} bytes", answer.bytes.len());
        let last = listed.last().unwrap();
        assert_eq!((&last["type"], &last["loc"]), (&json!("value_error"), &json!(["body"])));
        assert_eq!(last["msg"], "more is wrong than is listed here; mend this first");
        assert_eq!(listed[0]["loc"][1], "providers", "the others are as they were found");
    }
}

#[tokio::test]
async fn as_many_ids_as_there_may_be_are_each_told_that_they_are_none() {
    let app = TestApp::init().await;
    let ids: Vec<_> = (0..5_000).map(|n| format!("no id, number {n:025}")).collect();
    let listed = app.post(&us(), json!({ "team_ids": ids, "providers": {} })).await.refused(422);
    let listed = listed.as_array().unwrap();
    assert_eq!((listed.len(), &listed[4_999]["loc"]), (5_000, &json!(["body", "team_ids", 4_999])));
}
