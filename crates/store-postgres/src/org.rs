//! Organisations.

use std::collections::BTreeSet;

use async_trait::async_trait;
use lookback_domain::OrgId;
use lookback_store::{Author, Error, Key, Org, OrgStore, Result, Team, Trail, kept};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{first_after, limit, time};
use crate::failure::Outcome;
use crate::session::Session;
use crate::{PostgresStore, audit, key, part, team};

const INSERT: &str = "INSERT INTO org (id, name, created_at_us) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const INSERT_ALL: &str = "INSERT INTO org (id, name, created_at_us) \
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[]) ON CONFLICT DO NOTHING";
const GET: &str = "SELECT id, name, created_at_us FROM org WHERE id = $1";
const PAGE: &str = "SELECT id, name, created_at_us FROM org WHERE id >= $1 ORDER BY id LIMIT $2";
/// Of the whole deployment.
pub(crate) const EVERY: &str = PAGE;
const RENAME: &str = "UPDATE org SET name = $2 WHERE id = $1";
// Three ways to hold it until the transaction ends: so that it stays; so that nobody else changes it or decides by
// which keys it has; so that nothing of it is changed any more.
const HOLD: &str = "SELECT id, name, created_at_us FROM org WHERE id = $1 FOR KEY SHARE";
const HOLD_ALL: &str = "SELECT id FROM org WHERE id = ANY($1) ORDER BY id FOR KEY SHARE";
const LOCK: &str = "SELECT id, name, created_at_us FROM org WHERE id = $1 FOR NO KEY UPDATE";
const CLOSE: &str = "SELECT id, name, created_at_us FROM org WHERE id = $1 FOR UPDATE";
// With what is left of it, which cascades.
const DELETE: &str = "DELETE FROM org WHERE id = $1";
const DELETE_ONCE: &str = "DELETE FROM once WHERE org_id = $1";

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] =
    &[INSERT, INSERT_ALL, GET, PAGE, RENAME, HOLD, HOLD_ALL, LOCK, CLOSE, DELETE, DELETE_ONCE];

#[async_trait]
impl OrgStore for PostgresStore {
    async fn create_org(&self, org: Org, teams: Vec<Team>, keys: Vec<Key>, by: &Author) -> Result<()> {
        org.assert_owns(&teams, &keys);
        let (org, teams, keys) = (&org, &teams, &keys);
        let create = |session: Session| async move {
            insert(&session, org).await?;
            for team in teams {
                team::insert(&session, team).await?;
            }
            for key in keys {
                key::insert(&session, key).await?;
            }
            let mut trail = Trail::new(org.id, by);
            trail.org(None, org);
            teams.iter().for_each(|team| trail.team(None, team));
            keys.iter().for_each(|key| trail.key(None, Some(key)));
            audit::record(&session, trail).await
        };
        self.transactions.write(create).await
    }

    async fn org(&self, id: OrgId) -> Result<Org> {
        self.transactions.read(|session: Session| async move { get(&session, GET, id).await }).await
    }

    async fn orgs(&self, after: Option<OrgId>, rows: usize) -> Result<Vec<Org>> {
        let Some(first) = first_after(after.map(|id| id.0)) else { return Ok(Vec::new()) };
        let page = |session: Session| async move {
            session.all(PAGE, &[&first, &limit(rows)]).await?.iter().map(read).collect()
        };
        self.transactions.read(page).await
    }

    async fn rename_org(&self, id: OrgId, name: String, by: &Author) -> Result<Org> {
        let name = &name;
        let rename = |session: Session| async move {
            let before = get(&session, LOCK, id).await?;
            let after = Org { name: name.clone(), ..before };
            session.change(RENAME, &[&id.0, name]).await?;
            let mut trail = Trail::new(id, by);
            trail.org(Some(&before), &after);
            audit::record(&session, trail).await?;
            Ok(after)
        };
        self.transactions.write(rename).await
    }

    async fn delete_org(&self, id: OrgId, rows: usize) -> Result<bool> {
        let delete = |session: Session| async move {
            get(&session, CLOSE, id).await?;
            // First whoever could add to it; then what others may still be writing to, which they finish before; then
            // what they wrote beside it.
            let mut left = rows;
            for part in [part::KEYS, part::TEAMS, part::AUDIT] {
                left -= part.delete(&session, id.0, Uuid::max(), left).await?;
            }
            if left == 0 {
                return Ok(false);
            }
            for sql in [DELETE, DELETE_ONCE] {
                session.change(sql, &[&id.0]).await?;
            }
            Ok(true)
        };
        self.transactions.write(delete).await
    }
}

/// Sees that there is such an organisation.
pub(crate) async fn require(session: &Session, id: OrgId) -> Outcome<()> {
    get(session, GET, id).await.map(drop)
}

/// Sees that there is such an organisation, and that it stays until the transaction ends.
pub(crate) async fn hold(session: &Session, id: OrgId) -> Outcome<()> {
    get(session, HOLD, id).await.map(drop)
}

/// The same for many at once: those of them that there are.
pub(crate) async fn hold_all(
    session: &Session,
    ids: impl Iterator<Item = OrgId>,
) -> Outcome<BTreeSet<OrgId>> {
    let ids: BTreeSet<_> = ids.map(|id| id.0).collect();
    let rows = session.all(HOLD_ALL, &[&Vec::from_iter(ids)]).await?;
    rows.iter().map(|row| Ok(OrgId(row.try_get(0)?))).collect()
}

/// Keeps others from deciding by which keys it has, until the transaction ends. Where there is no such organisation
/// there is nothing to decide.
pub(crate) async fn lock(session: &Session, id: OrgId) -> Outcome<()> {
    session.one(LOCK, &[&id.0]).await.map(drop)
}

async fn get(session: &Session, sql: &str, id: OrgId) -> Outcome<Org> {
    let row = session.one(sql, &[&id.0]).await?;
    row.as_ref().map_or(Err(Error::UnknownOrg(id).into()), read)
}

pub(crate) async fn insert(session: &Session, org: &Org) -> Outcome<()> {
    match session.change(INSERT, &[&org.id.0, &org.name, &kept(org.created_at).as_microsecond()]).await? {
        0 => Err(Error::Taken(org.id.to_string()).into()),
        _ => Ok(()),
    }
}

/// Adds those that are not there.
pub(crate) async fn insert_all(session: &Session, orgs: &[&Org]) -> Outcome<()> {
    let ids: Vec<_> = orgs.iter().map(|org| org.id.0).collect();
    let names: Vec<_> = orgs.iter().map(|org| &org.name[..]).collect();
    let created_at_us: Vec<_> = orgs.iter().map(|org| kept(org.created_at).as_microsecond()).collect();
    session.change(INSERT_ALL, &[&ids, &names, &created_at_us]).await?;
    Ok(())
}

pub(crate) fn read(row: &Row) -> Outcome<Org> {
    Ok(Org { id: OrgId(row.try_get(0)?), name: row.try_get(1)?, created_at: time(row, 2)? })
}
