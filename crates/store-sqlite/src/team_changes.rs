//! How a cache of teams' rows learns what is changed in the file.
//!
//! What our own writer changes, SQLite tells it row by row (the update hook). What others change moves a number in the file
//! on, by triggers: those of an administration command, and just as well those of `sqlite3`. The writer's connection
//! has triggers turned off, so that the number moves for others alone, and an upsert has no page more to write.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::team_cache::TeamCache;

const COUNT: &str = "SELECT count FROM team_changes WHERE one = 1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[COUNT];

/// The number, as of the last commit that this connection sees.
pub(crate) fn count(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached(COUNT)?.query_row([], |row| row.get(0))
}

/// A cache that follows the file, on the side of the only writer that does not count.
pub(crate) struct TeamChanges {
    cache: Arc<TeamCache>,
    /// Rows that the connection has changed since they were forgotten last; undone changes may be among them.
    rows: Arc<Mutex<Vec<i64>>>,
}

impl TeamChanges {
    /// Has an empty cache follow what this connection changes, and what others do.
    pub(crate) fn follow(writer: &Connection, bytes_max: usize) -> rusqlite::Result<Self> {
        let rows = Arc::new(Mutex::new(Vec::new()));
        let changed = Arc::clone(&rows);
        // The table has row ids and is referred to, so SQLite passes over no row of it: neither one that cascades, nor
        // those of a `DELETE` without `WHERE`.
        writer.update_hook(Some(move |_, _: &str, table: &str, row| {
            if table == "team" {
                lock(&changed).push(row);
            }
        }))?;
        writer.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        Ok(Self { cache: Arc::new(TeamCache::new(bytes_max, count(writer)?)), rows })
    }

    pub(crate) fn cache(&self) -> Arc<TeamCache> {
        Arc::clone(&self.cache)
    }

    /// After each of the writer's transactions, however it ended, and before anybody is told.
    pub(crate) fn forget(&self) {
        for row in lock(&self.rows).drain(..) {
            self.cache.forget(row);
        }
    }

    /// On the writer's connection: sees whether others have changed something.
    pub(crate) fn look(&self, writer: &Connection) {
        // Where the file cannot be read now, the next read asks again.
        if let Ok(count) = count(writer) {
            self.cache.note(count);
        }
    }
}

fn lock(rows: &Mutex<Vec<i64>>) -> MutexGuard<'_, Vec<i64>> {
    rows.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use lookback_domain::{Environment, OrgId, Region, TeamId};
    use lookback_store::testing::by;
    use lookback_store::{Error, Org, OrgStore, PreferenceStore, Scope, Selection, Team, Visible};
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;
    use crate::failure::Outcome;
    use crate::{Options, ServerLock, SqliteStore};

    const ORG: OrgId = OrgId(Uuid::from_u128(1));
    const TEAM: TeamId = TeamId(Uuid::from_u128(2));

    /// A server on a store with a team.
    async fn server() -> (SqliteStore, TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let lock = ServerLock::acquire(&directory.path().join("lookback.db")).unwrap();
        let server = SqliteStore::serve(lock, &Options::default(), 1 << 20).unwrap();
        let (name, created_at, region) = (String::new(), jiff::Timestamp::UNIX_EPOCH, Region::Us);
        let team =
            Team { id: TEAM, org_id: ORG, name: name.clone(), region, integration_team_id: None, created_at };
        server.create_org(Org { id: ORG, name, created_at }, vec![team], vec![], &by()).await.unwrap();
        (server, directory)
    }

    /// How many providers the team has set. Read twice, so that the second comes from memory where it can.
    async fn providers(server: &SqliteStore) -> lookback_store::Result<usize> {
        let environment = Environment::Production;
        let scope = Scope { org_id: ORG, region: Region::Us, environment, visible: Visible::All };
        server.preferences(&scope, Selection::Teams(&[TEAM])).await?;
        Ok(server.preferences(&scope, Selection::Teams(&[TEAM])).await?[0].providers.len())
    }

    fn set(db: &Connection) -> Outcome<()> {
        let json = r#"{"oura": {"default": 8, "updated_at_us": 0}}"#;
        db.execute("UPDATE team SET production_preferences = ?1", [json])?;
        Ok(())
    }

    #[tokio::test]
    async fn a_row_that_changed_is_forgotten() {
        let (server, _directory) = server().await;
        assert_eq!(providers(&server).await.unwrap(), 0);
        server.writer.run(set).await.unwrap();
        assert_eq!(providers(&server).await.unwrap(), 1);
    }

    /// By a statement without a condition, which SQLite has a way of its own for, and with the organisation, which cascades.
    #[tokio::test]
    async fn a_row_is_forgotten_when_it_is_gone_however_that_came() {
        for delete in ["DELETE FROM team", "DELETE FROM org"] {
            let (server, _directory) = server().await;
            assert_eq!(providers(&server).await.unwrap(), 0);
            server.writer.run(|db| Ok(db.execute(delete, [])?)).await.unwrap();
            assert!(matches!(providers(&server).await, Err(Error::UnknownTeams(_))), "{delete}");
        }
    }

    #[tokio::test]
    async fn what_was_not_committed_is_not_read() {
        let (server, _directory) = server().await;
        assert_eq!(providers(&server).await.unwrap(), 0);
        let refused = |db: &Connection| {
            set(db)?;
            Err::<(), _>(Error::UnknownOrg(ORG).into())
        };
        server.writer.run(refused).await.unwrap_err();
        assert_eq!(providers(&server).await.unwrap(), 0);
        // Something that only the commit finds wrong.
        let broken = |db: &Connection| {
            set(db)?;
            db.pragma_update(None, "defer_foreign_keys", true)?;
            db.execute("UPDATE team SET org_id = zeroblob(16)", [])?;
            Ok(())
        };
        server.writer.run(broken).await.unwrap_err();
        assert_eq!(server.stats().failed_commits, 1);
        assert_eq!(providers(&server).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn the_number_moves_for_others_alone_and_memory_is_used_again_afterwards() {
        let (server, directory) = server().await;
        let other = Connection::open(directory.path().join("lookback.db")).unwrap();
        let cache = server.cache.clone().unwrap();
        let before = count(&other).unwrap();
        server.writer.run(set).await.unwrap();
        assert_eq!(count(&other).unwrap(), before);
        other.execute("UPDATE team SET production_preferences = NULL", []).unwrap();
        assert_eq!(count(&other).unwrap(), before + 1);
        assert!(cache.is_as_of(before));
        assert_eq!(providers(&server).await.unwrap(), 0);
        // The writer was asked to look before it is asked for this.
        server.writer.run(|_| Ok(())).await.unwrap();
        assert!(cache.is_as_of(before + 1));
    }
}
