//! Moving house.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use lookback_domain::TeamId;
use lookback_store::{
    Error, Kept, KeptPreferences, Kind, Moving, Position, Result, Row, Snapshot, Token, Was,
};
use rusqlite::Connection;
use uuid::Uuid;

use crate::column::{After, Id, limit};
use crate::failure::Outcome;
use crate::{SqliteStore, audit, connection, credential, key, once, org, preference, query, team};

const HAS_ORG: &str = "SELECT 1 FROM org WHERE id = ?1";
const HAS_TEAM: &str = "SELECT 1 FROM team WHERE id = ?1";
const HAS_KEY: &str = "SELECT 1 FROM management_key WHERE id = ?1";
const HAS_CREDENTIAL: &str = "SELECT 1 FROM credential WHERE id = ?1";
const HAS_AUDIT_ENTRY: &str = "SELECT 1 FROM audit_entry WHERE org_id = ?1 AND id = ?2";
const HAS_TOKEN: &str = "SELECT 1 FROM once WHERE key_id = ?1 AND token = ?2";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    HAS_ORG,
    HAS_TEAM,
    HAS_KEY,
    HAS_CREDENTIAL,
    HAS_AUDIT_ENTRY,
    HAS_TOKEN,
    org::EVERY,
    team::EVERY,
    key::EVERY,
    preference::EVERY,
    credential::EVERY,
    audit::EVERY,
    once::EVERY,
];

/// A connection of its own in one read transaction, so that nobody waits for it.
struct Moment(Arc<Mutex<Connection>>);

impl Moment {
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        let connection = Arc::clone(&self.0);
        let reading = tokio::task::spawn_blocking(move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            read(&connection).map_err(|failure| failure.seen_by(&connection))
        });
        reading.await.map_err(Error::unavailable)?
    }
}

#[async_trait]
impl Snapshot for Moment {
    async fn count(&self, kind: Kind) -> Result<u64> {
        let from = match kind {
            Kind::Org => "org",
            Kind::Team => "team",
            Kind::Key => "management_key",
            Kind::Preferences => {
                "(SELECT production_preferences AS kept FROM team UNION ALL SELECT sandbox_preferences FROM team) \
                 WHERE kept IS NOT NULL"
            }
            Kind::Credential => "credential",
            Kind::AuditEntry => "audit_entry",
            Kind::Token => "once",
        };
        let sql = format!("SELECT count(*) FROM {from}");
        self.read(move |db| Ok(db.query_row(&sql, [], |row| row.get::<_, i64>(0))?.cast_unsigned())).await
    }

    async fn rows(&self, kind: Kind, after: Option<&Position>, limit: usize) -> Result<Vec<Row>> {
        let after = after.cloned();
        self.read(move |db| Ok(page(db, kind, after.as_ref(), limit)?)).await
    }
}

#[async_trait]
impl Moving for SqliteStore {
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let (path, busy_timeout) = (self.path.clone(), self.busy_timeout);
        let opening = tokio::task::spawn_blocking(move || {
            let connection = connection::reader(&path, busy_timeout)?;
            connection.execute_batch("BEGIN")?;
            // It is the first read of a table that fixes the moment.
            query::one(&connection, HAS_ORG, [Id(Uuid::nil())], |_| Ok(()))?;
            Ok(connection)
        });
        let connection: rusqlite::Result<_> = opening.await.map_err(Error::unavailable)?;
        Ok(Box::new(Moment(Arc::new(Mutex::new(connection.map_err(Error::unavailable)?)))))
    }

    async fn restore(&self, rows: Vec<Row>) -> Result<()> {
        self.writer.run(move |db| rows.into_iter().try_for_each(|row| restore(db, row))).await
    }
}

