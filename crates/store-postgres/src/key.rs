//! Management keys.

mod lookup;
mod many;

use std::collections::BTreeSet;

use async_trait::async_trait;
use lookback_domain::{KeyId, OrgId, Role, TeamId};
use lookback_store::{
    Author, Created, Error, Key, KeyDigest, KeyFilter, KeyGuard, KeyPatch, KeyStore, Once, Result, Trail, Was,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{actor, actor_column, bytes, slug, time, time_or_none};
use crate::failure::Outcome;
use crate::page::chunks;
use crate::session::{Params, Session};
use crate::{PostgresStore, audit, once, org};
pub(crate) use lookup::by_digest;
pub(crate) use many::insert_all;

/// The columns of a key, as [`read`] takes them. The bindings are looked up only where there can be some.
macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, org_id, label, digest, role, creator, created_at_us, expires_at_us, last_used_at_us, \
             CASE role WHEN 'team_admin' THEN ARRAY(SELECT team_id FROM management_key_binding \
             WHERE key_id = management_key.id) ELSE '{}' END FROM management_key WHERE ",
            $rest
        )
    };
}

const INSERT: &str = "INSERT INTO management_key (id, org_id, label, digest, role, creator, created_at_us, \
     expires_at_us, last_used_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
const BIND: &str = "INSERT INTO management_key_binding (key_id, team_id) SELECT $1, unnest($2::uuid[])";
const UNBIND: &str = "DELETE FROM management_key_binding WHERE key_id = $1";
// They stay until the transaction ends.
const HOLD_TEAMS: &str = "SELECT id FROM team WHERE id = ANY($1) AND org_id = $2 ORDER BY id FOR KEY SHARE";
const BOUND_TO: &str = "SELECT key_id FROM management_key_binding WHERE team_id = $1";
const PAGE: &str = columns!("org_id = $1 AND id >= $2 ORDER BY id LIMIT $3");
/// Of the whole deployment.
pub(crate) const EVERY: &str = columns!("id >= $1 ORDER BY id LIMIT $2");
const GET: &str = columns!("id = $1 AND org_id = $2");
const BY_DIGEST: &str = columns!("digest = ANY($1)");
const HAS_ADMIN: &str = "SELECT FROM management_key WHERE org_id = $1 AND role = 'org_admin' \
     AND (expires_at_us IS NULL OR expires_at_us > $2) LIMIT 1";
const UPDATE: &str = "UPDATE management_key SET label = $2, expires_at_us = $3 WHERE id = $1";
const DELETE: &str = "DELETE FROM management_key WHERE id = $1";

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] = &[
    INSERT,
    BIND,
    UNBIND,
    HOLD_TEAMS,
    BOUND_TO,
    PAGE,
    EVERY,
    GET,
    BY_DIGEST,
    HAS_ADMIN,
    UPDATE,
    DELETE,
    many::INSERT,
    many::BIND,
    many::HOLD_TEAMS,
];

#[async_trait]
impl KeyStore for PostgresStore {
    async fn create_key(&self, key: Key, once: Option<Once>, by: &Author) -> Result<Created<Key>> {
        key.assert_bindings();
        let (key, once) = (&key, once.as_ref());
        let create = |session: Session| async move {
            org::hold(&session, key.org_id).await?;
            match once::claim(&session, once, key.org_id, by).await? {
                Some(Created::Replay(was)) => return Ok(was.key_again()),
                Some(_) => return Ok(Created::Mismatch),
                None => {}
            }
            insert(&session, key).await?;
            let key = get(&session, key.org_id, key.id, &KeyGuard::none()).await?;
            once::remember(&session, once, Was::key(&key)).await?;
            let mut trail = Trail::new(key.org_id, by);
            trail.key(None, Some(&key));
            audit::record(&session, trail).await?;
            Ok(Created::Done(key))
        };
        self.transactions.write(create).await
    }

    async fn keys(
        &self,
        org: OrgId,
        filter: &KeyFilter,
        after: Option<KeyId>,
        rows: usize,
    ) -> Result<Vec<Key>> {
        let page = |session: Session| async move {
            let read =
                |row: &Row| read(row).map(|key| (key.id.0, Some(key).filter(|key| filter.admits(key))));
            let found = chunks(&session, PAGE, org.0, after.map(|id| id.0), rows, read).await?;
            if found.is_empty() {
                org::require(&session, org).await?;
            }
            Ok(found)
        };
        self.transactions.read_at_once(page).await
    }

    async fn patch_key(
        &self,
        org: OrgId,
        id: KeyId,
        patch: KeyPatch,
        guard: &KeyGuard,
        by: &Author,
    ) -> Result<Key> {
        let patch = &patch;
        let change = |session: Session| async move {
            org::lock(&session, org).await?;
            let before = get(&session, org, id, guard).await?;
            let after = patch.clone().apply(&before);
            if after.role == Role::OrgAdmin && !after.bindings.is_empty() {
                return Err(Error::BoundOrgAdmin(id).into());
            }
            hold_bindings(&session, &after).await?;
            let expires_at_us = after.expires_at.map(|at| at.as_microsecond());
            session.change(UPDATE, &[&id.0, &after.label, &expires_at_us]).await?;
            if before.bindings != after.bindings {
                session.change(UNBIND, &[&id.0]).await?;
                bind(&session, &after).await?;
            }
            let after = get(&session, org, id, &KeyGuard::none()).await?;
            if before.role == Role::OrgAdmin && before.expires_at != after.expires_at {
                keep_admin(&session, org, guard, by).await?;
            }
            let mut trail = Trail::new(org, by);
            trail.key(Some(&before), Some(&after));
            audit::record(&session, trail).await?;
            Ok(after)
        };
        self.transactions.write(change).await
    }

