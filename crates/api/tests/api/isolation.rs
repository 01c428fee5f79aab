//! No answer to a key ever contains an id, a name or a value of another organisation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use http::Method;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::support::{TestApp, key, org_id};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());

const ORGS: u8 = 3;

/// One request: who asks, of which organisation, with ids that may be anybody's.
#[derive(Debug, Clone)]
struct Step {
    org: u8,
    /// Which of the organisation's keys.
    key: Index,
    /// Whose path it is, and whose ids are in it: mostly its own.
    of: u8,
    ids: [Index; 2],
    foreign_ids: u8,
    what: usize,
    env: &'static str,
    region: &'static str,
}

fn step() -> impl Strategy<Value = Step> {
    let org = 1..=ORGS;
    (
        org,
        any::<Index>(),
        0..10_u8,
        any::<[Index; 2]>(),
        0..10_u8,
        0..WHAT.len(),
        select(&["production", "sandbox"][..]),
        select(&["us", "eu"][..]),
    )
        .prop_map(|(org, key, stray, ids, foreign, what, env, region)| {
            let another = org % ORGS + 1;
            let of = if stray == 0 { another } else { org };
            Step {
                org,
                key,
                of,
                ids,
                foreign_ids: if foreign < 3 { another } else { org },
                what,
                env,
                region,
            }
        })
}

