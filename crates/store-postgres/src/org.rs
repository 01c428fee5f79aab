//! Organisations.

use std::collections::BTreeSet;

use async_trait::async_trait;
use lookback_domain::OrgId;
use lookback_store::{Author, Error, Key, Org, OrgStore, Result, Team};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::column::{first_after, limit, time};
use crate::failure::Outcome;
use crate::session::Session;
use crate::{PostgresStore, key, later::later, team};

const INSERT: &str = "INSERT INTO org (id, name, created_at_us) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
// It stays until the end of the transaction.
const HOLD: &str = "SELECT FROM org WHERE id = $1 FOR KEY SHARE";
const GET: &str = "SELECT id, name, created_at_us FROM org WHERE id = $1";
const PAGE: &str = "SELECT id, name, created_at_us FROM org WHERE id >= $1 ORDER BY id LIMIT $2";
// Before it goes; its teams in the order that everybody locks them in.
const LOCK: &str = "SELECT FROM org WHERE id = $1 FOR UPDATE";
const LOCK_TEAMS: &str = "SELECT FROM team WHERE org_id = $1 ORDER BY id FOR UPDATE OF team";
// With its teams, their preferences and its keys, which cascade.
const DELETE: &str = "DELETE FROM org WHERE id = $1";

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, HOLD, GET, PAGE, LOCK, LOCK_TEAMS, DELETE];

#[async_trait]
impl OrgStore for PostgresStore {
    async fn create_org(&self, org: Org, teams: Vec<Team>, keys: Vec<Key>, _: &Author) -> Result<()> {
        org.assert_owns(&teams, &keys);
        let (org, teams, keys) = (&org, &teams, &keys);
        let create = |session: Session| async move {
            insert(&session, org).await?;
            team::insert(&session, teams).await?;
            key::insert(&session, keys).await
        };
        self.transactions.write(create).await
    }

    async fn orgs(&self, after: Option<OrgId>, rows: usize) -> Result<Vec<Org>> {
        let Some(first) = first_after(after.map(|id| id.0)) else { return Ok(Vec::new()) };
        let page = |session: Session| async move {
            session.all(PAGE, &[&first, &limit(rows)]).await?.iter().map(read).collect()
        };
        self.transactions.read(page).await
    }

    async fn org(&self, id: OrgId) -> Result<Org> {
        let get = |session: Session| async move {
            let row = session.one(GET, &[&id.0]).await?;
            read(&row.ok_or(Error::UnknownOrg(id))?)
        };
        self.transactions.read(get).await
    }

    async fn rename_org(&self, _: OrgId, _: String, _: &Author) -> Result<Org> {
        Err(later())
    }

    async fn delete_org(&self, id: OrgId) -> Result<()> {
        let delete = |session: Session| async move {
            session.one(LOCK, &[&id.0]).await?;
            session.change(LOCK_TEAMS, &[&id.0]).await?;
            match session.change(DELETE, &[&id.0]).await? {
                0 => Err(Error::UnknownOrg(id).into()),
                _ => Ok(()),
            }
        };
        self.transactions.write(delete).await
    }
}

/// Sees that there is such an organisation, and that it is there until the transaction ends.
pub(crate) async fn hold(session: &Session, id: OrgId) -> Outcome<()> {
    session.one(HOLD, &[&id.0]).await?.map(drop).ok_or(Error::UnknownOrg(id).into())
}

async fn insert(session: &Session, org: &Org) -> Outcome<()> {
    match session.change(INSERT, &[&org.id.0, &org.name, &org.created_at.as_microsecond()]).await? {
        0 => Err(Error::Taken(org.id.to_string()).into()),
        _ => Ok(()),
    }
}

fn read(row: &Row) -> Outcome<Org> {
    Ok(Org { id: OrgId(row.try_get(0)?), name: row.try_get(1)?, created_at: time(row, 2)? })
}

/// The first of these ids that is not among those that were inserted; an id that stands twice was inserted once.
pub(crate) fn refuse_taken(ids: impl Iterator<Item = Uuid>, inserted: &[Row]) -> Outcome<()> {
    let inserted = inserted.iter().map(|row| Ok(row.try_get(0)?));
    let mut inserted = inserted.collect::<Outcome<BTreeSet<Uuid>>>()?;
    for id in ids {
        if !inserted.remove(&id) {
            return Err(Error::Taken(id.to_string()).into());
        }
    }
    Ok(())
}
