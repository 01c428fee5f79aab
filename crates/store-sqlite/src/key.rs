//! Management keys.

use async_trait::async_trait;
use lookback_domain::{KeyId, OrgId};
use lookback_store::{Error, Key, KeyDigest, KeyStore, Result};
use rusqlite::{Connection, Row};

use crate::column::{After, Id, Time, limit};
use crate::failure::Outcome;
use crate::{SqliteStore, org, query};

const INSERT: &str = "INSERT INTO management_key (id, org_id, label, digest, created_at_us) \
     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
const PAGE: &str = "SELECT id, org_id, label, digest, created_at_us FROM management_key \
     WHERE org_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
const BY_DIGEST: &str =
    "SELECT id, org_id, label, digest, created_at_us FROM management_key WHERE digest = ?1";
const DELETE: &str = "DELETE FROM management_key WHERE id = ?1 AND org_id = ?2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, PAGE, BY_DIGEST, DELETE];

#[async_trait]
impl KeyStore for SqliteStore {
    async fn create_key(&self, key: Key) -> Result<()> {
        let create = move |db: &Connection| {
            org::require(db, key.org_id)?;
            insert(db, &key)
        };
        self.writer.run(create).await
    }

    async fn keys(&self, org: OrgId, after: Option<KeyId>, rows: usize) -> Result<Vec<Key>> {
        let after = After(after.map(|id| id.0));
        let page = move |db: &Connection| {
            org::require(db, org)?;
            Ok(query::all(db, PAGE, (Id(org.0), after, limit(rows)), read)?)
        };
        self.readers.run(rows, page).await
    }

    async fn delete_key(&self, org: OrgId, id: KeyId) -> Result<()> {
        let delete = move |db: &Connection| match query::change(db, DELETE, [Id(id.0), Id(org.0)])? {
            0 => Err(Error::UnknownKey(id).into()),
            _ => Ok(()),
        };
        self.writer.run(delete).await
    }

    async fn key_by_digest(&self, digest: KeyDigest) -> Result<Option<Key>> {
        self.readers.run_statement(|db| Ok(query::one(db, BY_DIGEST, [digest.0], read)?)).await
    }
}

/// Adds a key to its organisation, which is known.
pub(crate) fn insert(db: &Connection, key: &Key) -> Outcome<()> {
    let (id, org, created_at) = (Id(key.id.0), Id(key.org_id.0), Time(key.created_at));
    match query::change(db, INSERT, (id, org, &key.label, key.digest.0, created_at))? {
        0 => Err(Error::Taken(key.id.to_string()).into()),
        _ => Ok(()),
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Key> {
    let (Id(id), Id(org_id), Time(created_at)) = (row.get(0)?, row.get(1)?, row.get(4)?);
    Ok(Key {
        id: KeyId(id),
        org_id: OrgId(org_id),
        label: row.get(2)?,
        digest: KeyDigest(row.get(3)?),
        created_at,
    })
}