/// Every kind of request: method, path with query, and body. `{t}` is a team's id, `{k}` a key's, `{c}` an
/// application's, `{i}` and `{j}` what another system calls a team of its own or of anybody's, `{x}` a cursor, `{own}` a word that only this organisation
/// says, and `{days}` a number that only it prefers.
const WHAT: [(Method, &str, &str); 26] = [
    (Method::GET, "", ""),
    (Method::PATCH, "", r#"{"name":"org {own}"}"#),
    (Method::GET, "/team", ""),
    (Method::GET, "/team?team_id={t}&search_query={own}", ""),
    (Method::GET, "/team?next_cursor={x}", ""),
    (Method::POST, "/team", r#"{"name":"team {own}","region":"{region}"}"#),
    (Method::POST, "/team", r#"{"name":"team {own}","region":"{region}","integration_team_id":"{i}"}"#),
    (Method::POST, "/team", r#"{"name":"team {own}","region":"{region}","id":"{t}"}"#),
    (Method::GET, "/team/{t}?include_environment=sandbox", ""),
    (Method::PATCH, "/team/{t}", r#"{"name":"{own} again","integration_team_id":"{i}"}"#),
    (Method::DELETE, "/team/{t}", ""),
    (Method::POST, "/resolve_team", r#"{"integration_team_id":"{j}"}"#),
    (Method::GET, "/management_key?team_id={t}", ""),
    (Method::GET, "/management_key", ""),
    (
        Method::POST,
        "/management_key",
        r#"{"label":"key {own}","role":"team_admin","team_role_bindings":[{"team_id":"{t}"}]}"#,
    ),
    (Method::PATCH, "/management_key/{k}", r#"{"label":"{own}","team_role_bindings":[{"team_id":"{t}"}]}"#),
    (Method::DELETE, "/management_key/{k}", ""),
    (Method::GET, "/management_key/{k}/lifetime", ""),
    (Method::GET, "/team_custom_credentials/{env}/{region}?team_id={t}", ""),
    (Method::GET, "/team_custom_credentials/{env}/{region}", ""),
    (
        Method::POST,
        "/team_custom_credentials/{env}/{region}",
        r#"{"team_id":"{t}","provider":"strava","client_id":"{own}","client_secret":"{own} secret"}"#,
    ),
    (Method::DELETE, "/team_custom_credentials/{env}/{region}?credential_id={c}", ""),
    (
        Method::PUT,
        "/team_custom_credentials/{env}/{region}/{c}/quota",
        r#"{"windows":[{"limit":{days},"seconds":60}]}"#,
    ),
    (
        Method::POST,
        "/team_data_pull_preferences/{env}/{region}",
        r#"{"team_ids":["{t}"],"providers":{"oura":{"default":{"historical_days_to_pull":{days}}}}}"#,
    ),
    (Method::GET, "/team_data_pull_preferences/{env}/{region}?provider=oura&limit=50", ""),
    (Method::GET, "/audit_log?limit=100", ""),
];

/// What one organisation has learnt of itself.
#[derive(Default)]
struct Ledger {
    keys: Vec<String>,
    /// Ids by what they are of: `t`, `k`, `c`.
    ids: BTreeMap<char, Vec<String>>,
    cursors: Vec<String>,
    /// Every id of its own, whatever it is of.
    all: BTreeSet<String>,
}

/// A word that only this organisation says.
fn own(org: u8) -> &'static str {
    ["", "alfa", "bravo", "charlie"][usize::from(org)]
}

/// A number that only this organisation prefers.
fn days(org: u8) -> String {
    (210 + u16::from(org)).to_string()
}

fn uuids(text: &str) -> BTreeSet<String> {
    let pieces = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    pieces
        .filter(|piece| piece.len() == 36 && piece.parse::<uuid::Uuid>().is_ok())
        .map(str::to_owned)
        .collect()
}

/// Everything that an answer says under these names.
fn collect(value: &Value, into: &mut Ledger) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                if let (Value::String(text), "next_cursor") = (value, name.as_str()) {
                    into.cursors.push(text.clone());
                }
                collect(value, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        _ => {}
    }
}

async fn run(steps: &[Step]) {
    let app = TestApp::init().await.with_org().await.with_org().await;
    let mut ledgers: Vec<Ledger> = (0..=ORGS).map(|_| Ledger::default()).collect();
    for org in 1..=ORGS {
        let ledger = &mut ledgers[usize::from(org)];
        ledger.keys.push(key(org));
        ledger.all.insert(org_id(org).to_string());
    }
    for (n, step) in steps.iter().enumerate() {
        let (method, path, body) = &WHAT[step.what];
        let of_ids = &ledgers[usize::from(step.foreign_ids)];
        let id = |kind: char, index: usize| {
            let known = of_ids.ids.get(&kind).filter(|known| !known.is_empty());
            known.map_or("00000000-0000-4000-8000-000000000000".to_owned(), |known| {
                known[step.ids[index].index(known.len())].clone()
            })
        };
        let cursor = of_ids.cursors.last().cloned().unwrap_or_default();
        let fill = |template: &str| {
            template
                .replace("{t}", &id('t', 0))
                .replace("{k}", &id('k', 1))
                .replace("{c}", &id('c', 1))
                .replace("{i}", &format!("{} {}", own(step.org), step.ids[1].index(3)))
                .replace("{j}", &format!("{} {}", own(step.foreign_ids), step.ids[1].index(3)))
                .replace("{x}", &cursor)
                .replace("{own}", own(step.org))
                .replace("{days}", &days(step.org))
                .replace("{env}", step.env)
                .replace("{region}", step.region)
        };
        let (path, body) = (format!("/v1/org/{}{}", org_id(step.of), fill(path)), fill(body));
        let keys = &ledgers[usize::from(step.org)].keys;
        let asking = keys[step.key.index(keys.len())].clone();
        let answer = app.request(method.clone(), &path).key(&asking).body(body.clone()).await;
        let said = String::from_utf8_lossy(&answer.bytes).into_owned();
        let sent = format!("{path} {body}");

        let echoed = uuids(&sent);
        for other in (1..=ORGS).filter(|&other| other != step.org) {
            let ledger = &ledgers[usize::from(other)];
            let told: Vec<_> = uuids(&said)
                .into_iter()
                .filter(|id| ledger.all.contains(id) && !echoed.contains(id))
                .collect();
            assert!(told.is_empty(), "step {n}: {method} {sent}\n{said}\ntells org {} of {told:?}", step.org);
            assert!(
                !said.contains(own(other)) || sent.contains(own(other)),
                "step {n}: {method} {sent}\n{said}"
            );
            assert!(!said.contains(&format!(":{}", days(other))), "step {n}: {method} {sent}\n{said}");
        }
        if answer.status != 200 {
            continue;
        }
        let json = answer.json();
        let ledger = &mut ledgers[usize::from(step.org)];
        ledger.all.extend(uuids(&said).into_iter().filter(|id| !echoed.contains(id)));
        collect(&json, ledger);
        let kind = match (method, path.split('/').nth(4).unwrap_or_default()) {
            (&Method::POST, "team") => 't',
            (&Method::POST, "management_key") => 'k',
            (&Method::POST, "team_custom_credentials") => 'c',
            _ => continue,
        };
        let id = json["id"].as_str().unwrap().to_owned();
        ledger.all.insert(id.clone());
        ledger.ids.entry(kind).or_default().push(id);
        ledger.keys.extend(json["key"].as_str().map(str::to_owned));
    }
}

/// The first of whatever there is.
fn zero() -> Index {
    let mut runner = TestRunner::deterministic();
    any::<Index>().new_tree(&mut runner).unwrap().current()
}

/// What the random steps begin with, so that there is something to tell.
fn beginning() -> Vec<Step> {
    let step = |org, what| {
        let zero = zero();
        Step {
            org,
            key: zero,
            of: org,
            ids: [zero; 2],
            foreign_ids: org,
            what,
            env: "production",
            region: "us",
        }
    };
    (1..=ORGS).flat_map(|org| [5, 20, 23, 14].map(|what| step(org, what))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_tells_of_another_organisation(steps in prop::collection::vec(step(), 30..80)) {
        let steps: Vec<_> = beginning().into_iter().chain(steps).collect();
        RUNTIME.block_on(run(&steps));
    }
}
