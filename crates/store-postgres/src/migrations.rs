//! Which version a store has, and the way to the newest one. There is no way back.
//!
//! Several replicas may start at once. Each step is one transaction with the row that records it, so that only one
//! of them can make it: the others wait at the catalog or at that row, fail, and find less left to do.

use std::error::Error;

use refinery::{Migration, Runner};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::OpenError;

/// In order; one that was released is never changed.
const STEPS: &[(&str, &str)] = &[
    ("V1__tenancy_keys_preferences", include_str!("../migrations/V1__tenancy_keys_preferences.sql")),
    ("V2__roles_applications_audit", include_str!("../migrations/V2__roles_applications_audit.sql")),
    ("V3__preferences_beside_the_team", include_str!("../migrations/V3__preferences_beside_the_team.sql")),
];

/// Where the library records the steps that were made.
const HISTORY: &str = "lookback_migration";

/// How long to wait for a lock before it is said that there is somebody to wait for.
const UNSAID_WAIT: &str = "SET lock_timeout = '1s'";
const SAID_WAIT: &str = "SET lock_timeout = 0";

/// How often a replica may find that another was faster, beyond once a step.
const RACES_MAX: usize = 8;

/// Brings the database to the newest version; one without a store too, if `make` says so.
pub(crate) async fn run(client: &mut Client, make: bool) -> Result<(), OpenError> {
    let failed = |error: refinery::Error| OpenError::Migration(Box::new(error));
    let steps = STEPS.iter().map(|(name, sql)| Migration::unapplied(name, sql));
    let steps = steps.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let known = i32::try_from(steps.len()).expect("there are not that many steps");
    let mut runner = Runner::new(&steps).set_abort_missing(false);
    runner.set_migration_table_name(HISTORY);
    let broken = |error: tokio_postgres::Error| OpenError::Migration(Box::new(error));
    client.batch_execute(UNSAID_WAIT).await.map_err(broken)?;
    for _ in 0..steps.len() + RACES_MAX {
        let error: Box<dyn Error + Send + Sync> = match version(client).await {
            Ok(found) if found > known => return Err(OpenError::Newer { found, known }),
            Ok(found) if found == known => return Ok(()),
            Ok(0) if !make => return Err(OpenError::NoStore),
            Ok(_) => match runner.run_async(client).await {
                Ok(_) => return Ok(()),
                Err(error) => Box::new(error),
            },
            Err(error) => Box::new(error),
        };
        match code(&*error) {
            Some(code) if code == SqlState::LOCK_NOT_AVAILABLE => {
                log::info!("waiting for another process's migration, or whoever else holds the tables");
                client.batch_execute(SAID_WAIT).await.map_err(broken)?;
            }
            Some(code) if RACES.contains(&&code) => {}
            _ => return Err(OpenError::Migration(error)),
        }
    }
    Err(OpenError::Migration("other replicas were faster too often; start again".into()))
}

/// The version of the database; 0 where nothing is there.
async fn version(client: &Client) -> Result<i32, tokio_postgres::Error> {
    let ask = format!("SELECT max(version) FROM {HISTORY}");
    match client.query_one(&ask, &[]).await {
        Ok(row) => Ok(row.get::<_, Option<i32>>(0).unwrap_or(0)),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(0),
        Err(error) => Err(error),
    }
}

/// What a step fails with where somebody else was making it.
const RACES: [&SqlState; 7] = [
    &SqlState::UNIQUE_VIOLATION,
    &SqlState::DUPLICATE_TABLE,
    &SqlState::DUPLICATE_OBJECT,
    &SqlState::DUPLICATE_COLUMN,
    &SqlState::UNDEFINED_COLUMN,
    &SqlState::UNDEFINED_TABLE,
    &SqlState::T_R_DEADLOCK_DETECTED,
];

/// What PostgreSQL says is wrong.
fn code(error: &(dyn Error + 'static)) -> Option<SqlState> {
    match error.downcast_ref::<tokio_postgres::Error>() {
        Some(error) => error.code().cloned(),
        None => code(error.source()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_numbered_from_one_without_a_gap() {
        let versions = STEPS.iter().map(|(name, sql)| Migration::unapplied(name, sql).unwrap().version());
        assert!(versions.map(i64::from).eq(1..=STEPS.len() as i64));
    }
}
