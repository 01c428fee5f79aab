//! What a server does for its store from time to time, beside answering.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lookback_api::App;
use lookback_store::{Result, once_kept_since};

/// How long the use of a key may wait to be written down.
const USES_EVERY: Duration = Duration::from_secs(10);
/// Rounds of noting uses from one look for what is old to the next: an hour.
const ROUNDS: u32 = 360;
/// Rows that are forgotten in one transaction, for which other writes wait.
const ROWS_MAX: usize = 1_000;

/// What is done from time to time.
pub struct Chores {
    pub app: App,
    /// How many days the audit log is kept; for ever where nothing is said.
    pub audit_days: Option<u32>,
}

impl Chores {
    /// Does them, and does them again. Where the store cannot, the next time will do.
    pub async fn forever(&self) -> Infallible {
        loop {
            self.forget_old().await;
            for _ in 0..ROUNDS {
                tokio::time::sleep(USES_EVERY).await;
                self.note_uses().await;
            }
        }
    }

    /// Writes down when keys were used last, as far as that is not yet done.
    pub async fn note_uses(&self) {
        let uses = self.app.key_uses.take();
        if uses.is_empty() {
            return;
        }
        if let Err(error) = self.app.store.record_key_uses(&uses).await {
            tracing::warn!(error = &error as &dyn Error, "the last uses of keys are noted later");
            uses.into_iter().for_each(|(key, at)| self.app.key_uses.note(key, at));
        }
    }

    /// Forgets audit entries and tokens that are older than they are kept.
    async fn forget_old(&self) {
        let (store, now) = (&self.app.store, self.app.clock.now());
        let tokens_from = once_kept_since(now);
        forget("tokens", || store.purge_once(tokens_from, ROWS_MAX)).await;
        let Some(days) = self.audit_days else { return };
        let audit_from = now.checked_sub(SignedDuration::from_hours(24 * i64::from(days)));
        let audit_from = audit_from.unwrap_or(Timestamp::MIN);
        forget("audit entries", || store.purge_audit(audit_from, ROWS_MAX)).await;
    }
}

/// Has a part forgotten at a time, until nothing old is left or the store cannot.
async fn forget<F: Future<Output = Result<usize>>>(what: &str, purge: impl Fn() -> F) {
    loop {
        match purge().await {
            Ok(ROWS_MAX) => {}
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, what, "what is old is forgotten later");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
