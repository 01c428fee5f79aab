//! Which version a store has, and the way to the newest one. There is no way back.

use std::path::Path;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, TransactionBehavior};
use rusqlite_migration::{Error, M, Migrations};

use crate::OpenError;
use crate::column::{ClusterKey, Id};

/// In order; one that was released is never changed.
const STEPS: &[M<'static>] = &[
    M::up(include_str!("../migrations/0001_tenancy_keys_preferences.sql")),
    M::up(include_str!("../migrations/0002_roles_applications_audit.sql")),
    M::up(include_str!("../migrations/0003_preferences_beside_the_team.sql")),
    M::up(include_str!("../migrations/0004_teams_by_cluster_key.sql")).foreign_key_check(),
    M::up(include_str!("../migrations/0005_changes_of_teams.sql")),
];
const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// The `application_id` that the first step sets: "Lkbk".
const APPLICATION: i64 = 0x4c6b_626b;

/// Sees that the file is a store of ours that this program understands, or empty.
pub(crate) fn recognise(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let (application, found, tables) = facts(connection).map_err(|error| OpenError::sqlite(path, error))?;
    let known = STEPS.len() as i64;
    if application != APPLICATION && (application != 0 || found != 0 || tables != 0) {
        Err(OpenError::Foreign(path.to_owned()))
    } else if found > known {
        Err(OpenError::Newer { path: path.to_owned(), found, known })
    } else {
        Ok(())
    }
}

/// The application id, the version and the number of tables, all of one moment: the file may be in the
/// making.
fn facts(connection: &mut Connection) -> rusqlite::Result<(i64, i64, i64)> {
    let moment = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let ask = |sql| moment.query_row(sql, [], |row| row.get(0));
    // It is the first read of a table that fixes the moment.
    let tables = ask("SELECT count(*) FROM sqlite_schema")?;
    Ok((ask("PRAGMA application_id")?, ask("PRAGMA user_version")?, tables))
}

/// Brings the file to the newest version.
pub(crate) fn run(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let sqlite = |error| OpenError::sqlite(path, error);
    make_ready(connection).map_err(sqlite)?;
    to_latest(connection).map_err(sqlite)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(sqlite)
}

/// What steps need of a connection: that a table can be replaced without what refers to it being deleted, and the
/// functions they call.
fn make_ready(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "foreign_keys", false)?;
    let flags = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection
        .create_scalar_function("cluster_key", 1, flags, |call| call.get(0).map(|Id(id)| ClusterKey::of(id)))
}

