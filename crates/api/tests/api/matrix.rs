//! Who may do what: every route, each role, and every relation that a team or an organisation can have to a key.

use std::collections::BTreeSet;

use http::Method;
use lookback_domain::{OrgId, TeamId};
use lookback_store::KeyFilter;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, key, org_id, team_id};

/// The teams that are asked about: one that the `team_admin` is bound to, another of its organisation, one of
/// another organisation, and one that does not exist.
const TEAMS: [u16; 4] = [BOUND, UNBOUND, ELSEWHERE, NOWHERE];
const BOUND: u16 = 1;
const UNBOUND: u16 = 3;
const ELSEWHERE: u16 = 2;
const NOWHERE: u16 = 99;

/// What is answered about [`TEAMS`].
type Statuses = [u16; 4];

/// Names a team, which has to be there for the key.
const NAMED: [Statuses; 2] = [[200, 200, 404, 404], [200, 404, 404, 404]];
/// Filters by a team: what cannot be seen is not listed.
const FILTERED: [Statuses; 2] = [[200; 4], [200; 4]];
/// Names no team, and anybody of the organisation may do it.
const ANYBODY: [Statuses; 2] = [[200; 4], [200; 4]];
/// Names no team, and only an `org_admin` may do it.
const ADMIN: [Statuses; 2] = [[200; 4], [403; 4]];
/// Names a team, and only an `org_admin` may do it.
const ADMIN_NAMED: [Statuses; 2] = [[200, 200, 404, 404], [403; 4]];

/// One route: what is sent about a team, and what an `org_admin` and a `team_admin` are answered.
struct Route {
    method: Method,
    path: &'static str,
    query: &'static str,
    body: fn(TeamId) -> Value,
    answers: [Statuses; 2],
}

const PREFERENCES: &str = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}";
const RESOLVED: &str = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}/resolve";
const FORECAST: &str = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}/forecast";
const CREDENTIALS: &str = "/v1/org/{org_id}/team_custom_credentials/{env}/{region}";
const QUOTA: &str = "/v1/org/{org_id}/team_custom_credentials/{env}/{region}/{credential_id}/quota";
const KEYS: &str = "/v1/org/{org_id}/management_key";
const KEY: &str = "/v1/org/{org_id}/management_key/{key_id}";
const TEAM: &str = "/v1/org/{org_id}/team/{team_id}";

fn none(_: TeamId) -> Value {
    Value::Null
}

/// The table. A route that is not in it fails the test.
fn table() -> Vec<Route> {
    let route = |method: Method, path, query, body, answers| Route { method, path, query, body, answers };
    vec![
        route(Method::GET, "/v1/org/{org_id}", "", none, ANYBODY),
        route(Method::PATCH, "/v1/org/{org_id}", "", |_| json!({ "name": "Renamed" }), ADMIN),
        route(Method::GET, "/v1/org/{org_id}/team", "team_id={team_id}", none, FILTERED),
        route(Method::POST, "/v1/org/{org_id}/team", "", |_| json!({ "name": "New", "region": "us" }), ADMIN),
        route(Method::GET, TEAM, "", none, NAMED),
        route(Method::PATCH, TEAM, "", |_| json!({ "name": "Renamed" }), NAMED),
        route(Method::DELETE, TEAM, "", none, ADMIN_NAMED),
        route(
            Method::POST,
            "/v1/org/{org_id}/resolve_team",
            "",
            |team| json!({ "integration_team_id": format!("ext {team}") }),
            NAMED,
        ),
        route(Method::GET, KEYS, "team_id={team_id}", none, FILTERED),
        route(
            Method::POST,
            KEYS,
            "",
            |team| json!({ "label": "", "role": "team_admin", "team_role_bindings": [{ "team_id": team }] }),
            NAMED,
        ),
        route(Method::PATCH, KEY, "", |_| json!({ "label": "Relabelled" }), NAMED),
        route(Method::DELETE, KEY, "", none, NAMED),
        route(Method::GET, "/v1/org/{org_id}/management_key/{key_id}/lifetime", "", none, NAMED),
        route(Method::GET, CREDENTIALS, "team_id={team_id}", none, NAMED),
        route(
            Method::POST,
            CREDENTIALS,
            "",
            |team| json!({ "team_id": team, "provider": "oura", "client_id": "a", "client_secret": "b" }),
            NAMED,
        ),
        route(Method::DELETE, CREDENTIALS, "credential_id={credential_id}", none, FILTERED),
        route(Method::GET, QUOTA, "", none, NAMED),
        route(Method::PUT, QUOTA, "", |_| json!({ "windows": [{ "limit": 1, "seconds": 1 }] }), NAMED),
        route(Method::DELETE, QUOTA, "", none, NAMED),
        route(Method::GET, PREFERENCES, "team_id={team_id}", none, NAMED),
        route(
            Method::POST,
            PREFERENCES,
            "",
            |team| json!({ "team_ids": [team], "providers": { "oura": { "default": { "historical_days_to_pull": 9 } } } }),
            NAMED,
        ),
        route(Method::DELETE, PREFERENCES, "team_id={team_id}", none, NAMED),
        route(Method::GET, RESOLVED, "team_id={team_id}&provider=oura&resource=sleep", none, NAMED),
        // Nothing is proposed, so nothing is reckoned.
        route(Method::POST, FORECAST, "", |team| json!({ "team_ids": [team], "providers": {} }), NAMED),
        route(Method::GET, "/v1/org/{org_id}/audit_log", "team_id={team_id}", none, FILTERED),
    ]
}

/// Two organisations with everything that can be asked about.
struct World {
    app: TestApp,
    /// The keys of the two roles.
    keys: [String; 2],
}

