//! A rotation of master keys that is killed on its way.

use std::collections::BTreeMap;

use lookback_domain::{Environment, OrgId, Region};
use lookback_secrets::{Column, KeyRing};
use lookback_store::{CredentialFilter, CredentialStore, Scope, Visible};
use lookback_store_sqlite::{Options, SqliteStore};
use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Access, Place, Server, client, read};
use crate::{Seeded, rounds};

const DATABASE: &str = "lookback-data/lookback.db";
const KEYS: &str = "lookback-data/lookback.db.keys";
const PROVIDERS: [&str; 10] =
    ["oura", "fitbit", "garmin", "strava", "wahoo", "ihealth", "withings", "polar", "whoop_v2", "omron"];
const ENVIRONMENTS: [Environment; 2] = [Environment::Production, Environment::Sandbox];
const SECRETS: usize = PROVIDERS.len() * ENVIRONMENTS.len();

/// Stores an application for each provider and environment.
async fn bring_applications(access: &Access, server: &Server) {
    for environment in ENVIRONMENTS {
        let url = format!("{}/v1/org/{}/team_custom_credentials/{environment}/us", server.url, access.org);
        for provider in PROVIDERS {
            let secret = format!("secret of {provider} in {environment}");
            let body = json!({ "team_id": access.team, "provider": provider, "client_secret": secret });
            let request = client().post(&url).header("x-management-key", &access.key).json(&body);
            assert_eq!(request.send().await.unwrap().status(), 200);
        }
    }
}

fn ring(place: &Place) -> KeyRing {
    KeyRing::parse(&read(&place.path(KEYS))).unwrap()
}

/// Every secret opens under this ring and is what it was; how many are under its first key.
async fn under_first(place: &Place, access: &Access, ring: &KeyRing) -> usize {
    let store = SqliteStore::open(&place.path(DATABASE), &Options::default()).unwrap();
    let org_id = OrgId(access.org.parse().unwrap());
    let (mut all, mut under_first) = (0, 0);
    for environment in ENVIRONMENTS {
        let scope = Scope { org_id, region: Region::Us, environment, visible: Visible::All };
        for stored in store.credentials(&scope, &CredentialFilter::default(), None, SECRETS).await.unwrap() {
            let sealed = stored.seals.client_secret.unwrap();
            let clear = ring.open(&stored.place, Column::ClientSecret, &sealed).unwrap();
            let secret = format!("secret of {} in {environment}", stored.place.provider);
            assert_eq!(String::from_utf8_lossy(&clear), secret);
            all += 1;
            under_first += usize::from(sealed.key_id == *ring.first());
        }
    }
    assert_eq!(all, SECRETS);
    under_first
}

/// How many secrets are under each key that has any or is known.
fn status(place: &Place) -> BTreeMap<String, u64> {
    let rows = place.json(&["secrets", "status"]);
    let row = |row: &Value| (row["key"].as_str().unwrap().to_owned(), row["secrets"].as_u64().unwrap());
    rows.as_array().unwrap().iter().map(row).collect()
}

/// Starts a rotation and kills it once this many more secrets are sealed anew, if it does not end before.
fn rotate_and_kill(place: &Place, after: i64) {
    let database =
        Connection::open_with_flags(place.path(DATABASE), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let resealed = || -> i64 {
        let count = "SELECT count(*) FROM audit_entry WHERE action = 'credential_resealed'";
        database.query_row(count, [], |row| row.get(0)).unwrap()
    };
    let before = resealed();
    let mut rotation = place.start(&["secrets", "rotate"], &[]);
    while resealed() < before + after {
        std::thread::yield_now();
    }
    rotation.kill();
}

#[tokio::test]
async fn a_rotation_killed_on_its_way_is_finished_by_the_next() {
    let place = Place::new();
    let access = place.bootstrap();
    let mut server = place.serve();
    bring_applications(&access, &server).await;
    server.end(Signal::TERM);
    let (mut seeded, mut halves) = (Seeded(0x5ea1), 0);
    // One may end before it is killed, which is no reason to believe in the others.
    for _ in 0..100 * rounds() {
        rotate_and_kill(&place, i64::try_from(seeded.up_to(SECRETS as u64 / 2)).unwrap());
        let left = ring(&place);
        let done = under_first(&place, &access, &left).await;
        let keys = left.ids().count();
        if done < SECRETS {
            halves += 1;
            place.run(&["secrets", "rotate"]).ok();
            let finished = ring(&place);
            assert_eq!(
                (finished.first(), finished.ids().count()),
                (left.first(), keys),
                "no other key is made"
            );
        }

        let new = left.first().to_string();
        let counts = status(&place);
        assert!(
            counts.iter().all(|(key, &count)| count == if *key == new { SECRETS as u64 } else { 0 }),
            "{counts:?}"
        );
        let alone = left.pruned(|_| false);
        assert_eq!(under_first(&place, &access, &alone).await, SECRETS);
        place.run(&["secrets", "prune"]).ok();
        assert_eq!(status(&place).len(), 1);
        if halves == rounds() {
            return;
        }
    }
    panic!("{halves} rotations were killed on their way");
}
