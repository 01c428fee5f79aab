//! How PostgreSQL finds the rows: by a key or an index, never by looking at all of them.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

use lookback_store_postgres::testing::database;
use lookback_store_postgres::{Options, PostgresStore, statements};

/// Enough rows that an index is worth it wherever there is one.
const FILL: &str = "
    INSERT INTO org SELECT gen_random_uuid(), 'x', 0 FROM generate_series(1, 2000);
    INSERT INTO team (id, org_id, name, region, created_at_us, integration_team_id, production_preferences)
        SELECT gen_random_uuid(), org.id, 'x', 'us', 0, n::text, '{}' FROM org, generate_series(1, 10) n;
    INSERT INTO management_key (id, org_id, label, digest, created_at_us)
        SELECT gen_random_uuid(), id, 'x', sha256((id::text || n)::bytea), 0 FROM org, generate_series(1, 5) n;
    INSERT INTO management_key_binding SELECT management_key.id, team.id FROM management_key JOIN team USING (org_id)
        WHERE integration_team_id = '1';
    INSERT INTO credential (id, team_id, environment, provider, org_id, region, created_at_us, updated_at_us)
        SELECT gen_random_uuid(), id, 'production', 'oura', org_id, region, 0, 0 FROM team;
    INSERT INTO audit_entry (org_id, id, team_id, action) SELECT org_id, id, id, 'team_created' FROM team;
    INSERT INTO once SELECT id, n::text, id, sha256(id::text::bytea), n, id, NULL FROM org, generate_series(1, 10) n;
    ANALYZE";

/// The planner may choose as it likes: what keeps our own sessions from looking at every row is left out.
const FREELY: &str = "SET enable_seqscan = on; SET plan_cache_mode = force_generic_plan";

#[tokio::test]
async fn no_statement_looks_at_every_row() {
    let Some(database) = database().await else { return };
    let store = PostgresStore::open(database.url(), &Options::default()).await.unwrap();
    let client = database.connect().await;
    client.batch_execute(FILL).await.unwrap();
    client.batch_execute(FREELY).await.unwrap();
    let (statements, mut plans) = (statements(), String::new());
    assert!(statements.len() > 40, "{}", statements.len());
    for sql in statements {
        let parameters = client.prepare(sql).await.unwrap().params().len();
        let nothing = vec!["NULL"; parameters].join(", ");
        client.batch_execute(&format!("PREPARE asked AS {sql}")).await.unwrap();
        let execute = if parameters == 0 { String::new() } else { format!("({nothing})") };
        let plan = client.query(&format!("EXPLAIN EXECUTE asked{execute}"), &[]).await.unwrap();
        for row in &plan {
            let step: &str = row.get(0);
            plans += &format!("{step}\n");
            assert!(!step.contains("Seq Scan"), "{sql}: {step}");
        }
        client.batch_execute("DEALLOCATE asked").await.unwrap();
    }
    assert!(plans.contains("Index Scan using team_pkey"), "{plans}");
    drop(store);
}

/// Where an organisation has nearly all of the teams, the index of its regions and their teams looks as good as that of
/// ids. It is twice as large, and each step within it compares three columns.
#[tokio::test]
async fn teams_that_are_named_are_found_by_their_ids() {
    let Some(database) = database().await else { return };
    let store = PostgresStore::open(database.url(), &Options::default()).await.unwrap();
    let client = database.connect().await;
    let fill = "INSERT INTO org SELECT gen_random_uuid(), 'x', 0;
        INSERT INTO team (id, org_id, name, region, created_at_us)
            SELECT gen_random_uuid(), id, 'x', 'us', 0 FROM org, generate_series(1, 20000);
        ANALYZE";
    client.batch_execute(fill).await.unwrap();
    client.batch_execute(FREELY).await.unwrap();
    let of_teams =
        statements().into_iter().filter(|sql| sql.contains("JOIN team ON team.id = asked.team_id"));
    for sql in of_teams {
        client.batch_execute(&format!("PREPARE asked AS {sql}")).await.unwrap();
        let plan = client.query("EXPLAIN EXECUTE asked(NULL, NULL, NULL, NULL)", &[]).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        assert!(plan.iter().any(|step| step.contains("Index Scan using team_pkey")), "{sql}: {plan:#?}");
        client.batch_execute("DEALLOCATE asked").await.unwrap();
    }
    drop(store);
}

/// What the sessions of a store are told, whatever the server is set to.
#[tokio::test]
async fn a_session_waits_for_the_disk_and_not_for_ever() {
    let Some(database) = database().await else { return };
    let client = database.connect().await;
    client
        .batch_execute(&format!("ALTER DATABASE {} SET synchronous_commit = off", database.name()))
        .await
        .unwrap();
    let store = PostgresStore::open(database.url(), &Options::default()).await.unwrap();
    let said = |name: &'static str| store.setting(name);
    assert_eq!(said("synchronous_commit").await.unwrap(), "on");
    assert_eq!(said("statement_timeout").await.unwrap(), "8s");
    assert_eq!(said("idle_in_transaction_session_timeout").await.unwrap(), "8s");
    assert_eq!(said("transaction_isolation").await.unwrap(), "read committed");
    assert_eq!(said("plan_cache_mode").await.unwrap(), "force_generic_plan");
}
