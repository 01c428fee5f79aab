//! Things to store. Equal arguments give equal things.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lookback_domain::{Days, Environment, KeyId, OrgId, Preference, Provider, Region, Resource, TeamId};
use uuid::Uuid;

use crate::{Key, KeyDigest, Org, Scope, Store, Team};

/// Ids in the order of `n`, on both sides of every sign bit.
fn id(n: u8) -> Uuid {
    Uuid::from_u128((u128::from(n) << 120) | (u128::from(u8::MAX - n) << 56) | u128::from(n))
}

pub(super) fn org_id(n: u8) -> OrgId {
    OrgId(id(n))
}

pub(super) fn team_id(n: u8) -> TeamId {
    TeamId(id(n))
}

pub(super) fn key_id(n: u8) -> KeyId {
    KeyId(id(n))
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("the year 2023")
}

pub(super) fn org(n: u8) -> Org {
    Org { id: org_id(n), name: format!("org {n}"), created_at: at(n.into()) }
}

pub(super) fn team(n: u8, org: u8, region: Region) -> Team {
    Team { id: team_id(n), org_id: org_id(org), name: format!("team {n}"), region, created_at: at(n.into()) }
}

pub(super) fn digest(n: u8) -> KeyDigest {
    KeyDigest([n; 32])
}

pub(super) fn key(n: u8, org: u8) -> Key {
    let (id, org_id) = (key_id(n), org_id(org));
    Key { id, org_id, label: format!("key {n}"), digest: digest(n), created_at: at(n.into()) }
}

/// Production in the United States.
pub(super) fn scope(org: u8) -> Scope {
    Scope { org_id: org_id(org), region: Region::Us, environment: Environment::Production }
}

pub(super) fn days(days: i64) -> Days {
    Days::try_from(days).expect("tests ask for 0 to 365 days")
}

pub(super) fn preference(default: i64, overrides: &[(Resource, i64)]) -> Preference {
    let overrides = overrides.iter().map(|&(resource, n)| (resource, days(n))).collect();
    Preference { default: days(default), overrides }
}

/// The same preference for Oura, Garmin and Polar.
pub(super) fn round(n: i64) -> BTreeMap<Provider, Preference> {
    [Provider::Oura, Provider::Garmin, Provider::Polar]
        .map(|provider| (provider, preference(n, &[(Resource::Sleep, n)])))
        .into()
}

/// Stores `org` with these teams of its own, in the United States.
pub(super) async fn given(store: &dyn Store, org_number: u8, teams: &[u8]) {
    let teams = teams.iter().map(|&n| team(n, org_number, Region::Us)).collect();
    store.create_org(org(org_number), teams, Vec::new()).await.expect("the ids are free");
}