impl World {
    async fn new() -> Self {
        let app = TestApp::init().await.with_org().await;
        app.add_team(1, UNBOUND, lookback_domain::Region::Us).await;
        let world = Self { keys: [key(1), app.team_admin(&[BOUND]).await.1], app };
        for team in [BOUND, UNBOUND, ELSEWHERE] {
            let (org, team) = (owner(team), team_id(team));
            world
                .send(
                    org,
                    Method::PATCH,
                    &format!("/v1/org/{}/team/{team}", org_id(org)),
                    json!({ "integration_team_id": format!("ext {team}") }),
                )
                .await;
            let bound = json!({ "label": format!("target {team}"), "role": "team_admin", "team_role_bindings": [{ "team_id": team }] });
            world.send(org, Method::POST, &format!("/v1/org/{}/management_key", org_id(org)), bound).await;
            let brought =
                json!({ "team_id": team, "provider": "strava", "client_id": "a", "client_secret": "b" });
            world
                .send(
                    org,
                    Method::POST,
                    &format!("/v1/org/{}/team_custom_credentials/production/us", org_id(org)),
                    brought,
                )
                .await;
        }
        world
    }

    async fn send(&self, org: u8, method: Method, path: &str, body: Value) {
        self.app.request(method, path).body(body.to_string()).key_of(org).await.ok();
    }

    /// What stands for a team in the paths and queries of the table.
    async fn fill(&self, template: &str, org: OrgId, team: u16) -> String {
        let nobody = uuid::Uuid::from_u128(0xdead).to_string();
        let (mut key_id, mut credential_id) = (nobody.clone(), nobody);
        if team != NOWHERE {
            let label = format!("target {}", team_id(team));
            let keys = self.app.store.keys(org_id(owner(team)), &KeyFilter::all(), None, 100).await.unwrap();
            key_id = keys.iter().find(|key| key.label == label).unwrap().id.to_string();
            let listed = format!(
                "/v1/org/{}/team_custom_credentials/production/us?team_id={}&provider=strava",
                org_id(owner(team)),
                team_id(team)
            );
            let found = self.app.get(&listed).key_of(owner(team)).await.ok();
            credential_id = found["credentials"][0]["id"].as_str().unwrap().to_owned();
        }
        template
            .replace("{org_id}", &org.to_string())
            .replace("{env}", "production")
            .replace("{region}", "us")
            .replace("{team_id}", &team_id(team).to_string())
            .replace("{key_id}", &key_id)
            .replace("{credential_id}", &credential_id)
    }

    async fn ask(&self, route: &Route, role: usize, org: OrgId, team: u16) -> (Answer, String) {
        let path = self.fill(route.path, org, team).await;
        let query = self.fill(route.query, org, team).await;
        let body = (route.body)(team_id(team));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = self.app.request(route.method.clone(), &format!("{path}?{query}"));
        let answer = request.key(&self.keys[role]).body(body).await;
        // Two things that are not there are told apart by nothing but the ids that were asked about.
        let mut said = String::from_utf8_lossy(&answer.bytes).into_owned();
        let ids = [path.clone(), query, team_id(team).to_string()].join("/");
        for id in ids.split(['/', '=', '&']).filter(|part| part.len() == 36 && part.matches('-').count() == 4)
        {
            said = said.replace(id, "the id");
        }
        (answer, said)
    }
}

fn owner(team: u16) -> u8 {
    if team == ELSEWHERE { 2 } else { 1 }
}

#[tokio::test]
async fn the_table_has_every_route() {
    let document = serde_json::to_value(lookback_api::openapi()).unwrap();
    let mut served = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            served.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let listed: BTreeSet<_> =
        table().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(listed, served);
}

#[tokio::test]
async fn each_role_may_do_to_each_team_what_the_table_says() {
    for route in table() {
        for (role, expected) in route.answers.iter().enumerate() {
            let (world, mut missing) = (World::new().await, BTreeSet::new());
            // What is not there comes first, so that what is there is still there when its turn comes.
            for (&team, &status) in TEAMS.iter().zip(expected).rev() {
                let (answer, said) = world.ask(&route, role, org_id(1), team).await;
                let what = format!("{} {} by {role} about team {team}", route.method, route.path);
                assert_eq!(answer.status, status, "{what}: {said}");
                if status >= 400 {
                    missing.insert((answer.status, said));
                } else if status == 200 && team != BOUND && (role == 1 || team != UNBOUND) {
                    let said = said.to_lowercase();
                    assert!(
                        !said.contains("ext the id") && !said.contains("target the id"),
                        "{what}: {said}"
                    );
                }
            }
            assert!(missing.len() <= 1, "{} {}: {missing:?}", route.method, route.path);
        }
    }
}

#[tokio::test]
async fn another_organisation_and_none_are_forbidden_alike_whatever_is_asked() {
    let world = World::new().await;
    for route in table() {
        let mut answers = BTreeSet::new();
        for role in [0, 1] {
            for org in [org_id(2), org_id(77)] {
                for team in TEAMS {
                    let (mut answer, _) = world.ask(&route, role, org, team).await;
                    answer.headers.remove("x-request-id");
                    answers.insert((answer.status, format!("{:?}", answer.headers), answer.bytes));
                }
            }
        }
        assert_eq!(answers.len(), 1, "{} {}: {answers:?}", route.method, route.path);
        assert!(answers.iter().all(|(status, ..)| *status == 403), "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn every_route_wants_a_key() {
    let world = World::new().await;
    for route in table() {
        let path = world.fill(route.path, org_id(1), BOUND).await;
        world.app.request(route.method, &path).without_key().await.refused(401);
    }
}
