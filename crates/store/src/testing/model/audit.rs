//! The audit log, and chores.

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::{KeyId, OrgId};

use super::Model;
use crate::{AuditEntry, AuditFilter, AuditId, AuditStore, Housekeeping, Result, kept};

#[async_trait]
impl AuditStore for Model {
    async fn audit(
        &self,
        org: OrgId,
        filter: &AuditFilter,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>> {
        self.read(|state| {
            state.known_org(org)?;
            let newest_first = state.audit.values().rev().filter(|entry| entry.org_id == org);
            let older = newest_first.filter(|entry| before.is_none_or(|before| entry.id < before));
            Ok(older.filter(|entry| filter.admits(&entry.facts())).take(limit).cloned().collect())
        })
    }
}

#[async_trait]
impl Housekeeping for Model {
    async fn record_key_uses(&self, uses: &[(KeyId, Timestamp)]) -> Result<()> {
        self.write(|state| {
            for (id, at) in uses {
                if let Some(key) = state.keys.get_mut(id) {
                    key.last_used_at = key.last_used_at.max(Some(kept(*at)));
                }
            }
            Ok(())
        })
    }

    async fn purge_audit(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(|state| {
            let old = state.audit.keys().filter(|(_, id)| *id < AuditId::floor(before));
            let old: Vec<_> = old.take(limit).copied().collect();
            state.audit.retain(|key, _| !old.contains(key));
            Ok(old.len())
        })
    }

    async fn purge_once(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(|state| {
            let old = state.tokens.iter().filter(|(_, token)| token.at < kept(before));
            let old: Vec<_> = old.map(|(key, _)| key.clone()).take(limit).collect();
            state.tokens.retain(|key, _| !old.contains(key));
            Ok(old.len())
        })
    }
}
