//! What a server does for the store from time to time. Several replicas may do it at once.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::KeyId;
use lookback_store::{AuditId, Housekeeping, Result};
use uuid::Uuid;

use crate::column::limit;
use crate::session::Session;
use crate::{PostgresStore, part};

const LOCK: &str = "SELECT FROM management_key WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";
const USED: &str = "UPDATE management_key SET last_used_at_us = used.at_us \
     FROM unnest($1::uuid[], $2::bigint[]) AS used (id, at_us) WHERE management_key.id = used.id \
     AND (last_used_at_us IS NULL OR last_used_at_us < used.at_us)";
const PURGE_ONCE: &str = "DELETE FROM once WHERE (key_id, token) IN \
     (SELECT key_id, token FROM once WHERE at_us < $1 ORDER BY at_us LIMIT $2 FOR UPDATE)";
// One organisation after the other. Nobody waits for it, so looking at each organisation is cheaper than an index
// that every change would have to keep.
const ORG_WITH_OLD_AUDIT: &str = "SELECT id FROM org WHERE EXISTS \
     (SELECT FROM audit_entry WHERE audit_entry.org_id = org.id AND audit_entry.id < $1) LIMIT 1";

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] = &[LOCK, USED];

#[async_trait]
impl Housekeeping for PostgresStore {
    async fn record_key_uses(&self, uses: &[(KeyId, Timestamp)]) -> Result<()> {
        let mut last = BTreeMap::new();
        for (id, at) in uses {
            let last = last.entry(id.0).or_insert(at.as_microsecond());
            *last = (*last).max(at.as_microsecond());
        }
        let (ids, times): (Vec<Uuid>, Vec<i64>) = last.into_iter().unzip();
        let (ids, times) = (&ids, &times);
        let record = |session: Session| async move {
            session.change(LOCK, &[ids]).await?;
            session.change(USED, &[ids, times]).await?;
            Ok(())
        };
        self.transactions.write(record).await
    }

    async fn purge_audit(&self, before: Timestamp, rows: usize) -> Result<usize> {
        let floor = AuditId::floor(before).0;
        let purge = |session: Session| async move {
            let mut purged = 0;
            while purged < rows {
                let Some(org) = session.one(ORG_WITH_OLD_AUDIT, &[&floor]).await? else { break };
                let org: Uuid = org.try_get(0)?;
                purged += part::AUDIT.delete(&session, org, floor, rows - purged).await?;
            }
            Ok(purged)
        };
        self.transactions.write(purge).await
    }

    async fn purge_once(&self, before: Timestamp, rows: usize) -> Result<usize> {
        let before_us = before.as_microsecond();
        let purge = |session: Session| async move {
            Ok(count(session.change(PURGE_ONCE, &[&before_us, &limit(rows)]).await?))
        };
        self.transactions.write(purge).await
    }
}

fn count(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}
