//! What the steps make of a store that has something in it.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

use lookback_domain::{Provider, Resource};
use lookback_store::Kept;
use lookback_store_postgres::testing::database;

const BEFORE: &[&str] = &[
    "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
    include_str!("../migrations/V1__tenancy_keys_preferences.sql"),
    include_str!("../migrations/V2__roles_applications_audit.sql"),
    "INSERT INTO org VALUES (gen_random_uuid(), 'org', 0);
     INSERT INTO team (id, org_id, name, region, created_at_us)
         SELECT gen_random_uuid(), id, unnest(ARRAY['something', 'nothing']), 'us', 0 FROM org;
     INSERT INTO preference SELECT id, 'production', 'oura', 120, '{\"sleep\":180}', 5 FROM team WHERE name = 'something';
     INSERT INTO preference SELECT id, 'production', 'polar', 0, NULL, 6 FROM team WHERE name = 'something';
     INSERT INTO preference SELECT id, 'sandbox', 'oura', 7, NULL, 7 FROM team WHERE name = 'something'",
];

#[tokio::test]
async fn what_was_stored_before_stands_beside_its_team_afterwards() {
    let Some(database) = database().await else { return };
    let client = database.connect().await;
    for step in BEFORE {
        client.batch_execute(step).await.unwrap();
    }
    client.batch_execute(include_str!("../migrations/V3__preferences_beside_the_team.sql")).await.unwrap();
    let columns = "SELECT production_preferences, sandbox_preferences FROM team WHERE name = $1";
    let stored = async |name: &str| {
        let row = client.query_one(columns, &[&name]).await.unwrap();
        [0, 1].map(|column| {
            row.get::<_, Option<&str>>(column).map(|json| serde_json::from_str::<Kept>(json).unwrap())
        })
    };
    let shown = stored("something").await.map(|kept| {
        let entry =
            |(provider, (preference, at)): (Provider, (lookback_domain::Preference, jiff::Timestamp))| {
                let sleep = preference.overrides.get(&Resource::Sleep).map(|days| days.get());
                (provider, preference.default.get(), sleep, at.as_microsecond())
            };
        kept.unwrap().0.into_iter().map(entry).collect::<Vec<_>>()
    });
    let production = vec![(Provider::Oura, 120, Some(180), 5), (Provider::Polar, 0, None, 6)];
    assert_eq!(shown, [production, vec![(Provider::Oura, 7, None, 7)]]);
    assert_eq!(stored("nothing").await, [None, None]);
}
