//! What a server does for the store from time to time.

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::KeyId;
use lookback_store::{AuditId, Housekeeping, Result};
use rusqlite::Connection;

use crate::column::{Id, Time, limit};
use crate::{SqliteStore, query};

const USED: &str = "UPDATE management_key SET last_used_at_us = ?2 \
     WHERE id = ?1 AND (last_used_at_us IS NULL OR last_used_at_us < ?2)";
const PURGE_ONCE: &str = "DELETE FROM once WHERE (key_id, token) IN \
     (SELECT key_id, token FROM once WHERE at_us < ?1 ORDER BY at_us LIMIT ?2)";
// One organisation after the other, the oldest first. Nobody waits for it, so looking at each organisation is cheaper
// than an index that every change would have to keep.
const ORG_WITH_OLD_AUDIT: &str = "SELECT id FROM org WHERE EXISTS \
     (SELECT 1 FROM audit_entry WHERE audit_entry.org_id = org.id AND audit_entry.id < ?1) LIMIT 1";
const PURGE_AUDIT: &str = "DELETE FROM audit_entry WHERE org_id = ?1 AND id IN \
     (SELECT id FROM audit_entry WHERE org_id = ?1 AND id < ?2 ORDER BY id LIMIT ?3)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[USED, PURGE_ONCE, PURGE_AUDIT];

#[async_trait]
impl Housekeeping for SqliteStore {
    async fn record_key_uses(&self, uses: &[(KeyId, Timestamp)]) -> Result<()> {
        let uses = uses.to_vec();
        let record = move |db: &Connection| {
            for &(id, at) in &uses {
                query::change(db, USED, (Id(id.0), Time(at)))?;
            }
            Ok(())
        };
        self.writer.run(record).await
    }

    async fn purge_audit(&self, before: Timestamp, rows: usize) -> Result<usize> {
        let purge = move |db: &Connection| {
            let (floor, mut purged) = (AuditId::floor(before).0, 0);
            while purged < rows {
                let org = query::one(db, ORG_WITH_OLD_AUDIT, [Id(floor)], |row| row.get::<_, Id>(0))?;
                let Some(org) = org else { break };
                purged += query::change(db, PURGE_AUDIT, (org, Id(floor), limit(rows - purged)))?;
            }
            Ok(purged)
        };
        self.writer.run(purge).await
    }

    async fn purge_once(&self, before: Timestamp, rows: usize) -> Result<usize> {
        let purge = move |db: &Connection| Ok(query::change(db, PURGE_ONCE, (Time(before), limit(rows)))?);
        self.writer.run(purge).await
    }
}
