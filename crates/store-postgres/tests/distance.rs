//! A database far away: what counts is how often something is asked and waited for, not how much.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

use std::collections::BTreeSet;

use jiff::Timestamp;
use lookback_domain::{CredentialId, Environment, KeyId, OrgId, Preference, Provider, Region, Role, TeamId};
use lookback_store::testing::{by, dump};
use lookback_store::{
    Actor, Credential, CredentialPlace, KeptPreferences, Key, KeyDigest, Kind, Moving, Once, Org, Row, Seals,
    Team, Token, Trail,
};
use lookback_store_postgres::testing::{Proxy, database};
use lookback_store_postgres::{Options, PostgresStore};
use uuid::Uuid;

const AT: Timestamp = Timestamp::UNIX_EPOCH;

/// So many organisations, each with something of every kind, in the order in which they are moved.
fn rows(count: u128) -> Vec<Row> {
    let entry = |n| {
        let by = by();
        let mut trail = Trail::new(OrgId(Uuid::from_u128(n)), &by);
        trail.org(None, &org(n));
        Row::AuditEntry(trail.into_entries().pop().unwrap())
    };
    let kinds: [&dyn Fn(u128) -> Vec<Row>; 7] = [
        &|n| vec![Row::Org(org(n))],
        &|n| vec![Row::Team(team(n))],
        &|n| vec![Row::Key(key(n))],
        &preferences,
        &|n| vec![Row::Credential(credential(n))],
        &|n| vec![entry(n)],
        &|n| vec![Row::Token(token(n))],
    ];
    kinds.into_iter().flat_map(|of| (1..=count).flat_map(of)).collect()
}

fn org(n: u128) -> Org {
    Org { id: OrgId(Uuid::from_u128(n)), name: format!("org {n}"), created_at: AT }
}

fn team(n: u128) -> Team {
    Team {
        id: TeamId(Uuid::from_u128(n)),
        org_id: OrgId(Uuid::from_u128(n)),
        name: format!("team {n}"),
        region: Region::Eu,
        integration_team_id: Some(format!("{n}")),
        created_at: AT,
    }
}

fn key(n: u128) -> Key {
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(&n.to_be_bytes());
    Key {
        id: KeyId(Uuid::from_u128(n)),
        org_id: OrgId(Uuid::from_u128(n)),
        label: format!("key {n}"),
        digest: KeyDigest(digest),
        role: Role::TeamAdmin,
        bindings: BTreeSet::from([TeamId(Uuid::from_u128(n))]),
        creator: Actor::CommandLine,
        created_at: AT,
        expires_at: None,
        last_used_at: Some(AT),
    }
}

fn preferences(n: u128) -> Vec<Row> {
    let preference = Preference { default: 7.try_into().unwrap(), overrides: [].into() };
    let kept = |environment| KeptPreferences {
        team_id: TeamId(Uuid::from_u128(n)),
        environment,
        providers: [(Provider::Oura, (preference.clone(), AT))].into(),
    };
    [Environment::Production, Environment::Sandbox].map(kept).map(Row::Preferences).into()
}

fn credential(n: u128) -> Credential {
    let team_id = TeamId(Uuid::from_u128(n));
    Credential {
        id: CredentialId(Uuid::from_u128(n)),
        place: CredentialPlace { team_id, environment: Environment::Sandbox, provider: Provider::Oura },
        client_id: Some(format!("client {n}")),
        client_secret_hash: None,
        details_hash: None,
        seals: Seals::default(),
        redirect_url_override: None,
        quota: None,
        created_at: AT,
        updated_at: AT,
    }
}

fn token(n: u128) -> Token {
    let once = Once { key_id: KeyId(Uuid::from_u128(n)), token: "once".to_owned(), fingerprint: [7; 32] };
    Token { once, org_id: OrgId(Uuid::from_u128(n)), at: AT, id: Uuid::from_u128(n), created: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_are_kept_with_as_few_round_trips_as_few() {
    let Some(database) = database().await else { return };
    let proxy = Proxy::before(database.port()).await;
    let store = PostgresStore::open(&database.url_at(proxy.port()), &Options::default()).await.unwrap();
    let turns = async |rows: Vec<Row>| {
        let before = proxy.turns();
        store.restore(rows).await.unwrap();
        proxy.turns() - before
    };
    // Once so that each statement is prepared.
    turns(rows(1)).await;
    let all = rows(120);
    let (some, many) = (turns(rows(2)).await, turns(all.clone()).await);
    assert!(many <= some.min(30), "{} rows took {many} round trips, a few {some}", all.len());
    let again = turns(all.clone()).await;
    assert!(again <= 30, "{again}");
    let there = dump(&store, 1000).await;
    let others =
        |rows: Vec<Row>| Vec::from_iter(rows.into_iter().filter(|row| row.kind() != Kind::AuditEntry));
    assert!(others(there) == others(all), "all of it is there");
}
