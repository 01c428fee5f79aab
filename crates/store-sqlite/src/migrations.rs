//! Which version a store has, and the way to the newest one. There is no way back.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};
use rusqlite_migration::{Error, M, Migrations};

use crate::OpenError;

/// In order; one that was released is never changed.
const STEPS: &[M<'static>] = &[
    M::up(include_str!("../migrations/0001_tenancy_keys_preferences.sql")),
    M::up(include_str!("../migrations/0002_roles_applications_audit.sql")),
    M::up(include_str!("../migrations/0003_preferences_beside_the_team.sql")),
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
    let pending = |connection: &Connection| MIGRATIONS.pending_migrations(connection).ok();
    loop {
        let before = pending(connection);
        let Err(error) = MIGRATIONS.to_latest(connection) else { return Ok(()) };
        // The library looks at the version before it takes the lock. Where another process was faster the
        // step fails, and there is less left to do; that can happen once a step.
        if pending(connection).is_some_and(|now| before.is_some_and(|before| now < before)) {
            continue;
        }
        let source = match error {
            Error::RusqliteError { err, .. } => err,
            other => rusqlite::Error::ToSqlConversionFailure(Box::new(other)),
        };
        return Err(OpenError::sqlite(path, source));
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
        super::MIGRATIONS.validate().unwrap();
    }

    #[test]
    fn what_was_stored_before_stands_beside_its_team_afterwards() {
        let mut db = Connection::open_in_memory().unwrap();
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
        super::MIGRATIONS.to_latest(&mut db).unwrap();
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
}
