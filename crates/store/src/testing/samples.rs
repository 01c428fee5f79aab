//! Things to store. Equal arguments give equal things.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use lookback_domain::{
    CredentialId, Days, Environment, KeyId, OrgId, Preference, Provider, Raised, Region, Resource, Role,
    TeamId,
};
use uuid::Uuid;

use crate::{
    Actor, Author, CredentialContent, Key, KeyDigest, MasterKeyId, Org, Scope, Sealed, Seals, Store, Team,
    Visible,
};

/// Ids in the order of `n`, on both sides of every sign bit. Many begin and end alike, as may happen to two of the same
/// millisecond.
fn id(n: u8) -> Uuid {
    let (half, within) = (u128::from(n & 0x80), u128::from(n & 0x7f));
    Uuid::from_u128((half << 120) | (within << 72) | (u128::from(u8::MAX - n) << 56) | half)
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

pub(super) fn credential_id(n: u8) -> CredentialId {
    CredentialId(id(n))
}

/// Nothing that exceeds a default.
pub const UNRAISED: BTreeMap<Provider, Raised> = BTreeMap::new();

/// The author of a change of its own, at [`at`] 0.
pub fn by() -> Author {
    by_at(Actor::CommandLine, at(0))
}

/// The author of a change of its own. Of two at the same time the later one counts as later.
pub(super) fn by_at(actor: Actor, at: Timestamp) -> Author {
    static CHANGES: AtomicU32 = AtomicU32::new(0);
    numbered(actor, at, CHANGES.fetch_add(1, Ordering::Relaxed))
}

/// The author of the nth of some changes.
pub fn numbered(actor: Actor, at: Timestamp, n: u32) -> Author {
    let mut random = [0; 7];
    random[3..].copy_from_slice(&n.to_be_bytes());
    Author::new(actor, at, random)
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("the year 2023")
}

pub(super) fn org(n: u8) -> Org {
    Org { id: org_id(n), name: format!("org {n}"), created_at: at(n.into()) }
}

pub(super) fn team(n: u8, org: u8, region: Region) -> Team {
    let (id, org_id, created_at) = (team_id(n), org_id(org), at(n.into()));
    Team { id, org_id, name: format!("team {n}"), region, integration_team_id: None, created_at }
}

pub(super) fn digest(n: u8) -> KeyDigest {
    KeyDigest([n; 32])
}

/// An `org_admin`.
pub(super) fn key(n: u8, org: u8) -> Key {
    Key {
        id: key_id(n),
        org_id: org_id(org),
        label: format!("key {n}"),
        digest: digest(n),
        role: Role::OrgAdmin,
        bindings: BTreeSet::new(),
        creator: Actor::CommandLine,
        created_at: at(n.into()),
        expires_at: None,
        last_used_at: None,
    }
}

/// A `team_admin` of these teams.
pub(super) fn team_key(n: u8, org: u8, teams: &[u8]) -> Key {
    Key { role: Role::TeamAdmin, bindings: ids(teams), ..key(n, org) }
}

pub(super) fn ids(teams: &[u8]) -> BTreeSet<TeamId> {
    teams.iter().map(|&n| team_id(n)).collect()
}

/// Nobody but these teams.
pub(super) fn only(teams: &[u8]) -> Visible {
    Visible::Only(Arc::new(ids(teams)))
}

/// Something secret; `n` tells one from another.
pub(super) fn sealed(key: &str, n: u8) -> Sealed {
    Sealed { key_id: MasterKeyId(key.to_owned()), nonce: [n; 12], ciphertext: vec![n; 20] }
}

/// An application with a secret under this master key.
pub(super) fn content(key: &str, n: u8) -> CredentialContent {
    CredentialContent {
        client_id: Some(format!("client {n}")),
        client_secret_hash: Some(format!("hash {n}")),
        details_hash: None,
        seals: Seals { client_secret: Some(sealed(key, n)), details: None },
        redirect_url_override: None,
    }
}

/// Production in the United States.
pub(super) fn scope(org: u8) -> Scope {
    let (org_id, visible) = (org_id(org), Visible::All);
    Scope { org_id, region: Region::Us, environment: Environment::Production, visible }
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
    store.create_org(org(org_number), teams, Vec::new(), &by()).await.expect("the ids are free");
}
