//! Moving house.

mod page;

use async_trait::async_trait;
use lookback_store::{
    Error, Kept, KeptPreferences, Kind, Moving, Position, Result, Row, Snapshot, Token, Was,
};

use crate::failure::Outcome;
use crate::preference::Changed;
use crate::session::{Params, Session};
use crate::{PostgresStore, audit, credential, key, once, org, preference, team};

const HAS_ORG: &str = "SELECT FROM org WHERE id = $1";
// It stays as it is until the transaction ends.
const HAS_TEAM: &str = "SELECT FROM team WHERE id = $1 FOR NO KEY UPDATE";
const HAS_KEY: &str = "SELECT FROM management_key WHERE id = $1";
const HAS_CREDENTIAL: &str = "SELECT FROM credential WHERE id = $1";
const HAS_AUDIT_ENTRY: &str = "SELECT FROM audit_entry WHERE org_id = $1 AND id = $2";
const HAS_TOKEN: &str = "SELECT FROM once WHERE key_id = $1 AND token = $2";

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] =
    &[HAS_ORG, HAS_TEAM, HAS_KEY, HAS_CREDENTIAL, HAS_AUDIT_ENTRY, HAS_TOKEN];

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
        let rows = &rows;
        let keep = |session: Session| async move {
            for row in rows {
                if !is_there(&session, row).await? {
                    restore(&session, row).await?;
                }
            }
            Ok(())
        };
        self.transactions.write(keep).await
    }
}

async fn restore(session: &Session, row: &Row) -> Outcome<()> {
    match row {
        Row::Org(org) => org::insert(session, org).await,
        Row::Team(team) => {
            org::hold(session, team.org_id).await?;
            team::insert(session, team).await
        }
        Row::Key(key) => {
            org::hold(session, key.org_id).await?;
            key::insert(session, key).await
        }
        Row::Preferences(kept) => restore_preferences(session, kept).await,
        Row::Credential(credential) => credential::insert(session, credential).await,
        Row::AuditEntry(entry) => {
            org::hold(session, entry.org_id).await?;
            audit::record_all(session, std::slice::from_ref(entry)).await
        }
        Row::Token(Token { once, org_id, at, id, created }) => {
            org::hold(session, *org_id).await?;
            once::insert(session, once, *org_id, *at, Was { id: *id, created: created.clone() }).await
        }
    }
}

async fn restore_preferences(session: &Session, kept: &KeptPreferences) -> Outcome<()> {
    let KeptPreferences { team_id, environment, providers } = kept;
    if session.one(HAS_TEAM, &[&team_id.0]).await?.is_none() {
        return Err(Error::UnknownTeams(vec![*team_id]).into());
    }
    let mut changed = Changed::default();
    changed.add(*team_id, *environment, &Kept(providers.clone()));
    changed.store(session).await?;
    Ok(())
}

/// Whether something is at a row's position.
async fn is_there(session: &Session, row: &Row) -> Outcome<bool> {
    let found = async |sql, position: Params<'_>| Ok(session.one(sql, position).await?.is_some());
    match row {
        Row::Org(org) => found(HAS_ORG, &[&org.id.0]).await,
        Row::Team(team) => found(HAS_TEAM, &[&team.id.0]).await,
        Row::Key(key) => found(HAS_KEY, &[&key.id.0]).await,
        Row::Credential(credential) => found(HAS_CREDENTIAL, &[&credential.id.0]).await,
        Row::Preferences(kept) => {
            let stored = preference::of_both_environments(session, kept.team_id).await?;
            Ok(stored.keys().any(|(environment, _)| *environment == kept.environment))
        }
        Row::AuditEntry(entry) => found(HAS_AUDIT_ENTRY, &[&entry.org_id.0, &entry.id.0]).await,
        Row::Token(Token { once, .. }) => found(HAS_TOKEN, &[&once.key_id.0, &once.token]).await,
    }
}
