//! Adding many keys at once.

use std::collections::{BTreeMap, BTreeSet};

use lookback_domain::{OrgId, TeamId};
use lookback_store::Key;
use uuid::Uuid;

use crate::column::{actor_column, ids_of};
use crate::failure::Outcome;
use crate::session::{Params, Session};

pub(super) const INSERT: &str = "INSERT INTO management_key (id, org_id, label, digest, role, creator, \
     created_at_us, expires_at_us, last_used_at_us) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], \
     $4::bytea[], $5::text[], $6::uuid[], $7::bigint[], $8::bigint[], $9::bigint[]) \
     ON CONFLICT DO NOTHING RETURNING id";
pub(super) const BIND: &str = "INSERT INTO management_key_binding (key_id, team_id) \
     SELECT * FROM unnest($1::uuid[], $2::uuid[])";
// They stay until the transaction ends.
pub(super) const HOLD_TEAMS: &str =
    "SELECT id, org_id FROM team WHERE id = ANY($1) ORDER BY id FOR KEY SHARE";

/// Adds keys to organisations that stay, and says which: not those that are bound to what is no team of theirs, or of
/// which something is taken.
pub(crate) async fn insert_all(session: &Session, keys: &[&Key]) -> Outcome<BTreeSet<Uuid>> {
    let owners = hold_teams(session, keys).await?;
    let is_owner = |key: &Key| key.bindings.iter().all(|team| owners.get(team) == Some(&key.org_id));
    let keys: Vec<_> = keys.iter().copied().filter(|key| is_owner(key)).collect();
    let added = insert(session, &keys).await?;
    let bound = keys.iter().filter(|key| added.contains(&key.id.0));
    let bound = bound.flat_map(|key| key.bindings.iter().map(|team| (key.id.0, team.0)));
    let (keys, teams): (Vec<_>, Vec<_>) = bound.unzip();
    if !keys.is_empty() {
        session.change(BIND, &[&keys, &teams]).await?;
    }
    Ok(added)
}

/// Whose the teams are that these keys are bound to, which stay.
async fn hold_teams(session: &Session, keys: &[&Key]) -> Outcome<BTreeMap<TeamId, OrgId>> {
    let teams: BTreeSet<_> = keys.iter().flat_map(|key| key.bindings.iter().map(|team| team.0)).collect();
    if teams.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = session.all(HOLD_TEAMS, &[&Vec::from_iter(teams)]).await?;
    rows.iter().map(|row| Ok((TeamId(row.try_get(0)?), OrgId(row.try_get(1)?)))).collect()
}

async fn insert(session: &Session, keys: &[&Key]) -> Outcome<BTreeSet<Uuid>> {
    let us = |at: jiff::Timestamp| at.as_microsecond();
    let ids: Vec<_> = keys.iter().map(|key| key.id.0).collect();
    let orgs: Vec<_> = keys.iter().map(|key| key.org_id.0).collect();
    let labels: Vec<_> = keys.iter().map(|key| &key.label[..]).collect();
    let digests: Vec<_> = keys.iter().map(|key| &key.digest.0[..]).collect();
    let roles: Vec<_> = keys.iter().map(|key| key.role.as_str()).collect();
    let creators: Vec<_> = keys.iter().map(|key| actor_column(key.creator)).collect();
    let created: Vec<_> = keys.iter().map(|key| us(key.created_at)).collect();
    let expires: Vec<_> = keys.iter().map(|key| key.expires_at.map(us)).collect();
    let used: Vec<_> = keys.iter().map(|key| key.last_used_at.map(us)).collect();
    let values: Params<'_> = &[&ids, &orgs, &labels, &digests, &roles, &creators, &created, &expires, &used];
    ids_of(&session.all(INSERT, values).await?)
}
