//! How SQLite finds the rows: by a key or an index, never by looking at all of them.

use rusqlite::Connection;

use crate::{audit, credential, housekeeping, key, moving, once, org, preference, team, team_changes};

#[test]
fn no_statement_looks_at_every_row_or_sorts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lookback.db");
    drop(crate::SqliteStore::open(&path, &crate::Options::default()).unwrap());
    let db = Connection::open(&path).unwrap();
    let statements = [
        org::STATEMENTS,
        team::STATEMENTS,
        key::STATEMENTS,
        preference::STATEMENTS,
        credential::STATEMENTS,
        audit::STATEMENTS,
        once::STATEMENTS,
        housekeeping::STATEMENTS,
        moving::STATEMENTS,
        team_changes::STATEMENTS,
    ];
    for sql in statements.concat() {
        let mut explained = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = explained.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let step: String = row.get("detail").unwrap();
            assert!(!step.starts_with("SCAN") && !step.contains("TEMP B-TREE"), "{sql}: {step}");
        }
    }
}