fn to_latest(connection: &mut Connection) -> rusqlite::Result<()> {
    let pending = |connection: &Connection| MIGRATIONS.pending_migrations(connection).ok();
    loop {
        let before = pending(connection);
        let Err(error) = MIGRATIONS.to_latest(connection) else { return Ok(()) };
        // The library looks at the version before it takes the lock. Where another process was faster the
        // step fails, and there is less left to do; that can happen once a step.
        if pending(connection).is_some_and(|now| before.is_some_and(|before| now < before)) {
            continue;
        }
        return Err(match error {
            Error::RusqliteError { err, .. } => err,
            other => rusqlite::Error::ToSqlConversionFailure(Box::new(other)),
        });
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use lookback_domain::{Days, Preference, Provider, Resource};
    use rusqlite::Connection;

    use crate::column::kept;

    #[test]
    fn the_steps_lead_from_an_empty_file_to_a_valid_schema() {
        let mut db = Connection::open_in_memory().unwrap();
        super::make_ready(&db).unwrap();
        super::to_latest(&mut db).unwrap();
    }

    #[test]
    fn what_was_stored_before_stands_beside_its_team_afterwards() {
        let mut db = Connection::open_in_memory().unwrap();
        super::make_ready(&db).unwrap();
        super::MIGRATIONS.to_version(&mut db, 2).unwrap();
        db.execute_batch(
            "INSERT INTO org (id, name, created_at_us) VALUES (zeroblob(16), 'org', 0);
             INSERT INTO team (id, org_id, name, region, created_at_us) VALUES
                 (x'00000000000000000000000000000001', zeroblob(16), 'something', 'us', 0),
                 (x'00000000000000000000000000000002', zeroblob(16), 'nothing', 'eu', 0);
             INSERT INTO preference SELECT id, 'production', 'oura', 120, '{\"sleep\":180}', 5 FROM team WHERE name = 'something';
             INSERT INTO preference SELECT id, 'production', 'polar', 0, NULL, 6 FROM team WHERE name = 'something';
             INSERT INTO preference SELECT id, 'sandbox', 'oura', 7, NULL, 7 FROM team WHERE name = 'something';",
        )
        .unwrap();
        super::to_latest(&mut db).unwrap();
        let stored = |name: &str| {
            let sql = "SELECT production_preferences, sandbox_preferences FROM team WHERE name = ?1";
            let row = |row: &rusqlite::Row<'_>| Ok((kept(row, 0)?.0, kept(row, 1)?.0));
            db.query_row(sql, [name], row).unwrap()
        };
        let set = |default, overrides: &[(Resource, i64)], at_us| {
            let days = |days: i64| Days::try_from(days).unwrap();
            let overrides = overrides.iter().map(|&(resource, of)| (resource, days(of))).collect();
            (Preference { default: days(default), overrides }, Timestamp::from_microsecond(at_us).unwrap())
        };
        let production =
            [(Provider::Oura, set(120, &[(Resource::Sleep, 180)], 5)), (Provider::Polar, set(0, &[], 6))];
        assert_eq!(stored("something"), (production.into(), [(Provider::Oura, set(7, &[], 7))].into()));
        assert_eq!(stored("nothing"), ([].into(), [].into()));
    }

    #[test]
    fn teams_that_move_under_a_number_lose_nothing_that_refers_to_them() {
        let mut db = Connection::open_in_memory().unwrap();
        super::make_ready(&db).unwrap();
        super::MIGRATIONS.to_version(&mut db, 3).unwrap();
        // The second has the first's time and its last bits, and the third the number that comes after theirs.
        db.execute_batch(
            "INSERT INTO org VALUES (zeroblob(16), 'org', 0);
             INSERT INTO team (id, org_id, name, region, created_at_us, integration_team_id, production_preferences) VALUES
                 (x'00000000000570008000000000000001', zeroblob(16), 'first', 'us', 1, 'one', '{}'),
                 (x'00000000000570009000000000000001', zeroblob(16), 'second', 'eu', 2, NULL, NULL),
                 (x'00000000000570008000000000000002', zeroblob(16), 'third', 'us', 3, 'three', NULL);
             INSERT INTO management_key (id, org_id, label, digest, created_at_us)
                 VALUES (zeroblob(16), zeroblob(16), 'key', zeroblob(32), 0);
             INSERT INTO management_key_binding SELECT zeroblob(16), id FROM team;
             INSERT INTO credential (id, team_id, environment, provider, org_id, region, created_at_us, updated_at_us)
                 SELECT id, id, 'sandbox', 'oura', org_id, region, 4, 4 FROM team;",
        )
        .unwrap();
        super::to_latest(&mut db).unwrap();
        let rows = |sql: &str| {
            let row =
                |row: &rusqlite::Row<'_>| Ok(format!("{} {:?}", row.get::<_, String>(0)?, row.get_ref(1)?));
            db.prepare(sql).unwrap().query_map([], row).unwrap().collect::<Result<Vec<_>, _>>().unwrap()
        };
        assert_eq!(
            rows("SELECT name, cluster_key FROM team ORDER BY created_at_us"),
            ["first Integer(163841)", "second Integer(163843)", "third Integer(163842)"]
        );
        let called = ["first Text([111, 110, 101])", "second Null", "third Text([116, 104, 114, 101, 101])"];
        assert_eq!(rows("SELECT name, integration_team_id FROM team ORDER BY created_at_us"), called);
        for referring in ["management_key_binding", "credential"] {
            let sql = format!("SELECT 'all', count(*) FROM {referring} JOIN team ON team.id = team_id");
            assert_eq!(rows(&sql), ["all Integer(3)"]);
        }
        // And from now on they do go with their team.
        db.pragma_update(None, "foreign_keys", true).unwrap();
        db.execute_batch("DELETE FROM team").unwrap();
        for referring in ["management_key_binding", "credential"] {
            assert_eq!(rows(&format!("SELECT 'all', count(*) FROM {referring}")), ["all Integer(0)"]);
        }
    }
}
