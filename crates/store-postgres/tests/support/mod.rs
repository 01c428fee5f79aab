//! What the tests of the store share.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use lookback_domain::{Days, Environment, OrgId, Preference, Provider, Region, TeamId};
use lookback_store::{
    Actor, Author, Org, OrgStore, PreferenceStore, Result, Scope, Selection, Team, Visible,
};
use uuid::Uuid;

pub const ORG: OrgId = OrgId(Uuid::from_u128(1));

pub fn team(n: u128) -> TeamId {
    TeamId(Uuid::from_u128(100 + n))
}

pub fn scope() -> Scope {
    Scope { org_id: ORG, region: Region::Us, environment: Environment::Production, visible: Visible::All }
}

/// The author of a change of its own.
pub fn by() -> Author {
    static CHANGES: AtomicU64 = AtomicU64::new(0);
    let [_, random @ ..] = CHANGES.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Author::new(Actor::CommandLine, Timestamp::UNIX_EPOCH, random)
}

/// An organisation with so many teams.
pub async fn fill(store: &dyn OrgStore, teams: u128) {
    let created_at = Timestamp::UNIX_EPOCH;
    let named = |n| Team {
        id: team(n),
        org_id: ORG,
        name: format!("team {n}"),
        region: Region::Us,
        integration_team_id: None,
        created_at,
    };
    let org = Org { id: ORG, name: "org".to_owned(), created_at };
    store.create_org(org, (0..teams).map(named).collect(), Vec::new(), &by()).await.unwrap();
}

/// Stores these days of Oura for these teams.
pub async fn set(store: &dyn PreferenceStore, teams: &[TeamId], days: i64) -> Result<()> {
    let preference = Preference { default: Days::try_from(days).unwrap(), overrides: BTreeMap::new() };
    let changes = BTreeMap::from([(Provider::Oura, preference)]);
    store.upsert_preferences(&scope(), teams, &changes, &BTreeMap::new(), &by()).await.map(drop)
}

/// The days of Oura of a team, where some are stored.
pub async fn days(store: &dyn PreferenceStore, team: TeamId) -> Result<Option<i64>> {
    let found = store.preferences(&scope(), Selection::Teams(&[team])).await?;
    Ok(found[0].providers.get(&Provider::Oura).map(|preference| i64::from(preference.default)))
}
