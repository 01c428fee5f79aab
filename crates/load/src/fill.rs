//! Stores with many teams, made through the store itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use lookback_domain::{Days, Environment, KeyId, OrgId, Preference, Provider, Region, Resource, TeamId};
use lookback_store::{
    Actor, Author, Key, Lifecycle, ManagementKey, Org, OrgStore, PreferenceStore, Scope, Team, Visible,
};
use lookback_store_sqlite::{Options, SqliteStore};
use uuid::Uuid;

/// The organisation that has all the teams.
pub const ORG: OrgId = OrgId(Uuid::from_u128(0x01a2_0ac0_0000_7000_8000_0000_0000_0001));

/// The key that may manage it. Everybody knows it, and it opens nothing but the stores made here.
pub fn key() -> ManagementKey {
    ManagementKey::from_bits([7; 32])
}

/// The teams' ids, which follow each other as those do that a server makes, a millisecond apart.
pub fn team(number: u64) -> TeamId {
    TeamId(Uuid::from_u128(0x01a2_0ac0_0001_7000_8000_0000_0000_0000 + (u128::from(number) << 80)))
}

/// Teams whose preferences are stored in one go.
const BATCH: u64 = 10_000;

/// The store with so many teams in `directory`, made where it is not there.
pub async fn store(directory: &Path, teams: u64) -> anyhow::Result<PathBuf> {
    let path = directory.join(format!("teams-{teams}.db"));
    if !path.exists() {
        // Under another name until it is whole, since an interrupted run leaves half of one.
        let unfinished = directory.join(format!("teams-{teams}.unfinished"));
        let _ = std::fs::remove_file(&unfinished);
        fill(&unfinished, teams).await?;
        std::fs::rename(&unfinished, &path)?;
    }
    Ok(path)
}

async fn fill(path: &Path, teams: u64) -> anyhow::Result<()> {
    let store = SqliteStore::open(path, &Options::default())?;
    // The audit log forgets what is old; that should not happen while something is measured.
    #[expect(clippy::disallowed_methods, reason = "a store that is as if it had been made now")]
    let created_at = Timestamp::now();
    let org = Org { id: ORG, name: "Load".to_owned(), created_at };
    let id = KeyId(Uuid::from_u128(1));
    let by = |n: u64| {
        let mut random = [0; 7];
        random[3..].copy_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes());
        Author::new(Actor::CommandLine, created_at, random)
    };
    let key = Key::org_admin(id, ORG, "load".to_owned(), key().digest(), &by(0));
    let named = |number| Team {
        id: team(number),
        org_id: ORG,
        name: format!("Team {number}"),
        region: Region::Us,
        integration_team_id: None,
        created_at,
    };
    store.create_org(org, (0..teams).map(named).collect(), vec![key], &by(0)).await?;

    let scope = Scope {
        org_id: ORG,
        region: Region::Us,
        environment: Environment::Production,
        visible: Visible::All,
    };
    let overrides = BTreeMap::from([(Resource::Sleep, Days::try_from(180)?)]);
    let preference = Preference { default: Days::try_from(120)?, overrides };
    let changes = BTreeMap::from([(Provider::Oura, preference)]);
    for first in (0..teams).step_by(usize::try_from(BATCH)?) {
        let batch: Vec<_> = (first..teams.min(first + BATCH)).map(team).collect();
        store.upsert_preferences(&scope, &batch, &changes, &BTreeMap::new(), &by(1 + first)).await?;
    }
    store.close().await;
    Ok(())
}
