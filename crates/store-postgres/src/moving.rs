//! Moving house.

mod page;
mod restore;

use async_trait::async_trait;
use lookback_store::{Error, Kind, Moving, Position, Result, Row, Snapshot};

use crate::PostgresStore;
use crate::session::Session;
use restore::ByKind;

const HAS_ORG: &str = "SELECT FROM org WHERE id = $1";

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] =
    &[HAS_ORG, restore::TEAMS_THERE, restore::KEYS_THERE, restore::CREDENTIALS_THERE];

/// Nothing that it reads changes, however long it takes; nobody waits for it.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; \
     SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

/// A connection of its own, which is closed with this value.
struct Moment(Session);

#[async_trait]
impl Snapshot for Moment {
    async fn count(&self, kind: Kind) -> Result<u64> {
        let from = match kind {
            Kind::Org => "org",
            Kind::Team => "team",
            Kind::Key => "management_key",
            Kind::Preferences => {
                "(SELECT production_preferences AS kept FROM team UNION ALL SELECT sandbox_preferences FROM team) team \
                 WHERE kept IS NOT NULL"
            }
            Kind::Credential => "credential",
            Kind::AuditEntry => "audit_entry",
            Kind::Token => "once",
        };
        let row = self.0.one(&format!("SELECT count(*) FROM {from}"), &[]).await?;
        let count: i64 = row.map_or(Ok(0), |row| row.try_get(0)).map_err(Error::unavailable)?;
        Ok(count.cast_unsigned())
    }

    async fn rows(&self, kind: Kind, after: Option<&Position>, limit: usize) -> Result<Vec<Row>> {
        Ok(page::page(&self.0, kind, after, limit).await?)
    }
}

#[async_trait]
impl Moving for PostgresStore {
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let session = self.transactions.pool.session().await?;
        session.say(BEGIN).await?;
        // It is the first statement that reads which fixes the moment.
        session.one(HAS_ORG, &[&uuid::Uuid::nil()]).await?;
        Ok(Box::new(Moment(session)))
    }

    async fn restore(&self, rows: Vec<Row>) -> Result<()> {
        let rows = &ByKind::of(&rows);
        self.transactions.write(|session: Session| async move { rows.restore(&session).await }).await
    }
}
