//! What a server does for a store from time to time.

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::KeyId;

use crate::Result;

/// Chores that no request waits for. None is recorded in the audit log.
#[async_trait]
pub trait Housekeeping: Send + Sync {
    /// Notes when keys were used last. A time before the one that is noted and a key that is gone change nothing.
    async fn record_key_uses(&self, uses: &[(KeyId, Timestamp)]) -> Result<()>;

    /// Forgets up to `limit` audit entries from before `before`, to the millisecond. Answers how many; fewer than
    /// `limit` means that no more are left.
    async fn purge_audit(&self, before: Timestamp, limit: usize) -> Result<usize>;

    /// Forgets up to `limit` tokens of creations from before `before`. Answers as [`Self::purge_audit`] does.
    async fn purge_once(&self, before: Timestamp, limit: usize) -> Result<usize>;
}