    async fn delete_key(&self, org: OrgId, id: KeyId, guard: &KeyGuard, by: &Author) -> Result<Key> {
        let delete = |session: Session| async move {
            // Of two who delete the last two administrators, one has to see what the other did.
            org::lock(&session, org).await?;
            let gone = get(&session, org, id, guard).await?;
            session.change(DELETE, &[&id.0]).await?;
            if gone.role == Role::OrgAdmin {
                keep_admin(&session, org, guard, by).await?;
            }
            let mut trail = Trail::new(org, by);
            trail.key(Some(&gone), None);
            audit::record(&session, trail).await?;
            Ok(gone)
        };
        self.transactions.write(delete).await
    }

    async fn key_by_digest(&self, digest: KeyDigest) -> Result<Option<Key>> {
        self.keys.ask(digest).await
    }
}

/// The key of this organisation, as far as the guard lets it be seen.
async fn get(session: &Session, org: OrgId, id: KeyId, guard: &KeyGuard) -> Outcome<Key> {
    let found = session.one(GET, &[&id.0, &org.0]).await?.as_ref().map(read).transpose()?;
    found.filter(|key| key.is_within(&guard.within)).ok_or(Error::UnknownKey(id).into())
}

/// Sees that the organisation is left with an `org_admin` in force, where the guard asks for it.
async fn keep_admin(session: &Session, org: OrgId, guard: &KeyGuard, by: &Author) -> Outcome<()> {
    let at_us = by.at.as_microsecond();
    if guard.keep_admin && session.one(HAS_ADMIN, &[&org.0, &at_us]).await?.is_none() {
        return Err(Error::LastAdmin.into());
    }
    Ok(())
}

/// Sees that a key is bound to teams of its organisation only, and that they stay.
async fn hold_bindings(session: &Session, key: &Key) -> Outcome<()> {
    if key.bindings.is_empty() {
        return Ok(());
    }
    let teams: Vec<_> = key.bindings.iter().map(|team| team.0).collect();
    let rows = session.all(HOLD_TEAMS, &[&teams, &key.org_id.0]).await?;
    let held = rows.iter().map(|row| Ok(TeamId(row.try_get(0)?))).collect::<Outcome<BTreeSet<_>>>()?;
    let unknown: Vec<_> = key.bindings.difference(&held).copied().collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::UnknownTeams(unknown).into()) }
}

/// Adds a key to an organisation that stays.
pub(crate) async fn insert(session: &Session, key: &Key) -> Outcome<()> {
    hold_bindings(session, key).await?;
    let us = |at: jiff::Timestamp| at.as_microsecond();
    let (role, digest, creator) = (key.role.as_str(), &key.digest.0[..], actor_column(key.creator));
    let (created, expires, used) = (us(key.created_at), key.expires_at.map(us), key.last_used_at.map(us));
    let values: Params<'_> =
        &[&key.id.0, &key.org_id.0, &key.label, &digest, &role, &creator, &created, &expires, &used];
    match session.change(INSERT, values).await? {
        0 => Err(Error::Taken(key.id.to_string()).into()),
        _ => bind(session, key).await,
    }
}

async fn bind(session: &Session, key: &Key) -> Outcome<()> {
    let teams: Vec<_> = key.bindings.iter().map(|team| team.0).collect();
    if !teams.is_empty() {
        session.change(BIND, &[&key.id.0, &teams]).await?;
    }
    Ok(())
}

/// The keys that are bound to a team.
pub(crate) async fn bound_to(session: &Session, team: TeamId) -> Outcome<BTreeSet<KeyId>> {
    let rows = session.all(BOUND_TO, &[&team.0]).await?;
    rows.iter().map(|row| Ok(KeyId(row.try_get(0)?))).collect()
}

pub(crate) fn read(row: &Row) -> Outcome<Key> {
    let bindings: Vec<Uuid> = row.try_get(9)?;
    let digest = bytes(row, 3)?.ok_or_else(|| Error::unavailable("a key without a digest"))?;
    Ok(Key {
        id: KeyId(row.try_get(0)?),
        org_id: OrgId(row.try_get(1)?),
        label: row.try_get(2)?,
        digest: KeyDigest(digest),
        role: slug(row.try_get(4)?)?,
        bindings: bindings.into_iter().map(TeamId).collect(),
        creator: actor(row, 5)?,
        created_at: time(row, 6)?,
        expires_at: time_or_none(row, 7)?,
        last_used_at: time_or_none(row, 8)?,
    })
}
