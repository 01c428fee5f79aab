//! Replays what the reference implementation answered (`tests/reference/`), without it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Method, Request};
use jiff::Timestamp;
use jiter::JsonValue;
use lookback_domain::Catalog;
use lookback_store::testing::Model;
use tower::ServiceExt;

use crate::{App, Clock, Entropy, Parts};

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

struct Nothing;

impl Entropy for Nothing {
    fn fill(&self, _: &mut [u8]) {}
}

/// One recorded request with its answer.
pub struct Case<'j> {
    pub method: &'j str,
    pub path: &'j str,
    pub status: i64,
    pub response: JsonValue<'j>,
}

fn field<'a, 'j>(object: &'a JsonValue<'j>, name: &str) -> &'a JsonValue<'j> {
    let JsonValue::Object(entries) = object else { panic!("{object:?} is not an object") };
    &entries.iter().find(|(key, _)| key == name).unwrap_or_else(|| panic!("{name} is missing")).1
}

fn text<'a>(value: &'a JsonValue<'_>) -> &'a str {
    let JsonValue::Str(text) = value else { panic!("{value:?} is not a string") };
    text
}

/// The bytes of a recorded body: text, or base64 where it is not UTF-8.
fn body(case: &JsonValue<'_>) -> Vec<u8> {
    match field(case, "body") {
        JsonValue::Null => Vec::new(),
        JsonValue::Str(text) => text.as_bytes().to_vec(),
        binary => BASE64_STANDARD.decode(text(field(binary, "base64"))).unwrap(),
    }
}

/// What is compared of an answer to a body that is not JSON: the position and the words are our own.
fn is_invalid_json_alone(answer: &JsonValue<'_>) -> bool {
    let JsonValue::Array(problems) = field(answer, "detail") else { return false };
    let [problem] = &problems[..] else { return false };
    let JsonValue::Array(loc) = field(problem, "loc") else { return false };
    text(field(problem, "type")) == "json_invalid" && text(&loc[0]) == "body"
}

/// Asks `routes` everything that was recorded. `is_same` compares the answer with the recorded one, where the
/// status is the same. Says how many requests were compared.
pub async fn replay(
    routes: Router<App>,
    recorded: &str,
    is_same: impl Fn(&Case<'_>, &JsonValue<'_>) -> bool,
) -> usize {
    let app = App::new(Parts {
        store: Arc::new(Model::new()),
        catalog: Arc::new(Catalog::bundled().unwrap()),
        clock: Arc::new(Stopped),
        entropy: Arc::new(Nothing),
        vault: None,
        limits: Arc::default(),
        guesses: Arc::default(),
        key_uses: Arc::default(),
    });
    let router = routes.with_state(app);

    let (mut compared, mut different) = (0, Vec::new());
    for line in recorded.lines() {
        let case = JsonValue::parse(line.as_bytes(), false).unwrap();
        let (method, path, query) =
            (text(field(&case, "method")), text(field(&case, "path")), text(field(&case, "query")));
        let request = Request::builder()
            .method(method.parse::<Method>().unwrap())
            .uri(if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") })
            .body(Body::from(body(&case)))
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let answer = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let answer = JsonValue::parse(&answer, false).unwrap();

        let JsonValue::Object(entries) = &case else { panic!("a case is an object") };
        let same = if entries.iter().any(|(key, _)| key == "expect") {
            status == 422 && is_invalid_json_alone(&answer)
        } else {
            let JsonValue::Int(expected) = *field(&case, "status") else { panic!("a status is a number") };
            let recorded =
                Case { method, path, status: expected, response: field(&case, "response").clone() };
            expected == i64::from(status.as_u16()) && is_same(&recorded, &answer)
        };
        compared += 1;
        if !same {
            different.push(format!("{line:.900}\n  answered {status} {answer:?}"));
        }
    }
    let shown = different.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    assert!(different.is_empty(), "{} of {compared} differ, for example\n{shown}", different.len());
    compared
}