fn page(db: &Connection, kind: Kind, after: Option<&Position>, most: usize) -> rusqlite::Result<Vec<Row>> {
    let none = || After(None);
    let (first, second) = match after {
        None => (none(), None),
        Some(Position::Id(id)) => (After(Some(*id)), None),
        Some(Position::Place(team, environment)) => (After(Some(team.0)), Some(environment.as_str())),
        Some(Position::Entry(org, _)) => (After(Some(org.0)), None),
        Some(Position::Token(key, token)) => (After(Some(key.0)), Some(&token[..])),
    };
    let (second, rows) = (second.unwrap_or_default(), limit(most));
    Ok(match kind {
        Kind::Org => query::all(db, org::EVERY, (first, rows), |row| org::read(row).map(Row::Org))?,
        Kind::Team => query::all(db, team::EVERY, (first, rows), |row| team::read(row).map(Row::Team))?,
        Kind::Key => query::all(db, key::EVERY, (first, rows), |row| key::read(row).map(Row::Key))?,
        Kind::Preferences => {
            // From the team on that the position is in: what is left of it, and as many teams.
            let found = query::all(db, preference::EVERY, (first, rows.saturating_add(1)), read_kept)?;
            let rest = found.into_iter().flatten().map(Row::Preferences);
            rest.filter(|row| Some(&row.position()) > after).take(most).collect()
        }
        Kind::Credential => query::all(db, credential::EVERY, (first, rows), |row| {
            credential::read(row).map(Row::Credential)
        })?,
        Kind::AuditEntry => {
            let entry = match after {
                Some(Position::Entry(_, id)) => After(Some(id.0)),
                _ => none(),
            };
            query::all(db, audit::EVERY, (first, entry, rows), |row| audit::read(row).map(Row::AuditEntry))?
        }
        Kind::Token => {
            query::all(db, once::EVERY, (first, second, rows), |row| once::read_token(row).map(Row::Token))?
        }
    })
}

/// What a team has stored in each of its environments, where that is something.
fn read_kept(row: &rusqlite::Row<'_>) -> rusqlite::Result<Vec<KeptPreferences>> {
    let Id(team) = row.get(2)?;
    let both = preference::read_both(row)?.into_iter().filter(|(_, Kept(providers))| !providers.is_empty());
    let place =
        |(environment, Kept(providers))| KeptPreferences { team_id: TeamId(team), environment, providers };
    Ok(both.map(place).collect())
}

fn restore(db: &Connection, row: Row) -> Outcome<()> {
    if is_there(db, &row)? {
        return Ok(());
    }
    match row {
        Row::Org(org) => org::insert(db, &org),
        Row::Team(team) => {
            org::require(db, team.org_id)?;
            team::insert(db, &team)
        }
        Row::Key(key) => {
            org::require(db, key.org_id)?;
            key::insert(db, &key)
        }
        Row::Preferences(KeptPreferences { team_id, environment, providers }) => {
            let Some(at) = preference::cluster_key(db, team_id)? else {
                return Err(Error::UnknownTeams(vec![team_id]).into());
            };
            preference::store(db, at, environment, &Kept(providers))
        }
        Row::Credential(credential) => credential::insert(db, &credential),
        Row::AuditEntry(entry) => {
            org::require(db, entry.org_id)?;
            audit::insert(db, entry)
        }
        Row::Token(Token { once, org_id, at, id, created }) => {
            org::require(db, org_id)?;
            once::insert(db, &once, org_id, Was { id, created }, at)
        }
    }
}

/// Whether something is at a row's position.
fn is_there(db: &Connection, row: &Row) -> rusqlite::Result<bool> {
    let by_id = |sql, id| query::one(db, sql, [Id(id)], |_| Ok(()));
    let found = match row {
        Row::Org(org) => by_id(HAS_ORG, org.id.0),
        Row::Team(team) => by_id(HAS_TEAM, team.id.0),
        Row::Key(key) => by_id(HAS_KEY, key.id.0),
        Row::Credential(credential) => by_id(HAS_CREDENTIAL, credential.id.0),
        Row::Preferences(kept) => {
            let stored = preference::of_both_environments(db, kept.team_id)?;
            Ok(stored.keys().any(|(environment, _)| *environment == kept.environment).then_some(()))
        }
        Row::AuditEntry(entry) => {
            query::one(db, HAS_AUDIT_ENTRY, (Id(entry.org_id.0), Id(entry.id.0)), |_| Ok(()))
        }
        Row::Token(Token { once, .. }) => {
            query::one(db, HAS_TOKEN, (Id(once.key_id.0), &once.token), |_| Ok(()))
        }
    };
    Ok(found?.is_some())
}
